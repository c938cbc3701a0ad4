package org.anneal.text;

import java.util.List;
import java.util.Objects;

/** Rules for arguments, each with its message. Conditions are written positively, so NaN fails. */
public final class Check {

    /** The last step, 2^53: up to here every count is exact as a double. */
    public static final long LAST_STEP = 1L << 53;

    private Check() {}

    public static long atLeast(long least, String argument, long value) {
        if (value < least) {
            throw new IllegalArgumentException(argument + " must be at least " + least + ", but was " + value);
        }
        if (value > LAST_STEP) {
            throw new IllegalArgumentException(argument + " must be at most 2^53, but was " + value);
        }
        return value;
    }

    public static double finiteNotNegative(String argument, double value) {
        if (value >= 0 && value < Double.POSITIVE_INFINITY) {
            return value + 0.0; // -0.0 becomes 0.0
        }
        throw new IllegalArgumentException(argument + " must be finite and >= 0, but was " + value);
    }

    /** {@return a copy of {@code values}, none of which may be null} */
    public static <T> List<T> list(String argument, List<? extends T> values) {
        int at = 0;
        for (T value : Objects.requireNonNull(values, argument)) {
            int place = at++;
            Objects.requireNonNull(value, () -> argument + "[" + place + "]");
        }
        return List.copyOf(values);
    }

    /** {@return {@code value}, which must be a name in Python} */
    public static String identifier(String argument, String value) {
        if (!PythonText.isIdentifier(Objects.requireNonNull(value, argument))) {
            throw new IllegalArgumentException(
                    argument + " must be a Python identifier, but was " + Python.repr(PythonText.shortened(value)));
        }
        return value;
    }

    /** {@return {@code values}, which must not be empty} */
    public static <T> List<T> some(String argument, List<T> values) {
        if (values.isEmpty()) {
            throw new IllegalArgumentException(argument + " must have at least 1 entry, but had none");
        }
        return values;
    }

    public static long step(long step) {
        return atLeast(0, "step", step);
    }

    /** Checks that {@code group} is one of {@code groups}. */
    public static void group(int group, int groups) {
        if (groups < 1) {
            throw new IllegalArgumentException("groups must be at least 1, but was " + groups);
        }
        if (group < 0 || group >= groups) {
            throw new IllegalArgumentException("group must be in [0, " + (groups - 1) + "], but was " + group);
        }
    }

    public static double finite(String name, double value) {
        return that(Double.isFinite(value), name, "finite", value);
    }

    public static double fromZeroToOne(String name, double value) {
        return that(value >= 0 && value <= 1, name, ">= 0 and <= 1", value);
    }

    public static double notNegative(String name, double value) {
        return that(value >= 0, name, ">= 0", value);
    }

    public static double number(String name, double value) {
        return that(!Double.isNaN(value), name, "a number", value);
    }

    /** {@return a count from a saved state, such as of steps} */
    public static long count(String name, double value) {
        return (long) that(
                value >= 0 && value <= 0x1p53 && value == Math.rint(value),
                name,
                "a whole number from 0 to 2^53",
                value);
    }

    public static double that(boolean holds, String name, String rule, double value) {
        if (!holds) {
            throw new IllegalArgumentException(name + " must be " + rule + ", but was " + value);
        }
        return value + 0.0; // -0.0 becomes 0.0
    }
}
