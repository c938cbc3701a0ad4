package org.anneal.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.anneal.optim.AveragedModel;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.runs.Monitor;
import org.anneal.runs.Position;
import org.anneal.runs.RunListener;
import org.anneal.schedule.StepPer;
import org.anneal.torch.Network;
import org.bytedeco.pytorch.Tensor;

/**
 * All that a training loop of one's own needs to go on: the network with its buffers, the optimizer, the runner of any policy,
 * averages, libtorch's random numbers, the position of the run, and entries of one's own. In a file it is a {@link Checkpoint},
 * which Python reads, too.
 *
 * <pre>{@code
 * TrainingState state = new TrainingState(net, optimizer, scheduler).average(ema);
 * try (Run run = Run.resume(folder, state.load(last))) {
 *     while (run.epoch() < epochs) {
 *         ...
 *         state.save(last, run.position());
 *     }
 * }
 * }</pre>
 */
public final class TrainingState {
    private final Network network;
    private final Optimizer<Tensor> optimizer;
    private final LRScheduler scheduler;
    private final Map<String, AveragedModel<Tensor>> averages = new LinkedHashMap<>();
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    private record Entry(Supplier<Object> get, Consumer<Object> set) {}

    /**
     * The state of these three. Build the optimizer and the runner anew before a state is loaded into them.
     *
     * @param scheduler the optimizer's live runner
     */
    public TrainingState(Network network, Optimizer<Tensor> optimizer, LRScheduler scheduler) {
        this.network = Objects.requireNonNull(network, "network");
        this.optimizer = Objects.requireNonNull(optimizer, "optimizer");
        this.scheduler = Objects.requireNonNull(scheduler, "scheduler");
    }

    /** Adds an average of the weights, which goes under its name. */
    public TrainingState average(WeightAverage average) {
        return average(average.name(), average.model());
    }

    /** Adds an average of the weights, which goes under {@code name}. */
    public TrainingState average(String name, AveragedModel<Tensor> average) {
        averages.put(name, Objects.requireNonNull(average, "average"));
        return this;
    }

    /**
     * Adds an entry of one's own.
     *
     * @param get gives it when the state is saved: a text, a long, a double, a boolean, a tensor's data, or lists and maps of these
     * @param set takes it when the state is loaded
     */
    public TrainingState entry(String name, Supplier<Object> get, Consumer<Object> set) {
        entries.put(name, new Entry(get, set));
        return this;
    }

    /**
     * Writes the state. A file that is there is replaced when the new one is on the disk.
     *
     * @param position of the run
     * @throws IOException if it cannot be written; the message names the file and the reason
     */
    public void save(Path file, Position position) throws IOException {
        List<RunListener.Epoch> epochs = position.epochs();
        Map<String, Object> own = new LinkedHashMap<>();
        entries.forEach((name, entry) -> own.put(name, entry.get.get()));
        List<Double> rates =
                optimizer.groups().stream().map(group -> group.lr()).toList();
        Map<String, Double> numbers = RunListener.numbers(optimizer.groups());
        RateCurve curve = new RateCurve();
        epochs.forEach(epoch -> curve.add(new RunListener.Batch(
                epoch.epoch(), 1, 1, epoch.step(), epoch.lr(), epoch.trainLoss(), epoch.numbers())));
        Checkpoint.write(
                file,
                network,
                optimizer,
                scheduler,
                averages,
                Optional.empty(),
                new Progress(
                        position.epoch(),
                        position.batch(),
                        position.step(),
                        position.lossSum(),
                        position.batch(),
                        position.seconds(),
                        rates,
                        epochs,
                        Map.of(),
                        numbers,
                        Monitor.VAL_LOSS),
                curve,
                own);
    }

    /**
     * Loads a state, Anneal's, or one that Python wrote, as far as that has it.
     *
     * @return the position of its run; the start, and nothing is loaded, if there is no such file
     * @throws IOException if it is damaged, or of another network, optimizer or schedule, or has not all of the entries; the message
     *     names the file and the difference
     */
    public Position load(Path file) throws IOException {
        if (Files.notExists(file)) {
            return Position.START;
        }
        try (Checkpoint checkpoint = Checkpoint.open(file)) {
            Progress progress = checkpoint.progress(0);
            checkpoint.restore(
                    network,
                    optimizer,
                    scheduler,
                    LRScheduler.OnChange.REFUSE,
                    scheduler.stepPer() == StepPer.EPOCH ? progress.epoch() : progress.step());
            for (Map.Entry<String, AveragedModel<Tensor>> average : averages.entrySet()) {
                checkpoint.restore(average.getKey(), average.getValue());
            }
            Map<?, ?> saved = checkpoint.entries();
            for (Map.Entry<String, Entry> entry : entries.entrySet()) {
                Object value = saved.get(entry.getKey());
                if (value == null) {
                    throw new IOException(file + " has no entry " + entry.getKey());
                }
                entry.getValue().set.accept(value);
            }
            return new Position(
                    progress.epoch(),
                    progress.batch(),
                    progress.step(),
                    progress.lossSum(),
                    progress.seconds(),
                    progress.epochs());
        }
    }
}
