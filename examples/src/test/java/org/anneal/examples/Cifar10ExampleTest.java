package org.anneal.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.anneal.torch.Torch;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Cifar10ExampleTest {
    private static final int RECORD = 1 + 3 * 32 * 32;

    @TempDir
    Path folder;

    /** Batches of 4 gain nothing from threads, and on a busy machine libtorch's wait for each other. */
    @BeforeAll
    static void useOneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    @Test
    void trainsOnRandomImagesAndDrawsTheCurve() throws IOException, ReflectiveOperationException {
        Random random = new Random(0);
        Files.write(folder.resolve("train.bin"), images(random, 400));
        Files.write(folder.resolve("test.bin"), images(random, 40));
        assertEquals(List.of("Finished Training"), run(folder, "3", "100"));
        assertCurveIsDrawn();
        assertTrue(Files.size(folder.resolve("run/cifar_net.safetensors")) > 62_006 * 4);
    }

    @Test
    void printsTheLossOfEvery2000BatchesAsTheTutorialDoes() throws IOException, ReflectiveOperationException {
        Random random = new Random(0);
        Files.write(folder.resolve("train.bin"), images(random, 4 * 2000));
        Files.write(folder.resolve("test.bin"), images(random, 4));
        List<String> lines = run(folder, "1", "2000");
        assertEquals(2, lines.size(), lines::toString);
        // Labels at random cannot be learnt: the loss stays at ln 10 = 2.303.
        assertTrue(lines.get(0).matches("\\[1,  2000] loss: 2\\.3[01]\\d"), lines::toString);
        assertEquals("Finished Training", lines.get(1));
    }

    @Test
    void learnsTheRealImages() throws IOException, ReflectiveOperationException {
        Path data = Path.of("../../shared/data/cifar10");
        assumeTrue(Files.isDirectory(data), "skipped: no real CIFAR-10 in " + data.toAbsolutePath());
        List<String> lines = run(data, "1", "2000");
        assertEquals(2, lines.size(), lines::toString);
        assertTrue(lines.get(0).matches("\\[1,  2000] loss: 2\\.[0-2]\\d\\d"), lines::toString);
        assertEquals("Finished Training", lines.get(1));
        assertCurveIsDrawn();
    }

    private List<String> run(Path data, String epochs, String limit) throws ReflectiveOperationException {
        String output = folder.resolve("run").toString();
        return Output.of(Cifar10Example.class, data.toString(), output, epochs, limit);
    }

    private void assertCurveIsDrawn() throws IOException {
        assertTrue(Files.size(folder.resolve("run/curve.png")) > 0);
    }

    private static byte[] images(Random random, int count) {
        byte[] records = new byte[count * RECORD];
        random.nextBytes(records);
        for (int start = 0; start < records.length; start += RECORD) {
            records[start] = (byte) random.nextInt(10);
        }
        return records;
    }
}
