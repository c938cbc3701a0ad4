package org.anneal.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Consumer;

/** A storage whose numbers are converted as they are read, each to one of the same size. */
final class ConvertedStorage implements Storage {
    private final Storage base;
    private final int unit;
    private final Consumer<ByteBuffer> change;

    /**
     * @param unit the bytes that are converted together
     * @param change converts all units of a buffer in place
     */
    private ConvertedStorage(Storage base, int unit, Consumer<ByteBuffer> change) {
        this.base = base;
        this.unit = unit;
        this.change = change;
    }

    /** {@return big-endian numbers as little-endian ones} */
    static Storage swapped(DType dtype, Storage base) {
        int size = part(dtype);
        return size == 1
                ? base
                : new ConvertedStorage(base, size, bytes -> {
                    for (int at = 0; at < bytes.limit(); at += size) {
                        for (int i = 0; i < size / 2; i++) {
                            byte first = bytes.get(at + i);
                            bytes.put(at + i, bytes.get(at + size - 1 - i));
                            bytes.put(at + size - 1 - i, first);
                        }
                    }
                });
    }

    /**
     * {@return complex numbers with their imaginary parts negated}
     *
     * @throws IllegalArgumentException if {@code dtype} is not complex
     */
    static Storage conjugated(DType dtype, Storage base) {
        if (part(dtype) == dtype.size()) {
            throw new IllegalArgumentException("a conjugated tensor must be complex, but was " + dtype);
        }
        int size = dtype.size();
        return new ConvertedStorage(base, size, bytes -> flip(bytes, size - 1, size));
    }

    /**
     * {@return numbers negated}
     *
     * @throws IllegalArgumentException if the type cannot be negated: a bool, a float of 8 bits
     */
    static Storage negated(DType dtype, Storage base) {
        int size = part(dtype);
        return switch (dtype) {
            case FLOAT64, FLOAT32, FLOAT16, BFLOAT16, COMPLEX128, COMPLEX64, COMPLEX32 ->
                new ConvertedStorage(base, size, bytes -> flip(bytes, size - 1, size));
            case INT64, INT32, INT16, INT8, UINT64, UINT32, UINT16, UINT8 ->
                new ConvertedStorage(base, size, bytes -> {
                    for (int at = 0; at < bytes.limit(); at += size) {
                        int carry = 1; // two's complement
                        for (int i = at; i < at + size; i++) {
                            carry += ~bytes.get(i) & 0xff;
                            bytes.put(i, (byte) carry);
                            carry >>= 8;
                        }
                    }
                });
            default -> throw new IllegalArgumentException("a negated tensor must be of numbers, but was " + dtype);
        };
    }

    /** Flips the sign of the numbers whose highest bytes are at {@code first}, {@code first + step}, ... */
    private static void flip(ByteBuffer bytes, int first, int step) {
        for (int at = first; at < bytes.limit(); at += step) {
            bytes.put(at, (byte) (bytes.get(at) ^ 0x80));
        }
    }

    /** {@return the size of a number in bytes; a complex one counts as two numbers} */
    private static int part(DType dtype) {
        return switch (dtype) {
            case COMPLEX128, COMPLEX64, COMPLEX32 -> dtype.size() / 2;
            default -> dtype.size();
        };
    }

    @Override
    public long size() {
        return base.size();
    }

    @Override
    public ByteBuffer bytes(long position, int length) {
        int before = (int) (position % unit);
        int whole = (before + length + unit - 1) / unit * unit;
        ByteBuffer from = base.bytes(position - before, (int) Math.min(whole, size() - position + before));
        ByteBuffer bytes = ByteBuffer.allocate(from.remaining()).put(from).flip();
        change.accept(bytes);
        return bytes.position(before).limit(before + length).order(ByteOrder.LITTLE_ENDIAN);
    }
}
