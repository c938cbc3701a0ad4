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
    FLOAT8_E4M3FNUZ(1),
    FLOAT8_E5M2FNUZ(1),
    FLOAT8_E8M0FNU(1),
    /** Two numbers in a byte. */
    FLOAT4_E2M1FN_X2(1),
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
    COMPLEX64(8),
    COMPLEX32(4),
    BITS16(2),
    BITS8(1),
    BITS4X2(1),
    BITS2X4(1),
    BITS1X8(1);

    private final int size;

    DType(int size) {
        this.size = size;
    }

    /** {@return the size of an element in bytes} */
    public int size() {
        return size;
    }

    /** {@return whether an element is one real number: not complex, a pair in a byte, or mere bits} */
    public boolean isReal() {
        return switch (this) {
            case FLOAT4_E2M1FN_X2, COMPLEX128, COMPLEX64, COMPLEX32, BITS16, BITS8, BITS4X2, BITS2X4, BITS1X8 -> false;
            default -> true;
        };
    }

    /** {@return PyTorch's name: {@code float32}} */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
