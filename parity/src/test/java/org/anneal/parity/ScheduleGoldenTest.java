package org.anneal.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.Adam;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.SGD;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SchedulerCall;
import org.anneal.text.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds the runner and every schedule to the rates and the momentum that PyTorch set. */
class ScheduleGoldenTest {
    private static final List<String> BIT_EQUAL = List.of(
            "StepLR",
            "MultiStepLR",
            "ConstantLR",
            "LinearLR",
            "ExponentialLR",
            "MultiplicativeLR",
            "LambdaLR",
            "ReduceLROnPlateau");
    private static final List<String> CLOSE = List.of(
            "PolynomialLR",
            "CosineAnnealingLR",
            "CosineAnnealingWarmRestarts",
            "CyclicLR",
            "OneCycleLR",
            "SWALR",
            "SequentialLR",
            "ChainedScheduler");

    static Stream<ScheduleCase> bitEqual() {
        return BIT_EQUAL.stream()
                .flatMap(name -> ScheduleCase.read(name).stream())
                .filter(golden -> !roundsByLibrary(golden));
    }

    static Stream<ScheduleCase> close() {
        return Stream.concat(
                CLOSE.stream().flatMap(name -> ScheduleCase.read(name).stream()),
                ScheduleCase.read("LambdaLR").stream().filter(ScheduleGoldenTest::roundsByLibrary));
    }

    static Stream<ScheduleCase> untouchedSchedules() {
        return Stream.concat(bitEqual(), close())
                .filter(golden -> !golden.edited())
                .filter(golden -> SchedulerCall.parse(golden.schedule).policy() instanceof Schedule)
                .filter(golden -> SchedulerCall.parse(golden.schedule).lastEpoch() == -1);
    }

    /** {@return whether a lambda takes a function whose last bit is the C library's choice, and Java's is another} */
    private static boolean roundsByLibrary(ScheduleCase golden) {
        return golden.schedule.matches(".*math\\.(exp|cos|sin).*");
    }

    @ParameterizedTest
    @MethodSource("bitEqual")
    void givesPyTorchsRatesToTheLastBit(ScheduleCase golden) {
        compare(golden, 0);
    }

    @ParameterizedTest
    @MethodSource("close")
    void givesPyTorchsRatesWithinRounding(ScheduleCase golden) {
        compare(golden, 1e-12 * golden.scale());
    }

    private static void compare(ScheduleCase golden, double tolerance) {
        List<double[]> rows = run(golden);
        for (int row = 0; row < rows.size(); row++) {
            double[] expected = golden.rates.get(row);
            double[] actual = rows.get(row);
            assertEquals(expected.length, actual.length);
            for (int i = 0; i < expected.length; i++) {
                double allowed = i < golden.lr.length ? tolerance : 1e-12; // momentum is of size 1
                assertEquals(expected[i], actual[i], allowed, "row " + row + ", column " + i);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("untouchedSchedules")
    void theClosedFormAgreesWithAnUntouchedRun(ScheduleCase golden) {
        Schedule schedule = Schedule.parse(golden.schedule);
        double tolerance = 1e-9 * golden.scale();
        for (int row = 0; row < golden.rates.size(); row++) {
            for (int group = 0; group < golden.lr.length; group++) {
                double at = schedule.forGroup(group, golden.lr.length).at(row, golden.lr[group]);
                assertEquals(golden.rates.get(row)[group], at, tolerance, "row " + row + ", group " + group);
            }
        }
    }

    @Test
    void coversEveryClassWithAtLeastFourHundredCasesInAll() {
        for (Class<?> schedule : Policy.kinds().stream()
                .filter(kind -> kind.module().isPresent())
                .map(Kind::type)
                .filter(Schedule.class::isAssignableFrom)
                .toList()) {
            assertTrue(
                    BIT_EQUAL.contains(schedule.getSimpleName()) || CLOSE.contains(schedule.getSimpleName()),
                    schedule.getSimpleName());
        }
        List<ScheduleCase> all = Stream.concat(bitEqual(), close()).toList();
        // A OneCycleLR that is shorter than 200 steps ends where it ends.
        assertTrue(all.stream().filter(golden -> golden.rates.size() >= 200).count() >= 400);
        assertTrue(
                all.stream().allMatch(golden -> golden.rates.size() >= 200 || golden.schedule.contains("OneCycleLR")));
    }

    @Test
    void nearlyAllRatesAreBitEqual() {
        long rates = 0;
        long equal = 0;
        for (ScheduleCase golden : Stream.concat(bitEqual(), close()).toList()) {
            List<double[]> rows = run(golden);
            for (int row = 0; row < rows.size(); row++) {
                for (int group = 0; group < golden.lr.length; group++) {
                    rates++;
                    equal += golden.rates.get(row)[group] == rows.get(row)[group] ? 1 : 0;
                }
            }
        }
        System.out.println(equal + " of " + rates + " rates are PyTorch's to the last bit");
        assertTrue(equal > 0.98 * rates);
    }

    /** The loop that generate.py ran in Python. */
    private static List<double[]> run(ScheduleCase golden) {
        SchedulerCall call = SchedulerCall.parse(golden.schedule);
        double momentum = golden.momentum.orElse(0);
        UpdateRule rule = golden.adam ? new Adam(0).withBetas(momentum, 0.999) : new SGD(0).withMomentum(momentum);
        List<ParamGroup<FloatArray>> groups = IntStream.range(0, golden.lr.length)
                .mapToObj(i -> new ParamGroup<>("g" + i, rule.withLr(golden.lr[i]), List.of(new FloatArray(0f))))
                .toList();
        try (Optimizer<FloatArray> optimizer = FloatArrays.optimizer(groups)) {
            if (call.lastEpoch() != -1) {
                optimizer.rebase();
            }
            LRScheduler scheduler = new LRScheduler(optimizer, call.policy(), call.lastEpoch());
            int last = golden.rates.size() - 1;
            return IntStream.rangeClosed(0, last)
                    .mapToObj(row -> {
                        golden.edit(row, (group, lr) -> groups.get(group).setLr(lr));
                        DoubleStream rates = groups.stream().mapToDouble(ParamGroup::lr);
                        double[] now = golden.momentum.isPresent()
                                ? DoubleStream.concat(
                                                rates,
                                                DoubleStream.of(groups.get(0).momentum()))
                                        .toArray()
                                : rates.toArray();
                        optimizer.step();
                        if (row < last && scheduler.takesMetric()) {
                            scheduler.step(golden.metrics[row]);
                        } else if (row < last) {
                            scheduler.step();
                        }
                        return now;
                    })
                    .toList();
        }
    }
}
