package org.anneal.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.anneal.checkpoint.TensorData;
import org.anneal.checkpoint.TorchFile;
import org.anneal.runs.RunRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The command line as a process of its own. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ProcessTest {
    @TempDir
    Path folder;

    private Process start(String... arguments) throws IOException {
        return startWithErrors("err", arguments);
    }

    /** Starts a process whose standard error goes to a file. */
    private Process startWithErrors(String err, String... arguments) throws IOException {
        return start(err, Stream.of(), arguments);
    }

    /** Starts a process through another command, {@code taskset} perhaps. */
    private Process start(String err, Stream<String> through, String... arguments) throws IOException {
        return new ProcessBuilder(Stream.concat(through, Ran.process(List.of(), arguments).stream())
                        .toList())
                .directory(folder.toFile())
                .redirectError(folder.resolve(err).toFile())
                .start();
    }

    private static int exit(Process process) throws InterruptedException {
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "it does not end");
        return process.exitValue();
    }

    @Test
    void ctrlCLeavesTheFinishedEpochsWhole() throws IOException, InterruptedException {
        assumeTrue(File.separatorChar == '/', "skipped: kill -INT needs Unix");
        Process process = start("train", "--epochs=100000", "--limit=200", "--schedule=StepLR(1000)", "--out=run");
        List<String> printed = interrupted(process, line -> line.startsWith("Epoch 1,"), "-INT", 130);
        List<String> rows = Files.readAllLines(folder.resolve("run/metrics.csv"));
        int epochs = rows.size() - 1;
        assertTrue(epochs >= 1 && epochs < 100, () -> rows.toString());
        assertEquals(
                "Interrupted: run: metrics.csv, curve.png, model.safetensors (epoch " + epochs + ")",
                printed.get(printed.size() - 2));
        String goOn = printed.get(printed.size() - 1);
        assertTrue(
                goOn.matches("--resume goes on in epoch " + (epochs + 1) + ", after \\d+ of 200 batches"), () -> goOn);
        assertTrue(RunRecord.read(folder.resolve("run")).summary().orElseThrow().stopped());
        for (int epoch = 1; epoch <= epochs; epoch++) {
            String[] cells = rows.get(epoch).split(",", -1);
            assertEquals(7, cells.length);
            assertEquals(Integer.toString(epoch * 200), cells[1]);
        }
        ByteBuffer weights = ByteBuffer.wrap(Files.readAllBytes(folder.resolve("run/model.safetensors")))
                .order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(44_426 * 4 + 8 + weights.getLong(0), weights.capacity());
        try (Stream<String> errors = Files.lines(folder.resolve("err"))) {
            assertEquals(
                    List.of(),
                    errors.filter(line -> !line.startsWith("Checking the schedule: "))
                            .filter(line -> !line.matches("Epoch \\d+(: |, validating: ).*")) // the progress
                            .toList());
        }
        try (Stream<Path> files = Files.list(folder.resolve("run"))) {
            assertEquals(8, files.count());
        }
    }

    @Test
    void ctrlCStopsAllSchedules() throws IOException, InterruptedException {
        assumeTrue(File.separatorChar == '/', "skipped: kill -INT needs Unix");
        Process process = start(
                "train", "--epochs=100000", "--limit=50", "--schedule=StepLR(9)", "--schedule=StepLR(8)", "--out=runs");
        List<String> printed = interrupted(process, line -> line.startsWith("Epoch 1,"), "-INT", 130);
        assertTrue(printed.get(printed.size() - 2).startsWith("Interrupted: runs/1-StepLR: "), printed.toString());
        assertTrue(Files.exists(folder.resolve("runs/1-StepLR/last.pt")));
        assertTrue(Files.notExists(folder.resolve("runs/2-StepLR")));
        assertTrue(Files.notExists(folder.resolve("runs/compare.png")));
    }

    @Test
    void ctrlCLeavesNothingOfAnExportThatIsNotWhole() throws IOException, InterruptedException {
        assumeTrue(File.separatorChar == '/', "skipped: kill -INT needs Unix");
        TensorData zero = TensorData.scalar(0);
        TorchFile.write(
                folder.resolve("large.pt"), // of 4 GB, when it is exported
                Map.of("w", new TensorData(zero.dtype(), zero.storage(), 0, List.of(1L << 30), List.of(0L))));
        Files.writeString(folder.resolve("out"), "old");
        Process process = start("export", "large.pt", "--to", "safetensors", "-o", "out");
        try {
            Path temporary = folder.resolve("out.tmp");
            while (process.isAlive() && (Files.notExists(temporary) || Files.size(temporary) == 0)) {
                Thread.sleep(10);
            }
            String pid = Long.toString(process.pid());
            assertEquals(0, exit(new ProcessBuilder("kill", "-INT", pid).start()));
            assertEquals(130, exit(process));
            assertTrue(Files.notExists(temporary), "it is gone");
            assertEquals("old", Files.readString(folder.resolve("out")));
        } finally {
            process.destroyForcibly();
        }
    }

    /** Sends a signal when a line is printed, and {@return all lines} */
    private static List<String> interrupted(Process process, Predicate<String> when, String signal, int code)
            throws IOException, InterruptedException {
        List<String> printed = new ArrayList<>();
        boolean sent = false;
        try (BufferedReader out = process.inputReader(UTF_8)) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                printed.add(line);
                if (!sent && when.test(line)) {
                    sent = true;
                    String pid = Long.toString(process.pid());
                    assertEquals(0, exit(new ProcessBuilder("kill", signal, pid).start()));
                }
            }
            assertEquals(code, exit(process), () -> printed.toString());
        } finally {
            process.destroyForcibly();
        }
        return printed;
    }

    // 3 epochs of 24 batches, the running loss of each said.
    private static final String[] SHORT = {
        "train",
        "--epochs=3",
        "--limit=24",
        "--print-every=1",
        "--optimizer=Adam(lr=0.001)",
        "--schedule=OneCycleLR(max_lr=0.01, total_steps=72)",
        "--step-per=batch"
    };

    private Process shortRun(String... more) throws IOException {
        return start(Stream.concat(Stream.of(SHORT), Stream.of(more)).toArray(String[]::new));
    }

    /** Checks that a run left what the run that nobody interrupted left. */
    private void assertAsUninterrupted(String run) throws IOException, InterruptedException {
        Process whole = shortRun("--out=whole");
        whole.getInputStream().readAllBytes();
        assertEquals(0, exit(whole));
        assertEquals(withoutSeconds("whole"), withoutSeconds(run));
        for (String file : List.of("model.safetensors", "curve.png")) {
            assertArrayEquals(
                    Files.readAllBytes(folder.resolve("whole").resolve(file)),
                    Files.readAllBytes(folder.resolve(run).resolve(file)),
                    file);
        }
        try (Stream<Path> files = Files.list(folder.resolve(run))) {
            assertEquals(
                    List.of(
                            "best.pt",
                            "curve.png",
                            "last.pt",
                            "metrics.csv",
                            "model.safetensors",
                            "progress.csv",
                            "run.json"),
                    files.map(file -> file.getFileName().toString())
                            .filter(name -> !name.contains("tfevents")) // one each time it was taken up
                            .sorted()
                            .toList());
        }
    }

    private List<String> withoutSeconds(String run) throws IOException {
        return Files.readAllLines(folder.resolve(run).resolve("metrics.csv")).stream()
                .map(row -> row.substring(0, row.lastIndexOf(',')))
                .toList();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aRunHasTheSameBitsOnOneCoreAndOnAll(int threads) throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/taskset")), "skipped: no taskset command");
        assumeTrue(Runtime.getRuntime().availableProcessors() > 1, "skipped: only one core");
        String[] run = {
            "train", "--epochs=1", "--limit=8", "--batch-size=1000", "--seed=5", "--threads=" + threads, "--out"
        };
        Map<String, Stream<String>> machines = Map.of("all", Stream.of(), "one", Stream.of("taskset", "-c", "0"));
        for (Map.Entry<String, Stream<String>> machine : machines.entrySet()) {
            String out = machine.getKey();
            Process process = start(
                    "err",
                    machine.getValue(),
                    Stream.concat(Stream.of(run), Stream.of(out)).toArray(String[]::new));
            process.getInputStream().readAllBytes();
            assertEquals(0, exit(process));
        }
        assertEquals(withoutSeconds("all"), withoutSeconds("one"));
        assertArrayEquals(
                Files.readAllBytes(folder.resolve("all/model.safetensors")),
                Files.readAllBytes(folder.resolve("one/model.safetensors")));
    }

    @Test
    void aRunThatIsKilledAgainAndAgainEndsAsIfItHadNotBeen() throws IOException, InterruptedException {
        assumeTrue(File.separatorChar == '/', "skipped: kill -KILL needs Unix");
        interrupted(shortRun("--out=run", "--save-every=1"), line -> line.startsWith("[1,     5]"), "-KILL", 137);
        // At a batch, at the end of an epoch, right after it, at the last batch of all.
        String[] moments = {"[1,    17]", "Epoch 1,", "[2,     1]", "[3,    24]"};
        for (String moment : moments) {
            Process process = start("train", "--resume", "--out=run", "--print-every=1");
            interrupted(process, line -> position(line) >= position(moment), "-KILL", 137);
        }
        Process process = start("train", "--resume", "--out=run");
        process.getInputStream().readAllBytes();
        assertEquals(0, exit(process), Files.readString(folder.resolve("err")));
        assertAsUninterrupted("run");
    }

    private static final String TAKEN = ": wait until it ends, stop it, or choose another folder";

    private void assertKeptOut(String... arguments) throws IOException, InterruptedException {
        Process other = startWithErrors("err2", arguments);
        assertEquals("", new String(other.getInputStream().readAllBytes(), UTF_8));
        assertEquals(1, exit(other));
        assertEquals(
                List.of("anneal train: another run is writing to runs/a" + TAKEN),
                Files.readAllLines(folder.resolve("err2")));
    }

    @Test
    void aRunThatGoesOnKeepsOthersOutUntilItIsKilled() throws IOException, InterruptedException {
        assumeTrue(File.separatorChar == '/', "skipped: kill -KILL needs Unix");
        Process run = start("train", "--epochs=100000", "--limit=50", "--schedule=StepLR(1000)", "--out=runs/a");
        try (BufferedReader lines = run.inputReader()) {
            String line = lines.readLine();
            while (line != null && !line.startsWith("Epoch 1,")) {
                line = lines.readLine();
            }
            assertKeptOut("train", "--out=runs/a");
            assertKeptOut("train", "--resume");
            assertKeptOut("train", "--resume", "--out=runs/a");
            assertKeptOut("train", "--resume", "runs/a/last.pt", "--out=runs/a");
            assertTrue(run.isAlive());
        } finally {
            run.destroyForcibly(); // -KILL
        }
        exit(run);
        List<String> rows = Files.readAllLines(folder.resolve("runs/a/metrics.csv"));
        for (int epoch = 1; epoch < rows.size(); epoch++) {
            assertTrue(rows.get(epoch).startsWith(epoch + "," + 50 * epoch + ","), rows.get(epoch));
        }
        assertTrue(Files.exists(folder.resolve("runs/a/run.lock")), "it was killed");
        Process next = start("train", "--resume", "--epochs=1");
        next.getInputStream().readAllBytes();
        assertEquals(0, exit(next), Files.readString(folder.resolve("err")));
        assertTrue(Files.notExists(folder.resolve("runs/a/run.lock")));
    }

    @Test
    void ofTwoRunsThatBeginAtOnceOneIsRefused() throws IOException, InterruptedException {
        String[] train = {"train", "--epochs=100000", "--limit=50", "--schedule=StepLR(1000)", "--out=runs/a"};
        Process first = startWithErrors("err", train);
        Process second = startWithErrors("err2", train);
        try {
            Process refused = (Process)
                    CompletableFuture.anyOf(first.onExit(), second.onExit()).join();
            assertEquals(1, refused.exitValue());
            List<String> err = Files.readAllLines(folder.resolve(refused == first ? "err" : "err2")).stream()
                    .filter(line -> !line.startsWith("Checking the schedule: ")) // the progress
                    .toList();
            assertEquals(List.of("anneal train: another run is writing to runs/a" + TAKEN), err);
            assertTrue((refused == first ? second : first).isAlive());
        } finally {
            first.destroyForcibly();
            second.destroyForcibly();
        }
        exit(first);
        exit(second);
    }

    @Test
    void aRunWhoseFolderIsTakenAwaySaysSo() throws IOException, InterruptedException {
        Process run = start("train", "--epochs=100000", "--limit=50", "--schedule=StepLR(1000)", "--out=runs/a");
        try (BufferedReader lines = run.inputReader()) {
            String line = lines.readLine();
            while (line != null && !line.startsWith("Epoch 1,")) {
                line = lines.readLine();
            }
            Files.move(folder.resolve("runs/a"), folder.resolve("runs/b"));
            lines.lines().forEach(left -> {});
            assertEquals(1, exit(run));
        } finally {
            run.destroyForcibly();
        }
        List<String> err = Files.readAllLines(folder.resolve("err")).stream()
                .filter(line -> line.startsWith("anneal"))
                .toList();
        assertEquals(
                List.of("anneal train: the run's folder runs/a was removed while the run went on: nothing more can be"
                        + " written to it"),
                err);
        assertTrue(Files.notExists(folder.resolve("runs/a")));
        assertTrue(Files.exists(folder.resolve("runs/b/last.pt")));
    }

    /** {@return where in a run a line is printed; the signal before may have come late, and the run is past what was meant} */
    private static int position(String line) {
        Matcher at = Pattern.compile("\\[(\\d), +(\\d+)\\].*|Epoch (\\d),.*").matcher(line);
        if (!at.matches()) {
            return -1;
        }
        return at.group(3) == null
                ? 100 * Integer.parseInt(at.group(1)) + Integer.parseInt(at.group(2))
                : 100 * Integer.parseInt(at.group(3)) + 99;
    }

    @Test
    void aRunThatIsInterruptedGoesOnFromThere() throws IOException, InterruptedException {
        assumeTrue(File.separatorChar == '/', "skipped: kill -INT needs Unix");
        List<String> printed = interrupted(shortRun("--out=run"), line -> line.startsWith("[1,     9]"), "-INT", 130);
        String goOn = printed.get(printed.size() - 1);
        Matcher position = Pattern.compile("--resume goes on in epoch (\\d+), after (\\d+) of 24 batches")
                .matcher(goOn);
        assertTrue(position.matches(), goOn);
        Process process = start("train", "--resume", "--out=run", "--print-every=1");
        printed = interrupted(process, line -> line.startsWith("[2,     9]"), "-TERM", 143);
        int batch = Integer.parseInt(position.group(2));
        assertTrue(
                printed.get(4).startsWith(String.format("[%s, %5d] ", position.group(1), batch + 1)) || batch == 24,
                printed.get(4));
        process = start("train", "--resume", "--out=run");
        process.getInputStream().readAllBytes();
        assertEquals(0, exit(process), Files.readString(folder.resolve("err")));
        assertAsUninterrupted("run");
    }

    @Test
    void exitsWithTheCommandsCode() throws IOException, InterruptedException {
        Process right = start("table", "StepLR(step_size=30, gamma=0.1)", "--steps=1", "--format=csv");
        assertEquals(
                "step,lr,momentum\n0,0.1,0.9\n",
                new String(right.getInputStream().readAllBytes(), UTF_8));
        assertEquals(0, exit(right));
        Process wrong = start("table", "StepLR(step_size=0)");
        assertEquals(2, exit(wrong));
        List<String> error = Files.readAllLines(folder.resolve("err"));
        assertEquals(1, error.size());
        assertTrue(error.get(0).contains("step_size must be at least 1, but was 0"), error.get(0));
    }

    @Test
    void theLauncherIsSoundBash() throws IOException, InterruptedException {
        Path launcher = Path.of("../anneal").toAbsolutePath();
        assertTrue(Files.isExecutable(launcher));
        assertSilent("bash", "-n", launcher.toString());
        if (Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
                .anyMatch(bin -> Files.isExecutable(Path.of(bin, "shellcheck")))) {
            assertSilent("shellcheck", launcher.toString());
        } else {
            System.out.println("SKIPPED: shellcheck is not installed, the launcher was only parsed");
        }
    }

    @Test
    void theLauncherSaysWhichJavaIsWanted() throws IOException, InterruptedException {
        Path launcher = Path.of("../anneal").toAbsolutePath();
        Path bin = Files.createDirectories(folder.resolve("old/bin"));
        Path java =
                Files.writeString(bin.resolve("java"), "#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n");
        assertTrue(java.toFile().setExecutable(true));
        assertEquals(
                "anneal: Java must be 17 or later, but '" + java + "' is 11\n",
                launch(launcher, folder.resolve("old")));
        Files.delete(java);
        assertEquals(
                "anneal: a JDK, 17 or later, must be on the PATH or in JAVA_HOME, but '" + java + "' does not run\n",
                launch(launcher, folder.resolve("old")));
    }

    private static String launch(Path launcher, Path javaHome) throws IOException, InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder(launcher.toString(), "table", "StepLR(1)").redirectErrorStream(true);
        builder.environment().put("JAVA_HOME", javaHome.toString());
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertEquals(1, exit(process));
        return said;
    }

    private static void assertSilent(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        assertEquals("", new String(process.getInputStream().readAllBytes(), UTF_8));
        assertEquals(0, exit(process));
    }
}
