package org.anneal.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The documented formulas, restated. */
class ScheduleFormulasTest {

    /** A schedule, and its factor at each step as its source has it; a kind that PyTorch lacks needs a row. */
    private static Stream<Arguments> factors() {
        return Stream.of(
                row("StepLR(7, 0.5)", t -> 1 / Math.pow(2, Math.floor(t / 7))),
                row("ExponentialLR(0.9)", t -> Math.exp(t * Math.log(0.9))),
                row("PolynomialLR(100, 2.0)", t -> square(100 - t)),
                row("Sum([StepLR(7, 0.5), PolynomialLR(100, 2.0)])", t -> halved(t) + square(100 - t)),
                row("Product([StepLR(7, 0.5), PolynomialLR(100, 2.0)])", t -> halved(t) * square(100 - t)),
                row("Product([StepLR(7, 0.5), SWALR(0.5, 0)])", t -> halved(t) / 2),
                row("Min([StepLR(7, 0.5), PolynomialLR(100, 2.0)])", t -> Math.min(halved(t), square(100 - t))),
                row("Max([StepLR(7, 0.5), PolynomialLR(100, 2.0)])", t -> Math.max(halved(t), square(100 - t))),
                row("Clip(PolynomialLR(100, 2.0), 0.02)", t -> Math.max(square(100 - t), 0.2)),
                row(
                        "Clip(PolynomialLR(100, 2.0), low=0.02, high=0.08)",
                        t -> Math.min(Math.max(square(100 - t), 0.2), 0.8)),
                row("From(StepLR(7, 0.5), lr=0.3)", t -> 3 * halved(t)),
                row("Above(PolynomialLR(100, 2.0), rate=0.02)", t -> 0.2 + 0.8 * square(100 - t)),
                row("Scale(StepLR(7, 0.5), factor=0.3)", t -> 0.3 * halved(t)),
                row("Shift(StepLR(7, 0.5), steps=30)", t -> t < 30 ? 1 : halved(t - 30)),
                row("Shift(Scale(StepLR(7, 0.5), 0.3), 30)", t -> t < 30 ? 0.3 : 0.3 * halved(t - 30)),
                row("Shift(Scale(StepLR(7, 0.5), 0.3), 30, 'base')", t -> t < 30 ? 1 : 0.3 * halved(t - 30)),
                row("Shift(Scale(StepLR(7, 0.5), 0.3), 30, 'zero')", t -> t < 30 ? 0 : 0.3 * halved(t - 30)),
                row("Repeat(PolynomialLR(100, 2.0), period=25)", t -> square(100 - t % 25)),
                row("Reverse(PolynomialLR(100, 2.0), length=90)", t -> square(t < 90 ? 10 + t : 100)),
                row("Stretch(PolynomialLR(100, 1.0), length=100, to=250)", t -> Math.max(0, 1 - t / 250)),
                row(
                        "Stretch(StepLR(1, 0.5), length=2, to=5)",
                        t -> Math.pow(2, -Math.floor(t * 2 / 5)) * (1 - (t * 2 % 5) / 10)),
                row("Stretch(PolynomialLR(100, 2.0), length=50, to=10)", t -> square(100 - 5 * t)),
                row(
                        "Freeze(PolynomialLR(100, 2.0), start=20, end=50)",
                        t -> square(t < 20 ? 100 - t : t < 50 ? 80 : 130 - t)),
                row(
                        "Interpolate(StepLR(7, 0.5), PolynomialLR(100, 2.0), start=20, end=60)",
                        t -> t < 20
                                ? halved(t)
                                : t < 60 ? (halved(t) * (60 - t) + square(100 - t) * (t - 20)) / 40 : square(100 - t)),
                row(
                        "ContinueFrom(StepLR(7, 0.5), PolynomialLR(100, 2.0), step=20, rate=0.04)",
                        t -> t < 20 ? halved(t) : 0.4 * square(100 - t) / 0.64),
                row(
                        "ContinueFrom(StepLR(7, 0.5), PolynomialLR(100, 2.0), step=20, rate=0.04, clock='own')",
                        t -> t < 20 ? halved(t) : 0.4 * square(120 - t)),
                row(
                        "ContinueFrom(StepLR(7, 0.5), PolynomialLR(100, 2.0), 20, 0.04, bridge=30)",
                        t -> t < 20 ? halved(t) : t < 50 ? 0.4 + (t - 20) / 30 * (0.25 - 0.4) : square(100 - t)),
                row(
                        "ContinueFrom(StepLR(7, 0.5), PolynomialLR(100, 2.0), 20, 0.04, 30, 'own')",
                        t -> t < 20 ? halved(t) : t < 50 ? 0.4 + (t - 20) / 50 : square(150 - t)),
                row(
                        "ContinueFrom(StepLR(7, 0.5), ExponentialLR(0.9), 0, 0.05)",
                        t -> 0.5 * Math.exp(t * Math.log(0.9))),
                row("End(PolynomialLR(100, 2.0), step=60)", t -> square(Math.max(40, 100 - t))),
                row("End(PolynomialLR(100, 2.0), 60, 'repeat')", t -> square(100 - t % 60)),
                row("End(PolynomialLR(100, 2.0), 60, 'own')", t -> square(100 - t)),
                row("Warmup(40)", t -> Math.min(1, t / 40)),
                row("Warmup(40, 0.1)", t -> Math.min(1, 0.1 + 0.9 * t / 40)),
                row("Warmup(40, 0.1, 'cosine')", t -> t < 40 ? 0.55 - 0.45 * Math.cos(Math.PI * t / 40) : 1),
                row("Warmup(40, 0.1, 'sqrt')", t -> t < 40 ? 1 - 0.9 * Math.sqrt(1 - t / 40) : 1),
                row("Warmup(40, 0.01, 'exponential')", t -> Math.min(1, Math.pow(10, t / 20 - 2))),
                row("Warmup(40, 0.25, 'constant')", t -> t < 40 ? 0.25 : 1),
                row("Warmup(0)", t -> 1),
                row(
                        "WarmupStableDecay(10, 30, 40, 'exponential', floor=0.2)",
                        t -> t < 10
                                ? t / 10
                                : t < 40 ? 1 : 0.2 + 0.8 * (2 / Math.pow(2, Math.min(1, (t - 40) / 40)) - 1)),
                row(
                        "WarmupStableDecay(10, 30, 40, 'constant', start=0.01, warmup_shape='exponential')",
                        t -> t < 10 ? Math.pow(10, t / 5 - 2) : t < 80 ? 1 : 0),
                row("WarmupStableDecay(0, 0, 0)", t -> 0),
                row("InverseSqrt(50)", t -> Math.pow(50 / (50 + t), 0.5)),
                row("InverseSqrt(50, warmup=20)", t -> t < 20 ? t / 20 : Math.pow(50 / (30 + t), 0.5)),
                row(
                        "NoamLR(d_model=16, warmup=25)",
                        t -> 0.25 * Math.min(Math.pow(t + 1, -0.5), (t + 1) * Math.pow(25, -1.5))),
                row("HalfCosine(100)", t -> t < 100 ? Math.pow(Math.cos(Math.PI * t / 200), 2) : 0),
                row(
                        "HalfCosine(100, floor=0.1, exponent=1.5, k=2.0)",
                        t -> t < 100 ? 0.1 + 0.9 * Math.pow(Math.cos(Math.PI * t * t / 20_000), 3) : 0.1),
                row("CosineCycles(50)", t -> Math.pow(Math.cos(Math.PI * (t % 50) / 100), 2)),
                row(
                        "CosineCycles(100, growth=2.0, shrink=0.5, floor=0.1, limit=2)",
                        t -> t < 100
                                ? 0.1 + 0.9 * Math.pow(Math.cos(Math.PI * t / 200), 2)
                                : t < 300 ? 0.1 + 0.4 * Math.pow(Math.cos(Math.PI * (t - 100) / 400), 2) : 0.1),
                row("Polynomial(100)", t -> Math.max(0, 1 - t / 100)),
                row("Polynomial(100, start=0.2, end=1.5)", t -> Math.min(1.5, 0.2 + 0.013 * t)),
                row("Polynomial(100, end=0.1, power=2.0)", t -> 0.1 + 0.9 * square(100 - t)),
                row(
                        "Polynomial(100, power=2.0, cycle=True)",
                        t -> Math.pow(1 - t / (100 * Math.max(1, Math.ceil(t / 100))), 2)),
                row("Exponential(20, 0.5)", t -> Math.pow(2, -t / 20)),
                row(
                        "Exponential(20, 0.5, staircase=True, floor=0.01)",
                        t -> Math.max(0.01, Math.pow(2, -Math.floor(t / 20)))),
                row("InverseTime(20, 0.5)", t -> 40 / (40 + t)),
                row("InverseTime(20, 0.5, staircase=True)", t -> 2 / (2 + Math.floor(t / 20))),
                row("Piecewise([20, 90], [1.0, 0.5, 2.0])", t -> t < 20 ? 1 : t < 90 ? 0.5 : 2),
                row(
                        "Piecewise([20, 90], [0, 1, 0.3], 'linear')",
                        t -> t < 20 ? t / 20 : t < 90 ? 1 - (t - 20) / 100 : 0.3),
                row(
                        "Piecewise([20, 80], [0, 1, 0], curve='cosine')",
                        t -> Math.pow(Math.sin(t < 20 ? Math.PI * t / 40 : Math.PI * Math.max(0, 80 - t) / 120), 2)),
                row("Piecewise([], [0.5])", t -> 0.5),
                row(
                        "TanhDecay(100, lower=-6.0, upper=2.0, floor=0.1)",
                        t -> t < 100 ? 0.1 + 0.9 / (1 + Math.exp(2 * (t * 8 / 100 - 6))) : 0.1),
                row("SigmoidDecay(center=60, slope=0.1)", t -> 0.5 - Math.tanh((t - 60) / 20) / 2),
                row("REX(100)", t -> t < 100 ? (1 - t / 100) / (0.5 + 0.5 * (1 - t / 100)) : 0),
                row("REX(100, floor=0.2)", t -> t < 100 ? 0.2 + 0.8 * (200 - 2 * t) / (200 - t) : 0.2),
                row("Noise(StepLR(7, 0.5), amount=0.0)", t -> halved(t)),
                row("Noise(StepLR(7, 0.5), start=5, end=5)", t -> halved(t)));
    }

