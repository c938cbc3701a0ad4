package org.anneal.optim;

import java.util.List;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * Adagrad: divides each gradient by the root of the sum of the squares of all gradients so far.
 *
 * <pre>{@code
 *   g = grad                            (-grad if maximize)
 *   g = g + weightDecay * p
 *   s = s + g * g                       s starts as initialAccumulatorValue
 *   p = p - lr / (1 + (t - 1) * lrDecay) * g / (sqrt(s) + eps)      t = 1, 2, ...
 * }</pre>
 *
 * <p>PyTorch: {@code Adagrad(params, lr, lr_decay, weight_decay, initial_accumulator_value, eps, maximize)}. As in PyTorch, a
 * state dict has the sums before the first step. Unlike in PyTorch, so do groups that were added later, and each group starts with
 * its own {@code initialAccumulatorValue}. Source: Duchi et al., Adaptive subgradient methods, JMLR 12, 2011.
 *
 * @param lr learning rate, finite and at least 0
 * @param lrDecay how much the rate falls per step, finite and at least 0
 * @param weightDecay L2 penalty, finite and at least 0
 * @param initialAccumulatorValue initial value of the sums, finite and at least 0
 * @param eps added to the denominator, finite and at least 0
 * @param maximize climb instead of descend
 */
public record Adagrad(
        @Param(or = "1e-2", always = true, atLeast = 0) double lr,
        @Param(or = "0", atLeast = 0) double lrDecay,
        @Param(or = "0", atLeast = 0) double weightDecay,
        @Param(or = "0", atLeast = 0) double initialAccumulatorValue,
        @Param(or = "1e-10", atLeast = 0) double eps,
        @Param(or = "False") boolean maximize)
        implements UpdateRule {

    static final Kind<Adagrad> KIND = Kind.of(Adagrad.class, "scales each step by the sum of squared gradients")
            .inPyTorch("torch.optim", Kind.LastEpoch.AS_HERE)
            .drops("eps", "foreach", "*", "differentiable", "fused")
            .inOrder("lr", "lr_decay", "eps");

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public Adagrad {
        lr = KIND.check("lr", lr);
        lrDecay = KIND.check("lr_decay", lrDecay);
        weightDecay = KIND.check("weight_decay", weightDecay);
        initialAccumulatorValue = KIND.check("initial_accumulator_value", initialAccumulatorValue);
        eps = KIND.check("eps", eps);
    }

    /** PyTorch's defaults: no decay, sums from 0, eps 1e-10. */
    public Adagrad(double lr) {
        this(
                lr,
                KIND.absent("lr_decay"),
                KIND.absent("weight_decay"),
                KIND.absent("initial_accumulator_value"),
                KIND.absent("eps"),
                KIND.absent("maximize"));
    }

    @Override
    public Adagrad withLr(double lr) {
        return KIND.with(this, "lr", lr);
    }

    public Adagrad withLrDecay(double lrDecay) {
        return KIND.with(this, "lr_decay", lrDecay);
    }

    public Adagrad withWeightDecay(double weightDecay) {
        return KIND.with(this, "weight_decay", weightDecay);
    }

    public Adagrad withInitialAccumulatorValue(double initialAccumulatorValue) {
        return KIND.with(this, "initial_accumulator_value", initialAccumulatorValue);
    }

    public Adagrad withEps(double eps) {
        return KIND.with(this, "eps", eps);
    }

    public Adagrad withMaximize(boolean maximize) {
        return KIND.with(this, "maximize", maximize);
    }

    @Override
    public boolean keepsFromTheStart() {
        return true;
    }

    @Override
    public List<Slot> slots(int dimensions) {
        return List.of(new Slot("sum", Slot.Shape.PARAMETER, initialAccumulatorValue));
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
        kernels.adagrad(this, batch);
    }

    @Override
    public <T> void apply(Vectors<T> vectors, Batch<T> batch) {
        double t = (double) batch.step();
        batch.forEach(2, (param, grad, slots, spares) -> {
            T g = Batch.effectiveGrad(vectors, grad, param, maximize, weightDecay, spares.get(0));
            T root = spares.get(1);
            vectors.addcmul(slots.get(0), g, g, 1);
            vectors.copy(slots.get(0), root);
            vectors.sqrt(root);
            vectors.add(root, eps);
            vectors.addcdiv(param, g, root, -batch.lr() / (1 + (t - 1) * lrDecay));
        });
    }

    @Override
    public Kind<Adagrad> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
