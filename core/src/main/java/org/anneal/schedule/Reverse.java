package org.anneal.schedule;

import java.util.Map;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Runs the first steps of a schedule backwards.
 *
 * <pre>{@code
 *   at(t) = next(t) = schedule.at(max(length - t, 0), base)
 * }</pre>
 *
 * <p>So step 0 has the schedule's rate of step {@code length}; from step {@code length} on, the rate is the schedule's first.
 * The rates are absolute: a rate edited by hand lasts until the next step. It never ends.
 *
 * @param schedule the schedule
 * @param length steps that run backwards, at least 0; the schedule must not end before
 */
@StateForm.By(TextForm.class)
public record Reverse(
        @Param Schedule schedule,
        @Param(unit = Param.Unit.STEPS) long length) implements Retimed {

    static final Kind<Reverse> KIND =
            Kind.of(Reverse.class, "runs a schedule backwards").withoutOptimizer();

    /** @throws IllegalArgumentException if {@code length < 0}, or the schedule ends before */
    public Reverse {
        schedule = KIND.check("schedule", schedule);
        length = Retimed.within(schedule, "length", KIND.check("length", length), schedule.lastStep());
    }

    @Override
    public long local(long step) {
        return Math.max(length - step, 0);
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        if (!part.unfinished(shared, "Reverse", "length", length)) {
            part.visitLengths(((Reverse) shared).schedule);
        }
    }

    @Override
    public LrLambda formula(double base) {
        return LrLambda.formula(
                "schedule(max(length - step, 0))", Map.of("length", length, "schedule", schedule.formula(base)));
    }

    @Override
    public Kind<Reverse> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
