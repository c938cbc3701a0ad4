package org.anneal.runs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.checkpoint.Dict;
import org.anneal.optim.Adam;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.runs.RunListener.Batch;
import org.anneal.runs.RunListener.Epoch;
import org.anneal.schedule.StepPer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run writes is what is read of it, with no engine but the loop of the test. */
class RunFolderTest {
    private static final RunConfig CONFIG = new RunConfig(
            "net \"of\" mine",
            "moons",
            100,
            20,
            "Adam(lr=0.1)",
            List.of("fc*:lr=0.01"),
            "StepLR(step_size=30, gamma=0.1)",
            "StepLR(30ep)",
            StepPer.EPOCH,
            90,
            8,
            OptionalInt.of(5),
            1L << 60,
            2,
            OptionalInt.empty(),
            3,
            OptionalInt.of(4),
            true,
            OnNan.CONTINUE);

    @TempDir
    Path temporary;

    private final Optimizer<FloatArray> optimizer = FloatArrays.optimizer(List.of(
            new ParamGroup<>("rest", new Adam(0.1), List.of(new FloatArray(0f))),
            new ParamGroup<>("fc*", new Adam(0.01), List.of(new FloatArray(0f)))));

    private static Epoch epoch(int epoch) {
        return new Epoch(
                epoch,
                10L * epoch,
                List.of(1.0 / 3, 1e-300),
                0.1 + 0.2,
                Epochs.validation(1e22 / 7, 2.0 / 3),
                Double.MIN_VALUE);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(temporary)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    /** {@return what is read of the one run in the folder} */
    private RunsWatch.WatchedRun read() throws IOException {
        List<RunsWatch.WatchedRun> found = new ArrayList<>();
        new RunsWatch(temporary).look(found::addAll);
        assertEquals(1, found.size());
        return found.get(0);
    }

    private static TableView table(RunsWatch.WatchedRun run, String name) {
        return Objects.requireNonNull(run.tables().get(name));
    }

    private static List<List<Double>> rows(TableView table) {
        return table.rows(0).stream()
                .map(row -> row.stream().map(cell -> cell.orElse(Double.NaN)).toList())
                .toList();
    }

    @Test
    void aRowOfAnEpochReadsBackExactly() throws IOException {
        try (RunFolder run = RunFolder.create(temporary)) {
            run.epoch(epoch(1));
            run.epoch(new Epoch(
                    2, 20, List.of(0.5, 0.0), Double.NaN, Epochs.validation(Double.POSITIVE_INFINITY, 0.5), 1));
        }
        TableView metrics = table(read(), "metrics");
        assertEquals(
                List.of("epoch", "step", "lr0", "lr1", "train_loss", "val_loss", "val_accuracy", "seconds"),
                metrics.columns());
        assertEquals(
                List.of(
                        List.of(1.0, 10.0, 1.0 / 3, 1e-300, 0.1 + 0.2, 1e22 / 7, 2.0 / 3, Double.MIN_VALUE),
                        List.of(2.0, 20.0, 0.5, 0.0, Double.NaN, Double.NaN, 0.5, 1.0)),
                rows(metrics),
                "and what is not finite is no number");
    }

    @Test
    void aRowOfProgressReadsBackExactly() throws IOException {
        try (RunFolder run = RunFolder.create(temporary)) {
            run.batch(new Batch(1, 1, 2, 1, List.of(1.0 / 3), 0.5));
            run.batch(new Batch(1, 2, 2, 2, List.of(1.0 / 7), 0.25));
            run.epoch(epoch(1));
        }
        TableView progress = table(read(), "progress");
        assertEquals(List.of("epoch", "step", "loss", "lr"), progress.columns());
        assertEquals(List.of(List.of(1.0, 2.0, 0.375, 1.0 / 7)), rows(progress));
    }

    @Test
    void aTableGetsTheColumnsOfWhatIsMeasuredLater() throws IOException {
        try (RunFolder run = RunFolder.create(temporary)) {
            assertEquals(List.of("epoch", "step"), table(read(), "metrics").columns(), "before the first epoch");
            run.epoch(new Epoch(1, 10, List.of(0.5), 3, Map.of("val_loss", 2.0), 7));
            Map<String, Double> two = new LinkedHashMap<>(Map.of("val_loss", 1.0));
            two.put("val_mae", 0.5);
            run.epoch(new Epoch(2, 20, List.of(0.25), 2, two, 7, Map.of("weight_decay", 0.1)));
        }
        assertEquals(
                List.of(
                        "epoch,step,lr,weight_decay,train_loss,val_loss,val_mae,seconds",
                        "1,10,0.5,nan,3.0,2.0,nan,7.0",
                        "2,20,0.25,0.1,2.0,1.0,0.5,7.0"),
                Files.readAllLines(temporary.resolve("metrics.csv")));
    }

    @Test
    void aMetricMustHaveANameThatIsAColumns() {
        for (String name : List.of("val loss", "Accuracy", "", "lr", "lr0", "seconds", "train_loss", "weight_decay")) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> new Epoch(1, 1, List.of(), 0, Map.of(name, 1.0), 0, Map.of("weight_decay", 0.1)),
                    name);
        }
    }

    @Test
    void aResumedRunsProgressKeepsItsRowsWhenItGetsNewColumns() throws IOException {
        for (Map<String, Double> numbers : List.of(Map.<String, Double>of(), Map.of("weight_decay", 0.5))) {
            try (RunFolder run = RunFolder.resume(temporary, List.of(), () -> {})) {
                int step = 1 + numbers.size();
                run.batch(new Batch(step, 1, 1, step, List.of(0.1), 0.5, numbers));
                run.epoch(new Epoch(step, step, List.of(0.1), 0.5, Map.of(), 1, numbers));
            }
        }
        assertEquals(
                List.of("epoch,step,loss,lr,weight_decay", "1,1,0.5,0.1,nan", "2,2,0.5,0.1,0.5"),
                Files.readAllLines(temporary.resolve("progress.csv")));
    }

    @Test
    void whatARunWasStartedWithReadsBack() throws IOException {
        Instant before = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        try (RunFolder run = RunFolder.create(temporary)) {
            run.describe(CONFIG, optimizer.groups(), List.of());
            run.keep();
        }
        Instant started = read().started();
        assertTrue(!started.isBefore(before) && !started.isAfter(Instant.now()), "started at " + started);
        assertEquals(
                Optional.of(new RunConfig.Summary(
                        "Adam(lr=0.1)",
                        List.of("fc*:lr=0.01"),
                        List.of("rest", "fc*"),
                        List.of(0.1, 0.01),
                        "StepLR(step_size=30, gamma=0.1)",
                        StepPer.EPOCH,
                        90,
                        5,
                        true,
                        true,
                        Optional.of(started),
                        Optional.empty())),
                read().config(),
                "13 batches of 8, but at most 5");
        assertEquals(CONFIG, RunConfig.of(new Dict("", CONFIG.toDict())), "and in a checkpoint");
        RunConfig.write(
                temporary,
                RunConfig.description(
                        CONFIG.toDict(), started, OptionalLong.of(5), optimizer.groups(), List.of(0.5, 0.25)));
        assertEquals(List.of(0.5, 0.25), read().config().orElseThrow().lr());
        try (RunFolder run = RunFolder.resume(temporary, List.of(), () -> {})) {
            run.describe(CONFIG, optimizer.groups(), List.of());
        }
        assertEquals(started, read().started(), "a run that is resumed began when it did");
    }

    /** A run of 90 epochs. */
    @Test
    void aRunThatEndsBeforeItsLastEpochWasStoppedUnlessItIsFinished() throws IOException {
        try (RunFolder run = RunFolder.create(temporary)) {
            run.describe(CONFIG, optimizer.groups(), List.of());
            run.epoch(epoch(1));
            assertEquals(RunsWatch.State.RUNNING, read().state());
        }
        assertEquals(RunsWatch.State.STOPPED, read().state());
        try (RunFolder run = RunFolder.resume(temporary, List.of(epoch(1)), () -> {})) {
            run.describe(CONFIG, optimizer.groups(), List.of());
            run.epoch(epoch(2));
            run.finish();
            assertEquals(RunsWatch.State.RUNNING, read().state());
        }
        assertEquals(RunsWatch.State.FINISHED, read().state(), "its patience has run out, perhaps");
        try (RunFolder run = RunFolder.resume(temporary, List.of(epoch(1)), () -> {})) {
            run.describe(CONFIG, optimizer.groups(), List.of());
            run.epoch(epoch(90));
        }
        assertEquals(RunsWatch.State.FINISHED, read().state());
    }

    @Test
    void aResumedRunHasTheEpochsItIsToldAndNoOthers() throws IOException {
        try (RunFolder run = RunFolder.create(temporary)) {
            run.epoch(epoch(1));
            run.epoch(epoch(2));
        }
        Files.writeString(temporary.resolve("run.json.tmp"), "half");
        Files.writeString(temporary.resolve("mine.tmp"), "precious");
        try (RunFolder run = RunFolder.resume(temporary, List.of(epoch(1)), () -> {})) {
            assertEquals(1, rows(table(read(), "metrics")).size());
            run.epoch(epoch(2));
        }
        assertEquals(List.of("metrics.csv", "mine.tmp"), names());
        assertEquals(2, rows(table(read(), "metrics")).size());
    }

    @Test
    void aRunThatMayNotBeResumedIsLeftAsItIs() throws IOException {
        try (RunFolder run = RunFolder.create(temporary)) {
            run.epoch(epoch(1));
        }
        String before = Files.readString(temporary.resolve("metrics.csv"));
        IOException changed = assertThrows(
                IOException.class,
                () -> RunFolder.resume(temporary, List.of(), () -> {
                    throw new IOException("written anew");
                }));
        assertEquals("written anew", changed.getMessage());
        assertEquals(before, Files.readString(temporary.resolve("metrics.csv")));
        RunFolder.checkNotWritten(temporary);
    }

    @Test
    void onlyWhatIsWorthItIsKept() throws IOException {
        Path folder = temporary.resolve("runs/today");
        for (boolean keep : new boolean[] {false, true}) {
            try (RunFolder run = RunFolder.create(folder)) {
                run.describe(CONFIG, optimizer.groups(), List.of());
                run.tensorBoard(optimizer, 10, Map.of());
                run.batch(new Batch(1, 1, 2, 1, List.of(0.1, 0.01), 0.5));
                Path weights = run.path().resolve("weights.bin");
                run.write(weights, () -> Files.writeString(weights, "mine"));
                if (keep) {
                    run.keep();
                }
            }
            assertEquals(keep, Files.exists(temporary.resolve("runs")));
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(4, files.count(), "the table, run.json, the events and the weights");
        }
    }

    @Test
    void theOwnersFilesAreNotWrittenIntoAFolderThatIsGone() throws IOException {
        Path folder = temporary.resolve("run");
        try (RunFolder run = RunFolder.create(folder)) {
            Files.move(folder, temporary.resolve("moved"));
            Files.createDirectory(folder);
            assertEquals(
                    "the run's folder " + folder
                            + " was replaced, or its run.lock removed, while the run went on: nothing more can be written to it",
                    assertThrows(IOException.class, () -> run.write(folder.resolve("a"), () -> {}))
                            .getMessage());
            assertThrows(IOException.class, run::check);
            Files.delete(folder);
            Files.move(temporary.resolve("moved"), folder);
        }
        assertEquals(List.of(), names());
    }
}
