package org.anneal.plot;

import java.awt.AWTError;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.anneal.checkpoint.AtomicFile;

/** A picture that is laid out: how it looks, and the files that it becomes. */
abstract class Picture {
    static final double PNG_SCALE = 2;
    static final double BORDER = 18;
    static final double TITLE_SIZE = 16;
    static final double TEXT_SIZE = 12;
    static final double LINE_HEIGHT = 1.4;
    static final int TITLE_LINES = 2;
    static final Color INK = new Color(0x22, 0x22, 0x22);
    static final Color QUIET_INK = new Color(0x55, 0x55, 0x55);
    static final Color GRID = new Color(0xe6, 0xe6, 0xe6);
    static final Color AXIS = new Color(0x99, 0x99, 0x99);
    /** Okabe and Ito's palette for colour-blind readers, without its yellow, which is hard to see on white. */
    static final List<Color> COLOURS = List.of(
            new Color(0x00, 0x72, 0xb2),
            new Color(0xd5, 0x5e, 0x00),
            new Color(0x00, 0x9e, 0x73),
            new Color(0xcc, 0x79, 0xa7),
            new Color(0xe6, 0x9f, 0x00),
            new Color(0x56, 0xb4, 0xe9),
            new Color(0x00, 0x00, 0x00),
            // As the pages go on.
            new Color(0x8a, 0x12, 0x22),
            new Color(0x7f, 0x3f, 0xf2),
            new Color(0x2e, 0x6b, 0x00),
            new Color(0xe3, 0x12, 0x9b),
            new Color(0x2f, 0x1f, 0x9e));

    /** Makes the bytes of a file. */
    @FunctionalInterface
    interface Maker {
        byte[] make() throws IOException;
    }

    /** {@return its width in units} */
    abstract double width();

    /** {@return its height in units} */
    abstract double height();

    /** {@return units of an SVG per unit} */
    abstract double scale();

    /** {@return pixels of a PNG per unit} */
    abstract double pixels();

    /** {@return its title, for screen readers} */
    abstract String title();

    /** {@return what it shows, for screen readers} */
    abstract String about();

    /** Draws it on a white ground. */
    abstract void draw(Graphics2D g);

    byte[] png() throws IOException {
        BufferedImage image = new BufferedImage(
                (int) Math.round(width() * pixels()),
                (int) Math.round(height() * pixels()),
                BufferedImage.TYPE_INT_RGB);
        Graphics2D g = image.createGraphics();
        try {
            g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
            g.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
            g.scale(pixels(), pixels());
            draw(g);
        } finally {
            g.dispose();
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        // Not ImageIO.write to the stream: that would cache in a temporary file.
        try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
            if (!ImageIO.write(image, "png", out)) {
                throw new IOException("this Java has no PNG writer");
            }
        }
        return bytes.toByteArray();
    }

    byte[] svg() throws IOException {
        SvgFile file = new SvgFile(width(), height(), scale());
        draw(file.graphics());
        return file.bytes(title(), about());
    }

    /** {@return what {@code maker} makes, or the reason why this Java cannot draw as an {@link IOException}} */
    static byte[] drawn(Maker maker) throws IOException {
        try {
            return maker.make();
        } catch (LinkageError | AWTError e) {
            throw new IOException(
                    "this Java cannot draw: start it with -Djava.awt.headless=true, and reinstall its native libraries"
                            + " (Debian: apt-get install --reinstall openjdk-17-jre-headless): " + e.getMessage(),
                    e);
        }
    }

    /** Writes a picture atomically, in the format that the file's name ends in. */
    static void save(Path file, Maker png, Maker svg) throws IOException {
        String name = file.toString().toLowerCase(Locale.ROOT);
        if (!name.endsWith(".png") && !name.endsWith(".svg")) {
            throw new IllegalArgumentException("file must end in .png or .svg, but was " + file);
        }
        AtomicFile.write(file, name.endsWith(".svg") ? svg.make() : png.make());
    }

    static double width(String text) {
        return Outlines.width(text, TEXT_SIZE);
    }

    /** {@return the text on one line no wider than {@code room}} */
    static String oneLine(String text, double room) {
        return Wrapping.wrap(text, Picture::width, room, 1).get(0);
    }

    /** {@return the lines of a title; none if it is blank} */
    static List<String> titleLines(String title, double width) {
        return title.isBlank()
                ? List.of()
                : Wrapping.wrap(title, text -> Outlines.width(text, TITLE_SIZE), width - 2 * BORDER, TITLE_LINES);
    }

    static void drawTitle(Graphics2D g, List<String> title) {
        double base = BORDER + TITLE_SIZE;
        for (String line : title) {
            text(g, INK, line, TITLE_SIZE, BORDER, base);
            base += TITLE_SIZE * LINE_HEIGHT;
        }
    }

    static void text(Graphics2D g, Color colour, String text, double size, double x, double y) {
        g.setPaint(colour);
        g.fill(Outlines.shape(text, size, x, y));
    }

    static Color translucent(Color colour, int alpha) {
        return new Color(colour.getRed(), colour.getGreen(), colour.getBlue(), alpha);
    }
}
