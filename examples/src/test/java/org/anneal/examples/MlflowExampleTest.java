package org.anneal.examples;

import static java.util.stream.Collectors.toSet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.SGD;
import org.anneal.runs.RunListener;
import org.anneal.runs.ScalarLog;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.torch.Torch;
import org.anneal.train.TrainListener;
import org.anneal.train.Trainer;
import org.anneal.train.data.DataSets;
import org.anneal.train.data.FashionMnist;
import org.anneal.train.network.TutorialNet;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.mlflow.api.proto.Service;
import org.mlflow_project.google.protobuf.Message;
import org.mlflow_project.google.protobuf.util.JsonFormat;
import tools.jackson.databind.json.JsonMapper;

/** Against a server that takes what MLflow takes: each request is JSON, and one of MLflow's own messages. */
class MlflowExampleTest {
    private final List<Service.CreateRun> created = new ArrayList<>();
    private final Map<String, String> params = new LinkedHashMap<>();
    private final List<Service.Metric> metrics = new ArrayList<>();
    private final List<Service.UpdateRun> updated = new ArrayList<>();
    private final List<String> errors = new ArrayList<>();
    private HttpServer server;
    private final AtomicInteger failing = new AtomicInteger(); // so many of the requests that follow
    private volatile String answer = "{\"run\": {\"info\": {\"run_uuid\": \"x\", \"run_id\": \"f00d\"}}}";

