package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.schedule.ConstantLR;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.schedule.CyclicLR;
import org.anneal.schedule.ExponentialLR;
import org.anneal.schedule.LambdaLR;
import org.anneal.schedule.LinearLR;
import org.anneal.schedule.OneCycleLR;
import org.anneal.schedule.Policy;
import org.anneal.schedule.PolynomialLR;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SchedulerCall;
import org.anneal.schedule.StepLR;
import org.anneal.text.LrLambda;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Schedules of other numbers than the rate. */
class DrivesTest {
    private static final double TOLERANCE = 1e-15;
    private static final Schedule CONSTANT = new ConstantLR(1, 0);
    private static final Schedule HALVES = new StepLR(2, 0.5);

    private static Optimizer<FloatArray> optimizer(UpdateRule... rules) {
        List<ParamGroup<FloatArray>> groups = new ArrayList<>();
        for (UpdateRule rule : rules) {
            groups.add(group("g" + groups.size(), rule));
        }
        return FloatArrays.optimizer(groups);
    }

    private static ParamGroup<FloatArray> group(String name, UpdateRule rule) {
        return new ParamGroup<>(name, rule, List.of(new FloatArray(1f, 2f)));
    }

    private static List<Double> walk(LRScheduler scheduler, RateGroup group, String name, int steps) {
        List<Double> values = new ArrayList<>(List.of(group.number(name)));
        for (int step = 1; step < steps; step++) {
            scheduler.step();
            values.add(group.number(name));
        }
        return values;
    }

    private static void assertMessage(String message, Class<? extends Throwable> type, Executable code) {
        assertEquals(message, assertThrows(type, code).getMessage());
    }

    @Test
    void drivesWeightDecayBesideTheRateAtTheSameStep() {
        Optimizer<FloatArray> optimizer = optimizer(new AdamW(0.1).withWeightDecay(0.4));
        LRScheduler scheduler = new LRScheduler(optimizer, new ExponentialLR(0.5), Map.of("weight_decay", HALVES));
        ParamGroup<FloatArray> group = optimizer.groups().get(0);
        List<Double> rates = new ArrayList<>();
        List<Double> decays = new ArrayList<>();
        for (int step = 0; step < 5; step++) {
            rates.add(group.lr());
            decays.add(((AdamW) group.rule()).weightDecay());
            optimizer.step();
            scheduler.step();
        }
        assertEquals(List.of(0.1, 0.05, 0.025, 0.0125, 0.00625), rates);
        assertEquals(List.of(0.4, 0.4, 0.2, 0.2, 0.1), decays);
        assertEquals(OptionalDouble.of(0.1), group.initialLr());
    }

