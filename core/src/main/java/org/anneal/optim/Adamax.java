package org.anneal.optim;

import java.util.List;
import java.util.Map;
import org.anneal.schedule.Python;
import org.anneal.schedule.PythonCall;

/**
 * Adamax: Adam with the largest recent gradient in the place of the root mean square.
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
public record Adamax(double lr, double beta1, double beta2, double eps, double weightDecay, boolean maximize)
        implements UpdateRule {

    private static final List<Slot> SLOTS = List.of(new Slot("exp_avg"), new Slot("exp_inf"));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public Adamax {
        lr = Check.atLeastZero("lr", lr);
        beta1 = Check.beta("betas[0]", beta1);
        beta2 = Check.beta("betas[1]", beta2);
        eps = Check.atLeastZero("eps", eps);
        weightDecay = Check.atLeastZero("weight_decay", weightDecay);
    }

    /** PyTorch's defaults: betas 0.9 and 0.999, eps 1e-8, no weight decay. Its default rate is 2e-3. */
    public Adamax(double lr) {
        this(lr, 0.9, 0.999, 1e-8, 0, false);
    }

    @Override
    public Adamax withLr(double lr) {
        return new Adamax(lr, beta1, beta2, eps, weightDecay, maximize);
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
        return new Adamax(lr, beta1, beta2, eps, weightDecay, maximize);
    }

    public Adamax withEps(double eps) {
        return new Adamax(lr, beta1, beta2, eps, weightDecay, maximize);
    }

    public Adamax withWeightDecay(double weightDecay) {
        return new Adamax(lr, beta1, beta2, eps, weightDecay, maximize);
    }

    public Adamax withMaximize(boolean maximize) {
        return new Adamax(lr, beta1, beta2, eps, weightDecay, maximize);
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
                .toMap();
    }

    @Override
    public <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        kernels.adamax(this, batch);
    }

    static Adamax of(PythonCall call) {
        PythonCall.Arguments a = call.bind(
                "params",
                "lr=",
                "betas=",
                "eps=",
                "weight_decay=",
                "foreach=",
                "*",
                "maximize=",
                "differentiable=",
                "capturable=");
        Adamax defaults = new Adamax(2e-3);
        List<Double> betas = Options.pair(a, "betas", defaults.beta1, defaults.beta2);
        return a.build(() -> new Adamax(
                a.number("lr", defaults.lr),
                betas.get(0),
                betas.get(1),
                a.number("eps", defaults.eps),
                a.number("weight_decay", defaults.weightDecay),
                a.truth("maximize", false)));
    }

    @Override
    public String toString() {
        return Options.print(this, new Adamax(lr));
    }
}
