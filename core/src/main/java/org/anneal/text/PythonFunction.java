package org.anneal.text;

import static org.anneal.text.PythonNumber.toFloat;
import static org.anneal.text.PythonNumber.toInt;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * A function that may be called: of Python itself, of {@code math}, {@code numpy}, {@code bisect} or {@code functools}.
 *
 * @param name as Python's text has it: {@code math.cos}
 * @param least the fewest arguments
 * @param most the most arguments
 * @param parameters the names of those that may be given by keyword, in the order of the arguments; before them as many
 *     empty ones as there are arguments that may not
 * @param body what it gives; it raises {@link ArithmeticException} with Python's reason
 */
record PythonFunction(String name, int least, int most, List<String> parameters, Body body) {

    /** What a function does with its arguments, of which those by keyword are in their places, or null where left out. */
    @FunctionalInterface
    interface Body {
        Object apply(List<Object> values, Machine machine);
    }

    private static final int ANY = Integer.MAX_VALUE;
    private static final List<String> ANY_NAME = List.of("**"); // whose keywords are not checked

    /** What a name stands for: a function, or the number that a constant is. */
    static final Map<String, Object> ALL = new TreeMap<>();

    static {
        constants("math.");
        numbers();
        collections();
        reals("math.");
        mathematics();
        numpy();
    }

    /** Returns the function or the number that a name with its module stands for; PyTorch's are Python's own. */
    static Optional<Object> named(String path) {
        Object known = ALL.get(path);
        return Optional.ofNullable(
                known == null && path.startsWith("torch.") ? ALL.get("math." + path.substring(6)) : known);
    }

    /** Returns a name with its module as an expression. */
    static Expression.Known expression(String path) {
        return new Expression.Known(path, Objects.requireNonNull(ALL.get(path)));
    }

    private static void constants(String module) {
        ALL.put(module + "pi", Math.PI);
        ALL.put(module + "e", Math.E);
        ALL.put(module + "inf", Double.POSITIVE_INFINITY);
        ALL.put(module + "nan", Double.NaN);
        if (module.equals("math.")) {
            ALL.put("math.tau", 2 * Math.PI);
        }
    }

    private static void numbers() {
        put("abs", 1, 1, (v, m) -> absolute(v.get(0)));
        put("round", 1, 2, List.of("number", "ndigits"), (v, m) -> round(v));
        put("int", 0, 1, (v, m) -> v.isEmpty() ? BigInteger.ZERO : whole(v.get(0)));
        put("float", 0, 1, (v, m) -> v.isEmpty() ? 0.0 : real(v.get(0)));
        put("bool", 0, 1, (v, m) -> !v.isEmpty() && PythonValue.truth(v.get(0)));
        put("pow", 2, 2, (v, m) -> PythonValue.binary("**", v.get(0), v.get(1)));
        put(
                "divmod",
                2,
                2,
                (v, m) -> Python.Tuple.of(
                        PythonValue.binary("//", v.get(0), v.get(1)), PythonValue.binary("%", v.get(0), v.get(1))));
    }

