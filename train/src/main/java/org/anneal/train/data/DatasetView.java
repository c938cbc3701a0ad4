package org.anneal.train.data;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;

/** Another data set seen in some way: as it is, but for what a subclass changes. */
abstract class DatasetView implements Dataset {
    final Dataset data;

    DatasetView(Dataset data) {
        this.data = data;
    }

    /** {@return the index in {@link #data} of a sample here} */
    int at(int index) {
        return index;
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
        return data.label(at(index));
    }

    @Override
    public void readTarget(int index, FloatBuffer into) {
        data.readTarget(at(index), into);
    }

    @Override
    public void read(int index, FloatBuffer into) {
        data.read(at(index), into);
    }

    @Override
    public void readRaw(int index, FloatBuffer into) {
        data.readRaw(at(index), into);
    }

    @Override
    public Optional<Normalize> normalization() {
        return data.normalization();
    }
}
