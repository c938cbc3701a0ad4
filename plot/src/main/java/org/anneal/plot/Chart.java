package org.anneal.plot;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A picture of curves: panels stacked over a common horizontal axis, and a legend below. Immutable.
 *
 * <p>The same chart gives the same SVG everywhere, and the same PNG on the same JDK. It needs no font and no display; where
 * {@code DISPLAY} is set but must not be used, set {@code java.awt.headless} to {@code true}.
 *
 * @param title the text above the panels, in at most two lines
 * @param xLabel what the horizontal axis shows
 * @param panels from top to bottom, at least one
 * @param size the picture's size; if empty, 960 units wide (two PNG pixels each) and as high as needed
 * @param logX whether the horizontal axis is logarithmic
 */
public record Chart(String title, String xLabel, List<Panel> panels, Optional<Size> size, boolean logX) {
    /**
     * @throws IllegalArgumentException if there is no panel, or a panel without series, or an x that is not above 0 on a logarithmic axis
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
            for (Series series : panel.series()) {
                if (logX && !(series.firstX() > 0)) {
                    throw new IllegalArgumentException("x of series '" + series.label()
                            + "' must be > 0 on a logarithmic axis, but x[0] was " + series.firstX());
                }
            }
        }
    }

    /** A chart of the default size. */
    public Chart(String title, String xLabel, List<Panel> panels) {
        this(title, xLabel, panels, Optional.empty());
    }

    /** A chart with a linear horizontal axis. */
    public Chart(String title, String xLabel, List<Panel> panels, Optional<Size> size) {
        this(title, xLabel, panels, size, false);
    }

    /** {@return this chart with a logarithmic horizontal axis, or a linear one} */
    public Chart withLogX(boolean logX) {
        return new Chart(title, xLabel, panels, size, logX);
    }

    /** {@return a place on the horizontal axis: x, or on a logarithmic axis its logarithm to base 10} */
    double across(double x) {
        return logX ? Math.log10(x) : x;
    }

    /** {@return this chart in another size} */
    public Chart withSize(Size size) {
        return new Chart(title, xLabel, panels, Optional.of(size), logX);
    }

    /**
     * {@return the picture as a PNG file's bytes}
     *
     * @throws IOException if this Java cannot draw
     * @throws IllegalArgumentException if the size leaves no room for the panels
     */
    public byte[] png() throws IOException {
        return png(() -> {});
    }

    /**
     * {@return the picture as a PNG file's bytes, as {@link #png()} does; {@code look} may end the drawing by an exception}
     *
     * @param look called before each curve, several times a second; what it throws, this throws
     * @throws IOException if this Java cannot draw
     * @throws IllegalArgumentException if the size leaves no room for the panels
     */
    public byte[] png(Runnable look) throws IOException {
        return Picture.drawn(() -> new Drawing(this, look).png());
    }

    /**
     * {@return the picture as an SVG file's bytes} Its text is drawn as outlines, so that it looks the same everywhere; title
     * and legend are also there as text, for screen readers.
     *
     * @throws IOException if this Java cannot draw
     * @throws IllegalArgumentException if the size leaves no room for the panels
     */
    public byte[] svg() throws IOException {
        return svg(() -> {});
    }

    /**
     * {@return the picture as an SVG file's bytes, as {@link #svg()} does; {@code look} may end the drawing by an exception}
     *
     * @param look called before each curve, several times a second; what it throws, this throws
     * @throws IOException if this Java cannot draw
     * @throws IllegalArgumentException if the size leaves no room for the panels
     */
    public byte[] svg(Runnable look) throws IOException {
        return Picture.drawn(() -> new Drawing(this, look).svg());
    }

    /** {@return the chart drawn with characters, as lines with their line ends; its {@code size} is ignored} */
    public String text(Terminal terminal) {
        return new TextDrawing(this, terminal).draw();
    }

    /**
     * Writes the picture atomically. If this fails, an older picture in its place stays as it was.
     *
     * @param file the file to write; its name must end in {@code .png} or {@code .svg}, which is the format, and its folder must exist
     * @throws IOException if it cannot be drawn or written; the message names the file and the reason
     * @throws IllegalArgumentException if the name ends otherwise, or the size leaves the panels no room
     */
    public void save(Path file) throws IOException {
        Picture.save(file, this::png, this::svg);
    }
}
