package org.anneal.optim;

import java.util.function.DoubleUnaryOperator;

/**
 * A number in PyTorch's L-BFGS: a Python float, or a tensor without dimensions. An operation that involves a tensor rounds its
 * operands and its result to the tensor's type.
 */
final class Real {
    static final Real ZERO = of(0);
    static final Real ONE = of(1);

    private final double value;
    private final boolean tensor;
    private final DoubleUnaryOperator rounding;

    private Real(double value, boolean tensor, DoubleUnaryOperator rounding) {
        this.value = value;
        this.tensor = tensor;
        this.rounding = rounding;
    }

    /** {@return a Python float} */
    static Real of(double value) {
        return new Real(value, false, DoubleUnaryOperator.identity());
    }

    /** {@return a tensor whose type {@code rounding} rounds to} */
    static Real tensor(double value, DoubleUnaryOperator rounding) {
        return new Real(rounding.applyAsDouble(value), true, rounding);
    }

    double value() {
        return value;
    }

    boolean isTensor() {
        return tensor;
    }

    Real plus(Real other) {
        return with(other, in(other) + other.in(this));
    }

    Real minus(Real other) {
        return with(other, in(other) - other.in(this));
    }

    Real times(Real other) {
        return with(other, in(other) * other.in(this));
    }

    Real over(Real other) {
        return !tensor && other.tensor // PyTorch multiplies by the reciprocal then
                ? with(other, other.with(other, 1 / other.value).value * in(other))
                : with(other, in(other) / other.in(this));
    }

    Real sqrt() {
        return with(this, Math.sqrt(value));
    }

    Real abs() {
        return with(this, Math.abs(value));
    }

    Real negate() {
        return with(this, -value);
    }

    boolean lessThan(Real other) {
        return in(other) < other.in(this);
    }

    boolean atMost(Real other) {
        return in(other) <= other.in(this);
    }

    /** {@return the smaller number; this one if neither is smaller} */
    Real min(Real other) {
        return other.lessThan(this) ? other : this;
    }

    /** {@return the larger number; this one if neither is larger} */
    Real max(Real other) {
        return lessThan(other) ? other : this;
    }

    /** {@return this number, rounded as an operation with {@code other} does} */
    private double in(Real other) {
        return other.tensor ? other.rounding.applyAsDouble(value) : value;
    }

    private Real with(Real other, double result) {
        DoubleUnaryOperator both = tensor ? rounding : other.rounding;
        return new Real(both.applyAsDouble(result), tensor || other.tensor, both);
    }
}
