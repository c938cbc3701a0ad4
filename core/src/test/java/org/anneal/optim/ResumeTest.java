package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.LRScheduler.OnChange;
import org.anneal.schedule.AnnealStrategy;
import org.anneal.schedule.ComposedPlateau;
import org.anneal.schedule.ConstantLR;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.schedule.CosineAnnealingWarmRestarts;
import org.anneal.schedule.CyclicLR;
import org.anneal.schedule.Examples;
import org.anneal.schedule.ExponentialLR;
import org.anneal.schedule.LambdaLR;
import org.anneal.schedule.LinearLR;
import org.anneal.schedule.MultiStepLR;
import org.anneal.schedule.MultiplicativeLR;
import org.anneal.schedule.OneCycleLR;
import org.anneal.schedule.Policy;
import org.anneal.schedule.PolynomialLR;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.SWALR;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.StepLR;
import org.anneal.text.LrLambda;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A run that is cut, saved and resumed goes on as if it had not been, whatever the order of the calls. */
class ResumeTest {
    private static final int STEPS = 40;
    private static final int LATE = 5;
    private static final List<Integer> CUTS = List.of(0, 1, 4, 5, 6, 10, 17, 33);
    private static final ReduceLROnPlateau PLATEAU =
            new ReduceLROnPlateau().withPatience(1).withFactor(0.5).withCooldown(1);

    /** What a program calls after it has read a checkpoint. */
    private enum Order {
        OPTIMIZER_BUILD_SCHEDULER,
        BUILD_OPTIMIZER_SCHEDULER,
        BUILD_SCHEDULER_OPTIMIZER,
        BUILD_SCHEDULER_ONLY
    }

    /** Schedules over two groups, and over a third one if a late group joins at step LATE. */
    record Program(List<? extends Policy> policies, Optional<Schedule> late, boolean adam) {

        static Program of(Policy policy) {
            return new Program(List.of(policy), Optional.empty(), false);
        }

        boolean hasLate(int step) {
            return late.isPresent() && step >= LATE;
        }

        /** An optimizer as the program builds it that starts at {@code step}. */
        Optimizer<FloatArray> optimizer(int step) {
            List<ParamGroup<FloatArray>> groups = new ArrayList<>(List.of(group("g0", 0.1), group("g1", 0.4)));
            if (hasLate(step)) {
                groups.add(group("late", 0.2));
            }
            return FloatArrays.optimizer(groups);
        }

        private ParamGroup<FloatArray> group(String name, double lr) {
            UpdateRule rule = adam ? new Adam(lr).withBetas(0.8, 0.99) : new SGD(lr).withMomentum(0.8);
            return new ParamGroup<>(name, rule, List.of(new FloatArray(1f)));
        }

        LRScheduler build(Optimizer<FloatArray> optimizer, int step) {
            List<Policy> all = new ArrayList<>(policies);
            if (hasLate(step) && !policies.contains(late.orElseThrow())) {
                all.add(late.orElseThrow());
            }
            return all.size() == 1
                    ? new LRScheduler(optimizer, all.get(0))
                    : new LRScheduler(
                            optimizer, all.stream().map(Schedule.class::cast).toList());
        }

        /** What happens before {@code step}: a group joins, and somebody edits up to the {@code cut}. */
        void before(int step, Optimizer<FloatArray> optimizer, LRScheduler scheduler, int cut, boolean edits) {
            if (late.isPresent() && step == LATE) {
                ParamGroup<FloatArray> group = group("late", 0.2);
                optimizer.addParamGroup(group);
                scheduler.join(group, late.orElseThrow());
            }
            if (edits && (step == 2 || step == 7) && step < cut) {
                optimizer.group("g0").setLr(0.03 * step);
                optimizer.group("g1").setMomentum(0.5);
            }
            if (edits && step == cut) {
                optimizer.group("g1").setLr(0.07);
            }
        }

        @Override
        public String toString() {
            return policies + late.map(schedule -> " and late " + schedule).orElse("") + (adam ? " with Adam" : "");
        }
    }

