package org.anneal.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SWALRTest {

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 10, 97, 1000})
    void annealsFromTheBaseAndKeepsTheLastRate(long epochs) {
        SWALR cos = new SWALR(0.05).withAnnealEpochs(epochs);
        SWALR linear = cos.withAnnealStrategy(AnnealStrategy.LINEAR);
        double[] cosRates = cos.curve(1200, 0.4).toArray();
        double[] linearRates = linear.curve(1200, 0.4).toArray();
        for (int t = 0; t < 1200; t++) {
            double part = Math.min(1, (double) t / epochs);
            assertEquals(0.4 - 0.35 * (1 - Math.cos(Math.PI * part)) / 2, cosRates[t], 1e-14);
            assertEquals(0.4 - 0.35 * part, linearRates[t], 1e-14);
            assertEquals(cosRates[t], cos.at(t, 0.4), 1e-14);
            assertEquals(linearRates[t], linear.at(t, 0.4), 1e-14);
        }
        assertEquals(0.05, cosRates[(int) epochs]);
    }

    @Test
    void hasTheLastRateAtOnceWithoutEpochs() {
        SWALR schedule = new SWALR(0.05).withAnnealEpochs(0);
        assertEquals(List.of(0.05, 0.05, 0.05), schedule.curve(3, 0.4).boxed().toList());
        assertEquals(0.05, schedule.at(0, 0.4));
        assertEquals(0.05, schedule.takeOver(0.7, 0.4));
    }

    @Test
    void goesOnFromAnEditedRate() {
        SWALR schedule = new SWALR(0).withAnnealEpochs(4).withAnnealStrategy(AnnealStrategy.LINEAR);
        assertEquals(0.5, schedule.next(2, 0.75, 123)); // 3/4 are left, then 2/4
        assertEquals(0.0, schedule.next(5, 0.75, 123)); // but not after the end
        assertEquals(0.75, schedule.takeOver(0.75, 123)); // it starts from what it is given
    }

    @Test
    void hasOneRatePerGroup() {
        SWALR schedule = new SWALR(0).withSwaLr(List.of(0.1, 0.2));
        assertEquals(0.2, schedule.forGroup(1, 2).at(10, 1));
        assertEquals(
                "swa_lr must have 1 entry for all groups or 3, one per group, but had 2",
                refusal(() -> schedule.forGroup(0, 3)));
        assertEquals(
                "there are 2 values of swa_lr, one per group: call forGroup first",
                assertThrows(IllegalStateException.class, () -> schedule.at(0, 1))
                        .getMessage());
    }

    @Test
    void refusesEveryBadValueByNameAndValue() {
        assertEquals("swa_lr must be finite and >= 0, but was -1.0", refusal(() -> new SWALR(-1)));
        assertEquals("swa_lr must be finite and >= 0, but was NaN", refusal(() -> new SWALR(Double.NaN)));
        assertEquals(
                "swa_lr must have at least 1 entry, but had none", refusal(() -> new SWALR(1).withSwaLr(List.of())));
        assertEquals("anneal_epochs must be at least 0, but was -1", refusal(() -> new SWALR(1).withAnnealEpochs(-1)));
    }

    private static String refusal(Executable code) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, code).getMessage());
    }
}
