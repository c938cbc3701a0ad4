package org.anneal.train;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.UnaryOperator;
import org.anneal.optim.Optimizer;
import org.anneal.optim.RangeResult;
import org.anneal.optim.RangeTest;
import org.anneal.runs.Monitor;
import org.anneal.torch.Device;
import org.anneal.torch.Network;
import org.anneal.torch.Torch;
import org.anneal.train.data.DataLoader;
import org.anneal.train.data.Dataset;
import org.anneal.train.measure.CrossEntropyLoss;
import org.anneal.train.measure.Loss;
import org.anneal.train.measure.MSELoss;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Runs a {@link RangeTest} on the batches that a {@link Trainer} with the same seed and batch size would train on, from the first
 * epoch's first on. A data set that is too small for the sweep is passed over again, in each epoch's own order.
 *
 * <p>The network, the optimizer and libtorch's random numbers are to the bit as before, so a training after it gives the losses that
 * it would give without it.
 *
 * <pre>{@code
 * RangeResult found = new RateFinder(network).batchSize(16).find(optimizer, RangeTest.over(optimizer), data.train());
 * }</pre>
 */
public final class RateFinder {
    /** Samples of a batch that is only measured, at least: it takes less memory than one of a training. */
    private static final int MEASURED = 64;

    private final Network network;
    private int batchSize = 16;
    private long seed;
    private int accumulate = 1;
    private Device device = Device.CPU;
    private Optional<Loss> loss = Optional.empty();
    private Optional<Dataset> validation = Optional.empty();
    private OptionalDouble clipNorm = OptionalDouble.empty();
    private OptionalDouble clipValue = OptionalDouble.empty();
    private UnaryOperator<DataLoader> loading = UnaryOperator.identity();
    private Runnable progress = () -> {};

    /** A search in batches of 16. */
    public RateFinder(Network network) {
        this.network = network;
    }

    /** Sets the samples of a batch, at least 1. */
    public RateFinder batchSize(int batchSize) {
        this.batchSize = batchSize;
        return this;
    }

    /** Sets the seed of the samples' order. */
    public RateFinder seed(long seed) {
        this.seed = seed;
        return this;
    }

    /** Sets the device of the batches, where the network must already be. */
    public RateFinder device(Device device) {
        this.device = device;
        return this;
    }

    /** Sets the loss (default: as {@link Trainer#loss} has it, cross-entropy for classes, else the mean squared difference). */
    public RateFinder loss(Loss loss) {
        this.loss = Optional.of(loss);
        return this;
    }

    /**
     * Makes the curve that of the loss on all of {@code data}, measured after each update as a {@link Validation} does. It is smoother
     * than that of the batches, and each update takes as much longer as the measuring takes.
     */
    public RateFinder validation(Dataset data) {
        this.validation = Optional.of(Objects.requireNonNull(data, "data"));
        return this;
    }

    /** Scales the gradients before each update as {@link Trainer#clipGradNorm} does. */
    public RateFinder clipGradNorm(double maxNorm) {
        this.clipNorm = OptionalDouble.of(maxNorm);
        return this;
    }

    /** Limits the gradients before each update as {@link Trainer#clipGradValue} does. */
    public RateFinder clipGradValue(double clipValue) {
        this.clipValue = OptionalDouble.of(clipValue);
        return this;
    }

    /** Sets how the batches are loaded, such as {@code loader -> loader.workers(2)}. */
    public RateFinder loading(UnaryOperator<DataLoader> loading) {
        this.loading = loading;
        return this;
    }

    /** Sets the batches per update, at least 1, whose losses are averaged. */
    public RateFinder accumulate(int batches) {
        this.accumulate = batches;
        return this;
    }

    /** Calls {@code progress} after each batch. */
    public RateFinder progress(Runnable progress) {
        this.progress = progress;
        return this;
    }

    /**
     * {@return what a sweep over {@code optimizer}'s rates finds on {@code data}}
     *
     * @param test of {@code optimizer}; it gets the batches per update and the clipping that are set here
     * @throws RuntimeException as {@link RangeTest#run} does
     */
    public RangeResult find(Optimizer<Tensor> optimizer, RangeTest test, Dataset data) {
        boolean classes = data.targetShape().length == 0;
        Loss lost = loss.orElseGet(() -> classes ? new CrossEntropyLoss() : new MSELoss());
        test.accumulate(accumulate).keeping(Torch.state(network.module()));
        if (clipNorm.isPresent() || clipValue.isPresent()) {
            test.beforeStep(() -> {
                clipNorm.ifPresent(optimizer::clipGradNorm);
                clipValue.ifPresent(optimizer::clipGradValue);
            });
        }
        Optional<Validation> measured =
                validation.map(held -> new Validation(held, Math.max(batchSize, MEASURED), lost, List.of(), device));
        measured.ifPresent(each ->
                test.validation(() -> each.measure(network).getOrDefault(Monitor.VAL_LOSS.name(), Double.NaN)));
        try (DataLoader loader = loading.apply(
                        new DataLoader(data, batchSize).shuffled(seed).on(device));
                RangeTest.Sweep sweep = test.start()) {
            network.module().train(true);
            for (int epoch = 1; !sweep.isDone(); epoch++) {
                loader.forEachWhile(epoch, batch -> {
                    boolean further = sweep.next(() -> {
                        Tensor value = lost.of(network.forward(batch.inputs()), batch.targets());
                        (accumulate == 1 ? value : value.mul(new Scalar(1.0 / accumulate))).backward();
                        return value.item_double();
                    });
                    progress.run();
                    return further;
                });
            }
            return sweep.result();
        } finally {
            measured.ifPresent(Validation::close);
        }
    }
}
