package org.anneal.schedule;

import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Lets the rate fall along a hyperbolic tangent to a part of the base.
 *
 * <pre>{@code
 *   p     = t / steps
 *   at(t) = base * (floor + (1 - floor) * (1 - tanh(lower * (1 - p) + upper * p)) / 2)   if t < steps
 *         = base * floor                                                               otherwise
 * }</pre>
 *
 * <p>Step 0 has {@code (1 - tanh(lower)) / 2} of the base, which is almost all of it, and the last step before {@code steps} almost
 * {@code (1 - tanh(upper)) / 2}. The rates are absolute: a rate edited by hand lasts until the next step.
 *
 * <p>timm: {@code TanhLRScheduler(t_initial, lb, ub, lr_min)}, of one cycle. Hsueh et al., "Stochastic Gradient Descent with Hyperbolic-Tangent
 * Decay", arXiv:1806.01593.
 *
 * @param steps steps until the floor, at least 1
 * @param lower where on the tangent the schedule starts, finite
 * @param upper where it ends, finite and at least {@code lower}
 * @param floor the lowest part of the base, from 0 to 1
 */
@StateForm.By(TextForm.class)
public record TanhDecay(
        @Param(unit = Param.Unit.STEPS, ends = true, atLeast = 1)
        long steps,

        @Param(
                or = "-7.0",
                slider = {-10, 0})
        double lower,

        @Param(
                or = "3.0",
                slider = {0, 10})
        double upper,

        @Param(
                or = "0.0",
                atLeast = 0,
                atMost = 1,
                slider = {0, 1})
        double floor)
        implements Curve {

    static final Kind<TanhDecay> KIND = Kind.of(TanhDecay.class, "falls along a hyperbolic tangent");

    /** @throws IllegalArgumentException if an argument is out of its range, or {@code upper < lower} */
    public TanhDecay {
        steps = KIND.check("steps", steps);
        lower = KIND.check("lower", lower);
        upper = KIND.check("upper", upper);
        floor = KIND.check("floor", floor);
        if (upper < lower) {
            throw new IllegalArgumentException("upper must be at least lower, " + lower + ", but was " + upper);
        }
    }

    /** Goes from -7 to 3 on the tangent, and then to 0. */
    public TanhDecay(long steps) {
        this(steps, KIND.absent("lower"), KIND.absent("upper"), KIND.absent("floor"));
    }

    /** {@return this with another start on the tangent} */
    public TanhDecay withLower(double lower) {
        return KIND.with(this, "lower", lower);
    }

    /** {@return this with another end on the tangent} */
    public TanhDecay withUpper(double upper) {
        return KIND.with(this, "upper", upper);
    }

    /** {@return this with another lowest part of the base} */
    public TanhDecay withFloor(double floor) {
        return KIND.with(this, "floor", floor);
    }

    @Override
    public double factor(long step) {
        double part = Curve.part(step, steps);
        return part == 1 ? floor : Curve.above(floor, (1 - Math.tanh(lower * (1 - part) + upper * part)) / 2);
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        part.falling(shared, "steps", steps, floor);
    }

    @Override
    public LrLambda formula(double base) {
        return KIND.formula(this, base, """
                part = min(step / steps, 1)
                fall = (1 - math.tanh(lower * (1 - part) + upper * part)) / 2
                return base * (floor + (1 - floor) * fall) if part < 1 else base * floor
                """);
    }

    @Override
    public Kind<TanhDecay> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
