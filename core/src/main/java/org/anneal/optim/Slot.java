package org.anneal.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * An array that a rule keeps per parameter.
 *
 * @param name as in PyTorch's state dict: {@code exp_avg}
 * @param shape how the array's shape follows from the parameter's
 * @param initial the initial value of every element
 * @param optional whether a saved state may lack it, because it belongs to an option that may have been switched on since
 */
public record Slot(String name, Shape shape, double initial, boolean optional) {

    public Slot {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(shape, "shape");
    }

    /** An array's shape, for a parameter of shape {@code [..., r, c]}. */
    public enum Shape {
        /** The parameter's own shape. */
        PARAMETER,
        /** A single number, float32 on the CPU whatever the parameter is. */
        SCALAR,
        /** {@code [..., r, 1]}: a number per row. */
        ROWS,
        /** {@code [..., 1, c]}: a number per column. */
        COLUMNS
    }

    /** {@return the shape of the array for a parameter of shape {@code parameter}} */
    public List<Long> shapeFor(List<Long> parameter) {
        List<Long> sizes = new ArrayList<>(parameter);
        switch (shape) {
            case SCALAR -> sizes.clear();
            case ROWS -> sizes.set(sizes.size() - 1, 1L);
            case COLUMNS -> sizes.set(sizes.size() - 2, 1L);
            case PARAMETER -> {}
        }
        return sizes;
    }

    /** A slot that a saved state must have. */
    public Slot(String name, Shape shape, double initial) {
        this(name, shape, initial, false);
    }

    /** A slot of the parameter's shape that starts with zeros and that a saved state must have. */
    public Slot(String name) {
        this(name, Shape.PARAMETER, 0);
    }

    /** {@return an optional slot of the parameter's shape that starts with zeros} */
    static Slot ofOption(String name) {
        return new Slot(name, Shape.PARAMETER, 0, true);
    }
}
