package org.anneal.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.anneal.runs.RunFolder;
import org.anneal.web.Trainings;

/**
 * The trainings that {@code anneal serve --allow-train} starts, each in a process of its own. A process has its standard input from
 * here, and stops when that ends: when it is told to, and with this process, however that ends.
 */
final class TrainProcesses implements Trainings, AutoCloseable {
    /** How many may run at once. */
    static final int MOST = 2;

    private static final int BEGIN_SECONDS = 150;
    private static final int STOP_SECONDS = 35; // more than a training takes at most to save
    private static final int PAUSE_MILLIS = 50;
    private static final String SAYS = "anneal train: ";
    private static final String HINT = " (see anneal train --help)";

    /** A training, and what it said last on standard error. */
    private static final class Training {
        final Path folder;
        final Process process;
        private final Thread reader;
        private volatile Optional<String> said = Optional.empty();

        Training(Path folder, List<String> command, Consumer<String> failed) throws IOException {
            this.folder = folder;
            process = new ProcessBuilder(command)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            reader = new Thread(() -> listen(failed), "training");
            reader.setDaemon(true);
            reader.start();
        }

        private void listen(Consumer<String> failed) {
            try (BufferedReader lines = process.errorReader(StandardCharsets.UTF_8)) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    if (line.startsWith(SAYS)) {
                        said = Optional.of(line.substring(SAYS.length()).replace(HINT, ""));
                    }
                }
                int code = process.waitFor();
                if (code != 0 && code != ChildProcess.INTERRUPTED && RunFolder.isRun(folder)) {
                    failed.accept("the training in " + folder + " failed: " + why());
                }
            } catch (IOException e) {
                // the process has ended
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        /** {@return what it said last, when it has ended} */
        String last() throws InterruptedException {
            reader.join();
            return why();
        }

        private String why() {
            return said.orElseGet(() -> "anneal train ended with exit code " + process.exitValue());
        }

        /** Has it stop as by Ctrl-C. */
        void stop() {
            try {
                process.getOutputStream().close();
            } catch (IOException e) {
                // it has ended
            }
        }
    }

    private final Path runs;
    private final Consumer<String> failed;
    private final Map<String, Training> all = new LinkedHashMap<>(); // by name
    private boolean closed;

    /**
     * @param runs the folder in which each has a folder of its own
     * @param failed takes what went wrong with one that had begun
     */
    TrainProcesses(Path runs, Consumer<String> failed) {
        this.runs = runs;
        this.failed = failed;
    }

    @Override
    public String folder() {
        return runs.toString();
    }

    @Override
    public String start(List<String> arguments) throws IOException {
        Training training = launch(arguments);
        String name = String.valueOf(training.folder.getFileName());
        try {
            awaitRun(training);
            return name;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            training.stop();
            throw new IOException("the server is shutting down", e);
        }
    }

    private synchronized Training launch(List<String> arguments) throws IOException {
        if (closed) {
            throw new IllegalStateException("the server is shutting down");
        } else if (running().size() >= MOST) {
            throw new IllegalStateException("at most " + MOST + " trainings may run at once: stop one, or wait");
        }
        Path folder = new DatedFolders(runs).fresh();
        Files.createDirectories(folder); // so that the next one takes another
        List<String> words = new ArrayList<>(List.of("train"));
        words.addAll(arguments);
        words.add("--out=" + folder);
        Training training;
        try {
            training =
                    new Training(folder, ChildProcess.command(List.of(ChildProcess.ENDS_WITH_PARENT), words), failed);
        } catch (IOException e) {
            Files.delete(folder);
            throw e;
        }
        all.put(String.valueOf(folder.getFileName()), training);
        return training;
    }

    /** Waits until a training has its run's files. */
    private static void awaitRun(Training training) throws IOException, InterruptedException {
        long late = System.nanoTime() + TimeUnit.SECONDS.toNanos(BEGIN_SECONDS);
        while (!RunFolder.isRun(training.folder)) {
            boolean ended = training.process.waitFor(PAUSE_MILLIS, TimeUnit.MILLISECONDS);
            if (ended && !RunFolder.isRun(training.folder)) {
                Files.deleteIfExists(training.folder);
                String said = training.last();
                if (training.process.exitValue() == Anneal.USAGE) {
                    throw new IllegalArgumentException(said);
                }
                throw new IOException(said);
            }
            if (System.nanoTime() - late > 0) {
                training.stop();
                throw new IOException("the training did not begin within " + BEGIN_SECONDS + " seconds");
            }
        }
    }

    @Override
    public synchronized boolean stop(String run) {
        Optional<Training> training = Optional.ofNullable(all.get(run)).filter(each -> each.process.isAlive());
        training.ifPresent(Training::stop);
        return training.isPresent();
    }

    @Override
    public synchronized List<String> running() {
        all.values().removeIf(training -> !training.process.isAlive());
        return List.copyOf(all.keySet());
    }

    /** Stops all, and waits until they have saved. */
    @Override
    public void close() {
        List<Training> left;
        synchronized (this) {
            closed = true;
            left = List.copyOf(all.values());
        }
        left.forEach(Training::stop);
        long late = System.nanoTime() + TimeUnit.SECONDS.toNanos(STOP_SECONDS);
        try {
            for (Training training : left) {
                training.process.waitFor(late - System.nanoTime(), TimeUnit.NANOSECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
