package org.anneal.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Gradients that an engine gave, until they are let go of; to be used again then. */
final class Gradients<T> implements AutoCloseable {
    private final Engine<T> engine;
    private final List<Optional<T>> grads = new ArrayList<>(); // one per parameter

    Gradients(Engine<T> engine) {
        this.engine = engine;
    }

    /**
     * Takes the gradients of {@code params}, after those that were taken.
     *
     * @throws IllegalArgumentException if the engine refuses one; those before it are held until {@link #close}
     */
    void take(List<T> params) {
        for (T param : params) {
            grads.add(engine.grad(param));
        }
    }

    /** {@return the gradient of a parameter, by its place among those that were taken; empty if it has none} */
    Optional<T> get(int p) {
        return grads.get(p);
    }

    /** {@return the gradients that there are} */
    List<T> present() {
        return grads.stream().flatMap(Optional::stream).toList();
    }

    /** Lets go of them: through the next backward pass they would live on here. */
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