    static Stream<Program> programs() {
        Schedule cosine = new CosineAnnealingLR(10, 0.001);
        Schedule cycles = new CyclicLR(0.01, 0.1).withStepSizes(4, 6).withMode(CyclicLR.Mode.TRIANGULAR2);
        Schedule one = new OneCycleLR(0.5, STEPS).withThreePhase(true);
        Stream<Policy> shared = Stream.of(
                new StepLR(5, 0.5),
                new MultiStepLR(List.of(5L, 17L, 17L), 0.3),
                new ConstantLR(0.3, 10),
                new LinearLR(0.1, 10),
                new LinearLR(1, 0, 17),
                new ExponentialLR(0.9),
                new PolynomialLR(33, 2),
                cosine,
                new CosineAnnealingWarmRestarts(5, 2, 0.001),
                MultiplicativeLR.of("lambda s: 1 - 1 / (s + 2)"),
                LambdaLR.of("lambda s: 1 / (s + 1)"),
                new LambdaLR("java", step -> 1.0 / (step + 3)),
                new LambdaLR(List.of(LrLambda.parse("lambda s: 1 / (s + 1)"), LrLambda.parse("lambda s: 0.9 ** s"))),
                cycles,
                new CyclicLR(List.of(0.01, 0.02), List.of(0.1, 0.2)).withStepSize(5),
                one,
                new OneCycleLR(List.of(0.5, 1.0), STEPS)
                        .withAnnealStrategy(AnnealStrategy.LINEAR)
                        .withMomentum(List.of(0.6, 0.7), List.of(0.9, 0.95)),
                new SWALR(0.05),
                new SWALR(0.05).withSwaLr(List.of(0.05, 0.01)).withAnnealEpochs(17),
                cosine.afterWarmup(5, 0.1),
                new LinearLR(0.1, 5)
                        .then(5, MultiplicativeLR.of("lambda s: 0.9"))
                        .then(10, new SWALR(0.05).withAnnealEpochs(4))
                        .then(17, cosine.then(5, new StepLR(3).times(cosine)))
                        .then(30, new OneCycleLR(0.5, 10)),
                new StepLR(5).times(new ExponentialLR(0.99)),
                cosine.times(new StepLR(10, 0.5).then(17, new LinearLR(0.5, 10))),
                cycles.times(new ExponentialLR(0.9)),
                PLATEAU,
                PLATEAU.withMinLr(List.of(0.01, 0.3)),
                new StepLR(5, 0.7).times(PLATEAU),
                cosine.afterWarmup(5, 0.1).times(PLATEAU.withMinLr(List.of(0.01, 0.02))),
                one.times(PLATEAU),
                new LinearLR(0.1, 5).then(5, PLATEAU));
        return Stream.of(
                        Examples.with(shared, Examples.policies()).map(Program::of),
                        Stream.of(cycles, one).map(drives -> new Program(List.of(drives), Optional.empty(), true)),
                        Stream.of(
                                new Program(List.of(cosine, new StepLR(5)), Optional.empty(), false),
                                new Program(List.of(one, MultiplicativeLR.of("lambda s: 0.9")), Optional.empty(), true),
                                new Program(List.of(cosine), Optional.of(cosine), false),
                                new Program(List.of(cosine, one), Optional.of(new ExponentialLR(0.9)), false)))
                .flatMap(all -> all);
    }

    @Test
    void everyKindOfPolicyIsResumed() {
        Set<Class<?>> shown = programs()
                .flatMap(program -> program.policies().stream())
                .map(Policy::getClass)
                .collect(Collectors.toSet());
        Set<Class<?>> all = new HashSet<>(List.of(ComposedPlateau.class.getPermittedSubclasses()));
        Policy.kinds().forEach(kind -> all.add(kind.type()));
        assertEquals(all, shown);
    }

    static Stream<Arguments> matrix() {
        return programs().flatMap(program -> Arrays.stream(Order.values()).map(order -> Arguments.of(program, order)));
    }

    @ParameterizedTest
    @MethodSource("matrix")
    void goesOnToTheLastBitInAnyOrderAtEveryCut(Program program, Order order) {
        for (boolean edits : new boolean[] {false, true}) {
            for (int cut : CUTS) {
                String where = "cut at " + cut + (edits ? ", edited" : "");
                List<double[]> whole = new ArrayList<>();
                Optimizer<FloatArray> optimizer = program.optimizer(0);
                run(program, optimizer, program.build(optimizer, 0), 0, STEPS, cut, edits, whole);

                optimizer = program.optimizer(0);
                LRScheduler scheduler = program.build(optimizer, 0);
                run(program, optimizer, scheduler, 0, cut, cut, edits, new ArrayList<>());
                program.before(cut, optimizer, scheduler, cut, edits);
                Map<String, Object> dict = optimizer.stateDict();
                SchedulerState state = scheduler.state();

                Optimizer<FloatArray> other = program.optimizer(cut);
                LRScheduler resumed = resume(program, other, cut, order, dict, state);
                assertEquals(state, resumed.state(), where);
                List<double[]> rest = new ArrayList<>();
                run(program, other, resumed, cut, STEPS, -1, false, rest);
                assertEquals(whole.size() - cut, rest.size());
                for (int i = 0; i < rest.size(); i++) {
                    assertArrayEquals(whole.get(cut + i), rest.get(i), where + ", step " + (cut + i));
                }
            }
        }
    }

