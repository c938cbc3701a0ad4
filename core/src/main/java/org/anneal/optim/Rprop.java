package org.anneal.optim;

import java.util.List;
import java.util.Map;
import org.anneal.schedule.Python;
import org.anneal.schedule.PythonCall;

/**
 * Rprop: each element has a step size of its own, which grows while its gradient keeps its sign and shrinks when that turns. For
 * gradients of the whole data, not of batches.
 *
 * <pre>{@code
 *   g = grad                                                   (-grad if maximize)
 *   f = etaPlus, etaMinus or 1 where g * h is > 0, < 0 or 0     h starts as 0
 *   s = f * s, at least minStep and at most maxStep             s starts as lr
 *   h = g                                                      (0 where f is etaMinus)
 *   p = p - sign(h) * s
 * }</pre>
 *
 * <p>The rate is only where {@code s} starts, at a parameter's first step: a schedule changes nothing later.
 *
 * <p>PyTorch: {@code Rprop(params, lr, etas, step_sizes, maximize)}. Source: Riedmiller and Braun, A direct adaptive method for faster
 * backpropagation learning, 1993; it does not take a step back, which is Rprop- in Igel and Huesken, 2000.
 *
 * @param lr the first step size, finite and at least 0
 * @param etaMinus factor by which a step size shrinks, greater than 0 and less than 1
 * @param etaPlus factor by which a step size grows, finite and greater than 1
 * @param minStep finite and at least 0
 * @param maxStep finite and at least minStep
 * @param maximize climb instead of descend
 */
public record Rprop(double lr, double etaMinus, double etaPlus, double minStep, double maxStep, boolean maximize)
        implements UpdateRule {

    private static final List<Slot> SLOTS = List.of(new Slot("prev"), new Slot("step_size"));

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public Rprop {
        lr = Check.atLeastZero("lr", lr);
        etaMinus = Check.that(etaMinus > 0 && etaMinus < 1, "etas[0]", "> 0 and < 1", etaMinus);
        etaPlus = Check.that(etaPlus > 1 && Double.isFinite(etaPlus), "etas[1]", "finite and > 1", etaPlus);
        minStep = Check.atLeastZero("step_sizes[0]", minStep);
        maxStep = Check.that(
                maxStep >= minStep && Double.isFinite(maxStep),
                "step_sizes[1]",
                "finite and >= step_sizes[0], " + minStep,
                maxStep);
    }

    /** PyTorch's defaults: etas 0.5 and 1.2, step sizes from 1e-6 to 50. Its default rate is 1e-2. */
    public Rprop(double lr) {
        this(lr, 0.5, 1.2, 1e-6, 50, false);
    }

    @Override
    public Rprop withLr(double lr) {
        return new Rprop(lr, etaMinus, etaPlus, minStep, maxStep, maximize);
    }

    public Rprop withEtas(double etaMinus, double etaPlus) {
        return new Rprop(lr, etaMinus, etaPlus, minStep, maxStep, maximize);
    }

    public Rprop withStepSizes(double minStep, double maxStep) {
        return new Rprop(lr, etaMinus, etaPlus, minStep, maxStep, maximize);
    }

    public Rprop withMaximize(boolean maximize) {
        return new Rprop(lr, etaMinus, etaPlus, minStep, maxStep, maximize);
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
                .with("etas", Python.Tuple.of(etaMinus, etaPlus))
                .with("step_sizes", Python.Tuple.of(minStep, maxStep == 50 ? (Object) 50 : (Object) maxStep))
                .with("maximize", maximize)
                .toMap();
    }

    @Override
    public <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        kernels.rprop(this, batch);
    }

    static Rprop of(PythonCall call) {
        PythonCall.Arguments a = call.bind(
                "params",
                "lr=",
                "etas=",
                "step_sizes=",
                "*",
                "capturable=",
                "foreach=",
                "maximize=",
                "differentiable=");
        Rprop defaults = new Rprop(1e-2);
        List<Double> etas = Options.pair(a, "etas", defaults.etaMinus, defaults.etaPlus);
        List<Double> stepSizes = Options.pair(a, "step_sizes", defaults.minStep, defaults.maxStep);
        return a.build(() -> new Rprop(
                a.number("lr", defaults.lr),
                etas.get(0),
                etas.get(1),
                stepSizes.get(0),
                stepSizes.get(1),
                a.truth("maximize", false)));
    }

    @Override
    public String toString() {
        return Options.print(this, new Rprop(lr));
    }
}
