package org.anneal.train.data;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.IntUnaryOperator;

/**
 * Samples of one shape with their targets, read one by one. A target is the number of a class, or else values: several outputs of
 * a regression, or a 0 or 1 for each of several labels. To train on your own data, implement this, or call {@link #of}.
 *
 * <p>Samples are read on other threads than the training thread: {@link #read}, {@link #label} and {@link #readTarget} must not
 * touch state that another thread writes. Anneal's own data sets never change, and any number of threads may read them.
 *
 * <pre>{@code
 * Dataset classes = Dataset.of(new float[][] {{0, 1}, {2, 3}}, new int[] {0, 1}, List.of("quiet", "loud"));
 * Dataset values = Dataset.of(new float[][] {{0, 1}, {2, 3}}, new float[][] {{0.5f}, {2.5f}});
 * Dataset images = Dataset.of(n, new long[] {1, 8, 8}, List.of("quiet", "loud"), i -> samples[i], i -> labels[i]);
 * }</pre>
 */
public interface Dataset {
    /** {@return the number of samples} */
    int size();

    /** {@return the shape of one sample, such as channels, height, width} The array is the caller's own. */
    long[] shape();

    /** {@return the names of the classes; a label is an index into this list, which is empty if targets are values} */
    default List<String> classes() {
        return List.of();
    }

    /**
     * {@return the shape of one sample's target if it is values, such as {3} for three outputs; empty (the default) if it is the
     * number of a class} The array is the caller's own.
     */
    default long[] targetShape() {
        return new long[0];
    }

    /**
     * {@return the label of a sample, from 0 to {@code classes().size() - 1}}
     *
     * @param index from 0 to {@code size() - 1}
     * @throws IndexOutOfBoundsException if there is no such sample
     * @throws UnsupportedOperationException if targets are values
     */
    default int label(int index) {
        throw new UnsupportedOperationException("these targets are values, not classes: read them with readTarget");
    }

    /**
     * Puts the values of one sample's target at the buffer's position: as many floats as the product of {@link #targetShape}, in
     * row-major order. The position then is after them.
     *
     * @param index from 0 to {@code size() - 1}
     * @param into a buffer with room for at least one target
     * @throws IndexOutOfBoundsException if there is no such sample
     * @throws java.nio.BufferOverflowException if there is too little room
     * @throws UnsupportedOperationException if targets are classes
     */
    default void readTarget(int index, FloatBuffer into) {
        throw new UnsupportedOperationException("these targets are classes, not values: read them with label");
    }

    /**
     * Puts one sample's values, normalised for the network, at the buffer's position: as many floats as the shape's product, in
     * row-major order. The position then is after them.
     *
     * @param index from 0 to {@code size() - 1}
     * @param into a buffer with room for at least one sample
     * @throws IndexOutOfBoundsException if there is no such sample
     * @throws java.nio.BufferOverflowException if there is too little room
     */
    void read(int index, FloatBuffer into);

    /**
     * Puts one sample's values as {@link #read} does, but as they are before normalisation: 0 to 1 for images. Here random changes
     * of a sample are made. By default they are those that {@code read} puts.
     */
    default void readRaw(int index, FloatBuffer into) {
        read(index, into);
    }

    /** {@return what makes the values that {@link #read} puts of those that {@link #readRaw} puts; nothing if they are the same} */
    default Optional<Normalize> normalization() {
        return Optional.empty();
    }

    /**
     * {@return this data, normalised in another way: the values before normalisation, then {@code normalize}}
     *
     * @throws IllegalArgumentException if {@code normalize} is for another number of channels
     */
    default Dataset normalized(Normalize normalize) {
        return new NormalizedData(this, normalize);
    }

    /**
     * {@return a data set of classes that two functions define}
     *
     * @param size how many samples there are
     * @param shape of one sample
     * @param classes names of the classes
     * @param samples the values of sample 0, 1, ..., as many as {@code shape} says
     * @param labels the label of sample 0, 1, ...
     */
    static Dataset of(
            int size, long[] shape, List<String> classes, IntFunction<float[]> samples, IntUnaryOperator labels) {
        return new FunctionData(size, shape, List.copyOf(classes), samples, labels);
    }

    /**
     * {@return a data set whose targets are values that a function gives}
     *
     * @param size how many samples there are
     * @param shape of one sample
     * @param targetShape of one sample's target, at least one size: {1} for a regression with one output
     * @param samples the values of sample 0, 1, ..., as many as {@code shape} says
     * @param targets the target's values of sample 0, 1, ..., as many as {@code targetShape} says
     */
    static Dataset of(
            int size, long[] shape, long[] targetShape, IntFunction<float[]> samples, IntFunction<float[]> targets) {
        return new FunctionData(size, shape, targetShape, samples, targets);
    }

    /**
     * {@return a data set of classes in memory} The arrays are kept, not copied.
     *
     * @param samples at least one row of numbers; all rows have the same length, which is the shape of a sample
     * @param labels one for each row, from 0 to {@code classes.size() - 1}
     * @param classes names of the classes
     */
    static Dataset of(float[][] samples, int[] labels, List<String> classes) {
        long[] shape = FunctionData.rows("samples", samples);
        FunctionData.sameLength("labels", labels.length, samples.length);
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0 || labels[i] >= classes.size()) {
                throw new IllegalArgumentException("labels[" + i + "] must be from 0 to " + (classes.size() - 1)
                        + ", the last of the classes, but was " + labels[i]);
            }
        }
        return of(samples.length, shape, classes, i -> samples[i], i -> labels[i]);
    }

    /**
     * {@return a data set in memory whose targets are values} The arrays are kept, not copied.
     *
     * @param samples at least one row of numbers; all rows have the same length, which is the shape of a sample
     * @param targets one row for each sample, all of the same length, which is the shape of a target
     */
    static Dataset of(float[][] samples, float[][] targets) {
        long[] shape = FunctionData.rows("samples", samples);
        FunctionData.sameLength("targets", targets.length, samples.length);
        return of(samples.length, shape, FunctionData.rows("targets", targets), i -> samples[i], i -> targets[i]);
    }

    /**
     * {@return a data set in memory whose targets are one value each} A target's shape is {1}. The arrays are kept, not copied.
     *
     * @param samples at least one row of numbers; all rows have the same length, which is the shape of a sample
     * @param targets one value for each sample
     */
    static Dataset of(float[][] samples, float[] targets) {
        long[] shape = FunctionData.rows("samples", samples);
        FunctionData.sameLength("targets", targets.length, samples.length);
        return of(samples.length, shape, new long[] {1}, i -> samples[i], i -> new float[] {targets[i]});
    }
}