    private static LRScheduler resume(
            Program program,
            Optimizer<FloatArray> optimizer,
            int cut,
            Order order,
            Map<String, Object> dict,
            SchedulerState state) {
        if (order == Order.OPTIMIZER_BUILD_SCHEDULER) {
            optimizer.loadStateDict(dict);
        }
        LRScheduler scheduler = program.build(optimizer, cut);
        if (order == Order.BUILD_OPTIMIZER_SCHEDULER) {
            optimizer.loadStateDict(dict);
        }
        scheduler.restore(state);
        if (order == Order.BUILD_SCHEDULER_OPTIMIZER) {
            optimizer.loadStateDict(dict);
        }
        return scheduler;
    }

    /** Runs the steps from {@code from} on and collects the rates and the momenta that each one finds. */
    private static void run(
            Program program,
            Optimizer<FloatArray> optimizer,
            LRScheduler scheduler,
            int from,
            int to,
            int cut,
            boolean edits,
            List<double[]> rows) {
        for (int step = from; step < to; step++) {
            if (step > from || (from == 0 && cut >= 0)) {
                program.before(step, optimizer, scheduler, cut, edits);
            }
            rows.add(row(optimizer));
            optimizer.step();
            if (scheduler.takesMetric()) {
                scheduler.step(metric(step));
            }
            if (scheduler.takesStep()) {
                scheduler.step();
            }
        }
        rows.add(row(optimizer));
    }

    private static double[] row(Optimizer<FloatArray> optimizer) {
        return optimizer.groups().stream()
                .flatMap(group -> Stream.of(group.lr(), group.momentum()))
                .mapToDouble(value -> value)
                .toArray();
    }

    private static double metric(int step) {
        return step == 12 ? Double.NaN : step % 7 == 0 ? 1.0 / (step + 1) : 0.9;
    }

    private static Optimizer<FloatArray> one(double lr) {
        return FloatArrays.optimizer(new SGD(lr).withMomentum(0.9), List.of(new FloatArray(1f)));
    }

    private static double lr(Optimizer<FloatArray> optimizer) {
        return optimizer.groups().get(0).lr();
    }

    /** A runner on a rate of 1, after {@code steps} steps. */
    private static LRScheduler after(int steps, Optimizer<FloatArray> optimizer, Policy policy) {
        LRScheduler scheduler = new LRScheduler(optimizer, policy);
        for (int step = 0; step < steps; step++) {
            optimizer.step();
            if (scheduler.takesMetric()) {
                scheduler.step(1.0);
            }
            if (scheduler.takesStep()) {
                scheduler.step();
            }
        }
        return scheduler;
    }

    @Test
    void aStateMayBeTakenTwiceAndDoesNotChangeAfterwards() {
        Optimizer<FloatArray> optimizer = one(1);
        LRScheduler scheduler = after(3, optimizer, new StepLR(2, 0.5).times(PLATEAU));
        optimizer.groups().get(0).setLr(0.3);
        SchedulerState first = scheduler.state();
        SchedulerState second = scheduler.state();
        assertEquals(first, second);
        optimizer.step();
        scheduler.step(1.0);
        scheduler.step();
        optimizer.groups().get(0).setLr(0.9);
        assertEquals(second, first);
        assertEquals(List.of(0.3), first.lrs());
        assertEquals(3, first.lastEpoch());
        scheduler.restore(first);
        assertEquals(first, scheduler.state());
    }

    @Test
    void refusesAStateOfAnotherScheduleWithBothTexts() {
        SchedulerState state = after(3, one(1), new StepLR(2, 0.5)).state();
        Optimizer<FloatArray> optimizer = one(1);
        LRScheduler scheduler = after(1, optimizer, new ExponentialLR(0.9));
        SchedulerState before = scheduler.state();
        assertEquals(
                "the state was saved under StepLR(step_size=2, gamma=0.5), but this runner runs"
                        + " ExponentialLR(gamma=0.9): choose KEEP_CONFIG to keep this schedule, TAKE_CHECKPOINT to take the saved one,"
                        + " or CONTINUE to go on with this one from the saved rate",
                messageOf(IllegalArgumentException.class, () -> scheduler.restore(state)));
        assertEquals(before, scheduler.state());
    }

