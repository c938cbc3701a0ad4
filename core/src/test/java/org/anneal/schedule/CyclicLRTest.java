package org.anneal.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.anneal.schedule.CyclicLR.Mode;
import org.anneal.schedule.CyclicLR.ScaleMode;
import org.anneal.text.LrLambda;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CyclicLRTest {

    private static final long LAST = 1L << 53;
    private static final CyclicLR CYCLES = new CyclicLR(1, 5).withStepSizes(4, 4);

    @Test
    void goesUpAndDown() {
        assertEquals(List.of(1.0, 2.0, 3.0, 4.0, 5.0, 4.0, 3.0, 2.0, 1.0, 2.0), rates(CYCLES, 10));
        assertEquals(List.of(1.0, 5.0, 3.0, 1.0, 5.0), closed(CYCLES.withStepSizes(1, 2), 5));
        assertEquals(List.of(5.0, 3.0, 1.0, 3.0, 5.0), rates(new CyclicLR(5, 1).withStepSize(2), 5));
    }

    @Test
    void shrinksByHalfFromCycleToCycle() {
        CyclicLR schedule = new CyclicLR(1, 9).withStepSize(2).withMode(Mode.TRIANGULAR2);
        assertEquals(List.of(1.0, 5.0, 9.0, 5.0, 1.0, 3.0, 5.0, 3.0, 1.0, 2.0, 3.0), rates(schedule, 11));
        assertEquals(1.0, schedule.at(LAST - 2, 1));
        assertEquals(1.0, schedule.next(4 * 5000 + 2, 1, 1)); // PyTorch: OverflowError
    }

    @Test
    void shrinksByGammaFromStepToStep() {
        CyclicLR schedule =
                new CyclicLR(1, 9).withStepSize(2).withMode(Mode.EXP_RANGE).withGamma(0.5);
        assertEquals(List.of(1.0, 3.0, 3.0, 1.5, 1.0, 1.125), rates(schedule, 6));
        CyclicLR growing = schedule.withGamma(2);
        assertEquals(1.0, growing.at(4000, 1)); // where a cycle starts there is nothing to scale
        assertEquals(Double.POSITIVE_INFINITY, growing.at(4002, 1));
    }

    @Test
    void scalesByAFunctionOfTheCycleOrTheStep() {
        LrLambda half = LrLambda.parse("lambda x: 1 / 2 ** x");
        assertEquals(
                List.of(1.0, 3.0, 5.0, 3.0, 1.0, 2.0, 3.0),
                rates(new CyclicLR(1, 9).withStepSize(2).withScaleFn(half, ScaleMode.CYCLE), 7));
        assertEquals(
                List.of(1.0, 3.0, 3.0, 1.5, 1.0, 1.125),
                rates(new CyclicLR(1, 9).withStepSize(2).withScaleFn(half, ScaleMode.ITERATIONS), 6));
        CyclicLR named = CYCLES.withScaleFn(LrLambda.named("shrink", x -> 1.0 / x), ScaleMode.CYCLE);
        assertEquals(3.0, named.at(12, 1));
        assertEquals("CyclicLR(base_lr=1.0, max_lr=5.0, step_size_up=4, scale_fn=shrink)", named.toString());
        assertEquals(CYCLES.withMode(Mode.TRIANGULAR2), named.withMode(Mode.TRIANGULAR2));
    }

    @Test
    void drivesTheMomentumTheOtherWay() {
        CyclicLR schedule = CYCLES.withMomentum(0.5, 0.75);
        assertEquals(0.75, schedule.momentum(0, 123));
        assertEquals(0.625, schedule.momentum(2, 123));
        assertEquals(0.5, schedule.momentum(4, 123));
        assertEquals(0.75, schedule.momentum(8, 123));
        assertEquals(0.625, schedule.withMode(Mode.TRIANGULAR2).momentum(12, 123));
        assertTrue(schedule.drivesMomentum());
        assertFalse(schedule.withCycleMomentum(false).drivesMomentum());
        assertEquals(123, schedule.withCycleMomentum(false).momentum(4, 123));
    }

    @Test
    void isAbsolute() {
        assertEquals(2.0, CYCLES.next(1, 123, 456));
        assertEquals(3.0, CYCLES.start(2, 123, 456));
        assertEquals(1.0, CYCLES.takeOver(123, 456));
    }

    @ParameterizedTest
    @ValueSource(longs = {20261121, 20261122})
    void takesTheExactRemainderOfAnyCycle(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 2000; i++) {
            double up = random.nextInt(1, 20) * (random.nextBoolean() ? 1 : random.nextDouble(0.1, 1));
            double down = random.nextInt(1, 20) * (random.nextBoolean() ? 1 : random.nextDouble(0.1, 1));
            long step = random.nextLong(1L << random.nextInt(1, 54));
            BigDecimal x = new BigDecimal(step).remainder(new BigDecimal(up + down));
            double height = Math.min(x.doubleValue() / up, (up + down - x.doubleValue()) / down);
            CyclicLR schedule = new CyclicLR(0, 1).withStepSizes(up, down);
            assertEquals(height, schedule.at(step, 1), 1e-13, "seed " + seed + ": " + schedule + " at " + step);
            long near = step % 100_000;
            assertEquals(schedule.at(near, 1), schedule.next(near, 7, 1), 1e-9, schedule + " at " + near);
        }
    }

    @Test
    void losesNothingAtTheLastStep() {
        CyclicLR schedule = new CyclicLR(0, 1).withStepSize(7);
        for (long step = LAST - 28; step <= LAST; step++) {
            assertEquals(schedule.at(step % 14, 1), schedule.at(step, 1));
        }
        for (double size : new double[] {Double.MIN_VALUE, 1e-300, 1e-9, LAST}) {
            for (Mode mode : Mode.values()) {
                CyclicLR extreme =
                        new CyclicLR(0.25, 0.5).withStepSizes(size, 1e-300).withMode(mode);
                for (long step : new long[] {0, 1, LAST}) {
                    assertTrue(extreme.at(step, 1) >= 0.25 && extreme.at(step, 1) <= 0.5);
                    assertTrue(extreme.next(step, 1, 1) >= 0.25 && extreme.next(step, 1, 1) <= 0.5);
                    assertTrue(extreme.momentum(step, 1) >= 0.8 && extreme.momentum(step, 1) <= 0.9);
                }
            }
        }
        LrLambda one = LrLambda.named("one", cycle -> 1);
        assertEquals(
                0.25,
                new CyclicLR(0.25, 0.5)
                        .withStepSize(1e-300)
                        .withScaleFn(one, ScaleMode.CYCLE)
                        .next(LAST, 1, 1));
    }

    @Test
    void hasOneValuePerGroup() {
        CyclicLR schedule = new CyclicLR(List.of(0.1, 0.2), List.of(1.0))
                .withStepSize(2)
                .withMomentum(List.of(0.5), List.of(0.75, 0.25));
        assertEquals(new CyclicLR(0.2, 1).withStepSize(2).withMomentum(0.5, 0.25), schedule.forGroup(1, 2));
        assertEquals(
                "base_lr must have 1 entry for all groups or 3, one per group, but had 2",
                refusal(() -> schedule.forGroup(0, 3)));
        assertEquals(
                "max_lr must have 1 entry for all groups or 1, one per group, but had 2",
                refusal(() -> new CyclicLR(List.of(0.1), List.of(1.0, 2.0)).forGroup(0, 1)));
        assertEquals(
                "max_momentum must have 1 entry for all groups or 1, one per group, but had 2",
                refusal(() ->
                        CYCLES.withMomentum(List.of(0.5), List.of(0.75, 0.25)).forGroup(0, 1)));
        assertThrows(IllegalStateException.class, () -> schedule.at(0, 1));
        assertThrows(IllegalStateException.class, () -> schedule.momentum(0, 1));
    }

    @Test
    void refusesEveryBadValueByNameAndValue() {
        assertEquals("base_lr must be finite and >= 0, but was -1.0", refusal(() -> new CyclicLR(-1, 1)));
        assertEquals("max_lr must be finite and >= 0, but was NaN", refusal(() -> new CyclicLR(0, Double.NaN)));
        assertEquals(
                "base_lr must have at least 1 entry, but had none",
                refusal(() -> new CyclicLR(List.of(), List.of(1.0))));
        assertEquals(
                "step_size_up must be > 0 and at most 2^53, but was 0.0", refusal(() -> CYCLES.withStepSizes(0, 1)));
        assertEquals(
                "step_size_down must be > 0 and at most 2^53, but was NaN",
                refusal(() -> CYCLES.withStepSizes(1, Double.NaN)));
        assertEquals(
                "step_size_up must be > 0 and at most 2^53, but was Infinity",
                refusal(() -> CYCLES.withStepSize(Double.POSITIVE_INFINITY)));
        assertEquals("gamma must be finite and >= 0, but was -1.0", refusal(() -> CYCLES.withGamma(-1)));
        assertEquals("base_momentum must be >= 0 and < 1, but was 1.0", refusal(() -> CYCLES.withMomentum(1, 0)));
        assertEquals(
                "max_momentum must be >= 0 and < 1, but was NaN", refusal(() -> CYCLES.withMomentum(0, Double.NaN)));
    }

    private static List<Double> rates(Schedule schedule, long steps) {
        return schedule.curve(steps, 123).boxed().toList();
    }

    private static List<Double> closed(Schedule schedule, int steps) {
        return IntStream.range(0, steps).mapToObj(t -> schedule.at(t, 123)).toList();
    }

    private static String refusal(Executable code) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, code).getMessage());
    }
}
