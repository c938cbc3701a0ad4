package org.anneal.dl4j;

import java.util.List;
import java.util.Objects;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Schedule;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * PyTorch's optimizers in a network's configuration.
 *
 * <pre>{@code
 *   Dl4j.optimizer(new NeuralNetConfiguration.Builder(), new AdamW(1e-3), new OneCycleLR(1e-2, 1000))
 *           .seed(1).list().layer(...)
 * }</pre>
 */
public final class Dl4j {
    private Dl4j() {}

    /**
     * Trains the network by {@code rule}, at its own rate: sets the updater, and the weight decay of weights and biases.
     *
     * @return {@code builder}; what is set on it afterwards, such as an L1 regularization or another updater for biases, is kept
     * @throws IllegalArgumentException if the rule is not elementwise
     */
    public static NeuralNetConfiguration.Builder optimizer(NeuralNetConfiguration.Builder builder, UpdateRule rule) {
        return trained(builder, rule, new AnnealUpdater(withoutDecay(rule)));
    }

    /** Trains the network by {@code rule}, at the rates of {@code schedule} per iteration. */
    public static NeuralNetConfiguration.Builder optimizer(
            NeuralNetConfiguration.Builder builder, UpdateRule rule, Schedule schedule) {
        return trained(builder, rule, new AnnealUpdater(withoutDecay(rule), schedule));
    }

    /** Trains the network by {@code rule}, at the rates of {@code schedule}, such as an {@link AnnealSchedule} per epoch. */
    public static NeuralNetConfiguration.Builder optimizer(
            NeuralNetConfiguration.Builder builder, UpdateRule rule, ISchedule schedule) {
        return trained(builder, rule, new AnnealUpdater(withoutDecay(rule), schedule));
    }

    private static NeuralNetConfiguration.Builder trained(
            NeuralNetConfiguration.Builder builder, UpdateRule rule, AnnealUpdater updater) {
        Objects.requireNonNull(builder, "builder").updater(updater);
        if (weightDecay(rule) != 0) {
            builder.regularization(List.of(new AnnealDecay(rule))).regularizationBias(List.of(new AnnealDecay(rule)));
        }
        return builder;
    }

    /** Trains one layer by {@code rule}, at its own rate, whatever the network is trained by. */
    public static <T extends BaseLayer.Builder<T>> T optimizer(T builder, UpdateRule rule) {
        return trained(builder, rule, new AnnealUpdater(withoutDecay(rule)));
    }

    /** Trains one layer by {@code rule}, at the rates of {@code schedule} per iteration. */
    public static <T extends BaseLayer.Builder<T>> T optimizer(T builder, UpdateRule rule, Schedule schedule) {
        return trained(builder, rule, new AnnealUpdater(withoutDecay(rule), schedule));
    }

    /** Trains one layer by {@code rule}, at the rates of {@code schedule}. */
    public static <T extends BaseLayer.Builder<T>> T optimizer(T builder, UpdateRule rule, ISchedule schedule) {
        return trained(builder, rule, new AnnealUpdater(withoutDecay(rule), schedule));
    }

    private static <T extends BaseLayer.Builder<T>> T trained(T builder, UpdateRule rule, AnnealUpdater updater) {
        // Biases too, which would otherwise have the network's; and a decay of 0, since without any a layer has the
        // network's.
        Objects.requireNonNull(builder, "builder").updater(updater).biasUpdater(updater.clone());
        builder.regularization(List.of(new AnnealDecay(rule)));
        builder.regularizationBias(List.of(new AnnealDecay(rule)));
        return builder;
    }

    /** {@return the rule's {@code weight_decay}; 0 if it has none} */
    static double weightDecay(UpdateRule rule) {
        return Objects.requireNonNull(rule, "rule").options().get("weight_decay") instanceof Number decay
                ? decay.doubleValue()
                : 0;
    }

    private static UpdateRule withoutDecay(UpdateRule rule) {
        return weightDecay(rule) == 0 ? rule : (UpdateRule) rule.kind().withNumber((Record) rule, "weight_decay", 0);
    }
}
