package org.anneal.train.measure;

import org.anneal.text.Kind;
import org.anneal.text.Param;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Quadratic for small differences, then the absolute difference less a constant; {@code d = |output - target|}.
 *
 * <pre>{@code
 *   loss = mean(d < beta ? d^2 / (2 * beta) : d - beta / 2)
 * }</pre>
 *
 * <p>PyTorch: {@code torch.nn.SmoothL1Loss(beta)}.
 *
 * @param beta the difference at which it becomes linear, at least 0
 */
public record SmoothL1Loss(@Param(or = "1.0", atLeast = 0) double beta) implements Loss {

    static final Kind<SmoothL1Loss> KIND = Kind.of(
                    SmoothL1Loss.class, "quadratic for small differences, then the absolute one")
            .inPackage("torch.nn")
            .withoutOptimizer()
            .takesOnly("", "size_average=None", "reduce=None", "reduction='mean'");

    private static final long MEAN = 1;

    /** @throws IllegalArgumentException if beta is out of its range */
    public SmoothL1Loss {
        beta = KIND.check("beta", beta);
    }

    /** Linear from a difference of 1 on. */
    public SmoothL1Loss() {
        this(1);
    }

    @Override
    public Tensor of(Tensor output, Tensor target) {
        Tensor same = Losses.sameShape(KIND.name(), output, target);
        // At a difference of 0, libtorch's function has a gradient without beta.
        return beta == 0 ? torch.l1_loss(output, same, MEAN) : torch.smooth_l1_loss(output, same, MEAN, beta);
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
