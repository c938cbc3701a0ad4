package org.anneal.train;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.IntUnaryOperator;

/**
 * Labelled samples of one shape, read one by one. To train on your own data, implement this, or call {@link #of}.
 *
 * <p>Samples are read from another thread than the one that trains, while nothing else changes the data set: {@link
 * #read} and {@link #label} must not touch state that another thread writes. The data sets that Anneal brings never
 * change and may be read from any number of threads.
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
     * Puts one sample's values, normalised as the network wants them, at the buffer's position: as many floats as the
     * shape's product, the last dimension fastest. The position moves behind them.
     *
     * @param index from 0 to {@code size() - 1}
     * @param into room for one sample at least
     * @throws IndexOutOfBoundsException if there is no such sample
     * @throws java.nio.BufferOverflowException if there is too little room
     */
    void read(int index, FloatBuffer into);

    /**
     * {@return a data set of what two functions give}
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
