package org.anneal.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.anneal.text.LrLambda;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A schedule's formula, which Python's arithmetic computes, gives the rates that the schedule gives. */
class FormulaTest {

    static Stream<Schedule> examples() {
        return ScheduleContractTest.examples();
    }

    /** What follows from the rate before it, or from a generator, has none. */
    private static boolean hasFormula(Schedule schedule) {
        String text = schedule.toString();
        boolean stepByStep = text.contains("MultiplicativeLR(lr_lambda=lambda epoch: 1 - ")
                || text.contains("MultiplicativeLR(lr_lambda=lambda s: 1 - ");
        boolean chain = schedule instanceof ChainedScheduler chained
                && chained.schedules().size() > 1
                && !chained.isFactor();
        return !text.contains("Noise(") && !stepByStep && !chain;
    }

    @ParameterizedTest
    @MethodSource("examples")
    void givesTheRatesOfTheSchedule(Schedule schedule) {
        if (!hasFormula(schedule)) {
            assertThrows(UnsupportedOperationException.class, () -> schedule.formula(0.1));
            return;
        }
        for (double base : new double[] {0.1, 1, 3e-4}) {
            LrLambda formula = schedule.formula(base);
            LrLambda factor = formula.dividedBy(base);
            for (long step = 0; step < Math.min(300, schedule.lastStep() + 1); step++) {
                double rate = schedule.at(step, base);
                double tolerance = 1e-12 * Math.max(base, rate);
                assertEquals(rate, formula.at(step), tolerance, formula + " at " + step);
                assertEquals(rate, base * factor.at(step), 2 * tolerance, factor + " at " + step);
            }
        }
    }

    @Test
    void isAsShortAsItCanBe() {
        assertEquals(
                "lambda step: 0.1 * 0.5 ** (step // 30)",
                new StepLR(30, 0.5).formula(0.1).toString());
        assertEquals(
                "lambda step: 0.5 ** (step // 30)",
                new StepLR(30, 0.5).formula(0.1).dividedBy(0.1).toString());
        assertEquals(
                "lambda step: 0.001 + 0.099 * (1 + math.cos(math.pi * (step % 200) / 100)) / 2",
                new CosineAnnealingLR(100, 0.001).formula(0.1).toString());
        assertEquals(
                "lambda step: 0.5 ** ((step - 10) // 30) if step >= 10 else step / 10 if step < 10 else 1.0",
                new SequentialLR(List.of(new Warmup(10), new StepLR(30, 0.5)), List.of(10L))
                        .formula(0.2)
                        .dividedBy(0.2)
                        .toString());
        assertEquals(
                "lambda step: min(max(0.1 * 0.9 ** step, 0.01), 0.05)",
                new Clip(new ExponentialLR(0.9), 0.01, 0.05).formula(0.1).toString());
    }

    @Test
    void ofALambdaIsTheLambda() {
        LrLambda inner = LrLambda.parse("lambda e: 0.95 ** e if e < 5 else [0.5, 0.1][min(e // 30, 1)]");
        assertEquals(
                "lambda step: 0.95 ** step if step < 5 else [0.5, 0.1][min(step // 30, 1)]",
                new LambdaLR(inner).formula(1).toString());
    }

    @Test
    void isNotThereForAJavaFunction() {
        Schedule schedule = new LambdaLR(LrLambda.named("halved", step -> 0.5));
        assertEquals(
                "halved is a Java function, which has no formula",
                assertThrows(IllegalArgumentException.class, () -> schedule.formula(0.1))
                        .getMessage());
        assertTrue(String.valueOf(assertThrows(
                                UnsupportedOperationException.class,
                                () -> Schedule.of("own", (step, current, base) -> base)
                                        .formula(0.1))
                        .getMessage())
                .endsWith("has no formula"));
    }
}
