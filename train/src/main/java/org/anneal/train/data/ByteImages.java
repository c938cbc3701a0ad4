package org.anneal.train.data;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.IntFunction;

/** Images with one byte per value. */
final class ByteImages implements Dataset {
    private static final float[] RAW = new float[256];

    static {
        for (int value = 0; value < RAW.length; value++) {
            RAW[value] = value / 255f; // as torchvision's ToTensor
        }
    }

    private final List<String> classes;
    private final Images image;
    private final int[] labels;
    private final IntFunction<byte[]> pixels;
    private final Normalize normalize;
    private final float[][] levels; // of each channel, the normalised value of each byte

    /**
     * Keeps the arrays, uncopied.
     *
     * @param pixels returns channels * height * width bytes for each label
     */
    ByteImages(List<String> classes, Images image, int[] labels, IntFunction<byte[]> pixels, Normalize normalize) {
        this.classes = classes;
        this.image = image;
        this.labels = labels;
        this.pixels = pixels;
        this.normalize = normalize;
        this.levels = normalize.levels(normalize.channels(shape()));
    }

    /** Images in one array, normalised as in PyTorch's tutorials: ToTensor, then Normalize(0.5, 0.5). */
    static ByteImages of(List<String> classes, Images image, byte[] labels, byte[] values) {
        int[] numbers = new int[labels.length];
        for (int i = 0; i < labels.length; i++) {
            numbers[i] = labels[i];
        }
        int length = image.length();
        return new ByteImages(
                classes,
                image,
                numbers,
                index -> Arrays.copyOfRange(values, index * length, (index + 1) * length),
                Normalize.TUTORIAL);
    }

    @Override
    public int size() {
        return labels.length;
    }

    @Override
    public long[] shape() {
        return new long[] {image.channels(), image.height(), image.width()};
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
        put(index, into, levels);
    }

    @Override
    public void readRaw(int index, FloatBuffer into) {
        put(index, into, RAW);
    }

    private void put(int index, FloatBuffer into, float[]... tables) {
        byte[] bytes = pixels.apply(Objects.checkIndex(index, labels.length));
        float[] sample = new float[bytes.length];
        int each = bytes.length / image.channels();
        for (int channel = 0; channel < image.channels(); channel++) {
            float[] table = tables[tables.length == 1 ? 0 : channel];
            for (int i = channel * each; i < (channel + 1) * each; i++) {
                sample[i] = table[bytes[i] & 0xff];
            }
        }
        into.put(sample);
    }

    @Override
    public Optional<Normalize> normalization() {
        return Optional.of(normalize);
    }

    @Override
    public Dataset normalized(Normalize other) {
        return new ByteImages(classes, image, labels, pixels, other);
    }
}
