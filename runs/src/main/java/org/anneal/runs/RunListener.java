package org.anneal.runs;

import java.io.IOException;
import java.util.List;

/** Is told what a training run does, on the training thread, as it happens: by whatever loop trains, on any engine. */
public interface RunListener {

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

    /**
     * Called before the first step, of a run that starts and of one that is resumed.
     *
     * @param step optimizer steps that were made before
     * @param epochs what is known of the epochs that were finished before, oldest first
     */
    default void begin(long step, List<Epoch> epochs) {}

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
     * Called after each epoch.
     *
     * @throws IOException if what the listener writes cannot be written; training stops with it
     */
    default void epoch(Epoch epoch) throws IOException {}
}
