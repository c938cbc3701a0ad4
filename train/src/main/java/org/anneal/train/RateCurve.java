package org.anneal.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.plot.Series;
import org.anneal.runs.RunListener;

/** The rates of a run, at the points where one of them changed. */
final class RateCurve {
    private final List<Double> points = new ArrayList<>(); // in epochs
    private final List<List<Double>> rates = new ArrayList<>(); // of each group

    /** {@return a curve that goes on after {@code points}, each with the rates of {@code groups} groups} */
    static RateCurve of(double[] points, double[] rates, int groups) {
        RateCurve curve = new RateCurve();
        for (int i = 0; i < points.length; i++) {
            curve.points.add(points[i]);
            curve.rates.add(
                    Arrays.stream(rates, i * groups, (i + 1) * groups).boxed().toList());
        }
        return curve;
    }

    void add(RunListener.Batch batch) {
        if (rates.isEmpty() || !rates.get(rates.size() - 1).equals(batch.lr())) {
            points.add(batch.epoch() - 1 + (batch.batch() - 1.0) / batch.batches());
            rates.add(batch.lr());
        }
    }

    int size() {
        return points.size();
    }

    double[] points() {
        return points.stream().mapToDouble(Double::doubleValue).toArray();
    }

    /** {@return the rates, point by point, each with one per group} */
    double[] rates() {
        return rates.stream()
                .flatMap(List::stream)
                .mapToDouble(Double::doubleValue)
                .toArray();
    }

    /** {@return a line for each group, up to the end of {@code epochs}} */
    List<Series> series(List<String> names, int epochs) {
        double[] edges = Stream.concat(points.stream(), Stream.of(Math.max(epochs, points.get(points.size() - 1))))
                .mapToDouble(Double::doubleValue)
                .toArray();
        return IntStream.range(0, names.size())
                .mapToObj(group -> Series.stairs(
                        names.get(group),
                        edges,
                        rates.stream().mapToDouble(lr -> lr.get(group)).toArray()))
                .toList();
    }
}
