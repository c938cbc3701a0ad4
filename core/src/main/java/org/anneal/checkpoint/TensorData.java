package org.anneal.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * A tensor in a file or a state dict, whatever its engine: a view of a storage. It is not a copy: if the storage is an engine's
 * memory, it shows the values at the time it is read.
 *
 * <p>Two are equal if they are the same view of the same storage object. To compare their numbers, read them.
 *
 * @param dtype of the elements
 * @param storage where the elements are
 * @param offset of the first element, in elements, at least 0
 * @param shape the size of each dimension; empty for a single number
 * @param strides elements from one index to the next in each dimension, one per dimension, at least 0
 */
public record TensorData(DType dtype, Storage storage, long offset, List<Long> shape, List<Long> strides) {
    /** The most bytes that {@link #forEachChunk} passes at once; a multiple of every element size. */
    static final int CHUNK = 1 << 20;

    private static final int MOST_DIMENSIONS = 64; // as in PyTorch's iterators

    /**
     * @throws IllegalArgumentException if the view reaches past its storage, a size or a stride is below 0, there are more
     *     than 64 dimensions, or more elements than a long can count
     */
    public TensorData {
        Objects.requireNonNull(dtype, "dtype");
        Objects.requireNonNull(storage, "storage");
        shape = copy("shape", shape);
        strides = copy("strides", strides);
        if (shape.size() != strides.size()) {
            throw new IllegalArgumentException(
                    "strides must have one entry per dimension, so " + shape.size() + ", but had " + strides.size());
        }
        if (offset < 0
                || shape.stream().anyMatch(n -> n < 0)
                || strides.stream().anyMatch(n -> n < 0)) {
            throw new IllegalArgumentException("offset, shape and strides must be at least 0, but were " + offset + ", "
                    + shape + " and " + strides);
        }
        if (shape.size() > MOST_DIMENSIONS) {
            throw new IllegalArgumentException(
                    "a tensor must have at most " + MOST_DIMENSIONS + " dimensions, but had " + shape.size());
        }
        if (!shape.contains(0L)) {
            long elements = storage.size() / dtype.size();
            long last = offset;
            try {
                Math.multiplyExact(product(shape), dtype.size());
                for (int i = 0; i < shape.size(); i++) {
                    last = Math.addExact(last, Math.multiplyExact(shape.get(i) - 1, strides.get(i)));
                }
            } catch (ArithmeticException e) {
                last = Long.MAX_VALUE;
            }
            if (last >= elements) {
                throw new IllegalArgumentException("a tensor of shape " + shape + " and strides " + strides
                        + " from element " + offset + " must lie within its storage of " + elements + " elements");
            }
        }
    }

    private static List<Long> copy(String name, List<Long> sizes) {
        Objects.requireNonNull(sizes, name).forEach(size -> Objects.requireNonNull(size, name));
        return List.copyOf(sizes);
    }

    /** {@return a contiguous tensor at the start of {@code storage}} */
    public static TensorData of(DType dtype, Storage storage, List<Long> shape) {
        return new TensorData(dtype, storage, 0, shape, contiguousStrides(copy("shape", shape)));
    }

    /** {@return a scalar of float32, as which PyTorch keeps a parameter's step} */
    public static TensorData scalar(double value) {
        return scalar(DType.FLOAT32, value);
    }

    /**
     * {@return a scalar, rounded to its type}
     *
     * @param dtype float32, float64 or int64
     */
    public static TensorData scalar(DType dtype, double value) {
        Objects.requireNonNull(dtype, "dtype");
        ByteBuffer bytes = ByteBuffer.allocate(dtype.size()).order(ByteOrder.LITTLE_ENDIAN);
        switch (dtype) {
            case FLOAT32 -> bytes.putFloat((float) value);
            case FLOAT64 -> bytes.putDouble(value);
            case INT64 -> bytes.putLong((long) value);
            default -> throw new IllegalArgumentException("dtype must be float32, float64 or int64, but was " + dtype);
        }
        return of(dtype, new HeapStorage(bytes.array()), List.of());
    }

    /**
     * {@return a contiguous float32 tensor over {@code values}: a view, which shows the array's values at the time it is read}
     *
     * @throws IllegalArgumentException if {@code shape} needs more values than there are
     */
    public static TensorData of(float[] values, List<Long> shape) {
        return of(DType.FLOAT32, new FloatArrayStorage(Objects.requireNonNull(values, "values")), shape);
    }

