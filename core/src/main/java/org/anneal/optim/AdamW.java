package org.anneal.optim;

import java.util.List;
import java.util.Map;
import org.anneal.schedule.Python;
import org.anneal.schedule.PythonCall;

/**
 * Adam with decoupled weight decay: the parameter shrinks by {@code lr * weightDecay} of itself, whatever its gradient.
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
 * {@code decoupledWeightDecay} and another default, run by Adam's kernels. Source: Loshchilov and Hutter, arXiv 1711.05101; as in
 * PyTorch, and unlike there, the decay is scaled by the rate.
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
        double lr, double beta1, double beta2, double eps, double weightDecay, boolean amsgrad, boolean maximize)
        implements UpdateRule {

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public AdamW {
        lr = Check.atLeastZero("lr", lr);
        beta1 = Check.beta("betas[0]", beta1);
        beta2 = Check.beta("betas[1]", beta2);
        eps = Check.atLeastZero("eps", eps);
        weightDecay = Check.atLeastZero("weight_decay", weightDecay);
    }

    /** PyTorch's defaults: betas 0.9 and 0.999, eps 1e-8, weight decay 0.01. */
    public AdamW(double lr) {
        this(lr, 0.9, 0.999, 1e-8, 1e-2, false, false);
    }

    @Override
    public AdamW withLr(double lr) {
        return new AdamW(lr, beta1, beta2, eps, weightDecay, amsgrad, maximize);
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
        return new AdamW(lr, beta1, beta2, eps, weightDecay, amsgrad, maximize);
    }

    public AdamW withEps(double eps) {
        return new AdamW(lr, beta1, beta2, eps, weightDecay, amsgrad, maximize);
    }

    public AdamW withWeightDecay(double weightDecay) {
        return new AdamW(lr, beta1, beta2, eps, weightDecay, amsgrad, maximize);
    }

    public AdamW withAmsgrad(boolean amsgrad) {
        return new AdamW(lr, beta1, beta2, eps, weightDecay, amsgrad, maximize);
    }

    public AdamW withMaximize(boolean maximize) {
        return new AdamW(lr, beta1, beta2, eps, weightDecay, amsgrad, maximize);
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
        return new Options()
                .with("lr", lr)
                .with("betas", Python.Tuple.of(beta1, beta2))
                .with("eps", eps)
                .withNumber("weight_decay", weightDecay)
                .with("amsgrad", amsgrad)
                .with("maximize", maximize)
                .with("decoupled_weight_decay", true)
                .toMap();
    }

    @Override
    public <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        kernels.adam(new Adam(lr, beta1, beta2, eps, weightDecay, amsgrad, maximize, true), batch);
    }

    static AdamW of(PythonCall call) {
        PythonCall.Arguments a = call.bind(
                "params",
                "lr=",
                "betas=",
                "eps=",
                "weight_decay=",
                "amsgrad=",
                "*",
                "maximize=",
                "foreach=",
                "capturable=",
                "differentiable=",
                "fused=");
        AdamW defaults = new AdamW(UpdateRule.LR);
        List<Double> betas = Options.pair(a, "betas", defaults.beta1, defaults.beta2);
        return a.build(() -> new AdamW(
                a.number("lr", defaults.lr),
                betas.get(0),
                betas.get(1),
                a.number("eps", defaults.eps),
                a.number("weight_decay", defaults.weightDecay),
                a.truth("amsgrad", false),
                a.truth("maximize", false)));
    }

    @Override
    public String toString() {
        return Options.print(this, new AdamW(lr));
    }
}
