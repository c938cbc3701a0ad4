package org.anneal.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.SGD;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SchedulerCall;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds the runner and every schedule to the rates that PyTorch set. */
class ScheduleGoldenTest {
    private static final List<String> BIT_EQUAL =
            List.of("StepLR", "MultiStepLR", "ExponentialLR", "MultiplicativeLR", "LambdaLR", "ReduceLROnPlateau");
    private static final List<String> CLOSE = List.of("CosineAnnealingLR");

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

    /** {@return whether a lambda takes a function whose last bit is the C library's choice, and Java's is another} */
    private static boolean roundsByLibrary(ScheduleCase golden) {
        return golden.schedule.matches(".*math\\.(exp|cos|sin).*");
    }

    @ParameterizedTest
    @MethodSource("bitEqual")
    void givesPyTorchsRatesToTheLastBit(ScheduleCase golden) {
        List<double[]> rates = run(golden);
        for (int row = 0; row < golden.rates.size(); row++) {
            for (int group = 0; group < golden.lr.length; group++) {
                assertEquals(
                        golden.rates.get(row)[group], rates.get(row)[group], 0.0, "row " + row + ", group " + group);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("close")
    void givesPyTorchsRatesWithinRounding(ScheduleCase golden) {
        List<double[]> rates = run(golden);
        double tolerance = 1e-12 * golden.scale();
        for (int row = 0; row < golden.rates.size(); row++) {
            for (int group = 0; group < golden.lr.length; group++) {
                assertEquals(
                        golden.rates.get(row)[group],
                        rates.get(row)[group],
                        tolerance,
                        "row " + row + ", group " + group);
            }
        }
    }

    @ParameterizedTest
    @MethodSource({"bitEqual", "close"})
    void theClosedFormAgreesWithAnUntouchedRun(ScheduleCase golden) {
        SchedulerCall call = SchedulerCall.parse(golden.schedule);
        if (golden.edited() || !(call.policy() instanceof Schedule schedule) || call.lastEpoch() != -1) {
            return;
        }
        for (int row = 0; row < golden.rates.size(); row++) {
            for (int group = 0; group < golden.lr.length; group++) {
                double at = schedule.forGroup(group, golden.lr.length).at(row, golden.lr[group]);
                double expected = golden.rates.get(row)[group];
                double tolerance = 1e-12 * Math.max(golden.scale(), expected);
                assertEquals(expected, at, tolerance, "row " + row + ", group " + group);
            }
        }
    }

    @Test
    void coversEveryClassWithAtLeastEightyCasesInAll() {
        for (Class<?> schedule : Schedule.class.getPermittedSubclasses()) {
            assertTrue(
                    BIT_EQUAL.contains(schedule.getSimpleName()) || CLOSE.contains(schedule.getSimpleName()),
                    schedule.getSimpleName());
        }
        assertTrue(Stream.concat(bitEqual(), close()).count() >= 80);
        assertTrue(Stream.concat(bitEqual(), close()).allMatch(golden -> golden.rates.size() >= 200));
    }

    /** The loop that generate.py ran in Python. */
    private static List<double[]> run(ScheduleCase golden) {
        SchedulerCall call = SchedulerCall.parse(golden.schedule);
        List<ParamGroup<FloatArray>> groups = IntStream.range(0, golden.lr.length)
                .mapToObj(i -> new ParamGroup<>("g" + i, new SGD(golden.lr[i]), List.of(new FloatArray(0f))))
                .toList();
        try (Optimizer<FloatArray> optimizer = FloatArrays.optimizer(groups)) {
            if (call.lastEpoch() != -1) {
                optimizer.rebase();
            }
            LRScheduler scheduler = new LRScheduler(optimizer, call.policy(), call.lastEpoch());
            return IntStream.range(0, golden.rates.size())
                    .mapToObj(row -> {
                        golden.edit(row, (group, lr) -> groups.get(group).setLr(lr));
                        double[] rates =
                                groups.stream().mapToDouble(ParamGroup::lr).toArray();
                        optimizer.step();
                        if (scheduler.takesMetric()) {
                            scheduler.step(golden.metrics[row]);
                        } else {
                            scheduler.step();
                        }
                        return rates;
                    })
                    .toList();
        }
    }
}
