package org.anneal.plot;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.anneal.plot.Ticks.Tick;
import org.jfree.data.Range;

/**
 * A panel, laid out.
 *
 * @param key how each curve looks
 * @param lines each curve's corners, as heights on the axis
 * @param range of the heights
 */
record Frame(Panel panel, List<Key.Entry> key, List<Polyline> lines, Range range, List<Tick> ticks, double height) {
    /** A range narrower than this part of its values is the rounding error of a constant. */
    private static final double CONSTANT = 1e-9;
    /** A range narrower than this part of its values has too few doubles for ticks. */
    private static final double NOTHING = 1e-12;

    /**
     * Lays out a panel of {@code chart} that is {@code columns} columns wide.
     *
     * @param look called before each curve
     */
    static Frame of(
            Chart chart, Panel panel, List<Key.Entry> key, int columns, double height, int mostTicks, Runnable look) {
        List<Polyline> lines = new ArrayList<>();
        for (Series series : panel.series()) {
            look.run();
            lines.add(series.polyline(chart, panel.log(), columns));
        }
        double[] heights = lines.stream()
                .flatMapToDouble(line -> Arrays.stream(line.corners()[1]))
                .filter(value -> !Double.isNaN(value))
                .toArray();
        Range range = panel.log() ? logRange(heights) : range(heights);
        List<Tick> ticks = panel.log()
                ? Ticks.log(range.getLowerBound(), range.getUpperBound(), mostTicks)
                : Ticks.linear(range.getLowerBound(), range.getUpperBound(), mostTicks);
        return new Frame(panel, key, lines, range, ticks, height);
    }

    static Range logRange(double[] heights) {
        double low = Arrays.stream(heights).min().orElse(-1);
        double high = Arrays.stream(heights).max().orElse(0);
        Range wide = high - low > CONSTANT ? widened(new Range(low, high), 0.04, 0.04) : new Range(low - 1, high + 1);
        // No further than the next ticks: a fraction of a long range would be decades.
        return new Range(
                Math.max(wide.getLowerBound(), Ticks.logBelow(low)),
                Math.min(wide.getUpperBound(), Ticks.logAbove(high)));
    }

    static Range range(double[] heights) {
        double low = Arrays.stream(heights).min().orElse(0);
        double high = Arrays.stream(heights).max().orElse(1);
        boolean constant = high - low <= CONSTANT * Math.max(Math.abs(low), Math.abs(high));
        if (low >= 0 && (constant || low <= 0.4 * high)) {
            low = 0;
        } else if (high <= 0 && constant) {
            high = 0;
        }
        return low == high ? new Range(-0.04, 1) : widened(new Range(low, high), 0.03, 0.05);
    }

    /** {@return the range that the horizontal axis of a chart must cover} */
    static Range xRange(Chart chart) {
        double[] ends = chart.panels().stream()
                .flatMap(panel -> panel.series().stream())
                .flatMapToDouble(series ->
                        Arrays.stream(new double[] {chart.across(series.firstX()), chart.across(series.lastX())}))
                .toArray();
        return new Range(
                Arrays.stream(ends).min().orElseThrow(),
                Arrays.stream(ends).max().orElseThrow());
    }

    /** {@return the height of a mark on the axis, NaN if it is not within the panel} */
    double height(Panel.Mark mark) {
        double height = panel.log() ? Math.log10(mark.y()) : mark.y();
        return range.contains(height) ? height : Double.NaN;
    }

    /** {@return the range extended at both ends by fractions of its length; never empty} */
    static Range widened(Range range, double below, double above) {
        double low = range.getLowerBound();
        double high = range.getUpperBound();
        double size = Math.max(Math.abs(low), Math.abs(high));
        double span = high - low > NOTHING * size ? high - low : Math.max(1, size);
        return new Range(low - below * span, high + above * span);
    }
}
