package org.anneal.train.measure;

import java.util.Arrays;
import java.util.List;
import org.anneal.text.Kind;
import org.anneal.text.Param;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The cross-entropy between a network's scores and the classes. For a sample of class {@code c} of {@code C}, with scores
 * {@code x} and smoothing {@code s}:
 *
 * <pre>{@code
 *   p_i  = exp(x_i) / sum(exp(x))
 *   loss = -(1 - s) * w_c * log(p_c) - s / C * sum(w * log(p))
 * }</pre>
 *
 * <p>The mean over a batch is the sum of these over the sum of their {@code w_c}. Targets may also be probabilities, samples x
 * classes: then the loss is {@code -sum(w * q * log(p))} with {@code q = (1 - s) * target + s / C}, and the mean is over the
 * samples.
 *
 * <p>PyTorch: {@code torch.nn.CrossEntropyLoss(weight, label_smoothing)}. Smoothing: Szegedy et al., Rethinking the Inception
 * Architecture for Computer Vision, arXiv:1512.00567.
 *
 * @param weight a factor for each class, at least 0; none for 1 each
 * @param labelSmoothing in [0, 1]
 */
public record CrossEntropyLoss(
        @Param(or = "[]", atLeast = 0, size = Param.ANY) List<Double> weight,
        @Param(or = "0.0", atLeast = 0, atMost = 1) double labelSmoothing)
        implements Loss {

    static final Kind<CrossEntropyLoss> KIND = Kind.of(CrossEntropyLoss.class, "of scores and classes")
            .inPackage("torch.nn")
            .withoutOptimizer()
            .takesOnly("weight", "size_average=None", "ignore_index=-100", "reduce=None", "reduction='mean'");

    private static final long MEAN = 1;
    private static final long IGNORED = -100; // PyTorch's ignore_index

    /** @throws IllegalArgumentException if a value is out of its range */
    public CrossEntropyLoss {
        weight = KIND.check("weight", weight);
        labelSmoothing = KIND.check("label_smoothing", labelSmoothing);
    }

    /** All classes alike, without smoothing. */
    public CrossEntropyLoss() {
        this(List.of(), 0);
    }

    /** {@return a copy with a factor for each class} */
    public CrossEntropyLoss withWeight(List<Double> weight) {
        return new CrossEntropyLoss(weight, labelSmoothing);
    }

    /** {@return a copy with this smoothing} */
    public CrossEntropyLoss withLabelSmoothing(double labelSmoothing) {
        return new CrossEntropyLoss(weight, labelSmoothing);
    }

    @Override
    public Tensor of(Tensor output, Tensor target) {
        if (output.dim() < 2 || output.size(1) < 2) {
            throw new IllegalArgumentException(
                    "the network's output must be samples x at least 2 classes, but had shape "
                            + Arrays.toString(output.shape()));
        }
        return torch.cross_entropy_loss(
                output,
                Metric.isClass(target) ? target : Losses.sameShape(KIND.name(), output, target),
                Losses.weights("weight", weight, output, output.size(1)),
                MEAN,
                IGNORED,
                labelSmoothing);
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
