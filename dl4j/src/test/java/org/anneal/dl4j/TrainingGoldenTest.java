package org.anneal.dl4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Schedule;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/** A network that DL4J trains by our updaters, schedules and clipping takes PyTorch's way: parity/dl4j.py wrote it. */
class TrainingGoldenTest {
    private static final int STEPS = 60;
    private static final double LAST_BITS = 1e-5; // which 60 steps in float32 with other matrix products carry on

    static Stream<Map<String, String>> cases() throws IOException {
        List<Map<String, String>> cases = new ArrayList<>();
        try (InputStream in = Objects.requireNonNull(TrainingGoldenTest.class.getResourceAsStream("training.csv"))) {
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList()) {
                if (line.startsWith("optimizer,")) {
                    cases.add(new HashMap<>());
                }
                if (!line.isBlank() && !line.startsWith("#")) {
                    String[] entry = line.split(",", 2);
                    cases.get(cases.size() - 1).put(entry[0], entry[1]);
                }
            }
        }
        return cases.stream();
    }

    private static float[] formula(int count, int seed) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = ((i * 11 + seed * 17) % 37 - 18) / 32f;
        }
        return values;
    }

    private static DataSet batch(int step) {
        float[] classes = new float[3 * Nets.BATCH];
        for (int i = 0; i < Nets.BATCH; i++) {
            classes[3 * i + (i + step) % 3] = 1;
        }
        return new DataSet(
                Nd4j.create(formula(5 * Nets.BATCH, 100 + step % 7), new int[] {Nets.BATCH, 5}),
                Nd4j.create(classes, new int[] {Nets.BATCH, 3}));
    }

    private static double[] numbers(Map<String, String> golden, String key) {
        return Stream.of(Objects.requireNonNull(golden.get(key)).split(","))
                .mapToDouble(Double::parseDouble)
                .toArray();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void takesPyTorchsWay(Map<String, String> golden) {
        UpdateRule rule = UpdateRule.parse(Objects.requireNonNull(golden.get("optimizer")));
        Schedule schedule = Schedule.parse(Objects.requireNonNull(golden.get("scheduler")));
        MultiLayerNetwork net = Nets.small(Dl4j.optimizer(new NeuralNetConfiguration.Builder(), rule, schedule));
        // The memory of DL4J's weights, inputs by outputs in column-major order, is that of PyTorch's, outputs by
        // inputs.
        INDArray params = Nd4j.concat(
                0,
                Nd4j.createFromArray(formula(80, 0)),
                Nd4j.createFromArray(formula(16, 1)),
                Nd4j.createFromArray(formula(48, 2)),
                Nd4j.createFromArray(formula(3, 3)));
        net.setParams(params);
        if (golden.containsKey("max_norm")) {
            net.addListeners(new AnnealListener().clipGradNorm(numbers(golden, "max_norm")[0]));
        }
        double[] losses = numbers(golden, "loss");
        assertEquals(STEPS, losses.length);
        for (int step = 0; step < STEPS; step++) {
            net.fit(batch(step));
            assertEquals(losses[step], net.score(), LAST_BITS, "step " + step);
        }
        assertTrue(losses[STEPS - 1] < losses[0]);
        assertArrayEquals(numbers(golden, "params"), net.params().toDoubleVector(), LAST_BITS);
    }
}
