package org.anneal.plot;

import java.awt.AWTError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.anneal.checkpoint.AtomicFile;

/**
 * A picture of curves: panels one under the other with a common horizontal axis, and a legend below. Immutable.
 *
 * <p>The same chart gives the same SVG everywhere, and the same PNG on the same JDK. It needs no font and no display; a
 * program that runs where {@code DISPLAY} is set, but not to be used, sets {@code java.awt.headless} to {@code true}.
 *
 * @param title what stands above, broken into at most two lines
 * @param xLabel what the horizontal axis shows
 * @param panels from top to bottom, at least one
 * @param size of the picture; if there is none, 960 wide (a PNG has two pixels to each) and as high as it takes
 */
public record Chart(String title, String xLabel, List<Panel> panels, Optional<Size> size) {
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

    /** A chart that is as large as it takes. */
    public Chart(String title, String xLabel, List<Panel> panels) {
        this(title, xLabel, panels, Optional.empty());
    }

    /** {@return this in another size} */
    public Chart withSize(Size size) {
        return new Chart(title, xLabel, panels, Optional.of(size));
    }

    /**
     * {@return the picture as a PNG file's bytes}
     *
     * @throws IOException if this Java cannot draw
     * @throws IllegalArgumentException if the size leaves the panels no room
     */
    public byte[] png() throws IOException {
        return png(() -> {});
    }

    /**
     * {@return the picture as {@link #png()} gives it, but for what {@code look} throws}
     *
     * @param look called before each curve, and so several times a second: an exception of it ends the drawing
     * @throws IOException if this Java cannot draw
     * @throws IllegalArgumentException if the size leaves the panels no room
     */
    public byte[] png(Runnable look) throws IOException {
        return drawn(Drawing::png, look);
    }

    /**
     * {@return the picture as an SVG file's bytes} Its text is drawn as outlines, so that it looks the same everywhere; the
     * title and the legend are in it as text too, for those who do not see it.
     *
     * @throws IOException if this Java cannot draw
     * @throws IllegalArgumentException if the size leaves the panels no room
     */
    public byte[] svg() throws IOException {
        return svg(() -> {});
    }

    /**
     * {@return the picture as {@link #svg()} gives it, but for what {@code look} throws}
     *
     * @param look called before each curve, and so several times a second: an exception of it ends the drawing
     * @throws IOException if this Java cannot draw
     * @throws IllegalArgumentException if the size leaves the panels no room
     */
    public byte[] svg(Runnable look) throws IOException {
        return drawn(Drawing::svg, look);
    }

    /** {@return the chart drawn with characters, as lines each with its end; its own size is not looked at} */
    public String text(Terminal terminal) {
        return new TextDrawing(this, terminal).draw();
    }

    /** What a drawing makes of itself. */
    @FunctionalInterface
    private interface Form {
        byte[] of(Drawing drawing) throws IOException;
    }

    private byte[] drawn(Form form, Runnable look) throws IOException {
        try {
            return form.of(new Drawing(this, look));
        } catch (LinkageError | AWTError e) {
            throw new IOException(
                    "this Java cannot draw; start it with -Djava.awt.headless=true, and let its native libraries be whole"
                            + " (Debian: apt-get install --reinstall openjdk-17-jre-headless): " + e.getMessage(),
                    e);
        }
    }

    /**
     * Writes the picture. It appears at once: it is written beside and then renamed, so a reader never sees half a
     * picture, and an older one stays as it was if this fails.
     *
     * @param file in a folder that exists; its name ends in {@code .png} or {@code .svg}, in any case, and so says which it is
     * @throws IOException if it cannot be drawn or written; the message names the file and the reason
     * @throws IllegalArgumentException if the name ends otherwise, or the size leaves the panels no room
     */
    public void save(Path file) throws IOException {
        String name = file.toString().toLowerCase(Locale.ROOT);
        if (!name.endsWith(".png") && !name.endsWith(".svg")) {
            throw new IllegalArgumentException("file must end in .png or .svg, but was " + file);
        }
        byte[] bytes = name.endsWith(".svg") ? svg() : png();
        AtomicFile.write(file, channel -> {
            ByteBuffer left = ByteBuffer.wrap(bytes);
            while (left.hasRemaining()) {
                channel.write(left);
            }
        });
    }
}
