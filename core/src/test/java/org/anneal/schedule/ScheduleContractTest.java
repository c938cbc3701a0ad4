package org.anneal.schedule;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every schedule keeps. A new one fails here until it has an example. */
class ScheduleContractTest {

    static Stream<Schedule> examples() {
        return Examples.with(own(), Examples.schedules());
    }

    private static Stream<Schedule> own() {
        return Stream.of(
                new StepLR(30),
                new StepLR(1, 0.9),
                new StepLR(7, 0.0),
                new MultiStepLR(List.of(80L, 30L, 80L)),
                new MultiStepLR(List.of(0L, 0L, 5L), 1.5),
                new MultiStepLR(List.of()),
                new ExponentialLR(0.99),
                new ExponentialLR(1.0 / 3),
                new MultiplicativeLR(LrLambda.parse("lambda epoch: 0.95")),
                new MultiplicativeLR(LrLambda.parse("lambda epoch: 1 - 1 / (epoch + 1)")),
                new LambdaLR(LrLambda.parse("lambda step: 0.5 ** (step // 10)")),
                new LambdaLR(LrLambda.parse("lambda s: 0.5 * (1 + math.cos(math.pi * s / 100)) if s < 100 else 0")),
                new CosineAnnealingLR(100),
                new CosineAnnealingLR(1, 0.01),
                new CosineAnnealingLR(7, 0.001),
                new ConstantLR(),
                new ConstantLR(0.3, 40),
                new ConstantLR(0.5, 0),
                new LinearLR(),
                new LinearLR(0.01, 100),
                new LinearLR(1, 0, 60),
                new LinearLR(0.5, 0.1, 0),
                new PolynomialLR(),
                new PolynomialLR(100, 0.9),
                new PolynomialLR(0, 2),
                new CosineAnnealingWarmRestarts(30),
                new CosineAnnealingWarmRestarts(10, 2, 0.001),
                new SWALR(0.05),
                new SWALR(0).withAnnealEpochs(0),
                new SWALR(1e-4).withAnnealEpochs(70).withAnnealStrategy(AnnealStrategy.LINEAR),
                new CyclicLR(0.001, 0.01),
                new CyclicLR(0.001, 0.01).withStepSizes(5, 3).withMode(CyclicLR.Mode.TRIANGULAR2),
                new CyclicLR(0.001, 0.01).withStepSizes(7.5, 2.25).withMode(CyclicLR.Mode.EXP_RANGE),
                new CyclicLR(0.001, 0.01)
                        .withStepSize(20)
                        .withMode(CyclicLR.Mode.EXP_RANGE)
                        .withGamma(0.99)
                        .withMomentum(0.7, 0.95),
                new CyclicLR(0, 0.01)
                        .withScaleFn(LrLambda.parse("lambda x: 1 / (1 + x / 100)"), CyclicLR.ScaleMode.ITERATIONS)
                        .withCycleMomentum(false),
                new OneCycleLR(0.1, 100),
                new OneCycleLR(0.1, 1),
                new OneCycleLR(1, 230)
                        .withPctStart(0.25)
                        .withAnnealStrategy(AnnealStrategy.LINEAR)
                        .withMomentum(0.8, 0.9)
                        .withDivFactor(10)
                        .withFinalDivFactor(100)
                        .withThreePhase(true),
                new OneCycleLR(1, 60).withPctStart(0).withCycleMomentum(false),
                new SequentialLR(List.of(new StepLR(3)), List.of()),
                new ExponentialLR(0.5).then(5, new CosineAnnealingLR(100, 0.001)),
                new StepLR(3)
                        .then(0, new ExponentialLR(0.9))
                        .then(20, MultiplicativeLR.of("lambda s: 0.9"))
                        .then(
                                40,
                                MultiplicativeLR.of("lambda s: 1 - 1 / (s + 2)").times(new ExponentialLR(0.99)))
                        .then(60, new StepLR(9).then(50, LambdaLR.of("lambda s: 1 / (s + 1)"))),
                new ChainedScheduler(List.of(new CosineAnnealingLR(7, 0.001))),
                new StepLR(7).times(new ExponentialLR(0.99)).times(MultiplicativeLR.of("lambda s: 0.9")),
                new LambdaLR(LrLambda.parse("lambda s: 1 / (s + 1)")).times(new StepLR(5)));
    }

    @Test
    void everyScheduleHasAnExample() {
        Set<Class<?>> shown = examples().map(Schedule::getClass).collect(Collectors.toSet());
        assertEquals(
                Policy.kinds().stream()
                        .map(Kind::type)
                        .filter(Schedule.class::isAssignableFrom)
                        .collect(Collectors.toSet()),
                shown);
    }

    @ParameterizedTest
    @MethodSource("examples")
    void readsBackFromItsText(Schedule schedule) {
        assertEquals(schedule, Schedule.parse(schedule.toString()));
        assertEquals(schedule.toString(), Schedule.parse(schedule.toString()).toString());
    }

