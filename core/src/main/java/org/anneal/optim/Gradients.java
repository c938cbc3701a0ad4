package org.anneal.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Gradients taken from an engine until {@link #close} releases them; reusable after that. */
final class Gradients<T> implements AutoCloseable {
    private final Engine<T> engine;
    private final List<Optional<T>> grads = new ArrayList<>(); // one per parameter

    Gradients(Engine<T> engine) {
        this.engine = engine;
    }

    /**
     * Appends the gradients of {@code params}.
     *
     * @throws IllegalArgumentException if the engine refuses one; those taken before it are held until {@link #close}
     */
    void take(List<T> params) {
        for (T param : params) {
            grads.add(engine.grad(param));
        }
    }

    /** {@return the gradient of the {@code p}-th parameter taken; empty if it has none} */
    Optional<T> get(int p) {
        return grads.get(p);
    }

    /** {@return all gradients that are present} */
    List<T> present() {
        return grads.stream().flatMap(Optional::stream).toList();
    }

    /** Releases the gradients, which would otherwise stay alive through the next backward pass. */
    @Override
    public void close() {
        for (Optional<T> grad : grads) {
            if (grad.isPresent()) {
                engine.release(grad.get());
            }
        }
        grads.clear();
    }
}
