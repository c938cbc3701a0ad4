package org.anneal.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChainedSchedulerTest {

    @Test
    void everyMemberActsOnWhatTheOneBeforeMade() {
        Schedule schedule =
                new StepLR(2, 0.5).times(LambdaLR.of("lambda s: s + 1")).times(new StepLR(2, 0.25));
        assertEquals(List.of(1.0, 2.0, 0.75, 4.0, 1.25), SequentialLRTest.rates(schedule, 5, 1));
        assertEquals(1.25, schedule.at(4, 1)); // the lambda undoes what stands before it
        assertEquals(3, ((ChainedScheduler) schedule).schedules().size());
    }

    // torch 2.13.0, lr=1: ChainedScheduler([...]), steps 0 to 5
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "StepLR(2, 0.5), ExponentialLR(0.9) | 1.0, 0.9, 0.405, 0.36450000000000005, 0.16402500000000003, 0.14762250000000005",
                "CosineAnnealingLR(4), StepLR(3, 0.5) | 1.0, 0.8535533905932737, 0.5, 0.07322330470336313, 0.0, 0.1464466094067262",
                "LambdaLR(lambda s: s + 1), MultiplicativeLR(lambda s: s) | 1.0, 2.0, 6.0, 12.0, 20.0, 30.0",
                "StepLR(2, 0.5), SequentialLR([ExponentialLR(0.5), StepLR(2, 0.5)], [3]) | 1.0, 0.5, 0.125, 1.0, 0.5, 0.25",
            })
    void givesPyTorchsRates(String members, String rates) {
        assertEquals(rates, SequentialLRTest.join(Schedule.parse("ChainedScheduler([" + members + "])"), 6));
    }

    @Test
    void isAProductAtAnyStepIfEveryMemberIsAFactor() {
        long last = 1L << 53;
        Schedule schedule = new StepLR(last / 100, 0.99).times(new ExponentialLR(1 - 0x1p-50));
        assertTrue(schedule.isFactor());
        assertEquals(0.1 * Math.pow(0.99, 100) * Math.exp(-8), schedule.at(last, 0.1), 1e-15);
        assertFalse(schedule.times(new CosineAnnealingLR(3)).isFactor());
    }

    @Test
    void aProductIsFiniteWhereItsFactorsAreNot() {
        Schedule grow = new ExponentialLR(2);
        Schedule shrink = new ChainedScheduler(List.of(new ExponentialLR(0.5), new StepLR(1, 1)));
        assertEquals(0.1, grow.times(shrink).at(2000, 0.1), 1e-12);
        assertEquals(0.1, shrink.times(grow).at(2000, 0.1), 1e-12);
        assertEquals(0.0, grow.times(new ExponentialLR(0.4)).at(1L << 53, 0.1));
        assertEquals(0.0, grow.times(new ExponentialLR(0)).at(1L << 53, 0.1));
        assertEquals(0.0, grow.times(shrink).at(2000, 0));
        Schedule signed = MultiplicativeLR.of("lambda s: -2").times(new StepLR(1, 0.5));
        assertEquals(-0.1, signed.at(2001, 0.1), 1e-12);
        assertEquals(
                0.1,
                new MultiStepLR(Collections.nCopies(5000, 1L), 0.5)
                        .times(new StepLR(1, 2))
                        .at(5000, 0.1),
                1e-11);
    }

    @Test
    void inASequenceTheFirstMemberTakesOverAndTheOthersActOnThat() {
        Schedule chain = MultiplicativeLR.of("lambda s: 3").times(MultiStepLR.of(0));
        assertEquals(3.0, chain.takeOver(10, 1), 1e-15);
        Schedule schedule = new ExponentialLR(0.5).then(1, chain);
        assertEquals(8.1, schedule.at(4, 1), 1e-14);
        assertEquals(
                0.25,
                new StepLR(1, 0.5).times(MultiStepLR.of(0).withGamma(0.25)).takeOver(10, 1));
    }

    @Test
    void resumedItKeepsTheRateUnlessItsLastMemberIsAbsolute() {
        Schedule lambda = LambdaLR.of("lambda s: s");
        assertEquals(7.0, lambda.times(new StepLR(2)).start(4, 7, 1));
        assertEquals(4.0, new StepLR(2).times(lambda).start(4, 7, 1));
        assertEquals(0.0, new StepLR(2).times(lambda).start(0, 7, 1));
    }

    @Test
    void refusesAnEmptyChain() {
        assertEquals(
                "schedulers must have at least 1 entry, but had none",
                SequentialLRTest.refusal(() -> new ChainedScheduler(List.of())));
    }
}
