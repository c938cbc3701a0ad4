package org.anneal.train;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.plot.Chart;
import org.anneal.plot.Panel;
import org.anneal.plot.Series;
import org.anneal.runs.Monitor;
import org.anneal.runs.RunConfig;
import org.anneal.runs.RunListener.Epoch;
import org.anneal.runs.RunRecord;
import org.anneal.text.Python;

/**
 * The picture of a run, or of several over one another: losses, the metric that is watched, the rate of each group, and what else
 * schedules drive, over the epochs. The best epoch is in a ring. Several runs have a colour each; a single one has a colour for
 * each curve.
 */
public final class RunsPicture {
    private static final String VAL_LOSS = Monitor.VAL_LOSS.name();
    private static final String EPOCH = "epoch";

    private RunsPicture() {}

    /**
     * What is drawn of a run.
     *
     * @param name the run's
     * @param monitor what tells its best epoch
     * @param groups the names of the optimizer's groups
     * @param numbers the columns of what schedules drive beside the rates
     * @param edges between the steps, in epochs
     * @param steps the rate of each group, then the other numbers, between the edges
     */
    record Curves(
            String name,
            List<Epoch> epochs,
            Monitor monitor,
            List<String> groups,
            List<String> numbers,
            List<Double> edges,
            List<double[]> steps) {

        /** {@return the metrics of any epoch} */
        Set<String> metrics() {
            Set<String> names = new LinkedHashSet<>();
            epochs.forEach(epoch -> names.addAll(epoch.metrics().keySet()));
            return names;
        }

        boolean has(String column) {
            return epochs.stream().anyMatch(epoch -> !Double.isNaN(epoch.metric(column)));
        }
    }

    /**
     * {@return the picture of finished runs}
     *
     * @param title the text above
     * @param runs at least one; with a name for each, in the order of the colours
     * @param watched what tells the best epoch, and is shown; if empty, what each run watches itself
     * @param log whether the axis of the rate is logarithmic
     * @throws IllegalArgumentException if there is no run
     */
    public static Chart of(String title, Map<String, RunRecord> runs, Optional<Monitor> watched, boolean log) {
        if (runs.isEmpty()) {
            throw new IllegalArgumentException("runs must have at least 1 run, but has none");
        }
        List<Curves> curves = new ArrayList<>();
        runs.forEach((name, run) -> curves.add(curves(name, run, watched.orElseGet(run::monitor))));
        return draw(title, curves, log);
    }

    private static Curves curves(String name, RunRecord run, Monitor monitor) {
        Map<Double, RunRecord.Point> points = new TreeMap<>();
        run.epochs()
                .forEach(epoch -> points.put(
                        (double) epoch.epoch(), new RunRecord.Point(epoch.epoch(), epoch.lr(), epoch.numbers())));
        run.points().forEach(point -> points.put(point.at(), point));
        List<RunRecord.Point> all = List.copyOf(points.values());
        int groups = all.stream().mapToInt(point -> point.lr().size()).max().orElse(0);
        Set<String> numbers = new LinkedHashSet<>();
        all.forEach(point -> numbers.addAll(point.numbers().keySet()));
        List<double[]> steps = new ArrayList<>();
        for (int i = 0; i < groups; i++) {
            int group = i;
            steps.add(all.stream()
                    .mapToDouble(point -> group < point.lr().size() ? point.lr().get(group) : Double.NaN)
                    .toArray());
        }
        numbers.forEach(number -> steps.add(all.stream()
                .mapToDouble(point -> point.numbers().getOrDefault(number, Double.NaN))
                .toArray()));
        double start = run.epochs().get(0).epoch() - 1;
        List<Double> edges = Stream.concat(Stream.of(start), all.stream().map(RunRecord.Point::at))
                .toList();
        List<String> names = names(run.summary(), groups);
        return new Curves(name, run.epochs(), monitor, names, List.copyOf(numbers), edges, steps);
    }

