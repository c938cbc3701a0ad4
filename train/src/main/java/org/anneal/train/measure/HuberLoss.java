package org.anneal.train.measure;

import org.anneal.text.Kind;
import org.anneal.text.Param;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Quadratic for small differences, linear for large ones; {@code d = |output - target|}.
 *
 * <pre>{@code
 *   loss = mean(d < delta ? d^2 / 2 : delta * (d - delta / 2))
 * }</pre>
 *
 * <p>PyTorch: {@code torch.nn.HuberLoss(delta)}.
 *
 * @param delta the difference at which it becomes linear, above 0
 */
public record HuberLoss(@Param(or = "1.0", above = 0) double delta) implements Loss {

    static final Kind<HuberLoss> KIND = Kind.of(
                    HuberLoss.class, "quadratic for small differences, linear for large ones")
            .inPackage("torch.nn")
            .withoutOptimizer()
            .takesOnly("", "reduction='mean'");

    private static final long MEAN = 1;

    /** @throws IllegalArgumentException if delta is out of its range */
    public HuberLoss {
        delta = KIND.check("delta", delta);
    }

    /** Linear from a difference of 1 on. */
    public HuberLoss() {
        this(1);
    }

    @Override
    public Tensor of(Tensor output, Tensor target) {
        return torch.huber_loss(output, Losses.sameShape(KIND.name(), output, target), MEAN, delta);
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
