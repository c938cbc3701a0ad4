package org.anneal.bench;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.anneal.torch.Torch;
import org.anneal.train.data.DataSets;
import org.anneal.train.data.Dataset;
import org.anneal.train.network.TutorialNet;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Times a training step of the tutorial network on CIFAR-10, and its parts, like {@code bench/pytorch/train_cifar10.py} in
 * Python: ready-made batches of 4, SGD(lr=0.001, momentum=0.9), one thread.
 */
public final class TrainingStep {
    private static final int BATCH = 4;
    private static final String[] PARTS = {"zero_grad", "forward", "loss", "backward", "optimizer", "scope"};

    private TrainingStep() {}

    /** Arguments: the folder with CIFAR-10, and the number of steps. */
    public static void main(String[] args) throws IOException {
        int steps = Integer.parseInt(args[1]);
        Torch.setNumThreads(1);
        torch.manual_seed(0);
        Dataset data = DataSets.read(Path.of(args[0])).train();
        TutorialNet network = TutorialNet.forImages(data);
        Tensor[] inputs = new Tensor[steps];
        Tensor[] targets = new Tensor[steps];
        SplittableRandom random = new SplittableRandom(0);
        for (int step = 0; step < steps; step++) {
            batch(data, random, step, inputs, targets);
        }

        long[] whole = new long[steps];
        long[][] parts = new long[PARTS.length][steps];
        LongSupplier clock = System::nanoTime;
        try (Optimizer<Tensor> sgd =
                Torch.optimizer(new SGD(0.001).withMomentum(0.9), Torch.parameters(network.module()))) {
            for (int step = 0; step < steps; step++) {
                long start = clock.getAsLong();
                long[] at = new long[PARTS.length];
                try (PointerScope scope = new PointerScope()) {
                    sgd.zeroGrad();
                    at[0] = clock.getAsLong();
                    Tensor scores = network.forward(inputs[step]);
                    at[1] = clock.getAsLong();
                    Tensor loss = torch.cross_entropy_loss(scores, targets[step]);
                    at[2] = clock.getAsLong();
                    loss.backward();
                    at[3] = clock.getAsLong();
                    sgd.step();
                    at[4] = clock.getAsLong();
                }
                at[5] = clock.getAsLong();
                whole[step] = at[5] - start;
                for (int part = 0; part < PARTS.length; part++) {
                    parts[part][step] = at[part] - (part == 0 ? start : at[part - 1]);
                }
            }
        }
        StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "step_ms_median=%.4f", median(whole)));
        for (int part = 0; part < PARTS.length; part++) {
            line.append(String.format(Locale.ROOT, " %s=%.4f", PARTS[part], median(parts[part])));
        }
        System.out.println(line + " steps=" + steps + " threads=1 java="
                + Runtime.version().feature());
    }

    private static void batch(Dataset data, SplittableRandom random, int step, Tensor[] inputs, Tensor[] targets) {
        FloatBuffer samples = FloatBuffer.allocate(BATCH * 3 * 32 * 32);
        long[] labels = new long[BATCH];
        for (int i = 0; i < BATCH; i++) {
            int index = random.nextInt(data.size());
            data.read(index, samples);
            labels[i] = data.label(index);
        }
        inputs[step] = Tensor.create(samples.array(), BATCH, 3, 32, 32);
        targets[step] = Tensor.create(labels, BATCH);
    }

    private static double median(long[] nanos) {
        long[] sorted = nanos.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2] / 1e6;
    }
}