    /** Yolov5: the momentum rises from 0.8 to 0.937 while the rate warms up: np.interp(step, [0, warmup], [0.8, 0.937]). */
    @Test
    void raisesTheMomentumWhileTheRateWarmsUp() {
        int warmup = 300;
        Optimizer<FloatArray> optimizer =
                optimizer(new SGD(0.01).withMomentum(0.937).withNesterov(true));
        LRScheduler scheduler = new LRScheduler(
                optimizer, new LinearLR(0.1, 1, warmup), Map.of("momentum", new LinearLR(0.8 / 0.937, 1, warmup)));
        List<Double> momenta = walk(scheduler, optimizer.groups().get(0), "momentum", 350);
        for (int step = 0; step < 350; step++) {
            assertEquals(0.8 + (0.937 - 0.8) * Math.min(1, step / 300.0), momenta.get(step), 1e-13);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "SGD(momentum=0.8); momentum; 0.8",
                "SGD(momentum=0.8, dampening=0.5); dampening; 0.5",
                "Adam(betas=(0.8, 0.9)); beta1; 0.8",
                "Adam(betas=(0.8, 0.9)); betas[0]; 0.8",
                "Adam(betas=(0.8, 0.9)); beta2; 0.9",
                "AdamW(betas=(0.8, 0.9)); betas[1]; 0.9",
                "Adam(eps=1e-3); eps; 1e-3",
                "AdamW(weight_decay=0.3); weight_decay; 0.3",
                "RMSprop(alpha=0.6); alpha; 0.6",
                "RMSprop(momentum=0.6); momentum; 0.6",
                "Adadelta(rho=0.6); rho; 0.6",
                "Adagrad(lr_decay=0.6); lr_decay; 0.6",
                "NAdam(momentum_decay=0.6); momentum_decay; 0.6",
                "ASGD(lambd=0.6); lambd; 0.6",
                "ASGD(t0=60); t0; 60",
                "Rprop(etas=(0.4, 4.8)); etas[0]; 0.4",
                "Rprop(etas=(0.4, 4.8)); etas[1]; 4.8",
                "Rprop(step_sizes=(0.01, 10)); step_sizes[1]; 10",
                "Adafactor(eps=(0.25, 0.5)); eps[0]; 0.25",
                "Adafactor(eps=(0.25, 0.5)); eps[1]; 0.5",
                "Adafactor(d=4); d; 4"
            })
    void drivesEveryNumberOfARule(String rule, String name, double base) {
        Optimizer<FloatArray> optimizer = optimizer(UpdateRule.parse(rule));
        ParamGroup<FloatArray> group = optimizer.groups().get(0);
        LRScheduler scheduler = new LRScheduler(optimizer, CONSTANT, Map.of(name, HALVES));
        String known = name.replace("betas[0]", "beta1").replace("betas[1]", "beta2");
        assertEquals(List.of(base, base, base / 2, base / 2), walk(scheduler, group, known, 4));
        assertEquals(UpdateRule.parse(rule).lr(), group.lr());
        Map<String, Object> before = UpdateRule.parse(rule).options();
        Map<String, Object> after = group.rule().options();
        String option = name.replaceAll("\\[.*", "").replaceAll("^beta[12]$", "betas");
        assertEquals(
                List.of(option),
                before.keySet().stream()
                        .filter(key -> !Objects.equals(before.get(key), after.get(key)))
                        .toList());
    }

    @Test
    void drivesAnOptionThatIsAWholeNumberWhereTheValuesAreWhole() {
        Optimizer<FloatArray> optimizer =
                FloatArrays.optimizer(List.of(new ParamGroup<>("all", new LBFGS(1), List.of(new FloatArray(1f, 2f)))));
        LRScheduler scheduler = new LRScheduler(optimizer, CONSTANT, Map.of("max_iter", HALVES));
        scheduler.step();
        scheduler.step();
        assertEquals(10, ((LBFGS) optimizer.groups().get(0).rule()).maxIter());
        scheduler.step();
        scheduler.step();
        scheduler.step();
        assertMessage(
                "max_iter must be a whole number, but was 2.5 at step 6 for group 'all', from StepLR(step_size=2, gamma=0.5)",
                ArithmeticException.class,
                scheduler::step);
    }

    @Test
    void listsTheNumbersOfARule() {
        assertEquals(
                List.of("momentum", "dampening", "weight_decay"),
                group("all", new SGD(0.1)).numbers());
        assertEquals(
                List.of("beta1", "beta2", "eps", "weight_decay"),
                group("all", new AdamW(0.1)).numbers());
        assertEquals(
                List.of("beta2_decay", "eps[1]", "d", "weight_decay"),
                group("all", UpdateRule.parse("Adafactor()")).numbers());
    }

    @Test
    void keepsAValueEditedByHandAsItKeepsARate() {
        Optimizer<FloatArray> optimizer = optimizer(new AdamW(0.1).withWeightDecay(0.4));
        ParamGroup<FloatArray> group = optimizer.groups().get(0);
        LRScheduler scheduler = new LRScheduler(optimizer, CONSTANT, Map.of("weight_decay", HALVES));
        group.setRule(((AdamW) group.rule()).withWeightDecay(0.08));
        assertEquals(List.of(0.08, 0.08, 0.04, 0.04, 0.02), walk(scheduler, group, "weight_decay", 5));
        scheduler.moveTo(2);
        assertEquals(0.2, group.number("weight_decay"), "from the base");
    }

    @Test
    void startsASecondRunnerFromTheSameBase() {
        Optimizer<FloatArray> optimizer = optimizer(new AdamW(0.1).withWeightDecay(0.4));
        ParamGroup<FloatArray> group = optimizer.groups().get(0);
        LRScheduler first = new LRScheduler(optimizer, CONSTANT, Map.of("weight_decay", HALVES));
        walk(first, group, "weight_decay", 5);
        new LRScheduler(optimizer, CONSTANT, Map.of("weight_decay", new ExponentialLR(0.5)));
        assertEquals(0.4, group.number("weight_decay"));
        group.setNumber("weight_decay", 0.3);
        optimizer.rebase();
        new LRScheduler(optimizer, CONSTANT, Map.of("weight_decay", new ExponentialLR(0.5)));
        assertEquals(0.3, group.number("weight_decay"));
    }

