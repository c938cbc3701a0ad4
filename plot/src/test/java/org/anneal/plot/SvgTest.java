package org.anneal.plot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TimeZone;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

class SvgTest {
    @TempDir
    Path folder;

    private static final Chart CHART = new Chart(
            "A < B & \"C\"",
            "step",
            List.of(
                    new Panel(
                            "learning rate",
                            List.of(
                                    Series.perStep("StepLR(step_size=1)", new double[] {1, 0.5, 0.25}),
                                    Series.perStep("\u03b3 & <\u4e2d>", new double[] {0.5, 0.7, 0.5}))),
                    new Panel(
                            "momentum", List.of(Series.perStep("StepLR(step_size=1)", new double[] {0.9, 0.8, 0.9})))));

    @Test
    void isWellFormedAndSaysWhatItShows() throws Exception {
        Element root = parse(CHART).getDocumentElement();
        assertEquals("svg", root.getLocalName());
        assertEquals("http://www.w3.org/2000/svg", root.getNamespaceURI());
        assertEquals("img", root.getAttribute("role"));
        assertEquals("title", root.getFirstChild().getNodeName());
        assertEquals("A < B & \"C\"", root.getFirstChild().getTextContent());
        assertEquals(
                "learning rate, momentum over step: StepLR(step_size=1); \u03b3 & <\u4e2d>",
                root.getElementsByTagName("desc").item(0).getTextContent());
        assertEquals(
                "learning rate",
                parse(new Chart("", "step", List.of(CHART.panels().get(0))))
                        .getDocumentElement()
                        .getFirstChild()
                        .getTextContent());
    }

    @Test
    void saysThatALogAxisLacksZero() throws Exception {
        Series zero = Series.perStep("zero", new double[] {0, 0});
        Series half = Series.perStep("half", new double[] {1, -1});
        Series above = Series.perStep("above", new double[] {1, Double.NaN});
        Chart log = new Chart("", "step", List.of(new Panel("rate", true, List.of(zero, half, above))));
        assertEquals(
                "rate over step: zero (0 or less is not on a log axis); half (0 or less is not on a log axis); above",
                parse(log).getElementsByTagName("desc").item(0).getTextContent());
        String alone = new Chart("zero", "step", List.of(new Panel("rate", true, List.of(zero))))
                .text(new Terminal(80, 24, false, true));
        assertTrue(alone.endsWith("\n* zero (0 or less is not on a log axis)\n"), alone);
        Chart linear = new Chart("", "step", List.of(new Panel("rate", List.of(zero, half, above))));
        assertFalse(linear.text(new Terminal(80, 24, false, true)).contains("log axis"));
    }

    @Test
    void isWellFormedWhateverTheTextsHold() throws Exception {
        Series series = Series.perStep("\u0000 ]]> \ud800 \uffff", new double[] {1, 2});
        Document document =
                parse(new Chart("\u001b[2J --> \ud83d\ude00", "step", List.of(new Panel("rate", List.of(series)))));
        assertEquals(
                "\ufffd[2J --> \ud83d\ude00",
                document.getDocumentElement().getFirstChild().getTextContent());
        assertEquals(
                "rate over step: \ufffd ]]> \ufffd \ufffd",
                document.getElementsByTagName("desc").item(0).getTextContent());
    }

    @Test
    void needsNoFontAndNothingFromElsewhere() throws Exception {
        Document document = parse(CHART);
        for (String element : new String[] {"text", "image", "script", "style", "use"}) {
            assertEquals(0, document.getElementsByTagName(element).getLength(), element);
        }
        String text = new String(CHART.svg(), StandardCharsets.UTF_8);
        assertFalse(text.contains("DOCTYPE"));
        assertFalse(text.contains("href"));
    }

    @Test
    void isTheSameInEveryLocaleAndZone() throws IOException {
        byte[] svg = CHART.svg();
        Locale locale = Locale.getDefault();
        TimeZone zone = TimeZone.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
            TimeZone.setDefault(TimeZone.getTimeZone("Pacific/Chatham"));
            assertArrayEquals(svg, CHART.svg());
        } finally {
            Locale.setDefault(locale);
            TimeZone.setDefault(zone);
        }
    }

    @Test
    void hasTheSizeItIsGiven() throws Exception {
        Element small = parse(CHART.withSize(new Size(600, 500))).getDocumentElement();
        assertEquals("600", small.getAttribute("width"));
        assertEquals("500", small.getAttribute("height"));
        assertEquals("0 0 600 500", small.getAttribute("viewBox"));
        Element large = parse(CHART.withSize(new Size(1920, 1200))).getDocumentElement();
        assertEquals("1920", large.getAttribute("width"));
        assertEquals("0 0 960 600", large.getAttribute("viewBox"));
    }

    @Test
    void aMillionStepsAreAFileOfModestSize() throws IOException {
        double[] rates = new double[1_000_000];
        Arrays.setAll(rates, i -> 1 + Math.sin(i / 10.0));
        byte[] svg = new Chart("", "step", List.of(new Panel("rate", List.of(Series.perStep("", rates))))).svg();
        assertTrue(svg.length < 500_000, () -> svg.length + " bytes");
    }

    @Test
    void isSavedUnderANameThatSaysSo() throws IOException {
        Path file = folder.resolve("curve.svg");
        CHART.save(file);
        assertArrayEquals(CHART.svg(), Files.readAllBytes(file));
    }

    private static Document parse(Chart chart) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newDefaultNSInstance();
        return factory.newDocumentBuilder().parse(new ByteArrayInputStream(chart.svg()));
    }
}
