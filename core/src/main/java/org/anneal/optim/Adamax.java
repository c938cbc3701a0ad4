package org.anneal.optim;

import java.util.List;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * Adamax: Adam with a decaying maximum of the gradient instead of its root mean square.
 *
 * <pre>{@code
 *   g = grad                            (-grad if maximize)
 *   g = g + weightDecay * p
 *   m = beta1 * m + (1 - beta1) * g
 *   u = max(beta2 * u, |g| + eps)
 *   p = p - lr / (1 - beta1^t) * m / u      t = 1, 2, ...
 * }</pre>
 *
 * <p>PyTorch: {@code Adamax(params, lr, betas, eps, weight_decay, maximize)}. Source: Kingma and Ba, arXiv 1412.6980, section 7.1; eps
 * is PyTorch's.
 *
 * @param lr learning rate, finite and at least 0
 * @param beta1 decay of the mean, at least 0 and less than 1
 * @param beta2 decay of the largest gradient, at least 0 and less than 1
 * @param eps added to each gradient's size, finite and at least 0
 * @param weightDecay L2 penalty, finite and at least 0
 * @param maximize climb instead of descend
 */
public record Adamax(
        @Param(or = "2e-3", always = true, atLeast = 0) double lr,

        @Param(name = "betas[0]", or = "0.9", atLeast = 0, below = 1)
        double beta1,

        @Param(name = "betas[1]", or = "0.999", atLeast = 0, below = 1)
        double beta2,

        @Param(or = "1e-8", atLeast = 0) double eps,
        @Param(or = "0", atLeast = 0) double weightDecay,
        @Param(or = "False") boolean maximize)
        implements UpdateRule {

    static final Kind<Adamax> KIND = Kind.of(Adamax.class, "is Adam with the largest gradient in place of the mean")
            .inPyTorch("torch.optim", Kind.LastEpoch.AS_HERE)
            .drops("weight_decay", "foreach", "*", "differentiable", "capturable");

    private static final List<Slot> SLOTS = List.of(new Slot("exp_avg"), new Slot("exp_inf"));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public Adamax {
        lr = KIND.check("lr", lr);
        beta1 = KIND.check("betas[0]", beta1);
        beta2 = KIND.check("betas[1]", beta2);
        eps = KIND.check("eps", eps);
        weightDecay = KIND.check("weight_decay", weightDecay);
    }

    /** PyTorch's defaults: betas 0.9 and 0.999, eps 1e-8, no weight decay. Its default rate is 2e-3. */
    public Adamax(double lr) {
        this(
                lr,
                KIND.absent("betas[0]"),
                KIND.absent("betas[1]"),
                KIND.absent("eps"),
                KIND.absent("weight_decay"),
                KIND.absent("maximize"));
    }

    @Override
    public Adamax withLr(double lr) {
        return KIND.with(this, "lr", lr);
    }

    /** {@return beta1} */
    @Override
    public double momentum() {
        return beta1;
    }

    /** {@return this rule with another beta1} */
    @Override
    public Adamax withMomentum(double beta1) {
        return withBetas(beta1, beta2);
    }

    public Adamax withBetas(double beta1, double beta2) {
        return KIND.with(KIND.with(this, "betas[0]", beta1), "betas[1]", beta2);
    }

    public Adamax withEps(double eps) {
        return KIND.with(this, "eps", eps);
    }

    public Adamax withWeightDecay(double weightDecay) {
        return KIND.with(this, "weight_decay", weightDecay);
    }

    public Adamax withMaximize(boolean maximize) {
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
        kernels.adamax(this, batch);
    }

    @Override
    public <T> void apply(Vectors<T> vectors, Batch<T> batch) {
        double t = (double) batch.step();
        batch.forEach(1, (param, grad, slots, spares) -> {
            T g = Batch.effectiveGrad(vectors, grad, param, maximize, weightDecay, spares.get(0));
            vectors.lerp(slots.get(0), g, 1 - beta1);
            vectors.abs(g);
            vectors.add(g, eps);
            vectors.scale(slots.get(1), beta2);
            vectors.max(slots.get(1), g);
            vectors.addcdiv(param, slots.get(0), slots.get(1), -batch.lr() / (1 - Math.pow(beta1, t)));
        });
    }

    @Override
    public Kind<Adamax> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
