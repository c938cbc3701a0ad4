package org.anneal.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A schedule that goes on as another, from the rate in force. */
class ContinueFromTest {
    private static final double BASE = 0.1;

    /** {@return PyTorch's closed form of a cosine} */
    private static double cosine(double step, double length) {
        return BASE * (1 + Math.cos(Math.PI * step / length)) / 2;
    }

    @Test
    void makesARunLongerFromARateThatWasSetByHand() {
        Schedule longer = new CosineAnnealingLR(1000).continueFrom(500, 0.07, new CosineAnnealingLR(2000));
        for (int step = 0; step < 2000; step++) {
            double expected = step < 500 ? cosine(step, 1000) : 0.07 / cosine(500, 2000) * cosine(step, 2000);
            assertEquals(expected, longer.at(step, BASE), 1e-15, "at " + step);
        }
        assertEquals(0.07, longer.at(500, BASE));
        assertEquals(0, longer.at(2000, BASE), 1e-17);
    }

    @Test
    void warmsUpAgainToThePeakOfTheNextSchedule() {
        Schedule rewarmed = new CosineAnnealingLR(1000)
                .continueFrom(1000, 0.001, new CosineAnnealingLR(500))
                .withBridge(100)
                .withClock(ContinueFrom.Clock.OWN);
        for (int step = 1000; step <= 1600; step++) {
            double expected = step < 1100 ? 0.001 + 0.099 * (step - 1000) / 100 : cosine(step - 1100, 500);
            assertEquals(expected, rewarmed.at(step, BASE), 1e-15, "at " + step);
        }
        assertEquals(0.001, rewarmed.at(1000, BASE));
        assertEquals(BASE, rewarmed.at(1100, BASE));
    }

    @Test
    void branchesADecayOffAStablePhase() {
        Schedule branch = new WarmupStableDecay(100, 5000, 500)
                .continueFrom(2000, BASE, new LinearLR(1, 0, 300))
                .withClock(ContinueFrom.Clock.OWN);
        for (int step = 1990; step <= 2400; step++) {
            double expected = step < 2000 ? BASE : BASE * Math.max(0, 1 - (step - 2000) / 300.0);
            assertEquals(expected, branch.at(step, BASE), 1e-15, "at " + step);
        }
    }

    /** From one step to the next the rate moves no further than one of the two curves, scaled, or the bridge does somewhere. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "CosineAnnealingLR(100); CosineAnnealingLR(400); 60; 0; run",
                "CosineAnnealingLR(100); PolynomialLR(300, 2.0); 60; 0; own",
                "InverseSqrt(50, warmup=20); HalfCosine(200); 70; 40; run",
                "WarmupStableDecay(10, 200, 50); TanhDecay(100); 120; 30; own",
                "ExponentialLR(0.99); SequentialLR([LinearLR(0.1, 1.0, 20), CosineAnnealingLR(100)], [20]); 50; 10; own",
                "StepLR(30); OneCycleLR(0.1, 400, cycle_momentum=False); 45; 0; run"
            })
    void neverJumps(String before, String after, long step, long bridge, String clock) {
        Schedule first = Schedule.parse(before);
        Schedule second = Schedule.parse(after);
        double rate = first.at(step, BASE);
        Schedule whole = Schedule.parse("ContinueFrom(" + before + ", " + after + ", " + step + ", " + rate + ", "
                + bridge + ", '" + clock + "')");
        long offset = clock.equals("run") ? 0 : step + bridge;
        double factor = bridge > 0 ? 1 : rate / second.at(step - offset, BASE);
        double most = bridge == 0 ? 0 : Math.abs(second.at(step + bridge - offset, BASE) - rate) / bridge;
        for (long t = 1; t < 300; t++) {
            most = Math.max(most, factor * Math.abs(second.at(t, BASE) - second.at(t - 1, BASE)));
        }
        double current = BASE;
        for (long t = 0; t < 300; t++) {
            double last = current;
            current = whole.next(t, current, BASE);
            assertEquals(whole.at(t, BASE), current, 1e-15, "at " + t);
            double allowed = t <= step ? Math.abs(first.at(t, BASE) - first.at(Math.max(0, t - 1), BASE)) : most;
            assertTrue(Math.abs(current - last) <= allowed + 1e-15 || t == 0, "from " + last + " at " + t);
        }
    }

    @Test
    void keepsARateEditedByHandAsLongAsItsSchedulesDo() {
        Schedule whole = new StepLR(10, 0.5).continueFrom(25, 0.04, new StepLR(10, 0.5));
        assertEquals(0.3, whole.next(5, 0.3, BASE));
        assertEquals(0.15, whole.next(10, 0.3, BASE));
        assertEquals(0.04, whole.next(25, 0.3, BASE));
        assertEquals(0.3, whole.next(26, 0.3, BASE));
        assertEquals(0.15, whole.next(30, 0.3, BASE));
        Schedule cosine = new StepLR(10).continueFrom(25, 0.04, new CosineAnnealingLR(100));
        assertEquals(2 * cosine.next(40, 0.03, BASE), cosine.next(40, 0.06, BASE), 1e-15);
        assertEquals(7, whole.start(30, 7, BASE));
    }

    @Test
    void hasARateForEachGroup() {
        Schedule schedule = Schedule.parse("ContinueFrom(StepLR(30), ExponentialLR(0.5), 4, [0.1, 0.2])");
        assertEquals(0.05, schedule.forGroup(0, 2).at(5, 1));
        assertEquals(0.1, schedule.forGroup(1, 2).at(5, 1));
        assertThrows(IllegalArgumentException.class, () -> schedule.forGroup(0, 3));
    }

    @Test
    void goesOnWithAScheduleThatIsAtZeroOnlyOverABridge() {
        Schedule zero = new StepLR(30).continueFrom(0, 0.05, new Warmup(50));
        assertEquals(
                "ContinueFrom cannot scale Warmup(steps=50), which is 0 at step 0, to 0.05 there: give it a bridge",
                assertThrows(ArithmeticException.class, () -> zero.at(3, BASE)).getMessage());
        assertEquals(0.05, ((ContinueFrom) zero).withBridge(20).at(0, BASE));
        assertEquals(0.04, ((ContinueFrom) zero).withBridge(20).at(20, BASE), 1e-17);
        assertEquals(0, new StepLR(30).continueFrom(5, 0, new StepLR(4, 0.0)).at(5, BASE));
        ContinueFrom ended = new PolynomialLR(5, 1).continueFrom(5, 0, new StepLR(30));
        assertEquals(
                "ContinueFrom cannot scale StepLR(step_size=30, gamma=0.1) to 0 at step 5, where it would stay: give it a bridge",
                assertThrows(ArithmeticException.class, () -> ended.at(6, BASE)).getMessage());
        assertEquals(BASE / 2, ended.withBridge(10).at(10, BASE));
    }

    @Test
    void readsItsLengthsInUnitsOfTheRun() {
        assertEquals(
                new ContinueFrom(new StepLR(30), new StepLR(40), 1000, List.of(0.1), 300, ContinueFrom.Clock.RUN),
                Schedule.parse(
                        "ContinueFrom(StepLR(30), StepLR(40), step=10ep, rate=0.1, bridge=10%)",
                        new RunLength(100, 30)));
    }
}
