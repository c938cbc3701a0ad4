package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.checkpoint.DType;
import org.anneal.checkpoint.TensorData;
import org.anneal.schedule.ExponentialLR;
import org.anneal.text.Kind;
import org.anneal.text.Python;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** An optimizer that is restored goes on as if it had never stopped. */
class StateDictTest {

    static List<String> rules() {
        return List.of(
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
                "Muon(lr=0.02)",
                "Lion(lr=0.01, weight_decay=0.1)",
                "Lamb(lr=0.05)",
                "SGDScheduleFree(lr=0.5, warmup_steps=10, r=1.0)",
                "AdamWScheduleFree(lr=0.05, weight_decay=0.1)",
                "Prodigy(lr=0.5, d0=0.01, growth_rate=1.5)",
                "DAdaptSGD(lr=0.5, momentum=0.9, d0=0.01)",
                "DAdaptAdam(lr=0.5, d0=0.01, growth_rate=1.5)");
    }

    /** LBFGSTest has that of the one that needs a closure. */
    @Test
    void triesEveryRuleThatNeedsNoClosure() {
        Set<Class<?>> tried = new HashSet<>(Set.of(LBFGS.class));
        rules().forEach(text -> tried.add(UpdateRule.parse(text).getClass()));
        assertEquals(UpdateRule.kinds().stream().map(Kind::type).collect(Collectors.toSet()), tried);
    }

    @Test
    void tellsTheSavedGroupsOfEveryRule() {
        assertEquals(
                UpdateRule.kinds().stream().map(Kind::type).collect(Collectors.toSet()),
                SavedGroup.rules().stream().map(UpdateRule::getClass).collect(Collectors.toSet()));
    }

