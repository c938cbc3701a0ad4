package org.anneal.schedule;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Prints values as Python prints them, the same on every JDK and in every locale. */
public final class Python {

    private Python() {}

    /**
     * A Python tuple, which prints in parentheses.
     *
     * @param items the entries
     */
    public record Tuple(List<?> items) {
        public Tuple {
            items = List.copyOf(items);
        }

        /** {@return a tuple of {@code items}} */
        public static Tuple of(Object... items) {
            return new Tuple(List.of(items));
        }

        @Override
        public String toString() {
            return join(items, "(", items.size() == 1 ? ",)" : ")");
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
     * Returns {@code repr(value)} of a dict ({@link Map}), list ({@link List}), {@link Tuple}, string, number, boolean,
     * or None (null or an empty {@link Optional}).
     *
     * @throws IllegalArgumentException if a value is of another type
     */
    public static String repr(Object value) {
        if (value == null) {
            return "None";
        } else if (value instanceof Optional<?> optional) {
            return optional.isPresent() ? repr(optional.get()) : "None";
        } else if (value instanceof Boolean truth) {
            return truth ? "True" : "False";
        } else if (value instanceof Double || value instanceof Float) {
            return repr(((Number) value).doubleValue());
        } else if (value instanceof Long
                || value instanceof Integer
                || value instanceof Short
                || value instanceof Byte
                || value instanceof BigInteger
                || value instanceof Tuple) {
            return value.toString();
        } else if (value instanceof String text) {
            return quote(text);
        } else if (value instanceof List<?> list) {
            return join(list, "[", "]");
        } else if (value instanceof Map<?, ?> map) {
            return map.entrySet().stream()
                    .map(entry -> repr(entry.getKey()) + ": " + repr(entry.getValue()))
                    .collect(Collectors.joining(", ", "{", "}"));
        }
        throw new IllegalArgumentException("value must be a map, list, tuple, string, number or boolean, but was a "
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

    private static String join(List<?> items, String open, String close) {
        return items.stream().map(Python::repr).collect(Collectors.joining(", ", open, close));
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
