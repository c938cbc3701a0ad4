package org.anneal.djl;

import ai.djl.nn.Block;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingResult;
import ai.djl.training.evaluator.Evaluator;
import ai.djl.training.listener.EvaluatorTrainingListener;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.listener.TrainingListenerAdapter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Schedulable;
import org.anneal.runs.Position;
import org.anneal.runs.Run;
import org.anneal.schedule.ConstantLR;
import org.anneal.schedule.Policy;
import org.anneal.schedule.StepPer;
import org.jspecify.annotations.Nullable;

/**
 * What a training by DJL has beside its optimizer: it runs a schedule or a plateau, records a run, and saves and loads what the run
 * needs to go on.
 *
 * <pre>{@code
 * DjlListener listener = Djl.listener(optimizer).schedule(Policy.parse("ReduceLROnPlateau(patience=2)"));
 * config.addTrainingListeners(TrainingListener.Defaults.basic()).addTrainingListeners(listener);
 * ...
 * trainer.initialize(shape);
 * try (Run run = Run.resume(folder, listener.load(last)).length(epochs, batches)) {
 *     listener.record(run).saveEachEpoch(last);
 *     EasyTrain.fit(trainer, epochs - run.epoch(), training, validation);
 * }
 * }</pre>
 *
 * <p>It stands behind DJL's {@link EvaluatorTrainingListener} among the listeners, which measures what a plateau and a run need.
 * {@code Model.save} names its file by the epochs of the whole run, which DJL's own listeners, before this one, count from the start of
 * the process. It belongs to the thread that trains.
 *
 * <p>The first epoch ends with an {@link IllegalStateException} if the trainer has another optimizer, or one that does not read the
 * rates.
 */
public final class DjlListener extends TrainingListenerAdapter {
    private static final System.Logger LOG = System.getLogger(DjlListener.class.getName());

    private final Driven driven;
    private Optional<Function<Schedulable, LRScheduler>> making = Optional.empty(); // once a schedule is given
    private Optional<LRScheduler> scheduler = Optional.empty();
    private Optional<String> monitor = Optional.empty();
    private Optional<Run> run = Optional.empty();
    private Optional<Path> file = Optional.empty();
    private OptionalInt seed = OptionalInt.empty();
    private Optional<Trainer> trainer = Optional.empty();
    private boolean evaluated; // whether DJL's evaluators have been updated before this listener is called
    private final List<Double> losses = new ArrayList<>(); // of the batches since the last step
    private boolean trained; // whether a batch was, in this process
    private boolean driving; // whether a step was made, in this process
    private boolean described; // whether the run knows the optimizer
    private boolean warned; // of a validation of the wrong weights
    private boolean validated; // whether this epoch was
    private int epoch; // finished
    private int batch; // steps made in the epoch
    private long step;

    DjlListener(Driven driven) {
        this.driven = driven;
        driven.onStep(this::scheduler, this::stepped);
    }

    /** Runs {@code policy}, stepped per epoch. */
    public DjlListener schedule(Policy policy) {
        return schedule(policy, StepPer.EPOCH);
    }

    /**
     * Runs {@code policy}. A plateau gets the validation loss at the end of each epoch, or what {@link #monitor} names.
     *
     * @param per when its schedule is stepped
     * @throws IllegalStateException if a schedule was given before
     */
    public DjlListener schedule(Policy policy, StepPer per) {
        Objects.requireNonNull(policy, "policy");
        Objects.requireNonNull(per, "per");
        return scheduler(optimizer -> new LRScheduler(optimizer, policy).stepPer(per));
    }

    /**
     * Runs any runner, such as one with a schedule for each group, or with schedules of other numbers than the rate.
     *
     * @param making builds it, when the network is initialized
     * @throws IllegalStateException if a schedule was given before
     */
    public DjlListener scheduler(Function<Schedulable, LRScheduler> making) {
        Objects.requireNonNull(making, "making");
        if (scheduler.isPresent()) {
            throw new IllegalStateException("a schedule must be given before training begins");
        }
        if (this.making.isPresent()) {
            throw new IllegalStateException(
                    "a schedule must be given once, but was given before: compose schedules to one by"
                            + " a.times(b) or a.then(step, b)");
        }
        this.making = Optional.of(making);
        return this;
    }

    /**
     * Gives a plateau the validation's number of an evaluator.
     *
     * @param evaluator its name, such as {@code Accuracy}, or its column in a run, {@code val_accuracy}, of which more is better: then the plateau's mode must be {@code max}
     */
    public DjlListener monitor(String evaluator) {
        monitor = Optional.of(Objects.requireNonNull(evaluator, "evaluator"));
        return this;
    }

    /** Records each step and epoch in {@code run}, whose owner closes it. */
    public DjlListener record(Run run) {
        this.run = Optional.of(Objects.requireNonNull(run, "run"));
        described = false;
        return this;
    }

