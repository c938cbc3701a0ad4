package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.checkpoint.TensorData;
import org.anneal.text.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Rules that keep numbers per group, share them between groups, or evaluate other weights than they train. */
class GroupNumbersTest {

    private static Map<String, Object> group(Map<String, Object> dict, int number) {
        Map<String, Object> group = new LinkedHashMap<>();
        ((Map<?, ?>) ((List<?>) Objects.requireNonNull(dict.get("param_groups"))).get(number))
                .forEach((name, value) -> group.put((String) name, value));
        return group;
    }

    private static Map<String, Object> with(Map<String, Object> dict, Map<String, Object> group) {
        Map<String, Object> changed = new LinkedHashMap<>(dict);
        changed.put("param_groups", List.of(group));
        return changed;
    }

    private static Optimizer<FloatArray> optimizer(UpdateRule rule, FloatArray param) {
        return FloatArrays.optimizer(rule, List.of(param));
    }

    private static String messageOf(Executable refused) {
        return String.valueOf(assertThrows(RuntimeException.class, refused).getMessage());
    }

    /** By hand: z = 1, y = 1; two steps at rate 0.5 with momentum 0.5. */
    @Test
    void evaluatesTheAverageAndTrainsBetweenItAndTheNewestWeights() {
        FloatArray param = new FloatArray(1f);
        Optimizer<FloatArray> optimizer = optimizer(new SGDScheduleFree(0.5).withMomentum(0.5), param);
        param.setGrad(1);
        optimizer.step(); // z = 0.5, c = 1, x = 0.5, y = 0.5
        assertArrayEquals(new float[] {0.5f}, param.values());
        optimizer.step(); // z = 0, c = 1/2, x = 0.25, y = 0.125
        assertArrayEquals(new float[] {0.125f}, param.values());
        optimizer.eval();
        assertArrayEquals(new float[] {0.25f}, param.values());
        optimizer.eval();
        assertArrayEquals(new float[] {0.25f}, param.values(), "a second call changes nothing");
        optimizer.train();
        assertArrayEquals(new float[] {0.125f}, param.values());
    }

    @Test
    void refusesAStepOnTheWeightsToEvaluate() {
        FloatArray param = new FloatArray(1f);
        param.setGrad(1);
        Optimizer<FloatArray> optimizer = optimizer(new AdamWScheduleFree(0.5), param);
        assertTrue(optimizer.isTraining());
        optimizer.eval();
        assertFalse(optimizer.isTraining());
        assertEquals(
                "an optimizer must not be stepped after eval(), while its parameters hold the weights to evaluate: call"
                        + " train() first",
                messageOf(optimizer::step));
        assertArrayEquals(new float[] {1}, param.values());
        optimizer.train();
        optimizer.step();
    }

    @Test
    void leavesTheWeightsOfOtherRulesAsTheyAre() {
        FloatArray param = new FloatArray(1f);
        param.setGrad(1);
        Optimizer<FloatArray> optimizer = optimizer(new Adam(0.5), param);
        optimizer.step();
        float[] trained = param.values().clone();
        optimizer.eval();
        assertArrayEquals(trained, param.values());
        assertTrue(optimizer.isTraining());
        optimizer.step();
    }

    @Test
    void savesWhichWeightsTheParametersHoldAndGoesOnFromThem() {
        FloatArray whole = new FloatArray(1f, -2f);
        FloatArray cut = new FloatArray(1f, -2f);
        Optimizer<FloatArray> uninterrupted = optimizer(new AdamWScheduleFree(0.1), whole);
        Optimizer<FloatArray> first = optimizer(new AdamWScheduleFree(0.1), cut);
        for (int step = 0; step < 4; step++) {
            whole.setGrad(step - 1f, 0.5f);
            cut.setGrad(step - 1f, 0.5f);
            uninterrupted.step();
            first.step();
        }
        uninterrupted.eval();
        first.eval();
        assertEquals(false, group(first.stateDict(), 0).get("train_mode"));
        Optimizer<FloatArray> second = optimizer(new AdamWScheduleFree(1), cut);
        second.loadStateDict(first.stateDict());
        assertFalse(second.isTraining());
        uninterrupted.train();
        second.train();
        uninterrupted.step();
        second.step();
        assertArrayEquals(whole.values(), cut.values());
        assertEquals(group(uninterrupted.stateDict(), 0), group(second.stateDict(), 0));
    }

