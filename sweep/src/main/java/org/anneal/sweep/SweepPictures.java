package org.anneal.sweep;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.anneal.plot.Chart;
import org.anneal.plot.Panel;
import org.anneal.plot.Scatter;
import org.anneal.plot.Scatter.Horizontal;
import org.anneal.plot.Scatter.Point;
import org.anneal.plot.Series;
import org.anneal.runs.Monitor;
import org.anneal.runs.RunListener.Epoch;
import org.anneal.schedule.ReduceLROnPlateau.Mode;
import org.anneal.sweep.TrialRecord.Repeat;
import org.anneal.sweep.TrialRecord.State;
import org.anneal.text.Python;

/**
 * The pictures of a sweep: what each parameter does to the value, how the best trials got there, and what a better value costs.
 *
 * <p>A value that is far worse than the others, such as that of a training that diverged, is drawn at the edge, and so is a trial that
 * ended without one.
 */
public final class SweepPictures {
    private static final int MOST_PANELS = 30;
    private static final int MOST_CURVES = 7; // so many colours are told apart
    private static final int MOST_LABELS = 8;
    /** How far from the best a value is shown, in distances of the median from it. */
    private static final double FAR = 10;
    /** A value is far from any other if it is so many times as large as the best, or as 1. */
    private static final double ABSURD = 1e3;
    /** From this ratio of the median to the best on, losses are drawn on a logarithmic axis. */
    private static final double WIDE = 10;
    /** Fewer values have no usual distance. */
    private static final int FEW = 4;

    private static final double NARROW_RATES = 100;
    private static final Pattern NUMBER = Pattern.compile("([-+]?[0-9_.]+(?:[eE][-+]?[0-9]+)?)([a-z%]*)");
    private static final String PALE = "stopped before the last rung";

    private SweepPictures() {}

    /**
     * Draws all pictures that the sweep has enough for: {@code parameters}, {@code curves} and {@code front}.
     *
     * @param folder where to write them; it must exist
     * @param format the files' ending, {@code png} or {@code svg}
     * @param best how many of the best trials have curves, at least 1; at most 7 are drawn
     * @return the files written
     * @throws IOException if one cannot be drawn or written; the message names the file and the reason
     * @throws IllegalArgumentException if there is no such format, or {@code best} is below 1
     */
    public static List<Path> save(SweepRecord sweep, Path folder, String format, int best) throws IOException {
        Objects.requireNonNull(folder, "folder");
        Objects.requireNonNull(format, "format");
        List<Path> files = new ArrayList<>();
        Optional<Scatter> parameters = parameters(sweep);
        if (parameters.isPresent()) {
            files.add(folder.resolve("parameters." + format));
            parameters.get().save(files.get(files.size() - 1));
        }
        Optional<Chart> curves = curves(sweep, best);
        if (curves.isPresent()) {
            files.add(folder.resolve("curves." + format));
            curves.get().save(files.get(files.size() - 1));
        }
        Optional<Scatter> front = front(sweep);
        if (front.isPresent()) {
            files.add(folder.resolve("front." + format));
            front.get().save(files.get(files.size() - 1));
        }
        return files;
    }

    /**
     * {@return the value against each parameter, a panel for each, coloured by family; empty if no trial has ended} Trials that were
     * stopped before the last rung are pale: their value is that of fewer epochs. With several families, the first panel is that of the
     * families, unless a parameter tells them. At most 30 panels are drawn.
     */
    public static Optional<Scatter> parameters(SweepRecord sweep) {
        List<TrialRecord> shown = Objects.requireNonNull(sweep, "sweep").trials().stream()
                .filter(trial -> !Double.isNaN(trial.value()) || ended(trial))
                .toList();
        if (shown.isEmpty()) {
            return Optional.empty();
        }
        Optional<TrialRecord> best = best(sweep);
        List<Scatter.Panel> panels = new ArrayList<>();
        boolean families = shown.stream().map(TrialRecord::family).distinct().count() > 1
                && sweep.parameters().stream()
                        .noneMatch(parameter -> shown.stream()
                                .allMatch(trial ->
                                        trial.family().equals(trial.parameters().get(parameter.name()))));
        if (families) {
            panels.add(panel("family", Parameter.Scale.CATEGORY, shown, TrialRecord::family, sweep, best));
        }
        for (Parameter parameter : sweep.parameters()) {
            List<TrialRecord> having = shown.stream()
                    .filter(trial -> trial.parameters().containsKey(parameter.name()))
                    .toList();
            if (!having.isEmpty()) {
                panels.add(panel(
                        parameter.name(),
                        parameter.scale(),
                        having,
                        trial -> String.valueOf(trial.parameters().get(parameter.name())),
                        sweep,
                        best));
            }
        }
        if (panels.isEmpty()) {
            panels.add(panel(
                    "trial", Parameter.Scale.CATEGORY, shown, trial -> Integer.toString(trial.number()), sweep, best));
        }
        int left = panels.size() - MOST_PANELS;
        String title = titled(sweep) + " by parameter" + (left > 0 ? " (and " + left + " more parameters)" : "");
        return Optional.of(scatter(title, sweep, panels.subList(0, Math.min(MOST_PANELS, panels.size()))));
    }

