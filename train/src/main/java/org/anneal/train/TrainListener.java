package org.anneal.train;

import java.io.IOException;
import java.util.List;

/** Hears what a training run does, on the training thread, as it happens. */
public interface TrainListener {

    /**
     * One optimizer step.
     *
     * @param epoch from 1
     * @param batch within the epoch, from 1
     * @param batches in the epoch
     * @param step optimizer steps of the run so far, this one included
     * @param lr the rate it used, of each group
     * @param loss of this batch, before the step; the mean over its samples
     */
    record Batch(int epoch, int batch, int batches, long step, List<Double> lr, double loss) {}

    /**
     * One epoch, trained and validated.
     *
     * @param epoch from 1
     * @param step optimizer steps of the run so far
     * @param lr the rate that the epoch's last optimizer step used, of each group
     * @param trainLoss mean over the samples trained on, as the weights were then
     * @param valLoss mean over the validation samples, with the weights at the epoch's end
     * @param valAccuracy fraction of the validation samples whose class got the highest score
     * @param seconds spent in the epoch, validation included; of an epoch that was taken up from a checkpoint, up to that
     *     checkpoint and since, without what was lost in between
     */
    record Epoch(
            int epoch,
            long step,
            List<Double> lr,
            double trainLoss,
            double valLoss,
            double valAccuracy,
            double seconds) {}

    /** Called after each optimizer step. */
    default void batch(Batch batch) {}

    /**
     * Called after each batch of an epoch's validation.
     *
     * @param epoch from 1
     * @param samples validated so far
     * @param of all samples to validate
     */
    default void validation(int epoch, long samples, long of) {}

    /**
     * Called the first time that a loss or a weight is NaN or infinite, in a run that goes on with it as
     * {@link OnNan#CONTINUE} says.
     */
    default void notFinite(NonFiniteException found) {}

    /**
     * Called after each epoch.
     *
     * @throws IOException if what the listener writes cannot be written; training stops with it
     */
    default void epoch(Epoch epoch) throws IOException {}

    /**
     * Called where the run can be taken up again: at its start, after each epoch and its scheduler step, every so many
     * batches if {@link Trainer#saveEvery} says so, and where it was stopped.
     *
     * @throws IOException if what the listener writes cannot be written; training stops with it
     */
    default void checkpoint(Progress progress) throws IOException {}
}
