package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.schedule.CyclicLR;
import org.anneal.schedule.ExponentialLR;
import org.anneal.schedule.LinearLR;
import org.anneal.schedule.MultiStepLR;
import org.anneal.schedule.OneCycleLR;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.StepLR;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** When a step counts, who hears of it, where it ends, and what it costs. */
class StepTest {
    private static final int ACCUMULATED = 4;

    private static Optimizer<FloatArray> optimizer(UpdateRule rule) {
        return FloatArrays.optimizer(rule, List.of(new FloatArray(1f)));
    }

    private static double lr(Optimizer<FloatArray> optimizer) {
        return optimizer.groups().get(0).lr();
    }

    private static double momentum(Optimizer<FloatArray> optimizer) {
        return optimizer.groups().get(0).momentum();
    }

    @Test
    void accumulatedBatchesDoNotAdvanceTheSchedule() {
        Optimizer<FloatArray> optimizer = optimizer(new SGD(1));
        LRScheduler scheduler = new LRScheduler(optimizer, new ExponentialLR(0.5));
        for (int batch = 1; batch <= 3 * ACCUMULATED; batch++) {
            boolean full = batch % ACCUMULATED == 0;
            if (full) {
                optimizer.step();
            }
            assertEquals(full, scheduler.stepAfterUpdate());
            assertEquals(batch / ACCUMULATED, scheduler.lastEpoch());
        }
        assertEquals(0.125, lr(optimizer));
    }

    @Test
    void aSkippedOptimizerStepDoesNotAdvanceTheSchedule() {
        Optimizer<FloatArray> optimizer = optimizer(new SGD(1));
        optimizer.step(); // before there was a runner
        LRScheduler scheduler = new LRScheduler(optimizer, new ExponentialLR(0.5));
        assertFalse(scheduler.stepAfterUpdate());
        optimizer.step();
        assertTrue(scheduler.stepAfterUpdate());
        assertFalse(scheduler.stepAfterUpdate());
        assertEquals(0.5, lr(optimizer));
        optimizer.step();
        scheduler.restore(scheduler.state()); // what was stepped before does not count
        assertFalse(scheduler.stepAfterUpdate());
        assertEquals(1, scheduler.lastEpoch());
    }

    @Test
    void aRefusedStepIsStillDue() {
        Optimizer<FloatArray> optimizer = optimizer(new SGD(1).withMomentum(0.9));
        LRScheduler scheduler = new LRScheduler(optimizer, new OneCycleLR(1, 1));
        optimizer.step();
        assertTrue(scheduler.stepAfterUpdate());
        optimizer.step();
        assertThrows(IllegalStateException.class, scheduler::stepAfterUpdate);
        assertThrows(IllegalStateException.class, scheduler::stepAfterUpdate);
        assertEquals(1, scheduler.lastEpoch());
    }

    @Test
    void tellsEveryRateAndMomentumThatIsSet() {
        Optimizer<FloatArray> optimizer = optimizer(new SGD(1).withMomentum(0.9));
        List<String> heard = new ArrayList<>();
        LRScheduler scheduler = new LRScheduler(
                optimizer,
                new CyclicLR(0.25, 1.25)
                        .withStepSize(2)
                        .withMomentum(0.5, 0.75)
                        .times(new ReduceLROnPlateau().withPatience(0).withFactor(0.5)));
        scheduler.onSet((step, group, lr, momentum) -> heard.add(step + " " + group + " " + lr + " " + momentum));
        assertHeard(heard, "0 0 0.25 0.75");
        optimizer.step();
        scheduler.step();
        assertHeard(heard, "1 0 0.75 0.625");
        SchedulerState state = scheduler.state();
        scheduler.step(1.0);
        assertHeard(heard, "1 0 0.75 0.625");
        scheduler.step(1.0);
        assertHeard(heard, "1 0 0.375 0.625");
        scheduler.restore(state);
        assertHeard(heard, "1 0 0.75 0.625");
        ParamGroup<FloatArray> late =
                new ParamGroup<>("late", new SGD(0.4).withMomentum(0.1), List.of(new FloatArray(1f)));
        optimizer.addParamGroup(late);
        scheduler.join(late);
        assertHeard(heard, "1 0 0.75 0.625", "1 1 0.4 0.1");
        scheduler.step();
        assertHeard(heard, "2 0 1.25 0.5", "2 1 1.25 0.5");
    }

    private static void assertHeard(List<String> heard, String... expected) {
        assertEquals(List.of(expected), heard);
        heard.clear();
    }

