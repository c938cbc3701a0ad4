package org.anneal.plot;

import java.util.List;

/**
 * One of a chart's coordinate systems: its vertical axis and its curves. Immutable.
 *
 * @param yLabel what the vertical axis shows, with its unit
 * @param log whether the vertical axis is logarithmic
 * @param series the curves, the first at the bottom; a curve so dense that it would hide others goes behind them
 */
public record Panel(String yLabel, boolean log, List<Series> series) {
    public Panel {
        series = List.copyOf(series);
    }

    /** A panel with a linear axis. */
    public Panel(String yLabel, List<Series> series) {
        this(yLabel, false, series);
    }
}
