package org.anneal.train;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.anneal.text.Python;

/** A loss or a weight is NaN or infinite; says which, where in the run, and at which rates. */
public final class NonFiniteException extends ArithmeticException {
    private static final long serialVersionUID = 1;

    private final int epoch;
    private final int batch;
    private final List<Double> lr;

    /**
     * @param what such as {@code the training loss is nan}
     * @param epoch from 1
     * @param batch within the epoch, from 1: the one with that loss, or the last one trained on
     * @param batches in the epoch
     * @param lr the rate of that batch, per group
     */
    NonFiniteException(String what, int epoch, int batch, int batches, List<Double> lr) {
        super(String.format(
                Locale.ROOT,
                "%s in epoch %,d, at batch %,d of %,d, with %s %s",
                what,
                epoch,
                batch,
                batches,
                lr.size() == 1 ? "the rate" : "the rates",
                lr.stream().map(Python::repr).collect(Collectors.joining(", "))));
        this.epoch = epoch;
        this.batch = batch;
        this.lr = List.copyOf(lr);
    }

    /** {@return the epoch, from 1} */
    public int epoch() {
        return epoch;
    }

    /** {@return the batch of the epoch, from 1: the one with that loss, or the last one trained on} */
    public int batch() {
        return batch;
    }

    /** {@return the rate of that batch, per group} */
    public List<Double> lr() {
        return lr;
    }
}
