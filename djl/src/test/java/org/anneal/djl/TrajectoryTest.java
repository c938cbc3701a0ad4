package org.anneal.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.training.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.anneal.optim.Averaging;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.StepPer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds a training by DJL to PyTorch's, step by step; parity/djl.py describes the golden file. */
class TrajectoryTest {
    /** Of another libtorch's forward and backward, over 60 steps. */
    private static final float TOLERANCE = 1e-5f;

    private record Case(Map<String, String> entries, List<double[]> rows) {
        @Override
        public String toString() {
            return String.valueOf(entries);
        }
    }

    static Stream<Case> cases() throws IOException {
        List<Case> cases = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of("src/test/resources/golden/trajectories.csv"))) {
            String[] entry = line.split(",", 2);
            if (entry[0].equals("case")) {
                cases.add(new Case(new LinkedHashMap<>(), new ArrayList<>()));
            }
            if (entry[0].equals("step")) {
                cases.get(cases.size() - 1)
                        .rows
                        .add(Arrays.stream(entry[1].split(",", -1))
                                .mapToDouble(Double::parseDouble)
                                .toArray());
            } else if (!line.isEmpty() && !line.startsWith("#")) {
                cases.get(cases.size() - 1).entries.put(entry[0], entry[1]);
            }
        }
        return cases.stream();
    }

    private static String entry(Map<String, String> entries, String key) {
        return Objects.requireNonNull(entries.get(key), key);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void trainsAsPyTorchDoes(Case golden) {
        Map<String, String> entries = golden.entries;
        String call = entry(entries, "optimizer");
        DjlOptimizer optimizer = Djl.optimizer(UpdateRule.parse(call));
        if (entries.containsKey("bias")) {
            String name = call.substring(0, call.indexOf('(') + 1);
            optimizer.group("*_bias", UpdateRule.parse(name + entry(entries, "bias") + ")"));
        }
        if (entries.containsKey("clip")) {
            String[] clip = entry(entries, "clip").split(",", -1);
            double most = Double.parseDouble(clip[1]);
            if (clip[0].equals("norm")) {
                optimizer.clipGradNorm(most);
            } else {
                optimizer.clipGradValue(most);
            }
        }
        if (entries.containsKey("ema")) {
            optimizer.average(Averaging.ema(Double.parseDouble(entry(entries, "ema"))));
        }
        DjlListener listener = Djl.listener(optimizer);
        if (entries.containsKey("schedule")) {
            listener.schedule(Schedule.parse(entry(entries, "schedule")), StepPer.BATCH);
        }
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(model, optimizer, listener)) {
            int done = 0;
            for (double[] row : golden.rows) {
                int step = (int) row[0];
                Nets.train(trainer, done, step);
                assertEquals(row[1], optimizer.groups().get(0).lr(), 1e-12 * row[1], "rate at step " + step);
                double loss = Nets.train(trainer, step, step + 1).get(0);
                assertEquals(row[2], loss, TOLERANCE, "loss at step " + step);
                optimizer.eval();
                float[] weights = Nets.weights(model);
                optimizer.train();
                float[] shown = new float[row.length - 3];
                float[] expected = new float[row.length - 3];
                for (int i = 0; i < shown.length; i++) {
                    shown[i] = weights[i * 97];
                    expected[i] = (float) row[i + 3];
                }
                assertArrayEquals(expected, shown, TOLERANCE, "weights after step " + step);
                done = step + 1;
            }
        }
    }

    @Test
    void theGoldenFileHasAtLeastFiftySteps() throws IOException {
        assertTrue(cases().count() >= 8);
        assertTrue(cases().allMatch(each -> each.rows.get(each.rows.size() - 1)[0] >= 50));
    }
}
