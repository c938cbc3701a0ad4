package org.anneal.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.anneal.optim.Averaging;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.LayerDecay;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.SGD;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Schedule;
import org.anneal.torch.Torch;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Schedules of other numbers than the rate, of an average's decay and of layers, against PyTorch and timm: parity/drives.py. */
class DrivesGoldenTest {
    private static final double VALUES = 1e-12;
    private static final double PARAMETERS = 2e-6; // float32, in another order of operations

    @BeforeAll
    static void useOneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    /** A case of drives.csv. */
    private record Case(String optimizer, Schedule schedule, Map<String, Schedule> drives, List<double[]> rows) {}

    private static List<String> lines(String file) {
        try (InputStream in =
                Objects.requireNonNull(DrivesGoldenTest.class.getResourceAsStream("/golden/" + file), file)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .toList();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static Stream<Named<Case>> cases() {
        return Stream.of(String.join("\n", lines("drives.csv")).split("\n\n", -1))
                .filter(text -> !text.isBlank())
                .map(DrivesGoldenTest::read);
    }

    private static Named<Case> read(String text) {
        Map<String, String> keys = new LinkedHashMap<>();
        Map<String, Schedule> drives = new LinkedHashMap<>();
        List<double[]> rows = text.lines()
                .filter(line -> Character.isDigit(line.charAt(0)))
                .map(line -> Arrays.stream(line.split(",", -1))
                        .mapToDouble(Double::parseDouble)
                        .toArray())
                .toList();
        text.lines().map(line -> line.split(",", 2)).forEach(line -> {
            if (line[0].equals("drive")) {
                String[] drive = line[1].split("=", 2);
                drives.put(drive[0], Schedule.parse(drive[1]));
            } else {
                keys.put(line[0], line[1]);
            }
        });
        return Named.of(
                keys.getOrDefault("case", ""),
                new Case(
                        keys.getOrDefault("optimizer", ""),
                        Schedule.parse(keys.getOrDefault("schedule", "")),
                        drives,
                        rows));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void arraysFollowPyTorch(Case golden) {
        follow(golden, new TestedEngine.Arrays());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void tensorsFollowPyTorch(Case golden) {
        follow(golden, new TestedEngine.Tensors());
    }

    private static <T> void follow(Case golden, TestedEngine<T> engine) {
        T param = engine.parameter(new float[] {1, -2, 0.5f}, new long[] {3});
        try (Optimizer<T> optimizer = engine.optimizer(
                List.of(new ParamGroup<>("all", UpdateRule.parse(golden.optimizer), List.of(param))))) {
            follow(golden, engine, optimizer, param);
        }
    }

    private static <T> void follow(Case golden, TestedEngine<T> engine, Optimizer<T> optimizer, T param) {
        LRScheduler scheduler = new LRScheduler(optimizer, golden.schedule, golden.drives);
        ParamGroup<T> group = optimizer.groups().get(0);
        assertEquals(20, golden.rows.size());
        for (double[] row : golden.rows) {
            int at = 1;
            assertEquals(row[at++], group.lr(), VALUES);
            for (String name : golden.drives.keySet()) {
                assertEquals(row[at++], group.number(name), VALUES, name);
            }
            float[] grad = new float[3];
            for (int i = 0; i < 3; i++) {
                grad[i] = (float) Math.sin(row[0] + i);
            }
            engine.setGrad(param, Optional.of(grad));
            optimizer.step();
            scheduler.step();
            float[] values = engine.read(param);
            for (int i = 0; i < 3; i++) {
                assertEquals(row[at + i], values[i], PARAMETERS, "step " + row[0]);
            }
        }
    }

    @Test
    void averagesDecayAsInTimmAndYolov5() {
        List<String> lines = lines("ema_decay.csv");
        assertEquals(220, lines.size());
        for (String line : lines) {
            String[] cells = line.split(",", -1);
            double decay = Double.parseDouble(cells[1]);
            String factor = cells[0].equals("timm")
                    ? "min(1, (1 - (1 + s / " + cells[2] + ") ** -" + cells[3] + ") / " + decay + ")"
                    : "1 - math.exp(-s / " + cells[2] + ")";
            Averaging averaging = Averaging.ema(decay, Schedule.parse("LambdaLR(lambda s: " + factor + ")"));
            assertTrue(averaging.at(Long.parseLong(cells[4])) instanceof Averaging.Ema);
            Averaging.Ema now = (Averaging.Ema) averaging.at(Long.parseLong(cells[4]));
            assertEquals(Double.parseDouble(cells[5]), now.decay(), 1e-15, line);
        }
    }

    @Test
    void layersDecayAsInTimm() {
        Map<String, Map<String, Integer>> depths = new LinkedHashMap<>();
        Map<String, Map<String, Double>> scales = new LinkedHashMap<>();
        for (String line : lines("layer_decay.csv")) {
            String[] cells = line.split(",", -1);
            depths.computeIfAbsent(cells[0], none -> new LinkedHashMap<>()).put(cells[1], Integer.valueOf(cells[2]));
            scales.computeIfAbsent(cells[0], none -> new LinkedHashMap<>()).put(cells[1], Double.valueOf(cells[3]));
        }
        assertEquals(4, depths.size());
        depths.forEach((decay, depth) -> {
            Map<String, String> parameters = new LinkedHashMap<>();
            depth.keySet().forEach(name -> parameters.put(name, name));
            List<ParamGroup<String>> groups = LayerDecay.groups(
                    new SGD(1), parameters, name -> depth.getOrDefault(name, -1), Double.parseDouble(decay));
            assertEquals(6, groups.size());
            int seen = 0;
            for (ParamGroup<String> group : groups) {
                for (String name : group.params()) {
                    assertEquals("layer " + depth.get(name), group.name());
                    assertEquals(
                            scales.getOrDefault(decay, Map.of()).getOrDefault(name, Double.NaN), group.lr(), 1e-15);
                    seen++;
                }
            }
            assertEquals(60, seen);
        });
    }
}
