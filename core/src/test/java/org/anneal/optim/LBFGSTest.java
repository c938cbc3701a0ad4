package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.checkpoint.TensorData;
import org.anneal.schedule.ExponentialLR;
import org.anneal.text.PythonSyntaxException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** LBFGS as a value, as a step with a closure, and as a state that is saved and resumed. */
class LBFGSTest {
    private static final LBFGS WOLFE = new LBFGS(1).withLineSearchFn(LBFGS.LineSearchFn.STRONG_WOLFE);

    private final FloatArray x = new FloatArray(-1.25f);
    private final FloatArray y = new FloatArray(1f);
    private int evaluations;

    /** Rosenbrock's valley, whose lowest point is (1, 1). */
    private double valley() {
        evaluations++;
        float bend = y.values()[0] - x.values()[0] * x.values()[0];
        float off = 1 - x.values()[0];
        x.setGrad(-400 * x.values()[0] * bend - 2 * off);
        y.setGrad(200 * bend);
        return 100 * bend * bend + off * off;
    }

    private Optimizer<FloatArray> optimizer(UpdateRule rule) {
        return FloatArrays.optimizer(rule, List.of(x, y));
    }

    private static Map<?, ?> kept(Optimizer<?> optimizer) {
        Map<?, ?> state =
                (Map<?, ?>) Objects.requireNonNull(optimizer.stateDict().get("state"));
        return state.get(0L) instanceof Map<?, ?> map ? map : Map.of();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "torch.optim.LBFGS(net.parameters()) | LBFGS(lr=1.0)",
                "LBFGS(params, 0.5, 4, None, line_search_fn='strong_wolfe')"
                        + " | LBFGS(lr=0.5, max_iter=4, line_search_fn='strong_wolfe')",
                "LBFGS(max_iter=10, max_eval=12, line_search_fn=None) | LBFGS(lr=1.0, max_iter=10)",
                "LBFGS(lr=1, max_eval=7, tolerance_grad=1e-5, tolerance_change=0, history_size=10)"
                        + " | LBFGS(lr=1.0, max_eval=7, tolerance_grad=1e-05, tolerance_change=0.0, history_size=10)"
            })
    void readsPyTorchsCallAndPrintsIt(String pasted, String printed) {
        UpdateRule rule = UpdateRule.parse(pasted);
        assertEquals(printed, rule.toString());
        assertEquals(rule, UpdateRule.parse(printed));
    }

    @Test
    void derivesTheEvaluationsFromTheIterationsAsPyTorch() {
        assertEquals(new LBFGS(1, 20, 25, 1e-7, 1e-9, 100, LBFGS.LineSearchFn.NONE), new LBFGS(1));
        assertEquals(12, new LBFGS(1).withMaxIter(10).maxEval());
        assertEquals(30, new LBFGS(1).withMaxEval(30).withMaxIter(10).maxEval());
        assertEquals(30, new LBFGS(1).withMaxIter(10).withMaxEval(30).maxEval());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "LBFGS(lr=-1) | column 7: lr must be finite and >= 0, but was -1.0",
                "LBFGS(max_iter=0) | column 7: max_iter must be at least 1, but was 0",
                "LBFGS(max_iter=0, max_eval=None) | column 7: max_iter must be at least 1, but was 0",
                "LBFGS(max_eval=0) | column 7: max_eval must be at least 1, but was 0",
                "LBFGS(tolerance_grad=-1) | column 7: tolerance_grad must be finite and >= 0, but was -1.0",
                "LBFGS(tolerance_change=math.nan) | column 7: tolerance_change must be finite and >= 0, but was NaN",
                "LBFGS(history_size=0) | column 7: history_size must be at least 1, but was 0",
                "LBFGS(history_size=1e10) | column 7: history_size must be at most 2147483647, but was 10000000000",
                "LBFGS(line_search_fn='wolfe')"
                        + " | column 7: line_search_fn must be None or 'strong_wolfe', but was 'wolfe'"
            })
    void saysWhatItRefuses(String text, String message) {
        assertEquals(
                message,
                assertThrows(PythonSyntaxException.class, () -> UpdateRule.parse(text))
                        .getMessage());
    }

    @Test
    void findsTheEndOfTheValley() {
        try (Optimizer<FloatArray> optimizer = optimizer(WOLFE)) {
            assertEquals(valley(), optimizer.step(this::valley));
            optimizer.step(this::valley);
            optimizer.step(this::valley);
            assertEquals(3, optimizer.steps());
        }
        assertArrayEquals(new float[] {1, 1}, new float[] {x.values()[0], y.values()[0]}, 1e-3f);
        assertTrue(evaluations < 80, () -> evaluations + " evaluations");
    }

    @Test
    void stepsAnyOtherRuleOnceWithAClosure() {
        try (Optimizer<FloatArray> optimizer = optimizer(new SGD(1e-3))) {
            double before = valley();
            assertEquals(before, optimizer.step(this::valley));
            assertEquals(2, evaluations);
            assertEquals(1, optimizer.steps());
            assertTrue(optimizer.step(this::valley) < before);
        }
    }

    @Test
    void needsAClosureAndOneGroup() {
        Optimizer<FloatArray> optimizer = optimizer(WOLFE);
        assertEquals(
                "LBFGS evaluates the loss itself: call step(closure) with a closure that clears the gradients, computes the loss and its gradients, and returns the loss",
                assertThrows(IllegalStateException.class, optimizer::step).getMessage());
        ParamGroup<FloatArray> second = new ParamGroup<>("second", WOLFE, List.of(new FloatArray(1f)));
        String message = "LBFGS must run over one group, but group 'second' would be a second one";
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> optimizer.addParamGroup(second))
                        .getMessage());
        List<ParamGroup<FloatArray>> two = List.of(new ParamGroup<>("first", WOLFE, List.of(x)), second);
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> FloatArrays.optimizer(two))
                        .getMessage());
        optimizer.close();
        assertEquals(
                "an optimizer must not be stepped after close()",
                assertThrows(IllegalStateException.class, () -> optimizer.step(this::valley))
                        .getMessage());
    }

    @Test
    void obeysASchedule() {
        Optimizer<FloatArray> optimizer = optimizer(new LBFGS(1e-2).withMaxIter(1));
        LRScheduler scheduler = new LRScheduler(optimizer, new ExponentialLR(0.5));
        optimizer.step(this::valley);
        scheduler.step();
        optimizer.step(this::valley);
        assertEquals(0.005, kept(optimizer).get("t"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"LBFGS(max_iter=3, history_size=3, lr=0.01)", "LBFGS(max_iter=3, line_search_fn='strong_wolfe')"
            })
    void goesOnToTheSameBits(String text) {
        UpdateRule rule = UpdateRule.parse(text);
        List<Float> whole = new ArrayList<>();
        try (Optimizer<FloatArray> uninterrupted = optimizer(rule)) {
            for (int i = 0; i < 8; i++) {
                uninterrupted.step(this::valley);
                whole.add(x.values()[0]);
                whole.add(y.values()[0]);
            }
        }
        x.values()[0] = -1.25f;
        y.values()[0] = 1;
        List<Float> cut = new ArrayList<>();
        Map<String, Object> saved = optimizer(rule).stateDict();
        for (int i = 0; i < 8; i++) {
            Optimizer<FloatArray> next = optimizer(rule.withLr(5));
            next.loadStateDict(saved);
            next.step(this::valley);
            saved = next.stateDict();
            cut.add(x.values()[0]);
            cut.add(y.values()[0]);
        }
        assertEquals(whole, cut);
    }

    @Test
    void keepsWhatPyTorchKeepsInItsOrder() {
        Optimizer<FloatArray> optimizer =
                optimizer(WOLFE.withMaxIter(4).withMaxEval(50).withHistorySize(5));
        assertEquals(Map.of(), kept(optimizer));
        optimizer.step(this::valley);
        Map<?, ?> kept = kept(optimizer);
        assertEquals(
                List.of(
                        "func_evals",
                        "n_iter",
                        "al",
                        "d",
                        "t",
                        "old_dirs",
                        "old_stps",
                        "ro",
                        "H_diag",
                        "prev_flat_grad",
                        "prev_loss"),
                List.copyOf(kept.keySet()));
        assertEquals((long) evaluations, kept.get("func_evals"));
        assertEquals(4L, kept.get("n_iter"));
        List<?> al = (List<?>) Objects.requireNonNull(kept.get("al"));
        List<?> ro = (List<?>) Objects.requireNonNull(kept.get("ro"));
        assertEquals(5, al.size());
        assertEquals(Optional.empty(), al.get(4));
        assertEquals(3, ro.size());
        assertEquals(List.of(), ((TensorData) ro.get(0)).shape());
        assertEquals(List.of(2L), ((TensorData) Objects.requireNonNull(kept.get("d"))).shape());
    }

    @Test
    void forgetsDownToALowerHistorySize() {
        LBFGS rule = new LBFGS(1e-2).withMaxIter(6);
        Optimizer<FloatArray> optimizer = optimizer(rule);
        optimizer.step(this::valley);
        assertTrue(((List<?>) Objects.requireNonNull(kept(optimizer).get("ro"))).size() > 2);
        optimizer.groups().get(0).setRule(rule.withHistorySize(2));
        optimizer.step(this::valley);
        assertEquals(2, ((List<?>) Objects.requireNonNull(kept(optimizer).get("ro"))).size());
    }

    @Test
    void keepsOnlyTheCountsWhereTheGradientVanishes() {
        Optimizer<FloatArray> optimizer = optimizer(new LBFGS(1).withToleranceGrad(1e6));
        optimizer.step(this::valley);
        assertEquals(Map.of("func_evals", 1L, "n_iter", 0L), kept(optimizer));
        Optimizer<FloatArray> second = optimizer(new LBFGS(1));
        second.loadStateDict(optimizer.stateDict());
        assertEquals(Map.of("func_evals", 1L, "n_iter", 0L), kept(second));
    }

    @Test
    void takesPyTorchsOwnState() {
        Map<Object, Object> kept = state();
        Optimizer<FloatArray> optimizer = optimizer(new LBFGS(1).withMaxIter(1).withHistorySize(2));
        optimizer.loadStateDict(dict(kept));
        Map<?, ?> back = kept(optimizer);
        assertEquals(3L, back.get("func_evals"));
        assertEquals(0.5, back.get("t")); // a Python float stays one
        assertEquals(0.25, ((TensorData) Objects.requireNonNull(back.get("H_diag"))).item());
        for (float[] expected : new float[][] {{5.04471f, 38.924423f}, {102.47961f, 403.9181f}}) { // PyTorch 2.13's
            optimizer.step(this::valley);
            assertEquals(expected[0], x.values()[0], 1e-5f * expected[0]);
            assertEquals(expected[1], y.values()[0], 1e-5f * expected[1]);
        }
        assertEquals(5L, kept(optimizer).get("func_evals"));
        assertEquals(2, ((List<?>) Objects.requireNonNull(kept(optimizer).get("ro"))).size());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "d | d must be a vector of 2 elements, as many as all parameters have together, but was a tensor of shape [3]",
                "func_evals | func_evals must be a number, but was []",
                "ro | old_dirs, old_stps and ro must have equal lengths, but had 1, 1 and 0 entries",
                "prev_loss | prev_loss must be a number, but was missing",
                "old_stps | old_stps must be a list, but was 1",
                "n_iter | n_iter must be a whole number from 0 to 2^53, but was 1.5",
                "al | al must be a number, but was 'x'"
            })
    void refusesAStateOfOtherParametersAndChangesNothing(String broken, String message) {
        Map<Object, Object> kept = state();
        switch (broken) {
            case "d" -> kept.put("d", TensorData.of(new float[3], List.of(3L)));
            case "func_evals" -> kept.put("func_evals", List.of());
            case "ro" -> kept.put("ro", List.of());
            case "prev_loss" -> kept.remove("prev_loss");
            case "n_iter" -> kept.put("n_iter", 1.5);
            case "al" -> kept.put("al", List.of("x"));
            default -> kept.put("old_stps", 1L);
        }
        Optimizer<FloatArray> optimizer = optimizer(WOLFE);
        optimizer.step(this::valley);
        Object before = kept(optimizer).get("func_evals");
        String refused =
                String.valueOf(assertThrows(IllegalArgumentException.class, () -> optimizer.loadStateDict(dict(kept)))
                        .getMessage());
        assertEquals("param_groups[0] (group 'all', LBFGS): parameter 0: " + message, refused);
        assertEquals(before, kept(optimizer).get("func_evals"));
    }

    @Test
    void refusesAStateThatLacksAnEntryAndChangesNothing() {
        Optimizer<FloatArray> optimizer = optimizer(WOLFE);
        optimizer.step(this::valley);
        Object before = kept(optimizer).get("func_evals");
        for (Object name : state().keySet()) {
            if (name.equals("al")) {
                continue; // of which the next step reads nothing
            }
            Map<Object, Object> kept = state();
            kept.remove(name);
            String message = String.valueOf(
                    assertThrows(IllegalArgumentException.class, () -> optimizer.loadStateDict(dict(kept)))
                            .getMessage());
            assertTrue(
                    message.startsWith("param_groups[0] (group 'all', LBFGS): parameter 0: " + name + " must be"),
                    message);
            assertTrue(message.endsWith("but was missing"), message);
            assertEquals(before, kept(optimizer).get("func_evals"));
        }
        Map<Object, Object> counts = state();
        counts.keySet().retainAll(List.of("func_evals", "n_iter"));
        assertThrows(IllegalArgumentException.class, () -> optimizer.loadStateDict(dict(counts)));
        Map<Object, Object> kept = state();
        kept.remove("al");
        optimizer.loadStateDict(dict(kept));
        assertEquals(3L, kept(optimizer).get("func_evals"));
    }

    private static Map<Object, Object> state() {
        Map<Object, Object> kept = new LinkedHashMap<>();
        kept.put("func_evals", 3L);
        kept.put("n_iter", 2L);
        kept.put("al", new ArrayList<>(Arrays.asList(TensorData.scalar(0.125), Optional.empty())));
        kept.put("d", TensorData.of(new float[] {2, -1}, List.of(2L)));
        kept.put("t", 0.5);
        kept.put("old_dirs", List.of(TensorData.of(new float[] {1, 3}, List.of(2L))));
        kept.put("old_stps", List.of(TensorData.of(new float[] {0.5f, 0.5f}, List.of(2L))));
        kept.put("ro", List.of(TensorData.scalar(0.5)));
        kept.put("H_diag", TensorData.scalar(0.25));
        kept.put("prev_flat_grad", TensorData.of(new float[] {-1000, 0}, List.of(2L)));
        kept.put("prev_loss", 7.5);
        return kept;
    }

    private static Map<String, Object> dict(Map<Object, Object> kept) {
        Map<String, Object> group =
                new LinkedHashMap<>(new LBFGS(1).withMaxIter(1).options());
        group.put("params", List.of(0L, 1L));
        return Map.of("state", Map.of(0L, kept), "param_groups", List.of(group));
    }
}
