package org.anneal.text;

import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.RandomAccess;
import java.util.Set;

/**
 * What Python's operators make of its values: numbers as {@link PythonNumber} has them, {@link String}, {@link List},
 * {@link Python.Tuple}, {@link Set}, {@link Map}, functions, an empty {@link Optional} for None, and {@link Unknown}. What
 * Python raises is an {@link ArithmeticException} with Python's reason.
 */
final class PythonValue {
    static final int LONGEST = 100_000;
    private static final long MOST_PARTS = 1_000_000;
    private static final int DEEPEST = 100;

    private static final Map<Class<?>, String> TYPES = new LinkedHashMap<>();

    static {
        TYPES.put(Double.class, "float");
        TYPES.put(Boolean.class, "bool");
        TYPES.put(BigInteger.class, "int");
        TYPES.put(String.class, "str");
        TYPES.put(Range.class, "range");
        TYPES.put(List.class, "list");
        TYPES.put(Python.Tuple.class, "tuple");
        TYPES.put(Map.class, "dict");
        TYPES.put(Set.class, "set");
        TYPES.put(Optional.class, "NoneType");
        TYPES.put(Iterator.class, "generator");
    }

    private PythonValue() {}

    /** The {@code range(start, stop, step)} of Python, which holds no numbers. */
    static final class Range extends AbstractList<Object> implements RandomAccess {
        private final long start;
        private final long step;
        private final int size;

        Range(long start, long stop, long step) {
            if (step == 0) {
                throw new ArithmeticException("range() arg 3 must not be zero");
            }
            this.start = start;
            this.step = step;
            long distance = step > 0 ? Math.subtractExact(stop, start) : Math.subtractExact(start, stop);
            long count = distance <= 0 ? 0 : (distance - 1) / Math.abs(step) + 1;
            if (count > Integer.MAX_VALUE) {
                throw new ArithmeticException("a range is longer than " + Integer.MAX_VALUE);
            }
            this.size = (int) count;
        }

        @Override
        public String toString() {
            return "range(" + start + ", " + (start + size * step) + (step == 1 ? "" : ", " + step) + ")";
        }

        boolean isEqual(Range other) {
            return size == other.size && (size == 0 || (start == other.start && (size == 1 || step == other.step)));
        }

        /** Returns the arguments that make this range. */
        List<Long> bounds() {
            return List.of(start, start + size * step, step);
        }

        @Override
        public Object get(int index) {
            return BigInteger.valueOf(start + index * step);
        }

        @Override
        public int size() {
            return size;
        }

        @Override
        public boolean contains(Object value) {
            boolean number = isNumber(value);
            if (!number || !(PythonValue.key(value) instanceof BigInteger whole) || whole.bitLength() > 62) {
                return false;
            }
            long from = whole.longValue() - start;
            return from % step == 0 && from / step >= 0 && from / step < size;
        }
    }

    /** Returns what Python calls the type of a value. */
    static String type(Object value) {
        return TYPES.entrySet().stream()
                .filter(each -> each.getKey().isInstance(value))
                .findFirst()
                .map(Map.Entry::getValue)
                .orElse("function");
    }

    static boolean isNumber(Object value) {
        return value instanceof BigInteger || value instanceof Double || value instanceof Boolean;
    }

    /**
     * Returns how many values an operation on {@code value} looks at, also those in others; of a long int, its words.
     *
     * @throws Machine.BudgetException if they are too many, or nested too deep
     */
    static long cost(Object value) {
        if (value instanceof BigInteger whole) {
            return whole.bitLength() / Long.SIZE;
        }
        return isNumber(value) ? 0 : parts(value, 0);
    }

    private static long parts(Object value, int depth) {
        if (depth > DEEPEST) {
            throw new Machine.BudgetException("a list is nested deeper than " + DEEPEST);
        } else if (value instanceof String text) {
            return text.length() / 8;
        } else if (value instanceof Map<?, ?> map) {
            return parts(map.keySet(), depth) + parts(map.values(), depth);
        } else if (value instanceof Python.Tuple tuple) {
            return parts(tuple.items(), depth);
        } else if (!(value instanceof Collection<?> values) || value instanceof Range) {
            return 0;
        } else {
            long count = values.size();
            for (Object each : values) {
                count += isNumber(each) ? 0 : parts(each, depth + 1);
                if (count > MOST_PARTS) {
                    throw new Machine.BudgetException("a list has more than " + MOST_PARTS + " parts");
                }
            }
            return count;
        }
    }

