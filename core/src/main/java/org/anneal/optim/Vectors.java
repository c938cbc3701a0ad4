package org.anneal.optim;

import java.util.List;
import java.util.function.DoubleBinaryOperator;

/**
 * Arithmetic over whole arrays on one engine, for rules without a kernel, gradient clipping, averaging and L-BFGS. The first
 * array argument changes in place; the arrays of one call have one shape. Returned numbers are rounded to the arrays' type.
 *
 * <p>An engine implements the operations that it needs. The default of each elementwise operation and sum uses {@link #zip}, which
 * is slow; other operations are refused by name until they are implemented.
 *
 * @param <T> an array
 */
public interface Vectors<T> {

    /** A function of the elements at one position of three arrays. */
    interface Elementwise {
        double of(double x, double a, double b);
    }

    /**
     * Sets each element {@code x[i]} to {@code function.of(x[i], a[i], b[i])}, in order of {@code i}. The arrays may be the same.
     */
    default void zip(T x, T a, T b, Elementwise function) {
        throw MissingOperation.of("the vector operation zip (Vectors.zip)");
    }

    private void by(String operation, T x, T a, T b, Elementwise function) {
        try {
            zip(x, a, b, function);
        } catch (MissingOperation none) {
            throw lacking(operation);
        }
    }

    private static MissingOperation lacking(String operation) {
        return MissingOperation.of("the vector operation " + operation + " (Vectors." + operation + ")");
    }

    private double sum(String operation, T x, T y, DoubleBinaryOperator term) {
        double[] sum = new double[1];
        by(operation, x, y, y, (element, other, same) -> {
            sum[0] += term.applyAsDouble(element, other);
            return element;
        });
        return round(x, sum[0]);
    }

    /** Fills {@code x} with {@code number}. */
    default void fill(T x, double number) {
        by("fill", x, x, x, (element, a, b) -> number);
    }

    /** {@code x + number}. */
    default void add(T x, double number) {
        by("add", x, x, x, (element, a, b) -> element + number);
    }

    /** {@code x * y}. */
    default void mul(T x, T y) {
        by("mul", x, y, y, (element, a, b) -> element * a);
    }

    /** {@code x / y}. */
    default void div(T x, T y) {
        by("div", x, y, y, (element, a, b) -> element / a);
    }

    /** {@code x + factor * a * b}. */
    default void addcmul(T x, T a, T b, double factor) {
        by("addcmul", x, a, b, (element, u, v) -> element + factor * u * v);
    }

    /** {@code x + factor * a / b}. */
    default void addcdiv(T x, T a, T b, double factor) {
        by("addcdiv", x, a, b, (element, u, v) -> element + factor * u / v);
    }

    /** {@code x + weight * (y - x)}, which is {@code y} itself if {@code weight} is 1. */
    default void lerp(T x, T y, double weight) {
        by(
                "lerp",
                x,
                y,
                y,
                (element, a, b) -> weight < 0.5 ? element + weight * (a - element) : a - (a - element) * (1 - weight));
    }

    /** The square root. */
    default void sqrt(T x) {
        by("sqrt", x, x, x, (element, a, b) -> Math.sqrt(element));
    }

    /** The absolute value. */
    default void abs(T x) {
        by("abs", x, x, x, (element, a, b) -> Math.abs(element));
    }

    /** -1, 0 or 1; as in PyTorch, 0 for NaN. */
    default void sign(T x) {
        by("sign", x, x, x, (element, a, b) -> element > 0 ? 1 : element < 0 ? -1 : 0);
    }

    /** The larger of {@code x} and {@code y}; NaN if either is. */
    default void max(T x, T y) {
        by("max", x, y, y, (element, a, b) -> Math.max(element, a));
    }

    /** The smaller of {@code x} and {@code y}; NaN if either is. */
    default void min(T x, T y) {
        by("min", x, y, y, (element, a, b) -> Math.min(element, a));
    }

    /** {@code x} where {@code condition} is above 0, else {@code other}. */
    default void where(T x, T condition, T other) {
        by("where", x, condition, other, (element, a, b) -> a > 0 ? element : b);
    }

