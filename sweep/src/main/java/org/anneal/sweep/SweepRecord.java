package org.anneal.sweep;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.TreeSet;
import java.util.stream.Collectors;
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
     * {@return what of a trial is the least or the greatest number that was tried in its family, as {@code lr=0.1} and which of the
     * two} If it is the best trial, a better one may lie beyond. Nothing is said of fewer than three numbers, or where another number
     * came to the same value.
     */
    public Map<String, String> extremes(TrialRecord trial) {
        Map<String, String> extremes = new LinkedHashMap<>();
        for (Parameter parameter : parameters) {
            String value = trial.parameters().get(parameter.name());
            if (value == null || parameter.scale() == Parameter.Scale.CATEGORY) {
                continue;
            }
            List<TrialRecord> family = trials.stream()
                    .filter(other -> other.family().equals(trial.family())
                            && !Double.isNaN(other.value())
                            && other.parameters().containsKey(parameter.name()))
                    .toList();
            NavigableSet<Double> tried = family.stream()
                    .map(other -> Double.valueOf(other.parameters().get(parameter.name())))
                    .collect(Collectors.toCollection(TreeSet::new));
            boolean matters = family.stream()
                    .noneMatch(other -> other.value() == trial.value()
                            && !value.equals(other.parameters().get(parameter.name())));
            double own = Double.parseDouble(value);
            if (matters && tried.size() > 2 && (own == tried.first() || own == tried.last())) {
                extremes.put(parameter.name() + "=" + value, own == tried.first() ? "least" : "greatest");
            }
        }
        return extremes;
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
