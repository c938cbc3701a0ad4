package org.anneal.array;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.anneal.checkpoint.TorchFile;
import org.anneal.optim.Adam;
import org.anneal.optim.AveragedModel;
import org.anneal.optim.Averaging;
import org.anneal.optim.LBFGS;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.anneal.optim.SGDScheduleFree;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.StepLR;
import org.anneal.text.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Arrays of a library, here {@code double[][]}, move as ours do. */
class MirrorTest {
    private static final Mirror.Library<double[][]> LIBRARY = new Mirror.Library<>() {
        @Override
        public List<Long> shape(double[][] array) {
            return List.of((long) array.length, (long) array[0].length);
        }

        @Override
        public void read(double[][] array, float[] into) {
            int i = 0;
            for (double[] row : array) {
                for (double value : row) {
                    into[i++] = (float) value;
                }
            }
        }

        @Override
        public void write(float[] from, double[][] array) {
            int i = 0;
            for (double[] row : array) {
                for (int c = 0; c < row.length; c++) {
                    row[c] = from[i++];
                }
            }
        }
    };

    private final double[][] w = {{1, -2}, {3, 0.5}};
    private final double[][] b = {{0.25, -0.75}};

    private static double[][] slope(double[][] array, int step) {
        return Arrays.stream(array)
                .map(row -> Arrays.stream(row).map(x -> x + Math.sin(step)).toArray())
                .toArray(double[][]::new);
    }

    private static float[] flat(double[][] array) {
        float[] flat = new float[array.length * array[0].length];
        LIBRARY.read(array, flat);
        return flat;
    }

    private Map<String, double[][]> params() {
        Map<String, double[][]> params = new LinkedHashMap<>();
        params.put("w", w);
        params.put("b", b);
        return params;
    }

    private Map<String, double[][]> grads(int step) {
        return Map.of("w", slope(w, step), "b", slope(b, step));
    }

    static Stream<UpdateRule> rules() {
        return UpdateRule.kinds().stream().map(Kind::name).map(name -> UpdateRule.parse(name + "(lr=0.1)"));
    }

    @ParameterizedTest
    @MethodSource("rules")
    void moveUnderEveryRuleAsOurOwn(UpdateRule rule) {
        FloatArray ourW = new FloatArray(flat(w), List.of(2L, 2L));
        FloatArray ourB = new FloatArray(flat(b), List.of(1L, 2L));
        try (Mirror<double[][]> mirror = new Mirror<>(LIBRARY, rule, params());
                Optimizer<FloatArray> ours = FloatArrays.optimizer(rule, List.of(ourW, ourB))) {
            for (int i = 0; i < 10; i++) {
                int step = i;
                if (rule.needsClosure()) {
                    double loss = ours.step(() -> {
                        ourW.setGrad(slope(ourW, step));
                        ourB.setGrad(slope(ourB, step));
                        return step;
                    });
                    assertEquals(loss, mirror.step(() -> {
                        mirror.readGrads(grads(step));
                        return step;
                    }));
                } else {
                    ourW.setGrad(slope(ourW, step));
                    ourB.setGrad(slope(ourB, step));
                    mirror.step(grads(step));
                    ours.step();
                }
                assertArrayEquals(ourW.values(), flat(w), "step " + step);
                assertArrayEquals(ourB.values(), flat(b), "step " + step);
            }
        }
    }

    @Test
    void showTheLibraryTheWeightsToEvaluateAndThoseToTrain() {
        UpdateRule rule = new SGDScheduleFree(0.5);
        FloatArray ours = new FloatArray(flat(w), List.of(2L, 2L));
        try (Mirror<double[][]> mirror = new Mirror<>(LIBRARY, rule, Map.of("w", w));
                Optimizer<FloatArray> optimizer = FloatArrays.optimizer(rule, List.of(ours))) {
            for (int step = 0; step < 3; step++) {
                ours.setGrad(slope(ours, step));
                mirror.step(Map.of("w", slope(w, step)));
                optimizer.step();
            }
            float[] trained = ours.values().clone();
            mirror.eval();
            optimizer.eval();
            assertArrayEquals(ours.values(), flat(w));
            assertFalse(Arrays.equals(trained, flat(w)), "the weights to evaluate are others");
            mirror.train();
            assertArrayEquals(trained, flat(w), 1e-6f);
        }
    }

