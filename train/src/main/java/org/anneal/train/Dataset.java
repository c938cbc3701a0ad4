package org.anneal.train;

import java.nio.FloatBuffer;
import java.util.List;

/**
 * Labelled samples of one shape, read one by one. To train on your own data, implement this.
 *
 * <p>Samples are read from another thread than the one that trains, while nothing else changes the data set: {@link
 * #read} and {@link #label} must not touch state that another thread writes. The data sets that Anneal brings never
 * change and may be read from any number of threads.
 *
 * <pre>{@code
 * record Noise(float[][] samples, int[] labels) implements Dataset {
 *     public int size() { return samples.length; }
 *     public long[] shape() { return new long[] {1, 8, 8}; }
 *     public List<String> classes() { return List.of("quiet", "loud"); }
 *     public int label(int index) { return labels[index]; }
 *     public void read(int index, FloatBuffer into) { into.put(samples[index]); }
 * }
 * }</pre>
 */
public interface Dataset {
    /** {@return the number of samples} */
    int size();

    /** {@return the shape of one sample: channels, height, width} The array is the caller's own. */
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
     * Puts one sample's values, normalised as the network wants them, at the buffer's position: channels * height * width
     * floats, channel by channel, row by row. The position moves behind them.
     *
     * @param index from 0 to {@code size() - 1}
     * @param into room for one sample at least
     * @throws IndexOutOfBoundsException if there is no such sample
     * @throws java.nio.BufferOverflowException if there is too little room
     */
    void read(int index, FloatBuffer into);
}
