package org.anneal.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.RangeResult;
import org.anneal.optim.RangeTest;
import org.anneal.optim.SGD;
import org.junit.jupiter.api.Test;

/** The picture of a range test, and what it adds to charts: a logarithmic horizontal axis, marks, faint curves. */
class RangePlotTest {
    private static final Terminal BRAILLE = new Terminal(100, 30, false, false);
    private static final Terminal ASCII = new Terminal(100, 30, false, true);
    private static final int INK = 0x222222;

    private static RangeTest test() {
        return RangeTest.over(FloatArrays.optimizer(new SGD(0.1), List.of(new FloatArray(1f))));
    }

    private static RangeResult found(DoubleUnaryOperator loss) {
        int[] call = {0};
        return test().smoothing(0).run(() -> loss.applyAsDouble(call[0]++));
    }

    /** Falls from 2 to 1 around update 50, and breaks out from 85 on. */
    private static double valley(double update) {
        return 2 - 1 / (1 + Math.exp((50 - update) / 4)) + (update < 85 ? 0 : Math.pow(update - 84, 9));
    }

    private static Chart marked(boolean logX, double... x) {
        double[] level = IntStream.range(0, x.length).mapToDouble(i -> 1).toArray();
        List<Panel.Mark> marks = IntStream.range(0, x.length)
                .mapToObj(i -> new Panel.Mark("", x[i], 1))
                .toList();
        // A label that the axis says already, so that the only ink is that of the marks.
        return new Chart("", "rate", List.of(new Panel("loss", false, List.of(Series.line("", x, level)), marks)))
                .withLogX(logX);
    }

    /** {@return the columns of a picture's ink as runs of neighbours: their centres} */
    private static List<Double> centres(Chart chart) throws IOException {
        BufferedImage image = Objects.requireNonNull(ImageIO.read(new ByteArrayInputStream(chart.png())));
        TreeSet<Integer> columns = new TreeSet<>();
        for (int x = 0; x < image.getWidth(); x++) {
            for (int y = 0; y < image.getHeight(); y++) {
                if ((image.getRGB(x, y) & 0xffffff) == INK) {
                    columns.add(x);
                }
            }
        }
        return columns.stream()
                .filter(x -> !columns.contains(x - 1))
                .map(first -> {
                    int last = first;
                    while (columns.contains(last + 1)) {
                        last++;
                    }
                    return (first + last) / 2.0;
                })
                .toList();
    }

    @Test
    void placesXByItsLogarithmOnALogarithmicAxis() throws IOException {
        List<Double> centres = centres(marked(true, 1e-4, 1e-3, 1e-1));
        assertEquals(3, centres.size());
        double decade = centres.get(1) - centres.get(0);
        assertEquals(2 * decade, centres.get(2) - centres.get(1), 2, "pixels");
        List<Double> linear = centres(marked(false, 1e-4, 0.05, 0.1));
        assertEquals(linear.get(1) - linear.get(0), linear.get(2) - linear.get(1), 2, "pixels");
    }

    @Test
    void labelsALogarithmicAxisByPowersOfTen() {
        String text = marked(true, 1e-7, 1e-3, 10).text(ASCII);
        assertTrue(text.contains("1e-7        1e-6"), text);
        assertTrue(text.stripTrailing().endsWith("rate"), text);
    }

    @Test
    void refusesAnXThatHasNoLogarithm() {
        for (double x : new double[] {0, -1}) {
            IllegalArgumentException refused =
                    assertThrows(IllegalArgumentException.class, () -> marked(true, x, 1, 2));
            assertEquals("x of series '' must be > 0 on a logarithmic axis, but x[0] was " + x, refused.getMessage());
        }
    }

    @Test
    void leavesOutAMarkThatTheAxesDoNotReach() throws IOException {
        Series line = Series.line("", new double[] {1, 2}, new double[] {1, 2});
        List<Panel.Mark> marks = List.of(
                new Panel.Mark("inside", 1.5, 1.5),
                new Panel.Mark("right", 3, 1.5),
                new Panel.Mark("above", 1.5, 9),
                new Panel.Mark("nowhere", 1.5, Double.NaN));
        Chart chart = new Chart("", "x", List.of(new Panel("y", false, List.of(line), marks)));
        String text = chart.text(ASCII);
        assertTrue(text.contains("inside"), text);
        assertFalse(text.contains("right") || text.contains("above") || text.contains("nowhere"), text);
        assertTrue(chart.png().length > 0);
    }

