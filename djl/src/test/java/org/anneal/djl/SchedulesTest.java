package org.anneal.djl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.ParameterTracker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;
import java.util.stream.Stream;
import org.anneal.optim.Adam;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.SGD;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SchedulerCall;
import org.anneal.schedule.StepPer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The rates that DJL's updates use are those of PyTorch's runs in parity's golden files, for every schedule. */
class SchedulesTest {
    private static final Path GOLDEN = Path.of("../parity/src/test/resources/golden/schedules");
    private static final int CASES = 3; // of each schedule
    private static final int STEPS = 200;

    /** A run of one group that nobody edited; generate.py describes the file. */
    private record Case(
            String schedule, double lr, List<Double> metrics, boolean adam, double momentum, List<double[]> rows) {
        static List<Case> read(Path file) {
            try {
                return Stream.of(Files.readString(file).split("\n\n"))
                        .map(Case::of)
                        .flatMap(Optional::stream)
                        .toList();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        private static Optional<Case> of(String lines) {
            String schedule = "";
            double[] lr = {};
            double[] metrics = {};
            double momentum = 0;
            boolean adam = false;
            boolean edited = false;
            List<double[]> rows = new ArrayList<>();
            for (String line :
                    lines.lines().filter(each -> !each.startsWith("#")).toList()) {
                String[] entry = line.split(",", 2);
                switch (entry[0]) {
                    case "case" -> {}
                    case "schedule" -> schedule = entry[1];
                    case "lr" -> lr = numbers(entry[1]);
                    case "metrics" -> metrics = numbers(entry[1]);
                    case "optimizer" -> adam = entry[1].equals("Adam");
                    case "momentum" -> momentum = Double.parseDouble(entry[1]);
                    case "edit" -> edited = true;
                    default -> rows.add(numbers(entry[1]));
                }
            }
            boolean fits = !edited && lr.length == 1 && !schedule.contains("last_epoch");
            return fits
                    ? Optional.of(new Case(
                            schedule, lr[0], Arrays.stream(metrics).boxed().toList(), adam, momentum, rows))
                    : Optional.empty();
        }

        private static double[] numbers(String list) {
            return Arrays.stream(list.split(",", -1))
                    .mapToDouble(Double::parseDouble)
                    .toArray();
        }

        Policy policy() {
            return SchedulerCall.parse(schedule).policy();
        }

        int steps() {
            return Math.min(STEPS, rows.size());
        }

        /** Within the rounding of a run, and that to the float that DJL has. */
        void check(int step, double rate) {
            double largest =
                    rows.stream().mapToDouble(row -> Math.abs(row[0])).max().orElseThrow();
            assertEquals(rows.get(step)[0], rate, 1e-9 * largest + Math.ulp((float) rate), "step " + step);
        }

        @Override
        public String toString() {
            return schedule;
        }
    }

    static Stream<Case> all() throws IOException {
        try (Stream<Path> files = Files.list(GOLDEN)) {
            return files.sorted().toList().stream()
                    .flatMap(file -> Case.read(file).stream().limit(CASES));
        }
    }

    static Stream<Case> schedules() throws IOException {
        return all().filter(golden -> golden.policy() instanceof Schedule);
    }

    @Test
    void coversEveryScheduleOfPyTorch() throws IOException {
        assertEquals(
                Policy.kinds().stream()
                        .filter(kind -> kind.module().isPresent())
                        .map(kind -> kind.name())
                        .sorted()
                        .toList(),
                all().map(golden -> golden.policy().kind().name())
                        .distinct()
                        .sorted()
                        .toList());
        assertTrue(all().filter(golden -> golden.steps() == STEPS).count() >= 40);
    }

    /** Has DJL train a network of two numbers. */
    private static void train(
            Optimizer optimizer, DjlListener listener, int steps, IntConsumer beforeStep, IntConsumer afterStep) {
        try (Model model = Nets.model(Linear.builder().setUnits(1).build());
                Trainer trainer = model.newTrainer(Nets.config(optimizer, listener))) {
            trainer.initialize(new Shape(1, 1));
            try (NDManager manager = trainer.getManager().newSubManager()) {
                NDArray one = manager.ones(new Shape(1, 1));
                for (int step = 0; step < steps; step++) {
                    try (GradientCollector collector = trainer.newGradientCollector();
                            NDArray output = trainer.forward(new NDList(one)).singletonOrThrow()) {
                        collector.backward(output);
                    }
                    beforeStep.accept(step);
                    trainer.step();
                    afterStep.accept(step);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("schedules")
    void aTrackerGivesEachUpdateThatStepsRate(Case golden) {
        ScheduleTracker tracker = Djl.tracker((Schedule) golden.policy(), golden.lr);
        List<Float> seen = new ArrayList<>();
        ParameterTracker spy = (id, update) -> {
            seen.add(tracker.getNewValue(id, update));
            return seen.get(seen.size() - 1);
        };
        DjlListener none = Djl.listener(Djl.rates(0));
        train(Optimizer.sgd().setLearningRateTracker(spy).build(), none, golden.steps(), step -> {}, step -> {
            assertEquals(2, seen.size());
            seen.forEach(rate -> golden.check(step, rate));
            seen.clear();
        });
    }

    /** No optimizer of DJL reads a momentum: {@link DjlRatesTest} shows what is said then. */
    static Stream<Case> withoutMomentum() throws IOException {
        return all().filter(golden -> golden.rows.get(0).length == 1);
    }

    @ParameterizedTest
    @MethodSource("withoutMomentum")
    void ratesGiveEachUpdateThatStepsRate(Case golden) {
        DjlRates rates = Djl.rates(golden.lr);
        DjlListener listener = Djl.listener(rates);
        listener.schedule(golden.policy(), StepPer.BATCH);
        List<Float> seen = new ArrayList<>();
        ParameterTracker spy = (id, update) -> {
            seen.add(rates.getNewValue(id, update));
            return seen.get(seen.size() - 1);
        };
        train(Optimizer.adam().optLearningRateTracker(spy).build(), listener, golden.steps(), step -> {}, step -> {
            assertEquals(2, seen.size());
            seen.forEach(rate -> golden.check(step, rate));
            seen.clear();
            if (listener.scheduler().takesMetric()) {
                listener.scheduler().step(golden.metrics.get(step));
            }
        });
    }

    @ParameterizedTest
    @MethodSource("all")
    void anOptimizerUpdatesWithThatStepsRateAndMomentum(Case golden) {
        UpdateRule rule = golden.adam
                ? new Adam(golden.lr).withBetas(golden.momentum, 0.999)
                : new SGD(golden.lr).withMomentum(golden.momentum);
        DjlOptimizer optimizer = Djl.optimizer(rule);
        DjlListener listener = Djl.listener(optimizer).schedule(golden.policy(), StepPer.BATCH);
        train(
                optimizer,
                listener,
                golden.steps() - 1,
                step -> {
                    ParamGroup<?> group = optimizer.groups().get(0);
                    golden.check(step, group.lr());
                    if (golden.rows.get(step).length > 1) {
                        assertEquals(golden.rows.get(step)[1], group.momentum(), 1e-12);
                    }
                },
                step -> {
                    if (listener.scheduler().takesMetric()) {
                        listener.scheduler().step(golden.metrics.get(step));
                    }
                });
    }
}
