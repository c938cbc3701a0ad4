package org.anneal.text;

import static org.anneal.text.PythonNumber.toFloat;

import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;

/**
 * A function of numbers that a lambda may call: Python's own, and those of its {@code math}.
 *
 * @param least the fewest arguments
 * @param most the most arguments
 * @param body what it gives; it raises {@link ArithmeticException} with Python's reason
 */
record PythonFunction(int least, int most, Function<List<Object>, Object> body) {

    /** The constants, by their dotted names. */
    static final Map<String, Double> CONSTANTS = Map.of(
            "math.pi", Math.PI,
            "math.e", Math.E,
            "math.tau", 2 * Math.PI,
            "math.inf", Double.POSITIVE_INFINITY,
            "math.nan", Double.NaN);

    /** The functions, by their dotted names. */
    static final Map<String, PythonFunction> ALL = new TreeMap<>();

    static {
        ALL.put("min", new PythonFunction(2, Integer.MAX_VALUE, values -> extreme("<", values)));
        ALL.put("max", new PythonFunction(2, Integer.MAX_VALUE, values -> extreme(">", values)));
        ALL.put("abs", new PythonFunction(1, 1, values -> absolute(values.get(0))));
        ALL.put("round", new PythonFunction(1, 2, PythonFunction::round));
        ALL.put("int", new PythonFunction(1, 1, values -> PythonNumber.round(values.get(0), RoundingMode.DOWN)));
        ALL.put("float", new PythonFunction(1, 1, values -> toFloat(values.get(0))));
        ALL.put("bool", new PythonFunction(1, 1, values -> PythonNumber.truth(values.get(0))));
        ALL.put("pow", new PythonFunction(2, 2, values -> PythonNumber.apply("**", values.get(0), values.get(1))));
        ALL.put("math.floor", new PythonFunction(1, 1, v -> PythonNumber.round(v.get(0), RoundingMode.FLOOR)));
        ALL.put("math.ceil", new PythonFunction(1, 1, v -> PythonNumber.round(v.get(0), RoundingMode.CEILING)));
        ALL.put("math.trunc", new PythonFunction(1, 1, v -> PythonNumber.round(v.get(0), RoundingMode.DOWN)));
        ALL.put("math.log", new PythonFunction(1, 2, PythonFunction::logarithm));
        real("math.log2", x -> log2(positive(x)));
        real("math.log10", x -> Math.log10(positive(x)));
        real("math.log1p", Math::log1p);
        real("math.exp", Math::exp);
        real("math.expm1", Math::expm1);
        real("math.sqrt", Math::sqrt);
        real("math.fabs", Math::abs);
        real("math.cos", Math::cos);
        real("math.sin", Math::sin);
        real("math.tan", Math::tan);
        real("math.acos", Math::acos);
        real("math.asin", Math::asin);
        real("math.atan", Math::atan);
        real("math.cosh", Math::cosh);
        real("math.sinh", Math::sinh);
        real("math.tanh", Math::tanh);
        real("math.pow", Power::pow);
        real("math.fmod", (x, y) -> x % y);
        real("math.atan2", Math::atan2);
        real("math.hypot", Math::hypot);
        real("math.copysign", Math::copySign);
    }

    private static void real(String name, DoubleUnaryOperator function) {
        ALL.put(name, new PythonFunction(1, 1, values -> {
            double x = toFloat(values.get(0));
            return checked(function.applyAsDouble(x), Double.isFinite(x), Double.isNaN(x));
        }));
    }

    private static void real(String name, DoubleBinaryOperator function) {
        ALL.put(name, new PythonFunction(2, 2, values -> {
            double x = toFloat(values.get(0));
            double y = toFloat(values.get(1));
            if (name.equals("math.pow") && x == 0 && y < 0) {
                throw domain();
            }
            return checked(
                    function.applyAsDouble(x, y),
                    Double.isFinite(x) && Double.isFinite(y),
                    Double.isNaN(x) || Double.isNaN(y));
        }));
    }

    /** Python's rule: NaN out of numbers is a domain error, infinity out of finite ones a range error. */
    private static double checked(double result, boolean finite, boolean nan) {
        if (Double.isNaN(result) && !nan) {
            throw domain();
        }
        if (Double.isInfinite(result) && finite) {
            throw new ArithmeticException("math range error");
        }
        return result;
    }

    private static ArithmeticException domain() {
        return new ArithmeticException("math domain error");
    }

    private static double positive(double x) {
        if (x <= 0) {
            throw domain();
        }
        return x;
    }

    private static Object extreme(String operator, List<Object> values) {
        Object result = values.get(0);
        for (Object value : values) {
            result = PythonNumber.compare(operator, value, result) ? value : result;
        }
        return result;
    }

    private static Object absolute(Object value) {
        return value instanceof Double number
                ? (Object) Math.abs(number)
                : PythonNumber.toInt(value).abs();
    }

    private static Object round(List<Object> values) {
        return values.size() == 1
                ? PythonNumber.round(values.get(0), RoundingMode.HALF_EVEN)
                : PythonNumber.round(values.get(0), values.get(1));
    }

    private static Object logarithm(List<Object> values) {
        double result = log(values.get(0));
        if (values.size() == 1) {
            return result;
        }
        return PythonNumber.apply("/", result, log(values.get(1)));
    }

    /** The natural logarithm, also of an int that is too long for a float. */
    private static double log(Object value) {
        if (value instanceof BigInteger whole && whole.bitLength() > 1000) {
            if (whole.signum() < 0) {
                throw domain();
            }
            int shift = whole.bitLength() - 64;
            return Math.log(whole.shiftRight(shift).doubleValue()) + shift * Math.log(2);
        }
        return Math.log(positive(toFloat(value)));
    }

    /** Exact at powers of two, as C's. */
    private static double log2(double x) {
        if (!(x >= Double.MIN_NORMAL && x < Double.POSITIVE_INFINITY)) {
            return Math.log(x) / Math.log(2);
        }
        int exponent = Math.getExponent(x) + (x < 1 ? 1 : 0);
        return exponent + Math.log(Math.scalb(x, -exponent)) / Math.log(2);
    }
}
