package org.anneal.optim;

import java.util.List;
import java.util.Map;
import org.anneal.schedule.Python;
import org.anneal.schedule.PythonCall;

/**
 * NAdam: Adam with Nesterov's momentum, whose strength {@code beta1} rises over the steps.
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
        double lr,
        double beta1,
        double beta2,
        double eps,
        double weightDecay,
        double momentumDecay,
        boolean decoupledWeightDecay,
        boolean maximize)
        implements UpdateRule {

    private static final List<Slot> SLOTS =
            List.of(new Slot("mu_product", Slot.Shape.SCALAR, 1), new Slot("exp_avg"), new Slot("exp_avg_sq"));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public NAdam {
        lr = Check.atLeastZero("lr", lr);
        beta1 = Check.beta("betas[0]", beta1);
        beta2 = Check.beta("betas[1]", beta2);
        eps = Check.atLeastZero("eps", eps);
        weightDecay = Check.atLeastZero("weight_decay", weightDecay);
        momentumDecay = Check.atLeastZero("momentum_decay", momentumDecay);
    }

    /** PyTorch's defaults: betas 0.9 and 0.999, eps 1e-8, no weight decay, momentum decay 4e-3. Its default rate is 2e-3. */
    public NAdam(double lr) {
        this(lr, 0.9, 0.999, 1e-8, 0, 4e-3, false, false);
    }

    @Override
    public NAdam withLr(double lr) {
        return new NAdam(lr, beta1, beta2, eps, weightDecay, momentumDecay, decoupledWeightDecay, maximize);
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
        return new NAdam(lr, beta1, beta2, eps, weightDecay, momentumDecay, decoupledWeightDecay, maximize);
    }

    public NAdam withEps(double eps) {
        return new NAdam(lr, beta1, beta2, eps, weightDecay, momentumDecay, decoupledWeightDecay, maximize);
    }

    public NAdam withWeightDecay(double weightDecay) {
        return new NAdam(lr, beta1, beta2, eps, weightDecay, momentumDecay, decoupledWeightDecay, maximize);
    }

    public NAdam withMomentumDecay(double momentumDecay) {
        return new NAdam(lr, beta1, beta2, eps, weightDecay, momentumDecay, decoupledWeightDecay, maximize);
    }

    public NAdam withDecoupledWeightDecay(boolean decoupledWeightDecay) {
        return new NAdam(lr, beta1, beta2, eps, weightDecay, momentumDecay, decoupledWeightDecay, maximize);
    }

    public NAdam withMaximize(boolean maximize) {
        return new NAdam(lr, beta1, beta2, eps, weightDecay, momentumDecay, decoupledWeightDecay, maximize);
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
                .with("momentum_decay", momentumDecay)
                .with("decoupled_weight_decay", decoupledWeightDecay)
                .with("maximize", maximize)
                .toMap();
    }

    @Override
    public <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        kernels.nadam(this, batch);
    }

    static NAdam of(PythonCall call) {
        PythonCall.Arguments a = call.bind(
                "params",
                "lr=",
                "betas=",
                "eps=",
                "weight_decay=",
                "momentum_decay=",
                "decoupled_weight_decay=",
                "*",
                "foreach=",
                "maximize=",
                "capturable=",
                "differentiable=");
        NAdam defaults = new NAdam(2e-3);
        List<Double> betas = Options.pair(a, "betas", defaults.beta1, defaults.beta2);
        return a.build(() -> new NAdam(
                a.number("lr", defaults.lr),
                betas.get(0),
                betas.get(1),
                a.number("eps", defaults.eps),
                a.number("weight_decay", defaults.weightDecay),
                a.number("momentum_decay", defaults.momentumDecay),
                a.truth("decoupled_weight_decay", false),
                a.truth("maximize", false)));
    }

    @Override
    public String toString() {
        return Options.print(this, new NAdam(lr));
    }
}
