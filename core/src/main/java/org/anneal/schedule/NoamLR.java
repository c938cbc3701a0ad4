package org.anneal.schedule;

import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Raises the rate in a straight line, then lets it fall with the square root of the step, to a height that the width of the model decides.
 *
 * <pre>{@code
 *   at(t) = base * d_model^-0.5 * min((t + 1)^-0.5, (t + 1) * warmup^-1.5)
 * }</pre>
 *
 * <p>The base is the factor of the whole, usually 1. The highest rate, {@code base / sqrt(d_model * warmup)}, is at step
 * {@code warmup - 1}. The schedule never ends. The rates are absolute: a rate edited by hand lasts until the next step.
 *
 * <p>Vaswani et al., "Attention Is All You Need", arXiv:1706.03762, whose steps count from 1. For a peak at the base itself see
 * {@link InverseSqrt}.
 *
 * @param dModel width of the model, at least 1
 * @param warmup steps of the warmup, at least 1
 */
@StateForm.By(TextForm.class)
public record NoamLR(
        @Param(
                atLeast = 1,
                slider = {64, 4096})
        long dModel,

        @Param(unit = Param.Unit.STEPS, atLeast = 1) long warmup)
        implements Curve {

    static final Kind<NoamLR> KIND =
            Kind.of(NoamLR.class, "rises in a line, falls with the root of the step, by the width of a model");

    /** @throws IllegalArgumentException if an argument is out of its range */
    public NoamLR {
        dModel = KIND.check("d_model", dModel);
        warmup = KIND.check("warmup", warmup);
    }

    @Override
    public double factor(long step) {
        double count = step + 1.0;
        return Math.min(1 / Math.sqrt(count), count / (warmup * Math.sqrt((double) warmup)))
                / Math.sqrt((double) dModel);
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        part.unfinished(shared, "the warmup of NoamLR", "warmup", warmup);
    }

    @Override
    public LrLambda formula(double base) {
        return KIND.formula(
                this, base, "base * min((step + 1) ** -0.5, (step + 1) * warmup ** -1.5) * d_model ** -0.5");
    }

    @Override
    public Kind<NoamLR> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
