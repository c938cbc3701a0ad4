package org.anneal.plot;

import java.awt.AWTError;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.anneal.checkpoint.AtomicFile;

/**
 * A picture of curves: panels one under the other with a common horizontal axis, and a legend below. Immutable.
 *
 * <p>The same chart gives the same bytes on the same JDK. It needs no font and no display; a program that runs where
 * {@code DISPLAY} is set, but not to be used, sets {@code java.awt.headless} to {@code true}.
 *
 * @param title what stands above, broken into at most two lines
 * @param xLabel what the horizontal axis shows
 * @param panels from top to bottom, at least one
 */
public record Chart(String title, String xLabel, List<Panel> panels) {
    /**
     * @throws IllegalArgumentException if there is no panel, or a panel without series
     */
    public Chart {
        panels = List.copyOf(panels);
        if (panels.isEmpty()) {
            throw new IllegalArgumentException("panels must have at least 1 panel, but has none");
        }
        for (Panel panel : panels) {
            if (panel.series().isEmpty()) {
                throw new IllegalArgumentException(
                        "panel '" + panel.yLabel() + "' must have at least 1 series, but has none");
            }
        }
    }

    /**
     * {@return the picture as a PNG file's bytes}
     *
     * @throws IOException if this Java cannot draw
     */
    public byte[] png() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            BufferedImage image = new Drawing(this).image();
            // Not ImageIO.write to the stream itself: that would cache in a file of the temporary folder.
            try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
                if (!ImageIO.write(image, "png", out)) {
                    throw new IOException("this Java has no PNG writer");
                }
            }
        } catch (LinkageError | AWTError e) {
            throw new IOException(
                    "this Java cannot draw; start it with -Djava.awt.headless=true, and let its native libraries be whole"
                            + " (Debian: apt-get install --reinstall openjdk-17-jre-headless): " + e.getMessage(),
                    e);
        }
        return bytes.toByteArray();
    }

    /**
     * Writes the picture. It appears at once: it is written beside and then renamed, so a reader never sees half a
     * picture, and an older one stays as it was if this fails.
     *
     * @param png the file, in a folder that exists
     * @throws IOException if it cannot be drawn or written; the message names the file and the reason
     */
    public void save(Path png) throws IOException {
        byte[] bytes = png();
        AtomicFile.write(png, file -> {
            ByteBuffer left = ByteBuffer.wrap(bytes);
            while (left.hasRemaining()) {
                file.write(left);
            }
        });
    }
}
