package org.anneal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.anneal.runs.Monitor;
import org.anneal.runs.ProgressLine;
import org.anneal.runs.RunListener.Epoch;
import org.anneal.sweep.Job;
import org.anneal.sweep.Outcome;
import org.anneal.sweep.Outcome.End;
import org.anneal.sweep.Parameter;
import org.anneal.sweep.Parameter.Scale;
import org.anneal.sweep.SweepRecord;
import org.anneal.sweep.TrialRecord;
import org.anneal.sweep.TrialRecord.Repeat;
import org.anneal.sweep.TrialRecord.State;
import org.junit.jupiter.api.Test;

/** What a user sees of a sweep as it goes on, and the table at its end. */
class SweepConsoleTest {
    private static final long SECOND = 1_000_000_000;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private long now;

    private SweepConsole console(String screen) {
        return new SweepConsole(
                new PrintWriter(out, true),
                new PrintWriter(err, true),
                Optional.of(screen).filter(text -> !text.isEmpty()).flatMap(SweepConsole.Screen::of),
                new ProgressLine(new PrintWriter(err, true), 0, () -> now),
                () -> now,
                false);
    }

    private static Epoch epoch(int number, double loss) {
        return new Epoch(number, number, List.of(0.1), 1.0, Map.of("val_loss", loss), 2.0);
    }

    /** A trial with a seed for each value, which fell to it from twice as much. */
    private static TrialRecord trial(int number, State state, int rung, double... values) {
        double mean = IntStream.range(0, values.length)
                .mapToDouble(i -> values[i])
                .average()
                .orElse(Double.NaN);
        List<Repeat> repeats = new ArrayList<>();
        for (int i = 0; i < values.length; i++) {
            List<Epoch> epochs = state == State.WAITING
                    ? List.of()
                    : List.of(epoch(1, 2 * values[i]), epoch(2, values[i] / 2), epoch(3, values[i]));
            repeats.add(new Repeat(i, number + "-" + i, epochs, values[i], 1, "process 1"));
        }
        return new TrialRecord(
                number,
                "StepLR",
                List.of(Map.entry("schedule", "StepLR(step_size=" + number + ")")),
                Map.of("step_size", Integer.toString(number)),
                state,
                state == State.FAILED ? "the loss is nan" : "",
                rung,
                rung < 0 ? Double.NaN : mean,
                values.length == 2 ? Math.abs(values[0] - values[1]) / Math.sqrt(2) : Double.NaN,
                repeats);
    }

    private static SweepRecord sweep(TrialRecord... trials) {
        return sweep(List.of(1, 3), trials);
    }

    private static SweepRecord sweep(List<Integer> rungs, TrialRecord... trials) {
        return new SweepRecord(
                "step_size",
                Monitor.VAL_LOSS,
                List.of(new Parameter("step_size", Scale.LINEAR)),
                rungs,
                List.of(trials));
    }

    private static Job job(int trial) {
        return new Job(trial, 0, 0, List.of(), 0, trial + "-0", 0, 3, 3, 1);
    }

    private static TrialRecord waiting(int number) {
        return trial(number, State.WAITING, -1, Double.NaN);
    }

