package org.anneal.train;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.anneal.checkpoint.DType;
import org.anneal.checkpoint.Storage;
import org.anneal.checkpoint.TensorData;

/** A copy of a tensor's elements, which stays as it is when the network is trained on or the file is closed. */
final class TensorBytes implements Storage {
    private final byte[] bytes;

    private TensorBytes(byte[] bytes) {
        this.bytes = bytes;
    }

    /** {@return a copy of {@code tensor}} */
    static TensorData copy(TensorData tensor) {
        ByteBuffer bytes = ByteBuffer.allocate(
                Math.toIntExact(tensor.count() * tensor.dtype().size()));
        tensor.forEachChunk(bytes::put);
        return TensorData.of(tensor.dtype(), new TensorBytes(bytes.array()), tensor.shape());
    }

    /** {@return copies of all of {@code tensors}} */
    static Map<String, TensorData> copy(Map<String, TensorData> tensors) {
        Map<String, TensorData> copies = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> copies.put(name, copy(tensor)));
        return copies;
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