    @Test
    void drawsAFaintCurveBehindTheOthers() {
        double[] x = IntStream.range(0, 100).asDoubleStream().toArray();
        Series strong = Series.line("strong", x, x);
        Series faint = Series.line("faint", x, x).faint();
        String text = new Chart("", "x", List.of(new Panel("y", List.of(strong, faint)))).text(ASCII);
        String curves = text.substring(0, text.indexOf("* strong"));
        assertTrue(curves.contains("*"), text);
        assertEquals(-1, curves.replaceAll("\\+-+|(?m)^ *\\S* \\+|-\\+", "").indexOf('+'), text);
    }

    @Test
    void marksEachSuggestionWithItsRate() {
        RangeResult found = found(RangePlotTest::valley);
        Chart chart = RangePlot.of(found, "title", "loss", false);
        assertTrue(chart.logX());
        assertEquals("title", chart.title());
        assertEquals("learning rate", chart.xLabel());
        List<Panel.Mark> marks = chart.panels().get(0).marks();
        assertEquals(4, marks.size());
        for (int i = 0; i < 4; i++) {
            RangeResult.Suggestion each = found.suggestions().get(i);
            assertEquals(each.rate(), marks.get(i).x());
            assertEquals(each.loss(), marks.get(i).y());
            assertTrue(
                    marks.get(i).label().startsWith(each.rule() + " "),
                    marks.get(i).label());
        }
        for (Terminal terminal : List.of(BRAILLE, ASCII)) {
            String text = chart.text(terminal);
            marks.forEach(mark -> assertTrue(text.contains(mark.label()), mark + "\n" + text));
        }
        assertTrue(chart.text(ASCII).matches("[ -~\n]*"));
    }

    @Test
    void putsTheMarkOfASuggestionInItsColumn() {
        RangeResult found = found(RangePlotTest::valley);
        RangeResult.Suggestion first = found.suggestions().get(0);
        List<String> rows =
                RangePlot.of(found, "", "loss", false).text(ASCII).lines().toList();
        int left = rows.stream()
                        .filter(row -> row.contains("+--"))
                        .findFirst()
                        .orElseThrow()
                        .indexOf('+')
                + 1;
        int columns = rows.stream()
                        .filter(row -> row.contains("+--"))
                        .findFirst()
                        .orElseThrow()
                        .length()
                - left;
        double last = found.points().get(found.points().size() - 1).rate();
        double part = Math.log(first.rate() / 1e-7) / Math.log(last / 1e-7);
        int expected = left + (int) Math.round(part * (columns - 1));
        assertTrue(
                rows.stream().anyMatch(row -> row.length() > expected && row.charAt(expected) == 'O'),
                expected + "\n" + String.join("\n", rows));
    }

    @Test
    void staysLegibleWhenTheLossBreaksOut() {
        String text =
                RangePlot.of(found(RangePlotTest::valley), "", "loss", false).text(ASCII);
        assertTrue(text.contains("\n1.8 +"), text); // and not millions
    }

    @Test
    void drawsASweepInALineOrFromZeroOnALinearAxis() {
        int[] call = {0};
        RangeResult found = test().linear().from(0).to(1).run(() -> 2 - call[0]++ / 100.0);
        assertFalse(RangePlot.of(found, "", "loss", true).logX());
        assertFalse(RangePlot.of(found, "", "loss", false).logX());
    }

    @Test
    void drawsEveryResultWhateverItsLosses() throws IOException {
        List<DoubleUnaryOperator> losses = List.of(
                i -> 1,
                i -> Double.NaN,
                i -> i == 0 ? 1 : Double.POSITIVE_INFINITY,
                i -> i == 0 ? Double.NEGATIVE_INFINITY : 1,
                i -> Math.pow(10, i * 30),
                i -> -i,
                i -> 1e300 * Math.sin(i));
        for (DoubleUnaryOperator loss : losses) {
            Chart chart = RangePlot.of(found(loss), "", "loss", false);
            assertTrue(chart.png().length > 0);
            assertTrue(chart.svg().length > 0);
            assertFalse(chart.text(BRAILLE).isBlank());
        }
    }
}