    /**
     * {@return the curves of the best trials: what the sweep watches at each epoch, the mean over the trial's seeds, each seed faint;
     * and the rate at the end of each epoch; empty if no trial has a value}
     *
     * @param best how many trials, at least 1; at most 7 are drawn
     * @throws IllegalArgumentException if {@code best} is below 1
     */
    public static Optional<Chart> curves(SweepRecord sweep, int best) {
        Objects.requireNonNull(sweep, "sweep");
        if (best < 1) {
            throw new IllegalArgumentException("best must be at least 1, but was " + best);
        }
        List<TrialRecord> trials = sweep.ranked().stream()
                .filter(trial -> !Double.isNaN(trial.value()))
                .filter(trial -> trial.repeats().stream()
                        .anyMatch(repeat -> !repeat.epochs().isEmpty()))
                .limit(Math.min(best, MOST_CURVES))
                .toList();
        if (trials.isEmpty()) {
            return Optional.empty();
        }
        Monitor monitor = sweep.monitor();
        Values values = Values.of(
                monitor,
                trials.stream()
                        .flatMap(trial -> trial.repeats().stream())
                        .flatMap(repeat -> repeat.epochs().stream())
                        .map(monitor::of)
                        .toList());
        List<Series> curves = new ArrayList<>();
        List<Series> rates = new ArrayList<>();
        for (int i = 0; i < trials.size(); i++) {
            TrialRecord trial = trials.get(i);
            if (trial.repeats().size() > 1) {
                for (Repeat repeat : trial.repeats()) {
                    line("one seed", List.of(repeat), monitor::of, values::shown)
                            .map(Series::faint)
                            .ifPresent(curves::add);
                    colourLast(curves, i);
                }
            }
            line(name(trial), trial.repeats(), monitor::of, values::shown).ifPresent(curves::add);
            colourLast(curves, i);
            line(parameters(trial, sweep), trial.repeats().subList(0, 1), SweepPictures::rate, rate -> rate)
                    .ifPresent(rates::add);
            colourLast(rates, i);
        }
        List<Panel> panels = new ArrayList<>();
        panels.add(new Panel(monitor.inWords(), values.log(), curves));
        if (!rates.isEmpty()) {
            panels.add(new Panel("learning rate at the end of the epoch", spansDecades(trials), rates));
        }
        String title = "The best " + (trials.size() == 1 ? "trial" : trials.size() + " trials") + " of "
                + sweep.trials().size();
        return Optional.of(new Chart(title, "epoch", panels));
    }

    /**
     * {@return the value against what it cost, in epochs and in seconds of all the trial's runs, with stairs along the trials that are
     * not beaten by a cheaper one; empty if no trial has a value} Epochs are left out if all trials have as many.
     */
    public static Optional<Scatter> front(SweepRecord sweep) {
        List<TrialRecord> valued = Objects.requireNonNull(sweep, "sweep").trials().stream()
                .filter(trial -> !Double.isNaN(trial.value()))
                .toList();
        if (valued.isEmpty()) {
            return Optional.empty();
        }
        List<Scatter.Panel> panels = new ArrayList<>();
        if (valued.stream().mapToLong(TrialRecord::epochs).distinct().count() > 1) {
            panels.add(costs("epochs trained", valued, TrialRecord::epochs, sweep));
        }
        panels.add(costs("seconds", valued, TrialRecord::seconds, sweep));
        return Optional.of(scatter(titled(sweep) + " against what it took", sweep, panels));
    }

    private static boolean ended(TrialRecord trial) {
        return trial.state() == State.FAILED || trial.state() == State.SKIPPED;
    }

    private static Optional<TrialRecord> best(SweepRecord sweep) {
        return sweep.ranked().stream().findFirst().filter(trial -> !Double.isNaN(trial.value()));
    }

    private static Scatter scatter(String title, SweepRecord sweep, List<Scatter.Panel> panels) {
        Monitor monitor = sweep.monitor();
        Values values = Values.of(
                monitor, sweep.trials().stream().map(TrialRecord::value).toList());
        return new Scatter(
                title,
                new Scatter.Vertical(
                        monitor.inWords(),
                        values.log(),
                        monitor.mode() == Mode.MAX ? values.limit() : Double.NEGATIVE_INFINITY,
                        monitor.mode() == Mode.MIN ? values.limit() : Double.POSITIVE_INFINITY),
                panels,
                PALE,
                "far worse, or without a value");
    }

