package org.anneal.djl;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import org.anneal.checkpoint.DType;
import org.anneal.checkpoint.Storage;
import org.anneal.checkpoint.TensorData;

/** DJL's arrays of floats, read and written in row-major order. */
final class NDArrays {
    private static final float[] ZEROS = new float[1 << 12];
    private static final NDIndex ALL = new NDIndex("...");

    private NDArrays() {}

    static List<Long> shape(NDArray array) {
        return Arrays.stream(array.getShape().getShape()).boxed().toList();
    }

    static boolean isOnCpu(NDArray array) {
        return array.getDevice().getDeviceType().equals(Device.Type.CPU);
    }

    /**
     * {@return whether {@link #bytes} are the array's own memory, and not a copy} They are one on other devices, and where the elements are
     * not in row-major order, as in a transposed view.
     */
    static boolean isDirect(NDArray array) {
        if (!isOnCpu(array) || array.size() == 0) {
            return false;
        }
        int before = bytes(array).get(0);
        bytes(array).put(0, (byte) ~before);
        boolean direct = bytes(array).get(0) != before;
        if (direct) {
            bytes(array).put(0, (byte) before);
        }
        return direct;
    }

    private static ByteBuffer bytes(NDArray array) {
        return array.toByteBuffer(true);
    }

    /** @param direct whether the array {@linkplain #isDirect is} */
    static void read(NDArray array, float[] into, boolean direct) {
        (direct ? bytes(array) : copied(array)).asFloatBuffer().get(into);
    }

    /** {@return a copy in row-major order; DJL's own would leave handles behind} */
    private static ByteBuffer copied(NDArray array) {
        try (NDArray host = array.toDevice(Device.cpu(), true);
                NDArray row = host.flatten()) {
            ByteBuffer bytes = bytes(row);
            return ByteBuffer.allocate(bytes.capacity())
                    .order(ByteOrder.nativeOrder())
                    .put(bytes)
                    .flip();
        }
    }

    /** @param direct whether the array {@linkplain #isDirect is} */
    static void write(float[] from, NDArray array, boolean direct) {
        if (direct) {
            bytes(array).asFloatBuffer().put(from);
        } else {
            set(array, FloatBuffer.wrap(from));
        }
    }

    /**
     * Fills an array with zeros, whatever it holds: NaN * 0 would stay NaN.
     *
     * @param direct whether the array {@linkplain #isDirect is}
     */
    static void zero(NDArray array, boolean direct) {
        if (!direct) {
            array.set(ALL, 0f);
            return;
        }
        FloatBuffer floats = bytes(array).asFloatBuffer();
        while (floats.hasRemaining()) {
            floats.put(ZEROS, 0, Math.min(ZEROS.length, floats.remaining()));
        }
    }

    /** An array that requires gradients refuses to be written in place, but one that shares its memory does not. */
    private static void set(NDArray array, Buffer values) {
        try (NDArray host = array.getManager().create(values, array.getShape(), array.getDataType());
                NDArray plain = array.stopGradient()) {
            plain.set(ALL, host);
        }
    }

    /** {@return the array as it goes into a file: a view, where it can be one, to be read before the array changes} */
    static TensorData data(NDArray array) {
        ByteBuffer bytes = isDirect(array) ? bytes(array) : copied(array);
        return TensorData.of(type(array.getDataType()), new Bytes(bytes), shape(array));
    }

    /** Copies {@code data}, of the same type and shape, into {@code array}. */
    static void load(NDArray array, TensorData data) {
        boolean direct = isDirect(array);
        ByteBuffer bytes = direct
                ? bytes(array)
                : ByteBuffer.allocateDirect(
                        Math.toIntExact(data.count() * data.dtype().size()));
        data.forEachChunk(bytes::put);
        if (!direct) {
            set(array, bytes.flip());
        }
    }

    private static DType type(DataType type) {
        return switch (type) {
            case FLOAT64 -> DType.FLOAT64;
            case FLOAT32 -> DType.FLOAT32;
            case FLOAT16 -> DType.FLOAT16;
            case BFLOAT16 -> DType.BFLOAT16;
            case INT64 -> DType.INT64;
            case INT32 -> DType.INT32;
            case INT8 -> DType.INT8;
            case UINT8 -> DType.UINT8;
            case BOOLEAN -> DType.BOOL;
            default ->
                throw new IllegalStateException("a parameter must have numbers to be saved, but was of type " + type);
        };
    }

    /** The memory of an array, or of a copy. */
    private record Bytes(ByteBuffer bytes) implements Storage {
        @Override
        public long size() {
            return bytes.capacity();
        }

        @Override
        public ByteBuffer bytes(long position, int length) {
            return bytes.slice((int) position, length).order(ByteOrder.LITTLE_ENDIAN);
        }
    }
}
