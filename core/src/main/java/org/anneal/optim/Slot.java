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
 * @param copy whether the array starts as a copy of the parameter instead
 */
public record Slot(String name, Shape shape, double initial, boolean optional, boolean copy) {

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
        COLUMNS,
        /** {@code [n]}: all elements in a row. In a state dict, a single number may stand for all of them. */
        FLAT
    }

    /** {@return the shape of the array for a parameter of shape {@code parameter}} */
    public List<Long> shapeFor(List<Long> parameter) {
        List<Long> sizes = new ArrayList<>(parameter);
        switch (shape) {
            case SCALAR -> sizes.clear();
            case ROWS -> sizes.set(sizes.size() - 1, 1L);
            case COLUMNS -> sizes.set(sizes.size() - 2, 1L);
            case FLAT -> {
                sizes.clear();
                sizes.add(parameter.stream().reduce(1L, Math::multiplyExact));
            }
            case PARAMETER -> {}
        }
        return sizes;
    }

    /** A slot that does not start as a copy. */
    public Slot(String name, Shape shape, double initial, boolean optional) {
        this(name, shape, initial, optional, false);
    }

    /** A slot that a saved state must have. */
    public Slot(String name, Shape shape, double initial) {
        this(name, shape, initial, false);
    }

    /** A slot of the parameter's shape that starts with zeros and that a saved state must have. */
    public Slot(String name) {
        this(name, Shape.PARAMETER, 0);
    }

    /** {@return a slot of the parameter's elements that starts as a copy of them} */
    public static Slot copyOf(String name, Shape shape) {
        return new Slot(name, shape, 0, false, true);
    }

    /** {@return an optional slot of the parameter's shape that starts with zeros} */
    static Slot ofOption(String name) {
        return new Slot(name, Shape.PARAMETER, 0, true);
    }
}
