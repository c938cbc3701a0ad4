package org.anneal.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.anneal.schedule.Schedule;
import org.junit.jupiter.api.Test;

/** Where other libraries are wrong, and Anneal is not. */
class FaultsTest {

    @Test
    void holdsTheRateAfterTheEndOfACosine() {
        Schedule half = Schedule.parse("get_cosine_schedule_with_warmup(optimizer, 10, 110)");
        Schedule floored = Schedule.parse(
                "get_cosine_with_min_lr_schedule_with_warmup_lr_rate(optimizer, 0, 100, min_lr_rate=0.1)");
        Schedule threeHalves = Schedule.parse("get_cosine_schedule_with_warmup(optimizer, 10, 110, num_cycles=1.5)");
        for (long step : new long[] {110, 111, 150, 210, 1L << 50}) {
            assertEquals(0, half.at(step, 1), 1e-15);
            assertEquals(0.1, floored.at(step, 1), 1e-15);
            assertEquals(0, threeHalves.at(step, 1), 1e-15);
        }
    }

    @Test
    void restartsInTimeWhereTransformersRounds() {
        assertEquals(13 / 45.0 * 45, Math.nextDown(13.0)); // so transformers is at the end of the cycle before
        Schedule schedule =
                Schedule.parse("get_cosine_with_hard_restarts_schedule_with_warmup(optimizer, 0, 45, num_cycles=45)");
        assertEquals(1, schedule.at(13, 1));
    }

    @Test
    void takesAnIntegerRateForANumber() {
        assertEquals(0.5, Schedule.parse("CosineDecay(1, 2)").at(1, 1), 1e-15);
    }
}
