package org.anneal.runs;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.anneal.checkpoint.AtomicFile;

/**
 * Writes a run's losses and rates between its epochs to {@code progress.csv}: a row every quarter of a second and at each
 * epoch's end, with the mean loss of the batches since the previous row and the rates of the last batch. The page of runs reads
 * it as it grows.
 *
 * <p>A resumed run appends; earlier rows whose steps are repeated after them are void. If it has other columns than before, the
 * earlier rows stay under theirs. If the file cannot be written, training goes on to the end of the epoch and then stops with the
 * reason.
 */
final class ProgressLog implements RunListener, AutoCloseable {
    private static final Duration BETWEEN_ROWS = Duration.ofMillis(250);

    private final Path file;
    private final boolean wasThere;
    private Optional<FileChannel> out = Optional.empty();
    private Optional<Object> key = Optional.empty(); // of the file that is written
    private List<String> columns = List.of();
    private Optional<IOException> failure = Optional.empty();
    private Optional<Batch> last = Optional.empty(); // since the previous row
    private double losses;
    private int batches;
    private long written = System.nanoTime();
    private boolean finishedAnEpoch;

    /** The log of the run in {@code folder}; its file is made with its first row. */
    ProgressLog(Path folder) {
        file = RunTable.PROGRESS.in(folder);
        wasThere = Files.exists(file);
    }

    @Override
    public void batch(Batch batch) {
        last = Optional.of(batch);
        losses += batch.loss();
        batches++;
        if (System.nanoTime() - written >= BETWEEN_ROWS.toNanos()) {
            write();
        }
    }

    @Override
    public void epoch(Epoch epoch) throws IOException {
        write();
        finishedAnEpoch = true;
        if (failure.isPresent()) {
            throw failure.get();
        }
    }

    private void write() {
        if (last.isEmpty() || failure.isPresent()) {
            return;
        }
        try {
            RunTable.Row row = RunTable.row(last.get(), losses / batches);
            RunTable.append(openedFor(row), row.line(columns));
        } catch (IOException e) {
            failure = Optional.of(failed(e));
        }
        last = Optional.empty();
        losses = 0;
        batches = 0;
        written = System.nanoTime();
    }

    private IOException failed(IOException e) {
        return new IOException("cannot write " + file + ": " + AtomicFile.reason(e), e);
    }

    /** {@return the file, which has a column for each number of {@code row}} */
    private FileChannel openedFor(RunTable.Row row) throws IOException {
        if (out.isEmpty() && wasThere) {
            columns = RunTable.columnsOf(file);
        }
        List<String> now = RunTable.columns(columns, row);
        if (out.isEmpty() || !now.equals(columns)) {
            close(out);
            out = Optional.empty();
            if (!now.equals(columns)) {
                String table =
                        RunTable.header(now) + (columns.isEmpty() ? "" : RunTable.rowsWithColumns(file, columns, now));
                AtomicFile.write(file, to -> RunTable.write(to, table));
            }
            columns = now;
            out = Optional.of(FileChannel.open(file, StandardOpenOption.WRITE));
            key = AtomicFile.key(file);
        }
        return out.get();
    }

    private static void close(Optional<FileChannel> out) throws IOException {
        if (out.isPresent()) {
            out.get().close();
        }
    }

    /** Ends the log; if no epoch was finished, deletes its file. */
    @Override
    public void close() throws IOException {
        write();
        try {
            close(out);
        } catch (IOException e) {
            throw failed(e);
        } finally {
            if (!finishedAnEpoch
                    && !wasThere
                    && out.isPresent()
                    && AtomicFile.key(file).equals(key)) { // and not that of another run in its place
                Files.deleteIfExists(file);
            }
        }
    }
}
