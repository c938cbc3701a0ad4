package org.anneal.schedule;

import java.util.Map;
import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Starts a schedule again and again.
 *
 * <pre>{@code
 *   at(t) = next(t) = schedule.at(t mod period, base)
 * }</pre>
 *
 * <p>The rates are absolute: a rate edited by hand lasts until the next step. It never ends.
 *
 * @param schedule the schedule
 * @param period steps after which it starts again, at least 1; the schedule must not end before
 */
@StateForm.By(TextForm.class)
public record Repeat(
        @Param Schedule schedule,
        @Param(unit = Param.Unit.STEPS, atLeast = 1) long period) implements Retimed {

    static final Kind<Repeat> KIND =
            Kind.of(Repeat.class, "starts a schedule again and again").withoutOptimizer();

    /** @throws IllegalArgumentException if {@code period < 1}, or the schedule ends before */
    public Repeat {
        schedule = KIND.check("schedule", schedule);
        period = Retimed.within(
                schedule,
                "period",
                KIND.check("period", period),
                Math.min(schedule.lastStep(), Check.LAST_STEP - 1) + 1);
    }

    @Override
    public long local(long step) {
        return step % period;
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        part.piece(0, Math.min(period, part.steps())).visit(((Repeat) shared).schedule);
        if (part.isLast() && period >= part.steps()) {
            part.addAtEnd(
                    "Repeat never repeats: its period, " + period + " steps, is not within " + part.name() + " of "
                            + part.length(),
                    Remedy.set(shared, "period", Math.max(1, part.steps() / 3)).and(" or so"));
        }
    }

    @Override
    public LrLambda formula(double base) {
        return LrLambda.formula(
                "schedule(step % period)", Map.of("period", period, "schedule", schedule.formula(base)));
    }

    @Override
    public Kind<Repeat> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
