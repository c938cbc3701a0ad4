package org.anneal.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.schedule.OneCycleLR;
import org.anneal.schedule.StepLR;
import org.junit.jupiter.api.Test;

class TextTest {
    private static final Chart TWO =
            Plot.of(new StepLR(30, 0.5), new CosineAnnealingLR(100)).chart();

    @Test
    void isDrawnInAscii() {
        assertEquals("""
                StepLR(step_size=2, gamma=0.5)
                      learning rate
                0.10 +****************
                     |               *
                0.08 +               *
                     |               *
                0.06 +               *
                     |               ****************
                     ++-------+------+-------+------+
                      0       1      2       3      4
                                   step
                """, Plot.of(new StepLR(2, 0.5)).withSteps(4).chart().text(new Terminal(38, 12, false, true)));
    }

    @Test
    void isDrawnInBraille() {
        List<String> lines = Plot.of(new StepLR(2, 0.5))
                .withSteps(4)
                .chart()
                .text(new Terminal(38, 12, false, false))
                .lines()
                .toList();
        assertTrue(lines.get(2).matches("0\\.10 \u2524[\u2801-\u28ff]{15,16}"), lines.get(2));
        assertTrue(lines.get(3).matches(" {5}\u2502 {15}[\u2847\u28b8]"), lines.get(3));
        assertTrue(lines.get(7).matches(" {5}\u2502 {15}[\u2801-\u28ff]{16}"), lines.get(7));
        assertEquals(
                "     \u2514\u252c" + "\u2500".repeat(6) + "\u252c" + "\u2500".repeat(7) + "\u252c" + "\u2500".repeat(7)
                        + "\u252c" + "\u2500".repeat(6) + "\u252c",
                lines.get(8));
    }

    @Test
    void fitsTheTerminal() {
        Chart three = Plot.of(new StepLR(30, 0.5), new CosineAnnealingLR(100), new OneCycleLR(0.1, 100))
                .chart();
        for (boolean ascii : new boolean[] {false, true}) {
            for (int[] size : new int[][] {{80, 24}, {40, 30}, {20, 40}, {200, 60}}) {
                List<String> lines = three.text(new Terminal(size[0], size[1], false, ascii))
                        .lines()
                        .toList();
                assertEquals(size[1] - 1, lines.size(), () -> Arrays.toString(size));
                lines.forEach(line -> assertTrue(line.length() < size[0], line));
            }
        }
        three.text(new Terminal(20, 8, false, false));
    }

    @Test
    void tellsCurvesApartWithoutColours() {
        String braille = TWO.text(new Terminal(80, 24, false, false));
        assertTrue(braille.contains("\nA StepLR(step_size=30, gamma=0.5)\nB CosineAnnealingLR(T_max=100)\n"), braille);
        String curves = braille.substring(0, braille.indexOf("\nA "));
        assertTrue(curves.chars().filter(c -> c == 'A').count() >= 2, braille);
        assertTrue(curves.chars().filter(c -> c == 'B').count() >= 2, braille);
        String ascii = TWO.text(new Terminal(80, 24, false, true));
        assertTrue(ascii.contains("\n* StepLR(step_size=30, gamma=0.5)\n+ CosineAnnealingLR(T_max=100)\n"), ascii);
        assertTrue(ascii.chars().allMatch(c -> c == '\n' || (c >= ' ' && c <= '~')), ascii);
    }

    @Test
    void showsBothOfTwoCurvesThatAreOne() {
        String ascii = Plot.of(new StepLR(1000), new StepLR(2000)).chart().text(new Terminal(60, 20, false, true));
        assertTrue(ascii.contains("*+*+*+*"), ascii);
        String braille = Plot.of(new StepLR(1000), new StepLR(2000)).chart().text(new Terminal(60, 20, false, false));
        String curves = braille.substring(0, braille.indexOf("\nA "));
        assertTrue(curves.contains("A") && curves.contains("B"), braille);
    }

