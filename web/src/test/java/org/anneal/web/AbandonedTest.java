package org.anneal.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Clients that go away without a word, or stay and do nothing. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AbandonedTest {
    private static final Path OPEN_FILES = Path.of("/proc/self/fd");
    private static final int CLIENTS = 3000;
    private static final int SILENT = 1500; // both ends of each are files of this process
    private static final int BATCH = 100;
    private static final int OTHERS = 20; // files that the JVM or the test runner may have opened meanwhile

    @TempDir
    Path runs;

    private WebServer server;

    @BeforeEach
    void start() throws IOException {
        assumeTrue(Files.isDirectory(OPEN_FILES), "skipped: only Linux lists the files of a process");
        server = WebServer.start("127.0.0.1", 0, WebServer.Content.NONE.withRuns(runs));
    }

    @AfterEach
    void stop() {
        if (server != null) {
            server.close();
        }
    }

    /** What is sent, how many bytes of an answer are awaited, and whether the client then resets its connection. */
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            nothing                          |                                                                    | 0  | false
            nothing, reset                   |                                                                    | 0  | true
            half a request line              | GET /api/serv                                                      | 0  | false
            half a request line, reset       | GET /api/serv                                                      | 0  | true
            half the headers                 | GET / HTTP/1.1\\r\\nHost: 127                                      | 0  | false
            half the headers, reset          | GET / HTTP/1.1\\r\\nHost: 127                                      | 0  | true
            half a body                      | CURVES Content-Length: 1000\\r\\n\\r\\n{                           | 0  | false
            half a body, reset               | CURVES Content-Length: 1000\\r\\n\\r\\n{                           | 0  | true
            half a chunk                     | CURVES Transfer-Encoding: chunked\\r\\n\\r\\n100\\r\\n{            | 0  | false
            a bad chunk                      | CURVES Transfer-Encoding: chunked\\r\\n\\r\\nzz\\r\\n{             | 0  | false
            a bad chunk, answered            | CURVES Transfer-Encoding: chunked\\r\\n\\r\\nzz\\r\\n{             | 12 | false
            expects to go on                 | CURVES Content-Length: 1000\\r\\nExpect: 100-continue\\r\\n\\r\\n  | 12 | false
            a body that is refused           | CURVES Content-Length: 2\\r\\n\\r\\n{}                             | 0  | false
            closed before the answer         | GET /uplot/uPlot.esm.js HTTP/1.1\\r\\nHOST\\r\\n\\r\\n             | 0  | false
            reset before the answer          | GET /uplot/uPlot.esm.js HTTP/1.1\\r\\nHOST\\r\\n\\r\\n             | 0  | true
            closed during the answer         | GET /uplot/uPlot.esm.js HTTP/1.1\\r\\nHOST\\r\\n\\r\\n             | 12 | false
            HEAD                             | HEAD / HTTP/1.1\\r\\nHOST\\r\\n\\r\\n                              | 0  | false
            HEAD, answered                   | HEAD / HTTP/1.1\\r\\nHOST\\r\\n\\r\\n                              | 12 | true
            HEAD of events                   | HEAD /api/runs HTTP/1.1\\r\\nHOST\\r\\n\\r\\n                      | 12 | false
            an event stream                  | GET /api/runs HTTP/1.1\\r\\nHOST\\r\\n\\r\\n                       | 12 | false
            an event stream, reset           | GET /api/runs HTTP/1.1\\r\\nHOST\\r\\n\\r\\n                       | 12 | true
            an event stream, never read      | GET /api/runs HTTP/1.1\\r\\nHOST\\r\\n\\r\\n                       | 0  | false
            two requests at once             | GET / HTTP/1.1\\r\\nHOST\\r\\n\\r\\nGET / HTTP/1.1\\r\\nHOST\\r\\n\\r\\n | 0  | false
            a request and a half             | GET / HTTP/1.1\\r\\nHOST\\r\\n\\r\\nGET / HT                       | 12 | false
            no HTTP                          | \\026\\003\\001\\002                                               | 0  | false
            another host                     | GET / HTTP/1.1\\r\\nHost: evil.example\\r\\n\\r\\n                 | 12 | false
            """)
    void whoLeavesLeavesNothingBehind(String what, String sent, int awaited, boolean reset) throws Exception {
        assertAnswered();
        long before = settled(AbandonedTest::openFiles);
        for (int i = 0; i < CLIENTS; i += BATCH) {
            List<Socket> batch = new ArrayList<>();
            for (int j = 0; j < BATCH; j++) {
                Socket client = connect();
                batch.add(client);
                send(client, sent == null ? "" : sent);
            }
            for (Socket client : batch) {
                client.getInputStream().readNBytes(awaited);
                leave(client, reset);
            }
            assertAnswered();
        }
        assertSettlesAt(before);
    }

    /** A stream is not told that its client has gone: it must find out, soon. */
    @Test
    void eventStreamsThatWereOpenLeaveNothingBehind() throws Exception {
        assertAnswered();
        long before = settled(AbandonedTest::openFiles);
        for (boolean reset : new boolean[] {false, true}) {
            List<Socket> streams = new ArrayList<>();
            for (int i = 0; i < 64; i++) {
                streams.add(stream());
            }
            for (Socket stream : streams) {
                leave(stream, reset);
            }
            assertSettlesAt(before);
        }
        leave(stream(), false);
    }

    /** The limit on what a client may take, as it does not go away. */
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            silent from the start    |                                                            | 0
            silent after a request   | GET /api/server HTTP/1.1\\r\\nHOST\\r\\n\\r\\n             | 12
            silent in the headers    | GET / HTTP/1.1\\r\\nHost: 127                              | 0
            silent in a body         | CURVES Content-Length: 1000\\r\\n\\r\\n{                   | 0
            """)
    void whoStaysAndIsSilentIsCutOff(String what, String sent, int awaited) throws Exception {
        assertAnswered();
        long before = settled(AbandonedTest::openFiles);
        List<Socket> clients = new ArrayList<>();
        try {
            for (int i = 0; i < SILENT; i++) {
                Socket client = connect();
                clients.add(client);
                send(client, sent == null ? "" : sent);
                client.getInputStream().readNBytes(awaited);
                if (i % BATCH == 0) {
                    assertAnswered();
                }
            }
            assertSettlesAt(before + clients.size()); // our own ends of them
        } finally {
            for (Socket client : clients) {
                client.close();
            }
        }
        assertAnswered();
    }

    /** Opens an event stream, as soon as one that was left has given up its place. */
    private Socket stream() throws Exception {
        while (true) {
            Socket stream = connect();
            send(stream, "GET /api/runs HTTP/1.1\r\nHOST\r\n\r\n");
            String status = new String(stream.getInputStream().readNBytes(12), UTF_8);
            if (status.equals("HTTP/1.1 200")) {
                until(stream, "event: ready");
                return stream;
            }
            assertEquals("HTTP/1.1 503", status);
            stream.close();
            Thread.sleep(50);
        }
    }

    private Socket connect() throws IOException {
        Socket client =
                new Socket(InetAddress.getLoopbackAddress(), server.address().getPort());
        client.setSoTimeout(60_000);
        return client;
    }

    private void send(Socket client, String text) throws IOException {
        client.getOutputStream()
                .write(text.replace(
                                "CURVES ", "POST /api/curves HTTP/1.1\r\nHOST\r\nContent-Type: application/json\r\n")
                        .replace("HOST", "Host: 127.0.0.1:" + server.address().getPort())
                        .translateEscapes()
                        .getBytes(UTF_8));
    }

    private static void leave(Socket client, boolean reset) throws IOException {
        if (reset) {
            client.setSoLinger(true, 0);
        }
        client.close();
    }

    /** Reads what is answered, to {@code end}. */
    private static void until(Socket client, String end) throws IOException {
        StringBuilder text = new StringBuilder();
        InputStream in = client.getInputStream();
        for (int c = in.read(); text.indexOf(end) < 0; c = in.read()) {
            assertTrue(c >= 0, () -> "ended before '" + end + "': " + text);
            text.append((char) c);
        }
    }

    private String answer(String request) throws IOException {
        try (Socket client = connect()) {
            send(client, request);
            return new String(client.getInputStream().readNBytes(12), UTF_8);
        }
    }

    private void assertAnswered() throws IOException {
        assertEquals("HTTP/1.1 200", answer("GET /api/server HTTP/1.1\r\nHOST\r\nConnection: close\r\n\r\n"));
    }

    /** Waits, for as long as the test may take, until the files are closed. */
    private static void assertSettlesAt(long files) {
        try {
            while (openFiles() > files + OTHERS) {
                Thread.sleep(50);
            }
        } catch (InterruptedException e) {
            throw new AssertionError("open files: " + files + " before, " + openFiles() + " after", e);
        }
    }

    /** {@return a count that has not changed for a while} */
    private static long settled(LongSupplier count) throws InterruptedException {
        long before = count.getAsLong();
        for (int same = 0; same < 10; ) {
            Thread.sleep(50);
            long now = count.getAsLong();
            same = now == before ? same + 1 : 0;
            before = now;
        }
        return before;
    }

    private static long openFiles() {
        try (Stream<Path> files = Files.list(OPEN_FILES)) {
            return files.count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
