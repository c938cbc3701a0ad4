package org.anneal.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.SGD;
import org.anneal.torch.Torch;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Holds both engines to PyTorch's clip_grad_norm_ and clip_grad_value_. */
class ClippingGoldenTest {
    // Relative: PyTorch sums in float32, in an order that depends on the CPU.
    private static final double TOLERANCE = 1e-6;

    @BeforeAll
    static void useOneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    static Stream<Named<JsonNode>> cases() {
        return Golden.cases("clip.json");
    }

    @ParameterizedTest
    @MethodSource("cases")
    void arraysClipAsPyTorch(JsonNode golden) {
        clip(golden, new TestedEngine.Arrays());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void tensorsClipAsPyTorch(JsonNode golden) {
        clip(golden, new TestedEngine.Tensors());
    }

    private static <T> void clip(JsonNode golden, TestedEngine<T> engine) {
        List<T> parameters = new ArrayList<>();
        List<Optional<float[]>> grads = new ArrayList<>();
        for (JsonNode values : golden.get("grads")) {
            grads.add(values.isNull() ? Optional.empty() : Optional.of(Golden.floats(values)));
            int length = grads.get(grads.size() - 1).map(grad -> grad.length).orElse(1);
            parameters.add(engine.parameter(new float[length], new long[] {length}));
            engine.setGrad(parameters.get(parameters.size() - 1), grads.get(grads.size() - 1));
        }
        try (Optimizer<T> optimizer = engine.optimizer(List.of(new ParamGroup<>("all", new SGD(0.1), parameters)))) {
            JsonNode arguments = golden.get("arguments");
            if (golden.get("function").asString().equals("clip_grad_value_")) {
                optimizer.clipGradValue(Golden.number(arguments.get("clip_value")));
            } else {
                double most = Golden.number(arguments.get("max_norm"));
                double order = arguments.has("norm_type") ? Golden.number(arguments.get("norm_type")) : 2;
                boolean strict = arguments.path("error_if_nonfinite").asBoolean(false);
                if (golden.get("error").isNull()) {
                    double norm = optimizer.clipGradNorm(most, order, strict);
                    double expected = Golden.number(golden.get("total_norm"));
                    assertEquals(expected, norm, TOLERANCE * Golden.largest((float) expected));
                } else {
                    assertThrows(IllegalStateException.class, () -> optimizer.clipGradNorm(most, order, strict));
                }
            }
        }
        for (int p = 0; p < grads.size(); p++) {
            JsonNode clipped = golden.get("clipped").get(p);
            if (!clipped.isNull()) {
                float[] expected = Golden.floats(clipped);
                assertArrayEquals(
                        expected,
                        engine.grad(parameters.get(p)),
                        (float) TOLERANCE * Golden.largest(expected),
                        "parameter " + p);
            }
        }
    }
}