    @Test
    void showsACurveOnOneThatIsDenserThanTheCharacters() {
        Series band = Series.perStep(
                "band", IntStream.range(0, 10_000).mapToDouble(i -> i % 2).toArray());
        Series level = Series.stairs("level", new double[] {0, 10_000}, new double[] {0.5});
        Chart chart = new Chart("", "step", List.of(new Panel("rate", List.of(band, level))));
        String ascii = chart.text(new Terminal(60, 20, false, true));
        assertTrue(ascii.lines().anyMatch(line -> line.matches(".*[|+][+]{54}")), ascii);
        assertEquals(
                11, ascii.lines().filter(line -> line.contains("*".repeat(53))).count(), ascii);
        String braille = chart.text(new Terminal(60, 20, false, false));
        assertTrue(braille.lines().anyMatch(line -> line.matches(".*[\u2502\u2524][\u2801-\u28feB]{54}")), braille);
    }

    @Test
    void hasNoCodesUnlessItMayHaveColours() {
        assertFalse(TWO.text(new Terminal(80, 24, false, false)).contains("\u001b"));
        String colours = TWO.text(new Terminal(80, 24, true, false));
        assertTrue(colours.contains("\u001b[38;5;32mA\u001b[0m StepLR"), colours);
        assertEquals(TWO.text(new Terminal(80, 24, false, false)), colours.replaceAll("\u001b\\[[0-9;]*m", ""));
    }

    @Test
    void losesNoSpikeOfAMillionSteps() {
        double[] rates = new double[1_000_000];
        Arrays.fill(rates, 0.1);
        rates[613_577] = 1;
        String text = new Chart("", "step", List.of(new Panel("rate", List.of(Series.perStep("", rates)))))
                .text(new Terminal(80, 24, false, true));
        long high = text.lines().filter(line -> line.contains("*")).count();
        assertTrue(high >= 15, text);
        assertEquals("1.0 +" + " ".repeat(45) + "*", text.lines().toList().get(2), text);
    }

    @Test
    void drawsASpikeOneDotWide() {
        double[] rates = new double[1_000_000];
        Arrays.fill(rates, 0.1);
        rates[613_577] = 1;
        String text = new Chart("", "step", List.of(new Panel("rate", List.of(Series.perStep("", rates)))))
                .text(new Terminal(80, 24, false, false));
        assertEquals(
                15,
                text.lines()
                        .filter(line -> line.matches(".{5} +[\u2847\u28b8]"))
                        .count(),
                text);
    }

    @Test
    void hasNoWayToMoveTheCursor() {
        Series series = Series.perStep("a\u001b[2Jb\u0007", new double[] {1, 2});
        Chart chart = new Chart("t\u001b[1A", "x\r", List.of(new Panel("y\u0008", List.of(series))));
        for (boolean ascii : new boolean[] {false, true}) {
            String text = chart.text(new Terminal(80, 24, false, ascii));
            assertTrue(text.chars().allMatch(c -> c == '\n' || !Character.isISOControl(c)), text);
        }
    }

    @Test
    void drawsWhatHasGapsOrOnePointOrNothing() {
        Terminal terminal = new Terminal(40, 16, false, true);
        for (boolean log : new boolean[] {false, true}) {
            for (Series series : List.of(
                    Series.perStep("", new double[] {Double.NaN}),
                    Series.perStep("", new double[] {1, Double.NaN, 1e300, 0}),
                    Series.line("", new double[] {3}, new double[] {0.5}))) {
                String text = new Chart("", "step", List.of(new Panel("rate", log, List.of(series)))).text(terminal);
                assertEquals(15, text.lines().count(), text);
            }
        }
    }

    @Test
    void refusesATerminalThatIsTooSmall() {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> new Terminal(19, 24, false, false));
        assertEquals("size must be from 20x8 to 1000x1000 characters, but was 19x24", e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> new Terminal(80, 7, false, false));
        assertThrows(IllegalArgumentException.class, () -> new Terminal(1001, 24, false, false));
    }
}