    private static Point point(
            TrialRecord trial, double x, SweepRecord sweep, Optional<TrialRecord> best, String label) {
        double worst = sweep.monitor().mode() == Mode.MIN ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY;
        return new Point(
                trial.family().isEmpty() ? "trials" : trial.family(),
                x,
                Double.isFinite(trial.value()) ? trial.value() : worst,
                trial.repeats().size() > 1
                        ? trial.repeats().stream().map(Repeat::value).toList()
                        : List.of(),
                !Double.isNaN(trial.value()) && trial.rung() < sweep.rungs().size() - 1,
                best.filter(trial::equals).isPresent(),
                label);
    }

    private static Scatter.Panel panel(
            String label,
            Parameter.Scale scale,
            List<TrialRecord> trials,
            Function<TrialRecord, String> value,
            SweepRecord sweep,
            Optional<TrialRecord> best) {
        Laid laid = Laid.of(label, scale, trials.stream().map(value).toList());
        return new Scatter.Panel(
                laid.axis(),
                trials.stream()
                        .map(trial -> point(trial, laid.place(value.apply(trial)), sweep, best, ""))
                        .toList(),
                List.of());
    }

    private static Scatter.Panel costs(
            String label, List<TrialRecord> trials, ToDoubleFunction<TrialRecord> cost, SweepRecord sweep) {
        double[] costs = trials.stream().mapToDouble(cost).sorted().toArray();
        boolean log = costs[0] > 0 && costs[costs.length - 1] >= WIDE * costs[0];
        List<TrialRecord> front = new ArrayList<>();
        List<TrialRecord> cheapestFirst = trials.stream()
                .sorted(Comparator.comparingDouble(cost)
                        .thenComparing(TrialRecord::value, (one, other) -> better(sweep, one, other)))
                .toList();
        for (TrialRecord trial : cheapestFirst) {
            if (front.isEmpty()
                    || sweep.monitor()
                            .isBetter(trial.value(), front.get(front.size() - 1).value())) {
                front.add(trial);
            }
        }
        // The last are the best ones, and the only ones that there is room to name.
        List<TrialRecord> named = front.subList(Math.max(0, front.size() - MOST_LABELS), front.size());
        Optional<TrialRecord> best = best(sweep);
        return new Scatter.Panel(
                new Horizontal(label, log ? Scatter.Scale.LOG : Scatter.Scale.LINEAR),
                trials.stream()
                        .map(trial -> point(
                                trial,
                                cost.applyAsDouble(trial),
                                sweep,
                                best,
                                named.contains(trial) ? "#" + trial.number() : ""))
                        .toList(),
                front.stream()
                        .map(trial -> point(trial, cost.applyAsDouble(trial), sweep, best, ""))
                        .toList());
    }

    private static int better(SweepRecord sweep, double one, double other) {
        return sweep.monitor().isBetter(one, other) ? -1 : sweep.monitor().isBetter(other, one) ? 1 : 0;
    }

    /** {@return what the sweep watches, as a title begins} */
    private static String titled(SweepRecord sweep) {
        String words = sweep.monitor().inWords();
        return words.substring(0, 1).toUpperCase(Locale.ROOT) + words.substring(1);
    }

    private static String name(TrialRecord trial) {
        return ("#" + trial.number() + " " + trial.family()).strip();
    }

    /** {@return a trial's number and parameters; the family is told by its other curve} */
    private static String parameters(TrialRecord trial, SweepRecord sweep) {
        return sweep.parameters().stream()
                .map(Parameter::name)
                .filter(trial.parameters()::containsKey)
                .filter(parameter -> !trial.family().equals(trial.parameters().get(parameter)))
                .map(parameter -> parameter + " " + trial.parameters().get(parameter))
                .reduce((one, other) -> one + ", " + other)
                .map(settings -> "#" + trial.number() + " " + settings)
                .orElse("");
    }

    private static double rate(Epoch epoch) {
        return epoch.lr().isEmpty() ? Double.NaN : epoch.lr().get(0);
    }

    private static boolean spansDecades(List<TrialRecord> trials) {
        double[] rates = trials.stream()
                .flatMap(trial -> trial.repeats().stream().limit(1))
                .flatMap(repeat -> repeat.epochs().stream())
                .mapToDouble(SweepPictures::rate)
                .filter(rate -> rate > 0)
                .sorted()
                .toArray();
        return rates.length > 0 && rates[rates.length - 1] >= NARROW_RATES * rates[0];
    }