    private static void collections() {
        put("min", 1, ANY, List.of("", "key", "default"), (v, m) -> extreme("min", "<", v, m));
        put("max", 1, ANY, List.of("", "key", "default"), (v, m) -> extreme("max", ">", v, m));
        put("sum", 1, 2, List.of("", "start"), (v, m) -> sum(v, m));
        put("len", 1, 1, (v, m) -> PythonValue.length(v.get(0)));
        put("any", 1, 1, (v, m) -> firstTruth(v.get(0), true, m));
        put("all", 1, 1, (v, m) -> !firstTruth(v.get(0), false, m));
        put("sorted", 1, 1, List.of("", "key", "reverse"), (v, m) -> sorted(v, m));
        put("reversed", 1, 1, (v, m) -> {
            List<Object> values = list(v.get(0), m);
            Collections.reverse(values);
            return values.iterator();
        });
        put("list", 0, 1, (v, m) -> v.isEmpty() ? new ArrayList<>() : list(v.get(0), m));
        put("tuple", 0, 1, (v, m) -> new Python.Tuple(v.isEmpty() ? List.of() : list(v.get(0), m)));
        put("set", 0, 1, (v, m) -> PythonValue.set(v.isEmpty() ? List.of() : list(v.get(0), m)));
        put("range", 1, 3, (v, m) -> range(v));
        put("enumerate", 1, 2, List.of("", "start"), (v, m) -> enumerated(v, m));
        put("zip", 0, ANY, (v, m) -> zipped(v, m));
        put(
                "map",
                2,
                2,
                (v, m) -> each(PythonValue.iterator(v.get(1)), value -> {
                    m.spend(1);
                    return m.apply(v.get(0), List.of(value), Map.of());
                }));
        for (String name : List.of("bisect.bisect", "bisect.bisect_right", "bisect.bisect_left")) {
            put(name, 2, 2, (v, m) -> bisect(v.get(0), v.get(1), name.endsWith("left")));
        }
        put("functools.reduce", 2, 3, (v, m) -> reduced(v, m));
        for (String name : List.of("functools.partial", "dict")) { // see Machine.apply
            put(name, 0, ANY, ANY_NAME, (v, m) -> {
                throw new ArithmeticException(name + " needs a function of this text");
            });
        }
    }

    private static void mathematics() {
        put("math.floor", 1, 1, (v, m) -> PythonNumber.round(number(v.get(0)), RoundingMode.FLOOR));
        put("math.ceil", 1, 1, (v, m) -> PythonNumber.round(number(v.get(0)), RoundingMode.CEILING));
        put("math.trunc", 1, 1, (v, m) -> PythonNumber.round(number(v.get(0)), RoundingMode.DOWN));
        put("math.log", 1, 2, (v, m) -> logarithm(v));
        put("math.log2", 1, 1, (v, m) -> log(v.get(0), PythonFunction::log2, 1));
        put("math.log10", 1, 1, (v, m) -> log(v.get(0), Math::log10, Math.log10(2)));
        put("math.prod", 1, 1, List.of("", "start"), (v, m) -> product(v, m));
        put("math.fsum", 1, 1, (v, m) -> exactSum(list(v.get(0), m), m));
        put("math.gcd", 0, ANY, (v, m) -> v.stream().map(PythonNumber::toInt).reduce(BigInteger.ZERO, BigInteger::gcd));
        put("math.isqrt", 1, 1, (v, m) -> {
            BigInteger whole = toInt(v.get(0));
            if (whole.signum() < 0) {
                throw new ArithmeticException("isqrt() argument must be nonnegative");
            }
            return whole.sqrt();
        });
        put("math.isnan", 1, 1, (v, m) -> Double.isNaN(toFloat(v.get(0))));
        put("math.isinf", 1, 1, (v, m) -> Double.isInfinite(toFloat(v.get(0))));
        put("math.isfinite", 1, 1, (v, m) -> Double.isFinite(toFloat(v.get(0))));
        real("math.fabs", Math::abs);
        real("math.acos", Math::acos);
        real("math.asin", Math::asin);
        real("math.atan", Math::atan);
        real("math.acosh", PythonFunction::acosh);
        real("math.asinh", PythonFunction::asinh);
        real("math.atanh", PythonFunction::atanh);
        put("math.degrees", 1, 1, (v, m) -> toFloat(v.get(0)) * (180 / Math.PI)); // infinite where it overflows
        real("math.radians", x -> x * (Math.PI / 180));
        real("math.pow", (x, y) -> {
            if (x == 0 && y < 0 && Double.isFinite(y)) {
                throw domain();
            }
            return Power.pow(x, y);
        });
        real("math.fmod", (x, y) -> x % y);
        real("math.atan2", Math::atan2);
        real("math.hypot", Math::hypot);
        real("math.copysign", Math::copySign);
    }

