package org.anneal.web;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.anneal.runs.Monitor;
import org.anneal.schedule.ReduceLROnPlateau.Mode;

/**
 * A sweep as it goes on, which the page {@code sweep} shows. Whoever runs the sweep adds to it, and any thread may read it.
 *
 * <p>A page that has all trials up to a change asks for those that changed since then, so that of many trials only news is sent.
 */
public final class LiveSweep {
    /** Trials of an answer; a page asks again for those that follow. */
    private static final int MOST_TRIALS = 1_000;

    /** How a parameter's values are laid out on an axis. */
    public enum Scale {
        LINEAR,
        LOG,
        /** One after another: names, or numbers that stand for themselves. */
        CATEGORY
    }

    /** What varies from trial to trial. */
    public record Parameter(String name, Scale scale) {
        public Parameter {
            Objects.requireNonNull(name, "name");
            Objects.requireNonNull(scale, "scale");
        }
    }

    /**
     * What the sweep watches, at an epoch.
     *
     * @param epoch from 1
     * @param value NaN if the epoch has none
     */
    public record Point(int epoch, double value) {}

    /**
     * A run of a trial.
     *
     * @param folder the name of the run's folder within the folder of runs that is served beside the sweep
     * @param value what the sweep watches, at the last epoch; NaN if there is none
     * @param curve at each epoch, oldest first
     * @param seconds that its epochs took
     */
    public record Run(String folder, double value, List<Point> curve, double seconds) {
        public Run {
            Objects.requireNonNull(folder, "folder");
            curve = List.copyOf(curve);
        }
    }

    /**
     * A trial as it stands.
     *
     * @param number from 0
     * @param family may be empty
     * @param parameters its values, by the parameters' names; those that it does not have are left out
     * @param state in one word, such as {@code running}
     * @param reason why it failed, in one line; else empty
     * @param rung the highest that it has finished, from 0; -1 if none
     * @param value the mean over its runs; NaN if there is none
     * @param spread the standard deviation over them; NaN if there is none
     * @param runs one for each seed
     */
    public record Trial(
            int number,
            String family,
            Map<String, String> parameters,
            String state,
            String reason,
            int rung,
            double value,
            double spread,
            List<Run> runs) {
        public Trial {
            Objects.requireNonNull(family, "family");
            parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
            Objects.requireNonNull(state, "state");
            Objects.requireNonNull(reason, "reason");
            runs = List.copyOf(runs);
        }
    }

    /** What a page is told. A number that is not finite is left out. */
    record Told(
            String id,
            String title,
            Measure measure,
            List<Parameter> parameters,
            List<Integer> rungs,
            long from,
            long version,
            boolean more,
            int all,
            List<Row> trials,
            Optional<Best> best,
            Optional<String> end) {}

    /** What is watched. */
    record Measure(String name, boolean less) {}

    /** The best trial so far, and the line that trains it. */
    record Best(int trial, String line) {}

    /** A trial without its curves; its parameters are in the order of the sweep's. */
    record Row(
            int number,
            String family,
            List<Optional<String>> parameters,
            String state,
            String reason,
            int rung,
            Optional<Double> value,
            Optional<Double> spread,
            List<Optional<Double>> values,
            long epochs,
            double seconds,
            List<String> runs) {}

    /** The curves of a trial: of each run, each epoch and its value. */
    record Curves(int trial, List<List<List<Optional<Double>>>> runs) {}

    private final String id = Long.toString(System.nanoTime(), Character.MAX_RADIX);
    private final String title;
    private final Monitor monitor;
    private final List<Parameter> parameters;
    private final List<Integer> rungs;
    private final Map<Integer, Long> changes = new HashMap<>(); // when each trial last changed
    private final NavigableMap<Long, Trial> trials = new TreeMap<>(); // by that
    private long version;
    private Optional<Best> best = Optional.empty();
    private Optional<String> end = Optional.empty();

    /**
     * A sweep that begins.
     *
     * @param title what is swept, in one line
     * @param monitor what tells the better trial
     * @param parameters what varies
     * @param rungs the epochs at which trials are compared, ascending
     */
    public LiveSweep(String title, Monitor monitor, List<Parameter> parameters, List<Integer> rungs) {
        this.title = Objects.requireNonNull(title, "title");
        this.monitor = Objects.requireNonNull(monitor, "monitor");
        this.parameters = List.copyOf(parameters);
        this.rungs = List.copyOf(rungs);
    }

