package org.anneal.train;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.schedule.StepPer;
import org.anneal.torch.Device;
import org.anneal.torch.Network;
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
    private final List<TrainListener> listeners = new ArrayList<>();
    private List<Double> lastLr = List.of();
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

    /** Sets how often the data is gone through, at least 1. */
    public Trainer epochs(int epochs) {
        this.epochs = atLeastOne("epochs", epochs);
        return this;
    }

    /** Sets the samples of a batch, at least 1; an epoch's last batch may be smaller. */
    public Trainer batchSize(int batchSize) {
        this.batchSize = atLeastOne("batch_size", batchSize);
        return this;
    }

    /** Trains on no more than the first {@code limit} batches of an epoch, at least 1; validation is whole. */
    public Trainer limit(int limit) {
        this.limit = atLeastOne("limit", limit);
        return this;
    }

    /** Sets what the order of the samples is drawn from. */
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

    /** Sets where the batches go; the network must be there already. */
    public Trainer device(Device device) {
        this.device = device;
        return this;
    }

    /** Adds a listener; they are called in the order they were added. */
    public Trainer listener(TrainListener listener) {
        listeners.add(listener);
        return this;
    }

    /** Ends {@link #fit} after the optimizer step that is being made. May be called from any thread. */
    public void stop() {
        stopped = true;
    }

    /** {@return whether {@link #stop} was called} */
    public boolean isStopped() {
        return stopped;
    }

    /**
     * Trains and {@return the epochs that were finished}
     *
     * @throws IOException if a listener cannot write what it writes
     */
    public List<TrainListener.Epoch> fit(DataSets data) throws IOException {
        List<TrainListener.Epoch> done = new ArrayList<>();
        try (DataLoader training =
                        new DataLoader(data.train(), batchSize).shuffled(seed).on(device);
                DataLoader validation = new DataLoader(data.validation(), batchSize).on(device)) {
            for (int epoch = 1; epoch <= epochs; epoch++) {
                long start = System.nanoTime();
                Mean trainLoss = train(training, epoch);
                Mean valLoss = new Mean();
                Mean valAccuracy = new Mean();
                validate(validation, valLoss, valAccuracy);
                if (stopped) {
                    break;
                }
                double seconds = (System.nanoTime() - start) / 1e9;
                TrainListener.Epoch end = new TrainListener.Epoch(
                        epoch,
                        optimizer.steps(),
                        lastLr,
                        trainLoss.value(),
                        valLoss.value(),
                        valAccuracy.value(),
                        seconds);
                for (TrainListener listener : listeners) {
                    listener.epoch(end);
                }
                done.add(end);
                if (scheduler.takesMetric()) {
                    scheduler.step(valLoss.value());
                }
                if (scheduler.takesStep() && stepPer == StepPer.EPOCH) {
                    scheduler.step();
                }
            }
        }
        return done;
    }

    private Mean train(DataLoader loader, int epoch) {
        Mean mean = new Mean();
        int batches = Math.min(limit, loader.size());
        network.module().train(true);
        loader.forEachWhile(epoch, batch -> {
            optimizer.zeroGrad();
            Tensor loss = torch.cross_entropy_loss(network.forward(batch.inputs()), batch.targets());
            loss.backward();
            optimizer.step();
            double value = loss.item_double();
            mean.add(value * batch.size(), batch.size());
            lastLr = optimizer.groups().stream().map(ParamGroup::lr).toList();
            TrainListener.Batch end =
                    new TrainListener.Batch(epoch, batch.index() + 1, batches, optimizer.steps(), lastLr, value);
            listeners.forEach(listener -> listener.batch(end));
            if (stepPer == StepPer.BATCH) {
                scheduler.step();
            }
            return !stopped && batch.index() + 1 < batches;
        });
        return mean;
    }

    private void validate(DataLoader loader, Mean loss, Mean accuracy) {
        network.module().train(false);
        try (AutoGradMode noGrad = new AutoGradMode(false)) {
            loader.forEachWhile(0, batch -> {
                Tensor scores = network.forward(batch.inputs());
                Tensor right = scores.argmax(new LongOptional(1), false).eq(batch.targets());
                double value = torch.cross_entropy_loss(scores, batch.targets()).item_double();
                loss.add(value * batch.size(), batch.size());
                accuracy.add(right.sum().item_double(), batch.size());
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

        void add(double sum, long samples) {
            this.sum += sum;
            this.samples += samples;
        }

        double value() {
            return sum / samples;
        }
    }
}
