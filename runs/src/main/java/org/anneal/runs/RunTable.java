package org.anneal.runs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.text.Python;

/**
 * A table in a run's folder: a line with the columns' names, then a line for each row of numbers, as Python prints them. Rows are
 * appended as the run goes on.
 */
enum RunTable {
    /** A row per epoch. */
    METRICS("metrics.csv", "epoch,step,%s,train_loss,val_loss,val_accuracy,seconds\n"),

    /** Rows within an epoch, each with the mean loss of the batches since the previous row. */
    PROGRESS("progress.csv", "epoch,step,loss,%s\n");

    static final int MOST_COLUMNS = 64; // of a table that is read
    private static final Pattern COLUMN = Pattern.compile("[a-z][a-z0-9_]*");

    private final String file;
    private final String header;

    RunTable(String file, String header) {
        this.file = file;
        this.header = header;
    }

    Path in(Path folder) {
        return folder.resolve(file);
    }

    /** {@return the first line, with a column for the rate of each group, and one for each of {@code numbers}} */
    String header(int groups, Collection<String> numbers) {
        String rates = groups == 1
                ? "lr"
                : IntStream.range(0, groups).mapToObj(group -> "lr" + group).collect(Collectors.joining(","));
        String columns = Stream.concat(Stream.of(rates), numbers.stream()).collect(Collectors.joining(","));
        return String.format(header, columns);
    }

    /** {@return a row of {@link #METRICS}} */
    static String row(RunListener.Epoch epoch) {
        return row(
                epoch.epoch(),
                epoch.step(),
                DoubleStream.concat(
                        Stream.concat(epoch.lr().stream(), epoch.numbers().values().stream())
                                .mapToDouble(Double::doubleValue),
                        DoubleStream.of(epoch.trainLoss(), epoch.valLoss(), epoch.valAccuracy(), epoch.seconds())));
    }

    /** {@return a row of {@link #PROGRESS}} */
    static String row(RunListener.Batch batch, double loss) {
        return row(
                batch.epoch(),
                batch.step(),
                DoubleStream.concat(
                        DoubleStream.of(loss),
                        Stream.concat(batch.lr().stream(), batch.numbers().values().stream())
                                .mapToDouble(Double::doubleValue)));
    }

    private static String row(int epoch, long step, DoubleStream numbers) {
        return epoch + "," + step + "," + numbers.mapToObj(Python::repr).collect(Collectors.joining(",")) + "\n";
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
