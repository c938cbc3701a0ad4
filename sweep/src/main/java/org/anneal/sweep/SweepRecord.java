package org.anneal.sweep;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.anneal.runs.Monitor;

/**
 * A sweep as it stands.
 *
 * @param title what is swept, in one line
 * @param monitor what tells the better trial
 * @param parameters what varies, in the order of the space
 * @param rungs the epochs at which trials are compared, ascending; the last is the whole run
 * @param trials in the order in which they were drawn
 */
public record SweepRecord(
        String title, Monitor monitor, List<Parameter> parameters, List<Integer> rungs, List<TrialRecord> trials) {

    public SweepRecord {
        Objects.requireNonNull(title, "title");
        Objects.requireNonNull(monitor, "monitor");
        parameters = List.copyOf(parameters);
        rungs = List.copyOf(rungs);
        trials = List.copyOf(trials);
    }

    /**
     * {@return the trials, the best first: a higher rung comes before a lower one, and on the same rung the better value; those
     * without a value are last}
     */
    public List<TrialRecord> ranked() {
        return trials.stream()
                .sorted(Comparator.<TrialRecord>comparingInt(trial -> Double.isNaN(trial.value()) ? -1 : trial.rung())
                        .reversed()
                        .thenComparing(
                                TrialRecord::value,
                                (one, other) ->
                                        monitor.isBetter(one, other) ? -1 : monitor.isBetter(other, one) ? 1 : 0))
                .toList();
    }

    /**
     * {@return the sweep in a folder, as it stands} Another process may be running it.
     *
     * @throws IOException if there is none, or its file cannot be read
     */
    public static SweepRecord read(Path folder) throws IOException {
        try (SweepStore store = SweepStore.read(folder)) {
            return Standings.of(Plan.of(store.about()), store.trials(), store.jobs())
                    .record();
        }
    }
}