    @Test
    void refusesAStateOfAnotherVersionOrNumberOfGroups() {
        Optimizer<FloatArray> optimizer = one(1);
        LRScheduler scheduler = after(1, optimizer, new ExponentialLR(0.9));
        SchedulerState state = scheduler.state();
        SchedulerState newer = new SchedulerState(
                2,
                state.lastEpoch(),
                state.policies(),
                state.initialLrs(),
                state.lrs(),
                state.momentums(),
                state.unscaled(),
                state.factors(),
                state.plateau());
        assertEquals(
                "the state's version must be 1, but was 2",
                messageOf(IllegalArgumentException.class, () -> scheduler.restore(newer)));
        SchedulerState two = after(1, Program.of(PLATEAU).optimizer(0), new ExponentialLR(0.9))
                .state();
        for (OnChange onChange : OnChange.values()) {
            assertEquals(
                    "the state must have 1 groups, as the optimizer has, but had 2",
                    messageOf(IllegalArgumentException.class, () -> scheduler.restore(two, onChange)));
        }
        assertEquals(state, scheduler.state());
    }

    @Test
    void refusesAStateWhoseListsDoNotFitTogether() {
        SchedulerState state = after(1, one(1), new ExponentialLR(0.9)).state();
        assertEquals(
                "every list of a state must have one entry per group, but their lengths were [1, 2]",
                messageOf(
                        IllegalArgumentException.class,
                        () -> new SchedulerState(
                                1,
                                1,
                                state.policies(),
                                state.initialLrs(),
                                state.lrs(),
                                List.of(0.9, 0.9),
                                state.unscaled(),
                                state.factors(),
                                state.plateau())));
        assertEquals(
                "policies must have 1 entry for all groups or 1, one per group, but had 0",
                messageOf(
                        IllegalArgumentException.class,
                        () -> new SchedulerState(
                                1,
                                1,
                                List.of(),
                                state.initialLrs(),
                                state.lrs(),
                                state.momentums(),
                                state.unscaled(),
                                state.factors(),
                                state.plateau())));
    }

    @ParameterizedTest
    @EnumSource(OnChange.class)
    void anUnchangedScheduleGoesOnExactlyWhateverWasChosen(OnChange onChange) {
        Optimizer<FloatArray> optimizer = one(1);
        LRScheduler scheduler = after(3, optimizer, new ExponentialLR(0.5));
        optimizer.groups().get(0).setLr(0.3);
        SchedulerState state = scheduler.state();
        Optimizer<FloatArray> other = one(1);
        LRScheduler resumed = new LRScheduler(other, new ExponentialLR(0.5));
        resumed.restore(state, onChange);
        assertEquals(0.3, lr(other));
        assertEquals(state, resumed.state());
    }

    @Test
    void withKeepConfigTheNewScheduleGoesOnAtTheOldStepAndSaysThatAnEditIsDropped() {
        Optimizer<FloatArray> optimizer = one(1);
        LRScheduler scheduler = after(3, optimizer, new StepLR(2, 0.5));
        optimizer.groups().get(0).setLr(0.3);
        SchedulerState state = scheduler.state();

        Optimizer<FloatArray> other = one(1);
        LRScheduler resumed = new LRScheduler(other, new ExponentialLR(0.5));
        List<String> said = new ArrayList<>();
        logging(said, () -> resumed.restore(state, OnChange.KEEP_CONFIG));
        assertEquals(0.125, lr(other));
        assertEquals(3, resumed.lastEpoch());
        assertEquals(
                List.of("group 'all' continues at 0.125, the rate of ExponentialLR(gamma=0.5) at step 3; the checkpoint"
                        + " had 0.3"),
                said);
        other.step();
        resumed.step();
        assertEquals(0.0625, lr(other));
        assertEquals(List.of("ExponentialLR(gamma=0.5)"), resumed.state().policies());
    }

    @Test
    void withKeepConfigTheNewScheduleDrivesTheMomentum() {
        SchedulerState state = after(3, one(1), new StepLR(2, 0.5)).state();
        Optimizer<FloatArray> other = one(1);
        OneCycleLR cycle = new OneCycleLR(1, 10);
        new LRScheduler(other, cycle).restore(state, OnChange.KEEP_CONFIG);
        assertEquals(cycle.at(3, 1), lr(other));
        assertEquals(cycle.momentum(3, 0), other.groups().get(0).momentum());
    }

