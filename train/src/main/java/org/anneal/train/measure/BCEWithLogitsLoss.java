package org.anneal.train.measure;

import java.util.List;
import org.anneal.text.Kind;
import org.anneal.text.Param;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * The binary cross-entropy of each output, a logit {@code x}, and its target {@code y} in [0, 1], for one class or several that do
 * not exclude each other:
 *
 * <pre>{@code
 *   loss = mean(-(p * y * log(sigmoid(x)) + (1 - y) * log(1 - sigmoid(x))))
 * }</pre>
 *
 * <p>PyTorch: {@code torch.nn.BCEWithLogitsLoss(pos_weight)}, which computes with targets out of that range, too.
 *
 * @param posWeight the factor {@code p} for each output, at least 0; none for 1 each
 */
public record BCEWithLogitsLoss(
        @Param(or = "[]", atLeast = 0, size = Param.ANY) List<Double> posWeight) implements Loss {

    static final Kind<BCEWithLogitsLoss> KIND = Kind.of(BCEWithLogitsLoss.class, "of logits and targets from 0 to 1")
            .inPackage("torch.nn")
            .withoutOptimizer()
            .takesOnly("", "weight=None", "size_average=None", "reduce=None", "reduction='mean'");

    private static final long MEAN = 1;

    /** @throws IllegalArgumentException if a factor is out of its range */
    public BCEWithLogitsLoss {
        posWeight = KIND.check("pos_weight", posWeight);
    }

    /** Positive targets as heavy as negative ones. */
    public BCEWithLogitsLoss() {
        this(List.of());
    }

    @Override
    public Tensor of(Tensor output, Tensor target) {
        Tensor same = Losses.fraction(Losses.sameShape(KIND.name(), output, target));
        return torch.binary_cross_entropy_with_logits(
                output,
                same,
                new TensorOptional(),
                Losses.weights("pos_weight", posWeight, output, output.size(-1)),
                MEAN);
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