    /** The functions that {@code math} and {@code numpy} have under one name. */
    private static void reals(String module) {
        boolean raises = module.equals("math.");
        if (!raises) {
            real("np.log2", PythonFunction::log2);
            real("np.log10", Math::log10);
        }
        real(module + "log1p", x -> Math.log1p(raises && x == -1 ? positive(0) : x));
        real(module + "exp", Math::exp);
        real(module + "exp2", x -> Power.pow(2, x));
        real(module + "expm1", Math::expm1);
        real(module + "sqrt", Math::sqrt);
        real(module + "cbrt", Math::cbrt);
        real(module + "cos", Math::cos);
        real(module + "sin", Math::sin);
        real(module + "tan", Math::tan);
        real(module + "cosh", Math::cosh);
        real(module + "sinh", Math::sinh);
        real(module + "tanh", Math::tanh);
    }

    /** NumPy's functions, of numbers: where {@code math} raises, they give NaN or infinity. */
    private static void numpy() {
        constants("np.");
        reals("np.");
        real("np.log", Math::log);
        real("np.arccos", Math::acos);
        real("np.arcsin", Math::asin);
        real("np.arctan", Math::atan);
        real("np.fabs", Math::abs);
        whole("np.floor", Math::floor);
        whole("np.ceil", Math::ceil);
        whole("np.trunc", x -> x < 0 ? Math.ceil(x) : Math.floor(x));
        real("np.rint", Math::rint);
        real("np.arctan2", Math::atan2);
        real("np.hypot", Math::hypot);
        real("np.copysign", Math::copySign);
        put(
                "np.fmod",
                2,
                2,
                (v, m) -> areInts(v)
                        ? (Object)
                                (toInt(v.get(1)).signum() == 0
                                        ? BigInteger.ZERO
                                        : toInt(v.get(0)).remainder(toInt(v.get(1))))
                        : toFloat(v.get(0)) % toFloat(v.get(1)));
        put("np.abs", 1, 1, (v, m) -> absolute(v.get(0)));
        put("np.absolute", 1, 1, (v, m) -> absolute(v.get(0)));
        put(
                "np.sign",
                1,
                1,
                (v, m) -> v.get(0) instanceof Double x
                        ? (Object) (Math.signum(x) + 0.0)
                        : BigInteger.valueOf(toInt(v.get(0)).signum()));
        put("np.square", 1, 1, (v, m) -> PythonNumber.apply("*", number(v.get(0)), number(v.get(0))));
        put("np.round", 1, 2, List.of("", "decimals"), (v, m) -> rounded(v));
        put("np.around", 1, 2, List.of("", "decimals"), (v, m) -> rounded(v));
        put("np.minimum", 2, 2, (v, m) -> pair("<", v));
        put("np.maximum", 2, 2, (v, m) -> pair(">", v));
        put("np.power", 2, 2, (v, m) -> {
            if (!(v.get(0) instanceof Double || v.get(1) instanceof Double)
                    && toInt(v.get(1)).signum() < 0) {
                throw new ArithmeticException("Integers to negative integer powers are not allowed.");
            }
            return v.get(0) instanceof Double || v.get(1) instanceof Double
                    ? Power.pow(toFloat(v.get(0)), toFloat(v.get(1)))
                    : PythonNumber.apply("**", v.get(0), v.get(1));
        });
        for (String name : List.of("np.mod", "np.remainder")) {
            put(name, 2, 2, (v, m) -> divided("%", v));
        }
        put("np.floor_divide", 2, 2, (v, m) -> divided("//", v));
        put("np.clip", 3, 3, List.of("a", "a_min", "a_max"), (v, m) -> clip(v));
        put("np.interp", 3, 5, List.of("x", "xp", "fp", "left", "right"), (v, m) -> interpolated(v, m));
        put(
                "np.searchsorted",
                2,
                3,
                List.of("a", "v", "side"),
                (v, m) -> v.get(1) instanceof Double x && x.isNaN()
                        ? PythonValue.length(v.get(0))
                        : bisect(v.get(0), v.get(1), v.size() < 3 || v.get(2).equals("left")));
        put("np.sum", 1, 1, (v, m) -> {
            List<Object> array = array(v.get(0), m);
            return sum(List.of(array, array.isEmpty() ? (Object) 0.0 : BigInteger.ZERO), m);
        });
        put("np.prod", 1, 1, (v, m) -> {
            List<Object> array = array(v.get(0), m);
            return product(List.of(array, array.isEmpty() ? (Object) 1.0 : BigInteger.ONE), m);
        });
        put("np.min", 1, 1, (v, m) -> extreme("np.min", "<", List.of(array(v.get(0), m)), m));
        put("np.max", 1, 1, (v, m) -> extreme("np.max", ">", List.of(array(v.get(0), m)), m));
        put("np.float64", 0, 1, (v, m) -> v.isEmpty() ? 0.0 : real(v.get(0)));
    }

