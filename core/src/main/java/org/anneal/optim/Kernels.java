package org.anneal.optim;

/**
 * The kernels of the update rules on one engine. Each method updates a batch's parameters and slots in place, by the formula of
 * its rule, at the batch's rate, {@link Batch#lr()}; the rule's own rate may be stale. Each method lists its slots, in the order
 * of {@link UpdateRule#slots}.
 *
 * <p>A rule without a kernel on an engine runs on the engine's {@link Vectors}, if the rule has a form for them and they have the
 * operations that it needs. Otherwise the optimizer refuses it and names what is missing.
 */
public interface Kernels<T> {

    /** momentum_buffer if there is momentum; the first step takes the gradient whole, {@link Batch#fresh()}. */
    default void sgd(SGD rule, Batch<T> batch) {
        batch.compose(rule);
    }

    /** exp_avg, exp_avg_sq, and max_exp_avg_sq with amsgrad. AdamW comes here too, with decoupled weight decay. */
    default void adam(Adam rule, Batch<T> batch) {
        batch.compose(rule);
    }

    /** sum. */
    default void adagrad(Adagrad rule, Batch<T> batch) {
        batch.compose(rule);
    }

    /** square_avg, momentum_buffer if there is momentum, grad_avg if centered. */
    default void rmsprop(RMSprop rule, Batch<T> batch) {
        batch.compose(rule);
    }

    /** square_avg, acc_delta. */
    default void adadelta(Adadelta rule, Batch<T> batch) {
        batch.compose(rule);
    }

    /** exp_avg, exp_inf. */
    default void adamax(Adamax rule, Batch<T> batch) {
        batch.compose(rule);
    }

    /** mu_product (one float32 number per parameter), exp_avg, exp_avg_sq. */
    default void nadam(NAdam rule, Batch<T> batch) {
        batch.compose(rule);
    }

    /** exp_avg, exp_avg_sq. */
    default void radam(RAdam rule, Batch<T> batch) {
        batch.compose(rule);
    }

    /** eta, mu (one float32 number each per parameter), ax. In a fresh batch eta is the rate. */
    default void asgd(ASGD rule, Batch<T> batch) {
        batch.compose(rule);
    }

    /** prev, step_size. In a fresh batch step_size is the rate. */
    default void rprop(Rprop rule, Batch<T> batch) {
        batch.compose(rule);
    }

    /** row_var and col_var if the batch's parameters have more than one dimension, else variance. */
    default void adafactor(Adafactor rule, Batch<T> batch) {
        batch.compose(rule);
    }

    /** momentum_buffer. */
    default void muon(Muon rule, Batch<T> batch) {
        batch.compose(rule);
    }
}
