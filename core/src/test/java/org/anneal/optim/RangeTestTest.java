package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import java.util.function.DoubleUnaryOperator;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.checkpoint.Dict;
import org.anneal.checkpoint.TensorData;
import org.anneal.optim.RangeTest.Ended;
import org.anneal.schedule.StepLR;
import org.anneal.text.Python;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A sweep of the rate, after which all is as before. Its numbers are held to PyTorch's and fastai's by RangeTestGoldenTest. */
class RangeTestTest {
    private final FloatArray a = new FloatArray(new float[] {1f, -2f, 3f}, List.of(1L, 3L));
    private final FloatArray b = new FloatArray(new float[] {0.5f}, List.of(1L, 1L));

    private Optimizer<FloatArray> optimizer(UpdateRule first, UpdateRule second) {
        return FloatArrays.optimizer(
                List.of(new ParamGroup<>("a", first, List.of(a)), new ParamGroup<>("b", second, List.of(b))));
    }

    private Optimizer<FloatArray> sgd(double... lrs) {
        return optimizer(new SGD(lrs[0]), new SGD(lrs[lrs.length - 1]));
    }

    /** A callback that gives both parameters gradients that depend on the call's number, and a loss that does not. */
    private DoubleSupplier batches(DoubleUnaryOperator loss) {
        int[] call = {0};
        return () -> {
            grads(call[0]);
            return loss.applyAsDouble(call[0]++);
        };
    }

    private void grads(int batch) {
        a.setGrad((float) Math.sin(batch), (float) Math.sin(batch + 1), (float) Math.sin(batch + 2));
        b.setGrad((float) Math.cos(batch));
    }

