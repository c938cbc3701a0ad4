package org.anneal.optim;

import java.util.List;
import java.util.Map;
import org.anneal.schedule.PythonCall;

/**
 * Adadelta: steps as large as the steps before, in units of the parameter.
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
 * <p>PyTorch: {@code Adadelta(params, lr, rho, eps, weight_decay, maximize)}. Source: Zeiler, arXiv 1212.5701, where there is no rate:
 * it is 1.
 *
 * @param lr factor on each step, finite and at least 0
 * @param rho decay of the mean squares, from 0 to 1
 * @param eps added under both roots, finite and at least 0
 * @param weightDecay L2 penalty, finite and at least 0
 * @param maximize climb instead of descend
 */
public record Adadelta(double lr, double rho, double eps, double weightDecay, boolean maximize) implements UpdateRule {

    private static final List<Slot> SLOTS = List.of(new Slot("square_avg"), new Slot("acc_delta"));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public Adadelta {
        lr = Check.atLeastZero("lr", lr);
        rho = Check.fromZeroToOne("rho", rho);
        eps = Check.atLeastZero("eps", eps);
        weightDecay = Check.atLeastZero("weight_decay", weightDecay);
    }

    /** PyTorch's defaults: rho 0.9, eps 1e-6, no weight decay. Its default rate is 1. */
    public Adadelta(double lr) {
        this(lr, 0.9, 1e-6, 0, false);
    }

    @Override
    public Adadelta withLr(double lr) {
        return new Adadelta(lr, rho, eps, weightDecay, maximize);
    }

    public Adadelta withRho(double rho) {
        return new Adadelta(lr, rho, eps, weightDecay, maximize);
    }

    public Adadelta withEps(double eps) {
        return new Adadelta(lr, rho, eps, weightDecay, maximize);
    }

    public Adadelta withWeightDecay(double weightDecay) {
        return new Adadelta(lr, rho, eps, weightDecay, maximize);
    }

    public Adadelta withMaximize(boolean maximize) {
        return new Adadelta(lr, rho, eps, weightDecay, maximize);
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
                .with("rho", rho)
                .with("eps", eps)
                .withNumber("weight_decay", weightDecay)
                .with("maximize", maximize)
                .toMap();
    }

    @Override
    public <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        kernels.adadelta(this, batch);
    }

    static Adadelta of(PythonCall call) {
        PythonCall.Arguments a = call.bind(
                "params",
                "lr=",
                "rho=",
                "eps=",
                "weight_decay=",
                "foreach=",
                "*",
                "capturable=",
                "maximize=",
                "differentiable=");
        Adadelta defaults = new Adadelta(1);

        return a.build(() -> new Adadelta(
                a.number("lr", defaults.lr),
                a.number("rho", defaults.rho),
                a.number("eps", defaults.eps),
                a.number("weight_decay", defaults.weightDecay),
                a.truth("maximize", false)));
    }

    @Override
    public String toString() {
        return Options.print(this, new Adadelta(lr));
    }
}
