package org.anneal.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.anneal.schedule.ReduceLROnPlateau.Mode;
import org.anneal.schedule.ReduceLROnPlateau.State;
import org.anneal.schedule.ReduceLROnPlateau.ThresholdMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ReduceLROnPlateauTest {

    private static final ReduceLROnPlateau PLATEAU = new ReduceLROnPlateau();

    @Test
    void reducesAfterMoreThanPatienceBadEpochs() {
        assertEquals(List.of(3, 6, 9), firings(PLATEAU.withPatience(2), flat(10, 1)));
        assertEquals(List.of(1, 2, 3), firings(PLATEAU.withPatience(0), flat(4, 1)));
    }

    @Test
    void countsNoBadEpochInTheCooldown() {
        assertEquals(List.of(2, 6, 10), firings(PLATEAU.withPatience(1).withCooldown(2), flat(12, 1)));
    }

    @Test
    void countsNaNAsABadEpoch() {
        assertEquals(List.of(2, 5), firings(PLATEAU.withPatience(2), flat(6, Double.NaN)));
        State state = PLATEAU.next(PLATEAU.start(), Double.NaN);
        assertEquals(new State(Double.POSITIVE_INFINITY, 1, 0), state);
        assertEquals(new State(3.0, 0, 0), PLATEAU.next(state, 3.0));
    }

    @ParameterizedTest
    @CsvSource({
        // mode, threshold mode, best, a metric that is not better, one that is: threshold 0.1
        "MIN, REL, 1.0, 0.9, 0.8999999999999999",
        "MIN, REL, -1.0, -1.1, -1.1000000000000003",
        "MAX, REL, 1.0, 1.1, 1.1000000000000003",
        "MAX, REL, -1.0, -0.9, -0.8999999999999999",
        "MIN, ABS, 1.0, 0.9, 0.8999999999999999",
        "MIN, ABS, -1.0, -1.1, -1.1000000000000003",
        "MAX, ABS, 1.0, 1.1, 1.1000000000000003",
        "MAX, ABS, -1.0, -0.9, -0.8999999999999999",
        "MIN, REL, 0.0, 0.0, -1e-300",
    })
    void wantsAMetricThatIsBetterByTheThreshold(
            Mode mode, ThresholdMode thresholdMode, double best, double same, double better) {
        ReduceLROnPlateau plateau = PLATEAU.withMode(mode).withThreshold(0.1, thresholdMode);
        State state = plateau.next(plateau.start(), best);
        assertEquals(new State(best, 0, 0), state);
        assertEquals(new State(best, 1, 0), plateau.next(state, same));
        assertEquals(new State(better, 0, 0), plateau.next(state, better));
    }

    @Test
    void reducesOnAFlatNegativeMetric() {
        assertEquals(List.of(3), firings(PLATEAU.withPatience(2), flat(5, -1)));
    }

    @Test
    void neverGoesBelowTheLowestRateAndSkipsWhatIsTooSmall() {
        assertEquals(0.5 * 0.1, PLATEAU.reduce(0, 1, 0.5));
        assertEquals(0.2, PLATEAU.withMinLr(0.2).reduce(0, 1, 0.5));
        assertEquals(0.1, PLATEAU.withMinLr(0.2).reduce(0, 1, 0.1));
        assertEquals(1e-8, PLATEAU.reduce(0, 1, 1e-8));
        assertEquals(1e-8 * 0.1, PLATEAU.withEps(0).reduce(0, 1, 1e-8));
        ReduceLROnPlateau perGroup = PLATEAU.withMinLr(List.of(0.1, 0.2));
        assertEquals(0.1, perGroup.reduce(0, 2, 0.5));
        assertEquals(0.2, perGroup.reduce(1, 2, 0.5));
        assertEquals(
                "min_lr must have 1 entry for all groups or 3, one per group, but had 2",
                refusal(() -> perGroup.reduce(1, 3, 0.5)));
    }

    static Stream<ReduceLROnPlateau> examples() {
        return Stream.of(
                PLATEAU,
                PLATEAU.withMode(Mode.MAX).withFactor(0.5).withPatience(0),
                PLATEAU.withThreshold(1e-5, ThresholdMode.ABS).withCooldown(3).withEps(0),
                PLATEAU.withMinLr(1e-6),
                PLATEAU.withMinLr(List.of(0.0, 1e-6)));
    }

    @ParameterizedTest
    @MethodSource("examples")
    void readsBackFromItsText(ReduceLROnPlateau plateau) {
        assertEquals(plateau, Policy.parse(plateau.toString()));
    }

    @Test
    void printsWhatDiffersFromPyTorchsDefaults() {
        assertEquals("ReduceLROnPlateau()", PLATEAU.toString());
        assertEquals(
                "ReduceLROnPlateau(mode='max', factor=0.5, patience=3, threshold=0.01, threshold_mode='abs', cooldown=1,"
                        + " min_lr=1e-06, eps=0.0)",
                new ReduceLROnPlateau(Mode.MAX, 0.5, 3, 0.01, ThresholdMode.ABS, 1, List.of(1e-6), 0).toString());
    }

    @Test
    void refusesEveryBadValueByNameAndValue() {
        assertEquals("factor must be >= 0 and < 1, but was 1.0", refusal(() -> PLATEAU.withFactor(1)));
        assertEquals("factor must be >= 0 and < 1, but was NaN", refusal(() -> PLATEAU.withFactor(Double.NaN)));
        assertEquals("patience must be at least 0, but was -1", refusal(() -> PLATEAU.withPatience(-1)));
        assertEquals("cooldown must be at least 0, but was -1", refusal(() -> PLATEAU.withCooldown(-1)));
        assertEquals(
                "threshold must be finite and >= 0, but was -1.0",
                refusal(() -> PLATEAU.withThreshold(-1, ThresholdMode.REL)));
        assertEquals("min_lr must be finite and >= 0, but was -1.0", refusal(() -> PLATEAU.withMinLr(-1)));
        assertEquals("min_lr must have at least 1 entry, but had none", refusal(() -> PLATEAU.withMinLr(List.of())));
        assertEquals("eps must be finite and >= 0, but was Infinity", refusal(() -> PLATEAU.withEps(1 / 0.0)));
    }

    private static List<Double> flat(int epochs, double metric) {
        return Stream.generate(() -> metric).limit(epochs).toList();
    }

    /** Returns the epochs, from 0, whose metric brings a reduction. */
    private static List<Integer> firings(ReduceLROnPlateau plateau, List<Double> metrics) {
        List<Integer> epochs = new ArrayList<>();
        State state = plateau.start();
        for (int epoch = 0; epoch < metrics.size(); epoch++) {
            if (plateau.fires(state, metrics.get(epoch))) {
                epochs.add(epoch);
            }
            state = plateau.next(state, metrics.get(epoch));
        }
        return epochs;
    }

    private static String refusal(Executable code) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, code).getMessage());
    }
}
