package org.anneal.text;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;

/**
 * Python's arithmetic on its numbers: an int is a {@link BigInteger}, a float a {@link Double}, a bool a {@link Boolean}
 * that counts as 0 or 1. What Python raises is an {@link ArithmeticException} with Python's reason.
 */
final class PythonNumber {

    /** Ints are unbounded in Python; a rate needs none longer than this, and a longer one takes time. */
    static final int MOST_BITS = 16_384;

    private PythonNumber() {}

    static Object negate(Object value) {
        return value instanceof Double number
                ? (Object) (-number)
                : toInt(value).negate();
    }

    static Object plus(Object value) {
        return value instanceof Double ? value : toInt(value);
    }

    static boolean truth(Object value) {
        return value instanceof Double number ? number != 0 : toInt(value).signum() != 0;
    }

    static Object apply(String operator, Object left, Object right) {
        if (left instanceof Double || right instanceof Double) {
            double x = toFloat(left);
            double y = toFloat(right);
            return switch (operator) {
                case "+" -> x + y;
                case "-" -> x - y;
                case "*" -> x * y;
                case "/" -> x / notZero(y, "float division by zero");
                case "//" -> floorDivide(x, notZero(y, "float floor division by zero"));
                case "%" -> modulo(x, notZero(y, "float modulo"));
                case "**" -> power(x, y);
                default ->
                    throw new ArithmeticException("unsupported operand type(s) for " + operator + ": '"
                            + PythonValue.type(left) + "' and '" + PythonValue.type(right) + "'");
            };
        }
        BigInteger x = toInt(left);
        BigInteger y = toInt(right);
        return switch (operator) {
            case "+" -> bounded(x.add(y));
            case "-" -> bounded(x.subtract(y));
            case "*" -> bounded(x.multiply(y));
            case "/" -> divide(x, notZero(y, "division by zero"));
            case "//" -> floorDivide(x, notZero(y, "integer division or modulo by zero"))[0];
            case "%" -> floorDivide(x, notZero(y, "integer modulo by zero"))[1];
            case "**" -> y.signum() < 0 ? (Object) power(toFloat(x), toFloat(y)) : power(x, y);
            case "<<" -> bounded(x.shiftLeft(shift(x, y)));
            case ">>" -> x.shiftRight(shift(BigInteger.ONE, y));
            case "&" -> sameType(left, right, x.and(y));
            case "|" -> sameType(left, right, x.or(y));
            case "^" -> sameType(left, right, x.xor(y));
            default -> throw new ArithmeticException("the operator " + operator + " is not supported");
        };
    }

    /** Of two bools these operators make a bool. */
    private static Object sameType(Object left, Object right, BigInteger result) {
        return left instanceof Boolean && right instanceof Boolean ? (Object) (result.signum() != 0) : result;
    }

    private static int shift(BigInteger shifted, BigInteger by) {
        if (by.signum() < 0) {
            throw new ArithmeticException("negative shift count");
        }
        if (by.bitLength() > 31 || (shifted.signum() != 0 && by.intValue() > 2 * MOST_BITS)) {
            return shifted.signum() == 0 ? 0 : 2 * MOST_BITS;
        }
        return shifted.signum() == 0 ? 0 : by.intValue();
    }

    static boolean compare(String operator, Object left, Object right) {
        if (isNaN(left) || isNaN(right)) {
            return operator.equals("!=");
        }
        int order = order(left, right);
        return switch (operator) {
            case "<" -> order < 0;
            case "<=" -> order <= 0;
            case ">" -> order > 0;
            case ">=" -> order >= 0;
            case "==" -> order == 0;
            case "!=" -> order != 0;
            default -> throw new AssertionError(operator);
        };
    }

    static double toFloat(Object value) {
        if (value instanceof Double number) {
            return number;
        }
        if (!PythonValue.isNumber(Unknown.known(value))) {
            throw new ArithmeticException("must be real number, not " + PythonValue.type(value));
        }
        double number = toInt(value).doubleValue();
        if (Double.isInfinite(number)) {
            throw new ArithmeticException("int too large to convert to float");
        }
        return number;
    }

    /** Returns an int or a bool as an int; a float has no place here. */
    static BigInteger toInt(Object value) {
        if (value instanceof BigInteger number) {
            return number;
        } else if (value instanceof Boolean truth) {
            return truth ? BigInteger.ONE : BigInteger.ZERO;
        }
        throw new ArithmeticException(
                "'" + PythonValue.type(Unknown.known(value)) + "' object cannot be interpreted as an integer");
    }

    /** Returns a float rounded to an int: toward zero, down, up or half to even. */
    static BigInteger round(Object value, RoundingMode mode) {
        if (!(value instanceof Double number)) {
            return toInt(value);
        }
        if (number.isNaN()) {
            throw new ArithmeticException("cannot convert float NaN to integer");
        } else if (number.isInfinite()) {
            throw new ArithmeticException("cannot convert float infinity to integer");
        }
        return new BigDecimal(number).setScale(0, mode).toBigInteger();
    }

