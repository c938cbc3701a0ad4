package org.anneal.text;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Prints values as Python prints them and reads numbers as Python reads them, the same on every JDK and in every locale. */
public final class Python {
    private static final int MOST_NESTED = 200;
    private static final Pattern FLOAT =
            Pattern.compile("[+-]?(?:[0-9]++(?:\\.[0-9]*+)?|\\.[0-9]++)(?:[eE][+-]?[0-9]++)?");
    private static final Pattern INT = Pattern.compile("[+-]?[0-9]{1,4300}+");

    private Python() {}

    /**
     * A Python tuple, which prints in parentheses.
     *
     * @param items the entries
     */
    public record Tuple(List<?> items) {
        public Tuple {
            items = Check.list("items", items);
        }

        /** {@return a tuple of {@code items}} */
        public static Tuple of(Object... items) {
            return new Tuple(Arrays.asList(Objects.requireNonNull(items, "items")));
        }

        @Override
        public String toString() {
            return repr(this);
        }
    }

    /**
     * A Python {@code collections.OrderedDict}, such as a model's {@code state_dict()}. It is equal to any map of the same
     * entries.
     */
    public static final class OrderedDict<K, V> extends LinkedHashMap<K, V> {
        private static final long serialVersionUID = 1;

        @SuppressWarnings("serial") // it is a LinkedHashMap
        private final Map<String, Object> attributes = new LinkedHashMap<>(0);

        /** An empty dict. */
        public OrderedDict() {}

        /** {@return what the object has besides its entries: a model's state dict has {@code _metadata}; to be changed freely} */
        public Map<String, Object> attributes() {
            return attributes;
        }

        @Override
        public OrderedDict<K, V> clone() {
            OrderedDict<K, V> copy = new OrderedDict<>();
            copy.putAll(this);
            copy.attributes.putAll(attributes);
            return copy;
        }
    }

    /** A Python {@code collections.Counter}: how often each key occurs. It is equal to any map of the same entries. */
    public static final class Counter<K> extends LinkedHashMap<K, Long> {
        private static final long serialVersionUID = 1;

        /** An empty counter. */
        public Counter() {}
    }

    /**
     * A Python {@code complex}.
     *
     * @param real the real part
     * @param imag the imaginary part
     */
    public record Complex(double real, double imag) {
        @Override
        public String toString() {
            String imaginary = Python.repr(imag).replaceFirst("\\.0$", "") + "j";
            if (real == 0 && 1 / real > 0) {
                return imaginary;
            }
            String sign = imaginary.startsWith("-") ? "" : "+";
            return "(" + Python.repr(real).replaceFirst("\\.0$", "") + sign + imaginary + ")";
        }
    }

    /** {@return the shortest text that reads back as {@code value}: {@code 0.1}, {@code 100.0}, {@code 1e-05}} */
    public static String repr(double value) {
        if (!Double.isFinite(value)) {
            return notFinite(value);
        }
        if (value == 0) {
            return sign(value) + "0.0";
        }
        BigDecimal shortest = shortest(Math.abs(value));
        String digits = shortest.unscaledValue().toString();
        int exponent = digits.length() - 1 - shortest.scale();
        String text;
        if (exponent < -4 || exponent >= 16) {
            text = power(digits, exponent);
        } else {
            text = shortest.toPlainString();
            text = text.contains(".") ? text : text + ".0";
        }
        return sign(value) + text;
    }

    /**
     * Returns {@code repr(value)} of a dict ({@link Map}, {@link OrderedDict}, {@link Counter}), list ({@link List}),
     * {@link Tuple}, {@link Set}, string, bytes ({@code byte[]}), number, {@link Complex}, boolean, or None (null or an empty
     * {@link Optional}).
     *
     * @throws IllegalArgumentException if a value is of another type, or containers are nested deeper than 200
     */
    public static String repr(Object value) {
        return repr(value, 0);
    }

