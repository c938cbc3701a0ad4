package org.anneal.runs;

import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.RateGroup;
import org.anneal.optim.Schedulable;
import org.anneal.runs.RunListener.Batch;
import org.anneal.runs.RunListener.Epoch;
import org.anneal.schedule.ReduceLROnPlateau.Mode;
import org.anneal.text.Python;

/**
 * The records of a training loop of one's own, on any engine: a {@link RunFolder} with {@code metrics.csv}, {@code progress.csv},
 * {@code run.json} and TensorBoard's event files, and the progress on standard error. The page of runs, TensorBoard and
 * {@code anneal compare} show such a run as any other.
 *
 * <pre>{@code
 * try (Run run = Run.create(Path.of("runs/mine")).of(optimizer, scheduler).length(epochs, loader.size())) {
 *     for (int epoch = 1; epoch <= epochs; epoch++) {
 *         loader.forEach(epoch, batch -> {
 *             ...
 *             optimizer.step();
 *             run.batch(loss);
 *             scheduler.batch();
 *         });
 *         System.out.println(run.epoch(Map.of("val_loss", valLoss)));
 *         scheduler.epoch(valLoss);
 *     }
 * }
 * }</pre>
 *
 * <p>A checkpoint keeps the run's {@link #position}, from which {@link #resume} goes on. A run belongs to one thread.
 */
public final class Run implements AutoCloseable {
    private final RunFolder folder;
    private final Map<String, Object> settings = new LinkedHashMap<>();
    private final List<Epoch> epochs;
    private final ProgressLine progress = new ProgressLine(
            new PrintWriter(new OutputStreamWriter(System.err, Charset.defaultCharset()), true),
            Integer.getInteger("anneal.columns", 0),
            System::nanoTime);
    private final List<RunListener> listeners = new ArrayList<>();
    private Optional<Schedulable> optimizer = Optional.empty();
    private int batches; // of an epoch; 0 if they are not known
    private int epoch; // finished
    private int batch;
    private long step;
    private double lossSum;
    private double seconds;
    private long since = System.nanoTime();
    private Optional<Batch> last = Optional.empty();
    private boolean begun;

    private Run(RunFolder folder, Position from) {
        this.folder = folder;
        this.epochs = new ArrayList<>(from.epochs());
        this.epoch = from.epoch();
        this.batch = from.batch();
        this.step = from.step();
        this.lossSum = from.lossSum();
        this.seconds = from.seconds();
        listeners.add(folder);
    }

    /**
     * Begins a run in a folder of its own.
     *
     * @throws IOException if a run is in the folder already, in this process or another, or it cannot be written to
     */
    public static Run create(Path folder) throws IOException {
        return new Run(RunFolder.create(folder), Position.START);
    }

    /**
     * Goes on with the run in a folder, or begins it, if {@code from} is {@link Position#START} and there is none.
     *
     * @param from the position in the run's checkpoint; what the folder has of later epochs is dropped
     * @throws IOException if another run is writing to the folder, it cannot be written to, or {@code from} is the start and the folder
     *     has several epochs, as when a checkpoint was looked for under another name
     */
    public static Run resume(Path folder, Position from) throws IOException {
        return new Run(RunFolder.resume(folder, from.epochs(), () -> checkKeeps(folder, from)), from);
    }

    /** One epoch may be begun again: its checkpoint is written after its row. */
    private static void checkKeeps(Path folder, Position from) throws IOException {
        if (from.step() == 0 && RunFolder.isRun(folder)) {
            long epochs;
            try (Stream<String> lines = Files.lines(RunTable.METRICS.in(folder))) {
                epochs = lines.count() - 1; // without the header, which comes with the first epoch
            }
            if (epochs > 1) {
                throw new IOException(
                        "the run in " + folder + " has " + epochs
                                + " epochs, but was to begin again, as no checkpoint of it was loaded: load one, or choose another folder");
            }
        }
    }

    /** Records the rates, momentums and schedules: call it before the first {@link #batch}. */
    public Run of(Schedulable optimizer, LRScheduler scheduler) {
        this.optimizer = Optional.of(optimizer);
        optimizer.groups().stream()
                .findFirst()
                .filter(ParamGroup.class::isInstance)
                .ifPresent(group ->
                        settings.put("optimizer", ((ParamGroup<?>) group).rule().toString()));
        settings.put("schedule", scheduler.policyText());
        settings.put("step_per", scheduler.stepPer().name().toLowerCase(Locale.ROOT));
        return this;
    }

    /**
     * Tells how long the run is: call it before the first {@link #batch}. A run that is closed before its last epoch is shown as
     * stopped.
     *
     * @param batches steps of the optimizer in an epoch
     */
    public Run length(int epochs, int batches) {
        settings.put("epochs", (long) epochs);
        this.batches = batches;
        return this;
    }

