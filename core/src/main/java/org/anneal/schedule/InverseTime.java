package org.anneal.schedule;

import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Divides the rate by a number that grows with the step.
 *
 * <pre>{@code
 *   p     = t / decay_steps, or floor(t / decay_steps) if staircase
 *   at(t) = base / (1 + decay_rate * p)
 * }</pre>
 *
 * <p>Step 0 has the base rate. The schedule never ends. The rates are absolute: a rate edited by hand lasts until the next step.
 *
 * <p>Keras: {@code InverseTimeDecay(initial_learning_rate, decay_steps, decay_rate, staircase)}.
 *
 * @param decaySteps steps over which the divisor grows by {@code decayRate}, at least 1
 * @param decayRate how much the divisor grows, finite and at least 0
 * @param staircase whether it changes only every {@code decaySteps} steps
 */
@StateForm.By(TextForm.class)
public record InverseTime(
        @Param(unit = Param.Unit.STEPS, atLeast = 1) long decaySteps,

        @Param(
                atLeast = 0,
                slider = {0, 5})
        double decayRate,

        @Param(or = "False") boolean staircase)
        implements Curve {

    static final Kind<InverseTime> KIND = Kind.of(InverseTime.class, "falls with the inverse of the step");

    /** @throws IllegalArgumentException if an argument is out of its range */
    public InverseTime {
        decaySteps = KIND.check("decay_steps", decaySteps);
        decayRate = KIND.check("decay_rate", decayRate);
        staircase = KIND.check("staircase", staircase);
    }

    /** Falls smoothly. */
    public InverseTime(long decaySteps, double decayRate) {
        this(decaySteps, decayRate, KIND.absent("staircase"));
    }

    @Override
    public double factor(long step) {
        return 1 / (1 + decayRate * (staircase ? Math.floorDiv(step, decaySteps) : (double) step / decaySteps));
    }

    @Override
    public LrLambda formula(double base) {
        return KIND.formula(
                this, base, "base / (1 + decay_rate * (step // decay_steps if staircase else step / decay_steps))");
    }

    @Override
    public Kind<InverseTime> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
