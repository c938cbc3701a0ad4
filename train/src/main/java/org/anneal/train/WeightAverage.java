package org.anneal.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.anneal.optim.AveragedModel;
import org.anneal.optim.Averaging;
import org.anneal.schedule.StepPer;
import org.anneal.torch.Network;
import org.anneal.torch.Torch;
import org.bytedeco.pytorch.Tensor;

/**
 * An average of a network's weights, kept beside them while it is trained, in a second network with the same layers. A
 * {@link Trainer} updates it, validates it, and saves it.
 *
 * <pre>{@code
 * trainer.average(WeightAverage.ema(net, new Net(), 0.999))
 * }</pre>
 *
 * @param name its files and its metrics begin with it: {@code ema} has {@code ema_val_loss}; lower-case letters, digits and _
 * @param network the second one, which has the average
 * @param model what averages
 * @param per when it is updated: after each step of the optimizer, or after each epoch's last one
 * @param from the epoch of the first update, from 1
 */
public record WeightAverage(String name, Network network, AveragedModel<Tensor> model, StepPer per, int from) {
    private static final Pattern NAME = Pattern.compile("[a-z0-9_]+");

    /** @throws IllegalArgumentException if the name has other characters or is a key of checkpoints, or {@code from} is below 1 */
    public WeightAverage {
        if (!NAME.matcher(Objects.requireNonNull(name, "name")).matches()) {
            throw new IllegalArgumentException("name must be lower-case letters, digits and _, but was '" + name + "'");
        }
        if (CheckpointParts.isKey(name)) {
            throw new IllegalArgumentException(
                    "name must not be one that a checkpoint has for something else, but was '" + name + "'");
        }
        Objects.requireNonNull(network, "network");
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(per, "per");
        if (from < 1) {
            throw new IllegalArgumentException("from must be at least 1, but was " + from);
        }
    }

    /**
     * {@return the exponential moving average over the steps of the optimizer}
     *
     * @param network the one that is trained
     * @param average another one with the same layers
     * @param decay the weight of the old average in an update, in [0, 1]
     */
    public static WeightAverage ema(Network network, Network average, double decay) {
        return ema(network, average, Averaging.ema(decay));
    }

    /**
     * {@return the average over the steps of the optimizer that {@code averaging} makes, such as one whose decay follows a
     * schedule}
     */
    public static WeightAverage ema(Network network, Network average, Averaging averaging) {
        return of("ema", network, average, averaging, StepPer.BATCH, 1);
    }

    /**
     * {@return stochastic weight averaging: the mean of the weights at the ends of the epochs}
     *
     * @param from the first of these epochs, from 1
     */
    public static WeightAverage swa(Network network, Network average, int from) {
        return of("swa", network, average, Averaging.swa(), StepPer.EPOCH, from);
    }

    private static WeightAverage of(
            String name, Network network, Network average, Averaging averaging, StepPer per, int from) {
        return new WeightAverage(
                name, average, Torch.averagedModel(network.module(), average.module(), averaging), per, from);
    }

    /** {@return the averages by their names} */
    static Map<String, AveragedModel<Tensor>> models(List<WeightAverage> averages) {
        Map<String, AveragedModel<Tensor>> models = new LinkedHashMap<>();
        averages.forEach(average -> models.put(average.name, average.model));
        return models;
    }

    /** {@return whether the average has begun} */
    boolean hasBegun() {
        return model.nAveraged() > 0;
    }

    /** {@return the name of the average's own {@code metric}} */
    String metric(String metric) {
        return name + "_" + metric;
    }
}
