package org.anneal.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.RangeResult;
import org.anneal.optim.RangeTest;
import org.anneal.optim.SGD;
import org.anneal.runs.Monitor;
import org.anneal.schedule.Schedule;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** What the server answers, and what it refuses. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServerTest {
    private static WebServer server;
    private static HttpClient client;

    @BeforeAll
    static void start() throws IOException {
        server = WebServer.start("127.0.0.1", 0, WebServer.Content.NONE);
        client = HttpClient.newHttpClient();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    static String question(String expression, long steps) {
        return "{\"expression\": " + Answer.JSON.writeValueAsString(expression)
                + ", \"run\": {\"lr\": [0.1], \"momentum\": 0.9, \"adam\": false, \"steps\": " + steps
                + ", \"metrics\": []}}";
    }

    private static HttpResponse<byte[]> post(String path, String json) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(server.address().resolve(path))
                        .header("Content-Type", "application/json")
                        .timeout(Duration.ofSeconds(60))
                        .POST(HttpRequest.BodyPublishers.ofString(json))
                        .build(),
                HttpResponse.BodyHandlers.ofByteArray());
    }

    private static HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(URI.create(server.address() + path)).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    /** {@return the first line of what is answered to a raw request} */
    private static String raw(String request) throws IOException {
        try (Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), server.address().getPort())) {
            socket.setSoTimeout(60_000);
            OutputStream out = socket.getOutputStream();
            out.write(request.replace("PORT", Integer.toString(server.address().getPort()))
                    .getBytes(UTF_8));
            out.flush();
            InputStream in = socket.getInputStream();
            return new String(in.readNBytes(12), UTF_8);
        }
    }

    @Test
    void theAnswerIsTheRunnersRates() throws Exception {
        HttpResponse<byte[]> answer = post("api/curves", question("CosineAnnealingLR(T_max=50)", 100));
        assertEquals(200, answer.statusCode());
        ByteBuffer bytes = ByteBuffer.wrap(answer.body()).order(ByteOrder.LITTLE_ENDIAN);
        int head = bytes.getInt();
        assertEquals(0, (4 + head) % 8);
        double[] rates = new double[100];
        bytes.position(4 + head);
        bytes.asDoubleBuffer().get(rates);
        assertEquals(answer.body().length, 4 + head + 100 * 8);
        double[] expected =
                Schedule.parse("CosineAnnealingLR(T_max=50)").curve(100, 0.1).toArray();
        assertTrue(Arrays.equals(expected, rates));
    }

    @Test
    void partsOfARunOfStepsAreCounted() throws Exception {
        assertArrayEquals(
                post("api/curves", question("CosineAnnealingLR(T_max=50)", 100)).body(),
                post("api/curves", question("CosineAnnealingLR(T_max=50%)", 100))
                        .body());
        String refused = new String(
                post("api/curves", question("CosineAnnealingLR(T_max=5ep)", 100))
                        .body(),
                UTF_8);
        assertTrue(refused.contains("T_max is 5ep, which needs the run's epochs"), refused);
    }

    private static String curves(String expression, String length) throws Exception {
        String question = "{\"expression\": \"" + expression
                + "\", \"run\": {\"lr\": [0.1], \"momentum\": 0.9, \"adam\": false, \"metrics\": [], " + length + "}}";
        return new String(post("api/curves", question).body(), UTF_8);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            T_max=6400sp  | 25  | "steps": 40, "batchSize": 256
            T_max=64000sp | 250 | "epochs": 4, "stepsPerEpoch": 100, "batchSize": 256
            T_max=76800sp | 3   | "epochs": 4, "stepsPerEpoch": 100, "stepPer": "epoch", "batchSize": 256
            T_max=1e9tok  | 2   | "steps": 40, "tokensPerBatch": 524288000
            T_max=1e6tok  | 100 | "epochs": 2, "stepsPerEpoch": 90, "batchSize": 8, "tokensPerBatch": 10000
            """)
    void samplesAndTokensAreCountedInBatches(String argument, long steps, String length) throws Exception {
        assertEquals(
                curves("CosineAnnealingLR(T_max=" + steps + ")", length),
                curves("CosineAnnealingLR(" + argument + ")", length));
    }

    @Test
    void samplesAndTokensNeedTheirNumberInABatch() throws Exception {
        String samples = curves("StepLR(64000sp)", "\"steps\": 40, \"tokensPerBatch\": 8");
        assertTrue(
                samples.contains("step_size is 64000sp, which needs the batch size, the samples in a batch: give it"),
                samples);
        String tokens = curves("StepLR(64000tok)", "\"epochs\": 4, \"stepsPerEpoch\": 10, \"batchSize\": 8");
        assertTrue(
                tokens.contains("step_size is 64000tok, which needs the number of tokens in a batch: give it"), tokens);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            StepLR(30, gamma=0.5)   | java | StepLR schedule = new StepLR(30, 0.5);
            StepLR(30, gamma=0.5)   | pytorch | scheduler = StepLR(optimizer, step_size=30, gamma=0.5)
            StepLR(30, gamma=0.5)   | optax | schedule = optax.exponential_decay(init_value=0.1, transition_steps=30, decay_rate=0.5, staircase=True)
            StepLR(30, gamma=0.5)   | keras | schedule = keras.optimizers.schedules.ExponentialDecay(initial_learning_rate=0.1, decay_steps=30, decay_rate=0.5, staircase=True)
            ReduceLROnPlateau()     | optax | # ReduceLROnPlateau follows a metric, which no schedule of optax gets: it cannot be written for optax
            LambdaLR(lambda e: sum([0.5 for i in range(e)])) | keras | # Keras has nothing for sum([0.5 for i in range(e)])
            StepLR(30, last_epoch=3) | keras | # last_epoch must be -1 for Keras, whose optimizer keeps the step, but was 3
            """)
    void theCodeIsForTheLibraryThatIsAskedFor(String expression, String library, String line) throws Exception {
        byte[] answer = post("api/curves", withTarget(library, expression)).body();
        int length = ByteBuffer.wrap(answer).order(ByteOrder.LITTLE_ENDIAN).getInt();
        String code = Answer.JSON
                .readTree(new String(answer, 4, length, UTF_8))
                .get("code")
                .get(library)
                .asString();
        assertTrue(code.lines().anyMatch(line::equals), code);
    }

    private static String withTarget(String library, String expression) {
        return question(expression, 10).replaceFirst("^\\{", "{\"target\": \"" + library + "\", ");
    }

    @Test
    void noCodeIsWrittenUnlessAskedFor() throws Exception {
        String answer =
                new String(post("api/curves", question("StepLR(30)", 10)).body(), UTF_8);
        assertTrue(answer.contains("\"code\":{}"), answer);
    }

    @Test
    void anExpressionThatIsRefusedSaysWhere() throws Exception {
        String answer = new String(
                post("api/curves", question("StepLR(30,\n  gama=1)", 10)).body(), UTF_8);
        assertTrue(answer.contains("\"line\":2,\"column\":3"), answer);
    }

    @Test
    void aScheduleThatEndsGivesTheRowsItHas() throws Exception {
        String answer = new String(
                post("api/curves", question("OneCycleLR(max_lr=1, total_steps=10)", 20))
                        .body(),
                UTF_8);
        assertTrue(answer.contains("\"rows\":11,"), answer);
        assertTrue(answer.contains("ends with step 10"), answer);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"expression": "StepLR(30)", "run": {"lr": [0.1], "momentum": 0.9, "adam": false, "steps": 1000000000000, "metrics": []}} | a run must have at most 1000000 steps here, but has 1000000000000
            {"expression": "StepLR(30)", "run": {"lr": [0.1], "momentum": 0.9, "adam": false, "steps": 0, "metrics": []}} | steps must be at least 1, but was 0
            {"expression": "StepLR(30)", "run": {"lr": [], "momentum": 0.9, "adam": false, "steps": 10, "metrics": []}} | lr must have 1 to 16 rates, but has 0
            {"expression": "StepLR(30)", "run": {"lr": [-1], "momentum": 0.9, "adam": false, "steps": 10, "metrics": []}} | lr must be
            {"expression": "StepLR(30)", "run": {"lr": [1e400], "momentum": 0.9, "adam": false, "steps": 10, "metrics": []}} | lr must be
            {"expression": "StepLR(30)", "run": {"lr": [null], "momentum": 0.9, "adam": false, "steps": 10, "metrics": []}} | lr must be a list of numbers
            {"expression": "StepLR(30)", "run": {"lr": [0.1], "momentum": 0.9, "adam": false, "epochs": 1000000000, "stepsPerEpoch": 1000000000, "metrics": []}} | steps_per_epoch * epochs must be at most 2^53
            {"expression": "StepLR(30)", "target": "transformers", "run": {"lr": [0.1], "momentum": 0.9, "adam": false, "steps": 9, "metrics": []}} | target must be java, pytorch, optax or keras here, but was transformers
            {"expression": "StepLR(30)"} | the request must have an expression and a run
            {"expression": "StepLR(30)", "run": {"lr": [0.1], "momentum": 0.9, "adam": false, "steps": 1000000000000}} | a run must have at most 1000000 steps here, but has 1000000000000
            {"expression": "StepLR(30)", "more": 1} | invalid request: unknown field more"
            {"expression": "StepLR(30)", "run": {"lr": [0.1, "x"]}} | invalid request: run.lr[1] must be a number"
            {"expression": "StepLR(30)", "run": {"lr": 0.1}} | invalid request: run.lr must be a list"
            {"expression": "StepLR(30)", "run": {"lr": [0.1], "momentum": 0.9, "adam": false, "steps": 9, "batchSize": 0, "metrics": []}} | batch_size must be at least 1, but was 0
            {"expression": "StepLR(30)", "run": {"lr": [0.1], "momentum": 0.9, "adam": false, "steps": 9, "tokensPerBatch": -1, "metrics": []}} | tokens_per_batch must be at least 1, but was -1
            {"expression": "StepLR(30)", "run": {"batchSize": 1e30}} | invalid request: run.batchSize must be a whole number"
            {"expression": "StepLR(30)", "run": {"steps": "x"}} | invalid request: run.steps must be a whole number"
            {"expression": "StepLR(30)", "run": {"steps": 1e30}} | invalid request: run.steps must be a whole number"
            {"expression": "StepLR(30)", "run": {"adam": "x"}} | invalid request: run.adam must be true or false"
            {"expression": "StepLR(30)", "run": {"momentum": []}} | invalid request: run.momentum must be a number"
            {"expression": "StepLR(30)", "run": {"stepPer": "year"}} | invalid request: run.stepPer must be one of EPOCH, BATCH"
            {"expression": "StepLR(30)", "run": 1} | invalid request: run must be an object"
            {"expression": ["StepLR(30)"], "run": 1} | invalid request: expression must be a string"
            [] | invalid request: it must be an object"
            null | invalid request
            {"expression": | invalid request: it must be JSON"
            """)
    void aWrongQuestionIsRefusedInASentence(String question, String message) throws Exception {
        HttpResponse<byte[]> answer = post("api/curves", question);
        String body = new String(answer.body(), UTF_8);
        assertEquals(400, answer.statusCode(), body);
        assertTrue(body.startsWith("{\"error\":{\"message\":\"" + message), body);
        assertFalse(body.contains("\\n"), body);
        assertFalse(body.contains("anneal"), body);
    }

    @Test
    void aWrongFormatOfAPictureIsRefusedInASentence() throws Exception {
        String body = new String(
                post("api/picture", "{\"expressions\": [\"StepLR(30)\"], \"format\": \"gif\"}")
                        .body(),
                UTF_8);
        assertEquals("{\"error\":{\"message\":\"invalid request: format must be one of PNG, SVG\"}}", body);
    }

    @Test
    void tooLongAnExpressionIsRefused() throws Exception {
        HttpResponse<byte[]> answer = post("api/curves", question("1".repeat(10_000_000), 10));
        assertEquals(413, answer.statusCode());
        assertTrue(new String(answer.body(), UTF_8).contains("a request body must have at most 131072 bytes"));
        assertEquals(400, post("api/curves", question("1".repeat(110_000), 10)).statusCode());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "LambdaLR(lambda step: 9**9**9**9)",
                "LambdaLR(lambda step: 2**step)",
                "LambdaLR(lambda step: 1/0)",
                "MultiStepLR(milestones=[])",
                "((((((((((",
                "CosineAnnealingLR(T_max=9007199254740992)",
                "MultiplicativeLR(lr_lambda=lambda step: 1e300)",
                "StepLR(30, last_epoch=5)",
                "ReduceLROnPlateau(min_lr=[1, 2, 3])",
                "__import__('os').system('true')",
                ""
            })
    void hostileExpressionsAreAnsweredInTime(String expression) throws Exception {
        assertEquals(200, post("api/curves", question(expression, 100_000)).statusCode());
    }

    @Test
    void whatTakesTooLongIsCutOff() throws Exception {
        String sum = "step" + " + 3**9999 % 7".repeat(40);
        HttpResponse<byte[]> answer = post("api/curves", question("LambdaLR(lambda step: " + sum + ")", 1_000_000));
        assertEquals(422, answer.statusCode());
        assertEquals(
                "{\"error\":{\"message\":\"this takes more than 6 seconds to compute: use fewer steps\"}}",
                new String(answer.body(), UTF_8));
    }

    /** Each round of reading costs the same again. */
    @Test
    void aCostlyTextThatMissesOneNameAfterAnotherIsAnswered() throws Exception {
        StringBuilder text = new StringBuilder("x = sum([i * i for i in range(600)])\n".repeat(20));
        StringBuilder set = new StringBuilder();
        for (int i = 0; i < 64; i++) {
            text.append(" ".repeat(i)).append("if n").append(i).append(":\n");
            set.append(i == 0 ? "" : ", ").append("\"n").append(i).append("\": \"1\"");
        }
        text.append(" ".repeat(64)).append("s = StepLR(opt, n64)\n");
        HttpResponse<byte[]> answer =
                post("api/curves", question(text.toString(), 100).replaceFirst("\\{", "{\"set\": {" + set + "}, "));
        String body = new String(answer.body(), UTF_8);
        assertTrue(body.contains("unknown name 'n64'") || body.contains("more than 6 seconds"), body);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            GET / HTTP/1.1\\r\\nHost: 127.0.0.1:PORT\\r\\n\\r\\n | 200
            GET / HTTP/1.1\\r\\nHost: localhost:PORT\\r\\n\\r\\n | 200
            GET / HTTP/1.1\\r\\nHost: [::1]:PORT\\r\\n\\r\\n | 200
            GET / HTTP/1.1\\r\\nHost: evil.example:PORT\\r\\n\\r\\n | 403
            GET / HTTP/1.1\\r\\nHost: 127.0.0.1.evil.example:PORT\\r\\n\\r\\n | 403
            GET / HTTP/1.1\\r\\nHost: 127.0.0.1:1\\r\\n\\r\\n | 403
            GET / HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\\r\\n | 403
            GET / HTTP/1.1\\r\\nHost: 10.0.0.1:PORT\\r\\n\\r\\n | 403
            GET / HTTP/1.1\\r\\nHost: 127.0.0.1:x\\r\\n\\r\\n | 403
            GET / HTTP/1.1\\r\\n\\r\\n | 403
            GET / HTTP/1.1\\r\\nHost: 127.0.0.1:PORT\\r\\nHost: evil.example\\r\\n\\r\\n | 403
            GET /api/server HTTP/1.1\\r\\nHost: 127.0.0.1:PORT\\r\\nOrigin: http://evil.example\\r\\n\\r\\n | 403
            GET /api/server HTTP/1.1\\r\\nHost: 127.0.0.1:PORT\\r\\nOrigin: null\\r\\n\\r\\n | 403
            GET /api/server HTTP/1.1\\r\\nHost: 127.0.0.1:PORT\\r\\nOrigin: http://127.0.0.1:PORT\\r\\n\\r\\n | 200
            GET /../../../../etc/passwd HTTP/1.1\\r\\nHost: 127.0.0.1:PORT\\r\\n\\r\\n | 404
            GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\\r\\nHost: 127.0.0.1:PORT\\r\\n\\r\\n | 404
            GET /WebServer.class HTTP/1.1\\r\\nHost: 127.0.0.1:PORT\\r\\n\\r\\n | 404
            GET /uplot/ HTTP/1.1\\r\\nHost: 127.0.0.1:PORT\\r\\n\\r\\n | 404
            GET /api/curves/more HTTP/1.1\\r\\nHost: 127.0.0.1:PORT\\r\\n\\r\\n | 404
            GET /api/curves HTTP/1.1\\r\\nHost: 127.0.0.1:PORT\\r\\n\\r\\n | 405
            GET /api/runs HTTP/1.1\\r\\nHost: 127.0.0.1:PORT\\r\\n\\r\\n | 404
            GET /find HTTP/1.1\\r\\nHost: 127.0.0.1:PORT\\r\\n\\r\\n | 404
            GET /find.js HTTP/1.1\\r\\nHost: 127.0.0.1:PORT\\r\\n\\r\\n | 404
            GET /api/find?from=0 HTTP/1.1\\r\\nHost: 127.0.0.1:PORT\\r\\n\\r\\n | 404
            GET /sweep HTTP/1.1\\r\\nHost: 127.0.0.1:PORT\\r\\n\\r\\n | 404
            GET /frame.html HTTP/1.1\\r\\nHost: 127.0.0.1:PORT\\r\\n\\r\\n | 404
            GET /api/sweep?from=0 HTTP/1.1\\r\\nHost: 127.0.0.1:PORT\\r\\n\\r\\n | 404
            GET /api/sweep/curves?trial=0 HTTP/1.1\\r\\nHost: 127.0.0.1:PORT\\r\\n\\r\\n | 404
            DELETE / HTTP/1.1\\r\\nHost: 127.0.0.1:PORT\\r\\n\\r\\n | 405
            POST /api/curves HTTP/1.1\\r\\nHost: 127.0.0.1:PORT\\r\\nContent-Length: 2\\r\\n\\r\\n{} | 415
            POST /api/curves HTTP/1.1\\r\\nHost: 127.0.0.1:PORT\\r\\nContent-Type: text/plain\\r\\nContent-Length: 2\\r\\n\\r\\n{} | 415
            HEAD /style.css HTTP/1.1\\r\\nHost: 127.0.0.1:PORT\\r\\n\\r\\n | 200
            """)
    void onlyRequestsThatAreMeantForItAreAnswered(String request, int status) throws IOException {
        assertEquals("HTTP/1.1 " + status, raw(request.replace("\\r\\n", "\r\n")));
    }

    @Test
    void everyAnswerKeepsThePageToItself() throws Exception {
        for (String path : new String[] {"", "runs", "style.css", "nowhere", "favicon.ico"}) {
            var headers = get(path).headers();
            String policy = headers.firstValue("Content-Security-Policy").orElse("");
            assertTrue(policy.contains("script-src 'self';") && !policy.contains("unsafe"), policy);
            assertEquals("nosniff", headers.firstValue("X-Content-Type-Options").orElse(""));
        }
        assertFalse(get("").body().matches("(?s).*(<script>|<style| style=| on[a-z]+=).*"), "nothing inline");
        assertEquals(200, get("favicon.ico").statusCode());
    }

    @Test
    void aPortThatIsTakenIsSaidInOneLine() throws IOException {
        try (ServerSocket taken = new ServerSocket()) {
            taken.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            IOException refused = assertThrows(
                    IOException.class,
                    () -> WebServer.start("127.0.0.1", taken.getLocalPort(), WebServer.Content.NONE)
                            .close());
            assertEquals(
                    "cannot listen on 127.0.0.1:" + taken.getLocalPort() + ": Address already in use",
                    refused.getMessage());
        }
    }

    @Test
    void othersMayAskByItsAddressIfItListensEverywhere() throws Exception {
        try (WebServer open = WebServer.start("0.0.0.0", 0, WebServer.Content.NONE)) {
            int port = open.address().getPort();
            for (String[] each : new String[][] {{"10.0.0.7", "200"}, {"evil.example", "403"}, {"localhost", "200"}}) {
                try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                    socket.getOutputStream()
                            .write(("GET / HTTP/1.1\r\nHost: " + each[0] + ":" + port + "\r\n\r\n").getBytes(UTF_8));
                    assertEquals(
                            "HTTP/1.1 " + each[1],
                            new String(socket.getInputStream().readNBytes(12), UTF_8));
                }
            }
        }
    }

    @Test
    void aSearchIsToldInPartsAndItsEndWithTheLast() throws Exception {
        LiveRangeTest live = new LiveRangeTest("SGD()", "loss", 1e-7, 10, 2_500, false);
        try (WebServer open = WebServer.start("127.0.0.1", 0, WebServer.Content.NONE.withSearch(live))) {
            RangeResult found = RangeTest.over(FloatArrays.optimizer(new SGD(1), List.of(new FloatArray(0f))))
                    .steps(2_500)
                    .smoothing(0)
                    .listener(live::add)
                    .run(() -> 1);
            live.end(found, "done", List.of("one", "two"), "a line");
            List<Integer> parts = new ArrayList<>();
            JsonNode told;
            int from = 0;
            do {
                told = Answer.JSON.readTree(search(open, "?from=" + from).body());
                assertEquals(from, told.get("from").asInt());
                assertEquals(2_500, told.get("all").asInt());
                parts.add(told.get("points").size());
                from += told.get("points").size();
                assertEquals(from < 2_500, told.get("end").isNull());
            } while (told.get("end").isNull());
            assertEquals(List.of(1_000, 1_000, 500), parts);
            assertEquals("[10.0,1.0,1.0]", told.get("points").get(499).toString());
            assertEquals("[\"one\",\"two\"]", told.get("end").get("notes").toString());
            assertEquals(
                    0,
                    Answer.JSON
                            .readTree(search(open, "?from=999999999").body())
                            .get("points")
                            .size());
            for (String wrong : List.of("", "?from=", "?from=-1", "?from=1e3", "?from=9999999999", "?from=0&x=%ff")) {
                HttpResponse<String> refused = search(open, wrong);
                assertEquals(400, refused.statusCode(), wrong);
                assertTrue(refused.body().contains("the query must be from=N"), refused.body());
            }
            for (String page : List.of("find", "find.js")) {
                HttpResponse<String> served = client.send(
                        HttpRequest.newBuilder(open.address().resolve(page)).build(),
                        HttpResponse.BodyHandlers.ofString());
                assertEquals(200, served.statusCode());
                assertFalse(served.body().matches("(?s).*(<script>|<style| style=| on[a-z]+=).*"), "nothing inline");
            }
            assertEquals(
                    405,
                    client.send(
                                    HttpRequest.newBuilder(open.address().resolve("api/find?from=0"))
                                            .DELETE()
                                            .build(),
                                    HttpResponse.BodyHandlers.ofString())
                            .statusCode());
        }
    }

    @Test
    void aQueryOfRunsMustNameThem(@TempDir Path runs) throws Exception {
        try (WebServer open = WebServer.start("127.0.0.1", 0, WebServer.Content.NONE.withRuns(runs))) {
            for (String wrong : List.of("run", "run=a&b=c", "name=a", "run=a" + "&run=a".repeat(64))) {
                HttpResponse<String> refused = get(open, "api/runs?" + wrong);
                assertEquals(400, refused.statusCode(), wrong);
                assertTrue(refused.body().contains("the query must be run=NAME&run=NAME"), refused.body());
            }
        }
    }

    @Test
    void onlyThisServersPagesNameARunAndOnlyOneOfItsRuns(@TempDir Path folder) throws Exception {
        Path runs = folder.resolve("runs");
        for (Path run : List.of(runs.resolve("one"), folder.resolve("elsewhere"))) {
            Files.writeString(
                    Files.createDirectories(run).resolve("metrics.csv"), "epoch,step,lr,train_loss\n1,1,0.1,0.5\n");
        }
        try (WebServer open = WebServer.start("127.0.0.1", 0, WebServer.Content.NONE.withRuns(runs))) {
            String good = "{\"run\": \"one\", \"title\": \"mine\"}";
            assertEquals(403, retitle(open, good, "http://evil.example").statusCode());
            assertEquals(405, get(open, "api/runs/title").statusCode());
            for (String run : List.of("two", "../elsewhere", "", ".", "one/../../elsewhere")) {
                HttpResponse<String> refused = retitle(
                        open,
                        good.replace("one", run),
                        open.address().toString().replaceFirst("/$", ""));
                assertEquals(404, refused.statusCode(), run);
                assertTrue(refused.body().contains("run must be the name of one of the runs"), refused.body());
            }
            String own = open.address().toString().replaceFirst("/$", "");
            assertEquals(
                    400,
                    retitle(open, good.replace("mine", "x".repeat(81)), own).statusCode());
            assertEquals(400, retitle(open, "{\"run\": \"one\"}", own).statusCode());
            assertTrue(Files.notExists(runs.resolve("one/title.txt")));
            assertEquals(200, retitle(open, good, own).statusCode());
            assertEquals("mine\n", Files.readString(runs.resolve("one/title.txt")));
            assertTrue(Files.notExists(folder.resolve("elsewhere/title.txt")));
            Files.createDirectory(runs.resolve("one/title.txt.tmp"));
            HttpResponse<String> failed = retitle(open, good.replace("mine", "yours"), own);
            assertEquals(409, failed.statusCode());
            assertTrue(failed.body().contains("cannot write"), failed.body());
            assertEquals("mine\n", Files.readString(runs.resolve("one/title.txt")));
        }
    }

    private static HttpResponse<String> retitle(WebServer open, String body, String origin) throws Exception {
        return client.send(
                HttpRequest.newBuilder(open.address().resolve("api/runs/title"))
                        .header("Content-Type", "application/json")
                        .header("Origin", origin)
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static LiveSweep.Trial trial(int number, double value, int epochs) {
        List<LiveSweep.Point> curve = IntStream.rangeClosed(1, epochs)
                .mapToObj(epoch -> new LiveSweep.Point(epoch, value))
                .toList();
        return new LiveSweep.Trial(
                number,
                "StepLR",
                Map.of("gamma", "0.5"),
                "done",
                "",
                0,
                value,
                Double.NaN,
                List.of(new LiveSweep.Run("00-0", value, curve, 2.5)));
    }

    private static List<Integer> numbers(JsonNode told) {
        List<Integer> numbers = new ArrayList<>();
        told.get("trials").forEach(each -> numbers.add(each.get("number").asInt()));
        return numbers;
    }

    @Test
    void ofASweepOnlyWhatChangedIsToldInParts() throws Exception {
        LiveSweep live = new LiveSweep(
                "a sweep",
                Monitor.VAL_LOSS,
                List.of(
                        new LiveSweep.Parameter("gamma", LiveSweep.Scale.LINEAR),
                        new LiveSweep.Parameter("power", LiveSweep.Scale.LOG)),
                List.of(2));
        for (int i = 0; i < 2_500; i++) {
            live.trial(trial(i, i, 2));
        }
        live.trial(trial(7, Double.NEGATIVE_INFINITY, 3));
        live.best(0, "a line");
        live.end("done");
        try (WebServer open = WebServer.start("127.0.0.1", 0, WebServer.Content.NONE.withSweep(live))) {
            long version = 0;
            List<Integer> told = new ArrayList<>();
            for (int part : new int[] {1_000, 1_000, 500}) {
                JsonNode answer = Answer.JSON.readTree(
                        get(open, "api/sweep?from=" + version).body());
                assertEquals(part, answer.get("trials").size());
                assertEquals(part != 500, answer.get("more").asBoolean());
                assertEquals(part != 500, answer.get("end").isNull(), "the end is told with the last");
                assertEquals(2_500, answer.get("all").asInt());
                version = answer.get("version").asLong();
                told.addAll(numbers(answer));
            }
            assertEquals(2_500, told.stream().distinct().count());
            assertEquals(7, told.get(2_499), "the one that changed last");
            assertEquals(
                    List.of(),
                    numbers(Answer.JSON.readTree(
                            get(open, "api/sweep?from=" + version).body())));
            live.epoch(3, 0, new LiveSweep.Point(2, 0.5), 4);
            JsonNode news =
                    Answer.JSON.readTree(get(open, "api/sweep?from=" + version).body());
            assertEquals(
                    "[{\"number\":3,\"family\":\"StepLR\",\"parameters\":[\"0.5\",null],\"state\":\"done\","
                            + "\"reason\":\"\",\"rung\":0,\"value\":3.0,\"spread\":null,\"values\":[3.0],"
                            + "\"epochs\":2,\"seconds\":5.25,\"runs\":[\"00-0\"]}]",
                    news.get("trials").toString(),
                    "an epoch again takes the place of the first, and of its half of the time");
            assertEquals(
                    "{\"name\":\"validation loss\",\"less\":true}",
                    news.get("measure").toString());
            assertEquals("{\"trial\":0,\"line\":\"a line\"}", news.get("best").toString());
            assertEquals(
                    "[{\"trial\":3,\"runs\":[[[1.0,3.0],[2.0,0.5]]]},{\"trial\":7,\"runs\":[[[1.0,null],[2.0,null],[3.0,null]]]}]",
                    get(open, "api/sweep/curves?trial=3&trial=7&trial=99999&trial=3")
                            .body());
            for (String wrong : List.of("", "?from=", "?from=-1", "?from=9999999999", "?trial=1")) {
                assertEquals(400, get(open, "api/sweep" + wrong).statusCode(), wrong);
            }
            for (String wrong :
                    List.of("", "?trial=", "?trial=-1", "?trial=1&from=1", "?trial=1" + "&trial=2".repeat(20))) {
                assertEquals(400, get(open, "api/sweep/curves" + wrong).statusCode(), wrong);
            }
            for (String page : List.of("sweep", "sweep.js")) {
                HttpResponse<String> served = get(open, page);
                assertEquals(200, served.statusCode());
                assertFalse(served.body().matches("(?s).*(<script>|<style| style=| on[a-z]+=).*"), "nothing inline");
            }
        }
        assertEquals(
                "trial must be one that was added, but was 2500",
                assertThrows(IllegalArgumentException.class, () -> live.epoch(2_500, 0, new LiveSweep.Point(1, 1), 1))
                        .getMessage());
        assertEquals(
                "run must be in [0, 0], but was 1",
                assertThrows(IllegalArgumentException.class, () -> live.epoch(0, 1, new LiveSweep.Point(1, 1), 1))
                        .getMessage());
    }

    private static HttpResponse<String> search(WebServer open, String query) throws Exception {
        return get(open, "api/find" + query);
    }

    private static HttpResponse<String> get(WebServer open, String path) throws Exception {
        return client.send(
                HttpRequest.newBuilder(URI.create(open.address() + path)).build(),
                HttpResponse.BodyHandlers.ofString());
    }
}
