package org.anneal.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.LongToDoubleFunction;
import java.util.function.LongUnaryOperator;
import org.anneal.text.Check;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Schedules made of schedules, in each other and beside PyTorch's. */
class OperatorsTest {
    private static final Schedule HALVES = new StepLR(10, 0.5);
    private static final Schedule CYCLE = new OneCycleLR(0.1, 100); // ends, and drives the momentum

    /** A schedule, and what it must give, from a base of 1. */
    private record Curve(Schedule schedule, LongToDoubleFunction rate) {
        static Curve retimed(Schedule schedule, Curve of, LongUnaryOperator clock) {
            return new Curve(schedule, t -> of.rate.applyAsDouble(clock.applyAsLong(t)));
        }
    }

    private static Curve random(Random random, int depth) {
        if (depth == 0) {
            int n = random.nextInt(1, 60);
            return switch (random.nextInt(4)) {
                case 0 -> new Curve(new StepLR(n, 0.5), t -> Math.pow(2, (double) -Math.floorDiv(t, n)));
                case 1 -> new Curve(new PolynomialLR(n, 2), t -> Math.pow(Math.max(0, n - t) / (double) n, 2));
                case 2 -> new Curve(new CosineAnnealingLR(n), t -> Math.pow(Math.cos(Math.PI * t / n / 2), 2));
                default -> new Curve(LambdaLR.of("lambda s: 1 / (1 + s / " + n + ")"), t -> 1 / (1 + t / (double) n));
            };
        }
        Curve a = random(random, depth - 1);
        Curve b = random(random, depth - 1);
        long from = random.nextInt(60);
        long to = from + random.nextInt(1, 60);
        double factor = random.nextDouble();
        return switch (random.nextInt(18)) {
            case 0 -> new Curve(a.schedule.plus(b.schedule), t -> a.rate.applyAsDouble(t) + b.rate.applyAsDouble(t));
            case 1 ->
                new Curve(a.schedule.multipliedBy(b.schedule), t -> a.rate.applyAsDouble(t) * b.rate.applyAsDouble(t));
            case 2 ->
                new Curve(a.schedule.min(b.schedule), t -> Math.min(a.rate.applyAsDouble(t), b.rate.applyAsDouble(t)));
            case 3 ->
                new Curve(a.schedule.max(b.schedule), t -> Math.max(a.rate.applyAsDouble(t), b.rate.applyAsDouble(t)));
            case 4 ->
                new Curve(
                        a.schedule.clip(factor / 2, factor),
                        t -> Math.min(factor, Math.max(factor / 2, a.rate.applyAsDouble(t))));
            case 5 -> new Curve(a.schedule.scale(factor), t -> a.rate.applyAsDouble(t) * factor);
            case 6 -> Curve.retimed(a.schedule.shift(from), a, t -> t < from ? 0 : t - from);
            case 7 -> Curve.retimed(a.schedule.repeat(to), a, t -> t - t / to * to);
            case 8 -> Curve.retimed(a.schedule.reverse(to), a, t -> t > to ? 0 : to - t);
            case 9 -> Curve.retimed(a.schedule.stretch(to * 3, to), a, t -> t * 3);
            case 10 -> Curve.retimed(a.schedule.freeze(from, to), a, t -> t < from ? t : from + Math.max(0, t - to));
            case 11 ->
                new Curve(a.schedule.interpolate(b.schedule, from, to), t -> {
                    double w = t <= from ? 0 : t >= to ? 1 : (t - from) / (double) (to - from);
                    return a.rate.applyAsDouble(t) + w * (b.rate.applyAsDouble(t) - a.rate.applyAsDouble(t));
                });
            case 16 ->
                new Curve(
                        a.schedule.continueFrom(from, factor, b.schedule).withBridge(to - from),
                        t -> t < from
                                ? a.rate.applyAsDouble(t)
                                : t < to
                                        ? factor + (t - from) * (b.rate.applyAsDouble(to) - factor) / (to - from)
                                        : b.rate.applyAsDouble(t));
            case 12 -> Curve.retimed(a.schedule.end(to, End.Then.HOLD), a, t -> t < to ? t : to);
            case 13 -> Curve.retimed(a.schedule.end(to, End.Then.REPEAT), a, t -> t - t / to * to);
            case 14 -> new Curve(a.schedule.from(1), a.rate);
            case 15 ->
                new Curve( // the factor of a is a part of what is left above the rate
                        Schedule.parse("LambdaLR(lambda t: 1 / (1 + t))").above(factor),
                        t -> factor + (1 - factor) / (1 + t));
            default ->
                new Curve(
                        new SequentialLR(List.of(a.schedule, b.schedule), List.of(to)),
                        t -> t < to ? a.rate.applyAsDouble(t) : b.rate.applyAsDouble(t - to));
        };
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void nestInEachOtherAndInSequencesInEveryOrder(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 50; i++) {
            Curve curve = random(random, 1 + i % 4);
            String text = curve.schedule.toString();
            assertEquals(curve.schedule, Schedule.parse(text), text);
            double current = 1;
            for (long step = 0; step < 200; step++) {
                double rate = curve.rate.applyAsDouble(step);
                current = curve.schedule.next(step, current, 1);
                assertEquals(rate, curve.schedule.at(step, 1), 1e-11, text + " at " + step);
                assertEquals(rate, current, 1e-11, text + " at " + step);
            }
        }
    }

