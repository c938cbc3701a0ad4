package org.anneal.runs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.checkpoint.AtomicFile;
import org.anneal.optim.RateGroup;
import org.anneal.optim.Schedulable;

/**
 * The folder that a run writes to, whatever trains it: {@code metrics.csv}, a row per epoch as the run goes on; {@code progress.csv},
 * a row now and then within the epochs; {@code run.json} (see {@link #describe}); TensorBoard's event files (see {@link #tensorBoard}); and what its owner {@link #write}s.
 *
 * <p>The files are complete at any time, even if the process is killed: a row or file that cannot be written leaves what was
 * there. Only one run at a time writes to a folder, guarded by the file {@code run.lock}. If the folder is removed or replaced,
 * the run ends with an {@link IOException} that says so. A run that is closed before there was anything to {@link #keep} deletes
 * what it made.
 *
 * <pre>{@code
 * try (RunFolder run = RunFolder.create(Path.of("runs/today"))) {
 *     run.batch(new RunListener.Batch(1, 1, 100, 1, List.of(0.1), 2.3));
 *     ...
 *     run.epoch(new RunListener.Epoch(1, 100, List.of(0.1), 1.2, Map.of("val_loss", 1.1), 12.5));
 * }
 * }</pre>
 */
public final class RunFolder implements RunListener, AutoCloseable {
    /** The picture that is drawn when a run ends; if it is missing, the run goes on or was killed. */
    public static final String CURVE = "curve.png";

    private static final Pattern TEMPORARY = Pattern.compile("((metrics|progress)\\.csv|curve\\.png|run\\.json)\\.tmp");
    private static final Duration BETWEEN_CHECKS = Duration.ofSeconds(1);

    private final Path folder;
    private final Path metrics;
    private final List<Path> madeFolders; // the innermost first
    private final Set<Path> madeFiles = new LinkedHashSet<>(); // deleted if nothing is to be kept
    private final FolderLock lock;
    private final Instant started;
    private final List<RunTable.Row> rows = new ArrayList<>();
    private List<String> columns = List.of("epoch", "step"); // known before the first epoch
    private boolean kept;
    private boolean finished; // whatever epochs are missing
    private long epochs; // of the whole run; 0 if it is not known
    private long done; // the number of the last epoch
    private long checked = System.nanoTime();
    private final ProgressLog progress;
    private Map<String, Object> description = Map.of(); // in run.json
    private Optional<TensorBoardLog> tensorBoard = Optional.empty();

    /** Another run is writing to the folder. */
    public static final class InUseException extends IOException {
        private static final long serialVersionUID = 1;

        InUseException(String message) {
            super(message);
        }
    }

    /** Writes into a folder, or deletes from it. */
    @FunctionalInterface
    public interface Writing {
        void write() throws IOException;
    }

    /**
     * Makes a folder for a run, and its table, which gets the columns of the epochs.
     *
     * @throws IOException if a run is in the folder already, in this process or another, or it cannot be written to
     */
    public static RunFolder create(Path folder) throws IOException {
        return new RunFolder(folder, Optional.empty(), List.of());
    }

    /**
     * Resumes a run: the table then has the given epochs and no others.
     *
     * @param folder the run's own folder, or one without a run, which is made if it is missing
     * @param epochs that were finished before
     * @param check called when no other run can write to the folder any more, before anything is changed
     * @throws InUseException if another run is writing to the folder
     * @throws IOException if {@code check} throws it, or the folder cannot be written to
     */
    public static RunFolder resume(Path folder, List<Epoch> epochs, Writing check) throws IOException {
        return new RunFolder(folder, Optional.of(check), epochs);
    }

