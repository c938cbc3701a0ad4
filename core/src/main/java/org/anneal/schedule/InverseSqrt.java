package org.anneal.schedule;

import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Raises the rate in a straight line from 0 to the base, then lets it fall with the square root of the step.
 *
 * <pre>{@code
 *   at(t) = base * t / warmup                                     if t < warmup
 *         = base / sqrt(1 + (t - warmup) / timescale)             otherwise
 * }</pre>
 *
 * <p>Step {@code warmup} has the base rate. The schedule never ends. The rates are absolute: a rate edited by hand lasts until the next step.
 *
 * <p>transformers: {@code get_inverse_sqrt_schedule(optimizer, num_warmup_steps, timescale)}, whose timescale is the warmup unless
 * given. Zhai et al., "Scaling Vision Transformers", arXiv:2106.04560.
 *
 * @param timescale steps after the warmup until the rate has fallen to {@code 1 / sqrt(2)} of the base, at least 1
 * @param warmup steps from 0 to the base, at least 0
 */
@StateForm.By(TextForm.class)
public record InverseSqrt(
        @Param(unit = Param.Unit.STEPS, atLeast = 1) long timescale,
        @Param(or = "0", unit = Param.Unit.STEPS) long warmup)
        implements Curve {

    static final Kind<InverseSqrt> KIND =
            Kind.of(InverseSqrt.class, "rises in a line, falls with the root of the step");

    /** @throws IllegalArgumentException if an argument is out of its range */
    public InverseSqrt {
        timescale = KIND.check("timescale", timescale);
        warmup = KIND.check("warmup", warmup);
    }

    /** Falls from the start. */
    public InverseSqrt(long timescale) {
        this(timescale, KIND.absent("warmup"));
    }

    @Override
    public double factor(long step) {
        return step < warmup ? (double) step / warmup : 1 / Math.sqrt(1 + (double) (step - warmup) / timescale);
    }

    @Override
    public LrLambda formula(double base) {
        String fall = "base / math.sqrt(1 + (step - warmup) / timescale)";
        return KIND.formula(this, base, warmup == 0 ? fall : "base * (step / warmup) if step < warmup else " + fall);
    }

    @Override
    public Kind<InverseSqrt> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
