package org.anneal.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A tensor as files and state dicts hold it, whatever engine it comes from or goes to: a view of a storage. It is not a
 * copy: where the storage is an engine's memory, it shows what is there when it is read.
 *
 * @param dtype of the elements
 * @param storage where they are
 * @param offset of the first element, in elements, at least 0
 * @param shape the size of each dimension; empty for a single number
 * @param strides elements from one index to the next in each dimension, as many as there are dimensions, at least 0
 */
public record TensorData(DType dtype, Storage storage, long offset, List<Long> shape, List<Long> strides) {

    /** @throws IllegalArgumentException if the view reaches past its storage, or a size or a stride is below 0 */
    public TensorData {
        shape = List.copyOf(shape);
        strides = List.copyOf(strides);
        if (shape.size() != strides.size()) {
            throw new IllegalArgumentException(
                    "strides must be as many as dimensions, " + shape.size() + ", but were " + strides.size());
        }
        if (offset < 0
                || shape.stream().anyMatch(n -> n < 0)
                || strides.stream().anyMatch(n -> n < 0)) {
            throw new IllegalArgumentException("offset, shape and strides must be at least 0, but were " + offset + ", "
                    + shape + " and " + strides);
        }
        if (!shape.contains(0L)) {
            long elements = storage.size() / dtype.size();
            long last = offset;
            try {
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

    /** {@return a tensor that is all of {@code storage}, row by row} */
    public static TensorData of(DType dtype, Storage storage, List<Long> shape) {
        return new TensorData(dtype, storage, 0, shape, contiguousStrides(shape));
    }

    /** {@return a single number as float32, as PyTorch keeps a parameter's step} */
    public static TensorData scalar(double value) {
        byte[] bytes = new byte[Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putFloat(0, (float) value);
        return of(DType.FLOAT32, new HeapStorage(bytes), List.of());
    }

    /** {@return how many elements there are} */
    public long count() {
        return shape.stream().reduce(1L, Math::multiplyExact);
    }

    /** {@return the strides of a tensor whose elements lie row by row without gaps} */
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
