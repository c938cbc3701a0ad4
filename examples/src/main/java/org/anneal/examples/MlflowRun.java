package org.anneal.examples;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.anneal.runs.ScalarLog;

/**
 * A run in MLflow, by its <a href="https://mlflow.org/docs/latest/rest-api.html">REST API</a>.
 *
 * <p>If the run cannot be created, before any training, that is an error. Later, a server that fails or takes more than 5 seconds
 * loses that request's numbers but does not stop the training: standard error says so, once.
 */
final class MlflowRun implements ScalarLog.Sink, AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final Pattern ESCAPED = Pattern.compile("[\\x00-\\x1f\"\\\\]"); // in a string of JSON
    private static final Pattern RUN_ID = Pattern.compile("\"run_id\"\\s*:\\s*\"(\\w+)\"");

    // Uvicorn, the server of newer MLflow versions, can lose the body of a request that offers HTTP/2 (its issue 2722).
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(TIMEOUT)
            .build();
    private final String server;
    private final String id;
    private String status = "FAILED";
    private boolean warned;

    /**
     * Creates a run in the default experiment.
     *
     * @param params the run's parameters, by their names
     * @throws IOException if the server refuses it
     */
    MlflowRun(String server, Map<String, String> params) throws IOException {
        this.server = server;
        long now = System.currentTimeMillis();
        String made = post("runs/create", "{\"experiment_id\": \"0\", \"start_time\": " + now + "}");
        Matcher found = RUN_ID.matcher(made);
        if (!found.find()) {
            throw new IOException(server + " is not MLflow: it answered runs/create with " + made);
        }
        id = found.group(1);
        for (Map.Entry<String, String> param : params.entrySet()) {
            String value = quoted(param.getValue());
            post("runs/log-parameter", inRun("\"key\": " + quoted(param.getKey()) + ", \"value\": " + value));
        }
    }

    String id() {
        return id;
    }

    @Override
    public void scalars(long step, Map<String, Double> values) {
        long now = System.currentTimeMillis();
        String metrics = values.entrySet().stream()
                .map(each -> "{\"key\": " + quoted(key(each.getKey())) + ", \"value\": " + number(each.getValue())
                        + ", \"timestamp\": " + now + ", \"step\": " + step + "}")
                .collect(Collectors.joining(", ", "\"metrics\": [", "]"));
        postOrWarn("runs/log-batch", inRun(metrics));
    }

    /** Marks the run as finished; without this call it is shown as failed. */
    void finished() {
        status = "FINISHED";
    }

    @Override
    public void close() {
        postOrWarn("runs/update", inRun("\"status\": \"" + status + "\", \"end_time\": " + System.currentTimeMillis()));
    }

    private void postOrWarn(String what, String json) {
        try {
            post(what, json);
        } catch (IOException e) {
            if (!warned) {
                System.err.println("MLflow run " + id + " will miss some numbers: " + e.getMessage());
                warned = true;
            }
        }
    }

    private String post(String what, String json) throws IOException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(server + "/api/2.0/mlflow/" + what))
                .timeout(TIMEOUT)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json))
                .build();
        HttpResponse<String> response;
        try {
            response = client.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException(what + " was interrupted");
        } catch (IOException e) {
            throw new IOException(request.uri() + " does not answer: " + e, e);
        }
        if (response.statusCode() != 200) {
            throw new IOException(request.uri() + " answered " + response.statusCode() + " " + response.body());
        }
        return response.body();
    }

    private String inRun(String fields) {
        return "{\"run_id\": " + quoted(id) + ", " + fields + "}";
    }

    /** MLflow refuses a whole batch of metrics if a name has any other character, as a group's name may. */
    private static String key(String name) {
        return name.replaceAll("[^/\\w.\\- ]", "_");
    }

    /** JSON has no NaN and no infinities; MLflow takes them as strings, under Java's names. */
    private static String number(double value) {
        return Double.isFinite(value) ? String.valueOf(value) : quoted(String.valueOf(value));
    }

    private static String quoted(String text) {
        String escaped = ESCAPED.matcher(text)
                .replaceAll(c -> String.format("\\\\u%04x", (int) c.group().charAt(0)));
        return '"' + escaped + '"';
    }
}