    /** {@return the sum of the elements} */
    default double sum(T x) {
        return sum("sum", x, x, (element, same) -> element);
    }

    /**
     * {@return the norm of the norms of {@code arrays}, 0 if there are none}
     *
     * @param order 2 for the Euclidean norm, 1 for the sum of the absolute values, infinity for the largest of them, or any
     *     other order of PyTorch's {@code vector_norm}
     */
    default double norm(List<T> arrays, double order) {
        if (order != 1 && order != 2 && order != Double.POSITIVE_INFINITY) {
            throw MissingOperation.of("the norm of order " + order + " (Vectors.norm)");
        }
        double norm = 0;
        for (T array : arrays) {
            norm = switch ((int) order) {
                case 1 -> norm + sumAbs(array);
                case 2 -> norm + dot(array, array);
                default -> Double.isNaN(norm) ? norm : Math.max(norm, maxAbs(array));
            };
        }
        return order == 2 ? Math.sqrt(norm) : norm;
    }

    /** Multiplies every array by {@code min(1, most / (norm + 1e-6))}. */
    default void shrink(List<T> arrays, double norm, double most) {
        double factor = Math.min(1, most / (norm + 1e-6));
        arrays.forEach(array -> scale(array, factor));
    }

    /** Clamps every element to {@code [-limit, limit]}; NaN stays NaN. */
    default void clamp(List<T> arrays, double limit) {
        arrays.forEach(array ->
                by("clamp", array, array, array, (element, a, b) -> Math.min(Math.max(element, -limit), limit)));
    }

    /** Copies all elements of {@code from} into {@code to}, converting them if the types differ. */
    default void copy(T from, T to) {
        by("copy", to, from, from, (element, a, b) -> a);
    }

    /** Updates {@code mean}, of {@code count} arrays so far, to include {@code value}. */
    default void average(T mean, T value, long count) {
        lerp(mean, value, 1.0 / (count + 1));
    }

    /** {@code decay * mean + (1 - decay) * value}. */
    default void decay(T mean, T value, double decay) {
        lerp(mean, value, 1 - decay);
    }

    /** {@return a vector of zeros as long as all {@code arrays} together, owned by the caller} */
    default T allocate(List<T> arrays) {
        throw lacking("allocate");
    }

    /** Copies {@code arrays}, one after another, into {@code vector}. */
    default void gather(List<T> arrays, T vector) {
        throw lacking("gather");
    }

    /** Copies {@code vector} into {@code arrays}, one after another. */
    default void scatter(T vector, List<T> arrays) {
        throw lacking("scatter");
    }

    /** Adds {@code vector} times {@code factor} to {@code arrays}, one after another. */
    default void scatterAdd(T vector, double factor, List<T> arrays) {
        throw lacking("scatterAdd");
    }

    /** Multiplies {@code vector} by {@code factor}. */
    default void scale(T vector, double factor) {
        by("scale", vector, vector, vector, (element, a, b) -> element * factor);
    }

    /** Adds {@code from} times {@code factor} to {@code vector}. */
    default void add(T vector, T from, double factor) {
        by("add", vector, from, from, (element, a, b) -> element + factor * a);
    }

    /** {@return the sum of the products of the elements} */
    default double dot(T a, T b) {
        return sum("dot", a, b, (x, y) -> x * y);
    }

    /** {@return the sum of the absolute values} */
    default double sumAbs(T vector) {
        return sum("sumAbs", vector, vector, (element, same) -> Math.abs(element));
    }

    /** {@return the largest absolute value; NaN if an element is} */
    default double maxAbs(T vector) {
        double[] max = new double[1];
        by("maxAbs", vector, vector, vector, (element, a, b) -> {
            max[0] = Math.max(max[0], Math.abs(element));
            return element;
        });
        return max[0];
    }

    /** {@return {@code number} as an element of {@code vector} would hold it; a float by default} */
    default double round(T vector, double number) {
        return (float) number;
    }
}
