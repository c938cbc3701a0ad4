package org.anneal.web;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.anneal.schedule.Python;
import org.anneal.schedule.Schedule;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;

/** The playground, in a real browser. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PlaygroundTest {
    private static WebServer server;
    private static Browser browser;

    @BeforeAll
    static void start() throws IOException {
        browser = Browser.start();
        server = WebServer.start("127.0.0.1", 0, Optional.empty());
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
        browser.awaitText("#at-head", "lr at " + step);
        return browser.text("#number-rows tr:nth-child(" + (row + 1) + ") .at");
    }

    private static void awaitRate(double rate) {
        browser.awaitText("#number-rows .at", javascript(rate));
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
}
