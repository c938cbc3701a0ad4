package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.checkpoint.TensorData;
import org.anneal.schedule.ExponentialLR;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** An optimizer that is restored goes on as if it had never stopped. */
class StateDictTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SGD(lr=0.1)",
                "SGD(lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True)",
                "Adam(lr=0.01, betas=(0.8, 0.99))",
                "Adam(lr=0.01, amsgrad=True, decoupled_weight_decay=True, weight_decay=0.1)",
                "AdamW(lr=0.01, amsgrad=True)",
                "Adagrad(lr=0.1, lr_decay=0.1, initial_accumulator_value=0.3)",
                "RMSprop(lr=0.01, momentum=0.9, centered=True)",
                "Adadelta(weight_decay=0.1)",
                "Adamax(lr=0.01)",
                "NAdam(lr=0.01, momentum_decay=0.1)",
                "RAdam(lr=0.01, betas=(0.9, 0.9))",
                "ASGD(lr=0.1, t0=5)",
                "Rprop(lr=0.1)",
                "Adafactor(lr=0.1)",
                "Muon(lr=0.02)"
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

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SGD(momentum=0.9) | [momentum_buffer [2, 2, 3]] | [momentum_buffer [3]]",
                "AdamW(amsgrad=True) | [step [], exp_avg [2, 2, 3], exp_avg_sq [2, 2, 3], max_exp_avg_sq [2, 2, 3]]"
                        + " | [step [], exp_avg [3], exp_avg_sq [3], max_exp_avg_sq [3]]",
                "Adagrad() | [step [], sum [2, 2, 3]] | [step [], sum [3]]",
                "RMSprop() | [step [], square_avg [2, 2, 3]] | [step [], square_avg [3]]",
                "RMSprop(momentum=0.9, centered=True)"
                        + " | [step [], square_avg [2, 2, 3], momentum_buffer [2, 2, 3], grad_avg [2, 2, 3]]"
                        + " | [step [], square_avg [3], momentum_buffer [3], grad_avg [3]]",
                "Adadelta() | [step [], square_avg [2, 2, 3], acc_delta [2, 2, 3]]"
                        + " | [step [], square_avg [3], acc_delta [3]]",
                "Adamax() | [step [], exp_avg [2, 2, 3], exp_inf [2, 2, 3]] | [step [], exp_avg [3], exp_inf [3]]",
                "NAdam() | [step [], mu_product [], exp_avg [2, 2, 3], exp_avg_sq [2, 2, 3]]"
                        + " | [step [], mu_product [], exp_avg [3], exp_avg_sq [3]]",
                "RAdam() | [step [], exp_avg [2, 2, 3], exp_avg_sq [2, 2, 3]] | [step [], exp_avg [3], exp_avg_sq [3]]",
                "ASGD() | [step [], eta [], mu [], ax [2, 2, 3]] | [step [], eta [], mu [], ax [3]]",
                "Rprop() | [step [], prev [2, 2, 3], step_size [2, 2, 3]] | [step [], prev [3], step_size [3]]",
                "Adafactor() | [step [], row_var [2, 2, 1], col_var [2, 1, 3]] | [step [], variance [3]]"
            })
    void laysOutWhatItKeepsAsPyTorchDoes(String rule, String ofAStack, String ofAVector) {
        FloatArray stack = new FloatArray(new float[12], List.of(2L, 2L, 3L));
        FloatArray vector = new FloatArray(1f, 2f, 3f);
        stack.setGrad(new float[12]);
        vector.setGrad(0.1f, 0.2f, 0.3f);
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(UpdateRule.parse(rule), List.of(stack, vector));
        optimizer.step();
        assertEquals(ofAStack, layout(optimizer, 0));
        assertEquals(ofAVector, layout(optimizer, 1));
    }

    @Test
    void laysOutWhatMuonKeepsAsPyTorchDoes() {
        FloatArray matrix = new FloatArray(new float[6], List.of(2L, 3L));
        matrix.setGrad(1, 2, 3, 4, 5, 6);
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new Muon(0.02), List.of(matrix));
        optimizer.step();
        assertEquals("[momentum_buffer [2, 3]]", layout(optimizer, 0));
    }

    @Test
    void adagradKeepsItsSumsFromTheStart() {
        Optimizer<FloatArray> optimizer = optimizer(new Adagrad(0.1), parameters());
        optimizer.addParamGroup(new ParamGroup<>(
                "late", new Adagrad(0.1).withInitialAccumulatorValue(0.5), List.of(new FloatArray(1f, 2f))));
        assertEquals("[step [], sum [1, 3]]", layout(optimizer, 0));
        assertEquals(0, slot(optimizer, 0, "step").item());
        assertArrayEquals(new float[] {0.5f, 0.5f}, slot(optimizer, 2, "sum").toFloats());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "RMSprop() | RMSprop(momentum=0.9) | momentum_buffer",
                "RMSprop() | RMSprop(centered=True) | grad_avg",
                "AdamW() | AdamW(amsgrad=True) | max_exp_avg_sq",
                "SGD() | SGD(momentum=0.9) | momentum_buffer"
            })
    void startsLateWhatAnOptionKeepsThatIsSwitchedOnLater(String before, String after, String slot) {
        List<FloatArray> params = parameters();
        Optimizer<FloatArray> optimizer = optimizer(UpdateRule.parse(before), params);
        train(optimizer, params, 0, 3);
        optimizer.groups().get(0).setRule(UpdateRule.parse(after));
        train(optimizer, params, 3, 5);
        assertEquals(3, slot(optimizer, 0, slot).count());
        for (float value : params.get(0).values()) {
            assertTrue(Float.isFinite(value));
        }
        optimizer.groups().get(0).setRule(UpdateRule.parse(before));
        float[] left = slot(optimizer, 0, slot).toFloats();
        train(optimizer, params, 5, 6);
        assertArrayEquals(left, slot(optimizer, 0, slot).toFloats());
    }

    @Test
    void holdsAdamWToItsDecoupledDecayWhateverAStateDictSays() {
        Optimizer<FloatArray> optimizer = optimizer(new AdamW(0.1), parameters());
        Map<String, Object> dict = optimizer.stateDict();
        first(dict).put("decoupled_weight_decay", false);
        optimizer.loadStateDict(dict);
        assertEquals(true, first(optimizer.stateDict()).get("decoupled_weight_decay"));
    }

    @Test
    void refusesASlotOfAnotherShape() {
        List<FloatArray> params = parameters();
        Optimizer<FloatArray> optimizer = optimizer(new Adafactor(0.1), params);
        train(optimizer, params, 0, 1);
        Map<String, Object> dict = optimizer.stateDict();
        Optimizer<FloatArray> other = FloatArrays.optimizer(List.of(
                new ParamGroup<>("a", new Adafactor(0.1), List.of(new FloatArray(new float[6], List.of(2L, 3L)))),
                new ParamGroup<>("b", new Adafactor(0.1), List.of(params.get(1)))));
        assertEquals(
                "row_var of parameter 0 must have the shape [2, 1], but had [1, 1]",
                assertThrows(IllegalArgumentException.class, () -> other.loadStateDict(dict))
                        .getMessage());
    }

    private static String layout(Optimizer<FloatArray> optimizer, long number) {
        List<String> layout = new ArrayList<>();
        state(optimizer, number).forEach((name, data) -> layout.add(name + " " + ((TensorData) data).shape()));
        return layout.toString();
    }

    private static TensorData slot(Optimizer<FloatArray> optimizer, long number, String name) {
        return (TensorData) Objects.requireNonNull(state(optimizer, number).get(name));
    }

    private static Map<?, ?> state(Optimizer<FloatArray> optimizer, long number) {
        Map<?, ?> state = (Map<?, ?>) optimizer.stateDict().getOrDefault("state", Map.of());
        return (Map<?, ?>) Objects.requireNonNull(state.get(number));
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
        return List.of(
                new FloatArray(new float[] {1f, -2f, 3f}, List.of(1L, 3L)),
                new FloatArray(new float[] {0.5f}, List.of(1L, 1L)));
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
