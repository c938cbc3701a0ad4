package org.anneal.schedule;

import java.util.Map;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Lifts a schedule onto a rate: what it does between 0 and the base, it does between that rate and the base.
 *
 * <pre>{@code
 *   at(t) = next(t) = rate + schedule.at(t, base - rate)
 * }</pre>
 *
 * <p>So a schedule that falls to 0 falls to {@code rate}, in every group, and a {@link Warmup} from 0 starts at {@code rate}. If the
 * base is below the rate, it rises to it instead. The rates are absolute: a rate edited by hand lasts until the next step. The momentum
 * is the member's.
 *
 * <p>timm's {@code lr_min} and {@code warmup_lr_init}, and transformers' {@code lr_end} and {@code min_lr}, are such rates, where the floors
 * of {@link HalfCosine} and others are parts of the base.
 *
 * @param schedule the schedule
 * @param rate the rate, finite and at least 0
 */
@StateForm.By(TextForm.class)
public record Above(
        @Param Schedule schedule,
        @Param(unit = Param.Unit.RATE) double rate) implements Revalued {

    static final Kind<Above> KIND =
            Kind.of(Above.class, "lifts a schedule onto a rate").withoutOptimizer();

    /** @throws IllegalArgumentException if {@code rate < 0} or not finite */
    public Above {
        schedule = KIND.check("schedule", schedule);
        rate = KIND.check("rate", rate);
    }

    @Override
    public double at(long step, double base) {
        return rate + schedule.at(step, base - rate);
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        Schedule member = ((Above) shared).schedule;
        if (rate == 0) {
            part.visit(member);
        } else {
            part.visitLengths(member);
        }
    }

    @Override
    public LrLambda formula(double base) {
        return LrLambda.formula(
                "rate + schedule(step)", Map.of("rate", rate, "schedule", schedule.formula(base - rate)));
    }

    @Override
    public Kind<Above> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
