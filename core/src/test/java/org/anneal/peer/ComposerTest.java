package org.anneal.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.function.LongToDoubleFunction;
import java.util.stream.Stream;
import org.anneal.schedule.RunLength;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.StepPer;
import org.anneal.text.PythonSyntaxException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Composer's schedulers against the formulas of its documentation, as Composer does not install beside torch 2.13. */
class ComposerTest {
    private static final RunLength RUN = new RunLength(10, 12); // 120 batches

    private static Arguments row(String text, LongToDoubleFunction factor) {
        return Arguments.of(text, factor);
    }

    private static double cosine(double part, double floor) {
        return floor + (1 - floor) * (1 + Math.cos(Math.PI * Math.min(1, part))) / 2;
    }

    static Stream<Arguments> formulas() {
        return Stream.of(
                row("StepScheduler('3ep')", t -> Math.pow(0.1, (double) Math.floorDiv(t, 30))),
                row(
                        "composer.optim.StepScheduler(step_size='25ba', gamma=0.5)",
                        t -> Math.pow(0.5, (double) Math.floorDiv(t, 25))),
                row(
                        "MultiStepScheduler(milestones=['0.25dur', '6ep', '100ba'], gamma=0.5)",
                        t -> (t >= 30 ? 0.5 : 1) * (t >= 60 ? 0.5 : 1) * (t >= 100 ? 0.5 : 1)),
                row("MultiStepScheduler(['60ba', '6ep'])", t -> t >= 60 ? 0.01 : 1),
                row(
                        "MultiStepWithWarmupScheduler('2ep', milestones=['10ba', '5ep'], gamma=0.5)",
                        t -> t < 20 ? t / 20.0 : t < 50 ? 0.5 : 0.25),
                row("MultiStepWithWarmupScheduler('0ba', ['5ep'])", t -> t < 50 ? 1 : 0.1),
                row("ConstantScheduler()", t -> 1),
                row("ConstantScheduler(alpha=0.3, t_max='0.5dur')", t -> t < 60 ? 0.3 : 1),
                row("ConstantWithWarmupScheduler('10ba')", t -> Math.min(1, t / 10.0)),
                row("ConstantWithWarmupScheduler(t_warmup='1ep', alpha=0.5)", t -> Math.min(0.5, t / 20.0)),
                row("LinearScheduler()", t -> Math.max(0, 1 - t / 120.0)),
                row("LinearScheduler(alpha_i=0.2, alpha_f=1.5, t_max='5ep')", t -> 0.2 + 1.3 * Math.min(1, t / 50.0)),
                row(
                        "LinearWithWarmupScheduler('1ep', alpha_i=0.5, alpha_f=0.1)",
                        t -> t < 10 ? t / 20.0 : 0.5 - 0.4 * Math.min(1, (t - 10) / 110.0)),
                row("LinearWithWarmupScheduler('0ep')", t -> Math.max(0, 1 - t / 120.0)),
                row("ExponentialScheduler(0.5)", t -> Math.pow(0.5, t / 10.0)),
                row("ExponentialScheduler(gamma=0.9, decay_period='5ba')", t -> Math.pow(0.9, t / 5.0)),
                row("CosineAnnealingScheduler()", t -> cosine(t / 120.0, 0)),
                row("CosineAnnealingScheduler(t_max='90ba', alpha_f=0.1)", t -> cosine(t / 90.0, 0.1)),
                row(
                        "CosineAnnealingWithWarmupScheduler(t_warmup='0.1dur', alpha_f=0.05)",
                        t -> t < 12 ? t / 12.0 : cosine((t - 12) / 108.0, 0.05)),
                row(
                        "CosineAnnealingWithWarmupScheduler('20ba', '20ba')", // nothing is left for the cosine
                        t -> Math.min(1, t / 20.0)),
                row("CosineAnnealingWarmRestartsScheduler('3ep')", t -> cosine(t % 30 / 30.0, 0)),
                row(
                        "CosineAnnealingWarmRestartsScheduler(t_0='25ba', t_mult=1.5, alpha_f=0.1)", // 25, 37, 55, 82
                        // batches
                        t -> t < 25
                                ? cosine(t / 25.0, 0.1)
                                : t < 62
                                        ? cosine((t - 25) / 37.0, 0.1)
                                        : t < 117 ? cosine((t - 62) / 55.0, 0.1) : cosine((t - 117) / 82.0, 0.1)),
                row("CosineAnnealingWarmRestartsScheduler('7ba', t_mult=1.1)", t -> cosine(t % 7 / 7.0, 0)),
                row("PolynomialScheduler(2.0)", t -> Math.pow(Math.max(0, 1 - t / 120.0), 2)),
                row(
                        "PolynomialScheduler(power=0.5, t_max='6ep', alpha_f=0.2)",
                        t -> 0.2 + 0.8 * Math.sqrt(Math.max(0, 1 - t / 60.0))),
                row(
                        "PolynomialWithWarmupScheduler('1ep', alpha_f=0.1)",
                        t -> t < 10 ? t / 10.0 : 0.1 + 0.9 * Math.pow(Math.max(0, 1 - (t - 10) / 110.0), 2)),
                row(
                        "PolynomialWithWarmupScheduler(t_warmup='5ba', power=3, t_max='10ep', scale_warmup=True)",
                        t -> t < 5 ? t / 5.0 : Math.pow(Math.max(0, 1 - (t - 5) / 95.0), 3)));
    }

