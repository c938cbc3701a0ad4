package org.anneal.train.data;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/** Made-up samples in memory: sample i has the values i, i + 0.5, i + 1, ... times {@code scale}. */
public record Samples(int size, int height, int width, float scale, IntUnaryOperator labels) implements Dataset {

    /** Small images that a linear network tells apart: the value of a sample says its class. */
    public static Samples of(int size) {
        return new Samples(size, 2, 4, 1f / size, i -> i * 2 / size);
    }

    public Samples labelled(IntUnaryOperator other) {
        return new Samples(size, height, width, scale, other);
    }

    public float[] sample(int index) {
        float[] sample = new float[height * width];
        IntStream.range(0, sample.length).forEach(i -> sample[i] = (index + i * 0.5f) * scale);
        return sample;
    }

    @Override
    public long[] shape() {
        return new long[] {1, height, width};
    }

    @Override
    public List<String> classes() {
        return List.of("low", "high");
    }

    @Override
    public int label(int index) {
        return labels.applyAsInt(index);
    }

    @Override
    public void read(int index, FloatBuffer into) {
        // No array in between: where memory is measured, there must be no garbage.
        for (int i = 0; i < height * width; i++) {
            into.put((index + i * 0.5f) * scale);
        }
    }
}
