package org.anneal.schedule;

import java.util.Map;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Stops the clock of a schedule for some steps; then it goes on from where it was.
 *
 * <pre>{@code
 *   at(t) = next(t) = schedule.at(t, base)                   if t < start
 *                   = schedule.at(start, base)               if start <= t < end
 *                   = schedule.at(t - (end - start), base)   if t >= end
 * }</pre>
 *
 * <p>The rates are absolute: a rate edited by hand lasts until the next step.
 *
 * @param schedule the schedule
 * @param start the first step at which the rate stays, at least 0; the schedule must not end before
 * @param end the step from which the schedule goes on, at least {@code start}
 */
@StateForm.By(TextForm.class)
public record Freeze(
        @Param Schedule schedule,
        @Param(unit = Param.Unit.STEPS) long start,
        @Param(unit = Param.Unit.STEPS) long end) implements Retimed {

    static final Kind<Freeze> KIND = Kind.of(Freeze.class, "stops the clock of a schedule for some steps")
            .withoutOptimizer();

    /** @throws IllegalArgumentException if {@code start < 0}, the schedule ends before, or {@code end < start} */
    public Freeze {
        schedule = KIND.check("schedule", schedule);
        start = Retimed.within(schedule, "start", KIND.check("start", start), schedule.lastStep());
        end = KIND.check("end", end);
        if (end < start) {
            throw new IllegalArgumentException("end must be at least start, " + start + ", but was " + end);
        }
    }

    @Override
    public long local(long step) {
        return step < end ? Math.min(step, start) : step - (end - start);
    }

    @Override
    public long lastStep() {
        return Retimed.later(schedule.lastStep(), end - start);
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        part.visitLengths(((Freeze) shared).schedule);
        if (part.isLast() && start >= part.steps()) {
            part.addAtEnd(
                    "Freeze never stops the schedule: it starts at step " + start + ", which is not within "
                            + part.name() + " of " + part.length(),
                    "set start below " + part.steps());
        }
    }

    @Override
    public LrLambda formula(double base) {
        return LrLambda.formula(
                "schedule(min(step, start) if step < end else step - (end - start))",
                Map.of("start", start, "end", end, "schedule", schedule.formula(base)));
    }

    @Override
    public Kind<Freeze> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
