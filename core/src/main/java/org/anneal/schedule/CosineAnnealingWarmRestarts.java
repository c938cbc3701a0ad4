package org.anneal.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Moves the rate along half a cosine from the base down to {@code etaMin}, then restarts at the base, with each cycle
 * {@code tMult} times as long as the one before.
 *
 * <pre>{@code
 *   at(t) = next(t) = etaMin + (base - etaMin) * (1 + cos(pi * cur / length)) / 2
 *   length = t0 * tMult^i        after i restarts
 *   cur    = t - (t0 + t0 * tMult + ... + t0 * tMult^(i - 1))   steps since the last one, below length
 * }</pre>
 *
 * <p>Step 0 and every restart have the base rate. The schedule never ends. Its rates are absolute: a rate edited by hand
 * lasts until the next step.
 *
 * <p>PyTorch: {@code CosineAnnealingWarmRestarts(T_0, T_mult=1, eta_min=0.0)}, in its order of operations. Restarts are
 * counted exactly, in integers, as in PyTorch's {@code step()}; its {@code step(epoch)} uses a logarithm and misses some.
 *
 * <p>Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", arXiv:1608.03983.
 *
 * @param t0 steps until the first restart, at least 1
 * @param tMult factor by which each cycle is longer than the one before, at least 1
 * @param etaMin the lowest rate, finite and at least 0
 */
@StateForm.By(WarmRestartsForm.class)
public record CosineAnnealingWarmRestarts(
        @Param(name = "T_0", unit = Param.Unit.STEPS, atLeast = 1)
        long t0,

        @Param(
                name = "T_mult",
                or = "1",
                atLeast = 1,
                slider = {1, 5})
        long tMult,

        @Param(or = "0.0", unit = Param.Unit.RATE) double etaMin)
        implements AbsoluteSchedule {

    static final Kind<CosineAnnealingWarmRestarts> KIND = Kind.of(
                    CosineAnnealingWarmRestarts.class, "falls along half a cosine and restarts, each cycle longer")
            .inPyTorch(Kind.LR_SCHEDULER, Kind.LastEpoch.APART);

    /** @throws IllegalArgumentException if {@code t0 < 1}, {@code tMult < 1}, or {@code etaMin < 0} or not finite */
    public CosineAnnealingWarmRestarts {
        t0 = KIND.check("T_0", t0);
        tMult = KIND.check("T_mult", tMult);
        etaMin = KIND.check("eta_min", etaMin);
    }

    /** Anneals to PyTorch's default, 0, in cycles of equal length. */
    public CosineAnnealingWarmRestarts(long t0) {
        this(t0, KIND.absent("T_mult"));
    }

    /** Anneals to PyTorch's default, 0. */
    public CosineAnnealingWarmRestarts(long t0, long tMult) {
        this(t0, tMult, KIND.absent("eta_min"));
    }

    /** {@return this with another factor of the cycle length} */
    public CosineAnnealingWarmRestarts withTMult(long tMult) {
        return KIND.with(this, "T_mult", tMult);
    }

    /** {@return this with another lowest rate} */
    public CosineAnnealingWarmRestarts withEtaMin(double etaMin) {
        return KIND.with(this, "eta_min", etaMin);
    }

    @Override
    public double at(long step, double base) {
        long current = Check.step(step);
        double length = t0; // an integer; beyond 2^53 it is rounded, but is still above every step
        if (tMult == 1) {
            current %= t0;
        } else {
            while (current >= length) {
                current -= (long) length;
                length *= tMult;
            }
        }
        return etaMin + (base - etaMin) * (1 + Math.cos(Math.PI * current / length)) / 2;
    }

    /** A short first cycle may be intended if the later ones are longer. */
    @Override
    public boolean mayConfuseUnits(long steps) {
        return tMult == 1;
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        part.rises("CosineAnnealingWarmRestarts", etaMin);
        double length = t0;
        double left = part.steps();
        double cycles = 1; // length of all cycles so far, in units of T_0
        double weight = 1;
        if (tMult == 1) {
            double full = Math.floor((part.steps() - 1) / length);
            left -= full * length;
            cycles = full + 1;
        } else {
            while (left > length) {
                left -= length;
                length *= tMult;
                weight *= tMult;
                cycles += weight;
            }
        }
        if (!part.isLast() || RunPart.isNearly(left, length)) {
            return;
        }
        double shorter = Math.ceil(part.steps() / cycles);
        double end = part.steps() - left + length;
        boolean fits = RunPart.isNearly(part.steps() - shorter * (cycles - weight), shorter * weight);
        String whole = "give " + part.name() + " "
                + (left < part.steps() ? RunPart.number(part.steps() - left) + " or " : "") + RunPart.number(end)
                + " steps";
        String problem = "the last cycle of CosineAnnealingWarmRestarts is cut short: " + part.name() + " ends after "
                + RunPart.number(left) + " of its " + RunPart.number(length) + " steps";
        if (fits) {
            part.addAtEnd(problem, Remedy.set(shared, "T_0", (long) shorter).and(", or " + whole));
        } else {
            part.addAtEnd(problem, whole);
        }
    }

    /** {@return the first steps of the second cycle and those after it} */
    private List<Double> starts() {
        List<Double> starts = new ArrayList<>();
        double length = t0;
        for (double start = t0; start < Check.LAST_STEP; start += length) {
            starts.add(start);
            length *= tMult;
        }
        return starts;
    }

    @Override
    public LrLambda formula(double base) {
        if (tMult == 1) {
            return KIND.formula(
                    this, base, "eta_min + (base - eta_min) * (1 + math.cos(math.pi * (step % T_0) / T_0)) / 2");
        }
        Map<String, Object> values = KIND.options(this);
        values.put("base", base);
        values.put("starts", starts());
        return LrLambda.formula("""
                cycle = bisect.bisect_right(starts, step)
                length = T_0 * T_mult ** cycle
                part = (step - (length - T_0) / (T_mult - 1)) / length
                return eta_min + (base - eta_min) * (1 + math.cos(math.pi * part)) / 2
                """, values);
    }

    @Override
    public Kind<CosineAnnealingWarmRestarts> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