    @Test
    void printTheSchedulesByPlace() {
        assertEquals(
                "Scale(StepLR(step_size=30, gamma=0.1), factor=0.5)",
                new StepLR(30).scale(0.5).toString());
        assertEquals(new StepLR(30).scale(0.5), Schedule.parse("Scale(schedule=StepLR(opt, 30), factor=0.5)"));
        assertEquals(
                "Interpolate(StepLR(step_size=30, gamma=0.1), ExponentialLR(gamma=0.9), start=3, end=5)",
                Schedule.parse("Interpolate(StepLR(30), ExponentialLR(0.9), 3, 5)")
                        .toString());
        assertEquals("Clip(StepLR(step_size=10, gamma=0.5), low=0.1)", new Clip(HALVES, 0.1).toString());
        assertEquals(
                "Clip(StepLR(step_size=10, gamma=0.5), high=0.5)",
                HALVES.clip(0, 0.5).toString());
    }

    @Test
    void takeAbsoluteRatesThatAreTheSameInEveryGroup() {
        for (double base : new double[] {0, 0.1, 0.5, 2}) {
            assertEquals(0.3, HALVES.from(0.3).at(9, base));
            assertEquals(0.15, HALVES.from(0.3).at(10, base));
            assertEquals(0.02, new HalfCosine(100).above(0.02).at(100, base));
            assertEquals(base, new HalfCosine(100).above(0.02).at(0, base), 1e-15);
            assertEquals((base + 0.02) / 2, new HalfCosine(100).above(0.02).at(50, base), 1e-15);
        }
    }

    @Test
    void forgetARateEditedByHandAtTheNextStep() {
        assertEquals(0.5, HALVES.scale(1).next(10, 7, 1));
        assertEquals(1, HALVES.min(HALVES).next(9, 7, 1));
    }

    @Test
    void inAChainActOnNothingButBeforeTheOthers() {
        Schedule chain = HALVES.scale(0.5).times(new ExponentialLR(0.9));
        assertEquals(0.45, chain.at(5, 1));
        assertEquals(0.5, new ExponentialLR(0.9).times(HALVES.scale(0.5)).at(5, 1));
    }

    @Test
    void takeEachGroupsOwnMember() {
        Schedule swa = Schedule.parse("Sum([SWALR([0.5, 0.25], 0), Scale(SWALR([0.1, 0.2], 0), 2)])");
        assertEquals(0.7, swa.forGroup(0, 2).at(3, 1), 1e-15);
        assertEquals(0.65, swa.forGroup(1, 2).at(3, 1), 1e-15);
        assertThrows(IllegalArgumentException.class, () -> swa.forGroup(0, 3));
    }

