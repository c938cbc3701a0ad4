package org.anneal.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.checkpoint.AtomicFile;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.plot.Chart;
import org.anneal.plot.Panel;
import org.anneal.plot.Series;
import org.anneal.text.Python;
import org.anneal.torch.Network;
import org.anneal.torch.Weights;
import org.bytedeco.pytorch.Tensor;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a run leaves behind, in a folder of its own: {@code metrics.csv}, a row per epoch, and {@code model.safetensors},
 * the weights after the last whole epoch, both as the run goes on; {@code curve.png}, rate and losses, when it is closed.
 *
 * <p>With {@link #checkpoints}, also {@link Checkpoint}s, which the run can be resumed from: {@code last.pt}, where it is;
 * {@code best.pt}, the end of the epoch with the lowest validation loss; and, if more than one is to be kept, those before
 * the last by their optimizer steps, {@code step-1250.pt}. If these keep a {@link RunConfig}, then {@code run.json} has it
 * too, with the groups of the optimizer, from the start of the run on. With {@link #tensorBoard}, also event files that
 * TensorBoard reads.
 *
 * <p>The files are whole at any time, also if the process is killed: a row or a file that cannot be written leaves what was
 * there, and a checkpoint takes the place of the one before only when it is on the disk. Only one run at a time writes to a
 * folder, which the file {@code run.lock} is there for while it goes on; and it writes no more if the folder was removed or
 * replaced, but ends with an {@link IOException} that says so.
 */
public final class RunFolder implements TrainListener, AutoCloseable {
    private static final String METRICS = "metrics.csv";
    private static final String CURVE = "curve.png";
    private static final String WEIGHTS = "model.safetensors";
    private static final String RUN = "run.json";
    private static final String LAST = "last.pt";
    private static final String BEST = "best.pt";
    private static final Pattern TEMPORARY = Pattern.compile(
            "(metrics\\.csv|curve\\.png|model\\.safetensors|run\\.json|(last|best|step-\\d+)\\.pt)\\.tmp");
    private static final Pattern STEP = Pattern.compile("step-(\\d{1,18})\\.pt");

    private static final Duration BETWEEN_CHECKS = Duration.ofSeconds(1);

    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private final Path folder;
    private final Network network;
    private final String title;
    private final List<Path> madeFolders; // the innermost first
    private final RunLock lock;
    private final boolean wasThere; // the run that is resumed
    private final int groups;
    private List<String> names; // of the groups, for people
    private long checked = System.nanoTime();
    private Optional<String> savedWeights = Optional.empty(); // of which epoch they are
    private boolean savedRun;
    private final List<Epoch> epochs;
    private final RateCurve rates;
    private Optional<Checkpoints> checkpoints = Optional.empty();
    private OptionalLong savedStep = OptionalLong.empty(); // of the last checkpoint
    private boolean worthResuming;
    private Optional<TensorBoardLog> tensorBoard = Optional.empty();

    /**
     * Makes the folder and the table's header.
     *
     * @param title what stands above the curve
     * @param groups of the optimizer, which is how many rates a row has
     * @throws IOException if a run is in the folder already, in this process or another, or it cannot be written to
     */
    public RunFolder(Path folder, Network network, String title, int groups) throws IOException {
        this(folder, network, title, groups, Optional.empty(), List.of(), new RateCurve());
    }

    /**
     * Goes on with a run: the table has the checkpoint's epochs and no others.
     *
     * @param folder the run's own, or one without a run, which is made
     * @param progress of {@code checkpoint}
     * @throws IOException if another run is writing to the folder, or has written the checkpoint anew since it was opened;
     *     if the folder cannot be written to, or the checkpoint cannot be read
     */
    public RunFolder(Path folder, Network network, String title, int groups, Checkpoint checkpoint, Progress progress)
            throws IOException {
        this(folder, network, title, groups, Optional.of(checkpoint), progress.epochs(), checkpoint.rates(groups));
    }

    private RunFolder(
            Path folder,
            Network network,
            String title,
            int groups,
            Optional<Checkpoint> checkpoint,
            List<Epoch> epochs,
            RateCurve rates)
            throws IOException {
        this.folder = folder;
        this.network = network;
        this.title = title;
        this.groups = groups;
        this.names = rateNames(groups).toList();
        this.epochs = new ArrayList<>(epochs);
        this.rates = rates;
        madeFolders = Stream.iterate(folder.toAbsolutePath(), Files::notExists, Path::getParent)
                .toList();
        lock = made(folder);
        wasThere = checkpoint.isPresent() && isRun(folder);
        String table = header() + epochs.stream().map(RunFolder::row).collect(Collectors.joining());
        try {
            if (checkpoint.isPresent()) {
                checkpoint.get().checkUnchangedIn(folder);
            }
            if (wasThere) {
                deleteHalfWritten();
                AtomicFile.write(folder.resolve(METRICS), file -> writeAll(file, table));
            } else {
                createTable(table);
            }
        } catch (IOException e) {
            try {
                lock.close();
                deleteMadeFolders();
            } catch (IOException left) {
                e.addSuppressed(left);
            }
            throw e;
        }
    }

    /** {@return a hold on the folder, which is made if it is not there} */
    private RunLock made(Path folder) throws IOException {
        try {
            Files.createDirectories(folder);
            return lock(folder);
        } catch (FileAlreadyExistsException e) {
            throw new IOException(
                    folder + " must be a folder, but is a "
                            + (Files.exists(folder) ? "file" : "link to what is not there"),
                    e);
        } catch (FileSystemException e) {
            throw cannotWriteInto(folder, e);
        } catch (IOException e) {
            try {
                deleteMadeFolders();
            } catch (IOException left) {
                e.addSuppressed(left);
            }
            throw e;
        }
    }

    private static RunLock lock(Path folder) throws IOException {
        try {
            return RunLock.take(folder);
        } catch (FileSystemException e) {
            throw cannotWriteInto(folder, e);
        }
    }

    private static IOException cannotWriteInto(Path folder, FileSystemException e) {
        return new IOException("cannot write into folder " + folder + ": " + AtomicFile.reason(e), e);
    }

    private void createTable(String table) throws IOException {
        Path file = folder.resolve(METRICS);
        try {
            Files.createFile(file);
        } catch (FileAlreadyExistsException e) {
            throw new IOException("folder " + folder + " must be without a run, but it holds a " + METRICS, e);
        }
        try {
            append(table);
        } catch (IOException e) {
            try {
                Files.delete(file);
            } catch (IOException left) {
                e.addSuppressed(left);
            }
            throw e;
        }
    }

    /** Deletes what was being written when the process died. */
    private void deleteHalfWritten() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(each ->
                            TEMPORARY.matcher(each.getFileName().toString()).matches())
                    .toList()) {
                Files.delete(file);
            }
        }
    }

    /** {@return where the last checkpoint of the run in {@code folder} is} */
    public static Path lastCheckpoint(Path folder) {
        return folder.resolve(LAST);
    }

    /** {@return whether a run has written to {@code folder}} */
    public static boolean isRun(Path folder) {
        return Files.exists(folder.resolve(METRICS));
    }

    /**
     * Looks whether a run is writing to {@code folder}, which exists: then nothing of it can be taken up.
     *
     * @throws IOException if one is, or if the folder cannot be written to
     */
    public static void checkNotWritten(Path folder) throws IOException {
        lock(folder).close();
    }

    /**
     * Has checkpoints be written, and those that are too many be deleted.
     *
     * @param keep how many of them stay, {@code last.pt} included and {@code best.pt} not, at least 1
     */
    public RunFolder checkpoints(Optimizer<Tensor> optimizer, LRScheduler scheduler, int keep) {
        return checkpoints(optimizer, scheduler, Optional.empty(), keep);
    }

    /**
     * Does as {@link #checkpoints(Optimizer, LRScheduler, int)}, and writes {@code run.json}.
     *
     * @param config kept in the checkpoints, for whoever resumes the run
     * @throws IOException if {@code run.json} cannot be written
     */
    public RunFolder checkpoints(Optimizer<Tensor> optimizer, LRScheduler scheduler, RunConfig config, int keep)
            throws IOException {
        Map<String, Object> run = new LinkedHashMap<>();
        run.put("config", config.toDict());
        run.put("steps_per_epoch", config.stepsPerEpoch());
        List<ParamGroup<Tensor>> all = optimizer.groups();
        run.put(
                "param_groups",
                IntStream.range(0, all.size())
                        .mapToObj(i -> dict(all.get(i), i))
                        .toList());
        AtomicFile.write(folder.resolve(RUN), file -> writeAll(file, JSON.writeValueAsString(run) + "\n"));
        savedRun = true;
        return checkpoints(optimizer, scheduler, Optional.of(config), keep);
    }

    private Map<String, Object> dict(ParamGroup<Tensor> group, int index) {
        Map<String, Object> dict = new LinkedHashMap<>();
        dict.put("name", group.name());
        dict.putAll(group.options());
        // A plateau records no base: it begins with the rate of the run's first step.
        dict.putIfAbsent("initial_lr", rates.size() > 0 ? rates.rates()[index] : group.lr());
        dict.replaceAll((option, value) -> value instanceof Python.Tuple tuple ? tuple.items() : value); // betas
        return dict;
    }

    private RunFolder checkpoints(
            Optimizer<Tensor> optimizer, LRScheduler scheduler, Optional<RunConfig> config, int keep) {
        if (keep < 1) {
            throw new IllegalArgumentException("keep must be at least 1, but was " + keep);
        }
        checkpoints = Optional.of(new Checkpoints(optimizer, scheduler, config, keep));
        name(optimizer);
        return this;
    }

    /**
     * Has event files for TensorBoard be written, too.
     *
     * @param steps of the whole run
     * @param texts to be shown, by their names
     */
    public RunFolder tensorBoard(Optimizer<Tensor> optimizer, long steps, Map<String, String> texts) {
        tensorBoard = Optional.of(new TensorBoardLog(folder, optimizer, steps, texts));
        name(optimizer);
        return this;
    }

    private void name(Optimizer<Tensor> optimizer) {
        if (groups > 1) {
            names = ScalarLog.names(optimizer);
        }
    }

    private record Checkpoints(
            Optimizer<Tensor> optimizer, LRScheduler scheduler, Optional<RunConfig> config, int keep) {}

    /** {@return what is in the folder, or that nothing is, in a line without an end} */
    public String summary() {
        if (epochs.isEmpty()) {
            return "no epoch was finished, "
                    + (worthResuming ? "only " + LAST + " is in " + folder : "nothing was written");
        }
        String weights = savedWeights
                .map(epoch -> ", " + WEIGHTS + " (" + epoch + ")")
                .orElse(Files.exists(folder.resolve(WEIGHTS)) ? ", " + WEIGHTS : "");
        return folder + ": " + METRICS + ", " + CURVE + weights;
    }

    @Override
    public void batch(Batch batch) {
        checkNowAndThen();
        rates.add(batch);
        tensorBoard.ifPresent(log -> log.batch(batch));
    }

    /** Looks whether the folder is there still, before an epoch of hours is over. */
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
        saveWeights("epoch " + epoch.epoch());
        lock.write(() -> append(row(epoch)));
        epochs.add(epoch);
        if (tensorBoard.isPresent()) {
            tensorBoard.get().epoch(epoch);
        }
    }

    /** Writes the network's weights again when it went back to those of {@code epoch}, its best. */
    public void saveBestWeights(int epoch) throws IOException {
        saveWeights("best epoch, " + epoch);
    }

    private void saveWeights(String epoch) throws IOException {
        lock.write(() -> Weights.save(network.module(), folder.resolve(WEIGHTS)));
        savedWeights = Optional.of(epoch);
    }

    @Override
    public void checkpoint(Progress progress) throws IOException {
        lock.check();
        tensorBoard.ifPresent(log -> log.checkpoint(progress));
        if (checkpoints.isPresent()) {
            lock.write(() -> write(progress, checkpoints.get()));
        }
    }

    private void write(Progress progress, Checkpoints run) throws IOException {
        Path last = folder.resolve(LAST);
        Path best = folder.resolve(BEST);
        keepLast(progress, run.keep);
        // The best one first: if the process dies in between, what follows the last one writes the best one again.
        Path first = progress.isBest() ? best : last;
        Checkpoint.write(first, network, run.optimizer, run.scheduler, run.config, progress, rates);
        if (progress.isBest()) {
            link(best, last);
        }
        savedStep = OptionalLong.of(progress.step());
        worthResuming |= progress.step() > 0;
        deleteEarlier(run.keep);
    }

    /** Gives the last checkpoint, which is about to be replaced, a name of its own. */
    private void keepLast(Progress progress, int keep) throws IOException {
        if (keep > 1 && savedStep.isPresent() && savedStep.getAsLong() < progress.step()) {
            link(folder.resolve(LAST), folder.resolve(step(savedStep.getAsLong())));
        }
    }

    private void deleteEarlier(int keep) throws IOException {
        TreeMap<Long, Path> earlier = new TreeMap<>();
        try (Stream<Path> files = Files.list(folder)) {
            files.forEach(file -> {
                Matcher name = STEP.matcher(file.getFileName().toString());
                if (name.matches()) {
                    earlier.put(Long.valueOf(name.group(1)), file);
                }
            });
        }
        // Those of a later step are of a run that was given up when an earlier checkpoint was resumed.
        for (Path abandoned : earlier.tailMap(savedStep.getAsLong()).values()) {
            Files.delete(abandoned);
        }
        Collection<Path> kept =
                earlier.headMap(savedStep.getAsLong(), false).descendingMap().values();
        for (Path tooMany : kept.stream().skip(keep - 1L).toList()) {
            Files.delete(tooMany);
        }
    }

    /** Gives a file a second name, which may be another file's until then; without a moment in between. */
    private static void link(Path file, Path name) throws IOException {
        Path temporary = name.resolveSibling(name.getFileName() + ".tmp");
        try {
            Files.deleteIfExists(temporary);
            try {
                Files.createLink(temporary, file);
            } catch (UnsupportedOperationException | FileSystemException e) {
                AtomicFile.write(name, to -> copy(file, to)); // a file system without links
                return;
            }
            Files.move(temporary, name, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (FileSystemException e) {
            throw new IOException("cannot write " + name + ": " + AtomicFile.reason(e), e);
        }
    }

    private static void copy(Path file, FileChannel to) throws IOException {
        try (FileChannel from = FileChannel.open(file)) {
            for (long done = 0; done < from.size(); ) {
                done += from.transferTo(done, from.size() - done, to);
            }
        }
    }

    private static String step(long step) {
        return "step-" + step + ".pt";
    }

    /**
     * Draws the curve of the epochs that were finished; if nothing was done that can be resumed, takes away what was made.
     *
     * @throws IOException if it cannot be drawn or written
     */
    @Override
    public void close() throws IOException {
        boolean left;
        try (lock) {
            left = end();
        }
        if (!left) {
            deleteMadeFolders();
        }
    }

    /** Leaves the folder as it is to stay, and {@return whether there is anything in it} */
    private boolean end() throws IOException {
        if (tensorBoard.isPresent()) {
            tensorBoard.get().close();
        }
        lock.check();
        if (!epochs.isEmpty()) {
            curve().save(folder.resolve(CURVE));
            return true;
        }
        if (wasThere || worthResuming) {
            return true;
        }
        Files.delete(folder.resolve(METRICS));
        if (savedWeights.isPresent()) {
            Files.delete(folder.resolve(WEIGHTS));
        }
        if (savedRun) {
            Files.delete(folder.resolve(RUN));
        }
        if (savedStep.isPresent()) {
            Files.delete(folder.resolve(LAST));
        }
        Optional<Path> events = tensorBoard.flatMap(TensorBoardLog::file);
        if (events.isPresent()) {
            Files.delete(events.get());
        }
        return false;
    }

    private void deleteMadeFolders() throws IOException {
        for (Path made : madeFolders) {
            try {
                Files.deleteIfExists(made);
            } catch (DirectoryNotEmptyException e) {
                return; // another run is in it by now
            }
        }
    }

    Chart curve() {
        return new Chart(
                title,
                "epoch",
                List.of(
                        new Panel(
                                "loss",
                                List.of(series("train", Epoch::trainLoss), series("validation", Epoch::valLoss))),
                        new Panel(
                                "learning rate",
                                rates.series(
                                        names, epochs.get(epochs.size() - 1).epoch()))));
    }

    private Series series(String label, ToDoubleFunction<Epoch> value) {
        return Series.line(
                label,
                epochs.stream().mapToDouble(Epoch::epoch).toArray(),
                epochs.stream().mapToDouble(value).toArray());
    }

    /** {@return the columns of the rates: one for each group} */
    static Stream<String> rateNames(int groups) {
        return groups == 1 ? Stream.of("lr") : IntStream.range(0, groups).mapToObj(group -> "lr" + group);
    }

    private String header() {
        return "epoch,step," + rateNames(groups).collect(Collectors.joining(","))
                + ",train_loss,val_loss,val_accuracy,seconds\n";
    }

    private static String row(Epoch epoch) {
        String lr = epoch.lr().stream().map(Python::repr).collect(Collectors.joining(","));
        return epoch.epoch() + "," + epoch.step() + "," + lr + "," + Python.repr(epoch.trainLoss()) + ","
                + Python.repr(epoch.valLoss()) + "," + Python.repr(epoch.valAccuracy()) + ","
                + Python.repr(epoch.seconds()) + "\n";
    }

    /** Writes all of the lines, or nothing. */
    private void append(String lines) throws IOException {
        Path file = folder.resolve(METRICS);
        try (FileChannel table = FileChannel.open(file, StandardOpenOption.WRITE)) {
            long end = table.size();
            try {
                writeAll(table.position(end), lines);
            } catch (IOException e) {
                table.truncate(end);
                throw e;
            }
        } catch (IOException e) {
            throw new IOException("cannot write " + file + ": " + AtomicFile.reason(e), e);
        }
    }

    private static void writeAll(FileChannel channel, String lines) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(lines.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