    @Test
    void refusesAStateWithoutItsNumbersOrWithOtherThings() {
        FloatArray param = new FloatArray(1f);
        param.setGrad(1);
        Optimizer<FloatArray> optimizer = optimizer(new SGDScheduleFree(0.5), param);
        optimizer.step();
        Map<String, Object> dict = optimizer.stateDict();
        Map<String, Object> group = group(dict, 0);
        Object sum = Objects.requireNonNull(group.remove("weight_sum"));
        String start = "param_groups[0] (group 'all', SGDScheduleFree): ";
        assertEquals(
                start + "the group must have weight_sum, but has only " + group.keySet(),
                messageOf(() -> optimizer.loadStateDict(with(dict, group))));
        group.put("weight_sum", "much");
        assertEquals(
                start + "weight_sum must be a number, but was 'much'",
                messageOf(() -> optimizer.loadStateDict(with(dict, group))));
        group.put("weight_sum", Double.NaN);
        assertEquals(
                start + "weight_sum must be finite, but was NaN",
                messageOf(() -> optimizer.loadStateDict(with(dict, group))));
        group.put("weight_sum", sum);
        group.put("k", 1.5);
        assertEquals(
                start + "k must be a whole number from 0 to 2^53, but was 1.5",
                messageOf(() -> optimizer.loadStateDict(with(dict, group))));
        assertEquals(1L, group(optimizer.stateDict(), 0).get("k"), "nothing has changed");
        List.of("scheduled_lr", "foreach").forEach(group::remove); // as older versions of the package lack them
        group.put("k", TensorData.scalar(7));
        optimizer.loadStateDict(with(dict, group));
        assertEquals(7L, group(optimizer.stateDict(), 0).get("k"));
    }

    @Test
    void estimatesOneStepSizeForAllGroups() {
        FloatArray a = new FloatArray(1f, 2f);
        FloatArray b = new FloatArray(new float[] {3f, -4f}, List.of(1L, 2L));
        FloatArray together = new FloatArray(1f, 2f, 3f, -4f);
        UpdateRule rule = new Prodigy(1).withD0(0.01);
        Optimizer<FloatArray> split = FloatArrays.optimizer(
                List.of(new ParamGroup<>("a", rule, List.of(a)), new ParamGroup<>("b", rule, List.of(b))));
        Optimizer<FloatArray> one = optimizer(rule, together);
        for (int step = 0; step < 10; step++) {
            float[] values = together.values().clone();
            together.setGrad(values);
            a.setGrad(values[0], values[1]);
            b.setGrad(values[2], values[3]);
            split.step();
            one.step();
        }
        double d = (double) Objects.requireNonNull(group(one.stateDict(), 0).get("d"));
        assertTrue(d > 0.02, "it has grown to " + d);
        for (int g = 0; g < 2; g++) {
            assertEquals(
                    d,
                    (double) Objects.requireNonNull(group(split.stateDict(), g).get("d")),
                    1e-6 * d);
        }
        assertEquals(together.values()[0], a.values()[0], 1e-5);
        assertEquals(together.values()[3], b.values()[1], 1e-5);
    }

    @Test
    void refusesRatesThatDifferUnlessTheyAreZero() {
        String message =
                "lr must be the same in every group, or 0, under DAdaptAdam, which adapts one step size for all of them,"
                        + " but was [1.0, 0.5]";
        FloatArray a = new FloatArray(1f);
        FloatArray b = new FloatArray(1f);
        UpdateRule rule = new DAdaptAdam(1).withD0(0.1);
        Optimizer<FloatArray> optimizer = optimizer(rule, a);
        assertEquals(
                message, messageOf(() -> optimizer.addParamGroup(new ParamGroup<>("b", rule.withLr(0.5), List.of(b)))));
        optimizer.addParamGroup(new ParamGroup<>("b", rule.withLr(0), List.of(b)));
        a.setGrad(1);
        b.setGrad(1);
        optimizer.step();
        assertTrue(a.values()[0] < 1);
        assertArrayEquals(new float[] {1}, b.values());
        float before = a.values()[0];
        optimizer.group("b").setLr(0.5);
        assertEquals(message, messageOf(optimizer::step));
        assertEquals(before, a.values()[0], "nothing has changed");
    }

