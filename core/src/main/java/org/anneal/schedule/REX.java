package org.anneal.schedule;

import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Lets the rate fall slowly at first and fast at the end, along a reflected exponential.
 *
 * <pre>{@code
 *   p     = min(t / steps, 1)
 *   at(t) = base * (floor + (1 - floor) * (1 - p) / (1 / 2 + (1 - p) / 2))
 * }</pre>
 *
 * <p>Step 0 has the base rate, and from step {@code steps} on it is {@code base * floor}. The rates are absolute: a rate edited by hand lasts until the next step.
 *
 * <p>Chen, Wolfe, Li and Kyrillidis, "REX: Revisiting Budgeted Training with an Improved Schedule", arXiv:2107.04197.
 *
 * @param steps steps from the base to the floor, at least 1
 * @param floor the lowest part of the base, from 0 to 1
 */
@StateForm.By(TextForm.class)
public record REX(
        @Param(unit = Param.Unit.STEPS, ends = true, atLeast = 1)
        long steps,

        @Param(
                or = "0.0",
                atLeast = 0,
                atMost = 1,
                slider = {0, 1})
        double floor)
        implements Curve {

    static final Kind<REX> KIND = Kind.of(REX.class, "falls slowly, then fast");

    /** @throws IllegalArgumentException if an argument is out of its range */
    public REX {
        steps = KIND.check("steps", steps);
        floor = KIND.check("floor", floor);
    }

    /** Falls to 0. */
    public REX(long steps) {
        this(steps, KIND.absent("floor"));
    }

    @Override
    public double factor(long step) {
        double left = 1 - Curve.part(step, steps);
        return Curve.above(floor, 2 * left / (1 + left));
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        part.falling(shared, "steps", steps, floor);
    }

    @Override
    public LrLambda formula(double base) {
        return KIND.formula(
                this,
                base,
                "left = 1 - min(step / steps, 1)\nreturn base * (floor + (1 - floor) * 2 * left / (1 + left))");
    }

    @Override
    public Kind<REX> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
