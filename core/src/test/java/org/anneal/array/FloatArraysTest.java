package org.anneal.array;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.anneal.optim.Adam;
import org.anneal.optim.Optimizer;
import org.anneal.optim.Rprop;
import org.anneal.optim.SGD;
import org.anneal.optim.UpdateRule;
import org.anneal.text.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The rules' formulas, stated again in double precision, and what a parameter on arrays is. */
class FloatArraysTest {
    private static final int SIZE = 33;
    private static final int STEPS = 20;
    private static final long SEED = 20261121;
    private static final double TOLERANCE = 2e-5; // of float arithmetic over all steps, on values near 1

    static Stream<SGD> sgds() {
        SGD sgd = new SGD(0.05);
        return Stream.of(
                sgd,
                sgd.withWeightDecay(0.1).withMaximize(true),
                sgd.withMomentum(0.9),
                sgd.withMomentum(0.9).withDampening(0.3).withWeightDecay(0.1),
                sgd.withMomentum(0.8).withNesterov(true),
                sgd.withMomentum(0.8).withNesterov(true).withWeightDecay(0.1).withMaximize(true));
    }

    @ParameterizedTest
    @MethodSource("sgds")
    void descendsBySGDsFormula(SGD rule) {
        Random random = new Random(SEED);
        float[] values = gaussian(random);
        double[] p = widened(values);
        double[] b = new double[SIZE];
        FloatArray param = new FloatArray(values);
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(rule, List.of(param));
        for (int t = 1; t <= STEPS; t++) {
            float[] grad = gaussian(random);
            param.setGrad(grad);
            optimizer.step();
            for (int i = 0; i < SIZE; i++) {
                double g = (rule.maximize() ? -grad[i] : grad[i]) + rule.weightDecay() * p[i];
                if (rule.momentum() > 0) {
                    b[i] = t == 1 ? g : rule.momentum() * b[i] + (1 - rule.dampening()) * g;
                    g = rule.nesterov() ? g + rule.momentum() * b[i] : b[i];
                }
                p[i] -= rule.lr() * g;
            }
            assertValues(p, values, "seed " + SEED + ", step " + t);
        }
    }

    static Stream<Adam> adams() {
        Adam adam = new Adam(0.05);
        return Stream.of(
                adam,
                adam.withBetas(0.5, 0.6).withEps(0.1),
                adam.withWeightDecay(0.1).withMaximize(true),
                adam.withWeightDecay(0.1).withDecoupledWeightDecay(true),
                adam.withBetas(0.5, 0.6).withAmsgrad(true),
                adam.withAmsgrad(true)
                        .withWeightDecay(0.1)
                        .withDecoupledWeightDecay(true)
                        .withMaximize(true));
    }

    @ParameterizedTest
    @MethodSource("adams")
    void descendsByAdamsFormula(Adam rule) {
        Random random = new Random(SEED);
        float[] values = gaussian(random);
        double[] p = widened(values);
        double[] m = new double[SIZE];
        double[] v = new double[SIZE];
        double[] largest = new double[SIZE];
        FloatArray param = new FloatArray(values);
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(rule, List.of(param));
        for (int t = 1; t <= STEPS; t++) {
            float[] grad = gaussian(random);
            param.setGrad(grad);
            optimizer.step();
            for (int i = 0; i < SIZE; i++) {
                double g = rule.maximize() ? -grad[i] : grad[i];
                if (rule.decoupledWeightDecay()) {
                    p[i] -= rule.lr() * rule.weightDecay() * p[i];
                } else {
                    g += rule.weightDecay() * p[i];
                }
                m[i] = rule.beta1() * m[i] + (1 - rule.beta1()) * g;
                v[i] = rule.beta2() * v[i] + (1 - rule.beta2()) * g * g;
                largest[i] = Math.max(largest[i], v[i]);
                double mean = m[i] / (1 - Math.pow(rule.beta1(), t));
                double square = (rule.amsgrad() ? largest[i] : v[i]) / (1 - Math.pow(rule.beta2(), t));
                p[i] -= rule.lr() * mean / (Math.sqrt(square) + rule.eps());
            }
            assertValues(p, values, "seed " + SEED + ", step " + t);
        }
    }