    @BeforeEach
    void serve() throws IOException {
        Torch.load();
        torch.set_num_threads(1);
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::handle);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
        assertEquals(List.of(), errors);
    }

    private String address() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private void handle(HttpExchange exchange) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        int status = 200;
        String reply = answer;
        if (failing.getAndUpdate(count -> Math.max(0, count - 1)) > 0) {
            status = 503;
            reply = "{\"error_code\": \"TEMPORARILY_UNAVAILABLE\"}";
        } else {
            try {
                assertEquals("POST", exchange.getRequestMethod());
                assertEquals("application/json", exchange.getRequestHeaders().getFirst("Content-Type"));
                assertTrue(!exchange.getRequestHeaders().containsKey("Upgrade"), "uvicorn would lose the body");
                take(exchange.getRequestURI().toString(), body);
            } catch (IOException | RuntimeException | AssertionError e) {
                errors.add(exchange.getRequestURI() + " " + body + ": " + e);
                status = 400;
            }
        }
        byte[] bytes = reply.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private void take(String path, String body) throws IOException {
        switch (path) {
            case "/api/2.0/mlflow/runs/create" ->
                created.add(parsed(body, Service.CreateRun.newBuilder()).build());
            case "/api/2.0/mlflow/runs/log-parameter" -> {
                Service.LogParam param =
                        parsed(body, Service.LogParam.newBuilder()).build();
                assertEquals("f00d", param.getRunId());
                params.put(param.getKey(), param.getValue());
            }
            case "/api/2.0/mlflow/runs/log-batch" -> {
                Service.LogBatch batch =
                        parsed(body, Service.LogBatch.newBuilder()).build();
                assertEquals("f00d", batch.getRunId());
                for (Service.Metric metric : batch.getMetricsList()) {
                    // As mlflow.utils.validation has it.
                    assertTrue(metric.getKey().matches("[/\\w.\\- ]*"), metric.getKey());
                    assertTrue(Math.abs(System.currentTimeMillis() - metric.getTimestamp()) < 60_000);
                    assertTrue(metric.hasValue() && metric.hasStep());
                }
                metrics.addAll(batch.getMetricsList());
            }
            case "/api/2.0/mlflow/runs/update" ->
                updated.add(parsed(body, Service.UpdateRun.newBuilder()).build());
            default -> throw new IOException("404");
        }
    }

    /** Parses what must be JSON by the letter; protobuf's parser alone would take less. */
    private static <B extends Message.Builder> B parsed(String json, B message) throws IOException {
        JsonMapper.shared().readTree(json);
        JsonFormat.parser().merge(json, message);
        return message;
    }

    /** {@return the values of {@code key} by their steps} */
    private Map<Long, Double> metric(String key) {
        Map<Long, Double> values = new LinkedHashMap<>();
        metrics.stream()
                .filter(metric -> metric.getKey().equals(key))
                .forEach(metric -> values.put(metric.getStep(), metric.getValue()));
        return values;
    }

    private interface Action {
        void run() throws IOException;
    }

    /** {@return what {@code action} writes to standard error} */
    private static List<String> warnings(Action action) throws IOException {
        PrintStream err = System.err;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            action.run();
        } finally {
            System.setErr(err);
        }
        return bytes.toString(StandardCharsets.UTF_8).lines().toList();
    }

    @Test
    void trainsAndShowsTheRun() throws IOException, ReflectiveOperationException {
        assertEquals(
                List.of("Finished Training, MLflow run f00d"), Output.of(MlflowExample.class, address(), "2", "20"));
        assertEquals("0", created.get(0).getExperimentId());
        assertEquals(
                Map.of("optimizer", "SGD(lr=0.01, momentum=0.9)", "schedule", "CosineAnnealingLR(T_max=2)"), params);
        Map<String, Map<Long, Double>> expected = numbersOfTheSameRun(2, 20);
        assertEquals(40, expected.getOrDefault("batch/loss", Map.of()).size());
        expected.forEach((name, values) -> assertEquals(values, metric(name), name));
        assertEquals(
                expected.keySet(), metrics.stream().map(Service.Metric::getKey).collect(toSet()));
        assertEquals(1, updated.size());
        assertEquals("f00d", updated.get(0).getRunId());
        assertEquals(Service.RunStatus.FINISHED, updated.get(0).getStatus());
        assertTrue(updated.get(0).getEndTime() >= created.get(0).getStartTime());
    }

    /** Trains as the example does, and {@return what its trainer tells a listener, by names and steps} */
    private static Map<String, Map<Long, Double>> numbersOfTheSameRun(int epochs, int limit) throws IOException {
        Map<String, Map<Long, Double>> numbers = new HashMap<>();
        DataSets images = FashionMnist.embedded();
        torch.manual_seed(0);
        TutorialNet net = TutorialNet.forImages(images.train());
        try (Optimizer<Tensor> optimizer =
                Torch.optimizer(new SGD(0.01).withMomentum(0.9), Torch.parameters(net.module()))) {
            new Trainer(net, optimizer, new LRScheduler(optimizer, new CosineAnnealingLR(epochs)))
                    .epochs(epochs)
                    .limit(limit)
                    .listener(new TrainListener() {
                        @Override
                        public void batch(Batch batch) {
                            add("batch/loss", batch.step(), batch.loss());
                            add("lr/all", batch.step(), batch.lr().get(0));
                            add("momentum/all", batch.step(), 0.9);
                        }

                        @Override
                        public void epoch(Epoch epoch) {
                            add("epoch/train_loss", epoch.step(), epoch.trainLoss());
                            add("epoch/val_loss", epoch.step(), epoch.metric("val_loss"));
                            add("epoch/val_accuracy", epoch.step(), epoch.metric("val_accuracy"));
                        }

                        private void add(String name, long step, double value) {
                            numbers.computeIfAbsent(name, each -> new HashMap<>())
                                    .put(step, value);
                        }
                    })
                    .fit(images);
        }
        return numbers;
    }

    @Test
    void valuesArriveToTheBitAndSoDoTheNonFinite() throws IOException {
        try (MlflowRun run = new MlflowRun(address(), Map.of())) {
            run.scalars(
                    1L << 40, Map.of("x", Double.NaN, "y", Double.POSITIVE_INFINITY, "z", Double.NEGATIVE_INFINITY));
            run.scalars(2, Map.of("x", Math.PI * 1e-9, "y", Double.MIN_VALUE, "z", -1e300));
        }
        assertEquals(Map.of(1L << 40, Double.NaN, 2L, Math.PI * 1e-9), metric("x"));
        assertEquals(Map.of(1L << 40, Double.POSITIVE_INFINITY, 2L, Double.MIN_VALUE), metric("y"));
        assertEquals(Map.of(1L << 40, Double.NEGATIVE_INFINITY, 2L, -1e300), metric("z"));
    }

    @Test
    void namesAndTextsMayHaveAnyCharacter() throws IOException {
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(
                List.of(new ParamGroup<>("\"fc*\": \u00e9", new SGD(0.1), List.of(new FloatArray(0f)))));
        String text = "lambda step: \"\u03b3\\n\" \n\t\u0001";
        try (MlflowRun run = new MlflowRun(address(), Map.of("schedule", text))) {
            new ScalarLog(optimizer, 1, run).batch(new RunListener.Batch(1, 1, 1, 1, List.of(), 2));
        }
        assertEquals(text, params.get("schedule"));
        assertEquals(Map.of(1L, 0.1), metric("lr/_fc___ _"));
    }

    @Test
    void aServerThatFailsIsWarnedOfOnceAndCostsItsNumbersOnly() throws IOException {
        List<String> warnings = warnings(() -> {
            try (MlflowRun run = new MlflowRun(address(), Map.of())) {
                run.scalars(1, Map.of("x", 1.0));
                failing.set(2);
                run.scalars(2, Map.of("x", 2.0));
                run.scalars(3, Map.of("x", 3.0));
                run.scalars(4, Map.of("x", 4.0));
                run.finished();
            }
        });
        assertEquals(
                List.of("MLflow run f00d will miss some numbers: " + address()
                        + "/api/2.0/mlflow/runs/log-batch answered 503 {\"error_code\": \"TEMPORARILY_UNAVAILABLE\"}"),
                warnings);
        assertEquals(Map.of(1L, 1.0, 4L, 4.0), metric("x"));
        assertEquals(Service.RunStatus.FINISHED, updated.get(0).getStatus());
    }

    @Test
    void aServerThatIsGoneIsWarnedOfOnce() throws IOException {
        List<String> warnings = warnings(() -> {
            try (MlflowRun run = new MlflowRun(address(), Map.of())) {
                server.stop(0);
                run.scalars(1, Map.of("x", 1.0));
                run.scalars(2, Map.of("x", 2.0));
            }
        });
        assertEquals(1, warnings.size(), warnings::toString);
        assertTrue(warnings.get(0).contains("/api/2.0/mlflow/runs/log-batch does not answer: "), warnings.get(0));
    }

    @Test
    void aRunThatDidNotComeToItsEndFailed() throws IOException {
        new MlflowRun(address(), Map.of()).close();
        assertEquals(Service.RunStatus.FAILED, updated.get(0).getStatus());
    }

    @Test
    void aRunThatCannotBeMadeIsAnError() {
        failing.set(1);
        IOException failed = assertThrows(IOException.class, () -> new MlflowRun(address(), Map.of()));
        assertTrue(String.valueOf(failed.getMessage()).contains("runs/create answered 503"), failed::toString);
        answer = "<html>";
        failed = assertThrows(IOException.class, () -> new MlflowRun(address(), Map.of()));
        assertEquals(address() + " is not MLflow: it answered runs/create with <html>", failed.getMessage());
        server.stop(0);
        failed = assertThrows(IOException.class, () -> new MlflowRun(address(), Map.of()));
        assertTrue(String.valueOf(failed.getMessage()).contains("runs/create does not answer: "), failed::toString);
    }
}
