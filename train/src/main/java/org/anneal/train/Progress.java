package org.anneal.train;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.anneal.checkpoint.TensorData;
import org.anneal.runs.Monitor;
import org.anneal.runs.RunListener;

/**
 * A position of a training run, between two batches, at which {@link Trainer#resume} can go on.
 *
 * @param epoch epochs finished, at least 0
 * @param batch batches done in the next epoch, at least 0; all of its batches if only validation is left
 * @param step optimizer steps of the run so far
 * @param lossSum sum of the losses of the samples in the epoch so far
 * @param lossSamples the number of these samples
 * @param seconds spent in the epoch so far, without time lost after a checkpoint
 * @param lr the rate that the last optimizer step used, per group; empty before the first
 * @param epochs the finished epochs, oldest first; for a run that began elsewhere, those since
 * @param bestWeights the weights of the {@link #best} epoch, if the run is to restore them; else empty
 * @param numbers that the last optimizer step used and that schedules drive beside the rates, as {@link RunListener#numbers} has them
 * @param monitor what tells which epoch was the best
 */
public record Progress(
        int epoch,
        int batch,
        long step,
        double lossSum,
        long lossSamples,
        double seconds,
        List<Double> lr,
        List<RunListener.Epoch> epochs,
        Map<String, TensorData> bestWeights,
        Map<String, Double> numbers,
        Monitor monitor) {

    /** @throws IllegalArgumentException if a count is below 0, or the epochs are not the latest ones, in order */
    public Progress {
        lr = List.copyOf(lr);
        epochs = List.copyOf(epochs);
        if (epoch < 0 || batch < 0 || step < 0 || lossSamples < 0) {
            throw new IllegalArgumentException("epoch, batch, step and samples must be at least 0, but were " + epoch
                    + ", " + batch + ", " + step + " and " + lossSamples);
        }
        for (int i = 0; i < epochs.size(); i++) {
            int number = epoch - epochs.size() + 1 + i;
            if (epochs.get(i).epoch() != number || number < 1) {
                throw new IllegalArgumentException("epochs must be the latest of the " + epoch
                        + " finished ones, in order, but entry " + i + " is epoch "
                        + epochs.get(i).epoch());
            }
        }
    }

    /** {@return the start of a run} */
    public static Progress start() {
        return after(0, 0);
    }

    /** {@return the end of an epoch, with nothing else known of the run} */
    public static Progress after(int epoch, long step) {
        return new Progress(epoch, 0, step, 0, 0, 0, List.of(), List.of(), Map.of(), Map.of(), Monitor.VAL_LOSS);
    }

    /** {@return this position, with the best epoch told by {@code monitor}} */
    public Progress monitoredBy(Monitor monitor) {
        return new Progress(
                epoch, batch, step, lossSum, lossSamples, seconds, lr, epochs, bestWeights, numbers, monitor);
    }

    /** {@return the epoch with the best number, the first of several; NaN never counts} */
    public Optional<RunListener.Epoch> best() {
        return monitor.best(epochs);
    }

    /** {@return whether an epoch has just ended, and it is the best so far} */
    public boolean isBest() {
        return batch == 0 && best().map(RunListener.Epoch::epoch).equals(Optional.of(epoch));
    }

    /** {@return how many epochs have ended since the best one; if there is none, how many have the number at all} */
    public int epochsSinceBest() {
        return best().map(best -> epoch - best.epoch())
                .orElseGet(() -> (int) epochs.stream().filter(monitor::isIn).count());
    }
}