    @Test
    void takesAScheduleOfWhichEachGroupHasItsOwnEntry() {
        Optimizer<FloatArray> optimizer =
                optimizer(new AdamW(0.1).withWeightDecay(0.4), new AdamW(0.1).withWeightDecay(0.8));
        Policy each = Policy.parse("LambdaLR(lr_lambda=[lambda s: 0.5 ** s, lambda s: 0.25 ** s])");
        LRScheduler scheduler = new LRScheduler(optimizer, CONSTANT, Map.of("weight_decay", (Schedule) each));
        scheduler.step();
        assertEquals(0.2, optimizer.groups().get(0).number("weight_decay"));
        assertEquals(0.2, optimizer.groups().get(1).number("weight_decay"));
    }

    @Test
    void drivesOtherNumbersInEachGroup() {
        Optimizer<FloatArray> optimizer = optimizer(new AdamW(0.1).withWeightDecay(0.4), new AdamW(0.2));
        LRScheduler scheduler = new LRScheduler(
                optimizer,
                List.of(new ExponentialLR(0.5), CONSTANT),
                List.of(Map.of("weight_decay", new ExponentialLR(0.5)), Map.of("beta2", new ExponentialLR(0.9))));
        scheduler.step();
        assertEquals(0.2, optimizer.groups().get(0).number("weight_decay"));
        assertEquals(0.999, optimizer.groups().get(0).number("beta2"));
        assertEquals(0.01, optimizer.groups().get(1).number("weight_decay"));
        assertEquals(0.999 * 0.9, optimizer.groups().get(1).number("beta2"));
        assertMessage(
                "need one map of drives per group, so 2, but got 3",
                IllegalArgumentException.class,
                () -> new LRScheduler(optimizer, List.of(CONSTANT, CONSTANT), List.of(Map.of(), Map.of(), Map.of())));
    }

    /** A number of the user's own, which is of no group: it has one value, whatever the number of groups. */
    @Test
    void drivesANumberOfTheUsersOwn() {
        float[] dropout = {0.5f};
        RateGroup own = RateGroup.of("dropout", () -> dropout[0], value -> dropout[0] = (float) value);
        Optimizer<FloatArray> optimizer = optimizer(new SGD(0.1), new SGD(0.2));
        LRScheduler scheduler =
                new LRScheduler(optimizer.with(own), new ExponentialLR(0.5), Map.of("dropout", new ExponentialLR(0.9)));
        List<Float> values = new ArrayList<>();
        for (int step = 0; step < 20; step++) {
            values.add(dropout[0]);
            optimizer.step();
            assertTrue(scheduler.stepAfterUpdate());
        }
        double exact = 0.5;
        for (int step = 0; step < 20; step++) {
            assertEquals((float) exact, values.get(step), "at " + step + ": from the unrounded value");
            exact *= 0.9;
        }
        assertEquals(List.of(0.1 * Math.pow(0.5, 20), 0.2 * Math.pow(0.5, 20)), scheduler.lastLr());
        assertMessage(
                "drive 'dropouts' must be momentum or dampening or weight_decay or dropout for group 'g0', which runs SGD,"
                        + " did you mean 'dropout'?",
                IllegalArgumentException.class,
                () -> new LRScheduler(optimizer.with(own), CONSTANT, Map.of("dropouts", CONSTANT)));
        RateGroup unclear = RateGroup.of("momentum", () -> 0, value -> {});
        assertMessage(
                "numbers must have names of their own, but 'momentum' is another number's name, or an option's",
                IllegalArgumentException.class,
                () -> new LRScheduler(optimizer.with(unclear), CONSTANT, Map.of("momentum", CONSTANT)));
    }

