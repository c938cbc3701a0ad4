package org.anneal.schedule;

import java.util.Map;
import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Starts a schedule later.
 *
 * <pre>{@code
 *   at(t) = next(t) = schedule.at(t - steps, base)   if t >= steps
 *                   = schedule.at(0, base)           otherwise, if before is 'first'
 *                   = base                           otherwise, if before is 'base'
 *                   = 0                              otherwise, if before is 'zero'
 * }</pre>
 *
 * <p>The rates are absolute: a rate edited by hand lasts until the next step. The momentum before is that of the member's step 0.
 *
 * @param schedule the schedule
 * @param steps steps before it starts, at least 0
 * @param before the rate until then
 */
@StateForm.By(TextForm.class)
public record Shift(
        @Param Schedule schedule,
        @Param(unit = Param.Unit.STEPS) long steps,
        @Param(or = "'first'") Before before) implements Retimed {

    static final Kind<Shift> KIND =
            Kind.of(Shift.class, "starts a schedule later").withoutOptimizer();

    /** @throws IllegalArgumentException if {@code steps < 0} */
    public Shift {
        schedule = KIND.check("schedule", schedule);
        steps = KIND.check("steps", steps);
        before = KIND.check("before", before);
    }

    /** The rate before a schedule starts. */
    public enum Before {
        /** The schedule's own first rate. */
        FIRST,
        /** The rate that the run started from. */
        BASE,
        /** Nothing. */
        ZERO
    }

    /** Holds the schedule's first rate until it starts. */
    public Shift(Schedule schedule, long steps) {
        this(schedule, steps, KIND.absent("before"));
    }

    @Override
    public double at(long step, double base) {
        if (Check.step(step) >= steps || before == Before.FIRST) {
            return Retimed.super.at(step, base);
        }
        return before == Before.BASE ? base : 0;
    }

    @Override
    public long local(long step) {
        return Math.max(0, step - steps);
    }

    @Override
    public long lastStep() {
        return Retimed.later(schedule.lastStep(), steps);
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        if (steps < part.steps()) {
            part.piece(steps, part.steps()).visit(((Shift) shared).schedule);
        } else if (part.isLast()) {
            part.addAtEnd(
                    schedule.kind().name() + " never starts: Shift starts it after " + steps + " steps, but "
                            + part.name() + " has " + part.length(),
                    "set steps below " + part.steps());
        }
    }

    @Override
    public LrLambda formula(double base) {
        String rate = switch (before) {
            case FIRST -> "schedule(max(step - steps, 0))";
            case BASE -> "schedule(step - steps) if step >= steps else base";
            case ZERO -> "schedule(step - steps) if step >= steps else 0.0";
        };
        return LrLambda.formula(rate, Map.of("steps", steps, "base", base, "schedule", schedule.formula(base)));
    }

    @Override
    public Kind<Shift> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