    @ParameterizedTest
    @CsvSource({
        "Sum, 100",
        "Product, 100",
        "Min, 100",
        "Max, 100",
        "Clip, 100",
        "From, 100",
        "Above, 100",
        "Scale, 100",
        "Shift, 130",
        "Stretch, 250",
        "Freeze, 120",
        "Interpolate, 100",
        "Continue, 100",
        "Own, 130",
        "Refuse, 60",
        "End, 100"
    })
    void endWithTheirMembersAndRefuseAtADeclaredEnd(String operator, long last) {
        List<Schedule> both = List.of(HALVES, CYCLE);
        Schedule schedule = switch (operator) {
            case "Sum" -> new Sum(both);
            case "Product" -> new Product(both);
            case "Min" -> new Min(both);
            case "Max" -> new Max(both);
            case "Clip" -> CYCLE.clip(0, 1);
            case "From" -> CYCLE.from(0.3);
            case "Above" -> CYCLE.above(0.01);
            case "Scale" -> CYCLE.scale(2);
            case "Shift" -> CYCLE.shift(30);
            case "Stretch" -> CYCLE.stretch(40, 100);
            case "Freeze" -> CYCLE.freeze(40, 60);
            case "Interpolate" -> HALVES.interpolate(CYCLE, 10, 20);
            case "Continue" -> HALVES.continueFrom(10, 0.1, CYCLE);
            case "Own" -> CYCLE.continueFrom(20, 0.1, CYCLE).withBridge(10).withClock(ContinueFrom.Clock.OWN);
            case "Refuse" -> CYCLE.end(60, End.Then.REFUSE);
            default -> CYCLE.end(60, End.Then.OWN);
        };
        assertEquals(last, schedule.lastStep());
    }

    @Test
    void neverEndIfTheyComeBackToTheirMembersSteps() {
        for (Schedule schedule : List.of(
                CYCLE.repeat(101),
                CYCLE.reverse(100),
                CYCLE.end(100, End.Then.HOLD),
                CYCLE.end(50, End.Then.REPEAT),
                HALVES.shift(Check.LAST_STEP),
                HALVES.freeze(5, Check.LAST_STEP),
                HALVES.stretch(Check.LAST_STEP, 1))) {
            assertEquals(Check.LAST_STEP, schedule.lastStep(), schedule.toString());
            assertTrue(Double.isFinite(schedule.at(Check.LAST_STEP, 1)), schedule.toString());
        }
    }