    @Test
    void drivesTheNumbersOfAnotherLibrarysGroup() {
        double[] decay = {0.4};
        RateGroup theirs = new RateGroup("theirs") {
            private double lr = 0.1;

            @Override
            public double lr() {
                return lr;
            }

            @Override
            public void setLr(double lr) {
                this.lr = lr;
            }

            @Override
            public List<String> numbers() {
                return List.of("decay");
            }

            @Override
            public double number(String name) {
                return decay[0];
            }

            @Override
            public void setNumber(String name, double value) {
                decay[0] = value;
            }
        };
        LRScheduler scheduler = new LRScheduler(() -> List.of(theirs), CONSTANT, Map.of("decay", HALVES));
        scheduler.step();
        scheduler.step();
        assertEquals(0.2, decay[0]);
    }

    @ParameterizedTest
    @MethodSource
    void refusesANameThatTheRuleLacks(UpdateRule rule, String name, String message) {
        assertMessage(
                message,
                IllegalArgumentException.class,
                () -> new LRScheduler(optimizer(rule), CONSTANT, Map.of(name, CONSTANT)));
    }

    static Stream<Arguments> refusesANameThatTheRuleLacks() {
        return Stream.of(
                Arguments.of(
                        new SGD(0.1),
                        "weight_decy",
                        "drive 'weight_decy' must be momentum or dampening or weight_decay for group 'g0', which runs SGD,"
                                + " did you mean 'weight_decay'?"),
                Arguments.of(
                        new Adam(0.1),
                        "momentum",
                        "drive 'momentum' must be beta1 or beta2 or eps or weight_decay for group 'g0', which runs Adam"),
                Arguments.of(
                        new SGD(0.1),
                        "lr",
                        "drive 'lr' must be momentum or dampening or weight_decay for group 'g0', which runs SGD: the"
                                + " schedule itself drives the rate"),
                Arguments.of(
                        new SGD(0.1),
                        "nesterov",
                        "drive 'nesterov' must be momentum or dampening or weight_decay for group 'g0', which runs SGD"));
    }

    @Test
    void refusesTwoSchedulesOfOneNumber() {
        OneCycleLR oneCycle = new OneCycleLR(1.0, 10);
        assertMessage(
                "beta1 of group 'g0' must be driven by one schedule, but " + oneCycle
                        + " and ConstantLR(factor=1.0, total_iters=0) both drive it: write cycle_momentum=False",
                IllegalArgumentException.class,
                () -> new LRScheduler(optimizer(new Adam(0.1)), oneCycle, Map.of("beta1", CONSTANT)));
        assertEquals(
                2,
                new LRScheduler(
                                optimizer(new Adam(0.1), new Adam(0.1)),
                                oneCycle,
                                Map.of("beta2", CONSTANT, "eps", CONSTANT))
                        .lastLr()
                        .size());
        Map<String, Schedule> twice = new LinkedHashMap<>();
        twice.put("beta1", CONSTANT);
        twice.put("betas[0]", CONSTANT);
        assertMessage(
                "drives must name each number once, but named beta1 twice",
                IllegalArgumentException.class,
                () -> new LRScheduler(optimizer(new Adam(0.1)), CONSTANT, twice));
        CyclicLR cyclic = new CyclicLR(0.1, 0.2);
        assertMessage(
                "cycle_momentum must be False where a schedule drives eps, but was True in " + cyclic
                        + ": write cycle_momentum=False",
                IllegalArgumentException.class,
                () -> new LRScheduler(optimizer(new Adam(0.1)), CONSTANT, Map.of("eps", cyclic)));
    }

    @Test
    void refusesAValueOutOfRangeAndChangesNothing() {
        Optimizer<FloatArray> optimizer = optimizer(new AdamW(0.1).withWeightDecay(0.4));
        ParamGroup<FloatArray> group = optimizer.groups().get(0);
        LambdaLR falls = new LambdaLR(LrLambda.parse("lambda s: 1 - 0.5 * s"));
        Map<String, Schedule> drives = new LinkedHashMap<>();
        drives.put("eps", HALVES);
        drives.put("weight_decay", falls);
        LRScheduler scheduler = new LRScheduler(optimizer, new ExponentialLR(0.5), drives);
        scheduler.step();
        scheduler.step();
        UpdateRule before = group.rule();
        for (int again = 0; again < 2; again++) {
            assertMessage(
                    "weight_decay must be finite and >= 0, but was -0.2 at step 3 for group 'g0', from " + falls,
                    ArithmeticException.class,
                    scheduler::step);
            assertEquals(2, scheduler.lastEpoch());
            assertEquals(before, group.rule());
        }
        assertMessage(
                "weight_decay must be finite and >= 0, but was -0.6000000000000001 at step 5 for group 'g0', from "
                        + falls,
                ArithmeticException.class,
                () -> scheduler.moveTo(5));
        assertEquals(before, group.rule());
        assertMessage(
                "betas[1] must be >= 0 and < 1, but was 1.998 at step 0 for group 'g0', from LambdaLR(lr_lambda=lambda s: 2)",
                ArithmeticException.class,
                () -> new LRScheduler(
                        optimizer(new AdamW(0.1)),
                        CONSTANT,
                        Map.of("beta2", new LambdaLR(LrLambda.parse("lambda s: 2")))));
    }