    /** Adds a trial, or what it has become. */
    public synchronized void trial(Trial trial) {
        Objects.requireNonNull(trial, "trial");
        version++;
        Optional.ofNullable(changes.put(trial.number(), version)).ifPresent(trials::remove);
        trials.put(version, trial);
    }

    /**
     * Adds an epoch that a run has just finished. One that the run has already had, as its training began anew, takes its place, and
     * those behind it are dropped.
     *
     * @param trial a trial that was added
     * @param run the index of its run
     * @param seconds that the epoch took
     * @throws IllegalArgumentException if there is no such trial or run
     */
    public synchronized void epoch(int trial, int run, Point point, double seconds) {
        Trial old = Optional.ofNullable(changes.get(trial))
                .map(trials::get)
                .orElseThrow(() -> new IllegalArgumentException("trial must be one that was added, but was " + trial));
        if (run < 0 || run >= old.runs().size()) {
            throw new IllegalArgumentException(
                    "run must be in [0, " + (old.runs().size() - 1) + "], but was " + run);
        }
        Run before = old.runs().get(run);
        List<Point> curve = new ArrayList<>(before.curve());
        curve.removeIf(each -> each.epoch() >= point.epoch());
        double kept = before.curve().isEmpty()
                ? 0
                : before.seconds() * curve.size() / before.curve().size();
        curve.add(point);
        List<Run> runs = new ArrayList<>(old.runs());
        runs.set(run, new Run(before.folder(), before.value(), curve, kept + seconds));
        trial(new Trial(
                old.number(),
                old.family(),
                old.parameters(),
                old.state(),
                old.reason(),
                old.rung(),
                old.value(),
                old.spread(),
                runs));
    }

    /**
     * Says which trial is the best so far.
     *
     * @param line what to copy, to train it again
     */
    public synchronized void best(int trial, String line) {
        best = Optional.of(new Best(trial, Objects.requireNonNull(line, "line")));
    }

    /**
     * Ends the sweep.
     *
     * @param outcome how it ended, in a few words
     */
    public synchronized void end(String outcome) {
        end = Optional.of(Objects.requireNonNull(outcome, "outcome"));
    }

    /** {@return what a page does not have yet, that has everything up to change {@code from}} */
    synchronized Told since(long from) {
        long start = Math.min(from, version);
        List<Map.Entry<Long, Trial>> news = trials.tailMap(start, false).entrySet().stream()
                .limit(MOST_TRIALS)
                .toList();
        long until = news.isEmpty() ? version : news.get(news.size() - 1).getKey();
        boolean more = until < version;
        return new Told(
                id,
                title,
                new Measure(monitor.inWords(), monitor.mode() == Mode.MIN),
                parameters,
                rungs,
                start,
                until,
                more,
                trials.size(),
                news.stream().map(each -> row(each.getValue())).toList(),
                best,
                end.filter(ended -> !more));
    }

    /** {@return the curves of some trials; one that there is not is left out} */
    synchronized List<Curves> curves(Collection<Integer> numbers) {
        return numbers.stream()
                .flatMap(number -> Optional.ofNullable(changes.get(number)).map(trials::get).stream())
                .map(trial -> new Curves(
                        trial.number(),
                        trial.runs().stream()
                                .map(run -> run.curve().stream()
                                        .map(point -> List.of(finite(point.epoch()), finite(point.value())))
                                        .toList())
                                .toList()))
                .toList();
    }

    private Row row(Trial trial) {
        return new Row(
                trial.number(),
                trial.family(),
                parameters.stream()
                        .map(parameter -> Optional.ofNullable(trial.parameters().get(parameter.name())))
                        .toList(),
                trial.state(),
                trial.reason(),
                trial.rung(),
                finite(trial.value()),
                finite(trial.spread()),
                trial.runs().stream().map(run -> finite(run.value())).toList(),
                trial.runs().stream().mapToLong(run -> run.curve().size()).sum(),
                trial.runs().stream().mapToDouble(Run::seconds).sum(),
                trial.runs().stream().map(Run::folder).toList());
    }

    private static Optional<Double> finite(double value) {
        return Optional.of(value).filter(Double::isFinite);
    }
}
