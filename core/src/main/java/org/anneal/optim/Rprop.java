package org.anneal.optim;

import java.util.List;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * Rprop: each element has its own step size, which grows while its gradient keeps its sign and shrinks when the sign changes. It is
 * meant for gradients of the whole data set, not of batches.
 *
 * <pre>{@code
 *   g = grad                                                   (-grad if maximize)
 *   f = etaPlus, etaMinus or 1 where g * h is > 0, < 0 or 0     h starts as 0
 *   s = f * s, at least minStep and at most maxStep             s starts as lr
 *   h = g                                                      (0 where f is etaMinus)
 *   p = p - sign(h) * s
 * }</pre>
 *
 * <p>The rate is only the initial {@code s}, at a parameter's first step: a schedule has no effect after that.
 *
 * <p>PyTorch: {@code Rprop(params, lr, etas, step_sizes, maximize)}. Source: Riedmiller and Braun, A direct adaptive method for faster
 * backpropagation learning, 1993; it never undoes a step, which is Rprop- in Igel and Huesken, 2000.
 *
 * @param lr the first step size, finite and at least 0
 * @param etaMinus factor by which a step size shrinks, greater than 0 and less than 1
 * @param etaPlus factor by which a step size grows, finite and greater than 1
 * @param minStep finite and at least 0
 * @param maxStep finite and at least minStep
 * @param maximize climb instead of descend
 */
public record Rprop(
        @Param(or = "1e-2", always = true, atLeast = 0) double lr,

        @Param(name = "etas[0]", or = "0.5", above = 0, below = 1)
        double etaMinus,

        @Param(name = "etas[1]", or = "1.2", above = 1) double etaPlus,

        @Param(name = "step_sizes[0]", or = "1e-6", atLeast = 0)
        double minStep,

        @Param(name = "step_sizes[1]", or = "50") double maxStep,
        @Param(or = "False") boolean maximize)
        implements UpdateRule {

    static final Kind<Rprop> KIND = Kind.of(Rprop.class, "steps by the sign of the gradient alone")
            .inPyTorch("torch.optim", Kind.LastEpoch.AS_HERE)
            .drops("step_sizes", "*", "capturable", "foreach")
            .drops("maximize", "differentiable");

    private static final List<Slot> SLOTS = List.of(new Slot("prev"), new Slot("step_size"));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public Rprop {
        lr = KIND.check("lr", lr);
        etaMinus = KIND.check("etas[0]", etaMinus);
        etaPlus = KIND.check("etas[1]", etaPlus);
        minStep = KIND.check("step_sizes[0]", minStep);
        maxStep = KIND.check("step_sizes[1]", maxStep);
        if (!(maxStep >= minStep)) {
            throw new IllegalArgumentException(
                    "step_sizes[1] must be finite and >= step_sizes[0], " + minStep + ", but was " + maxStep);
        }
    }

    /** PyTorch's defaults: etas 0.5 and 1.2, step sizes from 1e-6 to 50. Its default rate is 1e-2. */
    public Rprop(double lr) {
        this(
                lr,
                KIND.absent("etas[0]"),
                KIND.absent("etas[1]"),
                KIND.absent("step_sizes[0]"),
                KIND.absent("step_sizes[1]"),
                KIND.absent("maximize"));
    }

    @Override
    public Rprop withLr(double lr) {
        return KIND.with(this, "lr", lr);
    }

    public Rprop withEtas(double etaMinus, double etaPlus) {
        return KIND.with(KIND.with(this, "etas[0]", etaMinus), "etas[1]", etaPlus);
    }

    public Rprop withStepSizes(double minStep, double maxStep) {
        return new Rprop(lr, etaMinus, etaPlus, minStep, maxStep, maximize);
    }

    public Rprop withMaximize(boolean maximize) {
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
    public boolean isElementwise() {
        return true;
    }

    @Override
    public <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        kernels.rprop(this, batch);
    }

    @Override
    public <T> void apply(Vectors<T> vectors, Batch<T> batch) {
        batch.forEach(1, (param, grad, slots, spares) -> {
            T g = Batch.effectiveGrad(vectors, grad, param, maximize, 0, spares.get(0));
            T before = slots.get(0);
            T size = slots.get(1);
            if (batch.fresh()) {
                vectors.fill(size, batch.lr());
            }
            vectors.zip(size, g, before, (s, x, y) -> {
                double factor = x * y > 0 ? etaPlus : x * y < 0 ? etaMinus : 1;
                return Math.min(Math.max(s * factor, minStep), maxStep);
            });
            vectors.zip(before, g, g, (y, x, same) -> x * y < 0 ? 0 : x);
            vectors.copy(before, g);
            vectors.sign(g);
            vectors.addcmul(param, g, size, -1);
        });
    }

    @Override
    public Kind<Rprop> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
