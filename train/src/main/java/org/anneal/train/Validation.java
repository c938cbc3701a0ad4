package org.anneal.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongPredicate;
import org.anneal.runs.Monitor;
import org.anneal.torch.Device;
import org.anneal.torch.Network;
import org.anneal.train.data.DataLoader;
import org.anneal.train.data.Dataset;
import org.anneal.train.measure.Loss;
import org.anneal.train.measure.Metric;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;

/**
 * Measures a network on data that it is not trained on.
 *
 * <pre>{@code
 * try (Validation validation = new Validation(data.validation(), 256, Loss.parse("cross_entropy"), List.of(Metric.accuracy()))) {
 *     Map<String, Double> measured = validation.measure(net); // val_loss, val_accuracy
 * }
 * }</pre>
 */
public final class Validation implements AutoCloseable {
    /** What the names of its metrics begin with. */
    static final String PREFIX = "val_";

    private final DataLoader loader;
    private final Loss loss;
    private final List<Metric> metrics;

    /**
     * A validation on the CPU.
     *
     * @param batchSize samples of a batch, at least 1; of no influence on what is measured but for rounding
     */
    public Validation(Dataset data, int batchSize, Loss loss, List<Metric> metrics) {
        this(data, batchSize, loss, metrics, Device.CPU);
    }

    Validation(Dataset data, int batchSize, Loss loss, List<Metric> metrics, Device device) {
        this.loader = new DataLoader(data, batchSize).on(device);
        this.loss = Objects.requireNonNull(loss, "loss");
        this.metrics = List.copyOf(metrics);
    }

    /**
     * {@return the loss, {@code val_loss}, and the metrics of {@code network}, then those of averages of its weights, such as
     * {@code ema_val_loss}} The networks are in evaluation mode meanwhile, and return to their own.
     */
    public Map<String, Double> measure(Network network, WeightAverage... averages) {
        Map<String, Double> measured = measure(network, "", samples -> true);
        for (WeightAverage average : averages) {
            measured.putAll(measure(average.network(), average.metric(""), samples -> true));
        }
        return measured;
    }

    /**
     * Measures one network, or returns nothing if it is stopped.
     *
     * @param name what the names begin with, such as {@code ema_}; may be empty
     * @param progress takes how many samples were measured, and returns whether to go on
     */
    Map<String, Double> measure(Network network, String name, LongPredicate progress) {
        double[] sum = {0};
        long[] samples = {0};
        boolean[] goesOn = {true};
        List<Metric.Pass> passes =
                metrics.stream().map(metric -> metric.begin().get()).toList();
        boolean training = network.module().is_training();
        network.module().train(false);
        try (AutoGradMode noGrad = new AutoGradMode(false)) {
            loader.forEachWhile(0, batch -> {
                Tensor output = network.forward(batch.inputs());
                sum[0] += loss.of(output, batch.targets()).item_double() * batch.size();
                samples[0] += batch.size();
                passes.forEach(pass -> pass.add(output, batch.targets()));
                goesOn[0] = progress.test(samples[0]);
                return goesOn[0];
            });
        } finally {
            network.module().train(training);
        }
        if (!goesOn[0]) {
            return Map.of();
        }
        Map<String, Double> measured = new LinkedHashMap<>();
        measured.put(name + Monitor.VAL_LOSS.name(), sum[0] / samples[0]);
        for (int i = 0; i < passes.size(); i++) {
            measured.put(name + PREFIX + metrics.get(i).name(), passes.get(i).value());
        }
        return measured;
    }

    @Override
    public void close() {
        loader.close();
    }
}
