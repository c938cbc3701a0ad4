package org.anneal.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.zip.CRC32;

/**
 * Bytes that stay in a file until they are read. If the file has their checksum and they are read from first to last, in
 * pieces of any size, the checksum is verified with the last piece. Bytes read in another order are not verified.
 */
final class FileStorage implements Storage {
    private final FileBytes file;
    private final String name;
    private long start;
    private final long size;
    private final OptionalLong expected;
    private final CRC32 checksum = new CRC32();
    private long checked; // bytes from the start that are in the checksum

    /**
     * A part of a file.
     *
     * @param name what messages call it
     * @param start position of its first byte in the file
     * @param expected its CRC-32, if the file has one
     */
    FileStorage(FileBytes file, String name, long start, long size, OptionalLong expected) {
        this.file = file;
        this.name = name;
        this.start = start;
        this.size = size;
        this.expected = expected;
    }

    /** Sets the position in the file, if it was not known at first. */
    void place(long position) {
        start = position;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public synchronized ByteBuffer bytes(long position, int length) {
        Objects.checkFromIndexSize(position, length, size);
        try {
            ByteBuffer bytes = file.readLater(start + position, length);
            if (expected.isPresent()) {
                check(position, bytes);
            }
            return bytes;
        } catch (IOException e) {
            throw new UncheckedIOException(String.valueOf(e.getMessage()), e);
        }
    }

    /** Reads all bytes to verify their checksum. */
    void verify() throws IOException {
        try {
            for (long done = 0; done < size; done += TensorData.CHUNK) {
                bytes(done, (int) Math.min(TensorData.CHUNK, size - done));
            }
        } catch (UncheckedIOException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private void check(long position, ByteBuffer bytes) throws IOException {
        if (position == 0) {
            checksum.reset();
            checked = 0;
        }
        if (position != checked) {
            return;
        }
        checked += bytes.remaining();
        checksum.update(bytes.duplicate());
        if (checked == size && checksum.getValue() != expected.getAsLong()) {
            throw new IOException("cannot read " + file + ": " + ZipReader.shown(name) + " is damaged: its checksum is "
                    + hex(checksum.getValue()) + ", but was " + hex(expected.getAsLong()) + " when it was written");
        }
    }

    static String hex(long checksum) {
        return String.format("%08x", checksum);
    }
}
