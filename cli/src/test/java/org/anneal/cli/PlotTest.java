package org.anneal.cli;

import static org.anneal.cli.Ran.assertFails;
import static org.anneal.cli.Ran.lines;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
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
                draw("StepLR(2ep)", "--epochs", "4", "--steps-per-epoch", "3", "--step-per", "batch"));
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
                "anneal plot: --output must end in .png, but was curve.svg",
                "plot",
                "StepLR(30)",
                "-o",
                "curve.svg");
        assertFails(
                2,
                "anneal plot: Missing required option: '--output=FILE' (see anneal plot --help)",
                "plot",
                "StepLR(30)");
        assertFails(
                2, "anneal plot: Missing required parameter: 'EXPR' (see anneal plot --help)", "plot", "-o", picture);
        Ran plateau = Ran.anneal("plot", "ReduceLROnPlateau()", "-o", picture);
        assertEquals(2, plateau.code());
        assertEquals(1, plateau.err().lines().count());
        assertTrue(
                plateau.err()
                        .strip()
                        .endsWith(
                                "has no curve without metrics: anneal table --metrics FILE prints what it does with some"),
                plateau.err());
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
                .startsWith("anneal plot: EXPR, "));
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