    @Test
    void endsWithTheFirstScheduleThatEnds() {
        Optimizer<FloatArray> optimizer = optimizer(new AdamW(0.1));
        OneCycleLR ends = new OneCycleLR(1.0, 3).withCycleMomentum(false);
        LRScheduler scheduler = new LRScheduler(optimizer, CONSTANT, Map.of("weight_decay", ends));
        scheduler.step();
        scheduler.step();
        scheduler.step();
        assertThrows(IllegalStateException.class, scheduler::step);
        assertEquals(3, scheduler.lastEpoch());
    }

    /** A plateau alone counts its metrics; it scales the rate and no other number. */
    @Test
    void movesWithEachMetricUnderAPlateauAlone() {
        Optimizer<FloatArray> optimizer = optimizer(new AdamW(0.1).withWeightDecay(0.4));
        ParamGroup<FloatArray> group = optimizer.groups().get(0);
        Policy plateau = new ReduceLROnPlateau().withPatience(0).withFactor(0.1);
        LRScheduler scheduler = new LRScheduler(optimizer, plateau, Map.of("weight_decay", HALVES));
        List<Double> decays = new ArrayList<>(List.of(group.number("weight_decay")));
        for (int epoch = 1; epoch < 5; epoch++) {
            scheduler.step(1.0);
            decays.add(group.number("weight_decay"));
        }
        assertEquals(List.of(0.4, 0.4, 0.2, 0.2, 0.1), decays);
        assertEquals(0.1 * 0.1 * 0.1 * 0.1, group.lr(), 1e-18);
        optimizer.addParamGroup(group("late", new AdamW(0.1).withWeightDecay(0.8)));
        scheduler.step(1.0);
        scheduler.step(1.0);
        assertEquals(0.4, optimizer.groups().get(1).number("weight_decay"));
    }

    @Test
    void doesNotScaleANumberByThePlateauOnASchedule() {
        Optimizer<FloatArray> optimizer = optimizer(new AdamW(0.1).withWeightDecay(0.4));
        Policy both = HALVES.times(new ReduceLROnPlateau().withPatience(0));
        LRScheduler scheduler = new LRScheduler(optimizer, both, Map.of("weight_decay", HALVES));
        for (int step = 0; step < 2; step++) {
            scheduler.step(1.0);
            scheduler.step();
        }
        assertEquals(0.005, optimizer.groups().get(0).lr(), TOLERANCE);
        assertEquals(0.2, optimizer.groups().get(0).number("weight_decay"));
    }

    @Test
    void tellsTheListenerEveryValue() {
        Optimizer<FloatArray> optimizer = optimizer(new AdamW(0.1), new AdamW(0.1).withWeightDecay(0.5));
        double[] temperature = {8};
        RateGroup own = RateGroup.of("temperature", () -> temperature[0], value -> temperature[0] = value);
        Map<String, Schedule> drives = new LinkedHashMap<>();
        drives.put("weight_decay", HALVES);
        drives.put("temperature", HALVES);
        LRScheduler scheduler = new LRScheduler(optimizer.with(own), CONSTANT, drives);
        List<String> told = new ArrayList<>();
        scheduler.onSet(new LRScheduler.Listener() {
            @Override
            public void set(long step, int group, double lr, double momentum) {
                told.add(step + " " + group + " lr " + lr);
            }

            @Override
            public void setNumber(long step, int group, String name, double value) {
                told.add(step + " " + group + " " + name + " " + value);
            }
        });
        told.clear();
        scheduler.step();
        scheduler.step();
        assertEquals(
                List.of(
                        "1 0 lr 0.1",
                        "1 1 lr 0.1",
                        "1 0 weight_decay 0.01",
                        "1 -1 temperature 8.0",
                        "1 1 weight_decay 0.5",
                        "2 0 lr 0.1",
                        "2 1 lr 0.1",
                        "2 0 weight_decay 0.005",
                        "2 -1 temperature 4.0",
                        "2 1 weight_decay 0.25"),
                told);
        assertEquals(
                "LRScheduler(ConstantLR(factor=1.0, total_iters=0) with weight_decay=StepLR(step_size=2, gamma=0.5),"
                        + " temperature=StepLR(step_size=2, gamma=0.5), last_epoch=2, last_lr=[0.1, 0.1])",
                scheduler.toString());
    }

