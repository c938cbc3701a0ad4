package org.anneal.array;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A parameter in a plain array: its values, and the gradient that the user's code computes.
 */
public final class FloatArray {
    private final float[] values;
    private final List<Long> shape;
    private Optional<FloatArray> grad = Optional.empty();

    /**
     * Wraps an array as a vector; it is not copied, and steps change it in place. See {@link #wrap} for Kotlin.
     *
     * @param values the parameter
     */
    public FloatArray(float... values) {
        this(values, List.of((long) Objects.requireNonNull(values, "values").length));
    }

    /**
     * Wraps an array as a matrix or an array with more dimensions, in row-major order; it is not copied. The shape matters to
     * Adafactor and Muon only.
     *
     * @param shape the size of each dimension; their product is the array's length
     * @throws IllegalArgumentException if it is not
     */
    public FloatArray(float[] values, List<Long> shape) {
        Objects.requireNonNull(values, "values");
        Objects.requireNonNull(shape, "shape");
        shape.forEach(size -> Objects.requireNonNull(size, "shape"));
        if (shape.stream().anyMatch(n -> n < 0) || shape.stream().reduce(1L, Math::multiplyExact) != values.length) {
            throw new IllegalArgumentException(
                    "shape must have " + values.length + " elements, as the array has, but was " + shape);
        }
        this.values = values;
        this.shape = List.copyOf(shape);
    }

    /**
     * {@return a vector over {@code values}; they are not copied} Kotlin copies an array that it passes to the varargs
     * constructor.
     */
    public static FloatArray wrap(float[] values) {
        return new FloatArray(values);
    }

    private FloatArray(List<Long> shape, float[] values) { // which are known to fit
        this.values = values;
        this.shape = shape;
    }

    /** {@return the values, in the array that steps change} */
    public float[] values() {
        return values;
    }

    /** {@return the size of each dimension} */
    public List<Long> shape() {
        return shape;
    }

    /** {@return the gradient, empty if there is none} */
    public Optional<float[]> grad() {
        return grad.map(FloatArray::values);
    }

    /** {@return the gradient in this parameter's shape, the same object until another is set} */
    Optional<FloatArray> shapedGrad() {
        return grad;
    }

    /**
     * Sets the gradient; it is not copied.
     *
     * @param grad as long as {@link #values()}
     * @throws IllegalArgumentException if the lengths differ
     */
    public void setGrad(float... grad) {
        Objects.requireNonNull(grad, "grad");
        if (grad.length != values.length) {
            throw new IllegalArgumentException(
                    "grad must have " + values.length + " elements, as the parameter has, but had " + grad.length);
        }
        this.grad = Optional.of(new FloatArray(shape, grad));
    }

    /** Sets the gradient as {@link #setGrad} does; it is not copied, not even in Kotlin. */
    public void wrapGrad(float[] grad) {
        setGrad(grad);
    }

    /** Drops the gradient, so that a step skips this parameter. */
    public void clearGrad() {
        grad = Optional.empty();
    }

    /** {@return the values as PyTorch prints a tensor: {@code tensor([ 1.0000, -2.5000])}, abbreviated if there are many} */
    @Override
    public String toString() {
        return TensorText.of(values, shape);
    }
}
