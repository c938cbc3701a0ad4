package org.anneal.sweep;

import java.io.File;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.anneal.checkpoint.AtomicFile;
import org.anneal.runs.RunListener.Epoch;

/**
 * The program of a worker that trains one weight, w, towards 2 lr: each epoch halves the distance. It saves after each epoch, and
 * when it is told to stop. Settings make it go wrong at epoch 2 of the first attempt.
 */
final class FakeTraining implements Worker.Program {
    static final String VERSION = "1.2.3";
    static final String JAVA =
            Path.of(System.getProperty("java.home"), "bin", "java").toString();
    static final String CHECKPOINT = "last.pt";

    private final CountDownLatch saved = new CountDownLatch(1);
    private volatile boolean busy;
    private volatile boolean stopped;

    /** Serves as a worker of the version that is the argument. */
    public static void main(String[] arguments) {
        FakeTraining training = new FakeTraining();
        Runtime.getRuntime().addShutdownHook(new Thread(training::save));
        Worker.serve(arguments[0], training);
    }

    /** {@return a command that runs it, with options of Java} */
    static List<String> command(String... options) {
        return Stream.of(
                        Stream.of(JAVA),
                        Stream.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError"),
                        Stream.of(options),
                        Stream.of("-cp", System.getProperty("java.class.path"), FakeTraining.class.getName(), VERSION))
                .flatMap(part -> part)
                .toList();
    }

    /** {@return a job of 4 epochs with lr = 0.5} */
    static Job job(String folder, int attempt, String... settings) {
        return job(folder, 0, 4, attempt, settings);
    }

    static Job job(String folder, int from, int until, int attempt, String... settings) {
        List<Map.Entry<String, String>> all = new ArrayList<>(List.of(Map.entry("lr", "0.5")));
        for (String setting : settings) {
            all.add(Map.entry(setting.split("=", 2)[0], setting.split("=", 2)[1]));
        }
        return new Job(0, 0, 0, all, 0, folder, from, until, 4, attempt);
    }

    /** {@return the loss after an epoch of a job with lr = 0.5, by the closed form: 2 lr 2^-epoch} */
    static double loss(int epoch) {
        return Math.pow(2, -epoch);
    }

    /** {@return the epochs that a job of 4 epochs ends with} */
    static List<Double> losses() {
        return List.of(loss(1), loss(2), loss(3), loss(4));
    }

    static List<Double> losses(List<Epoch> epochs) {
        return epochs.stream().map(Epoch::trainLoss).toList();
    }

    private static String setting(Job job, String name) {
        return job.settings().stream()
                .filter(each -> each.getKey().equals(name))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse("");
    }

    @Override
    public Optional<Flaw> check(Job job) {
        String wrong = setting(job, "wrong");
        switch (wrong) {
            case "die" -> Runtime.getRuntime().halt(9);
            case "large" -> System.err.println(new byte[Integer.MAX_VALUE - 8].length);
            case "bug" -> throw new IllegalStateException("this is not known");
            default -> {}
        }
        return wrong.isEmpty() ? Optional.empty() : Optional.of(new Flaw(Flaw.Kind.UNFIT, wrong));
    }

    @Override
    public Outcome run(Job job, Path folder, Consumer<Epoch> heard) throws Exception {
        busy = true;
        Files.createDirectories(folder);
        Path checkpoint = folder.resolve(CHECKPOINT);
        List<Epoch> epochs = new ArrayList<>();
        double w = 0;
        if (Files.exists(checkpoint)) {
            for (String line : Files.readAllLines(checkpoint)) {
                epochs.add(Json.read(line, Epoch.class));
                w = epochs.get(epochs.size() - 1).metric("w");
            }
        }
        String data = setting(job, "data");
        if (!data.isEmpty()) {
            Path text = Path.of(data.replace("text:", ""));
            Files.copy(Files.isDirectory(text) ? text.resolve("part/a.txt") : text, folder.resolve("data.txt"));
            Files.writeString(folder.resolve("data.path"), data);
        }
        double lr = Double.parseDouble(setting(job, "lr"));
        for (int epoch = epochs.size() + 1; epoch <= job.until() && !stopped; epoch++) {
            if (epoch == 2 && job.attempt() == 1) {
                goWrong(setting(job, "wrong"));
            }
            if (epoch == 2 && !setting(job, "hold").isEmpty()) {
                Files.writeString(Path.of(setting(job, "hold"), job.folder() + ".waits"), "");
                while (!stopped && Files.notExists(Path.of(setting(job, "hold"), "go"))) {
                    TimeUnit.MILLISECONDS.sleep(10);
                }
            }
            w += (2 * lr - w) / 2;
            double loss = setting(job, "wrong").equals("infinite") ? Double.POSITIVE_INFINITY : 2 * lr - w;
            Epoch each = new Epoch(epoch, epoch, List.of(lr), loss, Map.of("w", w, "val_loss", 0 * loss), 0.1);
            epochs.add(each);
            String lines = String.join("\n", epochs.stream().map(Json::of).toList());
            AtomicFile.write(checkpoint, file -> file.write(StandardCharsets.UTF_8.encode(lines)));
            heard.accept(each);
        }
        if (stopped) {
            Files.writeString(folder.resolve("saved"), "");
            saved.countDown();
            Thread.sleep(60_000); // the process ends meanwhile
        }
        if (!setting(job, "size").isEmpty()) {
            Files.write(
                    Files.createDirectories(folder.resolve("more")).resolve("weights"),
                    new byte[Integer.parseInt(setting(job, "size"))]);
        }
        busy = false;
        return new Outcome(Outcome.End.DONE, epochs, "", "");
    }

    private void goWrong(String how) throws Exception {
        switch (how) {
            case "throw" -> throw new IOException("the loss of batch 7 was nan\nand more");
            case "word" -> throw new java.nio.file.NoSuchFileException("data.csv");
            case "error" -> throw new NoClassDefFoundError("org/Missing");
            case "heap" -> System.err.println(new byte[Integer.MAX_VALUE - 8].length);
            case "native" ->
                throw new IllegalStateException(
                        new OutOfMemoryError("Physical memory usage is too high: 9000M > 8000M"));
            case "exit" -> {
                System.err.println("something is broken\n\tat a.B.c(B.java:1)");
                Runtime.getRuntime().halt(7);
            }
            case "print" -> {
                System.out.println("DONE {}");
                FileOutputStream out = new FileOutputStream(FileDescriptor.out); // as a native library
                out.write("[W] a warning without an end".getBytes(StandardCharsets.UTF_8));
                out.flush();
            }
            case "hang" -> {
                while (!stopped) {
                    TimeUnit.MILLISECONDS.sleep(5);
                }
            }
            case "crash" -> {
                String pid = "" + ProcessHandle.current().pid();
                new ProcessBuilder("kill", "-SEGV", pid)
                        .redirectOutput(new File("/dev/null"))
                        .start()
                        .waitFor();
                Thread.sleep(60_000);
            }
            default -> {}
        }
    }

    private void save() {
        stopped = true;
        try {
            if (busy && !saved.await(20, TimeUnit.SECONDS)) {
                System.err.println("nothing was saved");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
