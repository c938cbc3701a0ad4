package org.anneal.web;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;
import org.openqa.selenium.support.ui.WebDriverWait;

/**
 * A headless Chromium, and what tests do with it: one for all, as a start takes seconds. Where there is none, tests that ask for one
 * are skipped, and say so.
 */
public final class Browser implements AutoCloseable {
    private static final Path SCREENSHOTS = Path.of("target/screenshots");
    private static final String AXE = axe();
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static Optional<Browser> shared = Optional.empty();

    final ChromeDriver driver;
    private boolean resized = true;

    private Browser(ChromeDriver driver) {
        this.driver = driver;
    }

    /** {@return the browser, as if it had just been started} */
    public static synchronized Browser start() throws IOException {
        if (shared.isEmpty()) {
            Browser browser = launch();
            Runtime.getRuntime().addShutdownHook(new Thread(browser.driver::quit));
            shared = Optional.of(browser);
        }
        Browser browser = shared.get();
        browser.ownSize();
        browser.prefer("light");
        browser.console();
        return browser;
    }

    private static Browser launch() throws IOException {
        Optional<Path> chromium = program("chromium");
        Optional<Path> chromedriver = program("chromedriver");
        if (chromium.isEmpty() || chromedriver.isEmpty()) {
            String reason =
                    "no chromium and chromedriver on the PATH (Debian: apt-get install chromium" + " chromium-driver)";
            System.out.println("SKIPPED: " + reason);
            Assumptions.abort(reason);
        }
        LoggingPreferences logs = new LoggingPreferences();
        logs.enable(LogType.BROWSER, Level.ALL);
        ChromeOptions options = new ChromeOptions();
        options.setBinary(chromium.get().toFile());
        options.addArguments(
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--hide-scrollbars",
                "--force-color-profile=srgb",
                "--window-size=1440,1100");
        options.setCapability("goog:loggingPrefs", logs);
        ChromeDriver driver = new ChromeDriver(
                new ChromeDriverService.Builder()
                        .usingDriverExecutable(chromedriver.get().toFile())
                        .build(),
                options);
        driver.manage().timeouts().scriptTimeout(Duration.ofMinutes(2));
        Files.createDirectories(SCREENSHOTS);
        return new Browser(driver);
    }

    private static Optional<Path> program(String name) {
        return Stream.of(Optional.ofNullable(System.getenv("PATH")).orElse("").split(File.pathSeparator, -1))
                .map(folder -> Path.of(folder, name))
                .filter(Files::isExecutable)
                .findFirst();
    }

    public void open(String address) {
        driver.get("about:blank"); // so that another fragment is another page
        driver.get(address);
    }

    /** {@return what a hand does, quickly: by default each movement takes a quarter of a second} */
    Actions actions() {
        return new Actions(driver, Duration.ofMillis(20));
    }

    public WebElement find(String css) {
        return driver.findElement(By.cssSelector(css));
    }

    public List<WebElement> all(String css) {
        return driver.findElements(By.cssSelector(css));
    }

    String text(String css) {
        return asked(css, WebElement::getText);
    }

    /** Goes to the playground's export, wherever the page is scrolled to, and shows a form of it. */
    void export(String form) {
        find("#to-takeaway").click();
        find("#tab-" + form).click();
    }

    /** {@return an attribute or, of a field, its value as it is now} */
    String attribute(String css, String name) {
        return asked(css, element -> String.valueOf(element.getAttribute(name)));
    }

    /** {@return what an element says; the page may replace it by another one between finding and asking it} */
    private String asked(String css, Function<WebElement, String> question) {
        while (true) {
            try {
                return question.apply(find(css));
            } catch (StaleElementReferenceException e) {
                // Asked again, of the one that took its place.
            }
        }
    }

    /** Waits until something is so. */
    public void await(String what, Supplier<Boolean> condition) {
        new WebDriverWait(driver, PATIENCE)
                .pollingEvery(Duration.ofMillis(25))
                .ignoring(StaleElementReferenceException.class)
                .ignoring(org.openqa.selenium.NoSuchElementException.class)
                .withMessage(what)
                .until(ignored -> condition.get());
    }

    void awaitText(String css, String text) {
        try {
            await(css, () -> text(css).equals(text));
        } catch (org.openqa.selenium.TimeoutException e) {
            assertEquals(text, text(css), css);
            throw e;
        }
    }

    public Object run(String script, Object... arguments) {
        return Objects.requireNonNullElse(driver.executeScript(script, arguments), "");
    }

    /** Runs a script that calls its last argument with its result. */
    Object asynchronous(String script) {
        return Objects.requireNonNullElse(driver.executeAsyncScript(script), "");
    }

    /** Sets the size of the page itself, which may be narrower than a window can be: then it is a telephone's. */
    public void size(int width, int height) {
        resized = true;
        driver.executeCdpCommand("Emulation.setTouchEmulationEnabled", Map.of("enabled", width < 600));
        driver.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", width < 600));
    }

    void ownSize() {
        if (!resized) {
            return;
        }
        resized = false;
        driver.executeCdpCommand("Emulation.setTouchEmulationEnabled", Map.of("enabled", false));
        driver.executeCdpCommand("Emulation.clearDeviceMetricsOverride", Map.of());
        driver.manage().window().setSize(new Dimension(1440, 1100));
    }

    /** Has the system prefer dark or light, and no colors that change slowly. */
    public void prefer(String scheme) {
        driver.executeCdpCommand(
                "Emulation.setEmulatedMedia",
                Map.of(
                        "features",
                        List.of(
                                Map.of("name", "prefers-color-scheme", "value", scheme),
                                Map.of("name", "prefers-reduced-motion", "value", "reduce"))));
    }

    /** {@return what axe-core finds wrong with the page as it is, in the dark and in the light} */
    public List<String> violations() {
        return Stream.of("dark", "light")
                .flatMap(scheme -> {
                    prefer(scheme);
                    run(AXE);
                    @SuppressWarnings("unchecked")
                    List<String> found = (List<String>) asynchronous("""
                            const done = arguments[0];
                            axe.run().then(({violations}) => done(violations.flatMap(({id, help, nodes}) =>
                              nodes.map(({html}) => `${id}: ${help}: ${html}`))))""");
                    return found.stream().map(each -> scheme + ": " + each);
                })
                .toList();
    }

    private static String axe() {
        try (InputStream in = Objects.requireNonNull(Browser.class.getResourceAsStream("/axe.min.js"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8) + "; window.axe = axe";
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    public void screenshot(String name) {
        run("return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))");
        try {
            Files.write(SCREENSHOTS.resolve(name + ".png"), driver.getScreenshotAs(OutputType.BYTES));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** {@return what the console has said since it was last asked, but for what is of no concern} */
    public List<String> console() {
        return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
                .map(LogEntry::getMessage)
                .filter(message -> !message.startsWith("rendering ")) // advice on reading pixels, as tests do
                .toList();
    }

    /** Leaves the page. */
    @Override
    public void close() {
        driver.get("about:blank");
    }
}