    @Test
    void neverDividesByZeroUnderAdam() {
        FloatArray param = new FloatArray(1, 1);
        param.setGrad(0, 0);
        FloatArrays.optimizer(new Adam(0.1), List.of(param)).step();
        assertArrayEquals(new float[] {1, 1}, param.values());
    }

    @Test
    void rpropLeavesAParameterWhoseGradientIsNoNumber() {
        FloatArray param = new FloatArray(1f, 1f);
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new Rprop(0.01), List.of(param));
        for (float grad : new float[] {1, Float.NaN, 1}) {
            param.setGrad(grad, 1);
            optimizer.step();
        }
        // PyTorch 2.13's
        assertArrayEquals(new float[] {0.98f, 1 - 0.01f - 0.012f - 0.0144f}, param.values(), 1e-7f);
    }

    @Test
    void rpropTakesOfAGradientOnlyItsSign() {
        FloatArray param = new FloatArray(1, 1, 1, 1);
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new Rprop(0.25), List.of(param));
        param.setGrad(1, -1, Float.MIN_VALUE, Float.NaN);
        optimizer.step();
        assertArrayEquals(new float[] {0.75f, 1.25f, 0.75f, 1}, param.values());
        param.setGrad(Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY, 1e30f, 1);
        optimizer.step();
        assertArrayEquals(new float[] {0.75f, 1.55f, 0.45f, 0.75f}, param.values(), 1e-6f);
        param.setGrad(-1, 1, -1, 1);
        optimizer.step();
        assertArrayEquals(new float[] {0.875f, 1.55f, 0.45f, 0.45f}, param.values(), 1e-6f);
    }

    @Test
    void takesParametersWithoutElements() {
        for (Class<?> rule : UpdateRule.kinds().stream().map(Kind::type).toList()) {
            FloatArray none = new FloatArray(new float[0], List.of(0L, 3L));
            FloatArray some = new FloatArray(new float[] {1}, List.of(1L, 1L));
            none.setGrad();
            some.setGrad(1);
            FloatArrays.optimizer(UpdateRule.parse(rule.getSimpleName() + "()"), List.of(none, some))
                    .step(() -> 1);
            assertTrue(some.values()[0] < 1, rule.getSimpleName());
        }
    }

    @Test
    void changesTheVeryArrayAndLeavesTheGradient() {
        float[] values = {1, 2};
        float[] grad = {1, -1};
        FloatArray param = new FloatArray(values);
        param.setGrad(grad);
        assertSame(values, param.values());
        assertSame(grad, param.grad().orElseThrow());
        FloatArrays.optimizer(new SGD(0.5).withMomentum(0.9), List.of(param)).step();
        assertArrayEquals(new float[] {0.5f, 2.5f}, values);
        assertArrayEquals(new float[] {1, -1}, grad);
    }

    @Test
    void recognisesOneArrayInTwoParameters() {
        float[] shared = {1, 2};
        assertThrows(
                IllegalArgumentException.class,
                () -> FloatArrays.optimizer(new SGD(0.1), List.of(new FloatArray(shared), new FloatArray(shared))));
        // Equal values are not the same array.
        FloatArrays.optimizer(new SGD(0.1), List.of(new FloatArray(1, 2), new FloatArray(1, 2)))
                .step();
    }

    @Test
    void refusesAGradientOfAnotherLength() {
        FloatArray param = new FloatArray(1, 2, 3);
        param.setGrad(1, 1, 1);
        assertEquals(
                "grad must have 3 elements, as the parameter has, but had 2",
                assertThrows(IllegalArgumentException.class, () -> param.setGrad(1, 1))
                        .getMessage());
        assertArrayEquals(new float[] {1, 1, 1}, param.grad().orElseThrow());
    }

    private static float[] gaussian(Random random) {
        float[] values = new float[SIZE];
        for (int i = 0; i < SIZE; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static double[] widened(float[] values) {
        double[] wide = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }

    private static void assertValues(double[] expected, float[] actual, String when) {
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], TOLERANCE * Math.max(1, Math.abs(expected[i])), when + " at " + i);
        }
    }
}
