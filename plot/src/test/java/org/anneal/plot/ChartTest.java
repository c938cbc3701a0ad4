package org.anneal.plot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChartTest {
    private static final int BLUE = 0x0072b2;
    private static final int VERMILLION = 0xd55e00;
    private static final int GREEN = 0x009e73;

    @TempDir
    Path folder;

    @Test
    void drawsAStepAsOneExactVertical() throws IOException {
        BufferedImage image = image(chart(Series.perStep("", new double[] {1, 1, 1, 0.2, 0.2, 0.2})));
        int[] columns = columnsOf(image, BLUE, 200);
        // One column in the middle is blue all the way; its neighbours, beyond the line's width of 3.6 pixels, are not.
        assertTrue(columns.length >= 2 && columns.length <= 4, Arrays.toString(columns));
        int middle = columns[0];
        int left = leftmost(image, BLUE);
        int right = rightmost(image, BLUE);
        assertEquals((left + right) / 2.0, middle + 1.5, 2.5);
        // The rate before the step ends where the step is, and nothing is drawn above the second rate behind it.
        int top = topmost(image, BLUE);
        assertEquals(
                0,
                IntStream.range(middle + 6, right)
                        .filter(x -> image.getRGB(x, top + 1) == (BLUE | 0xff000000))
                        .count());
    }

    @Test
    void everyCurveHasItsColour() throws IOException {
        BufferedImage image = image(chart(
                Series.perStep("a", new double[] {1, 1}),
                Series.perStep("b", new double[] {2, 2}),
                Series.perStep("c", new double[] {3, 3})));
        // On top of the legend's sample at the bottom of the picture.
        for (int colour : new int[] {BLUE, VERMILLION, GREEN}) {
            assertTrue(count(image, colour, 0, image.getHeight() * 3 / 4) > 1000, Integer.toHexString(colour));
        }
        assertTrue(topmost(image, GREEN) < topmost(image, VERMILLION));
        assertTrue(topmost(image, VERMILLION) < topmost(image, BLUE));
    }

    @Test
    void aCurveDenserThanThePixelsIsSeenThroughAndBehindTheOthers() throws IOException {
        Series band = Series.perStep(
                "band", IntStream.range(0, 10_000).mapToDouble(i -> i % 2).toArray());
        Series level = Series.stairs("level", new double[] {0, 10_000}, new double[] {0.7});
        for (Chart chart : List.of(chart(level, band), chart(level, band, band))) {
            BufferedImage image = image(chart);
            assertEquals(0, count(image, VERMILLION, 0, image.getHeight()));
            assertTrue(count(image, BLUE, 0, image.getHeight() * 3 / 4) > 3000);
        }
        // The key has a piece of it.
        BufferedImage image = image(chart(level, band));
        int seen = image.getRGB(image.getWidth() / 2 + 30, image.getHeight() / 2 + 10) & 0xffffff;
        assertTrue(count(image, seen, image.getHeight() * 9 / 10, image.getHeight()) > 1000, Integer.toHexString(seen));
        // It hides nothing where it is alone.
        BufferedImage only = image(chart(band));
        assertTrue(count(only, BLUE, 0, only.getHeight()) > 500_000);
    }

    @Test
    void aSpikeOfOneStepInAMillionIsSeen() throws IOException {
        double[] rates = new double[1_000_000];
        Arrays.fill(rates, 0.1);
        rates[613_577] = 1;
        BufferedImage image = image(chart(Series.perStep("spike", rates)));
        int[] columns = columnsOf(image, BLUE, 200);
        assertTrue(columns.length >= 1 && columns.length <= 5, Arrays.toString(columns));
        int left = leftmost(image, BLUE);
        int right = rightmost(image, BLUE);
        assertEquals(0.6135, (columns[0] + 2.0 - left) / (right - left), 0.003);
    }

    @Test
    void valuesThatAreNotFiniteLeaveAGap() throws IOException {
        double[] rates = {1, 1, Double.NaN, Double.POSITIVE_INFINITY, 1, 1};
        BufferedImage image = image(chart(Series.perStep("", rates)));
        int row = topmost(image, BLUE) + 1;
        int left = leftmost(image, BLUE);
        int right = rightmost(image, BLUE);
        assertEquals(BLUE, image.getRGB(left + (right - left) / 6, row) & 0xffffff);
        long inGap = IntStream.range(left + (right - left) * 21 / 60, left + (right - left) * 39 / 60)
                .filter(x -> (image.getRGB(x, row) & 0xffffff) == BLUE)
                .count();
        assertEquals(0, inGap);
    }

    @Test
    void aSpikeBetweenGapsOfAMillionStepsIsSeen() throws IOException {
        double[] rates = new double[1_000_000];
        Arrays.fill(rates, Double.NaN);
        rates[500_000] = 1;
        BufferedImage image = image(chart(Series.line(
                "", IntStream.range(0, rates.length).asDoubleStream().toArray(), rates)));
        assertTrue(count(image, BLUE, 0, image.getHeight() * 3 / 4) > 50);
    }

    @Test
    void onALogAxisZeroAndNegativeRatesLeaveAGap() throws IOException {
        Series rates = Series.perStep("", new double[] {1, 0, -1, 0.01});
        BufferedImage image = image(new Chart("", "step", List.of(new Panel("rate", true, List.of(rates)))));
        assertEquals(0, columnsOf(image, BLUE, 100).length);
        assertTrue(count(image, BLUE, 0, image.getHeight() * 3 / 4) > 500);
    }

    @Test
    void oneLonePointIsAMarker() throws IOException {
        BufferedImage image = image(chart(Series.line("", new double[] {3}, new double[] {0.5})));
        assertTrue(count(image, BLUE, 0, image.getHeight() * 3 / 4) > 50);
    }

    @Test
    void nothingFiniteStillDrawsTheAxes() throws IOException {
        for (boolean log : new boolean[] {false, true}) {
            Series nothing = Series.perStep("", new double[] {Double.NaN});
            image(new Chart("", "step", List.of(new Panel("rate", log, List.of(nothing)))));
        }
    }

    @Test
    void extremeRatesAreDrawn() throws IOException {
        for (boolean log : new boolean[] {false, true}) {
            for (double rate : new double[] {1e-300, 1e-12, 0.1 + 1e-17, 123_456_789, 1e300}) {
                Series series = Series.perStep("", new double[] {rate, rate * 0.999_999, rate / 3});
                BufferedImage image = image(new Chart("", "step", List.of(new Panel("rate", log, List.of(series)))));
                assertTrue(count(image, BLUE, 0, image.getHeight() * 3 / 4) > 1000, log + " " + rate);
            }
        }
    }

    @Test
    void stepsFarOutAreDrawn() throws IOException {
        for (double x : new double[] {-1e299, 1e15, 1e299}) {
            image(chart(Series.line("", new double[] {x, Math.nextUp(x)}, new double[] {1, 2})));
        }
    }

    @Test
    void aCurveLooksTheSameInEveryPanel() throws IOException {
        Series a = Series.perStep("a", new double[] {1, 2});
        Series b = Series.perStep("b", new double[] {2, 1});
        BufferedImage image = image(new Chart(
                "", "step", List.of(new Panel("learning rate", List.of(a, b)), new Panel("momentum", List.of(b)))));
        int lower = image.getHeight() * 6 / 10;
        int legend = image.getHeight() * 9 / 10;
        assertEquals(0, count(image, BLUE, lower, legend));
        assertTrue(count(image, VERMILLION, lower, legend) > 500);
        assertEquals(0, count(image, GREEN, 0, image.getHeight()));
    }

    @Test
    void aTitleThatNamesTheOnlyCurveStandsForTheLegend() throws IOException {
        Panel panel = new Panel("learning rate", List.of(Series.perStep("StepLR", new double[] {1, 2})));
        int said = image(new Chart("StepLR", "step", List.of(panel))).getHeight();
        int twice = image(new Chart("Another title", "step", List.of(panel))).getHeight();
        assertTrue(said < twice, said + " " + twice);
    }

    @Test
    void hasTheSizeItIsGiven() throws IOException {
        Chart chart = chart(Series.perStep("a", new double[] {1, 2}), Series.perStep("b", new double[] {2, 1}));
        for (Size size : List.of(new Size(1200, 700), new Size(300, 200), new Size(3001, 1501), new Size(400, 2000))) {
            BufferedImage image = image(chart.withSize(size));
            assertEquals(size, new Size(image.getWidth(), image.getHeight()));
            assertTrue(count(image, BLUE, 0, image.getHeight()) > 100);
        }
        assertMessage(
                "size must be at least 200x191 to fit the panels above the legend, but was 200x150",
                () -> drawn(chart.withSize(new Size(200, 150))));
        assertMessage("size must be from 200x150 to 8000x8000 pixels, but was 199x150", () -> new Size(199, 150));
        assertMessage("size must be from 200x150 to 8000x8000 pixels, but was 300x8001", () -> Size.parse("300x8001"));
        for (String text : List.of("", "300", "300x", "x300", "300X200", "3e2x200", "-300x200", "99999999999x1")) {
            assertMessage(
                    "size must be WIDTHxHEIGHT in pixels, such as 1200x700, but was '" + text + "'",
                    () -> Size.parse(text));
        }
        assertEquals("1200x700", Size.parse("1200x700").toString());
    }

    @Test
    void everyPanelHasRoomForItsAxis() throws IOException {
        Series series = Series.perStep("a", new double[] {0.05, 0.14});
        Panel panel = new Panel("learning rate", List.of(series));
        Chart chart = new Chart("title", "step", List.of(panel, new Panel("momentum", List.of(series))));
        assertMessage(
                "size must be at least 640x326 to fit the panels above the legend, but was 640x325",
                () -> drawn(chart.withSize(new Size(640, 325))));
        BufferedImage image = image(chart.withSize(new Size(640, 326)));
        // The title, and two labels on each axis.
        int[] ends = IntStream.range(0, image.getHeight())
                .filter(y -> hasInk(image, y) && !hasInk(image, y - 1))
                .toArray();
        assertEquals(5, ends.length, Arrays.toString(ends));
    }

    /** Whether there is text left of the axis. */
    private static boolean hasInk(BufferedImage image, int y) {
        return IntStream.range(18, 40).anyMatch(x -> (image.getRGB(x, y) & 0xff) < 0x90);
    }

    private static void drawn(Chart chart) {
        try {
            chart.png();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void nothingIsCutAtTheEdges() throws IOException {
        double[] million = {0, 1_000_000};
        double[] far = {1e15, Math.nextUp(1e15)};
        double[] negative = {-1e299, 1e299};
        for (double[] x : List.of(million, far, negative, new double[] {99_999.95, 100_000})) {
            for (double[] y : List.of(new double[] {0.1}, new double[] {-1e300}, new double[] {1e9 + 0.5})) {
                for (Size size :
                        List.of(new Size(200, 400), new Size(333, 400), new Size(960, 540), new Size(8000, 400))) {
                    Panel panel = new Panel("rate " + "y".repeat(2000), List.of(Series.stairs("a", x, y)));
                    Chart chart = new Chart("T".repeat(3000), "x".repeat(2000), List.of(panel)).withSize(size);
                    String what = Arrays.toString(x) + Arrays.toString(y) + size;
                    BufferedImage image = image(chart);
                    for (int row = 0; row < image.getHeight(); row++) {
                        assertEquals(-1, image.getRGB(0, row), what);
                        assertEquals(-1, image.getRGB(image.getWidth() - 1, row), what);
                    }
                    double wide = 0;
                    for (double at : xOfPaths(chart)) {
                        assertTrue(at >= 0 && at <= Math.max(960, size.width()), what + " at " + at);
                        wide = Math.max(wide, at);
                    }
                    assertTrue(wide > 100, what);
                }
            }
        }
    }

    /** The horizontal coordinates of an SVG's shapes, in units of its view box, which is no wider than the picture. */
    private static double[] xOfPaths(Chart chart) throws IOException {
        String svg = new String(chart.svg(), StandardCharsets.UTF_8);
        double wide = Double.parseDouble(svg.replaceFirst("(?s).*viewBox=\"0 0 ([0-9.]+) .*", "$1"));
        return Pattern.compile(" d=\"([^\"]*)\"")
                .matcher(svg)
                .results()
                .flatMap(path -> Pattern.compile("(-?[0-9.]+) (-?[0-9.]+)")
                        .matcher(path.group(1))
                        .results())
                .mapToDouble(point -> Double.parseDouble(point.group(1)))
                .map(x -> x > wide ? Double.MAX_VALUE : x)
                .toArray();
    }

    @Test
    void labelsOfAMillionCharactersAreDrawnInFewLines() throws IOException {
        int usual = image(named("title", "a", "b")).getHeight();
        for (String part : List.of("x", "ab ", "StepLR(1),", "\u0301")) {
            String text = part.repeat(1_000_000 / part.length());
            Chart chart = named(text, text + "1", text + "2");
            // A line more for the title, and five more of the legend, below one another.
            assertTrue(image(chart).getHeight() <= usual + 2 * (23 + 5 * 17 + 8), part);
            assertTrue(chart.svg().length > 0);
            for (boolean ascii : new boolean[] {false, true}) {
                List<String> lines =
                        chart.text(new Terminal(80, 24, false, ascii)).lines().toList();
                assertEquals(23, lines.size(), part);
                assertTrue(lines.stream().allMatch(line -> line.length() < 80), part);
            }
        }
    }

    private static Chart named(String title, String first, String second) {
        Series a = Series.perStep(first, new double[] {1, 2});
        Series b = Series.perStep(second, new double[] {2, 1});
        return new Chart(title, "step", List.of(new Panel("rate", List.of(a, b))));
    }

    @Test
    void aLookEndsTheDrawing() throws IOException {
        Chart chart = named("title", "a", "b");
        AtomicInteger looks = new AtomicInteger();
        assertArrayEquals(chart.png(), chart.png(looks::incrementAndGet));
        assertArrayEquals(chart.svg(), chart.svg(() -> {}));
        // Before each curve is put into the legend, made and drawn.
        assertTrue(looks.get() >= 6, () -> looks + " looks");
        for (int last = 1; last <= looks.get(); last++) {
            AtomicInteger left = new AtomicInteger(last);
            Runnable look = () -> {
                if (left.decrementAndGet() == 0) {
                    throw new IllegalStateException("enough");
                }
            };
            assertEquals(
                    "enough",
                    assertThrows(IllegalStateException.class, () -> chart.png(look))
                            .getMessage());
        }
    }

    @Test
    void refusesAFileOfAnotherKind() {
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class,
                () -> chart(Series.perStep("", new double[] {1})).save(folder.resolve("curve.gif")));
        assertEquals("file must end in .png or .svg, but was " + folder.resolve("curve.gif"), e.getMessage());
    }

    @Test
    void theSameChartGivesTheSameBytes() throws IOException {
        Chart chart = chart(Series.perStep("StepLR(step_size=1)", new double[] {1, 0.5}));
        assertArrayEquals(chart.png(), chart.png());
    }

    @Test
    void replacesAnOlderPictureAndLeavesNothingBeside() throws IOException {
        Path png = Files.writeString(folder.resolve("curve.png"), "older");
        Chart chart = chart(Series.perStep("", new double[] {1}));
        chart.save(png);
        assertArrayEquals(chart.png(), Files.readAllBytes(png));
        assertEquals(List.of(png), files(folder));
    }

    @Test
    void keepsTheOlderPictureWhenTheFolderIsReadOnly() throws IOException {
        assumeFalse("root".equals(System.getProperty("user.name")), "skipped: root may write everywhere");
        Path png = Files.writeString(folder.resolve("curve.png"), "older");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("r-xr-xr-x"));
        try {
            IOException e = assertThrows(
                    IOException.class,
                    () -> chart(Series.perStep("", new double[] {1})).save(png));
            assertEquals("cannot write " + png + ": permission denied", e.getMessage());
            assertEquals("older", Files.readString(png));
        } finally {
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
    }

    @Test
    void saysThatTheFolderIsMissing() {
        Path png = folder.resolve("no/curve.png");
        IOException e = assertThrows(
                IOException.class,
                () -> chart(Series.perStep("", new double[] {1})).save(png));
        assertEquals("cannot write " + png + ": there is no folder " + png.getParent(), e.getMessage());
    }

    @Test
    void leavesAFolderInThePicturesPlaceAlone() throws IOException {
        Path png = Files.createDirectory(folder.resolve("curve.png"));
        IOException e = assertThrows(
                IOException.class,
                () -> chart(Series.perStep("", new double[] {1})).save(png));
        assertEquals("cannot write " + png + ": it is a folder", e.getMessage());
        assertEquals(List.of(png), files(folder));
    }

    @Test
    void refusesWhatIsNoCurve() {
        assertMessage("series 'a' must have at least 1 value, but has none", () -> Series.perStep("a", new double[0]));
        assertMessage(
                "series 'a' must have 3 x for 2 y, but has 2",
                () -> Series.stairs("a", new double[] {0, 1}, new double[] {1, 2}));
        assertMessage(
                "x of series 'a' must be finite and must not decrease, but x[1] was NaN",
                () -> Series.line("a", new double[] {0, Double.NaN}, new double[] {1, 2}));
        assertMessage("panels must have at least 1 panel, but has none", () -> new Chart("", "", List.of()));
        assertMessage(
                "panel 'loss' must have at least 1 series, but has none",
                () -> new Chart("", "", List.of(new Panel("loss", List.of()))));
    }

    private static void assertMessage(String message, Runnable bad) {
        assertEquals(
                message, assertThrows(IllegalArgumentException.class, bad::run).getMessage());
    }

    private static Chart chart(Series... series) {
        return new Chart("", "step", List.of(new Panel("learning rate", List.of(series))));
    }

    private static BufferedImage image(Chart chart) throws IOException {
        return ImageIO.read(new ByteArrayInputStream(chart.png()));
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }

    private static long count(BufferedImage image, int colour, int fromY, int toY) {
        return IntStream.range(fromY, toY)
                .mapToLong(y -> IntStream.range(0, image.getWidth())
                        .filter(x -> (image.getRGB(x, y) & 0xffffff) == colour)
                        .count())
                .sum();
    }

    /** The columns with at least so many pixels of a colour. */
    private static int[] columnsOf(BufferedImage image, int colour, int least) {
        return IntStream.range(0, image.getWidth())
                .filter(x -> IntStream.range(0, image.getHeight())
                                .filter(y -> (image.getRGB(x, y) & 0xffffff) == colour)
                                .count()
                        >= least)
                .toArray();
    }

    private static int topmost(BufferedImage image, int colour) {
        return IntStream.range(0, image.getHeight())
                .filter(y -> count(image, colour, y, y + 1) > 0)
                .findFirst()
                .orElseThrow();
    }

    /** Where a colour begins, in the part of the picture above the legend. */
    private static int leftmost(BufferedImage image, int colour) {
        return columnsAbove(image, colour).first();
    }

    private static int rightmost(BufferedImage image, int colour) {
        return columnsAbove(image, colour).last();
    }

    private static SortedSet<Integer> columnsAbove(BufferedImage image, int colour) {
        SortedSet<Integer> columns = new TreeSet<>();
        for (int y = 0; y < image.getHeight() * 3 / 4; y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                if ((image.getRGB(x, y) & 0xffffff) == colour) {
                    columns.add(x);
                }
            }
        }
        return columns;
    }
}
