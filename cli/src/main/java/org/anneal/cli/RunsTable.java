package org.anneal.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.plot.Chart;
import org.anneal.runs.Monitor;
import org.anneal.runs.RunConfig;
import org.anneal.runs.RunListener.Epoch;
import org.anneal.runs.RunRecord;
import org.anneal.text.Python;
import org.anneal.train.RunsPicture;

/** Finished runs side by side: a table, the best first, and their picture. */
final class RunsTable {
    private static final String NONE = "-";
    private static final String VAL_LOSS = Monitor.VAL_LOSS.name();

    private final Map<String, RunRecord> runs; // by their names, as they were given
    private final Monitor watched;
    private final List<Monitor> shown;
    private final List<Row> rows = new ArrayList<>();

    /**
     * A run in the table.
     *
     * @param best its best epoch, if one has the number that is watched
     */
    private record Row(String name, RunRecord run, Optional<Epoch> best) {
        Epoch last() {
            return run.epochs().get(run.epochs().size() - 1);
        }

        String schedule() {
            return run.summary().map(RunConfig.Summary::schedule).orElse("");
        }
    }

    /**
     * A table of runs.
     *
     * @param column what tells the best epoch and run; if empty, what the runs watch themselves, or {@code val_loss} if they differ
     * @throws IllegalArgumentException if no run has {@code column}
     */
    RunsTable(List<RunRecord> given, Optional<String> column) {
        runs = named(given);
        watched = watched(given, column);
        shown = shown(given, watched);
        runs.forEach((name, run) -> rows.add(new Row(name, run, watched.best(run.epochs()))));
        rows.sort(Comparator.comparing(
                row -> row.best().map(watched::of).orElse(Double.NaN),
                (one, other) -> watched.isBetter(one, other) ? -1 : watched.isBetter(other, one) ? 1 : 0));
    }

