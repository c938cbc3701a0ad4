package org.anneal.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.Consumer;

/**
 * Reads a strided view row by row. A part of the view that spans at most a few megabytes is read at once and its elements are
 * picked from there; a larger part is split along its first dimension.
 */
final class Gather {
    private static final int WINDOW = 4 << 20;

    private final TensorData tensor;
    private final Consumer<ByteBuffer> use;
    private final ByteBuffer out;
    private final int size;
    private final long[] shape;
    private final long[] strides;
    private final long[] spans; // from the first to the last element of dimensions i, i + 1, ...
    private final boolean[] runs; // whether dimensions i, i + 1, ... are contiguous
    private ByteBuffer window = ByteBuffer.allocate(0);

    Gather(TensorData tensor, Consumer<ByteBuffer> use) {
        this.tensor = tensor;
        this.use = use;
        size = tensor.dtype().size();
        long bytes = tensor.count() * size;
        out = ByteBuffer.allocate((int) Math.min(TensorData.CHUNK, bytes)).order(ByteOrder.LITTLE_ENDIAN);
        shape = longs(tensor.shape());
        strides = longs(tensor.strides());
        int rank = shape.length;
        spans = new long[rank + 1];
        runs = new boolean[rank + 1];
        spans[rank] = 1;
        runs[rank] = true;
        long row = 1;
        for (int i = rank - 1; i >= 0; i--) {
            spans[i] = spans[i + 1] + (shape[i] - 1) * strides[i];
            runs[i] = runs[i + 1] && (shape[i] == 1 || strides[i] == row);
            row *= shape[i];
        }
    }

    private static long[] longs(List<Long> values) {
        return values.stream().mapToLong(Long::longValue).toArray();
    }

    void run() {
        take(0, tensor.offset());
        flush();
    }

    private void take(int dimension, long element) {
        if (runs[dimension]) {
            long bytes = spans[dimension] * size;
            for (long done = 0; done < bytes; done += TensorData.CHUNK) {
                int length = (int) Math.min(TensorData.CHUNK, bytes - done);
                put(tensor.storage().bytes(element * size + done, length));
            }
        } else if (spans[dimension] <= WINDOW / size) {
            window = tensor.storage().bytes(element * size, (int) spans[dimension] * size);
            pick(dimension, window.position());
        } else {
            for (long i = 0; i < shape[dimension]; i++) {
                take(dimension + 1, element + i * strides[dimension]);
            }
        }
    }

    private void pick(int dimension, int at) {
        if (runs[dimension]) {
            int length = (int) spans[dimension] * size;
            if (length <= Long.BYTES) {
                pickOne(at, length);
            } else {
                put(window.duplicate().limit(at + length).position(at));
            }
        } else {
            int stride = (int) strides[dimension] * size;
            for (long i = 0; i < shape[dimension]; i++) {
                pick(dimension + 1, at + (int) i * stride);
            }
        }
    }

    private void pickOne(int at, int length) {
        if (out.remaining() < length) {
            flush();
        }
        switch (length) {
            case Byte.BYTES -> out.put(window.get(at));
            case Short.BYTES -> out.putShort(window.getShort(at));
            case Integer.BYTES -> out.putInt(window.getInt(at));
            case Long.BYTES -> out.putLong(window.getLong(at));
            default -> {
                for (int i = 0; i < length; i++) {
                    out.put(window.get(at + i));
                }
            }
        }
    }

    private void put(ByteBuffer bytes) {
        while (bytes.hasRemaining()) {
            if (!out.hasRemaining()) {
                flush();
            }
            int length = Math.min(out.remaining(), bytes.remaining());
            out.put(bytes.slice(bytes.position(), length));
            bytes.position(bytes.position() + length);
        }
    }

    private void flush() {
        if (out.position() > 0) {
            use.accept(out.flip());
            out.clear();
        }
    }
}
