package org.anneal.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileStore;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Writes files atomically: under a temporary name in the same folder, then renamed. */
public final class AtomicFile {
    private static final long MEGABYTE = 1 << 20;
    private static final Set<Path> UNFINISHED = ConcurrentHashMap.newKeySet();

    private AtomicFile() {}

    /** What fills a file. */
    @FunctionalInterface
    public interface Content {
        void writeTo(FileChannel file) throws IOException;
    }

    /**
     * Writes {@code file}, replacing an existing one; of a link, the file that it points to. When this returns, the bytes are on
     * the disk. When it throws or the process dies, the old file is unchanged.
     *
     * @throws IOException "cannot write FILE: WHY" if it cannot be written, or if {@code file} is not a regular file but a folder
     *     or a device
     */
    public static void write(Path file, Content content) throws IOException {
        write(file, 0, content);
    }

    /**
     * Writes bytes as {@link #write(Path, Content)} does.
     *
     * @throws IOException as that does
     */
    public static void write(Path file, byte[] bytes) throws IOException {
        ByteBuffer left = ByteBuffer.wrap(Objects.requireNonNull(bytes, "bytes"));
        write(file, channel -> {
            while (left.hasRemaining()) {
                channel.write(left);
            }
        });
    }

    /**
     * Writes {@code file} as {@link #write(Path, Content)} does, if the disk has room.
     *
     * @param bytes the least that {@code content} will write
     */
    static void write(Path file, long bytes, Content content) throws IOException {
        Objects.requireNonNull(content, "content");
        Path target = target(Objects.requireNonNull(file, "file"));
        Path temporary = target.resolveSibling(target.getFileName() + ".tmp");
        UNFINISHED.add(temporary);
        try {
            checkSpace(target.resolveSibling(""), bytes);
            try (FileChannel channel = FileChannel.open(
                    temporary,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE)) {
                content.writeTo(channel);
                channel.force(true);
            }
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            forceFolder(target);
        } catch (IOException e) {
            boolean noFolder = e instanceof NoSuchFileException && Files.notExists(target.resolveSibling(""));
            String reason = noFolder ? "there is no folder " + target.getParent() : reason(e);
            IOException clear = new IOException("cannot write " + file + ": " + reason, e);
            remove(temporary, clear);
            throw clear;
        } catch (RuntimeException | Error e) {
            remove(temporary, e);
            throw e;
        } finally {
            UNFINISHED.remove(temporary);
        }
    }

    /**
     * Deletes the temporary files of unfinished writes, for a process that is stopped by Ctrl-C and does not wait for them.
     */
    public static void removeUnfinished() {
        for (Path temporary : UNFINISHED) {
            try {
                Files.deleteIfExists(temporary);
            } catch (IOException e) {
                // The next write of the same file will replace it.
            }
        }
    }

    /** @throws IOException if a folder's disk has no room for {@code bytes}; less than a megabyte is not checked */
    static void checkSpace(Path folder, long bytes) throws IOException {
        if (bytes < MEGABYTE || Files.notExists(folder)) {
            return;
        }
        FileStore disk = Files.getFileStore(folder);
        if (disk.getTotalSpace() > 0 && bytes > disk.getUsableSpace()) { // some file systems report a size of 0
            throw new IOException(String.format(
                    Locale.ROOT,
                    "it needs %,d bytes, but only %,d are free on the disk",
                    bytes,
                    disk.getUsableSpace()));
        }
    }

    /** {@return the file to replace; a pipe, for example, is refused} */
    private static Path target(Path file) throws IOException {
        Path path = file.toAbsolutePath();
        if (Files.isRegularFile(path)) {
            return path.toRealPath();
        } else if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return path;
        }
        String what = Files.isDirectory(path)
                ? "it is a folder"
                : Files.notExists(path) ? "it is a broken link" : "it is not a regular file";
        throw new IOException("cannot write " + file + ": " + what);
    }

    /** Forces the rename to the disk too, where the system can open a folder for that. */
    private static void forceFolder(Path target) {
        Path folder = Optional.ofNullable(target.getParent()).orElse(target);
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            // Windows cannot: after a power cut the old file may be back, complete.
        }
    }

    private static void remove(Path temporary, Throwable thrown) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException left) {
            thrown.addSuppressed(left);
        }
    }

    /** {@return an object that differs once another file has replaced this one; empty if there is no such file} */
    public static Optional<Object> key(Path file) throws IOException {
        try {
            BasicFileAttributes attributes =
                    Files.readAttributes(Objects.requireNonNull(file, "file"), BasicFileAttributes.class);
            return Optional.of(Optional.ofNullable(attributes.fileKey()).orElseGet(attributes::creationTime));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /** {@return why a file could not be used, in words: the message of a {@code java.nio} exception is often only the file's name} */
    public static String reason(IOException e) {
        Objects.requireNonNull(e, "e");
        if (e instanceof NoSuchFileException missing) {
            return Files.isSymbolicLink(Path.of(missing.getFile()))
                    ? "it is a broken link"
                    : "there is no such file or folder";
        }
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (e instanceof FileSystemException f && f.getReason() != null) {
            return f.getReason();
        }
        return String.valueOf(e.getMessage());
    }
}