    private static double halved(double t) {
        return 1 / Math.pow(2, Math.floor(t / 7));
    }

    private static double square(double percent) {
        return percent <= 0 ? 0 : percent * percent / 10_000;
    }

    private static Arguments row(String expression, DoubleUnaryOperator factor) {
        return Arguments.of(expression, factor);
    }

    @ParameterizedTest
    @MethodSource("factors")
    void followsItsFormulaStepByStepAndAtOnce(String expression, DoubleUnaryOperator factor) {
        Schedule schedule = Schedule.parse(expression);
        double rate = 0.1;
        for (int step = 0; step < 1000; step++) {
            rate = schedule.next(step, rate, 0.1);
            assertEquals(0.1 * factor.applyAsDouble(step), rate, 1e-13, "next at " + step);
            assertEquals(0.1 * factor.applyAsDouble(step), schedule.at(step, 0.1), 1e-13, "at " + step);
        }
    }

    @Test
    void everyKindThatPyTorchLacksFollowsAFormula() {
        Set<Class<?>> tried = factors()
                .map(row -> Schedule.parse((String) row.get()[0]).getClass())
                .collect(Collectors.toSet());
        for (Kind<?> kind : Policy.kinds()) {
            boolean isHeldToRecordedMetrics = MetricDriven.class.isAssignableFrom(kind.type());
            assertTrue(
                    kind.module().isPresent() || isHeldToRecordedMetrics || tried.contains(kind.type()), kind.name());
        }
    }

