package org.anneal.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.anneal.checkpoint.TensorData;
import org.anneal.text.Python;

/** Prints what a checkpoint holds, indented: what is short on one line, a tensor as its type and shape. */
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

    /** {@return the text of a value that has no further structure, or little of it} */
    private static Optional<String> inOneLine(Object value, int room) {
        Optional<Iterable<?>> items = items(value);
        if (!(value instanceof Map<?, ?>) && items.isEmpty()) {
            return Optional.of(leaf(value));
        }
        List<String> parts = new ArrayList<>();
        int length = 2;
        if (value instanceof Map<?, ?> map) {
            if (map instanceof Python.OrderedDict && !map.isEmpty()) {
                return Optional.empty(); // a model's, and its tensors are to be read one by one
            }
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                Optional<String> part = inOneLineWithin(entry.getValue(), room - length);
                if (part.isEmpty()) {
                    return Optional.empty();
                }
                parts.add(key(entry.getKey()) + "=" + part.get());
                length += parts.get(parts.size() - 1).length() + 2;
                if (length > room) {
                    return Optional.empty();
                }
            }
            return Optional.of(parts.isEmpty() ? "{}" : String.join(", ", parts));
        }
        for (Object item : items.orElseThrow()) {
            Optional<String> part = inOneLineWithin(item, room - length);
            if (part.isEmpty()) {
                return Optional.empty();
            }
            parts.add(part.get());
            length += part.get().length() + 2;
            if (length > room) {
                return Optional.empty();
            }
        }
        boolean list = value instanceof List<?>;
        return Optional.of(parts.stream().collect(Collectors.joining(", ", list ? "[" : "(", list ? "]" : ")")));
    }

    private static Optional<String> inOneLineWithin(Object value, int room) {
        return value instanceof Map<?, ?> map && !map.isEmpty() ? Optional.empty() : inOneLine(value, room);
    }

    /** {@return a dict's key as it is printed} */
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
        } catch (IllegalArgumentException e) { // a dtype, a device, a name, or a key that is a tuple of such
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

    /** A file's text may hold anything; a terminal acts on some of it. */
    static String escaped(String text) {
        String quoted = Python.repr(text);
        return !text.isEmpty() && quoted.substring(1, quoted.length() - 1).equals(text) ? text : quoted;
    }

    private static String shortened(String text) {
        return text.length() <= LONGEST_TEXT ? text : text.substring(0, LONGEST_TEXT) + "...";
    }
}
