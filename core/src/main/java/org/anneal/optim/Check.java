package org.anneal.optim;

import java.util.List;
import java.util.Objects;
import org.anneal.checkpoint.TensorData;

/** Argument checks that name the argument, the rule and the value that broke it; written positively, so NaN fails. */
public final class Check {
    private Check() {}

    static double finite(String name, double value) {
        return that(Double.isFinite(value), name, "finite", value);
    }

    static double fromZeroToOne(String name, double value) {
        return that(value >= 0 && value <= 1, name, ">= 0 and <= 1", value);
    }

    static double notNegative(String name, double value) {
        return that(value >= 0, name, ">= 0", value);
    }

    static double number(String name, double value) {
        return that(!Double.isNaN(value), name, "a number", value);
    }

    /** A count that was saved, of steps for instance. */
    static long count(String name, double value) {
        return (long) that(
                value >= 0 && value <= 0x1p53 && value == Math.rint(value),
                name,
                "a whole number from 0 to 2^53",
                value);
    }

    /** A tensor whose elements can be converted. */
    static TensorData real(String name, TensorData data) {
        if (!data.dtype().isReal()) {
            throw new IllegalArgumentException(name + " must be real, but was " + data.dtype());
        }
        return data;
    }

    /** {@return a copy of {@code values}, of which none may be null} */
    static <T> List<T> list(String name, List<? extends T> values) {
        int at = 0;
        for (T value : Objects.requireNonNull(values, name)) {
            int place = at++;
            Objects.requireNonNull(value, () -> name + "[" + place + "]");
        }
        return List.copyOf(values);
    }

    static double that(boolean holds, String name, String rule, double value) {
        if (!holds) {
            throw new IllegalArgumentException(name + " must be " + rule + ", but was " + value);
        }
        return value + 0.0; // -0.0 becomes 0.0
    }
}