    @Test
    void aRefusedStepIsNotTold() {
        LRScheduler scheduler = new LRScheduler(optimizer(new SGD(1).withMomentum(0.9)), new OneCycleLR(1, 1));
        scheduler.step();
        List<Long> heard = new ArrayList<>();
        scheduler.onSet((step, group, lr, momentum) -> heard.add(step));
        assertThrows(IllegalStateException.class, scheduler::step);
        assertEquals(List.of(1L), heard);
    }

    static Stream<Schedule> ending() {
        Schedule cycle = new OneCycleLR(1, 10);
        return Stream.of(
                cycle,
                cycle.times(new ExponentialLR(0.9)),
                new StepLR(3).times(cycle),
                new LinearLR(0.5, 4).then(4, new OneCycleLR(1, 6)),
                new LinearLR(0.5, 4).then(4, new StepLR(3).times(new OneCycleLR(1, 6))),
                cycle.then(20, new StepLR(3)));
    }

    @ParameterizedTest
    @MethodSource("ending")
    void takesTheLastStepOfALoopAndRefusesOneMore(Schedule schedule) {
        Optimizer<FloatArray> optimizer = optimizer(new SGD(1).withMomentum(0.9));
        LRScheduler scheduler = new LRScheduler(optimizer, schedule);
        for (int step = 0; step < 10; step++) {
            optimizer.step();
            scheduler.step();
        }
        SchedulerState state = scheduler.state();
        assertEquals(10, state.lastEpoch());
        for (int attempt = 0; attempt < 2; attempt++) {
            assertEquals(
                    schedule + " ends with step 10, so it cannot be stepped 11 times",
                    assertThrows(IllegalStateException.class, scheduler::step).getMessage());
            assertEquals(state, scheduler.state());
        }
    }

    @Test
    void aCycleThatAnotherScheduleFollowsInTimeDoesNotEnd() {
        LRScheduler scheduler =
                new LRScheduler(optimizer(new SGD(1).withMomentum(0.9)), new OneCycleLR(1, 10).then(10, new StepLR(3)));
        for (int step = 0; step < 30; step++) {
            scheduler.step();
        }
        assertEquals(30, scheduler.lastEpoch());
    }

    @Test
    void drivesTheMomentumOfSgdAndBeta1OfAdam() {
        CyclicLR schedule = new CyclicLR(0.25, 1.25).withStepSize(2).withMomentum(0.5, 0.75);
        List<Double> expected = List.of(0.75, 0.625, 0.5, 0.625, 0.75);
        for (UpdateRule rule : List.of(new SGD(1).withMomentum(0.9), new Adam(1).withBetas(0.9, 0.98))) {
            Optimizer<FloatArray> optimizer = optimizer(rule);
            LRScheduler scheduler = new LRScheduler(optimizer, schedule);
            for (double momentum : expected) {
                assertEquals(momentum, momentum(optimizer));
                optimizer.step();
                scheduler.step();
            }
            if (optimizer.groups().get(0).rule() instanceof Adam adam) {
                assertEquals(0.98, adam.beta2());
            }
        }
    }

    @Test
    void anEditedMomentumStaysUnlessTheScheduleDrivesIt() {
        Optimizer<FloatArray> optimizer = optimizer(new SGD(1).withMomentum(0.9));
        LRScheduler scheduler = new LRScheduler(optimizer, new StepLR(3));
        optimizer.groups().get(0).setMomentum(0.3);
        scheduler.step();
        assertEquals(0.3, momentum(optimizer));
    }

    static Stream<Schedule> lean() {
        return Stream.of(
                new StepLR(30, 0.999),
                new CosineAnnealingLR(1000),
                new OneCycleLR(0.1, 1_000_000).withCycleMomentum(false),
                new ExponentialLR(0.99999),
                new MultiStepLR(List.of(5000L, 60_000L)),
                new CosineAnnealingLR(100_000).afterWarmup(500, 0.01),
                new StepLR(30, 0.999).times(new ExponentialLR(0.99999)));
    }

    @ParameterizedTest
    @MethodSource("lean")
    void aStepWithoutAListenerAllocatesNothing(Schedule schedule) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long thread = Thread.currentThread().getId();
        Optimizer<FloatArray> optimizer = optimizer(new SGD(0.1));
        LRScheduler scheduler = new LRScheduler(optimizer, schedule);
        optimizer.step();
        for (int step = 0; step < 1000; step++) {
            scheduler.step();
        }
        long before = threads.getThreadAllocatedBytes(thread);
        for (int step = 0; step < 100_000; step++) {
            scheduler.step();
        }
        long allocated = threads.getThreadAllocatedBytes(thread) - before;
        assertTrue(allocated < 50_000, () -> schedule + " allocated " + allocated + " bytes in 100,000 steps");
    }
}
