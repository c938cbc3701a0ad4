package org.anneal.dl4j;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.LRScheduler.OnChange;
import org.anneal.optim.Schedulable;
import org.anneal.optim.UpdateRule;
import org.anneal.runs.Position;
import org.anneal.schedule.Schedule;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * PyTorch's optimizers in a network's configuration, and the rates of a network for schedules that need a metric.
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

    /**
     * {@return the learning rates of the network, for an {@link org.anneal.optim.LRScheduler}: one group, {@code all}} The base of
     * schedules is the rate in force. Updaters with a schedule of their own, such as an {@link AnnealSchedule}, are refused: a
     * scheduler would replace it. It adds a listener to the network, which must stay there.
     *
     * @throws IllegalStateException if the network is not initialised
     * @throws IllegalArgumentException if it has parameters with several rates, without one, or with a schedule
     */
    public static Schedulable rates(Model net) {
        return rates(net, Map.of("all", name -> true));
    }

    /**
     * {@return the learning rates of the network, in groups}
     *
     * @param groups by their names, in the order of their numbers, which parameters each has, by names such as {@code 0_W} and
     *     {@code 0_b}, or in a ComputationGraph {@code dense_W}: those of {@code net.paramTable()}. A layer's weights and biases are in
     *     one group, unless it has a biasUpdater.
     * @throws IllegalArgumentException if a parameter is in no group or in two, if the parameters of a group have several rates, or
     *     if one has none, or a schedule
     */
    public static Schedulable rates(Model net, Map<String, ? extends Predicate<String>> groups) {
        return new NetworkRates(Net.of(net), groups);
    }

    /**
     * Writes the network with its updater's state, as ModelSerializer does, and in the same file the runner's state and the run's
     * position. A file that is there is replaced when the new one is on the disk. DL4J reads the network from it:
     * {@code ModelSerializer.restoreMultiLayerNetwork(file.toFile(), true)}.
     *
     * @param position {@link org.anneal.runs.Run#position}, or {@link Position#START} without a run
     * @throws IOException if it cannot be written; the message names the file and the reason
     */
    public static void save(Path file, Model net, LRScheduler scheduler, Position position) throws IOException {
        Checkpoint.write(file, net, scheduler, position);
    }

    /**
     * Continues {@code scheduler} where it was saved; the file of another schedule, or of one that was stepped per batch and not per
     * epoch, is refused: {@code restore(file, scheduler, OnChange.REFUSE)}.
     */
    public static Position restore(Path file, LRScheduler scheduler) throws IOException {
        return restore(file, scheduler, OnChange.REFUSE);
    }

    /**
     * Continues {@code scheduler}, built over the {@link #rates} of the network from the same file, where it was saved. Unlike the
     * start of a new run, a file must be there.
     *
     * @param onChange what becomes of another schedule than the saved one, and of another {@link LRScheduler#stepPer}
     * @return the position of its run
     * @throws IOException if there is no file, {@link #save} did not write it, it is damaged, or it is of another schedule and
     *     {@code onChange} refuses it; the message names the file and the reason
     */
    public static Position restore(Path file, LRScheduler scheduler, OnChange onChange) throws IOException {
        return Checkpoint.restore(file, scheduler, onChange);
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
