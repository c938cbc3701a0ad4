package org.anneal.cli;

import static org.anneal.cli.Ran.lines;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.anneal.runs.RunFolder;
import org.anneal.runs.RunListener.Epoch;
import org.anneal.runs.RunRecord;
import org.anneal.sweep.Flaw;
import org.anneal.sweep.Flaw.Kind;
import org.anneal.sweep.Job;
import org.anneal.sweep.Outcome;
import org.anneal.sweep.Outcome.End;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a worker of a sweep does. */
class TrainProgramTest {
    @TempDir
    Path folder;

    private Path data = Path.of("");
    private final TrainProgram program = new TrainProgram();
    private final List<Epoch> heard = new ArrayList<>();

    @BeforeEach
    void writeData() throws IOException {
        data = GreyImages.write(folder.resolve("data"));
    }

    /** A job of 4 epochs, 5 batches each, up to epoch {@code until}. */
    private Job job(int until, String... settings) {
        return new Job(
                7,
                1,
                0,
                Stream.concat(
                                Stream.of(Map.entry("data", data.toString()), Map.entry("batch-size", "10")),
                                Stream.of(settings).map(each -> {
                                    int equals = each.indexOf('=');
                                    return Map.entry(each.substring(0, equals), each.substring(equals + 1));
                                }))
                        .toList(),
                3,
                "007-1",
                0,
                until,
                4,
                1);
    }

    private Outcome run(Job job, Path run) throws InterruptedException {
        heard.clear();
        return program.run(job, run, heard::add);
    }

    @Test
    void trainsUpToARungAndGoesOnAtTheNextAsTheCommandWouldWithoutStopping() throws Exception {
        String[] how = {"optimizer=Adam(lr=0.003)", "schedule=OneCycleLR(max_lr=0.01, total_steps=100%)", "ema=0.9"};
        Path run = folder.resolve("runs/007-1");
        Outcome first = run(job(1, how), run);
        assertEquals(End.DONE, first.end(), first.reason());
        assertEquals(heard, first.epochs());
        assertEquals(1, heard.size());
        Outcome second = run(job(4, how), run);
        assertEquals(End.DONE, second.end(), second.reason());
        assertEquals(List.of(2, 3, 4), heard.stream().map(Epoch::epoch).toList(), "what is trained now");
        assertEquals(first.epochs().get(0), second.epochs().get(0));
        assertEquals(heard, second.epochs().subList(1, 4));

        Path whole = folder.resolve("whole");
        lines(Stream.concat(
                        Stream.of(
                                "train",
                                "--data=" + data,
                                "--batch-size=10",
                                "--epochs=4",
                                "--seed=3",
                                "--out=" + whole),
                        Stream.of(how).map(each -> "--" + each))
                .toArray(String[]::new));
        assertEquals(withoutSeconds(RunRecord.read(whole).epochs()), withoutSeconds(second.epochs()), "the same bits");
        assertArrayEquals(
                Files.readAllBytes(whole.resolve("model.safetensors")),
                Files.readAllBytes(run.resolve("model.safetensors")));

        // The parent may have been killed before it heard of the end.
        assertEquals(second, run(job(4, how), run));
        assertEquals(List.of(), heard);
        assertEquals(first, run(job(1, how), run), "up to that rung");
    }

    private static List<Epoch> withoutSeconds(List<Epoch> epochs) {
        return epochs.stream()
                .map(each -> new Epoch(
                        each.epoch(), each.step(), each.lr(), each.trainLoss(), each.metrics(), 0, each.numbers()))
                .toList();
    }

    @Test
    void writesWhatTheCommandPrintsIntoTheRunsFolder() throws Exception {
        run(job(1), folder.resolve("run"));
        List<String> log = Files.readAllLines(folder.resolve("run/train.log"));
        assertEquals(
                "$ ./anneal train --data='" + data + "' --batch-size=10 --epochs=4 --seed=3 --out='"
                        + folder.resolve("run") + "' --stop-after=1",
                log.get(0));
        assertTrue(log.contains("tutorial, 44,426 parameters, on cpu with 1 thread, seed 3"), log.toString());
        assertEquals("Stopped after epoch 1 of 4; --resume goes on", log.get(log.size() - 1));
    }