    @ParameterizedTest
    @MethodSource("examples")
    void saysTheSameInClosedFormAndStepByStep(Schedule schedule) {
        for (double base : new double[] {0.1, 1, 3e-4}) {
            double[] curve = schedule.curve(250, base).toArray();
            for (int step = 0; step < curve.length; step++) {
                assertEquals(curve[step], schedule.at(step, base), 1e-12 * base, schedule + " at " + step);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void startsAtTheBaseOrWhereARestoredOptimizerIs(Schedule schedule) {
        assertEquals(schedule.at(0, 0.1), schedule.start(0, 7, 0.1));
        boolean absolute = schedule instanceof AbsoluteSchedule
                || schedule instanceof CosineAnnealingWarmRestarts
                || schedule instanceof CyclicLR
                || schedule instanceof OneCycleLR;
        assertEquals(absolute ? schedule.next(9, 7, 0.1) : 7, schedule.start(9, 7, 0.1));
    }

    @ParameterizedTest
    @MethodSource("examples")
    void refusesANegativeStep(Schedule schedule) {
        assertThrows(IllegalArgumentException.class, () -> schedule.at(-1, 0.1));
        assertThrows(IllegalArgumentException.class, () -> schedule.next(-1, 0.1, 0.1));
        assertThrows(IllegalArgumentException.class, () -> schedule.curve(-1, 0.1));
    }

    @ParameterizedTest
    @MethodSource("examples")
    void isTheSameForEveryGroup(Schedule schedule) {
        assertEquals(schedule, schedule.forGroup(2, 3));
        assertThrows(IllegalArgumentException.class, () -> schedule.forGroup(3, 3));
    }

    @ParameterizedTest
    @MethodSource("examples")
    void isNotANumberNowhereUpToTheLastStep(Schedule schedule) {
        boolean folds = folds(schedule);
        for (long step : folds ? new long[] {10_000} : new long[] {1L << 31, (1L << 53) - 1, 1L << 53}) {
            assertFalse(Double.isNaN(schedule.at(step, 0.1)), schedule + " at " + step);
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void carriesIfWhatItTakesOverFromMatters(Schedule schedule) {
        double rate = schedule.takeOver(0.7, 0.1);
        if (schedule.carries()) {
            assertTrue(rate != schedule.takeOver(0.3, 0.1) || rate == 0); // by a lambda(0) of 0
        } else {
            assertEquals(rate, schedule.takeOver(0.3, 0.1));
            assertEquals(rate, schedule.at(0, 0.1));
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void isAFactorIfItOnlyMultipliesTheRateInForce(Schedule schedule) {
        boolean multiplies = true;
        double highest = 0;
        for (long step = 0; step < 250; step++) {
            double next = schedule.next(step, 0.7, 0.1);
            double scaled = schedule.next(step, 7, 0.3);
            multiplies &= Math.abs(scaled - 10 * next) <= 1e-12 * Math.abs(scaled);
            highest = Math.max(highest, next);
        }
        assertTrue(highest == 0 || schedule.isFactor() == multiplies);
    }

    @ParameterizedTest
    @MethodSource("examples")
    void takesOverInASequenceAsItRunsAlone(Schedule schedule) {
        Schedule sequence = new ExponentialLR(0.9).then(10, schedule).then(100, schedule);
        double[] curve = sequence.curve(250, 0.1).toArray();
        for (int step = 0; step < curve.length; step++) {
            assertEquals(curve[step], sequence.at(step, 0.1), 1e-12, sequence + " at " + step);
        }
    }

    private static boolean folds(Schedule schedule) {
        if (schedule instanceof SequentialLR sequence) {
            return sequence.schedules().stream().anyMatch(ScheduleContractTest::folds);
        } else if (schedule instanceof ChainedScheduler chain) {
            return !chain.isFactor() || chain.schedules().stream().anyMatch(ScheduleContractTest::folds);
        }
        return schedule instanceof MultiplicativeLR m && !m.lrLambdas().get(0).isConstant();
    }

    @ParameterizedTest
    @MethodSource("examples")
    void keepsTheMomentumOrDrivesItBetweenItsBounds(Schedule schedule) {
        assertEquals(
                schedule.drivesMomentum() ? schedule.momentum(0, 0.1) : 0.5,
                schedule.momentum(0, 0.5),
                schedule::toString);
        for (long step : new long[] {0, 1, 9, 250, Check.LAST_STEP}) {
            double momentum = schedule.momentum(step, 0.5);
            assertTrue(schedule.drivesMomentum() ? momentum >= 0.7 && momentum <= 0.95 : momentum == 0.5);
        }
    }

    @Test
    void streamsACurveWithoutHoldingIt() {
        assertEquals(
                3, new ExponentialLR(0.5).curve(Check.LAST_STEP, 1).limit(3).count());
        assertArrayEquals(
                new double[] {1, 0.5, 0.25}, new ExponentialLR(0.5).curve(3, 1).toArray());
        assertArrayEquals(
                new ExponentialLR(0.999).curve(5000, 1).toArray(),
                new ExponentialLR(0.999).curve(5000, 1).parallel().toArray());
    }

    /** Those without a lambda, which computes with Python's objects. */
    static Stream<Schedule> plain() {
        return examples().filter(schedule -> !schedule.toString().contains("lambda"));
    }

    @ParameterizedTest
    @MethodSource("plain")
    void allocatesNothingPerStep(Schedule schedule) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long thread = Thread.currentThread().getId();
        long steps = Math.min(2_000, schedule.lastStep() + 1);
        double sum = walk(schedule, steps);
        long before = threads.getThreadAllocatedBytes(thread);
        for (int i = 0; i < 10; i++) {
            sum += walk(schedule, steps);
        }
        long allocated = threads.getThreadAllocatedBytes(thread) - before;
        assertTrue(sum >= 0 && allocated < 2 * steps, () -> schedule + " allocated " + allocated + " bytes");
    }

    private static double walk(Schedule schedule, long steps) {
        double rate = 0.1;
        double sum = 0;
        for (long step = 0; step < steps; step++) {
            rate = schedule.next(step, rate, 0.1);
            sum += rate + schedule.at(step, 0.1);
        }
        return sum;
    }
}
