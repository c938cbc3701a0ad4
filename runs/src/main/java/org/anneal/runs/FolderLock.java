package org.anneal.runs;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.anneal.checkpoint.AtomicFile;

/**
 * A run's lock on its folder: among all processes, and all threads of this one, only one run writes to it. The system releases
 * the lock when the process ends, however it ends.
 *
 * <p>The file {@code run.lock} is what is locked. It is deleted when the run ends; a killed process leaves it behind, unlocked,
 * which keeps nobody out.
 */
public final class FolderLock implements Closeable {
    private static final String FILE = "run.lock";
    private static final int TRIES = 4;
    private static final long BETWEEN_TRIES = 20_000_000; // nanoseconds

    // By real path and file key. The system's lock belongs to the process: opening and closing the file again would
    // release
    // it.
    private static final Set<Map.Entry<Path, Object>> HELD = ConcurrentHashMap.newKeySet();

    private final Path folder;
    private final Map.Entry<Path, Object> file;
    private final FileChannel channel;
    private boolean closed;

    private FolderLock(Path folder, Map.Entry<Path, Object> file, FileChannel channel) {
        this.folder = folder;
        this.file = file;
        this.channel = channel;
    }

    /**
     * Locks {@code folder}, which must exist.
     *
     * @throws RunFolder.InUseException if another run has locked it
     * @throws IOException if the folder cannot be written to
     */
    public static FolderLock take(Path folder) throws IOException {
        Path file = folder.toRealPath().resolve(FILE);
        while (true) {
            try {
                Files.createFile(file);
            } catch (FileAlreadyExistsException e) {
                // by a run that goes on, or by a process that was killed
            }
            Optional<Object> key = AtomicFile.key(file);
            if (key.isPresent()) {
                Optional<FolderLock> lock = take(folder, Map.entry(file, key.get()));
                if (lock.isPresent()) {
                    return lock.get();
                }
            }
            // The previous run ended and deleted its file in between.
        }
    }

    /** {@return the lock, unless the file has been replaced meanwhile} */
    private static synchronized Optional<FolderLock> take(Path folder, Map.Entry<Path, Object> file)
            throws IOException {
        if (!HELD.add(file)) {
            throw taken(folder);
        }
        Optional<FolderLock> held = Optional.empty();
        try {
            FileChannel channel = FileChannel.open(file.getKey(), StandardOpenOption.WRITE);
            try {
                if (!isLocked(channel, file.getKey())) {
                    throw taken(folder);
                }
                if (AtomicFile.key(file.getKey()).equals(Optional.of(file.getValue()))) {
                    held = Optional.of(new FolderLock(folder, file, channel));
                }
            } finally {
                if (held.isEmpty()) {
                    channel.close();
                }
            }
        } catch (NoSuchFileException e) {
            return held;
        } finally {
            if (held.isEmpty()) {
                HELD.remove(file);
            }
        }
        return held;
    }

    private static boolean isLocked(FileChannel channel, Path file) throws IOException {
        try {
            for (int tries = 1; channel.tryLock() == null; tries++) {
                if (tries == TRIES) {
                    return false;
                }
                LockSupport.parkNanos(BETWEEN_TRIES); // isHeld of another process locks the file for a moment
            }
            return true;
        } catch (OverlappingFileLockException e) {
            return false; // another class loader's run
        } catch (IOException e) {
            throw new IOException(
                    "cannot lock " + file + ": " + AtomicFile.reason(e), e); // a file system without locks
        }
    }

    /**
     * {@return whether a run holds a folder's lock; empty if there is no lock, or it cannot be known} A lock that is there but not
     * held was left behind by a process that was killed.
     */
    static synchronized Optional<Boolean> isHeld(Path folder) {
        try {
            Path file = folder.toRealPath().resolve(FILE);
            if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                return Optional.empty();
            }
            Optional<Object> key = AtomicFile.key(file);
            if (key.isEmpty() || HELD.contains(Map.entry(file, key.get()))) {
                return key.map(held -> true);
            }
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
                    FileLock shared = channel.tryLock(0, Long.MAX_VALUE, true)) {
                return Optional.of(shared == null);
            }
        } catch (OverlappingFileLockException e) {
            return Optional.of(true); // another class loader's run
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static IOException taken(Path folder) {
        return new RunFolder.InUseException(
                "another run is writing to " + folder + ": wait until it ends, stop it, or choose another folder");
    }

    /** {@return whether the folder is still the one that was locked} */
    boolean holds() {
        try {
            return AtomicFile.key(folder.resolve(FILE)).equals(Optional.of(file.getValue()));
        } catch (IOException e) {
            return false; // a parent folder has become a file, say
        }
    }

    /** @throws IOException if the folder is no longer the one that was locked */
    void check() throws IOException {
        if (!holds()) {
            throw new IOException("the run's folder " + folder + " was "
                    + (Files.exists(folder) ? "replaced, or its " + FILE + " removed," : "removed")
                    + " while the run went on: nothing more can be written to it");
        }
    }

    /**
     * Writes into the folder.
     *
     * @throws IOException if the folder is no longer the one that was locked, before or after {@code writing}; else what {@code
     *     writing} throws
     */
    void write(RunFolder.Writing writing) throws IOException {
        check();
        try {
            writing.write();
        } catch (IOException e) {
            check(); // a folder that is gone explains more than a file that cannot be written
            throw e;
        }
    }

    /** Releases the folder. */
    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        try (channel) {
            if (holds()) {
                Files.deleteIfExists(file.getKey());
            }
        } finally {
            HELD.remove(file);
        }
    }
}
