package org.anneal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.anneal.runs.Monitor;
import org.anneal.runs.RunListener.Epoch;
import org.anneal.sweep.Job;
import org.anneal.sweep.Parameter;
import org.anneal.sweep.SweepRecord;
import org.anneal.sweep.TrialRecord;
import org.anneal.sweep.TrialRecord.Repeat;
import org.anneal.sweep.TrialRecord.State;
import org.anneal.web.WebServer;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the page of a sweep is told as the sweep goes on. */
class SweepPageTest {
    private static final List<Parameter> PARAMETERS = List.of(
            new Parameter("lr", Parameter.Scale.LOG),
            new Parameter("gamma", Parameter.Scale.LINEAR),
            new Parameter("model", Parameter.Scale.CATEGORY));

    private static Epoch epoch(int number, double loss) {
        return new Epoch(number, number, List.of(0.1), 9, Map.of("val_loss", loss), 1.5);
    }

    private static TrialRecord trial(int number, State state, int rung, double value, Epoch... epochs) {
        return new TrialRecord(
                number,
                "StepLR",
                List.of(Map.entry("lr", "0.1")),
                Map.of("lr", "0.1"),
                state,
                state == State.FAILED ? "its loss was not finite" : "",
                rung,
                value,
                Double.NaN,
                List.of(new Repeat(0, "00" + number + "-0", List.of(epochs), value, 1, "process 1")));
    }

    private static JsonNode told(WebServer server, String path) throws IOException, InterruptedException {
        return new JsonMapper()
                .readTree(HttpClient.newHttpClient()
                        .send(
                                HttpRequest.newBuilder(URI.create(server.address() + path))
                                        .build(),
                                HttpResponse.BodyHandlers.ofString())
                        .body());
    }

    private static String best(WebServer server) throws IOException, InterruptedException {
        return told(server, "api/sweep?from=0").get("best").toString();
    }

    @Test
    void isToldWhatThereIsAndWhatItBecomes() throws IOException, InterruptedException {
        TrialRecord waiting = trial(0, State.WAITING, -1, Double.NaN);
        SweepRecord sweep = new SweepRecord("a sweep", Monitor.VAL_LOSS, PARAMETERS, List.of(1, 2), List.of(waiting));
        List<Integer> asked = new ArrayList<>();
        SweepPage page = new SweepPage(sweep, trial -> {
            asked.add(trial.number());
            return "anneal train " + trial.number();
        });
        try (WebServer server = WebServer.start("127.0.0.1", 0, WebServer.Content.NONE.withSweep(page.live()))) {
            JsonNode first = told(server, "api/sweep?from=0");
            assertEquals("a sweep", first.get("title").asString());
            assertEquals(
                    "[{\"name\":\"lr\",\"scale\":\"LOG\"},{\"name\":\"gamma\",\"scale\":\"LINEAR\"},"
                            + "{\"name\":\"model\",\"scale\":\"CATEGORY\"}]",
                    first.get("parameters").toString());
            assertEquals("[1,2]", first.get("rungs").toString());
            assertEquals("waiting", first.get("trials").get(0).get("state").asString());
            assertEquals("null", best(server), "none has a value");

            page.begin(sweep);
            Job job = new Job(0, 0, 0, List.of(), 0, "000-0", 0, 1, 2, 1);
            page.epoch(job, epoch(1, 0.75));
            assertEquals(
                    "[{\"trial\":0,\"runs\":[[[1.0,0.75]]]}]",
                    told(server, "api/sweep/curves?trial=0").toString());
            page.trial(trial(0, State.STOPPED, 0, 0.75, epoch(1, 0.75)));
            assertEquals("{\"trial\":0,\"line\":\"anneal train 0\"}", best(server));
            page.trial(trial(1, State.STOPPED, 0, 0.5, epoch(1, 0.5)));
            assertEquals("{\"trial\":1,\"line\":\"anneal train 1\"}", best(server));
            page.trial(trial(2, State.FAILED, -1, Double.NaN));
            page.trial(trial(0, State.DONE, 1, 0.625, epoch(1, 0.75), epoch(2, 0.625)));
            assertEquals("{\"trial\":0,\"line\":\"anneal train 0\"}", best(server), "a higher rung comes first");
            assertEquals(List.of(0, 1, 0), asked, "no line is made anew that nobody sees");
            JsonNode last = told(server, "api/sweep?from=0").get("trials");
            assertEquals(3, last.size());
            assertEquals("done", last.get(2).get("state").asString());
            assertEquals("its loss was not finite", last.get(1).get("reason").asString());
            assertEquals(3.0, last.get(2).get("seconds").asDouble());
        }
    }
}
