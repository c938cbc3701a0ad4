package org.anneal.optim;

import java.util.List;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * NAdam: Adam with Nesterov momentum, whose strength rises towards {@code beta1} over the steps.
 *
 * <pre>{@code
 *   g = grad                            (-grad if maximize)
 *   g = g + weightDecay * p             or, with decoupledWeightDecay, p = p - lr * weightDecay * p
 *   m = beta1 * m + (1 - beta1) * g
 *   v = beta2 * v + (1 - beta2) * g * g
 *   u(t) = beta1 * (1 - 0.96^(t * momentumDecay) / 2)
 *   P = u(1) * u(2) * ... * u(t)        P is kept
 *   d = sqrt(v / (1 - beta2^t)) + eps
 *   p = p - lr * (1 - u(t)) / (1 - P) * g / d - lr * u(t + 1) / (1 - P * u(t + 1)) * m / d      t = 1, 2, ...
 * }</pre>
 *
 * <p>PyTorch: {@code NAdam(params, lr, betas, eps, weight_decay, momentum_decay, decoupled_weight_decay, maximize)}. Source: Dozat,
 * Incorporating Nesterov momentum into Adam, ICLR workshop, 2016; decoupled decay: Loshchilov and Hutter, arXiv 1711.05101.
 *
 * @param lr learning rate, finite and at least 0
 * @param beta1 decay of the mean, at least 0 and less than 1
 * @param beta2 decay of the mean square, at least 0 and less than 1
 * @param eps added to the denominator, finite and at least 0
 * @param weightDecay finite and at least 0
 * @param momentumDecay how fast the momentum rises, finite and at least 0
 * @param decoupledWeightDecay decay the parameter itself, as AdamW does
 * @param maximize climb instead of descend
 */
public record NAdam(
        @Param(or = "2e-3", always = true, atLeast = 0) double lr,

        @Param(name = "betas[0]", or = "0.9", atLeast = 0, below = 1)
        double beta1,

        @Param(name = "betas[1]", or = "0.999", atLeast = 0, below = 1)
        double beta2,

        @Param(or = "1e-8", atLeast = 0) double eps,
        @Param(or = "0", atLeast = 0) double weightDecay,
        @Param(or = "4e-3", atLeast = 0) double momentumDecay,
        @Param(or = "False") boolean decoupledWeightDecay,
        @Param(or = "False") boolean maximize)
        implements UpdateRule {

    static final Kind<NAdam> KIND = Kind.of(NAdam.class, "is Adam with Nesterov momentum")
            .inPyTorch("torch.optim", Kind.LastEpoch.AS_HERE)
            .drops("decoupled_weight_decay", "*", "foreach", "capturable", "differentiable");

    private static final List<Slot> SLOTS =
            List.of(new Slot("mu_product", Slot.Shape.SCALAR, 1), new Slot("exp_avg"), new Slot("exp_avg_sq"));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public NAdam {
        lr = KIND.check("lr", lr);
        beta1 = KIND.check("betas[0]", beta1);
        beta2 = KIND.check("betas[1]", beta2);
        eps = KIND.check("eps", eps);
        weightDecay = KIND.check("weight_decay", weightDecay);
        momentumDecay = KIND.check("momentum_decay", momentumDecay);
    }

    /** PyTorch's defaults: betas 0.9 and 0.999, eps 1e-8, no weight decay, momentum decay 4e-3. Its default rate is 2e-3. */
    public NAdam(double lr) {
        this(
                lr,
                KIND.absent("betas[0]"),
                KIND.absent("betas[1]"),
                KIND.absent("eps"),
                KIND.absent("weight_decay"),
                KIND.absent("momentum_decay"),
                KIND.absent("decoupled_weight_decay"),
                KIND.absent("maximize"));
    }

    @Override
    public NAdam withLr(double lr) {
        return KIND.with(this, "lr", lr);
    }

    /** {@return beta1} */
    @Override
    public double momentum() {
        return beta1;
    }

    /** {@return this rule with another beta1} */
    @Override
    public NAdam withMomentum(double beta1) {
        return withBetas(beta1, beta2);
    }

    public NAdam withBetas(double beta1, double beta2) {
        return KIND.with(KIND.with(this, "betas[0]", beta1), "betas[1]", beta2);
    }

    public NAdam withEps(double eps) {
        return KIND.with(this, "eps", eps);
    }

    public NAdam withWeightDecay(double weightDecay) {
        return KIND.with(this, "weight_decay", weightDecay);
    }

    public NAdam withMomentumDecay(double momentumDecay) {
        return KIND.with(this, "momentum_decay", momentumDecay);
    }

    public NAdam withDecoupledWeightDecay(boolean decoupledWeightDecay) {
        return KIND.with(this, "decoupled_weight_decay", decoupledWeightDecay);
    }

    public NAdam withMaximize(boolean maximize) {
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
        kernels.nadam(this, batch);
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
            double now = strength(t);
            double next = strength(t + 1);
            vectors.scale(slots.get(0), now);
            double product = vectors.sum(slots.get(0)); // a single number
            vectors.lerp(slots.get(1), g, 1 - beta1);
            vectors.scale(slots.get(2), beta2);
            vectors.addcmul(slots.get(2), g, g, 1 - beta2);
            T root = spares.get(1);
            vectors.copy(slots.get(2), root);
            vectors.scale(root, 1 / (1 - Math.pow(beta2, t)));
            vectors.sqrt(root);
            vectors.add(root, eps);
            vectors.addcdiv(param, g, root, -batch.lr() * (1 - now) / (1 - product));
            vectors.addcdiv(param, slots.get(1), root, -batch.lr() * next / (1 - product * next));
        });
    }

    private double strength(double t) {
        return beta1 * (1 - 0.5 * Math.pow(0.96, t * momentumDecay));
    }

    @Override
    public Kind<NAdam> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
