package org.anneal.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.RangeResult;
import org.anneal.optim.RangeTest;
import org.anneal.optim.SGD;
import org.anneal.optim.UpdateRule;
import org.anneal.torch.Torch;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Sweeps of both engines against PyTorch's optimizers, and the suggestions against fastai's rules: parity/find.py. */
class RangeTestGoldenTest {
    private static final double RATES = 1e-14; // of pow
    // The gradients are summed in another order of operations in float32, and the last updates before the end multiply
    // the error.
    private static final double LOSSES = 1e-4;
    private static final int ROWS = 4;

    @BeforeAll
    static void useOneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    /** A case of a file: its keys, and the lines that begin with a number. */
    private record Case(Map<String, String> keys, List<double[]> rows) {
        String get(String key) {
            return Objects.requireNonNull(keys.get(key), key);
        }

        double number(String key) {
            return Double.parseDouble(get(key).replace("inf", "Infinity"));
        }
    }

    private static Stream<Named<Case>> cases(String file) {
        try (InputStream in =
                Objects.requireNonNull(RangeTestGoldenTest.class.getResourceAsStream("/golden/" + file), file)) {
            String all = new String(in.readAllBytes(), StandardCharsets.UTF_8).replaceAll("#.*\n", "");
            return Stream.of(all.split("\n\n", -1))
                    .filter(text -> !text.isBlank())
                    .map(RangeTestGoldenTest::read);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Named<Case> read(String text) {
        Map<String, String> keys = new LinkedHashMap<>();
        List<double[]> rows = new ArrayList<>();
        text.lines().filter(line -> !line.isBlank()).forEach(line -> {
            if (Character.isDigit(line.charAt(0))) {
                rows.add(numbers(line.split(",", -1)));
            } else {
                keys.put(line.split(",", 2)[0], line.split(",", 2)[1]);
            }
        });
        return Named.of(keys.values().iterator().next(), new Case(keys, rows));
    }

    private static double[] numbers(String... texts) {
        return Arrays.stream(texts).mapToDouble(Double::parseDouble).toArray();
    }

    static Stream<Named<Case>> sweeps() {
        return cases("range_test.csv");
    }

    static Stream<Named<Case>> curves() {
        return cases("range_rules.csv");
    }

    @ParameterizedTest
    @MethodSource("sweeps")
    void arraysSweepAsPyTorch(Case golden) {
        sweep(golden, new TestedEngine.Arrays());
    }

    @ParameterizedTest
    @MethodSource("sweeps")
    void tensorsSweepAsPyTorch(Case golden) {
        sweep(golden, new TestedEngine.Tensors());
    }

    /** The linear model of parity/find.py. */
    private static final class Model<T> {
        private final TestedEngine<T> engine;
        final T weights;
        final T bias;

        Model(TestedEngine<T> engine) {
            this.engine = engine;
            weights = engine.parameter(new float[] {0.5f, -0.25f, 0.125f}, new long[] {3});
            bias = engine.parameter(new float[] {0.75f}, new long[] {1});
        }

        /** {@return the loss of some rows, and adds {@code part} of its gradients} */
        double loss(int first, int count, float part) {
            float[] w = engine.read(weights);
            float[] gradient = new float[3];
            float gradientOfBias = 0;
            float loss = 0;
            for (int k = first; k < first + count; k++) {
                float error = engine.read(bias)[0] - (float) Math.sin(0.9 * k);
                for (int j = 0; j < 3; j++) {
                    error += w[j] * (float) Math.cos(1.7 * k + j);
                }
                loss += error * error / count;
                for (int j = 0; j < 3; j++) {
                    gradient[j] += part * 2 * error * (float) Math.cos(1.7 * k + j) / count;
                }
                gradientOfBias += part * 2 * error / count;
            }
            if (part != 0) {
                add(weights, gradient);
                add(bias, gradientOfBias);
            }
            return loss;
        }

        private void add(T parameter, float... gradient) {
            grads.merge(parameter, gradient, (old, more) -> {
                float[] sum = old.clone();
                for (int i = 0; i < sum.length; i++) {
                    sum[i] += more[i];
                }
                return sum;
            });
            engine.setGrad(parameter, Optional.ofNullable(grads.get(parameter)));
        }

        final Map<T, float[]> grads = new LinkedHashMap<>(); // since they were cleared
    }

    private static <T> void sweep(Case golden, TestedEngine<T> engine) {
        Model<T> model = new Model<>(engine);
        String[] range = golden.get("sweep").split(",", -1);
        int accumulate = (int) golden.number("accumulate");
        try (Optimizer<T> optimizer = engine.optimizer(List.of(
                new ParamGroup<>("weights", UpdateRule.parse(golden.get("optimizer")), List.of(model.weights)),
                new ParamGroup<>("bias", UpdateRule.parse(golden.get("bias")), List.of(model.bias))))) {
            RangeTest test = RangeTest.over(optimizer)
                    .from(Double.parseDouble(range[0]))
                    .to(Double.parseDouble(range[1]))
                    .steps(Integer.parseInt(range[2]))
                    .smoothing(golden.number("smoothing"))
                    .divergence(golden.number("divergence"))
                    .accumulate(accumulate);
            if (range[3].equals("linear")) {
                test.linear();
            }
            if (!golden.get("group").equals("all")) {
                test.group(optimizer.group(golden.get("group")));
            }
            if (golden.get("validation").equals("yes")) {
                test.validation(() -> model.loss(4000, 8, 0));
            }
            int[] batch = {0};
            RangeResult found = test.run(() -> {
                if (batch[0] % accumulate == 0) {
                    model.grads.clear(); // as the test has cleared the engine's
                }
                return model.loss(ROWS * batch[0]++, ROWS, 1f / accumulate);
            });
            assertEquals(golden.get("ended"), found.ended().name().toLowerCase(Locale.ROOT));
            assertEquals(golden.rows().size(), found.points().size());
            for (int i = 0; i < golden.rows().size(); i++) {
                double[] row = golden.rows().get(i);
                RangeTest.Point point = found.points().get(i);
                assertEquals(row[1], point.rate(), RATES * row[1], "rate " + i);
                assertEquals(row[2], point.loss(), LOSSES * row[2], "loss " + i);
                assertEquals(row[3], point.smoothed(), LOSSES * row[3], "smoothed loss " + i);
            }
            assertArrayEquals(new float[] {0.5f, -0.25f, 0.125f}, engine.read(model.weights));
            assertArrayEquals(new float[] {0.75f}, engine.read(model.bias));
        }
    }

    @ParameterizedTest
    @MethodSource("curves")
    void suggestsTheRatesThatFastaiSuggests(Case golden) {
        double[] losses = numbers(golden.get("losses").split(" ", -1));
        TestedEngine.Arrays engine = new TestedEngine.Arrays();
        var parameter = engine.parameter(new float[] {0}, new long[] {1});
        Optimizer<?> optimizer = engine.optimizer(List.of(new ParamGroup<>("all", new SGD(0.1), List.of(parameter))));
        int steps = (int) golden.number("steps");
        int[] update = {0};
        // A curve that is shorter than its sweep is ended by a loss that is not finite, in place of its last.
        boolean stopped = losses.length < steps;
        RangeResult found = RangeTest.over(optimizer)
                .steps(steps)
                .smoothing(0)
                .divergence(Double.POSITIVE_INFINITY)
                .run(() -> {
                    int i = update[0]++;
                    return stopped && i == losses.length - 1 ? Double.NaN : losses[i];
                });
        Map<String, RangeResult.Rule> rules = Map.of(
                "valley", RangeResult.Rule.VALLEY,
                "slide", RangeResult.Rule.SLIDE,
                "steepest", RangeResult.Rule.STEEPEST,
                "minimum", RangeResult.Rule.MINIMUM);
        rules.forEach((name, rule) -> {
            String expected = golden.get(name);
            Optional<Double> rate = found.suggestion(rule).map(RangeResult.Suggestion::rate);
            assertEquals(!expected.equals("none"), rate.isPresent(), name);
            rate.ifPresent(value -> assertEquals(golden.number(name), value, RATES * value, name));
        });
    }
}
