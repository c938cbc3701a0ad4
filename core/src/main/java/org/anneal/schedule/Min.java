package org.anneal.schedule;

import java.util.List;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Gives the lowest of the rates that several schedules give at the same step, each from the same base.
 *
 * <pre>{@code
 *   at(t) = next(t) = min(first.at(t, base), second.at(t, base), ...)
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
public record Min(@Param List<Schedule> schedules) implements Combined {

    static final Kind<Min> KIND =
            Kind.of(Min.class, "the lowest rate of several schedules").withoutOptimizer();

    /** @throws IllegalArgumentException if {@code schedules} is empty */
    public Min {
        schedules = KIND.check("schedules", schedules);
    }

    @Override
    public double combine(double rate, double other) {
        return Math.min(rate, other);
    }

    @Override
    public LrLambda formula(double base) {
        return Combined.formula(schedules, i -> base, "min(%s, %s)");
    }

    @Override
    public Kind<Min> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
