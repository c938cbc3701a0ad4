package org.anneal.schedule;

import java.util.ArrayList;
import java.util.List;

/** The mean of the last values, in transformers' order of operations: a running sum. */
record MovingMean(List<Double> values, double sum) {
    static final MovingMean EMPTY = new MovingMean(List.of(), 0);

    MovingMean {
        values = List.copyOf(values);
    }

    /** {@return this with one more value, and without the oldest if there are more than {@code window}} */
    MovingMean with(double value, long window) {
        List<Double> all = new ArrayList<>(values);
        all.add(value);
        double total = sum + value;
        if (all.size() > window) {
            total -= all.remove(0);
        }
        return new MovingMean(all, total);
    }

    double mean() {
        return sum / values.size();
    }
}