    /** What a run is made of, so that it can be made again. */
    private static final class Run {
        final double[] dropout = {0.5};
        final Optimizer<FloatArray> optimizer =
                optimizer(new AdamW(0.1).withWeightDecay(0.4), new AdamW(0.2).withWeightDecay(0.8));
        final RateGroup own = RateGroup.of("dropout", () -> dropout[0], value -> dropout[0] = value);

        LRScheduler build(Schedule decay) {
            return new LRScheduler(
                    optimizer.with(own),
                    new CosineAnnealingLR(20),
                    Map.of(
                            "weight_decay",
                            decay,
                            "dropout",
                            new PolynomialLR(20, 1.0),
                            "beta1",
                            new LinearLR(0.5, 1, 7)));
        }

        List<Double> values() {
            List<Double> values = new ArrayList<>(List.of(dropout[0]));
            optimizer
                    .groups()
                    .forEach(group -> values.addAll(List.of(
                            group.lr(), group.momentum(), group.number("weight_decay"), group.number("beta1"))));
            return values;
        }

        List<List<Double>> go(LRScheduler scheduler, int steps) {
            List<List<Double>> all = new ArrayList<>();
            for (int step = 0; step < steps; step++) {
                scheduler.step();
                all.add(values());
            }
            return all;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"O B R", "B O R", "B R O", "O B R O", "B R", "B S R O"})
    void resumesExactlyInAnyOrderOfTheCalls(String order) {
        Schedule decay = new CosineAnnealingLR(15).withEtaMin(0.01);
        Run whole = new Run();
        LRScheduler running = whole.build(decay);
        whole.go(running, 6);
        whole.optimizer.groups().get(1).setNumber("weight_decay", 0.5); // by hand
        whole.go(running, 3);
        double carried = whole.dropout[0];
        Map<String, Object> state = running.state().toMap();
        Map<String, Object> saved = whole.optimizer.stateDict();
        List<List<Double>> expected = whole.go(running, 9);

        Run resumed = new Run();
        Optional<LRScheduler> built = Optional.empty();
        for (String call : order.split(" ", -1)) {
            switch (call) {
                case "O" -> resumed.optimizer.loadStateDict(saved);
                case "B" -> built = Optional.of(resumed.build(decay));
                case "S" -> resumed.go(built.orElseThrow(), 2);
                default -> built.orElseThrow().restore(SchedulerState.of(state));
            }
        }
        assertEquals(carried, resumed.dropout[0]);
        assertEquals(expected, resumed.go(built.orElseThrow(), 9));
    }

    @Test
    void keepsTheBasesInTheOptimizersStateForARunnerThatIsBuiltOnIt() {
        Run whole = new Run();
        whole.go(whole.build(HALVES), 9);
        Run resumed = new Run();
        resumed.optimizer.loadStateDict(whole.optimizer.stateDict());
        assertEquals(0.4 / 16, resumed.optimizer.groups().get(0).number("weight_decay"));
        resumed.build(HALVES);
        assertEquals(0.4, resumed.optimizer.groups().get(0).number("weight_decay"));
        assertEquals(0.8, resumed.optimizer.groups().get(1).number("weight_decay"));
    }

