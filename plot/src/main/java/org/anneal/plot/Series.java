package org.anneal.plot;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * One curve: a line through points, or stairs. A value that is not finite, or whose magnitude is above 1e300, leaves a gap. So
 * does one that is not positive on a logarithmic axis, and the legend says so. Immutable.
 */
public final class Series {
    private static final double LARGEST = 1e300;
    private static final double SMALLEST_POSITIVE = 1e-300;
    private static final int MOST_MARKED_POINTS = 60;

    private final String label;
    private final double[] x;
    private final double[] y;
    private final boolean stairs;
    private final boolean faint;
    private final boolean dotted;
    private final Optional<Integer> colour;
    private final Optional<Ring> ring;

    /**
     * A point that stands out.
     *
     * @param point its index
     * @param note what to say of it
     */
    private record Ring(int point, String note) {}

    private Series(Series of, boolean faint, boolean dotted, Optional<Integer> colour, Optional<Ring> ring) {
        this.label = of.label;
        this.x = of.x;
        this.y = of.y;
        this.stairs = of.stairs;
        this.faint = faint;
        this.dotted = dotted;
        this.colour = colour;
        this.ring = ring;
    }

    private Series(String label, double[] x, double[] y, boolean stairs) {
        if (y.length == 0) {
            throw new IllegalArgumentException("series '" + label + "' must have at least 1 value, but has none");
        }
        int needed = stairs ? y.length + 1 : y.length;
        if (x.length != needed) {
            throw new IllegalArgumentException(
                    "series '" + label + "' must have " + needed + " x for " + y.length + " y, but has " + x.length);
        }
        this.label = label;
        this.x = x;
        this.y = y;
        this.stairs = stairs;
        this.faint = false;
        this.dotted = false;
        this.colour = Optional.empty();
        this.ring = Optional.empty();
        double before = -LARGEST;
        for (int i = 0; i < this.x.length; i++) {
            double here = this.x[i];
            if (!(here >= before && here <= LARGEST)) {
                throw new IllegalArgumentException("x of series '" + label
                        + "' must be finite and must not decrease, but x[" + i + "] was " + here);
            }
            before = here;
        }
    }

    /**
     * {@return a line through the points (x[i], y[i])} If there are at most 60, they are marked; a point without neighbours is
     * always marked.
     *
     * @param label the text in the legend
     * @param x finite, not decreasing
     * @param y one per x
     * @throws IllegalArgumentException if there is no point, the lengths differ, or x is not finite or decreases
     */
    public static Series line(String label, double[] x, double[] y) {
        return new Series(label, x.clone(), y.clone(), false);
    }

    /**
     * {@return stairs: values[i] holds from edges[i] to edges[i + 1], with a vertical step between}
     *
     * @param label the text in the legend
     * @param edges finite, not decreasing, one more than values
     * @param values at least one
     * @throws IllegalArgumentException if there is no value, the lengths do not fit, or the edges are not finite or decrease
     */
    public static Series stairs(String label, double[] edges, double[] values) {
        return new Series(label, edges.clone(), values.clone(), true);
    }

    /** Does as {@link #stairs}, without copying the arrays, which may have millions of values and must not change any more. */
    static Series ownStairs(String label, double[] edges, double[] values) {
        return new Series(label, edges, values, true);
    }

    /**
     * {@return stairs over the steps of a run: values[i] holds from i to i + 1}
     *
     * @param label the text in the legend
     * @param values the rate of each step, at least one
     * @throws IllegalArgumentException if there is no value
     */
    public static Series perStep(String label, double[] values) {
        double[] edges = new double[values.length + 1];
        for (int i = 0; i < edges.length; i++) {
            edges[i] = i;
        }
        return new Series(label, edges, values.clone(), true);
    }

    /** {@return this curve, drawn thin and pale behind the others: the losses behind their mean} */
    public Series faint() {
        return new Series(this, true, dotted, colour, ring);
    }

    /** {@return this curve, dotted, if it is {@link #coloured}} */
    public Series dotted() {
        return new Series(this, faint, true, colour, ring);
    }

    /**
     * {@return this curve in a colour that others may share, such as those of one run, and named at its end, beside the panel, in
     * place of the legend} It is dashed if it is faint. If it is faint or dotted, and its colour is that of another curve in its
     * panel, its label, which it may share, is explained once, beside the name of the axis.
     *
     * @param colour the number of the colour, from 0; from the thirteenth on they repeat, dashed
     * @throws IllegalArgumentException if {@code colour} is below 0
     */
    public Series coloured(int colour) {
        if (colour < 0) {
            throw new IllegalArgumentException("colour must be at least 0, but was " + colour);
        }
        return new Series(this, faint, dotted, Optional.of(colour), ring);
    }

    /**
     * {@return this curve with a ring around one of its points, and what to say of it behind the label at its end, if it is
     * {@link #coloured}}
     *
     * @param x of the point
     * @throws IllegalArgumentException if there is no point at {@code x}
     */
    public Series ringed(double x, String note) {
        int point = IntStream.range(0, y.length)
                .filter(i -> this.x[i] == x)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "x must be that of a point of series '" + label + "', but was " + x));
        return new Series(this, faint, dotted, colour, Optional.of(new Ring(point, note)));
    }

    boolean isFaint() {
        return faint;
    }

    /** {@return whether it has a colour of its own, and is neither faint nor dotted} */
    boolean isStrong() {
        return colour.isPresent() && !faint && !dotted;
    }

    boolean isDotted() {
        return dotted;
    }

    /** {@return its own colour, if it has one} */
    Optional<Integer> colour() {
        return colour;
    }

    /** {@return the text in the legend, or at the curve's end} */
    public String label() {
        return label;
    }

    /** {@return what is said of the point in a ring, at the curve's end behind its label; empty if there is none} */
    public String note() {
        return ring.map(Ring::note).orElse("");
    }

    /** {@return the point in the ring as {x, height}, if it can be shown} */
    Optional<double[]> ringed(Chart chart, boolean log) {
        return ring.map(Ring::point)
                .filter(point -> !Double.isNaN(height(point, log)))
                .map(point -> new double[] {chart.across(x[point]), height(point, log)});
    }

    double firstX() {
        return x[0];
    }

    double lastX() {
        return x[x.length - 1];
    }

    boolean marksEveryPoint() {
        return !stairs && !faint && y.length <= MOST_MARKED_POINTS;
    }

    boolean hasZeroOrLess() {
        return Arrays.stream(y).anyMatch(value -> value <= 0);
    }

    /** {@return the value as a height on the axis (its logarithm to base 10, if log), NaN for a gap} */
    private double height(int i, boolean log) {
        double value = y[i];
        if (log) {
            return value >= SMALLEST_POSITIVE && value <= LARGEST ? Math.log10(value) : Double.NaN;
        }
        return Math.abs(value) <= LARGEST ? value : Double.NaN;
    }

    /** {@return the corners to join, no more than a picture with {@code columns} columns can show} */
    Polyline polyline(Chart chart, boolean log, int columns) {
        int corners = stairs ? 2 * y.length : y.length;
        Polyline line = new Polyline(corners, stairs, columns, chart.across(firstX()), chart.across(lastX()));
        for (int i = 0; i < y.length; i++) {
            double height = height(i, log);
            line.add(chart.across(x[i]), height);
            if (stairs) {
                line.add(chart.across(x[i + 1]), height);
            }
        }
        return line.finish();
    }
}
