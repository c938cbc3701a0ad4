package org.anneal.train.data;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Optional;

/** Data normalised in another way than its own. */
final class NormalizedData extends DatasetView {
    private final Normalize normalize;
    private final int channels;
    private final int length;

    NormalizedData(Dataset data, Normalize normalize) {
        super(data);
        this.normalize = normalize;
        this.channels = normalize.channels(data.shape());
        this.length = Math.toIntExact(Arrays.stream(data.shape()).reduce(1, Math::multiplyExact));
    }

    @Override
    public void read(int index, FloatBuffer into) {
        float[] sample = new float[length];
        data.readRaw(index, FloatBuffer.wrap(sample));
        normalize.apply(sample, channels);
        into.put(sample);
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