    private static void put(String name, int least, int most, Body body) {
        put(name, least, most, List.of(), body);
    }

    private static void put(String name, int least, int most, List<String> parameters, Body body) {
        ALL.put(name, new PythonFunction(name, least, most, parameters, body));
    }

    /** Declares a function of a float; {@code math}'s raise where they have no finite result. */
    private static void real(String name, DoubleUnaryOperator function) {
        put(name, 1, 1, (values, machine) -> {
            double x = toFloat(values.get(0));
            return checked(name, function.applyAsDouble(x), Double.isFinite(x), Double.isNaN(x));
        });
    }

    private static void real(String name, DoubleBinaryOperator function) {
        put(name, 2, 2, (values, machine) -> {
            double x = toFloat(values.get(0));
            double y = toFloat(values.get(1));
            return checked(
                    name,
                    function.applyAsDouble(x, y),
                    Double.isFinite(x) && Double.isFinite(y),
                    Double.isNaN(x) || Double.isNaN(y));
        });
    }

    /** Python's rule: NaN out of numbers is a domain error, infinity out of finite ones a range error. */
    private static double checked(String name, double result, boolean finite, boolean nan) {
        if (name.startsWith("math.") && Double.isNaN(result) && !nan) {
            throw domain();
        }
        if (name.startsWith("math.") && Double.isInfinite(result) && finite) {
            throw new ArithmeticException("math range error");
        }
        return result;
    }

    /**
     * Computes this.
     *
     * @param keywords the arguments by keyword
     */
    Object call(List<Object> positional, Map<String, Object> keywords, Machine machine) {
        machine.spend(1);
        for (Object value : positional) {
            machine.spend(value instanceof BigInteger ? PythonValue.cost(value) : 0);
        }
        Optional<Unknown> unknown = Unknown.inAny(positional);
        for (Object value : keywords.values()) {
            Optional<Unknown> more = Unknown.in(value);
            unknown = unknown.isPresent() ? unknown.map(each -> each.and(value)) : more;
        }
        if (unknown.isPresent()) {
            return unknown.get();
        }
        String problem = problem(positional.size(), keywords.keySet());
        if (!problem.isEmpty()) {
            throw new ArithmeticException(problem);
        }
        Object result = body.apply(keywords.isEmpty() ? positional : inPlace(positional, keywords), machine);
        machine.spend(PythonValue.cost(result));
        return result;
    }

    /** Returns why such a call is none of this function, or nothing. */
    String problem(int positional, Iterable<String> keywords) {
        if (parameters.equals(ANY_NAME)) {
            return "";
        }
        int given = positional;
        for (String keyword : keywords) {
            if (parameters.isEmpty()) {
                return name + " takes no keyword arguments";
            } else if (keyword.isEmpty() || !parameters.contains(keyword)) {
                return name + " has no keyword argument '" + PythonText.shortened(keyword) + "'";
            }
            given += parameters.indexOf(keyword) < most ? 1 : 0;
        }
        if (given >= least && given <= most) {
            return "";
        }
        String wanted = most == ANY ? "at least " + least : least == most ? "" + least : least + " or " + most;
        return name + " takes " + wanted + " arguments, but got " + given;
    }

