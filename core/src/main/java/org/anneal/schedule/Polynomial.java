package org.anneal.schedule;

import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;
import org.anneal.text.Power;

/**
 * Takes the rate from any part of the base to any other along a power of the steps that are left.
 *
 * <pre>{@code
 *   n     = steps * max(1, ceil(t / steps))   if cycle
 *         = steps                             otherwise
 *   p     = min(t / n, 1)
 *   at(t) = base * (end + (start - end) * (1 - p)^power)
 * }</pre>
 *
 * <p>From step {@code steps} on, the rate is {@code base * end}; with {@code cycle}, the schedule is stretched to reach it at the next
 * multiple of {@code steps} instead. The rates are absolute: a rate edited by hand lasts until the next step.
 *
 * <p>optax: {@code polynomial_schedule(init_value, end_value, power, transition_steps)} and {@code linear_schedule}; Keras:
 * {@code PolynomialDecay(end_learning_rate, power, cycle)}. PyTorch's {@link LinearLR} has factors up to 1, and its {@link PolynomialLR}
 * ends at 0.
 *
 * @param steps steps from the first rate to the last, at least 1
 * @param start part of the base at step 0, finite and at least 0
 * @param end part of the base at the end, finite and at least 0
 * @param power exponent of the part that is left, finite and above 0; 1 is a straight line
 * @param cycle whether the rate rises again after the end
 */
@StateForm.By(TextForm.class)
public record Polynomial(
        @Param(unit = Param.Unit.STEPS, ends = true, atLeast = 1)
        long steps,

        @Param(
                or = "1.0",
                atLeast = 0,
                slider = {0, 2})
        double start,

        @Param(
                or = "0.0",
                atLeast = 0,
                slider = {0, 2})
        double end,

        @Param(
                or = "1.0",
                above = 0,
                slider = {0.1, 5})
        double power,

        @Param(or = "False") boolean cycle)
        implements Curve {

    static final Kind<Polynomial> KIND = Kind.of(Polynomial.class, "goes from any rate to any other along a power");

    /** @throws IllegalArgumentException if an argument is out of its range */
    public Polynomial {
        steps = KIND.check("steps", steps);
        start = KIND.check("start", start);
        end = KIND.check("end", end);
        power = KIND.check("power", power);
        cycle = KIND.check("cycle", cycle);
    }

    /** Falls in a straight line to 0. */
    public Polynomial(long steps) {
        this(steps, KIND.absent("start"), KIND.absent("end"), KIND.absent("power"), KIND.absent("cycle"));
    }

    /** {@return this with another first part of the base} */
    public Polynomial withStart(double start) {
        return KIND.with(this, "start", start);
    }

    /** {@return this with another last part of the base} */
    public Polynomial withEnd(double end) {
        return KIND.with(this, "end", end);
    }

    /** {@return this with another power} */
    public Polynomial withPower(double power) {
        return KIND.with(this, "power", power);
    }

    /** {@return this, which rises again after the end or not} */
    public Polynomial withCycle(boolean cycle) {
        return KIND.with(this, "cycle", cycle);
    }

    @Override
    public double factor(long step) {
        double left = cycle && step > steps
                ? 1 - step / (steps * Math.ceil((double) step / steps))
                : 1 - Curve.part(step, steps);
        return end + (start - end) * Power.pow(left, power);
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        if (!cycle && start > 0) {
            part.falling(shared, "steps", steps, end);
        }
    }

    @Override
    public LrLambda formula(double base) {
        String left = cycle ? "1 - step / (steps * max(math.ceil(step / steps), 1))" : "1 - min(step / steps, 1)";
        return KIND.formula(this, base, "base * (end + (start - end) * (" + left + ") ** power)");
    }

    @Override
    public Kind<Polynomial> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
