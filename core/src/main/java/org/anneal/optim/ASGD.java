package org.anneal.optim;

import java.util.List;
import java.util.Map;
import org.anneal.schedule.PythonCall;

/**
 * Averaged stochastic gradient descent: descends at a falling rate and keeps the mean of the parameters from step {@code t0} on.
 *
 * <pre>{@code
 *   g = grad                            (-grad if maximize)
 *   g = g + weightDecay * p
 *   p = p * (1 - lambd * e) - e * g     e starts as lr
 *   a = a + (p - a) * u                 u starts as 1
 *   e = lr / (1 + lambd * lr * t)^alpha
 *   u = 1 / max(1, t - t0)              t = 1, 2, ...
 * }</pre>
 *
 * <p>The rate {@code e} of a step was computed in the step before, so a change of {@code lr} acts one step late. The mean {@code a} is
 * the slot {@code ax}; nothing else uses it.
 *
 * <p>PyTorch: {@code ASGD(params, lr, lambd, alpha, t0, weight_decay, maximize)}. Source: Polyak and Juditsky, Acceleration of stochastic
 * approximation by averaging, 1992; the rate and its constants are those of Bottou's sgd.
 *
 * @param lr learning rate, finite and at least 0
 * @param lambd how fast the rate falls and the parameter decays, finite
 * @param alpha power of the rate's fall, finite
 * @param t0 the step at which averaging starts, finite
 * @param weightDecay L2 penalty, finite and at least 0
 * @param maximize climb instead of descend
 */
public record ASGD(double lr, double lambd, double alpha, double t0, double weightDecay, boolean maximize)
        implements UpdateRule {

    private static final List<Slot> SLOTS =
            List.of(new Slot("eta", Slot.Shape.SCALAR, 0), new Slot("mu", Slot.Shape.SCALAR, 1), new Slot("ax"));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public ASGD {
        lr = Check.atLeastZero("lr", lr);
        lambd = Check.finite("lambd", lambd);
        alpha = Check.finite("alpha", alpha);
        t0 = Check.finite("t0", t0);
        weightDecay = Check.atLeastZero("weight_decay", weightDecay);
    }

    /** PyTorch's defaults: lambd 1e-4, alpha 0.75, t0 1e6, no weight decay. Its default rate is 1e-2. */
    public ASGD(double lr) {
        this(lr, 1e-4, 0.75, 1e6, 0, false);
    }

    @Override
    public ASGD withLr(double lr) {
        return new ASGD(lr, lambd, alpha, t0, weightDecay, maximize);
    }

    public ASGD withLambd(double lambd) {
        return new ASGD(lr, lambd, alpha, t0, weightDecay, maximize);
    }

    public ASGD withAlpha(double alpha) {
        return new ASGD(lr, lambd, alpha, t0, weightDecay, maximize);
    }

    public ASGD withT0(double t0) {
        return new ASGD(lr, lambd, alpha, t0, weightDecay, maximize);
    }

    public ASGD withWeightDecay(double weightDecay) {
        return new ASGD(lr, lambd, alpha, t0, weightDecay, maximize);
    }

    public ASGD withMaximize(boolean maximize) {
        return new ASGD(lr, lambd, alpha, t0, weightDecay, maximize);
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
                .with("lambd", lambd)
                .with("alpha", alpha)
                .with("t0", t0)
                .withNumber("weight_decay", weightDecay)
                .with("maximize", maximize)
                .toMap();
    }

    @Override
    public <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        kernels.asgd(this, batch);
    }

    static ASGD of(PythonCall call) {
        PythonCall.Arguments a = call.bind(
                "params",
                "lr=",
                "lambd=",
                "alpha=",
                "t0=",
                "weight_decay=",
                "foreach=",
                "maximize=",
                "differentiable=",
                "capturable=");
        ASGD defaults = new ASGD(1e-2);

        return a.build(() -> new ASGD(
                a.number("lr", defaults.lr),
                a.number("lambd", defaults.lambd),
                a.number("alpha", defaults.alpha),
                a.number("t0", defaults.t0),
                a.number("weight_decay", defaults.weightDecay),
                a.truth("maximize", false)));
    }

    @Override
    public String toString() {
        return Options.print(this, new ASGD(lr));
    }
}