    /** Puts the arguments by keyword behind the others, None for those that are left out. */
    private List<Object> inPlace(List<Object> positional, Map<String, Object> keywords) {
        if (most == ANY) { // min and max, whose keywords come after any number of arguments
            List<Object> values = new ArrayList<>();
            values.add(new Options(positional, keywords));
            return values;
        }
        List<Object> values = new ArrayList<>(positional);
        int last = 0;
        for (String keyword : keywords.keySet()) {
            last = Math.max(last, parameters.indexOf(keyword));
        }
        while (values.size() <= last) {
            values.add(Optional.empty());
        }
        keywords.forEach((keyword, value) -> values.set(parameters.indexOf(keyword), value));
        return values;
    }

    /** The arguments of a function that takes any number of them, and options. */
    private record Options(List<Object> positional, Map<String, Object> keywords) {}

    /** Declares a function of NumPy's that leaves an int as it is. */
    private static void whole(String name, DoubleUnaryOperator function) {
        put(
                name,
                1,
                1,
                (v, m) -> number(v.get(0)) instanceof Double x ? (Object) function.applyAsDouble(x) : toInt(v.get(0)));
    }

    private static boolean areInts(List<Object> values) {
        return values.stream().noneMatch(each -> number(each) instanceof Double);
    }

    /** NumPy's division, which by zero is 0 of ints, and NaN or infinite of floats. */
    private static Object divided(String operator, List<Object> values) {
        if (PythonNumber.truth(number(values.get(1)))) {
            return PythonNumber.apply(operator, number(values.get(0)), values.get(1));
        }
        double x = toFloat(values.get(0));
        return areInts(values)
                ? (Object) BigInteger.ZERO
                : operator.equals("%") ? Double.NaN : x / toFloat(values.get(1));
    }

    private static Object number(Object value) {
        if (!PythonValue.isNumber(value)) {
            throw new ArithmeticException("must be real number, not " + PythonValue.type(value));
        }
        return value;
    }

    private static Object whole(Object value) {
        if (value instanceof String text) {
            return parsed(() -> Python.parseInt(text));
        }
        return PythonNumber.round(number(value), RoundingMode.DOWN);
    }

    private static double real(Object value) {
        return value instanceof String text ? (double) parsed(() -> Python.parseFloat(text)) : toFloat(value);
    }

