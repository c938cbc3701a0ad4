package org.anneal.train;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.checkpoint.AtomicFile;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.plot.Chart;
import org.anneal.runs.RunConfig;
import org.anneal.runs.RunFolder;
import org.anneal.runs.ScalarLog;
import org.anneal.torch.Network;
import org.anneal.torch.Weights;
import org.bytedeco.pytorch.Tensor;

/**
 * What a {@link Trainer}'s run writes to its {@link RunFolder}: {@code model.safetensors}, the weights after the last complete
 * epoch, and {@code metrics.csv} as the run goes on; {@code curve.png}, as {@link RunsPicture} draws it, when it is closed.
 *
 * <p>With {@link #checkpoints}, also {@link Checkpoint}s to resume the run from: {@code last.pt}, the latest; {@code best.pt}, the
 * end of the epoch with the lowest validation loss; and, if more than one is kept, earlier ones named by their optimizer steps,
 * {@code step-1250.pt}. If these have a {@link RunConfig}, {@code run.json} has it, too, with the groups of the optimizer, from the
 * start of the run on. With {@link #tensorBoard}, also TensorBoard's event files.
 *
 * <p>A checkpoint replaces the previous one only when it is on the disk.
 */
public final class TrainingFolder implements TrainListener, AutoCloseable {
    private static final String WEIGHTS = "model.safetensors";
    private static final String LAST = "last.pt";
    private static final String BEST = "best.pt";
    private static final Pattern TEMPORARY =
            Pattern.compile("([a-z0-9_]+\\.safetensors|(last|best|step-\\d+)\\.pt)\\.tmp");
    private static final Pattern STEP = Pattern.compile("step-(\\d{1,18})\\.pt");

    private final RunFolder run;
    private final Network network;
    private final String title;
    private final int groups;
    private final List<String> numbers; // beside the rates, as columns
    private List<String> names; // of the groups, for people
    private Optional<String> savedWeights = Optional.empty(); // their epoch
    private Progress progress; // the last position that can be resumed
    private final List<Epoch> epochs;
    private final RateCurve rates;
    private final List<WeightAverage> averages = new ArrayList<>();
    private Optional<Checkpoints> checkpoints = Optional.empty();
    private OptionalLong savedStep = OptionalLong.empty(); // of the last checkpoint

    /**
     * Makes the folder and the table's header.
     *
     * @param title the text above the curve
     * @param groups parameter groups of the optimizer; a row has a rate for each
     * @throws IOException if a run is in the folder already, in this process or another, or it cannot be written to
     */
    public TrainingFolder(Path folder, Network network, String title, int groups) throws IOException {
        this(folder, network, title, groups, List.of());
    }

    /**
     * Does as {@link #TrainingFolder(Path, Network, String, int)}, for a run whose schedules drive numbers beside the rates.
     *
     * @param numbers the names of their columns, as {@link org.anneal.runs.RunListener.Epoch#numbers} has them
     */
    public TrainingFolder(Path folder, Network network, String title, int groups, Collection<String> numbers)
            throws IOException {
        this(network, title, groups, numbers, Progress.start(), new RateCurve(), RunFolder.create(folder));
    }

    /**
     * Resumes a run: the table then has the checkpoint's epochs and no others.
     *
     * @param folder the run's own folder, or one without a run, which is made if it is missing
     * @param progress the position of {@code checkpoint}
     * @throws IOException if another run is writing to the folder, or has replaced the checkpoint since it was opened;
     *     if the folder cannot be written to, or the checkpoint cannot be read
     */
    public TrainingFolder(
            Path folder, Network network, String title, int groups, Checkpoint checkpoint, Progress progress)
            throws IOException {
        this(folder, network, title, groups, List.of(), checkpoint, progress);
    }

