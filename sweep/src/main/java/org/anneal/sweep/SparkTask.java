package org.anneal.sweep;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Serial;
import java.io.Serializable;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.spark.SparkEnv;
import org.apache.spark.SparkFiles;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import org.jspecify.annotations.Nullable;

/**
 * The part of {@link SparkCluster} that executors run: has a worker of the executor do a job. What a worker says is passed on as it
 * is, so that of Anneal's libraries only the worker needs any.
 */
final class SparkTask implements Function<SparkTask.Input, SparkTask.Output> {
    @Serial
    private static final long serialVersionUID = 1;

    // Of this executor's JVM, where several tasks may run at a time, by their commands.
    private static final Map<List<String>, WorkerPool> WORKERS = new ConcurrentHashMap<>();

    /** A folder or file that every machine gets, unpacked at the same path. */
    record Shipped(String root, List<ShippedFile> files) implements Serializable {}

    /** A file below the root, in parts. */
    record ShippedFile(String name, List<Broadcast<byte[]>> parts) implements Serializable {}

    /** A run's folder, by the files' names in it. */
    record RunFiles(Map<String, byte[]> files) implements Serializable {}

    /**
     * What to do.
     *
     * @param command of a worker
     * @param jars of the worker's class path: files that the executor was sent, or paths; empty if the command is complete
     * @param kind {@link Message#CHECK} or {@link Message#RUN}
     * @param job as JSON
     * @param folder the run's, where the driver has it
     * @param files in it; null if the executor is to use that folder itself
     * @param large the same, if it is large
     */
    record Input(
            List<String> command,
            List<String> jars,
            String version,
            Message kind,
            String job,
            String folder,
            @Nullable RunFiles files,
            @Nullable Broadcast<RunFiles> large,
            List<Shipped> data)
            implements Serializable {}

    /** Whether there is an answer, and if not, why. */
    enum End {
        ANSWERED,
        /** The worker died. */
        DIED,
        /** No worker did it. */
        NO_WORKER,
        /** The worker has another version. */
        OTHER_VERSION
    }

    /**
     * What came of it.
     *
     * @param answer the worker's, or why there is none
     * @param epochs the worker's messages
     * @param files in the run's folder now; null if it is the driver's
     */
    record Output(
            End end,
            String answer,
            List<String> epochs,
            @Nullable RunFiles files,
            String host,
            String executor,
            String process)
            implements Serializable {}

    @Override
    public Output call(Input input) throws IOException, InterruptedException {
        Broadcast<RunFiles> large = input.large();
        RunFiles files = large == null ? input.files() : large.value();
        if (files == null) {
            return ask(input, Path.of(input.folder()), false);
        }
        // Below the executor's own folder, which goes with it.
        Path scratch = Files.createTempDirectory(
                Files.createDirectories(
                        Path.of(SparkFiles.getRootDirectory()).toAbsolutePath().resolve("runs")),
                "");
        try {
            Path folder = scratch.resolve(input.folder());
            for (Map.Entry<String, byte[]> file : files.files().entrySet()) {
                Path path = folder.resolve(file.getKey());
                Files.createDirectories(path.getParent());
                Files.write(path, file.getValue());
            }
            return ask(input, folder, true);
        } finally {
            Folders.delete(scratch);
        }
    }

    private static Output ask(Input input, Path folder, boolean back) throws IOException, InterruptedException {
        List<String> epochs = new ArrayList<>();
        End end;
        String answer;
        String process = "";
        try {
            for (Shipped each : input.data()) {
                unpack(each);
            }
            // What an executor's workers save at the end is lost.
            int saveSeconds = input.jars().isEmpty() ? WorkerPool.SAVE_SECONDS : 0;
            WorkerPool pool = WORKERS.computeIfAbsent(
                    command(input), command -> new WorkerPool(command, input.version(), saveSeconds));
            WorkerPool.Answer said = input.kind() == Message.CHECK
                    ? pool.check(Message.CHECK.of(input.job()))
                    : pool.ask(Message.run(folder, input.job()), epochs::add);
            end = End.ANSWERED;
            answer = said.line();
            process = said.place();
        } catch (WorkerProcess.DiedException e) {
            end = End.DIED;
            answer = String.valueOf(e.getMessage());
            process = e.place();
        } catch (WorkerProcess.VersionException e) {
            end = End.OTHER_VERSION;
            answer = String.valueOf(e.getMessage());
        } catch (IOException e) {
            end = End.NO_WORKER;
            answer = String.valueOf(e.getMessage());
        }
        SparkEnv here = SparkEnv.get();
        return new Output(
                end,
                answer,
                List.copyOf(epochs),
                back ? new RunFiles(Folders.read(folder)) : null,
                here.blockManager().blockManagerId().host(),
                here.executorId(),
                process);
    }

    private static List<String> command(Input input) {
        if (input.jars().isEmpty()) {
            return input.command();
        }
        Path root = Path.of(SparkFiles.getRootDirectory()).toAbsolutePath();
        List<String> command = new ArrayList<>(input.command());
        command.set(0, Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.set(
                command.indexOf(SparkCluster.CLASS_PATH) + 1,
                input.jars().stream()
                        .map(jar -> root.resolve(jar).toString())
                        .collect(Collectors.joining(File.pathSeparator)));
        return List.copyOf(command);
    }

    /** Ends the workers of a command in this JVM; those that train save. */
    static void close(List<String> command) {
        Optional.ofNullable(WORKERS.remove(command)).ifPresent(WorkerPool::close);
    }

    /** Unpacks what is not there yet. It is complete if it is there: it is renamed then. */
    private static void unpack(Shipped data) throws IOException {
        Path root = Path.of(data.root());
        if (Files.exists(root)) {
            return;
        }
        Path temporary = Files.createTempDirectory(root.getParent(), root.getFileName() + ".");
        try {
            for (ShippedFile file : data.files()) {
                Path path = temporary.resolve(file.name());
                Files.createDirectories(path.getParent());
                try (OutputStream out = Files.newOutputStream(path)) {
                    for (Broadcast<byte[]> part : file.parts()) {
                        out.write(part.value());
                    }
                }
            }
            Files.move(temporary, root, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileSystemException e) {
            if (Files.notExists(root)) { // else another executor of this machine was faster
                throw e;
            }
        } finally {
            Folders.delete(temporary);
        }
    }
}
