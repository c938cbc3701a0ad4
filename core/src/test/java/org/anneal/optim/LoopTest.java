package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.schedule.Policy;
import org.anneal.schedule.ReduceLROnPlateau.Mode;
import org.anneal.schedule.StepPer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One loop runs any policy. */
class LoopTest {
    /** {@return the rate at the start of each of three epochs of two batches; the metric never improves} */
    private static List<Double> run(LRScheduler scheduler, Optimizer<FloatArray> optimizer) {
        List<Double> rates = new ArrayList<>();
        for (int epoch = 0; epoch < 3; epoch++) {
            rates.add(optimizer.groups().get(0).lr());
            for (int batch = 0; batch < 2; batch++) {
                optimizer.step();
                scheduler.batch();
            }
            scheduler.epoch(1);
        }
        return rates;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ExponentialLR(0.5) | EPOCH | 1, 0.5, 0.25 | ",
                "ExponentialLR(0.5) | BATCH | 1, 0.25, 0.0625 | ",
                "ReduceLROnPlateau(factor=0.1, patience=0) | EPOCH | 1, 1, 0.1 | MIN",
                "ReduceLROnPlateau(factor=0.1, patience=0) | BATCH | 1, 1, 0.1 | MIN",
                "ChainedScheduler([ExponentialLR(0.5), ReduceLROnPlateau('max', factor=0.1, patience=0)]) | EPOCH | 1, 0.5, 0.025 | MAX",
                "ChainedScheduler([ExponentialLR(0.5), ReduceLROnPlateau('max', factor=0.1, patience=0)]) | BATCH | 1, 0.25, 0.00625 | MAX",
                "SmoothedMetric(ReduceLROnPlateau('max', factor=0.1, patience=0)) | EPOCH | 1, 1, 0.1 | MAX"
            })
    void movesWhateverPolicyItIs(String policy, StepPer per, String rates, Mode mode) {
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new SGD(1), List.of(new FloatArray(1f)));
        LRScheduler scheduler = new LRScheduler(optimizer, Policy.parse(policy)).stepPer(per);
        assertEquals(Optional.ofNullable(mode), scheduler.metricMode());
        List<Double> seen = run(scheduler, optimizer);
        String[] expected = rates.split(", ", -1);
        assertEquals(expected.length, seen.size());
        for (int i = 0; i < expected.length; i++) {
            assertEquals(Double.parseDouble(expected[i]), seen.get(i), 1e-17, policy);
        }
    }

    @Test
    void aPlateauWaitsThroughAnEpochWithoutAMetric() {
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new SGD(1), List.of(new FloatArray(1f)));
        LRScheduler scheduler = new LRScheduler(
                optimizer,
                Policy.parse(
                        "ChainedScheduler([ExponentialLR(0.5), ReduceLROnPlateau(factor=0.1, patience=0, threshold=0)])"));
        List<Double> rates = new ArrayList<>();
        for (int epoch = 0; epoch < 4; epoch++) {
            rates.add(optimizer.groups().get(0).lr());
            optimizer.step();
            if (epoch == 1) {
                scheduler.epoch();
            } else {
                scheduler.epoch(1);
            }
        }
        assertEquals(List.of(1.0, 0.5, 0.25, 0.0125), rates, "the second metric is no better than the first");
    }
}