    /** {@return everything that the parameters and the optimizer hold, in numbers and texts that are equal to the bit} */
    private Map<String, Object> everything(Optimizer<FloatArray> optimizer) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("params", List.of(bits(a.values()), bits(b.values())));
        all.put("steps", optimizer.steps());
        all.put("training", optimizer.isTraining());
        for (ParamGroup<FloatArray> group : optimizer.groups()) {
            all.put(group.name(), List.of(group.lr(), group.momentum(), group.rule()));
        }
        optimizer.stateDict().forEach((key, value) -> all.put(key, plain(value)));
        return all;
    }

    private static List<Integer> bits(float... values) {
        List<Integer> bits = new ArrayList<>();
        for (float value : values) {
            bits.add(Float.floatToRawIntBits(value));
        }
        return bits;
    }

    private static Object plain(Object value) {
        if (value instanceof TensorData data) {
            return List.of(data.shape(), data.dtype(), bits(data.toFloats()));
        } else if (value instanceof Map<?, ?> map) {
            Map<Object, Object> plain = new LinkedHashMap<>();
            map.forEach((key, entry) -> plain.put(key, plain(entry)));
            return plain;
        }
        return value instanceof List<?> list
                ? list.stream().map(RangeTestTest::plain).toList()
                : value;
    }

    /** When the test begins. */
    enum Before {
        THE_FIRST_STEP,
        LATER_STEPS,
        STEPS_IN_EVALUATION_MODE
    }

    static List<String> rules() {
        return StateDictTest.rules();
    }

    @ParameterizedTest
    @MethodSource("rules")
    void leavesEveryRuleToTheBitAsItWas(String text) {
        for (Before before : Before.values()) {
            for (boolean fails : new boolean[] {false, true}) {
                leavesAsItWas(UpdateRule.parse(text), before, fails);
            }
        }
    }

    private void leavesAsItWas(UpdateRule rule, Before before, boolean fails) {
        System.arraycopy(new float[] {1f, -2f, 3f}, 0, a.values(), 0, 3);
        b.values()[0] = 0.5f;
        try (Optimizer<FloatArray> optimizer = optimizer(rule, rule)) {
            for (int step = 0; step < (before == Before.THE_FIRST_STEP ? 0 : 7); step++) {
                grads(step);
                optimizer.step();
            }
            if (before == Before.STEPS_IN_EVALUATION_MODE) {
                optimizer.eval();
            }
            Map<String, Object> was = everything(optimizer);
            boolean[] moved = {false};
            RangeTest test = RangeTest.over(optimizer).from(1e-3).to(1).steps(12);
            DoubleSupplier callback = batches(call -> {
                moved[0] |= !plain(everything(optimizer)).equals(was);
                if (fails && call == 9) {
                    throw new IllegalStateException("no more data");
                }
                return 1;
            });
            if (fails) {
                assertThrows(IllegalStateException.class, () -> test.run(callback));
            } else {
                assertEquals(12, test.run(callback).points().size());
            }
            assertTrue(moved[0]);
            assertEquals(was, everything(optimizer), rule + " " + before + (fails ? ", which failed" : ""));
            assertTrue(a.grad().isEmpty());

            // and so it goes on as one that was never tested
            optimizer.train();
            FloatArray otherA = new FloatArray(new float[] {1f, -2f, 3f}, List.of(1L, 3L));
            FloatArray otherB = new FloatArray(new float[] {0.5f}, List.of(1L, 1L));
            try (Optimizer<FloatArray> other = FloatArrays.optimizer(List.of(
                    new ParamGroup<>("a", rule, List.of(otherA)), new ParamGroup<>("b", rule, List.of(otherB))))) {
                for (int step = 0; step < 15; step++) {
                    if (step == 7 && before == Before.STEPS_IN_EVALUATION_MODE) {
                        other.eval();
                        other.train();
                    }
                    grads(step);
                    otherA.setGrad(a.grad().orElseThrow());
                    otherB.setGrad(b.grad().orElseThrow());
                    other.step();
                    if (step >= 7 || before == Before.THE_FIRST_STEP) {
                        optimizer.step();
                    }
                }
            }
            assertEquals(bits(otherA.values()), bits(a.values()), rule + " " + before);
            assertEquals(bits(otherB.values()), bits(b.values()), rule + " " + before);
        }
    }

    @Test
    void putsBackWhatTheCallbackChangesInTheGroups() {
        Optimizer<FloatArray> optimizer = optimizer(new SGD(0.1).withMomentum(0.9), new SGD(0.2).withMomentum(0.9));
        optimizer.groups().get(1).setLr(0.05); // so that it is not the rule's own
        Map<String, Object> was = everything(optimizer);
        RangeTest.over(optimizer).steps(10).run(batches(call -> {
            optimizer.groups().get(0).setMomentum(0.5);
            optimizer.groups().get(1).setRule(new SGD(3).withWeightDecay(0.1));
            return 1;
        }));
        assertEquals(was, everything(optimizer));
    }

    @Test
    void refusesAnOptimizerThatASchedulerDrives() {
        Optimizer<FloatArray> optimizer = sgd(0.1);
        RangeTest early = RangeTest.over(optimizer);
        new LRScheduler(optimizer, new StepLR(3));
        String expected = "a range test sets the rates itself, but those of group 'a' are driven by"
                + " LRScheduler(StepLR(step_size=3, gamma=0.1), last_epoch=0, last_lr=[0.1, 0.1]):"
                + " run it before the scheduler is built";
        assertEquals(
                expected,
                assertThrows(IllegalStateException.class, () -> RangeTest.over(optimizer))
                        .getMessage());
        assertEquals(
                expected,
                assertThrows(IllegalStateException.class, () -> early.run(() -> 1))
                        .getMessage());
    }

    @Test
    void takesAnOptimizerThatWasRestoredWithTheBaseOfASchedule() {
        Optimizer<FloatArray> saved = sgd(0.1);
        LRScheduler before = new LRScheduler(saved, new StepLR(1));
        grads(0);
        saved.step();
        before.step();
        Optimizer<FloatArray> restored = sgd(0.1);
        restored.loadStateDict(saved.stateDict());
        Map<String, Object> was = everything(restored);
        RangeTest.over(restored).steps(8).run(batches(call -> 1));
        assertEquals(was, everything(restored));
        assertEquals(0.1, restored.groups().get(0).initialLr().orElseThrow());
    }

    @Test
    void refusesARuleOfSeveralStepsOnTheSameData() {
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new LBFGS(1), List.of(a));
        assertEquals(
                "optimizer must take one step a batch to be tested over a range of rates, but LBFGS takes several on the same"
                        + " data",
                assertThrows(IllegalArgumentException.class, () -> RangeTest.over(optimizer))
                        .getMessage());
    }

    @Test
    void putsBackEveryFurtherStateAlsoIfOneFails() {
        List<String> calls = new ArrayList<>();
        RangeTest test = RangeTest.over(sgd(0.1))
                .steps(3)
                .keeping(() -> {
                    calls.add("save 1");
                    return () -> calls.add("restore 1");
                })
                .keeping(() -> {
                    calls.add("save 2");
                    return () -> {
                        calls.add("restore 2");
                        throw new IllegalStateException("2 is gone");
                    };
                })
                .keeping(() -> {
                    calls.add("save 3");
                    return () -> calls.add("restore 3");
                });
        float[] was = a.values().clone();
        IllegalStateException thrown = assertThrows(
                IllegalStateException.class,
                () -> test.run(batches(call -> {
                    calls.add("batch");
                    return 1;
                })));
        assertEquals("2 is gone", thrown.getMessage());
        assertEquals(
                List.of("save 1", "save 2", "save 3", "batch", "batch", "batch", "restore 1", "restore 2", "restore 3"),
                calls);
        assertArrayEquals(was, a.values());
    }

    @Test
    void changesNothingIfAStateCannotBeSaved() {
        Optimizer<FloatArray> optimizer = sgd(0.1);
        Map<String, Object> was = everything(optimizer);
        RangeTest test = RangeTest.over(optimizer).keeping(() -> {
            throw new IllegalStateException("no state");
        });
        assertThrows(IllegalStateException.class, () -> test.run(batches(call -> 1)));
        assertEquals(was, everything(optimizer));
    }

    @Test
    void sweepsExponentiallyFromTheFirstRateToTheLast() {
        List<Double> inForce = new ArrayList<>();
        Optimizer<FloatArray> optimizer = sgd(0.3);
        RangeResult found = RangeTest.over(optimizer).from(1e-3).to(10).steps(5).run(batches(call -> {
            inForce.add(optimizer.groups().get(0).lr());
            return 1;
        }));
        double[] expected = {1e-3, 1e-2, 1e-1, 1, 10};
        for (int i = 0; i < 5; i++) {
            assertEquals(expected[i], inForce.get(i), 1e-12 * expected[i]);
            assertEquals(inForce.get(i), found.points().get(i).rate());
        }
        assertEquals(10.0, inForce.get(4)); // exactly
    }

    @Test
    void sweepsInALineFromZero() {
        RangeResult found =
                RangeTest.over(sgd(0.3)).linear().from(0).to(2).steps(5).run(batches(call -> 1));
        assertEquals(
                List.of(0.0, 0.5, 1.0, 1.5, 2.0),
                found.points().stream().map(RangeTest.Point::rate).toList());
    }

    @Test
    void keepsTheProportionsOfGroupsAndAFrozenOneFrozen() {
        FloatArray frozen = new FloatArray(7f);
        frozen.setGrad(1f);
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(List.of(
                new ParamGroup<>("frozen", new SGD(0), List.of(frozen)),
                new ParamGroup<>("a", new SGD(0.4), List.of(a)),
                new ParamGroup<>("b", new SGD(0.1), List.of(b))));
        List<List<Double>> rates = new ArrayList<>();
        RangeResult found = RangeTest.over(optimizer)
                .linear()
                .from(1)
                .to(3)
                .steps(3)
                .run(batches(call -> {
                    rates.add(optimizer.groups().stream().map(ParamGroup::lr).toList());
                    return 1;
                }));
        assertEquals(List.of(List.of(0.0, 1.0, 0.25), List.of(0.0, 2.0, 0.5), List.of(0.0, 3.0, 0.75)), rates);
        assertEquals(List.of(new SGD(0), new SGD(8), new SGD(2)), found.rules(8));
        assertEquals(
                List.of(0.0, 0.4, 0.1),
                optimizer.groups().stream().map(ParamGroup::lr).toList());
    }

    @Test
    void sweepsOneGroupAloneAndKeepsTheOthers() {
        Optimizer<FloatArray> optimizer = sgd(0.4, 0.1);
        List<List<Double>> rates = new ArrayList<>();
        RangeResult found = RangeTest.over(optimizer)
                .group(optimizer.group("b"))
                .linear()
                .from(1)
                .to(3)
                .steps(3)
                .run(batches(call -> {
                    rates.add(optimizer.groups().stream().map(ParamGroup::lr).toList());
                    return 1;
                }));
        assertEquals(List.of(List.of(0.4, 1.0), List.of(0.4, 2.0), List.of(0.4, 3.0)), rates);
        assertEquals(List.of(new SGD(0.4), new SGD(8)), found.rules(8));
        IllegalArgumentException refused = assertThrows(
                IllegalArgumentException.class,
                () -> RangeTest.over(optimizer).group(new ParamGroup<>("c", new SGD(1), List.of(b))));
        assertEquals("group must be one of the optimizer's, which are [a, b], but was c", refused.getMessage());
    }

    @Test
    void givesAllGroupsTheSameRateIfAllWereAtZero() {
        RangeResult found = RangeTest.over(sgd(0)).steps(3).run(batches(call -> 1));
        assertEquals(List.of(new SGD(5), new SGD(5)), found.rules(5));
    }

    @Test
    void smoothsTheLossesWithoutBias() {
        double[] losses = {4, 1, 2, 8};
        RangeResult found = RangeTest.over(sgd(0.1)).steps(4).smoothing(0.75).run(batches(call -> losses[(int) call]));
        for (int i = 0; i < losses.length; i++) {
            double weights = 0;
            double sum = 0;
            for (int k = 0; k <= i; k++) { // each loss has 0.75 times the weight of the one after it
                weights += Math.pow(0.75, i - k);
                sum += Math.pow(0.75, i - k) * losses[k];
            }
            assertEquals(losses[i], found.points().get(i).loss());
            assertEquals(sum / weights, found.points().get(i).smoothed(), 1e-14);
        }
        assertEquals(Ended.COMPLETED, found.ended());
    }

    @ParameterizedTest
    @CsvSource({"100, 0.98", "40, 0.95", "2, 0"})
    void smoothsOverTheSamePartOfASweepOfAnyLength(int steps, double weight) {
        RangeResult found = RangeTest.over(sgd(0.1)).steps(steps).run(batches(call -> call)); // 0, 1, ...
        assertEquals(1 / (1 + weight), found.points().get(1).smoothed(), 1e-12);
    }

    @ParameterizedTest
    @CsvSource({
        "4, '2,1,3.9,4.1,0', 4, DIVERGED",
        "4, '2,1,4,0.9,4', 5, DIVERGED",
        "4, '2,1,4,1,4', 5, COMPLETED",
        "1.5, '2,1,1.5,1,1.6', 5, DIVERGED",
        "Infinity, '2,1,1e9,1,1e300', 5, COMPLETED",
        "4, '-2,-1,0,3.9,4.1', 5, DIVERGED",
        "4, '-2,-1,0,3.9,3.9', 5, COMPLETED",
        "4, '1,NaN,1,1,1', 2, NOT_FINITE",
        "4, '1,2,Infinity,1,1', 3, NOT_FINITE",
        "4, '-Infinity,2,1,1,1', 1, NOT_FINITE"
    })
    void endsWhereTheLossLeavesItsMinimum(double factor, String losses, int updates, Ended ended) {
        double[] given = Arrays.stream(losses.split(",", -1))
                .mapToDouble(Double::parseDouble)
                .toArray();
        RangeResult found = RangeTest.over(sgd(0.1))
                .steps(5)
                .smoothing(0)
                .divergence(factor)
                .run(batches(call -> given[(int) call]));
        assertEquals(updates, found.points().size());
        assertEquals(ended, found.ended());
    }

    @Test
    void makesNoUpdateFromALossThatIsNotFinite() {
        Optimizer<FloatArray> optimizer = sgd(0.1);
        RangeTest.over(optimizer)
                .steps(5)
                .beforeStep(() -> assertFalse(Float.isNaN(b.grad().orElseThrow()[0])))
                .run(() -> {
                    b.setGrad(optimizer.steps() == 2 ? Float.NaN : 1f);
                    return optimizer.steps() == 2 ? Double.NaN : 1;
                });
        assertEquals(0, optimizer.steps());
    }

    @Test
    void takesSeveralBatchesForAnUpdateAndTheMeanOfTheirLosses() {
        Optimizer<FloatArray> optimizer = sgd(0.1);
        List<Long> stepsAt = new ArrayList<>();
        List<Boolean> cleared = new ArrayList<>();
        float[] clipped = {0};
        RangeResult found = RangeTest.over(optimizer)
                .accumulate(3)
                .linear()
                .from(1)
                .to(2)
                .steps(2)
                .beforeStep(() -> clipped[0] = b.grad().orElseThrow()[0])
                .run(() -> {
                    stepsAt.add(optimizer.steps());
                    cleared.add(b.grad().isEmpty());
                    b.setGrad(b.grad().map(grad -> grad[0]).orElse(0f) + 1 / 3f);
                    return stepsAt.size();
                });
        assertEquals(List.of(0L, 0L, 0L, 1L, 1L, 1L), stepsAt);
        assertEquals(List.of(true, false, false, true, false, false), cleared);
        assertEquals(
                List.of(2.0, 5.0),
                found.points().stream().map(RangeTest.Point::loss).toList());
        assertEquals(1f, clipped[0], 1e-6f);
    }

    @Test
    void validatesTheWeightsToEvaluateAfterEachUpdate() {
        Optimizer<FloatArray> optimizer = optimizer(new SGDScheduleFree(0.1), new SGDScheduleFree(0.1));
        List<Boolean> training = new ArrayList<>();
        List<Long> steps = new ArrayList<>();
        RangeResult found = RangeTest.over(optimizer)
                .steps(3)
                .smoothing(0)
                .validation(() -> {
                    training.add(optimizer.isTraining());
                    steps.add(optimizer.steps());
                    return 5 + optimizer.steps();
                })
                .run(batches(call -> {
                    training.add(optimizer.isTraining());
                    return 1;
                }));
        assertEquals(List.of(true, false, true, false, true, false), training);
        assertEquals(List.of(1L, 2L, 3L), steps);
        assertEquals(
                List.of(6.0, 7.0, 8.0),
                found.points().stream().map(RangeTest.Point::loss).toList());
    }

    @Test
    void tellsAListenerEachUpdateAsItIsMade() {
        Optimizer<FloatArray> optimizer = sgd(0.1);
        List<RangeTest.Point> told = new ArrayList<>();
        List<Integer> before = new ArrayList<>();
        RangeResult found = RangeTest.over(optimizer)
                .steps(4)
                .accumulate(2)
                .listener(told::add)
                .run(batches(call -> {
                    before.add(told.size());
                    return call == 5 ? Double.NaN : call + 1;
                }));
        assertEquals(List.of(0, 0, 1, 1, 2, 2), before);
        assertEquals(3, told.size());
        assertEquals(found.points(), told);
    }

    @Test
    void stopsWhereTheOptimizerRefusesAStep() {
        Optimizer<FloatArray> optimizer = optimizer(new Prodigy(1), new Prodigy(1));
        Map<String, Object> was = everything(optimizer);
        RangeTest test = RangeTest.over(optimizer).group(optimizer.group("b"));
        assertThrows(IllegalArgumentException.class, () -> test.run(batches(call -> 1))); // groups must have one rate
        assertEquals(was, everything(optimizer));
    }

    @Test
    void givesItsBatchesOneByOne() {
        Optimizer<FloatArray> optimizer = sgd(0.1);
        Map<String, Object> was = everything(optimizer);
        DoubleSupplier batch = batches(call -> 1);
        try (RangeTest.Sweep sweep = RangeTest.over(optimizer).steps(2).start()) {
            assertTrue(sweep.next(batch));
            assertEquals(1, sweep.updates());
            assertEquals(
                    "a sweep must end before its result is read, but it is at update 1 of 2",
                    assertThrows(IllegalStateException.class, sweep::result).getMessage());
            assertFalse(sweep.next(batch));
            assertTrue(sweep.isDone());
            assertEquals(2, sweep.result().points().size());
            assertEquals(
                    "a sweep must not be continued after its end",
                    assertThrows(IllegalStateException.class, () -> sweep.next(batch))
                            .getMessage());
        }
        assertEquals(was, everything(optimizer));
    }

    @Test
    void putsBackOnceHoweverOftenItIsClosed() {
        Optimizer<FloatArray> optimizer = sgd(0.1);
        RangeTest.Sweep sweep = RangeTest.over(optimizer).start();
        sweep.next(batches(call -> 1));
        sweep.close();
        grads(0);
        optimizer.step();
        float moved = b.values()[0];
        sweep.close();
        assertEquals(moved, b.values()[0]);
        assertEquals(
                "a sweep must not be continued after close()",
                assertThrows(IllegalStateException.class, () -> sweep.next(() -> 1))
                        .getMessage());
    }

    @Test
    void refusesBadArguments() {
        RangeTest test = RangeTest.over(sgd(0.1));
        assertRefused("from must be finite and >= 0, but was -1.0", () -> test.from(-1));
        assertRefused("from must be finite and >= 0, but was NaN", () -> test.from(Double.NaN));
        assertRefused("to must be finite and >= 0, but was Infinity", () -> test.to(Double.POSITIVE_INFINITY));
        assertRefused("steps must be at least 2, but was 1", () -> test.steps(1));
        assertRefused("smoothing must be >= 0 and < 1, but was 1.0", () -> test.smoothing(1));
        assertRefused("smoothing must be >= 0 and < 1, but was NaN", () -> test.smoothing(Double.NaN));
        assertRefused("divergence must be > 1, but was 1.0", () -> test.divergence(1));
        assertRefused("accumulate must be at least 1, but was 0", () -> test.accumulate(0));
        assertRefused(
                "to must be > from, 1.0, but was 0.5",
                () -> test.from(1).to(0.5).run(() -> 1));
        assertRefused(
                "from must be > 0 unless the sweep is linear, but was 0.0",
                () -> test.from(0).run(() -> 1));
    }

    private static void assertRefused(String message, Runnable call) {
        assertEquals(
                message, assertThrows(IllegalArgumentException.class, call::run).getMessage());
    }

    /** {@return what a sweep from 1e-7 to 10 finds whose smoothed losses are these} */
    private RangeResult curve(int steps, DoubleUnaryOperator loss) {
        return RangeTest.over(optimizer(new SGD(0.1).withMomentum(0.9), new SGD(0.1).withMomentum(0.9)))
                .steps(steps)
                .smoothing(0)
                .run(batches(loss));
    }

    @Test
    void printsWhatItFoundAndALineToCopyForEachGroup() {
        // Falls from 2 to 1 around update 50, and rises without end from 85 on.
        RangeResult found = curve(100, i -> 2 - 1 / (1 + Math.exp((50 - i) / 4)) + (i < 85 ? 0 : i - 85));
        List<String> lines = found.toString().lines().toList();
        assertTrue(
                lines.get(0)
                        .matches("valley \\S+, minimum/10 \\S+, steepest \\S+, slide \\S+"
                                + " \\(90 of 100 updates, from 1e-07 to 1.56: diverged\\)"),
                lines.get(0));
        double first = found.suggestions().get(0).rounded();
        assertEquals("SGD(lr=" + Python.repr(first) + ", momentum=0.9)", lines.get(1));
        assertEquals(lines.get(1), lines.get(2));
        assertEquals(3, lines.size());
        assertEquals(RangeResult.Rule.VALLEY, found.suggestions().get(0).rule());
        assertEquals(Optional.empty(), found.note());
    }

    @Test
    void suggestsFirstTheLowerOneOfTheMinimumAndTheValley() {
        for (double bottom : new double[] {0, 5e-4}) { // flat, or still falling a little, from update 60 to 84
            RangeResult flat = curve(100, i -> i < 40 ? 3 : i < 60 ? 3 - (i - 40) / 20 : i < 85 ? 2 - bottom * i : i);
            List<RangeResult.Rule> rules = flat.suggestions().stream()
                    .map(RangeResult.Suggestion::rule)
                    .limit(2)
                    .toList();
            RangeResult.Rule lower =
                    bottom == 0 ? RangeResult.Rule.MINIMUM : RangeResult.Rule.VALLEY; // 1 update of 100 is 0.08 decades
            assertEquals(lower, rules.get(0), flat.toString());
            assertTrue(
                    flat.suggestions().get(0).rate() < flat.suggestions().get(1).rate(), flat.toString());
        }
    }

    @Test
    void marksEachSuggestionOnTheCurve() {
        RangeResult found = curve(100, i -> 2 - 1 / (1 + Math.exp((50 - i) / 4)) + (i < 85 ? 0 : i - 85));
        for (RangeResult.Suggestion each : found.suggestions()) {
            double at = 99 * Math.log(each.rate() / 1e-7) / Math.log(1e8); // the update at which the sweep was there
            double expected = 2 - 1 / (1 + Math.exp((50 - at) / 4));
            assertEquals(expected, each.loss(), 0.01, each.toString());
        }
    }

    @Test
    void marksARateBelowThoseThatTheRulesReadOnTheCurve() {
        // A tenth of the eighth rate lies between the first, which is 0, and the second: on the straight line between
        // them.
        RangeResult found = RangeTest.over(sgd(0.1))
                .linear()
                .from(0)
                .to(1)
                .steps(50)
                .smoothing(0)
                .run(batches(i -> i <= 8 ? 3 - i / 10 : 2.2 + (i - 8) / 40));
        RangeResult.Suggestion lowest =
                found.suggestion(RangeResult.Rule.MINIMUM).orElseThrow();
        assertEquals(0.8 / 49, lowest.rate(), 1e-15);
        assertEquals(3 - 0.08, lowest.loss(), 1e-12);
    }

    @Test
    void tellsWhyThereIsNoSuggestion() {
        RangeResult diverged = curve(100, i -> i < 3 ? 1 : 9);
        assertEquals(List.of(), diverged.suggestions());
        assertEquals(
                "no suggestion (4 of 100 updates, from 1e-07 to 1.75e-07: diverged)\n"
                        + "the loss diverged at once, at update 4, 1.75e-07: start from a lower rate",
                diverged.toString());
        RangeResult lost = curve(100, i -> i < 3 ? 1 : Double.NaN);
        assertEquals(
                "a loss was not finite at once, at update 4, 1.75e-07: start from a lower rate",
                lost.note().orElseThrow());
        RangeResult few = curve(6, i -> 6 - i);
        assertEquals(
                "too few steps for a suggestion: 6; take 50 or more", few.note().orElseThrow());
        RangeResult rising = curve(50, i -> 1 + i / 50);
        assertEquals(List.of(), rising.suggestions());
        assertEquals(
                "the loss never fell: start from a lower rate, or look at the data and the loss",
                rising.note().orElseThrow());
    }

    @Test
    void saysIfTheLossStillFellAtTheEnd() {
        RangeResult falling = curve(50, i -> 2 - i / 50);
        assertEquals(Optional.empty(), falling.suggestion(RangeResult.Rule.MINIMUM));
        assertTrue(falling.suggestion(RangeResult.Rule.VALLEY).isPresent());
        assertEquals(
                "the loss was still falling at the last rate, 10.0: sweep further",
                falling.note().orElseThrow());
    }

    @ParameterizedTest
    @EnumSource(RangeResult.Rule.class)
    void findsNothingOnAFlatCurve(RangeResult.Rule rule) {
        assertEquals(Optional.empty(), curve(100, i -> 1).suggestion(rule));
    }

    @Test
    void suggestsNothingFromTheLogarithmOfZero() {
        RangeResult found = RangeTest.over(sgd(0.1))
                .linear()
                .from(0)
                .to(1)
                .steps(9)
                .smoothing(0)
                .run(batches(call -> 1 - call / 20));
        assertFalse(found.suggestions().isEmpty());
        found.suggestions().forEach(each -> assertTrue(Double.isFinite(each.rate()) && Double.isFinite(each.loss())));
    }

    @Test
    void roundsARateToThreeDigits() {
        assertEquals(0.0123, new RangeResult.Suggestion(RangeResult.Rule.VALLEY, 0.01234567, 1).rounded());
        assertEquals(1e-7, new RangeResult.Suggestion(RangeResult.Rule.VALLEY, 1.0000001e-7, 1).rounded());
        assertEquals(120.0, new RangeResult.Suggestion(RangeResult.Rule.VALLEY, 119.99, 1).rounded());
    }

    @Test
    void keepsTheSlotsThatTheOptimizerHad() {
        Optimizer<FloatArray> optimizer = optimizer(new Adam(0.1), new Adam(0.1));
        grads(0);
        optimizer.step();
        TensorData slot = slot(optimizer);
        float[] was = slot.toFloats();
        RangeTest.over(optimizer).steps(5).run(batches(call -> 1));
        assertArrayEquals(was, slot.toFloats()); // a view of the same array
    }

    private static TensorData slot(Optimizer<FloatArray> optimizer) {
        Dict state = new Dict("", optimizer.stateDict()).dict("state");
        return new Dict("", (Map<?, ?>) Objects.requireNonNull(state.entries().get(0L))).tensor("exp_avg");
    }
}
