package org.anneal.schedule;

import java.util.List;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Gives the highest of the rates that several schedules give at the same step, each from the same base.
 *
 * <pre>{@code
 *   at(t) = next(t) = max(first.at(t, base), second.at(t, base), ...)
 * }</pre>
 *
 * <p>The rates are absolute: a rate edited by hand lasts until the next step.
 * As a later piece of a sequence it starts from its members' own first rates. If several members drive the momentum, the last
 * one wins; it is not compared. It ends when its first member ends.
 *
 * <p>PyTorch has no such class; a chain, {@link ChainedScheduler}, lets its members act on one rate in turn.
 *
 * @param schedules the members, at least 1
 */
@StateForm.By(TextForm.class)
public record Max(@Param List<Schedule> schedules) implements Combined {

    static final Kind<Max> KIND =
            Kind.of(Max.class, "the highest rate of several schedules").withoutOptimizer();

    /** @throws IllegalArgumentException if {@code schedules} is empty */
    public Max {
        schedules = KIND.check("schedules", schedules);
    }

    @Override
    public double combine(double rate, double other) {
        return Math.max(rate, other);
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        ((Max) shared).schedules.forEach(part::visitLengths);
    }

    @Override
    public LrLambda formula(double base) {
        return Combined.formula(schedules, i -> base, "max(%s, %s)");
    }

    @Override
    public Kind<Max> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