    @Test
    void driveTheMomentumAtTheirMembersStep() {
        double start = CYCLE.momentum(0, 0.5);
        double later = CYCLE.momentum(30, 0.5);
        assertEquals(later, CYCLE.shift(10).momentum(40, 0.5));
        assertEquals(start, CYCLE.shift(10).momentum(4, 0.5));
        assertEquals(later, CYCLE.repeat(50).momentum(80, 0.5));
        assertEquals(later, CYCLE.reverse(90).momentum(60, 0.5));
        assertEquals(later, CYCLE.stretch(10, 20).momentum(61, 0.5));
        assertEquals(later, CYCLE.freeze(30, 60).momentum(47, 0.5));
        assertEquals(later, CYCLE.end(30, End.Then.HOLD).momentum(70, 0.5));
        ContinueFrom both = CYCLE.continueFrom(40, 0.1, CYCLE).withBridge(10);
        assertEquals(later, both.momentum(30, 0.5));
        assertEquals(CYCLE.momentum(45, 0.5), both.momentum(45, 0.5));
        assertEquals(start, both.withClock(ContinueFrom.Clock.OWN).momentum(45, 0.5));
        assertEquals(later, both.withClock(ContinueFrom.Clock.OWN).momentum(80, 0.5));
        assertEquals(0.5, CYCLE.continueFrom(40, 0.1, HALVES).momentum(45, 0.5));
        for (Schedule same : List.of(
                CYCLE.scale(3),
                CYCLE.from(3),
                CYCLE.above(0.01),
                CYCLE.clip(0.1, 0.2),
                HALVES.plus(CYCLE),
                CYCLE.min(HALVES),
                HALVES.multipliedBy(CYCLE))) {
            assertEquals(later, same.momentum(30, 0.5), same.toString());
            assertTrue(same.drivesMomentum());
        }
        Schedule other = new OneCycleLR(0.1, 100).withMomentum(0.5, 0.6);
        assertEquals(
                (3 * CYCLE.momentum(25, 0) + other.momentum(25, 0)) / 4,
                CYCLE.interpolate(other, 20, 40).momentum(25, 0),
                1e-15);
        assertEquals(later, HALVES.interpolate(CYCLE, 40, 50).momentum(30, 0.5));
        assertEquals(later, CYCLE.interpolate(HALVES, 10, 20).momentum(30, 0.5));
        assertFalse(HALVES.interpolate(HALVES, 10, 20).drivesMomentum());
        assertEquals(0.5, HALVES.scale(2).momentum(30, 0.5));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Scale(StepLR(3), -1) | factor must be finite and >= 0, but was -1.0",
                "Scale(StepLR(3), math.nan) | factor must be finite and >= 0, but was NaN",
                "Scale(0.5, 3) | schedule must be a call, such as 'StepLR(step_size=30)', but was 0.5",
                "Scale(ReduceLROnPlateau(), 3) | a plateau must stand alone, or last after at least one schedule in the"
                        + " outermost SequentialLR or ChainedScheduler",
                "Scale(StepLR(3)) | Scale needs factor",
                "Sum([]) | schedules must have at least 1 entry, but had none",
                "Clip(StepLR(3), 0.5, 0.1) | high must be at least low, 0.5, but was 0.1",
                "Clip(StepLR(3), -0.5) | low must be finite and >= 0, but was -0.5",
                "From(StepLR(3), -1) | lr must be finite and >= 0, but was -1.0",
                "Above(StepLR(3), math.inf) | rate must be finite and >= 0, but was Infinity",
                "Shift(StepLR(3), -1) | steps must be at least 0, but was -1",
                "Shift(StepLR(3), 1, 'last') | before must be 'first' or 'base' or 'zero', but was 'last'",
                "Repeat(StepLR(3), 0) | period must be at least 1, but was 0",
                "Stretch(StepLR(3), 0, 1) | length must be at least 1, but was 0",
                "Stretch(StepLR(3), 1, 0) | to must be at least 1, but was 0",
                "Freeze(StepLR(3), 5, 4) | end must be at least start, 5, but was 4",
                "Interpolate(StepLR(3), StepLR(4), 5, 4) | end must be at least start, 5, but was 4",
                "ContinueFrom(StepLR(3), StepLR(4), -1, 0.1) | step must be at least 0, but was -1",
                "ContinueFrom(StepLR(3), StepLR(4), 5, -0.1) | rate must be finite and >= 0, but was -0.1",
                "ContinueFrom(StepLR(3), StepLR(4), 5, 0.1, -2) | bridge must be at least 0, but was -2",
                "ContinueFrom(StepLR(3), StepLR(4), 5, 0.1, 2, 'new') | clock must be 'run' or 'own', but was 'new'",
                "End(StepLR(3), 0) | step must be at least 1, but was 0",
                "End(StepLR(3), 5, 'stop') | then must be 'hold' or 'repeat' or 'refuse' or 'own', but was 'stop'"
            })
    void refuseEveryBadValueByNameAndValue(String text, String message) {
        String refusal = String.valueOf(assertThrows(IllegalArgumentException.class, () -> Schedule.parse(text))
                .getMessage());
        assertEquals(message, refusal.replaceFirst("^column \\d+: ", ""));
    }

    @Test
    void refuseStepsThatTheirMemberDoesNotHave() {
        Schedule five = new OneCycleLR(0.1, 5);
        String because = ", because " + five + " ends with step 5, but was ";
        List<String> refusals = new ArrayList<>();
        for (Runnable each : List.<Runnable>of(
                () -> five.repeat(7),
                () -> five.reverse(6),
                () -> five.end(6, End.Then.HOLD),
                () -> five.freeze(6, 8),
                () -> HALVES.interpolate(five, 3, 6),
                () -> five.continueFrom(7, 0.1, HALVES),
                () -> HALVES.continueFrom(6, 0.1, five),
                () -> HALVES.continueFrom(3, 0.1, five).withBridge(3))) {
            refusals.add(String.valueOf(
                    assertThrows(IllegalArgumentException.class, each::run).getMessage()));
        }
        assertEquals(
                List.of(
                        "period must be at most 6" + because + 7,
                        "length must be at most 5" + because + 6,
                        "step must be at most 5" + because + 6,
                        "start must be at most 5" + because + 6,
                        "end must be at most 5" + because + 6,
                        "step must be at most 6" + because + 7,
                        "step must be at most 5" + because + 6,
                        "bridge must be at most 2" + because + 3),
                refusals);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Shift(StepLR(3), 200) | StepLR never starts: Shift starts it after 200 steps, but the run has 100 steps",
                "Shift(CosineAnnealingLR(100), 50) | CosineAnnealingLR is not finished: its part of the run ends after 50"
                        + " of its 100 steps",
                "Scale(CosineAnnealingLR(50), 0.5) | CosineAnnealingLR climbs again from here on: the run of 100 steps"
                        + " goes on past T_max=50",
                "Repeat(ExponentialLR(0.99), 100) | Repeat never repeats: its period, 100 steps, is not within the run of"
                        + " 100 steps",
                "Reverse(ExponentialLR(0.99), 150) | Reverse is not finished: the run ends after 100 of its 150 steps",
                "Stretch(ExponentialLR(0.99), 100, 150) | Stretch is not finished: the run ends after 100 of its 150 steps",
                "Freeze(ExponentialLR(0.99), 150, 160) | Freeze never stops the schedule: it starts at step 150, which is"
                        + " not within the run of 100 steps",
                "Interpolate(ExponentialLR(0.99), StepLR(3), 150, 160) | StepLR is never reached: Interpolate turns to it"
                        + " after step 150, but the run has 100 steps",
                "End(ExponentialLR(0.99), 50, 'refuse') | the schedule has ended: End refuses what is after step 50, but"
                        + " the run has 100 steps",
                "From(PolynomialLR(50), 0.3) | PolynomialLR is at zero from here on: it ends after 50 steps, but the run has"
                        + " 100 steps",
                "Above(PolynomialLR(50), 0) | PolynomialLR is at zero from here on: it ends after 50 steps, but the run has"
                        + " 100 steps",
                "Clip(PolynomialLR(50), 0) | PolynomialLR is at zero from here on: it ends after 50 steps, but the run has"
                        + " 100 steps",
                "Product([PolynomialLR(50), StepLR(3)]) | PolynomialLR is at zero from here on: it ends after 50 steps, but"
                        + " the run has 100 steps"
            })
    void reportWhatDoesNotFitTheRun(String text, String problem) {
        Checkup checkup = Checkup.of(Schedule.parse(text), 100, 0.1);
        assertTrue(
                checkup.findings().stream()
                        .anyMatch(finding -> finding.problem().equals(problem)),
                checkup.findings().toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Clip(PolynomialLR(50), 0.001)",
                "Above(PolynomialLR(50), 0.001)",
                "From(PolynomialLR(100), 0.3)",
                "Max([PolynomialLR(50), ExponentialLR(0.99)])",
                "Sum([PolynomialLR(50), ExponentialLR(0.99)])",
                "End(CosineAnnealingLR(60), 50)",
                "Repeat(CosineAnnealingLR(25), 25)",
                "Reverse(PolynomialLR(100), 99)",
                "Freeze(CosineAnnealingLR(60), 20, 60)"
            })
    void reportNothingThatTheyPutRight(String text) {
        assertEquals(List.of(), Checkup.of(Schedule.parse(text), 100, 0.1).findings());
    }

    @Test
    void reportLengthsInTheWrongUnit() {
        RunLength run = new RunLength(100, 30);
        for (String text :
                List.of("Clip(CosineAnnealingLR(30), 0.001)", "Sum([StepLR(30)])", "Shift(StepLR(300), 20)")) {
            assertTrue(
                    Checkup.of(Schedule.parse(text), run, 0.1).findings().stream()
                            .anyMatch(finding -> finding.problem().contains("looks like epochs")),
                    text);
        }
    }

    @Test
    void readLengthsInUnitsOfTheRun() {
        assertEquals(
                new CosineAnnealingLR(2700).shift(300),
                Schedule.parse("Shift(CosineAnnealingLR(27ep), steps=10%)", new RunLength(100, 30)));
    }
}