    /**
     * Resumes a run whose schedules drive numbers beside the rates, as
     * {@link #TrainingFolder(Path, Network, String, int, Checkpoint, Progress)} does.
     *
     * @param numbers the names of their columns, as {@link org.anneal.runs.RunListener.Epoch#numbers} has them
     */
    public TrainingFolder(
            Path folder,
            Network network,
            String title,
            int groups,
            Collection<String> numbers,
            Checkpoint checkpoint,
            Progress progress)
            throws IOException {
        this(
                network,
                title,
                groups,
                numbers,
                progress,
                checkpoint.rates(groups, numbers.size()),
                RunFolder.resume(folder, progress.epochs(), () -> {
                    checkpoint.checkUnchangedIn(folder);
                    if (RunFolder.isRun(folder)) {
                        RunFolder.deleteFiles(folder, TEMPORARY);
                    }
                }));
    }

    private TrainingFolder(
            Network network,
            String title,
            int groups,
            Collection<String> numbers,
            Progress progress,
            RateCurve rates,
            RunFolder run) {
        this.run = run;
        this.network = network;
        this.title = title;
        this.groups = groups;
        this.numbers = List.copyOf(numbers);
        this.names = groups == 1
                ? List.of("lr")
                : IntStream.range(0, groups).mapToObj(group -> "lr" + group).toList();
        this.progress = progress;
        this.epochs = new ArrayList<>(progress.epochs());
        this.rates = rates;
    }

    /** {@return the path of the last checkpoint of the run in {@code folder}} */
    public static Path lastCheckpoint(Path folder) {
        return folder.resolve(LAST);
    }

    /**
     * Writes checkpoints, and deletes the oldest.
     *
     * @param keep how many to keep, at least 1, counting {@code last.pt} but not {@code best.pt}
     */
    public TrainingFolder checkpoints(Optimizer<Tensor> optimizer, LRScheduler scheduler, int keep) {
        return checkpoints(optimizer, scheduler, Optional.empty(), keep);
    }

    /**
     * Does as {@link #checkpoints(Optimizer, LRScheduler, int)}, and writes {@code run.json}.
     *
     * @param config the run's settings, which the checkpoints keep for resuming it
     * @throws IOException if {@code run.json} cannot be written
     */
    public TrainingFolder checkpoints(Optimizer<Tensor> optimizer, LRScheduler scheduler, RunConfig config, int keep)
            throws IOException {
        run.describe(
                config,
                optimizer.groups(),
                Arrays.stream(rates.rates()).limit(groups).boxed().toList());
        return checkpoints(optimizer, scheduler, Optional.of(config), keep);
    }

    private TrainingFolder checkpoints(
            Optimizer<Tensor> optimizer, LRScheduler scheduler, Optional<RunConfig> config, int keep) {
        if (keep < 1) {
            throw new IllegalArgumentException("keep must be at least 1, but was " + keep);
        }
        checkpoints = Optional.of(new Checkpoints(optimizer, scheduler, config, keep));
        name(optimizer);
        return this;
    }

    /**
     * Writes event files for TensorBoard, too.
     *
     * @param steps of the whole run
     * @param texts shown verbatim, by their names
     */
    public TrainingFolder tensorBoard(Optimizer<Tensor> optimizer, long steps, Map<String, String> texts) {
        run.tensorBoard(optimizer, steps, texts);
        name(optimizer);
        return this;
    }

    /** Writes the weights of an average, too, to a file of its name such as {@code ema.safetensors}, and into the checkpoints. */
    public TrainingFolder average(WeightAverage average) {
        averages.add(average);
        return this;
    }

    private void name(Optimizer<Tensor> optimizer) {
        if (groups > 1) {
            names = ScalarLog.names(optimizer);
        }
    }

    private record Checkpoints(
            Optimizer<Tensor> optimizer, LRScheduler scheduler, Optional<RunConfig> config, int keep) {}

    private Path file(String name) {
        return run.path().resolve(name);
    }

    /** {@return one line that says what the folder now has} */
    public String summary() {
        if (epochs.isEmpty()) {
            return "no epoch was finished, "
                    + (savedStep.orElse(0) > 0 ? "only " + LAST + " is in " + run.path() : "nothing was written");
        }
        String weights = savedWeights
                .map(epoch -> ", " + WEIGHTS + " (" + epoch + ")")
                .orElse(Files.exists(file(WEIGHTS)) ? ", " + WEIGHTS : "");
        return run.path() + ": metrics.csv, " + RunFolder.CURVE + weights;
    }

