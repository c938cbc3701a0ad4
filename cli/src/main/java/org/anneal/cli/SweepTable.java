package org.anneal.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.runs.Monitor;
import org.anneal.runs.RunListener.Epoch;
import org.anneal.sweep.SweepRecord;
import org.anneal.sweep.TrialRecord;
import org.anneal.sweep.TrialRecord.Repeat;
import org.anneal.sweep.TrialRecord.State;
import org.anneal.text.Python;

/** The trials of a sweep as lines, the best first. */
final class SweepTable {
    private static final int MOST_NUMBERS = 10; // of trials that failed for one reason
    private static final String NONE = "-";

    private final SweepRecord sweep;

    SweepTable(SweepRecord sweep) {
        this.sweep = sweep;
    }

    /** {@return the trials that have a value, the best first} */
    List<TrialRecord> ranked() {
        return sweep.ranked().stream()
                .filter(trial -> !Double.isNaN(trial.value()))
                .toList();
    }

    /**
     * {@return the lines of the table: its head, and a line for each trial that has a value}
     *
     * @param most the most trials, the best of all
     */
    List<String> lines(int most) {
        boolean families =
                sweep.trials().stream().anyMatch(trial -> !trial.family().isEmpty());
        List<TrialRecord> ranked = ranked();
        List<List<String>> table = new ArrayList<>();
        List<String> head = new ArrayList<>(List.of("rank", "trial"));
        if (families) {
            head.add("family");
        }
        String name = sweep.monitor().name();
        head.addAll(List.of(name, "epochs", "best " + name, "at epoch", "time", "parameters"));
        table.add(head);
        for (int i = 0; i < Math.min(most, ranked.size()); i++) {
            TrialRecord trial = ranked.get(i);
            Optional<Best> best = best(trial);
            List<String> cells = new ArrayList<>(List.of(Integer.toString(i + 1), Integer.toString(trial.number())));
            if (families) {
                cells.add(trial.family());
            }
            cells.addAll(List.of(
                    value(trial),
                    Integer.toString(sweep.rungs().get(trial.rung())),
                    best.map(found -> RunsTable.fixed(found.value())).orElse(NONE),
                    best.map(found -> Integer.toString(found.epoch())).orElse(NONE),
                    RunsTable.time(trial.seconds()),
                    parameters(trial)));
            table.add(cells);
        }
        return RunsTable.aligned(table, i -> head.get(i).equals("family") || i == head.size() - 1);
    }

    /** {@return the mean over the seeds, and with as many digits their spread if there are several} */
    static String value(TrialRecord trial) {
        String value = RunsTable.fixed(trial.value());
        if (Double.isNaN(trial.spread())) {
            return value;
        }
        return value + " ± "
                + (value.contains("e") ? RunsTable.fixed(trial.spread()) : Python.fixed(trial.spread(), 4));
    }

    /** {@return what varies from trial to trial, of one; the family is told apart} */
    static String parameters(TrialRecord trial) {
        List<String> families = List.of(trial.family().split(", "));
        return trial.parameters().entrySet().stream()
                .filter(parameter -> !families.contains(parameter.getValue()))
                .map(parameter -> parameter.getKey() + "=" + parameter.getValue())
                .collect(Collectors.joining(", "));
    }

    private record Best(int epoch, double value) {}

    /** {@return the best epoch of the mean over the seeds} */
    private Optional<Best> best(TrialRecord trial) {
        Monitor monitor = sweep.monitor();
        Map<Integer, List<Double>> values = new LinkedHashMap<>();
        for (Repeat repeat : trial.repeats()) {
            for (Epoch epoch : repeat.epochs()) {
                values.computeIfAbsent(epoch.epoch(), number -> new ArrayList<>())
                        .add(monitor.of(epoch));
            }
        }
        Optional<Best> best = Optional.empty();
        for (Map.Entry<Integer, List<Double>> each : values.entrySet()) {
            if (each.getValue().size() == trial.repeats().size()) {
                double mean = each.getValue().stream()
                        .mapToDouble(Double::doubleValue)
                        .average()
                        .orElse(Double.NaN);
                if (monitor.isBetter(mean, best.map(Best::value).orElse(Double.NaN))) {
                    best = Optional.of(new Best(each.getKey(), mean));
                }
            }
        }
        return best;
    }