    @Test
    void refusesTheStateOfOtherDrivesUnlessToldWhichWins() {
        Run whole = new Run();
        LRScheduler running = whole.build(HALVES);
        whole.go(running, 5);
        SchedulerState state = running.state();

        Run refusing = new Run();
        LRScheduler another = refusing.build(new ExponentialLR(0.5));
        List<Double> before = refusing.values();
        String message = String.valueOf(assertThrows(IllegalArgumentException.class, () -> another.restore(state))
                .getMessage());
        assertTrue(
                message.contains("weight_decay=StepLR(step_size=2, gamma=0.5)")
                        && message.contains("weight_decay=ExponentialLR(gamma=0.5)")
                        && message.endsWith(
                                "choose KEEP_CONFIG to keep this schedule, TAKE_CHECKPOINT to take the saved one,"
                                        + " or CONTINUE to go on with this one from the saved rate"),
                message);
        assertEquals(before, refusing.values());

        Run keeping = new Run();
        keeping.optimizer.groups().get(0).setNumber("weight_decay", 0.3); // not the base in the state, which wins
        LRScheduler kept = keeping.build(new ExponentialLR(0.5));
        kept.restore(state, LRScheduler.OnChange.KEEP_CONFIG);
        assertEquals(0.4 / 32, keeping.optimizer.groups().get(0).number("weight_decay"), TOLERANCE);
        assertEquals(0.5 * (1 - 5 / 20.0), keeping.dropout[0], TOLERANCE);
        assertEquals("ExponentialLR(gamma=0.5)", driveOf(kept, "weight_decay"));

        Run going = new Run();
        LRScheduler continued = going.build(new ExponentialLR(0.5));
        continued.restore(state, LRScheduler.OnChange.CONTINUE);
        assertEquals(whole.values(), going.values());
        assertEquals(0.4 / 4, going.optimizer.groups().get(0).number("weight_decay"));
        continued.step();
        assertEquals(0.4 / 8, going.optimizer.groups().get(0).number("weight_decay"), TOLERANCE);
        Run again = new Run();
        LRScheduler repeated = again.build(new ExponentialLR(0.5));
        repeated.restore(continued.state(), LRScheduler.OnChange.CONTINUE);
        assertEquals(driveOf(continued, "weight_decay"), driveOf(repeated, "weight_decay"));
        assertEquals(going.values(), again.values());

        Run taking = new Run();
        LRScheduler taken = taking.build(new ExponentialLR(0.5));
        taken.restore(state, LRScheduler.OnChange.TAKE_CHECKPOINT);
        assertEquals("StepLR(step_size=2, gamma=0.5)", driveOf(taken, "weight_decay"));
        assertEquals(whole.go(running, 5), taking.go(taken, 5));
        taking.optimizer.addParamGroup(group("late", new AdamW(0.1)));
        taken.join(taking.optimizer.groups().get(2)); // the drives of all groups are known again
        taken.step();
    }

    private static String driveOf(LRScheduler scheduler, String name) {
        return scheduler.state().drives().stream()
                .filter(drive -> drive.name().equals(name))
                .findFirst()
                .orElseThrow()
                .schedule();
    }

    @Test
    void keepsTheNumbersOfAStateThatThisRunnerDoesNotDrive() {
        Run whole = new Run();
        LRScheduler running = whole.build(HALVES);
        whole.go(running, 5);
        Run other = new Run();
        LRScheduler plain = new LRScheduler(other.optimizer, new CosineAnnealingLR(20));
        assertThrows(IllegalArgumentException.class, () -> plain.restore(running.state()));
        plain.restore(running.state(), LRScheduler.OnChange.KEEP_CONFIG);
        assertEquals(0.4, other.optimizer.groups().get(0).number("weight_decay"));
        assertEquals(5, plain.lastEpoch());
    }

    @Test
    void restoresAStateFromBeforeThereWereDrives() {
        Optimizer<FloatArray> optimizer = optimizer(new AdamW(0.1));
        LRScheduler scheduler = new LRScheduler(optimizer, HALVES);
        scheduler.step();
        Map<String, Object> old = scheduler.state().toMap();
        assertEquals(
                List.of(
                        "version",
                        "last_epoch",
                        "policies",
                        "initial_lrs",
                        "lrs",
                        "momentums",
                        "unscaled",
                        "factors",
                        "plateau"),
                List.copyOf(old.keySet()));
        assertEquals(List.of(), SchedulerState.of(old).drives());
        LRScheduler driving = new LRScheduler(optimizer, HALVES, Map.of("weight_decay", HALVES));
        driving.restore(SchedulerState.of(old), LRScheduler.OnChange.KEEP_CONFIG);
        assertEquals(1, driving.lastEpoch());
        assertEquals(0.01, optimizer.groups().get(0).number("weight_decay"));
    }

