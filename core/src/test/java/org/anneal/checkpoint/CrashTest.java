package org.anneal.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that writes checkpoints is killed again and again: there is always a whole one. */
class CrashTest {
    private static final int KILLS = 50;
    private static final int NUMBERS = 50_000; // a file of 200 kB, so that many kills fall into its writing

    @TempDir
    private Path folder = Path.of("");

    /** Writes checkpoints 1 and 2 in turn until it is killed. */
    static final class Writer {
        private Writer() {}

        public static void main(String[] arguments) throws IOException {
            Path file = Path.of(arguments[0]);
            float[] numbers = new float[NUMBERS];
            for (int i = 1; ; i++) {
                int value = 1 + i % 2;
                Arrays.fill(numbers, value);
                TorchFile.write(
                        file, Map.of("value", value, "numbers", TensorData.of(numbers, List.of((long) NUMBERS))));
                if (i == 1) {
                    System.out.println("started");
                }
            }
        }
    }

    @Test
    void aKilledWriterLeavesAWholeCheckpoint() throws IOException, InterruptedException {
        Path file = folder.resolve("last.pt");
        Random random = new Random(11);
        Set<Long> seen = new HashSet<>();
        int inTheMiddle = 0;
        for (int kill = 0; kill < KILLS; kill++) {
            Process writer = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-XX:TieredStopAtLevel=1",
                            "-Xshare:auto",
                            "-Xmx64m",
                            "-cp",
                            System.getProperty("java.class.path"),
                            Writer.class.getName(),
                            file.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            try {
                assertEquals('s', writer.getInputStream().read(), "the writer started");
                TimeUnit.MICROSECONDS.sleep(random.nextInt(30_000));
            } finally {
                writer.destroyForcibly();
                assertTrue(writer.waitFor(30, TimeUnit.SECONDS));
            }
            inTheMiddle += Files.exists(folder.resolve("last.pt.tmp")) ? 1 : 0;
            seen.add(value(file));
        }
        System.out.println("killed " + KILLS + " writers, " + inTheMiddle + " of them while they were writing");
        assertEquals(Set.of(1L, 2L), seen);
        assertTrue(inTheMiddle > KILLS / 10, inTheMiddle + " kills in the middle of a file are too few to tell");
        TorchFile.write(file, Map.of("value", 3));
        try (var files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList(), "what a killed writer left is gone after the next write");
        }
    }

    /** {@return the checkpoint's value, after all that is in it was found to be of that value} */
    private static long value(Path file) throws IOException {
        try (TorchFile checkpoint = TorchFile.open(file)) {
            Map<?, ?> root = (Map<?, ?>) checkpoint.root();
            long value = (Long) Objects.requireNonNull(root.get("value"));
            TensorData numbers = (TensorData) Objects.requireNonNull(root.get("numbers"));
            float[] expected = new float[NUMBERS];
            Arrays.fill(expected, (float) value);
            assertTrue(Arrays.equals(expected, numbers.toFloats()), "all numbers are " + value);
            return value;
        }
    }
}
