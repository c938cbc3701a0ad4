package org.anneal.array;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What {@code print} shows of the same tensor in PyTorch 2.13. */
class TensorTextTest {
    private static final float NAN = Float.NaN;

    private static float[] range(int count, float by) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = i * by;
        }
        return values;
    }

    private static void assertPrints(String expected, float[] values, Long... shape) {
        assertEquals(expected, new FloatArray(values, List.of(shape)).toString());
    }

    @Test
    void wholeNumbersHaveNoFraction() {
        assertPrints("tensor([ 1., -2.,  3.])", new float[] {1, -2, 3}, 3L);
        assertPrints("tensor([-0., 1.])", new float[] {-0f, 1}, 2L);
        assertPrints("tensor([0., 0., 0.])", new float[3], 3L);
        assertPrints("tensor([1.0000e+10, 1.0000e+00])", new float[] {1e10f, 1}, 2L);
    }

    @Test
    void othersHaveFourDigitsAndOneWidth() {
        assertPrints("tensor([[1.0000, 2.0000],\n        [3.0000, 4.5000]])", new float[] {1, 2, 3, 4.5f}, 2L, 2L);
        assertPrints("tensor([1.0000e-05, 1.0000e+00])", new float[] {1e-5f, 1}, 2L);
        assertPrints("tensor(3.5000)", new float[] {3.5f});
        assertPrints("tensor([   nan, 1.5000,   -inf])", new float[] {NAN, 1.5f, Float.NEGATIVE_INFINITY}, 3L);
        assertPrints("tensor([nan, 1., inf])", new float[] {NAN, 1, Float.POSITIVE_INFINITY}, 3L);
    }

    @Test
    void linesAreBrokenAndLongOnesCutShort() {
        assertPrints(
                "tensor([[[0., 0.],\n         [0., 0.]],\n\n        [[0., 0.],\n         [0., 0.]]])",
                new float[8],
                2L,
                2L,
                2L);
        assertPrints("""
                tensor([0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 1.9970e+03, 1.9980e+03,
                        1.9990e+03])""", range(2000, 1), 2000L);
        assertPrints("""
                tensor([[0.0000e+00, 5.0000e-01],
                        [1.0000e+00, 1.5000e+00],
                        [2.0000e+00, 2.5000e+00],
                        ...,
                        [5.9700e+02, 5.9750e+02],
                        [5.9800e+02, 5.9850e+02],
                        [5.9900e+02, 5.9950e+02]])""", range(1200, 0.5f), 600L, 2L);
    }

    @Test
    void nothingIsPrintedOfAnEmptyOneButItsShape() {
        assertPrints("tensor([])", new float[0], 0L);
        assertPrints("tensor([], size=(2, 0))", new float[0], 2L, 0L);
    }
}
