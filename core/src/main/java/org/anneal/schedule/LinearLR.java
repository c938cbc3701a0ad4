package org.anneal.schedule;

import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Multiplies the rate by a factor that changes linearly from {@code startFactor} to {@code endFactor} in
 * {@code totalIters} steps.
 *
 * <pre>{@code
 *   at(t)   = base * (startFactor + (endFactor - startFactor) * min(t, totalIters) / totalIters)
 *   next(t) = current * startFactor   if t = 0
 *           = current * (1 + (endFactor - startFactor)
 *                 / (totalIters * startFactor + (t - 1) * (endFactor - startFactor)))   if 0 < t <= totalIters
 *           = current                 otherwise
 * }</pre>
 *
 * <p>From step {@code totalIters} on, the rate is {@code base * endFactor}; if that is 0, from the start.
 *
 * <p>PyTorch: {@code LinearLR(start_factor=1/3, end_factor=1.0, total_iters=5)}, bit for bit. So {@code next} may end a
 * rounding error away from {@code base * endFactor}, and slightly below 0 if {@code endFactor} is 0. With
 * {@code total_iters=0} PyTorch stays at {@code start_factor}.
 *
 * @param startFactor factor of step 0, above 0 and at most 1
 * @param endFactor factor at the end, at least 0 and at most 1
 * @param totalIters steps from the first factor to the last, at least 0
 */
public record LinearLR(
        @Param(
                or = "1/3",
                above = 0,
                atMost = 1,
                slider = {0.001, 1})
        double startFactor,

        @Param(
                or = "1.0",
                atLeast = 0,
                atMost = 1,
                slider = {0, 1})
        double endFactor,

        @Param(or = "5", unit = Param.Unit.STEPS, ends = true)
        long totalIters)
        implements Schedule {

    static final Kind<LinearLR> KIND = Kind.of(LinearLR.class, "changes linearly from one factor to another")
            .inPyTorch(Kind.LR_SCHEDULER, Kind.LastEpoch.AS_HERE);

    /**
     * @throws IllegalArgumentException if {@code startFactor} is not in (0, 1], {@code endFactor} not in [0, 1], or
     *     {@code totalIters < 0}
     */
    public LinearLR {
        startFactor = KIND.check("start_factor", startFactor);
        endFactor = KIND.check("end_factor", endFactor);
        totalIters = KIND.check("total_iters", totalIters);
    }

    /** Uses PyTorch's defaults: from a third of the rate to the full rate in 5 steps. */
    public LinearLR() {
        this(KIND.absent("start_factor"), KIND.absent("end_factor"), KIND.absent("total_iters"));
    }

    /** Warms up from {@code startFactor} to the full rate. */
    public LinearLR(double startFactor, long totalIters) {
        this(startFactor, KIND.absent("end_factor"), totalIters);
    }

    /** {@return this with another first factor} */
    public LinearLR withStartFactor(double startFactor) {
        return KIND.with(this, "start_factor", startFactor);
    }

    /** {@return this with another last factor} */
    public LinearLR withEndFactor(double endFactor) {
        return KIND.with(this, "end_factor", endFactor);
    }

    /** {@return this with another number of steps} */
    public LinearLR withTotalIters(long totalIters) {
        return KIND.with(this, "total_iters", totalIters);
    }

    @Override
    public double at(long step, double base) {
        if (Check.step(step) >= totalIters) {
            return base * endFactor;
        }
        return base * (startFactor + (endFactor - startFactor) * step / totalIters);
    }

    @Override
    public double next(long step, double current, double base) {
        if (Check.step(step) == 0) {
            return current * (totalIters == 0 ? endFactor : startFactor);
        }
        if (step > totalIters) {
            return current;
        }
        double change = endFactor - startFactor;
        return current * (1.0 + change / (totalIters * startFactor + (step - 1) * change));
    }

    @Override
    public boolean isFactor() {
        return true;
    }

    boolean isWarmup() {
        return startFactor < endFactor;
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        if (startFactor > endFactor) {
            part.falling(shared, "total_iters", totalIters, endFactor);
        } else if (isWarmup() && totalIters > part.steps()) {
            part.addAtEnd(
                    "the warmup of " + totalIters + " steps (LinearLR) is longer than " + part.name() + " of "
                            + part.length(),
                    part.isLast()
                            ? Remedy.set(shared, "total_iters", Math.max(1, part.steps() / 20))
                                    .and(", a twentieth of " + part.name())
                            : Remedy.set(shared, "total_iters", part.steps()).and(", up to the milestone"));
        }
    }

    @Override
    public LrLambda formula(double base) {
        return KIND.formula(
                this,
                base,
                "base * (start_factor + (end_factor - start_factor) * step / total_iters)"
                        + " if step < total_iters else base * end_factor");
    }

    @Override
    public Kind<LinearLR> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
