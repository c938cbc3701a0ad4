package org.anneal.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
    @TempDir
    private Path folder = Path.of("");

    private static void write(FileChannel file, String text) throws IOException {
        file.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void writesANewFile() throws IOException {
        AtomicFile.write(folder.resolve("a"), file -> write(file, "new"));
        assertEquals("new", Files.readString(folder.resolve("a")));
        assertEquals(List.of("a"), names(folder));
    }

    @Test
    void replacesALongerFileWhole() throws IOException {
        Path file = folder.resolve("a");
        Files.writeString(file, "a longer text than the next");
        AtomicFile.write(file, channel -> {
            write(channel, "short");
            assertEquals("a longer text than the next", Files.readString(file), "until the new one is whole");
        });
        assertEquals("short", Files.readString(file));
        assertEquals(List.of("a"), names(folder));
    }

    @Test
    void writesOverWhatAProcessThatDiedLeft() throws IOException {
        Files.writeString(folder.resolve("a.tmp"), "half of something longer");
        AtomicFile.write(folder.resolve("a"), file -> write(file, "new"));
        assertEquals("new", Files.readString(folder.resolve("a")));
        assertEquals(List.of("a"), names(folder));
    }

    @Test
    void keepsTheOldFileAndLeavesNoneWhenTheContentCannotBeWritten() throws IOException {
        Path file = folder.resolve("a");
        Files.writeString(file, "old");
        IOException cause = new IOException("no more paper");
        IOException thrown = assertThrows(
                IOException.class,
                () -> AtomicFile.write(file, channel -> {
                    write(channel, "half");
                    throw cause;
                }));
        assertEquals("cannot write " + file + ": no more paper", thrown.getMessage());
        assertSame(cause, thrown.getCause());
        assertEquals("old", Files.readString(file));
        assertEquals(List.of("a"), names(folder));
    }

    @Test
    void keepsTheOldFileAndLeavesNoneWhenTheContentFailsOtherwise() throws IOException {
        Path file = folder.resolve("a");
        Files.writeString(file, "old");
        IllegalStateException failure = new IllegalStateException("not ready");
        assertSame(
                failure,
                assertThrows(
                        IllegalStateException.class,
                        () -> AtomicFile.write(file, channel -> {
                            write(channel, "half");
                            throw failure;
                        })));
        assertEquals("old", Files.readString(file));
        assertEquals(List.of("a"), names(folder));
    }

    @Test
    void saysWhichFolderIsMissing() {
        Path file = folder.resolve("missing").resolve("a");
        IOException thrown = assertThrows(IOException.class, () -> AtomicFile.write(file, channel -> {}));
        assertEquals("cannot write " + file + ": there is no folder " + file.getParent(), thrown.getMessage());
    }

    @Test
    void doesNotBeginWhatTheDiskHasNoRoomFor() throws IOException {
        Path file = Files.writeString(folder.resolve("a"), "old");
        IOException thrown = assertThrows(
                IOException.class, () -> AtomicFile.write(file, 1L << 60, channel -> fail("it has begun")));
        String message = String.valueOf(thrown.getMessage());
        assertTrue(
                message.matches(
                        Pattern.quote("cannot write " + file + ": it needs 1,152,921,504,606,846,976 bytes, but only ")
                                + "[\\d,]+ are free on the disk"),
                message);
        assertEquals("old", Files.readString(file));
        assertEquals(List.of("a"), names(folder));
        AtomicFile.write(file, 2 << 20, channel -> write(channel, "new"));
        assertEquals("new", Files.readString(file));
    }

    @Test
    void removesWhatIsNotWholeForAProcessThatStops() throws IOException {
        Path file = Files.writeString(folder.resolve("a"), "old");
        IOException thrown = assertThrows(
                IOException.class,
                () -> AtomicFile.write(file, channel -> {
                    write(channel, "half");
                    assertEquals(List.of("a", "a.tmp"), names(folder));
                    AtomicFile.removeUnfinished();
                    assertEquals(List.of("a"), names(folder));
                }));
        assertEquals("cannot write " + file + ": there is no such file or folder", thrown.getMessage());
        assertEquals("old", Files.readString(file));
        Path other = Files.writeString(folder.resolve("b.tmp"), "of a process that died");
        AtomicFile.removeUnfinished();
        assertTrue(Files.exists(other), "only what this process writes");
    }

    @Test
    void refusesToReplaceAFolder() throws IOException {
        Path file = Files.createDirectory(folder.resolve("a"));
        IOException thrown = assertThrows(IOException.class, () -> AtomicFile.write(file, channel -> {}));
        assertEquals("cannot write " + file + ": it is a folder", thrown.getMessage());
        assertEquals(List.of("a"), names(folder));
    }

    @Test
    void refusesToReplaceAPipe() throws IOException, InterruptedException {
        Path pipe = folder.resolve("a");
        Assumptions.assumeTrue(run("mkfifo", pipe.toString()), "mkfifo is needed");
        IOException thrown = assertThrows(IOException.class, () -> AtomicFile.write(pipe, channel -> {}));
        assertEquals("cannot write " + pipe + ": it is not a regular file", thrown.getMessage());
        assertTrue(Files.readAttributes(pipe, BasicFileAttributes.class).isOther());
        assertEquals(List.of("a"), names(folder));
    }

    @Test
    void writesTheFileThatALinkLeadsTo() throws IOException {
        Path other = Files.createDirectory(folder.resolve("other"));
        Path file = Files.writeString(other.resolve("file"), "old");
        Path link = Files.createSymbolicLink(folder.resolve("a"), Path.of("other", "file"));
        AtomicFile.write(link, channel -> {
            write(channel, "new");
            assertEquals(List.of("file", "file.tmp"), names(other));
        });
        assertTrue(Files.isSymbolicLink(link));
        assertEquals("new", Files.readString(file));
        assertEquals(List.of("a", "other"), names(folder));
        assertEquals(List.of("file"), names(other));
        Files.delete(file);
        IOException thrown = assertThrows(IOException.class, () -> AtomicFile.write(link, channel -> {}));
        assertEquals("cannot write " + link + ": it is a broken link", thrown.getMessage());
    }

    @Test
    void givesTheReasonInWords() {
        assertEquals("there is no such file or folder", AtomicFile.reason(new NoSuchFileException("a")));
        assertEquals("permission denied", AtomicFile.reason(new AccessDeniedException("a")));
        assertEquals("Is a directory", AtomicFile.reason(new FileSystemException("a", "b", "Is a directory")));
        assertEquals("no more paper", AtomicFile.reason(new IOException("no more paper")));
    }

    @Test
    void keepsTheOldFileOnAFullDisk() throws IOException, InterruptedException {
        onASmallDisk(folder, disk -> {
            Path file = disk.resolve("a");
            AtomicFile.write(file, channel -> write(channel, "old"));
            ByteBuffer tooMuch = ByteBuffer.allocate(1 << 20);
            IOException thrown = assertThrows(
                    IOException.class,
                    () -> AtomicFile.write(file, channel -> {
                        while (tooMuch.hasRemaining()) {
                            channel.write(tooMuch);
                        }
                    }));
            assertEquals("cannot write " + file + ": No space left on device", thrown.getMessage());
            assertEquals("old", Files.readString(file));
            assertEquals(List.of("a"), names(disk));
        });
    }

    /** What is done with a disk. */
    @FunctionalInterface
    interface DiskUse {
        void use(Path disk) throws IOException;
    }

    /** Gives out a disk of 64 kB, in memory. Needs root on Linux, or the test is skipped, aloud. */
    static void onASmallDisk(Path folder, DiskUse use) throws IOException, InterruptedException {
        Path disk = Files.createDirectory(folder.resolve("disk"));
        boolean mounted = run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk.toString());
        if (!mounted) {
            String reason = "a full disk: a tmpfs cannot be mounted here, which needs Linux and root";
            System.out.println("SKIPPED: " + reason);
            Assumptions.assumeTrue(mounted, reason);
        }
        try {
            use.use(disk);
        } finally {
            assertTrue(run("umount", disk.toString()), "the tmpfs on " + disk + " must go");
        }
    }

    private static boolean run(String... command) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false; // there is no such command
        }
    }
}
