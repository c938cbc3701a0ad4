package org.anneal.plot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Curves in colours of their own, named at their ends. */
class EndLabelsTest {
    private static final int BLUE = 0x0072b2;
    private static final int VERMILLION = 0xd55e00;
    private static final double[] X = {0, 1, 2};

    private static Series line(String label, double... y) {
        return Series.line(label, X, y);
    }

    private static BufferedImage drawn(Panel... panels) throws IOException {
        return ImageIO.read(new ByteArrayInputStream(new Chart("", "epoch", List.of(panels)).png()));
    }

    private static int count(BufferedImage image, int colour, int fromX, int toX) {
        int count = 0;
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = fromX; x < toX; x++) {
                count += (image.getRGB(x, y) & 0xffffff) == colour ? 1 : 0;
            }
        }
        return count;
    }

    @Test
    void labelsStayWhereTheyAreWantedIfThereIsRoom() {
        assertArrayEquals(new double[] {10, 40, 70}, EndLabels.place(new double[] {10, 40, 70}, 15, 0, 100));
    }

    @Test
    void labelsThatWouldOverlapPartEvenlyAroundTheirMiddle() {
        assertArrayEquals(new double[] {35, 50, 65}, EndLabels.place(new double[] {50, 50, 50}, 15, 0, 100));
        assertArrayEquals(new double[] {0, 15, 30}, EndLabels.place(new double[] {2, 2, 2}, 15, 0, 100));
        assertArrayEquals(new double[] {85, 100}, EndLabels.place(new double[] {99, 100}, 15, 0, 100));
        // Two that part reach a third, and the three share the shift.
        assertArrayEquals(new double[] {40, 50, 60}, EndLabels.place(new double[] {48, 48, 54}, 10, 0, 100), 1e-12);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void noTwoLabelsOverlapWhereverTheyAreWanted(long seed) {
        Random random = new Random(seed);
        for (int count = 1; count <= 10; count++) {
            double[] wanted = random.doubles(count, -20, 120).sorted().toArray();
            double[] places = EndLabels.place(wanted, 10, 0, 100);
            for (int i = 0; i < count; i++) {
                assertTrue(places[i] >= -1e-9 && places[i] <= 100 + 1e-9, () -> "seed " + seed);
                assertTrue(i == 0 || places[i] - places[i - 1] >= 10 - 1e-9, () -> "seed " + seed);
            }
        }
    }

    @Test
    void aColouredCurveIsNamedAtItsEndAndNotInTheLegend() throws IOException {
        Panel legend = new Panel("y", List.of(line("first", 1, 2, 3), line("second", 3, 2, 1)));
        Panel ends = new Panel(
                "y",
                List.of(
                        line("first", 1, 2, 3).coloured(0),
                        line("second", 3, 2, 1).coloured(1)));
        BufferedImage before = drawn(legend);
        BufferedImage after = drawn(ends);
        assertTrue(after.getHeight() < before.getHeight(), "there is no legend");
        // The label is in the colour of its curve, right of both curves.
        int right = after.getWidth() - 130;
        assertTrue(count(after, BLUE, right, after.getWidth()) > 20);
        assertTrue(count(after, VERMILLION, right, after.getWidth()) > 20);
        assertEquals(0, count(before, BLUE, before.getWidth() - 30, before.getWidth()));
    }

    /** {@return the colours of the rows of pixels that have only one, over a quarter of an image} */
    private static Set<Color> solid(BufferedImage image) {
        int from = image.getWidth() / 4;
        return IntStream.range(0, image.getHeight())
                .filter(y -> IntStream.range(from, 2 * from).allMatch(x -> image.getRGB(x, y) == image.getRGB(from, y)))
                .mapToObj(y -> new Color(image.getRGB(from, y)))
                .collect(Collectors.toSet());
    }

    @Test
    void twelveCurvesAreSolidEachInAColourOfItsOwn() throws IOException {
        List<Series> curves = IntStream.range(0, 13)
                .mapToObj(i -> line("run " + i, i, i, i).coloured(i))
                .toList();
        assertEquals(12, Set.copyOf(Picture.COLOURS).size());
        assertTrue(solid(drawn(new Panel("y", curves.subList(0, 12)))).containsAll(Picture.COLOURS));
        BufferedImage thirteenth = drawn(new Panel("y", curves.subList(12, 13)));
        assertTrue(count(thirteenth, BLUE, thirteenth.getWidth() / 4, thirteenth.getWidth() / 2) > 200);
        assertFalse(solid(thirteenth).contains(Picture.COLOURS.get(0)), "it is dashed");
    }

    @Test
    void curvesOfOneColourShareItInAllPanels() throws IOException {
        Panel one = new Panel("a", List.of(line("first", 1, 2, 3).coloured(1)));
        Panel other = new Panel("b", List.of(line("another", 1, 2, 3).coloured(1)));
        BufferedImage image = drawn(one, other);
        assertEquals(0, count(image, BLUE, 0, image.getWidth()));
        assertTrue(count(image, VERMILLION, 0, image.getWidth()) > 2000);
    }

    @Test
    void aCurveUnderAnotherShowsAtItsSides() throws IOException {
        double[] same = {1, 2, 3};
        Series above = line("above", same).coloured(1);
        BufferedImage image = drawn(new Panel("y", List.of(line("below", same).coloured(0), above)));
        // In each column of the curve's middle, both colours.
        for (int x = image.getWidth() / 4; x < image.getWidth() / 5 * 2; x += 50) {
            assertTrue(count(image, BLUE, x, x + 1) >= 2, "below, at " + x);
            assertTrue(count(image, VERMILLION, x, x + 1) >= 2, "above, at " + x);
        }
        BufferedImage crossing =
                drawn(new Panel("y", List.of(line("below", 1, 1, 1).coloured(0), above)));
        int thin = count(crossing, BLUE, crossing.getWidth() / 2, crossing.getWidth() / 2 + 1);
        assertTrue(thin <= 4, "and alone it is as thin as any: " + thin);
    }

    @Test
    void aCurveThatOnlyCrossesAnotherShowsNoSides() throws IOException {
        Series scale = line("scale", 0, 5, 10).coloured(2);
        for (double apart : new double[] {0, 0.02}) {
            Series below = line("below", 7, 7 + apart / 2, 7 + apart).coloured(0);
            Series above = line("above", 7 + apart, 7 + apart / 2, 7).coloured(1);
            BufferedImage image = drawn(new Panel("y", List.of(scale, below, above)));
            int middle = image.getWidth() * 2 / 5; // where the curves are, not their names
            boolean sides = count(image, BLUE, middle, middle + 1) >= 2;
            assertEquals(apart == 0, sides, "apart at the ends by " + apart);
        }
    }

    @Test
    void whatTheFaintCurvesOfSeveralRunsAreIsSaidOnce() throws IOException {
        List<Series> curves = new ArrayList<>();
        for (int run = 0; run < 3; run++) {
            curves.add(line("train", run, run, run).faint().coloured(run));
            curves.add(line("run " + run, run + 0.5, run + 0.5, run + 0.25).coloured(run));
        }
        Panel panel = new Panel("loss", curves);
        assertEquals(
                List.of(true, false, true, false, true, false),
                curves.stream().map(panel::isExplained).toList());
        String svg = new String(new Chart("", "epoch", List.of(panel)).svg(), StandardCharsets.UTF_8);
        assertTrue(svg.contains("run 0; "), "it is said to screen readers, too");
        String text = new Chart("", "epoch", List.of(panel)).text(new Terminal(60, 20, false, false));
        assertTrue(!text.contains("train") && text.contains("A run 0") && text.contains("C run 2"), text);
    }

    @Test
    void aSingleFaintCurveOfItsOwnColourIsNamedAtItsEnd() {
        Series train = line("train", 3, 2, 1).faint().coloured(1);
        Panel panel =
                new Panel("loss", List.of(train, line("validation", 3, 2, 2).coloured(0)));
        assertEquals(false, panel.isExplained(train));
    }

    @Test
    void aPointInARingIsWhiteInside() throws IOException {
        Series plain = line("", 1, 2, 1.5).coloured(0);
        Series ringed = plain.ringed(1, "best 2, epoch 1");
        BufferedImage image = drawn(new Panel("y", List.of(ringed)));
        // The highest point of the curve is the ring's: a hole under its rim.
        int top = IntStream.range(60, image.getHeight())
                .filter(y -> IntStream.range(200, image.getWidth() - 300)
                        .anyMatch(x -> (image.getRGB(x, y) & 0xffffff) == BLUE))
                .findFirst()
                .orElseThrow();
        int middle = IntStream.range(200, image.getWidth() - 300)
                .filter(x -> (image.getRGB(x, top) & 0xffffff) == BLUE)
                .findFirst()
                .orElseThrow();
        assertEquals(Color.WHITE.getRGB(), image.getRGB(middle, top + 9));
        assertThrows(IllegalArgumentException.class, () -> plain.ringed(0.5, ""));
        assertThrows(IllegalArgumentException.class, () -> plain.coloured(-1));
    }

    @Test
    void ofMoreLabelsThanHaveRoomTheRestIsCounted() throws IOException {
        List<Series> many = IntStream.range(0, 200)
                .mapToObj(i -> line("run " + i, i, i, i).coloured(i))
                .toList();
        Chart chart = new Chart("", "epoch", List.of(new Panel("y", many)));
        // As high as with as many as there is room for.
        int height = ImageIO.read(new ByteArrayInputStream(chart.png())).getHeight();
        assertTrue(height < 1200, "height " + height);
        Chart small = new Chart("", "epoch", List.of(new Panel("y", many)), Optional.of(new Size(600, 300)));
        assertTrue(small.png().length > 1000);
    }

    @Test
    void aLongLabelIsShortenedAndItsNoteIsNot() throws IOException {
        String longName = Stream.generate(() -> "long ").limit(60).reduce("", String::concat);
        BufferedImage image =
                drawn(new Panel("y", List.of(line(longName, 1, 2, 3).coloured(0).ringed(2, "best 3, epoch 2"))));
        int half = image.getWidth() / 2;
        assertTrue(
                count(image, BLUE, image.getWidth() / 10, half) > 500, "the curve has more than half of the picture");
    }
}
