package org.anneal.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.anneal.checkpoint.TensorData;
import org.anneal.optim.Optimizer;
import org.anneal.optim.UpdateRule;
import org.anneal.torch.Tensors;
import org.anneal.torch.Torch;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Holds every rule on libtorch to PyTorch's optimizers on float64 and bfloat16. The layout of the file is in dtypes.py. */
class TensorTypesTest {
    private static final int STEPS = 20;

    @BeforeAll
    static void useOneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    static Stream<Named<JsonNode>> cases() throws IOException {
        try (InputStream in =
                Objects.requireNonNull(TensorTypesTest.class.getResourceAsStream("/golden/dtypes.json"))) {
            return new ObjectMapper()
                            .readTree(in)
                            .get("cases")
                            .valueStream()
                            .map(golden -> Named.of(
                                    golden.get("rule").asString() + " "
                                            + golden.get("dtype").asString(),
                                    golden))
                            .toList()
                            .stream();
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void followsPyTorch(JsonNode golden) {
        ScalarType type = golden.get("dtype").asString().equals("float64") ? ScalarType.Double : ScalarType.BFloat16;
        List<Tensor> params = new ArrayList<>();
        for (JsonNode shape : golden.get("shapes")) {
            long[] sizes = shape.valueStream().mapToLong(JsonNode::asLong).toArray();
            params.add(start(params.size(), sizes).to(type).requires_grad_(true));
        }
        UpdateRule rule = UpdateRule.parse(golden.get("rule").asString());
        try (Optimizer<Tensor> optimizer = Torch.optimizer(rule, params)) {
            for (int step = 1; step <= STEPS; step++) {
                for (int p = 0; p < params.size(); p++) {
                    Tensor grad = grad(p, step, params.get(p).shape()).to(type);
                    params.get(p).mutable_grad().put(grad);
                }
                optimizer.step();
                JsonNode after = golden.get("params").path(Integer.toString(step));
                for (int p = 0; p < after.size(); p++) {
                    String what = "parameter " + p + " after step " + step;
                    compare(after.get(p), Tensors.data(params.get(p)), type, what);
                }
            }
            compareState(golden.get("state"), optimizer, type);
        }
    }

    private static Tensor start(int p, long... sizes) {
        float[] values = new float[count(sizes)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (((i * 11 + p * 17) % 37) - 18) / 16f;
        }
        return Tensor.create(values, sizes);
    }

    private static Tensor grad(int p, int step, long... sizes) {
        float[] values = new float[count(sizes)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (((i * 7 + step * 13 + p * 29) % 101) - 50) / 64f;
        }
        return Tensor.create(values, sizes);
    }

    private static int count(long... sizes) {
        return (int) LongStream.of(sizes).reduce(1, (a, b) -> a * b);
    }

    @SuppressWarnings("unchecked") // a state dict is a map of names to whatever stands there
    private static void compareState(JsonNode expected, Optimizer<Tensor> optimizer, ScalarType type) {
        Map<Object, Map<String, TensorData>> state = (Map<Object, Map<String, TensorData>>)
                Objects.requireNonNull(optimizer.stateDict().get("state"));
        for (int p = 0; p < expected.size(); p++) {
            Map<String, TensorData> slots = state.getOrDefault((long) p, Map.of());
            assertEquals(List.copyOf(expected.get(p).propertyNames()), List.copyOf(slots.keySet()), "slots of " + p);
            for (Map.Entry<String, TensorData> slot : slots.entrySet()) {
                JsonNode value = expected.get(p).get(slot.getKey());
                if (value.isNumber()) {
                    assertEquals(value.asDouble(), slot.getValue().item(), slot.getKey());
                } else {
                    compare(value, slot.getValue(), type, slot.getKey() + " of parameter " + p);
                }
            }
        }
    }

    /**
     * In float64 near to the last bits; in bfloat16 within one step of the largest value, where most cases agree to the last
     * bit.
     */
    private static void compare(JsonNode expected, TensorData data, ScalarType type, String what) {
        double[] values = data.toDoubles();
        assertEquals(expected.size(), values.length, what);
        double largest = expected.valueStream()
                .mapToDouble(value -> Math.abs(value.asDouble()))
                .max()
                .orElseThrow();
        double tolerance = type == ScalarType.Double ? 1e-12 * Math.max(1, largest) : bfloat16Step(largest);
        for (int i = 0; i < values.length; i++) {
            assertEquals(expected.get(i).asDouble(), values[i], tolerance, what + "[" + i + "]");
        }
    }

    /** {@return the distance of bfloat16 numbers near {@code value}} */
    private static double bfloat16Step(double value) {
        return Math.scalb(1.0, Math.getExponent(value) - 7);
    }
}