    /** {@return the runs by their titles or the names of their folders, or by the paths where these are not unique} */
    private static Map<String, RunRecord> named(List<RunRecord> given) {
        List<String> names = given.stream().map(RunRecord::name).toList();
        boolean unique = Set.copyOf(names).size() == names.size();
        Map<String, RunRecord> named = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) {
            RunRecord run = given.get(i);
            Path path = run.folder();
            String name = unique ? names.get(i) : path.normalize().toString();
            if (named.putIfAbsent(name, run) != null) {
                throw new IllegalArgumentException("runs must differ, but " + path + " was given twice");
            }
        }
        return named;
    }

    private static Monitor watched(List<RunRecord> runs, Optional<String> column) {
        List<Monitor> own = runs.stream().map(RunRecord::monitor).distinct().toList();
        if (column.isPresent()) {
            Set<String> columns = new LinkedHashSet<>();
            runs.forEach(run -> columns.addAll(run.metrics()));
            columns.add(Monitor.TRAIN_LOSS);
            if (!columns.contains(column.get())) {
                throw new IllegalArgumentException(
                        "--monitor must be one of " + String.join(", ", columns) + ", but was " + column.get());
            }
            return own.stream()
                    .filter(monitor -> monitor.name().equals(column.get()))
                    .findFirst()
                    .orElseGet(() -> Monitor.named(column.get()));
        }
        boolean usual =
                own.size() > 1 && runs.stream().allMatch(run -> run.metrics().contains(VAL_LOSS));
        return usual ? Monitor.VAL_LOSS : own.get(0);
    }

    /** {@return the columns to show: what is watched, and the loss of validation, or if that is watched the first other metric} */
    private static List<Monitor> shown(List<RunRecord> runs, Monitor watched) {
        Optional<String> other = runs.stream()
                .flatMap(run -> run.metrics().stream())
                .filter(metric -> !metric.equals(watched.name()))
                .min(Comparator.comparing(metric -> !metric.equals(VAL_LOSS)));
        return Stream.concat(Stream.of(watched), other.stream().map(Monitor::named))
                .toList();
    }

    /** {@return the picture, a colour for each run} */
    Chart picture(String title, boolean log) {
        return RunsPicture.of(title, runs, Optional.of(watched), log);
    }

    /** {@return the lines of the table} */
    List<String> text() {
        List<List<String>> table = new ArrayList<>();
        List<String> head = new ArrayList<>(List.of("run", "epochs", "best epoch"));
        shown.forEach(column -> head.addAll(List.of(column.name(), "last")));
        head.addAll(List.of("time", "schedule"));
        table.add(head);
        for (Row row : rows) {
            List<String> cells = new ArrayList<>(List.of(
                    row.name(),
                    Integer.toString(row.last().epoch()),
                    row.best().map(epoch -> Integer.toString(epoch.epoch())).orElse(NONE)));
            for (Monitor column : shown) {
                cells.add(fixed(best(row, column)));
                cells.add(fixed(column.of(row.last())));
            }
            cells.add(time(row.run().seconds()));
            cells.add(row.schedule());
            table.add(cells);
        }
        return aligned(table, i -> i == 0 || i == head.size() - 1);
    }

    /** {@return rows of cells as lines, whose columns are aligned to the right but for those to the left} */
    static List<String> aligned(List<List<String>> table, IntPredicate left) {
        int[] widths = IntStream.range(0, table.get(0).size())
                .map(i -> table.stream()
                        .mapToInt(cells -> cells.get(i).length())
                        .max()
                        .orElse(0))
                .toArray();
        return table.stream()
                .map(cells -> IntStream.range(0, cells.size())
                        .mapToObj(i -> padded(cells.get(i), widths[i], left.test(i)))
                        .collect(Collectors.joining("  "))
                        .stripTrailing())
                .toList();
    }

    private static String padded(String cell, int width, boolean left) {
        String room = " ".repeat(width - cell.length());
        return left ? cell + room : room + cell;
    }

    private static double best(Row row, Monitor column) {
        return column.best(row.run().epochs()).map(column::of).orElse(Double.NaN);
    }

    /** {@return a number with four decimals, or - for NaN} */
    static String fixed(double value) {
        if (Double.isNaN(value)) {
            return NONE;
        }
        boolean plain = value == 0 || (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e6);
        return plain ? Python.fixed(value, 4) : Python.scientific(value, 3);
    }

    /** {@return a time as people read it} */
    static String time(double seconds) {
        long whole = Math.round(seconds);
        if (Double.isNaN(seconds)) {
            return NONE;
        } else if (seconds < 60) {
            return Python.fixed(seconds, 1) + " s";
        }
        return whole < 3600
                ? String.format(Locale.ROOT, "%d:%02d min", whole / 60, whole % 60)
                : String.format(Locale.ROOT, "%d:%02d h", whole / 3600, whole % 3600 / 60);
    }

    /** {@return a run's numbers by their names; NaN where there is none} */
    private Map<String, Double> numbers(Row row) {
        Map<String, Double> numbers = new LinkedHashMap<>();
        numbers.put("epochs", (double) row.last().epoch());
        numbers.put(
                "best_epoch", row.best().map(epoch -> (double) epoch.epoch()).orElse(Double.NaN));
        for (Monitor column : shown) {
            numbers.put(column.name() + "_best", best(row, column));
            numbers.put(column.name() + "_last", column.of(row.last()));
        }
        numbers.put("seconds", row.run().seconds());
        return numbers;
    }

    private static String number(String name, double value, String none) {
        return !Double.isFinite(value)
                ? none
                : name.endsWith("epochs") || name.equals("best_epoch")
                        ? Long.toString((long) value)
                        : Python.repr(value);
    }

    /** {@return the table as CSV} */
    List<String> csv() {
        List<String> lines = new ArrayList<>();
        lines.add("run,schedule," + String.join(",", numbers(rows.get(0)).keySet()));
        for (Row row : rows) {
            lines.add(quoted(row.name()) + "," + quoted(row.schedule()) + ","
                    + numbers(row).entrySet().stream()
                            .map(each -> number(each.getKey(), each.getValue(), ""))
                            .collect(Collectors.joining(",")));
        }
        return lines;
    }

    private static String quoted(String text) {
        return text.matches("[^,\"\\n\\r]*") ? text : '"' + text.replace("\"", "\"\"") + '"';
    }

    /** {@return the table as JSON} */
    String json() {
        return "{\"monitor\": " + CheckCommand.quote(watched.name()) + ", \"runs\": ["
                + rows.stream()
                        .map(row -> "\n  {\"run\": " + CheckCommand.quote(row.name()) + ", \"schedule\": "
                                + CheckCommand.quote(row.schedule())
                                + numbers(row).entrySet().stream()
                                        .map(each -> ", \"" + each.getKey() + "\": "
                                                + number(each.getKey(), each.getValue(), "null"))
                                        .collect(Collectors.joining())
                                + "}")
                        .collect(Collectors.joining(","))
                + "]}";
    }
}