    /** {@return how many trials are in each state, in words: {@code 12 of 30 trials done, 3 stopped early, 1 failed}} */
    String totals() {
        int all = sweep.trials().size();
        StringBuilder text = new StringBuilder(
                String.format(Locale.ROOT, "%,d of %,d trial%s done", count(State.DONE), all, all == 1 ? "" : "s"));
        add(text, State.STOPPED, "stopped early");
        add(text, State.RUNNING, "running");
        add(text, State.FAILED, "failed");
        add(text, State.SKIPPED, "skipped");
        return text.toString();
    }

    /** {@return whether no trial waits or runs} */
    boolean isFinished() {
        return count(State.WAITING) + count(State.RUNNING) == 0;
    }

    private void add(StringBuilder text, State state, String word) {
        if (count(state) > 0) {
            text.append(String.format(Locale.ROOT, ", %,d %s", count(state), word));
        }
    }

    private long count(State state) {
        return sweep.trials().stream().filter(trial -> trial.state() == state).count();
    }

    /** {@return the runs of trials that are being trained, and how far they are} */
    List<String> running() {
        return sweep.trials().stream()
                .filter(trial -> trial.state() == State.RUNNING)
                .flatMap(trial -> trial.repeats().stream().map(repeat -> run(trial, repeat)))
                .toList();
    }

    private String run(TrialRecord trial, Repeat repeat) {
        int rung = Math.min(trial.rung() + 1, sweep.rungs().size() - 1);
        int done = repeat.epochs().isEmpty()
                ? 0
                : repeat.epochs().get(repeat.epochs().size() - 1).epoch();
        return running(trial, repeat.seed(), done, sweep.rungs().get(rung), repeat.value());
    }

    /**
     * {@return how far a run is}
     *
     * @param value of its last epoch; NaN if there is none
     */
    String running(TrialRecord trial, long seed, int epoch, int until, double value) {
        return "trial " + trial.number() + ", seed " + seed + ": epoch " + epoch + " of " + until
                + (Double.isNaN(value) ? "" : ", " + sweep.monitor().name() + " " + RunsTable.fixed(value))
                + what(trial);
    }

    /** {@return a trial's family and parameters, to follow what else is said of it: {@code ; StepLR, step_size=5}} */
    static String what(TrialRecord trial) {
        return Stream.of(trial.family(), parameters(trial))
                .filter(part -> !part.isEmpty())
                .reduce((family, parameters) -> family + ", " + parameters)
                .map(all -> "; " + all)
                .orElse("");
    }

    /** {@return why trials failed or were skipped: each reason with how many and which, the most frequent first} */
    List<String> reasons() {
        List<String> lines = new ArrayList<>();
        for (State state : List.of(State.FAILED, State.SKIPPED)) {
            Map<String, List<TrialRecord>> byReason = sweep.trials().stream()
                    .filter(trial -> trial.state() == state)
                    .collect(Collectors.groupingBy(TrialRecord::reason, LinkedHashMap::new, Collectors.toList()));
            byReason.entrySet().stream()
                    .sorted((one, other) ->
                            other.getValue().size() - one.getValue().size())
                    .forEach(each -> lines.add(each.getValue().size()
                            + (state == State.FAILED ? " failed" : " skipped") + " (" + numbers(each.getValue())
                            + "): " + each.getKey()));
        }
        return lines;
    }

    private static String numbers(List<TrialRecord> trials) {
        String shown = IntStream.range(0, Math.min(MOST_NUMBERS, trials.size()))
                .mapToObj(i -> Integer.toString(trials.get(i).number()))
                .collect(Collectors.joining(", "));
        return "trial" + (trials.size() == 1 ? " " : "s ") + shown + (trials.size() > MOST_NUMBERS ? ", ..." : "");
    }
}
