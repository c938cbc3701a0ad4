package org.anneal.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.anneal.runs.RunListener;

/** The rates of a run, and the numbers that schedules drive beside them, at the points where one of them changed. */
final class RateCurve {
    private final List<Double> points = new ArrayList<>(); // in epochs
    private final List<List<Double>> rates = new ArrayList<>(); // of each group, then the other numbers

    /** {@return a curve that goes on after {@code points}, each with {@code width} rates and other numbers} */
    static RateCurve of(double[] points, double[] rates, int width) {
        RateCurve curve = new RateCurve();
        for (int i = 0; i < points.length; i++) {
            curve.points.add(points[i]);
            curve.rates.add(
                    Arrays.stream(rates, i * width, (i + 1) * width).boxed().toList());
        }
        return curve;
    }

    void add(RunListener.Batch batch) {
        List<Double> now = Stream.concat(batch.lr().stream(), batch.numbers().values().stream())
                .toList();
        if (rates.isEmpty() || !rates.get(rates.size() - 1).equals(now)) {
            points.add(batch.epoch() - 1 + (batch.batch() - 1.0) / batch.batches());
            rates.add(now);
        }
    }

    int size() {
        return points.size();
    }

    double[] points() {
        return points.stream().mapToDouble(Double::doubleValue).toArray();
    }

    /** {@return the rates and other numbers, point by point} */
    double[] rates() {
        return rates.stream()
                .flatMap(List::stream)
                .mapToDouble(Double::doubleValue)
                .toArray();
    }

    /** {@return where each row begins to hold, and the end of the last, that of {@code epochs} or later} */
    List<Double> edges(int epochs) {
        return Stream.concat(points.stream(), Stream.of(Math.max(epochs, points.get(points.size() - 1))))
                .toList();
    }

    /** {@return a rate or another number, point by point} */
    double[] column(int at) {
        return rates.stream().mapToDouble(row -> row.get(at)).toArray();
    }
}
