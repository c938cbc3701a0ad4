package org.anneal.schedule;

import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;
import org.anneal.text.Power;

/**
 * Raises the rate from a part of the base, 0 included, to the base.
 *
 * <pre>{@code
 *   p     = min(t / steps, 1)
 *   at(t) = base * (start + (1 - start) * p)                            if shape is 'linear'
 *         = base * (start + (1 - start) * (1 - cos(pi * p)) / 2)        if shape is 'cosine'
 *         = base * (start + (1 - start) * (1 - sqrt(1 - p)))            if shape is 'sqrt'
 *         = base * start^(1 - p)                                        if shape is 'exponential'
 *         = base * start, then base from p = 1 on                       if shape is 'constant'
 * }</pre>
 *
 * <p>From step {@code steps} on, the rate is the base; if that is 0, from the start. The rates are absolute: a rate edited by hand lasts until the next step.
 *
 * <p>In front of a schedule: {@code SequentialLR([Warmup(steps=100), CosineAnnealingLR(T_max=900)], milestones=[100])}. PyTorch's
 * {@link LinearLR} starts above 0 and is a line. The first shapes are those of transformers' {@code get_wsd_schedule}.
 *
 * @param steps steps from the first rate to the base, at least 0
 * @param start part of the base at step 0, from 0 to 1; above 0 if exponential
 * @param shape the curve
 */
@StateForm.By(TextForm.class)
public record Warmup(
        @Param(unit = Param.Unit.STEPS, ends = true) long steps,

        @Param(
                or = "0.0",
                atLeast = 0,
                atMost = 1,
                slider = {0, 1})
        double start,

        @Param(or = "'linear'") Shape shape)
        implements Curve {

    static final Kind<Warmup> KIND = Kind.of(Warmup.class, "rises from a part of the rate, 0 included, to the rate");

    /** @throws IllegalArgumentException if an argument is out of its range, or an exponential warmup starts at 0 */
    public Warmup {
        steps = KIND.check("steps", steps);
        start = KIND.check("start", start);
        shape = KIND.check("shape", shape);
        checkStart(start, shape);
    }

    /** Rises in a straight line from 0. */
    public Warmup(long steps) {
        this(steps, KIND.absent("start"), KIND.absent("shape"));
    }

    @Override
    public double factor(long step) {
        return rise(Curve.part(step, steps), start, shape);
    }

    /** {@return the factor after a part of a warmup} */
    static double rise(double part, double start, Shape shape) {
        return switch (shape) {
            case EXPONENTIAL -> Power.pow(start, 1 - part);
            case LINEAR -> Curve.above(start, part);
            case CONSTANT -> part < 1 ? start : 1;
            case SQRT -> Curve.above(start, 1 - Math.sqrt(1 - part));
            case COSINE -> Curve.above(start, (1 - Math.cos(Math.PI * part)) / 2);
        };
    }

    /** {@return {@link #rise} in Python} */
    static String rising(String part, String start, Shape shape) {
        return switch (shape) {
            case EXPONENTIAL -> start + " ** (1 - " + part + ")";
            case CONSTANT -> start;
            case LINEAR -> start + " + (1 - " + start + ") * " + part;
            case SQRT -> start + " + (1 - " + start + ") * (1 - (1 - " + part + ") ** 0.5)";
            case COSINE -> start + " + (1 - " + start + ") * (1 - math.cos(math.pi * " + part + ")) / 2";
        };
    }

    /** Checks that a warmup that multiplies begins above 0. */
    static void checkStart(double start, Shape shape) {
        if (shape == Shape.EXPONENTIAL && start == 0) {
            throw new IllegalArgumentException("start must be > 0 in an exponential warmup, but was " + start);
        }
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        part.unfinished(shared, "Warmup", "steps", steps);
    }

    @Override
    public LrLambda formula(double base) {
        return KIND.formula(
                this, base, "base * (" + rising("step / steps", "start", shape) + ") if step < steps else base");
    }

    @Override
    public Kind<Warmup> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