    @Override
    public void begin(long step, List<Epoch> before) {
        run.begin(step, before);
    }

    @Override
    public void batch(Batch batch) {
        rates.add(batch);
        run.batch(batch);
    }

    @Override
    public void epoch(Epoch epoch) throws IOException {
        saveWeights("epoch " + epoch.epoch());
        run.epoch(epoch);
        epochs.add(epoch);
    }

    /** Writes the network's weights again, after those of its best epoch, {@code epoch}, were restored. */
    public void saveBestWeights(int epoch) throws IOException {
        saveWeights("best epoch, " + epoch);
    }

    private void saveWeights(String epoch) throws IOException {
        run.write(file(WEIGHTS), () -> Weights.save(network.module(), file(WEIGHTS)));
        for (WeightAverage average : averages) {
            if (average.hasBegun()) {
                Path file = file(average.name() + ".safetensors");
                run.write(file, () -> Weights.save(average.network().module(), file));
            }
        }
        savedWeights = Optional.of(epoch);
    }

    @Override
    public void checkpoint(Progress now) throws IOException {
        run.check();
        if (checkpoints.isPresent()) {
            run.write(file(LAST), () -> write(now, checkpoints.get()));
        }
        progress = now;
    }

    /** {@return the last position from which the run can be resumed} */
    public Progress progress() {
        return progress;
    }

    private void write(Progress progress, Checkpoints to) throws IOException {
        Path last = file(LAST);
        Path best = file(BEST);
        keepLast(progress, to.keep);
        // The best one first: if the process dies in between, the run resumed from the last one writes it again.
        Path first = progress.isBest() ? best : last;
        Checkpoint.write(
                first,
                network,
                to.optimizer,
                to.scheduler,
                WeightAverage.models(averages),
                to.config,
                progress,
                rates,
                Map.of());
        if (progress.isBest()) {
            link(best, last);
        }
        savedStep = OptionalLong.of(progress.step());
        if (progress.step() > 0) {
            run.keep();
        }
        deleteEarlier(to.keep);
    }

    /** Keeps the last checkpoint, which is about to be replaced, under a name of its own. */
    private void keepLast(Progress progress, int keep) throws IOException {
        if (keep > 1 && savedStep.isPresent() && savedStep.getAsLong() < progress.step()) {
            link(file(LAST), file(step(savedStep.getAsLong())));
        }
    }

    private void deleteEarlier(int keep) throws IOException {
        TreeMap<Long, Path> earlier = new TreeMap<>();
        try (Stream<Path> files = Files.list(run.path())) {
            files.forEach(file -> {
                Matcher name = STEP.matcher(file.getFileName().toString());
                if (name.matches()) {
                    earlier.put(Long.valueOf(name.group(1)), file);
                }
            });
        }
        // Those of a later step were abandoned when an earlier checkpoint was resumed.
        for (Path abandoned : earlier.tailMap(savedStep.getAsLong()).values()) {
            Files.delete(abandoned);
        }
        Collection<Path> kept =
                earlier.headMap(savedStep.getAsLong(), false).descendingMap().values();
        for (Path tooMany : kept.stream().skip(keep - 1L).toList()) {
            Files.delete(tooMany);
        }
    }

    /** Gives a file a second name, atomically replacing a file that had it. */
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

    @Override
    public void finish() {
        run.finish();
    }

    private static String step(long step) {
        return "step-" + step + ".pt";
    }

    /**
     * Draws the curve of the finished epochs; if there is nothing to keep, deletes what was made.
     *
     * @throws IOException if it cannot be drawn or written
     */
    @Override
    public void close() throws IOException {
        try (run) {
            if (!epochs.isEmpty()) {
                run.write(file(RunFolder.CURVE), () -> curve().save(file(RunFolder.CURVE)));
            }
        }
    }

    Chart curve() {
        int end = epochs.get(epochs.size() - 1).epoch();
        List<double[]> steps = IntStream.range(0, groups + numbers.size())
                .mapToObj(rates::column)
                .toList();
        return RunsPicture.draw(
                title,
                List.of(new RunsPicture.Curves(
                        "", epochs, progress.monitor(), names, numbers, rates.edges(end), steps)),
                false);
    }
}
