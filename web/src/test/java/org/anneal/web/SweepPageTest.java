package org.anneal.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.anneal.runs.Monitor;
import org.anneal.web.LiveSweep.Parameter;
import org.anneal.web.LiveSweep.Point;
import org.anneal.web.LiveSweep.Run;
import org.anneal.web.LiveSweep.Scale;
import org.anneal.web.LiveSweep.Trial;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.support.ui.Select;

/** A sweep as it goes on, in a real browser. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SweepPageTest extends PageTest {
    private static final String TITLE = "2 schedules on fashion-mnist, 2 seeds";
    private static final String LINE = "anneal train --schedule 'StepLR(step_size=5)' --data 'my <b>data</b>'";
    private static final List<Parameter> PARAMETERS =
            List.of(new Parameter("lr", Scale.LOG), new Parameter("batch_size", Scale.CATEGORY));

    @TempDir
    Path runs;

    private WebServer server;
    private LiveSweep live;

    @BeforeEach
    void start() throws IOException {
        live = new LiveSweep(TITLE, Monitor.named("val_accuracy"), PARAMETERS, List.of(3));
        server = WebServer.start(
                "127.0.0.1", 0, WebServer.Content.NONE.withSweep(live).withRuns(runs));
        browser.ownSize();
    }

    @AfterEach
    void stop() {
        browser.prefer("light");
        browser.open("about:blank");
        server.close();
        // The pixels are read by the test alone.
        assertEquals(
                List.of(),
                browser.console().stream()
                        .filter(said -> !said.contains("willReadFrequently"))
                        .toList());
    }

    /** {@return a trial of three epochs and two seeds, which end around {@code value}} */
    private static Trial trial(int number, String family, String lr, String batch, double value) {
        List<Run> made = IntStream.range(0, 2)
                .mapToObj(i -> {
                    double end = value + (i == 0 ? -0.01 : 0.01);
                    return new Run(
                            String.format(Locale.ROOT, "%03d-%d", number, i),
                            end,
                            List.of(new Point(1, end / 3), new Point(2, end / 2), new Point(3, end)),
                            10 * (number + 1));
                })
                .toList();
        Map<String, String> parameters = new LinkedHashMap<>();
        parameters.put("lr", lr);
        parameters.put("batch_size", batch);
        return new Trial(number, family, parameters, "done", "", 0, value, 0.0141421, made);
    }

    private static Trial failed(int number) {
        return new Trial(
                number,
                "OneCycleLR",
                Map.of("lr", "1", "batch_size", "8"),
                "failed",
                "the loss <i>was</i> not finite",
                -1,
                Double.NaN,
                Double.NaN,
                List.of(new Run("004-0", Double.NaN, List.of(), 0)));
    }

    /** Adds four trials, of which the third is the best, and one that failed. */
    private void fill() {
        live.trial(trial(0, "StepLR", "0.001", "32", 0.6));
        live.trial(trial(1, "StepLR", "0.1", "8", 0.7));
        live.trial(trial(2, "OneCycleLR", "0.01", "16", 0.9));
        live.trial(trial(3, "OneCycleLR", "1e-1", "8", 0.8));
        live.trial(failed(4));
        live.best(2, LINE);
    }

    private void open() {
        browser.open(server.address() + "sweep");
    }

    private static void awaitTrials(int count) {
        browser.await(
                count + " trials",
                () -> count == browser.all("#trial-rows tr").size()
                        && Integer.toString(count).equals(browser.attribute("body", "data-trials")));
    }

    private static List<String> order() {
        return browser.all("#trial-rows tr").stream()
                .map(row -> String.valueOf(row.getAttribute("data-trial")))
                .toList();
    }

    private static void sort(String column) {
        browser.find("#trial-head [data-column='" + column + "'] button").click();
    }

    private static List<Double> axis(String name) {
        return ((List<?>) browser.run("return JSON.parse(document.querySelector('#chart').dataset." + name + ")"))
                .stream().map(each -> ((Number) each).doubleValue()).toList();
    }

    /** {@return where a trial's point is, in pixels from the middle of the area of the axes, by the chart's view} */
    private static int[] place(double x, double y, boolean log) {
        List<?> view = (List<?>) browser.run("return JSON.parse(document.querySelector('#chart').dataset.view).flat()");
        double[] ends =
                view.stream().mapToDouble(each -> ((Number) each).doubleValue()).toArray();
        double part = log
                ? (Math.log(x) - Math.log(ends[0])) / (Math.log(ends[1]) - Math.log(ends[0]))
                : (x - ends[0]) / (ends[1] - ends[0]);
        double up = (y - ends[2]) / (ends[3] - ends[2]);
        WebElement over = browser.find("#chart .u-over");
        return new int[] {
            (int) Math.round((part - 0.5) * over.getSize().getWidth()),
            (int) Math.round((0.5 - up) * over.getSize().getHeight())
        };
    }

    private static void hover(int[] place) {
        browser.actions()
                .moveToElement(browser.find("#chart .u-over"), place[0], place[1])
                .perform();
    }

    private static void press(CharSequence key) {
        browser.actions().sendKeys(key).perform();
    }

    private static void choose(String select, String option) {
        new Select(browser.find(select)).selectByVisibleText(option);
    }

    @Test
    void theBestIsFirstAndItsLineCanBeCopied() {
        fill();
        open();
        awaitTrials(5);
        assertEquals("live", browser.text("#state"));
        assertEquals(TITLE, browser.text("#about"));
        assertEquals(List.of("2", "3", "1", "0", "4"), order());
        assertEquals(
                List.of(
                        "Rank",
                        "Trial",
                        "Validation accuracy",
                        "Family",
                        "lr",
                        "batch_size",
                        "Epochs",
                        "Time",
                        "State"),
                browser.all("#trial-head button").stream()
                        .map(WebElement::getText)
                        .toList());
        assertEquals(
                List.of("1", "#2", "0.9 ± 0.014", "OneCycleLR", "0.01", "16", "6", "60 s", "done"),
                browser.all("#trial-rows tr:first-child > *").stream()
                        .map(WebElement::getText)
                        .toList());
        assertEquals("failed: the loss <i>was</i> not finite", browser.text("#trial-rows tr:last-child td:last-child"));
        assertEquals("4 done\n1 failed", browser.text("#counts"));
        assertEquals("0.9 ± 0.014", browser.text("#best-value"));
        assertEquals("#2 OneCycleLR", browser.text("#best-name"));
        assertEquals("lr\n0.01\nbatch_size\n16", browser.text("#best-parameters"));
        assertEquals(LINE, browser.text("#line"));
        browser.driver.executeCdpCommand(
                "Browser.grantPermissions",
                Map.of("permissions", List.of("clipboardReadWrite", "clipboardSanitizedWrite")));
        browser.find("#copy").click();
        browser.awaitText("#said", "Copied.");
        assertEquals(LINE, browser.asynchronous("navigator.clipboard.readText().then(arguments[0])"));
    }

    @Test
    void aClickOnAHeaderSortsAndAnotherOneTurnsTheOrder() {
        fill();
        open();
        awaitTrials(5);
        sort("p0");
        assertEquals(List.of("0", "2", "3", "1", "4"), order(), "as numbers: 0.1 is 1e-1, and the better one is first");
        assertEquals("ascending", browser.attribute("#trial-head [data-column='p0']", "aria-sort"));
        sort("p0");
        assertEquals(List.of("4", "3", "1", "2", "0"), order());
        assertEquals("descending", browser.attribute("#trial-head [data-column='p0']", "aria-sort"));
        sort("value");
        assertEquals(List.of("0", "1", "3", "2", "4"), order(), "one without a value is last");
        sort("value");
        assertEquals(List.of("2", "3", "1", "0", "4"), order(), "in either direction");
        sort("family");
        assertEquals(List.of("2", "3", "4", "1", "0"), order());
        browser.find("#trial-head [data-column='seconds'] button").sendKeys(Keys.ENTER);
        assertEquals(List.of("4", "0", "1", "2", "3"), order(), "by keyboard, too");
    }

    @Test
    void aTrialArrivesAndAnEpochIsSeenAsTheyComeAndWhatIsSortedStaysSo() {
        live.trial(trial(0, "StepLR", "0.1", "8", 0.6));
        live.best(0, "first");
        open();
        awaitTrials(1);
        sort("trial");
        live.trial(new Trial(
                1,
                "OneCycleLR",
                Map.of("lr", "1", "batch_size", "8"),
                "running",
                "",
                -1,
                Double.NaN,
                Double.NaN,
                List.of(new Run("001-0", Double.NaN, List.of(), 0))));
        awaitTrials(2);
        assertEquals("1 running\n1 done", browser.text("#counts"));
        live.epoch(1, 0, new Point(1, 0.3), 7.5);
        String row = "#trial-rows tr[data-trial='1'] ";
        browser.awaitText(row + "td:nth-child(7)", "1");
        assertEquals("7.5 s", browser.text(row + "td:nth-child(8)"));
        assertEquals("1", browser.attribute("#chart", "data-points"), "it has no value yet");
        live.trial(trial(1, "OneCycleLR", "1", "8", 0.95));
        live.best(1, LINE);
        live.end("2 trials in 20 s");
        browser.awaitText("#best-name", "#1 OneCycleLR");
        browser.awaitText("#state", "done");
        assertEquals("2", browser.attribute("#chart", "data-points"));
        assertEquals(List.of("0", "1"), order());
        assertEquals("2", browser.text("#trial-rows tr:first-child td:first-child"), "its rank");
        browser.awaitText("#outcome", "2 trials in 20 s");
        assertEquals("Best", browser.text("#winner-title"));
    }

    @Test
    void thePointsAreOverWhatIsChosenOnAxesThatMayBeLogarithmic() {
        fill();
        open();
        awaitTrials(5);
        assertEquals("5", browser.attribute("#chart", "data-points"));
        assertEquals("1", browser.attribute("#chart", "data-edge"), "the one that failed");
        assertTrue(browser.find("#log-x").isSelected(), "as the parameter's scale is");
        assertEquals(List.of(0.0005, 2.0), axis("x"));
        browser.find("#log-x").click();
        browser.await("a linear axis", () -> axis("x").get(0) < 0);
        assertEquals(-0.04895, axis("x").get(0), 1e-9, "a twentieth beyond 0.001 and 1");
        assertEquals(1.04995, axis("x").get(1), 1e-9);
        choose("#x", "batch_size");
        browser.await("three names", () -> axis("x").equals(List.of(-0.5, 2.5)));
        assertFalse(browser.find("#log-x").isEnabled());
        choose("#x", "family");
        browser.await("two names", () -> axis("x").equals(List.of(-0.5, 1.5)));
        choose("#x", "seconds");
        choose("#y", "lr");
        browser.await("seconds from 0 to 80", () -> axis("x").equals(List.of(-4.0, 84.0)));
        assertTrue(browser.find("#log-y").isSelected());
        assertEquals("5", browser.attribute("#chart", "data-points"));
        assertEquals("0", browser.attribute("#chart", "data-edge"));
        browser.screenshot("sweep-lr-seconds");
    }

    @Test
    void aValueFarWorseThanTheOthersIsAtTheEdgeAndDoesNotFlattenThem() throws IOException {
        server.close();
        live = new LiveSweep(TITLE, Monitor.VAL_LOSS, PARAMETERS, List.of(3));
        server = WebServer.start("127.0.0.1", 0, WebServer.Content.NONE.withSweep(live));
        fill();
        live.trial(trial(5, "StepLR", "0.5", "8", 1e30));
        open();
        awaitTrials(6);
        assertEquals("2", browser.attribute("#chart", "data-edge"));
        List<?> view = (List<?>) browser.run("return JSON.parse(document.querySelector('#chart').dataset.view)[1]");
        assertTrue(((Number) view.get(1)).doubleValue() < 1, view.toString());
        assertEquals(List.of("0", "1", "3", "2", "5", "4"), order(), "less is better");
        browser.screenshot("sweep-diverged");
    }

    @Test
    void hoveringARowMarksItsPointAndHoveringAPointItsRow() {
        fill();
        open();
        awaitTrials(5);
        hover(place(0.001, 0.6, true));
        browser.await("its row", () -> browser.all("#trial-rows tr.pointed").size() == 1);
        assertEquals("0", browser.attribute("#trial-rows tr.pointed", "data-trial"));
        String tip = browser.text("#chart .tip");
        assertTrue(tip.startsWith("#0 StepLR\nvalidation accuracy"), tip);
        assertTrue(tip.contains("0.6 ± 0.014"), tip);
        hover(new int[] {0, 150});
        browser.await("none", () -> browser.all("#trial-rows tr.pointed").isEmpty());
        browser.actions()
                .moveToElement(browser.find("#trial-rows tr[data-trial='3'] td:nth-child(4)"))
                .perform();
        browser.await(
                "the row itself",
                () -> !browser.all("#trial-rows tr.pointed[data-trial='3']").isEmpty());
        // The ring around the point, in the accent's colour.
        assertTrue((Long) browser.run("""
                const canvas = document.querySelector('#chart canvas');
                const [r, g, b] = getComputedStyle(document.documentElement).getPropertyValue('--accent').trim()
                  .match(/[0-9a-f]{2}/gi).map((part) => parseInt(part, 16));
                const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
                let count = 0;
                for (let i = 0; i < data.length; i += 4) {
                  if (Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 12 && data[i + 3] > 250) count++;
                }
                return count;
                """) > 30);
    }

    @Test
    void aClickOnAPointOrARowOrEnterOpensItsRunsAloneOnTheirPage() throws IOException {
        for (String name : List.of("001-0", "001-1", "002-0", "002-1")) {
            Files.createDirectories(runs.resolve(name));
            Files.writeString(
                    runs.resolve(name).resolve("metrics.csv"),
                    "epoch,step,lr,train_loss,val_loss,val_accuracy,seconds\n1,10,0.1,1.5,1.4,0.5,1\n");
        }
        fill();
        open();
        awaitTrials(5);
        hover(place(0.01, 0.9, true));
        browser.await("its row", () -> !browser.all("#trial-rows tr.pointed").isEmpty());
        browser.actions().click().perform();
        awaitRuns("002-0", "002-1");
        assertEquals(server.address() + "runs#run=002-0&run=002-1", browser.driver.getCurrentUrl());
        // Hiding one keeps the choice.
        browser.find("#run-list input").click();
        browser.await(
                "the address",
                () -> String.valueOf(browser.driver.getCurrentUrl()).endsWith("&hide=002-1"));
        assertTrue(browser.driver.getCurrentUrl().contains("#run=002-0&run=002-1"));
        browser.find("#all-runs a").click();
        awaitRuns("001-0", "001-1", "002-0", "002-1");
        assertFalse(browser.find("#all-runs").isDisplayed());
        open();
        awaitTrials(5);
        browser.find("#trial-rows tr[data-trial='1'] td:nth-child(4)").click();
        awaitRuns("001-0", "001-1");
        open();
        awaitTrials(5);
        browser.run("document.querySelector('#chart').focus()");
        press(Keys.ARROW_UP);
        press(Keys.ARROW_UP);
        press(Keys.ARROW_UP);
        browser.await("the third from below", () -> browser.text("#chart .tip").startsWith("#1 StepLR"));
        press(Keys.ENTER);
        awaitRuns("001-0", "001-1");
        open();
        awaitTrials(5);
        browser.find("#best-runs").click();
        awaitRuns("002-0", "002-1");
    }

    private static void awaitRuns(String... names) {
        List<String> wanted = List.of(names);
        browser.await(
                String.valueOf(wanted),
                () -> browser.all("#run-list li").stream()
                        .map(item -> String.valueOf(item.getAttribute("data-name")))
                        .sorted()
                        .toList()
                        .equals(wanted));
    }

    @Test
    void theCurvesAreTheMeansOfTheBest() {
        fill();
        open();
        browser.await(
                "four curves", () -> browser.attribute("#curves", "data-lines").startsWith("[[2,3,0.9],[3,3,0.8],["));
        choose("#count", "1");
        browser.awaitText("#curve-names", "#2 OneCycleLR");
        assertEquals("[[2,3,0.9]]", browser.attribute("#curves", "data-lines"));
        live.epoch(2, 0, new Point(4, 0.99), 1);
        live.epoch(2, 1, new Point(4, 0.97), 1);
        browser.await(
                "the next epoch",
                () -> browser.attribute("#curves", "data-lines").equals("[[2,4,0.98]]"));
    }

    @Test
    void aLineForEachTrialCrossesTheAxesOfWhatVaries() throws IOException {
        fill();
        open();
        awaitTrials(5);
        assertEquals("5", browser.attribute("#parallel", "data-lines"));
        assertEquals(
                "[\"family\",\"lr\",\"batch_size\",\"validation accuracy\"]",
                browser.attribute("#parallel", "data-axes"));
        browser.screenshot("sweep-parallel");
        WebElement root = browser.find("#parallel");
        browser.run("arguments[0].scrollIntoView({ block: 'center' })", root);
        // On the last axis the best is above and the others in order below: halfway along it nothing is.
        int right = root.getSize().getWidth() / 2 - 64;
        browser.actions().moveToElement(root, right, 0).perform();
        assertEquals(0, browser.all("#trial-rows tr.pointed").size());
        List<?> view = (List<?>) browser.run("return JSON.parse(document.querySelector('#chart').dataset.view)[1]");
        double low = ((Number) view.get(0)).doubleValue();
        double high = ((Number) view.get(1)).doubleValue();
        double room = root.getSize().getHeight() - 68;
        browser.actions()
                .moveToElement(root, right, (int) Math.round((0.5 - (0.8 - low) / (high - low)) * room))
                .perform();
        browser.await("its row", () -> browser.all("#trial-rows tr.pointed").size() == 1);
        assertEquals("3", browser.attribute("#trial-rows tr.pointed", "data-trial"));
        browser.run("arguments[0].focus()", root);
        browser.actions().moveToElement(browser.find("h2")).perform();
        press(Keys.ARROW_UP);
        assertEquals("2", browser.attribute("#trial-rows tr.pointed", "data-trial"), "the best");
        press(Keys.ARROW_DOWN);
        press(Keys.ARROW_DOWN);
        assertEquals("1", browser.attribute("#trial-rows tr.pointed", "data-trial"));
        press(Keys.ENTER);
        browser.await(
                "its runs", () -> String.valueOf(browser.driver.getCurrentUrl()).endsWith("runs#run=001-0&run=001-1"));
        assertEquals(List.of(), browser.violations());
        browser.prefer("light");
    }

    @Test
    void tenThousandTrialsAreShownAndTheTableSaysThatItHasTheFirst() {
        for (int i = 0; i < 10_000; i++) {
            live.trial(trial(
                    i, i % 2 == 0 ? "StepLR" : "OneCycleLR", "1e-" + (1 + i % 4), "8", (i * 7919 % 10_007) / 1e4));
        }
        open();
        browser.await("all", () -> browser.attribute("body", "data-trials").equals("10000"));
        assertEquals("the first 200 of 10,000", browser.text("#shown"));
        assertEquals(200, browser.all("#trial-rows tr").size());
        assertEquals("10000", browser.attribute("#chart", "data-points"));
        assertEquals("the best 1,000", browser.text("#lines"));
        // One more is news of its own.
        live.trial(trial(10_000, "StepLR", "0.1", "8", 2));
        browser.awaitText("#best-name", "#10000 StepLR");
        assertEquals("10000", order().get(0));
        browser.screenshot("sweep-10000");
    }

    @Test
    void anotherSweepAtTheSameAddressTakesThePlaceOfTheFirst() throws IOException {
        fill();
        open();
        awaitTrials(5);
        int port = server.address().getPort();
        server.close();
        browser.awaitText("#state", "waiting for the server");
        live = new LiveSweep("another", Monitor.VAL_LOSS, List.of(new Parameter("gamma", Scale.LINEAR)), List.of(1, 3));
        live.trial(new Trial(0, "", Map.of("gamma", "0.5"), "waiting", "", -1, Double.NaN, Double.NaN, List.of()));
        server = WebServer.start("127.0.0.1", port, WebServer.Content.NONE.withSweep(live));
        awaitTrials(1);
        browser.awaitText("#about", "another");
        assertFalse(browser.find("#best").isDisplayed());
        assertEquals(
                "gamma", new Select(browser.find("#x")).getFirstSelectedOption().getText());
        assertTrue(browser.console().stream()
                .allMatch(said -> said.contains("ERR_CONNECTION_REFUSED") || said.contains("willReadFrequently")));
    }

    @Test
    void thePageFitsAnyScreenInEitherTheme() {
        fill();
        live.trial(trial(
                5,
                "SequentialLR([LinearLR(start_factor=0.01, total_iters=500), CosineAnnealingLR(T_max=9500)])",
                "0.3",
                "8",
                0.75));
        for (String theme : List.of("light", "dark")) {
            for (int width : new int[] {1400, 800, 400}) {
                browser.prefer(theme);
                browser.size(width, 1600);
                open();
                awaitTrials(6);
                browser.await(
                        "curves",
                        () -> browser.attribute("#curves", "data-lines").startsWith("[[2,"));
                browser.screenshot("sweep-" + theme + "-" + width);
                assertEquals(
                        (long) width,
                        browser.run("return document.documentElement.scrollWidth"),
                        "the page is no wider than the screen");
                assertTrue(browser.find("#families").isDisplayed());
                assertTrue(browser.find("#curve-names").isDisplayed());
                assertEquals("page", browser.attribute("nav a[href='sweep']", "aria-current"));
                browser.await("the link", () -> browser.find("[data-runs]").isDisplayed());
                assertFalse(browser.find("[data-find]").isDisplayed());
            }
        }
    }
}
