package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.schedule.ConstantLR;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.schedule.ExponentialLR;
import org.anneal.schedule.GreedyLR;
import org.anneal.schedule.LinearLR;
import org.anneal.schedule.MetricDriven;
import org.anneal.schedule.Policy;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.SmoothedMetric;
import org.anneal.text.Python;
import org.anneal.text.PythonSyntaxException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** GreedyLR against transformers', and smoothed metrics; parity/greedy.py wrote the rates. */
class MetricDrivenTest {

    private static List<String> lines() throws IOException {
        try (InputStream in = Objects.requireNonNull(MetricDrivenTest.class.getResourceAsStream("greedy.csv"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        }
    }

    static Stream<Arguments> cases() throws IOException {
        return lines().stream().skip(2).map(line -> Arguments.of((Object[]) line.split(";", -1)));
    }

    private static double[] numbers(String text) {
        return Arrays.stream(text.split(" ", -1))
                .mapToDouble(Python::parseFloat)
                .toArray();
    }

    private static Optimizer<FloatArray> optimizer(double... bases) {
        return FloatArrays.optimizer(IntStream.range(0, bases.length)
                .mapToObj(i -> new ParamGroup<>("g" + i, new SGD(bases[i]), List.of(new FloatArray(1f))))
                .toList());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void givesTheirRatesToTheLastBit(String text, String bases, String metrics, String rates) {
        Policy policy = Policy.parse(text);
        assertEquals(policy, Policy.parse(policy.toString()));
        LRScheduler scheduler = new LRScheduler(optimizer(numbers(bases)), policy);
        double[] given = numbers(metrics);
        String[] expected = rates.split(",", -1);
        for (int i = 0; i < given.length; i++) {
            scheduler.step(given[i]);
            double[] theirs = numbers(expected[i]);
            assertEquals(Arrays.stream(theirs).boxed().toList(), scheduler.lastLr(), text + " after metric " + i);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void goesOnFromItsStateAndTransformersOrOurDict(String text, String bases, String metrics, String rates) {
        Policy policy = Policy.parse(text);
        double[] given = numbers(metrics);
        String[] expected = rates.split(",", -1);
        for (int cut : new int[] {1, 7, 20, 45}) {
            LRScheduler before = new LRScheduler(optimizer(numbers(bases)), policy);
            for (int i = 0; i < cut; i++) {
                before.step(given[i]);
            }
            LRScheduler byState = new LRScheduler(optimizer(numbers(bases)), policy);
            byState.restore(SchedulerState.of(before.state().toMap()));
            LRScheduler byDict = new LRScheduler(optimizer(numbers(bases)), policy);
            byDict.loadStateDict(before.stateDict());
            for (int i = cut; i < given.length; i++) {
                byState.step(given[i]);
                byDict.step(given[i]);
                List<Double> theirs =
                        Arrays.stream(numbers(expected[i])).boxed().toList();
                assertEquals(theirs, byState.lastLr(), text + " cut at " + cut + ", after metric " + i);
                assertEquals(theirs, byDict.lastLr(), text + " cut at " + cut + ", after metric " + i);
            }
        }
    }

    @Test
    void namesTheVersionsThatTheRatesAreFrom() throws IOException {
        assertTrue(lines().get(0).startsWith("# torch 2.13.0+cpu, transformers 5.18.0, numpy "), lines().get(0));
    }

    private static List<Double> run(Policy policy, double base, double... metrics) {
        LRScheduler scheduler = new LRScheduler(optimizer(base), policy);
        List<Double> rates = new ArrayList<>();
        for (double metric : metrics) {
            scheduler.step(metric);
            if (scheduler.takesStep()) {
                scheduler.step();
            }
            rates.addAll(scheduler.lastLr());
        }
        return rates;
    }

    @Test
    void risesAndFallsOnASchedule() {
        GreedyLR greedy = new GreedyLR().withPatience(0).withFactor(0.5).withBounds(0.125, 4);
        assertEquals(
                List.of(1.0, 1.0, 0.25, 0.0625, 0.03125), run(new ExponentialLR(0.5).times(greedy), 1, 3, 2, 2, 2, 2));
        Policy late = new LinearLR(0.25, 3).then(3, greedy);
        assertEquals(late, Policy.parse(late.toString()));
        assertEquals(List.of(0.5, 0.75, 1.0, 2.0, 4.0, 2.0), run(late, 1, 9, 9, 9, 3, 2, 2));
    }

    /** After three reductions at the lowest rate, the schedule's own rate comes back. */
    @Test
    void startsOverAtTheSchedulesOwnRate() {
        GreedyLR greedy = new GreedyLR()
                .withPatience(0)
                .withFactor(0.5)
                .withBounds(0.5, 4)
                .withResetStart(3);
        assertEquals(
                List.of(2.0, 1.0, 0.5, 0.5, 1.0, 2.0), run(new ConstantLR(1, 0).times(greedy), 1, 1, 1, 1, 1, 1, 1));
    }

    @Test
    void aGroupThatIsAddedLateStartsOverAtItsOwnRate() {
        Optimizer<FloatArray> optimizer = optimizer(1);
        GreedyLR greedy = new GreedyLR()
                .withPatience(0)
                .withFactor(0.5)
                .withBounds(0.5, 4)
                .withResetStart(1);
        LRScheduler scheduler = new LRScheduler(optimizer, greedy);
        scheduler.step(1);
        optimizer.addParamGroup(new ParamGroup<>("late", new SGD(3), List.of(new FloatArray(1f))));
        for (int i = 0; i < 2; i++) {
            scheduler.step(1);
        }
        assertEquals(List.of(0.5, 0.75), scheduler.lastLr());
        scheduler.step(1);
        assertEquals(List.of(1.0, 3.0), scheduler.lastLr());
    }

    @Test
    void aMetricThatIsNotFiniteIsBadButStaysOutOfTheMeans() {
        double[] metrics = {4, 3, Double.NaN, Double.POSITIVE_INFINITY, 2, 1};
        GreedyLR greedy = new GreedyLR()
                .withPatience(0)
                .withFactor(0.5)
                .withBounds(0, 100)
                .withSmoothing(2);
        assertEquals(List.of(2.0, 4.0, 2.0, 1.0, 2.0, 4.0), run(greedy, 1, metrics));
        MetricDriven smoothed = new SmoothedMetric(greedy.withSmoothing(1)).withDecay(0.5);
        assertEquals(List.of(2.0, 4.0, 2.0, 1.0, 2.0, 4.0), run(smoothed, 1, metrics));
    }

    @Test
    void aRelativeBarLiesOnTheBetterSideOfANegativeBest() {
        GreedyLR greedy = new GreedyLR()
                .withPatience(0)
                .withFactor(0.5)
                .withBounds(0, 100)
                .withThreshold(0.1, ReduceLROnPlateau.ThresholdMode.REL);
        assertEquals(List.of(2.0, 1.0, 2.0, 1.0), run(greedy, 1, -1, -1.05, -1.2, -1.2));
    }

    @Test
    void smoothsTheMetricsOfAPlateauOnASchedule() {
        Policy policy = Policy.parse("ChainedScheduler([CosineAnnealingLR(T_max=100),"
                + " SmoothedMetric(ReduceLROnPlateau(factor=0.5, patience=0), every=2)])");
        assertEquals(
                new CosineAnnealingLR(100)
                        .times(new SmoothedMetric(
                                        new ReduceLROnPlateau().withFactor(0.5).withPatience(0))
                                .withEvery(2)),
                policy);
        List<Double> rates = run(policy, 1, 1, 3, 2, 2, 1, 1);
        CosineAnnealingLR cosine = new CosineAnnealingLR(100);
        for (int i = 0; i < 6; i++) {
            assertEquals(cosine.at(i + 1, 1) * (i < 3 ? 1 : 0.5), rates.get(i), 1e-15, "after metric " + i);
        }
    }

    /** As transformers' GreedyLR(optimizer, patience=0, smooth=True, window_size=3).state_dict() after 3 metrics. */
    @Test
    void hasTheDictOfTransformers() {
        GreedyLR greedy = new GreedyLR().withPatience(0).withSmoothing(3);
        LRScheduler scheduler = new LRScheduler(optimizer(0.5), greedy);
        for (double metric : new double[] {3, 1, 8}) {
            scheduler.step(metric);
        }
        Map<String, Object> dict = scheduler.stateDict();
        assertEquals(
                "{factor=0.95, min_lrs=[0.001], max_lrs=[1.0], patience=0, verbose=false, cooldown=0, warmup=0,"
                        + " cooldown_counter=0, warmup_counter=0, mode=min, threshold=1.0E-6, threshold_mode=abs,"
                        + " best=2.0, num_bad_epochs=0, num_good_epochs=0, eps=1.0E-8, last_epoch=3, smooth=true,"
                        + " window_size=3, reset_start=500, reset_start_original=500,"
                        + " _last_lr=[0.5263157894736842], _init_lrs=[0.5],"
                        + " _streaming_avg={window_size=3, values=[3.0, 1.0, 8.0], sum=12.0}}",
                dict.toString());
        LRScheduler other = new LRScheduler(optimizer(0.5), greedy.withPatience(1));
        assertThrows(IllegalArgumentException.class, () -> other.loadStateDict(dict));
        assertEquals(
                java.util.Optional.of(greedy), SavedSchedule.of(dict, List.of()).policy());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "GreedyLR(factor=1.0) | factor must be > 0 and < 1, but was 1.0",
                "GreedyLR(factor=0) | factor must be > 0 and < 1, but was 0.0",
                "GreedyLR(patience=-1) | patience must be at least 0, but was -1",
                "GreedyLR(window_size=0) | window_size must be at least 1, but was 0",
                "SmoothedMetric(ReduceLROnPlateau(), decay=1) | decay must be >= 0 and < 1, but was 1.0",
                "SmoothedMetric(ReduceLROnPlateau(), 0) | window must be at least 1, but was 0",
                "SmoothedMetric(StepLR(3), 2) | expected a plateau, such as ReduceLROnPlateau(), but StepLR is not driven"
                        + " by a metric",
                "SequentialLR([GreedyLR(), StepLR(3)], [3]) | a plateau must stand alone, or last after at least one"
                        + " schedule in the outermost SequentialLR or ChainedScheduler"
            })
    void refusesBadValuesByName(String text, String message) {
        String refusal = String.valueOf(assertThrows(PythonSyntaxException.class, () -> Policy.parse(text))
                .getMessage());
        assertEquals(message, refusal.replaceFirst("^column \\d+: ", ""));
    }

    @Test
    void refusesListsOfOtherNumbersOfGroups() {
        for (String text : List.of(
                "GreedyLR(min_lr=[0.1, 0.2])",
                "GreedyLR(max_lr=[0.1, 0.2])",
                "SmoothedMetric(ReduceLROnPlateau(min_lr=[0.1, 0.2]))")) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> new LRScheduler(optimizer(1, 1, 1), Policy.parse(text)),
                    text);
        }
    }

    /** verbose stands before smooth in transformers. */
    @Test
    void readsAllArgumentsByPlace() {
        assertEquals(
                Policy.parse("GreedyLR(patience=3, eps=1e-7, smooth=True, window_size=7, reset_start=9)"),
                Policy.parse(
                        "GreedyLR(optimizer, 'min', 0.95, 3, 1e-6, 'abs', 0, 0, 1e-3, 1.0, 1e-7, False, True, 7, 9)"));
    }
}
