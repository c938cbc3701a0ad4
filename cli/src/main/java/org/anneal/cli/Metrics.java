package org.anneal.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.anneal.checkpoint.AtomicFile;

/** The file of {@code --metrics}: a number a line, of which Python's {@code nan} and {@code inf} are some. */
final class Metrics {
    private Metrics() {}

    /**
     * {@return the numbers of a file}
     *
     * @throws IOException if it cannot be read
     * @throws IllegalArgumentException if there is no file, a line is no number, or there are fewer than {@code needed}
     */
    static double[] read(Optional<Path> file, long needed) throws IOException {
        Path path = file.orElseThrow(
                () -> new IllegalArgumentException("--metrics must name a file of numbers, one a line, for a plateau"));
        double[] read;
        try {
            read = Files.readAllLines(path).stream()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty())
                    .mapToDouble(Metrics::number)
                    .toArray();
        } catch (IOException e) {
            throw new IOException("cannot read " + path + ": " + AtomicFile.reason(e), e);
        }
        if (read.length < needed) {
            throw new IllegalArgumentException("--metrics must have a number after each row but the last, " + needed
                    + ", but " + path + " has " + read.length);
        }
        return read;
    }

    private static double number(String line) {
        return switch (line.toLowerCase(Locale.ROOT)) {
            case "nan" -> Double.NaN;
            case "inf" -> Double.POSITIVE_INFINITY;
            case "-inf" -> Double.NEGATIVE_INFINITY;
            default -> {
                try {
                    yield Double.parseDouble(line);
                } catch (NumberFormatException e) {
                    throw new IllegalArgumentException(
                            "--metrics must hold a number in each line, but one is '" + line + "'", e);
                }
            }
        };
    }
}