    @ParameterizedTest
    @MethodSource("formulas")
    void areTheirFormulasAtEveryStep(String text, LongToDoubleFunction factor) {
        Schedule schedule = Schedule.parse(text, RUN);
        for (long step = 0; step < 150; step++) {
            assertEquals(
                    0.3 * factor.applyAsDouble(step),
                    schedule.at(step, 0.3),
                    1e-12,
                    text + " is " + schedule + ", at " + step);
        }
    }

    @Test
    void everySchedulerHasTwoFormulas() {
        for (var peer : Composer.ALL) {
            assertEquals(
                    true,
                    formulas()
                                    .filter(row -> ((String) row.get()[0]).contains(peer.name() + "("))
                                    .count()
                            >= 2,
                    peer.name());
        }
    }

    @Test
    void countEpochsWhereTheScheduleIsSteppedPerEpoch() {
        assertEquals(
                Schedule.parse("HalfCosine(12)"),
                Schedule.parse("CosineAnnealingScheduler('12ep')", RUN.withStepPer(StepPer.EPOCH)));
        assertEquals(
                Schedule.parse("HalfCosine(6)"),
                Schedule.parse("CosineAnnealingScheduler('0.5dur')", RUN.withStepPer(StepPer.EPOCH)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "CosineAnnealingScheduler('3000sp') | t_max must be in epochs, batches or parts of the run, which tells how many"
                        + " steps it is, but was '3000sp'",
                "CosineAnnealingScheduler('1e9tok') | t_max must be in epochs, batches or parts of the run, which tells how many"
                        + " steps it is, but was '1e9tok'",
                "CosineAnnealingScheduler('soon') | t_max must be a time such as '10ep', '500ba' or '0.5dur', but was 'soon'",
                "CosineAnnealingScheduler('0ba') | t_max must be at least 1, but was 0",
                "CosineAnnealingScheduler(alpha_f=2) | alpha_f must be >= 0 and <= 1, but was 2.0",
                "StepScheduler() | StepScheduler needs step_size",
                "ExponentialScheduler(0) | gamma must be finite and > 0, but was 0.0",
                "CosineAnnealingWarmRestartsScheduler('5ep', 0.5) | t_mult must be finite and >= 1, but was 0.5"
            })
    void refuseEveryBadValueByNameAndValue(String text, String message) {
        String refusal = String.valueOf(assertThrows(PythonSyntaxException.class, () -> Schedule.parse(text, RUN))
                .getMessage());
        assertEquals(message, refusal.replaceFirst("^column \\d+: ", ""));
    }

    @Test
    void needARunOfAKnownLength() {
        assertEquals(
                "column 1: t_max is 100%, which needs the run's epochs and its steps per epoch: give both, or write a number of steps",
                assertThrows(PythonSyntaxException.class, () -> Schedule.parse("CosineAnnealingScheduler()"))
                        .getMessage());
    }
}
