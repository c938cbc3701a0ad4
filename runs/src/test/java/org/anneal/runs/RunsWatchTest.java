package org.anneal.runs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is read of a folder of runs, and what is not. */
class RunsWatchTest {
    private static final String HEADER = "epoch,step,loss,lr\n";

    @TempDir
    Path folder;

    private static Path run(Path path, String metrics) throws IOException {
        Files.createDirectories(path);
        return Files.writeString(path.resolve("metrics.csv"), metrics);
    }

    /** {@return the runs that are found, each with its state} */
    private static List<String> found(Path folder) throws IOException {
        List<String> found = new ArrayList<>();
        new RunsWatch(folder).look(runs -> runs.forEach(run -> found.add(run.name() + " " + run.state())));
        return found;
    }

    @Test
    void noLinkBelowTheFolderIsFollowed(@TempDir Path elsewhere) throws IOException {
        run(folder.resolve("own"), HEADER + "1,1,0.5,0.1\n");
        Path other = run(elsewhere.resolve("other"), HEADER + "1,1,0.25,0.1\n");
        Files.createSymbolicLink(folder.resolve("linked"), other.getParent());
        Files.createSymbolicLink(Files.createDirectory(folder.resolve("link")).resolve("metrics.csv"), other);
        Files.createSymbolicLink(folder.resolve("own/progress.csv"), other);
        Path picture = Files.writeString(elsewhere.resolve("curve.png"), "drawn");
        Files.createSymbolicLink(folder.resolve("own/curve.png"), picture);
        assertEquals(List.of("own RUNNING"), found(folder));
        new RunsWatch(folder).look(runs -> {
            TableView progress =
                    Objects.requireNonNull(runs.iterator().next().tables().get("progress"));
            assertEquals(List.of(), progress.columns());
        });
        // The folder that is given may be one.
        assertEquals(List.of("own RUNNING"), found(Files.createSymbolicLink(elsewhere.resolve("runs"), folder)));
        assertEquals(
                List.of("run RUNNING"), found(Files.createSymbolicLink(elsewhere.resolve("run"), other.getParent())));
    }

    @Test
    void runsThatAreAskedForAreFoundHoweverManyOthersAreNewer() throws IOException {
        Path old = run(folder.resolve("old"), HEADER + "1,1,0.5,0.1\n");
        Files.setLastModifiedTime(old, FileTime.fromMillis(0));
        run(folder.resolve("several/one"), HEADER);
        for (int i = 0; i < 150; i++) {
            run(folder.resolve("new-" + i), HEADER);
        }
        assertTrue(found(folder).stream().noneMatch(run -> run.startsWith("old")), "the newest 100 alone");
        List<String> found = new ArrayList<>();
        Set<String> names = Set.of("old", "new-3", "several/one", "new", "../" + folder.getFileName() + "/new-4", ".");
        new RunsWatch(folder, names).look(runs -> runs.forEach(run -> found.add(run.name())));
        assertEquals(List.of("new-3", "old", "several/one"), found);
    }

    @Test
    void aTableThatBecomesALinkIsReadNoMore(@TempDir Path elsewhere) throws IOException {
        Path table = run(folder.resolve("own"), HEADER + "1,1,0.5,0.1\n");
        Path other = run(elsewhere, HEADER + "1,1,0.25,0.1\n2,2,0.25,0.1\n");
        TableView log = new TableView(table);
        log.refresh();
        Files.delete(table);
        Files.createSymbolicLink(table, other);
        log.refresh();
        assertEquals(1, log.rows(0).size());
    }

    @Test
    void aTableOfSomethingElseIsNoRun() throws IOException {
        run(folder.resolve("passwd"), "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1::/:/bin/sh\n");
        run(folder.resolve("people"), "name,Home address\nAda,London\n");
        run(folder.resolve("numbers"), "1,2,3\n4,5,6\n");
        run(folder.resolve("wide"), "a" + ",a".repeat(64) + "\n");
        run(folder.resolve("empty"), "");
        run(folder.resolve("own"), HEADER);
        assertEquals(List.of("own RUNNING"), found(folder));
    }

