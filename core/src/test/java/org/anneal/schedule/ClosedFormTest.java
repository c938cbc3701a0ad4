package org.anneal.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The closed form against a run of a million steps that nobody touches. */
class ClosedFormTest {
    private static final int STEPS = 1_000_000;
    private static final double BASE = 0.1;
    private static final double TOLERANCE = 1e-9 * BASE;

    static Stream<Schedule> direct() {
        return Examples.with(own(), Examples.schedules());
    }

    private static Stream<Schedule> own() {
        Schedule cosine = new CosineAnnealingLR(999, 1e-4);
        return Stream.of(
                new StepLR(1000, 0.99),
                new MultiStepLR(List.of(0L, 1000L, 500_000L, 500_000L), 0.5),
                new ConstantLR(0.3, 700_000),
                new LinearLR(0.001, 900_000),
                new LinearLR(1, 0, 1000),
                new ExponentialLR(0.999999),
                new ExponentialLR(1.000001),
                new PolynomialLR(900_000, 2),
                new PolynomialLR(STEPS, 0.5),
                cosine,
                new CosineAnnealingLR(1_000_000),
                new CosineAnnealingLR(1),
                new CosineAnnealingWarmRestarts(1000),
                new CosineAnnealingWarmRestarts(3, 2, 1e-4),
                MultiplicativeLR.of("lambda s: 0.999999"),
                new LambdaLR("fall", step -> 1 / (1 + step / 1000.0)),
                new CyclicLR(0.001, 0.1).withStepSizes(300, 1700.5),
                new CyclicLR(0.001, 0.1).withStepSize(2000).withMode(CyclicLR.Mode.TRIANGULAR2),
                new CyclicLR(0.001, 0.1)
                        .withStepSize(2000)
                        .withMode(CyclicLR.Mode.EXP_RANGE)
                        .withGamma(0.99999),
                new OneCycleLR(0.1, STEPS),
                new OneCycleLR(0.1, STEPS)
                        .withAnnealStrategy(AnnealStrategy.LINEAR)
                        .withThreePhase(true),
                new SWALR(0.01).withAnnealEpochs(1000),
                new SWALR(0.01).withAnnealEpochs(100_000).withAnnealStrategy(AnnealStrategy.LINEAR),
                cosine.afterWarmup(500, 0.01),
                new LinearLR(0.1, 500)
                        .then(500, MultiplicativeLR.of("lambda s: 0.999"))
                        .then(2000, new SWALR(0.05))
                        .then(500_000, new StepLR(1000, 0.9).then(100, cosine)),
                new StepLR(100_000, 0.5).times(new ExponentialLR(0.999999)),
                new LinearLR(0.01, 10_000).times(new PolynomialLR(STEPS, 1)).times(new StepLR(1000)));
    }

    /** The two whose {@code at} walks from step 0. */
    static Stream<Schedule> folded() {
        return Stream.of(
                new MultiplicativeLR(LrLambda.named("fall", step -> 1 - 1 / (step + 1000.0))),
                new CosineAnnealingLR(999, 1e-4).times(new StepLR(100_000, 0.5)));
    }

    @Test
    void everyKindIsHere() {
        Set<Class<?>> shown = direct().map(Schedule::getClass).collect(Collectors.toSet());
        assertEquals(
                Policy.kinds().stream()
                        .map(Kind::type)
                        .filter(Schedule.class::isAssignableFrom)
                        .collect(Collectors.toSet()),
                shown);
    }

    @ParameterizedTest
    @MethodSource("direct")
    void agreesWithEveryStepOfALongRun(Schedule schedule) {
        double rate = BASE;
        for (long step = 0; step < STEPS; step++) {
            rate = schedule.next(step, rate, BASE);
            double at = schedule.at(step, BASE);
            if (!(Math.abs(at - rate) <= TOLERANCE)) {
                assertEquals(rate, at, TOLERANCE, schedule + " at " + step);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("folded")
    void agreesAtAFewStepsWhereItWalks(Schedule schedule) {
        double[] curve = schedule.curve(STEPS, BASE).toArray();
        for (int step : new int[] {0, 1, 998, 999, 1000, 100_000, STEPS - 1}) {
            assertEquals(curve[step], schedule.at(step, BASE), TOLERANCE, schedule + " at " + step);
        }
    }
}
