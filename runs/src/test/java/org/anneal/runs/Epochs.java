package org.anneal.runs;

import java.util.LinkedHashMap;
import java.util.Map;

/** What tests measure. */
final class Epochs {
    private Epochs() {}

    /** {@return the metrics of a classifier's validation, in order} */
    static Map<String, Double> validation(double loss, double accuracy) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put("val_loss", loss);
        metrics.put("val_accuracy", accuracy);
        return metrics;
    }
}
