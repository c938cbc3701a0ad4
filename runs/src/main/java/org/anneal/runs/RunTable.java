package org.anneal.runs;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.text.Python;

/**
 * A table in a run's folder: a line with the columns' names, then a line for each row of numbers, as Python prints them. Rows are
 * appended as the run goes on.
 */
enum RunTable {
    /** A row per epoch. */
    METRICS("metrics.csv"),

    /** Rows within an epoch, each with the mean loss of the batches since the previous row. */
    PROGRESS("progress.csv");

    static final String TRAIN_LOSS = "train_loss";
    static final int MOST_COLUMNS = 64; // of a table that is read
    private static final Pattern COLUMN = Pattern.compile("[a-z][a-z0-9_]*");
    private static final Pattern OTHERS = Pattern.compile("epoch|step|lr\\d*|loss|train_loss|seconds");

    private final String file;

    RunTable(String file) {
        this.file = file;
    }

    Path in(Path folder) {
        return folder.resolve(file);
    }

    /** A line: the columns' names and their numbers. */
    record Row(Map<String, Number> cells) {
        Set<String> columns() {
            return cells.keySet();
        }

        /** {@return the line of a table with {@code columns}; a number that is not there is NaN} */
        String line(Collection<String> columns) {
            return columns.stream()
                            .map(column -> cells.getOrDefault(column, Double.NaN))
                            .map(cell ->
                                    cell instanceof Double real ? Python.repr(real.doubleValue()) : cell.toString())
                            .collect(Collectors.joining(","))
                    + "\n";
        }
    }

    /** {@return the first line of a table} */
    static String header(Collection<String> columns) {
        return String.join(",", columns) + "\n";
    }

    /** {@return a row of {@link #METRICS}} */
    static Row row(RunListener.Epoch epoch) {
        Map<String, Number> cells = row(epoch.epoch(), epoch.step());
        putRates(epoch.lr(), epoch.numbers(), cells);
        cells.put(TRAIN_LOSS, epoch.trainLoss());
        cells.putAll(epoch.metrics());
        cells.put("seconds", epoch.seconds());
        return new Row(cells);
    }

    /** {@return a row of {@link #PROGRESS}} */
    static Row row(RunListener.Batch batch, double loss) {
        Map<String, Number> cells = row(batch.epoch(), batch.step());
        cells.put("loss", loss);
        putRates(batch.lr(), batch.numbers(), cells);
        return new Row(cells);
    }

    private static Map<String, Number> row(int epoch, long step) {
        Map<String, Number> cells = new LinkedHashMap<>();
        cells.put("epoch", epoch);
        cells.put("step", step);
        return cells;
    }

    /** Puts a column for the rate of each group, and one for each of {@code numbers}. */
    private static void putRates(List<Double> lr, Map<String, Double> numbers, Map<String, Number> cells) {
        for (int group = 0; group < lr.size(); group++) {
            cells.put(lr.size() == 1 ? "lr" : "lr" + group, lr.get(group));
        }
        cells.putAll(numbers);
    }

    /**
     * {@return the columns of a table whose last row is {@code row}, which may have new ones} These go where they are in that row:
     * behind the column before them.
     */
    static List<String> columns(List<String> before, Row row) {
        List<String> columns = new ArrayList<>(before);
        int at = 0;
        for (String column : row.columns()) {
            int known = columns.indexOf(column);
            if (known < 0) {
                columns.add(at, column);
            }
            at = (known < 0 ? at : known) + 1;
        }
        return columns;
    }

    /** {@return the columns in the first line of a file; none if it is no table} */
    static List<String> columnsOf(Path file) throws IOException {
        try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
            return Optional.ofNullable(lines.readLine())
                    .flatMap(RunTable::columns)
                    .orElse(List.of());
        }
    }

    /** {@return the rows of a file with the columns {@code before} as those of a table with the columns {@code now}} */
    static String rowsWithColumns(Path file, List<String> before, List<String> now) throws IOException {
        try (Stream<String> lines = Files.lines(file, StandardCharsets.ISO_8859_1)) {
            return lines.skip(1)
                    .map(line -> List.of(line.split(",", -1)))
                    .filter(cells -> cells.size() == before.size())
                    .map(cells -> now.stream()
                            .map(column -> before.contains(column) ? cells.get(before.indexOf(column)) : "nan")
                            .collect(Collectors.joining(",", "", "\n")))
                    .collect(Collectors.joining());
        }
    }

    /** {@return whether a column has what every run has, and neither a metric nor a number that a schedule drives} */
    static boolean isOwn(String column) {
        return OTHERS.matcher(column).matches();
    }

    /** Refuses a metric's name that would be no column, or another one. */
    static void checkMetric(String name) {
        if (!COLUMN.matcher(name).matches() || OTHERS.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "a metric's name must be lower-case letters, digits and _, and not one of epoch,"
                            + " step, lr, loss, train_loss and seconds, but was '" + name + "'");
        }
    }

    /** {@return the columns' names in a first line, if it is one} */
    static Optional<List<String>> columns(String line) {
        String[] names = line.split(",", MOST_COLUMNS + 1);
        return names.length <= MOST_COLUMNS
                        && Stream.of(names)
                                .allMatch(name -> COLUMN.matcher(name).matches())
                ? Optional.of(List.of(names))
                : Optional.empty();
    }

    /** {@return the numbers of a row; NaN where a cell is not a finite number} */
    static double[] cells(String line) {
        return Stream.of(line.split(",", MOST_COLUMNS + 1))
                .mapToDouble(RunTable::number)
                .toArray();
    }

    private static double number(String cell) {
        try {
            double value = Double.parseDouble(cell);
            return Double.isFinite(value) ? value : Double.NaN;
        } catch (NumberFormatException e) {
            return Double.NaN;
        }
    }

    /** Appends the lines: all of them, or none. */
    static void append(FileChannel table, String lines) throws IOException {
        long end = table.size();
        try {
            write(table.position(end), lines);
        } catch (IOException e) {
            table.truncate(end);
            throw e;
        }
    }

    static void write(FileChannel file, String lines) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(lines.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            file.write(bytes);
        }
    }
}
