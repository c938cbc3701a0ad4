package org.anneal.train.measure;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.anneal.text.Kind;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** The losses that come with this library. */
final class Losses {
    static final Pattern NAME = Pattern.compile("[A-Za-z_][\\w.]*");

    static final List<Kind<?>> KINDS = List.of(
            CrossEntropyLoss.KIND,
            BCEWithLogitsLoss.KIND,
            MSELoss.KIND,
            L1Loss.KIND,
            SmoothL1Loss.KIND,
            HuberLoss.KIND);

    static final Map<String, Supplier<Loss>> SHORT = new TreeMap<>(Map.of(
            "cross_entropy", CrossEntropyLoss::new,
            "bce_with_logits", BCEWithLogitsLoss::new,
            "mse", MSELoss::new,
            "l1", L1Loss::new,
            "smooth_l1", SmoothL1Loss::new,
            "huber", HuberLoss::new));

    private Losses() {}

    /**
     * {@return the target} An output of another shape would be stretched to it, and the loss be wrong without a word.
     *
     * @param by the name of the loss or metric
     */
    static Tensor sameShape(String by, Tensor output, Tensor target) {
        if (Metric.isClass(target)) {
            throw new IllegalArgumentException("the targets must be numbers for " + by + ", but were classes");
        }
        if (!Arrays.equals(output.shape(), target.shape())) {
            throw new IllegalArgumentException("the network's output must have the targets' shape, "
                    + Arrays.toString(target.shape()) + ", but had "
                    + Arrays.toString(output.shape()));
        }
        return target;
    }

    /** {@return the target, whose values must be from 0 to 1} */
    static Tensor fraction(Tensor target) {
        if (!(target.min().item_double() >= 0 && target.max().item_double() <= 1)) {
            throw new IllegalArgumentException("the targets must be from 0 to 1 for logits, but were from "
                    + target.min().item_double() + " to " + target.max().item_double());
        }
        return target;
    }

    /** {@return a factor for each of the {@code outputs} of a network, one dimension of {@code output}; none for none} */
    static TensorOptional weights(String name, List<Double> factors, Tensor output, long outputs) {
        if (factors.isEmpty()) {
            return new TensorOptional();
        }
        if (factors.size() != outputs) {
            throw new IllegalArgumentException(name + " must have a factor for each of the network's " + outputs
                    + " outputs, but had " + factors.size());
        }
        float[] values = new float[factors.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = factors.get(i).floatValue();
        }
        return new TensorOptional(torch.tensor(values).to(output.device(), output.scalar_type()));
    }
}
