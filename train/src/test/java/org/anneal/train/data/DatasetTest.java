package org.anneal.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.FloatBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class DatasetTest {
    private static final float[][] SAMPLES = {{1, 2, 3}, {4, 5, 6}};

    @Test
    void holdsClassesInMemory() {
        Dataset data = Dataset.of(SAMPLES, new int[] {1, 0}, List.of("no", "yes"));
        assertEquals(2, data.size());
        assertArrayEquals(new long[] {3}, data.shape());
        assertArrayEquals(new long[0], data.targetShape());
        assertEquals(List.of("no", "yes"), data.classes());
        assertEquals(1, data.label(0));
        assertArrayEquals(new float[] {4, 5, 6}, sample(data, 1));
        assertThrows(UnsupportedOperationException.class, () -> data.readTarget(0, FloatBuffer.allocate(1)));
    }

    @Test
    void holdsValuesInMemory() {
        Dataset several = Dataset.of(SAMPLES, new float[][] {{0.5f, -1}, {2, 3}});
        assertArrayEquals(new long[] {2}, several.targetShape());
        assertEquals(List.of(), several.classes());
        assertArrayEquals(new float[] {2, 3}, target(several, 1, 2));
        assertThrows(UnsupportedOperationException.class, () -> several.label(0));

        Dataset one = Dataset.of(SAMPLES, new float[] {7, 8});
        assertArrayEquals(new long[] {1}, one.targetShape());
        assertArrayEquals(new float[] {8}, target(one, 1, 1));
        assertArrayEquals(new float[] {1, 2, 3}, sample(one, 0));
    }

    @Test
    void refusesRowsThatDoNotFitTogether() {
        assertMessage(
                "samples[1] must have 2 numbers, as samples[0] has, but has 1",
                () -> Dataset.of(new float[][] {{1, 2}, {3}}, new float[] {1, 2}));
        assertMessage(
                "samples must be at least one row of at least one number, but was empty",
                () -> Dataset.of(new float[0][], new float[0]));
        assertMessage(
                "samples must be at least one row of at least one number, but was an empty row",
                () -> Dataset.of(new float[][] {{}}, new float[] {1}));
        assertMessage(
                "targets[1] must have 1 numbers, as targets[0] has, but has 2",
                () -> Dataset.of(SAMPLES, new float[][] {{1}, {2, 3}}));
        assertMessage(
                "targets must be 2, one for each sample, but were 1", () -> Dataset.of(SAMPLES, new float[][] {{1}}));
        assertMessage("targets must be 2, one for each sample, but were 3", () -> Dataset.of(SAMPLES, new float[3]));
        assertMessage(
                "labels must be 2, one for each sample, but were 1",
                () -> Dataset.of(SAMPLES, new int[1], List.of("a")));
        assertMessage(
                "labels[1] must be from 0 to 1, the last of the classes, but was 2",
                () -> Dataset.of(SAMPLES, new int[] {0, 2}, List.of("a", "b")));
        assertMessage(
                "target_shape must have at least one size, such as [1] for one output",
                () -> Dataset.of(2, new long[] {3}, new long[0], i -> SAMPLES[i], i -> new float[1]));
    }

    private static void assertMessage(String message, Executable bad) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, bad).getMessage());
    }

    static float[] sample(Dataset data, int index) {
        int length = (int) java.util.stream.LongStream.of(data.shape()).reduce(1, (a, b) -> a * b);
        FloatBuffer values = FloatBuffer.allocate(length);
        data.read(index, values);
        assertEquals(0, values.remaining());
        return values.array();
    }

    static float[] target(Dataset data, int index, int length) {
        FloatBuffer values = FloatBuffer.allocate(length);
        data.readTarget(index, values);
        assertEquals(0, values.remaining());
        return values.array();
    }
}
