package org.anneal.checkpoint;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;

/** An open file whose bytes are read by position. Errors are one line that names the file. */
final class FileBytes implements Closeable {
    private final Path path;
    private final FileChannel channel;
    private long size;
    private Optional<FileBytes> scratch = Optional.empty();

    private FileBytes(Path path, FileChannel channel) throws IOException {
        this.path = path;
        this.channel = channel;
        this.size = channel.size();
    }

    /** Reads a value from a file. */
    @FunctionalInterface
    interface Reader<T> {
        T read(FileBytes file) throws IOException;
    }

    /**
     * Opens a file and reads its beginning; the result owns the file and closes it.
     *
     * @throws IOException "cannot read FILE: WHY"; the file is closed then
     */
    static <T> T open(Path path, Reader<T> reader) throws IOException {
        try {
            BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
            if (!attributes.isRegularFile()) { // opening a pipe would wait for its writer
                throw new IOException(attributes.isDirectory() ? "it is a folder" : "it is not a regular file");
            }
            FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
            FileBytes file = new FileBytes(path, channel);
            try {
                if (file.size == 0) {
                    throw new IOException("it is empty");
                }
                return reader.read(file);
            } catch (IOException | RuntimeException | Error e) {
                file.close();
                throw e;
            }
        } catch (IOException e) {
            throw new IOException("cannot read " + path + ": " + AtomicFile.reason(e), e);
        }
    }

    long size() {
        return size;
    }

    /** {@return {@code length} bytes in a new little-endian buffer} */
    ByteBuffer read(long position, int length) throws IOException {
        if (position < 0 || length < 0 || length > size - position) {
            throw new IOException("it is damaged or truncated: it has no " + length + " bytes at " + position);
        }
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, position + bytes.position()) < 0) {
                throw new IOException("it was truncated while it was read");
            }
        }
        return bytes.flip();
    }

    /**
     * Reads bytes after {@link #open} has returned.
     *
     * @throws IllegalStateException if the file was closed
     */
    ByteBuffer readLater(long position, int length) throws IOException {
        try {
            return read(position, length);
        } catch (ClosedChannelException e) {
            throw new IllegalStateException(path + " is closed: read its tensors before closing it", e);
        } catch (IOException e) {
            throw new IOException("cannot read " + path + ": " + AtomicFile.reason(e), e);
        }
    }

    /** {@return a temporary file for data that is compressed in this one, deleted when this one is closed} */
    FileBytes scratch(long bytes) throws IOException {
        Path folder = Path.of(System.getProperty("java.io.tmpdir"));
        AtomicFile.checkSpace(folder, bytes);
        if (scratch.isEmpty()) {
            Path name = Files.createTempFile(folder, "anneal", ".tmp");
            scratch = Optional.of(new FileBytes(
                    path,
                    FileChannel.open(
                            name,
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.DELETE_ON_CLOSE)));
        }
        return scratch.get();
    }

    /** Adds bytes to the end. */
    void append(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            size += channel.write(bytes, size);
        }
    }

    @Override
    public String toString() {
        return path.toString();
    }

    @Override
    public void close() throws IOException {
        channel.close();
        if (scratch.isPresent()) {
            scratch.get().close();
        }
    }
}
