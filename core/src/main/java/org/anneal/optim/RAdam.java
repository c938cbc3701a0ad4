package org.anneal.optim;

import java.util.List;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * RAdam: Adam that divides by the root mean square only once its estimate is reliable, and scales the step by its reliability.
 *
 * <pre>{@code
 *   g = grad                            (-grad if maximize)
 *   g = g + weightDecay * p             or, with decoupledWeightDecay, p = p - lr * weightDecay * p
 *   m = beta1 * m + (1 - beta1) * g
 *   v = beta2 * v + (1 - beta2) * g * g
 *   n = 2 / (1 - beta2) - 1
 *   k = n - 2 * t * beta2^t / (1 - beta2^t)
 *   r = sqrt((k - 4) * (k - 2) * n / ((n - 4) * (n - 2) * k))
 *   p = p - lr * m / (1 - beta1^t)                                                     while k <= 5
 *   p = p - lr * m / (1 - beta1^t) * sqrt(1 - beta2^t) / (sqrt(v) + eps) * r           later      t = 1, 2, ...
 * }</pre>
 *
 * <p>PyTorch: {@code RAdam(params, lr, betas, eps, weight_decay, decoupled_weight_decay, maximize)}. Source: Liu et al., arXiv 1908.03265,
 * with PyTorch's bound of 5, where the paper has 4; decoupled decay: Loshchilov and Hutter, arXiv 1711.05101.
 *
 * @param lr learning rate, finite and at least 0
 * @param beta1 decay of the mean, at least 0 and less than 1
 * @param beta2 decay of the mean square, at least 0 and less than 1
 * @param eps added to the denominator, finite and at least 0
 * @param weightDecay finite and at least 0
 * @param decoupledWeightDecay decay the parameter itself, as AdamW does
 * @param maximize climb instead of descend
 */
public record RAdam(
        @Param(or = "1e-3", always = true, atLeast = 0) double lr,

        @Param(name = "betas[0]", or = "0.9", atLeast = 0, below = 1)
        double beta1,

        @Param(name = "betas[1]", or = "0.999", atLeast = 0, below = 1)
        double beta2,

        @Param(or = "1e-8", atLeast = 0) double eps,
        @Param(or = "0", atLeast = 0) double weightDecay,
        @Param(or = "False") boolean decoupledWeightDecay,
        @Param(or = "False") boolean maximize)
        implements UpdateRule {

    static final Kind<RAdam> KIND = Kind.of(RAdam.class, "is Adam with a built-in warmup")
            .inPyTorch("torch.optim", Kind.LastEpoch.AS_HERE)
            .drops("decoupled_weight_decay", "*", "foreach", "capturable", "differentiable")
            .inOrder("lr", "betas", "eps", "weight_decay", "maximize");

    private static final List<Slot> SLOTS = List.of(new Slot("exp_avg"), new Slot("exp_avg_sq"));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public RAdam {
        lr = KIND.check("lr", lr);
        beta1 = KIND.check("betas[0]", beta1);
        beta2 = KIND.check("betas[1]", beta2);
        eps = KIND.check("eps", eps);
        weightDecay = KIND.check("weight_decay", weightDecay);
    }

    /** PyTorch's defaults: betas 0.9 and 0.999, eps 1e-8, no weight decay. */
    public RAdam(double lr) {
        this(
                lr,
                KIND.absent("betas[0]"),
                KIND.absent("betas[1]"),
                KIND.absent("eps"),
                KIND.absent("weight_decay"),
                KIND.absent("decoupled_weight_decay"),
                KIND.absent("maximize"));
    }

    @Override
    public RAdam withLr(double lr) {
        return KIND.with(this, "lr", lr);
    }

    /** {@return beta1} */
    @Override
    public double momentum() {
        return beta1;
    }

    /** {@return this rule with another beta1} */
    @Override
    public RAdam withMomentum(double beta1) {
        return withBetas(beta1, beta2);
    }

    public RAdam withBetas(double beta1, double beta2) {
        return KIND.with(KIND.with(this, "betas[0]", beta1), "betas[1]", beta2);
    }

    public RAdam withEps(double eps) {
        return KIND.with(this, "eps", eps);
    }

    public RAdam withWeightDecay(double weightDecay) {
        return KIND.with(this, "weight_decay", weightDecay);
    }

    public RAdam withDecoupledWeightDecay(boolean decoupledWeightDecay) {
        return KIND.with(this, "decoupled_weight_decay", decoupledWeightDecay);
    }

    public RAdam withMaximize(boolean maximize) {
        return KIND.with(this, "maximize", maximize);
    }

    @Override
    public List<Slot> slots(int dimensions) {
        return SLOTS;
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
        kernels.radam(this, batch);
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
            vectors.lerp(slots.get(0), g, 1 - beta1);
            vectors.scale(slots.get(1), beta2);
            vectors.addcmul(slots.get(1), g, g, 1 - beta2);
            double power = Math.pow(beta2, t);
            double n = 2 / (1 - beta2) - 1;
            double k = n - 2 * t * power / (1 - power);
            double rate = batch.lr() / (1 - Math.pow(beta1, t));
            if (k <= 5) {
                vectors.add(param, slots.get(0), -rate);
                return;
            }
            T root = spares.get(1);
            vectors.copy(slots.get(1), root);
            vectors.sqrt(root);
            vectors.add(root, eps);
            double rectifier = Math.sqrt((k - 4) * (k - 2) * n / ((n - 4) * (n - 2) * k) * (1 - power));
            vectors.addcdiv(param, slots.get(0), root, -rate * rectifier);
        });
    }

    @Override
    public Kind<RAdam> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
