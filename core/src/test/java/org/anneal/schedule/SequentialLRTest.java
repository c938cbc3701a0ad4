package org.anneal.schedule;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.anneal.text.Check;
import org.anneal.text.Python;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SequentialLRTest {

    @Test
    void eachScheduleCountsItsOwnStepsAndStartsAfreshFromTheBase() {
        Schedule schedule = new ExponentialLR(0.5).then(3, new StepLR(2, 0.25)).then(6, LambdaLR.of("lambda s: s"));
        assertEquals(List.of(16.0, 8.0, 4.0, 16.0, 16.0, 4.0, 0.0, 16.0, 32.0), rates(schedule, 9, 16));
        assertEquals(4.0, schedule.at(5, 16));
        assertEquals(16.0, schedule.next(3, 123, 16)); // at a milestone an edit is lost
        assertEquals(123.0, schedule.next(4, 123, 16));
    }

    @Test
    void aScheduleThatCarriesStartsFromTheRateInForce() {
        Schedule schedule = new ExponentialLR(0.5).then(3, MultiplicativeLR.of("lambda s: 3 - s"));
        assertEquals(List.of(16.0, 8.0, 4.0, 12.0, 24.0, 24.0, 0.0), rates(schedule, 7, 16));
        assertEquals(24.0, schedule.at(5, 16));
        assertEquals(300.0, schedule.next(3, 100, 16));
    }

    @Test
    void carriesThroughSeveralPiecesAndThroughNests() {
        Schedule halve = MultiplicativeLR.of("lambda s: 0.5");
        Schedule nested = new SequentialLR(List.of(halve, halve), List.of(1L));
        Schedule chain = new ChainedScheduler(List.of(halve, new ExponentialLR(0.5)));
        Schedule schedule = new SequentialLR(List.of(halve, halve, nested, chain), List.of(2L, 4L, 6L));
        // Taking over, lambda(0) is applied to what is in force.
        assertEquals(List.of(1024.0, 512.0, 256.0, 128.0, 64.0, 32.0, 16.0, 4.0, 1.0), rates(schedule, 9, 1024));
        for (int step = 0; step < 9; step++) {
            assertEquals(rates(schedule, 9, 1024).get(step), schedule.at(step, 1024));
        }
    }

    @Test
    void withAMilestoneAtZeroTheFirstScheduleNeverActs() {
        Schedule schedule = LambdaLR.of("lambda s: 7").then(0, MultiplicativeLR.of("lambda s: s + 2"));
        assertEquals(List.of(1.0, 3.0, 12.0), rates(schedule, 3, 1)); // at step 0 nothing takes over
        assertEquals(12.0, schedule.at(2, 1));
    }

    // torch 2.13.0, lr=1: SequentialLR([ExponentialLR(gamma=0.5), member], milestones=[2]), steps 0 to 5
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "StepLR(2, 0.5) | 1.0, 0.5, 1.0, 1.0, 0.5, 0.5",
                "MultiStepLR([0, 1], 0.5) | 1.0, 0.5, 0.5, 0.25, 0.25, 0.25",
                "ExponentialLR(0.9) | 1.0, 0.5, 1.0, 0.9, 0.81, 0.7290000000000001",
                "MultiplicativeLR(lambda s: 0.5 + s) | 1.0, 0.5, 0.25, 0.375, 0.9375, 3.28125",
                "LambdaLR(lambda s: 0.5 + s) | 1.0, 0.5, 0.5, 1.5, 2.5, 3.5",
                "CosineAnnealingLR(2) | 1.0, 0.5, 1.0, 0.5, 0.0, 0.49999999999999994",
            })
    void givesPyTorchsRates(String member, String rates) {
        String text = "SequentialLR(opt, [ExponentialLR(opt, 0.5), " + member + "], [2])";
        assertEquals(rates, join(Schedule.parse(text), 6));
    }

    @Test
    void findsTheActiveScheduleByBisection() {
        List<Schedule> pieces = new ArrayList<>(Collections.nCopies(100_001, new ExponentialLR(0.5)));
        List<Long> milestones =
                LongStream.rangeClosed(1, 100_000).map(i -> i * 10).boxed().toList();
        SequentialLR schedule = new SequentialLR(pieces, milestones);
        assertTimeoutPreemptively(Duration.ofSeconds(5), () -> {
            for (long step = 0; step < 1_000_000; step++) {
                assertEquals(Math.scalb(1.0, (int) -(step % 10)), schedule.at(step, 1));
            }
        });
        assertEquals(0.0, schedule.at(1L << 53, 1));
        // Pieces that carry are walked, but not recursively.
        Collections.fill(pieces, MultiplicativeLR.of("lambda s: 1"));
        assertEquals(1.0, new SequentialLR(pieces, milestones).at(1L << 53, 1));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void saysTheSameInClosedFormAndStepByStepHoweverNested(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 200; i++) {
            Schedule schedule = random(random, 4);
            double[] curve = schedule.curve(60, 0.5).toArray();
            for (int step = 0; step < curve.length; step++) {
                String where = "seed " + seed + ": " + schedule + " at " + step;
                assertEquals(curve[step], schedule.at(step, 0.5), 1e-12 * Math.max(0.5, curve[step]), where);
            }
            assertEquals(schedule, Schedule.parse(schedule.toString()));
            assertEquals(schedule, schedule.forGroup(1, 2));
        }
    }

    private static Schedule random(Random random, int depth) {
        if (depth > 0 && random.nextInt(3) > 0) {
            List<Schedule> members = new ArrayList<>();
            List<Long> milestones = new ArrayList<>();
            long milestone = random.nextInt(5);
            for (int n = random.nextInt(3); n >= 0; n--) {
                members.add(random(random, depth - 1));
                milestones.add(milestone);
                milestone += 1 + random.nextInt(20);
            }
            return random.nextBoolean()
                    ? new ChainedScheduler(members)
                    : new SequentialLR(members, milestones.subList(1, milestones.size()));
        }
        return switch (random.nextInt(6)) {
            case 0 -> new StepLR(1 + random.nextInt(9), 0.5 + random.nextDouble() / 2);
            case 1 -> new ExponentialLR(0.9 + random.nextDouble() / 10);
            case 2 -> MultiplicativeLR.of("lambda s: 0.9 + s / 1000");
            case 3 -> LambdaLR.of("lambda s: 1 / (s + 1)");
            case 4 -> new MultiStepLR(List.of((long) random.nextInt(9), (long) random.nextInt(30)), 0.5);
            default -> new CosineAnnealingLR(61 + random.nextInt(9));
        };
    }

    @Test
    void aChainOrASequenceThatRunsFirstStartsAtTheBase() {
        // torch 2.13.0: 0.5, 0.25, 1.0 and 0.5, 0.25, 1.0; it decays before step 0
        Schedule chain = Schedule.parse("SequentialLR([ChainedScheduler([ExponentialLR(0.5)]), StepLR(9)], [2])");
        assertEquals(List.of(1.0, 0.5, 1.0), rates(chain, 3, 1));
        Schedule sequence = Schedule.parse("SequentialLR([SequentialLR([ExponentialLR(0.5)], []), StepLR(9)], [2])");
        assertEquals(List.of(1.0, 0.5, 1.0), rates(sequence, 3, 1));
    }

    @Test
    void aOneCycleLeavesTheBaseOfAWarmupAlone() {
        // torch 2.13.0: 0.004 at step 0, a tenth of OneCycleLR's initial_lr
        Schedule schedule = new OneCycleLR(1, 20).afterWarmup(5, 0.1);
        assertEquals(0.01, schedule.at(0, 0.1), 1e-15);
        assertEquals(0.04, schedule.at(5, 0.1), 1e-15);
    }

    @Test
    void resumesTheScheduleAtWork() {
        Schedule schedule = new ExponentialLR(0.5)
                .then(3, LambdaLR.of("lambda s: s + 5"))
                .then(6, MultiplicativeLR.of("lambda s: 2"));
        assertEquals(1.0, schedule.start(0, 7, 1));
        assertEquals(7.0, schedule.start(2, 7, 1)); // a restored optimizer has the rate
        assertEquals(5.0, schedule.start(3, 7, 1));
        assertEquals(6.0, schedule.start(4, 7, 1));
        assertEquals(7.0, schedule.start(6, 7, 1));
        assertEquals(7.0, schedule.start(8, 7, 1));
    }

    @Test
    void thenExtendsASequence() {
        Schedule a = new StepLR(1);
        Schedule b = new ExponentialLR(0.5);
        assertEquals(
                new SequentialLR(List.of(a, b, a), List.of(5L, 9L)),
                a.then(5, b).then(9, a));
        assertEquals(
                "milestones must increase, but had 5 after 5",
                refusal(() -> a.then(5, b).then(5, a)));
    }

    @Test
    void afterWarmupTheScheduleStartsAtItsFirstStep() {
        Schedule schedule = new CosineAnnealingLR(9500).afterWarmup(500, 0.01);
        assertEquals(
                "SequentialLR([LinearLR(start_factor=0.01, total_iters=500), CosineAnnealingLR(T_max=9500)],"
                        + " milestones=[500])",
                schedule.toString());
        assertEquals(0.001, schedule.at(0, 0.1));
        assertEquals(0.1, schedule.at(500, 0.1));
        assertEquals(
                List.of(4.0, 2.0, 1.0),
                rates(new ExponentialLR(0.5).afterWarmup(0, 0.01), 3, 4)); // a warmup of no steps
    }

    @Test
    void refusesWhatDoesNotFitWithBothNumbers() {
        Schedule a = new StepLR(1);
        assertEquals(
                "schedulers must have at least 1 entry, but had none",
                refusal(() -> new SequentialLR(List.of(), List.of())));
        assertEquals(
                "milestones must have one entry fewer than schedulers, 1 for 2, but had 3",
                refusal(() -> new SequentialLR(List.of(a, a), List.of(1L, 2L, 3L))));
        assertEquals(
                "milestones must be at least 0, but was -1",
                refusal(() -> new SequentialLR(List.of(a, a), List.of(-1L))));
        assertEquals(
                "milestones must increase, but had 3 after 4",
                refusal(() -> new SequentialLR(List.of(a, a, a), List.of(4L, 3L))));
    }

    @Test
    void endsWithAScheduleThatEndsBeforeItsPiece() {
        Schedule cycle = new OneCycleLR(1, 10);
        assertEquals(13, new StepLR(1).then(3, cycle).lastStep());
        assertEquals(10, cycle.then(12, new StepLR(1)).lastStep());
        assertEquals(Check.LAST_STEP, cycle.then(11, new StepLR(1)).lastStep());
        assertEquals(Check.LAST_STEP, cycle.then(0, new StepLR(1)).lastStep());
        assertEquals(10, cycle.times(new OneCycleLR(1, 11)).times(new StepLR(3)).lastStep());
    }

    @Test
    void theLastMomentumThatWasSetStays() {
        Schedule cycle = new OneCycleLR(1, 10).withMomentum(0.8, 0.9);
        Schedule schedule = new StepLR(1).then(3, cycle).then(9, new StepLR(1));
        assertTrue(schedule.drivesMomentum());
        assertEquals(0.5, schedule.momentum(2, 0.5));
        assertEquals(0.9, schedule.momentum(3, 0.5));
        assertEquals(cycle.momentum(5, 0.5), schedule.momentum(8, 0.5));
        assertEquals(0.6, schedule.momentum(9, 0.6));
        Schedule chain =
                cycle.times(new CyclicLR(0.1, 1).withMomentum(0.7, 0.75)).times(new StepLR(1));
        assertEquals(0.75, chain.momentum(0, 0.5)); // of several the last wins
        assertFalse(new StepLR(1).then(1, new StepLR(2).times(new StepLR(3))).drivesMomentum());
    }

    @Test
    void bindsAListPerGroupInEveryMember() {
        Schedule schedule = Schedule.parse("SequentialLR([LambdaLR([lambda s: 1, lambda s: 2]),"
                + " ChainedScheduler([LambdaLR([lambda s: 3, lambda s: 4])])], milestones=[1])");
        assertArrayEquals(
                new double[] {2, 4}, schedule.forGroup(1, 2).curve(2, 1).toArray());
        assertEquals(
                "lr_lambda must have 1 entry for all groups or 3, one per group, but had 2",
                refusal(() -> schedule.forGroup(1, 3)));
    }

    static List<Double> rates(Schedule schedule, long steps, double base) {
        return schedule.curve(steps, base).boxed().toList();
    }

    static String join(Schedule schedule, long steps) {
        return Python.repr(rates(schedule, steps, 1)).replaceAll("[\\[\\]]", "");
    }

    static String refusal(Executable code) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, code).getMessage());
    }
}
