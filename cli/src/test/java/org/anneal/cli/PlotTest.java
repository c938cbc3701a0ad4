package org.anneal.cli;

import static org.anneal.cli.Ran.assertFails;
import static org.anneal.cli.Ran.lines;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.anneal.plot.Plot;
import org.anneal.plot.Terminal;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.StepLR;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlotTest {
    @TempDir
    Path folder;

    @Test
    void writesAPng() throws IOException {
        Path picture = folder.resolve("curve.png");
        assertEquals(List.of("Wrote " + picture), lines("plot", "StepLR(30)", "-o", picture.toString()));
        byte[] bytes = Files.readAllBytes(picture);
        assertEquals("89504e470d0a1a0a", HexFormat.of().formatHex(bytes, 0, 8));
        BufferedImage image = ImageIO.read(picture.toFile());
        assertTrue(image.getWidth() > 300 && image.getHeight() > 200, image.toString());
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(picture), files.toList());
        }
    }

    @Test
    void drawsWhatItIsAskedToDraw() throws IOException {
        byte[] one = draw("StepLR(30)");
        assertArrayEquals(one, draw("StepLR(step_size=30)"), "the same schedule, the same picture");
        for (byte[] other : List.of(
                draw("StepLR(20)"),
                draw("StepLR(30)", "ExponentialLR(0.9)"),
                draw("StepLR(30)", "--log"),
                draw("StepLR(30)", "--lr", "0.2"),
                draw("StepLR(30)", "--lr", "0.1,0.2"),
                draw("StepLR(30)", "--steps", "1"))) {
            assertFalse(Arrays.equals(one, other));
        }
        assertArrayEquals(
                draw("StepLR(6)", "--steps", "12"),
                draw(
                        "StepLR(2ep)",
                        "--epochs",
                        "4",
                        "--steps-per-epoch",
                        "3",
                        "--step-per",
                        "batch",
                        "--x-axis",
                        "steps"));
    }

    @Test
    void writesAnSvg() throws IOException {
        Path picture = folder.resolve("curve.svg");
        assertEquals(
                List.of("Wrote " + picture),
                lines("plot", "StepLR(30)", "--lr=1", "--steps=60", "-o", picture.toString()));
        assertArrayEquals(
                Plot.of(new StepLR(30)).withLr(1).withSteps(60).chart().svg(), Files.readAllBytes(picture));
    }

    @Test
    void takesAFilesEndingInAnyCase() throws IOException {
        Path svg = folder.resolve("curve.SVG");
        lines("plot", "StepLR(30)", "-o", svg.toString());
        assertArrayEquals(Plot.of(new StepLR(30)).chart().svg(), Files.readAllBytes(svg));
    }

    @Test
    void drawsThePictureThatIsAskedFor() throws IOException {
        byte[] one = draw("OneCycleLR(0.1, 100)");
        for (byte[] other : List.of(
                draw("OneCycleLR(0.1, 100)", "--no-momentum-panel"),
                draw("OneCycleLR(0.1, 100)", "--title=mine"),
                draw("OneCycleLR(0.1, 100)", "--adam"),
                draw("OneCycleLR(0.1, 100)", "--size=600x500"))) {
            assertFalse(Arrays.equals(one, other));
        }
        assertArrayEquals(one, draw("OneCycleLR(0.1, 100)", "--momentum-panel"));
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(draw("StepLR(30)", "--size=1200x700")));
        assertEquals(1200, image.getWidth());
        assertEquals(700, image.getHeight());
        String[] run = {"StepLR(2ep)", "--epochs=4", "--steps-per-epoch=3", "--step-per=batch"};
        byte[] epochs = draw(run);
        assertArrayEquals(epochs, draw(with(run, "--x-axis=epochs")));
        assertFalse(Arrays.equals(epochs, draw(with(run, "--x-axis=STEPS"))));
    }

    @Test
    void drawsAPlateauWithItsMetrics() throws IOException {
        Path metrics = Files.writeString(folder.resolve("metrics"), "1\n".repeat(99));
        assertArrayEquals(
                Plot.of(new ReduceLROnPlateau(), new StepLR(30))
                        .withMetric(step -> 1)
                        .chart()
                        .png(),
                draw("ReduceLROnPlateau()", "StepLR(30)", "--metrics", metrics.toString()));
    }

    @Test
    void drawsAPlateauWithoutMetricsBeforeItReduces() throws IOException {
        Plot plot = Plot.of(new ReduceLROnPlateau(), new StepLR(30).times(new ReduceLROnPlateau()))
                .withUnreducedPlateaus();
        assertArrayEquals(
                plot.chart().png(), draw("ReduceLROnPlateau()", "ChainedScheduler([StepLR(30), ReduceLROnPlateau()])"));
        List<String> drawn = lines("plot", "ReduceLROnPlateau()", "--size=100x20");
        assertTrue(
                drawn.stream().anyMatch(line -> line.contains("ReduceLROnPlateau(), before the plateau reduces it")),
                drawn::toString);
    }

    @Test
    void drawsWhatThereIsOfAScheduleThatEndsInTheTerminalAndSaysWhy() throws IOException {
        Path picture = folder.resolve("ends.svg");
        Ran ran = Ran.anneal("plot", "LambdaLR(lambda e: 1 / (11 - e))", "--steps=20", "-o", picture.toString());
        assertEquals(1, ran.code());
        assertEquals(
                "anneal plot: lambda e: 1 / (11 - e) failed at step 11: division by zero",
                ran.err().strip());
        assertEquals("", ran.out());
        assertFalse(Files.exists(picture));
        Ran text = Ran.anneal("plot", "OneCycleLR(0.1, 10)", "StepLR(3)", "--steps=20");
        assertEquals(1, text.code());
        assertEquals(1, text.err().lines().count(), text::toString);
        assertTrue(text.err().contains("ends with step 10"), text::toString);
        assertTrue(text.out().contains("StepLR(step_size=3, gamma=0.1)"), text.out());
    }

    @Test
    void countsPartsOfTheStepsOfARun() throws IOException {
        assertArrayEquals(draw("StepLR(5)", "--steps=50"), draw("StepLR(10%)", "--steps=50"));
    }

    @Test
    void drawsInTheTerminalWithoutAFile() throws IOException {
        List<String> braille = lines("plot", "StepLR(30)", "CosineAnnealingLR(100)");
        assertEquals(23, braille.size());
        assertEquals("A StepLR(step_size=30, gamma=0.1)", braille.get(21));
        assertTrue(braille.stream().allMatch(line -> line.length() < 80 && !line.contains("\u001b")));
        assertTrue(braille.get(1).contains("\u28c0"), braille.get(1));
        List<String> ascii = lines("plot", "StepLR(30)", "--ascii", "--size=50x16");
        assertEquals(15, ascii.size());
        assertTrue(ascii.stream().allMatch(line -> line.length() < 50 && line.matches("[ -~]*")));
    }

    @Test
    void fitsTheTerminalAndItsColours() {
        PictureOptions command = new PictureOptions();
        Map<String, String> xterm = Map.of("TERM", "xterm-256color");
        assertEquals(new Terminal(80, 24, false, false), command.terminal(Optional.empty(), xterm));
        assertEquals(new Terminal(100, 30, true, false), command.terminal(Optional.of("30 100"), xterm));
        assertEquals(new Terminal(20, 8, true, false), command.terminal(Optional.of("1 1"), xterm));
        assertEquals(new Terminal(160, 40, true, false), command.terminal(Optional.of("200 500"), xterm));
        assertEquals(new Terminal(80, 24, true, false), command.terminal(Optional.of("0 0"), xterm));
        assertEquals(new Terminal(80, 24, true, false), command.terminal(Optional.of("stty: what?"), xterm));
        assertEquals(
                new Terminal(80, 24, false, false),
                command.terminal(Optional.of("24 80"), Map.of("NO_COLOR", "1", "TERM", "xterm")));
        assertEquals(new Terminal(80, 24, true, false), command.terminal(Optional.of("24 80"), Map.of("NO_COLOR", "")));
        assertEquals(
                new Terminal(80, 24, false, false), command.terminal(Optional.of("24 80"), Map.of("TERM", "dumb")));
    }

    private static String[] with(String[] arguments, String another) {
        return Stream.concat(Stream.of(arguments), Stream.of(another)).toArray(String[]::new);
    }

    private byte[] draw(String... arguments) throws IOException {
        Path picture = folder.resolve("drawn.png");
        Files.deleteIfExists(picture);
        lines(Stream.concat(Stream.of("plot", "--output", picture.toString()), Stream.of(arguments))
                .toArray(String[]::new));
        return Files.readAllBytes(picture);
    }

    @Test
    void refusesWhatItCannotDraw() throws IOException {
        String picture = folder.resolve("curve.png").toString();
        assertFails(
                2,
                "anneal plot: --output must end in .png or .svg, but was curve.gif",
                "plot",
                "StepLR(30)",
                "-o",
                "curve.gif");
        assertFails(
                2, "anneal plot: Missing required parameter: 'EXPR' (see anneal plot --help)", "plot", "-o", picture);
        assertFails(
                2,
                "anneal plot: --ascii is only for the terminal: leave it out with --output",
                "plot",
                "StepLR(30)",
                "--ascii",
                "-o",
                picture);
        assertFails(
                2,
                "anneal plot: --x-axis must be steps unless --epochs and --steps-per-epoch are given, but was epochs",
                "plot",
                "StepLR(30)",
                "--x-axis=epochs");
        assertFails(
                2,
                "anneal plot: --size must be WIDTHxHEIGHT in pixels, such as 1200x700, but was 'large'",
                "plot",
                "StepLR(30)",
                "--size=large",
                "-o",
                picture);
        assertFails(
                2,
                "anneal plot: --size must be from 200x150 to 8000x8000 pixels, but was 100x30",
                "plot",
                "StepLR(30)",
                "--size=100x30",
                "-o",
                picture);
        assertFails(
                2,
                "anneal plot: --size must be COLUMNSxROWS in the terminal, such as 100x30, but was '100'",
                "plot",
                "StepLR(30)",
                "--size=100");
        assertFails(
                2,
                "anneal plot: --size must be from 20x8 to 1000x1000 characters, but was 10x30",
                "plot",
                "StepLR(30)",
                "--size=10x30");
        for (String steps : new String[] {"0", "-1", "10000001"}) {
            assertFails(
                    2,
                    "anneal plot: --steps must be at " + (steps.length() > 2 ? "most 10000000" : "least 1")
                            + ", but was " + steps,
                    "plot",
                    "StepLR(30)",
                    "-o",
                    picture,
                    "--steps=" + steps);
        }
        assertTrue(Ran.anneal("plot", "StepLR(30)", "StepLR(0)", "-o", picture)
                .err()
                .startsWith("anneal plot: EXPR 2, "));
        assertFalse(Files.exists(Path.of(picture)));
    }

    @Test
    void saysWhyAPictureCannotBeWritten() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "precious");
        assertFails(
                1,
                "anneal plot: cannot write " + folder.resolve("no/curve.png") + ": there is no folder "
                        + folder.resolve("no"),
                "plot",
                "StepLR(30)",
                "-o",
                folder.resolve("no/curve.png").toString());
        assertFails(
                1,
                "anneal plot: cannot write " + file.resolve("curve.png") + ": Not a directory",
                "plot",
                "StepLR(30)",
                "-o",
                file.resolve("curve.png").toString());
        assertFails(
                1,
                "anneal plot: the rate must be finite, but ExponentialLR(gamma=1e+200) makes it Infinity at step 2 for"
                        + " group '0'",
                "plot",
                "ExponentialLR(1e200)",
                "-o",
                folder.resolve("curve.png").toString());
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList());
        }
    }
}
