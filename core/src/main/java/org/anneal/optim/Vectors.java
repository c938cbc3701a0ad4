package org.anneal.optim;

import java.util.List;

/**
 * Arithmetic over whole arrays on one engine: what gradient clipping, averaging and L-BFGS need beside the update rules.
 * Arrays change in place; numbers that come back are rounded as the arrays' own type rounds them.
 *
 * @param <T> an array
 */
public interface Vectors<T> {

    /**
     * {@return the norm of the norms of {@code arrays}, 0 if there is none}
     *
     * @param order 2 for the Euclidean norm, 1 for the sum of the absolute values, infinity for the largest of them, or any
     *     other number, as in PyTorch's {@code vector_norm}
     */
    double norm(List<T> arrays, double order);

    /** Multiplies every array by {@code most / (norm + 1e-6)}, or by 1 if that is more. */
    void shrink(List<T> arrays, double norm, double most);

    /** Moves every element into {@code [-limit, limit]}; NaN stays NaN. */
    void clamp(List<T> arrays, double limit);

    /** Copies all elements of {@code from} into {@code to}, converting them if the types differ. */
    void copy(T from, T to);

    /** Moves {@code mean}, of {@code count} arrays so far, to the mean of these and {@code value}. */
    void average(T mean, T value, long count);

    /** Makes {@code mean} what it was times {@code decay}, plus {@code value} times the rest. */
    void decay(T mean, T value, double decay);

    /** {@return a vector of zeros that is as long as {@code arrays} together, owned by the caller} */
    T allocate(List<T> arrays);

    /** Copies {@code arrays}, one after another, into {@code vector}. */
    void gather(List<T> arrays, T vector);

    /** Copies {@code vector} into {@code arrays}, one after another. */
    void scatter(T vector, List<T> arrays);

    /** Adds {@code vector} times {@code factor} to {@code arrays}, one after another. */
    void scatterAdd(T vector, double factor, List<T> arrays);

    /** Multiplies {@code vector} by {@code factor}. */
    void scale(T vector, double factor);

    /** Adds {@code from} times {@code factor} to {@code vector}. */
    void add(T vector, T from, double factor);

    /** {@return the sum of the products of the elements} */
    double dot(T a, T b);

    /** {@return the sum of the absolute values} */
    double sumAbs(T vector);

    /** {@return the largest absolute value; NaN if an element is} */
    double maxAbs(T vector);

    /** {@return {@code number} as an element of {@code vector} would hold it} */
    double round(T vector, double number);
}