    /**
     * Records a setting, such as the name of the network, in {@code run.json}: call it before the first {@link #batch}.
     *
     * @param value a text, a number, a truth, or a list of these
     */
    public Run set(String name, Object value) {
        settings.put(name, value);
        return this;
    }

    /**
     * Records what tells the best epoch, for the page and for {@code anneal compare}: call it before the first {@link #batch}.
     * Without it, that is {@code val_loss}, or the first metric if there is none.
     *
     */
    public Run monitor(Monitor monitor) {
        settings.put(RunConfig.MONITOR, monitor.name());
        settings.put(RunConfig.MONITOR_MODE, monitor.mode().name().toLowerCase(Locale.ROOT));
        return this;
    }

    /** Adds a listener, which hears what this run is told. */
    public Run listener(RunListener listener) {
        listeners.add(listener);
        return this;
    }

    /** {@return the path of a file in the run's folder} */
    public Path file(String name) {
        return folder.path().resolve(name);
    }

    /** {@return the number of finished epochs} */
    public int epoch() {
        return epoch;
    }

    /** {@return the finished epochs, oldest first} */
    public List<Epoch> epochs() {
        return List.copyOf(epochs);
    }

    /**
     * {@return how many epochs have ended since the one with the lowest number, for stopping early; 0 before the first}
     *
     * @param name {@code train_loss} or a metric's; NaN is never the lowest
     */
    public int epochsSinceLowest(String name) {
        return epochsSince(new Monitor(name, Mode.MIN));
    }

    /** {@return how many epochs have ended since the one with the highest number, as {@link #epochsSinceLowest(String)} does} */
    public int epochsSinceHighest(String name) {
        return epochsSince(new Monitor(name, Mode.MAX));
    }

    private int epochsSince(Monitor monitor) {
        return monitor.best(epochs)
                .map(best -> epochs.size() - 1 - epochs.indexOf(best))
                .orElse(epochs.size());
    }

    /** {@return where the run is, for its checkpoint} */
    public Position position() {
        return new Position(epoch, batch, step, lossSum, batch == 0 ? 0 : secondsSoFar(), epochs);
    }

    private double secondsSoFar() {
        return seconds + (System.nanoTime() - since) / 1e9;
    }

    /**
     * Tells of a step of the optimizer: call it after the step and before the scheduler's, so that the rates are those of the step.
     *
     * @param loss before the step
     */
    public void batch(double loss) {
        begin();
        if (batch == 0) {
            since = System.nanoTime();
            seconds = 0;
        }
        batch++;
        step++;
        lossSum += loss;
        List<? extends RateGroup> groups = groups();
        Batch now = new Batch(
                epoch + 1,
                batch,
                Math.max(batches, batch),
                step,
                groups.stream().map(RateGroup::lr).toList(),
                loss,
                RunListener.numbers(groups));
        boolean goesOn = last.isEmpty(); // or begins
        last = Optional.of(now);
        listeners.forEach(listener -> listener.batch(now));
        if (batches > 0) {
            if (batch == 1 || goesOn) { // this batch is over, and tells nothing of the speed of the others
                progress.task("Epoch " + now.epoch(), batch, batches, "batches");
            }
            progress.at(batch, () -> "loss " + Python.fixed(loss, 4));
        }
    }

    private List<? extends RateGroup> groups() {
        return optimizer.isPresent() ? optimizer.get().groups() : List.of();
    }

    /**
     * Tells of the end of an epoch.
     *
     * @param metrics what was measured, by names such as {@code val_loss}
     * @return the epoch, which prints as a line
     * @throws IOException if it cannot be written; training should stop
     */
    public Epoch epoch(Map<String, Double> metrics) throws IOException {
        begin();
        Epoch now = new Epoch(
                epoch + 1,
                step,
                last.map(Batch::lr).orElse(List.of()),
                lossSum / batch,
                metrics,
                secondsSoFar(),
                last.map(Batch::numbers).orElse(Map.of()));
        progress.erase();
        for (RunListener listener : listeners) {
            listener.epoch(now);
        }
        epochs.add(now);
        epoch++;
        batch = 0;
        lossSum = 0;
        seconds = 0;
        since = System.nanoTime();
        return now;
    }

    private void begin() {
        if (begun) {
            return;
        }
        begun = true;
        try {
            folder.describe(
                    settings,
                    batches == 0 ? OptionalLong.empty() : OptionalLong.of(batches),
                    groups(),
                    epochs.isEmpty() ? List.of() : epochs.get(0).lr());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        long steps = settings.get("epochs") instanceof Long known ? known * batches : 0;
        optimizer.ifPresent(
                each -> folder.tensorBoard(each, steps, Map.of("schedule", String.valueOf(settings.get("schedule")))));
        listeners.forEach(listener -> listener.begin(step, epochs));
    }

    /**
     * Ends the run.
     *
     * @throws IOException if the folder was removed or replaced, or something cannot be written
     */
    @Override
    public void close() throws IOException {
        progress.close();
        folder.close();
    }
}
