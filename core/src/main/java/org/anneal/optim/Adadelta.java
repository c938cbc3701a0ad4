package org.anneal.optim;

import java.util.List;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * Adadelta: scales each gradient by the ratio of the root mean squares of past steps and past gradients.
 *
 * <pre>{@code
 *   g = grad                            (-grad if maximize)
 *   g = g + weightDecay * p
 *   v = rho * v + (1 - rho) * g * g
 *   d = sqrt(a + eps) / sqrt(v + eps) * g
 *   a = rho * a + (1 - rho) * d * d
 *   p = p - lr * d
 * }</pre>
 *
 * <p>PyTorch: {@code Adadelta(params, lr, rho, eps, weight_decay, maximize)}. Source: Zeiler, arXiv 1212.5701, which has no rate
 * (it is 1).
 *
 * @param lr factor on each step, finite and at least 0
 * @param rho decay of the mean squares, from 0 to 1
 * @param eps added under both roots, finite and at least 0
 * @param weightDecay L2 penalty, finite and at least 0
 * @param maximize climb instead of descend
 */
public record Adadelta(
        @Param(or = "1.0", always = true, atLeast = 0) double lr,
        @Param(or = "0.9", atLeast = 0, atMost = 1) double rho,
        @Param(or = "1e-6", atLeast = 0) double eps,
        @Param(or = "0", atLeast = 0) double weightDecay,
        @Param(or = "False") boolean maximize)
        implements UpdateRule {

    static final Kind<Adadelta> KIND = Kind.of(Adadelta.class, "scales each step by the mean of squared steps")
            .inPyTorch("torch.optim", Kind.LastEpoch.AS_HERE)
            .drops("weight_decay", "foreach", "*", "capturable", "differentiable");

    private static final List<Slot> SLOTS = List.of(new Slot("square_avg"), new Slot("acc_delta"));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public Adadelta {
        lr = KIND.check("lr", lr);
        rho = KIND.check("rho", rho);
        eps = KIND.check("eps", eps);
        weightDecay = KIND.check("weight_decay", weightDecay);
    }

    /** PyTorch's defaults: rho 0.9, eps 1e-6, no weight decay. Its default rate is 1. */
    public Adadelta(double lr) {
        this(lr, KIND.absent("rho"), KIND.absent("eps"), KIND.absent("weight_decay"), KIND.absent("maximize"));
    }

    @Override
    public Adadelta withLr(double lr) {
        return KIND.with(this, "lr", lr);
    }

    public Adadelta withRho(double rho) {
        return KIND.with(this, "rho", rho);
    }

    public Adadelta withEps(double eps) {
        return KIND.with(this, "eps", eps);
    }

    public Adadelta withWeightDecay(double weightDecay) {
        return KIND.with(this, "weight_decay", weightDecay);
    }

    public Adadelta withMaximize(boolean maximize) {
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
        kernels.adadelta(this, batch);
    }

    @Override
    public <T> void apply(Vectors<T> vectors, Batch<T> batch) {
        batch.forEach(3, (param, grad, slots, spares) -> {
            T g = Batch.effectiveGrad(vectors, grad, param, maximize, weightDecay, spares.get(0));
            T root = spares.get(1);
            T delta = spares.get(2);
            vectors.scale(slots.get(0), rho);
            vectors.addcmul(slots.get(0), g, g, 1 - rho);
            vectors.copy(slots.get(0), root);
            vectors.add(root, eps);
            vectors.sqrt(root);
            vectors.copy(slots.get(1), delta);
            vectors.add(delta, eps);
            vectors.sqrt(delta);
            vectors.div(delta, root);
            vectors.mul(delta, g);
            vectors.scale(slots.get(1), rho);
            vectors.addcmul(slots.get(1), delta, delta, 1 - rho);
            vectors.add(param, delta, -batch.lr());
        });
    }

    @Override
    public Kind<Adadelta> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