    @Test
    void takesTheSingleZeroThatThePackageKeepsForAParameterOfZeros() {
        FloatArray param = new FloatArray(0f, 0f);
        param.setGrad(1, 2);
        Optimizer<FloatArray> optimizer = optimizer(new Prodigy(1).withD0(0.1), param);
        optimizer.step();
        Map<String, Object> dict = optimizer.stateDict();
        Map<Object, Object> kept =
                new LinkedHashMap<>((Map<?, ?>) ((Map<?, ?>) Objects.requireNonNull(dict.get("state"))).get(0L));
        kept.put("p0", TensorData.scalar(0));
        dict.put("state", Map.of(0L, kept));
        FloatArray copy = new FloatArray(param.values().clone());
        copy.setGrad(1, 2);
        Optimizer<FloatArray> loaded = optimizer(new Prodigy(1), copy);
        loaded.loadStateDict(dict);
        optimizer.step();
        loaded.step();
        assertArrayEquals(param.values(), copy.values());
    }

    @Test
    void followAWarmupFromRateZero() {
        for (UpdateRule rule : List.of(
                new SGDScheduleFree(0.1),
                new AdamWScheduleFree(0.1),
                new Prodigy(1).withD0(0.01),
                new DAdaptSGD(1).withD0(0.01),
                new DAdaptAdam(1).withD0(0.01),
                new Lion(0.1),
                new Lamb(0.1))) {
            FloatArray param = new FloatArray(1f, -2f);
            Optimizer<FloatArray> optimizer = optimizer(rule, param);
            List<Float> path = new ArrayList<>();
            for (int step = 0; step < 60; step++) {
                optimizer.groups().get(0).setLr(rule.lr() * Math.min(1, step / 5.0));
                param.setGrad(param.values().clone());
                optimizer.step();
                path.add(param.values()[0]);
            }
            assertEquals(1, path.get(0), rule + " moves not at rate 0");
            assertTrue(path.get(59) < 0.99 && path.get(59) > -1, rule + " came to " + path.get(59));
        }
    }

    /** A user's rule: sign descent whose step is the mean size of all gradients of all groups. */
    private record Shared(double lr) implements UpdateRule {
        private static final Kind<Shared> KIND = Kind.of(Shared.class, "is a test's");

        @Override
        public UpdateRule withLr(double lr) {
            return new Shared(lr);
        }

        @Override
        public Map<String, Object> options() {
            return new LinkedHashMap<>(Map.of("lr", lr));
        }

        @Override
        public List<GroupSlot> groupSlots() {
            return List.of(new GroupSlot("sum", 0.0));
        }

        @Override
        public <T> void applyToAll(List<GroupStep<T>> groups) {
            double[] sum = new double[1];
            groups.forEach(group -> group.forEach(
                    0, (param, grad, slots, spares) -> sum[0] += group.vectors().sumAbs(grad)));
            for (GroupStep<T> group : groups) {
                group.set("sum", group.number("sum") + sum[0]);
                group.forEach(
                        0, (param, grad, slots, spares) -> group.vectors().add(param, grad, -group.lr() / sum[0]));
            }
        }

        @Override
        public Kind<Shared> kind() {
            return KIND;
        }
    }

    @Test
    void letAUsersRuleSeeAllGroups() {
        FloatArray a = new FloatArray(1f);
        FloatArray b = new FloatArray(1f);
        a.setGrad(3);
        b.setGrad(-1);
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(List.of(
                new ParamGroup<>("a", new Shared(1), List.of(a)), new ParamGroup<>("b", new Shared(0.5), List.of(b))));
        optimizer.step();
        assertArrayEquals(new float[] {0.25f}, a.values());
        assertArrayEquals(new float[] {1.125f}, b.values());
        assertEquals(4.0, group(optimizer.stateDict(), 1).get("sum"));
    }
}
