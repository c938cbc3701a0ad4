package org.anneal.plot;

import java.util.List;
import java.util.Objects;

/**
 * One of a chart's coordinate systems: its vertical axis and its curves. Immutable.
 *
 * @param yLabel what the vertical axis shows, with its unit
 * @param log whether the vertical axis is logarithmic
 * @param series the curves, the first at the bottom; a curve that is faint, or so dense that it would hide others, goes behind them
 * @param marks points that are marked, with their labels beside them; one that the axes do not reach is left out
 */
public record Panel(String yLabel, boolean log, List<Series> series, List<Mark> marks) {
    /**
     * A marked point.
     *
     * @param label the text beside it
     */
    public record Mark(String label, double x, double y) {
        public Mark {
            Objects.requireNonNull(label, "label");
        }
    }

    public Panel {
        series = List.copyOf(series);
        marks = List.copyOf(marks);
    }

    /** A panel without marks. */
    public Panel(String yLabel, boolean log, List<Series> series) {
        this(yLabel, log, series, List.of());
    }

    /** {@return whether a curve is told apart from a strong one of its colour beside the axis's name, and not named at its end} */
    boolean isExplained(Series curve) {
        return curve.colour().isPresent()
                && !curve.isStrong()
                && series.stream()
                        .anyMatch(each -> each.isStrong() && each.colour().equals(curve.colour()));
    }

    /** A panel with a linear axis. */
    public Panel(String yLabel, List<Series> series) {
        this(yLabel, false, series);
    }
}
