package org.anneal.checkpoint;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.anneal.text.Check;
import org.anneal.text.Python;

/**
 * A dict from a file that is not trusted, whose entries are checked as they are read. An entry that is missing or of another
 * type is refused with an {@link IllegalArgumentException} that says where it is, what it must be, and what it was.
 */
public final class Dict {
    private final String path; // of its entries, in messages
    private final Map<?, ?> entries;

    /** @param path prefix of the entries' names in messages, such as {@code config.} */
    public Dict(String path, Map<?, ?> entries) {
        this.path = Objects.requireNonNull(path, "path");
        this.entries = Objects.requireNonNull(entries, "entries");
    }

    /** {@return the entry, unless it is missing or None} */
    public Optional<Object> find(String key) {
        Optional<Object> value = Optional.ofNullable(entries.get(key));
        return value.filter(found -> !found.equals(Optional.empty()));
    }

    /** {@return the dict itself} */
    public Map<?, ?> entries() {
        return entries;
    }

    private <T> T get(String key, Class<T> type, String what) {
        return find(key).filter(type::isInstance).map(type::cast).orElseThrow(() -> wrong(key, what));
    }

    /** {@return an exception that says what an entry must be, and what it was} */
    public IllegalArgumentException wrong(String key, String what) {
        return new IllegalArgumentException(path + key + " must be " + what + ", but was "
                + find(key).map(Dict::shown).orElse("missing"));
    }

    private static String shown(Object value) {
        return value instanceof String text
                ? "'" + ZipReader.shown(text) + "'"
                : value instanceof Number || value instanceof Boolean ? Python.repr(value) : Structure.named(value);
    }

    /** {@return a string} */
    public String text(String key) {
        return get(key, String.class, "a string");
    }

    /** {@return True or False} */
    public boolean truth(String key) {
        return get(key, Boolean.class, "True or False");
    }

    /** {@return a whole number} */
    public long whole(String key) {
        return get(key, Long.class, "a whole number");
    }

    /** {@return a whole number from 0 to 2^53, such as a count of steps} */
    public long steps(String key) {
        return Check.count(path + key, get(key, Number.class, "a whole number").doubleValue());
    }

    /** {@return a whole number, at least 0} */
    public int number(String key) {
        long value = whole(key);
        if (value < 0 || value > Integer.MAX_VALUE) {
            throw wrong(key, "a whole number, at least 0");
        }
        return (int) value;
    }

    /** {@return a whole number, at least 1} */
    public int count(String key) {
        int value = number(key);
        if (value == 0) {
            throw wrong(key, "a whole number, at least 1");
        }
        return value;
    }

    /** {@return a whole number, at least 1, or empty if it is missing or None} */
    public OptionalInt optionalCount(String key) {
        return find(key).isPresent() ? OptionalInt.of(count(key)) : OptionalInt.empty();
    }

    /** {@return a number, whole or not} */
    public double real(String key) {
        return get(key, Number.class, "a number").doubleValue();
    }

    private <T> List<T> list(String key, Class<T> type, String what) {
        List<T> list = new ArrayList<>();
        for (Object each : get(key, List.class, "a list of " + what + "s")) {
            if (!type.isInstance(each)) {
                throw new IllegalArgumentException(
                        path + key + "[" + list.size() + "] must be a " + what + ", but was " + shown(each));
            }
            list.add(type.cast(each));
        }
        return list;
    }

    /** {@return a list of strings} */
    public List<String> texts(String key) {
        return list(key, String.class, "string");
    }

    /** {@return a list of numbers, whole or not} */
    public List<Double> reals(String key) {
        return list(key, Number.class, "number").stream()
                .map(Number::doubleValue)
                .toList();
    }

    /** {@return a list of dicts} */
    public List<Dict> dicts(String key) {
        List<Dict> dicts = new ArrayList<>();
        for (Map<?, ?> map : list(key, Map.class, "dict")) {
            dicts.add(new Dict(path + key + "[" + dicts.size() + "].", map));
        }
        return dicts;
    }

    /** {@return a dict} */
    public Dict dict(String key) {
        return new Dict(path + key + ".", map(key));
    }

    /** {@return a dict as a map} */
    public Map<?, ?> map(String key) {
        return get(key, Map.class, "a dict");
    }

    /** {@return a tensor} */
    public TensorData tensor(String key) {
        return get(key, TensorData.class, "a tensor");
    }
}
