package org.anneal.optim;

/**
 * The arithmetic of the update rules on one engine: each method updates a batch's parameters and slots in place, by the
 * formula of its rule, with the batch's own rate, {@link Batch#lr()}; the rule's may be stale. Slots are in the order of
 * {@link UpdateRule#slots}, which each method names.
 */
public interface Kernels<T> {

    /** momentum_buffer if there is momentum; the first step takes the gradient whole, {@link Batch#fresh()}. */
    void sgd(SGD rule, Batch<T> batch);

    /** exp_avg, exp_avg_sq, and max_exp_avg_sq with amsgrad. AdamW comes here too, with decoupled weight decay. */
    void adam(Adam rule, Batch<T> batch);

    /** sum. */
    void adagrad(Adagrad rule, Batch<T> batch);

    /** square_avg, momentum_buffer if there is momentum, grad_avg if centered. */
    void rmsprop(RMSprop rule, Batch<T> batch);

    /** square_avg, acc_delta. */
    void adadelta(Adadelta rule, Batch<T> batch);

    /** exp_avg, exp_inf. */
    void adamax(Adamax rule, Batch<T> batch);

    /** mu_product (one float32 number per parameter), exp_avg, exp_avg_sq. */
    void nadam(NAdam rule, Batch<T> batch);

    /** exp_avg, exp_avg_sq. */
    void radam(RAdam rule, Batch<T> batch);

    /** eta, mu (one float32 number each per parameter), ax. In a fresh batch eta is the rate. */
    void asgd(ASGD rule, Batch<T> batch);

    /** prev, step_size. In a fresh batch step_size is the rate. */
    void rprop(Rprop rule, Batch<T> batch);

    /** row_var and col_var if the batch's parameters have more than one dimension, else variance. */
    void adafactor(Adafactor rule, Batch<T> batch);

    /** momentum_buffer. */
    void muon(Muon rule, Batch<T> batch);
}
