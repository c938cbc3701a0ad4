package org.anneal.optim;

import java.util.List;
import java.util.Optional;
import org.anneal.checkpoint.TensorData;

/**
 * What an optimizer needs in order to work on one kind of array or tensor.
 *
 * @param <T> the type of parameters, gradients and slots
 */
public interface Engine<T> {

    /**
     * Refuses a parameter that cannot be optimized. By default, every one can.
     *
     * @throws IllegalArgumentException if {@code parameter} is not a leaf of floating-point numbers
     */
    default void check(T parameter) {}

    /** {@return an object that is equal for two parameters if and only if they share their storage} */
    Object identity(T parameter);

    /**
     * {@return the gradient of {@code parameter}, empty if there is none; a gradient of zeros is a gradient}
     *
     * @throws IllegalArgumentException if it is one that kernels cannot process
     */
    Optional<T> grad(T parameter);

    /** Drops the gradient of {@code parameter}, or fills it with zeros. */
    void zeroGrad(T parameter, boolean setToNone);

    /** {@return the size of each dimension of {@code parameter}} */
    List<Long> shape(T parameter);

    /** {@return a new array for {@code parameter}, of its type and filled as {@code slot} says, owned by the caller} */
    T allocate(T parameter, Slot slot);

    /** {@return a view of {@code array}, valid as long as the array is} */
    TensorData data(T array);

    /**
     * Copies the elements of {@code from} into {@code to}, converting them if the types differ.
     *
     * @throws IllegalArgumentException if they differ in shape
     */
    void copy(TensorData from, T to);

    /** Releases an array from {@link #allocate} or {@link #grad}. By default, the garbage collector does. */
    default void release(T slot) {}

    /** {@return the engine's kernels for update rules; by default every rule runs on {@link #vectors}} */
    default Kernels<T> kernels() {
        return new Kernels<>() {};
    }

    /** {@return the engine's arithmetic over whole arrays; none by default} */
    default Vectors<T> vectors() {
        return new Vectors<>() {};
    }
}
