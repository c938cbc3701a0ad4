package org.anneal.runs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A folder of training runs, of folders of runs, or of one run, read as it changes: each run's {@code metrics.csv}, with a row per epoch;
 * {@code progress.csv}, with rows within the epochs; and {@code run.json}, its settings. Links below the folder are not followed,
 * as they may lead anywhere.
 */
public final class RunsWatch {
    private static final int MOST_RUNS = 100;
    private static final int MOST_FOLDERS = 300; // of which each is looked into
    private static final long FRESH_NANOS = 200_000_000;
    private static final long QUIET_MILLIS = 60_000;
    private static final long COPY_MILLIS = 5_000;
    private static final long NEVER = -1;

    /** What a run is doing, judged by its files. */
    public enum State {
        /** It holds the lock of its folder or, if no lock is there, has written lately. */
        RUNNING,
        /** It has ended, and was finished as far as its settings tell. */
        FINISHED,
        /** It has ended before it was finished, and may be resumed. */
        STOPPED,
        /** Its process ended without saying so: its lock is there, but nobody holds it. */
        KILLED,
        /** It has not written lately, and there is no lock that would tell why. */
        QUIET
    }

    /** A run and its tables, by name. */
    public static final class WatchedRun {
        private final String name;
        private final Path folder;
        private final Map<String, TableView> tables = new TreeMap<>();
        private State state = State.QUIET;
        private String configVersion = "";
        private Optional<RunConfig.Summary> config = Optional.empty();
        private String titleVersion = "";
        private Optional<String> title = Optional.empty();
        private Instant started = Instant.EPOCH;

        WatchedRun(String name, Path folder) {
            this.name = name;
            this.folder = folder;
            for (RunTable table : RunTable.values()) {
                tables.put(table.name().toLowerCase(Locale.ROOT), new TableView(table.in(folder)));
            }
        }

        /** {@return the name of its folder} */
        public String name() {
            return name;
        }

        /** {@return what its user calls it, if it was {@link #rename}d} */
        public Optional<String> title() {
            return title;
        }

        /** {@return when it began; if it does not say so, when the first of its files was made} */
        public Instant started() {
            return started;
        }

        /**
         * Gives the run a title, which its folder keeps; the folder's name stays.
         *
         * @param title of 1 to 80 characters on one line; if blank, the run has none
         * @throws IllegalArgumentException if the title is too long, or has control characters
         * @throws IOException if it cannot be written
         */
        public void rename(String title) throws IOException {
            RunTitle.write(folder, title);
        }

        /** {@return what it is doing} */
        public State state() {
            return state;
        }

        /** {@return its tables, {@code metrics} and {@code progress}; a missing one has no columns} */
        public Map<String, TableView> tables() {
            return tables;
        }

        /** {@return its settings, if it has them} */
        public Optional<RunConfig.Summary> config() {
            return config;
        }

        /** {@return what tells its best epoch} */
        public Monitor monitor() {
            List<String> columns = Objects.requireNonNull(tables.get("metrics")).columns();
            return Monitor.of(
                    columns.subList(columns.indexOf(RunTable.TRAIN_LOSS) + 1, columns.size()).stream()
                            .filter(column -> !RunTable.isOwn(column))
                            .toList(),
                    config);
        }

        /** {@return whether one of the tables is a run's} */
        private boolean isOne() {
            return tables.values().stream().anyMatch(table -> !table.columns().isEmpty());
        }

        private void refresh() throws IOException {
            for (TableView table : tables.values()) {
                table.refresh();
            }
            String version = version(folder.resolve(RunConfig.FILE));
            if (!version.equals(configVersion)) {
                config = RunConfig.summary(folder);
                configVersion = version;
            }
            String now = version(folder.resolve(RunTitle.FILE));
            if (!now.equals(titleVersion)) {
                title = RunTitle.read(folder);
                titleVersion = now;
            }
            if (started.equals(Instant.EPOCH)) {
                started = earliest(folder);
            }
            started = config.flatMap(RunConfig.Summary::started).orElse(started);
            long written = written(folder);
            // Copying a run may write its files in any order.
            long drawing = modified(folder.resolve(RunFolder.CURVE));
            boolean drawn = drawing != NEVER && drawing + COPY_MILLIS >= written;
            boolean ended = drawn || config.map(RunConfig.Summary::ended).orElse(false);
            boolean stopped = config.map(RunConfig.Summary::stopped).orElse(false);
            state = !ended
                    ? unfinished(System.currentTimeMillis() - written)
                    : stopped ? State.STOPPED : State.FINISHED;
        }

        /** {@return what a run is doing that has not ended, and has not written for some milliseconds} */
        private State unfinished(long silence) {
            Optional<Boolean> held = FolderLock.isHeld(folder);
            if (held.isPresent()) {
                // While it is copied from elsewhere, where it may go on, its lock looks free.
                return held.get() || silence < COPY_MILLIS ? State.RUNNING : State.KILLED;
            }
            return silence < QUIET_MILLIS ? State.RUNNING : State.QUIET;
        }
    }

