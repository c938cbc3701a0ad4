package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
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
import org.anneal.schedule.Policy;
import org.anneal.schedule.PolynomialLR;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.SWALR;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.StepLR;
import org.anneal.text.LrLambda;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Counting, writing rates, groups and resuming; the formulas are ScheduleFormulasTest's. */
class LRSchedulerTest {
    private static final double TOLERANCE = 1e-12;

    private final Logger logger = Logger.getLogger(LRScheduler.class.getName());
    private final List<String> warnings = new ArrayList<>();
    private final Handler capture = new Handler() {
        @Override
        public void publish(LogRecord entry) {
            if (entry.getLevel().equals(Level.WARNING)) {
                warnings.add(entry.getMessage());
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

    @BeforeEach
    void listen() {
        logger.addHandler(capture);
        logger.setUseParentHandlers(false);
    }

    @AfterEach
    void stopListening() {
        logger.removeHandler(capture);
        logger.setUseParentHandlers(true);
    }

    /** An optimizer with one group per rate: g0, g1, ... */
    private static Optimizer<FloatArray> optimizer(double... rates) {
        List<ParamGroup<FloatArray>> groups = new ArrayList<>();
        for (double rate : rates) {
            groups.add(group("g" + groups.size(), rate));
        }
        return FloatArrays.optimizer(groups);
    }

    private static ParamGroup<FloatArray> group(String name, double rate) {
        return new ParamGroup<>(name, new SGD(rate), List.of(new FloatArray(1f)));
    }

    private static List<Double> rates(Optimizer<?> optimizer) {
        return optimizer.groups().stream().map(ParamGroup::lr).toList();
    }

    private static void assertRates(Optimizer<?> optimizer, double... expected) {
        List<Double> rates = rates(optimizer);
        assertEquals(expected.length, rates.size());
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], rates.get(i), TOLERANCE, "group " + i);
        }
    }

    private static void step(Optimizer<?> optimizer, LRScheduler scheduler) {
        optimizer.step();
        scheduler.step();
    }

    private static <X extends Throwable> String messageOf(Class<X> type, Runnable refused) {
        return String.valueOf(assertThrows(type, refused::run).getMessage());
    }

    @Test
    void startsFromTheRateOfStepZero() {
        Optimizer<FloatArray> optimizer = optimizer(0.8, 0.4);
        LRScheduler scheduler = new LRScheduler(optimizer, LambdaLR.of("lambda step: (step + 1) / 4"));
        assertRates(optimizer, 0.2, 0.1);
        assertEquals(OptionalDouble.of(0.8), optimizer.group("g0").initialLr());
        assertEquals(List.of(0.2, 0.1), scheduler.lastLr());
        assertEquals(0, scheduler.lastEpoch());
    }

    @Test
    void changesNothingMoreWhenBuiltTwice() {
        Schedule warmup = LambdaLR.of("lambda step: (step + 1) / 4");
        Schedule decay = new MultiStepLR(List.of(0L, 2L), 0.5);
        for (Schedule schedule : List.of(warmup, decay)) {
            Optimizer<FloatArray> optimizer = optimizer(0.8);
            new LRScheduler(optimizer, schedule);
            List<Double> once = rates(optimizer);
            LRScheduler again = new LRScheduler(optimizer, schedule);
            assertEquals(once, rates(optimizer));
            assertEquals(OptionalDouble.of(0.8), optimizer.group("g0").initialLr());
            assertEquals(0, again.lastEpoch());
        }
    }

    @Test
    void startsOverFromTheBaseAndNotFromTheRateInForce() {
        Optimizer<FloatArray> optimizer = optimizer(0.8);
        step(optimizer, new LRScheduler(optimizer, new ExponentialLR(0.5)));
        assertRates(optimizer, 0.4);
        new LRScheduler(optimizer, new ExponentialLR(0.5));
        assertRates(optimizer, 0.8);
        optimizer.group("g0").setLr(0.1);
        optimizer.rebase();
        new LRScheduler(optimizer, new ExponentialLR(0.5));
        assertRates(optimizer, 0.1);
    }

