package org.anneal.checkpoint;

import java.io.IOException;
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

/** Files that are whole or not there: written under a temporary name in the same folder, then renamed. */
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
     * Writes {@code file}, replacing one that is there; of a link to a file, that file. When this returns, the bytes are on
     * the disk; when it throws, or when the process dies, the old file is as it was.
     *
     * @throws IOException if a byte cannot be written, or there is something else than a file, such as a folder or a device,
     *     naming {@code file} and the reason
     */
    public static void write(Path file, Content content) throws IOException {
        write(file, 0, content);
    }

    /**
     * Writes {@code file} as {@link #write(Path, Content)} does, but begins only if the disk has room.
     *
     * @param bytes that {@code content} will write, at least
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
     * Removes what was written of files that are not whole yet. It is for a process that is told to stop, by Ctrl-C, and
     * does not wait for them.
     */
    public static void removeUnfinished() {
        for (Path temporary : UNFINISHED) {
            try {
                Files.deleteIfExists(temporary);
            } catch (IOException e) {
                // The next write of the same file takes it.
            }
        }
    }

    /** @throws IOException if a folder's disk has no room for so many bytes; of a few it is not asked, since others write too */
    static void checkSpace(Path folder, long bytes) throws IOException {
        if (bytes < MEGABYTE || Files.notExists(folder)) {
            return;
        }
        FileStore disk = Files.getFileStore(folder);
        if (disk.getTotalSpace() > 0 && bytes > disk.getUsableSpace()) { // a disk of size 0 does not tell
            throw new IOException(String.format(
                    Locale.ROOT,
                    "it would have %,d bytes, but only %,d are free on its disk",
                    bytes,
                    disk.getUsableSpace()));
        }
    }

    /** {@return the file to replace: what is no file, such as a pipe, would be gone} */
    private static Path target(Path file) throws IOException {
        Path path = file.toAbsolutePath();
        if (Files.isRegularFile(path)) {
            return path.toRealPath();
        } else if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return path;
        }
        String what = Files.isDirectory(path)
                ? "it is a folder"
                : Files.notExists(path) ? "it is a link to what is not there" : "it is not a regular file";
        throw new IOException("cannot write " + file + ": " + what);
    }

    /** Puts the new name on the disk too, where the system lets a folder be opened for that. */
    private static void forceFolder(Path target) {
        Path folder = Optional.ofNullable(target.getParent()).orElse(target);
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            // Windows has no such thing; after a power cut the old file may be there again, and it is whole.
        }
    }

    private static void remove(Path temporary, Throwable thrown) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException left) {
            thrown.addSuppressed(left);
        }
    }

    /** {@return what tells a file from one that has taken its place, if it is there} */
    public static Optional<Object> key(Path file) throws IOException {
        try {
            BasicFileAttributes attributes =
                    Files.readAttributes(Objects.requireNonNull(file, "file"), BasicFileAttributes.class);
            return Optional.of(Optional.ofNullable(attributes.fileKey()).orElseGet(attributes::creationTime));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /** {@return why a file could not be used, in words: an exception of {@code java.nio} often has only the file's name} */
    public static String reason(IOException e) {
        Objects.requireNonNull(e, "e");
        if (e instanceof NoSuchFileException missing) {
            return Files.isSymbolicLink(Path.of(missing.getFile()))
                    ? "it is a link to what is not there"
                    : "there is no such folder or file";
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
