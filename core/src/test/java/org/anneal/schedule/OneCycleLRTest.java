package org.anneal.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OneCycleLRTest {

    // initial 1, highest 8, last 0.25
    private static final OneCycleLR CYCLE = new OneCycleLR(8, 11)
            .withDivFactor(8)
            .withFinalDivFactor(4)
            .withAnnealStrategy(AnnealStrategy.LINEAR)
            .withMomentum(0.5, 0.75);

    @Test
    void risesAndFallsInTwoPhases() {
        OneCycleLR schedule = CYCLE.withPctStart(5.0 / 11); // phases end at 4 and 10
        assertRates(schedule, 1, 2.75, 4.5, 6.25, 8, 8 - 7.75 / 6, 8 - 7.75 / 3, 4.125, 8 - 31.0 / 6);
        assertEquals(0.25, schedule.at(10, 123), 1e-15);
        assertEquals(0.75, schedule.momentum(0, 123));
        assertEquals(0.625, schedule.momentum(2, 123), 1e-15);
        assertEquals(0.5, schedule.momentum(4, 123));
        assertEquals(0.625, schedule.momentum(7, 123), 1e-15);
        assertEquals(0.75, schedule.momentum(10, 123));
    }

    @Test
    void comesBackFirstInThreePhases() {
        OneCycleLR schedule = CYCLE.withPctStart(5.0 / 11).withThreePhase(true); // phases end at 4, 8 and 10
        assertRates(schedule, 1, 2.75, 4.5, 6.25, 8, 6.25, 4.5, 2.75, 1, 0.625, 0.25);
        assertEquals(0.5, schedule.momentum(4, 123));
        assertEquals(0.75, schedule.momentum(8, 123), 1e-15);
        assertEquals(0.75, schedule.momentum(9, 123));
    }

    @ParameterizedTest
    @CsvSource({"100, 0.3", "77, 0.5", "1000, 0.123"})
    void annealsOnCosinesByDefault(long total, double pctStart) {
        OneCycleLR schedule = new OneCycleLR(2, total).withPctStart(pctStart);
        double peak = pctStart * total - 1;
        for (long t = 0; t < total; t++) {
            double wave =
                    t <= peak ? Math.cos(Math.PI * t / peak) : Math.cos(Math.PI * (t - peak) / (total - 1 - peak));
            double rate =
                    t <= peak ? 0.08 * (1 + wave) / 2 + 2 * (1 - wave) / 2 : 2 * (1 + wave) / 2 + 8e-6 * (1 - wave) / 2;
            double momentum = t <= peak
                    ? 0.95 * (1 + wave) / 2 + 0.85 * (1 - wave) / 2
                    : 0.85 * (1 + wave) / 2 + 0.95 * (1 - wave) / 2;
            assertEquals(rate, schedule.at(t, 123), 1e-14);
            assertEquals(momentum, schedule.momentum(t, 123), 1e-14);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void keepsTheLastValueFromTheEndOn(boolean threePhase) {
        OneCycleLR schedule = CYCLE.withThreePhase(threePhase);
        assertEquals(11, schedule.lastStep());
        for (long step : new long[] {11, 12, 1000, 1L << 53}) {
            assertEquals(schedule.at(10, 1), schedule.at(step, 1)); // PyTorch's step 11 is below the last rate
            assertEquals(schedule.at(10, 1), schedule.next(step, 123, 1));
            assertEquals(schedule.momentum(10, 1), schedule.momentum(step, 123));
        }
        assertEquals(0.25, schedule.at(10, 1), 1e-15);
    }

    @Test
    void skipsAPhaseOfNoLength() {
        OneCycleLR ten = new OneCycleLR(8, 10).withDivFactor(8).withFinalDivFactor(4);
        for (double pctStart : new double[] {0, 0.1}) { // PyTorch: past the peak already, and a division by zero
            OneCycleLR schedule = ten.withPctStart(pctStart).withAnnealStrategy(AnnealStrategy.LINEAR);
            assertEquals(8.0, schedule.at(0, 1));
            assertEquals(0.85, schedule.momentum(0, 1));
            assertEquals(8 - 7.75 / 9, schedule.at(1, 1), 1e-15);
            assertEquals(0.25, schedule.at(9, 1), 1e-15);
            assertEquals(1.0, schedule.withThreePhase(true).at(0, 1));
            assertEquals(0.95, schedule.withThreePhase(true).momentum(0, 1));
            assertEquals(0.25, schedule.withThreePhase(true).at(9, 1), 1e-15);
        }
        for (boolean threePhase : new boolean[] {false, true}) {
            OneCycleLR rise = ten.withPctStart(1).withThreePhase(threePhase);
            assertEquals(1.0, rise.at(0, 1));
            assertEquals(8.0, rise.at(9, 1));
            assertEquals(8.0, rise.at(10, 1));
            assertEquals(1.0, ten.withPctStart(0.55).withThreePhase(true).at(9, 1), 1e-15); // ends with phase two
        }
    }

    @Test
    void isOfOneStep() {
        for (double pctStart : new double[] {0, 0.3, 0.5, 1}) {
            assertEquals(
                    8.0 / 25 / 1e4, new OneCycleLR(8, 1).withPctStart(pctStart).at(0, 1), 1e-18);
        }
        assertEquals(8.0, new OneCycleLR(8, 2).withPctStart(0.5).at(0, 1));
    }

    @Test
    void isAbsolute() {
        assertEquals(CYCLE.at(3, 1), CYCLE.next(3, 123, 456));
        assertEquals(CYCLE.at(3, 1), CYCLE.start(3, 123, 456));
        assertEquals(1.0, CYCLE.takeOver(123, 456));
        assertTrue(CYCLE.drivesMomentum());
        assertFalse(CYCLE.withCycleMomentum(false).drivesMomentum());
        assertEquals(123, CYCLE.withCycleMomentum(false).momentum(4, 123));
    }

    @Test
    void countsEpochs() {
        assertEquals(new OneCycleLR(1, 120), OneCycleLR.ofEpochs(1, 12, 10));
        assertEquals("epochs must be at least 1, but was 0", refusal(() -> OneCycleLR.ofEpochs(1, 0, 10)));
        assertEquals("steps_per_epoch must be at least 1, but was 0", refusal(() -> OneCycleLR.ofEpochs(1, 10, 0)));
        assertEquals(
                "epochs * steps_per_epoch must be at most 2^53, but was 9007199254740992 * 2",
                refusal(() -> OneCycleLR.ofEpochs(1, 1L << 53, 2)));
    }

    @Test
    void hasOneValuePerGroup() {
        OneCycleLR schedule = new OneCycleLR(List.of(1.0, 2.0), 10).withMomentum(List.of(0.5, 0.6), List.of(0.7));
        assertEquals(new OneCycleLR(2, 10).withMomentum(0.6, 0.7), schedule.forGroup(1, 2));
        assertEquals(
                "max_lr must have 1 entry for all groups or 3, one per group, but had 2",
                refusal(() -> schedule.forGroup(0, 3)));
        assertEquals(
                "base_momentum must have 1 entry for all groups or 1, one per group, but had 2",
                refusal(() ->
                        CYCLE.withMomentum(List.of(0.5, 0.6), List.of(0.7)).forGroup(0, 1)));
        assertThrows(IllegalStateException.class, () -> schedule.at(0, 1));
        assertThrows(IllegalStateException.class, () -> schedule.momentum(0, 1));
    }

    @Test
    void refusesEveryBadValueByNameAndValue() {
        assertEquals("max_lr must be finite and >= 0, but was -1.0", refusal(() -> new OneCycleLR(-1, 10)));
        assertEquals("total_steps must be at least 1, but was 0", refusal(() -> new OneCycleLR(1, 0)));
        assertEquals("pct_start must be >= 0 and <= 1, but was 1.1", refusal(() -> CYCLE.withPctStart(1.1)));
        assertEquals("pct_start must be >= 0 and <= 1, but was NaN", refusal(() -> CYCLE.withPctStart(Double.NaN)));
        assertEquals("base_momentum must be >= 0 and < 1, but was -0.1", refusal(() -> CYCLE.withMomentum(-0.1, 0)));
        assertEquals("max_momentum must be >= 0 and < 1, but was 1.0", refusal(() -> CYCLE.withMomentum(0, 1)));
        assertEquals("div_factor must be finite and > 0, but was 0.0", refusal(() -> CYCLE.withDivFactor(0)));
        assertEquals(
                "final_div_factor must be finite and > 0, but was NaN",
                refusal(() -> CYCLE.withFinalDivFactor(Double.NaN)));
    }

    private static void assertRates(Schedule schedule, double... expected) {
        double[] rates = schedule.curve(expected.length, 123).toArray();
        for (int t = 0; t < expected.length; t++) {
            assertEquals(expected[t], rates[t], 1e-14, schedule + " at " + t);
        }
    }

    private static String refusal(Executable code) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, code).getMessage());
    }
}
