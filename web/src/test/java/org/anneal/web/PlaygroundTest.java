package org.anneal.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.anneal.schedule.Schedule;
import org.anneal.text.Python;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.openqa.selenium.Keys;
import org.openqa.selenium.Rectangle;
import org.openqa.selenium.WebElement;

/** The playground, in a real browser. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PlaygroundTest {
    private static WebServer server;
    private static Browser browser;

    @BeforeAll
    static void start() throws IOException {
        browser = Browser.start();
        server = WebServer.start("127.0.0.1", 0, WebServer.Content.NONE);
    }

    @AfterAll
    static void stop() {
        if (server != null) {
            browser.close();
            server.close();
        }
    }

    @AfterEach
    void theConsoleIsSilent() {
        assertEquals(List.of(), browser.console());
    }

    private static void open(String fragment) {
        browser.ownSize();
        browser.open(server.address() + fragment);
        browser.await("the first curve", () -> !browser.all("#number-rows tr").isEmpty());
    }

    private static String link(String expression, String more) {
        return "#e=" + URLEncoder.encode(expression, StandardCharsets.UTF_8) + more;
    }

    private static void openWith(String expression, String more) {
        open(link(expression, more));
    }

    private static void put(String css, String value) {
        WebElement input = browser.find(css);
        input.sendKeys(Keys.chord(Keys.CONTROL, "a"), value);
    }

    /** {@return what the page says is the rate of a schedule at a step} */
    private static String rate(int row, long step) {
        put("#at", Long.toString(step));
        browser.awaitText("#at-head", String.format(Locale.ROOT, "lr at %,d", step));
        return browser.attribute("#number-rows tr:nth-child(" + (row + 1) + ") .at", "data-whole");
    }

    private static void awaitRate(double rate) {
        browser.await(
                rate + ", not " + browser.attribute("#number-rows .at", "data-whole"),
                () -> javascript(rate).equals(browser.attribute("#number-rows .at", "data-whole")));
    }

    /** {@return a number as JavaScript prints it} */
    private static String javascript(double value) {
        String text = Python.repr(value);
        return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
    }

    @Test
    void showsTheRatesOfEachScheduleInTheRun() {
        open("");
        browser.await("both curves", () -> browser.all("#number-rows tr").size() == 2);
        Schedule step = Schedule.parse("StepLR(step_size=30, gamma=0.5)");
        assertEquals(javascript(step.at(65, 0.1)), rate(1, 65));
        browser.screenshot("desktop");
    }

    @Test
    void typingAnExpressionChangesTheCurve() {
        openWith("StepLR(step_size=30)", "&lr=0.1&steps=50");
        rate(0, 20);
        write("ExponentialLR(gamma=0.9)");
        awaitRate(lastOf("ExponentialLR(gamma=0.9)", 21));
        write("torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.95 ** epoch)");
        awaitRate(lastOf("LambdaLR(lambda epoch: 0.95 ** epoch)", 21));
    }

    /** Puts an expression in the first row at once, as keys take their time. */
    private static void write(String expression) {
        browser.run(
                "const area = document.querySelector('#rows textarea'); area.value = arguments[0];"
                        + "area.dispatchEvent(new InputEvent('input', {inputType: 'insertText', bubbles: true}))",
                expression);
        browser.find("#rows textarea").sendKeys(Keys.ESCAPE);
    }

    /** {@return the rate in the last of some steps from 0.1, as the runner gives it} */
    private static double lastOf(String expression, int steps) {
        return Schedule.parse(expression).curve(steps, 0.1).toArray()[steps - 1];
    }

    @Test
    void anErrorIsMarkedAtItsColumnWhileTyping() {
        openWith("StepLR(step_size=30)", "");
        WebElement text = browser.find("#rows textarea");
        text.sendKeys(Keys.chord(Keys.CONTROL, "a"), "StepLR(step_size=30, gama=0.5)", Keys.ESCAPE);
        browser.awaitText("#rows .error", "column 22: unknown parameter 'gama' of StepLR, did you mean 'gamma'?");
        WebElement mark = browser.find("#rows mark");
        assertEquals("gama", mark.getAttribute("textContent"));
        assertEquals("22", mark.getAttribute("data-column"));
        assertEquals("true", text.getAttribute("aria-invalid"));
        // The mark lies under the word in the field, however the lines break.
        Number x = (Number) browser.run("return document.querySelector('#rows mark').getBoundingClientRect().left"
                + " - document.querySelector('#rows textarea').getBoundingClientRect().left");
        assertTrue(x.doubleValue() > 20, () -> x + " px");
        browser.screenshot("error");
        write("StepLR(step_size=30, gamma=0.5)");
        browser.await("no error", () -> browser.text("#rows .error").isEmpty());
        assertEquals("false", text.getAttribute("aria-invalid"));
        write("StepLR(");
        browser.await("an error at the end", () -> browser.text("#rows .error").startsWith("column 8: "));
    }

    @Test
    void namesAndParametersAreCompleted() {
        openWith("StepLR(step_size=30)", "&steps=50");
        WebElement text = browser.find("#rows textarea");
        text.sendKeys(Keys.chord(Keys.CONTROL, "a"), Keys.DELETE, "CosineA");
        browser.await("a list", () -> browser.all("#rows .choices li").size() == 2);
        browser.screenshot("completions");
        text.sendKeys(Keys.ENTER);
        assertEquals("CosineAnnealingLR(", text.getAttribute("value"));
        browser.await("its parameters", () -> browser.text("#rows .choices").contains("T_max"));
        text.sendKeys(Keys.ARROW_DOWN, Keys.ENTER, "50, et");
        browser.await(
                "the one that fits", () -> browser.all("#rows .choices li").size() == 1);
        text.sendKeys(Keys.TAB, "0.01)");
        assertEquals("CosineAnnealingLR(T_max=50, eta_min=0.01)", text.getAttribute("value"));
        rate(0, 25);
        awaitRate(lastOf("CosineAnnealingLR(T_max=50, eta_min=0.01)", 26));
        assertFalse(browser.find("#rows .choices").isDisplayed());
    }

    @Test
    void aSliderRewritesTheExpressionAndTheCurve() {
        openWith(
                "SequentialLR([LinearLR(total_iters=10), StepLR(optimizer, 30, gamma=0.5)], milestones=[10])",
                "&steps=80");
        rate(0, 60);
        WebElement slider = browser.find("[data-key='StepLR.1.gamma'] input[type=range]");
        slider.sendKeys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT);
        browser.await(
                "another text",
                () -> browser.attribute("#rows textarea", "value").contains("gamma=0.505"));
        awaitRate(lastOf("SequentialLR([LinearLR(total_iters=10), StepLR(30, gamma=0.505)], milestones=[10])", 61));
        // A default is written down once it is changed.
        browser.run("document.querySelectorAll('#rows details').forEach(details => details.open = true)");
        put("[data-key='LinearLR.1.start_factor'] input[type=text]", "1/4");
        put("[data-key='SequentialLR.1.milestones.0'] input[type=text]", "20");
        String rewritten =
                "SequentialLR([LinearLR(total_iters=20, start_factor=1/4), StepLR(optimizer, 30, gamma=0.505)],"
                        + " milestones=[20])";
        browser.await("all of it", () -> rewritten.equals(browser.attribute("#rows textarea", "value")));
        rate(0, 0);
        awaitRate(0.025);
    }

    @Test
    void lengthsThatBelongTogetherHaveOneSlider() {
        openWith(
                "SequentialLR([LinearLR(0.1, total_iters=1ep), CosineAnnealingLR(T_max=9ep)], milestones=[1ep])",
                "&epochs=10&spe=20");
        String milestone = "[data-key='SequentialLR.1.milestones.0'] ";
        String warmup = "[data-key='LinearLR.1.total_iters'] ";
        browser.awaitText(milestone + ".moves", "moves total_iters of LinearLR and T_max of CosineAnnealingLR, too");
        assertFalse(browser.find(warmup + "input[type=range]").isDisplayed());
        assertEquals("moves with milestones[0]", browser.text(warmup + ".follows"));
        browser.screenshot("together");
        browser.find(milestone + "input[type=range]").sendKeys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT);
        awaitExpression(
                "SequentialLR([LinearLR(0.1, total_iters=3ep), CosineAnnealingLR(T_max=7ep)], milestones=[3ep])");
        browser.awaitText("#finding-list", "Nothing wrong or suspicious was found.");
        // A length with a value of its own has a slider of its own.
        put(warmup + "input[type=text]", "30");
        browser.await(
                "its slider", () -> browser.find(warmup + "input[type=range]").isDisplayed());
        browser.awaitText(milestone + ".moves", "moves T_max of CosineAnnealingLR, too");
        // In a program, what is said with arithmetic stays.
        String program =
                "w = LinearLR(o, total_iters=10)\nc = CosineAnnealingLR(o, 100 - 10)\ns = SequentialLR(o, [w, c], milestones=[10])";
        openWith(program, "&steps=100");
        browser.awaitText(milestone + ".moves", "moves total_iters of LinearLR, too");
        browser.find(milestone + "input[type=range]").sendKeys(Keys.ARROW_RIGHT);
        awaitExpression(program.replace("total_iters=10", "total_iters=11").replace("[10]", "[11]"));
    }

    private static void awaitExpression(String expression) {
        browser.await(
                expression + ", not " + browser.attribute("#rows textarea", "value"),
                () -> expression.equals(browser.attribute("#rows textarea", "value")));
    }

    @Test
    void theCurveHasHandles() {
        openWith(
                "SequentialLR([LinearLR(0.1, total_iters=10), CosineAnnealingLR(T_max=90)], milestones=[10])",
                "&steps=100&lr=0.1");
        String milestone = "[data-handle='SequentialLR.1.milestones.0']";
        browser.await("the handles", () -> browser.all("#chart .handles button").size() == 2);
        int width = browser.find("#chart .u-over").getSize().width;
        drag(milestone, width / 5, 3); // a hand that does not move quite straight
        awaitExpression("SequentialLR([LinearLR(0.1, total_iters=30), CosineAnnealingLR(T_max=70)], milestones=[30])");
        assertEquals("0.1", browser.attribute("#lr", "value"));
        drag(milestone, 0, 80);
        browser.await("a lower peak", () -> Double.parseDouble(browser.attribute("#lr", "value")) < 0.09);
        browser.awaitText("#number-rows td:nth-child(3)", browser.attribute("#lr", "value") + " at 30");
        assertFalse(browser.find("#reset").isEnabled());
        browser.find(milestone).sendKeys(Keys.ARROW_LEFT, Keys.ARROW_LEFT);
        browser.find("[data-handle='CosineAnnealingLR.1.T_max']").sendKeys(Keys.ARROW_LEFT);
        awaitExpression("SequentialLR([LinearLR(0.1, total_iters=28), CosineAnnealingLR(T_max=71)], milestones=[28])");
        browser.screenshot("handles");
        openWith("ExponentialLR(0.9)", "&steps=100&lr=0.1,0.01&log=1");
        browser.await("the peak", () -> browser.all("#chart .handles button").size() == 1);
        browser.find("[data-handle=peak]").sendKeys(Keys.ARROW_UP);
        browser.await("the rates", () -> "0.105, 0.0105".equals(browser.attribute("#lr", "value")));
        write("OneCycleLR(max_lr=0.5, total_steps=100)");
        browser.await(
                "its end, too", () -> browser.all("#chart .handles button").size() == 2);
        browser.find("[data-handle=peak]").sendKeys(Keys.ARROW_UP);
        awaitExpression("OneCycleLR(max_lr=0.525, total_steps=100)");
        assertEquals("0.105, 0.0105", browser.attribute("#lr", "value"));
    }

    private static void drag(String css, int x, int y) {
        browser.actions()
                .moveToElement(browser.find(css))
                .clickAndHold()
                .moveByOffset(x / 2, y / 2)
                .moveByOffset(x - x / 2, y - y / 2)
                .release()
                .perform();
    }

    @Test
    void aFieldThatSaysNoValueIsMarked() {
        openWith("SequentialLR([LinearLR(total_iters=10), StepLR(30, gamma=0.5)], milestones=[10])", "&steps=80");
        String gamma = "[data-key='StepLR.1.gamma'] input[type=text]";
        put(gamma, Keys.DELETE.toString());
        browser.await("the empty field", () -> "true".equals(browser.attribute(gamma, "aria-invalid")));
        put("#steps", "90");
        browser.await("what is in force", () -> "0.5".equals(browser.attribute(gamma, "value")));
        browser.await("no mark", () -> "false".equals(browser.attribute(gamma, "aria-invalid")));
        browser.find(gamma).clear();
        browser.await("the empty field", () -> "true".equals(browser.attribute(gamma, "aria-invalid")));
        put(gamma, "abc");
        browser.await(
                "a question", () -> !browser.all("#rows [data-outside=abc]").isEmpty());
        assertEquals("false", browser.attribute(gamma, "aria-invalid"));
        put(gamma, "0.1.2");
        browser.await("an error", () -> !browser.text("#rows .error").isEmpty());
        assertEquals("true", browser.attribute(gamma, "aria-invalid"));
        assertEquals(1, browser.all("#rows [data-key] [aria-invalid=true]").size());
        put(gamma, "0.25");
        browser.await("no mark", () -> "false".equals(browser.attribute(gamma, "aria-invalid")));
        browser.await("no error", () -> browser.text("#rows .error").isEmpty());
    }

    @Test
    void choicesRewriteTheExpression() {
        openWith("CyclicLR(base_lr=0.1, max_lr=1.0, step_size_up=20)", "&steps=100");
        browser.run("document.querySelectorAll('#rows details').forEach(details => details.open = true)");
        browser.find("[data-key='CyclicLR.1.mode'] option[value=\"'triangular2'\"]")
                .click();
        browser.await(
                "the mode", () -> browser.attribute("#rows textarea", "value").endsWith(", mode='triangular2')"));
        rate(0, 60);
        awaitRate(lastOf("CyclicLR(0.1, 1.0, step_size_up=20, mode='triangular2')", 61));
    }

    @Test
    void draggingZoomsAndADoubleClickResets() {
        openWith("CosineAnnealingLR(T_max=200)", "&steps=200");
        String all = browser.text("#number-rows td:nth-child(5)");
        assertFalse(browser.find("#numbers .seen").isDisplayed());
        drag();
        browser.await("the part", () -> browser.find("#reset").isEnabled());
        browser.await("another area", () -> !all.equals(browser.text("#number-rows td:nth-child(4)")));
        browser.await(
                "the part in the address", () -> browser.driver.getCurrentUrl().contains("x="));
        browser.screenshot("zoomed");
        browser.actions().doubleClick(browser.find("#chart .u-over")).perform();
        browser.await("all", () -> !browser.find("#reset").isEnabled());
        assertFalse(browser.find("#numbers .seen").isDisplayed());
        drag();
        browser.await("the part again", () -> browser.find("#reset").isEnabled());
        browser.find("#reset").click();
        browser.await("all", () -> !browser.find("#reset").isEnabled());
    }

    @Test
    void aFingerZoomsAcrossAndScrollsAlong() {
        openWith("CosineAnnealingLR(T_max=200)", "&steps=200");
        browser.size(400, 700);
        browser.await(
                "the chart's new size", () -> browser.find("#chart .uplot").getSize().width <= 400);
        WebElement chart = browser.find("#chart .u-over");
        browser.run("document.querySelector('#chart').scrollIntoView({block: 'center'})");
        Object from = browser.run("return window.scrollY");
        swipe(chart, 0, -120);
        browser.await("the page has scrolled", () -> !from.equals(browser.run("return window.scrollY")));
        assertFalse(browser.find("#reset").isEnabled());
        swipe(chart, 90, 0);
        browser.await("a part", () -> browser.find("#reset").isEnabled());
        browser.await("a readout", () -> browser.find("#tip").isDisplayed());
        browser.screenshot("touched");
        browser.ownSize();
    }

    /** Moves a finger; what that does to the page is the browser's own. */
    private static void swipe(WebElement over, int x, int y) {
        Rectangle at = over.getRect();
        int left = at.x + at.width / 3;
        int top = at.y + at.height / 2 - ((Number) browser.run("return Math.round(window.scrollY)")).intValue();
        for (int i = 0; i <= 10; i++) {
            touch(i == 0 ? "touchStart" : "touchMove", List.of(Map.of("x", left + x * i / 10, "y", top + y * i / 10)));
        }
        touch("touchEnd", List.of());
    }

    private static void touch(String type, List<Map<String, Integer>> points) {
        browser.driver.executeCdpCommand("Input.dispatchTouchEvent", Map.of("type", type, "touchPoints", points));
    }

    private static void drag() {
        browser.actions()
                .moveToElement(browser.find("#chart .u-over"), -120, 0)
                .clickAndHold()
                .moveByOffset(100, 5)
                .moveByOffset(100, 5)
                .release()
                .perform();
    }

    @Test
    void theReadoutFollowsThePointerAndTheKeys() {
        openWith("StepLR(step_size=30, gamma=0.5)", "&steps=100");
        browser.actions().moveToElement(browser.find("#chart .u-over"), 0, 0).perform();
        browser.await("a readout", () -> browser.find("#tip").isDisplayed());
        assertTrue(browser.text("#tip").matches("(?s)step (49|50)\nStepLR\n0.05"), browser.text("#tip"));
        browser.find("#chart").sendKeys(Keys.HOME, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT);
        browser.awaitText("#at-head", "lr at 2");
        browser.find("#chart").sendKeys("+");
        browser.await("zoomed by a key", () -> browser.find("#reset").isEnabled());
        browser.find("#chart").sendKeys("0");
        browser.await("reset by a key", () -> !browser.find("#reset").isEnabled());
        browser.await(
                "it is said", () -> browser.attribute("#said", "textContent").equals("step 2: 0.1"));
    }

    @Test
    void aZoomByKeysLeavesTheReadoutAtItsStepAndItsLineOnItsDots() {
        openWith("CosineAnnealingLR(T_max=200)", "&steps=200&lr=0.1&mom=1");
        browser.find("#chart").sendKeys(Keys.HOME, Keys.PAGE_DOWN, Keys.PAGE_DOWN, Keys.PAGE_DOWN);
        browser.awaitText("#tip b", "step 60");
        awaitReadout(60, 0, 200);
        browser.find("#chart").sendKeys("+");
        awaitReadout(60, 10, 110);
        browser.find("#chart").sendKeys("+");
        awaitReadout(60, 35, 85);
        browser.screenshot("zoomed-by-keys");
        browser.find("#chart").sendKeys("-");
        awaitReadout(60, 10, 110);
        browser.find("#chart").sendKeys(Keys.ARROW_LEFT, "0");
        awaitReadout(59, 0, 200);
        browser.find("#chart").sendKeys("+");
        awaitReadout(59, 9, 109);
        browser.run("document.dispatchEvent(new Event('themechange'))");
        awaitReadout(59, 9, 109);
        browser.size(800, 900);
        awaitReadout(59, 9, 109);
        browser.run("document.querySelector('#reset').click()");
        awaitReadout(59, 0, 200);
        browser.ownSize();
    }

    /** Waits until the readout is of a step in a part of the chart, and its line and its dot are where that is. */
    private static void awaitReadout(int step, int from, int to) {
        String places = "const over = document.querySelector('#chart .u-over').getBoundingClientRect();"
                + "const dot = document.querySelector('#chart .u-cursor-pt').getBoundingClientRect();"
                + "const line = document.querySelector('#chart .u-cursor-x').getBoundingClientRect();"
                + "return [line.left, dot.left + dot.width / 2].map(x => (x - over.left) / over.width)";
        double expected = (double) (step - from) / (to - from);
        browser.await(step + " in [" + from + ", " + to + "]", () -> {
            @SuppressWarnings("unchecked")
            List<Number> parts = (List<Number>) browser.run(places);
            return browser.text("#tip b").equals("step " + step)
                    && browser.text("#at-head").equals("lr at " + step)
                    && parts.stream().allMatch(part -> Math.abs(part.doubleValue() - expected) < 0.003);
        });
    }

    @Test
    void theReadoutSaysHowManyItLeavesOut() {
        openWith("StepLR(30)", "&e=StepLR(20)&steps=50&lr=0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8");
        browser.await("both", () -> browser.all("#number-rows tr").size() == 16);
        browser.find("#chart").sendKeys(Keys.HOME);
        browser.await("a readout", () -> browser.text("#tip").endsWith("2 StepLR 3\n0.4\nand 8 more"));
    }

    @Test
    void theLastStepIsDrawnUntilItsEnd() {
        openWith("StepLR(30)", "&steps=1&lr=0.1");
        browser.await("the only step", () -> isDrawnAt(0.5));
        browser.find("#chart").sendKeys(Keys.END);
        browser.awaitText("#tip b", "step 0");
        openWith("StepLR(30)", "&steps=4&lr=0.1&mom=1");
        browser.await("the last step", () -> isDrawnAt(0.9));
        browser.actions()
                .moveToElement(
                        browser.find("#chart .u-over"),
                        browser.find("#chart .u-over").getSize().width / 2 - 3,
                        0)
                .perform();
        browser.awaitText("#tip b", "step 3");
        browser.awaitText("#at-head", "lr at 3");
        browser.find("#chart").sendKeys(Keys.HOME, Keys.END, Keys.ARROW_RIGHT);
        browser.awaitText("#tip b", "step 3");
    }

    /** {@return whether the first curve is drawn at a part of the chart's width} */
    private static boolean isDrawnAt(double part) {
        return (Boolean) browser.run("""
                const canvas = document.querySelector('#chart canvas');
                const over = document.querySelector('#chart .u-over');
                const left = Math.round((over.offsetLeft + %s * over.clientWidth) * devicePixelRatio);
                const column = canvas.getContext('2d').getImageData(left, 0, 1, canvas.height).data;
                return column.some((red, i) => i %% 4 === 0 && column[i + 2] - red > 100)
                """.formatted(part));
    }

    @Test
    void labelsAreOneTwoOrFiveTimesAPowerOfTenApartAndThoseOfStepsWhole() {
        openWith("StepLR(30)", "&steps=100&lr=0.2&x=43,59");
        browser.await("the part", () -> browser.find("#reset").isEnabled());
        assertEquals("44 46 48 50 52 54 56 58 0 0.002 0.004 0.006 0.008 0.01 0.012 0.014 0.016 0.018 0.02", labels());
        openWith("StepLR(30)", "&epochs=2&spe=50&lr=0.2&x=0.5,1.5");
        browser.await("the part", () -> browser.find("#reset").isEnabled());
        assertTrue(labels().startsWith("0.5 0.6 0.7 0.8 0.9 1 "), PlaygroundTest::labels);
    }

    @Test
    void noLabelIsCut() {
        for (String more : List.of(
                "&steps=1000000&lr=0.1&log=1&mom=1",
                "&steps=1000000&lr=123456.7&x=0,400000",
                "&epochs=1000&spe=1000&lr=1e-12",
                "&epochs=1000&spe=1000&lr=0.1&x=999.99,1000")) {
            openWith("StepLR(step_size=300000)", more);
            for (int width : new int[] {1440, 400}) {
                browser.size(width, 900);
                browser.await("its width", () -> browser.find("#chart .uplot").getSize().width <= width);
                @SuppressWarnings("unchecked")
                List<String> cut = (List<String>)
                        browser.run(
                                "return (" + DRAWN + ")()"
                                        + ".then(all => all.filter(({from, to, canvas}) => from < 0 || to > canvas).map(({text}) => text))");
                assertEquals(List.of(), cut, more + " " + width);
            }
            browser.screenshot("labels");
        }
        browser.ownSize();
        openWith("StepLR(step_size=300000)", "&steps=1000000&lr=0.1");
        assertTrue(labels().startsWith("0 "), PlaygroundTest::labels);
        assertTrue(labels().contains(" 1,000,000 "), PlaygroundTest::labels);
    }

    /** Draws the chart anew and says what text is in it, and from where to where across its canvas. */
    private static final String DRAWN = """
            () => {
              const all = [];
              const context = CanvasRenderingContext2D.prototype;
              const fill = context.fillText;
              context.fillText = function (text, x, y) {
                if (this.canvas.closest('#chart, #momentum-chart') && text) {
                  const matrix = this.getTransform();
                  const box = this.measureText(text);
                  if (matrix.b === 0) {
                    all.push({ text, from: matrix.e + x - box.actualBoundingBoxLeft, to: matrix.e + x + box.actualBoundingBoxRight,
                      canvas: this.canvas.width });
                  }
                }
                fill.call(this, text, x, y);
              };
              document.dispatchEvent(new Event('themechange'));
              return new Promise(done => requestAnimationFrame(() => {
                context.fillText = fill;
                done(all);
              }));
            }""";

    @Test
    void aLogAxisEndsWithTheNextTickAboveThePeak() {
        openWith("StepLR(step_size=30, gamma=0.5)", "&steps=100&lr=0.357&log=1");
        assertEquals("0 10 20 30 40 50 60 70 80 90 100 0.02 0.05 0.1 0.2 0.5", labels());
        browser.screenshot("log");
        openWith("ExponentialLR(gamma=0.1)", "&steps=100&lr=0.2&log=1");
        String[] powers = labels().replaceFirst(".* 100 ", "").split(" ", -1);
        assertTrue(powers.length >= 10 && powers.length <= 18, PlaygroundTest::labels);
        assertTrue(
                List.of(powers).stream().allMatch(label -> label.matches("1e-\\d+|0\\.[01]+1?|1")),
                PlaygroundTest::labels);
        double[][] ranges = {
            {0.001, 0.357, 0.0005, 0.5},
            {1e-5, 0.1, 5e-6, 0.2},
            {0.1, 0.1, 0.05, 0.2},
            {3, 1100, 2, 2000},
            {0.02, 0.9, 0.01, 1}
        };
        for (double[] range : ranges) {
            assertEquals(
                    List.of(range[2], range[3]),
                    ((List<?>) browser.run(
                                    "return import('./chart.js').then(({logRange}) =>"
                                            + " logRange(null, arguments[0], arguments[1]))",
                                    range[0],
                                    range[1]))
                            .stream().map(end -> ((Number) end).doubleValue()).toList());
        }
    }

    /** {@return the labels of the chart's axes, as they are drawn anew} */
    private static String labels() {
        return (String) browser.run("""
                const labels = [];
                const context = CanvasRenderingContext2D.prototype;
                const fill = context.fillText;
                context.fillText = function (text, ...where) {
                  if (this.canvas.closest('#chart') && /^[0-9]/.test(text)) labels.push(text);
                  fill.call(this, text, ...where);
                };
                document.dispatchEvent(new Event('themechange'));
                return new Promise(done => requestAnimationFrame(() => {
                  context.fillText = fill;
                  done(labels.join(' '));
                }))
                """);
    }

    @Test
    void aFindingTakesTheChartToItsStep() {
        openWith("StepLR(step_size=300)", "&steps=200");
        browser.await("a finding", () -> !browser.all("#finding-list button").isEmpty());
        WebElement finding = browser.find("#finding-list button");
        assertTrue(finding.getText().contains("StepLR never decays"), finding.getText());
        finding.click();
        browser.awaitText("#at-head", "lr at 199");
        browser.await("its part", () -> browser.find("#reset").isEnabled());
        browser.screenshot("finding");
    }

    @Test
    void applyDoesWhatAFindingAdvisesInTheUsersWords() {
        openWith("CosineAnnealingLR(optimizer, T_max=50, eta_min=1e-3)", "&steps=200&e=StepLR(300)");
        browser.await("both", () -> browser.all("#finding-list [data-apply]").size() == 2);
        browser.screenshot("findings");
        browser.find("#finding-list [aria-label^='Apply to CosineAnnealingLR: set T_max=200']")
                .click();
        browser.await(
                "it is mended", () -> browser.all("#finding-list [data-apply]").size() == 1);
        assertEquals(
                "CosineAnnealingLR(optimizer, T_max=200, eta_min=1e-3)", browser.attribute("#rows textarea", "value"));
        browser.find("#finding-list [data-apply]").click();
        browser.awaitText("#finding-list", "Nothing wrong or suspicious was found.");
        assertEquals("StepLR(66)", browser.attribute("#rows li:nth-child(2) textarea", "value"));
        // What is left out, or is a list of another length, is written as the policy has it; lengths keep their unit.
        String[][] cases = {
            {"StepLR(gamma=0.5, step_size=3ep)", "StepLR(step_size=300, gamma=0.5)", "StepLR(step_size=100, gamma=0.5)"
            },
            {"StepLR(3ep)", "StepLR(step_size=300)", "StepLR(step_size=150)"},
            {"MultiStepLR([1, 2])", "MultiStepLR(milestones=[1, 2])", "MultiStepLR(milestones=[1])"},
            {"a = StepLR(o, 3)  # fast", "StepLR(step_size=3)", "StepLR(step_size=4)"},
            {"a = StepLR(o, 3)\nb = StepLR(o, 5)", "StepLR(step_size=5)", "StepLR(step_size=4)"},
            {"a = MultiStepLR(o, m)", "MultiStepLR(milestones=[1, 2])", "MultiStepLR(milestones=[1])"}
        };
        List<String> mended = Stream.of(cases)
                .map(each -> String.valueOf(browser.run(
                        "return import('./edits.js').then(({mend}) => String(mend(...arguments)))", (Object[]) each)))
                .toList();
        assertEquals(
                List.of(
                        "StepLR(gamma=0.5, step_size=1ep)",
                        "StepLR(150)",
                        "MultiStepLR(milestones=[1])",
                        "a = StepLR(o, 4)  # fast",
                        "null",
                        "null"),
                mended);
    }

    @Test
    void theChartStaysInSightWhileASliderMoves() {
        open(link("StepLR(30)", "&e=StepLR(20)".repeat(5) + "&steps=100"));
        browser.await("six", () -> browser.all("#number-rows tr").size() == 6);
        for (int width : new int[] {1400, 1000, 800}) {
            browser.size(width, 900);
            browser.await("its width", () -> browser.find("#chart .uplot").getSize().width <= width);
            for (int row : new int[] {1, 3, 6}) {
                assertEquals(true, browser.run("""
                                const field = document.querySelector(`#rows li:nth-child(${arguments[0]}) input[type=range]`);
                                field.scrollIntoView({block: 'center'});
                                const chart = document.querySelector('#chart .u-over').getBoundingClientRect();
                                const slider = field.getBoundingClientRect();
                                const shown = document.elementFromPoint(slider.left + 5, slider.top + 5);
                                const drawn = document.elementFromPoint(chart.left + 5, chart.bottom - 5);
                                return chart.top >= 0 && chart.bottom <= innerHeight && shown === field && drawn.closest('#chart') !== null
                                """, row), width + " " + row);
            }
        }
        browser.size(1400, 900);
        browser.await("its width", () -> browser.find("#chart .uplot").getSize().width > 850);
        browser.screenshot("sticky");
        // The page scrolls as one, and the export is one click away, under the chart.
        browser.find("#to-takeaway").click();
        assertEquals(true, browser.run("""
                        const shown = (each) => each.contains(document.elementFromPoint(each.getBoundingClientRect().left + 5, each.getBoundingClientRect().top + 5));
                        const main = document.querySelector('.main');
                        return main.scrollHeight === main.clientHeight && getComputedStyle(main).overflowY === 'visible'
                          && document.activeElement.id === 'tab-java' && shown(document.activeElement)
                          && shown(document.querySelector('#take-title')) && shown(document.querySelector('#chart .u-over'))
                        """));
        browser.screenshot("to-export");
        browser.ownSize();
    }

    @Test
    void aFindingNamesItsScheduleOnce() {
        openWith(
                "StepLR(300)",
                "&steps=200&e=StepLR(500)&e=Warmup(20)&e="
                        + URLEncoder.encode("LambdaLR(lambda s: s / 10)", StandardCharsets.UTF_8));
        browser.await("all", () -> browser.all("#finding-list li").size() == 4);
        assertEquals(
                List.of(
                        "step 199 1 StepLR never decays: its first decay, after 300 steps, is not within the run of 200 steps.",
                        "step 199 2 StepLR never decays: its first decay, after 500 steps, is not within the run of 200 steps.",
                        "Warmup, step 0 The rate is zero in the first step, so nothing is learned. Set start=0.01.",
                        "LambdaLR, step 0 The rate is zero in the first step, so nothing is learned. Start above zero, such as with step"
                                + " + 1 in place of step in the lambda."),
                browser.all("#finding-list li > button:first-child").stream()
                        .map(finding -> finding.getText().replaceFirst(" Set step_size=.*", ""))
                        .toList());
        browser.find("#finding-list [aria-label^='Apply to Warmup']").click();
        browser.await(
                "it starts above zero",
                () -> "Warmup(20, start=0.01)".equals(browser.attribute("#rows li:nth-child(3) textarea", "value")));
    }

    @Test
    void anEmptyTextIsNoError() {
        openWith("StepLR(30)", "&steps=100");
        browser.find("#rows textarea").sendKeys(Keys.chord(Keys.CONTROL, "a"), Keys.DELETE);
        browser.await("no curve", () -> browser.all("#number-rows tr").isEmpty());
        assertEquals("", browser.text("#rows .error") + browser.text("#rows .note"));
        assertEquals("false", browser.attribute("#rows textarea", "aria-invalid"));
        assertEquals("Findings about the schedules appear here.", browser.text("#finding-list"));
        assertEquals("Write a schedule first, such as StepLR(step_size=30).", browser.text("#take-text"));
    }

    @Test
    void lengthsOfOneScheduleThatFollowOneAnotherKeepTheirSum() {
        openWith("WarmupStableDecay(10, stable=60, decay=30, start=0.1)", "&steps=100");
        browser.await("the handles", () -> browser.all("#chart .handles button").size() == 3);
        String warmup = "[data-key='WarmupStableDecay.1.warmup'] ";
        browser.awaitText(warmup + ".moves", "moves stable of WarmupStableDecay, too");
        browser.find(warmup + "input[type=range]").sendKeys(Keys.ARROW_RIGHT);
        awaitExpression("WarmupStableDecay(11, stable=59, decay=30, start=0.1)");
        browser.find("[data-handle='WarmupStableDecay.1.stable']").sendKeys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT);
        awaitExpression("WarmupStableDecay(11, stable=61, decay=28, start=0.1)");
        browser.find("[data-key='WarmupStableDecay.1.decay'] input[type=range]").sendKeys(Keys.ARROW_LEFT);
        awaitExpression("WarmupStableDecay(11, stable=61, decay=27, start=0.1)");
    }

    @Test
    void aNoteStandsBelowTheFindings() {
        openWith("OneCycleLR(max_lr=[0.1, 0.2], total_steps=100)", "&lr=0.001,0.2");
        browser.await("a note", () -> !browser.all("#finding-list button").isEmpty());
        assertEquals(
                List.of(
                        "Nothing wrong or suspicious was found.",
                        "Note: step 0, group 0 OneCycleLR never uses the group's own rate, 0.001: it goes from 0.004 to 0.1."),
                browser.all("#finding-list li").stream()
                        .map(item -> item.getText().replaceFirst(" Set max_lr=.*", ""))
                        .toList());
        browser.export("json");
        browser.await(
                "the notes",
                () -> browser.text("#take-text").contains("\"notes\": [\n        {\n          \"step\": 0"));
        browser.screenshot("note");
    }

    @Test
    void saysWhereARateFallsBelowALimit() {
        openWith("ExponentialLR(gamma=0.9)", "&steps=100&lr=0.1,0.01");
        put("#below", "0.005");
        int first = 0;
        while (lastOf("ExponentialLR(gamma=0.9)", first + 1) >= 0.005) {
            first++;
        }
        browser.awaitText("#number-rows tr:first-child button", "step " + first);
        browser.find("#number-rows tr:first-child button").click();
        browser.awaitText("#at-head", "lr at " + first);
        assertEquals(2, browser.all("#number-rows tr").size());
        String area = browser.text("#number-rows tr:first-child td:nth-child(5)");
        double sum = Schedule.parse("ExponentialLR(gamma=0.9)").curve(100, 0.1).sum();
        assertEquals(javascript(new BigDecimal(sum).round(new MathContext(6)).doubleValue()), area);
    }

    @Test
    void aLinkRestoresThePage() {
        openWith(
                "CosineAnnealingLR(T_max=10ep)",
                "&e=StepLR(200)&off=1&epochs=10&spe=50&lr=0.2,0.02&adam=1&m=0.8&log=1&below=0.01&x=2,4");
        browser.await(
                "one of two",
                () -> browser.all("#rows > li").size() == 2
                        && browser.all("#number-rows tr").size() == 2);
        browser.await("its part", () -> browser.find("#reset").isEnabled());
        assertEquals("10", browser.attribute("#epochs", "value"));
        assertEquals("0.2,0.02", browser.attribute("#lr", "value"));
        assertTrue(browser.find("#log").isSelected());
        assertEquals("beta1", browser.text("#momentum-name"));
        assertFalse(browser.find("#rows li:nth-child(2) .bar input").isSelected());
        put("#at", "3");
        browser.awaitText("#at-head", "lr at 3");
        double[] cosine =
                Schedule.parse("CosineAnnealingLR(T_max=500)").curve(151, 0.2).toArray();
        awaitRate(cosine[150]);
        // What the page writes itself restores it, too.
        write("StepLR(step_size=100, gamma=0.3)");
        browser.await("its address", () -> browser.driver.getCurrentUrl().contains("gamma%3D0.3"));
        String address = browser.driver.getCurrentUrl();
        browser.open(address);
        browser.await("the first curve", () -> !browser.all("#number-rows tr").isEmpty());
        assertEquals("StepLR(step_size=100, gamma=0.3)", browser.attribute("#rows textarea", "value"));
        browser.await("nothing else", () -> browser.driver.getCurrentUrl().equals(address));
    }

    @Test
    void samplesAndTokensAreCountedInTheRunsBatches() {
        browser.ownSize();
        browser.open(server.address() + link("CosineAnnealingLR(T_max=12800sp)", "&steps=100&lr=0.1"));
        browser.await("what is missing", () -> browser.text("#rows .error").contains("which needs the batch size"));
        put("#batch-size", "256");
        browser.await("a curve", () -> !browser.all("#number-rows tr").isEmpty());
        put("#at", "25");
        awaitRate(lastOf("CosineAnnealingLR(T_max=50)", 26));
        WebElement slider = browser.find("[data-key='CosineAnnealingLR.1.T_max'] input[type=range]");
        assertEquals("25600", slider.getAttribute("max"));
        slider.sendKeys(Keys.ARROW_RIGHT);
        browser.await(
                "one batch more",
                () -> browser.attribute("#rows textarea", "value").equals("CosineAnnealingLR(T_max=13056sp)"));
        awaitRate(lastOf("CosineAnnealingLR(T_max=51)", 26));
        put("#tokens-per-batch", "5e5");
        write("CosineAnnealingLR(T_max=2e7tok)");
        awaitRate(lastOf("CosineAnnealingLR(T_max=40)", 26));
        browser.screenshot("tokens");
        browser.await("its address", () -> browser.driver.getCurrentUrl().contains("2e7tok"));
        String address = browser.driver.getCurrentUrl();
        assertTrue(address.endsWith("&batch=256&tokens=5e5"), address);
        browser.open("about:blank");
        browser.open(address);
        browser.await("the curve", () -> !browser.all("#number-rows tr").isEmpty());
        assertEquals("256", browser.attribute("#batch-size", "value"));
        put("#at", "25");
        awaitRate(lastOf("CosineAnnealingLR(T_max=40)", 26));
        browser.find("[name=unit][value=epochs]").sendKeys(Keys.SPACE);
        assertTrue(browser.find("#tokens-per-batch").isDisplayed());
        put("#tokens-per-batch", "0");
        browser.awaitText("#run-error", "Tokens per batch must be a whole number, at least 1, but was 0");
        put("#tokens-per-batch", "" + Keys.BACK_SPACE);
        browser.await(
                "what is missing",
                () -> browser.text("#rows .error").contains("which needs the number of tokens in a batch"));
    }

    @Test
    void schedulesAreAddedFromTheGalleryDuplicatedSwitchedOffAndRemoved() {
        openWith("StepLR(step_size=30)", "&steps=310&lr=0.5");
        browser.find("[data-do=duplicate]").click();
        browser.await("two", () -> browser.all("#number-rows tr").size() == 2);
        browser.find("#add").click();
        assertEquals("Add a schedule", browser.text("#gallery-title"));
        // A card has its place before its curve is there.
        browser.await("cards", () -> !browser.all("#gallery .cards button").isEmpty());
        assertEquals(52, browser.find("#gallery .cards svg").getSize().height);
        choose("OneCycleLR(max_lr=0.1, total_steps=100)");
        browser.await("three", () -> browser.all("#number-rows tr").size() == 3);
        assertEquals(
                "OneCycleLR(max_lr=0.5, total_steps=310)",
                browser.attribute("#rows li:nth-child(3) textarea", "value"));
        browser.find("#rows li:nth-child(2) .bar input").click();
        browser.await("two drawn", () -> browser.all("#number-rows tr").size() == 2);
        for (int left = 3; left > 0; left--) {
            browser.find("[data-do=remove]").click();
        }
        browser.await("none", () -> browser.all("#rows > li").isEmpty());
        browser.find("#add").click();
        choose("ReduceLROnPlateau");
        browser.await("one, with metrics", () -> browser.all("#number-rows tr").size() == 1);
        assertEquals("", browser.text("#rows .note"));
        // Every card fits another run as it fits its own, and a sequence one whose length has to be rounded.
        assertEquals(List.of(), browser.asynchronous("""
                const done = arguments[0];
                Promise.all([import('./gallery.js'), import('./server.js'), fetch('gallery.json').then(got => got.json())])
                  .then(async ([{fitted, runOf}, {curves}, groups]) => {
                    const wrong = [];
                    for (const card of groups.flatMap(({cards}) => cards)) {
                      const said = (answer) => answer.error ? 1 : answer.findings.length;
                      const own = await curves({expression: card.expression, run: runOf(card)});
                      const steps = Math.round(card.steps * (card.expression.startsWith('SequentialLR') ? 1.55 : 2));
                      const fits = await curves({expression: fitted(card, steps, 0.03), run: {...runOf({...card, steps, lr: 0.03})}});
                      if (said(fits) > said(own)) wrong.push(fitted(card, steps, 0.03) + (fits.error?.message ?? fits.findings[0].problem));
                    }
                    done(wrong);
                  })"""));
    }

    private static void choose(String card) {
        browser.await(card, () -> (Boolean) browser.run(
                "const card = [...document.querySelectorAll('#gallery .cards button')].find(({textContent}) =>"
                        + " textContent.includes(arguments[0].split('(')[0])); card?.click(); return Boolean(card)",
                card));
    }

    @Test
    void everyChangeIsUndoneAndRedone() {
        openWith("StepLR(step_size=30)", "&steps=100&lr=0.1&e=ExponentialLR(0.9)");
        browser.await("both", () -> browser.all("#number-rows tr").size() == 2);
        assertFalse(browser.find("#undo").isEnabled());
        WebElement slider = browser.find("[data-key='StepLR.1.step_size'] input[type=range]");
        slider.sendKeys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT);
        awaitAddress("step_size%3D33");
        browser.find("#rows li:nth-child(2) [data-do=remove]").click();
        awaitAddress("lr=0.1");
        put("#lr", "0.3");
        awaitAddress("lr=0.3");
        browser.find("#log").click();
        awaitAddress("log=1");
        press("z");
        browser.await("no log axis", () -> !browser.find("#log").isSelected());
        press("z");
        browser.await("the rate", () -> browser.attribute("#lr", "value").equals("0.1"));
        press("z");
        browser.await("the other", () -> browser.all("#number-rows tr").size() == 2);
        assertEquals("ExponentialLR(0.9)", browser.attribute("#rows li:nth-child(2) textarea", "value"));
        slider.sendKeys(Keys.chord(Keys.CONTROL, "z"));
        awaitExpression("StepLR(step_size=30)");
        browser.await("no more", () -> !browser.find("#undo").isEnabled());
        browser.find("#redo").click();
        awaitExpression("StepLR(step_size=33)");
        press("y");
        browser.await("one", () -> browser.all("#number-rows tr").size() == 1);
        press("Z");
        browser.await("the rate", () -> browser.attribute("#lr", "value").equals("0.3"));
        // What is done now is not the future any more.
        put("#steps", "50");
        awaitAddress("steps=50");
        assertFalse(browser.find("#redo").isEnabled());
        browser.screenshot("undo");
    }

    private static void press(String key) {
        browser.find("#chart").sendKeys(Keys.chord(Keys.CONTROL, key));
    }

    private static void awaitAddress(String part) {
        browser.await(part, () -> browser.driver.getCurrentUrl().contains(part));
    }

    private static List<String> texts(String css) {
        return browser.all(css).stream().map(WebElement::getText).toList();
    }

    @Test
    void anErrorWaitsUntilTypingPauses() {
        openWith("StepLR(step_size=30)", "&steps=50&lr=0.1");
        for (String[] each : new String[][] {
            {"#rows textarea", "StepLR(step_size=30, zzz", "#rows .error"},
            {"#lr", "0.1, fast", "#run-error"},
            {"[data-key='StepLR.1.step_size'] input[type=text]", "-7", "#rows .error"}
        }) {
            write("StepLR(step_size=30)");
            browser.await("no error", () -> browser.text("#rows .error").isEmpty());
            // Types each letter, watching when there is an error, and for how long nothing has been typed then.
            Number waited = (Number) browser.asynchronous("""
                    const done = arguments[0];
                    const field = document.querySelector(%1$s);
                    let typed = performance.now();
                    new MutationObserver((changes, watch) => {
                      if (!document.querySelector(%3$s).textContent) return;
                      watch.disconnect();
                      done(performance.now() - typed);
                    }).observe(document.querySelector(%3$s), { childList: true });
                    field.focus();
                    [...%2$s].forEach((letter, i) => setTimeout(() => {
                      typed = performance.now();
                      field.value = %2$s.slice(0, i + 1);
                      field.setSelectionRange(i + 1, i + 1);
                      field.dispatchEvent(new Event('input', { bubbles: true }));
                    }, 30 * i));
                    """.formatted(
                            Answer.JSON.writeValueAsString(each[0]),
                            Answer.JSON.writeValueAsString(each[1]),
                            Answer.JSON.writeValueAsString(each[2])));
            assertTrue(waited.doubleValue() >= 590, () -> each[0] + " after " + waited + " ms");
            if (each[0].equals("#lr")) {
                put("#lr", "0.1");
                browser.await("no error", () -> browser.text("#run-error").isEmpty());
            }
        }
    }

    @Test
    void anErrorWaitsWhileCompletionsAreShown() {
        openWith("StepLR(step_size=30)", "&steps=50&lr=0.1");
        WebElement text = browser.find("#rows textarea");
        text.sendKeys(Keys.chord(Keys.CONTROL, "a"), Keys.DELETE, "Cosi");
        browser.await("a list", () -> browser.find("#rows .choices").isDisplayed());
        browser.run("return new Promise(done => setTimeout(done, 800))");
        assertTrue(browser.find("#rows .choices").isDisplayed());
        assertEquals("", browser.text("#rows .error"));
        assertEquals("false", text.getAttribute("aria-invalid"));
        assertEquals(0, browser.all("#rows mark").size());
        assertFalse(browser.text("#finding-list").contains("error"));
        assertEquals("StepLR", browser.text("#number-rows th"));
        browser.screenshot("completions-open");
        text.sendKeys(Keys.ESCAPE);
        browser.await("the error", () -> browser.text("#rows .error").startsWith("column "));
        // What is right is told at once, with or without a list.
        text.sendKeys(Keys.chord(Keys.CONTROL, "a"), "ExponentialLR(gamma=0.5)");
        browser.await("no error", () -> browser.text("#rows .error").isEmpty());
    }

    @Test
    void aPlateauAsksForMetrics() {
        openWith("ReduceLROnPlateau(factor=0.5, patience=2)", "&steps=40");
        browser.awaitText("#rows .note", "a plateau needs metrics, one per step");
        put("#metrics", "1 0.9 0.9 0.9 0.9 0.9 0.9");
        browser.awaitText("#rows .note", "the 7 metrics end here");
        rate(0, 5);
        awaitRate(0.05);
        browser.find("#metrics-example").click();
        browser.await("all of it", () -> browser.text("#rows .note").isEmpty());
        assertTrue(browser.find("#metric-chart .u-over").isDisplayed());
        browser.screenshot("plateau");
        write("StepLR(3)");
        browser.await("no metric", () -> !browser.find("#metric-chart").isDisplayed());
    }

    @Test
    void aWrongRunIsSaidAndNotAsked() {
        openWith("StepLR(step_size=30)", "&steps=50");
        put("#steps", "1000000000000");
        browser.awaitText("#run-error", "A run must have at most 1,000,000 steps here, but has 1,000,000,000,000");
        put("#steps", "60");
        browser.await("no error", () -> browser.text("#run-error").isEmpty());
        put("#lr", "0.1, fast");
        browser.awaitText("#run-error", "Base lr must be rates of at least 0, separated by commas, but was 0.1, fast");
    }

    @Test
    void saysThatALogarithmicAxisHasNoPlaceForZero() {
        openWith("PolynomialLR(total_iters=50)", "&steps=80&lr=0.1&log=1");
        browser.awaitText("#log-hint", "Rates of 0 are not shown on a log axis.");
        browser.find("#log").click();
        browser.await("no hint", () -> !browser.find("#log-hint").isDisplayed());
        write("StepLR(30)");
        browser.awaitText("#number-rows th", "StepLR");
        browser.find("#log").click();
        browser.await("the log axis", () -> browser.driver.getCurrentUrl().contains("log=1"));
        assertFalse(browser.find("#log-hint").isDisplayed());
    }

    @Test
    void theMomentumHasAPanelOfItsOwn() {
        openWith("OneCycleLR(max_lr=0.1, total_steps=100)", "&steps=100&log=1&mom=1&e=StepLR(30)");
        browser.await("its panel", () -> browser.find("#momentum-chart .u-over").isDisplayed());
        browser.await("both", () -> browser.all("#number-rows tr").size() == 2);
        browser.screenshot("momentum");
        assertEquals(2, browser.all("#chart .u-over, #momentum-chart .u-over").size());
    }

    @Test
    void theGalleryStartsAPage() {
        openWith("StepLR(step_size=30)", "&steps=50");
        browser.find("#open-gallery").click();
        browser.await(
                "every card's curve",
                () -> browser.all("#gallery .cards svg polyline").size()
                        == VocabularyTest.cards().count());
        browser.screenshot("gallery");
        browser.all("#gallery .cards button").get(15).click();
        browser.await(
                "the plateau",
                () -> browser.all("#rows textarea").size() == 1
                        && browser.attribute("#rows textarea", "value").startsWith("ReduceLROnPlateau("));
        browser.await("its curve", () -> browser.all("#number-rows tr").size() == 1);
        browser.driver.navigate().back();
        browser.await(
                "the page before",
                () -> browser.attribute("#rows textarea", "value").equals("StepLR(step_size=30)"));
        browser.await("its curve", () -> browser.all("#number-rows tr").size() == 1);
    }

    @Test
    void goingBackRestoresWhatTheLinkLeavesOut() {
        openWith("StepLR(30)", "&lr=0.1&steps=100");
        browser.find("#open-gallery").click();
        browser.await("a card", () -> !browser.all("#gallery .cards button svg").isEmpty());
        browser.find("#gallery .cards button").click();
        browser.await("its page", () -> !"StepLR(30)".equals(browser.attribute("#rows textarea", "value")));
        put("#momentum", "0.5");
        put("#below", "0.01");
        browser.find("#log").click();
        browser.await("its address", () -> browser.driver.getCurrentUrl().contains("log=1"));
        browser.driver.navigate().back();
        browser.await("the page before", () -> "StepLR(30)".equals(browser.attribute("#rows textarea", "value")));
        assertEquals("0.9", browser.attribute("#momentum", "value"));
        assertEquals("", browser.attribute("#below", "value"));
        assertFalse(browser.find("#log").isSelected());
    }

    /** A page that wrote its address while the browser goes back, for instance at once after a card, would stay. */
    @Test
    void aPageThatWasRestoredDoesNotWriteItsAddressAgain() {
        openWith("StepLR(step_size=30)", "&steps=50");
        browser.find("#open-gallery").click();
        browser.await(
                "every card",
                () -> browser.all("#gallery .cards button").size()
                        == VocabularyTest.cards().count());
        assertEquals(0L, browser.run("""
                let written = 0;
                const replace = history.replaceState;
                document.querySelectorAll('#gallery .cards button')[15].click();
                history.replaceState = (...entry) => { written++; replace.apply(history, entry); };
                return new Promise(done => setTimeout(() => done(written), 500))
                """));
        assertTrue(browser.driver.getCurrentUrl().contains("#e=ReduceLROnPlateau"), browser.driver.getCurrentUrl());
        browser.driver.navigate().back();
        browser.await(
                "the page before",
                () -> browser.attribute("#rows textarea", "value").equals("StepLR(step_size=30)"));
    }

    @Test
    void numbersHaveSixDigitsAndAreWholeWhereTheyArePointedAtAndCopied() {
        openWith("CosineAnnealingLR(T_max=90%)", "&steps=3000&lr=0.1&e=StepLR(50%25)");
        browser.await("both", () -> browser.all("#number-rows tr").size() == 2);
        rate(0, 1234);
        double whole =
                Schedule.parse("CosineAnnealingLR(T_max=2700)").curve(1235, 0.1).toArray()[1234];
        awaitRate(whole);
        assertEquals("lr at 1,234", browser.text("#at-head"));
        assertTrue(browser.text("#number-rows .at").matches("0\\.0\\d{1,6}"), browser.text("#number-rows .at"));
        assertEquals(javascript(whole), browser.attribute("#number-rows .at", "title"));
        assertEquals("165", browser.text("#number-rows tr:nth-child(2) td:nth-child(5)"));
        assertEquals("CosineAnnealingLR\t" + javascript(whole), browser.run("""
                        const line = document.querySelector('#number-rows tr');
                        getSelection().setBaseAndExtent(line.cells[0].lastChild, 0, line.cells[1].firstChild, 3);
                        const event = new ClipboardEvent('copy', {clipboardData: new DataTransfer(), bubbles: true, cancelable: true});
                        line.dispatchEvent(event);
                        getSelection().empty();
                        return event.clipboardData.getData('text/plain')"""));
        assertTrue(labels().startsWith("0 "), PlaygroundTest::labels);
        assertTrue(labels().contains(" 3,000 "), PlaygroundTest::labels);
        // An arrow starts where the view does.
        open(link("StepLR(30)", "&steps=100&x=40.5,60"));
        browser.await("the part", () -> browser.find("#reset").isEnabled());
        browser.find("#chart").sendKeys(Keys.ARROW_RIGHT);
        browser.awaitText("#at-head", "lr at 41");
    }

    @Test
    void axeFindsNothingWrong() {
        openWith(
                "SequentialLR([LinearLR(0.1, total_iters=10), CosineAnnealingLR(T_max=90)], milestones=[10])",
                "&e=StepLR(300)&e=ReduceLROnPlateau()&e=StepLR(&e=StepLR(n)&metrics=1+0.9&steps=100&lr=0.1,0.03&mom=1&x=10,60");
        browser.await(
                "an error and a question",
                () -> browser.all("#finding-list .error").size() == 1
                        && browser.all("#rows mark[data-name=n]").size() == 1);
        browser.run("document.querySelectorAll('details').forEach(details => details.open = true)");
        assertEquals(List.of(), browser.violations());
        browser.size(400, 860);
        browser.find("#add").click();
        browser.await("cards", () -> !browser.all("#gallery .cards polyline").isEmpty());
        assertEquals(List.of(), browser.violations());
        browser.prefer("light");
        browser.ownSize();
    }

    @Test
    void skippingToTheChartKeepsThePage() {
        openWith("StepLR(step_size=30, gamma=0.25)", "&steps=50");
        String address = browser.driver.getCurrentUrl();
        browser.run("document.querySelector('.skip').focus()");
        browser.find(".skip").sendKeys(Keys.ENTER);
        browser.await("the focus", () -> "chart".equals(browser.run("return document.activeElement.id")));
        assertEquals(address, browser.driver.getCurrentUrl());
        browser.run("return new Promise(done => {"
                + " addEventListener('hashchange', () => done()); location.hash = 'chart' })");
        assertEquals("StepLR(step_size=30, gamma=0.25)", browser.attribute("#rows textarea", "value"));
    }

    @Test
    void twelveSchedulesAreToldApart() {
        openWith("StepLR(step_size=30)", "&e=StepLR(20)".repeat(10) + "&e=ExponentialLR(0.9)&steps=50&lr=0.1");
        browser.await("twelve", () -> browser.all("#number-rows tr").size() == 12);
        assertEquals("7 StepLR", browser.text("#number-rows tr:nth-child(7) th"));
        assertEquals("7 StepLR", browser.text("#rows > li:nth-child(7) .bar span"));
        assertEquals("ExponentialLR", browser.text("#number-rows tr:nth-child(12) th"));
        browser.find("#chart").sendKeys(Keys.HOME);
        browser.await("a readout", () -> browser.text("#tip").contains("2 StepLR\n0.1\n3 StepLR\n0.1"));
        browser.screenshot("twelve");
        assertEquals(
                12L,
                browser.run(
                        "return import('./chart.js').then(({look}) =>"
                                + " new Set([...Array(12).keys()].map(look).filter(({dash}) => !dash.length).map(({color}) => color)).size)"));
        @SuppressWarnings("unchecked")
        List<Map<String, Object>> drawn = (List<Map<String, Object>>) browser.run("return (" + DRAWN + ")()");
        List<Object> texts = drawn.stream().map(each -> each.get("text")).toList();
        assertTrue(texts.containsAll(List.of("1 StepLR", "11 StepLR", "ExponentialLR")), texts::toString);
        // The one that is pointed at comes forward, and the others are pale.
        assertTrue(ofColor("--c0") && ofColor("--c11"));
        browser.actions()
                .moveToElement(browser.find("#rows > li:nth-child(12) .bar"))
                .perform();
        browser.await("the others are pale", () -> !ofColor("--c0") && ofColor("--c11"));
        browser.screenshot("forward");
        browser.actions().moveToElement(browser.find(".mark")).perform();
        browser.await("all are back", () -> ofColor("--c0") && ofColor("--c11"));
    }

    /** {@return whether the chart has many pixels of just this color} */
    private static boolean ofColor(String name) {
        return (Boolean) browser.run("""
                const canvas = document.querySelector('#chart canvas');
                const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
                const color = getComputedStyle(document.documentElement).getPropertyValue(arguments[0]).trim();
                const wanted = [1, 3, 5].map(i => parseInt(color.slice(i, i + 2), 16));
                let count = 0;
                for (let i = 0; i < pixels.length; i += 4) {
                  if (wanted.every((part, j) => Math.abs(pixels[i + j] - part) < 4) && pixels[i + 3] > 250) count++;
                }
                return count > 60""", name);
    }

    @Test
    void stairsAreDrawnWhereTheyCanBeSeenAndCurvesAreSmoothElsewhere() {
        openWith("CosineAnnealingLR(T_max=100)", "&steps=100&lr=0.1");
        assertEquals(height(0.502), height(0.508));
        openWith("CosineAnnealingLR(T_max=500)", "&steps=500&lr=0.1");
        assertNotEquals(height(0.502), height(0.508));
        openWith("StepLR(step_size=250)", "&steps=500&lr=0.1"); // a drop is upright all the same
        assertEquals(height(0.4), height(0.499));
    }

    /** {@return where the first curve is at a part of the chart's width} */
    private static Object height(double part) {
        return browser.run("""
                const canvas = document.querySelector('#chart canvas');
                const over = document.querySelector('#chart .u-over');
                const left = Math.round((over.offsetLeft + %s * over.clientWidth) * devicePixelRatio);
                const column = canvas.getContext('2d').getImageData(left, 0, 1, canvas.height).data;
                return column.findIndex((red, i) => i %% 4 === 0 && column[i + 2] - red > 100)
                """.formatted(part));
    }

    @Test
    void codeJsonAndPicturesAreTakenAway() {
        openWith("StepLR(step_size=30, gamma=0.5)", "&steps=50");
        browser.await("Java", () -> browser.text("#take-text").contains("new StepLR(30, 0.5)"));
        assertTrue(browser.text("#take-text").contains("class Program {"), browser.text("#take-text"));
        assertTrue(texts("#take-text .keyword").containsAll(List.of("import", "class", "new", "for")));
        assertTrue(texts("#take-text .number").contains("0.5"));
        browser.screenshot("program");
        browser.find("#take-program").click();
        browser.await("what convert writes", () -> !browser.text("#take-text").contains("class Program {"));
        browser.find("#take-program").click();
        browser.find("#tab-java").sendKeys(Keys.ARROW_RIGHT);
        browser.await("its loop", () -> browser.text("#take-text").contains("for step in range(50):"));
        assertTrue(texts("#take-text .comment").contains("# yours"));
        browser.await(
                "Python",
                () -> browser.text("#take-text").contains("scheduler = StepLR(optimizer, step_size=30, gamma=0.5)"));
        browser.find("#tab-python").sendKeys(Keys.ARROW_RIGHT);
        browser.await(
                "optax",
                () -> browser.text("#take-text")
                        .contains(
                                "optax.exponential_decay(init_value=0.1, transition_steps=30, decay_rate=0.5, staircase=True)"));
        browser.screenshot("optax");
        browser.export("keras");
        browser.await(
                "Keras", () -> browser.text("#take-text").contains("keras.optimizers.schedules.ExponentialDecay("));
        browser.export("shell");
        browser.await(
                "the command",
                () -> browser.text("#take-text")
                        .startsWith(
                                "./anneal check 'StepLR(step_size=30, gamma=0.5)' --lr 0.1 --steps 50\n./anneal plot "));
        browser.export("json");
        assertEquals(50L, browser.run("return JSON.parse(document.querySelector('#take-text').textContent).run.steps"));
        browser.export("link");
        browser.await("the link", () -> browser.text("#take-text").equals(browser.driver.getCurrentUrl()));
        browser.run(
                "URL.createObjectURL = blob => { document.body.dataset.saved = blob.type + ' ' + blob.size; return '#' }");
        for (String format : List.of("png", "svg")) {
            browser.find("#save-" + format).click();
            browser.awaitText("#take-said", "Saved schedules." + format + ".");
            assertTrue(browser.attribute("body", "data-saved").startsWith("image/" + format));
        }
        browser.find("#save-json").click();
        browser.await("values", () -> browser.attribute("body", "data-saved").startsWith("application/json"));
    }

    @Test
    void nothingIsTakenAwayOfAWrongRun() {
        browser.ownSize();
        browser.open(server.address() + link("StepLR(30)", "&lr=abc&steps=100"));
        String problem = "Base lr must be rates of at least 0, separated by commas, but was abc";
        for (String form : List.of("json", "python", "java")) {
            browser.export(form);
            browser.awaitText("#take-text", problem);
        }
        for (String button : List.of("save-json", "save-png", "save-svg", "copy")) {
            browser.run("document.querySelector('#take-said').textContent = ''");
            browser.find("#" + button).click();
            browser.awaitText("#take-said", problem);
        }
        browser.export("link");
        browser.await("the link", () -> browser.text("#take-text").equals(browser.driver.getCurrentUrl()));
        put("#at", "3");
        put("#lr", "0.1");
        browser.await("no word of it", () -> browser.text("#take-said").isEmpty());
        browser.export("java");
        browser.await("Java", () -> browser.text("#take-text").contains("new StepLR(30, 0.1)"));
    }

    @Test
    void aCurveFromBeforeAnErrorIsMarked() {
        openWith("StepLR(step_size=30)", "&steps=100&lr=0.1");
        write("StepLR(step_size=0)");
        browser.awaitText("#number-rows th", "StepLR (before the error)");
        String error = browser.text("#rows .error");
        assertTrue(error.contains("step_size"), error);
        assertEquals("The curve is as it was before the error.", browser.text("#rows .note"));
        assertEquals("StepLR has an error and is not checked: " + error, browser.text("#finding-list"));
        browser.screenshot("stale");
        for (String form : List.of("java", "python", "optax", "keras")) {
            browser.export(form);
            browser.awaitText("#take-text", "StepLR has an error: " + error);
        }
        browser.export("json");
        assertEquals(
                error,
                browser.run("return JSON.parse(document.querySelector('#take-text').textContent).schedules[0].error"));
        write("StepLR(step_size=20)");
        browser.awaitText("#number-rows th", "StepLR");
        assertEquals("", browser.text("#rows .note"));
        assertFalse(browser.text("#finding-list").contains("error"));
    }

    @Test
    void isDarkOrLightAsTheSystemOrTheButtonSays() {
        browser.prefer("dark");
        open("");
        assertEquals("dark", browser.attribute("html", "data-theme"));
        browser.await("both curves", () -> browser.all("#number-rows tr").size() == 2);
        browser.screenshot("dark");
        String dark = ground();
        assertEquals("Light", browser.text("[data-toggle-theme]"));
        browser.find("[data-toggle-theme]").click();
        browser.await("light", () -> !ground().equals(dark));
        assertEquals("Dark", browser.text("[data-toggle-theme]"));
        browser.prefer("light");
        browser.run("localStorage.clear()");
        open("");
        assertEquals("light", browser.attribute("html", "data-theme"));
        assertNotEquals(dark, ground());
    }

    private static String ground() {
        return browser.find("body").getCssValue("background-color");
    }

    @Test
    void fitsANarrowScreen() {
        open("");
        browser.size(400, 860);
        browser.await("both curves", () -> browser.all("#number-rows tr").size() == 2);
        browser.await(
                "the chart's new size", () -> browser.find("#chart .uplot").getSize().width <= 400);
        browser.await(
                "no part that is wider",
                () -> Objects.equals(400L, browser.run("return document.documentElement.scrollWidth")));
        browser.screenshot("narrow");
        // The numbers are not cut off, either.
        assertEquals(
                0L,
                browser.run(
                        "const scroll = document.querySelector('#numbers .scroll'); return scroll.scrollWidth - scroll.clientWidth"));
        browser.export("text");
        browser.awaitText("#take-text", browser.attribute("#rows textarea", "value"));
        browser.screenshot("narrow-to-export");
        browser.run("document.querySelector('#findings').scrollIntoView()");
        browser.screenshot("narrow-below");
        browser.run("document.querySelector('#save-svg').scrollIntoView({block: 'end'})");
        browser.screenshot("narrow-export");
        browser.run("document.querySelector('#run').scrollIntoView({block: 'end'})");
        browser.screenshot("narrow-run");
        browser.ownSize();
    }

    /** Has a slider move over a curve of 100,000 points; how long each takes until it is painted is printed, not asserted. */
    @Test
    void aHundredThousandPointsFollowASlider() {
        openWith("CosineAnnealingLR(T_max=100000)", "&steps=100000");
        browser.run("performance.clearMeasures('input-to-paint')");
        @SuppressWarnings("unchecked")
        List<Number> took = (List<Number>) browser.asynchronous("""
                const done = arguments[0];
                const slider = document.querySelector('[data-key="CosineAnnealingLR.1.T_max"] input[type=range]');
                const measures = () => performance.getEntriesByName('input-to-paint').map(measure => measure.duration);
                (async () => {
                  for (let i = 1; i <= 30; i++) {
                    slider.value = 100000 - 2000 * i;
                    slider.dispatchEvent(new Event('input', {bubbles: true}));
                    const before = measures().length;
                    while (measures().length === before) await new Promise(requestAnimationFrame);
                  }
                  done(measures());
                })();
                """);
        List<Double> sorted = took.stream().map(Number::doubleValue).sorted().toList();
        assertEquals(30, sorted.size());
        System.out.printf(
                Locale.ROOT,
                "100,000 points, from a slider's movement to paint: median %.0f ms, 95th percentile %.0f ms, most %.0f ms%n",
                sorted.get(15),
                sorted.get(28),
                sorted.get(29));
        rate(0, 30000);
        awaitRate(Schedule.parse("CosineAnnealingLR(T_max=40000)")
                .curve(30001, 0.1)
                .toArray()[30000]);
    }
}
