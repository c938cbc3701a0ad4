package org.anneal.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
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
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The command line as a process of its own. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ProcessTest {
    @TempDir
    Path folder;

    private Process start(String... arguments) throws IOException {
        return new ProcessBuilder(Stream.concat(
                                Stream.of(
                                        Path.of(System.getProperty("java.home"), "bin", "java")
                                                .toString(),
                                        "-Djava.awt.headless=true",
                                        "--enable-native-access=ALL-UNNAMED", // as the jar's manifest says
                                        "-cp",
                                        System.getProperty("java.class.path"),
                                        "org.anneal.cli.Anneal"),
                                Stream.of(arguments))
                        .toList())
                .directory(folder.toFile())
                .redirectError(folder.resolve("err").toFile())
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
        List<String> printed = new ArrayList<>();
        try (BufferedReader out = process.inputReader(UTF_8)) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                printed.add(line);
                if (line.startsWith("Epoch 1,")) {
                    assertEquals(0, exit(new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start()));
                }
            }
            assertEquals(130, exit(process));
        } finally {
            process.destroyForcibly();
        }
        List<String> rows = Files.readAllLines(folder.resolve("run/metrics.csv"));
        int epochs = rows.size() - 1;
        assertTrue(epochs >= 1 && epochs < 100, () -> rows.toString());
        assertEquals(
                "Interrupted: metrics.csv, curve.png and model.safetensors, all up to epoch " + epochs + ", are in run",
                printed.get(printed.size() - 1));
        for (int epoch = 1; epoch <= epochs; epoch++) {
            String[] cells = rows.get(epoch).split(",", -1);
            assertEquals(7, cells.length);
            assertEquals(Integer.toString(epoch * 200), cells[1]);
        }
        ByteBuffer weights = ByteBuffer.wrap(Files.readAllBytes(folder.resolve("run/model.safetensors")))
                .order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(44_426 * 4 + 8 + weights.getLong(0), weights.capacity());
        assertEquals("", Files.readString(folder.resolve("err")));
        try (Stream<Path> files = Files.list(folder.resolve("run"))) {
            assertEquals(3, files.count());
        }
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