    @Test
    void withKeepConfigAPlateauKeepsItsProgress() {
        Optimizer<FloatArray> optimizer = one(1);
        SchedulerState state =
                after(4, optimizer, new StepLR(2, 0.5).times(PLATEAU)).state();
        assertEquals(List.of(0.5), state.factors());

        Optimizer<FloatArray> other = one(1);
        LRScheduler resumed = new LRScheduler(
                other, new ExponentialLR(0.9).times(PLATEAU.withFactor(0.1).withPatience(2)));
        resumed.restore(state, OnChange.KEEP_CONFIG);
        assertEquals(state.plateau(), resumed.state().plateau());
        assertEquals(0.5 * new ExponentialLR(0.9).at(4, 1), lr(other));

        Optimizer<FloatArray> alone = one(1);
        LRScheduler plateau = new LRScheduler(alone, PLATEAU);
        plateau.restore(state, OnChange.KEEP_CONFIG);
        assertEquals(state.plateau(), plateau.state().plateau());
        assertEquals(state.lrs().get(0), lr(alone));
    }

    @Test
    void withKeepConfigAScheduleKeepsItsBaseWhereAPlateauHadNone() {
        SchedulerState state = after(3, one(1), PLATEAU).state();
        assertTrue(state.initialLrs().get(0).isNaN());
        assertEquals(List.of(0.5), state.lrs());
        Optimizer<FloatArray> other = one(1);
        LRScheduler resumed = new LRScheduler(other, new ExponentialLR(0.5));
        resumed.restore(state, OnChange.KEEP_CONFIG);
        assertEquals(OptionalDouble.of(1), other.groups().get(0).initialLr());
        assertEquals(0.125, lr(other));
        assertFalse(resumed.takesMetric());
    }

    @Test
    void withKeepConfigARateThatIsNotFiniteChangesNothing() {
        SchedulerState state =
                after(3, Program.of(PLATEAU).optimizer(0), new StepLR(2, 0.5)).state();
        Optimizer<FloatArray> other = Program.of(PLATEAU).optimizer(0);
        LRScheduler scheduler = new LRScheduler(
                other, List.of(new ExponentialLR(0.5), LambdaLR.of("lambda s: math.inf if s == 3 else 1")));
        SchedulerState before = scheduler.state();
        assertEquals(
                "the rate must be finite, but LambdaLR(lr_lambda=lambda s: math.inf if s == 3 else 1) makes it"
                        + " Infinity at step 3 for group 'g1'",
                messageOf(ArithmeticException.class, () -> scheduler.restore(state, OnChange.KEEP_CONFIG)));
        assertEquals(before, scheduler.state());
    }

    @Test
    void withContinueTheNewScheduleGoesOnFromARateThatWasSetByHand() {
        Optimizer<FloatArray> optimizer = one(1);
        LRScheduler scheduler = after(50, optimizer, new CosineAnnealingLR(100));
        optimizer.groups().get(0).setLr(0.3);
        SchedulerState state = scheduler.state();

        Optimizer<FloatArray> other = one(1);
        LRScheduler resumed = new LRScheduler(other, new CosineAnnealingLR(200));
        resumed.restore(state, OnChange.CONTINUE);
        assertEquals(0.3, lr(other));
        assertEquals(
                List.of("ContinueFrom(CosineAnnealingLR(T_max=100), CosineAnnealingLR(T_max=200), step=50, rate=0.3)"),
                resumed.state().policies());
        double scale = 0.3 / (1 + Math.cos(Math.PI / 4));
        for (int step = 51; step <= 200; step++) {
            other.step();
            resumed.step();
            assertEquals(scale * (1 + Math.cos(Math.PI * step / 200)), lr(other), 1e-15, "at " + step);
            if (step == 120) { // and once more, with the same new schedule
                SchedulerState later = resumed.state();
                other = one(1);
                resumed = new LRScheduler(other, new CosineAnnealingLR(200));
                resumed.restore(later, OnChange.CONTINUE);
                assertEquals(later, resumed.state());
            }
        }
    }

