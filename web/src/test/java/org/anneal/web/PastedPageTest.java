package org.anneal.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;

/** Pieces of Python programs in the playground, in a real browser. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PastedPageTest {
    private static final String PIECE = """
            import torch.optim as optim
            # ten epochs of warmup
            optimizer = optim.SGD(net.parameters(), lr=args.lr, momentum=0.8)
            warmup = optim.lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=10)
            cosine = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=args.epochs - 10)
            scheduler = optim.lr_scheduler.SequentialLR(optimizer, [warmup, cosine], milestones=[10])
            """;
    private static final String AREA = "#rows textarea";

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
        browser.await("a row", () -> !browser.all(AREA).isEmpty());
    }

    private static void openWith(String expression, String more) {
        open("#e=" + URLEncoder.encode(expression, StandardCharsets.UTF_8) + more);
    }

    /** Pastes a text in place of what is in a row, as a clipboard does. */
    private static void paste(String text) {
        browser.run(
                "const area = document.querySelector('#rows textarea'); area.value = arguments[0];"
                        + "area.dispatchEvent(new InputEvent('input', {inputType: 'insertFromPaste', bubbles: true}))",
                text);
        assertFalse(browser.find("#rows .choices").isDisplayed());
    }

    private static String field(String name) {
        return "[data-outside=\"" + name + "\"]";
    }

    private static void give(String name, String value) {
        browser.find(field(name) + " input").sendKeys(Keys.chord(Keys.CONTROL, "a"), value);
    }

    private static String value(String css) {
        return browser.attribute(css, "value");
    }

    private static List<String> names() {
        return browser.all(".outside label").stream().map(WebElement::getText).toList();
    }

    private static void awaitRate(long step, double rate) {
        browser.find("#at").sendKeys(Keys.chord(Keys.CONTROL, "a"), Long.toString(step));
        browser.awaitText("#at-head", "lr at " + step);
        browser.await(
                rate + ", not " + browser.attribute("#number-rows .at", "data-whole"),
                () -> Math.abs(Double.parseDouble(browser.attribute("#number-rows .at", "data-whole")) - rate) < 1e-12);
    }

    @Test
    void everyUnknownNameBecomesAField() {
        openWith("StepLR(30)", "&steps=100");
        paste(PIECE);
        browser.await("both names", () -> names().equals(List.of("args.epochs", "args.lr")));
        browser.await("no curve", () -> browser.text("#rows .note").startsWith("The curve is as it was before."));
        browser.screenshot("pasted-names");
        // They are questions, not errors: asked once, each marked wherever it stands.
        assertEquals(
                uses(PIECE, "args.epochs", "args.lr"),
                browser.all("#rows mark").stream()
                        .map(mark -> mark.getAttribute("textContent"))
                        .toList());
        assertEquals("Fill in what the text takes from elsewhere", browser.text("#rows .outside legend"));
        assertEquals("", browser.text("#rows > li > .error"));
        assertEquals("false", browser.attribute(AREA, "aria-invalid"));
        assertEquals("Findings about the schedules appear here.", browser.text("#finding-list"));
        assertEquals("Fill in args.epochs, args.lr of SequentialLR first.", browser.text("#take-text"));
        assertEquals(0, browser.all("#rows [aria-invalid=true]").size());
        give("args.epochs", "100");
        give("args.lr", "0.4");
        browser.await("no error", () -> browser.text("#rows .error").isEmpty());
        assertEquals("SequentialLR", browser.text("#rows .bar span"));
        // PyTorch's, after 54 steps of the cosine's 90.
        awaitRate(0, 0.04);
        awaitRate(64, 0.1381966011250105);
        assertEquals(PIECE, value(AREA));
        assertEquals(
                "SequentialLR([LinearLR(start_factor=0.1, total_iters=10), CosineAnnealingLR(T_max=90)], milestones=[10])",
                browser.text("#rows .policy"));
        browser.export("text");
        browser.awaitText("#take-text", browser.text("#rows .policy"));
        browser.export("python");
        browser.await(
                "the program",
                () -> browser.text("#take-text")
                        .contains("optimizer = torch.optim.SGD(model.parameters(), lr=0.4, momentum=0.8)"));
        browser.screenshot("pasted");
    }

    /** {@return the names in the order in which a text has them, each as often as it does} */
    private static List<String> uses(String text, String... names) {
        return Pattern.compile(Stream.of(names).map(Pattern::quote).collect(Collectors.joining("|")))
                .matcher(text)
                .results()
                .map(MatchResult::group)
                .toList();
    }

    @Test
    void aNameIsMarkedOnlyWhereItIsTakenFromOutside() {
        open("#e=StepLR(30)");
        assertEquals(
                List.of("lr", "lr", "cfg[\"a\"]", "len(x)"), browser.run("""
                        const [text, ...names] = arguments;
                        return import('./text.js').then(({uses}) => names.flatMap((name) => uses(text, name))
                          .map(({from, to}) => text.slice(from, to)))""", """
                        # lr
                        opt = SGD(lr=lr, weight_decay=args.lr)
                        s = StepLR(opt, cfg["a"] + len(x), gamma=1 if lr == 'lr' else cfg['b'])
                        """, "lr", "cfg['a']", "len(x)", "cfg"));
    }

    @Test
    void aTrainingLoopWithoutItsSchedulerSaysWhatIsMissing() {
        openWith("StepLR(30)", "&steps=100");
        paste("for epoch in range(10):\n    train(model)\n    optimizer.step()\n    scheduler.step()");
        browser.await(
                "what is missing",
                () -> browser.text("#rows .error")
                        .equals(
                                "line 4, column 5: the text makes no schedule: it lacks the line that makes 'scheduler', such as"
                                        + " 'scheduler = StepLR(optimizer, step_size=30)'"));
    }

    @Test
    void valuesAreKeptInTheLinkAndWhileTheTextChanges() {
        openWith(PIECE, "&steps=100&n0=args.epochs&v0=100&n0=args.lr&v0=0.4");
        browser.await("a curve", () -> !browser.all("#number-rows tr").isEmpty());
        assertEquals(List.of("args.epochs", "args.lr"), names());
        paste("StepLR(opt, args.lr * 100");
        browser.await("an error", () -> !browser.text("#rows .error").isEmpty());
        assertEquals(List.of("args.epochs", "args.lr"), names());
        paste("StepLR(opt, args.epochs)");
        browser.await("one name", () -> names().equals(List.of("args.epochs")));
        browser.await("it is known", () -> browser.text("#rows .error").isEmpty());
        paste(PIECE);
        browser.await("both", () -> names().size() == 2);
        browser.await("no error", () -> browser.text("#rows .error").isEmpty());
        assertEquals("0.4", value(field("args.lr") + " input"));
        give("args.epochs", "50");
        browser.await("the link", () -> browser.driver.getCurrentUrl().contains("v0=50"));
        String address = browser.driver.getCurrentUrl();
        browser.open(address);
        browser.await("a curve", () -> !browser.all("#number-rows tr").isEmpty());
        assertEquals("50", value(field("args.epochs") + " input"));
        assertEquals(PIECE, value(AREA));
        browser.find("[data-do=duplicate]").click();
        browser.await("both curves", () -> browser.all("#number-rows tr").size() == 2);
    }

    @Test
    void aWrongValueIsSaidAtItsField() {
        openWith("StepLR(opt, args.step, gamma=cfg['gamma'])", "&steps=100&n0=args.step&v0=30&n0=cfg['gamma']&v0=0.5");
        browser.await("a curve", () -> !browser.all("#number-rows tr").isEmpty());
        give("args.step", "30 +");
        String message = field("args.step") + " .error";
        browser.await("it is said", () -> browser.text(message).startsWith("the value of args.step, "));
        assertEquals("true", browser.attribute(field("args.step") + " input", "aria-invalid"));
        assertEquals("false", browser.attribute(field("cfg['gamma']") + " input", "aria-invalid"));
        browser.screenshot("pasted-wrong");
        give("args.step", "-3");
        browser.await("the rule", () -> browser.text("#rows > li > .error").contains("step_size must be"));
        assertEquals("", browser.text(message));
        assertEquals("true", browser.attribute(field("args.step") + " input", "aria-invalid"));
        give("args.step", "10");
        browser.await(
                "no error", () -> "false".equals(browser.attribute(field("args.step") + " input", "aria-invalid")));
        awaitRate(10, 0.05);
    }

    @Test
    void theLoadersLengthIsTheRunsStepsPerEpoch() {
        openWith("OneCycleLR(opt, 0.1, epochs=4, steps_per_epoch=len(train_loader))", "&epochs=4&spe=25");
        browser.await("a curve", () -> !browser.all("#number-rows tr").isEmpty());
        assertEquals(List.of(), names());
        browser.find("input[name=unit][value=steps]")
                .findElement(org.openqa.selenium.By.xpath(".."))
                .click();
        browser.await("a field", () -> names().equals(List.of("len(train_loader)")));
        give("len(train_loader)", "30");
        browser.await("its policy", () -> browser.text("#rows .policy").contains("total_steps=120"));
    }

    @Test
    void theOptimizersLineGivesTheRunWhatTheUserHasNotSet() {
        openWith("StepLR(30)", "&e=StepLR(50)&steps=100");
        paste("opt = AdamW([{'params': a, 'lr': 1e-4}, {'params': b}], lr=0.002, betas=(0.8, 0.99))\nStepLR(opt, 30)");
        browser.await("the rates", () -> value("#lr").equals("0.0001, 0.002"));
        assertEquals("0.8", value("#momentum"));
        assertTrue(browser.find("[name=optimizer][value=adam]").isSelected());
        browser.awaitText("#rows .line span", "AdamW, lr 0.0001, 0.002, beta1 0.8 from the optimizer’s line.");
        browser.await("the other one, too", () -> browser.all("#number-rows tr").size() == 4);
        awaitRate(0, 0.0001);
        assertFalse(browser.driver.getCurrentUrl().contains("lr=0"), browser.driver.getCurrentUrl());
        browser.screenshot("pasted-line");
        // What the user sets comes first, until it is handed back.
        browser.find("#lr").sendKeys(Keys.chord(Keys.CONTROL, "a"), "0.5");
        browser.awaitText(
                "#rows .line span",
                "AdamW, beta1 0.8 from the optimizer’s line. Not lr 0.0001, 0.002: Run has its own.");
        awaitRate(0, 0.5);
        browser.await("one group each", () -> browser.all("#number-rows tr").size() == 2);
        browser.screenshot("pasted-own");
        browser.await("its address", () -> browser.driver.getCurrentUrl().contains("lr=0.5"));
        browser.open(browser.driver.getCurrentUrl());
        browser.await("a curve", () -> !browser.all("#number-rows tr").isEmpty());
        awaitRate(0, 0.5);
        browser.find("#rows .line button").click();
        browser.await("the line's", () -> value("#lr").equals("0.0001, 0.002"));
        awaitRate(0, 0.0001);
        // Without the line the run is as it was.
        browser.find("[data-do=remove]").click();
        browser.await("a new page's", () -> value("#lr").equals("0.1"));
        assertTrue(browser.find("[name=optimizer][value=sgd]").isSelected());
        awaitRate(0, 0.1);
    }

    @Test
    void theRateOfACardGivesWayToAnOptimizersLine() {
        openWith("StepLR(30)", "&steps=100");
        browser.find("#open-gallery").click();
        browser.await(
                "the cards",
                () -> browser.all("#gallery .cards button").size()
                        == VocabularyTest.cards().count());
        browser.run("[...document.querySelectorAll('#gallery .cards button')]"
                + ".find(card => card.textContent.includes('Sawtooth')).click()");
        browser.await("its rate", () -> value("#lr").equals("1"));
        String address = browser.driver.getCurrentUrl();
        assertTrue(address.contains("lr=1&auto=1"), address);
        paste("o = SGD(p, lr=0.5)\nStepLR(o, 30)");
        browser.await("the line's", () -> value("#lr").equals("0.5"));
        awaitRate(0, 0.5);
        paste("StepLR(opt, 30)");
        browser.await("the card's", () -> value("#lr").equals("1"));
    }

    @Test
    void twoPiecesHaveTheirOwnOptimizers() {
        open("#e=" + URLEncoder.encode("o = SGD(p, lr=0.5)\nStepLR(o, 3)", StandardCharsets.UTF_8) + "&e="
                + URLEncoder.encode("o = SGD(p, lr=0.25)\nStepLR(o, 3)", StandardCharsets.UTF_8) + "&steps=10");
        browser.await("both", () -> browser.all("#number-rows tr").size() == 2);
        browser.await("the first's rate", () -> value("#lr").equals("0.5"));
        browser.awaitText("#number-rows tr:nth-child(1) .at", "0.5");
        browser.awaitText("#number-rows tr:nth-child(2) .at", "0.25");
    }

    @Test
    void lightningsIntervalSetsWhenTheScheduleIsStepped() {
        openWith(
                "sched = StepLR(opt, 2)\nreturn {'optimizer': opt, 'lr_scheduler': {'scheduler': sched, 'interval': 'epoch'}}",
                "&epochs=6&spe=50");
        browser.await(
                "per epoch", () -> browser.find("[name=step-per][value=epoch]").isSelected());
        browser.await("six steps", () -> browser.all("#number-rows tr").size() == 1);
        awaitRate(2, 0.01);
    }

    @Test
    void oneOfSeveralSchedulesIsPicked() {
        openWith("fast = StepLR(opt, 10)\nslow = StepLR(opt, 50)", "&steps=100");
        browser.await("a curve", () -> !browser.all("#number-rows tr").isEmpty());
        browser.await(
                "the note",
                () -> browser.text("#finding-list")
                        .contains("The last schedule of the text is taken; it also has fast"));
        assertTrue(browser.text("#rows .policy").contains("step_size=50"), browser.text("#rows .policy"));
        assertTrue(browser.text("#finding-list").contains("Pick another"), browser.text("#finding-list"));
        browser.screenshot("pasted-several");
        browser.find("#rows .pick option[value=fast]").click();
        browser.await("the other", () -> browser.text("#rows .policy").contains("step_size=10"));
        browser.await("its address", () -> browser.driver.getCurrentUrl().contains("pick0=fast"));
        browser.open(browser.driver.getCurrentUrl());
        browser.await("the other", () -> browser.text("#rows .policy").contains("step_size=10"));
        paste("StepLR(opt, 30)\n");
        browser.await("what it has not", () -> browser.text("#rows .error").contains("fast"));
        browser.find("#rows .pick option[value='']").click();
        browser.await("no error", () -> browser.text("#rows .error").isEmpty());
        assertFalse(browser.find("#rows .pick").isDisplayed());
        // Members of the one that is meant are none to pick.
        paste(PIECE);
        browser.await("its names", () -> names().size() == 2);
        assertFalse(browser.find("#rows .pick").isDisplayed());
    }

    @Test
    void anErrorInALongTextIsMarkedOnItsLine() {
        openWith("StepLR(30)", "&steps=100");
        String before = "# a comment\n".repeat(30);
        paste(before + "x = 3\ns = StepLR(opt, 30, gama=0.1)");
        browser.await("it is said", () -> browser.text("#rows .error").startsWith("line 32, column 21: "));
        assertEquals("gama", browser.attribute("#rows mark", "textContent"));
        Number height = (Number) browser.run("return document.querySelector('.sheet').clientHeight");
        assertTrue(height.intValue() < 450, () -> height + " px");
        assertEquals(
                0L,
                browser.run(
                        "const area = document.querySelector('#rows textarea'); return area.scrollHeight - area.clientHeight"));
    }

    @Test
    void enterEndsALineOfAProgram() {
        openWith("StepLR(30)", "&steps=100");
        browser.find(AREA)
                .sendKeys(
                        Keys.chord(Keys.CONTROL, "a"),
                        "lr = 0.1",
                        Keys.ENTER,
                        "step = 5",
                        Keys.ENTER,
                        "StepLR(opt, step");
        browser.find(AREA).sendKeys(Keys.ESCAPE, ")");
        browser.await("three lines", () -> value(AREA).equals("lr = 0.1\nstep = 5\nStepLR(opt, step)"));
        awaitRate(5, 0.01);
    }

    @Test
    void slidersAreOfTheArgumentsAfterTheOptimizer() {
        openWith("""
                a = StepLR(opts[0], 30, gamma=(1 - x) * 0.5)
                b = MultiStepLR(self.opt, [int(e * 200) for e in (0.4, 0.6)])
                c = MultiStepLR(opt, (20, 40))
                """, "&steps=100&n0=x&v0=0&pick0=a");
        browser.await("a curve", () -> !browser.all("#number-rows tr").isEmpty());
        browser.run("document.querySelectorAll('#rows details').forEach(details => details.open = true)");
        assertEquals(
                List.of(
                        "StepLR.1.step_size=30",
                        "StepLR.1.gamma=(1 - x) * 0.5",
                        "MultiStepLR.2.milestones.0=20",
                        "MultiStepLR.2.milestones.1=40",
                        "MultiStepLR.1.gamma=0.1",
                        "MultiStepLR.2.gamma=0.1"),
                browser.all("#rows [data-key]").stream()
                        .map(field -> field.getAttribute("data-key") + "="
                                + field.findElement(org.openqa.selenium.By.cssSelector("input[type=text]"))
                                        .getAttribute("value"))
                        .toList());
        assertEquals(0, browser.all("#rows [aria-invalid=true]").size());
        browser.export("json");
        assertEquals(
                "{\"x\":\"0\"}",
                browser.run(
                        "return JSON.stringify(JSON.parse(document.querySelector('#take-text').textContent).schedules[0].set)"));
    }

    @Test
    void theNamesOfSchedulesAreFoundHoweverTheyAreAssigned() {
        open("#e=StepLR(30)");
        assertEquals(
                List.of("self.a", "cfg['b']", "c", "d"),
                browser.run("return import('./text.js').then(({schedules}) => schedules(arguments[0]))", """
                        self.a = optim.lr_scheduler.StepLR(opt, 3)
                        >>> cfg['b'] = StepLR(opt, 3); c: LRScheduler = StepLR(
                            opt, 3)
                        w = LinearLR(opt)
                        \"\"\"not = StepLR(opt, 3)\"\"\"
                        # nor = StepLR(opt, 3)
                        d = SequentialLR(opt, [w, StepLR(opt, 2)], milestones=[3])
                        """));
    }

    @Test
    void looksTheSameInTheDarkAndOnATelephone() {
        browser.prefer("dark");
        openWith(PIECE, "&steps=100&n0=args.epochs&v0=100");
        browser.await("the names", () -> names().size() == 2);
        browser.screenshot("pasted-dark");
        assertEquals("args.lr", browser.attribute("#rows mark", "textContent"));
        give("args.lr", "0.4");
        browser.await("a curve", () -> !browser.all("#number-rows tr").isEmpty());
        browser.size(400, 860);
        browser.await(
                "the chart's new size", () -> browser.find("#chart .uplot").getSize().width <= 400);
        browser.await(
                "no part that is wider",
                () -> Long.valueOf(400).equals(browser.run("return document.documentElement.scrollWidth")));
        browser.run("document.querySelector('.outside').scrollIntoView({block: 'center'})");
        browser.screenshot("pasted-narrow");
        browser.ownSize();
        browser.prefer("light");
        browser.run("localStorage.clear()");
    }
}