    private RunFolder(Path folder, Optional<Writing> resumes, List<Epoch> epochs) throws IOException {
        this.folder = folder;
        metrics = RunTable.METRICS.in(folder);
        madeFolders = Stream.iterate(folder.toAbsolutePath(), Files::notExists, Path::getParent)
                .toList();
        lock = made(folder);
        started = RunConfig.summary(folder)
                .flatMap(RunConfig.Summary::started)
                .orElseGet(() -> Instant.now().truncatedTo(ChronoUnit.MILLIS));
        boolean wasThere = resumes.isPresent() && isRun(folder);
        kept = wasThere || !epochs.isEmpty();
        epochs.forEach(this::add);
        try {
            if (resumes.isPresent()) {
                resumes.get().write();
            }
            if (wasThere) {
                deleteFiles(folder, TEMPORARY);
            } else if (isRun(folder)) {
                throw new IOException("folder " + folder + " must not hold a run, but has a " + metrics.getFileName());
            } else {
                madeFiles.add(metrics);
            }
            writeTable();
        } catch (IOException e) {
            throw cleaned(e, () -> {
                lock.close();
                deleteMadeFolders();
            });
        }
        progress = new ProgressLog(folder);
    }

    /** {@return the row of an epoch, which has got its place in the table} */
    private RunTable.Row add(Epoch epoch) {
        RunTable.Row row = RunTable.row(epoch);
        rows.add(row);
        done = epoch.epoch();
        columns = RunTable.columns(columns, row);
        return row;
    }

    private void writeTable() throws IOException {
        String lines = rows.stream().map(row -> row.line(columns)).collect(Collectors.joining());
        AtomicFile.write(metrics, file -> RunTable.write(file, RunTable.header(columns) + lines));
    }

    /** {@return a lock on the folder, which is made if it is missing} */
    private FolderLock made(Path folder) throws IOException {
        try {
            Files.createDirectories(folder);
            return lock(folder);
        } catch (FileAlreadyExistsException e) {
            throw new IOException(
                    folder + " must be a folder, but was a " + (Files.exists(folder) ? "file" : "broken link"), e);
        } catch (FileSystemException e) {
            throw cannotWriteInto(folder, e);
        } catch (IOException e) {
            throw cleaned(e, this::deleteMadeFolders);
        }
    }

    private static FolderLock lock(Path folder) throws IOException {
        try {
            return FolderLock.take(folder);
        } catch (FileSystemException e) {
            throw cannotWriteInto(folder, e);
        }
    }

    private static IOException cannotWriteInto(Path folder, FileSystemException e) {
        return new IOException("cannot write into folder " + folder + ": " + AtomicFile.reason(e), e);
    }

    /** Appends a row, or writes the table again if it has new columns. */
    private void append(Epoch epoch) throws IOException {
        List<String> before = columns;
        RunTable.Row row = add(epoch);
        if (!columns.equals(before)) {
            writeTable();
            return;
        }
        try (FileChannel table = FileChannel.open(metrics, StandardOpenOption.WRITE)) {
            RunTable.append(table, row.line(columns));
        } catch (IOException e) {
            throw new IOException("cannot write " + metrics + ": " + AtomicFile.reason(e), e);
        }
    }

    /** {@return {@code e}, after a cleanup; a failure of that is suppressed} */
    static IOException cleaned(IOException e, Writing cleanup) {
        try {
            cleanup.write();
        } catch (IOException left) {
            e.addSuppressed(left);
        }
        return e;
    }

    /** {@return whether a run has written to {@code folder}} */
    public static boolean isRun(Path folder) {
        return Files.exists(RunTable.METRICS.in(folder));
    }

    /**
     * Checks that no run is writing to {@code folder}, which must exist, so that it can be resumed.
     *
     * @throws InUseException if one is
     * @throws IOException if the folder cannot be written to
     */
    public static void checkNotWritten(Path folder) throws IOException {
        lock(folder).close();
    }

    /** {@return the folder's path} */
    public Path path() {
        return folder;
    }

    /**
     * Writes {@code run.json}.
     *
     * @param config the run's settings
     * @param groups of the optimizer
     * @param firstRates the rate of each group at the run's first step; empty before that
     * @throws IOException if it cannot be written
     */
    public void describe(RunConfig config, List<? extends RateGroup> groups, List<Double> firstRates)
            throws IOException {
        describe(config.toDict(), OptionalLong.of(config.stepsPerEpoch()), groups, firstRates);
    }

