package org.anneal.optim;

import java.util.List;
import java.util.Optional;
import org.anneal.checkpoint.TensorData;

/**
 * What an optimizer needs to know of the parameters it moves, for one kind of array or tensor.
 *
 * @param <T> a parameter, a gradient, and whatever is kept per parameter
 */
public interface Engine<T> {

    /**
     * Refuses what cannot be optimized; nothing, unless the engine says so.
     *
     * @throws IllegalArgumentException if {@code parameter} is not a leaf of floating-point numbers
     */
    default void check(T parameter) {}

    /** {@return an object that equals another parameter's exactly if both are the same storage to the engine} */
    Object identity(T parameter);

    /**
     * {@return the gradient of {@code parameter}, empty if there is none; a gradient of zeros is a gradient}
     *
     * @throws IllegalArgumentException if it is none that a kernel takes
     */
    Optional<T> grad(T parameter);

    /** Drops the gradient of {@code parameter}, or fills it with zeros. */
    void zeroGrad(T parameter, boolean setToNone);

    /** {@return the size of each dimension of {@code parameter}} */
    List<Long> shape(T parameter);

    /** {@return a new array for {@code parameter}, of its type and filled as {@code slot} says, owned by the caller} */
    T allocate(T parameter, Slot slot);

    /** {@return a view of {@code array}, for as long as it is there} */
    TensorData data(T array);

    /**
     * Copies the elements of {@code from} into {@code to}, converting them if the types differ.
     *
     * @throws IllegalArgumentException if they differ in shape
     */
    void copy(TensorData from, T to);

    /** Frees what {@link #allocate} gave, or lets go of what {@link #grad} gave; left to the garbage collector by default. */
    default void release(T slot) {}

    /** {@return the arithmetic of this engine; by default every rule runs on {@link #vectors}} */
    default Kernels<T> kernels() {
        return new Kernels<>() {};
    }

    /** {@return the arithmetic of this engine over whole arrays; by default there is none} */
    default Vectors<T> vectors() {
        return new Vectors<>() {};
    }
}