    @Test
    void refusesToStepWhenAnotherRunnerReplacedIt() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler schedule = new LRScheduler(optimizer, new ExponentialLR(0.5));
        LRScheduler plateau = new LRScheduler(optimizer, new ReduceLROnPlateau());
        String expected =
                "this LRScheduler was replaced by another one built on the same optimizer: build one runner with one schedule, a.times(b) or a.then(step, b)";
        assertEquals(expected, messageOf(IllegalStateException.class, schedule::step));
        assertEquals(0, schedule.lastEpoch());
        new LRScheduler(optimizer, new ExponentialLR(0.5));
        assertEquals(expected, messageOf(IllegalStateException.class, () -> plateau.step(1.0)));
    }

    @Test
    void keepsItsStateWhenAnotherRunnerReplacedIt() {
        Optimizer<FloatArray> optimizer = optimizer(0.05);
        StepLR schedule = new StepLR(3, 0.1);
        LRScheduler first = new LRScheduler(optimizer, schedule);
        for (int i = 0; i < 10; i++) {
            step(optimizer, first);
        }
        SchedulerState state = first.state();
        Map<String, Object> dict = first.stateDict();
        LRScheduler copy = new LRScheduler(optimizer, schedule);
        optimizer.group("g0").setLr(7);
        optimizer.rebase();
        assertEquals(state, first.state());
        assertEquals(dict, first.stateDict());
        assertEquals(0.05 * 0.001, first.lastLr().get(0), TOLERANCE);
        assertEquals(10, first.lastEpoch());
        copy.restore(first.state());
        assertEquals(10, copy.lastEpoch());
        assertEquals(5e-5, optimizer.group("g0").lr(), 1e-18); // PyTorch 2.13: 5.000000000000001e-05
        copy.loadStateDict(first.stateDict());
        step(optimizer, copy);
        step(optimizer, copy);
        assertEquals(5e-6, optimizer.group("g0").lr(), 1e-18);
    }

    @Test
    void leavesTheStateOfAPlateauThatALateGroupDoesNotFit() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler plateau = new LRScheduler(optimizer, new ReduceLROnPlateau().withMinLr(List.of(0.1)));
        LRScheduler any = new LRScheduler(optimizer, new ReduceLROnPlateau());
        optimizer.addParamGroup(group("late", 0.4));
        assertEquals(List.of(1.0), plateau.state().lrs());
        new LRScheduler(optimizer, new ReduceLROnPlateau().withMinLr(List.of(0.1, 0.2)));
        assertEquals(List.of(1.0, 0.4), any.state().lrs());
    }

    @Test
    void refusesWhateverWouldActWhenAnotherRunnerReplacedIt() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler old = new LRScheduler(optimizer, new ExponentialLR(0.5));
        SchedulerState state = old.state();
        Map<String, Object> dict = old.stateDict();
        LRScheduler live = new LRScheduler(optimizer, new ExponentialLR(0.5));
        ParamGroup<FloatArray> late = group("late", 0.4);
        optimizer.addParamGroup(late);
        List<Executable> actions = List.of(
                old::step,
                old::stepAfterUpdate,
                () -> old.step(1.0),
                () -> old.restore(state),
                () -> old.restore(state, LRScheduler.OnChange.TAKE_CHECKPOINT),
                () -> old.loadStateDict(dict),
                () -> old.join(late),
                () -> old.join(late, new ExponentialLR(0.5)),
                () -> old.onSet((step, group, lr, momentum) -> {}));
        for (Executable action : actions) {
            String message = String.valueOf(
                    assertThrows(IllegalStateException.class, action).getMessage());
            assertTrue(
                    message.startsWith("this LRScheduler was replaced by another one built on the same optimizer"),
                    message);
        }
        assertEquals(OptionalDouble.empty(), late.initialLr());
        live.join(late);
        step(optimizer, live);
        assertRates(optimizer, 0.5, 0.2);
    }

    @Test
    void refusesAStateWithABadNumberAndChangesNothing() {
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(List.of(
                new ParamGroup<>("a", new Adagrad(1), List.of(new FloatArray(1f))),
                new ParamGroup<>("b", new Adagrad(1), List.of(new FloatArray(1f)))));
        LRScheduler scheduler = new LRScheduler(optimizer, new ExponentialLR(0.5));
        SchedulerState state = scheduler.state();
        step(optimizer, scheduler);
        double nan = Double.NaN;
        double infinity = Double.POSITIVE_INFINITY;
        assertEquals("last_epoch must be at least 0, but was -1", refusedState(state, -1, 1, 1, 0, 1, 1));
        assertEquals(
                "initial_lrs[1] must be finite or NaN, but was Infinity", refusedState(state, 0, infinity, 1, 0, 1, 1));
        assertEquals("lrs[1] must be finite, but was NaN", refusedState(state, 0, 1, nan, 0, 1, 1));
        assertEquals("momentums[1] must be finite, but was NaN", refusedState(state, 0, 1, 1, nan, 1, 1));
        assertEquals("unscaled[1] must be finite, but was Infinity", refusedState(state, 0, 1, 1, 0, infinity, 1));
        assertEquals("factors[1] must be finite, but was NaN", refusedState(state, 0, 1, 1, 0, 1, nan));
        SchedulerState momentum = state(state, 0, 1, 1, 0.9, 1, 1);
        for (LRScheduler.OnChange onChange : LRScheduler.OnChange.values()) {
            assertEquals(
                    "a rule must have momentum or betas to take momentum 0.9, but was Adagrad(lr=1.0)",
                    messageOf(IllegalArgumentException.class, () -> scheduler.restore(momentum, onChange)));
        }
        assertRates(optimizer, 0.5, 0.5);
        assertEquals(1, scheduler.lastEpoch());
    }

    private static String refusedState(SchedulerState state, long lastEpoch, double... numbers) {
        return messageOf(IllegalArgumentException.class, () -> state(state, lastEpoch, numbers));
    }

    /** {@return {@code state} with {@code numbers} for its second group: the base, the rate, ...} */
    private static SchedulerState state(SchedulerState state, long lastEpoch, double... numbers) {
        return new SchedulerState(
                state.version(),
                lastEpoch,
                state.policies(),
                List.of(1.0, numbers[0]),
                List.of(1.0, numbers[1]),
                List.of(0.0, numbers[2]),
                List.of(1.0, numbers[3]),
                List.of(1.0, numbers[4]),
                Optional.empty());
    }

    @Test
    void refusesAStateWithoutWhatAPlateauRemembersAndChangesNothing() {
        for (Policy policy : List.of(
                new ReduceLROnPlateau(), new ExponentialLR(0.5).times(new ReduceLROnPlateau().withPatience(0)))) {
            Optimizer<FloatArray> optimizer = optimizer(1);
            LRScheduler scheduler = new LRScheduler(optimizer, policy);
            SchedulerState whole = scheduler.state();
            SchedulerState state = new SchedulerState(
                    whole.version(),
                    7,
                    whole.policies(),
                    whole.initialLrs(),
                    whole.lrs(),
                    whole.momentums(),
                    whole.unscaled(),
                    whole.factors(),
                    Optional.empty());
            assertEquals(
                    "the state must have the progress of the plateau in " + policy + ", but it was missing",
                    messageOf(IllegalArgumentException.class, () -> scheduler.restore(state)));
            assertEquals(0, scheduler.lastEpoch());
            LRScheduler another = new LRScheduler(optimizer, new StepLR(3, 0.1));
            assertThrows(
                    IllegalArgumentException.class, () -> another.restore(state, LRScheduler.OnChange.TAKE_CHECKPOINT));
            assertEquals(
                    List.of("StepLR(step_size=3, gamma=0.1)"), another.state().policies());
        }
    }

    @Test
    void isNotReplacedByARunnerThatCouldNotBeBuilt() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler scheduler = new LRScheduler(optimizer, new ExponentialLR(0.5));
        assertThrows(ArithmeticException.class, () -> new LRScheduler(optimizer, LambdaLR.of("lambda step: math.inf")));
        step(optimizer, scheduler);
        assertRates(optimizer, 0.5);
    }

    @Test
    void goesOnFromARateThatWasEditedByHand() {
        // PyTorch 2.13 gives these, where the rate 0.3 is set before the third step.
        assertAfterEdit(new ExponentialLR(0.5), 0.5, 0.25, 0.15, 0.075, 0.0375);
        assertAfterEdit(new StepLR(2, 0.1), 1.0, 0.1, 0.3, 0.03, 0.03);
        assertAfterEdit(LambdaLR.of("lambda s: 0.5 ** s"), 0.5, 0.25, 0.125, 0.0625, 0.03125);
        assertAfterEdit(
                new CosineAnnealingLR(4), 0.8535533905932737, 0.5, 0.08786796564403576, 0.0, 0.1464466094067262);
    }

    private static void assertAfterEdit(Schedule schedule, double... expected) {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler scheduler = new LRScheduler(optimizer, schedule);
        for (int i = 0; i < expected.length; i++) {
            if (i == 2) {
                optimizer.groups().get(0).setLr(0.3);
            }
            step(optimizer, scheduler);
            assertEquals(expected[i], optimizer.groups().get(0).lr(), TOLERANCE, schedule + " at " + (i + 1));
        }
    }

    @Test
    void refusesToDriveAMomentumThatIsNotThere() {
        Schedule cycles = new CyclicLR(0.01, 0.1).then(5, new ExponentialLR(0.9));
        for (String rule : List.of("Adagrad()", "Adadelta()", "ASGD()", "Rprop()", "Adafactor()")) {
            Optimizer<FloatArray> optimizer =
                    FloatArrays.optimizer(UpdateRule.parse(rule), List.of(new FloatArray(1f)));
            assertEquals(
                    "cycle_momentum must be False under a rule without momentum or betas, but was True in " + cycles
                            + " for group 'all', which runs " + rule.replace("()", "")
                            + ": write cycle_momentum=False",
                    messageOf(IllegalArgumentException.class, () -> new LRScheduler(optimizer, cycles)));
            new LRScheduler(optimizer, new CyclicLR(0.01, 0.1).withCycleMomentum(false)).step();
            assertEquals(0, optimizer.groups().get(0).momentum());
        }
        for (String rule : List.of("SGD()", "RMSprop()", "Muon()", "AdamW()", "Adamax()", "NAdam()", "RAdam()")) {
            FloatArray matrix = new FloatArray(new float[] {1f}, List.of(1L, 1L));
            Optimizer<FloatArray> optimizer = FloatArrays.optimizer(UpdateRule.parse(rule), List.of(matrix));
            new LRScheduler(optimizer, new OneCycleLR(0.1, 10));
            assertEquals(0.95, optimizer.groups().get(0).momentum());
        }
    }

    @Test
    void saysWhichStepAPlateauAndAScheduleWant() {
        LRScheduler plateau = new LRScheduler(optimizer(1), new ReduceLROnPlateau());
        assertTrue(plateau.takesMetric());
        assertEquals(
                "ReduceLROnPlateau() needs a metric: call step(metric)",
                messageOf(IllegalStateException.class, plateau::step));
        LRScheduler schedule = new LRScheduler(optimizer(1), new StepLR(30));
        assertFalse(schedule.takesMetric());
        assertEquals(
                "StepLR(step_size=30, gamma=0.1) takes no metric: call step() without one",
                messageOf(IllegalStateException.class, () -> schedule.step(0.5)));
        assertEquals(0, plateau.lastEpoch());
        assertEquals(0, schedule.lastEpoch());
    }

    @Test
    void reducesEveryGroupOnAPlateau() {
        Optimizer<FloatArray> optimizer = optimizer(1, 0.4);
        ReduceLROnPlateau policy =
                new ReduceLROnPlateau().withPatience(1).withFactor(0.5).withMinLr(List.of(0.0, 0.3));
        LRScheduler scheduler = new LRScheduler(optimizer, policy);
        assertRates(optimizer, 1, 0.4);
        scheduler.step(1.0);
        scheduler.step(1.0);
        assertRates(optimizer, 1, 0.4);
        scheduler.step(1.0);
        assertRates(optimizer, 0.5, 0.3);
        assertEquals(List.of(0.5, 0.3), scheduler.lastLr());
        assertEquals(3, scheduler.lastEpoch());
    }

    @Test
    void refusesALateGroupUntilItJoins() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler scheduler = new LRScheduler(optimizer, new ExponentialLR(0.5));
        step(optimizer, scheduler);
        ParamGroup<FloatArray> late = group("late", 0.4);
        optimizer.addParamGroup(late);
        assertEquals(
                "group 'late' was added after this runner was built: call join(group) or join(group, schedule) to schedule it",
                messageOf(IllegalStateException.class, scheduler::step));
        assertRates(optimizer, 0.5, 0.4);
        assertEquals(1, scheduler.lastEpoch(), "a refused step does not count");

        scheduler.join(late);
        assertEquals(List.of(0.5, 0.4), scheduler.lastLr());
        assertEquals(OptionalDouble.of(0.4), late.initialLr());
        scheduler.step();
        assertRates(optimizer, 0.25, 0.2);
        assertEquals(2, scheduler.lastEpoch());
    }

    @Test
    void takesALateGroupAlongAsPyTorchDoes() {
        // PyTorch 2.13: a group of rate 0.4 is added after one step.
        assertJoined(new ExponentialLR(0.5), 0.4, 0.2, 0.1, 0.05);
        assertJoined(new StepLR(2, 0.1), 0.4, 0.04, 0.04, 0.004);
        assertJoined(new MultiStepLR(List.of(3L), 0.1), 0.4, 0.4, 0.04, 0.04);
        // PyTorch's get_lr fails here, for want of a base; this is its formula.
        assertJoined(new MultiplicativeLR(LrLambda.parse("lambda s: 0.9")), 0.4, 0.36, 0.324, 0.2916);
        assertJoined(LambdaLR.of("lambda s: 0.5 ** s"), 0.4, 0.1, 0.05, 0.025);
        // From step 1, where the group came with 0.4, by the ratio of 1 + cos(pi * t / 4).
        assertJoined(new CosineAnnealingLR(4), 0.4, 0.234314575050762, 0.06862915010152398, 0.0);
    }

    private static void assertJoined(Schedule schedule, double... expected) {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler scheduler = new LRScheduler(optimizer, schedule);
        step(optimizer, scheduler);
        ParamGroup<FloatArray> late = group("late", 0.4);
        optimizer.addParamGroup(late);
        scheduler.join(late);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], late.lr(), TOLERANCE, schedule + " at step " + (i + 1));
            step(optimizer, scheduler);
        }
    }

    @Test
    void runsEachGroupsOwnScheduleAndALateGroups() {
        Optimizer<FloatArray> optimizer = optimizer(1, 1);
        LRScheduler scheduler = new LRScheduler(optimizer, List.of(new ExponentialLR(0.5), new StepLR(2, 0.1)));
        step(optimizer, scheduler);
        assertRates(optimizer, 0.5, 1);
        ParamGroup<FloatArray> late = group("late", 0.4);
        optimizer.addParamGroup(late);
        assertEquals(
                "this runner has one schedule per group: say which one group 'late' follows, join(group, schedule)",
                messageOf(IllegalStateException.class, () -> scheduler.join(late)));
        scheduler.join(late, new MultiStepLR(List.of(3L), 0.5));
        step(optimizer, scheduler);
        assertRates(optimizer, 0.25, 0.1, 0.4);
        step(optimizer, scheduler);
        assertRates(optimizer, 0.125, 0.1, 0.2);
    }

    @Test
    void letsALateGroupFollowAScheduleOfItsOwn() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler scheduler = new LRScheduler(optimizer, new ExponentialLR(0.5));
        ParamGroup<FloatArray> late = group("late", 0.4);
        optimizer.addParamGroup(late);
        scheduler.join(late, new ExponentialLR(0.1));
        step(optimizer, scheduler);
        assertRates(optimizer, 0.5, 0.04);
    }

    @Test
    void letsOnlyTheNextLateGroupJoin() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler scheduler = new LRScheduler(optimizer, new ExponentialLR(0.5));
        ParamGroup<FloatArray> first = group("first", 0.4);
        ParamGroup<FloatArray> second = group("second", 0.4);
        optimizer.addParamGroup(first);
        optimizer.addParamGroup(second);
        String rule = "groups must join in the order they were added: next is ";
        assertEquals(
                rule + "'first', but was 'second'",
                messageOf(IllegalArgumentException.class, () -> scheduler.join(second)));
        scheduler.join(first);
        assertEquals(
                rule + "'second', but was 'first'",
                messageOf(IllegalArgumentException.class, () -> scheduler.join(first)));
        assertTrue(messageOf(IllegalStateException.class, scheduler::step).contains("'second'"));
        scheduler.join(second);
        step(optimizer, scheduler);
        assertRates(optimizer, 0.5, 0.2, 0.2);
    }

    @Test
    void takesEveryGroupAlongOnAPlateauWithoutJoining() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler scheduler = new LRScheduler(
                optimizer, new ReduceLROnPlateau().withPatience(0).withFactor(0.5));
        scheduler.step(1.0);
        ParamGroup<FloatArray> late = group("late", 0.4);
        optimizer.addParamGroup(late);
        assertEquals(
                "ReduceLROnPlateau(factor=0.5, patience=0) runs every group already: there is no need to join",
                messageOf(IllegalStateException.class, () -> scheduler.join(late)));
        scheduler.step(1.0);
        assertRates(optimizer, 0.5, 0.2);
    }

    @Test
    void refusesAWrongNumberOfSchedules() {
        Schedule schedule = new StepLR(30);
        assertEquals(
                "need one schedule per group, so 2, but got 3",
                messageOf(
                        IllegalArgumentException.class,
                        () -> new LRScheduler(optimizer(1, 1), List.of(schedule, schedule, schedule))));
        assertEquals(
                "need one schedule per group, so 1, but got 0",
                messageOf(IllegalArgumentException.class, () -> new LRScheduler(optimizer(1), List.of())));
    }

    @Test
    void givesEachGroupItsEntryOfAListPerGroup() {
        Optimizer<FloatArray> optimizer = optimizer(1, 0.4);
        LRScheduler scheduler = new LRScheduler(
                optimizer,
                new LambdaLR(List.of(LrLambda.parse("lambda s: 1 / (s + 1)"), LrLambda.parse("lambda s: s"))));
        assertRates(optimizer, 1, 0);
        step(optimizer, scheduler);
        assertRates(optimizer, 0.5, 0.4);
    }

    @Test
    void refusesAListPerGroupOfAnotherLength() {
        LrLambda one = LrLambda.parse("lambda s: 1");
        assertEquals(
                "lr_lambda must have 1 entry for all groups or 3, one per group, but had 2",
                messageOf(
                        IllegalArgumentException.class,
                        () -> new LRScheduler(optimizer(1, 1, 1), new LambdaLR(List.of(one, one)))));
        assertEquals(
                "min_lr must have 1 entry for all groups or 3, one per group, but had 2",
                messageOf(
                        IllegalArgumentException.class,
                        () -> new LRScheduler(
                                optimizer(1, 1, 1), new ReduceLROnPlateau().withMinLr(List.of(0.1, 0.2)))));
        assertEquals(
                "lr_lambda must have 1 entry for all groups or 3, one per group, but had 2",
                messageOf(IllegalArgumentException.class, () -> {
                    Optimizer<FloatArray> optimizer = optimizer(1, 1);
                    LRScheduler scheduler = new LRScheduler(optimizer, new LambdaLR(List.of(one, one)));
                    ParamGroup<FloatArray> late = group("late", 0.4);
                    optimizer.addParamGroup(late);
                    scheduler.join(late);
                }));
    }

    @Test
    void resumesAnAbsoluteScheduleByWritingItsRate() {
        Optimizer<FloatArray> optimizer = resumable();
        LRScheduler scheduler = new LRScheduler(optimizer, LambdaLR.of("lambda s: 0.5 ** s"), 3);
        assertEquals(4, scheduler.lastEpoch());
        assertRates(optimizer, 0.0625);
        assertEquals(List.of(0.0625), scheduler.lastLr());
        step(optimizer, scheduler);
        assertRates(optimizer, 0.03125);
    }

    @Test
    void resumesAChainableScheduleFromTheRateInForce() {
        Optimizer<FloatArray> optimizer = resumable();
        LRScheduler scheduler = new LRScheduler(optimizer, new ExponentialLR(0.5), 3);
        assertEquals(4, scheduler.lastEpoch());
        assertRates(optimizer, 0.3);
        step(optimizer, scheduler);
        assertRates(optimizer, 0.15);
        assertEquals(5, scheduler.lastEpoch());
    }

    /** Base 1, rate in force 0.3. */
    private static Optimizer<FloatArray> resumable() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        optimizer.rebase();
        optimizer.groups().get(0).setLr(0.3);
        return optimizer;
    }

    @Test
    void refusesToResumeWhatItCannot() {
        assertEquals(
                "group 'g0' must have an initialLr to resume at last_epoch=3: restore the optimizer first, or call optimizer.rebase() to start from its current rate",
                messageOf(IllegalStateException.class, () -> new LRScheduler(optimizer(1), new ExponentialLR(0.5), 3)));
        assertEquals(
                "last_epoch must be at least -1, but was -2",
                messageOf(
                        IllegalArgumentException.class,
                        () -> new LRScheduler(resumable(), new ExponentialLR(0.5), -2)));
        assertEquals(
                "last_epoch must be -1 for a plateau, which is driven by metrics, but was 3",
                messageOf(
                        IllegalArgumentException.class,
                        () -> new LRScheduler(resumable(), new ReduceLROnPlateau(), 3)));
    }

    @Test
    void refusesARateThatIsNotFiniteAndChangesNone() {
        Optimizer<FloatArray> optimizer = optimizer(1, 0.4);
        LRScheduler scheduler = new LRScheduler(
                optimizer, List.of(new ExponentialLR(0.5), LambdaLR.of("lambda s: math.inf if s == 2 else 1")));
        step(optimizer, scheduler);
        String expected = "the rate must be finite, but LambdaLR(lr_lambda=lambda s: math.inf if s == 2 else 1) makes"
                + " it Infinity at step 2 for group 'g1'";
        for (int attempt = 0; attempt < 2; attempt++) {
            assertEquals(expected, messageOf(ArithmeticException.class, scheduler::step));
            assertRates(optimizer, 0.5, 0.4);
            assertEquals(List.of(0.5, 0.4), scheduler.lastLr());
            assertEquals(1, scheduler.lastEpoch());
        }
    }

    @Test
    void countsNoStepInWhichAUsersFunctionFails() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler scheduler = new LRScheduler(optimizer, new LambdaLR("broken", step -> {
            if (step == 1) {
                throw new UnsupportedOperationException("broken");
            }
            return 1;
        }));
        assertEquals("broken", messageOf(UnsupportedOperationException.class, scheduler::step));
        assertEquals(0, scheduler.lastEpoch());
        assertRates(optimizer, 1);
    }

    @Test
    void warnsOnceOfSteppingBeforeTheOptimizer() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler scheduler = new LRScheduler(optimizer, new ExponentialLR(0.5));
        scheduler.step();
        scheduler.step();
        assertEquals(
                List.of(
                        "the scheduler was stepped before the optimizer, so the first rate is never used: call optimizer.step() before scheduler.step()"),
                warnings);
        assertRates(optimizer, 0.25);
    }

    @Test
    void warnsOnceOfSteppingBeforeTheOptimizerAfterLastEpochAsPyTorchDoes() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        optimizer.rebase();
        LRScheduler scheduler = new LRScheduler(optimizer, new StepLR(3, 0.1), 4);
        scheduler.step();
        scheduler.step();
        assertEquals(1, warnings.size());
        assertTrue(warnings.get(0).startsWith("the scheduler was stepped before the optimizer"), warnings.get(0));
    }

    @Test
    void warnsOfTheOrderOnlyIfAnotherLibrarysOptimizerCountsItsSteps() {
        RateGroup group = RateGroup.of("all", () -> 1, lr -> {});
        new LRScheduler(() -> List.of(group), new ExponentialLR(0.5)).step();
        assertEquals(List.of(), warnings);
        new LRScheduler(
                        new Schedulable() {
                            @Override
                            public List<RateGroup> groups() {
                                return List.of(group);
                            }

                            @Override
                            public long steps() {
                                return 0;
                            }
                        },
                        new ExponentialLR(0.5))
                .step();
        assertEquals(1, warnings.size());
        assertTrue(warnings.get(0).startsWith("the scheduler was stepped before the optimizer"), warnings.get(0));
    }

    @Test
    void warnsOnceOfTwoMetricsAtOneStep() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler scheduler = new LRScheduler(
                optimizer,
                new ExponentialLR(0.5)
                        .times(new ReduceLROnPlateau().withPatience(1).withFactor(0.5)));
        for (int i = 0; i < 3; i++) {
            scheduler.step(1.0);
            step(optimizer, scheduler);
        }
        assertEquals(List.of(), warnings);
        scheduler.step(0.5);
        scheduler.step(0.6);
        scheduler.step(0.6);
        step(optimizer, scheduler);
        scheduler.step(0.1);
        scheduler.step(0.1);
        assertEquals(
                List.of("the plateau got two metrics at one step and counts both: call step() after each step(metric)"),
                warnings);
    }

    @Test
    void warnsOfNoSecondMetricUnderAPlateauAloneNorAfterAMove() {
        LRScheduler alone = new LRScheduler(optimizer(1), new ReduceLROnPlateau());
        alone.step(1.0);
        alone.step(1.0);
        LRScheduler scheduler = new LRScheduler(optimizer(1), new StepLR(3).times(new ReduceLROnPlateau()));
        scheduler.step(1.0);
        scheduler.restore(scheduler.state());
        scheduler.step(1.0);
        assertEquals(List.of(), warnings);
    }

    @Test
    void printsWhatItRunsAndWhereItIs() {
        Optimizer<FloatArray> optimizer = optimizer(1, 0.5);
        LRScheduler scheduler = new LRScheduler(optimizer, new StepLR(1, 0.5));
        step(optimizer, scheduler);
        assertEquals(
                "LRScheduler(StepLR(step_size=1, gamma=0.5), last_epoch=1, last_lr=[0.5, 0.25])", scheduler.toString());
        assertEquals(
                "LRScheduler([ExponentialLR(gamma=0.5), StepLR(step_size=3, gamma=0.1)], last_epoch=0,"
                        + " last_lr=[1.0, 0.5])",
                new LRScheduler(optimizer, List.of(new ExponentialLR(0.5), new StepLR(3))).toString());
    }

    /** The rates are those that PyTorch 2.13 gives a group that is added with its base. */
    @Test
    void warnsOfAGroupThatWillBeCarriedAboveItsBase() {
        Schedule linear = new LinearLR(0.1, 1, 5);
        assertCarried(
                linear, 0, 5, 2.0, "set its rate to 0.020000000000000004 after joining for it to end at its base");
        assertCarried(
                new ConstantLR(0.1, 3),
                0,
                3,
                2.0,
                "set its rate to 0.020000000000000004 after joining for it to end at its base");
        assertCarried(
                new ConstantLR(0.1, 3),
                2,
                1,
                2.0,
                "set its rate to 0.020000000000000004 after joining for it to end at its base");
        assertCarried(new CosineAnnealingLR(4), 6, 2, 0.4, "at step 8, as PyTorch does");
        assertCarried(linear.times(new ExponentialLR(1)), 0, 5, 2.0, "at step 5, as PyTorch does");
        assertCarried(linear.then(9, new ExponentialLR(0.5)), 0, 5, 2.0, "at step 5, as PyTorch does");
    }

    private void assertCarried(Schedule schedule, int before, int after, double expected, String told) {
        warnings.clear();
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler scheduler = new LRScheduler(optimizer, schedule);
        for (int i = 0; i < before; i++) {
            step(optimizer, scheduler);
        }
        ParamGroup<FloatArray> late = group("late", 0.2);
        optimizer.addParamGroup(late);
        scheduler.join(late);
        assertEquals(List.of(), warnings, "the rate may yet be set");
        for (int i = 0; i < after; i++) {
            step(optimizer, scheduler);
            assertEquals(1, warnings.size(), schedule.toString());
        }
        assertTrue(warnings.get(0).startsWith("group 'late' joined at 0.2, which " + schedule), warnings.get(0));
        assertTrue(warnings.get(0).contains(told), warnings.get(0));
        assertEquals(expected, late.lr(), TOLERANCE);
        assertEquals(1, warnings.size(), schedule.toString());
    }

    @Test
    void endsAtItsBaseWithTheRateThatAWarningSays() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        Schedule schedule = new LinearLR(0.1, 1, 5);
        LRScheduler scheduler = new LRScheduler(optimizer, schedule);
        step(optimizer, scheduler);
        step(optimizer, scheduler);
        ParamGroup<FloatArray> late = group("late", 0.2);
        optimizer.addParamGroup(late);
        scheduler.join(late);
        late.setLr(schedule.at(scheduler.lastEpoch(), late.lr()));
        for (int i = 0; i < 3; i++) {
            step(optimizer, scheduler);
        }
        assertEquals(0.2, late.lr(), TOLERANCE);
        assertEquals(List.of(), warnings, "what the warning advises was done");
    }

    @Test
    void doesNotWarnOfAGroupThatStaysWhereTheScheduleIs() {
        for (Schedule schedule : List.of(
                new ExponentialLR(0.5),
                new StepLR(2, 2),
                new CosineAnnealingLR(4),
                LambdaLR.of("lambda s: 1 + s"),
                new LambdaLR(List.of(LrLambda.named("table", step -> new double[] {1, 0.5, 0.25}[(int) step]))),
                new OneCycleLR(3, 10),
                new CosineAnnealingWarmRestarts(3),
                new CyclicLR(0.1, 5).withStepSizes(2, 2),
                new SWALR(0.05),
                new LinearLR(1, 0.1, 5),
                new PolynomialLR(4, 1))) {
            Optimizer<FloatArray> optimizer = optimizer(1);
            LRScheduler scheduler = new LRScheduler(optimizer, schedule);
            step(optimizer, scheduler);
            ParamGroup<FloatArray> late = group("late", 0.2);
            optimizer.addParamGroup(late);
            scheduler.join(late);
            step(optimizer, scheduler);
            assertEquals(List.of(), warnings, schedule.toString());
        }
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler ended = new LRScheduler(optimizer, new LinearLR(0.1, 1, 2));
        step(optimizer, ended);
        step(optimizer, ended);
        ParamGroup<FloatArray> late = group("late", 0.2);
        optimizer.addParamGroup(late);
        ended.join(late);
        step(optimizer, ended);
        assertEquals(List.of(), warnings);
    }

    @Test
    void warnsOfNothingInTheRightOrder() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler scheduler = new LRScheduler(optimizer, new ExponentialLR(0.5));
        step(optimizer, scheduler);
        step(optimizer, scheduler);
        LRScheduler plateau = new LRScheduler(optimizer, new ReduceLROnPlateau());
        plateau.step(1.0);
        assertEquals(List.of(), warnings);
    }

    @Test
    void warnsOnceOfAMetricThatIsNaNAndCountsItAsBad() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler scheduler = new LRScheduler(
                optimizer, new ReduceLROnPlateau().withPatience(1).withFactor(0.5));
        scheduler.step(Double.NaN);
        assertRates(optimizer, 1);
        scheduler.step(Double.NaN);
        assertRates(optimizer, 0.5);
        assertEquals(List.of("the plateau got NaN as its metric, which counts as no improvement"), warnings);
    }

    @Test
    void reportsTheRatesItLeftAndNotAnEditSince() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        LRScheduler scheduler = new LRScheduler(optimizer, new ExponentialLR(0.5));
        optimizer.groups().get(0).setLr(0.3);
        assertEquals(List.of(1.0), scheduler.lastLr());
        step(optimizer, scheduler);
        assertEquals(List.of(0.15), scheduler.lastLr());
        assertThrows(
                UnsupportedOperationException.class, () -> scheduler.lastLr().set(0, 1.0));
    }
}
