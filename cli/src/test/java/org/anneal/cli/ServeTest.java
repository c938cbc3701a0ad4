package org.anneal.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.File;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code anneal serve}. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServeTest {
    @TempDir
    Path folder;

    @Test
    void servesUntilCtrlCAndNeverLoadsLibtorch() throws Exception {
        assumeTrue(File.separatorChar == '/', "skipped: kill -INT needs Unix");
        Path err = folder.resolve("err");
        Process process = new ProcessBuilder(Ran.process(
                        List.of("-Xlog:class+load:file=" + folder.resolve("classes")),
                        "serve",
                        "--port=0",
                        "--runs=" + folder))
                .redirectError(err.toFile())
                .start();
        try (BufferedReader out = process.inputReader(UTF_8)) {
            String line = String.valueOf(out.readLine());
            assertTrue(line.matches("Serving Anneal at http://127\\.0\\.0\\.1:\\d+/ until Ctrl-C"), line);
            assertTrue(String.valueOf(out.readLine())
                    .startsWith("The runs in folder " + folder + " are at http://127.0.0.1:"));
            HttpResponse<String> page = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create(line.split(" ", -1)[3]))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            assertEquals(200, page.statusCode());
            for (String path : List.of("", "runs", "style.css", "api/server", "api/runs", "nowhere", "api/curves")) {
                HttpResponse<String> head = HttpClient.newHttpClient()
                        .send(
                                HttpRequest.newBuilder(page.uri().resolve(path))
                                        .method("HEAD", HttpRequest.BodyPublishers.noBody())
                                        .build(),
                                HttpResponse.BodyHandlers.ofString());
                assertEquals(path.equals("nowhere") ? 404 : path.equals("api/curves") ? 405 : 200, head.statusCode());
                assertEquals("", head.body());
            }
            new ProcessBuilder("kill", "-INT", Long.toString(process.pid()))
                    .start()
                    .waitFor();
            assertTrue(process.waitFor(30, TimeUnit.SECONDS), "it does not end");
            assertEquals(130, process.exitValue());
        } finally {
            process.destroyForcibly();
        }
        assertEquals("", Files.readString(err));
        assertFalse(Files.readString(folder.resolve("classes")).contains("org.bytedeco.pytorch"));
    }

    @Test
    void whatWentWrongIsInItsLog() throws Exception {
        Path err = folder.resolve("err");
        Process process = new ProcessBuilder(Ran.process(
                        List.of("-XX:+UseSerialGC", "-Xmx32m"), // less than the question needs
                        "serve",
                        "--port=0"))
                .redirectError(err.toFile())
                .start();
        try (BufferedReader out = process.inputReader(UTF_8)) {
            URI address = URI.create(String.valueOf(out.readLine()).split(" ", -1)[3]);
            HttpResponse<String> failed = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(address.resolve("api/curves"))
                                    .header("Content-Type", "application/json")
                                    .POST(HttpRequest.BodyPublishers.ofString("""
                                            {"expression": "StepLR(30)",
                                             "run": {"lr": [0.1, 0.2, 0.3], "momentum": 0.9, "adam": false, "steps": 1000000}}
                                            """))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            assertEquals(500, failed.statusCode());
            assertEquals("{\"error\":{\"message\":\"internal error: see the server's log\"}}", failed.body());
        } finally {
            process.destroy();
            process.waitFor();
        }
        String log = Files.readString(err);
        assertTrue(
                log.startsWith(
                        "anneal: a request failed: /api/curves\njava.lang.OutOfMemoryError: Java heap space\n\tat "),
                log);
    }

    @Test
    void aRunIsShownAsItGoesAndAfterIt() throws Exception {
        assumeTrue(File.separatorChar == '/', "skipped: kill -INT needs Unix");
        Path err = folder.resolve("err");
        Process process = new ProcessBuilder(Ran.process(
                        List.of(),
                        "train",
                        "--serve=0",
                        "--epochs=1",
                        "--limit=20",
                        "--print-every=10", // and so no progress, however slow it is
                        "--out=" + folder.resolve("runs/first")))
                .redirectError(err.toFile())
                .start();
        try (BufferedReader out = process.inputReader(UTF_8)) {
            List<String> lines = new ArrayList<>();
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                lines.add(line);
                if (line.endsWith(" until Ctrl-C")) {
                    break;
                }
            }
            String stays = lines.get(lines.size() - 1);
            assertTrue(
                    stays.matches("Still serving it at http://127\\.0\\.0\\.1:\\d+/runs until Ctrl-C"),
                    lines.toString());
            URI events = URI.create(stays.split(" ", -1)[4]).resolve("api/runs");
            HttpResponse<Stream<String>> told = HttpClient.newHttpClient()
                    .send(HttpRequest.newBuilder(events).build(), HttpResponse.BodyHandlers.ofLines());
            try (Stream<String> data = told.body()) {
                List<String> tables = data.filter(line -> line.startsWith("data: {\"name\":\"first\""))
                        .limit(2)
                        .toList();
                assertTrue(
                        tables.get(0).contains("\"finished\"") && tables.get(0).contains("val_loss"), tables.get(0));
                assertTrue(tables.get(1).contains("\"table\":\"progress\""), tables.get(1));
                assertFalse(tables.get(1).contains("\"rows\":[]"), tables.get(1));
            }
            new ProcessBuilder("kill", "-INT", Long.toString(process.pid()))
                    .start()
                    .waitFor();
            assertTrue(process.waitFor(30, TimeUnit.SECONDS), "it does not end");
            assertEquals(130, process.exitValue());
        } finally {
            process.destroyForcibly();
        }
        assertEquals("", Files.readString(err));
    }

    @Test
    void aSearchIsShownAsItGoesAndAfterItWithTheLineToCopy() throws Exception {
        assumeTrue(File.separatorChar == '/', "skipped: kill -INT needs Unix");
        Path err = folder.resolve("err");
        Process process = new ProcessBuilder(Ran.process(
                        List.of(),
                        "find",
                        "--data=" + GreyImages.write(folder.resolve("data")),
                        "--steps=60",
                        "--validate=12",
                        "--schedule=OneCycleLR(0.1, 5)",
                        "--serve=0"))
                .redirectError(err.toFile())
                .start();
        try (BufferedReader out = process.inputReader(UTF_8)) {
            List<String> lines = new ArrayList<>();
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                lines.add(line);
                if (line.endsWith(" until Ctrl-C")) {
                    break;
                }
            }
            String stays = lines.get(lines.size() - 1);
            assertTrue(
                    stays.matches("Still serving it at http://127\\.0\\.0\\.1:\\d+/find until Ctrl-C"),
                    lines.toString());
            URI page = URI.create(stays.split(" ", -1)[4]);
            assertEquals("Watch this search at " + page, lines.get(0));
            HttpClient client = HttpClient.newHttpClient();
            String told = client.send(
                            HttpRequest.newBuilder(page.resolve("api/find?from=0"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
            assertTrue(
                    told.contains(
                            "\"title\":\"SGD(lr=0.01, momentum=0.9), batches of 8, loss of 12 validation samples\""
                                    + ",\"lossLabel\":\"validation loss\",\"first\":1.0E-7,\"last\":10.0,\"steps\":60,"
                                    + "\"linear\":false,\"from\":0,"),
                    told);
            assertTrue(told.contains("\"points\":[[1.0E-7,"), told);
            String line = lines.get(lines.size() - 2);
            assertTrue(line.startsWith("anneal train --data "), line);
            assertTrue(told.endsWith(",\"line\":\"" + line + "\"}}"), told);
            assertTrue(told.contains("\"notes\":[\"OneCycleLR(max_lr=0.1, total_steps=5) sets the rates itself"), told);
            assertFalse(line.contains("--serve") || line.contains("--validate"), line);
            String outcome = lines.stream()
                    .filter(each -> each.contains(" of 60 updates, "))
                    .findFirst()
                    .orElseThrow();
            assertTrue(told.contains("\"outcome\":\"" + outcome + "\""), told);
            HttpResponse<String> html =
                    client.send(HttpRequest.newBuilder(page).build(), HttpResponse.BodyHandlers.ofString());
            assertEquals(200, html.statusCode());
            new ProcessBuilder("kill", "-INT", Long.toString(process.pid()))
                    .start()
                    .waitFor();
            assertTrue(process.waitFor(30, TimeUnit.SECONDS), "it does not end");
            assertEquals(130, process.exitValue());
        } finally {
            process.destroyForcibly();
        }
        assertTrue(Files.readString(err).lines().allMatch(line -> line.matches("find: \\d+ of 60 batches .*")));
    }

    @Test
    void aPortThatIsTakenFailsInOneLine() throws Exception {
        try (ServerSocket taken = new ServerSocket()) {
            taken.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            int port = taken.getLocalPort();
            Ran.assertFails(
                    1,
                    "anneal serve: cannot listen on 127.0.0.1:" + port + ": Address already in use",
                    "serve",
                    "--port=" + port);
        }
    }

    @Test
    void wrongArgumentsAreRefused() {
        Ran.assertFails(2, "anneal serve: --port must be in [0, 65535], but was 65536", "serve", "--port=65536");
        Ran.assertFails(
                1,
                "anneal serve: --runs must be a folder, but there is no folder nowhere",
                "serve",
                "--port=0",
                "--runs=nowhere");
        Ran.assertFails(
                1,
                "anneal serve: cannot listen on no.such.host.invalid:0: no such host",
                "serve",
                "--port=0",
                "--host=no.such.host.invalid");
    }
}
