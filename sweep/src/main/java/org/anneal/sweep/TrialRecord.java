package org.anneal.sweep;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.anneal.runs.RunListener.Epoch;

/**
 * A trial as it stands.
 *
 * @param number from 0
 * @param family which of the space's alternatives it is of, such as {@code StepLR}; empty if there is only one
 * @param settings such as {@code schedule=StepLR(step_size=5)}; a name may come several times
 * @param parameters the values of what varies, by the parameters' names
 * @param state how far it is
 * @param reason why it was skipped or failed, in one line; else empty
 * @param rung the highest that all its repeats have finished, from 0; -1 if none
 * @param value what the sweep watches, at the end of that rung: the mean over the repeats; NaN if there is none
 * @param spread the standard deviation of the value over the repeats (with n - 1); NaN if there are fewer than two
 * @param repeats its runs, a seed each
 */
public record TrialRecord(
        int number,
        String family,
        List<Map.Entry<String, String>> settings,
        Map<String, String> parameters,
        State state,
        String reason,
        int rung,
        double value,
        double spread,
        List<Repeat> repeats) {

    /** How far a trial is. */
    public enum State {
        WAITING,
        RUNNING,
        /** Trained to the end of a rung, and not promoted so far. */
        STOPPED,
        /** Trained to the end of the run. */
        DONE,
        /** Not trained, as its schedule does not fit the run. */
        SKIPPED,
        FAILED
    }

    /**
     * A run of the trial.
     *
     * @param seed its seed
     * @param folder of the newest rung's run, within the sweep's folder of runs
     * @param epochs finished, oldest first
     * @param value what the sweep watches, at the last epoch; NaN if there is none
     * @param attempts of the newest rung, from 1; 0 before the first
     * @param place where it ran last
     */
    public record Repeat(long seed, String folder, List<Epoch> epochs, double value, int attempts, String place) {
        public Repeat {
            Objects.requireNonNull(folder, "folder");
            epochs = List.copyOf(epochs);
            Objects.requireNonNull(place, "place");
        }

        /** {@return the time that its epochs took} */
        public double seconds() {
            return epochs.stream().mapToDouble(Epoch::seconds).sum();
        }
    }

    public TrialRecord {
        Objects.requireNonNull(family, "family");
        settings = List.copyOf(settings);
        parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
        Objects.requireNonNull(state, "state");
        Objects.requireNonNull(reason, "reason");
        repeats = List.copyOf(repeats);
    }

    /** {@return the epochs that its runs have finished, in all} */
    public long epochs() {
        return repeats.stream().mapToLong(repeat -> repeat.epochs().size()).sum();
    }

    /** {@return the time that its runs took, in all} */
    public double seconds() {
        return repeats.stream().mapToDouble(Repeat::seconds).sum();
    }
}