    @ParameterizedTest
    @MethodSource("rules")
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
                "Adafactor() | [step [], row_var [2, 2, 1], col_var [2, 1, 3]] | [step [], variance [3]]",
                "Lion() | [exp_avg [2, 2, 3]] | [exp_avg [3]]",
                "Lamb() | [exp_avg [2, 2, 3], exp_avg_sq [2, 2, 3]] | [exp_avg [3], exp_avg_sq [3]]",
                "SGDScheduleFree() | [z [2, 2, 3]] | [z [3]]",
                "AdamWScheduleFree() | [z [2, 2, 3], exp_avg_sq [2, 2, 3]] | [z [3], exp_avg_sq [3]]",
                "Prodigy() | [step [], s [12], p0 [12], exp_avg [2, 2, 3], exp_avg_sq [2, 2, 3]]"
                        + " | [step [], s [3], p0 [3], exp_avg [3], exp_avg_sq [3]]",
                "DAdaptSGD() | [z [2, 2, 3], s [2, 2, 3], x0 [2, 2, 3]] | [z [3], s [3], x0 [3]]",
                "DAdaptAdam() | [step [], s [2, 2, 3], exp_avg [2, 2, 3], exp_avg_sq [2, 2, 3]]"
                        + " | [step [], s [3], exp_avg [3], exp_avg_sq [3]]"
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
                "param_groups[0] (group 'a', Adafactor): row_var of parameter 0 must have the shape [2, 1], but had [1, 1]",
                assertThrows(IllegalArgumentException.class, () -> other.loadStateDict(dict))
                        .getMessage());
    }

    /** The sixth step's value is PyTorch's. */
    @ParameterizedTest
    @ValueSource(strings = {"step", "exp_avg", "exp_avg_sq"})
    void goesOnWhereItWasWhenAStateThatLacksAnEntryWasRefused(String entry) {
        FloatArray p = new FloatArray(1, 2);
        p.setGrad(0.1f, 0.2f);
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new AdamW(0.1), List.of(p));
        for (int step = 0; step < 5; step++) {
            optimizer.step();
        }
        Map<String, Object> dict = optimizer.stateDict();
        kept(dict, 0).remove(entry);
        first(dict).put("lr", 7.0);
        assertThrows(IllegalArgumentException.class, () -> optimizer.loadStateDict(dict));
        optimizer.step();
        assertArrayEquals(new float[] {0.3955131f, 1.3895279f}, p.values(), 1e-6f);
    }

    /** A parameter's state is there whole or not at all, but for what an option keeps that may be new. */
    @ParameterizedTest
    @MethodSource("rules")
    void refusesAStateThatLacksAnEntryAndChangesNothing(String text) {
        List<FloatArray> params = parameters();
        Optimizer<FloatArray> optimizer = optimizer(UpdateRule.parse(text), params);
        train(optimizer, params, 0, 3);
        String saved = Python.repr(plain(optimizer.stateDict()));
        Set<String> names = text.equals("SGD(lr=0.1)")
                ? Set.of() // without momentum it keeps nothing
                : new TreeSet<>(kept(optimizer.stateDict(), 1).keySet());
        List<String> options = text.startsWith("Muon")
                ? List.of() // which keeps nothing else
                : List.of("momentum_buffer", "grad_avg", "max_exp_avg_sq");
        for (String name : names) {
            for (boolean none : new boolean[] {false, true}) {
                Map<String, Object> dict = optimizer.stateDict();
                first(dict).put("lr", 0.7);
                Map<String, Object> damaged = kept(dict, 1);
                damaged.remove(name);
                String others = new TreeSet<>(damaged.keySet()).toString();
                if (none) {
                    damaged.put(name, Optional.empty());
                }
                try (Optimizer<FloatArray> another = optimizer(UpdateRule.parse(text), parameters())) {
                    if (options.contains(name) || (damaged.isEmpty() && !none)) {
                        another.loadStateDict(dict);
                        assertEquals(0.7, another.groups().get(0).lr());
                        continue;
                    }
                }
                String kind = text.replaceAll("\\(.*", "");
                String refusal = none
                        ? name + " of parameter 1 must be a " + (name.equals("step") ? "number" : "tensor")
                                + ", but was None"
                        : "the state of parameter 1 must have " + name + ", but has only " + others;
                assertEquals(
                        "param_groups[1] (group 'b', " + kind + "): " + refusal,
                        assertThrows(IllegalArgumentException.class, () -> optimizer.loadStateDict(dict))
                                .getMessage());
                assertEquals(saved, Python.repr(plain(optimizer.stateDict())));
            }
        }
    }

    @Test
    void namesAllEntriesThatAreMissing() {
        List<FloatArray> params = parameters();
        Optimizer<FloatArray> optimizer = optimizer(new NAdam(0.1), params);
        train(optimizer, params, 0, 1);
        Map<String, Object> dict = optimizer.stateDict();
        kept(dict, 0).keySet().removeAll(List.of("step", "mu_product"));
        assertEquals(
                "param_groups[0] (group 'a', NAdam): the state of parameter 0 must have step, mu_product, but has"
                        + " only [exp_avg, exp_avg_sq]",
                assertThrows(IllegalArgumentException.class, () -> optimizer.loadStateDict(dict))
                        .getMessage());
    }

    @ParameterizedTest
    @MethodSource("rules")
    void startsAParameterAnewWhoseStateIsMissing(String text) {
        List<FloatArray> params = parameters();
        Optimizer<FloatArray> optimizer = optimizer(UpdateRule.parse(text), params);
        train(optimizer, params, 0, 3);
        Map<String, Object> dict = optimizer.stateDict();
        ((Map<?, ?>) dict.getOrDefault("state", Map.of())).remove(0L);
        String saved = Python.repr(plain(dict));
        optimizer.loadStateDict(dict);
        assertEquals(saved, Python.repr(plain(optimizer.stateDict())));
    }

    @ParameterizedTest
    @EnumSource(names = {"COMPLEX64", "COMPLEX32", "BITS8"})
    void refusesWhatIsNoRealNumberAndChangesNothing(DType dtype) {
        List<FloatArray> params = parameters();
        Optimizer<FloatArray> optimizer = optimizer(new Adam(0.1), params);
        train(optimizer, params, 0, 2);
        String saved = Python.repr(plain(optimizer.stateDict()));
        for (String name : List.of("step", "exp_avg")) {
            Map<String, Object> dict = optimizer.stateDict();
            first(dict).put("lr", 0.7);
            List<Long> shape = name.equals("step") ? List.of() : List.of(1L, 1L);
            kept(dict, 1)
                    .put(
                            name,
                            TensorData.of(
                                    dtype, TensorData.scalar(DType.FLOAT64, 0).storage(), shape));
            assertEquals(
                    "param_groups[1] (group 'b', Adam): " + name + " of parameter 1 must be real, but was " + dtype,
                    assertThrows(IllegalArgumentException.class, () -> optimizer.loadStateDict(dict))
                            .getMessage());
            assertEquals(saved, Python.repr(plain(optimizer.stateDict())));
        }
    }

    /** {@return a state dict with lists of numbers in place of its tensors} */
    private static Object plain(Object value) {
        if (value instanceof TensorData data) {
            return Arrays.stream(data.toDoubles()).boxed().toList();
        } else if (value instanceof Map<?, ?> map) {
            Map<Object, Object> plain = new LinkedHashMap<>();
            map.forEach((key, each) -> plain.put(key, plain(each)));
            return plain;
        }
        return value instanceof List<?> list
                ? list.stream().map(StateDictTest::plain).toList()
                : value;
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
                "param_groups must have 2 entries, one per group of this optimizer, but had 1",
                assertThrows(IllegalArgumentException.class, () -> optimizer.loadStateDict(one))
                        .getMessage());
        Map<String, Object> other = optimizer.stateDict();
        Map<String, Object> short0 = new HashMap<>(first(other));
        short0.put("params", List.of());
        other.put("param_groups", List.of(short0, short0));
        assertEquals(
                "param_groups[0] must have 1 params, as group 'a' has, but had 0",
                assertThrows(IllegalArgumentException.class, () -> optimizer.loadStateDict(other))
                        .getMessage());
        assertEquals(
                "state must be a dict, but was missing",
                assertThrows(IllegalArgumentException.class, () -> optimizer.loadStateDict(Map.of()))
                        .getMessage());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "lr | -inf | Adam): lr must be finite, but was -Infinity",
                "lr | nan | Adam): lr must be finite, but was NaN",
                "lr | x | Adam): lr must be a number, but was 'x'",
                "lr | None | Adam): lr must be a number, but was None",
                "lr | pair | Adam): lr must be a number, but was a tensor of shape [2]",
                "lr | missing | Adam): the group must have lr, but has only [betas, eps, weight_decay, amsgrad, maximize,"
                        + " decoupled_weight_decay, params]",
                "weight_decay | missing | Adam): the group must have weight_decay, but has only [lr, betas, eps, amsgrad,"
                        + " maximize, decoupled_weight_decay, params]",
                "initial_lr | x | Adam): initial_lr must be a number, but was 'x'",
                "initial_lr | nan | Adam): initial_lr must be finite, but was NaN",
                "weight_decay | -1 | Adam): weight_decay must be finite and >= 0, but was -1.0",
                "weight_decay | nan | Adam): weight_decay must be finite, but was NaN",
                "betas | nans | Adam): betas[1] must be finite, but was NaN",
                "betas | pair | Adam): betas must be a number, but was a tensor of shape [2]",
                "eps | x | Adam): eps must be a number, but was 'x'",
                "params | x | Adam): params must be all whole numbers or all names, but one was 0.5",
                "params | 0 | Adam): parameter 0 is listed twice",
                "step | -5 | Adam): step of parameter 1 must be a whole number from 0 to 2^53, but was -5.0",
                "step | nan | Adam): step of parameter 1 must be a whole number from 0 to 2^53, but was NaN",
                "step | x | Adam): step of parameter 1 must be a number, but was 'x'",
                "exp_avg | x | Adam): exp_avg of parameter 1 must be a tensor, but was 'x'",
                "exp_avg | pair | Adam): exp_avg of parameter 1 must have the shape [1, 1], but had [2]"
            })
    void refusesDamageInALaterGroupAndChangesNothing(String key, String damage, String message) {
        List<FloatArray> params = parameters();
        Optimizer<FloatArray> optimizer = optimizer(new Adam(0.1), params);
        train(optimizer, params, 0, 2);
        Map<String, Object> dict = optimizer.stateDict();
        first(dict).put("lr", 0.7);
        Object value = switch (damage) {
            case "x" -> key.equals("params") ? List.of(0.5) : "x";
            case "None" -> Optional.empty();
            case "pair" -> TensorData.of(new float[2], List.of(2L));
            case "nans" -> List.of(0.9, Double.NaN);
            case "nan" -> Double.NaN;
            case "0" -> List.of(0L);
            case "-inf" -> Double.NEGATIVE_INFINITY;
            case "missing" -> damage;
            default -> Double.valueOf(damage);
        };
        Map<String, Object> damaged = key.equals("step") || key.equals("exp_avg")
                ? kept(dict, 1)
                : groups(dict).get(1);
        damaged.put(key, value);
        if (damage.equals("missing")) {
            damaged.remove(key);
        }
        assertEquals(
                "param_groups[1] (group 'b', " + message,
                assertThrows(IllegalArgumentException.class, () -> optimizer.loadStateDict(dict))
                        .getMessage());
        assertEquals(0.1, optimizer.groups().get(0).lr());
        assertEquals(2, slot(optimizer, 0, "step").item());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Adam() | SGD() | betas, eps | Adam or AdamW",
                "AdamW() | SGD(momentum=0.9) | betas, eps | Adam or AdamW",
                "SGD(momentum=0.9) | Adam() | momentum, dampening | SGD",
                "SGD() | RMSprop() | dampening | SGD",
                "NAdam() | RAdam() | momentum_decay | NAdam",
                "RMSprop() | SGD() | alpha, eps | RMSprop",
                "Muon() | SGD() | ns_coefficients, eps, ns_steps, adjust_lr_fn | Muon",
                "Adamax() | Adam() | exp_inf | Adamax",
                "Adam() | Adamax() | exp_avg_sq | Adam or AdamW or NAdam or RAdam or Lamb"
                        + " or AdamWScheduleFree or Prodigy or DAdaptAdam"
            })
    void refusesTheStateOfAnotherRule(String saved, String loading, String signs, String whose) {
        FloatArray matrix = new FloatArray(new float[] {1, 2, 3, 4}, List.of(2L, 2L));
        matrix.setGrad(1, 2, 3, 4);
        Optimizer<FloatArray> first = FloatArrays.optimizer(UpdateRule.parse(saved), List.of(matrix));
        first.step();
        Optimizer<FloatArray> second = FloatArrays.optimizer(UpdateRule.parse(loading), List.of(matrix));
        String name = loading.replaceAll("\\(.*", "");
        assertEquals(
                "param_groups[0] (group 'all', " + name + "): a state of " + name + " must not have " + signs
                        + ", but this looks like one of " + whose,
                assertThrows(IllegalArgumentException.class, () -> second.loadStateDict(first.stateDict()))
                        .getMessage());
    }

    @Test
    void takesWhatPyTorchTakes() {
        List<FloatArray> params = parameters();
        Optimizer<FloatArray> optimizer = optimizer(new Adam(0.1), params);
        train(optimizer, params, 0, 2);
        Map<String, Object> dict = optimizer.stateDict();
        Map<String, Object> group = first(dict);
        List.of("amsgrad", "maximize", "decoupled_weight_decay").forEach(group::remove); // as older versions lack them
        group.put("lr", TensorData.scalar(0.25)); // lr=torch.tensor(0.25)
        group.put("betas", Python.Tuple.of(TensorData.scalar(0.5), TensorData.scalar(0.75)));
        group.put("initial_lr", TensorData.scalar(0.5));
        group.put("foreach", Optional.empty());
        group.put("fused", true);
        group.put("max_lr", 7.0); // OneCycleLR's
        group.put("lr_decay", 0.9); // the program's own
        group.put("of_a_newer_version", "x");
        kept(dict, 0).put("step", 2L); // a number in torch 1
        optimizer.loadStateDict(dict);
        assertEquals(
                new Adam(0.25).withBetas(0.5, 0.75), optimizer.groups().get(0).rule());
        assertEquals(0.5, optimizer.groups().get(0).initialLr().orElseThrow());
        assertEquals(2, slot(optimizer, 0, "step").item());
    }

    @Test
    void takesTheNumbersThatOlderVersionsKeep() {
        List<FloatArray> params = parameters();
        Optimizer<FloatArray> optimizer = optimizer(new ASGD(0.1), params);
        train(optimizer, params, 0, 2);
        Map<String, Object> dict = optimizer.stateDict();
        kept(dict, 0).put("eta", 0.5);
        optimizer.loadStateDict(dict);
        assertEquals(0.5, slot(optimizer, 0, "eta").item());
        optimizer.close();
        assertEquals(
                "an optimizer must not be saved after close()",
                assertThrows(IllegalStateException.class, optimizer::stateDict).getMessage());
        assertEquals(
                "an optimizer must not be loaded after close()",
                assertThrows(IllegalStateException.class, () -> optimizer.loadStateDict(dict))
                        .getMessage());
    }

    @Test
    void takesNamesInPlaceOfNumbersButNoMixture() {
        Optimizer<FloatArray> optimizer =
                FloatArrays.optimizer(new SGD(0.1), List.of(new FloatArray(1f), new FloatArray(2f)));
        Map<String, Object> dict = optimizer.stateDict();
        first(dict).put("params", List.of("weight", "bias"));
        optimizer.loadStateDict(dict);
        first(dict).put("params", List.of("x", 0L));
        assertEquals(
                "param_groups[0] (group 'all', SGD): params must be all whole numbers or all names, but one was 'x'",
                assertThrows(IllegalArgumentException.class, () -> optimizer.loadStateDict(dict))
                        .getMessage());
    }

    @SuppressWarnings("unchecked") // a state dict is a map of names to whatever stands there
    private static List<Map<String, Object>> groups(Map<String, Object> dict) {
        return (List<Map<String, Object>>) dict.getOrDefault("param_groups", List.of());
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> kept(Map<String, Object> dict, long number) {
        Map<Object, Map<String, Object>> state =
                (Map<Object, Map<String, Object>>) dict.getOrDefault("state", Map.of());
        return Objects.requireNonNull(state.get(number));
    }

    private static Map<String, Object> first(Map<String, Object> dict) {
        return groups(dict).get(0);
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
                new ParamGroup<>("b", oneRate(rule) ? rule : rule.withLr(rule.lr() / 10), params.subList(1, 2))));
    }

    /** {@return whether the rule refuses groups at different rates} */
    private static boolean oneRate(UpdateRule rule) {
        try {
            rule.checkRates(List.of(1.0, 0.1));
            return false;
        } catch (IllegalArgumentException refused) {
            return true;
        }
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
