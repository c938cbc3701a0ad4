package org.anneal.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.anneal.checkpoint.AtomicFile;
import org.anneal.text.Python;

/** The numbers of {@code --metrics}, a file or a pipe, one per line; Python's {@code nan} and {@code inf} are numbers, too. */
final class Metrics {
    private static final int MOST = 10_000_000;
    private static final int LONGEST_LINE = 1000;
    private static final int SHOWN = 40;

    private Metrics() {}

    /**
     * {@return the first {@code needed} numbers} It reads no further, so the input may be endless.
     *
     * @throws IOException if it cannot be read
     * @throws IllegalArgumentException if there is no file, a line is not a number, or there are fewer than {@code needed}
     */
    static double[] read(Optional<Path> file, long needed) throws IOException {
        Path path = file.orElseThrow(() ->
                new IllegalArgumentException("--metrics must be given for a plateau: a file of numbers, one per line"));
        if (needed > MOST) {
            throw new IllegalArgumentException(
                    "--steps must be at most " + (MOST + 1L) + " for a plateau, but was " + (needed + 1));
        }
        double[] read = new double[Math.min(1024, (int) needed)];
        int count = 0;
        try (Reader text = new BufferedReader(
                // An invalid byte makes a line that is not a number.
                new InputStreamReader(Files.newInputStream(path), StandardCharsets.UTF_8))) {
            while (count < needed) {
                Optional<String> line = line(text);
                if (line.isEmpty()) {
                    throw new IllegalArgumentException("--metrics must have a number for each row but the last, "
                            + needed + ", but " + path + " has " + count);
                } else if (!line.get().isBlank()) {
                    if (count == read.length) {
                        read = Arrays.copyOf(read, (int) Math.min(2L * count, needed));
                    }
                    read[count++] = number(line.get().strip());
                }
            }
        } catch (IOException e) {
            throw new IOException("cannot read " + path + ": " + AtomicFile.reason(e), e);
        }
        return read;
    }

    private static Optional<String> line(Reader text) throws IOException {
        StringBuilder line = new StringBuilder();
        int c = text.read();
        if (c < 0) {
            return Optional.empty();
        }
        for (; c >= 0 && c != '\n' && c != '\r'; c = text.read()) {
            if (line.length() == LONGEST_LINE) { // as in a device, or a file's hole, where no line ends
                throw noNumber(line.toString());
            }
            line.append((char) c);
        }
        return Optional.of(line.toString());
    }

    private static double number(String line) {
        try {
            return Python.parseFloat(line);
        } catch (NumberFormatException e) {
            throw noNumber(line);
        }
    }

    private static IllegalArgumentException noNumber(String line) {
        String shown = line.length() <= SHOWN ? line : line.substring(0, SHOWN) + "...";
        return new IllegalArgumentException("--metrics must have a number on each line, but has '" + shown + "'");
    }
}
