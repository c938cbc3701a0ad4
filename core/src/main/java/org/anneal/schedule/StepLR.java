package org.anneal.schedule;

import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;
import org.anneal.text.Power;

/**
 * Multiplies the rate by {@code gamma} once every {@code stepSize} steps.
 *
 * <pre>{@code
 *   at(t)   = base * gamma^floor(t / stepSize)
 *   next(t) = current * gamma   if t > 0 and t mod stepSize = 0
 *           = current           otherwise
 * }</pre>
 *
 * <p>Step 0 has the base rate. The schedule never ends.
 *
 * <p>PyTorch: {@code StepLR(step_size, gamma=0.1)}, bit for bit.
 *
 * @param stepSize steps between two decays, at least 1
 * @param gamma factor per decay, finite and at least 0
 */
public record StepLR(
        @Param(unit = Param.Unit.STEPS, atLeast = 1) long stepSize,

        @Param(
                or = "0.1",
                always = true,
                atLeast = 0,
                slider = {0, 1})
        double gamma)
        implements Schedule {

    static final Kind<StepLR> KIND = Kind.of(StepLR.class, "falls by a factor every step_size steps")
            .inPyTorch(Kind.LR_SCHEDULER, Kind.LastEpoch.APART);

    /** @throws IllegalArgumentException if {@code stepSize < 1}, or {@code gamma < 0} or not finite */
    public StepLR {
        stepSize = KIND.check("step_size", stepSize);
        gamma = KIND.check("gamma", gamma);
    }

    /** Decays by PyTorch's default factor, 0.1. */
    public StepLR(long stepSize) {
        this(stepSize, KIND.absent("gamma"));
    }

    /** {@return this with another factor} */
    public StepLR withGamma(double gamma) {
        return KIND.with(this, "gamma", gamma);
    }

    @Override
    public double at(long step, double base) {
        return Power.scale(base, gamma, Check.step(step) / stepSize);
    }

    @Override
    public double next(long step, double current, double base) {
        return Check.step(step) > 0 && step % stepSize == 0 ? current * gamma : current;
    }

    @Override
    public boolean isFactor() {
        return true;
    }

    @Override
    public double logFactor(long step) {
        long decays = step / stepSize;
        return decays * Math.log(gamma);
    }

    /** A step_size of 1 may be intended if gamma is close to 1. */
    @Override
    public boolean mayConfuseUnits(long steps) {
        return stepSize > steps || Math.pow(gamma, (double) steps / stepSize) < 1e-3;
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        if (part.steps() > 1 && gamma != 1 && stepSize >= part.steps() && part.isLast()) {
            part.addAtEnd(
                    "StepLR never decays: its first decay, after " + stepSize + " steps, is not within " + part.name()
                            + " of " + part.length(),
                    Remedy.set(shared, "step_size", Math.max(1, part.steps() / 3))
                            .and(" for decays within " + part.name()));
        }
    }

    @Override
    public LrLambda formula(double base) {
        return KIND.formula(this, base, "base * gamma ** (step // step_size)");
    }

    @Override
    public Kind<StepLR> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
