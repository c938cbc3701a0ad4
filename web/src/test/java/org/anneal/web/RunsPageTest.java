package org.anneal.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.SGD;
import org.anneal.runs.FolderLock;
import org.anneal.runs.Monitor;
import org.anneal.runs.Run;
import org.anneal.schedule.ExponentialLR;
import org.anneal.schedule.LinearLR;
import org.anneal.schedule.ReduceLROnPlateau.Mode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;

/** Training runs as they go, in a real browser. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RunsPageTest extends PageTest {
    @TempDir
    Path runs;

    private WebServer server;

    @BeforeEach
    void start() throws IOException {
        server = WebServer.start("127.0.0.1", 0, WebServer.Content.NONE.withRuns(runs));
        browser.ownSize();
    }

    @AfterEach
    void stop() {
        browser.open("about:blank");
        server.close();
        assertEquals(List.of(), browser.console());
    }

    /** Writes what a run of some epochs leaves behind; two groups. */
    private void write(String name, int from, int to, double speed) throws IOException {
        Path folder = Files.createDirectories(runs.resolve(name));
        StringBuilder metrics = new StringBuilder();
        StringBuilder progress = new StringBuilder();
        if (from == 1) {
            metrics.append("epoch,step,lr0,lr1,train_loss,val_loss,val_accuracy,seconds\n");
            progress.append("epoch,step,loss,lr0,lr1\n");
        }
        for (int epoch = from; epoch <= to; epoch++) {
            for (int step = 10 * (epoch - 1) + 1; step <= 10 * epoch; step++) {
                double loss = 0.3 + 2 * Math.exp(-speed * step / 40) + 0.1 * Math.sin(5 * step);
                progress.append(String.format(
                        Locale.ROOT, "%d,%d,%s,%s,%s%n", epoch, step, loss, rate(epoch, 0.1), rate(epoch, 0.01)));
            }
            double loss = 0.3 + 2 * Math.exp(-speed * epoch / 4);
            metrics.append(String.format(
                    Locale.ROOT,
                    "%d,%d,%s,%s,%s,%s,%s,1.5%n",
                    epoch,
                    10 * epoch,
                    rate(epoch, 0.1),
                    rate(epoch, 0.01),
                    loss,
                    loss + 0.05 * epoch / 4,
                    1 - loss / 3));
        }
        append(folder.resolve("metrics.csv"), metrics.toString());
        append(folder.resolve("progress.csv"), progress.toString());
    }

    private static double rate(int epoch, double base) {
        return epoch > 6 ? base / 10 : base;
    }

    private static void append(Path file, String text) throws IOException {
        Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private static String points(String chart) {
        return browser.attribute("[data-chart=" + chart + "]", "data-points");
    }

    private static List<String> texts(String css) {
        return browser.all(css).stream().map(WebElement::getText).toList();
    }

    /** {@return what the table says of a run in the column with a key} */
    private static String cell(String run, String key) {
        return String.valueOf(browser.run("""
                const column = [...document.querySelectorAll('#last-head th')].findIndex((cell) => cell.dataset.key === arguments[1]);
                const row = [...document.querySelectorAll('#last-rows tr')].find((each) => each.dataset.name === arguments[0]);
                return row?.children[column]?.textContent""", run, key));
    }

    private void openRuns() {
        browser.open(server.address() + "runs");
        browser.awaitText("#state", "live");
    }

    @Test
    void aRunGrowsOnThePageAsItsFilesDo() throws IOException {
        openRuns();
        browser.await("no run", () -> browser.find("#no-runs").isDisplayed());
        write("20261122-101500", 1, 2, 1);
        browser.await("the run", () -> points("loss").contains("\"20261122-101500 validation\":2"));
        browser.await("its batches", () -> points("loss").contains("\"20261122-101500 batch\":20"));
        browser.await("its rates", () -> points("rate").contains("\"20261122-101500 lr1\":20"));
        assertEquals("running", browser.text("#run-list small"));
        // Half a line is left for later.
        append(runs.resolve("20261122-101500/metrics.csv"), "3,30,0.1,0.0");
        write("other", 1, 3, 2);
        browser.await("another run", () -> points("loss").contains("\"other validation\":3"));
        append(runs.resolve("20261122-101500/metrics.csv"), "1,0.9,0.8,0.75,1.5\n");
        browser.await("its third epoch", () -> points("loss").contains("\"20261122-101500 validation\":3"));
        browser.await(
                "its accuracy", () -> cell("20261122-101500", "val_accuracy").equals("0.75"));
    }

    @Test
    void aZoomStaysWhileTheRunGoesOn() throws IOException {
        write("run", 1, 10, 1);
        openRuns();
        browser.await("ten epochs", () -> points("loss").contains("\"run train\":10"));
        assertEquals(List.of(0L, 100L), view());
        browser.actions()
                .moveToElement(browser.find("[data-chart=loss] .u-over"), -100, 0)
                .clickAndHold()
                .moveByOffset(100, 5)
                .moveByOffset(100, 5)
                .release()
                .perform();
        browser.await("a part", () -> !view().equals(List.of(0L, 100L)));
        List<Object> part = view();
        write("run", 11, 12, 1);
        browser.await("two more", () -> points("loss").contains("\"run train\":12"));
        assertEquals(part, view());
        browser.actions().doubleClick(browser.find("[data-chart=loss] .u-over")).perform();
        browser.await("all", () -> view().equals(List.of(0L, 120L)));
        write("run", 13, 13, 1);
        browser.await("and what comes", () -> view().equals(List.of(0L, 130L)));
    }

    @Test
    void keysReadAChartAndZoomAllOfThem() throws IOException {
        Path run = Files.createDirectories(runs.resolve("run"));
        append(run.resolve("metrics.csv"), """
                epoch,step,lr,train_loss,val_loss,val_accuracy,seconds
                1,25000,0.1,0.5,0.75,0.25,1.0
                2,50000,0.1,0.375,0.625,0.5,1.0
                """);
        openRuns();
        browser.await("two epochs", () -> points("loss").contains("\"run train\":2"));
        assertEquals("trainvalidationbatch", browser.text("#loss-title + .key").replaceAll("\\s", ""));
        assertEquals("50,000", cell("run", "step"));
        browser.find("#log-loss").click();
        press(Keys.TAB);
        press(Keys.ARROW_RIGHT);
        browser.awaitText("[data-chart=loss] .tip b", "step 0");
        press(Keys.ARROW_RIGHT);
        press(Keys.ARROW_RIGHT);
        browser.awaitText("[data-chart=loss] .tip b", "step 50,000");
        assertTrue(browser.text("[data-chart=loss] .tip").contains("0.375"));
        press("+");
        browser.await("a part", () -> view().equals(List.of(37_500L, 50_000L)));
        browser.await(
                "the others too",
                () -> browser.attribute("[data-chart=metric]", "data-view").equals("[37500,50000]"));
        press("0");
        browser.await("all", () -> view().equals(List.of(0L, 50_000L)));
        press(Keys.TAB);
        browser.await(
                "no readout", () -> !browser.find("[data-chart=loss] .tip").isDisplayed());
    }

    @Test
    void aReadoutByKeysStaysAtItsStepWhileTheChartChanges() throws IOException {
        write("run", 1, 10, 1);
        openRuns();
        browser.await("ten epochs", () -> points("loss").contains("\"run train\":10"));
        browser.find("#log-loss").click();
        press(Keys.TAB);
        press(Keys.ARROW_RIGHT.toString().repeat(31)); // the first shows the first step
        awaitReadout(30, 0, 100);
        press("+");
        awaitReadout(30, 5, 55);
        press("+");
        awaitReadout(30, 17.5, 42.5);
        browser.screenshot("runs-zoomed-by-keys");
        press("0");
        awaitReadout(30, 0, 100);
        write("run", 11, 14, 1);
        browser.await("four more", () -> points("loss").contains("\"run train\":14"));
        awaitReadout(30, 0, 140);
        write("other", 1, 3, 1);
        browser.await("another", () -> points("loss").contains("\"other train\":3"));
        awaitReadout(30, 0, 140);
        press(Keys.ARROW_RIGHT);
        awaitReadout(31, 0, 140);
    }

    /** Waits until the readout of the loss is of a step in a part of the chart, and its line is where that is. */
    private static void awaitReadout(int step, double from, double to) {
        double expected = (step - from) / (to - from);
        browser.await(step + " in [" + from + ", " + to + "]", () -> {
            Number part = (Number) browser.run("""
                    const over = document.querySelector('[data-chart=loss] .u-over').getBoundingClientRect();
                    const line = document.querySelector('[data-chart=loss] .u-cursor-x').getBoundingClientRect();
                    return (line.left - over.left) / over.width""");
            return browser.text("[data-chart=loss] .tip b").equals("step " + step)
                    && Math.abs(part.doubleValue() - expected) < 0.003;
        });
    }

    @Test
    void twelveRunsHaveTwelveColoursInEitherTheme() throws IOException {
        for (int run = 1; run <= 12; run++) {
            write("run" + run, 1, 3, run);
        }
        openRuns();
        browser.await("twelve", () -> browser.all("#run-list li").size() == 12);
        browser.screenshot("runs-twelve");
        for (String theme : List.of("light", "dark")) {
            browser.run("document.documentElement.dataset.theme = arguments[0]", theme);
            List<double[]> colours = colours("#run-list .swatch line", "stroke");
            double[] card = colours("body > main .card", "background-color").get(0);
            assertEquals(12, colours.size());
            for (int i = 0; i < 12; i++) {
                double light = luminance(colours.get(i)) + 0.05;
                double ground = luminance(card) + 0.05;
                assertTrue(Math.max(light, ground) / Math.min(light, ground) >= 3, theme + " " + i);
                for (int j = 0; j < i; j++) {
                    double[] other = colours.get(j);
                    double[] one = colours.get(i);
                    double apart = Math.hypot(Math.hypot(one[0] - other[0], one[1] - other[1]), one[2] - other[2]);
                    assertTrue(apart > 60, theme + " " + j + " and " + i + ": " + apart);
                }
            }
        }
        // So many names would hide the lines.
        browser.await(
                "no name",
                () -> browser.attribute("[data-chart=loss]", "data-names").equals("[]"));
        browser.actions()
                .moveToElement(browser.find("#run-list li[data-name=run3]"))
                .perform();
        browser.await(
                "its name",
                () -> browser.attribute("[data-chart=loss]", "data-names").equals("[\"run3\"]"));
        browser.actions().moveToElement(browser.find(".mark")).perform();
        // The thirteenth has the first one's colour, in dashes of its own.
        write("thirteenth", 1, 3, 1);
        browser.await("thirteen", () -> browser.all("#run-list li").size() == 13);
        assertEquals(colourOf("run1"), colourOf("thirteenth"));
        assertEquals(
                List.of("thirteenth"),
                browser.all("#run-list li:has([stroke-dasharray]:not([stroke-dasharray='']))").stream()
                        .map(element -> element.getAttribute("data-name"))
                        .toList());
        Files.delete(runs.resolve("thirteenth/metrics.csv"));
        Files.delete(runs.resolve("thirteenth/progress.csv"));
        browser.await("twelve", () -> browser.all("#run-list li").size() == 12);
        // One that comes when another has gone takes its colour.
        String free = colourOf("run5");
        Files.delete(runs.resolve("run5/metrics.csv"));
        Files.delete(runs.resolve("run5/progress.csv"));
        browser.await("eleven", () -> browser.all("#run-list li").size() == 11);
        write("late", 1, 3, 1);
        browser.await("twelve", () -> browser.all("#run-list li").size() == 12);
        assertEquals(free, colourOf("late"));
    }

    private static String colourOf(String run) {
        return browser.find("#run-list li[data-name='" + run + "'] .swatch line")
                .getCssValue("stroke");
    }

    private static List<double[]> colours(String css, String property) {
        return browser.all(css).stream()
                .map(element -> Stream.of(element.getCssValue(property)
                                .replaceAll("[^0-9.,]", "")
                                .split(",", -1))
                        .mapToDouble(Double::parseDouble)
                        .toArray())
                .toList();
    }

    /** {@return the relative luminance of a colour, as the contrast of WCAG 2 is made of} */
    private static double luminance(double[] colour) {
        double[] weights = {0.2126, 0.7152, 0.0722};
        double sum = 0;
        for (int i = 0; i < 3; i++) {
            double part = colour[i] / 255;
            sum += weights[i] * (part <= 0.03928 ? part / 12.92 : Math.pow((part + 0.055) / 1.055, 2.4));
        }
        return sum;
    }

    private static void press(CharSequence key) {
        browser.actions().sendKeys(key).perform();
    }

    /** {@return the steps between which the loss is shown} */
    @SuppressWarnings("unchecked")
    private static List<Object> view() {
        return (List<Object>)
                browser.run("return JSON.parse(document.querySelector('[data-chart=loss]').dataset.view || '[]')");
    }

    @Test
    void aFinishedRunStaysAndAReloadShowsItAgain() throws IOException {
        write("a", 1, 12, 1);
        write("b", 1, 8, 2);
        Files.setLastModifiedTime(
                Files.writeString(runs.resolve("a/curve.png"), "drawn"),
                FileTime.fromMillis(System.currentTimeMillis() + 1000));
        openRuns();
        browser.await(
                "both",
                () -> points("loss").contains("\"a train\":12")
                        && points("loss").contains("\"b train\":8"));
        assertEquals("finished", browser.text("#run-list li:nth-child(2) small"));
        assertEquals("running", browser.text("#run-list li:nth-child(1) small"));
        browser.screenshot("runs");
        assertEquals(List.of(), browser.violations());
        browser.prefer("light");
        browser.find("#run-list li:nth-child(1) input").click();
        browser.await("one", () -> !points("loss").contains("b train"));
        browser.driver.navigate().refresh();
        browser.await(
                "the same one",
                () -> points("loss").contains("\"a train\":12")
                        && !points("loss").contains("b train"));
        browser.size(400, 900);
        // The charts follow once the browser has told them of the new size.
        browser.await(
                "charts of the page's width",
                () -> Objects.equals(400L, browser.run("return document.documentElement.scrollWidth")));
        browser.screenshot("runs-narrow");
        assertTrue(
                browser.find("#charts").getLocation().y
                        < browser.find("#run-list").getLocation().y,
                "the charts come first on a phone");
    }

    @Test
    void aRunThatIsResumedLosesWhatIsDoneAgain() throws IOException {
        write("run", 1, 5, 1);
        openRuns();
        browser.await("five", () -> points("loss").contains("\"run train\":5"));
        // As a run folder is taken up: the table is replaced by one that ends at the checkpoint.
        Path table = runs.resolve("run/metrics.csv");
        List<String> lines = Files.readAllLines(table);
        Path replacement = Files.write(runs.resolve("replacement"), lines.subList(0, 4));
        Files.move(replacement, table, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        append(runs.resolve("run/progress.csv"), "4,31,0.5,0.1,0.01\n");
        browser.await("three", () -> points("loss").contains("\"run train\":3"));
        browser.await("its batches", () -> points("loss").contains("\"run batch\":31"));
        assertEquals("Runs", browser.text("nav a[aria-current]"));
    }

    /** Puts a {@code run.json} there as a run does: the whole of it at once. */
    private void describe(String name, String json) throws IOException {
        Path file = Files.writeString(runs.resolve("described"), json);
        Files.move(file, runs.resolve(name).resolve("run.json"), StandardCopyOption.ATOMIC_MOVE);
    }

    /** {@return what a run of ten batches an epoch says of itself} */
    private static String info(String optimizer, String schedule, String stepPer, int epochs, String groups) {
        return """
                {"config": {"optimizer": %s, "groups": ["fc*:lr=0.01"], "schedule": %s, "step_per": "%s", "epochs": %d,
                  "limit": null}, "steps_per_epoch": 10, "param_groups": [%s]}
                """.formatted(
                        Answer.JSON.writeValueAsString(optimizer),
                        Answer.JSON.writeValueAsString(schedule),
                        stepPer,
                        epochs,
                        groups);
    }

    private static final String GROUPS = """
            {"name": "rest", "lr": 0.1, "initial_lr": 0.1}, {"name": "fc*", "initial_lr": 0.01}""";

    private static String about(String run) {
        return browser.text("#run-list li[data-name='" + run + "'] .about");
    }

    /** Follows a run's link, and waits until the playground has an answer about its schedule. */
    private static void openSchedule(String run) {
        browser.await(
                "the link",
                () -> browser.attribute("#run-list li[data-name='" + run + "'] a", "href")
                        .contains("#e="));
        browser.find("#run-list li[data-name='" + run + "'] a").click();
        browser.await(
                "the playground",
                () -> !browser.all("#number-rows tr, #rows .error:not(:empty)").isEmpty());
    }

    /** Has the playground say the rate at a step of the schedule. */
    private static void awaitRate(int step, int stepsPerUnit, int group, double rate) {
        browser.run("""
                const at = document.querySelector('#at');
                at.value = arguments[0];
                at.dispatchEvent(new Event('input', { bubbles: true }));
                """, (double) step / stepsPerUnit);
        String cell = "#number-rows tr:nth-child(" + (group + 1) + ") .at";
        browser.await(
                "group " + group + " to have rate " + rate + " at step " + step,
                () -> Math.abs(Double.parseDouble(browser.attribute(cell, "data-whole")) - rate) < 1e-15);
    }

    @Test
    void aRunSaysWhatItWasStartedWithAndItsScheduleOpensInThePlayground() throws IOException {
        write("run", 1, 8, 1);
        write("unnamed", 1, 2, 1);
        openRuns();
        browser.await("the run", () -> points("loss").contains("\"run train\":8"));
        assertEquals("", about("run"));
        describe(
                "run", info("Adam(lr=0.1, betas=(0.8, 0.999))", "StepLR(step_size=60, gamma=0.1)", "batch", 8, GROUPS));
        browser.await("what it says", () -> about("run").contains("StepLR(step_size=60, gamma=0.1) stepped per batch"));
        assertEquals(
                "Adam(lr=0.1, betas=(0.8, 0.999)); fc*:lr=0.01",
                browser.attribute("#run-list li[data-name=run] .about p:nth-child(2)", "title"));
        assertEquals("", about("unnamed"));
        browser.await("its groups' names", () -> browser.text("#rate-key").contains("fc*"));
        assertEquals("restfc*", browser.text("#rate-key").replace("\n", ""));
        browser.screenshot("runs-about");
        openSchedule("run");
        assertEquals("0.1, 0.01", browser.attribute("#lr", "value"));
        assertEquals("8", browser.attribute("#epochs", "value"));
        assertEquals("10", browser.attribute("#steps-per-epoch", "value"));
        assertEquals("0.8", browser.attribute("#momentum", "value"));
        assertEquals("beta1", browser.text("#momentum-name"));
        // The rates are those of the run's rows: of epoch 6's last step, and epoch 7's first.
        for (int step : new int[] {0, 59, 60, 79}) {
            awaitRate(step, 10, 0, rate(step / 10 + 1, 0.1));
            awaitRate(step, 10, 1, rate(step / 10 + 1, 0.01));
        }
    }

    @Test
    void aPlateauIsShownWithTheLossesItWasGiven() throws IOException {
        Path folder = Files.createDirectories(runs.resolve("run"));
        append(folder.resolve("metrics.csv"), """
                epoch,step,lr,train_loss,val_loss,val_accuracy,seconds
                1,10,0.1,0.5,0.5,0.9,1.0
                2,20,0.1,0.5,0.75,0.9,1.0
                """);
        describe("run", info("SGD(lr=0.1)", "ReduceLROnPlateau(patience=0)", "epoch", 4, "{\"initial_lr\": 0.1}"));
        openRuns();
        browser.await(
                "two epochs", () -> browser.attribute("#run-list a", "href").endsWith("metrics=0.5+0.75"));
        append(folder.resolve("metrics.csv"), "3,30,0.01,0.5,nan,0.9,1.0\n");
        browser.await("the third", () -> points("loss").contains("\"run train\":3"));
        append(folder.resolve("metrics.csv"), "4,40,0.01,0.5,0.25,0.9,1.0\n");
        browser.await("the fourth", () -> points("loss").contains("\"run train\":4"));
        openSchedule("run");
        assertEquals("0.5 0.75", browser.attribute("#metrics", "value"), "up to a loss that is none");
        awaitRate(1, 1, 0, 0.1);
        awaitRate(2, 1, 0, 0.01);
    }

    @Test
    void whatARunSaysIsShownAsTextAndNothingElseIsTakenForIt() throws IOException {
        String hostile = "<img src=x onerror=\"document.title='taken'\"></p><script>document.title='taken'</script>";
        Map<String, String> wrong = new TreeMap<>(Map.of(
                "cut", "{\"config\": {\"optimizer\": \"SGD",
                "empty", "",
                "list", "[1, 2, 3]",
                "nested", "[".repeat(20_000),
                "null", "null",
                "numbers",
                        "{\"config\": {\"optimizer\": 1, \"groups\": 2, \"schedule\": [], \"step_per\": {}, \"epochs\": \"x\"}}",
                "huge", info("x".repeat(70_000), "StepLR(1)", "batch", 1, GROUPS),
                "unit", info("SGD()", "StepLR(1)", "year", 1, GROUPS)));
        for (Map.Entry<String, String> each : wrong.entrySet()) {
            write(each.getKey(), 1, 1, 1);
            describe(each.getKey(), each.getValue());
        }
        write("linked", 1, 1, 1);
        Path elsewhere =
                Files.writeString(runs.resolve("elsewhere.json"), info("SGD()", "StepLR(1)", "batch", 1, GROUPS));
        Files.createSymbolicLink(runs.resolve("linked/run.json"), elsewhere);
        write("folder", 1, 1, 1);
        Files.createDirectory(runs.resolve("folder/run.json"));
        write("long", 1, 1, 1);
        describe("long", info("SGD()", "StepLR(1)", "batch", 2_000_000, GROUPS));
        write("wide", 1, 1, 1);
        describe("wide", info("SGD()", "StepLR(1)", "batch", 1, String.join(",", Collections.nCopies(17, GROUPS))));
        write("hostile", 1, 1, 1);
        describe("hostile", info("SGD()", hostile.repeat(20), "epoch", 3, GROUPS));
        write("own", 1, 1, 1);
        describe("own", info(hostile, "StepLR(1)", "batch", 1, GROUPS));
        openRuns();
        browser.await("all", () -> browser.all("#run-list li").size() == wrong.size() + 6);
        browser.await("all of it", () -> browser.attribute("body", "data-ready").equals("true"));
        assertTrue(about("hostile").contains(hostile), about("hostile"));
        assertEquals(hostile.repeat(20) + " stepped per epoch", browser.attribute("[data-name=hostile] p", "title"));
        assertEquals("StepLR(1) stepped per batch\n" + hostile + "; fc*:lr=0.01", about("own"), "and no link");
        assertEquals(0, browser.all("#run-list img, #run-list script").size());
        for (String name : Stream.concat(wrong.keySet().stream(), Stream.of("linked", "folder"))
                .toList()) {
            assertEquals("", about(name), name);
        }
        for (String name : List.of("long", "wide")) {
            assertEquals("StepLR(1) stepped per batch\nSGD(); fc*:lr=0.01", about(name), "and no link");
        }
        browser.size(400, 900);
        browser.await(
                "the page's width",
                () -> Objects.equals(400L, browser.run("return document.documentElement.scrollWidth")));
        browser.screenshot("runs-hostile");
        openSchedule("hostile");
        assertEquals(hostile.repeat(20), browser.attribute("#rows textarea", "value"));
        assertEquals(0, browser.all("#rows img, #rows script").size());
    }

    @Test
    void aRunOfOneGroupStandsBesideOneOfTwo() throws IOException {
        Path single = Files.createDirectories(runs.resolve("single"));
        append(
                single.resolve("metrics.csv"),
                "epoch,step,lr,train_loss,val_loss,val_accuracy,seconds\n1,10,0.002,2.0,1.5,0.5,0.25\n");
        write("two", 1, 7, 1);
        openRuns();
        browser.await("both", () -> browser.all("#last-rows tr").size() == 2);
        assertEquals(
                List.of(
                        "Run",
                        "schedule",
                        "started",
                        "best val loss",
                        "epoch",
                        "step",
                        "lr0",
                        "lr1",
                        "train loss",
                        "val loss",
                        "val accuracy",
                        "seconds"),
                texts("#last-head th"));
        List<String> cells = texts("#last-rows tr:nth-child(2) > *"); // it began first
        assertEquals(List.of("single", ""), cells.subList(0, 2));
        assertEquals(List.of("1.5", "1", "10", "0.002", "", "2", "1.5", "0.5", "0.25"), cells.subList(3, 12));
        assertEquals("group 01", browser.text("#rate-key").replace("\n", ""));
        browser.screenshot("runs-groups");
    }

    @Test
    void thePlaygroundLinksToTheRuns() throws IOException {
        write("run", 1, 2, 1);
        browser.open(server.address().toString());
        browser.await("the link", () -> browser.find("[data-runs]").isDisplayed());
        browser.find("[data-runs]").click();
        browser.await("the page", () -> points("loss").contains("\"run train\":2"));
    }

    @Test
    void aRunThatIsDeletedGoes() throws IOException {
        write("run", 1, 2, 1);
        openRuns();
        browser.await("the run", () -> points("loss").contains("run"));
        Files.delete(runs.resolve("run/metrics.csv"));
        Files.delete(runs.resolve("run/progress.csv"));
        browser.await("none", () -> browser.find("#no-runs").isDisplayed());
        assertEquals("{}", points("loss"));
    }

    private static List<String> titles() {
        return browser.all(".main h2").stream().map(WebElement::getText).toList();
    }

    private static String rings(String chart) {
        return browser.attribute("[data-chart=" + chart + "]", "data-rings");
    }

    /** Trains with a loop of its own: two groups, a schedule of the weight decay, and no loss of validation. */
    private void ownLoop(String name) throws IOException {
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(List.of(
                new ParamGroup<>("base", new SGD(0.5), List.of(new FloatArray(0f))),
                new ParamGroup<>("head", new SGD(0.25), List.of(new FloatArray(0f)))));
        LRScheduler scheduler =
                new LRScheduler(optimizer, new ExponentialLR(0.5), Map.of("weight_decay", new LinearLR(0.5, 1, 4)));
        try (Run run = Run.create(runs.resolve(name))
                .of(optimizer, scheduler)
                .length(3, 2)
                .monitor(new Monitor("val_elegance", Mode.MAX))) {
            for (double elegance : new double[] {0.5, 0.75, 0.625}) {
                for (int batch = 0; batch < 2; batch++) {
                    optimizer.step();
                    run.batch(2 - elegance);
                    scheduler.batch();
                }
                Map<String, Double> metrics = new LinkedHashMap<>();
                metrics.put("val_elegance", elegance);
                metrics.put("ema_val_elegance", elegance + 0.125);
                metrics.put("val_effort", 10 * elegance);
                run.epoch(metrics);
                scheduler.epoch(1);
            }
        }
    }

    @Test
    void aLoopOfOnesOwnHasItsMetricsItsGroupsAndItsBestEpoch() throws IOException {
        ownLoop("own");
        openRuns();
        browser.await("its losses", () -> points("loss").contains("\"own train\":3"));
        assertEquals(
                List.of(
                        "Loss",
                        "Validation elegance",
                        "Validation effort",
                        "Weight decay",
                        "Learning rate",
                        "Last epoch"),
                titles());
        assertEquals("trainbatch", browser.text("#loss-key").replaceAll("\\s", ""));
        assertEquals("{\"own val_elegance\":3,\"own ema_val_elegance\":3}", points("metric"));
        assertEquals("{\"own val_elegance\":[4,0.75]}", rings("metric"));
        assertEquals("{\"own val_effort\":[4,7.5]}", rings("metric-val_effort"));
        assertEquals("best validation elegance 0.75, epoch 2", browser.text("#run-list .best"));
        assertEquals("basehead", browser.text("#rate-key").replace("\n", ""));
        assertEquals("basehead", browser.text("[data-column=weight_decay] .key").replace("\n", ""));
        assertEquals("finished", browser.text("#run-list small"));
        assertTrue(about("own").contains("ExponentialLR(gamma=0.5)"), about("own"));
        // Beside one of the Trainer's, which has a loss of validation, and of an average of the weights.
        append(Files.createDirectories(runs.resolve("trained")).resolve("metrics.csv"), """
                epoch,step,lr,train_loss,val_loss,val_accuracy,ema_val_loss,ema_val_accuracy,seconds
                1,2,0.1,1.5,1.25,0.5,nan,nan,1.0
                2,4,0.1,1.0,0.75,0.75,0.5,0.875,1.0
                3,6,0.1,0.5,1.0,0.625,0.75,0.75,1.0
                """);
        browser.await("the other", () -> points("loss").contains("\"trained ema\":3"));
        assertEquals("trainvalidationemabatch", browser.text("#loss-key").replaceAll("\\s", ""));
        assertEquals("{\"own train\":[4,1.25],\"trained validation\":[4,0.75]}", rings("loss"));
        for (String chart : List.of("loss", "rate")) { // each run's line has its name at the end
            assertEquals("[\"own\",\"trained\"]", browser.attribute("[data-chart=" + chart + "]", "data-names"));
        }
        assertEquals("{\"trained val_accuracy\":[4,0.75]}", rings("metric-val_accuracy"));
        browser.size(1400, 1300);
        browser.screenshot("runs-own");
        browser.size(400, 900);
        browser.screenshot("runs-own-400");
        assertEquals(
                400L,
                browser.run("return document.documentElement.scrollWidth"),
                "the page is no wider than the phone");
    }

    /** Says when a run began. */
    private void began(String name, String started) throws IOException {
        describe(name, """
                {"config": {"schedule": "StepLR(%d)"}, "started": "%s", "param_groups": []}
                """.formatted(started.hashCode() & 7, started));
    }

    private static List<String> names(String css) {
        return browser.all(css).stream()
                .map(element -> String.valueOf(element.getAttribute("data-name")))
                .toList();
    }

    @Test
    void runsAreInTheOrderOfAnyColumnAndTheBestIsMarked() throws IOException {
        write("b-first", 1, 3, 1);
        write("c-last", 1, 2, 4);
        write("a-middle", 1, 3, 2);
        began("b-first", "2026-11-28T10:00:00Z");
        began("c-last", "2026-11-30T10:00:00Z");
        began("a-middle", "2026-11-29T10:00:00Z");
        openRuns();
        List<String> newest = List.of("c-last", "a-middle", "b-first");
        browser.await("the newest first", () -> names("#last-rows tr").equals(newest));
        assertEquals(newest, names("#run-list li"));
        assertTrue(cell("c-last", "started").startsWith("Nov 30, "), cell("c-last", "started"));
        assertTrue(cell("c-last", "schedule").startsWith("StepLR("), cell("c-last", "schedule"));
        // c-last has the least loss: after two epochs, 0.3 + 2 exp(-2) + 0.025.
        assertEquals("★ 0.59567", cell("c-last", "best"));
        assertFalse(cell("a-middle", "best").contains("★"));
        assertEquals("★ best validation loss 0.5957, epoch 2", browser.text("#run-list [data-name=c-last] .best"));
        browser.find("#last-head [data-key=train_loss] button").click();
        assertEquals(List.of("c-last", "a-middle", "b-first"), names("#last-rows tr"));
        press(Keys.ENTER); // the button has kept the focus
        browser.await(
                "the greatest first", () -> names("#last-rows tr").equals(List.of("b-first", "a-middle", "c-last")));
        assertEquals("descending", browser.attribute("[data-key=train_loss]", "aria-sort"));
        browser.find("#last-head [data-key=run] button").click();
        browser.driver.navigate().refresh();
        List<String> byName = List.of("a-middle", "b-first", "c-last");
        browser.await(
                "by name, and after a reload", () -> names("#last-rows tr").equals(byName));
        assertEquals(byName, names("#run-list li"));
    }

    /** {@return how many pixels of the chart of losses have a run's colour} */
    private static long painted(String run) {
        return (Long) browser.run("""
                const [red, green, blue] = getComputedStyle(document.querySelector(`#run-list [data-name="${arguments[0]}"] .swatch line`))
                  .stroke.match(/\\d+/g).map(Number);
                const canvas = document.querySelector('[data-chart=loss] canvas');
                const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
                let count = 0;
                for (let i = 0; i < data.length; i += 4) {
                  if (data[i] === red && data[i + 1] === green && data[i + 2] === blue && data[i + 3] === 255) count++;
                }
                return count""", run);
    }

    @Test
    void aRunThatIsPointedAtComesForward() throws IOException {
        write("one", 1, 6, 1);
        write("two", 1, 6, 3);
        openRuns();
        browser.await("both", () -> browser.all("#last-rows tr").size() == 2);
        browser.await("their lines", () -> painted("one") > 100 && painted("two") > 100);
        for (String place : List.of("#run-list li[data-name=one]", "#last-rows tr[data-name=one]")) {
            long before = painted("one");
            browser.actions().moveToElement(browser.find(place)).perform();
            browser.await("the other pale", () -> painted("two") == 0);
            assertTrue(painted("one") > before, "and it is thicker: " + painted("one") + " > " + before);
            assertEquals("[\"two\"]", browser.attribute("[data-chart=rate]", "data-pale"));
            browser.actions().moveToElement(browser.find(".mark")).perform();
            browser.await("as before", () -> painted("two") > 100);
        }
        browser.screenshot("runs-forward");
    }

    @Test
    void aRunThatWasKilledIsToldFromOneThatGoesOn() throws IOException {
        for (String name : List.of("killed", "going", "unknown")) {
            write(name, 1, 2, 1);
            for (String table : List.of("metrics.csv", "progress.csv")) {
                Files.setLastModifiedTime(runs.resolve(name).resolve(table), FileTime.fromMillis(0));
            }
        }
        Files.createFile(runs.resolve("killed/run.lock")); // as its process left it
        FolderLock lock = FolderLock.take(runs.resolve("going"));
        try {
            openRuns();
            browser.await("all", () -> browser.all("#last-rows tr").size() == 3);
            for (Map.Entry<String, String> each : Map.of("killed", "killed", "going", "running", "unknown", "no news")
                    .entrySet()) {
                assertEquals(each.getValue(), browser.text("#run-list [data-name=" + each.getKey() + "] small"));
            }
        } finally {
            lock.close();
        }
        browser.awaitText("#run-list [data-name=going] small", "no news");
    }

    @Test
    void aRunIsGivenAName() throws IOException {
        write("20261122-101500", 1, 3, 1);
        write("other", 1, 3, 2);
        openRuns();
        browser.await("both", () -> browser.all("#last-rows tr").size() == 2);
        String item = "#run-list [data-name='20261122-101500']";
        browser.find(item + " .head button").click();
        press("no matter");
        press(Keys.ESCAPE);
        assertEquals(0, browser.all("#run-list form").size());
        press(Keys.ENTER); // on the button, which has the focus again
        press("Half <b>the</b> batch");
        assertEquals(List.of(), browser.violations());
        browser.prefer("light");
        write("third", 1, 1, 1); // while the user types, the list changes
        browser.await("a third", () -> browser.all("#run-list li").size() == 3);
        press(Keys.ENTER);
        browser.awaitText(item + " .name", "Half <b>the</b> batch");
        assertEquals("20261122-101500", browser.text(item + " .folder"));
        assertEquals("Half <b>the</b> batch\n", Files.readString(runs.resolve("20261122-101500/title.txt")));
        assertEquals("Half <b>the</b> batch", cell("20261122-101500", "run"));
        browser.await(
                "its line's name",
                () -> browser.attribute("[data-chart=loss]", "data-names").contains("Half <b>the</b> batch"));
        browser.screenshot("runs-named");
        browser.driver.navigate().refresh();
        browser.awaitText(item + " .name", "Half <b>the</b> batch");
        browser.find(item + " .head button").click();
        browser.find(item + " form input").clear();
        browser.find(item + " form input").sendKeys(Keys.ENTER);
        browser.awaitText(item + " .name", "20261122-101500");
        assertTrue(Files.notExists(runs.resolve("20261122-101500/title.txt")));
    }

    /** Moves a control as a user does. */
    private static void set(String css, String value) {
        browser.run("""
                const control = document.querySelector(arguments[0]);
                control.value = arguments[1];
                control.dispatchEvent(new Event('input', { bubbles: true }));""", css, value);
    }

    /** {@return the greatest loss on the axis} */
    private static double top() {
        return ((Number) browser.run("return JSON.parse(document.querySelector('[data-chart=loss]').dataset.range)[1]"))
                .doubleValue();
    }

    @Test
    void lossesAreShownOverEpochsOrTimeSmoothedAndWithoutTheFirst() throws IOException {
        Path run = Files.createDirectories(runs.resolve("run"));
        append(run.resolve("metrics.csv"), """
                epoch,step,lr,train_loss,val_loss,seconds
                1,100,0.1,4,4,30
                2,200,0.1,1,1,40
                3,300,0.1,1,2,20
                """);
        append(run.resolve("progress.csv"), "epoch,step,loss,lr\n1,1,90,0.1\n1,50,4,0.1\n2,150,1,0.1\n");
        openRuns();
        browser.await("three epochs", () -> points("loss").contains("\"run train\":3"));
        set("#axis", "epoch");
        browser.await("epochs", () -> view().equals(List.of(0L, 3L)));
        assertEquals("{\"run validation\":[2,1]}", rings("loss"));
        browser.find("#log-loss").click();
        browser.find("#log-loss").click();
        press(Keys.TAB);
        press(Keys.ARROW_RIGHT.toString().repeat(5)); // 0, 0.01, 0.5, 1, 1.5
        browser.awaitText("[data-chart=loss] .tip b", "epoch 1.5");
        set("#axis", "time");
        browser.await("less than two minutes, in seconds", () -> view().equals(List.of(0L, 90L)));
        assertEquals("{\"run validation\":[70,1]}", rings("loss"));
        assertTrue(top() > 90, "it is " + top());
        browser.find("#late").click();
        browser.await("what is after the first loss", () -> top() > 4 && top() < 4.5);
        set("#smoothing", "0.5");
        browser.await("smoothed", () -> points("loss").contains("\"run validation measured\":3"));
        browser.find("[data-chart=loss]").sendKeys(Keys.END.toString());
        press(Keys.ARROW_RIGHT.toString().repeat(8));
        // (0.125 x 4 + 0.25 x 1 + 0.5 x 2) / 0.875
        browser.await(
                "the mean and the loss itself",
                () -> browser.text("[data-chart=loss] .tip").contains("2 (2)"));
        browser.screenshot("runs-smoothed");
        browser.driver.navigate().refresh();
        browser.await(
                "the same after a reload",
                () -> points("loss").contains("measured") && view().equals(List.of(0L, 90L)));
        assertTrue(browser.find("#late").isSelected());
    }

    @Test
    void theRestOfAScheduleIsDrawnAheadUnlessTheRunHasEnded() throws IOException {
        write("run", 1, 5, 1);
        describe("run", info("SGD(lr=0.1)", "StepLR(step_size=60, gamma=0.1)", "batch", 8, GROUPS));
        write("ended", 1, 2, 1);
        describe(
                "ended",
                info("SGD(lr=0.1)", "StepLR(2)", "epoch", 9, GROUPS).replaceFirst("\\{", "{\"ended\": true, "));
        write("stopped", 1, 2, 1);
        describe(
                "stopped",
                info("SGD(lr=0.1)", "StepLR(2)", "epoch", 9, GROUPS)
                        .replaceFirst("\\{", "{\"ended\": true, \"stopped\": true, "));
        write("plateau", 1, 2, 1);
        describe("plateau", info("SGD(lr=0.1)", "ReduceLROnPlateau(patience=0)", "epoch", 7, GROUPS));
        openRuns();
        browser.await("the plan", () -> points("rate").contains("\"run lr1 planned\":31"));
        assertEquals(List.of(0L, 80L), view(), "all charts have room for it");
        assertFalse(points("rate").contains("ended lr0 planned"));
        assertFalse(points("rate").contains("stopped lr0 planned"));
        assertEquals("finished", browser.text("#run-list [data-name=ended] small"));
        assertEquals("stopped", browser.text("#run-list [data-name=stopped] small"));
        assertFalse(points("rate").contains("plateau lr0 planned"), "whose losses nobody knows");
        browser.find("#log-rate").click();
        press(Keys.TAB);
        press(Keys.ARROW_RIGHT.toString().repeat(61));
        browser.awaitText("[data-chart=rate] .tip b", "step 60");
        assertTrue(
                browser.text("[data-chart=rate] .tip").contains("run rest planned\n0.1"),
                browser.text("[data-chart=rate] .tip"));
        press(Keys.ARROW_RIGHT);
        browser.awaitText("[data-chart=rate] .tip b", "step 61");
        assertFalse(browser.text("[data-chart=rate] .tip").contains("run rest\n"), "its real rate ended before");
        assertTrue(
                browser.text("[data-chart=rate] .tip").contains("run rest planned\n0.01"),
                browser.text("[data-chart=rate] .tip"));
        browser.screenshot("runs-planned");
        browser.find("#planned").click();
        browser.await(
                "no plan",
                () -> view().equals(List.of(0L, 50L)) && !points("rate").contains("planned"));
    }

    @Test
    void schedulesThatWereTrainedTogetherAreShownWithTheirFolder() throws IOException {
        write("both/1-StepLR", 1, 2, 1);
        write("both/2-CosineAnnealingLR", 1, 3, 1);
        openRuns();
        browser.await("both", () -> points("loss").contains("\"both/2-CosineAnnealingLR validation\":3"));
        assertTrue(points("loss").contains("\"both/1-StepLR validation\":2"));
    }
}