    @Test
    void withContinueEachGroupGoesOnFromItsOwnRate() {
        Program two = Program.of(new StepLR(30, 0.5));
        Optimizer<FloatArray> optimizer = two.optimizer(0);
        LRScheduler scheduler = after(10, optimizer, new ExponentialLR(0.9));
        SchedulerState state = scheduler.state();
        double first = state.lrs().get(0);
        double second = state.lrs().get(1);

        Optimizer<FloatArray> other = two.optimizer(0);
        LRScheduler resumed = new LRScheduler(other, new StepLR(11, 0.5));
        resumed.restore(state, OnChange.CONTINUE);
        assertEquals(List.of(first, second), resumed.lastLr());
        other.step();
        resumed.step();
        assertEquals(List.of(first * 0.5, second * 0.5), resumed.lastLr());

        Optimizer<FloatArray> apart = two.optimizer(0);
        LRScheduler each = new LRScheduler(apart, List.of(new StepLR(11, 0.5), new StepLR(11, 0.25)));
        each.restore(state, OnChange.CONTINUE);
        assertEquals(List.of(first, second), each.lastLr());
        apart.step();
        each.step();
        assertEquals(List.of(first * 0.5, second * 0.25), each.lastLr());
    }

    @Test
    void withContinueAPlateauKeepsItsFactorAndItsProgress() {
        SchedulerState state =
                after(4, one(1), new StepLR(2, 0.5).times(PLATEAU)).state();
        assertEquals(List.of(0.5), state.factors());
        double inForce = state.lrs().get(0);
        Optimizer<FloatArray> other = one(1);
        LRScheduler resumed = new LRScheduler(other, new ExponentialLR(0.9).times(PLATEAU.withPatience(2)));
        resumed.restore(state, OnChange.CONTINUE);
        assertEquals(inForce, lr(other));
        assertEquals(state.plateau(), resumed.state().plateau());
        assertEquals(List.of(0.5), resumed.state().factors());
        other.step();
        resumed.step();
        assertEquals(inForce * 0.9, lr(other), 1e-16);

        Optimizer<FloatArray> without = one(1);
        LRScheduler plain = new LRScheduler(without, new ExponentialLR(0.9));
        plain.restore(state, OnChange.CONTINUE);
        assertEquals(inForce, lr(without));
        assertFalse(plain.takesMetric());
        without.step();
        plain.step();
        assertEquals(inForce * 0.9, lr(without), 1e-16);

        Policy late = new LinearLR(0.1, 5).then(5, PLATEAU);
        LRScheduler refused = new LRScheduler(one(1), late);
        assertEquals(
                "the plateau must have started by step 4, from which the run goes on, but " + late
                        + " starts it at step 5",
                messageOf(IllegalArgumentException.class, () -> refused.restore(state, OnChange.CONTINUE)));
    }

    @Test
    void withContinueAPlateauAloneGoesOnAsASchedule() {
        SchedulerState state = after(3, one(1), PLATEAU).state();
        assertEquals(List.of(0.5), state.lrs());
        Optimizer<FloatArray> other = one(1);
        LRScheduler resumed = new LRScheduler(other, new ExponentialLR(0.5));
        resumed.restore(state, OnChange.CONTINUE);
        assertEquals(0.5, lr(other));
        other.step();
        resumed.step();
        assertEquals(0.25, lr(other));

        Optimizer<FloatArray> back = one(1);
        LRScheduler plateau = new LRScheduler(back, PLATEAU);
        plateau.restore(resumed.state(), OnChange.CONTINUE);
        assertEquals(0.25, lr(back));
    }

    @Test
    void withContinueAStateOfPyTorchsGoesOn() {
        Optimizer<FloatArray> optimizer = one(1);
        Map<String, Object> dict = after(10, optimizer, new StepLR(4, 0.5)).stateDict();
        Optimizer<FloatArray> other = one(1);
        LRScheduler resumed = new LRScheduler(other, new PolynomialLR(20, 1));
        resumed.loadStateDict(dict, OnChange.CONTINUE);
        assertEquals(0.25, lr(other));
        other.step();
        resumed.step();
        assertEquals(0.25 * 9 / 10, lr(other), 1e-16);
    }

    @Test
    void continuesOverABridge() {
        SchedulerState state = after(10, one(1), new StepLR(4, 0.5)).state();
        Policy next = state.continuedBy(new PolynomialLR(20, 1), 5);
        Optimizer<FloatArray> other = one(1);
        LRScheduler resumed = new LRScheduler(other, next);
        resumed.restore(state, OnChange.KEEP_CONFIG);
        List<Double> rates = new ArrayList<>(resumed.lastLr());
        for (int step = 11; step <= 16; step++) {
            other.step();
            resumed.step();
            rates.addAll(resumed.lastLr());
        }
        assertEquals(
                List.of(0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.2),
                rates.stream().map(rate -> Math.round(rate * 1e12) / 1e12).toList());
    }

