package org.anneal.train.measure;

import org.anneal.text.Kind;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The mean squared difference.
 *
 * <pre>{@code
 *   loss = mean((output - target)^2)
 * }</pre>
 *
 * <p>PyTorch: {@code torch.nn.MSELoss()}.
 */
public record MSELoss() implements Loss {

    static final Kind<MSELoss> KIND = Kind.of(MSELoss.class, "the mean squared difference")
            .inPackage("torch.nn")
            .withoutOptimizer()
            .takesOnly("", "size_average=None", "reduce=None", "reduction='mean'");

    @Override
    public Tensor of(Tensor output, Tensor target) {
        return torch.mse_loss(output, Losses.sameShape(KIND.name(), output, target));
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
