package org.anneal.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A {@code byte[]} as a storage. */
final class HeapStorage implements Storage {
    private final byte[] bytes;

    HeapStorage(byte[] bytes) {
        this.bytes = bytes;
    }

    @Override
    public long size() {
        return bytes.length;
    }

    @Override
    public ByteBuffer bytes(long position, int length) {
        return ByteBuffer.wrap(bytes, Math.toIntExact(position), length)
                .slice()
                .order(ByteOrder.LITTLE_ENDIAN)
                .asReadOnlyBuffer()
                .order(ByteOrder.LITTLE_ENDIAN);
    }
}
