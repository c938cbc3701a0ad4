package org.anneal.text;

/**
 * Powers as Python's {@code **} computes them on floats.
 *
 * <p>Python calls C's {@code pow}, which in glibc is rounded correctly in all but about one case in 1500. {@link Math#pow} is
 * only within one ulp, so integer powers are multiplied out in double-double arithmetic, which rounds correctly.
 */
public final class Power {

    private static final double LARGEST_EXPONENT = 1L << 31;
    // Below this, a product's rounding error, 2^-53 of it, would be rounded itself.
    private static final double SMALLEST_EXACT = 0x1p-900;

    private Power() {}

    /** Returns {@code base^exponent}: infinite or zero if it overflows or underflows, NaN if it is not real. */
    public static double pow(double base, double exponent) {
        if (base == 1 || (base == -1 && Double.isInfinite(exponent))) {
            return 1; // as in C, even for NaN; Java returns NaN
        }
        double magnitude = Math.abs(exponent);
        if (magnitude <= LARGEST_EXPONENT && magnitude == Math.rint(magnitude)) {
            double power = integral(base, (long) magnitude, exponent < 0);
            if (Math.abs(power) >= SMALLEST_EXACT && Math.abs(power) <= 1 / SMALLEST_EXACT) {
                return power;
            }
        }
        return Math.pow(base, exponent);
    }

    /**
     * Returns {@code value * base^exponent}, finite even if the power alone overflows but the product does not. The
     * exponent is at least 0.
     */
    public static double scale(double value, double base, long exponent) {
        double power = pow(base, (double) exponent);
        double magnitude = Math.abs(power);
        if (base == 0 || (magnitude >= Double.MIN_NORMAL && magnitude < Double.POSITIVE_INFINITY)) {
            return value * power;
        }
        long half = exponent / 2;
        return value * pow(base, (double) half) * pow(base, (double) (exponent - half));
    }

    /** Squares and multiplies; each number is an unevaluated sum, high + low. */
    private static double integral(double base, long exponent, boolean reciprocal) {
        double high = 1;
        double low = 0;
        double squareHigh = base;
        double squareLow = 0;
        for (long bits = exponent; bits > 0; bits >>= 1) {
            if ((bits & 1) == 1) {
                double product = high * squareHigh;
                double error = Math.fma(high, squareHigh, -product) + (high * squareLow + low * squareHigh);
                high = product + error;
                low = error - (high - product);
            }
            if (bits > 1) {
                double product = squareHigh * squareHigh;
                double error = Math.fma(squareHigh, squareHigh, -product) + 2 * squareHigh * squareLow;
                squareHigh = product + error;
                squareLow = error - (squareHigh - product);
            }
        }
        if (!reciprocal) {
            return high + low;
        }
        double quotient = 1 / high;
        return quotient + (Math.fma(-quotient, high, 1) - quotient * low) / high;
    }
}