    /** {@linkplain #save Saves} at the end of each epoch. */
    public DjlListener saveEachEpoch(Path file) {
        this.file = Optional.of(Objects.requireNonNull(file, "file"));
        return this;
    }

    /**
     * Starts the engine's random numbers, of which dropout and the order of DJL's {@code RandomSampler} are made, from
     * {@code seed + epoch} when a trainer begins and after each epoch, so that a run that goes on after an epoch has the same ones. Give it
     * before the trainer is made.
     */
    public DjlListener seed(int seed) {
        this.seed = OptionalInt.of(seed);
        return this;
    }

    /**
     * {@return the runner of the schedule; by default, of a constant rate}
     *
     * @throws IllegalStateException if the network is not initialized
     */
    public LRScheduler scheduler() {
        Schedulable optimizer = driven.schedulable(); // which calls this, too, when it is made
        if (scheduler.isEmpty()) {
            scheduler = Optional.of(
                    making.isPresent()
                            ? making.get().apply(optimizer)
                            : new LRScheduler(optimizer, new ConstantLR(1, 0)));
        }
        driven.finish();
        return scheduler.get();
    }

    /**
     * Writes all that the training needs to go on, atomically: the network, the optimizer, the average, the runner, and how far the
     * run is. Python reads the file, too: {@code torch.load(file, weights_only=True)} is a dict with {@code epoch}, {@code step},
     * {@code model}, {@code optimizer}, {@code average}, {@code scheduler}, and {@code anneal} for what only this class reads. All is by the
     * parameters' names.
     *
     * <p>Of DJL's own optimizers the file has the rates only. The engine's random numbers are not in it: see {@link #seed}.
     *
     * @throws IOException if it cannot be written
     * @throws IllegalStateException if the network is not initialized, or holds the weights to evaluate
     */
    public void save(Path file) throws IOException {
        trainer();
        LRScheduler runner = scheduler();
        SavedTraining.write(file, network(), driven, runner, position());
    }

    private Position position() {
        return run.map(Run::position).orElseGet(() -> new Position(epoch, batch, step, 0, 0, List.of()));
    }

    /** Loads what {@link #save} wrote; the file of another schedule, or of one that is stepped otherwise, is refused: {@code load(file, OnChange.REFUSE)}. */
    public Position load(Path file) throws IOException {
        return load(file, LRScheduler.OnChange.REFUSE);
    }

    /**
     * Loads what {@link #save} wrote. With several devices, call it before {@code trainer.initialize}, which copies the weights to
     * them, and initialize the block itself before.
     *
     * @param onChange what to do if the file has another schedule; if its schedule is stepped per epoch and this one per batch, or the
     *     other way round, {@code KEEP_CONFIG} goes on at the run's step or epoch, and {@code CONTINUE} is refused
     * @return where the run was; the start, and nothing is loaded, if there is no such file
     * @throws IOException if it is damaged, or of another network, optimizer or schedule; the message names the file and the
     *     difference
     * @throws IllegalStateException if the network is not initialized
     */
    public Position load(Path file, LRScheduler.OnChange onChange) throws IOException {
        Objects.requireNonNull(onChange, "onChange");
        trainer();
        LRScheduler runner = scheduler();
        if (Files.notExists(Objects.requireNonNull(file, "file"))) {
            return Position.START;
        }
        Position position = SavedTraining.load(file, network(), driven, runner, making.isPresent(), onChange);
        epoch = position.epoch();
        batch = position.batch();
        step = position.step();
        nameEpoch();
        startRandomNumbers();
        return position;
    }

    private Trainer trainer() {
        return trainer.orElseThrow(() -> new IllegalStateException(
                "the listener does not know the network yet: call load and save after model.newTrainer(config), whose config has this"
                        + " listener, and trainer.initialize(shapes)"));
    }

    private Block network() {
        return trainer().getModel().getBlock();
    }

    private void startRandomNumbers() {
        seed.ifPresent(first -> trainer().getManager().getEngine().setRandomSeed(first + epoch));
    }

    @Override
    public void onTrainingBegin(Trainer trainer) {
        this.trainer = Optional.of(trainer);
        evaluated = isBehindEvaluators(trainer);
        driven.begin(network(), trainer.getDevices().length);
        startRandomNumbers();
    }

    @Override
    public void onTrainingEnd(Trainer trainer) {
        nameEpoch(); // as DJL's EpochTrainingListener has just set its own count
    }

    /** Has {@code Model.save} name its file by the epochs of the whole run: DJL counts this process's, and loads the file of the most. */
    private void nameEpoch() {
        if (epoch > 0) {
            trainer().getModel().setProperty("Epoch", Integer.toString(epoch));
        }
    }

    private boolean isBehindEvaluators(Trainer trainer) {
        List<TrainingListener> all = new ArrayList<>();
        trainer.notifyListeners(all::add);
        return all.stream().takeWhile(each -> each != this).anyMatch(EvaluatorTrainingListener.class::isInstance);
    }

