package org.anneal.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.anneal.torch.Network;
import org.anneal.torch.Torch;
import org.anneal.train.network.ResNet;
import org.anneal.train.network.TutorialNet;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Conv2dOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * Times a training step of several networks, and a pass forwards and backwards of linear layers, like
 * {@code bench/pytorch/networks.py} in Python. Prints a row's name and the median, in ms.
 */
public final class Networks {
    private static final long WARMUP = 250_000_000; // ns
    private static final long MEASURED = 350_000_000;

    private Networks() {}

    /**
     * Arguments: the number of threads, and who is told it: {@code both} libtorch and OpenBLAS, or {@code libtorch} alone, with
     * OpenBLAS as loading left it; then the rows, or none for all.
     */
    public static void main(String[] args) {
        int threads = Integer.parseInt(args[0]);
        if (args[1].equals("both")) {
            Torch.setNumThreads(threads);
        } else {
            Torch.load();
            torch.set_num_threads(threads);
        }
        torch.manual_seed(0);
        Map<String, Supplier<Runnable>> rows = rows();
        if (args.length > 2) {
            rows.keySet().retainAll(List.of(args).subList(2, args.length));
        }
        rows.forEach((name, row) -> System.out.printf(Locale.ROOT, "%s %.4f%n", name, median(row.get())));
    }

    private static Map<String, Supplier<Runnable>> rows() {
        Map<String, Supplier<Runnable>> rows = new LinkedHashMap<>();
        rows.put("tutorial,x4", () -> training(new TutorialNet(3, 32), torch.randn(4, 3, 32, 32)));
        rows.put("tutorial,x64", () -> training(new TutorialNet(3, 32), torch.randn(64, 3, 32, 32)));
        rows.put("resnet8,x64", () -> training(new ResNet(8, 3, 10), torch.randn(64, 3, 32, 32)));
        rows.put("cnn-bn,x64", () -> training(new Cnn(), torch.randn(64, 1, 28, 28)));
        rows.put("mlp-784-256-10,x256", () -> training(new Mlp(784, 256, 10), torch.randn(256, 784)));
        rows.put("mlp-784-2048-2048-10,x256", () -> training(new Mlp(784, 2048, 2048, 10), torch.randn(256, 784)));
        for (long width : new long[] {64, 256, 1024, 2048}) {
            for (long batch : new long[] {32, 256, 2048}) {
                rows.put("linear-" + width + ",x" + batch, () -> linear(width, batch));
            }
        }
        return rows;
    }

    private static Runnable training(Network network, Tensor inputs) {
        Tensor targets = torch.randint(10, new long[] {inputs.size(0)}).to(torch.ScalarType.Long);
        Optimizer<Tensor> sgd = Torch.optimizer(new SGD(0.001).withMomentum(0.9), Torch.parameters(network.module()));
        return () -> {
            sgd.zeroGrad();
            torch.cross_entropy_loss(network.forward(inputs), targets).backward();
            sgd.step();
        };
    }

    /** A layer within a network: the gradients of its input are computed, too. */
    private static Runnable linear(long width, long batch) {
        LinearImpl layer = new LinearImpl(width, width);
        Tensor inputs = torch.randn(batch, width).requires_grad_(true);
        Tensor gradient = torch.randn(batch, width);
        List<Tensor> leaves = new ArrayList<>(Torch.parameters(layer));
        leaves.add(inputs);
        Optimizer<Tensor> grads = Torch.optimizer(new SGD(0), leaves);
        return () -> {
            grads.zeroGrad();
            layer.forward(inputs).backward(gradient, new BoolOptional(), false, new TensorArrayRefOptional());
        };
    }

    private static double median(Runnable step) {
        times(step, WARMUP);
        double[] sorted =
                times(step, MEASURED).stream().mapToDouble(ns -> ns).sorted().toArray();
        return sorted[sorted.length / 2] / 1e6;
    }

    private static List<Long> times(Runnable step, long budget) {
        List<Long> times = new ArrayList<>();
        long begin = System.nanoTime();
        while (times.size() < 3 || System.nanoTime() - begin < budget) {
            long start = System.nanoTime();
            try (PointerScope scope = new PointerScope()) {
                step.run();
            }
            times.add(System.nanoTime() - start);
        }
        return times;
    }

    /** Two convolutions with batch norm, and a linear layer. */
    private static final class Cnn extends Network {
        private final Conv2dImpl conv1 = register("conv1", convolution(1, 16));
        private final BatchNorm2dImpl bn1 = register("bn1", new BatchNorm2dImpl(new BatchNormOptions(16)));
        private final Conv2dImpl conv2 = register("conv2", convolution(16, 32));
        private final BatchNorm2dImpl bn2 = register("bn2", new BatchNorm2dImpl(new BatchNormOptions(32)));
        private final LinearImpl fc = register("fc", new LinearImpl(32 * 7 * 7, 10));

        private static Conv2dImpl convolution(long in, long out) {
            Conv2dOptions options = new Conv2dOptions(in, out, new LongPointer(3, 3));
            options.padding().put(new LongPointer(1, 1));
            return new Conv2dImpl(options);
        }

        @Override
        public Tensor forward(Tensor images) {
            Tensor x = torch.max_pool2d(bn1.forward(conv1.forward(images)).relu_(), 2, 2);
            x = torch.max_pool2d(bn2.forward(conv2.forward(x)).relu_(), 2, 2);
            return fc.forward(x.flatten(1, -1));
        }
    }

    /** Linear layers with ReLU between them. */
    private static final class Mlp extends Network {
        private final LinearImpl[] layers;

        Mlp(long... widths) {
            layers = new LinearImpl[widths.length - 1];
            Arrays.setAll(layers, i -> register("fc" + (i + 1), new LinearImpl(widths[i], widths[i + 1])));
        }

        @Override
        public Tensor forward(Tensor x) {
            for (int i = 0; i < layers.length; i++) {
                x = layers[i].forward(i == 0 ? x : x.relu_());
            }
            return x;
        }
    }
}