    private static Object parsed(Supplier<Object> parse) {
        try {
            return parse.get();
        } catch (NumberFormatException e) {
            String reason = String.valueOf(e.getMessage());
            throw new ArithmeticException(reason.length() < 100 ? reason : reason.substring(0, 100) + "...");
        }
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

    private static List<Object> list(Object values, Machine machine) {
        List<Object> list = new ArrayList<>();
        machine.addAll(values, list);
        return list;
    }

    /** Returns values as NumPy's array has them: all floats if there is one, or none at all. */
    private static List<Object> array(Object values, Machine machine) {
        List<Object> list = list(values, machine);
        boolean floats = list.isEmpty() || list.stream().anyMatch(Double.class::isInstance);
        list.replaceAll(each -> floats ? toFloat(each) : number(each));
        return list;
    }

    private static Object extreme(String name, String operator, List<Object> given, Machine machine) {
        boolean hasOptions = given.size() == 1 && given.get(0) instanceof Options;
        Options options = hasOptions ? (Options) given.get(0) : new Options(given, Map.of());
        List<Object> arguments = options.positional();
        List<Object> values = arguments.size() == 1 ? list(arguments.get(0), machine) : arguments;
        if (values.isEmpty()) {
            Object otherwise = options.keywords().get("default");
            if (otherwise == null) {
                throw new ArithmeticException(name + "() arg is an empty sequence");
            }
            return otherwise;
        }
        Object result = values.get(0);
        Object best = key(options.keywords(), result, machine);
        for (Object value : values.subList(1, values.size())) {
            Object key = key(options.keywords(), value, machine);
            if (PythonValue.truth(PythonValue.compare(operator, key, best))) {
                result = value;
                best = key;
            }
        }
        return result;
    }

    private static Object key(Map<String, Object> options, Object value, Machine machine) {
        Object key = options.get("key");
        return key == null || key instanceof Optional ? value : machine.apply(key, List.of(value), Map.of());
    }

    private static Object pair(String operator, List<Object> values) {
        for (Object value : values) {
            if (value instanceof Double x && x.isNaN()) {
                return value;
            }
        }
        boolean second = PythonNumber.compare(operator, number(values.get(1)), number(values.get(0)));
        Object result = values.get(second ? 1 : 0);
        boolean floats = values.get(0) instanceof Double || values.get(1) instanceof Double;
        return floats ? (Object) toFloat(result) : result;
    }

    private static Object clip(List<Object> values) {
        Object result = values.get(0);
        if (!(values.get(1) instanceof Optional)) {
            result = pair(">", List.of(result, values.get(1)));
        }
        return values.get(2) instanceof Optional ? result : pair("<", List.of(result, values.get(2)));
    }

    /** NumPy's: the line between the two points around x, the values at the ends outside. */
    private static Object interpolated(List<Object> values, Machine machine) {
        if (PythonValue.isNumber(values.get(0))) {
            return interpolated(toFloat(values.get(0)), values, machine);
        }
        List<Object> all = new ArrayList<>();
        for (Object each : list(values.get(0), machine)) {
            all.add(interpolated(toFloat(each), values, machine));
        }
        return all;
    }

    private static double interpolated(double x, List<Object> values, Machine machine) {
        List<Object> xs = list(values.get(1), machine);
        List<Object> ys = list(values.get(2), machine);
        if (xs.size() != ys.size()) {
            throw new ArithmeticException("fp and xp are not of the same length.");
        } else if (xs.isEmpty()) {
            throw new ArithmeticException("array of sample points is empty");
        } else if (Double.isNaN(x)) {
            return x;
        }
        int last = xs.size() - 1;
        if (x < toFloat(xs.get(0))) {
            return outside(values, 3, ys.get(0));
        } else if (x > toFloat(xs.get(last))) {
            return outside(values, 4, ys.get(last));
        }
        int at = Math.min(bisect(xs, x, false).intValue() - 1, last);
        double from = toFloat(xs.get(at));
        if (at == last || from == x) {
            return toFloat(ys.get(at));
        }
        double start = toFloat(ys.get(at));
        double to = toFloat(xs.get(at + 1));
        double end = toFloat(ys.get(at + 1));
        double slope = (end - start) / (to - from);
        double value = slope * (x - from) + start;
        value = Double.isNaN(value) ? slope * (x - to) + end : value; // where one is infinite
        return Double.isNaN(value) && start == end ? start : value;
    }

    private static double outside(List<Object> values, int option, Object end) {
        boolean given = values.size() > option && !(values.get(option) instanceof Optional);
        return toFloat(given ? values.get(option) : end);
    }

    private static Object sum(List<Object> values, Machine machine) {
        Object total = values.size() > 1 ? values.get(1) : BigInteger.ZERO;
        if (total instanceof String) {
            throw new ArithmeticException("sum() can't sum strings [use ''.join(seq) instead]");
        }
        return joined("+", total, values.get(0), machine);
    }

    /** Applies an operator to what is there so far and each of the values. */
    private static Object joined(String operator, Object start, Object values, Machine machine) {
        Object total = start;
        Iterator<Object> each = PythonValue.iterator(values);
        while (each.hasNext()) {
            machine.spend(1 + PythonValue.cost(total));
            total = Unknown.known(PythonValue.binary(operator, total, each.next()));
        }
        return total;
    }

    /** Adds floats and rounds once. */
    private static double exactSum(List<Object> values, Machine machine) {
        machine.spend(30L * values.size()); // a sum of the largest and the smallest has 2000 bits
        BigDecimal total = BigDecimal.ZERO;
        double special = 0; // the infinities and NaN
        for (Object value : values) {
            double each = toFloat(value);
            total = Double.isFinite(each) ? total.add(new BigDecimal(each)) : total;
            boolean opposite = Double.isInfinite(each) && special == -each;
            if (opposite) {
                throw new ArithmeticException("-inf + inf in fsum");
            }
            special += Double.isFinite(each) ? 0 : each;
        }
        double sum = total.doubleValue();
        if (special == 0 && Double.isInfinite(sum)) {
            throw new ArithmeticException("intermediate overflow in fsum");
        }
        return special == 0 ? sum : special;
    }

    private static Object product(List<Object> values, Machine machine) {
        return joined("*", values.size() > 1 ? values.get(1) : BigInteger.ONE, values.get(0), machine);
    }

    private static Object reduced(List<Object> values, Machine machine) {
        Iterator<Object> each = PythonValue.iterator(values.get(1));
        if (values.size() == 2 && !each.hasNext()) {
            throw new ArithmeticException("reduce() of empty iterable with no initial value");
        }
        Object result = values.size() == 2 ? each.next() : values.get(2);
        while (each.hasNext()) {
            machine.spend(1);
            result = machine.apply(values.get(0), List.of(result, each.next()), Map.of());
        }
        return result;
    }

    private static boolean firstTruth(Object values, boolean wanted, Machine machine) {
        Iterator<Object> each = PythonValue.iterator(values);
        while (each.hasNext()) {
            machine.spend(1);
            if (PythonValue.truth(each.next()) == wanted) {
                return true;
            }
        }
        return false;
    }

    private static Object sorted(List<Object> values, Machine machine) {
        List<Object> list = list(values.get(0), machine);
        Map<String, Object> options = new LinkedHashMap<>();
        options.put("key", values.size() > 1 ? values.get(1) : Optional.empty());
        boolean reverse = values.size() > 2 && PythonValue.truth(values.get(2));
        record Keyed(Object key, Object value) {}
        List<Keyed> keyed = new ArrayList<>();
        list.forEach(each -> keyed.add(new Keyed(key(options, each, machine), each)));
        Comparator<Keyed> order = (a, b) -> {
            machine.spend(1 + PythonValue.cost(a.key()));
            return less(a.key(), b.key()) ? -1 : less(b.key(), a.key()) ? 1 : 0;
        };
        try {
            keyed.sort(reverse ? order.reversed() : order);
        } catch (IllegalArgumentException e) { // NaN has no order
            throw new ArithmeticException("the values have no order");
        }
        List<Object> result = new ArrayList<>();
        keyed.forEach(each -> result.add(each.value()));
        return result;
    }

    private static boolean less(Object left, Object right) {
        return PythonValue.truth(PythonValue.compare("<", left, right));
    }

    private static Object range(List<Object> values) {
        List<Long> bounds = new ArrayList<>();
        for (Object value : values) {
            BigInteger whole = toInt(value);
            if (whole.bitLength() > 61) {
                throw new ArithmeticException("a range must end before 2^61");
            }
            bounds.add(whole.longValue());
        }
        return bounds.size() == 1
                ? new PythonValue.Range(0, bounds.get(0), 1)
                : new PythonValue.Range(bounds.get(0), bounds.get(1), bounds.size() == 3 ? bounds.get(2) : 1);
    }

    /** Returns what a function gives of each value, computed when it is asked for. */
    private static Iterator<Object> each(Iterator<Object> values, UnaryOperator<Object> function) {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return values.hasNext();
            }

            @Override
            public Object next() {
                return function.apply(values.next());
            }
        };
    }

    private static Object enumerated(List<Object> values, Machine machine) {
        BigInteger[] at = {values.size() > 1 ? toInt(values.get(1)) : BigInteger.ZERO};
        return each(PythonValue.iterator(values.get(0)), value -> {
            machine.spend(1);
            Object pair = Python.Tuple.of(at[0], value);
            at[0] = at[0].add(BigInteger.ONE);
            return pair;
        });
    }

    private static Object zipped(List<Object> values, Machine machine) {
        List<Iterator<Object>> all = values.stream().map(PythonValue::iterator).toList();
        return new Iterator<Object>() {
            private final List<Object> next = new ArrayList<>();

            @Override
            public boolean hasNext() {
                while (next.size() < all.size() && all.get(next.size()).hasNext()) {
                    machine.spend(1);
                    next.add(all.get(next.size()).next());
                }
                return !all.isEmpty() && next.size() == all.size();
            }

            @Override
            public Object next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                Object tuple = new Python.Tuple(next);
                next.clear();
                return tuple;
            }
        };
    }

    /** Returns how many values are less than {@code value}, or with {@code left} off at most it. */
    private static BigInteger bisect(Object values, Object value, boolean left) {
        if (!(values instanceof List || values instanceof Python.Tuple)) {
            throw new ArithmeticException("bisect needs a list, but got '" + PythonValue.type(values) + "'");
        }
        List<?> list = PythonValue.sequence(values);
        int from = 0;
        int to = list.size();
        while (from < to) {
            int middle = (from + to) >>> 1;
            boolean before = left ? less(list.get(middle), value) : !less(value, list.get(middle));
            from = before ? middle + 1 : from;
            to = before ? to : middle;
        }
        return BigInteger.valueOf(from);
    }

    private static Object absolute(Object value) {
        return value instanceof Double number
                ? (Object) Math.abs(number)
                : toInt(value).abs();
    }

    private static Object round(List<Object> values) {
        return values.size() == 1 || values.get(1) instanceof Optional
                ? PythonNumber.round(number(values.get(0)), RoundingMode.HALF_EVEN)
                : PythonNumber.round(number(values.get(0)), values.get(1));
    }

    /** NumPy's: a float stays one, and is scaled, rounded half to even, and scaled back. */
    private static Object rounded(List<Object> values) {
        if (values.size() > 1 && toInt(values.get(1)).bitLength() >= Integer.SIZE) {
            throw new ArithmeticException("Python int too large to convert to C int");
        }
        if (!(number(values.get(0)) instanceof Double x)) {
            return round(List.of(values.get(0), values.size() > 1 ? values.get(1) : BigInteger.ZERO));
        }
        int digits = values.size() > 1
                ? toInt(values.get(1))
                        .max(BigInteger.valueOf(-400))
                        .min(BigInteger.valueOf(400))
                        .intValue()
                : 0;
        double scale = Math.pow(10, Math.abs(digits));
        return digits == 0 ? Math.rint(x) : digits > 0 ? Math.rint(x * scale) / scale : Math.rint(x / scale) * scale;
    }

    private static Object logarithm(List<Object> values) {
        double result = log(values.get(0), Math::log, Math.log(2));
        if (values.size() == 1) {
            return result;
        }
        return PythonNumber.apply("/", result, log(values.get(1), Math::log, Math.log(2)));
    }

    /**
     * Returns a logarithm, also of an int that is too long for a float.
     *
     * @param ofTwo the logarithm of 2
     */
    private static double log(Object value, DoubleUnaryOperator logarithm, double ofTwo) {
        if (value instanceof BigInteger whole && whole.bitLength() > 1000) {
            if (whole.signum() < 0) {
                throw domain();
            }
            int shift = whole.bitLength() - 64;
            return logarithm.applyAsDouble(whole.shiftRight(shift).doubleValue()) + shift * ofTwo;
        }
        return logarithm.applyAsDouble(positive(toFloat(value)));
    }

    /** Exact at powers of two, as C's. */
    private static double log2(double x) {
        if (!(x >= Double.MIN_NORMAL && x < Double.POSITIVE_INFINITY)) {
            return Math.log(x) / Math.log(2);
        }
        int exponent = Math.getExponent(x) + (x < 1 ? 1 : 0);
        return exponent + Math.log(Math.scalb(x, -exponent)) / Math.log(2);
    }

    private static double asinh(double x) {
        double magnitude = Math.abs(x);
        double result = magnitude > 1e150
                ? Math.log(magnitude) + Math.log(2)
                : Math.log1p(magnitude + magnitude * magnitude / (1 + Math.sqrt(magnitude * magnitude + 1)));
        return Math.copySign(result, x);
    }

    private static double acosh(double x) {
        double less = x - 1;
        if (less < 0) {
            return Double.NaN;
        }
        return x > 1e150 ? Math.log(x) + Math.log(2) : Math.log1p(less + Math.sqrt(2 * less + less * less));
    }

    private static double atanh(double x) {
        return Math.copySign(0.5 * Math.log1p(2 * Math.abs(x) / (1 - Math.abs(x))), x);
    }

    @Override
    public String toString() {
        return name;
    }
}
