package org.anneal.optim;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Parameters of one group that are updated together: they have a gradient now and have been updated equally often, so
 * one kernel call serves them all. An optimizer uses a batch again for as long as its parameters stay together.
 */
public final class Batch<T> {
    private final List<T> params;
    private final List<Slot> names;
    private final List<List<T>> slots;
    private final int[] indices; // of the parameters in their group
    private final List<T> grads = new ArrayList<>();
    private final List<T> gradsView = Collections.unmodifiableList(grads);
    private long step;
    private boolean fresh;
    private double lr;
    private Optional<AutoCloseable> cache = Optional.empty();

    Batch(int[] indices, List<T> params, List<Slot> names, List<List<T>> slots) {
        this.indices = indices;
        this.params = List.copyOf(params);
        this.names = names;
        this.slots = slots.stream().map(List::copyOf).toList();
    }

    int[] indices() {
        return indices;
    }

    /** Takes the gradients of its parameters out of those of the group. */
    void update(Gradients<T> grads, long step, boolean fresh, double lr) {
        this.grads.clear();
        for (int p : indices) {
            this.grads.add(grads.get(p).orElseThrow());
        }
        this.step = step;
        this.fresh = fresh;
        this.lr = lr;
    }

    /** Forgets the gradients. */
    void release() {
        grads.clear();
    }

    List<Slot> slots() {
        return names;
    }

    /** {@return the parameters; the same list for the life of this batch} */
    public List<T> params() {
        return params;
    }

    /** {@return the gradients of this step, in the order of {@link #params()}} */
    public List<T> grads() {
        return gradsView;
    }

    /** {@return the rule's slot {@code index}, one array per parameter; the same list for the life of this batch} */
    public List<T> slot(int index) {
        return slots.get(index);
    }

    /** {@return which update of these parameters this is, from 1} */
    public long step() {
        return step;
    }

    /** {@return whether slots were allocated for this update and hold what the rule starts them with} */
    public boolean fresh() {
        return fresh;
    }

    /** {@return the learning rate in force} */
    public double lr() {
        return lr;
    }

    /**
     * {@return what a kernel keeps from step to step for these parameters, made on first use and closed with this batch}
     */
    @SuppressWarnings("unchecked") // only the engine's one kernels object asks, always for its own type
    public <C extends AutoCloseable> C cache(Supplier<C> make) {
        if (cache.isEmpty()) {
            cache = Optional.of(make.get());
        }
        return (C) cache.get();
    }

    void close() {
        if (cache.isPresent()) {
            try {
                cache.get().close();
            } catch (Exception e) {
                throw new IllegalStateException("a kernel's cache could not be closed", e);
            }
            cache = Optional.empty();
        }
    }
}
