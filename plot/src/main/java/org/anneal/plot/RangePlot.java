package org.anneal.plot;

import java.util.Arrays;
import java.util.List;
import org.anneal.optim.RangeResult;
import org.anneal.optim.RangeTest;
import org.anneal.text.Python;

/** The picture of a range test: the loss over the rate, with the suggested rates marked on it. */
public final class RangePlot {
    private RangePlot() {}

    /**
     * {@return the picture of {@code found}} The losses are faint behind their mean. Where the last of them break out of the picture,
     * they are left out. The axis of the rate is logarithmic unless the sweep was linear or began at 0.
     *
     * @param title the text above
     * @param lossLabel what the loss is
     * @param linear whether the sweep was linear
     */
    public static Chart of(RangeResult found, String title, String lossLabel, boolean linear) {
        List<RangeTest.Point> points = found.points();
        double[] rates = points.stream().mapToDouble(RangeTest.Point::rate).toArray();
        double[] smoothed =
                points.stream().mapToDouble(RangeTest.Point::smoothed).toArray();
        double[] losses = points.stream().mapToDouble(RangeTest.Point::loss).toArray();
        double most = most(smoothed, losses);
        List<Panel.Mark> marks = found.suggestions().stream()
                .map(each -> new Panel.Mark(each.rule() + " " + Python.repr(each.rounded()), each.rate(), each.loss()))
                .toList();
        Panel panel = new Panel(
                lossLabel,
                false,
                List.of(
                        Series.line("smoothed", rates, below(most, smoothed)),
                        Series.line(lossLabel, rates, below(most, losses)).faint()),
                marks);
        boolean log = !linear && rates[0] > 0;
        return new Chart(title, "learning rate", List.of(panel)).withLogX(log);
    }

    /** {@return the height of the picture: that of nine losses in ten, and of the smoothed ones before the last} */
    private static double most(double[] smoothed, double[] losses) {
        double[] means = Arrays.stream(smoothed, 0, Math.max(1, smoothed.length - 1))
                .filter(Double::isFinite)
                .toArray();
        double[] sorted =
                Arrays.stream(losses).filter(Double::isFinite).sorted().toArray();
        double usual = sorted.length == 0 ? Double.NEGATIVE_INFINITY : sorted[(sorted.length - 1) * 9 / 10];
        return Math.max(usual, Arrays.stream(means).max().orElse(Double.POSITIVE_INFINITY));
    }

    private static double[] below(double most, double[] values) {
        return Arrays.stream(values)
                .map(value -> value <= most ? value : Double.NaN)
                .toArray();
    }
}
