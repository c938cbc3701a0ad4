package org.anneal.train;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.anneal.checkpoint.TensorData;
import org.anneal.runs.RunListener;

/**
 * Where a training run is, between two batches: what {@link Trainer#resume} takes up.
 *
 * @param epoch epochs finished, at least 0
 * @param batch batches done of the epoch after these, at least 0; all of them if only the validation is left
 * @param step optimizer steps of the run
 * @param lossSum sum of the losses of the samples in these batches
 * @param lossSamples how many samples these are
 * @param seconds spent in the epoch in progress, up to here; time that was lost after a checkpoint is not in it
 * @param lr the rate that the last optimizer step used, of each group; empty before the first
 * @param epochs what was measured of the finished epochs, oldest first; of a run that began elsewhere, of those since
 * @param bestWeights the weights of the {@link #best} epoch, if the run is to go back to them; empty otherwise
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
        Map<String, TensorData> bestWeights) {

    /** @throws IllegalArgumentException if a count is below 0, or the epochs are not the last ones that were finished */
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
                throw new IllegalArgumentException("epochs must be the last of the " + epoch
                        + " that were finished, in order, but entry " + i + " is of epoch "
                        + epochs.get(i).epoch());
            }
        }
    }

    /** {@return the beginning of a run} */
    public static Progress start() {
        return after(0, 0);
    }

    /** {@return the end of an epoch of a run of which nothing else is known} */
    public static Progress after(int epoch, long step) {
        return new Progress(epoch, 0, step, 0, 0, 0, List.of(), List.of(), Map.of());
    }

    /** {@return the epoch with the lowest validation loss, the first if there are several; a loss of NaN is none} */
    public Optional<RunListener.Epoch> best() {
        Optional<RunListener.Epoch> best = Optional.empty();
        for (RunListener.Epoch each : epochs) {
            double least = best.map(RunListener.Epoch::valLoss).orElse(Double.NaN);
            if (!Double.isNaN(each.valLoss()) && !(each.valLoss() >= least)) {
                best = Optional.of(each);
            }
        }
        return best;
    }

    /** {@return whether an epoch has just ended, and it is the best so far} */
    public boolean isBest() {
        return batch == 0 && best().map(RunListener.Epoch::epoch).equals(Optional.of(epoch));
    }

    /** {@return how many epochs have ended since the best one} */
    public int epochsSinceBest() {
        return epoch - best().map(RunListener.Epoch::epoch).orElse(epoch - epochs.size());
    }
}
