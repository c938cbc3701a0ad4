package org.anneal.train;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.IntUnaryOperator;

/**
 * Labelled samples of one shape, read one by one. To train on your own data, implement this, or call {@link #of}.
 *
 * <p>Samples are read on another thread than the training thread: {@link #read} and {@link #label} must not touch state that
 * another thread writes. Anneal's own data sets never change, and any number of threads may read them.
 *
 * <pre>{@code
 * float[][] samples = ...;
 * int[] labels = ...;
 * Dataset data = Dataset.of(labels.length, new long[] {1, 8, 8}, List.of("quiet", "loud"), i -> samples[i], i -> labels[i]);
 * }</pre>
 */
public interface Dataset {
    /** {@return the number of samples} */
    int size();

    /** {@return the shape of one sample, such as channels, height, width} The array is the caller's own. */
    long[] shape();

    /** {@return the names of the classes; a label is an index into this list} */
    List<String> classes();

    /**
     * {@return the label of a sample, from 0 to {@code classes().size() - 1}}
     *
     * @param index from 0 to {@code size() - 1}
     * @throws IndexOutOfBoundsException if there is no such sample
     */
    int label(int index);

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
     * {@return a data set that two functions define}
     *
     * @param size how many samples there are
     * @param shape of one sample
     * @param classes names of the classes
     * @param samples the values of sample 0, 1, ..., as many as {@code shape} says
     * @param labels the label of sample 0, 1, ...
     */
    static Dataset of(
            int size, long[] shape, List<String> classes, IntFunction<float[]> samples, IntUnaryOperator labels) {
        long[] fixed = shape.clone();
        List<String> names = List.copyOf(classes);
        return new Dataset() {
            @Override
            public int size() {
                return size;
            }

            @Override
            public long[] shape() {
                return fixed.clone();
            }

            @Override
            public List<String> classes() {
                return names;
            }

            @Override
            public int label(int index) {
                return labels.applyAsInt(index);
            }

            @Override
            public void read(int index, FloatBuffer into) {
                into.put(samples.apply(index));
            }
        };
    }
}
