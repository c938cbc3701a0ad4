package org.anneal.runs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.anneal.runs.RunListener.Batch;
import org.anneal.runs.RunListener.Epoch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProgressLogTest {
    @TempDir
    Path folder;

    private static Batch batch(int step, double loss) {
        return new Batch(1, step, 10, step, List.of(0.1, 0.01), loss);
    }

    private static Epoch epoch() {
        return new Epoch(1, 10, List.of(0.1, 0.01), 1, Map.of("val_loss", 1.0), 1);
    }

    private List<String> lines() throws IOException {
        return Files.readAllLines(folder.resolve("progress.csv"));
    }

    @Test
    void anEpochsLastRowHasTheMeanOfTheBatchesSinceTheOneBefore() throws IOException {
        try (ProgressLog log = new ProgressLog(folder)) {
            log.batch(batch(1, 3));
            log.batch(batch(2, 2));
            log.epoch(epoch());
        }
        assertEquals(List.of("epoch,step,loss,lr0,lr1", "1,2,2.5,0.1,0.01"), lines());
    }

    @Test
    void aRowCanBeReadWhileTheRunGoesOn() throws Exception {
        try (ProgressLog log = new ProgressLog(folder)) {
            for (int step = 1; !Files.exists(folder.resolve("progress.csv")) || lines().size() == 1; step++) {
                log.batch(batch(step, 2));
                Thread.sleep(20);
            }
            assertTrue(lines().get(1).endsWith(",2.0,0.1,0.01"), lines().get(1));
        }
    }

    @Test
    void aRunThatIsTakenUpAppends() throws IOException {
        for (int i = 0; i < 2; i++) {
            try (ProgressLog log = new ProgressLog(folder)) {
                log.batch(batch(5, 1));
                log.epoch(epoch());
            }
        }
        assertEquals(3, lines().size());
    }

    @Test
    void nothingStaysOfARunWithoutAnEpoch() throws IOException {
        try (ProgressLog log = new ProgressLog(folder)) {
            log.batch(batch(1, 1));
        }
        assertFalse(Files.exists(folder.resolve("progress.csv")));
    }

    @Test
    void aFolderThatIsNotThereIsSaid() {
        Path none = folder.resolve("none");
        IOException refused = assertThrows(IOException.class, () -> {
            try (ProgressLog log = new ProgressLog(none)) {
                log.batch(batch(1, 1));
                log.epoch(epoch());
            }
        });
        String message = String.valueOf(refused.getMessage());
        assertTrue(message.startsWith("cannot write " + none.resolve("progress.csv")), message);
    }
}
