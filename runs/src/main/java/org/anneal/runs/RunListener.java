package org.anneal.runs;

import java.io.IOException;
import java.util.List;

/** Hears what a training run does, as it happens and on the training thread; for any training loop, on any engine. */
public interface RunListener {

    /**
     * One optimizer step.
     *
     * @param epoch from 1
     * @param batch within the epoch, from 1
     * @param batches in the epoch
     * @param step optimizer steps of the run so far, this one included
     * @param lr the rate that the step used, per group
     * @param loss the batch's loss before the step, the mean over its samples
     */
    record Batch(int epoch, int batch, int batches, long step, List<Double> lr, double loss) {}

    /**
     * One epoch, trained and validated.
     *
     * @param epoch from 1
     * @param step optimizer steps of the run so far
     * @param lr the rate that the epoch's last optimizer step used, per group
     * @param trainLoss mean over the samples trained on, each with the weights of its time
     * @param valLoss mean over the validation samples, with the weights at the epoch's end
     * @param valAccuracy fraction of the validation samples whose class got the highest score
     * @param seconds spent in the epoch, validation included; if it was resumed from a checkpoint, without what was lost after
     *     that checkpoint
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
     * Called before the first step, both when a run starts and when it is resumed.
     *
     * @param step optimizer steps made so far
     * @param epochs the epochs finished so far, as far as they are known, oldest first
     */
    default void begin(long step, List<Epoch> epochs) {}

    /** Called after each optimizer step. */
    default void batch(Batch batch) {}

    /**
     * Called after each batch of an epoch's validation.
     *
     * @param epoch from 1
     * @param samples validated so far
     * @param of how many samples are validated in total
     */
    default void validation(int epoch, long samples, long of) {}

    /**
     * Called after each epoch.
     *
     * @throws IOException if what the listener writes cannot be written; training stops with it
     */
    default void epoch(Epoch epoch) throws IOException {}
}
