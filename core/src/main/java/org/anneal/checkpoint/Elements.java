package org.anneal.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Reads the elements of a tensor as numbers, whatever their type. */
final class Elements {
    private Elements() {}

    /** Reads what remains of {@code from} into {@code to}, and returns the index after the last. */
    static int read(DType dtype, ByteBuffer from, float[] to, int index) {
        ByteBuffer bytes = from.order(ByteOrder.LITTLE_ENDIAN);
        int end = index + bytes.remaining() / dtype.size();
        if (dtype == DType.FLOAT32) {
            bytes.asFloatBuffer().get(to, index, end - index);
            return end;
        }
        int at = bytes.position();
        for (int i = index; i < end; i++, at += dtype.size()) {
            to[i] = switch (dtype) {
                case INT64 -> (float) bytes.getLong(at); // rounded once, not to a double first
                case UINT64 -> unsignedFloat(bytes.getLong(at));
                default -> (float) number(dtype, bytes, at);
            };
        }
        return end;
    }

    /** Reads what remains of {@code from} into {@code to}, and returns the index after the last. */
    static int read(DType dtype, ByteBuffer from, double[] to, int index) {
        ByteBuffer bytes = from.order(ByteOrder.LITTLE_ENDIAN);
        int end = index + bytes.remaining() / dtype.size();
        int at = bytes.position();
        for (int i = index; i < end; i++, at += dtype.size()) {
            to[i] = number(dtype, bytes, at);
        }
        return end;
    }

    private static double number(DType dtype, ByteBuffer bytes, int at) {
        return switch (dtype) {
            case FLOAT64 -> bytes.getDouble(at);
            case FLOAT32 -> bytes.getFloat(at);
            case FLOAT16 -> half(bytes.getShort(at));
            case BFLOAT16 -> Float.intBitsToFloat(bytes.getShort(at) << 16);
            case FLOAT8_E4M3FN -> e4m3fn(bytes.get(at));
            case FLOAT8_E5M2 -> half((short) (bytes.get(at) << 8)); // the upper byte of a half
            case FLOAT8_E4M3FNUZ -> fnuz(bytes.get(at), 3, 8);
            case FLOAT8_E5M2FNUZ -> fnuz(bytes.get(at), 2, 16);
            case FLOAT8_E8M0FNU -> e8m0fnu(bytes.get(at));
            case INT64 -> bytes.getLong(at);
            case INT32 -> bytes.getInt(at);
            case INT16 -> bytes.getShort(at);
            case INT8 -> bytes.get(at);
            case UINT64 -> unsignedDouble(bytes.getLong(at));
            case UINT32 -> Integer.toUnsignedLong(bytes.getInt(at));
            case UINT16 -> Short.toUnsignedInt(bytes.getShort(at));
            case UINT8 -> Byte.toUnsignedInt(bytes.get(at));
            case BOOL -> bytes.get(at) == 0 ? 0 : 1;
            case FLOAT4_E2M1FN_X2, COMPLEX128, COMPLEX64, COMPLEX32, BITS16, BITS8, BITS4X2, BITS2X4, BITS1X8 ->
                throw new IllegalArgumentException("a number must be real, but was " + dtype);
        };
    }

    /** IEEE 754 binary16: 1 bit of sign, 5 of exponent with bias 15, 10 of mantissa. (JDK 20 has it.) */
    private static float half(short bits) {
        return small(bits < 0, (bits >> 10) & 0x1f, bits & 0x3ff, 10, 15, 0x1f);
    }

    /** 1 bit of sign, 4 of exponent with bias 7, 3 of mantissa; no infinity, and all ones is NaN (arXiv:2209.05433). */
    private static float e4m3fn(byte bits) {
        return (bits & 0x7f) == 0x7f ? Float.NaN : small(bits < 0, (bits >> 3) & 0xf, bits & 7, 3, 7, 0x10);
    }

    /** 1 bit of sign, {@code width} of mantissa, no infinity and no -0, in whose place is NaN (arXiv:2206.02915). */
    private static float fnuz(byte bits, int width, int bias) {
        int exponents = 1 << (7 - width);
        int exponent = (bits >> width) & (exponents - 1);
        return bits == Byte.MIN_VALUE
                ? Float.NaN
                : small(bits < 0, exponent, bits & ((1 << width) - 1), width, bias, exponents);
    }

    /** 8 bits of exponent with bias 127 and nothing else; all ones is NaN (OCP Microscaling Formats 1.0). */
    private static float e8m0fnu(byte bits) {
        return bits == -1 ? Float.NaN : Math.scalb(1f, Byte.toUnsignedInt(bits) - 127);
    }

    private static float small(boolean negative, int exponent, int mantissa, int width, int bias, int special) {
        float magnitude;
        if (exponent == special) {
            magnitude = mantissa == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
        } else if (exponent == 0) { // subnormal
            magnitude = Math.scalb((float) mantissa, 1 - bias - width);
        } else {
            magnitude = Math.scalb((float) (mantissa + (1 << width)), exponent - bias - width);
        }
        return negative ? -magnitude : magnitude;
    }

    /** Halves what a signed long cannot hold; the bit shifted out is kept as a sticky bit, so that it is rounded once. */
    private static float unsignedFloat(long bits) {
        return bits >= 0 ? bits : 2 * (float) ((bits >>> 1) | (bits & 1));
    }

    private static double unsignedDouble(long bits) {
        return bits >= 0 ? bits : 2 * (double) ((bits >>> 1) | (bits & 1));
    }
}
