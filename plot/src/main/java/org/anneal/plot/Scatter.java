package org.anneal.plot;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * A picture of points: panels beside and below one another, each with a horizontal axis of its own over a common vertical one, and a
 * legend below. Immutable. What {@link Chart} says of fonts, displays and equal files is true of it, too.
 *
 * @param title the text above the panels, in at most two lines
 * @param vertical the vertical axis of all panels
 * @param panels from left to right and from top to bottom, at least one; up to three are beside one another
 * @param pale what it means that a point is pale, for the legend
 * @param beyond what it means that a point is at an edge, for the legend
 */
public record Scatter(String title, Vertical vertical, List<Panel> panels, String pale, String beyond) {

    /**
     * The vertical axis.
     *
     * @param label what it shows
     * @param log whether it is logarithmic
     * @param low a point below this is drawn as a triangle at the lower edge; -infinity if there is no limit
     * @param high a point above this is drawn as a triangle at the upper edge; infinity if there is no limit
     */
    public record Vertical(String label, boolean log, double low, double high) {
        public Vertical {
            Objects.requireNonNull(label, "label");
            if (!(low < high)) {
                throw new IllegalArgumentException("low must be below high, but was " + low + " with " + high);
            }
        }
    }

    /** How the values of a horizontal axis are laid out. */
    public enum Scale {
        LINEAR,
        LOG,
        /** One after another: a point's x is the index of its name. */
        NAMES
    }

    /**
     * A horizontal axis.
     *
     * @param label what it shows
     * @param names of a scale of names, from left to right
     */
    public record Horizontal(String label, Scale scale, List<String> names) {
        public Horizontal {
            Objects.requireNonNull(label, "label");
            Objects.requireNonNull(scale, "scale");
            names = List.copyOf(names);
            if ((scale == Scale.NAMES) == names.isEmpty()) {
                throw new IllegalArgumentException(
                        "names must be given for a scale of names, and for no other, but were " + names + " for "
                                + scale);
            }
        }

        /** An axis of numbers. */
        public Horizontal(String label, Scale scale) {
            this(label, scale, List.of());
        }
    }

    /**
     * A point.
     *
     * @param group which points it belongs to, by their name in the legend; they share a colour and a shape
     * @param x finite, above 0 on a logarithmic axis, and an index on one of names
     * @param y infinite for a point at an edge; one that is NaN, or not above 0 on a logarithmic axis, is not drawn
     * @param parts that {@code y} is the mean of, drawn faintly as a line from the least to the greatest; may be empty
     * @param pale whether it is drawn more weakly than others
     * @param ringed whether it stands out in a ring
     * @param label the text beside it, as far as there is room for it; may be empty
     */
    public record Point(
            String group, double x, double y, List<Double> parts, boolean pale, boolean ringed, String label) {
        public Point {
            Objects.requireNonNull(group, "group");
            parts = List.copyOf(parts);
            Objects.requireNonNull(label, "label");
        }
    }

    /**
     * One coordinate system.
     *
     * @param points any number
     * @param front points that stairs lead along, from left to right: the height of each holds up to the next; may be empty
     */
    public record Panel(Horizontal horizontal, List<Point> points, List<Point> front) {
        /** @throws IllegalArgumentException if the axis cannot show a point's x, or those of {@code front} decrease */
        public Panel {
            Objects.requireNonNull(horizontal, "horizontal");
            points = List.copyOf(points);
            front = List.copyOf(front);
            for (Point point : points) {
                check(horizontal, point);
            }
            double before = Double.NEGATIVE_INFINITY;
            for (Point point : front) {
                check(horizontal, point);
                if (point.x() < before) {
                    throw new IllegalArgumentException(
                            "x of front must not decrease, but was " + point.x() + " after " + before);
                }
                before = point.x();
            }
        }

        private static void check(Horizontal horizontal, Point point) {
            double x = point.x();
            String rule = switch (horizontal.scale()) {
                case LINEAR -> Double.isFinite(x) ? "" : "finite";
                case LOG -> x > 0 && Double.isFinite(x) ? "" : "finite and > 0 on a logarithmic axis";
                case NAMES ->
                    x == Math.rint(x) && x >= 0 && x < horizontal.names().size()
                            ? ""
                            : "the index of one of " + horizontal.names().size() + " names";
            };
            if (!rule.isEmpty()) {
                throw new IllegalArgumentException("x must be " + rule + ", but was " + x);
            }
        }
    }

    /** @throws IllegalArgumentException if there is no panel */
    public Scatter {
        Objects.requireNonNull(title, "title");
        Objects.requireNonNull(vertical, "vertical");
        panels = List.copyOf(panels);
        Objects.requireNonNull(pale, "pale");
        Objects.requireNonNull(beyond, "beyond");
        if (panels.isEmpty()) {
            throw new IllegalArgumentException("panels must have at least 1 panel, but has none");
        }
    }

    /**
     * {@return the picture as a PNG file's bytes}
     *
     * @throws IOException if this Java cannot draw
     */
    public byte[] png() throws IOException {
        return Picture.drawn(() -> new ScatterDrawing(this).png());
    }

    /**
     * {@return the picture as an SVG file's bytes} Its text is drawn as outlines; the title, the axes' names and the legend are also
     * there as text, for screen readers.
     *
     * @throws IOException if this Java cannot draw
     */
    public byte[] svg() throws IOException {
        return Picture.drawn(() -> new ScatterDrawing(this).svg());
    }

    /**
     * Writes the picture atomically. If this fails, an older picture in its place stays as it was.
     *
     * @param file the file to write; its name must end in {@code .png} or {@code .svg}, which is the format, and its folder must exist
     * @throws IOException if it cannot be drawn or written; the message names the file and the reason
     * @throws IllegalArgumentException if the name ends otherwise
     */
    public void save(Path file) throws IOException {
        Picture.save(file, this::png, this::svg);
    }
}