    @Test
    void failsWithTheReasonIfTheTrainingDiverges() throws Exception {
        Outcome outcome = run(job(4, "optimizer=SGD(lr=1e30)"), folder.resolve("run"));
        assertEquals(End.FAILED, outcome.end());
        assertTrue(
                outcome.reason().matches("the (training|validation) loss is (nan|-?inf) .*|the parameter .*"),
                outcome.reason());
        assertTrue(!outcome.reason().contains(folder.toString()), outcome.reason());
        List<String> log = Files.readAllLines(folder.resolve("run/train.log"));
        assertTrue(log.get(log.size() - 1).startsWith("anneal train: " + outcome.reason()), log.toString());
        Outcome again = run(job(4, "optimizer=SGD(lr=1e30)"), folder.resolve("run"));
        assertEquals(outcome, again);
    }

    @Test
    void failsWithTheReasonIfTheSettingsAreRefused() throws Exception {
        assertEquals(
                new Outcome(End.FAILED, List.of(), "--batch-size must be a whole number, but was 'many'", ""),
                run(job(4, "batch-size=many"), folder.resolve("one")));
        assertEquals(
                "unknown option '--bacth-size', did you mean '--batch-size'?",
                run(job(4, "bacth-size=8"), folder.resolve("two")).reason());
    }

    @Test
    void isLostWhereAnotherRunGoesOnWriting() throws Exception {
        Path run = Files.createDirectories(folder.resolve("run"));
        try (RunFolder other = RunFolder.create(run)) {
            Outcome outcome = run(job(4), run);
            assertEquals(End.LOST, outcome.end());
            assertEquals(
                    "another run is writing to " + run + ": wait until it ends, stop it, or choose another folder",
                    outcome.reason());
            assertEquals(run, other.path());
        }
    }

    @Test
    void beginsAgainWhatWasKilledBeforeItsFirstCheckpoint() throws Exception {
        Path run = Files.createDirectories(folder.resolve("run"));
        Files.writeString(run.resolve("metrics.csv"), "epoch,step\n");
        Files.writeString(run.resolve("last.pt.tmp"), "half of it");
        try (FileChannel lock =
                FileChannel.open(run.resolve("run.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            assertEquals(0, lock.size());
        }
        Outcome outcome = run(job(1), run);
        assertEquals(End.DONE, outcome.end(), outcome.reason());
        assertEquals(1, outcome.epochs().size());
        assertTrue(Files.notExists(run.resolve("last.pt.tmp")));
    }

    @Test
    void checksATrialWithoutTrainingIt() {
        assertEquals(Optional.empty(), program.check(job(4)));
        assertFlaw(
                Kind.UNFIT,
                "--schedule must last for the run's 20 steps, but fails at step 9:"
                        + " OneCycleLR(max_lr=0.1, total_steps=8) ends with step 8",
                "schedule=OneCycleLR(0.1, total_steps=8)",
                "step-per=batch");
        assertFlaw(
                Kind.UNFIT,
                "step 3: step_size=30 looks like batches, but the schedule is stepped per epoch, 4 times in the run",
                "schedule=StepLR(30)");
        assertTrue(Files.notExists(folder.resolve("007-1")));
    }

    private void assertFlaw(Kind kind, String start, String... settings) {
        Flaw flaw = program.check(job(4, settings)).orElseThrow();
        assertEquals(kind, flaw.kind(), flaw.reason());
        assertTrue(flaw.reason().startsWith(start), flaw.reason());
        assertEquals(1, flaw.reason().lines().count());
    }

    @Test
    void tellsWhatIsWrongFromWhatDoesNotFitTheRun() throws IOException {
        assertFlaw(Kind.REFUSED, "--schedule, column 1: unknown schedule 'Foo'", "schedule=Foo(3)");
        assertFlaw(Kind.REFUSED, "--optimizer, column 1: unknown optimizer 'Bar'", "optimizer=Bar(lr=0.1)");
        assertFlaw(Kind.REFUSED, "--schedule, ", "schedule=StepLR(step_size=0)");
        assertFlaw(
                Kind.REFUSED,
                "--schedule, column 8: unknown name 'n': say what it is: --set n=VALUE",
                "schedule=StepLR(n)");
        assertFlaw(Kind.REFUSED, "--model: network must be tutorial", "model=resnet5");
        assertFlaw(Kind.REFUSED, "--monitor must be one of train_loss, val_loss, val_accuracy, but", "monitor=loss");
        assertFlaw(
                Kind.REFUSED,
                "the plateau's mode must be 'max' for val_accuracy, but was 'min'",
                "schedule=ReduceLROnPlateau()",
                "monitor=val_accuracy");
        Files.delete(data.resolve("t10k-labels-idx1-ubyte"));
        Flaw gone = new TrainProgram().check(job(4)).orElseThrow(); // which has read nothing so far
        assertEquals(Kind.UNREADABLE, gone.kind(), gone.reason());
    }
}
