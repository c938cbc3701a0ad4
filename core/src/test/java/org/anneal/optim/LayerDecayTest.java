package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.schedule.StepLR;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Groups whose rates decay towards the input. */
class LayerDecayTest {
    private static final List<String> NAMES = List.of("embed.weight", "1.weight", "1.bias", "2.weight", "head.weight");

    private static Map<String, FloatArray> parameters() {
        Map<String, FloatArray> parameters = new LinkedHashMap<>();
        NAMES.forEach(name -> parameters.put(name, new FloatArray(1f)));
        return parameters;
    }

    @Test
    void makesAGroupForEachDepth() {
        Map<String, FloatArray> parameters = parameters();
        List<ParamGroup<FloatArray>> groups = LayerDecay.groups(
                new SGD(0.8),
                parameters,
                name -> name.startsWith("head") ? 12 : name.startsWith("embed") ? 0 : name.charAt(0) - '0',
                0.5);
        assertEquals(
                List.of("layer 0", "layer 1", "layer 2", "layer 12"),
                groups.stream().map(ParamGroup::name).toList());
        assertEquals(
                List.of(0.8 / 4096, 0.8 / 2048, 0.8 / 1024, 0.8),
                groups.stream().map(ParamGroup::lr).toList());
        assertEquals(
                List.of(parameters.get("1.weight"), parameters.get("1.bias")),
                groups.get(1).params());
    }

    @Test
    void makesEachModuleALayer() {
        List<ParamGroup<FloatArray>> groups = LayerDecay.groups(new SGD(0.8), parameters(), 0.5);
        assertEquals(
                List.of("embed", "1", "2", "head"),
                groups.stream().map(ParamGroup::name).toList());
        assertEquals(
                List.of(0.1, 0.2, 0.4, 0.8), groups.stream().map(ParamGroup::lr).toList());
        assertEquals(2, groups.get(1).params().size());
    }

    @Test
    void keepsTheRatiosUnderASchedule() {
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(LayerDecay.groups(new SGD(0.8), parameters(), 0.5));
        LRScheduler scheduler = new LRScheduler(optimizer, new StepLR(1, 0.25));
        scheduler.step();
        assertEquals(List.of(0.025, 0.05, 0.1, 0.2), scheduler.lastLr());
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -0.5, Double.NaN, Double.POSITIVE_INFINITY})
    void refusesADecayOutOfRange(double decay) {
        assertEquals(
                "decay must be finite and > 0, but was " + decay,
                assertThrows(IllegalArgumentException.class, () -> LayerDecay.groups(new SGD(0.8), parameters(), decay))
                        .getMessage());
    }

    @Test
    void refusesANegativeDepth() {
        assertEquals(
                "depth of embed.weight must be at least 0, but was -1",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> LayerDecay.groups(new SGD(0.8), parameters(), name -> -1, 0.5))
                        .getMessage());
    }
}
