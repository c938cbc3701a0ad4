package org.anneal.runs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.anneal.runs.RunListener.Epoch;

/**
 * A run as its folder tells of it, whatever wrote it.
 *
 * @param folder where it is
 * @param summary what {@code run.json} says, if there is one
 * @param epochs the finished epochs, oldest first, at least one
 * @param points moments within the epochs, oldest first, as far as they were recorded
 */
public record RunRecord(Path folder, Optional<RunConfig.Summary> summary, List<Epoch> epochs, List<Point> points) {

    /**
     * A moment of a run.
     *
     * @param at in epochs since the start
     * @param lr the rate of the step before it, per group
     * @param numbers of that step that schedules drive beside the rates
     */
    public record Point(double at, List<Double> lr, Map<String, Double> numbers) {}

    public RunRecord {
        epochs = List.copyOf(epochs);
        points = List.copyOf(points);
    }

    /**
     * Reads {@code metrics.csv}, {@code progress.csv} and {@code run.json}.
     *
     * @throws IOException if there is no run, none of its epochs is finished, or it cannot be read
     */
    public static RunRecord read(Path folder) throws IOException {
        Path metrics = RunTable.METRICS.in(folder);
        if (!Files.isRegularFile(metrics)) {
            throw new IOException(
                    Files.isDirectory(folder)
                            ? folder + " must be the folder of a run, but has no " + metrics.getFileName()
                            : "there is no folder " + folder);
        }
        List<Epoch> epochs = epochs(metrics);
        if (epochs.isEmpty()) {
            throw new IOException("the run in " + folder + " has no finished epoch");
        }
        TableView progress = new TableView(RunTable.PROGRESS.in(folder));
        progress.refresh();
        return new RunRecord(folder, RunConfig.summary(folder), epochs, points(progress, epochs));
    }

    private static List<Epoch> epochs(Path metrics) throws IOException {
        List<String> lines = Files.readAllLines(metrics, StandardCharsets.ISO_8859_1);
        Optional<List<String>> columns = lines.stream().findFirst().flatMap(RunTable::columns);
        if (columns.isEmpty() || !columns.get().containsAll(List.of("epoch", "step", RunTable.TRAIN_LOSS))) {
            throw new IOException(metrics + " must have the columns epoch, step and " + RunTable.TRAIN_LOSS);
        }
        List<Epoch> epochs = new ArrayList<>();
        for (String line : lines.subList(1, lines.size())) {
            double[] cells = RunTable.cells(line);
            if (cells.length == columns.get().size()) { // else it is being written
                epochs.add(epoch(columns.get(), cells));
            }
        }
        return epochs;
    }

    private static Epoch epoch(List<String> columns, double[] cells) {
        int loss = columns.indexOf(RunTable.TRAIN_LOSS);
        Map<String, Double> metrics = new LinkedHashMap<>();
        for (int i = loss + 1; i < cells.length; i++) {
            if (!RunTable.isOwn(columns.get(i))) {
                metrics.put(columns.get(i), cells[i]);
            }
        }
        int seconds = columns.indexOf("seconds");
        return new Epoch(
                (int) cells[columns.indexOf("epoch")],
                (long) cells[columns.indexOf("step")],
                rates(columns, cells),
                cells[loss],
                metrics,
                seconds < 0 ? Double.NaN : cells[seconds],
                numbers(columns.subList(0, loss), cells));
    }

    private static List<Double> rates(List<String> columns, double[] cells) {
        int only = columns.indexOf("lr"); // of the first group, before there were others
        List<Double> rates = new ArrayList<>();
        for (int i = columns.indexOf("lr0"); i >= 0; i = columns.indexOf("lr" + rates.size())) {
            boolean before = rates.isEmpty() && only >= 0 && Double.isNaN(cells[i]);
            rates.add(cells[before ? only : i]);
        }
        return rates.isEmpty() && only >= 0 ? List.of(cells[only]) : rates;
    }

    private static Map<String, Double> numbers(List<String> columns, double[] cells) {
        Map<String, Double> numbers = new LinkedHashMap<>();
        for (int i = 0; i < columns.size(); i++) {
            if (!RunTable.isOwn(columns.get(i))) {
                numbers.put(columns.get(i), cells[i]);
            }
        }
        return numbers;
    }

    private static List<Point> points(TableView progress, List<Epoch> epochs) {
        List<String> columns = progress.columns();
        int step = columns.indexOf("step");
        int epoch = columns.indexOf("epoch");
        if (step < 0 || epoch < 0) {
            return List.of();
        }
        Map<Integer, Long> ends = new LinkedHashMap<>();
        epochs.forEach(each -> ends.put(each.epoch(), each.step()));
        List<Point> points = new ArrayList<>();
        for (double[] cells : progress.cells()) {
            int number = (int) cells[epoch];
            Optional<Long> end = Optional.ofNullable(ends.get(number));
            long before = Objects.requireNonNullElse(ends.get(number - 1), 0L);
            if (end.isPresent() && (number == 1 || ends.containsKey(number - 1))) {
                double at = number - 1 + (cells[step] - before) / Math.max(1, end.get() - before);
                if (at > (points.isEmpty() ? 0 : points.get(points.size() - 1).at()) && at <= number) {
                    points.add(new Point(at, rates(columns, cells), numbers(columns, cells)));
                }
            }
        }
        return points;
    }

    /** {@return what its user calls it: the title, or else the name of its folder} */
    public String name() {
        return RunTitle.read(folder).orElseGet(this::folderName);
    }

    private String folderName() {
        return String.valueOf(folder.toAbsolutePath().normalize().getFileName());
    }

    /** {@return the names of the metrics of any epoch, as the table has them} */
    public List<String> metrics() {
        Set<String> names = new LinkedHashSet<>();
        epochs.forEach(epoch -> names.addAll(epoch.metrics().keySet()));
        return List.copyOf(names);
    }

    /** {@return what tells the best epoch} */
    public Monitor monitor() {
        return Monitor.of(metrics(), summary);
    }

    /** {@return the time of all epochs, in seconds; NaN if it is not known} */
    public double seconds() {
        return epochs.stream().mapToDouble(Epoch::seconds).sum();
    }
}
