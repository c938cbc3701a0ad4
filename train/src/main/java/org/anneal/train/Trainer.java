package org.anneal.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.LongConsumer;
import org.anneal.checkpoint.TensorData;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.runs.OnNan;
import org.anneal.runs.RunListener;
import org.anneal.schedule.StepPer;
import org.anneal.text.Python;
import org.anneal.torch.Device;
import org.anneal.torch.Network;
import org.anneal.torch.Torch;
import org.anneal.torch.Weights;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The training loop: for every epoch it trains on shuffled batches, validates, and steps the schedule. The loss is
 * cross-entropy over the network's scores.
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
    private StepPer stepPer = StepPer.EPOCH;
    private Device device = Device.CPU;
    private final List<RunListener> listeners = new ArrayList<>();
    private final List<TrainListener> trainListeners = new ArrayList<>(); // those of the listeners that hear more
    private Progress start = Progress.start();
    private OptionalInt saveEvery = OptionalInt.empty();
    private OptionalInt patience = OptionalInt.empty();
    private boolean restoreBest;
    private OnNan onNan = OnNan.STOP;
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

    /** Stops after {@code epochs} epochs, at least 1, without a new lowest validation loss. */
    public Trainer patience(int epochs) {
        this.patience = OptionalInt.of(atLeastOne("patience", epochs));
        return this;
    }

    /**
     * Restores the weights of the epoch with the lowest validation loss when the run is finished. They are kept in memory
     * meanwhile.
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
        this.stepPer = stepPer;
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
                || (patience.isPresent() && progress.epochsSinceBest() >= patience.getAsInt());
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
     * Trains and {@return the finished epochs, for a resumed run including the earlier ones, as far as they are known}
     *
     * @throws IOException if a listener cannot write
     * @throws NonFiniteException if a loss or a weight is NaN or infinite, and the run is not to go on with it
     * @throws IllegalArgumentException if the resumed position is past the end of an epoch, or if the best weights are to be
     *     restored and the position does not have them
     */
    public List<RunListener.Epoch> fit(DataSets data) throws IOException {
        try (DataLoader training =
                        new DataLoader(data.train(), batchSize).shuffled(seed).on(device);
                DataLoader validation = new DataLoader(data.validation(), batchSize).on(device)) {
            return new Fit(training, validation, data.validation().size()).run();
        } catch (UncheckedIOException e) {
            throw Optional.ofNullable(e.getCause()).orElseThrow();
        }
    }

    /** One call of {@link #fit}, and its position. */
    private final class Fit {
        private final DataLoader training;
        private final DataLoader validation;
        private final long toValidate; // samples
        private final int batches;
        private final long stepsElsewhere; // steps of the run that this optimizer did not make
        private final List<RunListener.Epoch> epochs = new ArrayList<>(start.epochs());
        private int epoch = start.epoch(); // finished
        private int batch = start.batch();
        private Mean loss = new Mean(start.lossSum(), start.lossSamples());
        private double seconds = start.seconds(); // in the epoch, before this call of fit
        private long since = System.nanoTime();
        private List<Double> lr = start.lr();
        private Map<String, Double> numbers = start.numbers();
        private Map<String, TensorData> bestWeights = start.bestWeights();
        private boolean evaluated; // the batch's loss, which LBFGS computes more than once
        private boolean toldNotFinite;

        Fit(DataLoader training, DataLoader validation, long toValidate) {
            this.training = training;
            this.validation = validation;
            this.toValidate = toValidate;
            batches = Math.min(limit, training.size());
            stepsElsewhere = start.step() - optimizer.steps();
            if (batch > batches) {
                throw new IllegalArgumentException("progress must be within the " + batches
                        + " batches of an epoch, but was after batch " + batch);
            }
            if (restoreBest && bestWeights.isEmpty() && start.best().isPresent()) {
                if (!start.isBest()) {
                    throw new IllegalArgumentException("progress must have the weights of the best epoch, "
                            + start.best().get().epoch() + ", to restore them, but has none");
                }
                bestWeights = TensorBytes.copy(Weights.stateDict(network.module()));
            }
        }

        List<RunListener.Epoch> run() throws IOException {
            listeners.forEach(listener -> listener.begin(start.step(), start.epochs()));
            checkpoint();
            while (!stopped && !isFinished(progress())) {
                trainAnEpoch();
            }
            if (restoreBest && !bestWeights.isEmpty() && isFinished(progress())) {
                Weights.load(network.module(), bestWeights);
            }
            return List.copyOf(epochs);
        }

        private void trainAnEpoch() throws IOException {
            since = System.nanoTime();
            train();
            Mean valLoss = new Mean(0, 0);
            Mean valAccuracy = new Mean(0, 0);
            if (!stopped) {
                optimizer.eval();
                validate(validation, valLoss, valAccuracy, samples -> {
                    for (RunListener listener : listeners) {
                        listener.validation(epoch + 1, samples, toValidate);
                    }
                });
            }
            if (stopped) {
                checkpoint();
                return;
            }
            requireFinite("the validation loss", valLoss.value(), batch);
            requireFiniteWeights();
            epoch++;
            RunListener.Epoch end = new RunListener.Epoch(
                    epoch, steps(), lr, loss.value(), valLoss.value(), valAccuracy.value(), secondsSoFar(), numbers);
            for (RunListener listener : listeners) {
                listener.epoch(end);
            }
            epochs.add(end);
            batch = 0;
            loss = new Mean(0, 0);
            seconds = 0;
            since = System.nanoTime();
            if (restoreBest && progress().isBest()) {
                bestWeights = TensorBytes.copy(Weights.stateDict(network.module()));
            }
            if (scheduler.takesMetric()) {
                scheduler.step(valLoss.value());
            }
            if (scheduler.takesStep() && stepPer == StepPer.EPOCH) {
                scheduler.step();
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
                lr = rates();
                numbers = RunListener.numbers(optimizer.groups());
                evaluated = false;
                double value = optimizer.step(() -> {
                    optimizer.zeroGrad();
                    Tensor batchLoss = torch.cross_entropy_loss(network.forward(data.inputs()), data.targets());
                    batchLoss.backward();
                    double evaluation = batchLoss.item_double();
                    if (!evaluated) {
                        evaluated = true;
                        requireFinite("the training loss", evaluation, data.index() + 1);
                    }
                    return evaluation;
                });
                loss.add(value * data.size(), data.size());
                batch = data.index() + 1;
                RunListener.Batch end = new RunListener.Batch(epoch + 1, batch, batches, steps(), lr, value, numbers);
                listeners.forEach(listener -> listener.batch(end));
                if (stepPer == StepPer.BATCH) {
                    scheduler.step();
                }
                if (!stopped && saveEvery.isPresent() && batch % saveEvery.getAsInt() == 0) {
                    checkpoint();
                }
                return !stopped && batch < batches;
            });
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
                    loss.sum,
                    loss.samples,
                    batch == 0 ? 0 : secondsSoFar(),
                    lr,
                    epochs,
                    bestWeights,
                    numbers);
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

    private void validate(DataLoader loader, Mean loss, Mean accuracy, LongConsumer progress) {
        network.module().train(false);
        try (AutoGradMode noGrad = new AutoGradMode(false)) {
            loader.forEachWhile(0, batch -> {
                Tensor scores = network.forward(batch.inputs());
                Tensor right = scores.argmax(new LongOptional(1), false).eq(batch.targets());
                double value = torch.cross_entropy_loss(scores, batch.targets()).item_double();
                loss.add(value * batch.size(), batch.size());
                accuracy.add(right.sum().item_double(), batch.size());
                progress.accept(loss.samples);
                return !stopped;
            });
        }
    }

    private static int atLeastOne(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be at least 1, but was " + value);
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
