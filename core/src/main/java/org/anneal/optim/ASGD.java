package org.anneal.optim;

import java.util.List;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * Averaged stochastic gradient descent: SGD at a falling rate that also averages the parameters from step {@code t0} on.
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
 * <p>The rate {@code e} of a step is computed in the step before, so a change of {@code lr} takes effect one step late. The mean
 * {@code a} is the slot {@code ax}; the update does not use it.
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
public record ASGD(
        @Param(or = "1e-2", always = true, atLeast = 0) double lr,
        @Param(or = "1e-4") double lambd,
        @Param(or = "0.75") double alpha,
        @Param(or = "1e6") double t0,
        @Param(or = "0", atLeast = 0) double weightDecay,
        @Param(or = "False") boolean maximize)
        implements UpdateRule {

    static final Kind<ASGD> KIND = Kind.of(ASGD.class, "averages the steps of SGD")
            .inPyTorch("torch.optim", Kind.LastEpoch.AS_HERE)
            .drops("weight_decay", "foreach")
            .drops("maximize", "differentiable", "capturable");

    private static final List<Slot> SLOTS =
            List.of(new Slot("eta", Slot.Shape.SCALAR, 0), new Slot("mu", Slot.Shape.SCALAR, 1), new Slot("ax"));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public ASGD {
        lr = KIND.check("lr", lr);
        lambd = KIND.check("lambd", lambd);
        alpha = KIND.check("alpha", alpha);
        t0 = KIND.check("t0", t0);
        weightDecay = KIND.check("weight_decay", weightDecay);
    }

    /** PyTorch's defaults: lambd 1e-4, alpha 0.75, t0 1e6, no weight decay. Its default rate is 1e-2. */
    public ASGD(double lr) {
        this(
                lr,
                KIND.absent("lambd"),
                KIND.absent("alpha"),
                KIND.absent("t0"),
                KIND.absent("weight_decay"),
                KIND.absent("maximize"));
    }

    @Override
    public ASGD withLr(double lr) {
        return KIND.with(this, "lr", lr);
    }

    public ASGD withLambd(double lambd) {
        return KIND.with(this, "lambd", lambd);
    }

    public ASGD withAlpha(double alpha) {
        return KIND.with(this, "alpha", alpha);
    }

    public ASGD withT0(double t0) {
        return KIND.with(this, "t0", t0);
    }

    public ASGD withWeightDecay(double weightDecay) {
        return KIND.with(this, "weight_decay", weightDecay);
    }

    public ASGD withMaximize(boolean maximize) {
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
    public <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        kernels.asgd(this, batch);
    }

    @Override
    public <T> void apply(Vectors<T> vectors, Batch<T> batch) {
        double t = (double) batch.step();
        batch.forEach(2, (param, grad, slots, spares) -> {
            T g = Batch.effectiveGrad(vectors, grad, param, maximize, weightDecay, spares.get(0));
            T gap = spares.get(1);
            if (batch.fresh()) {
                vectors.fill(slots.get(0), batch.lr());
            }
            double eta = vectors.sum(slots.get(0)); // a single number
            double mu = vectors.sum(slots.get(1)); // a single number
            vectors.add(g, param, lambd);
            vectors.add(param, g, -eta);
            vectors.copy(param, gap);
            vectors.add(gap, slots.get(2), -1);
            vectors.add(slots.get(2), gap, mu);
            vectors.fill(slots.get(0), batch.lr() / Math.pow(1 + lambd * batch.lr() * t, alpha));
            vectors.fill(slots.get(1), 1 / Math.max(1, t - t0));
        });
    }

    @Override
    public Kind<ASGD> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
