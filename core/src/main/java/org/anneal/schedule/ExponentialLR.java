package org.anneal.schedule;

import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;
import org.anneal.text.Power;

/**
 * Multiplies the rate by {@code gamma} at every step.
 *
 * <pre>{@code
 *   at(t)   = base * gamma^t
 *   next(t) = current * gamma   if t > 0
 *           = current           if t = 0
 * }</pre>
 *
 * <p>Step 0 has the base rate. The schedule never ends; with {@code gamma} above 1 the rate overflows eventually.
 *
 * <p>PyTorch: {@code ExponentialLR(gamma)}, bit for bit.
 *
 * @param gamma factor per step, finite and at least 0
 */
public record ExponentialLR(
        @Param(
                atLeast = 0,
                slider = {0.8, 1})
        double gamma)
        implements Schedule {

    static final Kind<ExponentialLR> KIND = Kind.of(ExponentialLR.class, "falls by a factor at every step")
            .inPyTorch(Kind.LR_SCHEDULER, Kind.LastEpoch.AS_HERE);

    /** @throws IllegalArgumentException if {@code gamma < 0} or not finite */
    public ExponentialLR {
        gamma = KIND.check("gamma", gamma);
    }

    @Override
    public double at(long step, double base) {
        return Power.scale(base, gamma, Check.step(step));
    }

    @Override
    public double next(long step, double current, double base) {
        return Check.step(step) > 0 ? current * gamma : current;
    }

    @Override
    public boolean isFactor() {
        return true;
    }

    @Override
    public double logFactor(long step) {
        return step * Math.log(gamma);
    }

    @Override
    public LrLambda formula(double base) {
        return KIND.formula(this, base, "base * gamma ** step");
    }

    @Override
    public Kind<ExponentialLR> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
