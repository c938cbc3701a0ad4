package org.anneal.checkpoint;

import java.nio.ByteBuffer;

/**
 * The memory that tensors are views of: little-endian bytes, in an array, in native memory or in a file, and possibly more
 * than a Java array can have. Two tensors share memory if they have the same storage object.
 */
public interface Storage {

    /** {@return how many bytes there are} */
    long size();

    /**
     * {@return some of the bytes, from its position to its limit, little-endian and not to be written to: a view where the
     * memory allows one, else a copy, which stays as it is until the next call}
     *
     * @param position of the first, from 0
     * @param length how many, at most a few megabytes where a copy may be needed
     * @throws IllegalStateException if the memory is no longer there: its file or its owner was closed
     * @throws java.io.UncheckedIOException if it lies in a file that cannot be read
     */
    ByteBuffer bytes(long position, int length);
}
