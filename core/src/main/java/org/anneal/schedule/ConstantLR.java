package org.anneal.schedule;

import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Multiplies the rate by {@code factor} for the first {@code totalIters} steps.
 *
 * <pre>{@code
 *   at(t)   = base * factor           if t < totalIters
 *           = base                    otherwise
 *   next(t) = current * factor        if t = 0 and totalIters > 0
 *           = current * (1 / factor)  if t = totalIters and totalIters > 0
 *           = current                 otherwise
 * }</pre>
 *
 * <p>From step {@code totalIters} on, the rate is the base; if that is 0, from the start.
 *
 * <p>PyTorch: {@code ConstantLR(factor=1/3, total_iters=5)}, bit for bit. With
 * {@code total_iters=0} PyTorch never takes the factor back. A factor of 0, by which PyTorch divides, is refused here.
 *
 * @param factor factor of the first steps, above 0 and at most 1
 * @param totalIters steps with the factor, at least 0
 */
public record ConstantLR(
        @Param(
                or = "1/3",
                above = 0,
                atMost = 1,
                slider = {0.001, 1})
        double factor,

        @Param(or = "5", unit = Param.Unit.STEPS, ends = true)
        long totalIters)
        implements Schedule {

    static final Kind<ConstantLR> KIND = Kind.of(ConstantLR.class, "holds a fraction of the rate, then the full rate")
            .inPyTorch(Kind.LR_SCHEDULER, Kind.LastEpoch.APART);

    /** @throws IllegalArgumentException if {@code factor} is not in (0, 1], or {@code totalIters < 0} */
    public ConstantLR {
        factor = KIND.check("factor", factor);
        totalIters = KIND.check("total_iters", totalIters);
    }

    /** Uses PyTorch's defaults: a third for 5 steps. */
    public ConstantLR() {
        this(KIND.absent("factor"), KIND.absent("total_iters"));
    }

    /** {@return this with another factor} */
    public ConstantLR withFactor(double factor) {
        return KIND.with(this, "factor", factor);
    }

    /** {@return this with another number of steps} */
    public ConstantLR withTotalIters(long totalIters) {
        return KIND.with(this, "total_iters", totalIters);
    }

    @Override
    public double at(long step, double base) {
        return Check.step(step) < totalIters ? base * factor : base;
    }

    @Override
    public double next(long step, double current, double base) {
        if (Check.step(step) == 0) {
            return totalIters == 0 ? current : current * factor;
        }
        return step == totalIters ? current * (1.0 / factor) : current;
    }

    @Override
    public boolean isFactor() {
        return true;
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        if (factor != 1 && totalIters > part.steps() && part.isLast()) {
            part.addAtEnd(
                    "ConstantLR holds the rate at " + RunPart.round(factor) + " of its base for " + totalIters
                            + " steps, which is longer than " + part.name() + " of " + part.length(),
                    Remedy.set(shared, "total_iters", Math.max(1, part.steps() / 20)));
        }
        if (factor == 1) {
            part.stays(this);
        }
    }

    @Override
    public LrLambda formula(double base) {
        return KIND.formula(this, base, "base * factor if step < total_iters else base");
    }

    @Override
    public Kind<ConstantLR> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
