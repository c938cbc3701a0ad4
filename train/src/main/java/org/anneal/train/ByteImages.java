package org.anneal.train;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.Objects;

/** Images with one byte per value, normalised as in PyTorch's tutorials: ToTensor, then Normalize(0.5, 0.5). */
final class ByteImages implements Dataset {
    /** Every byte's normalised value, from -1 to 1, by the same float operations as torchvision's. */
    private static final float[] NORMALISED = new float[256];

    static {
        for (int value = 0; value < NORMALISED.length; value++) {
            NORMALISED[value] = (value / 255f - 0.5f) / 0.5f;
        }
    }

    private final List<String> classes;
    private final long[] shape;
    private final int length;
    private final byte[] labels;
    private final byte[] values;

    /** Keeps the arrays, uncopied; {@code values} has channels * height * width bytes for every label. */
    ByteImages(List<String> classes, int channels, int height, int width, byte[] labels, byte[] values) {
        this.classes = classes;
        this.shape = new long[] {channels, height, width};
        this.length = channels * height * width;
        this.labels = labels;
        this.values = values;
    }

    @Override
    public int size() {
        return labels.length;
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    @Override
    public List<String> classes() {
        return classes;
    }

    @Override
    public int label(int index) {
        return labels[Objects.checkIndex(index, labels.length)];
    }

    @Override
    public void read(int index, FloatBuffer into) {
        int start = Objects.checkIndex(index, labels.length) * length;
        float[] sample = new float[length];
        for (int i = 0; i < length; i++) {
            sample[i] = NORMALISED[values[start + i] & 0xff];
        }
        into.put(sample);
    }
}
