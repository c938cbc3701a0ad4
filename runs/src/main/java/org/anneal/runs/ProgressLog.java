package org.anneal.runs;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.anneal.checkpoint.AtomicFile;

/**
 * Writes a run's losses and rates between its epochs to {@code progress.csv}: a row every quarter of a second and at each
 * epoch's end, with the mean loss of the batches since the previous row and the rates of the last batch. The page of runs reads
 * it as it grows.
 *
 * <p>A resumed run appends; earlier rows whose steps are repeated after them are void. If the file cannot be written, training
 * goes on to the end of the epoch and then stops with the reason.
 */
public final class ProgressLog implements RunListener, AutoCloseable {
    private static final Duration BETWEEN_ROWS = Duration.ofMillis(250);

    private final Path file;
    private final boolean wasThere;
    private final FileChannel out;
    private final Optional<Object> key; // of the file that is written
    private Optional<IOException> failure = Optional.empty();
    private Optional<Batch> last = Optional.empty(); // since the previous row
    private double losses;
    private int batches;
    private long written = System.nanoTime();
    private boolean finishedAnEpoch;

    /**
     * Opens the log of a run.
     *
     * @param folder the run's folder, which must exist
     * @param groups parameter groups of the optimizer; a row has a rate for each
     * @throws IOException if it cannot be written
     */
    public ProgressLog(Path folder, int groups) throws IOException {
        this(folder, groups, List.of());
    }

    /**
     * Opens the log of a run whose schedules drive numbers beside the rates.
     *
     * @param numbers the names of their columns, as {@link RunListener#numbers} has them
     * @throws IOException if it cannot be written
     */
    public ProgressLog(Path folder, int groups, Collection<String> numbers) throws IOException {
        file = RunTable.PROGRESS.in(folder);
        wasThere = Files.exists(file);
        try {
            out = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            key = AtomicFile.key(file);
        } catch (IOException e) {
            throw failed(e);
        }
        try {
            if (!wasThere) {
                RunTable.append(out, RunTable.PROGRESS.header(groups, numbers));
            }
        } catch (IOException e) {
            throw RunFolder.cleaned(failed(e), this::close);
        }
    }

    private IOException failed(IOException e) {
        return new IOException("cannot write " + file + ": " + AtomicFile.reason(e), e);
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
            RunTable.append(out, RunTable.row(last.get(), losses / batches));
        } catch (IOException e) {
            failure = Optional.of(failed(e));
        }
        last = Optional.empty();
        losses = 0;
        batches = 0;
        written = System.nanoTime();
    }

    /** Ends the log; if no epoch was finished, deletes its file. */
    @Override
    public void close() throws IOException {
        write();
        try {
            out.close();
        } catch (IOException e) {
            throw failed(e);
        } finally {
            if (!finishedAnEpoch
                    && !wasThere
                    && AtomicFile.key(file).equals(key)) { // and not that of another run in its place
                Files.deleteIfExists(file);
            }
        }
    }
}
