package org.anneal.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Small requests are answered whatever others ask. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LanesTest {
    private static final long MOST = 1_000_000; // steps
    private static final String COSTLY = "LambdaLR(lambda step: step" + " + 3**9999 % 7".repeat(300) + ")";

    private final List<Socket> others = new ArrayList<>();
    private WebServer server;

    @BeforeEach
    void start() throws IOException {
        server = WebServer.start("127.0.0.1", 0, WebServer.Content.NONE);
    }

    @AfterEach
    void stop() throws IOException {
        for (Socket other : others) {
            other.close();
        }
        server.close();
    }

    @Test
    void besideTwelveClientsThatDoNotRead() throws Exception {
        String largest = ServerTest.question("StepLR(30)", MOST).replace("[0.1]", "[0.1, 0.2, 0.3]");
        // These two have all the memory that there is for answers.
        for (int i = 0; i < 2; i++) {
            Socket reads = ask("api/curves", largest);
            assertEquals("HTTP/1.1 200", new String(reads.getInputStream().readNBytes(12), UTF_8));
        }
        for (int i = 0; i < 10; i++) {
            ask("api/curves", largest);
        }
        assertSmallRequestsAreAnswered();
    }

    @Test
    void besideSixtyQuestionsThatTakeLong() throws Exception {
        for (int i = 0; i < 20; i++) {
            ask("api/curves", ServerTest.question(COSTLY, MOST)); // much memory and much time
            ask("api/curves", ServerTest.question(COSTLY, 4000)); // much time
            ask(
                    "api/picture",
                    "{\"expressions\": [\"StepLR(30)\"], \"run\": {\"lr\": [0.1], \"momentum\": 0.9, \"steps\": 1000000},"
                            + " \"format\": \"svg\"}");
        }
        assertSmallRequestsAreAnswered();
    }

    @Test
    void besideMoreHeavyQuestionsThanMayWait() throws Exception {
        for (int i = 0; i < 300; i++) {
            ask("api/curves", ServerTest.question(COSTLY, MOST));
        }
        assertSmallRequestsAreAnswered();
    }

    /** Asks on a connection of its own, and does not read. */
    private Socket ask(String path, String json) throws IOException {
        int port = server.address().getPort();
        Socket client = new Socket(InetAddress.getLoopbackAddress(), port);
        others.add(client);
        client.getOutputStream()
                .write(("POST /" + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + port
                                + "\r\nContent-Type: application/json\r\nContent-Length: "
                                + json.getBytes(UTF_8).length + "\r\n\r\n" + json)
                        .getBytes(UTF_8));
        return client;
    }

    private void assertSmallRequestsAreAnswered() throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        for (int i = 0; i < 5; i++) {
            for (String path : List.of("", "style.css", "api/server")) {
                assertEquals(
                        200,
                        client.send(
                                        HttpRequest.newBuilder(server.address().resolve(path))
                                                .timeout(Duration.ofSeconds(10))
                                                .build(),
                                        HttpResponse.BodyHandlers.discarding())
                                .statusCode());
            }
            HttpResponse<String> curves = client.send(
                    HttpRequest.newBuilder(server.address().resolve("api/curves"))
                            .header("Content-Type", "application/json")
                            .timeout(Duration.ofSeconds(10))
                            .POST(HttpRequest.BodyPublishers.ofString(
                                    ServerTest.question("CosineAnnealingLR(50)", 1000)))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            assertEquals(200, curves.statusCode(), curves::body);
        }
    }
}
