package org.anneal.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.anneal.checkpoint.TensorData;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.runs.Monitor;
import org.anneal.runs.OnNan;
import org.anneal.runs.RunListener;
import org.anneal.schedule.ReduceLROnPlateau.Mode;
import org.anneal.schedule.StepPer;
import org.anneal.text.Python;
import org.anneal.torch.Device;
import org.anneal.torch.Network;
import org.anneal.torch.Torch;
import org.anneal.torch.Weights;
import org.anneal.train.data.DataLoader;
import org.anneal.train.data.DataSets;
import org.anneal.train.measure.CrossEntropyLoss;
import org.anneal.train.measure.Loss;
import org.anneal.train.measure.MSELoss;
import org.anneal.train.measure.Metric;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * The training loop: for every epoch it trains on shuffled batches, validates, and steps the schedule. The loss, unless another
 * is set, is cross-entropy if the data's targets are classes, else the mean squared difference.
 *
 * <pre>{@code
 * new Trainer(network, optimizer, scheduler).epochs(5).batchSize(16).fit(data);
 * }</pre>
 *
 * <p>The order of the samples depends on the seed and the epoch alone, so the same seed on the same machine, with the
 * same number of threads, gives the same losses to the bit. A trainer belongs to the thread that calls {@link #fit}.
 */
public final class Trainer {
    private final Network network;
    private final Optimizer<Tensor> optimizer;
    private final LRScheduler scheduler;
    private int epochs = 5;
    private int batchSize = 16;
    private int limit = Integer.MAX_VALUE;
    private long seed;
    private Device device = Device.CPU;
    private final List<RunListener> listeners = new ArrayList<>();
    private final List<TrainListener> trainListeners = new ArrayList<>(); // those of the listeners that hear more
    private Progress start = Progress.start();
    private OptionalInt saveEvery = OptionalInt.empty();
    private OptionalInt patience = OptionalInt.empty();
    private int stopAfter = Integer.MAX_VALUE;
    private boolean restoreBest;
    private OnNan onNan = OnNan.STOP;
    private Optional<Loss> loss = Optional.empty();
    private final List<Metric> metrics = new ArrayList<>();
    private String monitored = Monitor.VAL_LOSS.name();
    private OptionalDouble clipNorm = OptionalDouble.empty();
    private OptionalDouble clipValue = OptionalDouble.empty();
    private int accumulate = 1;
    private Runnable beforeStep = () -> {};
    private final List<WeightAverage> averages = new ArrayList<>();
    private UnaryOperator<DataLoader> loading = UnaryOperator.identity();
    private volatile boolean stopped;

    /**
     * A loop of 5 epochs in batches of 16, stepping the schedule per epoch.
     *
     * @param optimizer over the network's parameters; stays the caller's to close
     * @param scheduler the optimizer's live runner
     */
    public Trainer(Network network, Optimizer<Tensor> optimizer, LRScheduler scheduler) {
        this.network = network;
        this.optimizer = optimizer;
        this.scheduler = scheduler;
    }

    /** Sets the number of epochs, at least 1. */
    public Trainer epochs(int epochs) {
        this.epochs = atLeastOne("epochs", epochs);
        return this;
    }

    /** Sets the samples of a batch, at least 1; an epoch's last batch may be smaller. */
    public Trainer batchSize(int batchSize) {
        this.batchSize = atLeastOne("batch_size", batchSize);
        return this;
    }

    /** Trains on only the first {@code limit} batches of each epoch, at least 1; validation is not limited. */
    public Trainer limit(int limit) {
        this.limit = atLeastOne("limit", limit);
        return this;
    }

    /**
     * Starts at another run's position. If the network, the optimizer and the scheduler are as they were there, and the data,
     * the batch size and the seed are the same, the run goes on to the same bits.
     */
    public Trainer resume(Progress progress) {
        this.start = progress;
        return this;
    }

    /** Calls {@link TrainListener#checkpoint} also after every {@code batches} batches of an epoch, at least 1. */
    public Trainer saveEvery(int batches) {
        this.saveEvery = OptionalInt.of(atLeastOne("save_every", batches));
        return this;
    }

    /** Sets what is made small. */
    public Trainer loss(Loss loss) {
        this.loss = Optional.of(loss);
        return this;
    }

    /**
     * Adds a metric of the validation. Without any, classifiers have their {@link Metric#accuracy}.
     *
     * @throws IllegalArgumentException if there is one of its name already
     */
    public Trainer metric(Metric metric) {
        metrics.add(metric);
        checkNames();
        return this;
    }

    /**
     * Sets which number tells whether an epoch was better than those before, for {@link #patience}, the best checkpoint and a
     * plateau (default: {@code val_loss}). Patience and the plateau wait for an average that begins later.
     *
     * @param column {@code train_loss}, {@code val_loss}, or {@code val_} and the name of a metric; of an average, its name before
     *     that, as in {@code ema_val_loss}
     */
    public Trainer monitor(String column) {
        this.monitored = column;
        return this;
    }

    /** {@return the number that tells which epoch is the best} */
    public Monitor monitor() {
        return monitor(metrics.isEmpty() ? List.of(Metric.accuracy()) : metrics);
    }

    private Monitor monitor(List<Metric> measured) {
        List<Monitor> monitors = monitors(measured);
        return monitors.stream()
                .filter(monitor -> monitor.name().equals(monitored))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("monitor must be one of "
                        + monitors.stream().map(Monitor::name).collect(Collectors.joining(", ")) + ", but was "
                        + monitored));
    }

    private List<Monitor> monitors(List<Metric> measured) {
        List<Monitor> validation = new ArrayList<>(List.of(Monitor.VAL_LOSS));
        measured.forEach(metric -> validation.add(new Monitor(Validation.PREFIX + metric.name(), metric.mode())));
        List<Monitor> all = new ArrayList<>(List.of(new Monitor(Monitor.TRAIN_LOSS, Mode.MIN)));
        all.addAll(validation);
        averages.forEach(average ->
                validation.forEach(each -> all.add(new Monitor(average.metric(each.name()), each.mode()))));
        return all;
    }

    private void checkNames() {
        Set<String> names = new HashSet<>();
        for (Monitor monitor : monitors(metrics)) {
            if (!names.add(monitor.name())) {
                throw new IllegalArgumentException(
                        "metrics and averages must have names of their own, but two are " + monitor.name());
            }
        }
    }

    /** Scales the gradients before each step so that their norm over all parameters is at most {@code maxNorm}. */
    public Trainer clipGradNorm(double maxNorm) {
        clipNorm = OptionalDouble.of(aboveZero("clip_grad_norm", maxNorm));
        return this;
    }

    /** Limits each entry of the gradients before each step to -{@code clipValue} to {@code clipValue}. */
    public Trainer clipGradValue(double clipValue) {
        this.clipValue = OptionalDouble.of(aboveZero("clip_grad_value", clipValue));
        return this;
    }

    /**
     * Makes a step of the optimizer after every {@code batches} batches, at least 1, and at the end of an epoch, with the gradient
     * of the mean loss over their samples. The schedule and the averages count steps of the optimizer.
     */
    public Trainer accumulate(int batches) {
        this.accumulate = atLeastOne("accumulate", batches);
        return this;
    }

    /** Sets what is called before each step, when the gradients are there and clipped. */
    public Trainer beforeStep(Runnable beforeStep) {
        this.beforeStep = beforeStep;
        return this;
    }

    /**
     * Adds an average of the weights, which is updated, validated, and saved beside them.
     *
     * @throws IllegalArgumentException if there is one of its name already
     */
    public Trainer average(WeightAverage average) {
        averages.add(average);
        checkNames();
        return this;
    }

    /** Sets how the training batches are loaded, such as {@code loader -> loader.workers(2)}. */
    public Trainer loading(UnaryOperator<DataLoader> loading) {
        this.loading = loading;
        return this;
    }

    /** Stops after {@code epochs} epochs, at least 1, without a better value of what is {@linkplain #monitor watched}. */
    public Trainer patience(int epochs) {
        this.patience = OptionalInt.of(atLeastOne("patience", epochs));
        return this;
    }

    /**
     * Restores the weights of the best epoch when the run is finished; if an average is {@linkplain #monitor watched}, those of the
     * average. They are kept in memory meanwhile.
     */
    public Trainer restoreBest() {
        this.restoreBest = true;
        return this;
    }

    /**
     * Sets what to do if a batch's loss, the validation loss, or a parameter that is about to be saved is NaN or infinite (default:
     * stop). A batch's loss stops the run before the optimizer's step; with LBFGS, the loss that the step starts from does.
     */
    public Trainer onNan(OnNan onNan) {
        this.onNan = onNan;
        return this;
    }

    /** Sets the seed of the samples' order. */
    public Trainer seed(long seed) {
        this.seed = seed;
        return this;
    }

    /** Sets when the schedule is stepped. */
    public Trainer stepPer(StepPer stepPer) {
        if (stepPer == StepPer.BATCH && !scheduler.takesStep()) {
            throw new IllegalArgumentException(
                    "step_per must be epoch for a plateau, which takes the validation loss, but was batch");
        }
        scheduler.stepPer(stepPer);
        return this;
    }

    /** Sets the device of the batches, where the network must already be. */
    public Trainer device(Device device) {
        this.device = device;
        return this;
    }

    /** Adds a listener, which may be a {@link TrainListener}; they are called in the order in which they were added. */
    public Trainer listener(RunListener listener) {
        listeners.add(listener);
        if (listener instanceof TrainListener own) {
            trainListeners.add(own);
        }
        return this;
    }

    /** {@return whether nothing is left to do at {@code progress}: all epochs are done, or patience has run out} */
    public boolean isFinished(Progress progress) {
        return progress.epoch() >= epochs
                || (patience.isPresent() && progress.monitoredBy(monitor()).epochsSinceBest() >= patience.getAsInt());
    }

    /**
     * Ends {@link #fit} after epoch {@code epoch}, at least 1, or at once if it is done already. Schedules and {@link #isFinished} still
     * go by {@link #epochs}: resumed from there, the run goes on to the same bits.
     */
    public Trainer stopAfter(int epoch) {
        this.stopAfter = atLeastOne("stop_after", epoch);
        return this;
    }

    /** Ends {@link #fit} after the current optimizer step. May be called from any thread. */
    public void stop() {
        stopped = true;
    }

    /** {@return whether {@link #stop} was called} */
    public boolean isStopped() {
        return stopped;
    }

    /**
     * Trains.
     *
     * @return the finished epochs, for a resumed run including the earlier ones, as far as they are known
     * @throws IOException if a listener cannot write
     * @throws NonFiniteException if a loss or a weight is NaN or infinite, and the run is not to go on with it
     * @throws IllegalArgumentException if the resumed position is past the end of an epoch or within the batches of one step; if
     *     the best weights are to be restored and the position does not have them; if a plateau's mode is not that of what is
     *     watched; or if gradients are accumulated for an optimizer that needs a closure
     */
    public List<RunListener.Epoch> fit(DataSets data) throws IOException {
        checkSettings();
        try (DataLoader training = loader(data);
                Validation validation = validation(data, batchSize)) {
            return new Fit(data, training, validation, loss(data), monitor(measured(data))).run();
        } catch (UncheckedIOException e) {
            throw Optional.ofNullable(e.getCause()).orElseThrow();
        }
    }

    /**
     * Computes the loss and the metrics of one sample, which changes nothing, so that what does not fit together is refused before a
     * run begins.
     *
     * @throws IllegalArgumentException if the data, the augmentation, the network, the loss and the metrics do not fit together
     */
    public void check(DataSets data) {
        checkSettings();
        loader(data).close();
        try (Validation one = validation(data, 1)) {
            one.measure(network, "", samples -> false);
        }
    }

    private DataLoader loader(DataSets data) {
        return loading.apply(
                new DataLoader(data.train(), batchSize).shuffled(seed).on(device));
    }

    private Validation validation(DataSets data, int batchSize) {
        return new Validation(data.validation(), batchSize, loss(data), measured(data), device);
    }

    private Loss loss(DataSets data) {
        return loss.orElseGet(() -> areClasses(data) ? new CrossEntropyLoss() : new MSELoss());
    }

    private List<Metric> measured(DataSets data) {
        return metrics.isEmpty() && areClasses(data) ? List.of(Metric.accuracy()) : metrics;
    }

    private static boolean areClasses(DataSets data) {
        return data.train().targetShape().length == 0;
    }

    private void checkSettings() {
        Optional<Mode> plateau = scheduler.metricMode();
        Monitor monitor = monitor();
        if (plateau.isPresent() && plateau.get() != monitor.mode()) {
            throw new IllegalArgumentException("the plateau's mode must be '" + lower(monitor.mode()) + "' for "
                    + monitor.name() + ", but was '" + lower(plateau.get()) + "'");
        }
        if (accumulate > 1
                && optimizer.groups().stream().anyMatch(group -> group.rule().needsClosure())) {
            throw new IllegalArgumentException("accumulate must be 1 for "
                    + optimizer.groups().get(0).rule() + ", which computes the loss several times a step, but was "
                    + accumulate);
        }
    }

    private static String lower(Mode mode) {
        return mode.name().toLowerCase(Locale.ROOT);
    }

    /** One call of {@link #fit}, and its position. */
    private final class Fit {
        private final DataLoader training;
        private final Validation validation;
        private final long toTrain; // samples
        private final long toValidate; // samples
        private final Loss loss;
        private final Monitor monitor;
        private final int batches;
        private final long stepsElsewhere; // steps of the run that this optimizer did not make
        private final List<RunListener.Epoch> epochs = new ArrayList<>(start.epochs());
        private int epoch = start.epoch(); // finished
        private int batch = start.batch();
        private Mean losses = new Mean(start.lossSum(), start.lossSamples());
        private Mean stepLosses = new Mean(0, 0); // of the batches since the last step
        private double seconds = start.seconds(); // in the epoch, before this call of fit
        private long since = System.nanoTime();
        private List<Double> lr = start.lr();
        private Map<String, Double> numbers = start.numbers();
        private Map<String, TensorData> bestWeights;
        private boolean evaluated; // the batch's loss, which LBFGS computes more than once
        private boolean toldNotFinite;

        Fit(DataSets data, DataLoader training, Validation validation, Loss loss, Monitor monitor) {
            this.training = training;
            this.validation = validation;
            this.loss = loss;
            this.monitor = monitor;
            toTrain = data.train().size();
            toValidate = data.validation().size();
            bestWeights = start.monitor().equals(monitor) ? start.bestWeights() : Map.of();
            batches = Math.min(limit, training.size());
            stepsElsewhere = start.step() - optimizer.steps();
            if (batch > batches) {
                throw new IllegalArgumentException("progress must be within the " + batches
                        + " batches of an epoch, but was after batch " + batch);
            }
            if (batch % accumulate != 0 && batch < batches) {
                throw new IllegalArgumentException("progress must be at a step of the optimizer, one in every "
                        + accumulate + " batches, but was after batch " + batch);
            }
            Progress progress = progress();
            if (restoreBest && bestWeights.isEmpty() && progress.best().isPresent()) {
                if (!progress.isBest()) {
                    throw new IllegalArgumentException("progress must have the weights of the best epoch, "
                            + progress.best().get().epoch() + ", to restore them, but has none");
                }
                bestWeights = watchedWeights();
            }
        }

        /** {@return a copy of the weights that the watched number is of} */
        private Map<String, TensorData> watchedWeights() {
            Network watched = averages.stream()
                    .filter(average -> monitor.name().startsWith(average.metric("")))
                    .findFirst()
                    .map(WeightAverage::network)
                    .orElse(network);
            return Checkpoint.copies(Weights.stateDict(watched.module()));
        }

        List<RunListener.Epoch> run() throws IOException {
            listeners.forEach(listener -> listener.begin(start.step(), start.epochs()));
            checkpoint();
            while (!stopped && epoch < stopAfter && !isFinished(progress())) {
                trainAnEpoch();
            }
            if (isFinished(progress())) {
                if (restoreBest && !bestWeights.isEmpty()) {
                    Weights.load(network.module(), bestWeights);
                }
                trainListeners.forEach(TrainListener::finish);
            }
            return List.copyOf(epochs);
        }

        private void trainAnEpoch() throws IOException {
            since = System.nanoTime();
            train();
            Map<String, Double> measured = new LinkedHashMap<>();
            if (!stopped) {
                optimizer.eval();
                validate(network, "", measured);
            }
            for (WeightAverage average : averages) {
                if (!stopped && average.hasBegun()) {
                    validate(average, measured);
                }
            }
            if (stopped) {
                checkpoint();
                return;
            }
            requireFiniteWeights();
            epoch++;
            RunListener.Epoch end =
                    new RunListener.Epoch(epoch, steps(), lr, losses.value(), measured, secondsSoFar(), numbers);
            for (RunListener listener : listeners) {
                listener.epoch(end);
            }
            epochs.add(end);
            batch = 0;
            losses = new Mean(0, 0);
            seconds = 0;
            since = System.nanoTime();
            if (restoreBest && progress().isBest()) {
                bestWeights = watchedWeights();
            }
            if (monitor.isIn(end)) {
                scheduler.epoch(monitor.of(end));
            } else {
                scheduler.epoch();
            }
            checkpoint();
        }

        private void train() {
            network.module().train(true);
            if (batch == batches) {
                return; // all batches were done before
            }
            optimizer.train();
            training.forEachWhile(epoch + 1, batch, data -> {
                if (batch % accumulate == 0) {
                    lr = rates();
                    numbers = RunListener.numbers(optimizer.groups());
                    stepLosses = new Mean(0, 0);
                }
                evaluated = false;
                boolean last = (batch + 1) % accumulate == 0 || batch + 1 == batches;
                double value = last ? optimizer.step(() -> evaluate(data, true)) : evaluate(data, false);
                losses.add(value * data.size(), data.size());
                stepLosses.add(value * data.size(), data.size());
                batch = data.index() + 1;
                if (last) {
                    stepped();
                }
                return !(stopped && last) && batch < batches;
            });
        }

        /** Computes a batch's loss and adds its gradients; before the optimizer's step, makes them ready for it. */
        private double evaluate(DataLoader.Batch data, boolean last) {
            if (data.index() % accumulate == 0) {
                optimizer.zeroGrad();
            }
            Tensor batchLoss = loss.of(network.forward(data.inputs()), data.targets());
            double share = share(data);
            (share == 1 ? batchLoss : batchLoss.mul(new Scalar(share))).backward();
            double value = batchLoss.item_double();
            if (!evaluated) {
                evaluated = true;
                requireFinite("the training loss", value, data.index() + 1);
            }
            if (last) {
                clipNorm.ifPresent(optimizer::clipGradNorm);
                clipValue.ifPresent(optimizer::clipGradValue);
                beforeStep.run();
            }
            return value;
        }

        /** {@return the batch's part of the samples that the optimizer's step is computed from} */
        private double share(DataLoader.Batch data) {
            long first = (long) data.index() - data.index() % accumulate;
            long end = Math.min(first + accumulate, batches);
            long samples = Math.min(end * batchSize, toTrain) - first * batchSize;
            return (double) data.size() / samples;
        }

        /** Goes on after a step of the optimizer. */
        private void stepped() {
            averages.stream()
                    .filter(this::isDue)
                    .forEach(average -> average.model().update());
            RunListener.Batch end =
                    new RunListener.Batch(epoch + 1, batch, batches, steps(), lr, stepLosses.value(), numbers);
            listeners.forEach(listener -> listener.batch(end));
            scheduler.batch();
            int before = batch - 1 - (batch - 1) % accumulate; // batches before this step
            if (!stopped && saveEvery.isPresent() && batch / saveEvery.getAsInt() > before / saveEvery.getAsInt()) {
                checkpoint();
            }
        }

        /** {@return whether an average is updated after this step; in an epoch's last one, too, so that a resumed run knows} */
        private boolean isDue(WeightAverage average) {
            return epoch + 1 >= average.from() && (average.per() == StepPer.BATCH || batch == batches);
        }

        /** Measures an average, whose batch norms are those of the training data as it sees them. */
        private void validate(WeightAverage average, Map<String, Double> measured) {
            TensorData random = Torch.getRngState(); // training goes on as it would without averages
            try {
                Torch.updateBn(
                        average.network().module(),
                        () -> training.forEachWhile(epoch + 1, data -> {
                            average.network().forward(data.inputs());
                            return !stopped && data.index() + 1 < batches;
                        }));
                if (!stopped) {
                    validate(average.network(), average.metric(""), measured);
                }
            } finally {
                Torch.setRngState(random);
            }
        }

        /** Measures {@code of}; the metrics' names begin with {@code name}. */
        private void validate(Network of, String name, Map<String, Double> measured) {
            Map<String, Double> found = validation.measure(of, name, samples -> {
                listeners.forEach(listener -> listener.validation(epoch + 1, samples, toValidate));
                return !stopped;
            });
            if (!stopped) {
                requireFinite(
                        "the " + name.replace('_', ' ') + "validation loss",
                        found.getOrDefault(name + Monitor.VAL_LOSS.name(), Double.NaN),
                        batch);
                measured.putAll(found);
            }
        }

        private void requireFinite(String what, double value, int at) {
            if (!Double.isFinite(value)) {
                notFinite(what + " is " + Python.repr(value), at);
            }
        }

        /** A gradient may be NaN although the loss is not: weights that are saved must be finite. */
        private void requireFiniteWeights() {
            if (toldNotFinite) {
                return;
            }
            try (PointerScope scope = new PointerScope()) {
                Torch.namedParameters(network.module()).forEach((name, parameter) -> {
                    if (!parameter.isfinite().all().item_bool()) {
                        notFinite("the parameter " + name + " is not finite", batch);
                    }
                });
            }
        }

        private void notFinite(String what, int at) {
            List<Double> used = lr.isEmpty() ? rates() : lr;
            NonFiniteException found = new NonFiniteException(what, epoch + 1, at, batches, used);
            if (onNan == OnNan.STOP) {
                throw found;
            }
            if (!toldNotFinite) {
                toldNotFinite = true;
                trainListeners.forEach(listener -> listener.notFinite(found));
            }
        }

        private List<Double> rates() {
            return optimizer.groups().stream().map(ParamGroup::lr).toList();
        }

        private long steps() {
            return stepsElsewhere + optimizer.steps();
        }

        private double secondsSoFar() {
            return seconds + (System.nanoTime() - since) / 1e9;
        }

        private Progress progress() {
            return new Progress(
                    epoch,
                    batch,
                    steps(),
                    losses.sum,
                    losses.samples,
                    batch == 0 ? 0 : secondsSoFar(),
                    lr,
                    epochs,
                    bestWeights,
                    numbers,
                    monitor);
        }

        private void checkpoint() {
            requireFiniteWeights();
            Progress here = progress();
            for (TrainListener listener : trainListeners) {
                try {
                    listener.checkpoint(here);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    private static int atLeastOne(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be at least 1, but was " + value);
        }
        return value;
    }

    private static double aboveZero(String name, double value) {
        if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(name + " must be finite and above 0, but was " + value);
        }
        return value;
    }

    private static final class Mean {
        private double sum;
        private long samples;

        Mean(double sum, long samples) {
            this.sum = sum;
            this.samples = samples;
        }

        void add(double sum, long samples) {
            this.sum += sum;
            this.samples += samples;
        }

        double value() {
            return sum / samples;
        }
    }
}