    static boolean truth(Object value) {
        if (isNumber(value)) {
            return PythonNumber.truth(value);
        }
        Object known = Unknown.known(value);
        return !(known instanceof Optional
                || known.equals("")
                || (known instanceof Map<?, ?> map && map.isEmpty())
                || (known instanceof Set<?> set && set.isEmpty())
                || ((known instanceof List || known instanceof Python.Tuple)
                        && sequence(known).isEmpty()));
    }

    static Object unary(String operator, Object value) {
        Optional<Unknown> unknown = Unknown.in(value);
        if (unknown.isPresent()) {
            return unknown.get();
        }
        if (operator.equals("not")) {
            return !truth(value);
        }
        if (!isNumber(value)) {
            throw new ArithmeticException("bad operand type for unary " + operator + ": '" + type(value) + "'");
        }
        return switch (operator) {
            case "-" -> PythonNumber.negate(value);
            case "+" -> PythonNumber.plus(value);
            default -> PythonNumber.toInt(value).not();
        };
    }

    static Object binary(String operator, Object left, Object right) {
        if (isNumber(left) && isNumber(right)) {
            return PythonNumber.apply(operator, left, right);
        }
        Optional<Unknown> unknown = Unknown.inAny(List.of(left, right));
        if (unknown.isPresent()) {
            return unknown.get();
        }
        boolean alike = type(left).equals(type(right));
        if (operator.equals("+") && alike && left instanceof String text) {
            return bounded(text + right);
        } else if (operator.equals("+") && alike && isList(left)) {
            List<Object> joined = new ArrayList<>(sequence(left));
            joined.addAll(sequence(right));
            return bounded(left, joined);
        } else if (operator.equals("*") && (left instanceof String || isList(left)) && isWhole(right)) {
            return repeated(left, PythonNumber.toInt(right));
        } else if (operator.equals("*") && (right instanceof String || isList(right)) && isWhole(left)) {
            return repeated(right, PythonNumber.toInt(left));
        }
        throw new ArithmeticException(
                "unsupported operand type(s) for " + operator + ": '" + type(left) + "' and '" + type(right) + "'");
    }

    private static boolean isWhole(Object value) {
        return value instanceof BigInteger || value instanceof Boolean;
    }

    /** Returns whether a value is a list or a tuple, which a range is not. */
    static boolean isList(Object value) {
        return value instanceof Python.Tuple || (value instanceof List && !(value instanceof Range));
    }

