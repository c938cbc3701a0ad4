package org.anneal.checkpoint;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.anneal.text.Python;

/**
 * Writes values as a pickle of protocol 2, as CPython's pickler does for {@code torch.save}: the same operations, memo and
 * batches. It differs in two points: equal strings are written once, and an empty container is never a reference to another,
 * since Java's {@code List.of()} is the same object everywhere.
 *
 * <p>Source: CPython's {@code Modules/_pickle.c}; {@code torch/_tensor.py} ({@code _reduce_ex_internal}).
 */
final class PickleWriter {
    private static final int BATCH = 1000;
    private static final String BYTES = "ByteStorage"; // to PyTorch an untyped storage is the same

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final IdentityHashMap<Object, Integer> objects = new IdentityHashMap<>();
    private final Map<String, Integer> texts = new HashMap<>();
    private final Map<String, Integer> globals = new HashMap<>();
    private final IdentityHashMap<Storage, Saved> storages = new IdentityHashMap<>();
    private final List<Storage> inOrder = new ArrayList<>();
    private int memoized;

    /** A storage's name in the memo, its class in module torch (empty if it is untyped), and the type of its first tensor. */
    private record Saved(int key, Optional<String> type, DType first) {}

    /** {@return the pickle of a value that {@link Structure} has checked} */
    byte[] write(Object root) {
        op(0x80);
        op(2);
        save(root);
        op('.');
        return out.toByteArray();
    }

    /** {@return the storages that the pickle refers to, the first as {@code data/0}} */
    List<Storage> storages() {
        return inOrder;
    }

    private void save(Object value) {
        if (value == null) {
            op('N');
        } else if (value instanceof Optional<?> optional) {
            if (optional.isPresent()) {
                save(optional.get());
            } else {
                op('N');
            }
        } else if (value instanceof Boolean truth) {
            op(truth ? 0x88 : 0x89);
        } else if (value instanceof BigInteger number) {
            integer(number);
        } else if (value instanceof Double || value instanceof Float) {
            op('G');
            out.writeBytes(ByteBuffer.allocate(Double.BYTES)
                    .putDouble(((Number) value).doubleValue())
                    .array());
        } else if (value instanceof Number number) {
            integer(BigInteger.valueOf(number.longValue()));
        } else if (value instanceof String text) {
            text(text);
        } else if (value instanceof DType dtype) {
            global("torch", dtype.toString());
        } else if (value instanceof Python.Complex number) {
            complex(number);
        } else if (value instanceof TorchDevice device) {
            device(device);
        } else {
            Integer index = objects.get(value);
            if (index != null && !isEmpty(value)) {
                get(index);
            } else {
                object(value);
            }
        }
    }

    private static boolean isEmpty(Object value) {
        return (value instanceof Collection<?> items && items.isEmpty())
                || (value instanceof Map<?, ?> map && map.isEmpty() && !(map instanceof Python.OrderedDict<?, ?>));
    }

    private void object(Object value) {
        if (value instanceof TensorData tensor) {
            tensor(tensor);
            put(value);
        } else if (value instanceof byte[] bytes) {
            global("_codecs", "encode");
            freshText(new String(bytes, StandardCharsets.ISO_8859_1));
            text("latin1");
            op(0x86);
            putUnnamed();
            op('R');
            put(value);
        } else if (value instanceof Python.Tuple tuple) {
            tuple(tuple);
        } else if (value instanceof List<?> list) {
            op(']');
            put(value);
            items(list);
        } else if (value instanceof Set<?> set) {
            global("__builtin__", "set");
            op(']');
            putUnnamed();
            items(set);
            op(0x85);
            putUnnamed();
            op('R');
            put(value);
        } else if (value instanceof Python.OrderedDict<?, ?> dict) {
            orderedDict(dict);
        } else if (value instanceof Python.Counter<?> counter) {
            global("collections", "Counter");
            op('}');
            putUnnamed();
            entries(counter, true);
            op(0x85);
            putUnnamed();
            op('R');
            put(value);
        } else if (value instanceof Map<?, ?> map) {
            op('}');
            put(value);
            entries(map, true);
        } else {
            throw new IllegalArgumentException("a checkpoint cannot be written with "
                    + ZipReader.shown(value.toString()) + ", of which only the name is known");
        }
    }

    // Objects, each put into the memo at the point where CPython does.

    private void tuple(Python.Tuple tuple) {
        int size = tuple.items().size();
        if (size == 0) {
            op(')');
            return;
        }
        if (size > 3) {
            op('(');
        }
        tuple.items().forEach(this::save);
        op(size > 3 ? 't' : 0x84 + size);
        put(tuple);
    }

    private void items(Collection<?> items) {
        if (items.size() == 1) {
            save(items.iterator().next());
            op('a');
            return;
        }
        Iterator<?> rest = items.iterator();
        while (rest.hasNext()) {
            op('(');
            for (int i = 0; i < BATCH && rest.hasNext(); i++) {
                save(rest.next());
            }
            op('e');
        }
    }

    /** CPython writes a dict in batches; of an iterator's entries ({@code exact} false) a last single one goes alone. */
    private void entries(Map<?, ?> map, boolean exact) {
        int left = map.size();
        boolean alone = left == 1;
        Iterator<? extends Map.Entry<?, ?>> rest = map.entrySet().iterator();
        while (rest.hasNext()) {
            int batch = Math.min(left, BATCH);
            left -= batch;
            if (!alone) {
                op('(');
            }
            for (int i = 0; i < batch; i++) {
                Map.Entry<?, ?> entry = rest.next();
                save(entry.getKey());
                save(entry.getValue());
            }
            op(alone ? 's' : 'u');
            alone = !exact && left == 1;
        }
    }