    static Stream<Program> checkpoints() {
        return programs().filter(program -> !program.toString().contains("java"));
    }

    @ParameterizedTest
    @MethodSource("checkpoints")
    void withTakeCheckpointTheOldScheduleGoesOnExactly(Program program) {
        for (int cut : CUTS) {
            Optimizer<FloatArray> optimizer = program.optimizer(0);
            LRScheduler scheduler = program.build(optimizer, 0);
            run(program, optimizer, scheduler, 0, cut, cut, true, new ArrayList<>());
            program.before(cut, optimizer, scheduler, cut, true);
            SchedulerState state = scheduler.state();
            List<double[]> whole = new ArrayList<>();
            run(program, optimizer, scheduler, cut, STEPS, -1, false, whole);

            Optimizer<FloatArray> other = program.optimizer(cut);
            LRScheduler resumed = after(2, other, new StepLR(1, 0.9));
            resumed.restore(state, OnChange.TAKE_CHECKPOINT);
            assertEquals(state, resumed.state());
            List<double[]> rest = new ArrayList<>();
            run(program, other, resumed, cut, STEPS, -1, false, rest);
            for (int i = 0; i < whole.size(); i++) {
                assertArrayEquals(whole.get(i), rest.get(i), "cut at " + cut + ", step " + (cut + i));
            }
        }
    }

    @Test
    void withTakeCheckpointAJavaFunctionCannotBeReadBackAndNothingChanges() {
        SchedulerState state =
                after(3, one(1), new LambdaLR("java", step -> 0.5)).state();
        LRScheduler scheduler = after(1, one(1), new ExponentialLR(0.9));
        SchedulerState before = scheduler.state();
        String message =
                messageOf(IllegalArgumentException.class, () -> scheduler.restore(state, OnChange.TAKE_CHECKPOINT));
        assertTrue(message.startsWith("the state's schedule LambdaLR(lr_lambda=java) cannot be parsed ("), message);
        assertTrue(
                message.endsWith(
                        "): if it holds a Java function, build the runner with that schedule and restore into it"),
                message);
        assertEquals(before, scheduler.state());
        assertEquals(1, scheduler.lastEpoch());
    }

    @Test
    void withTakeCheckpointAPlateauThatTheTextsDoNotNameIsRefused() {
        Optimizer<FloatArray> optimizer = one(1);
        LRScheduler scheduler = after(1, optimizer, new StepLR(2).times(PLATEAU));
        ParamGroup<FloatArray> late = new ParamGroup<>("late", new SGD(0.4), List.of(new FloatArray(1f)));
        optimizer.addParamGroup(late);
        scheduler.join(late, new ExponentialLR(0.9));
        SchedulerState state = scheduler.state();
        LRScheduler other = after(1, Program.of(PLATEAU).optimizer(0), new ExponentialLR(0.9));
        SchedulerState before = other.state();
        assertEquals(
                "the state was saved by a runner whose late group joined with its own schedule; its plateau cannot be rebuilt from StepLR(step_size=2, gamma=0.1), ExponentialLR(gamma=0.9): build the runner as it was and restore the state into it",
                messageOf(IllegalArgumentException.class, () -> other.restore(state, OnChange.TAKE_CHECKPOINT)));
        assertEquals(before, other.state());
    }

    @Test
    void aPlateauAloneHasNoBaseAlsoAfterItIsRestored() {
        Optimizer<FloatArray> optimizer = one(1);
        SchedulerState state = after(3, optimizer, PLATEAU).state();
        assertEquals(OptionalDouble.empty(), optimizer.groups().get(0).initialLr());
        Optimizer<FloatArray> other = one(1);
        other.rebase();
        new LRScheduler(other, PLATEAU).restore(state);
        assertEquals(OptionalDouble.empty(), other.groups().get(0).initialLr());
        assertEquals(0.5, lr(other));
    }

