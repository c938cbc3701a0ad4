package org.anneal.train;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Data normalised in another way than its own. */
final class NormalizedData implements Dataset {
    private final Dataset data;
    private final Normalize normalize;
    private final int channels;
    private final int length;

    NormalizedData(Dataset data, Normalize normalize) {
        this.data = data;
        this.normalize = normalize;
        this.channels = normalize.channels(data.shape());
        this.length = Math.toIntExact(Arrays.stream(data.shape()).reduce(1, Math::multiplyExact));
    }

    @Override
    public int size() {
        return data.size();
    }

    @Override
    public long[] shape() {
        return data.shape();
    }

    @Override
    public List<String> classes() {
        return data.classes();
    }

    @Override
    public long[] targetShape() {
        return data.targetShape();
    }

    @Override
    public int label(int index) {
        return data.label(index);
    }

    @Override
    public void readTarget(int index, FloatBuffer into) {
        data.readTarget(index, into);
    }

    @Override
    public void read(int index, FloatBuffer into) {
        float[] sample = new float[length];
        data.readRaw(index, FloatBuffer.wrap(sample));
        normalize.apply(sample, channels);
        into.put(sample);
    }

    @Override
    public void readRaw(int index, FloatBuffer into) {
        data.readRaw(index, into);
    }

    @Override
    public Optional<Normalize> normalization() {
        return Optional.of(normalize);
    }

    @Override
    public Dataset normalized(Normalize other) {
        return data.normalized(other);
    }
}