    @Test
    void refusesAStateThatDrivesANumberTwiceOrInAMissingGroup() {
        Run run = new Run();
        Map<String, Object> map = run.build(HALVES).state().toMap();
        List<?> drives = (List<?>) Objects.requireNonNull(map.get("drives"));
        assertEquals(5, drives.size());
        map.put("drives", List.of(drives.get(0), drives.get(0)));
        assertMessage(
                "drives must have one schedule per number, but had two of " + ((Map<?, ?>) drives.get(0)).get("name"),
                IllegalArgumentException.class,
                () -> SchedulerState.of(map));
        Map<Object, Object> elsewhere = new HashMap<>((Map<?, ?>) drives.get(0));
        elsewhere.put("group", 2L);
        map.put("drives", List.of(elsewhere));
        assertMessage(
                "drives[0] must be of one of 2 groups, from 0, but was of group 2",
                IllegalArgumentException.class,
                () -> SchedulerState.of(map));
    }

    @Test
    void drivesTheNumbersOfAGroupThatJoinsLate() {
        Optimizer<FloatArray> optimizer = optimizer(new AdamW(0.1).withWeightDecay(0.4));
        LRScheduler scheduler = new LRScheduler(optimizer, CONSTANT, Map.of("weight_decay", HALVES));
        scheduler.step();
        for (String name : List.of("shared", "own", "none")) {
            optimizer.addParamGroup(group(name, new AdamW(0.1).withWeightDecay(0.8)));
        }
        scheduler.join(optimizer.group("shared"));
        scheduler.join(optimizer.group("own"), CONSTANT, Map.of("eps", new ExponentialLR(0.5)));
        assertMessage(
                "this runner drives other numbers in each group: say which ones of group 'none' to drive, join(group,"
                        + " schedule, drives)",
                IllegalStateException.class,
                () -> scheduler.join(optimizer.group("none")));
        scheduler.join(optimizer.group("none"), CONSTANT, Map.of());
        scheduler.step();
        assertEquals(0.2, optimizer.groups().get(0).number("weight_decay"));
        assertEquals(0.4, optimizer.group("shared").number("weight_decay"));
        assertEquals(0.8, optimizer.group("own").number("weight_decay"));
        assertEquals(0.5e-8, optimizer.group("own").number("eps"));
        assertEquals(0.8, optimizer.group("none").number("weight_decay"));
        assertEquals(3, scheduler.state().drives().size());
    }

    @Test
    void pyTorchHasNoStateOfThis() {
        Optimizer<FloatArray> optimizer = optimizer(new AdamW(0.1));
        LRScheduler plain = new LRScheduler(optimizer, HALVES);
        plain.step();
        Map<String, Object> dict = plain.stateDict();
        LRScheduler scheduler = new LRScheduler(optimizer, HALVES, Map.of("weight_decay", HALVES));
        String message = "PyTorch schedules the rate only, so there is no state_dict of StepLR(step_size=2, gamma=0.5)"
                + " with weight_decay=StepLR(step_size=2, gamma=0.5): use state() and restore(state)";
        assertMessage(message, IllegalStateException.class, scheduler::stateDict);
        assertMessage(message, IllegalStateException.class, () -> scheduler.loadStateDict(dict));
        scheduler.loadStateDict(dict, LRScheduler.OnChange.KEEP_CONFIG);
        assertEquals(1, scheduler.lastEpoch());
    }

    @Test
    void simulatesOtherNumbers() {
        Simulation run = new Simulation(
                SchedulerCall.parse("StepLR(1, gamma=0.5)"),
                List.of(new AdamW(0.1).withWeightDecay(0.4)),
                Integer::toString,
                Map.of("weight_decay", new LambdaLR(LrLambda.parse("lambda s: 1 - s / 2"))));
        List<Double> decays = new ArrayList<>();
        String end = run.walk(10, step -> decays.add(run.number(0, "weight_decay")))
                .orElseThrow()
                .getMessage();
        assertEquals(List.of(0.4, 0.2, 0.0), decays);
        assertEquals(
                "weight_decay must be finite and >= 0, but was -0.2 at step 3 for group '0', from"
                        + " LambdaLR(lr_lambda=lambda s: 1 - s / 2)",
                end);
    }
}
