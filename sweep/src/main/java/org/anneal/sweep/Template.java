package org.anneal.sweep;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.anneal.text.Python;

/**
 * A text with choices and ranges, such as {@code StepLR(step_size={5,10}, gamma={0.1..0.5})}.
 *
 * @param parts what it is made of, in order
 */
record Template(List<Part> parts) {

    /** A piece of a template. */
    sealed interface Part permits Text, Choice, Interval {}

    /** What stays. */
    record Text(String text) implements Part {}

    /**
     * What varies: where it stands tells its name.
     *
     * @param names the shortest name first, then with what is around it
     */
    record Place(List<String> names) {}

    /** One of several texts, which may vary in turn. */
    record Choice(Place place, List<Template> options) implements Part {}

    /**
     * A number between two others.
     *
     * @param whole whether it is an integer
     */
    record Interval(Place place, double low, double high, boolean log, boolean whole) implements Part {

        /** {@return the number at {@code unit}, in [0, 1), of the interval} Four digits are kept of a fraction: enough to tell trials apart. */
        String at(double unit) {
            if (whole) {
                double value = log
                        ? Math.rint(Math.exp(between(Math.log(low - 0.5), Math.log(high + 0.5), unit)))
                        : Math.floor(between(low, high + 1, unit));
                return Long.toString((long) Math.min(high, Math.max(low, value)));
            }
            return rounded(Math.min(high, Math.max(low, between(unit))));
        }

        private double between(double unit) {
            return log ? Math.exp(between(Math.log(low), Math.log(high), unit)) : between(low, high, unit);
        }

        /** {@return how many numbers it has, if it has not a continuum of them} */
        Optional<Double> size() {
            return whole ? Optional.of(high - low + 1) : Optional.empty();
        }

        private static double between(double low, double high, double unit) {
            return low + (high - low) * unit;
        }

        private static String rounded(double value) {
            return Python.repr(Python.parseFloat(Python.scientific(value, 3)));
        }

        /** {@return {@code count} numbers of it, evenly spaced} */
        private List<String> spaced(int count) {
            List<String> values = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                double value = between((double) i / (count - 1));
                values.add(
                        i == 0
                                ? number(low)
                                : i == count - 1 ? number(high) : whole ? number(Math.rint(value)) : rounded(value));
            }
            return values.stream().distinct().toList();
        }

