package org.anneal.checkpoint;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A dict of a file, whose entries are held to their types: it may come from anywhere. An entry that is missing or of another
 * type is refused with an {@link IllegalArgumentException} that says where it stands, what it must be, and what it is.
 */
public final class Dict {
    private final String path; // of its entries, in messages
    private final Map<?, ?> entries;

    /** @param path what messages put before the names of the entries, such as {@code config.} */
    public Dict(String path, Map<?, ?> entries) {
        this.path = Objects.requireNonNull(path, "path");
        this.entries = Objects.requireNonNull(entries, "entries");
    }

    /** {@return a number as a dict has it, or Python's None} */
    public static Object orNone(OptionalInt value) {
        return Objects.requireNonNull(value, "value").isPresent() ? (Object) (long) value.getAsInt() : Optional.empty();
    }

    /** {@return the entry, unless it is missing or None} */
    public Optional<Object> find(String key) {
        Optional<Object> value = Optional.ofNullable(entries.get(key));
        return value.filter(found -> !found.equals(Optional.empty()));
    }

    /** {@return all of it, as it is} */
    public Map<?, ?> entries() {
        return entries;
    }

    private <T> T get(String key, Class<T> type, String what) {
        return find(key).filter(type::isInstance).map(type::cast).orElseThrow(() -> wrong(key, what));
    }

    /** {@return an exception that says what an entry must be, and what it is} */
    public IllegalArgumentException wrong(String key, String what) {
        return new IllegalArgumentException(path + key + " must be " + what + ", but "
                + find(key).map(value -> "was " + shown(value)).orElse("is missing"));
    }

    private static String shown(Object value) {
        return value instanceof Number || value instanceof Boolean
                ? value.toString()
                : "a " + value.getClass().getSimpleName();
    }

    /** {@return a string} */
    public String text(String key) {
        return get(key, String.class, "a text");
    }

    /** {@return True or False} */
    public boolean truth(String key) {
        return get(key, Boolean.class, "True or False");
    }

    /** {@return a whole number} */
    public long whole(String key) {
        return get(key, Long.class, "a whole number");
    }

    /** {@return a whole number from 0 on} */
    public int number(String key) {
        long value = whole(key);
        if (value < 0 || value > Integer.MAX_VALUE) {
            throw wrong(key, "a whole number from 0 on");
        }
        return (int) value;
    }

    /** {@return a whole number from 1 on} */
    public int count(String key) {
        int value = number(key);
        if (value == 0) {
            throw wrong(key, "a whole number from 1 on");
        }
        return value;
    }

    /** {@return a whole number from 1 on, if there is one} */
    public OptionalInt optionalCount(String key) {
        return find(key).isPresent() ? OptionalInt.of(count(key)) : OptionalInt.empty();
    }

    /** {@return a number, whole or not} */
    public double real(String key) {
        return get(key, Number.class, "a number").doubleValue();
    }

    private <T> List<T> list(String key, Class<T> type, String what) {
        List<T> list = new ArrayList<>();
        for (Object each : get(key, List.class, what)) {
            if (!type.isInstance(each)) {
                throw wrong(key, what);
            }
            list.add(type.cast(each));
        }
        return list;
    }

    /** {@return a list of strings} */
    public List<String> texts(String key) {
        return list(key, String.class, "a list of texts");
    }

    /** {@return a list of numbers, whole or not} */
    public List<Double> reals(String key) {
        return list(key, Number.class, "a list of numbers").stream()
                .map(Number::doubleValue)
                .toList();
    }

    /** {@return a list of dicts} */
    public List<Dict> dicts(String key) {
        List<Map<?, ?>> maps = new ArrayList<>();
        list(key, Map.class, "a list of dicts").forEach(maps::add);
        List<Dict> dicts = new ArrayList<>();
        maps.forEach(map -> dicts.add(new Dict(path + key + "[" + dicts.size() + "].", map)));
        return dicts;
    }

    /** {@return a dict} */
    public Dict dict(String key) {
        return new Dict(path + key + ".", map(key));
    }

    /** {@return a dict as it is} */
    public Map<?, ?> map(String key) {
        return get(key, Map.class, "a dict");
    }

    /** {@return a tensor} */
    public TensorData tensor(String key) {
        return get(key, TensorData.class, "a tensor");
    }
}
