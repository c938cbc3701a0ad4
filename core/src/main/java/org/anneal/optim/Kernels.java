package org.anneal.optim;

/** The arithmetic of the update rules on one engine: each method updates a batch's parameters and slots in place. */
public interface Kernels<T> {

    /** Applies {@code rule} with the batch's own rate, {@link Batch#lr()}. Slots: momentum_buffer if there is momentum. */
    void sgd(SGD rule, Batch<T> batch);

    /** Applies {@code rule} with the batch's own rate. Slots: exp_avg, exp_avg_sq, and max_exp_avg_sq with amsgrad. */
    void adam(Adam rule, Batch<T> batch);
}