    private static List<String> names(Optional<RunConfig.Summary> summary, int groups) {
        List<String> names = summary.map(RunConfig.Summary::groupNames)
                .filter(known -> known.size() == groups)
                .orElseGet(() -> IntStream.range(0, groups)
                        .mapToObj(group -> "group " + group)
                        .toList());
        return IntStream.range(0, groups)
                .mapToObj(i -> Collections.frequency(names, names.get(i)) == 1 ? names.get(i) : i + " " + names.get(i))
                .toList();
    }

    /** {@return the picture} */
    static Chart draw(String title, List<Curves> runs, boolean log) {
        List<Panel> panels = new ArrayList<>();
        panels.add(new Panel(lossLabel(runs), losses(runs)));
        metric(runs).ifPresent(metric -> panels.add(new Panel(words(metric), measured(runs, metric))));
        if (runs.stream().anyMatch(run -> !run.groups().isEmpty())) {
            panels.add(new Panel("learning rate", log, rates(runs)));
        }
        numbers(runs).forEach((number, series) -> panels.add(new Panel(number.replace('_', ' '), series)));
        return new Chart(title, EPOCH, panels);
    }

    private static boolean isLoss(String column) {
        return column.equals(Monitor.TRAIN_LOSS) || column.equals(VAL_LOSS) || column.endsWith("_" + VAL_LOSS);
    }

    private static String lossLabel(List<Curves> runs) {
        if (runs.size() == 1) {
            return "loss";
        }
        Set<String> main = new LinkedHashSet<>();
        runs.forEach(run -> main.add(mainLoss(run)));
        return main.size() == 1 ? words(main.iterator().next()) : "loss";
    }

    /** {@return the loss of a run that stands out: the one that is watched, or of validation if there is one} */
    private static String mainLoss(Curves run) {
        String watched = run.monitor().name();
        if (isLoss(watched) && run.has(watched)) {
            return watched;
        }
        return run.has(VAL_LOSS) ? VAL_LOSS : Monitor.TRAIN_LOSS;
    }

    private static List<Series> losses(List<Curves> runs) {
        boolean several = runs.size() > 1;
        List<Series> series = new ArrayList<>();
        for (int i = 0; i < runs.size(); i++) {
            Curves run = runs.get(i);
            String main = mainLoss(run);
            if (!main.equals(Monitor.TRAIN_LOSS)) {
                series.add(line(run, Monitor.TRAIN_LOSS, "train").faint().coloured(several ? i : 1));
            }
            addAverages(run, VAL_LOSS, main, several ? OptionalInt.of(i) : OptionalInt.empty(), series);
            String label = several ? run.name() : brief(main);
            series.add(ringed(line(run, main, label), run, main).coloured(several ? i : 0));
        }
        return series;
    }

    /** Adds the curves of a measure, plain and of averages of the weights, but for the main one. */
    private static void addAverages(Curves run, String measure, String main, OptionalInt colour, List<Series> series) {
        List<String> others = Stream.concat(Stream.of(measure), run.metrics().stream())
                .distinct()
                .filter(name -> name.equals(measure) || name.endsWith("_" + measure))
                .filter(name -> !name.equals(main) && run.has(name))
                .toList();
        for (int k = 0; k < others.size(); k++) {
            Series line = line(run, others.get(k), brief(others.get(k)));
            series.add(colour.isPresent() ? line.dotted().coloured(colour.getAsInt()) : line.coloured(k + 2));
        }
    }

    /** {@return a column's name beside others of its measure: train, validation, or that of an average, ema} */
    private static String brief(String column) {
        int validation = column.indexOf("_val_");
        return column.equals(Monitor.TRAIN_LOSS)
                ? "train"
                : validation > 0 ? column.substring(0, validation).replace('_', ' ') : "validation";
    }

