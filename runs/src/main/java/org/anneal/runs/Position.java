package org.anneal.runs;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.anneal.checkpoint.Dict;

/**
 * Where a run is: what a checkpoint keeps of it, so that it goes on from there.
 *
 * @param epoch finished epochs, at least 0
 * @param batch batches done in the next epoch, at least 0
 * @param step steps of the optimizer so far
 * @param lossSum sum of the losses of these batches
 * @param seconds spent in that epoch
 * @param epochs the finished epochs as far as they are known, oldest first
 */
public record Position(
        int epoch, int batch, long step, double lossSum, double seconds, List<RunListener.Epoch> epochs) {
    /** The start of a run. */
    public static final Position START = new Position(0, 0, 0, 0, 0, List.of());

    public Position {
        epochs = List.copyOf(epochs);
    }

    /** {@return this as plain entries: numbers, lists and maps} */
    public Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("epoch", (long) epoch);
        map.put("batch", (long) batch);
        map.put("step", step);
        map.put("loss_sum", lossSum);
        map.put("seconds", seconds);
        map.put("epochs", epochs.stream().map(Position::dict).toList());
        return map;
    }

    /**
     * Reads back what {@link #toMap} returned.
     *
     * @throws IllegalArgumentException if an entry is missing or of another type
     */
    public static Position of(Map<?, ?> map) {
        Dict dict = new Dict("", map);
        return new Position(
                dict.number("epoch"),
                dict.number("batch"),
                dict.whole("step"),
                dict.real("loss_sum"),
                dict.real("seconds"),
                dict.dicts("epochs").stream().map(Position::epoch).toList());
    }

    /** {@return an epoch as plain entries} */
    public static Map<String, Object> dict(RunListener.Epoch epoch) {
        Map<String, Object> dict = new LinkedHashMap<>();
        dict.put("epoch", (long) epoch.epoch());
        dict.put("step", epoch.step());
        dict.put("lr", epoch.lr());
        dict.put("train_loss", epoch.trainLoss());
        dict.put("metrics", epoch.metrics());
        dict.put("seconds", epoch.seconds());
        dict.put("numbers", epoch.numbers());
        return dict;
    }

    /**
     * Reads back what {@link #dict} returned, of this version or an older one.
     *
     * @throws IllegalArgumentException if an entry is missing or of another type
     */
    public static RunListener.Epoch epoch(Dict dict) {
        return new RunListener.Epoch(
                dict.number("epoch"),
                dict.whole("step"),
                dict.reals("lr"),
                dict.real("train_loss"),
                metrics(dict),
                dict.real("seconds"),
                dict.find("numbers").isPresent() ? reals(dict.dict("numbers")) : Map.of());
    }

    /** {@return an epoch's metrics, of which an older file has two, beside its other entries} */
    private static Map<String, Double> metrics(Dict epoch) {
        if (epoch.find("metrics").isPresent()) {
            return reals(epoch.dict("metrics"));
        }
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put("val_loss", epoch.real("val_loss"));
        metrics.put("val_accuracy", epoch.real("val_accuracy"));
        return metrics;
    }

    /** {@return the numbers in a dict, by their names} */
    public static Map<String, Double> reals(Dict dict) {
        Map<String, Double> reals = new LinkedHashMap<>();
        dict.entries().keySet().forEach(name -> reals.put(String.valueOf(name), dict.real(String.valueOf(name))));
        return reals;
    }
}
