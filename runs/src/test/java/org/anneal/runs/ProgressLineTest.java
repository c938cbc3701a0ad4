package org.anneal.runs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProgressLineTest {
    private static final String CLEAR = "\r\u001b[K";
    private static final String CLEAR_PATTERN = "\r\u001b\\[K";
    private static final long MILLI = 1_000_000;

    private final StringWriter err = new StringWriter();
    private long millis = Long.MAX_VALUE / MILLI - 500; // nanoTime may pass its largest value

    private ProgressLine begin(int columns) {
        return new ProgressLine(new PrintWriter(err), columns, () -> millis * MILLI);
    }

    /** {@return what was printed since it was asked last} */
    private String printed() {
        String printed = err.toString();
        err.getBuffer().setLength(0);
        return printed;
    }

    @Test
    void isSilentForTheFirstSecond() {
        for (int columns : new int[] {0, 100}) {
            try (ProgressLine progress = begin(columns).task("table", 0, 10, "rows")) {
                millis += 999;
                progress.at(9);
            }
            assertEquals("", printed());
        }
    }

    @Test
    void saysHowFarItIsHowFastAndHowLongItTakesYet() {
        ProgressLine progress = begin(0).task("Epoch 3", 0, 5000, "batches");
        millis += 2500;
        progress.at(1250, () -> "loss 0.5312, lr 1.00e-02");
        assertEquals(
                "Epoch 3: 1,250 of 5,000 batches (25 %), 500 batches/s, ETA 8 s, loss 0.5312, lr 1.00e-02"
                        + System.lineSeparator(),
                printed());
    }

    @Test
    void measuresTheSpeedOfWhatIsDoneInThisTask() {
        ProgressLine progress = begin(0);
        millis += 60_000;
        progress.task("Epoch 3", 4000, 5000, "batches");
        progress.at(4000);
        assertEquals("Epoch 3: 4,000 of 5,000 batches (80 %)" + System.lineSeparator(), printed());
        millis += 4000;
        progress.at(4010);
        assertEquals(
                "Epoch 3: 4,010 of 5,000 batches (80 %), 2.5 batches/s, ETA 6 min 36 s" + System.lineSeparator(),
                printed());
        progress.task("Epoch 4", 0, 5000, "batches");
        millis += 8000;
        progress.at(4);
        assertEquals(
                "Epoch 4: 4 of 5,000 batches (0 %), 0.50 batches/s, ETA 2 h 46 min" + System.lineSeparator(),
                printed());
    }

    @Test
    void printsLinesWithGapsThatDoubleUpToHalfAMinuteAndGoOnFromTaskToTask() {
        ProgressLine progress = begin(0);
        List<Integer> seconds = new ArrayList<>();
        for (int second = 0; second < 130; second++) {
            progress.task("Epoch " + second, 0, 2, "batches");
            progress.at(1);
            if (!printed().isEmpty()) {
                seconds.add(second);
            }
            millis += 1000;
        }
        assertEquals(List.of(1, 3, 7, 15, 31, 61, 91, 121), seconds);
    }

    @Test
    void drawsABarInOneLineFourTimesASecondAndRemovesIt() {
        ProgressLine progress = begin(82).task("table", 0, 1000, "rows");
        millis += 1000;
        progress.at(205, () -> "loss 1.5");
        String bar = printed();
        assertTrue(bar.matches(CLEAR_PATTERN + "table  20% \\|█+.? *\\|  205/1000 205/s, ETA 4 s, loss 1.5"), bar);
        assertEquals(79, bar.length() - CLEAR.length());
        millis += 249;
        progress.at(250);
        assertEquals("", printed());
        millis += 1;
        progress.at(1000);
        bar = printed();
        assertTrue(bar.matches(CLEAR_PATTERN + "table 100% \\|█+\\| 1000/1000 800/s, ETA 0 s"), bar);
        progress.close();
        assertEquals(CLEAR, printed());
        progress.close();
        millis += 1000;
        progress.at(1000);
        assertEquals("", printed());
    }

    @Test
    void makesRoomForWhatElseIsPrinted() {
        ProgressLine progress = begin(80).task("Epoch 1", 0, 10, "batches");
        millis += 1000;
        progress.at(10);
        assertTrue(printed().startsWith(CLEAR + "Epoch 1"));
        progress.task("Epoch 2", 0, 10, "batches");
        assertEquals("", printed());
        progress.erase();
        assertEquals(CLEAR, printed());
        progress.erase();
        assertEquals("", printed());
        millis += 1000;
        progress.at(5);
        assertTrue(printed().startsWith(CLEAR + "Epoch 2"));
    }

    @Test
    void fitsEveryTerminal() {
        for (int columns = 1; columns < 200; columns++) {
            try (ProgressLine progress = begin(columns).task("table", 0, 1000, "rows")) {
                for (int done = 125; done <= 1000; done += 125) {
                    millis += 1000;
                    progress.at(done, () -> "loss 1.5");
                    String bar = printed().substring(CLEAR.length());
                    assertTrue(bar.length() + "^C".length() < Math.max(3, columns), bar);
                    assertTrue(columns < 90 || bar.contains("|█"), bar);
                }
            }
            assertEquals(CLEAR, printed());
        }
    }

    @Test
    void leavesRoomForTheNumbersOnAnOrdinaryTerminal() {
        ProgressLine progress = begin(80).task("Epoch 1", 0, 1250, "batches");
        millis += 1270;
        progress.at(857, () -> "loss 0.5497, lr 9.05e-03");
        String bar = printed();
        assertTrue(bar.endsWith("|███████▌   |  857/1250 675/s, ETA 1 s, loss 0.5497, lr 9.05e-03"), bar);
    }

    @Test
    void hasNothingToDo() {
        for (int columns : new int[] {0, 100}) {
            try (ProgressLine progress = begin(columns).task("export", 0, 0, "MB")) {
                millis += 1000;
                progress.at(0);
                assertTrue(printed().contains("export"));
            }
        }
    }

    @Test
    void isRemovedByAnException() {
        assertThrows(IllegalStateException.class, () -> {
            try (ProgressLine progress = begin(80).task("table", 0, 10, "rows")) {
                millis += 1000;
                progress.at(1);
                throw new IllegalStateException();
            }
        });
        assertTrue(printed().endsWith(CLEAR));
    }
}
