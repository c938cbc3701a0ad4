package org.anneal.schedule;

import java.util.List;
import java.util.Map;
import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;
import org.anneal.text.PerGroup;

/**
 * Goes on from a step with another schedule, without a jump: a longer run, a new warmup, a decay that branches off.
 *
 * <pre>{@code
 *   f(t)  = following.at(t, base)                      if clock is 'run'
 *         = following.at(t - step - bridge, base)      if clock is 'own'
 *   at(t) = schedule.at(t, base)                                              if t < step
 *         = rate * f(t) / f(step)                                             otherwise, if bridge is 0
 *         = rate + (f(step + bridge) - rate) * (t - step) / bridge            if t < step + bridge
 *         = f(t)                                                              otherwise
 * }</pre>
 *
 * <p>So at {@code step} the rate is {@code rate} exactly. Without a bridge the following schedule is scaled to go through it, for
 * good; with one, a straight line goes from there to the schedule's own rates, which it reaches after {@code bridge} steps.
 * {@code next} goes on from the rate in force as the two schedules do: one edited by hand lasts as long as it does in them, but not
 * beyond {@code step} or during the bridge. The momentum is that of the schedule that is active, from {@code step} on the
 * following's.
 *
 * <p>A following schedule whose rate at {@code step} is 0 cannot be scaled: it fails there with an {@link ArithmeticException},
 * and needs a bridge.
 *
 * @param schedule the schedule until {@code step}; it must not end before
 * @param following the schedule from {@code step} on; it must not end before the bridge does
 * @param step the first step that is no longer the schedule's, at least 0
 * @param rate the rate at {@code step}, finite and at least 0: one for all groups, or one per group
 * @param bridge steps of the straight line, at least 0
 * @param clock what the following schedule counts
 */
@StateForm.By(TextForm.class)
public record ContinueFrom(
        @Param Schedule schedule,
        @Param Schedule following,
        @Param(unit = Param.Unit.STEPS) long step,
        @Param(unit = Param.Unit.RATE) List<Double> rate,
        @Param(or = "0", unit = Param.Unit.STEPS) long bridge,
        @Param(or = "'run'") Clock clock)
        implements Schedule {

    static final Kind<ContinueFrom> KIND = Kind.of(ContinueFrom.class, "goes on with another schedule without a jump")
            .withoutOptimizer();

    /** What a following schedule counts. */
    public enum Clock {
        /** The steps of the run, as if it had been there from the start. */
        RUN,
        /** Its own steps, from where the bridge ends. */
        OWN
    }

    /** @throws IllegalArgumentException if an argument is out of its range, or a schedule ends too early */
    public ContinueFrom {
        schedule = KIND.check("schedule", schedule);
        following = KIND.check("following", following);
        step = Retimed.within(schedule, "step", KIND.check("step", step), Retimed.later(schedule.lastStep(), 1));
        rate = KIND.check("rate", rate);
        bridge = KIND.check("bridge", bridge);
        clock = KIND.check("clock", clock);
        if (clock == Clock.RUN) {
            Retimed.within(following, "step", step, following.lastStep());
            Retimed.within(following, "bridge", bridge, following.lastStep() - step);
        }
    }

    /** Scales the following schedule, which counts the steps of the run. */
    public ContinueFrom(Schedule schedule, Schedule following, long step, double rate) {
        this(schedule, following, step, List.of(rate), KIND.absent("bridge"), KIND.absent("clock"));
    }

    /** {@return this with a straight line of so many steps to the following schedule's own rates} */
    public ContinueFrom withBridge(long bridge) {
        return KIND.with(this, "bridge", bridge);
    }

    /** {@return this with a following schedule that counts other steps} */
    public ContinueFrom withClock(Clock clock) {
        return KIND.with(this, "clock", clock);
    }

    private long local(long step) {
        return clock == Clock.RUN ? step : Math.max(0, step - this.step - bridge);
    }

    /** {@return the following schedule's own rate at {@code step}} */
    private double own(long step, double base) {
        return following.at(local(step), base);
    }

    private double only() {
        return PerGroup.only("rate", rate);
    }

    /** {@return what the following schedule's rates are multiplied by} */
    private double factor(double base) {
        double start = own(step, base);
        if (start == only() || bridge > 0) {
            return 1;
        } else if (start == 0) {
            throw new ArithmeticException("ContinueFrom cannot scale " + following + ", which is 0 at step " + step
                    + ", to " + only() + " there: give it a bridge");
        } else if (only() == 0) {
            throw new ArithmeticException("ContinueFrom cannot scale " + following + " to 0 at step " + step
                    + ", where it would stay: give it a bridge");
        }
        return only() / start;
    }

    @Override
    public double at(long step, double base) {
        if (Check.step(step) < this.step) {
            return schedule.at(step, base);
        } else if (step - this.step < bridge) {
            double end = own(Retimed.later(this.step, bridge), base);
            return only() + (end - only()) * (step - this.step) / bridge;
        }
        double factor = factor(base);
        return step == this.step ? only() : factor * own(step, base);
    }

    @Override
    public double next(long step, double current, double base) {
        if (Check.step(step) < this.step) {
            return schedule.next(step, current, base);
        } else if (step - this.step <= bridge) {
            return at(step, base);
        }
        double factor = following.isFactor() ? 1 : factor(base);
        return factor == 0 ? 0 : factor * following.next(local(step), current / factor, base);
    }

    @Override
    public double start(long step, double current, double base) {
        return Check.step(step) < this.step
                ? schedule.start(step, current, base)
                : Schedule.super.start(step, current, base);
    }

    @Override
    public boolean drivesMomentum() {
        return schedule.drivesMomentum() || following.drivesMomentum();
    }

    @Override
    public double momentum(long step, double current) {
        return Check.step(step) < this.step
                ? schedule.momentum(step, current)
                : following.momentum(local(step), current);
    }

    @Override
    public long lastStep() {
        return clock == Clock.RUN
                ? following.lastStep()
                : Retimed.later(following.lastStep(), Retimed.later(step, bridge));
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        ContinueFrom all = (ContinueFrom) shared;
        if (step > 0) {
            part.piece(0, Math.min(step, part.steps())).visit(all.schedule);
        }
        long start = Retimed.later(step, bridge);
        if (step >= part.steps() && part.isLast()) {
            part.addAtEnd(
                    following.kind().name() + " is never reached: ContinueFrom goes on with it from step " + step
                            + ", but " + part.name() + " has " + part.length(),
                    "set step below " + part.steps());
        } else if (clock == Clock.RUN) {
            part.visit(all.following);
        } else if (start < part.steps()) {
            part.piece(start, part.steps()).visit(all.following);
        }
    }

    @Override
    public LrLambda formula(double base) {
        String own = clock == Clock.RUN ? "after(step)" : "after(max(step - start - bridge, 0))";
        String line = "rate + (end - rate) * (step - start) / bridge if step - start < bridge else ";
        return LrLambda.formula(
                "before(step) if step < start else " + (bridge > 0 ? line : "") + "factor * " + own,
                Map.of(
                        "before", schedule.formula(base),
                        "after", following.formula(base),
                        "start", step,
                        "bridge", bridge,
                        "rate", only(),
                        "end", own(Retimed.later(step, bridge), base),
                        "factor", factor(base)));
    }

    @Override
    public Kind<ContinueFrom> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