    /** {@return the metric to show: the one that is watched, or the first} */
    private static Optional<String> metric(List<Curves> runs) {
        return runs.stream()
                .map(run -> run.monitor().name())
                .filter(watched -> !isLoss(watched))
                .filter(watched -> runs.stream().anyMatch(run -> run.has(watched)))
                .findFirst()
                .or(() -> runs.stream()
                        .flatMap(run -> run.metrics().stream().filter(metric -> !isLoss(metric) && run.has(metric)))
                        .findFirst());
    }

    private static List<Series> measured(List<Curves> runs, String metric) {
        boolean several = runs.size() > 1;
        String measure = metric.replaceFirst("^.+_(val_)", "$1");
        List<Series> series = new ArrayList<>();
        for (int i = 0; i < runs.size(); i++) {
            Curves run = runs.get(i);
            int before = series.size();
            addAverages(run, measure, metric, several ? OptionalInt.of(i) : OptionalInt.empty(), series);
            if (run.has(metric)) {
                String label = several ? run.name() : series.size() > before ? brief(metric) : "";
                series.add(ringed(line(run, metric, label), run, metric).coloured(several ? i : 0));
            }
        }
        return series;
    }

    private static Series line(Curves run, String column, String label) {
        ToDoubleFunction<Epoch> value = epoch -> epoch.metric(column);
        return Series.line(
                label,
                run.epochs().stream().mapToDouble(Epoch::epoch).toArray(),
                run.epochs().stream().mapToDouble(value).toArray());
    }

    /** {@return a line with the best epoch in a ring, and what it was then} */
    private static Series ringed(Series line, Curves run, String column) {
        return run.monitor()
                .best(run.epochs())
                .map(best -> line.ringed(
                        best.epoch(),
                        (column.equals(run.monitor().name()) ? "best " : "") + round(best.metric(column)) + ", epoch "
                                + best.epoch()))
                .orElse(line);
    }

    /** {@return four digits of a number} */
    static String round(double value) {
        return Double.isFinite(value)
                ? Python.repr(Python.parseFloat(Python.scientific(value, 3))).replaceFirst("\\.0$", "")
                : Python.repr(value);
    }

    private static List<Series> rates(List<Curves> runs) {
        List<Series> series = new ArrayList<>();
        for (int i = 0; i < runs.size(); i++) {
            Curves run = runs.get(i);
            for (int group = 0; group < run.groups().size(); group++) {
                series.add(stairs(runs, i, group, run.steps().get(group)));
            }
        }
        return series;
    }

    /** {@return the curves of the numbers that schedules drive beside the rates, of all groups, by the numbers' names} */
    private static Map<String, List<Series>> numbers(List<Curves> runs) {
        Map<String, List<Series>> numbers = new LinkedHashMap<>();
        for (int i = 0; i < runs.size(); i++) {
            Curves run = runs.get(i);
            int groups = run.groups().size();
            int all = run.numbers().size();
            for (int k = 0; k < all; k++) {
                // Each group has its numbers in turn, and its own number behind their names.
                int group = k * groups / all;
                String column = run.numbers().get(k);
                String name = groups == 1 ? column : column.replaceFirst(group + "$", "");
                numbers.computeIfAbsent(name, none -> new ArrayList<>())
                        .add(stairs(runs, i, group, run.steps().get(groups + k)));
            }
        }
        return numbers;
    }

    private static Series stairs(List<Curves> runs, int i, int group, double[] values) {
        Curves run = runs.get(i);
        boolean several = runs.size() > 1;
        String name = run.groups().size() > 1 ? run.groups().get(group) : "";
        String label = !several ? name : name.isEmpty() ? run.name() : run.name() + ", " + name;
        return Series.stairs(
                        label,
                        run.edges().stream().mapToDouble(Double::doubleValue).toArray(),
                        values)
                .coloured(several ? i : group);
    }

    /** {@return a column's name in words} */
    private static String words(String column) {
        return Monitor.named(column).inWords();
    }
}