    private static float[] slope(FloatArray array, int step) {
        float[] grad = new float[array.values().length];
        for (int i = 0; i < grad.length; i++) {
            grad[i] = (float) ((double) array.values()[i] + Math.sin(step));
        }
        return grad;
    }

    @Test
    void areClippedBetweenTheCopyInAndTheStep() {
        try (Mirror<double[][]> mirror = new Mirror<>(LIBRARY, new SGD(1), params())) {
            mirror.readGrad("b", new double[][] {{3, 4}});
            assertEquals(5, mirror.optimizer().clipGradNorm(1));
            assertArrayEquals(new double[] {0.25, -0.75}, b[0], "nothing is written before the step");
            mirror.step();
            assertArrayEquals(new double[] {0.25 - 0.6, -0.75 - 0.8}, b[0], 1e-6);
            assertArrayEquals(new double[] {1, -2}, w[0], "it had no gradient");
        }
    }

    @Test
    void areSteppedByGradientsThatComeOneByOneAndAreUsedOnce() {
        try (Mirror<double[][]> mirror = new Mirror<>(LIBRARY, new SGD(1), params())) {
            mirror.readGrad("b", new double[][] {{1, 1}});
            mirror.readGrad("w", new double[][] {{1, 0}, {0, 0}});
            mirror.step();
            mirror.step();
            assertArrayEquals(new double[] {0, -2}, w[0]);
            assertArrayEquals(new double[] {-0.75, -1.75}, b[0]);
            w[0][0] = 1e-9; // a step of the others leaves a frozen parameter as the library has it
            mirror.step(Map.of("b", new double[][] {{1, 1}}));
            assertEquals(1e-9, w[0][0]);
        }
    }

    @Test
    void areReadAgainWhenTheLibraryChangesThem() {
        try (Mirror<double[][]> mirror = new Mirror<>(LIBRARY, new SGD(1), params())) {
            b[0][0] = 10;
            mirror.readParams();
            mirror.step(Map.of("b", new double[][] {{1, 1}}));
            assertArrayEquals(new double[] {9, -1.75}, b[0]);
        }
    }

    @Test
    void haveGroupsScheduledAndAddedLate() {
        List<Mirror.Group<double[][]>> groups = List.of(new Mirror.Group<>("head", new SGD(1), Map.of("b", b)));
        try (Mirror<double[][]> mirror = new Mirror<>(LIBRARY, groups)) {
            LRScheduler scheduler = new LRScheduler(mirror.optimizer(), new StepLR(1, 0.5));
            mirror.step(Map.of("b", new double[][] {{1, 1}}));
            scheduler.step();
            mirror.addParamGroup(new Mirror.Group<>("body", new SGD(0.25), Map.of("w", w)));
            mirror.step(Map.of("b", new double[][] {{1, 1}}, "w", new double[][] {{1, 1}, {1, 1}}));
            assertArrayEquals(new double[] {0.25 - 1.5, -0.75 - 1.5}, b[0]);
            assertArrayEquals(new double[] {0.75, -2.25}, w[0]);
            assertEquals(0.25, mirror.optimizer().group("body").lr());
            Mirror.Group<double[][]> refused = new Mirror.Group<>("more", new Adam(1), Map.of("v", new double[1][1]));
            assertThrows(IllegalArgumentException.class, () -> mirror.addParamGroup(refused));
            assertThrows(IllegalArgumentException.class, () -> mirror.array("v"), "nothing of it is left");
        }
    }