    /**
     * Writes {@code run.json} with settings of any kind. Those named as {@link RunConfig}'s mean the same.
     *
     * @param stepsPerEpoch steps of the optimizer, if they are known
     */
    void describe(
            Map<String, Object> settings,
            OptionalLong stepsPerEpoch,
            List<? extends RateGroup> groups,
            List<Double> firstRates)
            throws IOException {
        epochs = settings.get("epochs") instanceof Long known ? known : 0;
        description = RunConfig.description(settings, started, stepsPerEpoch, groups, firstRates);
        RunConfig.write(folder, description);
        madeFiles.add(folder.resolve(RunConfig.FILE));
    }

    /**
     * Writes event files for TensorBoard, too.
     *
     * @param steps of the whole run
     * @param texts shown verbatim, by their names
     */
    public void tensorBoard(Schedulable optimizer, long steps, Map<String, String> texts) {
        tensorBoard = Optional.of(new TensorBoardLog(folder, optimizer, steps, texts));
    }

    @Override
    public void begin(long step, List<Epoch> epochs) {
        tensorBoard.ifPresent(log -> log.begin(step, epochs));
    }

    @Override
    public void batch(Batch batch) {
        checkNowAndThen();
        progress.batch(batch);
        tensorBoard.ifPresent(log -> log.batch(batch));
    }

    /** Notices early, in an epoch of hours, that the folder is gone. */
    private void checkNowAndThen() {
        long now = System.nanoTime();
        if (now - checked >= BETWEEN_CHECKS.toNanos()) {
            checked = now;
            try {
                lock.check();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Override
    public void epoch(Epoch epoch) throws IOException {
        lock.write(() -> append(epoch));
        keep();
        progress.epoch(epoch);
        if (tensorBoard.isPresent()) {
            tensorBoard.get().epoch(epoch);
        }
    }

    /**
     * Has the owner write a file of its own.
     *
     * @param file in the folder; deleted if nothing is to be kept
     * @throws IOException if the folder was removed or replaced; else what {@code writing} throws
     */
    public void write(Path file, Writing writing) throws IOException {
        lock.write(writing);
        madeFiles.add(file);
    }

    /**
     * Checks that the folder is still the one that the run began with.
     *
     * @throws IOException if it was removed or replaced
     */
    public void check() throws IOException {
        lock.check();
    }

    /** Marks that the run has made something to keep; its first epoch does so, too. */
    public void keep() {
        kept = true;
    }

    /**
     * Marks that nothing is left to do, whatever epochs are missing. A run that is closed before the last epoch of its settings, and
     * not marked so, was stopped: {@code run.json} says it.
     */
    public void finish() {
        finished = true;
    }

    /** Deletes the files in a folder whose names match, such as temporary files of a killed process. */
    public static void deleteFiles(Path folder, Pattern names) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(
                            each -> names.matcher(each.getFileName().toString()).matches())
                    .toList()) {
                Files.delete(file);
            }
        }
    }

    /**
     * Releases the folder; if there was nothing to keep, deletes what was made.
     *
     * @throws IOException if the folder was removed or replaced, or what was made cannot be deleted
     */
    @Override
    public void close() throws IOException {
        try (lock;
                progress) {
            if (tensorBoard.isPresent()) {
                tensorBoard.get().close();
                tensorBoard.get().file().ifPresent(madeFiles::add);
            }
            lock.check();
            if (!kept) {
                for (Path file : madeFiles) {
                    Files.deleteIfExists(file);
                }
            } else if (!description.isEmpty()) {
                description.put(RunConfig.ENDED, true);
                description.put(RunConfig.STOPPED, !finished && done < epochs);
                RunConfig.write(folder, description);
            }
        }
        if (!kept) {
            deleteMadeFolders();
        }
    }

    private void deleteMadeFolders() throws IOException {
        for (Path made : madeFolders) {
            try {
                Files.deleteIfExists(made);
            } catch (DirectoryNotEmptyException e) {
                return; // another run uses it by now
            }
        }
    }
}
