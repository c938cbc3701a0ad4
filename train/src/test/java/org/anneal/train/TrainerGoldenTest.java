package org.anneal.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.optim.AdamW;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.SGD;
import org.anneal.runs.RunListener;
import org.anneal.schedule.Policy;
import org.anneal.schedule.StepPer;
import org.anneal.torch.Network;
import org.anneal.torch.Torch;
import org.anneal.train.data.DataSets;
import org.anneal.train.data.Dataset;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Conv2dOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The trainer's loop against PyTorch's own: parity/trainer.py wrote the losses, 50 steps of each case. */
class TrainerGoldenTest {
    private static final double LAST_BITS = 1e-5; // which 50 steps in float32 with another BLAS carry on; 1e-6 is seen

    private static final DataSets DATA = new DataSets(images(76, 0), images(30, 1000));
    private static final Map<String, Map<String, List<Double>>> GOLDEN = new LinkedHashMap<>();

    @BeforeAll
    static void read() throws IOException {
        Torch.load();
        torch.set_num_threads(1);
        try (InputStream in = TrainerGoldenTest.class.getResourceAsStream("trainer.csv")) {
            new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .skip(1)
                    .map(line -> line.split(";", -1))
                    .forEach(cells -> GOLDEN.computeIfAbsent(cells[0], none -> new LinkedHashMap<>())
                            .put(
                                    cells[1],
                                    Stream.of(cells[2].split(" ", -1))
                                            .map(Double::valueOf)
                                            .toList()));
        }
    }

    private static Dataset images(int size, int from) {
        return Dataset.of(
                size,
                new long[] {1, 8, 8},
                List.of("a", "b", "c"),
                index -> {
                    int i = from + index;
                    float[] pixels = new float[64];
                    IntStream.range(0, 64)
                            .forEach(j -> pixels[j] = (float)
                                    (((i * 73 + j * 31 + i * j % 17 * 5) % 97 - 48) / 64.0 + (j % 3 == i % 3 ? 1 : 0)));
                    return pixels;
                },
                index -> (from + index) % 11 == 0 ? 2 : (from + index) % 3);
    }

    private static final class Net extends Network {
        final Conv2dImpl conv = register("conv", new Conv2dImpl(withoutBias()));
        final BatchNorm2dImpl norm = register("norm", new BatchNorm2dImpl(new BatchNormOptions(4)));
        final LinearImpl fc = register("fc", new LinearImpl(36, 3));

        Net() {
            List<Tensor> parameters = Torch.parameters(module());
            for (int k = 0; k < parameters.size(); k++) {
                FloatBuffer weights = parameters.get(k).createBuffer();
                for (int i = 0; i < weights.capacity(); i++) {
                    weights.put(i, (float) (((i * 37 + k * 11 + i * i % 13) % 101 - 50) / 128.0));
                }
            }
            FloatBuffer scale = norm.weight().createBuffer();
            IntStream.range(0, 4).forEach(i -> scale.put(i, scale.get(i) + 1));
        }

        private static Conv2dOptions withoutBias() {
            Conv2dOptions options = new Conv2dOptions(1, 4, new LongPointer(3, 3));
            options.bias().put(false);
            return options;
        }

        @Override
        public Tensor forward(Tensor input) {
            Tensor x = norm.forward(conv.forward(input)).relu();
            return fc.forward(torch.max_pool2d(x, 2, 2).flatten(1, -1));
        }
    }

    private static Optimizer<Tensor> twoGroups(Net net) {
        return Torch.optimizer(List.of(
                new ParamGroup<>(
                        "body",
                        new AdamW(0.01).withWeightDecay(0.05),
                        List.of(net.conv.weight(), net.norm.weight(), net.norm.bias())),
                new ParamGroup<>(
                        "head", new AdamW(0.003).withWeightDecay(0), List.of(net.fc.weight(), net.fc.bias()))));
    }

    private static Trainer trainer(String name, Net net, Optimizer<Tensor> optimizer, Policy policy) {
        Trainer trainer = new Trainer(net, optimizer, new LRScheduler(optimizer, policy))
                .epochs(5)
                .batchSize(8)
                .seed(3);
        return switch (name) {
            case "plain" -> trainer;
            case "accumulate" -> trainer.epochs(17).accumulate(4);
            case "clip_grad_norm" -> trainer.clipGradNorm(1);
            case "clip_grad_value" -> trainer.clipGradValue(0.05);
            case "ema" -> trainer.average(WeightAverage.ema(net, new Net(), 0.99));
            case "swa" -> trainer.average(WeightAverage.swa(net, new Net(), 3));
            case "schedules" ->
                trainer.average(WeightAverage.ema(net, new Net(), 0.99))
                        .stepPer(StepPer.BATCH)
                        .monitor("ema_val_loss");
            case "all" ->
                trainer.epochs(17)
                        .accumulate(4)
                        .clipGradNorm(1)
                        .average(WeightAverage.ema(net, new Net(), 0.99))
                        .average(WeightAverage.swa(net, new Net(), 3))
                        .stepPer(StepPer.BATCH)
                        .monitor("ema_val_loss");
            default -> throw new IllegalArgumentException(name);
        };
    }

    /** {@return what the trainer told, by the names in the file} */
    private static Map<String, List<Double>> run(String name) throws IOException {
        Map<String, List<Double>> told = new LinkedHashMap<>();
        Net net = new Net();
        boolean simple = !Set.of("schedules", "all").contains(name);
        String policy = simple
                ? "ConstantLR(factor=1.0)"
                : "ChainedScheduler([SequentialLR([LinearLR(start_factor=0.1, total_iters=6), CosineAnnealingLR(T_max=60)],"
                        + " milestones=[6]), ReduceLROnPlateau(factor=0.5, patience=1, threshold=0.1)])";
        try (Optimizer<Tensor> optimizer = simple
                ? Torch.optimizer(new SGD(0.1).withMomentum(0.9), Torch.parameters(net.module()))
                : twoGroups(net)) {
            trainer(name, net, optimizer, Policy.parse(policy))
                    .beforeStep(() -> add(told, "norm", optimizer.clipGradNorm(Double.POSITIVE_INFINITY)))
                    .listener(new RunListener() {
                        @Override
                        public void batch(Batch batch) {
                            add(told, "loss", batch.loss());
                            add(told, "lr", batch.lr().get(0));
                        }

                        @Override
                        public void epoch(Epoch epoch) {
                            add(told, "train_loss", epoch.trainLoss());
                            epoch.metrics().forEach((metric, value) -> add(told, metric, value));
                        }
                    })
                    .fit(DATA);
        }
        return told;
    }

    private static void add(Map<String, List<Double>> told, String name, double value) {
        told.computeIfAbsent(name, none -> new ArrayList<>()).add(value);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"plain", "accumulate", "clip_grad_norm", "clip_grad_value", "ema", "swa", "schedules", "all"})
    void fiftyStepsReportPyTorchsLosses(String name) throws IOException {
        Map<String, List<Double>> golden = Objects.requireNonNull(GOLDEN.get(name));
        Map<String, List<Double>> told = run(name);
        golden.forEach((number, expected) -> {
            List<Double> seen = Objects.requireNonNull(told.remove(number), number);
            assertEquals(expected.size(), seen.size(), number);
            double tolerance = number.equals("lr") ? 1e-16 : LAST_BITS;
            for (int i = 0; i < expected.size(); i++) {
                assertEquals(expected.get(i), seen.get(i), tolerance, number + " " + (i + 1));
            }
        });
        assertEquals(Map.of(), told, "more than PyTorch's loop tells");
    }
}
