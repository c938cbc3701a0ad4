package org.anneal.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.anneal.torch.Torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnLoopExampleTest {
    @TempDir
    Path folder;

    /** {@return the table but for the seconds} */
    private static List<String> rows(Path run) throws IOException {
        return Files.readAllLines(run.resolve("metrics.csv")).stream()
                .map(row -> row.substring(0, row.lastIndexOf(',')))
                .toList();
    }

    @Test
    void learnsAndGoesOnToTheSameBitsWhenItIsKilled() throws Exception {
        Torch.setNumThreads(1);
        Path whole = folder.resolve("whole");
        List<String> printed = Output.of(OwnLoopExample.class, whole.toString());
        List<String> rows = rows(whole);
        assertEquals("epoch,step,lr0,lr1,train_loss,val_loss,val_accuracy,ema_val_loss,ema_val_accuracy", rows.get(0));
        assertEquals(7, rows.size());
        String[] last = rows.get(6).split(",", -1);
        assertTrue(Double.parseDouble(last[6]) > 0.85, rows.get(6));
        assertTrue(Double.parseDouble(last[8]) > 0.85, rows.get(6));
        assertTrue(printed.get(0).startsWith("Epoch 1, Train Loss: "), printed.get(0));

        assertTrue(ImageIO.read(whole.resolve("curve.png").toFile()).getWidth() > 500);

        Path killed = folder.resolve("killed");
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        OwnLoopExample.class.getName(),
                        killed.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("out.txt").toFile());
        builder.environment().put("OMP_NUM_THREADS", "1"); // as here: the last bits depend on it
        Process process = builder.start();
        while (process.isAlive()
                && (!Files.exists(killed.resolve("last.pt")) || rows(killed).size() < 4)) {
            process.waitFor(50, TimeUnit.MILLISECONDS);
        }
        assertTrue(process.isAlive(), () -> read(folder.resolve("out.txt").toFile()));
        process.destroyForcibly().waitFor();
        List<String> rest = Output.of(OwnLoopExample.class, killed.toString());
        assertTrue(rest.size() < printed.size(), "it went on, and did not begin again");
        assertEquals(rows, rows(killed));
    }

    private static String read(File file) {
        try {
            return Files.readString(file.toPath());
        } catch (IOException e) {
            return e.toString();
        }
    }
}
