package org.anneal.optim;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.anneal.schedule.PythonCall;

/**
 * Limited-memory BFGS: goes along the gradient divided by the curvature, which it estimates from how the last gradients
 * differed. It evaluates the loss several times a step and so takes a closure:
 * {@link Optimizer#step(java.util.function.DoubleSupplier)}.
 *
 * <pre>{@code
 *   each iteration, from the gradient g at the parameters p:
 *   y = g - g_before, s = d * t                   remembered if y.s > 1e-10, the last historySize of them
 *   H = y.s / y.y                                 1 at first
 *   q = -g;  from the newest pair to the oldest   a = s.q / y.s;  q = q - a * y
 *   d = H * q;  from the oldest to the newest     d = d + s * (a - y.d / y.s)
 *   t = lr                                        min(1, 1 / sum|g|) * lr in the very first iteration
 *   t = a point that holds the strong Wolfe conditions, tried first at t    with lineSearchFn
 *   p = p + t * d
 * }</pre>
 *
 * <p>A step ends after {@code maxIter} iterations or {@code maxEval} evaluations, at a gradient within
 * {@code toleranceGrad}, or when the loss, the parameters or the slope change by less than {@code toleranceChange}. A
 * missing gradient counts as zeros. All parameters share one group. What is kept, {@code 2 * historySize} vectors as long
 * as all parameters together, stands in the state dict under parameter 0.
 *
 * <p>PyTorch: {@code LBFGS(params, lr=1, max_iter=20, max_eval=None, tolerance_grad, tolerance_change, history_size,
 * line_search_fn)}. The two loops: Nocedal, Updating quasi-Newton matrices with limited storage, 1980; the stopping rules
 * are PyTorch's, after Mark Schmidt's minFunc.
 *
 * @param lr the step's length along the direction, where the search starts if there is one; finite and at least 0
 * @param maxIter iterations of a step, at least 1
 * @param maxEval evaluations of a step, at least 1; a step without line search may end with one more
 * @param toleranceGrad on the largest element of the gradient, finite and at least 0
 * @param toleranceChange finite and at least 0
 * @param historySize pairs that are remembered, at least 1
 * @param lineSearchFn the line search
 */
public record LBFGS(
        double lr,
        long maxIter,
        long maxEval,
        double toleranceGrad,
        double toleranceChange,
        int historySize,
        LineSearchFn lineSearchFn)
        implements UpdateRule {

    /** How far to go along a direction. */
    public enum LineSearchFn {
        /** To {@code lr}. */
        NONE,
        /** To a point that holds the strong Wolfe conditions. */
        STRONG_WOLFE
    }

    private static final String STRONG_WOLFE = "strong_wolfe";

    /**
     * All options.
     *
     * @throws IllegalArgumentException if an option is out of its range
     */
    public LBFGS {
        lr = Check.atLeastZero("lr", lr);
        Check.atLeastOne("max_iter", maxIter);
        Check.atLeastOne("max_eval", maxEval);
        toleranceGrad = Check.atLeastZero("tolerance_grad", toleranceGrad);
        toleranceChange = Check.atLeastZero("tolerance_change", toleranceChange);
        Check.atLeastOne("history_size", historySize);
        Objects.requireNonNull(lineSearchFn, "lineSearchFn");
    }

    /** PyTorch's defaults: 20 iterations, no line search. */
    public LBFGS(double lr) {
        this(lr, 20, 25, 1e-7, 1e-9, 100, LineSearchFn.NONE);
    }

    @Override
    public LBFGS withLr(double lr) {
        return new LBFGS(lr, maxIter, maxEval, toleranceGrad, toleranceChange, historySize, lineSearchFn);
    }

    /** {@return this with {@code maxIter}, and, if it is PyTorch's default of a quarter more, with that as maxEval} */
    public LBFGS withMaxIter(long maxIter) {
        long evals = maxEval == evals(this.maxIter) ? evals(maxIter) : maxEval;
        return new LBFGS(lr, maxIter, evals, toleranceGrad, toleranceChange, historySize, lineSearchFn);
    }

    public LBFGS withMaxEval(long maxEval) {
        return new LBFGS(lr, maxIter, maxEval, toleranceGrad, toleranceChange, historySize, lineSearchFn);
    }

    public LBFGS withToleranceGrad(double toleranceGrad) {
        return new LBFGS(lr, maxIter, maxEval, toleranceGrad, toleranceChange, historySize, lineSearchFn);
    }

    public LBFGS withToleranceChange(double toleranceChange) {
        return new LBFGS(lr, maxIter, maxEval, toleranceGrad, toleranceChange, historySize, lineSearchFn);
    }

    public LBFGS withHistorySize(int historySize) {
        return new LBFGS(lr, maxIter, maxEval, toleranceGrad, toleranceChange, historySize, lineSearchFn);
    }

    public LBFGS withLineSearchFn(LineSearchFn lineSearchFn) {
        return new LBFGS(lr, maxIter, maxEval, toleranceGrad, toleranceChange, historySize, lineSearchFn);
    }

    private static long evals(long maxIter) {
        return maxIter + maxIter / 4;
    }

    @Override
    public boolean needsClosure() {
        return true;
    }

    /** {@return nothing: what is kept is not per parameter} */
    @Override
    public List<Slot> slots(int dimensions) {
        return List.of();
    }

    @Override
    public boolean countsSteps() {
        return false;
    }

    @Override
    public Map<String, Object> options() {
        return new Options()
                .with("lr", lr)
                .with("max_iter", maxIter)
                .with("max_eval", maxEval)
                .with("tolerance_grad", toleranceGrad)
                .with("tolerance_change", toleranceChange)
                .with("history_size", historySize)
                .with("line_search_fn", lineSearchFn == LineSearchFn.NONE ? Optional.empty() : STRONG_WOLFE)
                .toMap();
    }

    @Override
    public <T> void apply(Kernels<T> kernels, Batch<T> batch) {
        throw new IllegalStateException("LBFGS must be stepped with a closure, and not by a batch");
    }

    static LBFGS of(PythonCall call) {
        PythonCall.Arguments a = call.bind(
                "params",
                "lr=",
                "max_iter=",
                "max_eval=",
                "tolerance_grad=",
                "tolerance_change=",
                "history_size=",
                "line_search_fn=");
        LBFGS defaults = new LBFGS(1);
        long maxIter = a.integer("max_iter", defaults.maxIter);
        String search = a.has("line_search_fn") ? a.string("line_search_fn", "") : "";
        return a.build(() -> {
            if (a.has("line_search_fn") && !search.equals(STRONG_WOLFE)) {
                throw new IllegalArgumentException(
                        "line_search_fn must be None or 'strong_wolfe', but was '" + search + "'");
            }
            return new LBFGS(
                    a.number("lr", defaults.lr),
                    maxIter,
                    a.has("max_eval") ? a.integer("max_eval") : evals(Check.atLeastOne("max_iter", maxIter)),
                    a.number("tolerance_grad", defaults.toleranceGrad),
                    a.number("tolerance_change", defaults.toleranceChange),
                    Check.array("history_size", a.integer("history_size", defaults.historySize)),
                    a.has("line_search_fn") ? LineSearchFn.STRONG_WOLFE : LineSearchFn.NONE);
        });
    }

    @Override
    public String toString() {
        return Options.print(this, new LBFGS(lr).withMaxEval(evals(maxIter)));
    }
}
