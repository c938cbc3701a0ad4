package org.anneal.schedule;

import java.util.Map;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Multiplies the rates of a schedule by a constant.
 *
 * <pre>{@code
 *   at(t) = next(t) = factor * schedule.at(t, base)
 * }</pre>
 *
 * <p>The rates are absolute: a rate edited by hand lasts until the next step. The momentum is the member's, which is not scaled.
 *
 * @param schedule the schedule
 * @param factor what its rates are multiplied by, finite and at least 0
 */
@StateForm.By(TextForm.class)
public record Scale(
        @Param Schedule schedule,

        @Param(
                atLeast = 0,
                slider = {0, 2})
        double factor)
        implements Revalued {

    static final Kind<Scale> KIND = Kind.of(Scale.class, "multiplies the rates of a schedule by a constant")
            .withoutOptimizer();

    /** @throws IllegalArgumentException if {@code factor < 0} or not finite */
    public Scale {
        schedule = KIND.check("schedule", schedule);
        factor = KIND.check("factor", factor);
    }

    @Override
    public double at(long step, double base) {
        return factor * schedule.at(step, base);
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        part.visit(((Scale) shared).schedule);
    }

    @Override
    public LrLambda formula(double base) {
        return LrLambda.formula(
                "factor * schedule(step)", Map.of("factor", factor, "schedule", schedule.formula(base)));
    }

    @Override
    public Kind<Scale> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
