package org.anneal.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CosineAnnealingWarmRestartsTest {

    private static final long LAST = 1L << 53;

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 2", "1, 3", "5, 1", "10, 2", "10, 3", "10, 10", "7, 9007199254740992", "3, 94906267"})
    void restartsExactlyUpToTheLastStep(long t0, long tMult) {
        Schedule schedule = new CosineAnnealingWarmRestarts(t0, tMult);
        long restart = 0;
        for (long length = t0, i = 0; restart <= LAST - length && i < 1000; i++) {
            restart += length;
            assertEquals(1.0, schedule.at(restart, 1), "restart at " + restart);
            if (length > 1 && length < 1_000_000) {
                double beforeLast = (1 + Math.cos(Math.PI * (length - 1) / length)) / 2;
                assertEquals(beforeLast, schedule.at(restart - 1, 1), 1e-15);
                assertEquals(0.5, schedule.at(restart - length / 2, 1), length % 2 == 0 ? 1e-15 : 2.0 / length);
            }
            length = length > LAST / tMult ? LAST + 1 : length * tMult;
        }
    }

    @Test
    void restartsWherePyTorchsLogarithmMisses() {
        assertEquals(1.0, new CosineAnnealingWarmRestarts(10, 3).at(1210, 1));
        assertEquals(1.0, new CosineAnnealingWarmRestarts(10, 10).at(1110, 1));
        assertEquals(1.0, new CosineAnnealingWarmRestarts(1, 3).at(121, 1));
    }

    @Test
    void followsItsFormulaWalkedStepByStep() {
        for (long tMult = 1; tMult <= 4; tMult++) {
            Schedule schedule = new CosineAnnealingWarmRestarts(3, tMult, 0.01);
            long current = 0;
            long length = 3;
            for (long step = 0; step < 5000; step++) {
                double angle = Math.PI * current / length;
                double rate = 0.01 * (1 - Math.cos(angle)) / 2 + 0.5 * (1 + Math.cos(angle)) / 2;
                assertEquals(rate, schedule.at(step, 0.5), 1e-15);
                assertEquals(schedule.at(step, 0.5), schedule.next(step, 123, 0.5));
                if (++current == length) {
                    current = 0;
                    length *= tMult;
                }
            }
        }
    }

    @Test
    void annealsAlsoInALengthBeyondTheLastStep() {
        assertEquals(1.0, new CosineAnnealingWarmRestarts(LAST - 1, LAST).at(LAST - 1, 1));
        assertEquals(1.0, new CosineAnnealingWarmRestarts(LAST - 1, LAST).at(LAST, 1));
        assertEquals(0.0, new CosineAnnealingWarmRestarts(LAST).at(LAST - 1, 1), 1e-15);
    }

    @Test
    void refusesEveryBadValueByNameAndValue() {
        assertEquals("T_0 must be at least 1, but was 0", refusal(() -> new CosineAnnealingWarmRestarts(0)));
        assertEquals("T_mult must be at least 1, but was 0", refusal(() -> new CosineAnnealingWarmRestarts(1, 0)));
        assertEquals(
                "eta_min must be finite and >= 0, but was NaN",
                refusal(() -> new CosineAnnealingWarmRestarts(1).withEtaMin(Double.NaN)));
        assertEquals(new CosineAnnealingWarmRestarts(4, 2), new CosineAnnealingWarmRestarts(4).withTMult(2));
    }

    private static String refusal(Executable code) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, code).getMessage());
    }
}
