package org.anneal.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.anneal.checkpoint.TensorData;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.UpdateRule;
import org.anneal.torch.Torch;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * Holds both engines to the trajectories of PyTorch's optimizers: options, groups with their own, rates and options that
 * change, groups added late, gradients that are missing or zero. The layout of the files is in generate.py.
 */
class OptimizerGoldenTest {
    private static final int STEPS = 50;

    // Of a value of 1 and more; absolute below. PyTorch's own two float32 implementations differ by up to 3.4e-7.
    private static final double TENSOR_TOLERANCE = 1e-6;
    private static final double ARRAY_TOLERANCE = 1e-5;

    @BeforeAll
    static void useOneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    static Stream<Named<JsonNode>> cases() {
        return Stream.of("SGD", "Adam")
                .flatMap(rule -> read(rule).get("cases").valueStream())
                .map(golden -> Named.of(golden.get("id").asString(), golden));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void arraysFollowPyTorch(JsonNode golden) {
        new Run<>(golden, new TestedEngine.Arrays()).follow(ARRAY_TOLERANCE);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void tensorsFollowPyTorch(JsonNode golden) {
        new Run<>(golden, new TestedEngine.Tensors()).follow(TENSOR_TOLERANCE);
    }

    @Test
    void coversAtLeastFortyCases() {
        assertTrue(cases().count() >= 40);
    }

    private static JsonNode read(String rule) {
        try (InputStream in = Objects.requireNonNull(
                OptimizerGoldenTest.class.getResourceAsStream("/golden/optimizers/" + rule + ".json"), rule)) {
            return new ObjectMapper().readTree(in);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** One trajectory on one engine. */
    private static final class Run<T> {
        private final JsonNode golden;
        private final TestedEngine<T> engine;
        private final List<T> parameters = new ArrayList<>();
        private final List<Map<String, String>> options = new ArrayList<>();

        Run(JsonNode golden, TestedEngine<T> engine) {
            this.golden = golden;
            this.engine = engine;
        }

        void follow(double tolerance) {
            JsonNode expected = expected();
            try (Optimizer<T> optimizer = engine.optimizer(groups(1))) {
                for (int step = 1; step <= STEPS; step++) {
                    if (step > 1) {
                        groups(step).forEach(optimizer::addParamGroup);
                    }
                    setOptions(optimizer, step);
                    setGrads(step);
                    optimizer.step();
                    compare(expected.get("params").path(Integer.toString(step)), tolerance, "after step " + step);
                }
                compareState(expected.get("state"), optimizer, tolerance);
            }
        }

        /** PyTorch's fused kernels where they ran, and else its other implementation. */
        private JsonNode expected() {
            return Stream.of("float32", "float32-fused", "float32-foreach")
                    .flatMap(name -> golden.get("runs")
                            .valueStream()
                            .filter(run -> run.get("name").asString().equals(name)))
                    .findFirst()
                    .orElseThrow();
        }

        private List<ParamGroup<T>> groups(int addedBefore) {
            return golden.get("groups")
                    .valueStream()
                    .filter(group -> group.get("added_before_step").asInt() == addedBefore)
                    .map(this::group)
                    .toList();
        }

        private ParamGroup<T> group(JsonNode json) {
            Map<String, String> given = new LinkedHashMap<>();
            json.get("options").forEachEntry((name, value) -> given.put(name, python(value)));
            options.add(given);
            List<T> members = new ArrayList<>();
            for (JsonNode shape : json.get("shapes")) {
                long[] sizes = shape.valueStream().mapToLong(JsonNode::asLong).toArray();
                float[] values = new float[(int) LongStream.of(sizes).reduce(1, (a, b) -> a * b)];
                int p = parameters.size();
                for (int i = 0; i < values.length; i++) {
                    values[i] = (((i * 11 + p * 17) % 37) - 18) / 16f;
                }
                members.add(engine.parameter(values, sizes));
                parameters.add(members.get(members.size() - 1));
            }
            return new ParamGroup<>("g" + options.size(), rule(given), members);
        }

        private UpdateRule rule(Map<String, String> given) {
            return UpdateRule.parse(given.entrySet().stream()
                    .map(option -> option.getKey() + "=" + option.getValue())
                    .collect(
                            Collectors.joining(", ", golden.get("id").asString().split("-", 2)[0] + "(", ")")));
        }

        private void setOptions(Optimizer<T> optimizer, int step) {
            for (int g = 0; g < options.size(); g++) {
                ParamGroup<T> group = optimizer.groups().get(g);
                for (JsonNode edit : golden.get("edits")) {
                    if (edit.get("step").asInt() == step && edit.get("group").asInt() == g) {
                        options.get(g).put(edit.get("name").asString(), python(edit.get("value")));
                        group.setRule(rule(options.get(g)));
                    }
                }
                group.setLr(golden.get("groups").get(g).get("lr").get(step - 1).asDouble());
            }
        }

        private void setGrads(int step) {
            for (int p = 0; p < parameters.size(); p++) {
                float[] grad = new float[engine.read(parameters.get(p)).length];
                for (int i = 0; i < grad.length && !listed("zero", step, p); i++) {
                    grad[i] = (((i * 7 + step * 13 + p * 29) % 101) - 50) / 64f;
                }
                engine.setGrad(parameters.get(p), listed("missing", step, p) ? Optional.empty() : Optional.of(grad));
            }
        }

        private boolean listed(String list, int step, int p) {
            return golden.get(list)
                    .valueStream()
                    .anyMatch(entry ->
                            entry.get(0).asInt() == step && entry.get(1).asInt() == p);
        }

        private void compare(JsonNode expected, double tolerance, String when) {
            for (int p = 0; p < expected.size(); p++) {
                compare(expected.get(p), engine.read(parameters.get(p)), tolerance, "parameter " + p + " " + when);
            }
        }

        private static void compare(JsonNode expected, float[] values, double tolerance, String what) {
            assertEquals(expected.size(), values.length, what);
            for (int i = 0; i < values.length; i++) {
                double value = expected.get(i).asDouble();
                assertEquals(value, values[i], tolerance * Math.max(1, Math.abs(value)), what + "[" + i + "]");
            }
        }

        @SuppressWarnings("unchecked") // a state dict is a map of names to whatever stands there
        private void compareState(JsonNode expected, Optimizer<T> optimizer, double tolerance) {
            Map<Object, Map<String, TensorData>> state = (Map<Object, Map<String, TensorData>>)
                    Objects.requireNonNull(optimizer.stateDict().get("state"));
            for (int p = 0; p < parameters.size(); p++) {
                Map<String, TensorData> slots = state.getOrDefault((long) p, Map.of());
                assertEquals(
                        List.copyOf(expected.get(p).propertyNames()), List.copyOf(slots.keySet()), "slots of " + p);
                for (Map.Entry<String, TensorData> slot : slots.entrySet()) {
                    String name = slot.getKey();
                    if (name.equals("step")) {
                        assertEquals(
                                expected.get(p).get(name).asDouble(),
                                slot.getValue().item());
                    } else {
                        compare(
                                expected.get(p).get(name),
                                slot.getValue().toFloats(),
                                tolerance,
                                name + " of parameter " + p);
                    }
                }
            }
        }

        private static String python(JsonNode value) {
            if (value.isBoolean()) {
                return value.asBoolean() ? "True" : "False";
            }
            return value.isArray()
                    ? value.valueStream().map(Run::python).collect(Collectors.joining(", ", "(", ")"))
                    : value.asString();
        }
    }
}