    private void orderedDict(Python.OrderedDict<?, ?> dict) {
        newOrderedDict();
        put(dict);
        entries(dict, false);
        if (!dict.attributes().isEmpty()) {
            save(dict.attributes());
            op('b');
        }
    }

    private void newOrderedDict() {
        global("collections", "OrderedDict");
        op(')');
        op('R');
    }

    private void complex(Python.Complex number) {
        global("__builtin__", "complex");
        save(number.real());
        save(number.imag());
        op(0x86);
        putUnnamed();
        op('R');
        putUnnamed();
    }

    private void device(TorchDevice device) {
        global("torch", "device");
        text(device.type());
        device.index().ifPresent(index -> integer(BigInteger.valueOf(index)));
        op(device.index().isPresent() ? 0x86 : 0x85);
        putUnnamed();
        op('R');
        putUnnamed();
    }

    private void tensor(TensorData tensor) {
        Optional<String> type = StorageTypes.of(tensor.dtype());
        global("torch._utils", type.isPresent() ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3");
        op('(');
        storage(tensor, type);
        integer(BigInteger.valueOf(tensor.offset()));
        tuple(new Python.Tuple(tensor.shape()));
        tuple(new Python.Tuple(tensor.strides()));
        op(0x89); // requires_grad=False
        newOrderedDict(); // no hooks
        putUnnamed();
        if (type.isEmpty()) {
            global("torch", tensor.dtype().toString());
        }
        op('t');
        putUnnamed();
        op('R');
    }

    private void storage(TensorData tensor, Optional<String> type) {
        Storage storage = tensor.storage();
        Saved saved = storages.get(storage);
        if (saved != null && !saved.type.orElse(BYTES).equals(type.orElse(BYTES))) {
            throw new IllegalArgumentException("tensors that share a storage must have one type, but had " + saved.first
                    + " and " + tensor.dtype() + " (PyTorch cannot save them either)");
        }
        int size = type.isPresent() ? tensor.dtype().size() : 1;
        if (storage.size() % size != 0) {
            throw new IllegalArgumentException("a storage of " + tensor.dtype() + " must have a multiple of " + size
                    + " bytes, but had " + storage.size());
        }
        op('(');
        text("storage");
        if (type.isPresent()) {
            global("torch", type.get());
        } else {
            global("torch.storage", "UntypedStorage");
        }
        if (saved == null) {
            storages.put(storage, new Saved(memoized, type, tensor.dtype()));
            freshText(String.valueOf(inOrder.size()));
            inOrder.add(storage);
        } else {
            get(saved.key);
        }
        text("cpu");
        integer(BigInteger.valueOf(storage.size() / size));
        op('t');
        putUnnamed();
        op('Q');
    }

    private void integer(BigInteger value) {
        int bits = value.bitLength();
        if (value.signum() >= 0 && bits <= 8) {
            op('K');
            op(value.intValue());
        } else if (value.signum() >= 0 && bits <= 16) {
            op('M');
            op(value.intValue());
            op(value.intValue() >> 8);
        } else if (bits < Integer.SIZE) {
            op('J');
            int4(value.intValue());
        } else {
            byte[] bigEndian = value.toByteArray();
            if (bigEndian.length > 255) {
                throw new IllegalArgumentException("an int must have at most 255 bytes, but had " + bigEndian.length);
            }
            op(0x8a);
            op(bigEndian.length);
            for (int i = bigEndian.length - 1; i >= 0; i--) {
                op(bigEndian[i]);
            }
        }
    }

    private void text(String text) {
        Integer index = texts.get(text);
        if (index != null) {
            get(index);
        } else {
            texts.put(text, memoized);
            freshText(text);
        }
    }

    /** Writes a string that is a new object in Python each time, and so never a reference into the memo. */
    private void freshText(String text) {
        ByteBuffer bytes;
        try {
            bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(
                    "a string must be valid Unicode, but had an unpaired surrogate: " + Python.repr(text), e);
        }
        op('X');
        int4(bytes.remaining());
        byte[] utf8 = new byte[bytes.remaining()];
        bytes.get(utf8);
        out.writeBytes(utf8);
        putUnnamed();
    }

    private void global(String module, String name) {
        String line = module + "\n" + name + "\n";
        Integer index = globals.get(line);
        if (index != null) {
            get(index);
            return;
        }
        op('c');
        out.writeBytes(line.getBytes(StandardCharsets.US_ASCII));
        globals.put(line, memoized);
        putUnnamed();
    }

    // Bytes and the memo.

    private void op(int code) {
        out.write(code);
    }

    private void int4(int value) {
        op(value);
        op(value >> 8);
        op(value >> 16);
        op(value >> 24);
    }

    private void put(Object value) {
        objects.put(value, memoized);
        putUnnamed();
    }

    private void putUnnamed() {
        if (memoized < 256) {
            op('q');
            op(memoized);
        } else {
            op('r');
            int4(memoized);
        }
        memoized++;
    }

    private void get(int index) {
        if (index < 256) {
            op('h');
            op(index);
        } else {
            op('j');
            int4(index);
        }
    }
}