    private static String repr(Object value, int depth) {
        if (depth > MOST_NESTED) { // before the stack is full: a list may even hold itself
            throw new IllegalArgumentException("value must not be nested deeper than " + MOST_NESTED);
        }
        if (value == null) {
            return "None";
        } else if (value instanceof Optional<?> optional) {
            return optional.isPresent() ? repr(optional.get(), depth) : "None";
        } else if (value instanceof Boolean truth) {
            return truth ? "True" : "False";
        } else if (value instanceof Double || value instanceof Float) {
            return repr(((Number) value).doubleValue());
        } else if (value instanceof Long
                || value instanceof Integer
                || value instanceof Short
                || value instanceof Byte
                || value instanceof BigInteger) {
            return value.toString();
        } else if (value instanceof Complex number) {
            return number.toString();
        } else if (value instanceof Tuple tuple) {
            return join(tuple.items(), "(", tuple.items().size() == 1 ? ",)" : ")", depth);
        } else if (value instanceof String text) {
            return quote(text);
        } else if (value instanceof byte[] bytes) {
            return bytes(bytes);
        } else if (value instanceof PythonValue.Range range) {
            return range.toString();
        } else if (value instanceof List<?> list) {
            return join(list, "[", "]", depth);
        } else if (value instanceof Set<?> set) {
            return set.isEmpty() ? "set()" : join(set, "{", "}", depth);
        } else if (value instanceof OrderedDict<?, ?> dict) {
            return dict.isEmpty()
                    ? "OrderedDict()"
                    : "OrderedDict([" // as until Python 3.11
                            + entries(dict, "(", ", ", ")", depth) + "])";
        } else if (value instanceof Counter<?> counter) {
            return counter.isEmpty() ? "Counter()" : "Counter({" + mostCommon(counter, depth) + "})";
        } else if (value instanceof Map<?, ?> map) {
            return "{" + entries(map, "", ": ", "", depth) + "}";
        }
        throw new IllegalArgumentException(
                "value must be a map, list, tuple, set, string, bytes, number or boolean, but was a "
                        + value.getClass().getName());
    }

    /** {@return what Python's {@code '%.4f' % value} prints for 4 {@code digits}: the exact binary value, half to even} */
    public static String fixed(double value, int digits) {
        if (!Double.isFinite(value)) {
            return notFinite(value);
        }
        BigDecimal rounded = new BigDecimal(Math.abs(value)).setScale(checkDigits(digits), RoundingMode.HALF_EVEN);
        return sign(value) + rounded.toPlainString();
    }

    /** {@return what Python's {@code '%.2e' % value} prints for 2 {@code digits}: the exact binary value, half to even} */
    public static String scientific(double value, int digits) {
        if (!Double.isFinite(value)) {
            return notFinite(value);
        }
        BigDecimal rounded =
                new BigDecimal(Math.abs(value)).round(new MathContext(checkDigits(digits) + 1, RoundingMode.HALF_EVEN));
        String mantissa = rounded.unscaledValue().toString();
        int exponent = value == 0 ? 0 : mantissa.length() - 1 - rounded.scale();
        mantissa += "0".repeat(Math.max(0, digits + 1 - mantissa.length()));
        return sign(value) + power(mantissa, exponent);
    }

    /** {@return {@code value} for a message: by {@link #repr}, or if Python's text has no such type, by its own} */
    public static String shown(Object value) {
        try {
            return repr(value);
        } catch (IllegalArgumentException e) {
            return String.valueOf(value);
        }
    }

    /** {@return the word that PyTorch has for a constant: {@code exp_range}} */
    public static String lower(Enum<?> constant) {
        return Objects.requireNonNull(constant, "constant").name().toLowerCase(Locale.ROOT);
    }

    /**
     * {@return what Python's {@code float(text)} is: {@code 1e-3}, {@code .5}, {@code 1_000}, {@code inf}} Digits are ASCII.
     *
     * @throws NumberFormatException where Python raises a ValueError, at Java's own {@code 0x1p3} and {@code 0.1f} too
     */
    public static double parseFloat(String text) {
        String number = withoutUnderscores(Objects.requireNonNull(text, "text").strip());
        if (FLOAT.matcher(number).matches()) {
            return Double.parseDouble(number);
        }
        boolean negative = number.startsWith("-");
        return switch (number.substring(negative || number.startsWith("+") ? 1 : 0)
                .toLowerCase(Locale.ROOT)) {
            case "nan" -> Double.NaN;
            case "inf", "infinity" -> negative ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
            default -> throw new NumberFormatException("could not convert string to float: " + quote(text));
        };
    }

    /**
     * {@return what Python's {@code int(text)} is: {@code 12}, {@code -1_000}} Digits are ASCII, at most 4300.
     *
     * @throws NumberFormatException where Python raises a ValueError
     */
    public static BigInteger parseInt(String text) {
        String number = withoutUnderscores(Objects.requireNonNull(text, "text").strip());
        if (!INT.matcher(number).matches()) {
            throw new NumberFormatException("invalid literal for int() with base 10: " + quote(text));
        }
        return new BigInteger(number);
    }

    /** Takes out the underscores that stand between digits; another stays, and no number has one. */
    private static String withoutUnderscores(String text) {
        StringBuilder digits = new StringBuilder();
        for (int at = 0; at < text.length(); at++) {
            boolean separates = text.charAt(at) == '_' && isDigit(text, at - 1) && isDigit(text, at + 1);
            if (!separates) {
                digits.append(text.charAt(at));
            }
        }
        return digits.toString();
    }

