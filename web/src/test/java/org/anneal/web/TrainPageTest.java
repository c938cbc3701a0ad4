package org.anneal.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.anneal.runs.RunFolder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.support.ui.Select;

/** "Train with this" and "Stop", where what starts trainings only opens a run's folder. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TrainPageTest extends PageTest {
    private static final String COSINE = "CosineAnnealingLR(T_max=100)";

    @TempDir
    Path runs;

    private final Starter starter = new Starter();
    private WebServer server;

    /** Holds the lock of each run's folder, as a training does. */
    private final class Starter implements Trainings {
        private final Map<String, RunFolder> open = new ConcurrentHashMap<>();
        private List<String> arguments = List.of();
        private Optional<RuntimeException> refusal = Optional.empty();
        private CountDownLatch ready = new CountDownLatch(0);

        @Override
        public String folder() {
            return "runs";
        }

        @Override
        public String start(List<String> given) throws IOException {
            if (refusal.isPresent()) {
                throw refusal.get();
            }
            try {
                ready.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            arguments = given;
            String name = "run-" + (open.size() + 1);
            open.put(name, RunFolder.create(runs.resolve(name)));
            return name;
        }

        @Override
        public boolean stop(String run) {
            Optional<RunFolder> folder = Optional.ofNullable(open.remove(run));
            folder.ifPresent(each -> {
                try {
                    each.close();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            return folder.isPresent();
        }

        @Override
        public List<String> running() {
            return List.copyOf(open.keySet());
        }
    }

    @BeforeEach
    void start() throws IOException {
        server = WebServer.start(
                "127.0.0.1", 0, WebServer.Content.NONE.withRuns(runs).withTrainings(starter));
        browser.ownSize();
    }

    @AfterEach
    void stop() {
        browser.open("about:blank");
        server.close();
        starter.running().forEach(starter::stop);
    }

    private void open(String expression, String more) {
        browser.open(server.address() + "#e=" + URLEncoder.encode(expression, StandardCharsets.UTF_8) + more);
        browser.await("the curve", () -> !browser.all("#number-rows tr").isEmpty());
        browser.await("the button", () -> browser.find("#train").isDisplayed());
    }

    private void openDialog() {
        browser.find("#train").click();
        browser.await("the line", () -> !browser.text("#train-line").isEmpty());
    }

    private static void type(String css, String text) {
        WebElement field = browser.find(css);
        field.sendKeys(Keys.chord(Keys.CONTROL, "a"), text);
    }

    @Test
    void theButtonIsThereOnlyWhereTrainingsMayBeStarted() throws IOException {
        try (WebServer other = WebServer.start("127.0.0.1", 0, WebServer.Content.NONE.withRuns(runs))) {
            browser.open(other.address() + "#e=StepLR(30)&steps=50");
            browser.await(
                    "what the server has", () -> browser.find("[data-runs]").isDisplayed());
            assertFalse(browser.find("#train").isDisplayed());
        }
        open(COSINE, "&steps=100");
        assertTrue(browser.find("#train").isDisplayed());
    }

    @Test
    void aRunIsConfirmedStartedSeenLiveAndStopped() {
        open(COSINE, "&steps=100&lr=0.05");
        openDialog();
        String line =
                "./anneal train --schedule 'CosineAnnealingLR(T_max=100)' --optimizer 'SGD(lr=0.05, momentum=0.9)'"
                        + " --step-per batch --epochs 10 --limit 10 --batch-size 4 --data fashion-mnist-subset --model tutorial"
                        + " --seed 0";
        browser.awaitText("#train-line", line);
        browser.awaitText("#train-steps", "The schedule makes 100 steps, as in the chart.");
        type("#train-epochs", "3");
        type("#train-seed", "7");
        new Select(browser.find("#train-model")).selectByValue("linear");
        browser.awaitText(
                "#train-line",
                line.replace("epochs 10", "epochs 3")
                        .replace("tutorial", "linear")
                        .replace("seed 0", "seed 7"));
        browser.awaitText("#train-steps", "The schedule makes 30 steps; the chart shows 100.");
        assertEquals(List.of(), starter.running());
        browser.find("#train-seed").sendKeys(Keys.ENTER);
        browser.await("the runs page", () -> browser.driver.getCurrentUrl().endsWith("runs#run=run-1"));
        assertEquals(
                List.of(
                        "--schedule=CosineAnnealingLR(T_max=100)",
                        "--optimizer=SGD(lr=0.05, momentum=0.9)",
                        "--step-per=batch",
                        "--epochs=3",
                        "--limit=10",
                        "--batch-size=4",
                        "--data=fashion-mnist-subset",
                        "--model=linear",
                        "--seed=7"),
                starter.arguments);
        browser.awaitText("#run-list .stop", "Stop");
        assertEquals("Stop run-1", browser.attribute("#run-list .stop", "aria-label"));
        assertEquals("running", browser.attribute("#run-list li", "data-state"));
        assertEquals(List.of(), browser.violations());
        browser.prefer("light");
        browser.screenshot("train-stop");
        browser.find("#run-list .stop").click();
        browser.await("the end", () -> browser.all("#run-list li").isEmpty()); // as it had no epoch to keep
        assertEquals(List.of(), starter.running());
        assertEquals(List.of(), browser.console());
    }

    @Test
    void aRunThatAnotherProcessWritesCannotBeStoppedHere() throws IOException {
        try (RunFolder other = RunFolder.create(runs.resolve("other"))) {
            String run = starter.start(List.of());
            browser.open(server.address() + "runs");
            browser.await(
                    "both",
                    () -> browser.all("#run-list li[data-state=running]").size() == 2);
            browser.await("the button", () -> !browser.all("#run-list .stop").isEmpty());
            assertEquals(1, browser.all("#run-list .stop").size());
            assertEquals(
                    1,
                    browser.all("#run-list li[data-name='" + run + "'] .stop").size());
            assertTrue(Files.exists(other.path()));
        }
    }

    @Test
    void aStartThatIsCancelledIsStopped() {
        starter.ready = new CountDownLatch(1);
        open(COSINE, "&steps=100");
        openDialog();
        browser.find("#train-start").click();
        browser.awaitText("#train-said", "Starting …");
        assertFalse(browser.find("#train-start").isEnabled());
        browser.find("#train-cancel").click();
        starter.ready.countDown();
        browser.await(
                "the end",
                () -> !starter.arguments.isEmpty() && starter.running().isEmpty());
        assertEquals(List.of(), browser.all("dialog[open]"));
        assertFalse(browser.driver.getCurrentUrl().contains("runs"));
    }

    @Test
    void whatIsRefusedIsSaidInTheDialog() {
        open(COSINE, "&steps=100");
        starter.refusal = Optional.of(new IllegalStateException("at most 2 trainings may run at once"));
        openDialog();
        browser.find("#train-start").click();
        browser.awaitText("#train-error", "at most 2 trainings may run at once");
        assertTrue(browser.find("#train-start").isEnabled());
        type("#train-epochs", "0");
        browser.awaitText("#train-error", "Epochs must be a whole number, at least 1");
        assertFalse(browser.find("#train-start").isEnabled());
        assertEquals(List.of(), browser.violations());
        browser.prefer("light");
        browser.console(); // which tells of the answer
    }

    @Test
    void aScheduleWithAnErrorOrSeveralGroupsIsNotTrainedWith() {
        open(COSINE, "&steps=100&lr=0.1,0.01");
        browser.find("#train").click();
        browser.awaitText("#train-error", "a training from here must have one base lr, but there are 2");
        assertFalse(browser.find("#train-start").isEnabled());
        browser.find("#train-cancel").click();
        browser.await("the page", () -> browser.all("dialog[open]").isEmpty());
        browser.console();
    }

    @Test
    void epochsOfThePageAreThoseOfTheTraining() {
        open("StepLR(2)", "&epochs=6&spe=50&per=epoch&adam=1&m=0.8&lr=0.001");
        openDialog();
        browser.awaitText(
                "#train-line",
                "./anneal train --schedule 'StepLR(2)' --optimizer 'Adam(lr=0.001, betas=(0.8, 0.999))' --step-per epoch"
                        + " --epochs 6 --limit 50 --batch-size 4 --data fashion-mnist-subset --model tutorial --seed 0");
        browser.awaitText("#train-steps", "The schedule makes 6 steps, as in the chart.");
    }

    @Test
    void theKeyboardOpensAndLeavesTheDialogAndAxeFindsNothing() {
        open(COSINE, "&steps=100");
        browser.find("#train").sendKeys(Keys.ENTER);
        browser.await("the line", () -> !browser.text("#train-line").isEmpty());
        assertEquals(List.of(), browser.violations());
        browser.screenshot("train-light");
        browser.prefer("dark");
        browser.size(800, 900);
        browser.screenshot("train-dark-800");
        browser.size(400, 860);
        assertTrue((Boolean) browser.run("return document.querySelector('#train-dialog').scrollWidth <= innerWidth"));
        browser.screenshot("train-dark-400");
        assertEquals(
                browser.find("#to-takeaway").getRect().getY(),
                browser.find("#train").getRect().getY(),
                "the chart's bar has one line");
        assertTrue(browser.find("#train").getRect().getHeight() < 45, "the button's words stand in one line");
        browser.ownSize();
        browser.prefer("light");
        browser.driver.switchTo().activeElement().sendKeys(Keys.ESCAPE);
        browser.await("the page", () -> browser.all("dialog[open]").isEmpty());
        assertEquals("train", browser.driver.switchTo().activeElement().getAttribute("id"));
        assertEquals(List.of(), starter.running());
        assertTrue(browser.driver.findElement(By.id("train")).isDisplayed());
    }

    // What is asked without the page.

    private static HttpResponse<String> post(URI where, String origin, String json) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(where)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json));
        if (!origin.isEmpty()) {
            request.header("Origin", origin);
        }
        return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private static String wanted(String more) {
        return "{\"expression\": \"StepLR(30)\", \"run\": {\"lr\": [0.1], \"momentum\": 0.9, \"adam\": false, \"steps\": 60,"
                + " \"metrics\": []}, \"data\": \"fashion-mnist-subset\", \"model\": \"linear\", \"start\": true" + more
                + "}";
    }

    @Test
    void nothingIsStartedOrStoppedWhereItIsNotAllowed() throws Exception {
        try (WebServer other = WebServer.start("127.0.0.1", 0, WebServer.Content.NONE.withRuns(runs))) {
            for (String path : List.of("api/train", "api/train/stop")) {
                HttpResponse<String> refused = post(other.address().resolve(path), "", wanted(""));
                assertEquals(403, refused.statusCode());
                assertEquals(
                        "{\"error\":{\"message\":\"this server starts no trainings: start it with anneal serve"
                                + " --allow-train\"}}",
                        refused.body());
            }
        }
    }

    @Test
    void otherSitesStartAndStopNothing() throws Exception {
        String run = starter.start(List.of());
        for (String path : List.of("api/train", "api/train/stop")) {
            HttpResponse<String> refused = post(
                    server.address().resolve(path),
                    "https://elsewhere.example",
                    path.endsWith("stop") ? "{\"run\": \"" + run + "\"}" : wanted(""));
            assertEquals(403, refused.statusCode());
        }
        assertEquals(List.of(run), starter.running());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            , "plugin": "x.jar"    | 400 | invalid request: unknown field plugin
            , "out": "/tmp"        | 400 | invalid request: unknown field out
            , "data": "cifar10:/x" | 400 | data must be one of fashion-mnist-subset, fashion-mnist, but was cifar10:/x
            , "model": "x.pt"      | 400 | model must be one of tutorial, linear, mlp:64,64, resnet8, resnet20, but was x.pt
            , "expression": "-"    | 400 | *
            , "expression": "StepLR(0)" | 400 | step_size must be at least 1, but was 0
            , "epochs": "--out=x"  | 400 | *
            """)
    void whatIsNotListedIsRefused(String more, int status, String message) throws Exception {
        HttpResponse<String> refused = post(server.address().resolve("api/train"), "", wanted(more));
        assertEquals(status, refused.statusCode(), refused.body());
        if (!message.equals("*")) {
            assertTrue(refused.body().contains(message), refused.body());
        }
        assertEquals(List.of(), starter.running());
    }

    @Test
    void aTextStaysOneArgument() throws Exception {
        String text = "StepLR(step_size=n) # ' --out=x $(touch y)";
        HttpResponse<String> told = post(
                server.address().resolve("api/train"),
                "http://127.0.0.1:" + server.address().getPort(),
                wanted(", \"expression\": \"" + text
                        + "\", \"set\": {\"n\": \"30\", \"unused\": \"1\"}, \"pick\": null"));
        assertEquals(200, told.statusCode(), told.body());
        assertEquals(
                List.of(
                        "--schedule=" + text,
                        "--set=n=30",
                        "--optimizer=SGD(lr=0.1, momentum=0.9)",
                        "--step-per=batch",
                        "--data=fashion-mnist-subset",
                        "--model=linear"),
                starter.arguments);
        assertTrue(
                told.body()
                        .startsWith(
                                "{\"line\":\"./anneal train --schedule 'StepLR(step_size=n) # '\\\\'' --out=x $(touch y)'"
                                        + " --set 'n=30' "),
                told.body());
    }

    @Test
    void onlyARunThatWasStartedHereIsStopped() throws Exception {
        try (RunFolder other = RunFolder.create(runs.resolve("other"))) {
            HttpResponse<String> refused = post(server.address().resolve("api/train/stop"), "", "{\"run\": \"other\"}");
            assertEquals(409, refused.statusCode());
            assertEquals(
                    "{\"error\":{\"message\":\"run must be one that this server started and that is running, but was"
                            + " 'other'\"}}",
                    refused.body());
            assertTrue(Files.exists(other.path()));
        }
    }
}