    @Test
    void aCopyOfAFinishedRunIsFinished() throws IOException {
        Path table = run(folder.resolve("run"), HEADER + "1,1,0.5,0.1\n");
        Path picture = Files.writeString(folder.resolve("run/curve.png"), "drawn");
        long now = System.currentTimeMillis();
        Files.setLastModifiedTime(table, FileTime.fromMillis(now));
        Files.setLastModifiedTime(picture, FileTime.fromMillis(now - 3_000));
        assertEquals(List.of("run FINISHED"), found(folder));
        // A run that goes on after it was drawn.
        Files.setLastModifiedTime(picture, FileTime.fromMillis(now - 10_000));
        assertEquals(List.of("run RUNNING"), found(folder));
        Files.delete(picture);
        Files.setLastModifiedTime(table, FileTime.fromMillis(0));
        assertEquals(List.of("run QUIET"), found(folder));
    }

    private static void makeOld(Path file) throws IOException {
        Files.setLastModifiedTime(file, FileTime.fromMillis(1000));
    }

    @Test
    void aRunThatWasKilledIsToldFromOneThatGoesOn() throws IOException {
        Path table = run(folder.resolve("run"), HEADER + "1,1,0.5,0.1\n");
        makeOld(table);
        assertEquals(List.of("run QUIET"), found(folder), "nothing tells what became of it");
        FolderLock own = FolderLock.take(folder.resolve("run"));
        assertEquals(List.of("run RUNNING"), found(folder), "in this process");
        assertEquals(List.of("run RUNNING"), found(folder), "and looking has not released the lock");
        own.close();
        Process other = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Holder.class.getName(),
                        folder.resolve("run").toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            assertEquals("held", other.inputReader().readLine());
            assertEquals(List.of("run RUNNING"), found(folder), "in another process");
        } finally {
            other.destroyForcibly().onExit().join();
        }
        assertEquals(List.of("run KILLED"), found(folder));
        Files.setLastModifiedTime(table, FileTime.fromMillis(System.currentTimeMillis()));
        assertEquals(List.of("run RUNNING"), found(folder), "it may be a copy of one that goes on");
        makeOld(table);
        FolderLock.take(folder.resolve("run")).close();
        assertEquals(List.of("run QUIET"), found(folder), "and looking does not keep the next run out");
    }

    /** Another process's run. */
    static final class Holder {
        private Holder() {}

        public static void main(String[] args) throws IOException {
            try (FolderLock lock = FolderLock.take(Path.of(args[0]))) {
                System.out.println("held");
                System.in.read(); // until it is killed
                lock.check();
            }
        }
    }

    @Test
    void aRunBeganWhenItSaysOrWhenItsFirstFileWasMade() throws IOException {
        Path table = run(folder.resolve("run"), HEADER + "1,1,0.5,0.1\n");
        makeOld(table);
        RunsWatch watch = new RunsWatch(folder);
        watch.look(runs ->
                assertEquals(Instant.ofEpochMilli(1000), runs.iterator().next().started()));
        for (String said : List.of("2026-11-30T01:02:03.004Z", "yesterday")) {
            Files.writeString(folder.resolve("run/run.json"), """
                    {"config": {}, "started": "%s", "param_groups": []}""".formatted(said));
            new RunsWatch(folder)
                    .look(runs -> assertEquals(
                            said.equals("yesterday") ? Instant.ofEpochMilli(1000) : Instant.parse(said),
                            runs.iterator().next().started()));
        }
    }

    /** {@return the title of the only run} */
    private static Optional<String> title(Path folder) throws IOException {
        List<RunsWatch.WatchedRun> found = new ArrayList<>();
        new RunsWatch(folder).look(found::addAll);
        return found.get(0).title();
    }

    @Test
    void aRunKeepsItsTitleInItsFolder() throws IOException {
        Path run = folder.resolve("run");
        run(run, HEADER);
        assertEquals(Optional.empty(), title(folder));
        List<RunsWatch.WatchedRun> found = new ArrayList<>();
        RunsWatch watch = new RunsWatch(folder);
        watch.look(found::addAll);
        found.get(0).rename("  Größer, mit Anlauf ");
        assertEquals(Optional.of("Größer, mit Anlauf"), title(folder));
        for (String wrong : List.of("two\nlines", "x".repeat(81))) {
            assertThrows(IllegalArgumentException.class, () -> found.get(0).rename(wrong));
            Files.writeString(run.resolve("title.txt"), wrong);
            assertEquals(Optional.empty(), title(folder), "nor is it read");
        }
        assertEquals(
                "title must have at most 80 characters, but has 81",
                assertThrows(IllegalArgumentException.class, () -> found.get(0).rename("x".repeat(81)))
                        .getMessage());
        found.get(0).rename(" ");
        assertTrue(Files.notExists(run.resolve("title.txt")));
        Path elsewhere = Files.writeString(folder.resolve("elsewhere"), "of another");
        Files.createSymbolicLink(run.resolve("title.txt"), elsewhere);
        assertEquals(Optional.empty(), title(folder), "no link is followed");
        assertThrows(IOException.class, () -> found.get(0).rename("mine"));
        assertEquals("of another", Files.readString(elsewhere));
    }

    private static double loss(int step) {
        return step == 123_457 ? 99 : step == 300_001 ? -99 : 1 + Math.sin(step);
    }

    private static String row(int step) {
        return step / 1000 + "," + step + "," + (step == 70_000 ? "nan" : loss(step)) + ",0.1\n";
    }

    @Test
    void aLongTableKeepsItsPeaksAndItsLastRowAndGrowsNoFurther() throws IOException {
        Path table = run(folder, HEADER);
        TableView log = new TableView(table);
        int last = 400_000;
        // As a page is told of it: the rows from those on that have settled since.
        List<List<Optional<Double>>> told = new ArrayList<>();
        long generation = log.generation();
        int settled = 0;
        for (int from = 1; from <= last; from += 777) {
            try (BufferedWriter out = Files.newBufferedWriter(table, StandardOpenOption.APPEND)) {
                for (int step = from; step < from + 777 && step <= last; step++) {
                    out.write(row(step));
                }
            }
            log.refresh();
            int kept = log.generation() == generation ? settled : 0;
            told.subList(kept, told.size()).clear();
            told.addAll(log.rows(kept));
            generation = log.generation();
            settled = log.settled();
            assertTrue(told.size() <= 4000, "rows: " + told.size());
            assertEquals(
                    Math.min(from + 776, last), told.get(told.size() - 1).get(1).get());
        }
        assertEquals(log.rows(0), told);
        assertEquals(last, log.taken());
        for (int step : new int[] {1, 123_457, 300_001, last}) {
            assertTrue(
                    told.stream()
                            .anyMatch(row ->
                                    row.get(1).get() == step && row.get(2).get() == loss(step)),
                    "step " + step);
        }
        // As fine at the beginning as at the end.
        long early = told.stream().filter(row -> row.get(1).get() * 2 <= last).count();
        assertTrue(5 * Math.abs(2 * early - told.size()) < told.size(), early + " of " + told.size());
        assertTrue(told.size() > 1000, "rows: " + told.size());
        // Read at once, it is much the same.
        TableView again = new TableView(table);
        again.refresh();
        assertEquals(told, again.rows(0));
    }

    @Test
    void aLongTableThatGoesBackLosesWhatIsDoneAgain() throws IOException {
        Path table = run(folder, HEADER);
        TableView log = new TableView(table);
        StringBuilder rows = new StringBuilder();
        for (int step = 1; step <= 50_000; step++) {
            rows.append(row(step));
        }
        Files.writeString(table, rows, StandardOpenOption.APPEND);
        log.refresh();
        Files.writeString(table, row(20_001), StandardOpenOption.APPEND);
        log.refresh();
        List<Double> steps = log.rows(0).stream().map(row -> row.get(1).get()).toList();
        assertEquals(steps.stream().sorted().distinct().toList(), steps);
        assertEquals(20_001, steps.get(steps.size() - 1));
        assertTrue(log.settled() < steps.size());
    }
}
