package org.anneal.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.anneal.checkpoint.TensorData;
import org.anneal.text.Python;

/** Prints the content of a checkpoint as an indented tree: short values on one line, tensors as type and shape. */
final class Tree {
    private static final int WIDTH = 100;
    private static final int LONGEST_TEXT = 300;
    private static final String INDENT = "  ";

    private final List<String> lines = new ArrayList<>();

    /** {@return the lines that show {@code value} under {@code name}} */
    static List<String> of(String name, Object value) {
        Tree tree = new Tree();
        tree.add("", name, value);
        return tree.lines;
    }

    private void add(String indent, String name, Object value) {
        String line = indent + name + ": ";
        Optional<String> text = inOneLine(value, WIDTH - line.length());
        if (text.isPresent()) {
            lines.add(line + text.get());
        } else if (value instanceof Map<?, ?> map) {
            lines.add(indent + name + ":");
            int width = map.keySet().stream()
                    .mapToInt(key -> key(key).length())
                    .filter(length -> length <= WIDTH / 3)
                    .max()
                    .orElse(0);
            boolean tensors = map.values().stream().allMatch(TensorData.class::isInstance);
            map.forEach((key, each) -> {
                if (tensors) {
                    lines.add(indent
                            + INDENT
                            + String.format("%-" + Math.max(1, width) + "s  %s", key(key), tensor((TensorData) each)));
                } else {
                    add(indent + INDENT, key(key), each);
                }
            });
        } else if (items(value).isPresent()) {
            lines.add(indent + name + ":");
            int i = 0;
            for (Object item : items(value).get()) {
                add(indent + INDENT, "[" + i++ + "]", item);
            }
        } else {
            lines.add(line + leaf(value));
        }
    }

    private static Optional<Iterable<?>> items(Object value) {
        if (value instanceof Python.Tuple tuple) {
            return Optional.of(tuple.items());
        }
        return value instanceof List<?> || value instanceof Set<?>
                ? Optional.of((Iterable<?>) value)
                : Optional.empty();
    }

    /** {@return a value on one line, if it fits into {@code room}} */
    private static Optional<String> inOneLine(Object value, int room) {
        Optional<Iterable<?>> items = value instanceof Map<?, ?> map ? Optional.of(map.entrySet()) : items(value);
        if (items.isEmpty()) {
            return Optional.of(leaf(value));
        } else if (value instanceof Python.OrderedDict<?, ?> weights && !weights.isEmpty()) {
            return Optional.empty(); // a model's weights, best read one per line
        }
        List<String> parts = new ArrayList<>();
        int length = 2;
        for (Object item : items.get()) {
            Optional<String> part = item instanceof Map.Entry<?, ?> entry
                    ? inOneLineWithin(entry.getValue(), room - length).map(text -> key(entry.getKey()) + "=" + text)
                    : inOneLineWithin(item, room - length);
            length += part.map(String::length).orElse(room) + 2;
            if (length > room) {
                return Optional.empty();
            }
            parts.add(part.orElseThrow());
        }
        String joined = String.join(", ", parts);
        return Optional.of(
                value instanceof Map<?, ?>
                        ? parts.isEmpty() ? "{}" : joined
                        : value instanceof List<?> ? "[" + joined + "]" : "(" + joined + ")");
    }

    private static Optional<String> inOneLineWithin(Object value, int room) {
        return value instanceof Map<?, ?> map && !map.isEmpty() ? Optional.empty() : inOneLine(value, room);
    }

    /** {@return a dict's key, as it is printed} */
    static String key(Object key) {
        return key instanceof String text
                ? printable(text)
                : key instanceof byte[] ? shortened(Python.repr(key)) : leaf(key);
    }

    private static String leaf(Object value) {
        if (value instanceof TensorData data) {
            return tensor(data);
        } else if (value instanceof byte[] bytes) {
            return bytes.length + " bytes";
        } else if (value instanceof String text) {
            return printable(text);
        }
        try {
            return shortened(Python.repr(value));
        } catch (IllegalArgumentException e) { // a dtype, a device, a name, or a tuple of these as a key
            return value instanceof Python.Tuple tuple
                    ? shortened(tuple.items().stream().map(Tree::leaf).collect(Collectors.joining(", ", "(", ")")))
                    : printable(value.toString());
        }
    }

    private static String tensor(TensorData data) {
        if (data.shape().isEmpty() && data.dtype().isReal()) {
            return Python.repr(data.item()) + " (" + data.dtype() + ")";
        }
        return data.dtype() + " "
                + data.shape().stream().map(String::valueOf).collect(Collectors.joining(" x ", "", ""));
    }

    private static String printable(String text) {
        return shortened(escaped(text));
    }

    /** {@return the text, as Python's repr if it has characters that a terminal would act on} */
    static String escaped(String text) {
        String quoted = Python.repr(text);
        return !text.isEmpty() && quoted.substring(1, quoted.length() - 1).equals(text) ? text : quoted;
    }

    private static String shortened(String text) {
        return text.length() <= LONGEST_TEXT ? text : text.substring(0, LONGEST_TEXT) + "...";
    }
}
