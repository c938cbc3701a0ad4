package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.checkpoint.TensorData;
import org.anneal.schedule.ExponentialLR;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An optimizer that is restored goes on as if it had never stopped. */
class StateDictTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SGD(lr=0.1)",
                "SGD(lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True)",
                "Adam(lr=0.01, betas=(0.8, 0.99))",
                "Adam(lr=0.01, amsgrad=True, decoupled_weight_decay=True, weight_decay=0.1)"
            })
    void goesOnToTheSameBits(String text) {
        UpdateRule rule = UpdateRule.parse(text);
        List<FloatArray> whole = parameters();
        List<FloatArray> cut = parameters();
        try (Optimizer<FloatArray> uninterrupted = optimizer(rule, whole);
                Optimizer<FloatArray> first = optimizer(rule, cut)) {
            train(uninterrupted, whole, 0, 20);
            train(first, cut, 0, 7);
            Map<String, Object> saved = first.stateDict();
            try (Optimizer<FloatArray> second = optimizer(UpdateRule.parse(text).withLr(5), cut)) {
                second.loadStateDict(saved);
                assertEquals(
                        first.groups().get(0).rule(), second.groups().get(0).rule());
                train(second, cut, 7, 20);
            }
        }
        for (int p = 0; p < whole.size(); p++) {
            assertArrayEquals(whole.get(p).values(), cut.get(p).values());
        }
    }

    @Test
    void bringsBackTheBaseOfSchedules() {
        Optimizer<FloatArray> first = optimizer(new SGD(0.1), parameters());
        LRScheduler scheduler = new LRScheduler(first, new ExponentialLR(0.5));
        scheduler.step();
        Optimizer<FloatArray> second = optimizer(new SGD(7), parameters());
        second.loadStateDict(first.stateDict());
        assertEquals(0.1, second.groups().get(0).initialLr().orElseThrow());
        assertEquals(0.05, second.groups().get(0).lr());
    }

    @Test
    void copiesWhatIsKept() {
        List<FloatArray> params = parameters();
        Optimizer<FloatArray> first = optimizer(new SGD(0.1).withMomentum(0.9), params);
        train(first, params, 0, 1);
        Optimizer<FloatArray> second = optimizer(new SGD(0.1).withMomentum(0.9), params);
        second.loadStateDict(first.stateDict());
        float before = buffer(second)[0];
        train(first, params, 1, 2);
        assertEquals(before, buffer(second)[0]);
    }

    @Test
    void refusesAStateOfOtherGroupsOrParameters() {
        Optimizer<FloatArray> optimizer = optimizer(new SGD(0.1), parameters());
        Map<String, Object> one =
                FloatArrays.optimizer(new SGD(0.1), List.of(new FloatArray(1f))).stateDict();
        assertEquals(
                "param_groups must have 2 entries, as this optimizer, but had 1",
                assertThrows(IllegalArgumentException.class, () -> optimizer.loadStateDict(one))
                        .getMessage());
        Map<String, Object> other = optimizer.stateDict();
        Map<String, Object> short0 = new HashMap<>(first(other));
        short0.put("params", List.of());
        other.put("param_groups", List.of(short0, short0));
        assertEquals(
                "param_groups[0] must have 1 params, as group 'a', but had 0",
                assertThrows(IllegalArgumentException.class, () -> optimizer.loadStateDict(other))
                        .getMessage());
        assertEquals(
                "a state dict must have an entry state that is a Map, but it was missing",
                assertThrows(IllegalArgumentException.class, () -> optimizer.loadStateDict(Map.of()))
                        .getMessage());
    }

    @SuppressWarnings("unchecked") // a state dict is a map of names to whatever stands there
    private static Map<String, Object> first(Map<String, Object> dict) {
        return ((List<Map<String, Object>>) dict.getOrDefault("param_groups", List.of())).get(0);
    }

    private static float[] buffer(Optimizer<FloatArray> optimizer) {
        Map<?, ?> state = (Map<?, ?>) optimizer.stateDict().getOrDefault("state", Map.of());
        Map<?, ?> slots = (Map<?, ?>) new ArrayList<>(state.values()).get(0);
        return ((TensorData) new ArrayList<>(slots.values()).get(0)).toFloats();
    }

    private static List<FloatArray> parameters() {
        return List.of(new FloatArray(1f, -2f, 3f), new FloatArray(0.5f));
    }

    private static Optimizer<FloatArray> optimizer(UpdateRule rule, List<FloatArray> params) {
        return FloatArrays.optimizer(List.of(
                new ParamGroup<>("a", rule, params.subList(0, 1)),
                new ParamGroup<>("b", rule.withLr(rule.lr() / 10), params.subList(1, 2))));
    }

    private static void train(Optimizer<FloatArray> optimizer, List<FloatArray> params, int from, int to) {
        for (int step = from; step < to; step++) {
            for (FloatArray param : params) {
                float[] grad = new float[param.values().length];
                for (int i = 0; i < grad.length; i++) {
                    grad[i] = (float) Math.sin(step + i) * 0.3f;
                }
                param.setGrad(grad);
            }
            optimizer.step();
        }
    }
}
