package org.anneal.optim;

import java.util.List;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * Adam: scales steps by running means of the gradient and its square, so that a step is close to {@code lr} for any gradient scale.
 *
 * <pre>{@code
 *   g = grad                            (-grad if maximize)
 *   g = g + weightDecay * p             or, with decoupledWeightDecay, p = p - lr * weightDecay * p
 *   m = beta1 * m + (1 - beta1) * g
 *   v = beta2 * v + (1 - beta2) * g * g
 *   w = v                               (the largest v so far if amsgrad)
 *   p = p - lr / (1 - beta1^t) * m / (sqrt(w) / sqrt(1 - beta2^t) + eps)      t = 1, 2, ...
 * }</pre>
 *
 * <p>PyTorch: {@code Adam(params, lr, betas, eps, weight_decay, amsgrad, maximize, decoupled_weight_decay)}. Source:
 * Kingma and Ba, arXiv 1412.6980; amsgrad: Reddi et al., arXiv 1904.09237; decoupled decay: Loshchilov and Hutter, arXiv
 * 1711.05101. With amsgrad PyTorch takes the largest v before its bias is corrected; the paper says otherwise.
 *
 * @param lr learning rate, finite and at least 0
 * @param beta1 decay of the mean, at least 0 and less than 1
 * @param beta2 decay of the mean square, at least 0 and less than 1
 * @param eps added to the denominator, finite and at least 0
 * @param weightDecay finite and at least 0
 * @param amsgrad divide by the largest mean square so far
 * @param maximize climb instead of descend
 * @param decoupledWeightDecay decay the parameter itself, as AdamW does
 */
public record Adam(
        @Param(or = "1e-3", always = true, atLeast = 0) double lr,

        @Param(name = "betas[0]", or = "0.9", atLeast = 0, below = 1)
        double beta1,

        @Param(name = "betas[1]", or = "0.999", atLeast = 0, below = 1)
        double beta2,

        @Param(or = "1e-8", atLeast = 0) double eps,
        @Param(or = "0", atLeast = 0) double weightDecay,
        @Param(or = "False") boolean amsgrad,
        @Param(or = "False") boolean maximize,
        @Param(or = "False") boolean decoupledWeightDecay)
        implements UpdateRule {

    static final Kind<Adam> KIND = Kind.of(Adam.class, "scales each step by the mean of squared gradients")
            .inPyTorch("torch.optim", Kind.LastEpoch.AS_HERE)
            .drops("amsgrad", "*", "foreach", "capturable", "differentiable", "fused");

    private static final List<Slot> SLOTS = List.of(new Slot("exp_avg"), new Slot("exp_avg_sq"));
    private static final List<Slot> AMSGRAD_SLOTS =
            List.of(new Slot("exp_avg"), new Slot("exp_avg_sq"), Slot.ofOption("max_exp_avg_sq"));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public Adam {
        lr = KIND.check("lr", lr);
        beta1 = KIND.check("betas[0]", beta1);
        beta2 = KIND.check("betas[1]", beta2);
        eps = KIND.check("eps", eps);
        weightDecay = KIND.check("weight_decay", weightDecay);
    }

    /** PyTorch's defaults: betas 0.9 and 0.999, eps 1e-8, no weight decay. */
    public Adam(double lr) {
        this(
                lr,
                KIND.absent("betas[0]"),
                KIND.absent("betas[1]"),
                KIND.absent("eps"),
                KIND.absent("weight_decay"),
                KIND.absent("amsgrad"),
                KIND.absent("maximize"),
                KIND.absent("decoupled_weight_decay"));
    }

    @Override
    public Adam withLr(double lr) {
        return KIND.with(this, "lr", lr);
    }

    /** {@return beta1} */
    @Override
    public double momentum() {
        return beta1;
    }

    /** {@return this rule with another beta1} */
    @Override
    public Adam withMomentum(double beta1) {
        return withBetas(beta1, beta2);
    }

    public Adam withBetas(double beta1, double beta2) {
        return KIND.with(KIND.with(this, "betas[0]", beta1), "betas[1]", beta2);
    }

    public Adam withEps(double eps) {
        return KIND.with(this, "eps", eps);
    }

    public Adam withWeightDecay(double weightDecay) {
        return KIND.with(this, "weight_decay", weightDecay);
    }

    public Adam withAmsgrad(boolean amsgrad) {
        return KIND.with(this, "amsgrad", amsgrad);
    }

    public Adam withMaximize(boolean maximize) {
        return KIND.with(this, "maximize", maximize);
    }

    public Adam withDecoupledWeightDecay(boolean decoupledWeightDecay) {
        return KIND.with(this, "decoupled_weight_decay", decoupledWeightDecay);
    }

    @Override
    public List<Slot> slots(int dimensions) {
        return slots(amsgrad);
    }

    static List<Slot> slots(boolean amsgrad) {
        return amsgrad ? AMSGRAD_SLOTS : SLOTS;
    }

    @Override
    public boolean countsSteps() {
        return true;
    }

    @Override
    public boolean isElementwise() {
        return true;
    }

    @Override
    public <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        kernels.adam(this, batch);
    }

    @Override
    public <T> void apply(Vectors<T> vectors, Batch<T> batch) {
        double t = (double) batch.step();
        batch.forEach(2, (param, grad, slots, spares) -> {
            T g = Batch.effectiveGrad(
                    vectors, grad, param, maximize, decoupledWeightDecay ? 0 : weightDecay, spares.get(0));
            if (decoupledWeightDecay) {
                vectors.scale(param, 1 - batch.lr() * weightDecay);
            }
            T square = slots.get(1);
            vectors.lerp(slots.get(0), g, 1 - beta1);
            vectors.scale(square, beta2);
            vectors.addcmul(square, g, g, 1 - beta2);
            if (amsgrad) {
                vectors.max(slots.get(2), square);
            }
            T root = spares.get(1);
            vectors.copy(amsgrad ? slots.get(2) : square, root);
            vectors.sqrt(root);
            vectors.scale(root, 1 / Math.sqrt(1 - Math.pow(beta2, t)));
            vectors.add(root, eps);
            vectors.addcdiv(param, slots.get(0), root, -batch.lr() / (1 - Math.pow(beta1, t)));
        });
    }

    @Override
    public Kind<Adam> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
