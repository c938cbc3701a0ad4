package org.anneal.optim;

import java.util.List;
import java.util.Map;
import org.anneal.schedule.Python;
import org.anneal.schedule.PythonCall;

/**
 * RAdam: Adam that divides by the mean square only once that is known well enough, and by how well.
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
        double lr,
        double beta1,
        double beta2,
        double eps,
        double weightDecay,
        boolean decoupledWeightDecay,
        boolean maximize)
        implements UpdateRule {

    private static final List<Slot> SLOTS = List.of(new Slot("exp_avg"), new Slot("exp_avg_sq"));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public RAdam {
        lr = Check.atLeastZero("lr", lr);
        beta1 = Check.beta("betas[0]", beta1);
        beta2 = Check.beta("betas[1]", beta2);
        eps = Check.atLeastZero("eps", eps);
        weightDecay = Check.atLeastZero("weight_decay", weightDecay);
    }

    /** PyTorch's defaults: betas 0.9 and 0.999, eps 1e-8, no weight decay. */
    public RAdam(double lr) {
        this(lr, 0.9, 0.999, 1e-8, 0, false, false);
    }

    @Override
    public RAdam withLr(double lr) {
        return new RAdam(lr, beta1, beta2, eps, weightDecay, decoupledWeightDecay, maximize);
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
        return new RAdam(lr, beta1, beta2, eps, weightDecay, decoupledWeightDecay, maximize);
    }

    public RAdam withEps(double eps) {
        return new RAdam(lr, beta1, beta2, eps, weightDecay, decoupledWeightDecay, maximize);
    }

    public RAdam withWeightDecay(double weightDecay) {
        return new RAdam(lr, beta1, beta2, eps, weightDecay, decoupledWeightDecay, maximize);
    }

    public RAdam withDecoupledWeightDecay(boolean decoupledWeightDecay) {
        return new RAdam(lr, beta1, beta2, eps, weightDecay, decoupledWeightDecay, maximize);
    }

    public RAdam withMaximize(boolean maximize) {
        return new RAdam(lr, beta1, beta2, eps, weightDecay, decoupledWeightDecay, maximize);
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
    public Map<String, Object> options() {
        return new Options()
                .with("lr", lr)
                .with("betas", Python.Tuple.of(beta1, beta2))
                .with("eps", eps)
                .withNumber("weight_decay", weightDecay)
                .with("maximize", maximize)
                .with("decoupled_weight_decay", decoupledWeightDecay)
                .toMap();
    }

    @Override
    public <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        kernels.radam(this, batch);
    }

    static RAdam of(PythonCall call) {
        PythonCall.Arguments a = call.bind(
                "params",
                "lr=",
                "betas=",
                "eps=",
                "weight_decay=",
                "decoupled_weight_decay=",
                "*",
                "foreach=",
                "maximize=",
                "capturable=",
                "differentiable=");
        RAdam defaults = new RAdam(UpdateRule.LR);
        List<Double> betas = Options.pair(a, "betas", defaults.beta1, defaults.beta2);
        return a.build(() -> new RAdam(
                a.number("lr", defaults.lr),
                betas.get(0),
                betas.get(1),
                a.number("eps", defaults.eps),
                a.number("weight_decay", defaults.weightDecay),
                a.truth("decoupled_weight_decay", false),
                a.truth("maximize", false)));
    }

    @Override
    public String toString() {
        return Options.print(this, new RAdam(lr));
    }
}
