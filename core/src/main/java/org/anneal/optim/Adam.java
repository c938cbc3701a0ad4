package org.anneal.optim;

import java.util.List;
import java.util.Map;
import org.anneal.schedule.Python;
import org.anneal.schedule.PythonCall;

/**
 * Adam: steps of nearly {@code lr} each, whatever the gradients' scale.
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
        double lr,
        double beta1,
        double beta2,
        double eps,
        double weightDecay,
        boolean amsgrad,
        boolean maximize,
        boolean decoupledWeightDecay)
        implements UpdateRule {

    private static final List<Slot> SLOTS = List.of(new Slot("exp_avg"), new Slot("exp_avg_sq"));
    private static final List<Slot> AMSGRAD_SLOTS =
            List.of(new Slot("exp_avg"), new Slot("exp_avg_sq"), Slot.ofOption("max_exp_avg_sq"));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public Adam {
        lr = Check.atLeastZero("lr", lr);
        beta1 = Check.beta("betas[0]", beta1);
        beta2 = Check.beta("betas[1]", beta2);
        eps = Check.atLeastZero("eps", eps);
        weightDecay = Check.atLeastZero("weight_decay", weightDecay);
    }

    /** PyTorch's defaults: betas 0.9 and 0.999, eps 1e-8, no weight decay. */
    public Adam(double lr) {
        this(lr, 0.9, 0.999, 1e-8, 0, false, false, false);
    }

    @Override
    public Adam withLr(double lr) {
        return new Adam(lr, beta1, beta2, eps, weightDecay, amsgrad, maximize, decoupledWeightDecay);
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
        return new Adam(lr, beta1, beta2, eps, weightDecay, amsgrad, maximize, decoupledWeightDecay);
    }

    public Adam withEps(double eps) {
        return new Adam(lr, beta1, beta2, eps, weightDecay, amsgrad, maximize, decoupledWeightDecay);
    }

    public Adam withWeightDecay(double weightDecay) {
        return new Adam(lr, beta1, beta2, eps, weightDecay, amsgrad, maximize, decoupledWeightDecay);
    }

    public Adam withAmsgrad(boolean amsgrad) {
        return new Adam(lr, beta1, beta2, eps, weightDecay, amsgrad, maximize, decoupledWeightDecay);
    }

    public Adam withMaximize(boolean maximize) {
        return new Adam(lr, beta1, beta2, eps, weightDecay, amsgrad, maximize, decoupledWeightDecay);
    }

    public Adam withDecoupledWeightDecay(boolean decoupledWeightDecay) {
        return new Adam(lr, beta1, beta2, eps, weightDecay, amsgrad, maximize, decoupledWeightDecay);
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
    public Map<String, Object> options() {
        return new Options()
                .with("lr", lr)
                .with("betas", Python.Tuple.of(beta1, beta2))
                .with("eps", eps)
                .withNumber("weight_decay", weightDecay)
                .with("amsgrad", amsgrad)
                .with("maximize", maximize)
                .with("decoupled_weight_decay", decoupledWeightDecay)
                .toMap();
    }

    @Override
    public <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        kernels.adam(this, batch);
    }

    static Adam of(PythonCall call) {
        PythonCall.Arguments a = call.bind(
                "params",
                "lr=",
                "betas=",
                "eps=",
                "weight_decay=",
                "amsgrad=",
                "*",
                "foreach=",
                "maximize=",
                "capturable=",
                "differentiable=",
                "fused=",
                "decoupled_weight_decay=");
        Adam defaults = new Adam(UpdateRule.LR);
        List<Double> betas = Options.pair(a, "betas", defaults.beta1, defaults.beta2);
        return a.build(() -> new Adam(
                a.number("lr", defaults.lr),
                betas.get(0),
                betas.get(1),
                a.number("eps", defaults.eps),
                a.number("weight_decay", 0),
                a.truth("amsgrad", false),
                a.truth("maximize", false),
                a.truth("decoupled_weight_decay", false)));
    }

    @Override
    public String toString() {
        return Options.print(this, new Adam(lr));
    }
}