    /**
     * {@return a contiguous float64 tensor with a copy of {@code values}}
     *
     * @throws IllegalArgumentException if {@code shape} needs more values than there are
     */
    public static TensorData of(double[] values, List<Long> shape) {
        Objects.requireNonNull(values, "values");
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asDoubleBuffer().put(values);
        return of(DType.FLOAT64, new HeapStorage(bytes.array()), shape);
    }

    /** {@return the number of elements} */
    public long count() {
        return shape.contains(0L) ? 0 : product(shape);
    }

    private static long product(List<Long> shape) {
        return shape.stream().reduce(1L, Math::multiplyExact);
    }

    /** {@return whether the elements lie in row-major order without gaps} */
    boolean contiguous() {
        long stride = 1;
        for (int i = shape.size() - 1; i >= 0; i--) {
            if (shape.get(i) != 1 && strides.get(i) != stride) {
                return shape.contains(0L);
            }
            stride *= shape.get(i);
        }
        return true;
    }

    /**
     * Passes all elements, in row-major order, to {@code use} as little-endian bytes between a buffer's position and limit:
     * whole elements, about a megabyte at a time. A chunk is valid only during the call and must not be written to. Nothing is
     * copied if the tensor is contiguous and its storage returns views.
     *
     * @throws IllegalStateException if the storage's file or owner is closed
     * @throws java.io.UncheckedIOException if the storage's file cannot be read
     */
    public void forEachChunk(Consumer<ByteBuffer> use) {
        if (!contiguous()) {
            new Gather(this, use).run();
            return;
        }
        long bytes = count() * dtype.size();
        for (long done = 0; done < bytes; done += CHUNK) {
            use.accept(storage.bytes(offset * dtype.size() + done, (int) Math.min(CHUNK, bytes - done)));
        }
    }

    /**
     * {@return a contiguous copy in memory, which stays as it is when this tensor's memory changes}
     *
     * @throws IllegalArgumentException if it has more bytes than an array can hold
     * @throws IllegalStateException as {@link #forEachChunk}
     */
    public TensorData copy() {
        long bytes = Math.multiplyExact(count(), dtype.size());
        if (bytes > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("a Java array cannot hold the " + bytes + " bytes of this tensor");
        }
        ByteBuffer copy = ByteBuffer.allocate((int) bytes);
        forEachChunk(copy::put);
        return of(dtype, new HeapStorage(copy.array()), shape);
    }

    /**
     * {@return the elements in row-major order as floats: rounded from a wider type, a bool as 0 or 1}
     *
     * @throws IllegalArgumentException if they are not {@linkplain DType#isReal real}, or more than an array can hold
     * @throws IllegalStateException as {@link #forEachChunk}
     */
    public float[] toFloats() {
        float[] values = new float[arrayLength()];
        int[] done = {0};
        forEachChunk(chunk -> done[0] = Elements.read(dtype, chunk, values, done[0]));
        return values;
    }

    /**
     * {@return the elements in row-major order as doubles: int64 rounded, a bool as 0 or 1}
     *
     * @throws IllegalArgumentException if they are not {@linkplain DType#isReal real}, or more than an array can hold
     * @throws IllegalStateException as {@link #forEachChunk}
     */
    public double[] toDoubles() {
        double[] values = new double[arrayLength()];
        int[] done = {0};
        forEachChunk(chunk -> done[0] = Elements.read(dtype, chunk, values, done[0]));
        return values;
    }

    /**
     * {@return the value of a tensor of one element}
     *
     * @throws IllegalArgumentException if there is not exactly one element, or it is not {@linkplain DType#isReal real}
     * @throws IllegalStateException as {@link #forEachChunk}
     */
    public double item() {
        if (count() != 1) {
            throw new IllegalArgumentException(
                    "a tensor must have exactly one element for item(), but its shape was " + shape);
        }
        return toDoubles()[0];
    }

    private int arrayLength() {
        if (!dtype.isReal()) {
            throw new IllegalArgumentException("a tensor must be real to be read as numbers, but was " + dtype);
        }
        if (count() > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(
                    "a Java array cannot hold the " + count() + " elements of this tensor: read it with forEachChunk");
        }
        return (int) count();
    }

    /** {@return the strides of a contiguous tensor} */
    static List<Long> contiguousStrides(List<Long> shape) {
        List<Long> strides = new ArrayList<>();
        long stride = 1;
        for (int i = shape.size() - 1; i >= 0; i--) {
            strides.add(stride);
            stride *= Math.max(1, shape.get(i));
        }
        Collections.reverse(strides);
        return strides;
    }
}