    @Test
    void aStateOfAPlateauAloneHasALateGroupAndIsRestoredToOne() {
        Optimizer<FloatArray> optimizer = one(1);
        LRScheduler scheduler = after(2, optimizer, PLATEAU);
        optimizer.addParamGroup(new ParamGroup<>("late", new SGD(0.4), List.of(new FloatArray(1f))));
        SchedulerState state = scheduler.state();
        assertEquals(List.of(1.0, 0.4), state.lrs());

        Optimizer<FloatArray> other = one(1);
        LRScheduler resumed = new LRScheduler(other, PLATEAU);
        other.addParamGroup(new ParamGroup<>("late", new SGD(0.1), List.of(new FloatArray(1f))));
        resumed.restore(state);
        resumed.step(1.0);
        assertEquals(List.of(0.5, 0.2), resumed.lastLr());
    }

    @Test
    void isNotRestoredWhileALateGroupHasNotJoined() {
        LRScheduler two = after(1, Program.of(PLATEAU).optimizer(0), new ExponentialLR(0.9));
        Optimizer<FloatArray> optimizer = one(1);
        LRScheduler scheduler = after(0, optimizer, new ExponentialLR(0.9));
        ParamGroup<FloatArray> late = new ParamGroup<>("late", new SGD(0.4), List.of(new FloatArray(1f)));
        optimizer.addParamGroup(late);
        assertEquals(
                "group 'late' was added after this runner was built: call join(group) or join(group, schedule) to schedule it",
                messageOf(IllegalStateException.class, () -> scheduler.restore(two.state())));
        assertEquals(0, scheduler.lastEpoch());
        scheduler.join(late);
        scheduler.restore(two.state());
        assertEquals(two.state(), scheduler.state());
    }

    @Test
    void isNotRestoredOnceItWasReplaced() {
        Optimizer<FloatArray> optimizer = one(1);
        LRScheduler scheduler = after(1, optimizer, new ExponentialLR(0.9));
        new LRScheduler(optimizer, new ExponentialLR(0.9));
        assertThrows(IllegalStateException.class, () -> scheduler.restore(scheduler.state()));
    }

    @ParameterizedTest
    @EnumSource(Order.class)
    void aRateThatARecursionCarriedBelowZeroIsResumedToo(Order order) {
        Program program = Program.of(new CosineAnnealingLR(10, 0.05));
        Optimizer<FloatArray> optimizer = program.optimizer(0);
        LRScheduler scheduler = after(14, optimizer, program.policies().get(0));
        optimizer.group("g0").setLr(0.01); // below eta_min on its way up
        optimizer.step();
        scheduler.step();
        for (int step = 0; step < 3; step++) {
            optimizer.step();
            scheduler.step();
        }
        assertTrue(optimizer.group("g0").lr() < 0);
        Optimizer<FloatArray> other = program.optimizer(0);
        LRScheduler resumed = resume(program, other, 18, order, optimizer.stateDict(), scheduler.state());
        assertEquals(scheduler.state(), resumed.state());
        scheduler.step();
        resumed.step();
        assertEquals(scheduler.lastLr(), resumed.lastLr());
    }

    @Test
    void saysNothingOfStepsThatTheOptimizerMadeBeforeTheRunWasResumed() {
        Optimizer<FloatArray> before =
                FloatArrays.optimizer(List.of(new ParamGroup<>("all", new SGD(0.1), List.of(new FloatArray(0f)))));
        SchedulerState state = new LRScheduler(before, new StepLR(1)).state();
        Optimizer<FloatArray> after =
                FloatArrays.optimizer(List.of(new ParamGroup<>("all", new SGD(0.1), List.of(new FloatArray(0f)))));
        LRScheduler resumed = new LRScheduler(after, new StepLR(1));
        resumed.restore(state);
        List<String> said = new ArrayList<>();
        logging(said, resumed::step);
        assertEquals(List.of(), said);
    }

    private static <X extends Throwable> String messageOf(Class<X> type, Runnable refused) {
        return String.valueOf(assertThrows(type, refused::run).getMessage());
    }

    /** Collects what the runner logs at INFO or higher. */
    private static void logging(List<String> said, Runnable code) {
        Logger logger = Logger.getLogger(LRScheduler.class.getName());
        Handler capture = new Handler() {
            @Override
            public void publish(LogRecord entry) {
                if (entry.getLevel().intValue() >= Level.INFO.intValue()) {
                    said.add(new SimpleFormatter().formatMessage(entry));
                }
            }

            @Override
            public void flush() {
                // nothing is held back
            }

            @Override
            public void close() {
                // nothing is open
            }
        };
        logger.addHandler(capture);
        logger.setUseParentHandlers(false);
        try {
            code.run();
        } finally {
            logger.removeHandler(capture);
            logger.setUseParentHandlers(true);
        }
    }
}
