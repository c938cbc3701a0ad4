package org.anneal.train.data;

/** Some samples of a data set. */
final class Subset extends DatasetView {
    private final int[] indices;

    /** Keeps the array, uncopied. */
    Subset(Dataset data, int[] indices) {
        super(data);
        this.indices = indices;
    }

    @Override
    int at(int index) {
        return indices[index];
    }

    @Override
    public int size() {
        return indices.length;
    }

    @Override
    public Dataset normalized(Normalize normalize) {
        return new Subset(data.normalized(normalize), indices);
    }
}
