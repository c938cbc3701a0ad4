package org.anneal.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.anneal.checkpoint.TensorData;

/** A dict of a checkpoint, whose entries are held to their types: it may come from anywhere. */
final class Dict {
    private final String path; // of its entries, in messages
    private final Map<?, ?> entries;

    Dict(String path, Map<?, ?> entries) {
        this.path = path;
        this.entries = entries;
    }

    static Object orNone(OptionalInt value) {
        return value.isPresent() ? (Object) (long) value.getAsInt() : Optional.empty();
    }

    /** {@return the entry, unless it is missing or None} */
    Optional<Object> find(String key) {
        Optional<Object> value = Optional.ofNullable(entries.get(key));
        return value.filter(found -> !found.equals(Optional.empty()));
    }

    /** {@return all of it, as it is} */
    Map<?, ?> entries() {
        return entries;
    }

    private <T> T get(String key, Class<T> type, String what) {
        return find(key).filter(type::isInstance).map(type::cast).orElseThrow(() -> wrong(key, what));
    }

    /** {@return an exception that says what an entry must be, and what it is} */
    IllegalArgumentException wrong(String key, String what) {
        return new IllegalArgumentException(path + key + " must be " + what + ", but "
                + find(key).map(value -> "was " + shown(value)).orElse("is missing"));
    }

    private static String shown(Object value) {
        return value instanceof Number || value instanceof Boolean
                ? value.toString()
                : "a " + value.getClass().getSimpleName();
    }

    String text(String key) {
        return get(key, String.class, "a text");
    }

    boolean truth(String key) {
        return get(key, Boolean.class, "True or False");
    }

    long whole(String key) {
        return get(key, Long.class, "a whole number");
    }

    /** {@return a whole number from 0 on} */
    int number(String key) {
        long value = whole(key);
        if (value < 0 || value > Integer.MAX_VALUE) {
            throw wrong(key, "a whole number from 0 on");
        }
        return (int) value;
    }

    /** {@return a whole number from 1 on} */
    int count(String key) {
        int value = number(key);
        if (value == 0) {
            throw wrong(key, "a whole number from 1 on");
        }
        return value;
    }

    OptionalInt optionalCount(String key) {
        return find(key).isPresent() ? OptionalInt.of(count(key)) : OptionalInt.empty();
    }

    double real(String key) {
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

    List<String> texts(String key) {
        return list(key, String.class, "a list of texts");
    }

    List<Double> reals(String key) {
        return list(key, Number.class, "a list of numbers").stream()
                .map(Number::doubleValue)
                .toList();
    }

    List<Dict> dicts(String key) {
        List<Map<?, ?>> maps = new ArrayList<>();
        list(key, Map.class, "a list of dicts").forEach(maps::add);
        List<Dict> dicts = new ArrayList<>();
        maps.forEach(map -> dicts.add(new Dict(path + key + "[" + dicts.size() + "].", map)));
        return dicts;
    }

    Dict dict(String key) {
        return new Dict(path + key + ".", map(key));
    }

    Map<?, ?> map(String key) {
        return get(key, Map.class, "a dict");
    }

    TensorData tensor(String key) {
        return get(key, TensorData.class, "a tensor");
    }
}
