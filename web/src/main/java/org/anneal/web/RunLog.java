package org.anneal.web;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/**
 * A table of numbers that a run appends to, read as it grows: the first line names the columns. Lines without an end are
 * left for later. If the file is replaced, or its steps go back because the run was resumed, what no longer holds is
 * dropped; if it grows long, every other row is.
 */
final class RunLog {
    private static final int MOST_ROWS = 4000;
    private static final int CHUNK = 256 * 1024;
    private static final int MOST_COLUMNS = 64;

    private final Path file;
    private Optional<Object> key = Optional.empty(); // which file it is, where the system says so
    private long position;
    private StringBuilder partial = new StringBuilder();
    private List<String> columns = List.of();
    private int stepColumn = -1;
    private final List<List<Optional<Double>>> rows = new ArrayList<>();
    private long generation; // of the rows: it grows when they change otherwise than at their end
    private long every = 1; // of the file's rows, one is kept
    private long skipped;

    RunLog(Path file) {
        this.file = file;
    }

    List<String> columns() {
        return columns;
    }

    List<List<Optional<Double>>> rows() {
        return rows;
    }

    long generation() {
        return generation;
    }

    /** Reads what is new. */
    void refresh() throws IOException {
        BasicFileAttributes attributes;
        try {
            attributes = Files.readAttributes(file, BasicFileAttributes.class);
        } catch (NoSuchFileException e) {
            return; // not yet, or no longer: what was read stays
        }
        Optional<Object> now = Optional.ofNullable(attributes.fileKey());
        if (attributes.size() < position || !Objects.equals(now, key)) {
            startOver();
            key = now;
        }
        if (attributes.size() == position || !attributes.isRegularFile()) {
            return;
        }
        try (FileChannel channel = FileChannel.open(file)) {
            ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
            while (channel.read(buffer, position) > 0) {
                position += buffer.position();
                // Names and numbers: a byte is a character.
                partial.append(new String(buffer.array(), 0, buffer.position(), StandardCharsets.ISO_8859_1));
                buffer.clear();
                takeLines();
            }
        }
    }

    private void startOver() {
        position = 0;
        partial = new StringBuilder();
        columns = List.of();
        stepColumn = -1;
        rows.clear();
        every = 1;
        skipped = 0;
        generation++;
    }

    private void takeLines() {
        int from = 0;
        for (int end = partial.indexOf("\n"); end >= 0; end = partial.indexOf("\n", from)) {
            take(partial.substring(from, end).strip());
            from = end + 1;
        }
        partial.delete(0, from);
        if (partial.length() > CHUNK) {
            partial.setLength(0); // no table of ours
        }
    }

    private void take(String line) {
        if (line.isEmpty()) {
            return;
        }
        String[] cells = line.split(",", MOST_COLUMNS + 1);
        if (columns.isEmpty()) {
            columns = List.of(cells).subList(0, Math.min(cells.length, MOST_COLUMNS));
            stepColumn = columns.indexOf("step");
            return;
        }
        if (cells.length != columns.size()) {
            return;
        }
        List<Optional<Double>> row = new ArrayList<>(cells.length);
        for (String cell : cells) {
            row.add(number(cell));
        }
        dropFrom(row);
        if (skipped++ % every != 0) {
            return;
        }
        rows.add(List.copyOf(row));
        if (rows.size() > MOST_ROWS) {
            thin();
        }
    }

    /** Drops the rows of a part of the run that is done again. */
    private void dropFrom(List<Optional<Double>> row) {
        if (stepColumn < 0 || row.get(stepColumn).isEmpty()) {
            return;
        }
        double step = row.get(stepColumn).get();
        int kept = rows.size();
        while (kept > 0 && rows.get(kept - 1).get(stepColumn).orElse(-1.0) >= step) {
            kept--;
        }
        if (kept < rows.size()) {
            rows.subList(kept, rows.size()).clear();
            generation++;
        }
    }

    private void thin() {
        List<List<Optional<Double>>> kept = new ArrayList<>();
        for (int i = 0; i < rows.size(); i += 2) {
            kept.add(rows.get(i));
        }
        rows.clear();
        rows.addAll(kept);
        every *= 2;
        generation++;
    }

    /** {@return a cell's number; none if it is not one, or not finite, which JSON has no word for} */
    private static Optional<Double> number(String cell) {
        String text = cell.strip().toLowerCase(Locale.ROOT);
        try {
            double value = Double.parseDouble(text);
            return Double.isFinite(value) ? Optional.of(value) : Optional.empty();
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }
}
