package org.anneal.optim;

import java.util.Objects;
import java.util.Optional;
import org.anneal.text.Check;

/**
 * A number that a rule keeps per group, besides the options; a state dict has it in the group.
 *
 * @param name as in the state dict: {@code k}
 * @param initial a {@link Long}, a {@link Double}, a {@link Boolean}, or an empty {@link Optional} for a number that the first step
 *     sets
 * @param optional whether a saved state may lack it; it then has its initial value
 */
public record GroupSlot(String name, Object initial, boolean optional) {

    public GroupSlot {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(initial, "initial");
        if (!(initial instanceof Long || initial instanceof Double || initial instanceof Boolean)
                && !initial.equals(Optional.empty())) {
            throw new IllegalArgumentException(
                    "initial must be a Long, a Double, a Boolean or an empty Optional, but was " + initial);
        }
    }

    /** A number that a saved state must have, unless the first step sets it. */
    public GroupSlot(String name, Object initial) {
        this(name, initial, Optional.empty().equals(initial));
    }

    /**
     * {@return the number that {@code saved} is}
     *
     * @throws IllegalArgumentException if it has another type or is not finite
     */
    Object read(Object saved) {
        if (initial instanceof Boolean) {
            return saved instanceof Boolean ? saved : initial; // a flag of another engine may be None
        }
        if (!(saved instanceof Number number)) {
            throw new IllegalArgumentException(name + " must be a number, but was " + SavedGroup.shown(saved));
        }
        return initial instanceof Long
                ? (Object) Check.count(name, number.doubleValue())
                : (Object) Check.finite(name, number.doubleValue());
    }
}
