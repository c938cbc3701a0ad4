package org.anneal.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.anneal.schedule.Schedule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many clients at a time, some of them hostile, on the small heap that this module's tests have. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LoadTest {
    private static final int CLIENTS = 200;
    private static final int REQUESTS = 10_000;
    private static final int SLOW = 300;

    @Test
    void tenThousandRequestsOfTwoHundredClientsAreAllAnsweredRight() throws Exception {
        double[] expected =
                Schedule.parse("CosineAnnealingLR(T_max=700)").curve(1000, 0.1).toArray();
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        ConcurrentLinkedQueue<Double> milliseconds = new ConcurrentLinkedQueue<>();
        AtomicInteger next = new AtomicInteger();
        List<Socket> slow = new ArrayList<>();
        long start = System.nanoTime();
        try (WebServer server = WebServer.start("127.0.0.1", 0, WebServer.Content.NONE)) {
            HttpClient client =
                    HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
            // Some begin a request and leave it at that, most of them in its body.
            int port = server.address().getPort();
            String begun = "POST /api/curves HTTP/1.1\r\nHost: 127.0.0.1:" + port
                    + "\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
            for (int i = 0; i < SLOW; i++) {
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
                slow.add(socket);
                socket.getOutputStream().write((i % 10 == 0 ? begun.substring(0, 40) : begun).getBytes(UTF_8));
            }
            for (int i = 0; i < 20; i++) {
                HttpRequest page = HttpRequest.newBuilder(server.address()).build();
                assertEquals(
                        200,
                        client.send(page, HttpResponse.BodyHandlers.discarding())
                                .statusCode());
            }
            List<Future<?>> done = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                done.add(clients.submit(() -> {
                    for (int n = next.getAndIncrement(); n < REQUESTS; n = next.getAndIncrement()) {
                        long asked = System.nanoTime();
                        ask(client, server, n, expected);
                        milliseconds.add((System.nanoTime() - asked) / 1e6);
                    }
                }));
            }
            for (Future<?> each : done) {
                each.get();
            }
        } finally {
            clients.shutdownNow();
            for (Socket socket : slow) {
                socket.close();
            }
        }
        List<Double> sorted = milliseconds.stream().sorted().toList();
        assertEquals(REQUESTS, sorted.size());
        System.out.printf(
                Locale.ROOT,
                "%d requests of %d clients in %.1f s: median %.0f ms, 99th percentile %.0f ms, most %.0f ms%n",
                REQUESTS,
                CLIENTS,
                (System.nanoTime() - start) / 1e9,
                sorted.get(REQUESTS / 2),
                sorted.get(REQUESTS * 99 / 100),
                sorted.get(REQUESTS - 1));
    }

    /** Asks something, and checks the answer. */
    private static void ask(HttpClient client, WebServer server, int n, double[] expected) {
        int kind = n % 500 == 7 ? 4 : n % 10 == 3 ? 1 : n % 10 == 5 ? 2 : n % 100 == 8 ? 3 : 0;
        String json = switch (kind) {
            case 1 -> ServerTest.question("StepLR(step_size=", 1000);
            case 2 -> ServerTest.question("StepLR(30)", 1_000_000_000_000L);
            case 3 -> ServerTest.question("x".repeat(300_000), 10);
            case 4 -> ServerTest.question("StepLR(30)", 250_000);
            default -> ServerTest.question("CosineAnnealingLR(T_max=700)", 1000);
        };
        int status = kind == 2 ? 400 : kind == 3 ? 413 : 200;
        try {
            HttpResponse<byte[]> answer = client.send(
                    HttpRequest.newBuilder(server.address().resolve("api/curves"))
                            .header("Content-Type", "application/json")
                            .timeout(Duration.ofSeconds(60))
                            .POST(HttpRequest.BodyPublishers.ofString(json))
                            .build(),
                    HttpResponse.BodyHandlers.ofByteArray());
            assertEquals(status, answer.statusCode(), () -> new String(answer.body(), UTF_8));
            if (kind == 0) {
                ByteBuffer bytes = ByteBuffer.wrap(answer.body()).order(ByteOrder.LITTLE_ENDIAN);
                int last = answer.body().length - 8;
                assertEquals(expected[999], bytes.getDouble(last));
                assertEquals(expected[0], bytes.getDouble(last - 999 * 8));
            } else if (kind == 4) {
                assertTrue(answer.body().length > 2_000_000);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("request " + n + " of kind " + kind, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
