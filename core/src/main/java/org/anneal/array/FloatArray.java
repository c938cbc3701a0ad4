package org.anneal.array;

import java.util.Optional;

/**
 * A parameter on plain arrays: its values, and the gradient that the user's own code computes for them.
 */
public final class FloatArray {
    private final float[] values;
    private Optional<float[]> grad = Optional.empty();

    /**
     * Wraps an array; it is not copied, and steps change it in place.
     *
     * @param values the parameter, flattened
     */
    public FloatArray(float... values) {
        this.values = values;
    }

    /** {@return the values, the very array that steps change} */
    public float[] values() {
        return values;
    }

    /** {@return the gradient, empty if there is none} */
    public Optional<float[]> grad() {
        return grad;
    }

    /**
     * Sets the gradient; it is not copied.
     *
     * @param grad as long as {@link #values()}
     * @throws IllegalArgumentException if the lengths differ
     */
    public void setGrad(float... grad) {
        if (grad.length != values.length) {
            throw new IllegalArgumentException(
                    "grad must have " + values.length + " elements, as the parameter has, but had " + grad.length);
        }
        this.grad = Optional.of(grad);
    }

    /** Drops the gradient, so that a step skips this parameter. */
    public void clearGrad() {
        grad = Optional.empty();
    }
}
