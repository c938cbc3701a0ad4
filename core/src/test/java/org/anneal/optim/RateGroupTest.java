package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.schedule.ConstantLR;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.schedule.CyclicLR;
import org.anneal.schedule.ExponentialLR;
import org.anneal.schedule.LinearLR;
import org.anneal.schedule.OneCycleLR;
import org.anneal.schedule.Policy;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.StepLR;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A runner over groups of an optimizer that is not ours. */
class RateGroupTest {
    private static final double TOLERANCE = 1e-15;

    /** As another library has it. */
    private static final class Theirs implements Schedulable {
        final List<Holder> groups = new ArrayList<>();
        long steps;

        Theirs(double... rates) {
            for (double rate : rates) {
                groups.add(new Holder("g" + groups.size(), rate));
            }
        }

        @Override
        public List<Holder> groups() {
            return groups;
        }

        @Override
        public long steps() {
            return steps;
        }
    }

    private static final class Holder extends RateGroup {
        double rate;
        double momentum = 0.9;

        Holder(String name, double rate) {
            super(name);
            this.rate = rate;
        }

        @Override
        public double lr() {
            return rate;
        }

        @Override
        public void setLr(double lr) {
            rate = lr;
        }

        @Override
        public boolean hasMomentum() {
            return true;
        }

        @Override
        public double momentum() {
            return momentum;
        }

        @Override
        public void setMomentum(double momentum) {
            this.momentum = momentum;
        }
    }

    private static List<Double> values(List<? extends RateGroup> groups) {
        return groups.stream()
                .flatMap(group -> Stream.of(
                        group.lr(), group.momentum(), group.initialLr().orElse(-1)))
                .toList();
    }

    private static void step(LRScheduler scheduler, double metric) {
        if (scheduler.takesMetric()) {
            scheduler.step(metric);
        }
        if (scheduler.takesStep()) {
            scheduler.step();
        }
    }

    static Stream<Policy> policies() {
        return ResumeTest.programs()
                .filter(program -> program.late().isEmpty() && !program.adam())
                .flatMap(program -> program.policies().stream());
    }

    /** The runner over our optimizer is held to PyTorch elsewhere. */
    @ParameterizedTest
    @MethodSource("policies")
    void runsAsOverOurOptimizerAndIsSavedAndResumed(Policy policy) {
        SGD sgd = new SGD(0.1).withMomentum(0.9);
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(List.of(
                new ParamGroup<>("g0", sgd, List.of(new FloatArray(1f))),
                new ParamGroup<>("g1", sgd.withLr(0.4), List.of(new FloatArray(1f)))));
        Theirs theirs = new Theirs(0.1, 0.4);
        LRScheduler expected = new LRScheduler(optimizer, policy);
        LRScheduler scheduler = new LRScheduler(theirs, policy);
        for (int step = 0; step < 20; step++) {
            assertEquals(values(optimizer.groups()), values(theirs.groups), "step " + step);
            optimizer.step();
            theirs.steps++;
            step(expected, step % 3);
            step(scheduler, step % 3);
            if (step == 7) {
                optimizer.groups().get(1).setLr(0.03);
                theirs.groups.get(1).rate = 0.03;
            }
            if (step == 9) {
                assertEquals(expected.state(), scheduler.state());
                SchedulerState state = scheduler.state();
                theirs = new Theirs(0.1, 0.4);
                scheduler = new LRScheduler(theirs, policy);
                scheduler.restore(state);
            }
            boolean inPyTorch =
                    policy.stepDriven().isEmpty() || policy.metricDriven().isEmpty();
            if (step == 12 && inPyTorch) {
                assertEquals(expected.stateDict(), scheduler.stateDict());
                Theirs others = new Theirs(0.1, 0.4);
                LRScheduler loaded = new LRScheduler(others, policy);
                loaded.loadStateDict(expected.stateDict());
                assertEquals(expected.state().lrs(), loaded.state().lrs());
                assertEquals(expected.lastEpoch(), loaded.lastEpoch());
            }
        }
    }

    @Test
    void runsAListOfHoldersThatCountNothing() {
        double[] rate = {0.4};
        RateGroup group = RateGroup.of("all", () -> rate[0], lr -> rate[0] = lr);
        List<RateGroup> groups = List.of(group);
        LRScheduler scheduler = new LRScheduler(() -> groups, new StepLR(2, 0.5));
        scheduler.step();
        scheduler.step();
        assertEquals(0.2, rate[0]);
        assertEquals(OptionalDouble.of(0.4), group.initialLr());
        assertEquals(
                "stepAfterUpdate() needs an optimizer that counts its steps, but this one does not: call step() after each update, or implement Schedulable.steps()",
                messageOf(IllegalStateException.class, scheduler::stepAfterUpdate));
    }

    @Test
    void stepsAfterTheirUpdates() {
        Theirs theirs = new Theirs(1);
        LRScheduler scheduler = new LRScheduler(theirs, new ExponentialLR(0.5));
        assertFalse(scheduler.stepAfterUpdate());
        theirs.steps++;
        assertTrue(scheduler.stepAfterUpdate());
        assertFalse(scheduler.stepAfterUpdate());
        assertEquals(0.5, theirs.groups.get(0).rate);
    }