    private void checkEvaluated(String what) {
        if (!evaluated) {
            throw new IllegalStateException(
                    what + " needs what DJL's evaluators measure: add an EvaluatorTrainingListener,"
                            + " or TrainingListener.Defaults.basic(), to the training listeners before this one");
        }
    }

    @Override
    public void onTrainingBatch(Trainer trainer, BatchData batchData) {
        driven.finish();
        trained = true;
        if (run.isPresent()) {
            checkEvaluated("a run");
            losses.add((double) trainer.getLoss().getAccumulator(EvaluatorTrainingListener.TRAIN_ALL));
        }
    }

    @Override
    public void onValidationBatch(Trainer trainer, BatchData batchData) {
        validated = true;
        if (!warned && driven.evaluatesTheWrongWeights()) {
            warned = true;
            LOG.log(
                    System.Logger.Level.WARNING,
                    "the validation measures the weights to train, not the average or those that the rule has to evaluate: give"
                            + " EasyTrain.fit optimizer.validation(data)");
        }
    }

    /** Called by the optimizer after each step. */
    private void stepped() {
        driving = true;
        run.ifPresent(this::recordStep);
        losses.clear();
        step++;
        batch++;
        scheduler().batch();
    }

    private void recordStep(Run run) {
        if (!described) {
            run.of(driven.schedulable(), scheduler());
            described = true;
        }
        run.batch(losses.stream()
                .mapToDouble(loss -> loss)
                .average()
                .orElseThrow(() -> new IllegalStateException(
                        "a run needs the loss of each batch: compute the gradients with EasyTrain.trainBatch")));
    }

    @Override
    public void onEpoch(Trainer trainer) {
        LRScheduler runner = scheduler();
        if (trained && !driving) {
            throw new IllegalStateException(driven.remedy());
        }
        driven.epoch(epoch + 1);
        try {
            if (run.isPresent()) {
                run.get().epoch(metrics(trainer));
            }
            epoch++;
            batch = 0;
            nameEpoch();
            if (runner.takesMetric()) {
                runner.epoch(metric(trainer));
            } else {
                runner.epoch();
            }
            validated = false;
            if (file.isPresent()) {
                save(file.get());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        startRandomNumbers();
    }

    private double metric(Trainer trainer) {
        checkEvaluated("a plateau");
        if (!validated) {
            throw new IllegalStateException(
                    "a plateau needs an epoch's validation: give EasyTrain.fit a data set to validate with");
        }
        TrainingResult result = trainer.getTrainingResult();
        Optional<Float> metric = Optional.ofNullable(
                monitor.isPresent()
                        ? result.getValidateEvaluation(evaluator(trainer, monitor.get()))
                        : result.getValidateLoss());
        return metric.orElseThrow(() -> new IllegalStateException("monitor must be one of "
                + trainer.getEvaluators().stream().map(Evaluator::getName).toList() + ", or of a run's columns "
                + trainer.getEvaluators().stream()
                        .map(evaluator -> validationColumn(trainer, evaluator))
                        .toList()
                + ", but was " + monitor.orElse("")));
    }

    /** {@return the name of the evaluator whose column in a run is {@code monitored}, or that itself} */
    private static String evaluator(Trainer trainer, String monitored) {
        return trainer.getEvaluators().stream()
                .filter(evaluator -> validationColumn(trainer, evaluator).equals(monitored))
                .map(Evaluator::getName)
                .findFirst()
                .orElse(monitored);
    }

    private static String validationColumn(Trainer trainer, Evaluator evaluator) {
        return "val_" + (evaluator == trainer.getLoss() ? "loss" : column(evaluator.getName()));
    }

    /** {@return what DJL's evaluators measured, by the names of a run's columns, but for the loss of training, which a run sums} */
    private Map<String, Double> metrics(Trainer trainer) {
        TrainingResult result = trainer.getTrainingResult();
        Map<String, Double> metrics = new LinkedHashMap<>();
        for (Evaluator evaluator : trainer.getEvaluators()) {
            String name = evaluator.getName();
            if (validated) {
                put(metrics, validationColumn(trainer, evaluator), result.getValidateEvaluation(name));
            }
            if (evaluator != trainer.getLoss()) {
                put(metrics, "train_" + column(name), result.getTrainEvaluation(name));
            }
        }
        return metrics;
    }

    private static void put(Map<String, Double> metrics, String column, @Nullable Float value) {
        if (value != null) {
            metrics.put(column, (double) value);
        }
    }

    /** {@return such as {@code top_5_accuracy} for {@code Top_5_Accuracy} and {@code mean_iou} for {@code MeanIou}} */
    private static String column(String evaluator) {
        return evaluator
                .replaceAll("(?<=[a-z0-9])(?=[A-Z])", "_")
                .replaceAll("[^A-Za-z0-9]+", "_")
                .toLowerCase(Locale.ROOT);
    }
}
