package org.anneal.checkpoint;

import java.math.BigInteger;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.anneal.text.Python;

/**
 * The limits on a checkpoint's structure, so that printing, comparing and writing it take bounded stack and time: nothing
 * contains itself, containers are nested at most {@value #MOST_NESTED} deep, and the number of values is bounded, where a value
 * counts once for each reference to it.
 */
final class Structure {
    static final int MOST_NESTED = 100;
    /** What {@link #isKey} accepts, in the words of a message. */
    static final String KEYS = "a str, bytes, bool, number, None, tensor, dtype, device or a tuple of those";

    private static final long LARGEST = 10_000_000;
    private static final int TEXT = 16; // characters or bytes that count as one value

    private final IdentityHashMap<Object, Extent> known = new IdentityHashMap<>();
    private final Set<Object> open = Collections.newSetFromMap(new IdentityHashMap<>());

    /** How deeply the containers in a value are nested, and how many values it has, counting every reference. */
    private record Extent(int height, long size) {}

    private Structure() {}

    /** @throws IllegalArgumentException if a limit is exceeded, or a value has a type that a checkpoint cannot hold */
    static void check(Object root) {
        new Structure().extent(root, 0);
    }

    private Extent extent(Object value, int depth) {
        if (value instanceof Optional<?> optional) {
            return optional.isPresent() ? extent(optional.get(), depth) : new Extent(0, 1);
        } else if (value instanceof String text) {
            return new Extent(0, 1 + text.length() / TEXT);
        } else if (value instanceof byte[] bytes) {
            return new Extent(0, 1 + bytes.length / TEXT);
        } else if (!isContainer(value)) {
            checkType(value);
            return new Extent(0, 1);
        }
        Extent extent = known.get(value);
        if (extent == null) {
            if (!open.add(value)) {
                throw new IllegalArgumentException("a value in a checkpoint must not contain itself");
            }
            checkDepth(depth + 1);
            extent = contents(value, depth + 1);
            open.remove(value);
            known.put(value, extent);
        }
        checkDepth(depth + extent.height);
        return extent;
    }

    private static void checkDepth(int depth) {
        if (depth > MOST_NESTED) {
            throw new IllegalArgumentException("values in a checkpoint must not be nested deeper than " + MOST_NESTED);
        }
    }

    private Extent contents(Object container, int depth) {
        Extent sum = new Extent(1, 1);
        if (container instanceof Map<?, ?> map) {
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                checkKey(entry.getKey());
                sum = plus(sum, extent(entry.getKey(), depth));
                sum = plus(sum, extent(entry.getValue(), depth));
            }
            if (container instanceof Python.OrderedDict<?, ?> dict
                    && !dict.attributes().isEmpty()) {
                sum = plus(sum, extent(dict.attributes(), depth));
            }
        } else {
            Iterable<?> items = container instanceof Python.Tuple tuple ? tuple.items() : (Iterable<?>) container;
            for (Object item : items) {
                if (container instanceof Set<?>) {
                    checkKey(item);
                }
                sum = plus(sum, extent(item, depth));
            }
        }
        return sum;
    }

    private static Extent plus(Extent container, Extent item) {
        long size = container.size + item.size;
        if (size > LARGEST) {
            throw new IllegalArgumentException(
                    "a checkpoint must not hold more than " + LARGEST + " values, counting each reference");
        }
        return new Extent(Math.max(container.height, item.height + 1), size);
    }

    /** Python needs hashable keys; these types survive writing and reading. */
    private static void checkKey(Object key) {
        if (key instanceof Python.Tuple tuple) {
            tuple.items().forEach(Structure::checkKey);
        } else if (!isKey(key)) {
            throw new IllegalArgumentException("a dict's key must be " + KEYS + ", but was " + named(key));
        }
    }

    /** {@return whether a value that is not a tuple can be a key} */
    static boolean isKey(Object value) {
        return value == null
                || value.equals(Optional.empty())
                || value instanceof String
                || value instanceof byte[]
                || value instanceof Boolean
                || value instanceof Number
                || value instanceof Python.Complex
                || value instanceof TensorData
                || value instanceof DType
                || value instanceof TorchDevice;
    }

    private static boolean isContainer(Object value) {
        return value instanceof Map<?, ?>
                || value instanceof List<?>
                || value instanceof Set<?>
                || value instanceof Python.Tuple;
    }

    private static void checkType(Object value) {
        boolean allowed = value == null
                || value instanceof Boolean
                || value instanceof Long
                || value instanceof Integer
                || value instanceof Short
                || value instanceof Byte
                || value instanceof BigInteger
                || value instanceof Double
                || value instanceof Float
                || value instanceof Python.Complex
                || value instanceof TensorData
                || value instanceof DType
                || value instanceof TorchDevice
                || value instanceof PythonReference;
        if (!allowed) {
            throw new IllegalArgumentException("a checkpoint cannot hold " + named(value));
        }
    }

    /** {@return the value's type in the words of a message: Python's name of it, if it has one} */
    static String named(Object value) {
        if (value instanceof Globals.Named global) {
            return "a reference to " + global.name();
        } else if (value instanceof PythonReference reference) {
            return "an object of " + ZipReader.shown(reference.name());
        } else if (value == null || value.equals(Optional.empty())) {
            return "None";
        } else if (value instanceof Boolean) {
            return "a bool";
        } else if (value instanceof Double || value instanceof Float) {
            return "a float";
        } else if (value instanceof Number) {
            return "an int";
        } else if (value instanceof Python.Complex) {
            return "a complex";
        } else if (value instanceof String) {
            return "a str";
        } else if (value instanceof byte[]) {
            return "bytes";
        } else if (value instanceof Python.Tuple) {
            return "a tuple";
        } else if (value instanceof List<?>) {
            return "a list";
        } else if (value instanceof Set<?>) {
            return "a set";
        } else if (value instanceof Map<?, ?>) {
            return "a dict";
        } else if (value instanceof TensorData) {
            return "a tensor";
        } else if (value instanceof DType) {
            return "a dtype";
        } else if (value instanceof TorchDevice) {
            return "a device";
        }
        return "a " + value.getClass().getName(); // given by the program that writes the checkpoint
    }
}