    /** Python's {@code round(value, digits)}: the exact binary value, half to even. */
    static Object round(Object value, Object digits) {
        int scale = toInt(digits)
                .max(BigInteger.valueOf(-6000))
                .min(BigInteger.valueOf(6000))
                .intValue();
        if (!(value instanceof Double number)) {
            BigInteger whole = toInt(value);
            return scale >= 0
                    ? whole
                    : new BigDecimal(whole)
                            .setScale(scale, RoundingMode.HALF_EVEN)
                            .toBigInteger();
        }
        if (!Double.isFinite(number) || scale > 1100) {
            return number;
        }
        double rounded =
                new BigDecimal(number).setScale(scale, RoundingMode.HALF_EVEN).doubleValue();
        if (Double.isInfinite(rounded)) {
            throw new ArithmeticException("rounded value too large to represent");
        }
        return Math.copySign(rounded, number);
    }

    static double power(double x, double y) {
        if (x == 0 && y < 0 && Double.isFinite(y)) {
            throw new ArithmeticException("0.0 cannot be raised to a negative power");
        }
        double result = Power.pow(x, y);
        if (Double.isInfinite(result) && Double.isFinite(x) && Double.isFinite(y)) {
            throw new ArithmeticException("numerical result out of range");
        }
        if (Double.isNaN(result) && !Double.isNaN(x) && !Double.isNaN(y)) {
            throw new ArithmeticException("a negative number to a fractional power is complex");
        }
        return result;
    }

    private static BigInteger power(BigInteger x, BigInteger y) {
        if (x.bitLength() > 1) {
            // |x| >= 2 has at least y * (bitLength - 1) bits
            if (y.bitLength() > 31 || y.longValue() * Math.max(1, x.bitLength() - 1) > MOST_BITS) {
                throw tooLong();
            }
            return bounded(x.pow(y.intValue()));
        }
        if (y.signum() == 0) {
            return BigInteger.ONE;
        }
        // -2 has a bit length of 1, as 1 has; 0 and -1 have none
        if (x.equals(BigInteger.TWO.negate())) {
            return y.testBit(0) ? power(BigInteger.TWO, y).negate() : power(BigInteger.TWO, y);
        }
        return x.signum() < 0 && !y.testBit(0) ? BigInteger.ONE : x;
    }

    private static BigInteger bounded(BigInteger value) {
        if (value.bitLength() > MOST_BITS + 1) {
            throw tooLong();
        }
        return value;
    }

    private static ArithmeticException tooLong() {
        return new ArithmeticException("an int is longer than " + MOST_BITS + " bits");
    }

    private static double notZero(double divisor, String reason) {
        if (divisor == 0) {
            throw new ArithmeticException(reason);
        }
        return divisor;
    }

    private static BigInteger notZero(BigInteger divisor, String reason) {
        if (divisor.signum() == 0) {
            throw new ArithmeticException(reason);
        }
        return divisor;
    }

    /** Divides two ints and rounds once. */
    private static double divide(BigInteger x, BigInteger y) {
        if (x.signum() == 0) {
            return y.signum() * 0.0;
        }
        int sign = x.signum() * y.signum();
        int shift = Math.max(0, 66 - (x.bitLength() - y.bitLength()));
        if (shift > 1300) {
            return sign * 0.0;
        }
        BigInteger[] quotient = x.abs().shiftLeft(shift).divideAndRemainder(y.abs());
        // At least 66 bits, the last of which says whether any follow: enough to round a double correctly.
        BigInteger bits = quotient[1].signum() == 0 ? quotient[0] : quotient[0].setBit(0);
        double result = new BigDecimal(bits.multiply(BigInteger.valueOf(5).pow(shift)), shift).doubleValue();
        if (Double.isInfinite(result)) {
            throw new ArithmeticException("integer division result too large for a float");
        }
        return sign * result;
    }

    private static BigInteger[] floorDivide(BigInteger x, BigInteger y) {
        BigInteger[] result = x.divideAndRemainder(y);
        if (result[1].signum() * y.signum() < 0) {
            result[0] = result[0].subtract(BigInteger.ONE);
            result[1] = result[1].add(y);
        }
        return result;
    }

    private static double modulo(double x, double y) {
        double modulus = x % y;
        if (modulus == 0) {
            return Math.copySign(0.0, y);
        }
        return y < 0 != modulus < 0 ? modulus + y : modulus;
    }

    /** CPython's float_floor_div, which corrects the quotient's last place. */
    private static double floorDivide(double x, double y) {
        double remainder = x % y;
        double quotient = (x - remainder) / y;
        if (remainder != 0 && y < 0 != remainder < 0) {
            quotient -= 1;
        }
        if (quotient == 0) {
            return Math.copySign(0.0, x / y);
        }
        double floor = Math.floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }

    private static boolean isNaN(Object value) {
        return value instanceof Double number && number.isNaN();
    }

    /** Compares exactly, an int with a float too. */
    private static int order(Object left, Object right) {
        if (left instanceof Double x && right instanceof Double y) {
            return x < y ? -1 : x > y ? 1 : 0;
        }
        if (left instanceof Double x && x.isInfinite()) {
            return x > 0 ? 1 : -1;
        }
        if (right instanceof Double y && y.isInfinite()) {
            return y > 0 ? -1 : 1;
        }
        return exact(left).compareTo(exact(right));
    }

    private static BigDecimal exact(Object value) {
        return value instanceof Double number ? new BigDecimal(number) : new BigDecimal(toInt(value));
    }
}
