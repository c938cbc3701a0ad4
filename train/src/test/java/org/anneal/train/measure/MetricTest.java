package org.anneal.train.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.anneal.schedule.ReduceLROnPlateau.Mode;
import org.anneal.torch.Torch;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Metrics against numpy's: parity/losses.py. */
class MetricTest {
    @BeforeAll
    static void load() {
        Torch.load();
    }

    static List<Measured> metrics() {
        return Measured.read("metrics.csv");
    }

    private static final Metric MEDIAN = Metric.ofPass(
            "median",
            Mode.MIN,
            (outputs, targets) -> outputs.sub(targets).abs().median().item_double());

    /** {@return the metric over batches of {@code sizes}, whose memory is used again} */
    private static double over(Metric metric, Tensor outputs, Tensor targets, int... sizes) {
        Metric.Pass pass = metric.begin().get();
        long first = 0;
        for (int size : sizes) {
            try (PointerScope scope = new PointerScope()) {
                Tensor output = outputs.narrow(0, first, size).clone();
                Tensor target = targets.narrow(0, first, size).clone();
                pass.add(output, target);
                output.zero_();
                target.zero_();
            }
            first += size;
        }
        assertEquals(outputs.size(0), first);
        return pass.value();
    }

    @ParameterizedTest
    @MethodSource("metrics")
    void isThatOfAllSamplesHoweverTheyAreBatched(Measured golden) {
        Metric metric = golden.name().equals("median") ? MEDIAN : Metric.named(golden.name());
        assertEquals(golden.name(), metric.name());
        double tolerance = golden.name().matches("accuracy|top\\d") ? 1e-15 : 1e-6;
        try (PointerScope scope = new PointerScope()) {
            for (int[] sizes : new int[][] {{23}, {8, 8, 7}, {16, 7}, {1, 22}, {22, 1}}) {
                assertEquals(golden.value(), over(metric, golden.outputs(), golden.targets(), sizes), tolerance);
            }
        }
    }

    @Test
    void aPassBeginsAnew() {
        try (PointerScope scope = new PointerScope()) {
            for (Metric metric : List.of(Metric.mae(), MEDIAN)) {
                assertEquals(1, over(metric, Measured.zeros(3, 1), torch.ones(3, 1), 2, 1));
                assertEquals(0, over(metric, Measured.zeros(3, 1), torch.zeros(3, 1), 3));
            }
        }
    }

    @Test
    void givesAWholePassInTheOrderOfItsBatches() {
        List<double[]> seen = new ArrayList<>();
        Metric metric = Metric.ofPass("pass", Mode.MAX, (outputs, targets) -> {
            seen.add(Measured.values(outputs));
            seen.add(Measured.values(targets));
            return outputs.size(0);
        });
        try (PointerScope scope = new PointerScope()) {
            Tensor counted = torch.arange(new Scalar(10)).to(torch.ScalarType.Float);
            assertEquals(10, over(metric, counted, counted.mul(new Scalar(2)), 4, 4, 2));
        }
        for (int i = 0; i < 10; i++) {
            assertEquals(i, seen.get(0)[i]);
            assertEquals(2 * i, seen.get(1)[i]);
        }
    }

    @Test
    void equalScoresAreNoHits() {
        long[] each = IntStream.range(0, 10).asLongStream().toArray();
        try (PointerScope scope = new PointerScope()) {
            for (int k : new int[] {1, 3, 10, 12}) {
                Tensor dead = Measured.zeros(10, 10);
                assertEquals(Math.min(k, 10) / 10.0, over(Metric.topK(k), dead, Measured.classes(each), 10));
            }
            Tensor broken = torch.full(new long[] {10, 10}, new Scalar(Double.NaN));
            assertTrue(over(Metric.topK(3), broken, Measured.classes(each), 10) <= 0.3);
        }
    }

    @ParameterizedTest
    @CsvSource({"accuracy, MAX", "top1, MAX", "top5, MAX", "top100, MAX", "mae, MIN", "rmse, MIN"})
    void knowsWhichWayItGetsBetter(String name, Mode mode) {
        assertEquals(name, Metric.named(name).toString());
        assertEquals(mode, Metric.named(name).mode());
    }

    private static void assertMessage(String message, Executable bad) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, bad).getMessage());
    }

    @Test
    void refusesWhatIsNoMetric() {
        assertMessage(
                "metric must be accuracy, top5 or another number, mae or rmse, but was 'auc'",
                () -> Metric.named("auc"));
        assertMessage(
                "metric must be accuracy, top5 or another number, mae or rmse, but was 'top0'",
                () -> Metric.named("top0"));
        assertMessage("k must be at least 1, but was 0", () -> Metric.topK(0));
        for (String name : List.of("", "Top 5", "a,b", "é")) {
            assertMessage(
                    "name must be lower-case letters, digits and _, but was '" + name + "'",
                    () -> Metric.mean(name, Mode.MAX, (output, target) -> 0));
        }
    }

    @Test
    void refusesOutputsThatWouldBeStretchedToTheTargets() {
        try (PointerScope scope = new PointerScope()) {
            for (Metric metric : List.of(Metric.accuracy(), Metric.mae(), Metric.rmse())) {
                assertMessage(
                        "the network's output must have the targets' shape, [4, 1], but had [4]",
                        () -> over(metric, Measured.zeros(4), Measured.zeros(4, 1), 4));
            }
            assertMessage(
                    "top5 must be of targets that are classes, but they are values",
                    () -> over(Metric.topK(5), Measured.zeros(4, 8), Measured.zeros(4, 8), 4));
        }
    }
}
