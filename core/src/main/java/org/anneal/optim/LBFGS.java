package org.anneal.optim;

import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * Limited-memory BFGS: steps along the gradient divided by the curvature, which it estimates from how the last gradients
 * changed. It evaluates the loss several times a step, so it needs a closure:
 * {@link Optimizer#step(java.util.function.DoubleSupplier)}.
 *
 * <pre>{@code
 *   each iteration, from the gradient g at the parameters p:
 *   y = g - g_before, s = d * t                   remembered if y.s > 1e-10, the last historySize of them
 *   H = y.s / y.y                                 1 at first
 *   q = -g;  from the newest pair to the oldest   a = s.q / y.s;  q = q - a * y
 *   d = H * q;  from the oldest to the newest     d = d + s * (a - y.d / y.s)
 *   t = lr                                        min(1, 1 / sum|g|) * lr in the very first iteration
 *   t = a point that satisfies the strong Wolfe conditions, from t    with lineSearchFn
 *   p = p + t * d
 * }</pre>
 *
 * <p>A step ends after {@code maxIter} iterations or {@code maxEval} evaluations, at a gradient within
 * {@code toleranceGrad}, or when the loss, the parameters or the slope change by less than {@code toleranceChange}. A
 * missing gradient counts as zeros. All parameters share one group. The state, {@code 2 * historySize} vectors as long as all
 * parameters together, is in the state dict under parameter 0.
 *
 * <p>PyTorch: {@code LBFGS(params, lr=1, max_iter=20, max_eval=None, tolerance_grad, tolerance_change, history_size,
 * line_search_fn)}. The two loops: Nocedal, Updating quasi-Newton matrices with limited storage, 1980; the stopping rules
 * are PyTorch's, after Mark Schmidt's minFunc.
 *
 * @param lr the step length along the direction, or where the line search starts; finite and at least 0
 * @param maxIter iterations of a step, at least 1
 * @param maxEval evaluations of a step, at least 1; a step without line search may take one more
 * @param toleranceGrad the largest element of a gradient that counts as zero, finite and at least 0
 * @param toleranceChange the largest change that ends a step, finite and at least 0
 * @param historySize number of pairs to remember, at least 1
 * @param lineSearchFn the line search
 */
public record LBFGS(
        @Param(or = "1", always = true, atLeast = 0) double lr,
        @Param(or = "20", atLeast = 1) long maxIter,
        @Param(or = "None", atLeast = 1) long maxEval,
        @Param(or = "1e-7", atLeast = 0) double toleranceGrad,
        @Param(or = "1e-9", atLeast = 0) double toleranceChange,
        @Param(or = "100", atLeast = 1) int historySize,
        @Param(or = "None") LineSearchFn lineSearchFn)
        implements UpdateRule {

    static final Kind<LBFGS> KIND = Kind.of(LBFGS.class, "takes steps of a quasi-Newton method")
            .inPyTorch("torch.optim", Kind.LastEpoch.AS_HERE)
            .reads(
                    "max_eval",
                    (arguments, usual) -> arguments.has("max_eval")
                            ? usual.get()
                            : (Object) evals(
                                    arguments.isGiven("max_iter")
                                            ? LBFGS.KIND.check("max_iter", arguments.integer("max_iter"))
                                            : LBFGS.KIND.<Long>absent("max_iter")))
            .shows("max_eval", rule -> rule.maxEval() != evals(rule.maxIter()));

    /** How far to go along a direction. */
    public enum LineSearchFn {
        /** By {@code lr}. */
        NONE,
        /** To a point that satisfies the strong Wolfe conditions. */
        STRONG_WOLFE
    }

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public LBFGS {
        lr = KIND.check("lr", lr);
        maxIter = KIND.check("max_iter", maxIter);
        maxEval = KIND.check("max_eval", maxEval);
        toleranceGrad = KIND.check("tolerance_grad", toleranceGrad);
        toleranceChange = KIND.check("tolerance_change", toleranceChange);
        historySize = KIND.check("history_size", historySize);
        lineSearchFn = KIND.check("line_search_fn", lineSearchFn);
    }

    /** PyTorch's defaults: 20 iterations, no line search. */
    public LBFGS(double lr) {
        this(
                lr,
                KIND.absent("max_iter"),
                evals(KIND.absent("max_iter")),
                KIND.absent("tolerance_grad"),
                KIND.absent("tolerance_change"),
                KIND.absent("history_size"),
                KIND.absent("line_search_fn"));
    }

    @Override
    public LBFGS withLr(double lr) {
        return KIND.with(this, "lr", lr);
    }

    /** {@return this rule with {@code maxIter}; if maxEval is the default, a quarter more, it follows} */
    public LBFGS withMaxIter(long maxIter) {
        LBFGS changed = KIND.with(this, "max_iter", maxIter);
        return maxEval == evals(this.maxIter) ? KIND.with(changed, "max_eval", evals(maxIter)) : changed;
    }

    public LBFGS withMaxEval(long maxEval) {
        return KIND.with(this, "max_eval", maxEval);
    }

    public LBFGS withToleranceGrad(double toleranceGrad) {
        return KIND.with(this, "tolerance_grad", toleranceGrad);
    }

    public LBFGS withToleranceChange(double toleranceChange) {
        return KIND.with(this, "tolerance_change", toleranceChange);
    }

    public LBFGS withHistorySize(int historySize) {
        return KIND.with(this, "history_size", historySize);
    }

    public LBFGS withLineSearchFn(LineSearchFn lineSearchFn) {
        return KIND.with(this, "line_search_fn", lineSearchFn);
    }

    private static long evals(long maxIter) {
        return maxIter + maxIter / 4;
    }

    @Override
    public boolean needsClosure() {
        return true;
    }

    @Override
    public <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        throw new IllegalStateException("LBFGS must be stepped with a closure: call Optimizer.step(closure)");
    }

    @Override
    public Kind<LBFGS> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
