package org.anneal.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.anneal.checkpoint.TensorData;
import org.anneal.optim.LBFGS;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.UpdateRule;
import org.anneal.text.Kind;
import org.anneal.torch.Torch;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/**
 * Holds both engines to the trajectories of PyTorch's optimizers: options, groups with their own, rates and options that
 * change, groups added late, gradients that are missing or zero.
 */
class OptimizerGoldenTest {

    // Of a value of 1 and more; absolute below. PyTorch's own two float32 implementations differ by up to 3.4e-7.
    private static final double TENSOR_TOLERANCE = 1e-6;
    private static final double ARRAY_TOLERANCE = 1e-5;
    // A step size that is estimated from float32 sums over all parameters depends on their order, which differs between
    // BLAS
    // libraries.
    private static final double ESTIMATE_TOLERANCE = 1e-5;

    @BeforeAll
    static void useOneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    static Stream<String> rules() {
        return UpdateRule.kinds().stream()
                .map(Kind::type)
                .filter(rule -> rule != LBFGS.class) // which has a test of its own
                .map(Class::getSimpleName);
    }

    static Stream<Named<OptimizerCase>> cases() {
        return rules().flatMap(OptimizerCase::of);
    }

    static Stream<Named<OptimizerCase>> rpropCases() {
        return OptimizerCase.of("Rprop");
    }

    @ParameterizedTest
    @MethodSource("cases")
    void arraysFollowPyTorch(OptimizerCase golden) {
        new Run<>(golden, new TestedEngine.Arrays()).follow(ARRAY_TOLERANCE);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void tensorsFollowPyTorch(OptimizerCase golden) {
        boolean alone = RuleFormulasTest.isAlone(golden);
        new Run<>(golden, new TestedEngine.Tensors()).follow(alone ? TENSOR_TOLERANCE : ESTIMATE_TOLERANCE);
    }

    /** No operation of it rounds otherwise on another CPU; those of other rules may, by a fused multiply-add more or less. */
    @ParameterizedTest
    @MethodSource("rpropCases")
    void rpropOnTensorsIsPyTorchsToTheLastBit(OptimizerCase golden) {
        new Run<>(golden, new TestedEngine.Tensors()).follow(Double.MIN_VALUE);
    }

    @ParameterizedTest
    @MethodSource("rules")
    void namesTheOptionsAsPyTorchDoes(String name) {
        OptimizerCase untouched =
                OptimizerCase.of(name).findFirst().orElseThrow().getPayload();
        List<String> options =
                new ArrayList<>(UpdateRule.parse(name + "()").options().keySet());
        if (name.equals("AdamW")) {
            assertTrue(options.remove("decoupled_weight_decay")); // is in its state dict, but no parameter
        }
        assertEquals(untouched.options(0), options);
    }

    @Test
    void coversEveryRuleWithAtLeastAHundredAndTwentyCasesInAll() {
        assertTrue(rules().allMatch(rule -> OptimizerCase.of(rule).count() >= 8));
        assertTrue(cases().count() >= 120);
    }

    /** One trajectory on one engine. */
    private static final class Run<T> {
        private final OptimizerCase golden;
        private final TestedEngine<T> engine;
        private final List<T> parameters = new ArrayList<>();

        Run(OptimizerCase golden, TestedEngine<T> engine) {
            this.golden = golden;
            this.engine = engine;
        }

        void follow(double tolerance) {
            JsonNode expected = golden.run("float32", "float32-fused", "float32-foreach");
            try (Optimizer<T> optimizer = engine.optimizer(groups(1))) {
                for (int step = 1; step <= OptimizerCase.STEPS; step++) {
                    if (step > 1) {
                        groups(step).forEach(optimizer::addParamGroup);
                    }
                    prepare(optimizer, step);
                    optimizer.step();
                    if (golden.isEvaluated(step)) {
                        optimizer.eval();
                        compare(expected.get("eval").path(Integer.toString(step)), tolerance, "evaluated at " + step);
                        optimizer.train();
                    }
                    compare(expected.get("params").path(Integer.toString(step)), tolerance, "after step " + step);
                }
                compareState(expected.get("state"), optimizer, tolerance);
                compareNumbers(expected.path("numbers"), optimizer, tolerance);
            }
        }

        private List<ParamGroup<T>> groups(int addedBefore) {
            List<ParamGroup<T>> groups = new ArrayList<>();
            for (int g = 0; g < golden.groups(); g++) {
                if (golden.firstStep(g) == addedBefore) {
                    List<T> members = new ArrayList<>();
                    for (List<Long> shape : golden.shapes(g)) {
                        long[] sizes = shape.stream().mapToLong(Long::longValue).toArray();
                        members.add(engine.parameter(OptimizerCase.start(parameters.size(), shape), sizes));
                        parameters.add(members.get(members.size() - 1));
                    }
                    groups.add(new ParamGroup<>("g" + g, golden.rule(g, addedBefore), members));
                }
            }
            return groups;
        }

        private void prepare(Optimizer<T> optimizer, int step) {
            for (int g = 0; g < optimizer.groups().size(); g++) {
                ParamGroup<T> group = optimizer.groups().get(g);
                group.setRule(golden.rule(g, step));
                group.setLr(golden.lr(g, step));
            }
            for (int p = 0; p < parameters.size(); p++) {
                T parameter = parameters.get(p);
                engine.setGrad(parameter, golden.grad(p, step, engine.read(parameter).length));
            }
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

        private static void compareNumbers(JsonNode expected, Optimizer<?> optimizer, double tolerance) {
            List<?> groups =
                    (List<?>) Objects.requireNonNull(optimizer.stateDict().get("param_groups"));
            for (int g = 0; g < expected.size(); g++) {
                Map<?, ?> group = (Map<?, ?>) groups.get(g);
                for (String name : expected.get(g).propertyNames()) {
                    if (expected.get(g).get(name).isNumber()) {
                        double value = expected.get(g).get(name).asDouble();
                        double ours = ((Number) Objects.requireNonNull(group.get(name), name)).doubleValue();
                        // Ten times the tolerance, since the sums have terms of both signs.
                        assertEquals(value, ours, 10 * tolerance * Math.abs(value), name + " of group " + g);
                    }
                }
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
    }
}
