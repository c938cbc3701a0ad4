package org.anneal.train;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;

/** Some samples of a data set. */
final class Subset implements Dataset {
    private final Dataset data;
    private final int[] indices;

    /** Keeps the array, uncopied. */
    Subset(Dataset data, int[] indices) {
        this.data = data;
        this.indices = indices;
    }

    @Override
    public int size() {
        return indices.length;
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
        return data.label(indices[index]);
    }

    @Override
    public void readTarget(int index, FloatBuffer into) {
        data.readTarget(indices[index], into);
    }

    @Override
    public void read(int index, FloatBuffer into) {
        data.read(indices[index], into);
    }

    @Override
    public void readRaw(int index, FloatBuffer into) {
        data.readRaw(indices[index], into);
    }

    @Override
    public Optional<Normalize> normalization() {
        return data.normalization();
    }

    @Override
    public Dataset normalized(Normalize normalize) {
        return new Subset(data.normalized(normalize), indices);
    }
}
