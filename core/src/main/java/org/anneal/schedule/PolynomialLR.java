package org.anneal.schedule;

import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;
import org.anneal.text.Power;

/**
 * Lets the rate fall to 0 in {@code totalIters} steps, as a power of the fraction of steps that is left.
 *
 * <pre>{@code
 *   at(t)   = base * (1 - min(t, totalIters) / totalIters)^power
 *   next(t) = current * ((1 - t / totalIters) / (1 - (t - 1) / totalIters))^power   if 0 < t <= totalIters
 *           = 0                                                                     if t = totalIters = 0
 *           = current                                                               otherwise
 * }</pre>
 *
 * <p>Step 0 has the base rate. From step {@code totalIters} on, the rate is 0; if that is 0, from the start.
 *
 * <p>PyTorch: {@code PolynomialLR(total_iters=5, power=1.0)}, in its order of operations. With {@code total_iters=0}
 * PyTorch leaves the rate alone.
 *
 * @param totalIters steps from the base rate to 0, at least 0
 * @param power exponent of the fraction that is left, finite and above 0
 */
public record PolynomialLR(
        @Param(or = "5", unit = Param.Unit.STEPS, ends = true)
        long totalIters,

        @Param(
                or = "1.0",
                above = 0,
                slider = {0.1, 5})
        double power)
        implements Schedule {

    static final Kind<PolynomialLR> KIND = Kind.of(PolynomialLR.class, "falls to zero along a power")
            .inPyTorch(Kind.LR_SCHEDULER, Kind.LastEpoch.AS_HERE);

    /** @throws IllegalArgumentException if {@code totalIters < 0}, or {@code power <= 0} or not finite */
    public PolynomialLR {
        totalIters = KIND.check("total_iters", totalIters);
        power = KIND.check("power", power);
    }

    /** Uses PyTorch's defaults: a straight line in 5 steps. */
    public PolynomialLR() {
        this(KIND.absent("total_iters"), KIND.absent("power"));
    }

    /** {@return this with another number of steps} */
    public PolynomialLR withTotalIters(long totalIters) {
        return KIND.with(this, "total_iters", totalIters);
    }

    /** {@return this with another power} */
    public PolynomialLR withPower(double power) {
        return KIND.with(this, "power", power);
    }

    @Override
    public double at(long step, double base) {
        return Check.step(step) >= totalIters ? 0 : base * Power.pow((double) (totalIters - step) / totalIters, power);
    }

    @Override
    public double next(long step, double current, double base) {
        if (Check.step(step) == 0) {
            return totalIters == 0 ? 0 : current;
        }
        if (step > totalIters) {
            return current;
        }
        double iters = totalIters;
        return current * Power.pow((1.0 - step / iters) / (1.0 - (step - 1) / iters), power);
    }

    @Override
    public boolean isFactor() {
        return true;
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        part.falling(shared, "total_iters", totalIters, 0);
    }

    @Override
    public LrLambda formula(double base) {
        return KIND.formula(
                this, base, "base * ((total_iters - step) / total_iters) ** power if step < total_iters else 0.0");
    }

    @Override
    public Kind<PolynomialLR> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
