package org.anneal.schedule;

import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;
import org.anneal.text.Power;

/**
 * Multiplies the rate by {@code decayRate} over every {@code decaySteps} steps, smoothly or at once, down to a part of the base.
 *
 * <pre>{@code
 *   p     = t / decay_steps, or floor(t / decay_steps) if staircase
 *   at(t) = base * max(decay_rate^p, floor)
 * }</pre>
 *
 * <p>Step 0 has the base rate. The schedule never ends. The rates are absolute: a rate edited by hand lasts until the next step.
 *
 * <p>optax: {@code exponential_decay(init_value, transition_steps, decay_rate, staircase, end_value)}; Keras:
 * {@code ExponentialDecay(decay_steps, decay_rate, staircase)}.
 *
 * @param decaySteps steps over which the rate is multiplied once, at least 1
 * @param decayRate what it is multiplied by, finite and above 0
 * @param staircase whether it changes only every {@code decaySteps} steps
 * @param floor the lowest part of the base, from 0 to 1
 */
@StateForm.By(TextForm.class)
public record Exponential(
        @Param(unit = Param.Unit.STEPS, atLeast = 1) long decaySteps,

        @Param(
                above = 0,
                slider = {0.01, 1})
        double decayRate,

        @Param(or = "False") boolean staircase,

        @Param(
                or = "0.0",
                atLeast = 0,
                atMost = 1,
                slider = {0, 1})
        double floor)
        implements Curve {

    static final Kind<Exponential> KIND =
            Kind.of(Exponential.class, "falls by a factor over every decay_steps steps, to a floor");

    /** @throws IllegalArgumentException if an argument is out of its range */
    public Exponential {
        decaySteps = KIND.check("decay_steps", decaySteps);
        decayRate = KIND.check("decay_rate", decayRate);
        staircase = KIND.check("staircase", staircase);
        floor = KIND.check("floor", floor);
    }

    /** Falls smoothly, without a floor. */
    public Exponential(long decaySteps, double decayRate) {
        this(decaySteps, decayRate, KIND.absent("staircase"), KIND.absent("floor"));
    }

    /** {@return this, which changes only every {@code decaySteps} steps or not} */
    public Exponential withStaircase(boolean staircase) {
        return KIND.with(this, "staircase", staircase);
    }

    /** {@return this with another lowest part of the base} */
    public Exponential withFloor(double floor) {
        return KIND.with(this, "floor", floor);
    }

    @Override
    public double factor(long step) {
        double power = staircase ? Math.floorDiv(step, decaySteps) : (double) step / decaySteps;
        return Math.max(Power.pow(decayRate, power), floor);
    }

    @Override
    public LrLambda formula(double base) {
        return KIND.formula(
                this,
                base,
                "base * max(decay_rate ** (step // decay_steps if staircase else step / decay_steps), floor)");
    }

    @Override
    public Kind<Exponential> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
