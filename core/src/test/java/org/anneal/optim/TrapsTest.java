package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.schedule.AnnealStrategy;
import org.anneal.schedule.ConstantLR;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.schedule.CosineAnnealingWarmRestarts;
import org.anneal.schedule.CyclicLR;
import org.anneal.schedule.ExponentialLR;
import org.anneal.schedule.LambdaLR;
import org.anneal.schedule.LinearLR;
import org.anneal.schedule.MultiStepLR;
import org.anneal.schedule.MultiplicativeLR;
import org.anneal.schedule.OneCycleLR;
import org.anneal.schedule.PolynomialLR;
import org.anneal.schedule.SWALR;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SequentialLR;
import org.anneal.schedule.StepLR;
import org.anneal.text.LrLambda;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where users of PyTorch 2.13's schedulers fall, in the order of the reference's list, and what happens here. */
class TrapsTest {

    private static Optimizer<FloatArray> optimizer(double lr) {
        return FloatArrays.optimizer(new SGD(lr).withMomentum(0.9), List.of(new FloatArray(1f)));
    }

    private static double lr(Optimizer<FloatArray> optimizer) {
        return optimizer.groups().get(0).lr();
    }

    private static void step(Optimizer<FloatArray> optimizer, LRScheduler scheduler) {
        optimizer.step();
        scheduler.step();
    }

    /** The rates before each of {@code steps} steps of a run from {@code lr}. */
    private static List<Double> rates(Schedule schedule, double lr, int steps) {
        Optimizer<FloatArray> optimizer = optimizer(lr);
        LRScheduler scheduler = new LRScheduler(optimizer, schedule);
        return IntStream.range(0, steps)
                .mapToObj(i -> {
                    double rate = lr(optimizer);
                    step(optimizer, scheduler);
                    return rate;
                })
                .toList();
    }

    /** 1. PyTorch takes the step past the end, to a rate of -0.142853 and a momentum of 0.964. */
    @ParameterizedTest
    @MethodSource("cycles")
    void oneCycleNeverGoesPastItsEnd(OneCycleLR schedule) {
        Optimizer<FloatArray> optimizer = optimizer(0.1);
        LRScheduler scheduler = new LRScheduler(optimizer, schedule);
        double last = 0;
        for (int step = 0; step < 10; step++) {
            last = lr(optimizer);
            step(optimizer, scheduler); // the loop of ten updates makes ten
        }
        assertEquals(last, lr(optimizer));
        assertTrue(last >= 0);
        assertEquals(schedule.momentum(9, 0), optimizer.groups().get(0).momentum());
        assertThrows(IllegalStateException.class, scheduler::step);
        assertEquals(last, lr(optimizer));
        assertEquals(10, scheduler.lastEpoch());
    }

    static Stream<OneCycleLR> cycles() {
        OneCycleLR linear = new OneCycleLR(1, 10).withAnnealStrategy(AnnealStrategy.LINEAR);
        return Stream.of(new OneCycleLR(1, 10), linear, linear.withThreePhase(true));
    }

    /** 2. PyTorch divides by zero where pct_start * total_steps is 1, and starts at 0.9755 of max_lr with pct_start 0. */
    @Test
    void oneCycleSkipsAPhaseOfNoLength() {
        // The rise is over at step 0, where it begins: the maximum comes at once.
        List<Double> once = rates(new OneCycleLR(1, 10).withPctStart(0.1), 0.1, 10);
        List<Double> none = rates(new OneCycleLR(1, 10).withPctStart(0), 0.1, 10);
        assertEquals(1.0, once.get(0));
        assertEquals(1.0, none.get(0));
        assertEquals(once, none);
    }

    /** 3. PyTorch raises NotImplementedError at the milestone, and is a step ahead if the nested one comes first. */
    @Test
    void sequencesAndChainsNestInAnyPosition() {
        Schedule chain = new StepLR(2, 0.5).times(new ExponentialLR(0.5));
        Schedule sequence = new ExponentialLR(0.5).then(2, new StepLR(1, 0.25));
        assertEquals(List.of(1.0, 1.0, 1.0, 0.5, 0.125), rates(new StepLR(9).then(2, chain), 1, 5));
        assertEquals(
                List.of(1.0, 1.0, 1.0, 0.5, 1.0, 0.25),
                rates(new StepLR(9).then(2, sequence).then(9, chain), 1, 6));
        Schedule first = new SequentialLR(List.of(sequence, new StepLR(9)), List.of(4L));
        assertEquals(List.of(1.0, 0.5, 1.0, 0.25, 1.0, 1.0), rates(first, 1, 6));
    }

