package org.anneal.checkpoint;

import java.nio.ByteBuffer;
import java.util.Objects;

/** A part of a storage, which files from before PyTorch 1.6 may have. */
final class SlicedStorage implements Storage {
    private final Storage base;
    private final long start;
    private final long size;

    /** @throws IndexOutOfBoundsException if the part is not within {@code base} */
    SlicedStorage(Storage base, long start, long size) {
        this.base = base;
        this.start = start;
        this.size = size;
        Objects.checkFromIndexSize(start, size, base.size());
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public ByteBuffer bytes(long position, int length) {
        return base.bytes(start + Objects.checkFromIndexSize(position, length, size), length);
    }
}
