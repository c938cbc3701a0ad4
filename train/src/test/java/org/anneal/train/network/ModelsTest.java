package org.anneal.train.network;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.anneal.checkpoint.DType;
import org.anneal.checkpoint.Safetensors;
import org.anneal.checkpoint.TensorData;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.anneal.torch.Network;
import org.anneal.torch.Torch;
import org.anneal.torch.Weights;
import org.anneal.train.Golden;
import org.anneal.train.data.Dataset;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelsTest {
    private static final Dataset IMAGES = images(List.of("a", "b", "c", "d", "e", "f", "g", "h", "i", "j"), 3, 32, 32);
    private static final Dataset TABLE = Dataset.of(new float[5][7], new float[5][2]);

    @TempDir
    Path folder;

    @BeforeAll
    static void oneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    @Test
    void aResidualNetworkHasTorchvisionsNamesShapesAndInitialValues() throws IOException {
        List<Golden> initial = golden("initial");
        torch.manual_seed(5);
        Network network = Models.of("resnet8", IMAGES);
        Map<String, TensorData> state = Weights.stateDict(network.module());
        assertEquals(initial.stream().map(Golden::of).toList(), described(state), "in Python's order");
        initial.forEach(each -> {
            float[] values = floats(state, each.of().split(" ", 2)[0]);
            double sum = 0;
            for (float value : values) {
                sum += Math.abs(value);
            }
            // The same random numbers, so that the values have the same bits.
            assertEquals(each.values().get(0).floatValue(), values[0], each.of());
            assertEquals(each.values().get(1).floatValue(), values[values.length - 1], each.of());
            assertEquals(each.values().get(2), sum, 1e-12 * sum, each.of());
        });
        Path file = folder.resolve("resnet8.safetensors");
        Weights.save(network.module(), file);
        try (Safetensors saved = Safetensors.open(file)) {
            assertEquals(described(state), described(saved.tensors()), "in the file, too");
        }
    }

    @Test
    void aResidualNetworkComputesAndLearnsAsPythons() throws IOException {
        try (PointerScope scope = new PointerScope()) {
            Network network = Models.of("resnet8", IMAGES);
            Weights.load(network.module(), filled(Weights.stateDict(network.module())));
            Tensor images = Tensor.create(Golden.filled(100, 4 * 3 * 32 * 32, 1), 4, 3, 32, 32);
            Tensor targets = Tensor.create(new long[] {1, 3, 0, 9}, 4);
            // Sums over up to 576 products of floats, in another order: a few units of the last place of values up to
            // 4.
            double tolerance = 1e-6;
            assertScores("eval", network, images, tolerance);
            network.module().train(true);
            Tensor scores = network.forward(images);
            assertArrayEquals(golden("train").get(0).floats(), floats(scores), (float) tolerance);
            Optimizer<Tensor> optimizer = Torch.optimizer(new SGD(0.05), Torch.parameters(network.module()));
            torch.cross_entropy_loss(scores, targets).backward();
            optimizer.step();
            Map<String, TensorData> state = Weights.stateDict(network.module());
            List<Golden> stepped = golden("stepped");
            assertEquals(27, stepped.size());
            stepped.forEach(
                    each -> assertArrayEquals(each.floats(), floats(state, each.of()), (float) tolerance, each.of()));
            assertScores("after", network, images, tolerance);
        }
    }

    private static void assertScores(String name, Network network, Tensor images, double tolerance) throws IOException {
        network.module().train(false);
        try (AutoGradMode noGrad = new AutoGradMode(false)) {
            assertArrayEquals(golden(name).get(0).floats(), floats(network.forward(images)), (float) tolerance, name);
        }
    }

    private static List<Golden> golden(String what) throws IOException {
        return Golden.read(ModelsTest.class, "resnet8.csv").stream()
                .filter(each -> each.what().equals(what))
                .toList();
    }

    /** The state that the script fills its network with. */
    private static Map<String, TensorData> filled(Map<String, TensorData> state) {
        Map<String, TensorData> filled = new LinkedHashMap<>();
        state.forEach((name, data) -> {
            int count = (int) data.shape().stream().reduce(1L, (a, b) -> a * b).longValue();
            if (name.endsWith("num_batches_tracked")) {
                filled.put(name, TensorData.scalar(DType.INT64, 3));
                return;
            }
            boolean variance = name.endsWith("running_var");
            double fanIn =
                    data.shape().size() > 1 ? (double) count / data.shape().get(0) : 4;
            float[] values = Golden.filled(filled.size(), count, variance ? 0.5 : Math.sqrt(3 / fanIn));
            for (int i = 0; variance && i < count; i++) {
                values[i] += 1;
            }
            filled.put(name, TensorData.of(values, data.shape()));
        });
        return filled;
    }

    private static List<String> described(Map<?, ?> state) {
        List<String> described = new ArrayList<>();
        state.forEach((name, value) -> described.add(name + " "
                + ((TensorData) value).shape().stream().map(Object::toString).collect(Collectors.joining("x"))));
        return described;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tutorial     | conv1.weight, conv1.bias, conv2.weight, conv2.bias, fc1.weight, fc1.bias, fc2.weight, fc2.bias, fc3.weight, fc3.bias",
                "linear       | 0.weight, 0.bias",
                "mlp:8        | 0.weight, 0.bias, 2.weight, 2.bias",
                "mlp:8,16,4   | 0.weight, 0.bias, 2.weight, 2.bias, 4.weight, 4.bias, 6.weight, 6.bias",
                "mlp: 8, 4:tanh | 0.weight, 0.bias, 2.weight, 2.bias, 4.weight, 4.bias",
            })
    void namesTheLayersAsSequentialDoes(String text, String names) {
        assertEquals(
                names,
                String.join(
                        ", ",
                        Torch.namedParameters(Models.of(text, IMAGES).module()).keySet()));
    }

    @Test
    void makesTheNetworksOfUsersToo() {
        Map<String, Tensor> weights =
                Torch.namedParameters(Models.of("wide:33", TABLE).module());
        assertEquals(List.of("0.weight", "0.bias", "2.weight", "2.bias"), List.copyOf(weights.keySet()));
        assertArrayEquals(
                new long[] {33},
                Optional.ofNullable(weights.get("0.bias")).orElseThrow().shape());
        assertEquals(
                List.of("tutorial", "linear", "mlp", "resnet8", "resnet20", "wide"),
                NamedNetwork.all().stream().map(NamedNetwork::name).toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"tutorial", "linear", "mlp:8", "resnet8", "resnet20"})
    void givesAnOutputPerClassOrTargetValue(String text) {
        try (PointerScope scope = new PointerScope()) {
            Tensor samples = torch.randn(4, 1, 16, 16);
            Dataset three = images(List.of("x", "y", "z"), 1, 16, 16);
            assertArrayEquals(
                    new long[] {4, 3}, Models.of(text, three).forward(samples).shape());
            Dataset values =
                    Dataset.of(2, new long[] {1, 16, 16}, new long[] {2, 5}, i -> new float[256], i -> new float[10]);
            assertArrayEquals(
                    new long[] {4, 2, 5},
                    Models.of(text, values).forward(samples).shape());
        }
    }

    @Test
    void anMlpComputesWithItsActivation() {
        try (PointerScope scope = new PointerScope()) {
            for (Mlp.Activation activation : Mlp.Activation.values()) {
                Network network = Models.of("mlp:1:" + activation.name().toLowerCase(Locale.ROOT), TABLE);
                Map<String, TensorData> state = new LinkedHashMap<>();
                state.put("0.weight", TensorData.of(new float[] {1, 0, 0, 0, 0, 0, 0}, List.of(1L, 7L)));
                state.put("0.bias", TensorData.of(new float[] {0}, List.of(1L)));
                state.put("2.weight", TensorData.of(new float[] {1, -1}, List.of(2L, 1L)));
                state.put("2.bias", TensorData.of(new float[] {0, 0}, List.of(2L)));
                Weights.load(network.module(), state);
                // torch 2.13.0: torch.nn.ReLU()(torch.tensor(-0.7)) and so on
                float expected = switch (activation) {
                    case RELU -> 0;
                    case TANH -> -0.6043678f;
                    case SIGMOID -> 0.33181223f;
                    case GELU -> -0.1693745f;
                    case SILU -> -0.23226856f;
                    case ELU -> -0.5034147f;
                    case LEAKY_RELU -> -0.007f;
                };
                float[] outputs = floats(network.forward(torch.full(new long[] {1, 7}, new Scalar(-0.7))));
                assertArrayEquals(new float[] {expected, -expected}, outputs, 1e-6f, activation.name());
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "vgg      | network must be tutorial, linear, mlp:SIZES[:ACTIVATION], resnet8, resnet20 or wide:WIDTH, but was 'vgg'",
                "mlp      | network must be mlp with the sizes of its hidden layers, such as mlp:64,64 or mlp:64,64:tanh, but was mlp",
                "mlp:0    | network must be mlp with the sizes of its hidden layers, such as mlp:64,64 or mlp:64,64:tanh, but was mlp:0",
                "mlp:8,,4 | network must be mlp with the sizes of its hidden layers, such as mlp:64,64 or mlp:64,64:tanh, but was mlp:8,,4",
                "mlp:8:r  | activation must be one of relu, tanh, sigmoid, gelu, silu, elu, leaky_relu, but was r",
                "linear:3 | network must be linear alone, but was linear:3",
                "resnet8  | a residual network needs images, channels x height x width, but the samples are [7]",
                "tutorial | images must be channels x size x size, but were [7]",
            })
    void saysWhichNetworksThereAre(String text, String message) {
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> Models.of(text, TABLE))
                        .getMessage());
    }

    @Test
    void refusesResidualNetworksThatAreNone() {
        assertEquals(
                "depth must be 8, 14, 20, ..., but was 18",
                assertThrows(IllegalArgumentException.class, () -> new ResNet(18, 3, 10))
                        .getMessage());
        assertEquals(
                "channels and outputs must be at least 1, but were 0 and [10]",
                assertThrows(IllegalArgumentException.class, () -> new ResNet(8, 0, 10))
                        .getMessage());
        assertEquals(
                "images must have at least 8 x 8 pixels, but had 32 x 7",
                assertThrows(IllegalArgumentException.class, () -> Models.of("resnet8", images(List.of("a"), 3, 32, 7)))
                        .getMessage());
    }

    private static Dataset images(List<String> classes, long... shape) {
        return Dataset.of(1, shape, classes, i -> new float[(int) Models.product(shape)], i -> 0);
    }

    private static float[] floats(Tensor tensor) {
        float[] values = new float[(int) tensor.numel()];
        tensor.contiguous().<FloatBuffer>createBuffer().get(values);
        return values;
    }

    private static float[] floats(Map<String, TensorData> state, String name) {
        return Optional.ofNullable(state.get(name)).orElseThrow().toFloats();
    }

    @Test
    void aNetworkOutlivesTheGarbageOfItsConstruction() throws InterruptedException {
        Dataset data = Dataset.of(2, new long[] {1, 16, 16}, List.of("a", "b"), i -> new float[256], i -> i);
        for (String name : List.of("tutorial", "linear", "mlp:4", "resnet8")) {
            Network network = Models.of(name, data);
            for (int i = 0; i < 3; i++) {
                System.gc();
                Thread.sleep(50);
                network.module().train(i % 2 == 0);
            }
            assertTrue(network.module().is_training(), name);
        }
    }
}
