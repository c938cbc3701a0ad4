package org.anneal.plot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.anneal.plot.Scatter.Horizontal;
import org.anneal.plot.Scatter.Point;
import org.anneal.plot.Scatter.Scale;
import org.anneal.plot.Scatter.Vertical;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class ScatterTest {
    private static final Vertical LOSS =
            new Vertical("loss", false, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);
    private static final Horizontal RATE = new Horizontal("lr", Scale.LINEAR);
    private static final String BLUE = "rgb(0,114,178)";
    private static final String VERMILLION = "rgb(213,94,0)";

    @TempDir
    Path folder;

    private static Point point(String group, double x, double y) {
        return new Point(group, x, y, List.of(), false, false, "");
    }

    private static Scatter scatter(Vertical vertical, Horizontal horizontal, Point... points) {
        return new Scatter(
                "A sweep",
                vertical,
                List.of(new Scatter.Panel(horizontal, List.of(points), List.of())),
                "stopped early",
                "diverged");
    }

    private static Document parse(Scatter scatter) throws Exception {
        return DocumentBuilderFactory.newDefaultNSInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(scatter.svg()));
    }

    /** {@return the filled circles of a colour as {x, y, radius, opacity}, the legend's too} */
    private static List<double[]> circles(Document svg, String colour) {
        NodeList all = svg.getElementsByTagName("circle");
        List<double[]> circles = new ArrayList<>();
        for (int i = 0; i < all.getLength(); i++) {
            Element circle = (Element) all.item(i);
            if (inherited(circle, "fill").equals(colour)) {
                circles.add(Stream.of("cx", "cy", "r", "fill-opacity")
                        .mapToDouble(name -> Double.parseDouble(inherited(circle, name)))
                        .toArray());
            }
        }
        return circles;
    }

    /** {@return the paths of a colour: triangles at edges, and texts} */
    private static List<String> paths(Document svg, String colour) {
        NodeList all = svg.getElementsByTagName("path");
        return IntStream.range(0, all.getLength())
                .mapToObj(i -> (Element) all.item(i))
                .filter(path -> inherited(path, "fill").equals(colour))
                .map(path -> path.getAttribute("d"))
                .toList();
    }

    /** {@return the places of the grid's lines, {@code x} or {@code y}, in order} */
    private static double[] grid(Document svg, String axis) {
        NodeList all = svg.getElementsByTagName("line");
        return IntStream.range(0, all.getLength())
                .mapToObj(i -> (Element) all.item(i))
                .filter(line -> inherited(line, "stroke").equals("rgb(230,230,230)"))
                .filter(line -> line.getAttribute(axis + 1).equals(line.getAttribute(axis + 2)))
                .mapToDouble(line -> Double.parseDouble(line.getAttribute(axis + 1)))
                .sorted()
                .toArray();
    }

    private static String inherited(Element element, String name) {
        for (org.w3c.dom.Node node = element; node instanceof Element at; node = node.getParentNode()) {
            if (at.hasAttribute(name)) {
                return at.getAttribute(name);
            }
        }
        return "";
    }

    private static String about(Document svg) {
        return svg.getElementsByTagName("desc").item(0).getTextContent();
    }

    @Test
    void aPointIsWhereItsValuesAreOnTheAxes() throws Exception {
        Document svg = parse(scatter(LOSS, RATE, point("a", 1, 1), point("b", 2, 2), point("b", 3, 3)));
        double[] x = grid(svg, "x");
        double[] y = grid(svg, "y"); // of 3.0 down to 0.0, as the least loss is close to 0
        assertEquals(3, x.length);
        assertEquals(7, y.length);
        assertArrayEquals(
                new double[] {x[0], y[4], 3.6, 0.88}, circles(svg, BLUE).get(0), 0.01);
        assertArrayEquals(
                new double[] {x[1], y[2], 3.6, 0.88}, circles(svg, VERMILLION).get(0), 0.01);
        assertArrayEquals(
                new double[] {x[2], y[0], 3.6, 0.88}, circles(svg, VERMILLION).get(1), 0.01);
        assertEquals("loss over lr: a; b", about(svg));
    }

    @Test
    void logarithmicAxesPutEqualRatiosAtEqualDistances() throws Exception {
        Vertical log = new Vertical("loss", true, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);
        List<double[]> points = circles(
                parse(scatter(
                        log,
                        new Horizontal("lr", Scale.LOG),
                        point("", 1e-4, 100),
                        point("", 1e-3, 1),
                        point("", 1e-2, 0.01),
                        point("", 1e-2, 0),
                        point("", 1e-2, -1),
                        point("", 1e-2, Double.NaN))),
                BLUE);
        assertEquals(3, points.size(), "0 and less, and NaN, are nowhere on the axis");
        assertEquals(points.get(1)[0] - points.get(0)[0], points.get(2)[0] - points.get(1)[0], 0.02);
        assertEquals(points.get(1)[1] - points.get(0)[1], points.get(2)[1] - points.get(1)[1], 0.02);
    }

    @Test
    void pointsOfOneNameAreSpreadAroundItAndDoNotReachTheNext() throws Exception {
        Horizontal names = new Horizontal("optimizer", Scale.NAMES, List.of("SGD", "Adam", "a < b"));
        Point[] points = IntStream.range(0, 300)
                .mapToObj(i -> point(i % 3 == 0 ? "a" : "b", i % 3, 1 + i % 7))
                .toArray(Point[]::new);
        Document svg = parse(scatter(LOSS, names, points));
        double[] x = grid(svg, "x");
        assertEquals(3, x.length);
        List<double[]> first = circles(svg, BLUE);
        first.remove(first.size() - 1); // the legend's
        assertEquals(100, first.size());
        double apart = x[1] - x[0];
        for (double[] each : first) {
            assertTrue(Math.abs(each[0] - x[0]) < 0.34 * apart, () -> each[0] + " of " + x[0]);
        }
        assertEquals(100, first.stream().mapToDouble(each -> each[0]).distinct().count(), "no two at one place");
        Document alone = parse(scatter(LOSS, names, point("", 2, 1)));
        assertEquals(grid(alone, "x")[2], circles(alone, BLUE).get(0)[0], 0.01);
    }

    @Test
    void aValueBeyondALimitIsATriangleAtTheEdgeAndTheOthersKeepTheirRange() throws Exception {
        Vertical limited = new Vertical("loss", false, Double.NEGATIVE_INFINITY, 10);
        Document svg = parse(scatter(
                limited,
                RATE,
                point("", 1, 1),
                point("", 2, 2),
                point("", 3, 1e30),
                point("", 4, Double.POSITIVE_INFINITY)));
        List<double[]> points = circles(svg, BLUE);
        assertEquals(2, points.size());
        double[] y = grid(svg, "y");
        assertEquals(12, y.length, "from 1.0 to 2.1");
        assertEquals(y[11], points.get(0)[1], 0.01);
        assertEquals(y[1], points.get(1)[1], 0.01);
        List<String> triangles = paths(svg, BLUE);
        assertEquals(2, triangles.size());
        double[] x = grid(svg, "x");
        for (int i = 0; i < 2; i++) {
            double[] corner = Stream.of(triangles
                            .get(i)
                            .replaceAll("^M|[LZ].*$", "")
                            .strip()
                            .split(" "))
                    .mapToDouble(Double::parseDouble)
                    .toArray();
            assertEquals(x[x.length - 2 + i] - 4, corner[0], 0.02);
            assertTrue(corner[1] < y[1], "above all that has a value");
        }
        assertEquals("loss over lr: diverged", about(svg));
        Document nothing = parse(scatter(limited, RATE, point("", 1, Double.NEGATIVE_INFINITY)));
        assertEquals(0, grid(nothing, "y").length, "there is no value to read");
        assertEquals(1, paths(nothing, BLUE).size());
    }

    @Test
    void theBestIsInARingAndAPalePointIsFainter() throws Exception {
        Document svg = parse(scatter(
                LOSS,
                RATE,
                new Point("", 1, 1, List.of(), false, true, ""),
                new Point("", 2, 2, List.of(), true, false, "")));
        List<double[]> points = circles(svg, BLUE);
        assertEquals(0.29, points.get(0)[3], "pale ones are behind");
        double[] best = points.get(1);
        List<double[]> rings = circles(svg, "none");
        assertArrayEquals(new double[] {best[0], best[1]}, new double[] {rings.get(0)[0], rings.get(0)[1]}, 0);
        assertTrue(rings.get(0)[2] > best[2] + 2);
        assertEquals("loss over lr: best; stopped early", about(svg));
    }

    @Test
    void whatAValueIsTheMeanOfIsALineFromTheLeastToTheGreatest() throws Exception {
        Document svg =
                parse(scatter(LOSS, RATE, new Point("", 1, 2, List.of(1.0, 3.0, Double.NaN, 2.0), false, false, "")));
        double[] y = grid(svg, "y");
        NodeList lines = svg.getElementsByTagName("line");
        Element line = IntStream.range(0, lines.getLength())
                .mapToObj(i -> (Element) lines.item(i))
                .filter(each -> inherited(each, "stroke").equals(BLUE))
                .findFirst()
                .orElseThrow();
        assertEquals(y[0], Double.parseDouble(line.getAttribute("y1")), 0.01, "3.0");
        assertEquals(y[4], Double.parseDouble(line.getAttribute("y2")), 0.01, "1.0");
    }

    @Test
    void theFrontIsStairsThatHoldEachValueUpToTheNext() throws Exception {
        Point cheap = new Point("", 1, 3, List.of(), false, false, "#4");
        Point dear = new Point("", 2, 1, List.of(), false, false, "#7");
        Document svg = parse(new Scatter(
                "", LOSS, List.of(new Scatter.Panel(RATE, List.of(cheap, dear), List.of(cheap, dear))), "", ""));
        NodeList paths = svg.getElementsByTagName("path");
        String stairs = IntStream.range(0, paths.getLength())
                .mapToObj(i -> (Element) paths.item(i))
                .filter(path -> path.getAttribute("fill").equals("none"))
                .map(path -> path.getAttribute("d"))
                .findFirst()
                .orElseThrow();
        double[] y = grid(svg, "y");
        double[] x = {circles(svg, BLUE).get(0)[0], circles(svg, BLUE).get(1)[0]};
        double[] corners = Stream.of(stairs.replaceAll("[ML]", " ").strip().split("\\s+"))
                .mapToDouble(Double::parseDouble)
                .toArray();
        assertArrayEquals(new double[] {x[0], y[0], x[1], y[0], x[1], y[4], 942, y[4]}, corners, 0.02);
        // Two labels, in the ink of the axes' names: that of the axis below, and those of the points.
        assertEquals(3, paths(svg, "rgb(34,34,34)").size());
        assertEquals("loss", svg.getElementsByTagName("title").item(0).getTextContent());
    }

    @Test
    void panelsAreUpToThreeInARowOverOneVerticalAxis() throws Exception {
        for (int[] each : new int[][] {{1, 1, 1}, {2, 2, 1}, {3, 3, 1}, {4, 2, 2}, {5, 3, 2}, {7, 3, 3}}) {
            List<Scatter.Panel> panels = IntStream.range(0, each[0])
                    .mapToObj(i -> new Scatter.Panel(RATE, List.of(point("", 1, 1)), List.of()))
                    .toList();
            List<double[]> points = circles(parse(new Scatter("", LOSS, panels, "", "")), BLUE);
            assertEquals(each[0], points.size());
            assertEquals(
                    each[1], points.stream().mapToDouble(p -> p[0]).distinct().count(), "beside one another");
            assertEquals(
                    each[2], points.stream().mapToDouble(p -> p[1]).distinct().count(), "below one another");
        }
    }

    @Test
    void everyGroupHasALookOfItsOwnUpTo48() throws Exception {
        Point[] points =
                IntStream.range(0, 60).mapToObj(i -> point("group " + i, i, 1)).toArray(Point[]::new);
        Document svg = parse(scatter(LOSS, RATE, points));
        assertEquals(2 + 1, circles(svg, BLUE).size(), "groups 0 and 48, and the first in the legend");
        // Groups 12 to 23, also in the legend; and the ground.
        assertEquals(12 + 12 + 1, svg.getElementsByTagName("rect").getLength());
        assertTrue(about(svg).endsWith("group 39; and 20 more"), about(svg));
    }

    @Test
    void tenThousandPointsAreAFileOfModestSize() throws Exception {
        Random random = new Random(1);
        Point[] points = IntStream.range(0, 10_000)
                .mapToObj(i -> new Point("", 1, Math.abs(random.nextGaussian()), List.of(0.0, 1.0), false, false, ""))
                .toArray(Point[]::new);
        byte[] svg = scatter(LOSS, RATE, points).svg();
        assertTrue(svg.length < 100_000, () -> svg.length + " bytes: points at one place are drawn once");
    }

    @Test
    void isSavedInTheFormatOfItsName() throws IOException {
        Scatter scatter = scatter(LOSS, RATE, point("", 1, 1));
        scatter.save(folder.resolve("a.svg"));
        assertArrayEquals(scatter.svg(), Files.readAllBytes(folder.resolve("a.svg")));
        scatter.save(folder.resolve("a.PNG"));
        BufferedImage image = ImageIO.read(folder.resolve("a.PNG").toFile());
        assertEquals(1920, image.getWidth());
        long blue = IntStream.range(0, image.getWidth() * image.getHeight())
                .map(i -> image.getRGB(i % image.getWidth(), i / image.getWidth()))
                .filter(pixel -> (pixel & 0xff) - (pixel >> 16 & 0xff) > 100)
                .count();
        assertEquals(Math.PI * 7.2 * 7.2, (double) blue, 25, "the point's area in pixels, but for its rim");
        assertMessage("file must end in .png or .svg, but was a.pdf", () -> scatter.save(Path.of("a.pdf")));
    }

    @Test
    void whatCannotBeDrawnIsRefusedWithTheRule() {
        assertMessage(
                "x must be finite, but was Infinity",
                () -> scatter(LOSS, RATE, point("", Double.POSITIVE_INFINITY, 1)));
        assertMessage(
                "x must be finite and > 0 on a logarithmic axis, but was 0.0",
                () -> scatter(LOSS, new Horizontal("lr", Scale.LOG), point("", 0, 1)));
        Horizontal names = new Horizontal("optimizer", Scale.NAMES, List.of("SGD"));
        for (double x : new double[] {-1, 0.5, 1, Double.NaN}) {
            assertMessage(
                    "x must be the index of one of 1 names, but was " + x, () -> scatter(LOSS, names, point("", x, 1)));
        }
        assertMessage(
                "names must be given for a scale of names, and for no other, but were [] for NAMES",
                () -> new Horizontal("optimizer", Scale.NAMES));
        assertMessage(
                "names must be given for a scale of names, and for no other, but were [SGD] for LOG",
                () -> new Horizontal("optimizer", Scale.LOG, List.of("SGD")));
        assertMessage("low must be below high, but was 1.0 with 1.0", () -> new Vertical("loss", false, 1, 1));
        assertMessage(
                "x of front must not decrease, but was 1.0 after 2.0",
                () -> new Scatter.Panel(RATE, List.of(), List.of(point("", 2, 1), point("", 1, 1))));
        assertMessage(
                "panels must have at least 1 panel, but has none", () -> new Scatter("", LOSS, List.of(), "", ""));
    }

    private static void assertMessage(String message, org.junit.jupiter.api.function.Executable call) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
    }
}