    @Test
    void areAveragedAndEvaluatedInTheLibrary() {
        try (Mirror<double[][]> mirror = new Mirror<>(LIBRARY, new SGD(1), params())) {
            AveragedModel<FloatArray> average = mirror.averagedModel(Averaging.swa());
            average.update();
            mirror.step(Map.of("b", new double[][] {{2, 2}}));
            average.update();
            average.swap();
            mirror.writeParams();
            assertArrayEquals(new double[] {-0.75, -1.75}, b[0]);
            average.swap();
            mirror.writeParams();
            assertArrayEquals(new double[] {-1.75, -2.75}, b[0]);
            assertEquals(
                    List.of("n_averaged", "module.w", "module.b"),
                    List.copyOf(average.stateDict().keySet()));
        }
    }

    @Test
    void goOnFromAFileToTheSameBitsInWhateverOrderTheyCome(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("state.pt");
        try (Mirror<double[][]> mirror = new Mirror<>(LIBRARY, new Adam(0.1), params())) {
            for (int step = 0; step < 5; step++) {
                mirror.step(grads(step));
            }
            TorchFile.write(file, mirror.stateDict());
        }
        double[][] w2 = Arrays.stream(w).map(double[]::clone).toArray(double[][]::new);
        double[][] b2 = {b[0].clone()};
        Map<String, double[][]> other = new LinkedHashMap<>();
        other.put("b", b2);
        other.put("w", w2);
        try (Mirror<double[][]> same = new Mirror<>(LIBRARY, new Adam(1), params());
                Mirror<double[][]> turned = new Mirror<>(LIBRARY, new Adam(1), other);
                TorchFile saved = TorchFile.open(file)) {
            same.loadStateDict(state(saved));
            turned.loadStateDict(state(saved));
            assertEquals(new Adam(0.1), turned.optimizer().groups().get(0).rule());
            for (int step = 5; step < 10; step++) {
                same.step(grads(step));
                turned.step(Map.of("w", slope(w2, step), "b", slope(b2, step)));
            }
            assertArrayEquals(flat(w), flat(w2));
            assertArrayEquals(flat(b), flat(b2));
            try (Mirror<double[][]> renamed = new Mirror<>(LIBRARY, new Adam(1), Map.of("v", w2, "b", b2))) {
                String message = String.valueOf(
                        assertThrows(IllegalArgumentException.class, () -> renamed.loadStateDict(state(saved)))
                                .getMessage());
                assertEquals("[w, b]", message.substring(message.lastIndexOf('[')), message);
            }
        }
    }

    @SuppressWarnings("unchecked") // a state dict has names as its keys
    private static Map<String, Object> state(TorchFile file) {
        return (Map<String, Object>) file.root();
    }

    @Test
    void areRefusedTwiceUnderAnUnknownNameOrInAnotherShape() {
        assertThrows(IllegalArgumentException.class, () -> new Mirror<>(LIBRARY, new SGD(1), Map.of("w", w, "v", w)));
        assertThrows(
                IllegalArgumentException.class,
                () -> new Mirror<>(
                        LIBRARY,
                        List.of(
                                new Mirror.Group<>("a", new SGD(1), Map.of("w", w)),
                                new Mirror.Group<>("b", new SGD(1), Map.of("w", b)))));
        try (Mirror<double[][]> mirror = new Mirror<>(LIBRARY, new LBFGS(1), params())) {
            assertEquals(
                    "name must be one of [w, b], but was c",
                    assertThrows(IllegalArgumentException.class, () -> mirror.readGrad("c", b))
                            .getMessage());
            assertEquals(
                    "the gradient of b must have the shape [1, 2], as the parameter has, but had [2, 2]",
                    assertThrows(IllegalArgumentException.class, () -> mirror.readGrad("b", w))
                            .getMessage());
        }
    }

    @Test
    void anArrayIsWrappedAndNotCopied() {
        float[] values = {1, 2};
        float[] grad = {1, 1};
        FloatArray array = FloatArray.wrap(values);
        array.wrapGrad(grad);
        assertSame(values, array.values());
        assertSame(grad, array.grad().orElseThrow());
        assertEquals(List.of(2L), array.shape());
    }
}
