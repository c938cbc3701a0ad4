package org.anneal.train.data;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.Objects;
import java.util.function.IntFunction;
import java.util.function.IntUnaryOperator;

/** Data that functions of a sample's index define. */
final class FunctionData implements Dataset {
    private final int size;
    private final long[] shape;
    private final List<String> classes;
    private final long[] targetShape;
    private final IntFunction<float[]> samples;
    private final IntUnaryOperator labels;
    private final IntFunction<float[]> targets;

    /** With classes. */
    FunctionData(int size, long[] shape, List<String> classes, IntFunction<float[]> samples, IntUnaryOperator labels) {
        this.size = size;
        this.shape = shape.clone();
        this.classes = classes;
        this.targetShape = new long[0];
        this.samples = Objects.requireNonNull(samples, "samples");
        this.labels = Objects.requireNonNull(labels, "labels");
        this.targets = index -> {
            throw new UnsupportedOperationException("these targets are classes, not values: read them with label");
        };
    }

    /** With values. */
    FunctionData(
            int size, long[] shape, long[] targetShape, IntFunction<float[]> samples, IntFunction<float[]> targets) {
        if (targetShape.length == 0) {
            throw new IllegalArgumentException("target_shape must have at least one size, such as [1] for one output");
        }
        this.size = size;
        this.shape = shape.clone();
        this.classes = List.of();
        this.targetShape = targetShape.clone();
        this.samples = Objects.requireNonNull(samples, "samples");
        this.labels = index -> {
            throw new UnsupportedOperationException("these targets are values, not classes: read them with readTarget");
        };
        this.targets = Objects.requireNonNull(targets, "targets");
    }

    /** {@return the shape of one row, if there are rows and all are of one length} */
    static long[] rows(String name, float[][] rows) {
        if (rows.length == 0 || rows[0].length == 0) {
            throw new IllegalArgumentException(name + " must be at least one row of at least one number, but was "
                    + (rows.length == 0 ? "empty" : "an empty row"));
        }
        for (int i = 1; i < rows.length; i++) {
            if (rows[i].length != rows[0].length) {
                throw new IllegalArgumentException(name + "[" + i + "] must have " + rows[0].length + " numbers, as "
                        + name + "[0] has, but has " + rows[i].length);
            }
        }
        return new long[] {rows[0].length};
    }

    static void sameLength(String name, int length, int samples) {
        if (length != samples) {
            throw new IllegalArgumentException(
                    name + " must be " + samples + ", one for each sample, but were " + length);
        }
    }

    @Override
    public int size() {
        return size;
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
    public long[] targetShape() {
        return targetShape.clone();
    }

    @Override
    public int label(int index) {
        return labels.applyAsInt(index);
    }

    @Override
    public void readTarget(int index, FloatBuffer into) {
        into.put(targets.apply(index));
    }

    @Override
    public void read(int index, FloatBuffer into) {
        into.put(samples.apply(index));
    }
}