    /** {@return the mean of a number over runs at each epoch that all of them have finished; empty if there is none} */
    private static Optional<Series> line(
            String label, List<Repeat> repeats, ToDoubleFunction<Epoch> number, Function<Double, Double> shown) {
        TreeMap<Integer, List<Double>> byEpoch = new TreeMap<>();
        repeats.forEach(repeat -> repeat.epochs()
                .forEach(epoch -> byEpoch.computeIfAbsent(epoch.epoch(), none -> new ArrayList<>())
                        .add(number.applyAsDouble(epoch))));
        byEpoch.values().removeIf(values -> values.size() < repeats.size());
        if (byEpoch.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(Series.line(
                label,
                byEpoch.keySet().stream().mapToDouble(Integer::doubleValue).toArray(),
                byEpoch.values().stream()
                        .mapToDouble(values -> shown.apply(values.stream()
                                .mapToDouble(Double::doubleValue)
                                .average()
                                .orElseThrow()))
                        .toArray()));
    }

    /** Gives the last curve a colour, if it has none. */
    private static void colourLast(List<Series> curves, int colour) {
        if (!curves.isEmpty()) {
            curves.set(curves.size() - 1, curves.get(curves.size() - 1).coloured(colour));
        }
    }

    /**
     * How values are shown.
     *
     * @param log whether their axis is logarithmic
     * @param limit the worst that is shown; infinite if there is none
     */
    private record Values(boolean log, double limit, Mode mode) {
        static Values of(Monitor monitor, List<Double> values) {
            boolean min = monitor.mode() == Mode.MIN;
            double none = min ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY;
            double[] bestFirst = values.stream()
                    .filter(Double::isFinite)
                    .sorted(min ? Comparator.<Double>naturalOrder() : Comparator.<Double>reverseOrder())
                    .mapToDouble(Double::doubleValue)
                    .toArray();
            if (bestFirst.length == 0) {
                return new Values(false, none, monitor.mode());
            }
            double best = bestFirst[0];
            double absurd = ABSURD * Math.max(1, Math.abs(best));
            double[] usual = Arrays.stream(bestFirst)
                    .filter(value -> Math.abs(value - best) <= absurd)
                    .toArray();
            double median = usual[usual.length / 2];
            boolean log = min && best > 0 && median >= WIDE * best;
            double limit = usual.length < FEW || median == best
                    ? usual[usual.length - 1]
                    : log ? best * Math.pow(median / best, 4) : best + FAR * (median - best);
            boolean all = min ? bestFirst[bestFirst.length - 1] <= limit : bestFirst[bestFirst.length - 1] >= limit;
            return new Values(log, all ? none : limit, monitor.mode());
        }

        /** {@return the value, or NaN if it is not shown} */
        double shown(double value) {
            return (mode == Mode.MIN ? value <= limit : value >= limit) ? value : Double.NaN;
        }
    }

    /**
     * An axis, and where a parameter's values are on it: numbers, which may have a unit in common, or names.
     *
     * @param names of an axis of names; else empty
     */
    private record Laid(Horizontal axis, List<String> names) {
        static Laid of(String label, Parameter.Scale scale, List<String> values) {
            List<String> distinct = values.stream().distinct().toList();
            boolean numbers = distinct.stream().allMatch(value -> number(value).isPresent());
            List<String> units = distinct.stream()
                    .flatMap(value -> unit(value).stream())
                    .distinct()
                    .toList();
            if (scale != Parameter.Scale.CATEGORY && numbers && units.size() == 1) {
                boolean log = scale == Parameter.Scale.LOG
                        && distinct.stream().allMatch(value -> number(value).orElse(Double.NaN) > 0);
                String unit = units.get(0).isEmpty() ? "" : " (" + units.get(0) + ")";
                return new Laid(
                        new Horizontal(label + unit, log ? Scatter.Scale.LOG : Scatter.Scale.LINEAR), List.of());
            }
            List<String> names = numbers && units.size() == 1
                    ? distinct.stream()
                            .sorted(Comparator.comparingDouble(
                                    value -> number(value).orElseThrow()))
                            .toList()
                    : distinct;
            return new Laid(new Horizontal(label, Scatter.Scale.NAMES, names), names);
        }

        double place(String value) {
            return names.isEmpty() ? number(value).orElseThrow() : names.indexOf(value);
        }

        private static Optional<Double> number(String value) {
            Matcher parts = NUMBER.matcher(value);
            if (!parts.matches()) {
                return Optional.empty();
            }
            try {
                return Optional.of(Python.parseFloat(parts.group(1))).filter(Double::isFinite);
            } catch (NumberFormatException e) {
                return Optional.empty();
            }
        }

        private static Optional<String> unit(String value) {
            Matcher parts = NUMBER.matcher(value);
            return parts.matches() ? Optional.of(Objects.toString(parts.group(2), "")) : Optional.empty();
        }
    }
}