        private String number(double value) {
            return whole ? Long.toString((long) value) : Python.repr(value);
        }
    }

    private static final Pattern RANGE =
            Pattern.compile("(log\\s+)?(\\S+?)\\s*\\.\\.\\s*(\\S+?)(?:\\s+num\\s*=\\s*(\\S+))?");
    private static final Pattern WHOLE = Pattern.compile("[+-]?[0-9_]+");
    private static final Pattern WORD_BEFORE = Pattern.compile("([A-Za-z_][\\w.]*)\\s*$");
    private static final Pattern CALL = Pattern.compile("([A-Za-z_][\\w.]*)\\s*\\(");

    /**
     * Reads a template.
     *
     * @param setting whose value it is
     * @throws IllegalArgumentException if a brace is not closed, a choice is empty, or a range is none
     */
    static Template parse(String setting, String text) {
        return new Reader(setting, text).template(text, List.of(setting));
    }

    /** {@return the name of the call that the template is, if it is one} */
    Optional<String> call() {
        if (parts.isEmpty() || !(parts.get(0) instanceof Text first)) {
            return Optional.empty();
        }
        Matcher call = CALL.matcher(first.text().strip());
        return call.lookingAt() ? Optional.of(call.group(1).replaceFirst("^.*\\.", "")) : Optional.empty();
    }

    /** {@return its text, if nothing in it varies} */
    Optional<String> constant() {
        return parts.stream().allMatch(Text.class::isInstance)
                ? Optional.of(String.join(
                        "", parts.stream().map(part -> ((Text) part).text()).toList()))
                : Optional.empty();
    }

    /** {@return its text with a star for what varies} */
    String outline() {
        return parts.stream()
                .map(part -> part instanceof Text text ? text.text() : "*")
                .collect(Collectors.joining());
    }

    /** Reads the value of one setting. */
    private record Reader(String setting, String whole) {

        Template template(String text, List<String> names) {
            List<Part> parts = new ArrayList<>();
            StringBuilder literal = new StringBuilder();
            StringBuilder before = new StringBuilder(); // as literal, over all parts
            for (int i = 0; i < text.length(); i++) {
                char c = text.charAt(i);
                boolean doubled = i + 1 < text.length() && text.charAt(i + 1) == c;
                if ((c == '{' || c == '}') && doubled) {
                    literal.append(c);
                    before.append(' ');
                    i++;
                } else if (c == '}') {
                    throw wrong("must open every { that } closes");
                } else if (c == '{') {
                    int end = closing(text, i);
                    Part part = varying(text.substring(i + 1, end), names(before, names));
                    if (part instanceof Text constant) {
                        literal.append(constant.text());
                    } else {
                        if (!literal.isEmpty()) {
                            parts.add(new Text(literal.toString()));
                            literal.setLength(0);
                        }
                        parts.add(part);
                    }
                    before.append('0');
                    i = end;
                } else {
                    literal.append(c);
                    before.append(c);
                }
            }
            if (!literal.isEmpty() || parts.isEmpty()) {
                parts.add(new Text(literal.toString()));
            }
            return new Template(List.copyOf(parts));
        }

        /** {@return where the brace at {@code open} is closed; doubled ones are plain where both are} */
        private int closing(String text, int open) {
            int depth = 0;
            int plain = 0;
            for (int i = open; i < text.length(); i++) {
                char c = text.charAt(i);
                boolean doubled = i > open && i + 1 < text.length() && text.charAt(i + 1) == c;
                if (doubled && (c == '{' || (c == '}' && plain > 0))) {
                    plain += c == '{' ? 1 : -1;
                    i++;
                } else {
                    depth += c == '{' ? 1 : c == '}' ? -1 : 0;
                    if (depth == 0) {
                        return i;
                    }
                }
            }
            throw wrong("must close every {");
        }

        private Part varying(String inside, List<String> names) {
            List<String> values = split(inside);
            if (values.stream().anyMatch(String::isEmpty)) {
                throw wrong("must have a value at each place of {" + inside + "}");
            }
            Matcher range = RANGE.matcher(values.get(0));
            if (values.size() == 1 && range.matches()) {
                return range(inside, range, new Place(names));
            }
            if (values.size() == 1 && values.get(0).contains("..")) {
                throw wrong("must have a range of two numbers, such as {1e-3..1}, in {" + inside + "}");
            }
            List<Template> options =
                    values.stream().map(value -> template(value, names)).toList();
            if (options.size() == 1 && options.get(0).constant().isPresent()) {
                return new Text(options.get(0).constant().get());
            }
            return new Choice(new Place(names), options);
        }

        private Part range(String inside, Matcher range, Place place) {
            boolean log = Optional.ofNullable(range.group(1)).isPresent();
            double low = number(inside, range.group(2));
            double high = number(inside, range.group(3));
            if (!(low < high)) {
                throw wrong("must have a range that ascends, such as {1e-3..1}");
            }
            if (log && !(low > 0)) {
                throw wrong("must have a log range above 0");
            }
            boolean integers = WHOLE.matcher(range.group(2)).matches()
                    && WHOLE.matcher(range.group(3)).matches();
            Interval interval = new Interval(place, low, high, log, integers);
            if (Optional.ofNullable(range.group(4)).isEmpty()) {
                return interval;
            }
            double count = number(inside, range.group(4));
            if (!(count >= 2 && count <= 1e6 && count == Math.rint(count))) {
                throw wrong("must have num from 2 to 1,000,000 in {" + inside + "}");
            }
            return new Choice(
                    place,
                    interval.spaced((int) count).stream()
                            .map(value -> new Template(List.of(new Text(value))))
                            .toList());
        }

        private double number(String inside, String text) {
            try {
                double value = Python.parseFloat(text);
                if (Double.isFinite(value)) {
                    return value;
                }
            } catch (NumberFormatException e) {
                // said below
            }
            throw wrong("must have finite numbers in {" + inside + "}");
        }

        /** {@return what the commas between a choice's values part} */
        private static List<String> split(String inside) {
            List<String> values = new ArrayList<>();
            int depth = 0;
            int from = 0;
            char quote = 0;
            for (int i = 0; i <= inside.length(); i++) {
                char c = i < inside.length() ? inside.charAt(i) : ',';
                if (quote != 0) {
                    quote = c == quote ? 0 : quote;
                } else if (c == '\'' || c == '"') {
                    quote = c;
                }
                depth += quote != 0 ? 0 : "([{".indexOf(c) >= 0 ? 1 : ")]}".indexOf(c) >= 0 ? -1 : 0;
                if (i == inside.length() || (c == ',' && depth == 0 && quote == 0)) {
                    values.add(inside.substring(from, i).strip());
                    from = i + 1;
                }
            }
            return values;
        }

        /**
         * {@return names for what stands behind {@code before}: its keyword or its place in a list; with the call that it is in; with
         * what the call is the value of}
         */
        private static List<String> names(CharSequence before, List<String> outer) {
            Deque<Frame> frames = new ArrayDeque<>();
            frames.push(new Frame("", false));
            for (int i = 0; i < before.length(); i++) {
                char c = before.charAt(i);
                Frame frame = frames.element();
                if (c == '(' || c == '[') {
                    Matcher word = WORD_BEFORE.matcher(before.subSequence(0, i));
                    boolean call = c == '(' && word.find();
                    frames.push(new Frame(call ? word.group(1).replaceFirst("^.*\\.", "") : frame.keyword, call));
                } else if ((c == ')' || c == ']') && frames.size() > 1) {
                    frames.pop();
                } else if (c == ',') {
                    frame.place++;
                    frame.keyword = "";
                } else if (c == '=') {
                    Matcher word = WORD_BEFORE.matcher(before.subSequence(0, i));
                    frame.keyword = word.find() ? word.group(1) : "";
                }
            }
            Frame inner = frames.element();
            String own = inner.keyword;
            if (own.isEmpty()) {
                own = inner.name.isEmpty() ? "" : inner.name + "[" + inner.place + "]";
            }
            if (own.isEmpty()) {
                return outer;
            }
            List<String> names = new ArrayList<>(List.of(own));
            Optional<String> call = frames.stream()
                    .filter(frame -> frame.call)
                    .map(frame -> frame.name)
                    .findFirst();
            if (call.isPresent() && !own.startsWith(call.get())) {
                names.add(call.get() + "." + own);
            }
            names.add(outer.get(outer.size() - 1) + "." + names.get(names.size() - 1));
            return names;
        }

        private IllegalArgumentException wrong(String rule) {
            return new IllegalArgumentException(setting + " " + rule + ", but was '" + whole + "'");
        }
    }

    /** A call or a list that is open, and what was last in it. */
    private static final class Frame {
        final String name;
        final boolean call;
        int place;
        String keyword = "";

        Frame(String name, boolean call) {
            this.name = name;
            this.call = call;
        }
    }
}