    /** 4. The same here, because PyTorch's numbers hold; documented on both, and {@code carries()} says so. */
    @Test
    void afterAMilestoneMultiplicativeAndSwaGoOnFromTheRateInForce() {
        Schedule warmup = new LinearLR(0.25, 0.75, 2);
        assertTrue(MultiplicativeLR.of("lambda s: 0.5").carries());
        assertEquals(
                List.of(0.25, 0.5, 0.25, 0.125), rates(warmup.then(2, MultiplicativeLR.of("lambda s: 0.5")), 1, 4));
        SWALR swa = new SWALR(0).withAnnealEpochs(2).withAnnealStrategy(AnnealStrategy.LINEAR);
        assertTrue(swa.carries());
        assertEquals(List.of(0.25, 0.5, 0.5, 0.25, 0.0), rates(warmup.then(2, swa), 1, 5));
    }

    /** 5. PyTorch's OneCycleLR overwrites initial_lr, so that the warmup runs at a 25th of what was asked for. */
    @Test
    void aOneCycleLeavesTheWarmupBeforeItAlone() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler scheduler =
                new LRScheduler(optimizer, new LinearLR(0.25, 0.75, 2).then(2, new OneCycleLR(0.8, 10)));
        assertEquals(OptionalDouble.of(1), optimizer.groups().get(0).initialLr());
        assertEquals(0.25, lr(optimizer));
        assertEquals(0.9, optimizer.groups().get(0).momentum());
        step(optimizer, scheduler);
        assertEquals(0.5, lr(optimizer));
        assertEquals(0.9, optimizer.groups().get(0).momentum());
        step(optimizer, scheduler);
        assertEquals(0.8 / 25, lr(optimizer), 1e-15);
        assertEquals(0.95, optimizer.groups().get(0).momentum());
    }

    /** 6. PyTorch's SequentialLR(last_epoch=4) starts over. */
    @Test
    void aSequenceResumesByLastEpoch() {
        Schedule schedule = new LinearLR(0.1, 3).then(3, new ExponentialLR(0.5));
        List<Double> whole = rates(schedule, 1, 8);
        Optimizer<FloatArray> optimizer = optimizer(1);
        optimizer.rebase();
        optimizer.groups().get(0).setLr(whole.get(5)); // as a restored optimizer has it
        LRScheduler scheduler = new LRScheduler(optimizer, schedule, 4);
        assertEquals(whole.get(5), lr(optimizer));
        step(optimizer, scheduler);
        assertEquals(whole.get(6), lr(optimizer));
        assertEquals(6, scheduler.lastEpoch());
    }

    /** 7. PyTorch's cosine decays from 0.125 to 0 and then climbs to a stale base of 1. */
    @Test
    void aSecondScheduleStartsFromTheBaseThatItLaterReturnsTo() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler exponential = new LRScheduler(optimizer, new ExponentialLR(0.5));
        for (int i = 0; i < 3; i++) {
            step(optimizer, exponential);
        }
        assertEquals(0.125, lr(optimizer));
        optimizer.rebase(); // go on from here; without it, the cosine starts from 1 again
        LRScheduler cosine = new LRScheduler(optimizer, new CosineAnnealingLR(4));
        double highest = lr(optimizer);
        assertEquals(0.125, highest);
        for (int i = 0; i < 8; i++) {
            step(optimizer, cosine);
            highest = Math.max(highest, lr(optimizer));
        }
        assertEquals(0.125, highest, 1e-15);
        new LRScheduler(optimizer, LambdaLR.of("lambda s: 1"));
        assertEquals(0.125, lr(optimizer));
    }

    /** 8. In PyTorch two constructions compound to 0.01. */
    @Test
    void buildingTwiceIsBuildingOnce() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        new LRScheduler(optimizer, new LinearLR(0.1, 10));
        new LRScheduler(optimizer, new LinearLR(0.1, 10));
        assertEquals(0.1, lr(optimizer));
    }

    /** 9. PyTorch's step(epoch) takes a logarithm and is at 0 where a restart is due. */
    @ParameterizedTest
    @CsvSource({"10, 3, 1210", "10, 10, 1110", "1, 3, 121"})
    void warmRestartsMissNoRestart(long t0, long tMult, int restart) {
        Schedule schedule = new CosineAnnealingWarmRestarts(t0, tMult);
        assertEquals(1.0, schedule.at(restart, 1));
        assertEquals(1.0, rates(schedule, 1, restart + 1).get(restart));
    }

    /** 10. In PyTorch a late group fails in zip or by a KeyError, or follows without a base. */
    @ParameterizedTest
    @MethodSource("everyKind")
    void aLateGroupIsRefusedUntilItJoinsAndThenFollows(Schedule schedule) {
        Optimizer<FloatArray> optimizer = optimizer(0.5);
        LRScheduler scheduler = new LRScheduler(optimizer, schedule);
        step(optimizer, scheduler);
        ParamGroup<FloatArray> late =
                new ParamGroup<>("late", new SGD(0.25).withMomentum(0.9), List.of(new FloatArray(1f)));
        optimizer.addParamGroup(late);
        assertThrows(IllegalStateException.class, scheduler::step);
        scheduler.join(late);
        assertEquals(0.25, late.lr());
        assertEquals(OptionalDouble.of(0.25), late.initialLr());
        scheduler.step();
        assertEquals(schedule.next(2, 0.25, 0.25), late.lr());
    }

    static Stream<Schedule> everyKind() {
        return Stream.of(
                new StepLR(2),
                MultiStepLR.of(2),
                new ExponentialLR(0.5),
                MultiplicativeLR.of("lambda s: 0.5"),
                LambdaLR.of("lambda s: 0.5 ** s"),
                new CosineAnnealingLR(4),
                new ConstantLR(),
                new LinearLR(),
                new PolynomialLR(),
                new CosineAnnealingWarmRestarts(4),
                new CyclicLR(0.1, 1),
                new OneCycleLR(1, 10),
                new SWALR(0.1),
                new LinearLR(0.5, 2).then(2, new StepLR(3)),
                new StepLR(2).times(new ExponentialLR(0.5)));
    }

    /** 11. The resume matrix is ResumeTest; this is PyTorch's worst row, by last_epoch. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void resumingByLastEpochDecaysNoMilestoneTwice(int cut) {
        for (Schedule schedule : everyKind().toList()) {
            List<Double> whole = rates(schedule, 1, 10);
            Optimizer<FloatArray> optimizer = optimizer(1);
            optimizer.rebase();
            optimizer.groups().get(0).setLr(whole.get(cut));
            LRScheduler scheduler = new LRScheduler(optimizer, schedule, cut - 1L);
            List<Double> rest = new ArrayList<>();
            for (int step = cut; step < 10; step++) {
                rest.add(lr(optimizer));
                step(optimizer, scheduler);
            }
            assertEquals(whole.subList(cut, 10), rest, schedule::toString);
        }
    }

    /** 12. In PyTorch a copy of a scheduler copies the optimizer, and groups share one callable object. */
    @Test
    void aScheduleIsAValueThatRunsMayShare() {
        Schedule shared = new LambdaLR(List.of(LrLambda.parse("lambda s: 0.5 ** s"), LrLambda.parse("lambda s: s")));
        List<LRScheduler> runners = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            ParamGroup<FloatArray> first = new ParamGroup<>("a", new SGD(1), List.of(new FloatArray(1f)));
            ParamGroup<FloatArray> second = new ParamGroup<>("b", new SGD(1), List.of(new FloatArray(1f)));
            runners.add(new LRScheduler(FloatArrays.optimizer(List.of(first, second)), shared));
        }
        runners.get(0).step();
        runners.get(0).step();
        assertEquals(List.of(0.25, 2.0), runners.get(0).lastLr());
        assertEquals(List.of(1.0, 0.0), runners.get(1).lastLr());
        assertEquals(shared, Schedule.parse(shared.toString()));
    }
}