    private static Object repeated(Object value, BigInteger times) {
        int length =
                value instanceof String text ? text.length() : sequence(value).size();
        int count =
                times.max(BigInteger.ZERO).min(BigInteger.valueOf(LONGEST + 1L)).intValue();
        if ((long) length * count > LONGEST) {
            throw tooLong();
        }
        if (value instanceof String text) {
            return text.repeat(count);
        }
        List<Object> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.addAll(sequence(value));
        }
        return bounded(value, all);
    }

    private static String bounded(String text) {
        if (text.length() > LONGEST) {
            throw tooLong();
        }
        return text;
    }

    private static Object bounded(Object like, List<Object> values) {
        if (values.size() > LONGEST) {
            throw tooLong();
        }
        return like instanceof Python.Tuple ? new Python.Tuple(values) : values;
    }

    private static ArithmeticException tooLong() {
        return new ArithmeticException("a list or a string is longer than " + LONGEST);
    }

    /** Returns whether a comparison holds, or what is unknown of it. */
    static Object compare(String operator, Object left, Object right) {
        if (isNumber(left) && isNumber(right) && !operator.startsWith("i") && !operator.startsWith("n")) {
            return PythonNumber.compare(operator, left, right);
        }
        Optional<Unknown> unknown = Unknown.inAny(List.of(left, right));
        if (unknown.isPresent()) {
            return unknown.get();
        }
        return switch (operator) {
            case "in" -> contains(right, left);
            case "not in" -> !contains(right, left);
            case "is" -> same(left, right);
            case "is not" -> !same(left, right);
            case "==" -> equal(left, right);
            case "!=" -> !equal(left, right);
            default -> ordered(operator, left, right);
        };
    }

    private static boolean same(Object left, Object right) {
        boolean single = left instanceof Optional
                || right instanceof Optional
                || (left instanceof Boolean && right instanceof Boolean);
        if (!single) {
            throw new ArithmeticException("'is' compares only with None, True and False here: write ==");
        }
        return left.equals(right);
    }

    static boolean equal(Object left, Object right) {
        if (isNumber(left) && isNumber(right)) {
            return PythonNumber.compare("==", left, right);
        }
        if (left instanceof Range one && right instanceof Range other) {
            return one.isEqual(other);
        }
        if (isList(left) && type(left).equals(type(right))) {
            List<?> first = sequence(left);
            List<?> second = sequence(right);
            boolean all = first.size() == second.size();
            for (int i = 0; all && i < first.size(); i++) {
                all = equal(first.get(i), second.get(i));
            }
            return all;
        }
        if (left instanceof Map<?, ?> first && right instanceof Map<?, ?> second) {
            return first.size() == second.size()
                    && first.entrySet().stream()
                            .allMatch(each -> second.containsKey(each.getKey())
                                    && equal(each.getValue(), second.get(each.getKey())));
        }
        return left.equals(right);
    }

    private static boolean ordered(String operator, Object left, Object right) {
        if (left instanceof String first && right instanceof String second) {
            return PythonNumber.compare(operator, BigInteger.valueOf(order(first, second)), BigInteger.ZERO);
        }
        if (isList(left) && type(left).equals(type(right))) {
            List<?> first = sequence(left);
            List<?> second = sequence(right);
            for (int i = 0; i < Math.min(first.size(), second.size()); i++) {
                if (!equal(first.get(i), second.get(i))) {
                    return truth(compare(operator, first.get(i), second.get(i)));
                }
            }
            return PythonNumber.compare(operator, BigInteger.valueOf(first.size()), BigInteger.valueOf(second.size()));
        }
        throw new ArithmeticException(
                "'" + operator + "' not supported between instances of '" + type(left) + "' and '" + type(right) + "'");
    }

    /** Compares by code points, as Python does. */
    private static int order(String first, String second) {
        return Arrays.compare(first.codePoints().toArray(), second.codePoints().toArray());
    }

    private static boolean contains(Object values, Object value) {
        if (values instanceof String text) {
            if (value instanceof String part) {
                return text.contains(part);
            }
            throw new ArithmeticException("'in <string>' requires string as left operand, not " + type(value));
        } else if (values instanceof Range range) {
            return range.contains(value);
        } else if (values instanceof Set<?> set) {
            return set.contains(key(value));
        } else if (values instanceof Map<?, ?> map) {
            return map.containsKey(key(value));
        }
        Iterator<?> each = iterator(values);
        while (each.hasNext()) {
            if (equal(each.next(), value)) {
                return true;
            }
        }
        return false;
    }

    /** Returns a value as the key that it is in a dict or a set, where 1, 1.0 and True are one. */
    static Object key(Object value) {
        Object known = Unknown.known(value);
        if (known instanceof List || known instanceof Map || known instanceof Set) {
            throw new ArithmeticException("unhashable type: '" + type(known) + "'");
        } else if (known instanceof Boolean) {
            return PythonNumber.toInt(known);
        } else if (known instanceof Double number && number == Math.rint(number) && !number.isInfinite()) {
            return PythonNumber.round(number, RoundingMode.DOWN);
        } else if (known instanceof Python.Tuple tuple) {
            List<Object> keys = new ArrayList<>();
            tuple.items().forEach(each -> keys.add(key(each)));
            return new Python.Tuple(keys);
        }
        return known;
    }

    static Object set(List<Object> values) {
        Set<Object> set = new LinkedHashSet<>();
        values.forEach(each -> set.add(key(each)));
        return set;
    }

    /** Returns the items of a list, a tuple or a range. */
    static List<?> sequence(Object value) {
        return value instanceof Python.Tuple tuple ? tuple.items() : (List<?>) value;
    }

    /** Returns what a {@code for} goes over. */
    @SuppressWarnings("unchecked") // every value is an object
    static Iterator<Object> iterator(Object value) {
        Object known = Unknown.known(value);
        if (known instanceof Iterator<?> once) {
            return (Iterator<Object>) once;
        } else if (known instanceof List || known instanceof Python.Tuple) {
            return (Iterator<Object>) sequence(known).iterator();
        } else if (known instanceof Set<?> set) {
            return (Iterator<Object>) set.iterator();
        } else if (known instanceof Map<?, ?> map) {
            return (Iterator<Object>) map.keySet().iterator();
        } else if (known instanceof String text) {
            return text.codePoints().<Object>mapToObj(Character::toString).iterator();
        }
        throw new ArithmeticException("'" + type(known) + "' object is not iterable");
    }

    static Object length(Object value) {
        Object known = Unknown.known(value);
        if (known instanceof String text) {
            return BigInteger.valueOf(text.codePointCount(0, text.length()));
        } else if (known instanceof Map<?, ?> map) {
            return BigInteger.valueOf(map.size());
        } else if (known instanceof Set<?> set) {
            return BigInteger.valueOf(set.size());
        } else if (known instanceof List || known instanceof Python.Tuple) {
            return BigInteger.valueOf(sequence(known).size());
        }
        throw new ArithmeticException("object of type '" + type(known) + "' has no len()");
    }

    static Object item(Object array, Object index) {
        if (array instanceof Map<?, ?> map) {
            Object value = map.get(key(index));
            if (value == null) {
                throw new ArithmeticException("KeyError: " + PythonText.shortened(Python.shown(index)));
            }
            return value;
        }
        if (!(array instanceof String || array instanceof List || array instanceof Python.Tuple)) {
            throw new ArithmeticException("'" + type(array) + "' object is not subscriptable");
        }
        if (!isWhole(Unknown.known(index))) {
            throw new ArithmeticException(type(array) + " indices must be integers or slices, not " + type(index));
        }
        BigInteger size = (BigInteger) length(array);
        BigInteger at = PythonNumber.toInt(index);
        at = at.signum() < 0 ? at.add(size) : at;
        if (at.signum() < 0 || at.compareTo(size) >= 0) {
            throw new ArithmeticException((array instanceof String ? "string" : type(array)) + " index out of range");
        }
        return array instanceof String text
                ? Character.toString(text.codePointAt(text.offsetByCodePoints(0, at.intValue())))
                : sequence(array).get(at.intValue());
    }

    static Object slice(Object array, List<Object> bounds) {
        if (!(array instanceof String || array instanceof List || array instanceof Python.Tuple)) {
            throw new ArithmeticException("'" + type(array) + "' object is not subscriptable");
        }
        int size = ((BigInteger) length(array)).intValue();
        long step = bounds.get(2) instanceof Optional ? 1 : bound(bounds.get(2), 0);
        if (step == 0) {
            throw new ArithmeticException("slice step cannot be zero");
        }
        long least = step > 0 ? 0 : -1;
        long most = step > 0 ? size : size - 1L;
        long from = bounds.get(0) instanceof Optional ? (step > 0 ? 0 : size - 1L) : bound(bounds.get(0), size);
        long to = bounds.get(1) instanceof Optional ? (step > 0 ? size : -1) : bound(bounds.get(1), size);
        from = Math.max(least, Math.min(most, from));
        to = Math.max(least, Math.min(most, to));
        List<Object> part = new ArrayList<>();
        for (long i = from; step > 0 ? i < to : i > to; i += step) {
            if (part.size() == LONGEST) {
                throw tooLong();
            }
            part.add(item(array, BigInteger.valueOf(i)));
        }
        if (array instanceof String) {
            StringBuilder text = new StringBuilder();
            part.forEach(text::append);
            return text.toString();
        }
        return bounded(array, part);
    }

    private static long bound(Object value, int size) {
        if (!isWhole(Unknown.known(value))) {
            throw new ArithmeticException("slice indices must be integers or None");
        }
        long whole = PythonNumber.toInt(value)
                .max(BigInteger.valueOf(-4L * LONGEST))
                .min(BigInteger.valueOf(Integer.MAX_VALUE))
                .longValue();
        return whole < 0 && size > 0 ? Math.max(whole + size, -1) : whole;
    }
}
