package org.anneal.schedule;

import java.util.Map;
import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Makes {@code length} steps of a schedule last {@code to} steps, and all others in proportion.
 *
 * <pre>{@code
 *   x               = t * length / to
 *   at(t) = next(t) = schedule.at(x, base)   if x is an integer; between two steps, on the straight line from one to the other
 * }</pre>
 *
 * <p>The rates are absolute: a rate edited by hand lasts until the next step. The momentum is the member's at step {@code floor(x)}.
 *
 * <p>Composer's {@code scale_schedule_ratio} is {@code to / length}; there, the lengths in the schedule are multiplied by it.
 *
 * @param schedule the schedule
 * @param length steps of the schedule, at least 1
 * @param to steps that they take, at least 1
 */
@StateForm.By(TextForm.class)
public record Stretch(
        @Param Schedule schedule,
        @Param(unit = Param.Unit.STEPS, atLeast = 1) long length,
        @Param(unit = Param.Unit.STEPS, atLeast = 1) long to)
        implements Retimed {

    static final Kind<Stretch> KIND =
            Kind.of(Stretch.class, "makes a schedule longer or shorter").withoutOptimizer();

    /** @throws IllegalArgumentException if {@code length < 1} or {@code to < 1} */
    public Stretch {
        schedule = KIND.check("schedule", schedule);
        length = KIND.check("length", length);
        to = KIND.check("to", to);
    }

    private double exact(long step) {
        return Math.min((double) step * length / to, (double) schedule.lastStep());
    }

    @Override
    public double at(long step, double base) {
        double exact = exact(Check.step(step));
        long before = (long) exact;
        double rate = schedule.at(before, base);
        return exact == before ? rate : rate + (exact - before) * (schedule.at(before + 1, base) - rate);
    }

    @Override
    public long local(long step) {
        return (long) exact(step);
    }

    @Override
    public long lastStep() {
        long last = schedule.lastStep();
        return last == Check.LAST_STEP ? last : (long) Math.min((double) last * to / length, Check.LAST_STEP);
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        part.unfinished(shared, "Stretch", "to", to);
    }

    @Override
    public LrLambda formula(double base) {
        return LrLambda.formula("""
                exact = step * length / to
                before = math.floor(exact)
                rate = schedule(before)
                return rate + (exact - before) * (schedule(before + 1) - rate)
                """, Map.of("length", length, "to", to, "schedule", schedule.formula(base)));
    }

    @Override
    public Kind<Stretch> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
