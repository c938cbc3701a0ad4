package org.anneal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.anneal.runs.ProgressLine;
import org.anneal.runs.RunListener.Batch;
import org.junit.jupiter.api.Test;

class TrainConsoleTest {
    private static final long SECOND = 1_000_000_000;

    private static Batch batch(int epoch, int number) {
        return new Batch(epoch, number, 200, 200L * (epoch - 1) + number, List.of(0.01), 0.5);
    }

    @Test
    void anEpochsFirstBatchHasNoSpeed() {
        AtomicLong clock = new AtomicLong();
        StringWriter shown = new StringWriter();
        PrintWriter nothing = new PrintWriter(new StringWriter());
        try (TrainConsole console = new TrainConsole(
                nothing, nothing, new ProgressLine(new PrintWriter(shown), 0, clock::get), Optional.empty())) {
            clock.set(3 * SECOND);
            console.batch(batch(1, 1));
            clock.set(6 * SECOND);
            console.batch(batch(1, 7));
            console.validation(1, 40, 2000);
            clock.set(13 * SECOND);
            console.validation(1, 110, 2000);
        }
        assertEquals(
                List.of(
                        "Epoch 1: 1 of 200 batches (0 %), loss 0.5000, lr 1.00e-02",
                        "Epoch 1: 7 of 200 batches (3 %), 2.0 batches/s, ETA 1 min 37 s, loss 0.5000, lr 1.00e-02",
                        "Epoch 1, validating: 110 of 2,000 samples (5 %), 10 samples/s, ETA 3 min 9 s"),
                shown.toString().lines().toList());
    }
}