    private final Path folder;
    private final Optional<Set<String>> names;
    private final Map<Path, WatchedRun> runs = new TreeMap<>();
    private long refreshed = System.nanoTime() - 2 * FRESH_NANOS;

    /** Watches a folder of runs, or of one run; it need not exist yet. */
    public RunsWatch(Path folder) {
        this(folder, Optional.empty());
    }

    /**
     * Watches some of the runs in a folder, which need not exist yet.
     *
     * @param names the names of their folders
     */
    public RunsWatch(Path folder, Set<String> names) {
        this(folder, Optional.of(Set.copyOf(names)));
    }

    private RunsWatch(Path folder, Optional<Set<String>> names) {
        this.folder = Objects.requireNonNull(folder, "folder");
        this.names = names;
    }

    /** Reads what is new, and shows the runs to {@code visitor} in the order of their names; one caller at a time. */
    public synchronized void look(RunsVisitor visitor) throws IOException {
        if (System.nanoTime() - refreshed > FRESH_NANOS) {
            refresh();
            refreshed = System.nanoTime();
        }
        visitor.visit(runs.values().stream().filter(WatchedRun::isOne).toList());
    }

    /** Looks at the runs. */
    @FunctionalInterface
    public interface RunsVisitor {
        /** Looks at the runs; their tables change with the next {@link #look}. */
        void visit(Collection<WatchedRun> runs) throws IOException;
    }

    private void refresh() throws IOException {
        List<Path> found = new ArrayList<>();
        if (isRun(folder)) {
            found.add(folder);
        }
        List<Path> children =
                folders(folder).stream().filter(this::mayHoldNamed).toList();
        for (Path child : children) {
            if (isRun(child)) {
                found.add(child);
            } else if (children.size() <= MOST_FOLDERS && Files.isReadable(child)) { // of several schedules, perhaps
                folders(child).stream().filter(RunsWatch::isRun).forEach(found::add);
            }
        }
        found.removeIf(run -> !isNamed(name(run)));
        if (found.size() > MOST_RUNS) {
            found.sort(Comparator.comparingLong(RunsWatch::written).reversed());
            found.subList(MOST_RUNS, found.size()).clear();
        }
        runs.keySet().retainAll(found);
        for (Path run : found) {
            runs.computeIfAbsent(run, path -> new WatchedRun(name(path), path)).refresh();
        }
    }

    private boolean isNamed(String name) {
        return names.isEmpty() || names.get().contains(name);
    }

    /** {@return whether a folder is one of the runs that were asked for, or they may be in it} Of thousands, few are. */
    private boolean mayHoldNamed(Path child) {
        String name = name(child);
        return isNamed(name) || names.orElseThrow().stream().anyMatch(each -> each.startsWith(name + "/"));
    }

    /** {@return the folders in a folder; none if it is none} */
    private static List<Path> folders(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(folder)) {
            return children.filter(child -> Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS))
                    .toList();
        } catch (NoSuchFileException e) {
            return List.of(); // removed meanwhile
        }
    }

    private String name(Path run) {
        return run.equals(folder)
                ? String.valueOf(run.toAbsolutePath().normalize().getFileName())
                : folder.relativize(run).toString().replace('\\', '/');
    }

    private static boolean isRun(Path folder) {
        return Stream.of(RunTable.values())
                .anyMatch(table -> Files.isRegularFile(table.in(folder), LinkOption.NOFOLLOW_LINKS));
    }

    /** {@return when a run last wrote, in milliseconds since 1970} */
    private static long written(Path run) {
        return Stream.of(RunTable.values())
                .mapToLong(table -> modified(table.in(run)))
                .max()
                .orElse(0);
    }

    /** {@return when the first of a run's files was made or, if it is a copy, last changed} */
    private static Instant earliest(Path run) {
        return Stream.concat(
                        Stream.of(RunTable.values()).map(table -> table.in(run)),
                        Stream.of(run.resolve(RunConfig.FILE)))
                .flatMap(file -> attributes(file).stream())
                .flatMap(file -> Stream.of(file.creationTime(), file.lastModifiedTime()))
                .map(FileTime::toInstant)
                .min(Comparator.naturalOrder())
                .orElse(Instant.EPOCH);
    }

    /** {@return a string that changes when the file does} */
    private static String version(Path file) {
        return attributes(file)
                .map(now -> now.lastModifiedTime() + " " + now.size() + " " + now.fileKey())
                .orElse("none");
    }

    private static long modified(Path file) {
        return attributes(file)
                .filter(BasicFileAttributes::isRegularFile)
                .map(now -> now.lastModifiedTime().toMillis())
                .orElse(NEVER);
    }

    private static Optional<BasicFileAttributes> attributes(Path file) {
        try {
            return Optional.of(Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS));
        } catch (IOException e) {
            return Optional.empty(); // there is none
        }
    }
}
