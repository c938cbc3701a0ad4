package org.anneal.optim;

import java.util.List;
import java.util.Map;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * Adam with decoupled weight decay: the parameter decays by {@code lr * weightDecay * p}, independently of its gradient.
 *
 * <pre>{@code
 *   g = grad                            (-grad if maximize)
 *   p = p - lr * weightDecay * p
 *   m = beta1 * m + (1 - beta1) * g
 *   v = beta2 * v + (1 - beta2) * g * g
 *   w = v                               (the largest v so far if amsgrad)
 *   p = p - lr / (1 - beta1^t) * m / (sqrt(w) / sqrt(1 - beta2^t) + eps)      t = 1, 2, ...
 * }</pre>
 *
 * <p>PyTorch: {@code AdamW(params, lr, betas, eps, weight_decay, amsgrad, maximize)}: {@link Adam} with
 * {@code decoupledWeightDecay} and another default, run by Adam's kernels. Source: Loshchilov and Hutter, arXiv 1711.05101; the
 * decay is scaled by the rate, as in PyTorch but not in the paper.
 *
 * @param lr learning rate, finite and at least 0
 * @param beta1 decay of the mean, at least 0 and less than 1
 * @param beta2 decay of the mean square, at least 0 and less than 1
 * @param eps added to the denominator, finite and at least 0
 * @param weightDecay finite and at least 0
 * @param amsgrad divide by the largest mean square so far
 * @param maximize climb instead of descend
 */
public record AdamW(
        @Param(or = "1e-3", always = true, atLeast = 0) double lr,

        @Param(name = "betas[0]", or = "0.9", atLeast = 0, below = 1)
        double beta1,

        @Param(name = "betas[1]", or = "0.999", atLeast = 0, below = 1)
        double beta2,

        @Param(or = "1e-8", atLeast = 0) double eps,
        @Param(or = "1e-2", atLeast = 0) double weightDecay,
        @Param(or = "False") boolean amsgrad,
        @Param(or = "False") boolean maximize)
        implements UpdateRule {

    static final Kind<AdamW> KIND = Kind.of(AdamW.class, "is Adam with decoupled weight decay")
            .inPyTorch("torch.optim", Kind.LastEpoch.AS_HERE)
            .drops("amsgrad", "*", "foreach", "capturable", "differentiable", "fused");

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public AdamW {
        lr = KIND.check("lr", lr);
        beta1 = KIND.check("betas[0]", beta1);
        beta2 = KIND.check("betas[1]", beta2);
        eps = KIND.check("eps", eps);
        weightDecay = KIND.check("weight_decay", weightDecay);
    }

    /** PyTorch's defaults: betas 0.9 and 0.999, eps 1e-8, weight decay 0.01. */
    public AdamW(double lr) {
        this(
                lr,
                KIND.absent("betas[0]"),
                KIND.absent("betas[1]"),
                KIND.absent("eps"),
                KIND.absent("weight_decay"),
                KIND.absent("amsgrad"),
                KIND.absent("maximize"));
    }

    @Override
    public AdamW withLr(double lr) {
        return KIND.with(this, "lr", lr);
    }

    /** {@return beta1} */
    @Override
    public double momentum() {
        return beta1;
    }

    /** {@return this rule with another beta1} */
    @Override
    public AdamW withMomentum(double beta1) {
        return withBetas(beta1, beta2);
    }

    public AdamW withBetas(double beta1, double beta2) {
        return KIND.with(KIND.with(this, "betas[0]", beta1), "betas[1]", beta2);
    }

    public AdamW withEps(double eps) {
        return KIND.with(this, "eps", eps);
    }

    public AdamW withWeightDecay(double weightDecay) {
        return KIND.with(this, "weight_decay", weightDecay);
    }

    public AdamW withAmsgrad(boolean amsgrad) {
        return KIND.with(this, "amsgrad", amsgrad);
    }

    public AdamW withMaximize(boolean maximize) {
        return KIND.with(this, "maximize", maximize);
    }

    @Override
    public List<Slot> slots(int dimensions) {
        return Adam.slots(amsgrad);
    }

    @Override
    public boolean countsSteps() {
        return true;
    }

    @Override
    public Map<String, Object> options() {
        Map<String, Object> options = KIND.options(this);
        options.put("decoupled_weight_decay", true);
        return options;
    }

    @Override
    public boolean isElementwise() {
        return true;
    }

    @Override
    public <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        kernels.adam(new Adam(lr, beta1, beta2, eps, weightDecay, amsgrad, maximize, true), batch);
    }

    @Override
    public Kind<AdamW> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
