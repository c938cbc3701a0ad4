package org.anneal.optim;

import java.util.List;
import java.util.Map;
import org.anneal.schedule.PythonCall;

/**
 * Adagrad: divides each rate by the root of the sum of the squares of all gradients so far.
 *
 * <pre>{@code
 *   g = grad                            (-grad if maximize)
 *   g = g + weightDecay * p
 *   s = s + g * g                       s starts as initialAccumulatorValue
 *   p = p - lr / (1 + (t - 1) * lrDecay) * g / (sqrt(s) + eps)      t = 1, 2, ...
 * }</pre>
 *
 * <p>PyTorch: {@code Adagrad(params, lr, lr_decay, weight_decay, initial_accumulator_value, eps, maximize)}. As there, a state dict has
 * the sums before the first step; unlike there, also those of groups that were added later, and each group starts with its own
 * {@code initialAccumulatorValue}. Source: Duchi et al., Adaptive subgradient methods, JMLR 12, 2011.
 *
 * @param lr learning rate, finite and at least 0
 * @param lrDecay how much the rate falls per step, finite and at least 0
 * @param weightDecay L2 penalty, finite and at least 0
 * @param initialAccumulatorValue what the sums start with, finite and at least 0
 * @param eps added to the denominator, finite and at least 0
 * @param maximize climb instead of descend
 */
public record Adagrad(
        double lr, double lrDecay, double weightDecay, double initialAccumulatorValue, double eps, boolean maximize)
        implements UpdateRule {

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public Adagrad {
        lr = Check.atLeastZero("lr", lr);
        lrDecay = Check.atLeastZero("lr_decay", lrDecay);
        weightDecay = Check.atLeastZero("weight_decay", weightDecay);
        initialAccumulatorValue = Check.atLeastZero("initial_accumulator_value", initialAccumulatorValue);
        eps = Check.atLeastZero("eps", eps);
    }

    /** PyTorch's defaults: no decay, sums from 0, eps 1e-10. */
    public Adagrad(double lr) {
        this(lr, 0, 0, 0, 1e-10, false);
    }

    @Override
    public Adagrad withLr(double lr) {
        return new Adagrad(lr, lrDecay, weightDecay, initialAccumulatorValue, eps, maximize);
    }

    public Adagrad withLrDecay(double lrDecay) {
        return new Adagrad(lr, lrDecay, weightDecay, initialAccumulatorValue, eps, maximize);
    }

    public Adagrad withWeightDecay(double weightDecay) {
        return new Adagrad(lr, lrDecay, weightDecay, initialAccumulatorValue, eps, maximize);
    }

    public Adagrad withInitialAccumulatorValue(double initialAccumulatorValue) {
        return new Adagrad(lr, lrDecay, weightDecay, initialAccumulatorValue, eps, maximize);
    }

    public Adagrad withEps(double eps) {
        return new Adagrad(lr, lrDecay, weightDecay, initialAccumulatorValue, eps, maximize);
    }

    public Adagrad withMaximize(boolean maximize) {
        return new Adagrad(lr, lrDecay, weightDecay, initialAccumulatorValue, eps, maximize);
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
    public Map<String, Object> options() {
        return new Options()
                .with("lr", lr)
                .withNumber("lr_decay", lrDecay)
                .with("eps", eps)
                .withNumber("weight_decay", weightDecay)
                .withNumber("initial_accumulator_value", initialAccumulatorValue)
                .with("maximize", maximize)
                .toMap();
    }

    @Override
    public <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        kernels.adagrad(this, batch);
    }

    static Adagrad of(PythonCall call) {
        PythonCall.Arguments a = call.bind(
                "params",
                "lr=",
                "lr_decay=",
                "weight_decay=",
                "initial_accumulator_value=",
                "eps=",
                "foreach=",
                "*",
                "maximize=",
                "differentiable=",
                "fused=");
        Adagrad defaults = new Adagrad(1e-2);

        return a.build(() -> new Adagrad(
                a.number("lr", defaults.lr),
                a.number("lr_decay", defaults.lrDecay),
                a.number("weight_decay", defaults.weightDecay),
                a.number("initial_accumulator_value", defaults.initialAccumulatorValue),
                a.number("eps", defaults.eps),
                a.truth("maximize", false)));
    }

    @Override
    public String toString() {
        return Options.print(this, new Adagrad(lr));
    }
}
