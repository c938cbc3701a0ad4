package org.anneal.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * A quantized tensor's integers as the float32 numbers they encode: {@code (x - zeroPoint) * scale}. Each channel (an index of
 * one dimension) may have its own scale and zero point. Elements stay in place: shape, strides and offset are those of the
 * integers.
 *
 * <p>Source: bit for bit what {@code dequantize()} of PyTorch 2.13 returns
 * ({@code aten/src/ATen/native/quantized/AffineQuantizer.cpp}), which rounds differently in each of the three schemes.
 */
final class DequantizedStorage implements Storage {
    private final TensorData integers;
    private final Scheme scheme;

    /** Decodes an integer, given its position in the storage. */
    interface Scheme {
        float number(int integer, long position);
    }

    DequantizedStorage(TensorData integers, Scheme scheme) {
        this.integers = integers;
        this.scheme = scheme;
    }

    /** {@return a scheme of one scale and zero point for all elements} */
    static Scheme perTensor(double scale, long zeroPoint) {
        return (integer, position) -> (integer - (int) zeroPoint) * (float) scale;
    }

    /**
     * A scale and a zero point per channel. They are read when first needed: in a file from before PyTorch 1.6 the tensors' data
     * come after everything else.
     */
    static final class PerChannel implements Scheme {
        private final TensorData scaleTensor;
        private final TensorData zeroPointTensor;
        private final boolean floats;
        private final long offset;
        private final long stride;
        private final long period; // of the channels, in elements
        private double[] scales = {};
        private double[] zeroPoints = {};

        /**
         * @param axis the dimension whose indices are the channels
         * @param floats whether scales and zero points are float32, as in {@code per_channel_affine_float_qparams}
         * @throws IllegalArgumentException if there is not a scale and a zero point for each channel, or the tensor is a view
         *     in which an element's position does not determine its channel
         */
        PerChannel(TensorData integers, TensorData scales, TensorData zeroPoints, long axis, boolean floats) {
            List<Long> shape = integers.shape();
            if (axis < 0 || axis >= shape.size()) {
                throw new IllegalArgumentException("axis must be a dimension of " + shape + ", but was " + axis);
            }
            long channels = shape.get((int) axis);
            for (TensorData each : List.of(scales, zeroPoints)) {
                if (!each.shape().equals(List.of(channels))
                        || !each.contiguous()
                        || !each.dtype().isReal()) {
                    throw new IllegalArgumentException(
                            "a quantized tensor must have a scale and a zero point for each of its " + channels
                                    + " channels, but had " + each.dtype() + " " + each.shape());
                }
            }
            this.scaleTensor = scales;
            this.zeroPointTensor = zeroPoints;
            this.floats = floats;
            offset = integers.offset();
            stride = channels <= 1
                    ? Long.MAX_VALUE
                    : Math.max(1, integers.strides().get((int) axis));
            long inside = 0; // elements from a channel's first to its last, in the dimensions inside it
            long outside = Long.MAX_VALUE;
            for (int i = 0; i < shape.size(); i++) {
                long each = integers.strides().get(i);
                if (i != axis && shape.get(i) > 1 && each < stride) {
                    inside += (shape.get(i) - 1) * each;
                } else if (i != axis && shape.get(i) > 1) {
                    outside = Math.min(outside, each);
                }
            }
            period = outside;
            boolean apart = inside < stride && period / stride >= channels;
            for (int i = 0; i < shape.size(); i++) {
                long each = integers.strides().get(i);
                apart &= i == axis || shape.get(i) <= 1 || each < stride || each % period == 0;
            }
            if (!apart && channels > 1 && integers.count() > 0) {
                throw new IllegalArgumentException(
                        "the channels of a quantized view must not be interleaved, but it had shape " + shape
                                + " and strides " + integers.strides() + ": save x.dequantize()");
            }
        }

        @Override
        public float number(int integer, long position) {
            if (scales.length == 0) {
                scales = scaleTensor.toDoubles();
                zeroPoints = zeroPointTensor.toDoubles();
            }
            long channel = Math.floorMod(position - offset, period) / stride;
            int i = (int) Math.min(channel, scales.length - 1); // the gap between rows of a view may hold more
            float above = (float) integer - (float) zeroPoints[i];
            return floats ? above * (float) scales[i] : (float) (above * scales[i]);
        }
    }

    @Override
    public long size() {
        return integers.storage().size() / integers.dtype().size() * Float.BYTES;
    }

    @Override
    public ByteBuffer bytes(long position, int length) {
        int size = integers.dtype().size();
        int before = (int) (position % Float.BYTES);
        long first = position / Float.BYTES;
        int count = (before + length + Float.BYTES - 1) / Float.BYTES;
        ByteBuffer from = integers.storage().bytes(first * size, count * size).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer bytes = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            int at = from.position() + i * size;
            int integer = switch (integers.dtype()) {
                case INT8 -> from.get(at);
                case UINT8 -> Byte.toUnsignedInt(from.get(at));
                default -> from.getInt(at);
            };
            bytes.putFloat(scheme.number(integer, first + i));
        }
        return bytes.position(before).limit(before + length);
    }
}
