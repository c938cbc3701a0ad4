package org.anneal.runs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderLockTest {
    @TempDir
    Path temporary;

    @Test
    void aFolderThatIsRemovedWhileSomethingIsWrittenEndsTheRun() throws IOException {
        Path folder = temporary.resolve("run");
        Files.createDirectory(folder);
        FolderLock lock = FolderLock.take(folder);
        IOException other = new IOException("another reason");
        assertSame(
                other,
                assertThrows(
                        IOException.class,
                        () -> lock.write(() -> {
                            throw other;
                        })));
        assertEquals(
                "the run's folder " + folder + " was removed while the run went on: nothing more can be written to it",
                assertThrows(
                                IOException.class,
                                () -> lock.write(() -> {
                                    remove(folder);
                                    throw new IOException("cannot write " + folder + "/best.pt");
                                }))
                        .getMessage());
        lock.close();
    }

    private static void remove(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}
