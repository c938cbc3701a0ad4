package org.anneal.schedule;

import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Moves the rate along half a cosine from the base down to {@code etaMin} in {@code tMax} steps, then up again, and so on.
 *
 * <pre>{@code
 *   at(t)   = etaMin + (base - etaMin) * (1 + cos(pi * t / tMax)) / 2
 *   next(t) = (1 + cos(pi * t / tMax)) / (1 + cos(pi * (t - 1) / tMax)) * (current - etaMin) + etaMin
 *           = current + (base - etaMin) * (1 - cos(pi / tMax)) / 2   if t - 1 is an odd multiple of tMax
 *           = current                                                if t = 0
 * }</pre>
 *
 * <p>Step 0 has the base rate. The schedule never ends: its period is {@code 2 * tMax}. {@code at} takes the step modulo the
 * period, so large steps lose no precision.
 *
 * <p>PyTorch: {@code CosineAnnealingLR(T_max, eta_min=0.0)}, in its order of operations. Java's cosine may differ
 * from C's in the last bit.
 *
 * <p>Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", arXiv:1608.03983, without restarts.
 *
 * @param tMax steps from the base rate to {@code etaMin}, at least 1
 * @param etaMin the lowest rate, finite and at least 0
 */
public record CosineAnnealingLR(
        @Param(name = "T_max", unit = Param.Unit.STEPS, ends = true, atLeast = 1)
        long tMax,

        @Param(or = "0.0", unit = Param.Unit.RATE) double etaMin)
        implements Schedule {

    static final Kind<CosineAnnealingLR> KIND = Kind.of(
                    CosineAnnealingLR.class, "falls along half a cosine, then rises again")
            .inPyTorch(Kind.LR_SCHEDULER, Kind.LastEpoch.AS_HERE);

    /** @throws IllegalArgumentException if {@code tMax < 1}, or {@code etaMin < 0} or not finite */
    public CosineAnnealingLR {
        tMax = KIND.check("T_max", tMax);
        etaMin = KIND.check("eta_min", etaMin);
    }

    /** Anneals to PyTorch's default, 0. */
    public CosineAnnealingLR(long tMax) {
        this(tMax, KIND.absent("eta_min"));
    }

    /** {@return this with another lowest rate} */
    public CosineAnnealingLR withEtaMin(double etaMin) {
        return KIND.with(this, "eta_min", etaMin);
    }

    @Override
    public double at(long step, double base) {
        return etaMin + (base - etaMin) * wave(Check.step(step) % (2 * tMax)) / 2;
    }

    @Override
    public double next(long step, double current, double base) {
        if (Check.step(step) == 0) {
            return current;
        }
        if ((step - 1 - tMax) % (2 * tMax) == 0) { // at the trough the wave is 0
            return current + (base - etaMin) * (1 - Math.cos(Math.PI / tMax)) / 2;
        }
        return wave(step) / wave(step - 1) * (current - etaMin) + etaMin;
    }

    private double wave(long step) {
        return 1 + Math.cos(Math.PI * step / tMax);
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        part.rises("CosineAnnealingLR", etaMin);
        if (part.unfinished(shared, "CosineAnnealingLR", "T_max", tMax)) {
            return;
        } else if (part.steps() > tMax + 1) {
            part.add(
                    part.from() + tMax + 1,
                    "CosineAnnealingLR climbs again from here on: " + part.name() + " of " + part.length()
                            + " goes on past T_max=" + tMax,
                    part.fit(shared, "T_max"));
        } else if (part.steps() > tMax && etaMin == 0) {
            part.add(
                    part.from() + tMax,
                    "the last rate of CosineAnnealingLR is zero: " + part.name() + " has one step more than T_max="
                            + tMax,
                    part.fit(shared, "T_max"));
        }
    }

    @Override
    public LrLambda formula(double base) {
        return KIND.formula(
                this, base, "eta_min + (base - eta_min) * (1 + math.cos(math.pi * (step % (2 * T_max)) / T_max)) / 2");
    }

    @Override
    public Kind<CosineAnnealingLR> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