    private static boolean isDigit(String text, int at) {
        return at >= 0 && at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9';
    }

    private static int checkDigits(int digits) {
        if (digits < 0) {
            throw new IllegalArgumentException("digits must be at least 0, but was " + digits);
        }
        return digits;
    }

    private static String notFinite(double value) {
        return Double.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
    }

    private static String sign(double value) {
        return Math.copySign(1, value) < 0 ? "-" : "";
    }

    private static String power(String digits, int exponent) {
        String magnitude = Integer.toString(Math.abs(exponent));
        return digits.charAt(0)
                + (digits.length() > 1 ? "." + digits.substring(1) : "")
                + (exponent < 0 ? "e-" : "e+")
                + (magnitude.length() < 2 ? "0" + magnitude : magnitude);
    }

    /** Returns the decimal of fewest digits that reads back as {@code value} > 0; of several, the nearest. */
    private static BigDecimal shortest(double value) {
        BigDecimal java = new BigDecimal(Double.toString(value)).stripTrailingZeros();
        boolean normal = value >= Double.MIN_NORMAL;
        if (normal && java.precision() <= 15) {
            return java; // no two decimals of up to 15 digits are the same double
        }
        // Before JDK 19, Double.toString may give a digit too many, or not the nearest.
        BigDecimal exact = new BigDecimal(value);
        for (int precision = normal ? 15 : 1; precision < 17; precision++) {
            BigDecimal rounded = exact.round(new MathContext(precision, RoundingMode.HALF_EVEN));
            if (rounded.doubleValue() == value) {
                return rounded.stripTrailingZeros();
            }
            // Above a power of two the doubles are sparser: the decimal above may read back where the nearest does not.
            BigDecimal above = exact.round(new MathContext(precision, RoundingMode.CEILING));
            if (above.doubleValue() == value) {
                return above.stripTrailingZeros();
            }
        }
        return exact.round(new MathContext(17, RoundingMode.HALF_EVEN)).stripTrailingZeros();
    }

    private static String join(Collection<?> items, String open, String close, int depth) {
        return items.stream().map(item -> repr(item, depth + 1)).collect(Collectors.joining(", ", open, close));
    }

    private static String entries(Map<?, ?> map, String open, String between, String close, int depth) {
        return map.entrySet().stream()
                .map(entry ->
                        open + repr(entry.getKey(), depth + 1) + between + repr(entry.getValue(), depth + 1) + close)
                .collect(Collectors.joining(", "));
    }

    /** Python prints a counter's highest counts first. */
    private static <K> String mostCommon(Counter<K> counter, int depth) {
        return counter.entrySet().stream()
                .sorted(Map.Entry.<K, Long>comparingByValue().reversed())
                .map(entry -> repr(entry.getKey(), depth + 1) + ": " + entry.getValue())
                .collect(Collectors.joining(", "));
    }

    private static String bytes(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        boolean single = false;
        boolean twofold = false;
        for (byte b : bytes) {
            single |= b == '\'';
            twofold |= b == '"';
        }
        char quote = single && !twofold ? '"' : '\'';
        text.append('b').append(quote);
        for (byte b : bytes) {
            switch (b) {
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                case '\\' -> text.append("\\\\");
                default -> {
                    if (b == quote) {
                        text.append('\\').append(quote);
                    } else if (b >= ' ' && b < 0x7f) {
                        text.append((char) b);
                    } else {
                        text.append("\\x").append(HexFormat.of().toHexDigits(b));
                    }
                }
            }
        }
        return text.append(quote).toString();
    }

    private static String quote(String text) {
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        StringBuilder quoted = new StringBuilder().append(quote);
        text.codePoints().forEach(c -> {
            switch (c) {
                case '\n' -> quoted.append("\\n");
                case '\r' -> quoted.append("\\r");
                case '\t' -> quoted.append("\\t");
                case '\\' -> quoted.append("\\\\");
                default -> quoted.append(escape(c, quote));
            }
        });
        return quoted.append(quote).toString();
    }

    private static String escape(int c, char quote) {
        if (c == quote) {
            return "\\" + quote;
        }
        boolean printable = switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            case Character.SPACE_SEPARATOR -> c == ' ';
            default -> true;
        };
        if (printable) {
            return Character.toString(c);
        }
        String hex = Integer.toHexString(c);
        int width = c < 0x100 ? 2 : c < 0x10000 ? 4 : 8;
        return (width == 2 ? "\\x" : width == 4 ? "\\u" : "\\U") + "0".repeat(width - hex.length()) + hex;
    }
}
