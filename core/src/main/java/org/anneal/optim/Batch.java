package org.anneal.optim;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Parameters of one group that are updated together: they have a gradient now and have been updated equally often, so
 * one kernel call serves them all. An optimizer uses a batch again for as long as its parameters stay together.
 */
public final class Batch<T> {
    private final List<T> params;
    private final List<List<T>> slots;
    private List<T> grads = List.of();
    private long step;
    private boolean fresh;
    private double lr;
    private Optional<AutoCloseable> cache = Optional.empty();

    Batch(List<T> params, List<List<T>> slots) {
        this.params = List.copyOf(params);
        this.slots = slots.stream().map(List::copyOf).toList();
    }

    void update(List<T> grads, long step, boolean fresh, double lr) {
        this.grads = grads;
        this.step = step;
        this.fresh = fresh;
        this.lr = lr;
    }

    /** {@return the parameters; the same list for the life of this batch} */
    public List<T> params() {
        return params;
    }

    /** {@return the gradients of this step, in the order of {@link #params()}} */
    public List<T> grads() {
        return grads;
    }

    /** {@return one array per parameter of the rule's slot {@code index}; the same list for the life of this batch} */
    public List<T> slot(int index) {
        return slots.get(index);
    }

    /** {@return which update of these parameters this is, from 1} */
    public long step() {
        return step;
    }

    /** {@return whether the slots were allocated for this update and hold nothing but zeros} */
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
