package org.anneal.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import org.anneal.checkpoint.DType;
import org.anneal.checkpoint.TensorData;
import org.junit.jupiter.api.Test;

class NDArraysTest {
    @Test
    void tellsWhichArraysAreWrittenInTheirOwnMemory() {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray rows = manager.create(new float[] {1, Float.NaN, -0f, 4, 5, 6}, new Shape(2, 3));
            assertTrue(NDArrays.isDirect(rows));
            assertFalse(NDArrays.isDirect(rows.transpose()));
            assertArrayEquals(new float[] {1, Float.NaN, -0f, 4, 5, 6}, rows.toFloatArray()); // and changes none
        }
    }

    @Test
    void savesAndLoadsAnArrayThatDoesNotLieInRowMajorOrder() {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray columns = manager.create(new float[] {1, 2, 3, 4, 5, 6}, new Shape(3, 2))
                    .transpose();
            TensorData data = NDArrays.data(columns);
            assertEquals(List.of(2L, 3L), data.shape());
            assertArrayEquals(new float[] {1, 3, 5, 2, 4, 6}, data.toFloats());
            NDArrays.load(columns, TensorData.of(new float[] {6, 5, 4, 3, 2, 1}, List.of(2L, 3L)));
            assertArrayEquals(new float[] {6, 5, 4, 3, 2, 1}, columns.toFloatArray());
        }
    }

    @Test
    void keepsTheTypesOfOtherNumbers() {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray doubles = manager.create(new double[] {0.1, -2});
            NDArray longs = manager.create(new long[] {1L << 40, 3});
            assertEquals(DType.FLOAT64, NDArrays.data(doubles).dtype());
            assertArrayEquals(new double[] {0.1, -2}, NDArrays.data(doubles).toDoubles());
            assertEquals(DType.INT64, NDArrays.data(longs).dtype());
            NDArrays.load(longs, NDArrays.data(manager.create(new long[] {7, 1L << 41})));
            assertArrayEquals(new long[] {7, 1L << 41}, longs.toLongArray());
            assertEquals(
                    DType.FLOAT16,
                    NDArrays.data(doubles.toType(DataType.FLOAT16, true)).dtype());
        }
    }
}
