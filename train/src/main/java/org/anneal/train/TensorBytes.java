package org.anneal.train;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.anneal.checkpoint.DType;
import org.anneal.checkpoint.Storage;
import org.anneal.checkpoint.TensorData;

/** Numbers as a tensor of a checkpoint. */
final class TensorBytes implements Storage {
    private final byte[] bytes;

    private TensorBytes(byte[] bytes) {
        this.bytes = bytes;
    }

    /** {@return a float64 tensor of {@code values}} */
    static TensorData of(double[] values, List<Long> shape) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asDoubleBuffer().put(values);
        return TensorData.of(DType.FLOAT64, new TensorBytes(bytes.array()), shape);
    }

    @Override
    public long size() {
        return bytes.length;
    }

    @Override
    public ByteBuffer bytes(long position, int length) {
        return ByteBuffer.wrap(bytes, Math.toIntExact(position), length)
                .slice()
                .asReadOnlyBuffer()
                .order(ByteOrder.LITTLE_ENDIAN);
    }
}
