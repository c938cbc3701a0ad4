package org.anneal.web;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A folder of training runs, or a run itself, read again and again: of each run {@code metrics.csv}, a row per epoch, and
 * {@code progress.csv}, a row every now and then between; and {@code run.json}, what the run was started with. What is on
 * the disk is all that is known of a run. Below the folder no link is followed: it may lead anywhere.
 */
final class RunsFolder {
    private static final int MOST_RUNS = 100;
    private static final long FRESH_NANOS = 200_000_000;
    private static final long QUIET_MILLIS = 60_000;
    private static final long COPY_MILLIS = 5_000;
    private static final List<String> LOGS = List.of("metrics.csv", "progress.csv");
    private static final long NEVER = -1;
    private static final String INFO = "run.json";
    private static final String CURVE = "curve.png"; // drawn when a run ends

    /** What a run is doing, as far as its files say. */
    enum State {
        RUNNING,
        FINISHED,
        QUIET
    }

    /** A run and its tables, by name. */
    static final class TrainingRun {
        private final String name;
        private final Path folder;
        private final Map<String, RunLog> logs = new TreeMap<>();
        private State state = State.QUIET;
        private String infoVersion = "";
        private Optional<RunInfo> info = Optional.empty();

        TrainingRun(String name, Path folder) {
            this.name = name;
            this.folder = folder;
            LOGS.forEach(file -> logs.put(file.substring(0, file.indexOf('.')), new RunLog(folder.resolve(file))));
        }

        String name() {
            return name;
        }

        State state() {
            return state;
        }

        Map<String, RunLog> logs() {
            return logs;
        }

        Optional<RunInfo> info() {
            return info;
        }

        /** {@return whether a table is a run's} */
        private boolean isOne() {
            return logs.values().stream().anyMatch(log -> !log.columns().isEmpty());
        }

        private void refresh() throws IOException {
            for (RunLog log : logs.values()) {
                log.refresh();
            }
            Path infoFile = folder.resolve(INFO);
            String version = version(infoFile);
            if (!version.equals(infoVersion)) {
                info = RunInfo.read(infoFile);
                infoVersion = version;
            }
            long written = written(folder);
            // A copy of a run has its files in any order.
            long drawing = modified(folder.resolve(CURVE));
            boolean drawn = drawing != NEVER && drawing + COPY_MILLIS >= written;
            state = drawn
                    ? State.FINISHED
                    : System.currentTimeMillis() - written < QUIET_MILLIS ? State.RUNNING : State.QUIET;
        }
    }

    private final Path folder;
    private final Map<Path, TrainingRun> runs = new TreeMap<>();
    private long refreshed;
    private boolean everRefreshed;

    RunsFolder(Path folder) {
        this.folder = folder;
    }

    /** Does something with the runs as they are now, in the order of their names; one client at a time. */
    synchronized void look(RunsVisitor visitor) throws IOException {
        if (!everRefreshed || System.nanoTime() - refreshed > FRESH_NANOS) {
            refresh();
            refreshed = System.nanoTime();
            everRefreshed = true;
        }
        visitor.visit(runs.values().stream().filter(TrainingRun::isOne).toList());
    }

    /** What is done with the runs. */
    @FunctionalInterface
    interface RunsVisitor {
        void visit(Collection<TrainingRun> runs) throws IOException;
    }

    private void refresh() throws IOException {
        List<Path> found = new ArrayList<>();
        if (isRun(folder)) {
            found.add(folder);
        }
        if (Files.isDirectory(folder)) {
            try (Stream<Path> children = Files.list(folder)) {
                children.filter(child -> Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS) && isRun(child))
                        .forEach(found::add);
            }
        }
        if (found.size() > MOST_RUNS) {
            found.sort(Comparator.comparingLong(RunsFolder::written).reversed());
            found.subList(MOST_RUNS, found.size()).clear();
        }
        runs.keySet().retainAll(found);
        for (Path run : found) {
            runs.computeIfAbsent(run, path -> new TrainingRun(name(path), path)).refresh();
        }
    }

    private String name(Path run) {
        return String.valueOf((run.equals(folder) ? run.toAbsolutePath().normalize() : run).getFileName());
    }

    private static boolean isRun(Path folder) {
        return LOGS.stream().anyMatch(log -> Files.isRegularFile(folder.resolve(log), LinkOption.NOFOLLOW_LINKS));
    }

    /** {@return when a run wrote last, in milliseconds of the epoch} */
    private static long written(Path run) {
        return LOGS.stream().mapToLong(log -> modified(run.resolve(log))).max().orElse(0);
    }

    /** {@return what changes when a file does} */
    private static String version(Path file) {
        try {
            BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            return now.lastModifiedTime() + " " + now.size() + " " + now.fileKey();
        } catch (IOException e) {
            return "none";
        }
    }

    private static long modified(Path file) {
        try {
            BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            return now.isRegularFile() ? now.lastModifiedTime().toMillis() : NEVER;
        } catch (IOException e) {
            return NEVER; // there is none
        }
    }
}
