package org.anneal.runs;

import java.io.IOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.anneal.optim.RateGroup;

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
     * @param numbers that the step used and that schedules drive beside the rates, as {@link #numbers} has them
     */
    record Batch(
            int epoch, int batch, int batches, long step, List<Double> lr, double loss, Map<String, Double> numbers) {

        /** A step without other numbers. */
        public Batch(int epoch, int batch, int batches, long step, List<Double> lr, double loss) {
            this(epoch, batch, batches, step, lr, loss, Map.of());
        }
    }

    /**
     * One epoch.
     *
     * @param epoch from 1
     * @param step optimizer steps of the run so far
     * @param lr the rate that the epoch's last optimizer step used, per group
     * @param trainLoss mean over the samples trained on, each with the weights of its time
     * @param metrics what was measured at the epoch's end, by names such as {@code val_loss}: lower-case letters, digits and _
     * @param seconds spent in the epoch, validation included; if it was resumed from a checkpoint, without what was lost after
     *     that checkpoint
     * @param numbers that the epoch's last optimizer step used and that schedules drive beside the rates, as {@link #numbers} has
     *     them
     */
    record Epoch(
            int epoch,
            long step,
            List<Double> lr,
            double trainLoss,
            Map<String, Double> metrics,
            double seconds,
            Map<String, Double> numbers) {

        /** @throws IllegalArgumentException if the name of a metric cannot be a column's */
        public Epoch {
            metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
            for (String name : metrics.keySet()) {
                RunTable.checkMetric(name);
                if (numbers.containsKey(name)) {
                    throw new IllegalArgumentException("a metric must have a name of its own, but " + name
                            + " is a number that a schedule drives");
                }
            }
        }

        /** An epoch without other numbers. */
        public Epoch(
                int epoch, long step, List<Double> lr, double trainLoss, Map<String, Double> metrics, double seconds) {
            this(epoch, step, lr, trainLoss, metrics, seconds, Map.of());
        }

        /** {@return this as people read it: {@code Epoch 1, Train Loss: 0.9112, Val Loss: 0.5966, LR: 1.00e-02}} */
        @Override
        public String toString() {
            return EpochText.of(this);
        }

        /** {@return the metric of that name, or {@code train_loss}; NaN if there is none} */
        public double metric(String name) {
            return name.equals(RunTable.TRAIN_LOSS) ? trainLoss : metrics.getOrDefault(name, Double.NaN);
        }
    }

    /**
     * {@return the numbers in force that schedules drive beside the rates, by the names of their columns} These are the numbers'
     * own names, such as {@code weight_decay}; where there are several groups, the group's number, from 0, follows.
     */
    static Map<String, Double> numbers(List<? extends RateGroup> groups) {
        Map<String, Double> numbers = new LinkedHashMap<>();
        for (int i = 0; i < groups.size(); i++) {
            for (String name : groups.get(i).drivenNumbers()) {
                String column = name.toLowerCase(Locale.ROOT).replace("[", "_").replace("]", "");
                numbers.put(
                        groups.size() == 1 ? column : column + i, groups.get(i).number(name));
            }
        }
        return numbers;
    }

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
