package org.anneal.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A {@code float[]} as a storage; its bytes are converted when they are read. */
final class FloatArrayStorage implements Storage {
    private final float[] values;

    FloatArrayStorage(float[] values) {
        this.values = values;
    }

    @Override
    public long size() {
        return (long) values.length * Float.BYTES;
    }

    @Override
    public ByteBuffer bytes(long position, int length) {
        long end = Math.addExact(position, length);
        if (position < 0 || length < 0 || end > size()) {
            throw new IndexOutOfBoundsException(
                    "there must be " + length + " bytes at " + position + ", but the storage has " + size());
        }
        int first = (int) (position / Float.BYTES);
        int last = (int) ((end + Float.BYTES - 1) / Float.BYTES);
        ByteBuffer bytes = ByteBuffer.allocate((last - first) * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values, first, last - first);
        return bytes.position((int) (position - (long) first * Float.BYTES)).limit(bytes.position() + length);
    }
}
