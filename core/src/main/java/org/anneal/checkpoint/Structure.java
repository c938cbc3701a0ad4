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
 * The rules for what a checkpoint holds, by which it can be printed, compared and written with no more than so much stack
 * and time: nothing holds itself, containers are nested at most {@value #MOST_NESTED} deep, and written out without
 * references (a list of twenty references to one list is twenty lists) it is not immense.
 */
final class Structure {
    static final int MOST_NESTED = 100;
    /** What {@link #isKey} lets through, in the words of a message. */
    static final String KEYS = "a str, bytes, bool, number, None, tensor, dtype, device or a tuple of those";

    private static final long LARGEST = 10_000_000;
    private static final int TEXT = 16; // so many letters or bytes count as one value

    private final IdentityHashMap<Object, Extent> known = new IdentityHashMap<>();
    private final Set<Object> open = Collections.newSetFromMap(new IdentityHashMap<>());

    /** How deep the containers in a value are nested, and how many values it is, written out. */
    private record Extent(int height, long size) {}

    private Structure() {}

    /** @throws IllegalArgumentException if a rule is broken, or a value is of a type that a checkpoint cannot have */
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
                throw new IllegalArgumentException("a checkpoint's value must not hold itself");
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
            throw new IllegalArgumentException("a checkpoint's values must not be nested deeper than " + MOST_NESTED);
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
            throw new IllegalArgumentException("a checkpoint must not hold more than " + LARGEST
                    + " values, those referred to twice counted twice");
        }
        return new Extent(Math.max(container.height, item.height + 1), size);
    }

    /** Python needs keys that can be hashed; these come back as they were in any program. */
    private static void checkKey(Object key) {
        if (key instanceof Python.Tuple tuple) {
            tuple.items().forEach(Structure::checkKey);
        } else if (!isKey(key)) {
            throw new IllegalArgumentException("a dict's key must be " + KEYS + ", but was " + named(key));
        }
    }

    /** {@return whether a value that is no tuple can be a key} */
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

    /** {@return the value's type in the words of a message: as Python calls it, where it has one that Python knows} */
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
        return "a " + value.getClass().getName(); // of a program that writes a checkpoint
    }
}
