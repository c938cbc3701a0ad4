package org.anneal.runs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.DoubleStream;

/**
 * A table that a run appends to, {@code metrics.csv} or {@code progress.csv}, read as it grows. Incomplete lines are left for
 * later. If the file is replaced, or its steps go back because the run was resumed, rows that no longer hold are dropped. If it
 * grows long, it is thinned: of each stretch of rows, those with the least or greatest number of a column are kept, so that no
 * peak is lost, and the last one.
 *
 * <p>Links are not followed, as they may lead anywhere. A file whose first line is not a run's has no rows.
 */
public final class TableView {
    private static final int MOST_ROWS = 4000;
    private static final int CHUNK = 256 * 1024;

    /** A row that is kept. */
    private static final class Row {
        final long at; // its index in the file
        final double[] cells; // NaN where there is no number

        Row(long at, double[] cells) {
            this.at = at;
            this.cells = cells;
        }
    }

    private final Path file;
    private Optional<Object> key = Optional.empty(); // identifies the file, where the system can
    private long position;
    private StringBuilder partial = new StringBuilder();
    private boolean foreign; // not a run's table
    private List<String> columns = List.of();
    private int stepColumn = -1;
    private List<Row> rows = new ArrayList<>();
    private long taken; // rows read so far
    private long width = 1; // of a stretch that is thinned, in rows of the file
    private int settled;
    private long generation;

    TableView(Path file) {
        this.file = file;
    }

    /** {@return the columns' names; none until the file is known to be a run's table} */
    public List<String> columns() {
        return columns;
    }

    /** {@return the kept rows from {@code from} on; a cell that is not a finite number is empty} */
    public List<List<Optional<Double>>> rows(int from) {
        return rows.subList(from, rows.size()).stream()
                .map(row -> DoubleStream.of(row.cells)
                        .mapToObj(cell -> Double.isNaN(cell) ? Optional.<Double>empty() : Optional.of(cell))
                        .toList())
                .toList();
    }

    /** {@return the kept rows; a cell that is not a finite number is NaN} */
    List<double[]> cells() {
        return rows.stream().map(row -> row.cells).toList();
    }

    /** {@return how many rows have been read} */
    public long taken() {
        return taken;
    }

    /** {@return how many of the kept rows stay the same until the generation changes} */
    public int settled() {
        return settled;
    }

    /** {@return a number that grows when settled rows change} */
    public long generation() {
        return generation;
    }

    /** Reads what is new. */
    void refresh() throws IOException {
        BasicFileAttributes attributes;
        try {
            attributes = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            return; // not there yet, or no longer: what was read stays
        }
        if (!attributes.isRegularFile()) {
            return;
        }
        Optional<Object> now = Optional.ofNullable(attributes.fileKey());
        if (attributes.size() < position || !Objects.equals(now, key)) {
            startOver();
            key = now;
        }
        if (attributes.size() == position || foreign) {
            return;
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
            ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
            while (!foreign && channel.read(buffer, position) > 0) {
                position += buffer.position();
                // Names and numbers are ASCII: each byte is a character.
                partial.append(new String(buffer.array(), 0, buffer.position(), StandardCharsets.ISO_8859_1));
                buffer.clear();
                takeLines();
            }
        }
    }

    private void startOver() {
        position = 0;
        partial = new StringBuilder();
        foreign = false;
        columns = List.of();
        stepColumn = -1;
        rows.clear();
        taken = 0;
        width = 1;
        settled = 0;
        generation++;
    }

    private void takeLines() {
        int from = 0;
        for (int end = partial.indexOf("\n"); end >= 0 && !foreign; end = partial.indexOf("\n", from)) {
            take(partial.substring(from, end).strip());
            from = end + 1;
        }
        partial.delete(0, from);
        if (foreign || partial.length() > CHUNK) {
            partial.setLength(0); // not a run's table
        }
    }

    private void take(String line) {
        if (line.isEmpty()) {
            return;
        }
        if (columns.isEmpty()) {
            columns = RunTable.columns(line).orElse(List.of());
            foreign = columns.isEmpty();
            stepColumn = columns.indexOf("step");
            return;
        }
        double[] cells = RunTable.cells(line);
        if (cells.length != columns.size()) {
            return;
        }
        dropFrom(cells);
        add(cells);
    }

    /** Drops the rows from this row's step on, which a resumed run repeats. */
    private void dropFrom(double[] cells) {
        if (stepColumn < 0 || Double.isNaN(cells[stepColumn])) {
            return;
        }
        int kept = rows.size();
        while (kept > 0 && rows.get(kept - 1).cells[stepColumn] >= cells[stepColumn]) {
            kept--;
        }
        if (kept < rows.size()) {
            rows.subList(kept, rows.size()).clear();
            settled = Math.min(settled, kept);
            generation++;
        }
    }

    private void add(double[] cells) {
        List<Row> open = rows.subList(settled, rows.size());
        boolean full = !open.isEmpty() && open.get(0).at / width != taken / width;
        if (full || open.size() > 4 * columns.size()) {
            List<Row> kept = extremes(open);
            open.clear();
            rows.addAll(kept);
        }
        if (full) {
            settled = rows.size();
        }
        rows.add(new Row(taken++, cells));
        if (rows.size() > MOST_ROWS) {
            thin();
        }
    }

    private void thin() {
        do {
            width *= 2;
            List<Row> kept = new ArrayList<>();
            int from = 0;
            for (int i = 1; i <= rows.size(); i++) {
                if (i == rows.size() || rows.get(i).at / width != rows.get(from).at / width) {
                    settled = kept.size();
                    kept.addAll(extremes(rows.subList(from, i)));
                    from = i;
                }
            }
            rows = kept;
        } while (rows.size() > MOST_ROWS / 2);
        generation++;
    }

    /** {@return the rows with the least or greatest number of a column, and the last} */
    private List<Row> extremes(List<Row> of) {
        BitSet kept = new BitSet();
        kept.set(of.size() - 1);
        for (int column = 0; column < columns.size(); column++) {
            int least = -1;
            int greatest = -1;
            for (int i = 0; i < of.size(); i++) {
                double cell = of.get(i).cells[column];
                if (!Double.isNaN(cell)) {
                    least = least < 0 || cell < of.get(least).cells[column] ? i : least;
                    greatest = greatest < 0 || cell > of.get(greatest).cells[column] ? i : greatest;
                }
            }
            if (least >= 0) {
                kept.set(least);
                kept.set(greatest);
            }
        }
        return kept.stream().mapToObj(of::get).toList();
    }
}
