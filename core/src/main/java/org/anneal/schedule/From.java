package org.anneal.schedule;

import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Runs a schedule from a rate of its own, whatever rate the optimizer has.
 *
 * <pre>{@code
 *   at(t) = next(t) = schedule.at(t, lr)
 * }</pre>
 *
 * <p>So the rates are the same for every base and in every group. The rates are absolute: a rate edited by hand lasts until the
 * next step. The momentum is the member's.
 *
 * <p>In optax and Keras a schedule has its rates in itself: {@code optax.cosine_decay_schedule(0.3, 80)} is
 * {@code From(HalfCosine(steps=80), lr=0.3)}.
 *
 * @param schedule the schedule
 * @param lr the rate that it starts from, finite and at least 0
 */
@StateForm.By(TextForm.class)
public record From(
        @Param Schedule schedule,
        @Param(unit = Param.Unit.RATE) double lr) implements Revalued {

    static final Kind<From> KIND =
            Kind.of(From.class, "runs a schedule from a rate of its own").withoutOptimizer();

    /** @throws IllegalArgumentException if {@code lr < 0} or not finite */
    public From {
        schedule = KIND.check("schedule", schedule);
        lr = KIND.check("lr", lr);
    }

    @Override
    public double at(long step, double base) {
        return schedule.at(step, lr);
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        part.visit(((From) shared).schedule);
    }

    @Override
    public LrLambda formula(double base) {
        return schedule.formula(lr);
    }

    @Override
    public Kind<From> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