    @Test
    void takesALateGroupWhenItJoins() {
        Theirs theirs = new Theirs(1);
        LRScheduler scheduler = new LRScheduler(theirs, new ExponentialLR(0.5));
        theirs.steps++;
        scheduler.step();
        Holder late = new Holder("late", 0.4);
        theirs.groups.add(late);
        assertTrue(messageOf(IllegalStateException.class, scheduler::step).startsWith("group 'late' was added"));
        scheduler.join(late);
        scheduler.step();
        assertEquals(List.of(0.25, 0.2), scheduler.lastLr());
        theirs.groups.remove(0);
        assertEquals(
                "this runner runs 2 groups, but now there are 1: build a new one",
                messageOf(IllegalStateException.class, scheduler::step));
    }

    @Test
    void aRunnerOverOneOfTheGroupsReplacesTheOneBefore() {
        Theirs theirs = new Theirs(1, 0.4);
        LRScheduler first = new LRScheduler(theirs, new ExponentialLR(0.5));
        LRScheduler second = new LRScheduler(() -> theirs.groups.subList(1, 2), new ExponentialLR(0.1));
        assertTrue(messageOf(IllegalStateException.class, first::step)
                .startsWith("this LRScheduler was replaced by another one"));
        second.step();
        assertEquals(List.of(1.0, 0.9, 1.0, 0.4 * 0.1, 0.9, 0.4), values(theirs.groups));
    }

    /** A rate that a library keeps as a float does not drift: each step starts from what the schedule gave. */
    @Test
    void goesOnFromWhatItGaveWhereRatesAreRounded() {
        float[] rate = {0.1f};
        List<RateGroup> groups = List.of(RateGroup.of("all", () -> rate[0], lr -> rate[0] = (float) lr));
        LRScheduler scheduler = new LRScheduler(() -> groups, new ExponentialLR(0.999));
        double base = 0.1f;
        for (int i = 1; i <= 5000; i++) {
            scheduler.step();
            assertEquals((float) (base * Math.pow(0.999, i)), rate[0], 1e-7f * rate[0], "step " + i);
        }
        SchedulerState state = scheduler.state();
        rate[0] = 0.3f; // an edit is still taken
        scheduler.step();
        assertEquals((float) (0.3f * 0.999), rate[0]);
        scheduler.restore(state);
        scheduler.step();
        assertEquals((float) (base * Math.pow(0.999, 5001)), rate[0], 1e-7f * rate[0]);
    }

    @Test
    void refusesWhatAGroupHasNot() {
        RateGroup plain = RateGroup.of("plain", () -> 0.1, lr -> {});
        assertEquals(
                "cycle_momentum must be False under a rule without momentum or betas, but was True in"
                        + " OneCycleLR(max_lr=0.1, total_steps=10) for group 'plain': write cycle_momentum=False",
                messageOf(
                        IllegalArgumentException.class,
                        () -> new LRScheduler(() -> List.of(plain), new OneCycleLR(0.1, 10))));
        assertEquals(
                "momentum must be 0 for group 'plain', which has none, but was 0.5",
                messageOf(IllegalArgumentException.class, () -> plain.setMomentum(0.5)));
        assertEquals(
                "groups must hold at least one group, but there was none",
                messageOf(IllegalArgumentException.class, () -> new LRScheduler(List::of, new StepLR(3))));
        assertEquals(
                "groups must be distinct, but one is listed twice",
                messageOf(
                        IllegalArgumentException.class,
                        () -> new LRScheduler(() -> List.of(plain, plain), new StepLR(3))));
        RateGroup broken = RateGroup.of("broken", () -> Double.NaN, lr -> {});
        assertEquals("lr must be finite, but was NaN", messageOf(IllegalArgumentException.class, broken::rebase));
    }

    /** PyTorch 2.13: last_epoch=4 with a rate of 0.3 in force and an initial_lr of 1. */
    @Test
    void resumesByLastEpochFromItsBase() {
        Theirs theirs = new Theirs(1);
        theirs.groups.get(0).rebase();
        theirs.groups.get(0).rate = 0.3;
        LRScheduler scheduler = new LRScheduler(theirs, new CosineAnnealingLR(10), 4);
        assertEquals(5, scheduler.lastEpoch());
        assertEquals(0.3, theirs.groups.get(0).rate);
        theirs.steps++;
        scheduler.step();
        assertEquals(
                0.3 * (1 + Math.cos(Math.PI * 6 / 10)) / (1 + Math.cos(Math.PI * 5 / 10)),
                theirs.groups.get(0).rate,
                TOLERANCE);
    }

    @Test
    void drivesTheMomentumAndComposes() {
        Theirs theirs = new Theirs(0.4);
        LRScheduler scheduler = new LRScheduler(
                theirs,
                new CyclicLR(0.1, 0.5)
                        .withStepSizes(2, 2)
                        .times(new ReduceLROnPlateau().withPatience(0).withFactor(0.5)));
        assertEquals(List.of(0.1, 0.9, 0.4), values(theirs.groups));
        theirs.steps++;
        scheduler.step(1);
        scheduler.step();
        scheduler.step(1);
        scheduler.step();
        assertEquals(0.25, theirs.groups.get(0).rate, TOLERANCE);
        assertEquals(0.8, theirs.groups.get(0).momentum, TOLERANCE);
        assertTrue(new LRScheduler(theirs, new LinearLR(0.1, 5).then(5, new ConstantLR())).takesStep());
    }

    private static <X extends Throwable> String messageOf(Class<X> type, Executable refused) {
        return String.valueOf(assertThrows(type, refused).getMessage());
    }
}