    /** {@return what a terminal shows of what was printed} */
    private List<String> shown() {
        List<StringBuilder> rows = new ArrayList<>(List.of(new StringBuilder()));
        int row = 0;
        String text = out.toString();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\u001b') {
                int end = i + 2;
                while (Character.isDigit(text.charAt(end))) {
                    end++;
                }
                switch (text.charAt(end)) {
                    case 'A' -> row -= Integer.parseInt(text.substring(i + 2, end));
                    case 'J' -> rows.subList(row, rows.size()).clear();
                    case 'K' -> {} // the rest of the line, which is new anyway
                    default -> throw new AssertionError("an unknown sequence: " + text.charAt(end));
                }
                while (rows.size() <= row) {
                    rows.add(new StringBuilder());
                }
                i = end;
            } else if (c == '\n') {
                row++;
                while (rows.size() <= row) {
                    rows.add(new StringBuilder());
                }
                rows.get(row).setLength(0);
            } else if (c == '\r') {
                rows.get(row).setLength(0);
            } else {
                rows.get(row).append(c);
            }
        }
        return rows.stream()
                .map(StringBuilder::toString)
                .filter(line -> !line.isEmpty())
                .toList();
    }

    @Test
    void aTerminalWithoutRoomForATableIsNone() {
        assertEquals(Optional.empty(), SweepConsole.Screen.of("0 0"));
        assertEquals(Optional.empty(), SweepConsole.Screen.of("24 0"));
        assertEquals(Optional.of(new SweepConsole.Screen(24, 80)), SweepConsole.Screen.of("24 80"));
    }

    @Test
    void drawsTheBestTrialsFirstAndWhatRuns() {
        try (SweepConsole console = console("24 100")) {
            console.begin(sweep(List.of(3), waiting(0), waiting(1), waiting(2)));
            console.begin(job(0));
            for (int i = 1; i <= 3; i++) {
                console.epoch(job(0), epoch(i, 1.0));
            }
            console.end(job(0), new Outcome(End.DONE, List.of(), "", "process 1"));
            console.trial(trial(0, State.DONE, 0, 0.8));
            console.trial(trial(1, State.DONE, 0, 0.5));
            console.begin(job(2));
            now += 6 * SECOND;
            console.trial(trial(2, State.RUNNING, -1, 0.7));
            now += 3 * SECOND;
            console.epoch(job(2), epoch(2, 0.75));
            assertEquals(
                    List.of(
                            "2 of 3 trials done, 1 running; 9.0 s, about 2.2 s left",
                            "rank  trial  family  val_loss  epochs  best val_loss  at epoch   time  parameters",
                            "   1      1  StepLR    0.5000       3         0.2500         2  6.0 s  step_size=1",
                            "   2      0  StepLR    0.8000       3         0.4000         2  6.0 s  step_size=0",
                            "trial 2, seed 0: epoch 2 of 3, val_loss 0.7500; StepLR, step_size=2"),
                    shown());
            int before = out.toString().length();
            now += SECOND / 8;
            console.epoch(job(2), epoch(3, 0.7));
            assertEquals(before, out.toString().length(), "it is not drawn more than four times a second");
        }
        assertEquals(List.of(), shown(), "and is removed at the end");
    }

    @Test
    void staysWithinTheTerminal() {
        try (SweepConsole console = console("10 40")) {
            TrialRecord[] trials = IntStream.range(0, 50)
                    .mapToObj(i -> trial(i, State.DONE, 1, 1.0 + i))
                    .toArray(TrialRecord[]::new);
            console.begin(sweep(trials));
            for (int i = 0; i < 20; i++) {
                console.begin(job(i));
            }
            now += SECOND;
            console.show();
            List<String> shown = shown();
            assertTrue(shown.size() <= 9, shown.toString());
            assertTrue(shown.stream().allMatch(line -> line.length() < 40), shown.toString());
            assertEquals("50 of 50 trials done; 1.0 s", shown.get(0));
        }
    }

    @Test
    void printsALineForEachTrialWhereThereIsNoTerminal() {
        try (SweepConsole console = console("")) {
            console.begin(sweep(waiting(0), waiting(1), waiting(2)));
            console.begin(job(0));
            console.trial(trial(0, State.RUNNING, -1, 0.5, 0.6));
            console.trial(trial(0, State.STOPPED, 0, 0.5, 0.7));
            console.trial(trial(0, State.RUNNING, 0, 0.5, 0.7));
            console.end(job(0), new Outcome(End.LOST, List.of(), "process 5 was killed", "process 5"));
            console.trial(trial(0, State.DONE, 1, 0.5, 0.7));
            console.trial(trial(1, State.FAILED, -1, 0.5));
        }
        assertEquals(
                List.of(
                        "Trial 0 after 1 of 3 epochs: val_loss 0.6000 ± 0.1414 in 12.0 s; StepLR, step_size=0",
                        "Trial 0 done: val_loss 0.6000 ± 0.1414 in 12.0 s; StepLR, step_size=0",
                        "Trial 1 failed: the loss is nan"),
                out.toString().lines().toList());
        assertEquals(
                List.of("anneal sweep: trial 0, seed 0, attempt 1 was lost: process 5 was killed"),
                err.toString().lines().toList());
    }

    @Test
    void theTableHasTheBestEpochOfTheMeanAndCountsTheReasons() {
        TrialRecord[] trials = IntStream.range(0, 15)
                .mapToObj(i -> i < 3 ? trial(i, State.DONE, 1, 3.0 - i, 4.0 - i) : trial(i, State.FAILED, -1, 1.0, 1.0))
                .toArray(TrialRecord[]::new);
        SweepTable table = new SweepTable(sweep(trials));
        assertEquals(
                List.of(
                        "rank  trial  family         val_loss  epochs  best val_loss  at epoch    time  parameters",
                        "   1      2  StepLR  1.5000 ± 0.7071       3         0.7500         2  12.0 s  step_size=2",
                        "   2      1  StepLR  2.5000 ± 0.7071       3         1.2500         2  12.0 s  step_size=1"),
                table.lines(2));
        assertEquals("3 of 15 trials done, 12 failed", table.totals());
        assertEquals(
                List.of("12 failed (trials 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, ...): the loss is nan"), table.reasons());
    }
}
