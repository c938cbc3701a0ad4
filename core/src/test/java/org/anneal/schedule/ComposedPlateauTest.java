package org.anneal.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ComposedPlateauTest {

    private static final ReduceLROnPlateau PLATEAU = new ReduceLROnPlateau().withPatience(5);

    @Test
    void standsOnTopOfASchedule() {
        ChainedPlateau policy = new CosineAnnealingLR(90).times(PLATEAU);
        assertEquals("ChainedScheduler([CosineAnnealingLR(T_max=90), ReduceLROnPlateau(patience=5)])", "" + policy);
        assertEquals(policy, Policy.parse(policy.toString()));
        assertEquals(new CosineAnnealingLR(90), policy.schedule());
        assertEquals(0, policy.firstMetric());
    }

    @Test
    void runsFromTheBaseAfterAWarmup() {
        SequentialPlateau policy = new ExponentialLR(0.5).then(2, new StepLR(1)).then(4, PLATEAU);
        assertEquals(
                "SequentialLR([ExponentialLR(gamma=0.5), StepLR(step_size=1, gamma=0.1), ReduceLROnPlateau(patience=5)],"
                        + " milestones=[2, 4])",
                policy.toString());
        assertEquals(policy, Policy.parse(policy.toString()));
        assertEquals(4, policy.firstMetric());
        assertEquals(List.of(4.0, 2.0, 4.0, 0.4, 4.0, 4.0), SequentialLRTest.rates(policy.schedule(), 6, 4));
        assertEquals(9.0, policy.schedule().next(5, 9, 4)); // an edit after the milestone stays
        assertEquals(
                new SequentialPlateau(List.of(new StepLR(1)), PLATEAU, List.of(0L)),
                new SequentialLR(List.of(new StepLR(1)), List.of()).then(0, PLATEAU));
    }

    @Test
    void aChainOfOneIsThatOne() {
        Schedule chain = new ChainedScheduler(List.of(new ChainedScheduler(List.of(new StepLR(3)))));
        assertEquals(new StepLR(3).times(PLATEAU), chain.times(PLATEAU));
        Policy two = new StepLR(3).times(new StepLR(4)).times(PLATEAU);
        assertEquals(two, Policy.parse(two.toString()));
    }

    @Test
    void theFactorFallsToWhatThePlateauMakesOfTheRateInForce() {
        ComposedPlateau policy = new StepLR(1).times(new ReduceLROnPlateau().withMinLr(List.of(0.0, 0.25)));
        ReduceLROnPlateau plateau = (ReduceLROnPlateau) policy.plateau();
        assertEquals(2 * 0.5 * 0.1 / 2, plateau.reduceFactor(0, 2, 2, 0.5));
        assertEquals(0.25 / 2, plateau.reduceFactor(1, 2, 2, 0.5));
        assertEquals(0.125, plateau.reduceFactor(1, 2, 2, 0.125)); // it is at min_lr already
        assertEquals(1.0, plateau.reduceFactor(0, 2, 1e-8, 1)); // the drop is no more than eps
        assertEquals(0.5, plateau.reduceFactor(0, 2, 0, 0.5));
        assertEquals(
                "min_lr must have 1 entry for all groups or 3, one per group, but had 2",
                SequentialLRTest.refusal(() -> plateau.reduceFactor(0, 3, 1, 1)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ChainedScheduler([ReduceLROnPlateau(), StepLR(3)]) | 19",
                "ChainedScheduler([StepLR(3), ReduceLROnPlateau(), StepLR(3)]) | 30",
                "ChainedScheduler([StepLR(3), ReduceLROnPlateau(), ReduceLROnPlateau()]) | 30",
                "ChainedScheduler([ReduceLROnPlateau()]) | 19",
                "SequentialLR([ReduceLROnPlateau(), StepLR(3)], [3]) | 15",
                "SequentialLR([StepLR(3), ChainedScheduler([StepLR(3), ReduceLROnPlateau()])], [3]) | 26",
                "ChainedScheduler([SequentialLR([StepLR(3), ReduceLROnPlateau()], [3]), StepLR(1)]) | 19",
            })
    void isRefusedInAnyOtherPlace(String text, int column) {
        assertEquals(
                "column " + column
                        + ": a plateau must stand alone, or last after at least one schedule in the outermost"
                        + " SequentialLR or ChainedScheduler",
                SequentialLRTest.refusal(() -> Policy.parse(text)));
    }

    @Test
    void isNoSchedule() {
        assertEquals(
                "column 1: expected a schedule, but ChainedScheduler([StepLR(step_size=3, gamma=0.1), ReduceLROnPlateau()]) is driven by"
                        + " a metric: read it with Policy.parse",
                SequentialLRTest.refusal(() -> Schedule.parse("ChainedScheduler([StepLR(3), ReduceLROnPlateau()])")));
    }

    @Test
    void refusesMilestonesThatDoNotFit() {
        assertEquals(
                "milestones must have one entry fewer than schedulers, 1 for 2, but had 0",
                SequentialLRTest.refusal(() -> new SequentialPlateau(List.of(new StepLR(1)), PLATEAU, List.of())));
        assertEquals(
                "schedulers must have at least 1 entry before a plateau, but had none",
                SequentialLRTest.refusal(() -> new SequentialPlateau(List.of(), PLATEAU, List.of())));
    }
}
