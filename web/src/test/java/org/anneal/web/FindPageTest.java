package org.anneal.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.RangeResult;
import org.anneal.optim.RangeTest;
import org.anneal.optim.SGD;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;

/** A search for a learning rate as it goes on, in a real browser. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FindPageTest extends PageTest {
    private static final int STEPS = 200;
    private static final String TITLE = "SGD(lr=0.01, momentum=0.9), batches of 8";
    private static final String LINE =
            "anneal train --data 'my <b>data</b>' --optimizer 'SGD(lr=0.00846, momentum=0.9)'";

    private WebServer server;
    private LiveRangeTest live;
    private List<RangeTest.Point> points;
    private RangeResult found;

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

    /** A loss that falls from 2.3 to 0.6 and breaks out above a rate of 1, noisy. */
    private static double loss(double rate) {
        double noise = 0.15 * Math.sin(1e3 * Math.log(rate));
        return 0.6 + 1.7 / (1 + Math.pow(rate / 0.01, 1.2)) + Math.pow(rate / 2, 3) + noise;
    }

    private static RangeTest test(double from, double to, List<RangeTest.Point> points) {
        return RangeTest.over(FloatArrays.optimizer(new SGD(0.01), List.of(new FloatArray(0f))))
                .from(from)
                .to(to)
                .steps(STEPS)
                .listener(points::add);
    }

    /** Sweeps from 1e-7 to 10, and serves what there is of it so far: nothing. */
    @BeforeEach
    void start() throws IOException {
        points = new ArrayList<>();
        int[] call = {0};
        found = test(1e-7, 10, points).run(() -> loss(1e-7 * Math.pow(1e8, call[0]++ / (STEPS - 1.0))));
        live = new LiveRangeTest(TITLE, "loss", 1e-7, 10, STEPS, false);
        server = WebServer.start("127.0.0.1", 0, WebServer.Content.NONE.withSearch(live));
        browser.ownSize();
    }

    /** Serves another one. */
    private void serve(LiveRangeTest other) throws IOException {
        server.close();
        live = other;
        server = WebServer.start("127.0.0.1", 0, WebServer.Content.NONE.withSearch(live));
    }

    private void open() {
        browser.open(server.address() + "find");
    }

    private void grow(int from, int to) {
        points.subList(from, to).forEach(live::add);
    }

    private void end(List<String> notes) {
        live.end(
                found,
                found.points().size() + " of 200 updates",
                notes,
                found.suggestions().isEmpty() ? "" : LINE);
    }

    private static void awaitPoints(int count) {
        browser.await(
                count + " points",
                () -> browser.attribute("#chart", "data-points").equals(Integer.toString(count)));
    }

    private static List<Double> view() {
        return ((List<?>) browser.run("return JSON.parse(document.querySelector('#chart').dataset.view || '[]')"))
                .stream().map(each -> ((Number) each).doubleValue()).toList();
    }

    private static void press(CharSequence key) {
        browser.actions().sendKeys(key).perform();
    }

    private static List<String> texts(String css) {
        return browser.all(css).stream().map(WebElement::getText).toList();
    }

    /** {@return how many pixels of the chart have the colour of the curve, between two parts of its width} */
    private static long curvePixels(double from, double to) {
        return (Long) browser.run("""
                const canvas = document.querySelector('#chart canvas');
                const [r, g, b] = getComputedStyle(document.documentElement).getPropertyValue('--c0').trim()
                  .match(/[0-9a-f]{2}/gi).map((part) => parseInt(part, 16));
                const over = document.querySelector('#chart .u-over');
                const scale = canvas.width / canvas.clientWidth;
                const [left, width] = [over.offsetLeft * scale, over.offsetWidth * scale];
                const x = Math.round(left + arguments[0] * width);
                const { data } = canvas.getContext('2d').getImageData(x, 0, Math.round((arguments[1] - arguments[0]) * width), canvas.height);
                let count = 0;
                for (let i = 0; i < data.length; i += 4) {
                  if (Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 12 && data[i + 3] > 250) count++;
                }
                return count;
                """, from, to);
    }

    @Test
    void theCurveGrowsAsTheSearchGoesOnAndEndsWithWhatItSuggests() throws IOException {
        open();
        browser.awaitText("#outcome", "0 of 200 updates");
        assertEquals("live", browser.text("#state"));
        assertEquals(TITLE, browser.text("#about"));
        grow(0, 60);
        awaitPoints(60);
        assertEquals("60 of 200 updates", browser.text("#outcome"));
        assertEquals(List.of(1e-7, 10.0), view());
        assertTrue(curvePixels(0.05, 0.25) > 100, "drawn so far");
        assertEquals(0, curvePixels(0.4, 1), "and no further");
        assertFalse(browser.find("#train").isDisplayed());
        grow(60, found.points().size());
        awaitPoints(found.points().size());
        assertTrue(curvePixels(0.4, 0.9) > 100);
        assertEquals("[]", browser.attribute("#chart", "data-marks"));
        browser.screenshot("find-live");
        end(List.of());
        browser.awaitText("#state", "done");
        assertEquals(
                found.suggestions().stream()
                        .map(each -> Double.toString(each.rounded()))
                        .toList(),
                texts("#suggestions b").stream()
                        .map(text -> Double.toString(Double.parseDouble(text)))
                        .toList());
        assertEquals(
                found.suggestions().stream().map(each -> each.rule().toString()).toList(), texts("#suggestions span"));
        assertTrue(found.suggestions().size() >= 3, found.toString());
        assertEquals(List.of("try this first"), texts("#suggestions em"));
        assertTrue(browser.text("#suggestions li:first-child").contains("try this first"));
        for (RangeResult.Suggestion each : found.suggestions()) {
            assertTrue(browser.attribute("#chart", "data-marks").contains("\"" + each.rule() + "\""));
        }
        assertEquals(found.points().size() + " of 200 updates", browser.text("#outcome"));
        assertFalse(browser.find("#progress").isDisplayed());
        assertEquals(LINE, browser.text("#line"));
        browser.driver.executeCdpCommand(
                "Browser.grantPermissions",
                Map.of("permissions", List.of("clipboardReadWrite", "clipboardSanitizedWrite")));
        browser.find("#copy").click();
        browser.await("an answer", () -> !browser.text("#said").isEmpty());
        assertEquals("Copied.", browser.text("#said"));
        assertEquals(LINE, browser.asynchronous("navigator.clipboard.readText().then(arguments[0])"));
    }

    @Test
    void theFirstSuggestionStandsOutInEitherThemeOnAnyScreen() throws IOException {
        grow(0, found.points().size());
        end(List.of("the loss was still falling at the last rate, 10.0: sweep further"));
        for (String theme : List.of("light", "dark")) {
            for (int width : new int[] {1400, 400}) {
                browser.prefer(theme);
                browser.size(width, width == 400 ? 1100 : 900);
                open();
                browser.awaitText("#state", "done");
                browser.screenshot("find-" + theme + "-" + width);
                assertEquals(
                        (long) width,
                        browser.run("return document.documentElement.scrollWidth"),
                        "the page is no wider than the screen");
            }
        }
        assertEquals(List.of("The loss was still falling at the last rate, 10.0: sweep further"), texts("#notes p"));
    }

    @Test
    void aReadoutFollowsThePointerAndKeysOnALogarithmicAxis() throws IOException {
        grow(0, 150);
        open();
        awaitPoints(150);
        WebElement over = browser.find("#chart .u-over");
        browser.actions().moveToElement(over, 0, 0).perform(); // the middle
        RangeTest.Point middle = points.stream()
                .min(Comparator.comparingDouble(point -> Math.abs(point.rate() - 1e-3)))
                .orElseThrow();
        browser.await("its rate", () -> readRate() == rounded(middle.rate(), 4));
        browser.actions()
                .moveToElement(over, over.getSize().getWidth() / 2 - 4, 0)
                .perform();
        RangeTest.Point last = points.get(149);
        browser.await("the last point there is", () -> readRate() == rounded(last.rate(), 4));
        browser.find("#copy, h2").click();
        browser.run("document.querySelector('#chart').focus()");
        press(Keys.HOME);
        browser.awaitText("#chart .tip b", "rate 1e-7");
        press(Keys.ARROW_RIGHT);
        browser.actions()
                .keyDown(Keys.SHIFT)
                .sendKeys(Keys.ARROW_RIGHT)
                .keyUp(Keys.SHIFT)
                .perform();
        RangeTest.Point eleventh = points.get(11);
        browser.await(
                "the point with number 11",
                () -> browser.text("#chart .tip div:nth-child(2)")
                        .endsWith(Double.toString(rounded(eleventh.smoothed(), 5))));
        assertTrue(browser.text("#chart .tip div:nth-child(3)").endsWith(Double.toString(rounded(eleventh.loss(), 5))));
        press("+");
        browser.await(
                "half of it, from its begin on",
                () -> view().get(0) == 1e-7
                        && Math.abs(Math.log10(view().get(1)) - Math.log10(eleventh.rate()) - 2) < 1e-6);
        assertEquals(rounded(eleventh.rate(), 4), readRate(), "the readout stays where it was");
        grow(150, 160);
        awaitPoints(160);
        assertTrue(view().get(1) < 1, "the zoom stays");
        press("0");
        browser.await("all", () -> view().equals(List.of(1e-7, 10.0)));
        browser.actions()
                .moveToElement(over, -100, 0)
                .clickAndHold()
                .moveByOffset(100, 5)
                .moveByOffset(100, 5)
                .release()
                .perform();
        double part = 100.0 / over.getSize().getWidth() * 8;
        browser.await(
                "what was dragged over",
                () -> Math.abs(Math.log10(view().get(0)) - (-3 - part)) < 0.05
                        && Math.abs(Math.log10(view().get(1)) - (-3 + part)) < 0.05);
        browser.screenshot("find-zoomed");
        browser.actions().doubleClick(over).perform();
        browser.await("all", () -> view().equals(List.of(1e-7, 10.0)));
        assertEquals(List.of(), browser.violations());
        browser.prefer("light");
    }

    private static double readRate() {
        return Double.parseDouble(browser.text("#chart .tip b").replace("rate ", ""));
    }

    private static double rounded(double value, int digits) {
        return new BigDecimal(value).round(new MathContext(digits)).doubleValue();
    }

    @Test
    void aLinearSweepOfTheValidationLossHasALinearAxisFromZero() throws IOException {
        IntToDoubleFunction rate = call -> 2.0 * call / (STEPS - 1);
        int[] call = {0};
        points.clear();
        found = test(0, 2, points).linear().run(() -> loss(Math.max(1e-9, rate.applyAsDouble(call[0]++))));
        serve(new LiveRangeTest(TITLE, "validation loss", 0, 2, STEPS, true));
        grow(0, found.points().size());
        open();
        browser.await("its title", () -> browser.text("#find-title").equals("Validation loss over the learning rate"));
        assertEquals(List.of(0.0, 2.0), view());
        browser.actions().moveToElement(browser.find("#chart .u-over"), 0, 0).perform();
        browser.await("the middle", () -> browser.text("#chart .tip b").startsWith("rate 1.00"));
        assertTrue(browser.text("#chart .tip").contains("validation loss"));
        end(List.of());
        browser.awaitText("#state", "done");
        assertTrue(browser.text("#suggestions small").contains("; validation loss "));
        browser.screenshot("find-linear");
    }

    @Test
    void aLossThatIsNotFiniteEndsTheCurveAndNoSuggestionIsMadeUp() throws IOException {
        int[] call = {0};
        points.clear();
        found = test(1e-7, 10, points).run(() -> call[0]++ == 8 ? Double.NaN : 1e30);
        serve(new LiveRangeTest(TITLE, "loss", 1e-7, 10, STEPS, false));
        grow(0, 9);
        end(found.note().stream().toList());
        open();
        browser.awaitText("#state", "no rule finds a rate");
        awaitPoints(9);
        assertEquals(1, texts("#notes p").size());
        assertTrue(
                texts("#notes p").get(0).startsWith("A loss was not finite at once, at update 9"),
                texts("#notes p").toString());
        assertFalse(browser.find("#train").isDisplayed());
        browser.run("document.querySelector('#chart').focus()");
        press(Keys.END);
        browser.await("its readout", () -> browser.text("#chart .tip").contains("not finite"));
        browser.screenshot("find-not-finite");
    }

    @Test
    void anotherSearchAtTheSameAddressTakesThePlaceOfTheFirst() throws IOException {
        grow(0, 100);
        open();
        awaitPoints(100);
        int port = server.address().getPort();
        server.close();
        browser.awaitText("#state", "waiting for the server");
        live = new LiveRangeTest("Adam(lr=0.1)", "loss", 1e-7, 10, STEPS, false);
        grow(0, 40);
        server = WebServer.start("127.0.0.1", port, WebServer.Content.NONE.withSearch(live));
        awaitPoints(40);
        assertEquals("Adam(lr=0.1)", browser.text("#about"));
        assertEquals("live", browser.text("#state"));
        assertTrue(browser.console().stream().allMatch(said -> said.contains("ERR_CONNECTION_REFUSED")));
    }

    @Test
    void thePlaygroundLinksToTheSearch() throws IOException {
        grow(0, 30);
        browser.open(server.address().toString());
        browser.await("the link", () -> browser.find("[data-find]").isDisplayed());
        assertFalse(browser.find("[data-runs]").isDisplayed());
        browser.find("[data-find]").click();
        awaitPoints(30);
    }
}
