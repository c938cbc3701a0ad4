package org.anneal.runs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.RateGroup;
import org.anneal.optim.SGD;
import org.anneal.runs.RunListener.Epoch;
import org.anneal.runs.RunsWatch.State;
import org.anneal.schedule.ExponentialLR;
import org.anneal.schedule.StepPer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A loop that is not the Trainer's leaves what any run leaves. */
class RunTest {
    @TempDir
    Path temporary;

    private final Optimizer<FloatArray> optimizer = FloatArrays.optimizer(List.of(
            new ParamGroup<>("base", new SGD(0.5), List.of(new FloatArray(0f))),
            new ParamGroup<>("head", new SGD(0.25), List.of(new FloatArray(0f)))));
    private final LRScheduler scheduler = new LRScheduler(optimizer, new ExponentialLR(0.5));

    /** One epoch of two batches, whose losses are its number and twice that. */
    private Epoch epoch(Run run) throws IOException {
        int epoch = run.epoch() + 1;
        for (int batch = 1; batch <= 2; batch++) {
            optimizer.step();
            run.batch(epoch * batch);
            scheduler.batch();
        }
        Epoch end = run.epoch(Map.of("val_loss", 1.0 / epoch));
        scheduler.epoch(1);
        return end;
    }

    private RunsWatch.WatchedRun read() throws IOException {
        List<RunsWatch.WatchedRun> found = new ArrayList<>();
        new RunsWatch(temporary).look(found::addAll);
        return found.get(0);
    }

    @Test
    void isReadAsAnyRun() throws IOException {
        try (Run run =
                Run.create(temporary).of(optimizer, scheduler).length(3, 2).set("model", "mine")) {
            assertEquals(
                    "Epoch 1, Train Loss: 1.5000, Val Loss: 1.0000, LR: 5.00e-01, 2.50e-01",
                    epoch(run).toString());
            assertEquals(State.RUNNING, read().state());
            assertEquals(2, epoch(run).epoch());
        }
        RunsWatch.WatchedRun read = read();
        assertEquals(State.STOPPED, read.state());
        assertEquals(
                Optional.of(new RunConfig.Summary(
                        "SGD(lr=0.5)",
                        List.of(),
                        List.of("base", "head"),
                        List.of(0.5, 0.25),
                        "ExponentialLR(gamma=0.5)",
                        StepPer.EPOCH,
                        3,
                        2,
                        true,
                        true,
                        Optional.of(read.started()),
                        Optional.empty())),
                read.config());
        List<String> rows = Files.readAllLines(temporary.resolve("metrics.csv"));
        assertEquals("epoch,step,lr0,lr1,train_loss,val_loss,seconds", rows.get(0));
        assertEquals(
                "2,4,0.25,0.125,3.0,0.5", rows.get(2).substring(0, rows.get(2).lastIndexOf(',')));
        assertEquals(
                3,
                Objects.requireNonNull(read.tables().get("progress")).columns().indexOf("lr0"));
    }

    @Test
    void goesOnFromItsPosition() throws IOException {
        Position position;
        try (Run run = Run.create(temporary).of(optimizer, scheduler)) {
            epoch(run);
            optimizer.step();
            run.batch(5);
            position = Position.of(run.position().toMap());
            assertEquals(run.position().epochs(), position.epochs());
            assertEquals(List.of(1, 3L, 5.0), List.of(position.batch(), position.step(), position.lossSum()));
            optimizer.step();
            run.batch(7);
            run.epoch(Map.of());
        }
        assertEquals(3, Files.readAllLines(temporary.resolve("metrics.csv")).size());
        try (Run run = Run.resume(temporary, position).of(optimizer, scheduler)) {
            assertEquals(1, run.epoch());
            assertEquals(2, Files.readAllLines(temporary.resolve("metrics.csv")).size(), "what came later is dropped");
            run.batch(7);
            assertEquals(6, run.epoch(Map.of()).trainLoss(), "the mean of 5, from before, and 7");
        }
        assertEquals(3, Files.readAllLines(temporary.resolve("metrics.csv")).size());
    }

    @Test
    void doesNotBeginAgainOverEpochsThatNoCheckpointHas() throws IOException {
        try (Run run = Run.create(temporary).of(optimizer, scheduler)) {
            epoch(run);
            epoch(run);
        }
        List<String> rows = Files.readAllLines(temporary.resolve("metrics.csv"));
        assertEquals(
                "the run in " + temporary
                        + " has 2 epochs, but was to begin again, as no checkpoint of it was loaded: load one, or choose another folder",
                assertThrows(IOException.class, () -> Run.resume(temporary, Position.START))
                        .getMessage());
        assertEquals(rows, Files.readAllLines(temporary.resolve("metrics.csv")));
    }

    @Test
    void beginsAgainWhereNoEpochHasEnded() throws IOException {
        Run.create(temporary).close();
        Files.writeString(temporary.resolve("metrics.csv"), ""); // as a killed process leaves it
        try (Run run = Run.resume(temporary, Position.START).of(optimizer, scheduler)) {
            epoch(run);
        }
        try (Run run = Run.resume(temporary, Position.START).of(optimizer, scheduler)) { // killed before its checkpoint
            epoch(run);
        }
        assertEquals(2, Files.readAllLines(temporary.resolve("metrics.csv")).size());
    }

    @Test
    void showsItsProgressFromTheBatchWhereItGoesOn() throws Exception {
        Position within = new Position(1, 1, 3, 5.0, 0, List.of());
        PrintStream before = System.err;
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
        try (Run run = Run.resume(temporary, within).of(optimizer, scheduler).length(2, 4)) {
            Thread.sleep(1100); // nothing is shown in the first second
            run.batch(7);
        } finally {
            System.setErr(before);
        }
        assertEquals(
                "Epoch 2: 2 of 4 batches (50 %), loss 7.0000",
                err.toString(StandardCharsets.UTF_8).strip());
    }

    @Test
    void countsTheEpochsSinceTheBest() throws IOException {
        try (Run run = Run.create(temporary)) {
            assertEquals(List.of(0, 0), List.of(run.epochsSinceLowest("a"), run.epochsSinceHighest("a")));
            for (double value : new double[] {Double.NaN, 2, 1, 3, 1, Double.NaN}) {
                run.batch(1);
                run.epoch(Map.of("a", value));
            }
            assertEquals(3, run.epochsSinceLowest("a"), "of several, the first");
            assertEquals(2, run.epochsSinceHighest("a"));
            assertEquals(6, run.epochsSinceLowest("b"), "none had it");
        }
    }

    @Test
    void recordsAnotherLibrarysRatesAndNoneAtAll() throws IOException {
        double[] rate = {0.5};
        RateGroup theirs = RateGroup.of("theirs", () -> rate[0], lr -> rate[0] = lr);
        try (Run run = Run.create(temporary.resolve("theirs"))
                .of(() -> List.of(theirs), new LRScheduler(() -> List.of(theirs), new ExponentialLR(0.5)))) {
            run.batch(1);
            assertEquals(List.of(0.5), run.epoch(Map.of()).lr());
        }
        try (Run run = Run.create(temporary.resolve("none"))) {
            run.batch(1);
            assertEquals("Epoch 1, Train Loss: 1.0000", run.epoch(Map.of()).toString());
        }
        List<RunsWatch.WatchedRun> found = new ArrayList<>();
        new RunsWatch(temporary).look(found::addAll);
        assertEquals(
                List.of("", ""),
                found.stream()
                        .map(run -> run.config().orElseThrow().optimizer())
                        .toList());
        assertThrows(IOException.class, () -> Run.create(temporary.resolve("none")), "a run is there");
    }
}