    @Test
    void stepDecaysOnceEveryStepSize() {
        StepLR schedule = new StepLR(3, 0.5);
        assertEquals(List.of(8.0, 8.0, 8.0, 4.0, 4.0, 4.0, 2.0), rates(schedule, 7, 8));
        assertEquals(0.3, schedule.next(6, 0.6, 8)); // a hand-edited rate decays from where it is
        assertEquals(0.6, schedule.next(7, 0.6, 8));
    }

    @Test
    void multiStepDecaysAtMilestonesAsOftenAsTheyAreRepeated() {
        MultiStepLR schedule = new MultiStepLR(List.of(4L, 2L, 4L, 0L), 0.5);
        assertEquals(List.of(0L, 2L, 4L, 4L), schedule.milestones());
        assertEquals(List.of(8.0, 8.0, 4.0, 4.0, 1.0, 1.0), rates(schedule, 6, 16));
        assertEquals(2.0, schedule.next(4, 8, 1));
    }

    @Test
    void exponentialDecaysAtEveryStepButTheFirst() {
        assertEquals(List.of(8.0, 4.0, 2.0, 1.0), rates(new ExponentialLR(0.5), 4, 8));
        assertEquals(List.of(8.0, 0.0, 0.0), rates(new ExponentialLR(0.0), 3, 8));
    }

