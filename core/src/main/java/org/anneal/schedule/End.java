package org.anneal.schedule;

import java.util.Map;
import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Declares what a schedule does from a step on.
 *
 * <pre>{@code
 *   at(t) = next(t) = schedule.at(min(t, step), base)   if then is 'hold'
 *                   = schedule.at(t mod step, base)     if then is 'repeat'
 *                   = schedule.at(t, base)              if then is 'refuse' or 'own'
 * }</pre>
 *
 * <p>With {@code 'refuse'}, {@code step} is the last step that has a rate, and a runner refuses to go further. With
 * {@code 'own'} the schedule goes on as it would alone, which for PyTorch's kinds is as in PyTorch: CosineAnnealingLR climbs
 * again, LinearLR holds, OneCycleLR refuses.
 * The rates are absolute: a rate edited by hand lasts until the next step.
 *
 * @param schedule the schedule
 * @param step the step, at least 1; the schedule must not end before
 * @param then what happens from then on
 */
@StateForm.By(TextForm.class)
public record End(
        @Param Schedule schedule,
        @Param(unit = Param.Unit.STEPS, atLeast = 1) long step,
        @Param(or = "'hold'", always = true) Then then)
        implements Retimed {

    static final Kind<End> KIND =
            Kind.of(End.class, "declares what a schedule does from a step on").withoutOptimizer();

    /** @throws IllegalArgumentException if {@code step < 1}, or the schedule ends before */
    public End {
        schedule = KIND.check("schedule", schedule);
        step = Retimed.within(schedule, "step", KIND.check("step", step), schedule.lastStep());
        then = KIND.check("then", then);
    }

    /** What a schedule does from a step on. */
    public enum Then {
        /** It keeps the rate of that step. */
        HOLD,
        /** It starts again, at that step and after as many steps each time. */
        REPEAT,
        /** It has no rates after that step. */
        REFUSE,
        /** It goes on as it would alone. */
        OWN
    }

    /** Holds the rate of {@code step} from then on. */
    public End(Schedule schedule, long step) {
        this(schedule, step, KIND.absent("then"));
    }

    @Override
    public long local(long step) {
        return switch (then) {
            case HOLD -> Math.min(step, this.step);
            case REPEAT -> step % this.step;
            case REFUSE, OWN -> step;
        };
    }

    @Override
    public long lastStep() {
        return switch (then) {
            case HOLD, REPEAT -> Check.LAST_STEP;
            case REFUSE -> step;
            case OWN -> schedule.lastStep();
        };
    }

    @Override
    public boolean mayConfuseUnits(long steps) {
        return then != Then.OWN;
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        Schedule member = ((End) shared).schedule;
        if (then == Then.REFUSE && part.steps() > (part.isLast() ? step : step + 1)) {
            part.add(
                    part.from() + step,
                    "the schedule has ended: End refuses what is after step " + step + ", but " + part.name() + " has "
                            + part.length(),
                    part.fit(shared, "step"));
        } else if (then == Then.OWN || step >= part.steps()) {
            part.visit(member);
        } else {
            part.piece(0, step).visit(member);
        }
    }

    @Override
    public LrLambda formula(double base) {
        String clock = switch (then) {
            case HOLD, REFUSE -> "min(step, end)";
            case REPEAT -> "step % end";
            case OWN -> "step";
        };
        return LrLambda.formula("schedule(" + clock + ")", Map.of("end", step, "schedule", schedule.formula(base)));
    }

    @Override
    public Kind<End> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
