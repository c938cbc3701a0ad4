package org.anneal.train;

import java.util.function.BinaryOperator;
import org.anneal.optim.RangeResult;
import org.anneal.optim.RangeTest;
import org.anneal.torch.Device;
import org.anneal.torch.Network;
import org.anneal.torch.Torch;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Runs a {@link RangeTest} on the batches that a {@link Trainer} with the same seed and batch size would train on, from the first
 * epoch's first on. A data set that is too small for the sweep is passed over again, in each epoch's own order.
 *
 * <p>The network, the optimizer and libtorch's random numbers are to the bit as before, so a training after it gives the losses that
 * it would give without it.
 *
 * <pre>{@code
 * RangeResult found = new RateFinder(network).batchSize(16).find(RangeTest.over(optimizer), data.train());
 * }</pre>
 */
public final class RateFinder {
    private final Network network;
    private int batchSize = 16;
    private long seed;
    private int accumulate = 1;
    private Device device = Device.CPU;
    private BinaryOperator<Tensor> loss = torch::cross_entropy_loss;
    private Runnable progress = () -> {};

    /** A search in batches of 16, with cross-entropy. */
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

    /** Sets the loss, a function of the network's output and the targets that gives a tensor of one element. */
    public RateFinder loss(BinaryOperator<Tensor> loss) {
        this.loss = loss;
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

    /** {@return what {@code test} finds on {@code data}} Throws as {@link RangeTest#run} does. */
    public RangeResult find(RangeTest test, Dataset data) {
        try (DataLoader loader = new DataLoader(data, batchSize).shuffled(seed).on(device);
                RangeTest.Sweep sweep = test.accumulate(accumulate)
                        .keeping(Torch.state(network.module()))
                        .start()) {
            network.module().train(true);
            for (int epoch = 1; !sweep.isDone(); epoch++) {
                loader.forEachWhile(epoch, batch -> {
                    boolean further = sweep.next(() -> {
                        Tensor value = loss.apply(network.forward(batch.inputs()), batch.targets());
                        (accumulate == 1 ? value : value.div(new Scalar((double) accumulate))).backward();
                        return value.item_double();
                    });
                    progress.run();
                    return further;
                });
            }
            return sweep.result();
        }
    }
}
