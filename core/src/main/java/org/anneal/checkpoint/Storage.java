package org.anneal.checkpoint;

import java.nio.ByteBuffer;

/**
 * The memory that tensors are views of: little-endian bytes in an array, in native memory or in a file, possibly more than a
 * Java array can hold. Two tensors share memory if they have the same storage object.
 */
public interface Storage {

    /** {@return the number of bytes} */
    long size();

    /**
     * {@return {@code length} bytes from {@code position} on, between the buffer's position and limit, little-endian} They must
     * not be written to: they are a view where the memory allows one, else a copy that is valid until the next call.
     *
     * @param position of the first byte, from 0
     * @param length at most a few megabytes, since they may be copied
     * @throws IllegalStateException if the file or the memory's owner is closed
     * @throws java.io.UncheckedIOException if the file cannot be read
     */
    ByteBuffer bytes(long position, int length);
}
