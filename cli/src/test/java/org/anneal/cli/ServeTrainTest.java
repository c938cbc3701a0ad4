package org.anneal.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.anneal.runs.RunFolder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code anneal serve --allow-train}, with real trainings. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServeTrainTest {
    private static final Pattern RUN = Pattern.compile("\"run\":\"([^\"]+)\"");

    @TempDir
    Path folder;

    private Optional<Process> started = Optional.empty();
    private URI address = URI.create("");

    private Process serve() throws Exception {
        Path err = folder.resolve("err");
        Process server = new ProcessBuilder(Ran.process(
                        List.of("-Danneal.worker.options=-XX:TieredStopAtLevel=1"),
                        "serve",
                        "--port=0",
                        "--allow-train",
                        "--runs=" + Files.createDirectories(folder.resolve("runs"))))
                .redirectError(err.toFile())
                .start();
        started = Optional.of(server);
        BufferedReader out = server.inputReader(UTF_8);
        address = URI.create(String.valueOf(out.readLine()).split(" ", -1)[3]);
        return server;
    }

    @AfterEach
    void end() throws InterruptedException {
        if (started.isPresent()) {
            List<ProcessHandle> children = started.get().descendants().toList();
            started.get().destroyForcibly().waitFor();
            children.forEach(ProcessHandle::destroyForcibly);
        }
    }

    private HttpResponse<String> post(String path, String json) throws Exception {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(address.resolve(path))
                                .header("Content-Type", "application/json")
                                .POST(HttpRequest.BodyPublishers.ofString(json))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> start(String schedule, int epochs) throws Exception {
        return post("api/train", """
                {"expression": "%s", "run": {"lr": [0.01], "momentum": 0.9, "adam": false, "steps": 60, "metrics": []},
                 "data": "fashion-mnist-subset", "model": "linear", "epochs": %d, "limit": 20, "seed": 1, "start": true}
                """.formatted(schedule, epochs));
    }

    private String started(int epochs) throws Exception {
        HttpResponse<String> told = start("StepLR(30)", epochs);
        assertEquals(200, told.statusCode(), told.body());
        Matcher run = RUN.matcher(told.body());
        assertTrue(run.find(), told.body());
        return run.group(1);
    }

    private Path run(String name) {
        return folder.resolve("runs").resolve(name);
    }

    private long epochs(String name) throws Exception {
        try (Stream<String> lines = Files.lines(run(name).resolve("metrics.csv"))) {
            return lines.count() - 1;
        }
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void await(String what, Condition condition) throws Exception {
        long late = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
        while (!condition.holds()) {
            assertTrue(System.nanoTime() - late < 0, what);
            Thread.sleep(20);
        }
    }

    private static boolean isFree(Path run) {
        try {
            RunFolder.checkNotWritten(run);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void aTrainingIsStartedStoppedAndResumed() throws Exception {
        serve();
        String name = started(1000);
        assertFalse(isFree(run(name)));
        await("an epoch", () -> epochs(name) >= 1);
        HttpResponse<String> stopped = post("api/train/stop", "{\"run\": \"" + name + "\"}");
        assertEquals(200, stopped.statusCode(), stopped.body());
        await("the end", () -> isFree(run(name)));
        assertTrue(Files.exists(run(name).resolve("last.pt")));
        long done = epochs(name);
        assertTrue(done < 1000);
        List<String> lines = Ran.lines(
                "train", "--resume", "--out=" + run(name), "--stop-after=" + (done + 1), "--print-every=1000");
        assertTrue(lines.stream().anyMatch(line -> line.startsWith("Resumed ")), lines.toString());
        assertEquals(done + 1, epochs(name));
        // The process ends a little later than it lets go of the run's folder.
        await(
                "a run that cannot be stopped",
                () -> post("api/train/stop", "{\"run\": \"" + name + "\"}").statusCode() == 409);
        assertEquals("", Files.readString(folder.resolve("err")));
    }

    @Test
    void whatTrainRefusesIsToldInItsOwnLineAndLeavesNoFolder() throws Exception {
        serve();
        HttpResponse<String> refused = start("StepLR(30)", 0);
        assertEquals(400, refused.statusCode());
        assertEquals("{\"error\":{\"message\":\"--epochs must be at least 1, but was 0\"}}", refused.body());
        refused = start("OneCycleLR(max_lr=0.1, total_steps=5)", 2);
        assertEquals(400, refused.statusCode(), refused.body());
        assertTrue(refused.body().contains("OneCycleLR"), refused.body());
        try (Stream<Path> runs = Files.list(folder.resolve("runs"))) {
            assertEquals(List.of(), runs.toList());
        }
    }

    @Test
    void twoTrainAtOnceAndAllStopWithTheServer() throws Exception {
        assumeTrue(File.separatorChar == '/', "skipped: SIGTERM needs Unix");
        Process server = serve();
        List<String> names = List.of(started(1000), started(1000));
        HttpResponse<String> refused = start("StepLR(30)", 1);
        assertEquals(409, refused.statusCode());
        assertEquals(
                "{\"error\":{\"message\":\"at most 2 trainings may run at once: stop one, or wait\"}}", refused.body());
        for (String name : names) {
            await("an epoch", () -> epochs(name) >= 1);
        }
        List<ProcessHandle> children = server.descendants().toList();
        assertEquals(2, children.size());
        server.destroy(); // SIGTERM
        assertTrue(server.waitFor(60, TimeUnit.SECONDS), "it does not end");
        assertTrue(children.stream().noneMatch(ProcessHandle::isAlive), "a training is left");
        for (String name : names) {
            assertTrue(isFree(run(name)));
            assertTrue(Files.exists(run(name).resolve("last.pt")));
        }
    }

    @Test
    void aTrainingEndsWithAServerThatIsKilled() throws Exception {
        Process server = serve();
        String name = started(1000);
        await("an epoch", () -> epochs(name) >= 1);
        List<ProcessHandle> children = server.descendants().toList();
        assertEquals(1, children.size());
        server.destroyForcibly().waitFor();
        children.get(0).onExit().get(60, TimeUnit.SECONDS);
        assertTrue(Files.exists(run(name).resolve("last.pt")));
        assertTrue(isFree(run(name)));
    }

    @Test
    void onlyThisComputerMayStartTrainings() throws Exception {
        Ran.assertFails(
                2,
                "anneal serve: --host must be an address of this computer alone, such as 127.0.0.1, with --allow-train,"
                        + " as whoever reaches it could start trainings, but was 0.0.0.0",
                "serve",
                "--port=0",
                "--allow-train",
                "--runs=" + folder,
                "--host=0.0.0.0");
        Path run = Files.createDirectories(folder.resolve("run"));
        Files.createFile(run.resolve("metrics.csv"));
        Ran.assertFails(
                2,
                "anneal serve: --runs must be a folder of runs with --allow-train, but " + run + " is a run",
                "serve",
                "--port=0",
                "--allow-train",
                "--runs=" + run);
    }
}
