package org.anneal.runs;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** A small file system in memory, to be filled. Mounting it needs root: without, the test is skipped, and says so. */
public final class SmallDisk implements AutoCloseable {
    private static final int PAGE = 4096;

    private final Path folder;

    /** Mounts a file system of {@code pages} pages of 4096 bytes at {@code folder}, which must not exist. */
    public SmallDisk(Path folder, int pages) throws IOException, InterruptedException {
        this.folder = Files.createDirectory(folder);
        try {
            if (run("mount", "-t", "tmpfs", "-o", "size=" + pages * PAGE, "tmpfs", folder.toString())) {
                return;
            }
        } catch (IOException e) {
            System.out.println(e.getMessage());
        }
        String reason = "a full disk: no small tmpfs could be mounted, which only root can on Linux";
        System.out.println("SKIPPED: " + reason);
        Assumptions.abort(reason);
    }

    /** Fills the disk except for {@code pagesLeft} pages. */
    public void fill(int pagesLeft) throws IOException {
        Path filler = folder.resolve("filler");
        Files.deleteIfExists(filler);
        long free = Files.getFileStore(folder).getUsableSpace() / PAGE;
        try (OutputStream out = Files.newOutputStream(filler)) {
            out.write(new byte[Math.toIntExact((free - pagesLeft) * PAGE)]);
        }
    }

    @Override
    public void close() throws IOException, InterruptedException {
        if (!run("umount", "--lazy", folder.toString())) {
            throw new IOException("cannot unmount " + folder);
        }
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.INHERIT)
                .start();
        return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
    }
}
