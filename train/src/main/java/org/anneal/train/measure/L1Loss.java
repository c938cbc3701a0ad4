package org.anneal.train.measure;

import org.anneal.text.Kind;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The mean absolute difference.
 *
 * <pre>{@code
 *   loss = mean(|output - target|)
 * }</pre>
 *
 * <p>PyTorch: {@code torch.nn.L1Loss()}.
 */
public record L1Loss() implements Loss {

    static final Kind<L1Loss> KIND = Kind.of(L1Loss.class, "the mean absolute difference")
            .inPackage("torch.nn")
            .withoutOptimizer()
            .takesOnly("", "size_average=None", "reduce=None", "reduction='mean'");

    private static final long MEAN = 1;

    @Override
    public Tensor of(Tensor output, Tensor target) {
        return torch.l1_loss(output, Losses.sameShape(KIND.name(), output, target), MEAN);
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
