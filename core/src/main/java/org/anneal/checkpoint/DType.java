package org.anneal.checkpoint;

import java.util.Locale;

/** The element types of PyTorch's tensors. */
public enum DType {
    FLOAT64(8),
    FLOAT32(4),
    FLOAT16(2),
    BFLOAT16(2),
    FLOAT8_E4M3FN(1),
    FLOAT8_E5M2(1),
    INT64(8),
    INT32(4),
    INT16(2),
    INT8(1),
    UINT64(8),
    UINT32(4),
    UINT16(2),
    UINT8(1),
    BOOL(1),
    COMPLEX128(16),
    COMPLEX64(8);

    private final int size;

    DType(int size) {
        this.size = size;
    }

    /** {@return the bytes of an element} */
    public int size() {
        return size;
    }

    /** {@return PyTorch's name: {@code float32}} */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
