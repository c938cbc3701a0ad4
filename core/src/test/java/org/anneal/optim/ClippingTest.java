package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Random;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Gradients are clipped over all groups, in place. */
class ClippingTest {
    private final FloatArray a = new FloatArray(1f, 1f);
    private final FloatArray b = new FloatArray(1f);
    private final FloatArray c = new FloatArray(1f);
    private final float[] gradOfA = {3, 0};
    private final Optimizer<FloatArray> optimizer = FloatArrays.optimizer(List.of(
            new ParamGroup<>("first", new SGD(0.1), List.of(a)),
            new ParamGroup<>("second", new SGD(0.1), List.of(b, c))));

    ClippingTest() {
        a.setGrad(gradOfA);
        b.setGrad(-4);
    }

    @ParameterizedTest
    @CsvSource({
        "1, 2, 5",
        "2.5, 2, 5",
        "1, 1, 7",
        "1, Infinity, 4",
        "1, -Infinity, 0",
        "1, 0, 2",
        "1, 3, 4.4979414",
        "10, 2, 5"
    })
    void scalesEveryGroupToTheNorm(double most, double order, double norm) {
        assertEquals(norm, optimizer.clipGradNorm(most, order, false), 1e-6);
        double factor = Math.min(1, most / (norm + 1e-6));
        assertArrayEquals(new float[] {(float) (3 * factor), 0}, gradOfA, 1e-6f);
        assertArrayEquals(new float[] {(float) (-4 * factor)}, b.grad().orElseThrow(), 1e-6f);
        assertEquals(0, c.grad().stream().count(), "a missing gradient stays missing");
    }

    @Test
    void measuresUnderAnInfiniteLimit() {
        assertEquals(5, optimizer.clipGradNorm(Double.POSITIVE_INFINITY));
        assertArrayEquals(new float[] {3, 0}, gradOfA);
    }

    @Test
    void isZeroWithoutGradients() {
        optimizer.zeroGrad();
        assertEquals(0, optimizer.clipGradNorm(1));
        optimizer.clipGradValue(1);
    }

    @Test
    void clipsTheLargeElementsByValue() {
        optimizer.clipGradValue(3.5);
        assertArrayEquals(new float[] {3, 0}, gradOfA);
        assertArrayEquals(new float[] {-3.5f}, b.grad().orElseThrow());
        gradOfA[0] = Float.NaN;
        gradOfA[1] = Float.POSITIVE_INFINITY;
        optimizer.clipGradValue(0.5);
        assertArrayEquals(new float[] {Float.NaN, 0.5f}, gradOfA);
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void refusesANormThatIsNotFiniteIfAskedTo(float bad) {
        gradOfA[1] = bad;
        IllegalStateException refused =
                assertThrows(IllegalStateException.class, () -> optimizer.clipGradNorm(1, 2, true));
        assertEquals(
                "the gradients' norm of order 2.0 must be finite to be clipped, but was "
                        + (Float.isNaN(bad) ? "NaN" : "Infinity"),
                refused.getMessage());
        assertArrayEquals(new float[] {3, bad}, gradOfA);
        optimizer.clipGradNorm(1, 2, false);
        assertEquals(Float.isNaN(bad) ? Float.NaN : 0, gradOfA[0]);
    }

    @ParameterizedTest
    @CsvSource({
        "-1, 2, 'max_norm must be >= 0, but was -1.0'",
        "NaN, 2, 'max_norm must be >= 0, but was NaN'",
        "1, NaN, 'norm_type must be a number, but was NaN'"
    })
    void refusesAWrongLimit(double most, double order, String message) {
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> optimizer.clipGradNorm(most, order, false))
                        .getMessage());
        assertEquals(
                "clip_value must be >= 0, but was -0.5",
                assertThrows(IllegalArgumentException.class, () -> optimizer.clipGradValue(-0.5))
                        .getMessage());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 4, 5, 1023})
    void sumsArraysOfEveryLength(int length) {
        Random random = new Random(length);
        float[] grad = new float[length];
        double squares = 0;
        double absolute = 0;
        for (int i = 0; i < length; i++) {
            grad[i] = (float) random.nextGaussian();
            squares += grad[i] * (double) grad[i];
            absolute += Math.abs(grad[i]);
        }
        FloatArray param = new FloatArray(new float[length]);
        param.setGrad(grad);
        Optimizer<FloatArray> one = FloatArrays.optimizer(new SGD(0.1), List.of(param));
        assertEquals(Math.sqrt(squares), one.clipGradNorm(1e9), 1e-6 * Math.sqrt(length));
        assertEquals(absolute, one.clipGradNorm(1e9, 1, false), 1e-6 * length);
    }
}