    @Test
    void multiplicativeNeverAsksForStepZero() {
        MultiplicativeLR schedule = MultiplicativeLR.of("lambda s: 1 / s");
        assertEquals(List.of(24.0, 24.0, 12.0, 4.0, 1.0), rates(schedule, 5, 24));
        assertEquals(1.0, schedule.at(4, 24));
    }

    @Test
    void lambdaIsAbsolute() {
        LambdaLR schedule = LambdaLR.of("lambda s: (s + 1) / 4");
        assertEquals(List.of(2.0, 4.0, 6.0), rates(schedule, 3, 8));
        assertEquals(4.0, schedule.next(1, 123, 8));
        assertEquals(List.of(0.0, 4.0), rates(new LambdaLR("half", s -> s / 2.0), 2, 8));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 10, 97, 1000})
    void cosineFollowsItsFormula(long tMax) {
        for (long step = 0; step < 5 * tMax; step++) {
            double angle = Math.PI * (step % (2 * tMax)) / tMax;
            double rate = 0.01 * (1 - Math.cos(angle)) / 2 + 0.5 * (1 + Math.cos(angle)) / 2;
            assertEquals(rate, new CosineAnnealingLR(tMax, 0.01).at(step, 0.5), 1e-15);
        }
    }

    @Test
    void cosineRisesAgainAfterTheTrough() {
        CosineAnnealingLR schedule = new CosineAnnealingLR(4);
        double[] rates = schedule.curve(9, 1).toArray();
        assertEquals(0.0, rates[4]);
        assertEquals((1 - Math.cos(Math.PI / 4)) / 2, rates[5]);
        assertEquals(1.0, rates[8], 1e-15);
    }

    @Test
    void closedFormsLoseNothingAtTheLastStep() {
        long last = 1L << 53;
        assertEquals(new CosineAnnealingLR(7).at(last % 14, 0.1), new CosineAnnealingLR(7).at(last, 0.1));
        assertEquals(0.1 * Math.exp(-1), new StepLR(last / 1000, Math.exp(-0.001)).at(last, 0.1), 1e-10);
        assertEquals(1e-100, new ExponentialLR(0.1).at(400, 1e300), 1e-112);
        assertEquals(0.0, new ExponentialLR(0.1).at(last, 1));
        assertEquals(Math.E, new MultiplicativeLR(LrLambda.parse("lambda s: 1 + 2.0 ** -52")).at(1L << 52, 1), 1e-6);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void chainingMultipliesTheRateInForce(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 1000; i++) {
            double gamma = random.nextDouble();
            double rate = random.nextDouble();
            long step = random.nextLong(1, 100);
            assertEquals(rate * gamma, new ExponentialLR(gamma).next(step, rate, 1));
            assertEquals(rate * gamma, new StepLR(step, gamma).next(step, rate, 1));
            assertEquals(rate * gamma, new MultiStepLR(List.of(step), gamma).next(step, rate, 1));
            assertEquals(rate * gamma, new MultiplicativeLR("gamma", s -> s == step ? gamma : 1).next(step, rate, 1));
        }
    }

    @Test
    void aListPerGroupIsBoundByForGroup() {
        Schedule schedule = Schedule.parse("LambdaLR(opt, [lambda s: 1, lambda s: 0.5])");
        assertEquals("LambdaLR(lr_lambda=[lambda s: 1, lambda s: 0.5])", schedule.toString());
        assertEquals(1.0, schedule.forGroup(0, 2).at(3, 1));
        assertEquals(0.5, schedule.forGroup(1, 2).at(3, 1));
        assertEquals(
                "lr_lambda must have 1 entry for all groups or 3, one per group, but had 2",
                refusal(() -> schedule.forGroup(0, 3)));
        assertThrows(IllegalStateException.class, () -> schedule.at(0, 1));
        MultiplicativeLR product = (MultiplicativeLR) Schedule.parse("MultiplicativeLR([lambda s: 1, lambda s: 0.5])");
        assertEquals(0.25, product.forGroup(1, 2).at(2, 1));
        assertThrows(IllegalStateException.class, () -> product.next(1, 1, 1));
    }

    @Test
    void refusesEveryBadValueByNameAndValue() {
        assertEquals("step_size must be at least 1, but was 0", refusal(() -> new StepLR(0)));
        assertEquals(
                "step_size must be at most 2^53, but was 9223372036854775807",
                refusal(() -> new StepLR(Long.MAX_VALUE)));
        assertEquals("gamma must be finite and >= 0, but was -1.0", refusal(() -> new StepLR(1, -1)));
        assertEquals("gamma must be finite and >= 0, but was NaN", refusal(() -> new ExponentialLR(Double.NaN)));
        assertEquals(
                "gamma must be finite and >= 0, but was Infinity",
                refusal(() -> new MultiStepLR(List.of(), Double.POSITIVE_INFINITY)));
        assertEquals("milestones must be at least 0, but was -3", refusal(() -> new MultiStepLR(List.of(1L, -3L))));
        assertEquals("T_max must be at least 1, but was 0", refusal(() -> new CosineAnnealingLR(0)));
        assertEquals("eta_min must be finite and >= 0, but was -0.1", refusal(() -> new CosineAnnealingLR(1, -0.1)));
        assertEquals("lr_lambda must have at least 1 entry, but had none", refusal(() -> new LambdaLR(List.of())));
        assertEquals(
                "lr_lambda must have at least 1 entry, but had none", refusal(() -> new MultiplicativeLR(List.of())));
    }

    @Test
    void changesOneArgument() {
        assertEquals(new StepLR(3, 0.5), new StepLR(3).withGamma(0.5));
        assertEquals(new MultiStepLR(List.of(3L), 0.5), new MultiStepLR(List.of(3L)).withGamma(0.5));
        assertEquals(new CosineAnnealingLR(3, 0.5), new CosineAnnealingLR(3).withEtaMin(0.5));
    }

    @Test
    void aNegativeZeroIsZero() {
        assertEquals(new CosineAnnealingLR(5), new CosineAnnealingLR(5, -0.0));
        assertEquals(new ExponentialLR(0.0), new ExponentialLR(-0.0));
        assertTrue(1 / new ReduceLROnPlateau().withFactor(-0.0).factor() > 0);
    }

    private static List<Double> rates(Schedule schedule, long steps, double base) {
        return schedule.curve(steps, base).boxed().toList();
    }

    private static String refusal(Executable code) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, code).getMessage());
    }
}
