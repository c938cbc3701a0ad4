package org.anneal.schedule;

import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;
import org.anneal.text.Power;

/**
 * Lets the rate fall along half a cosine to a part of the base, and holds it there.
 *
 * <pre>{@code
 *   p     = min(t / steps, 1)
 *   at(t) = base * (floor + (1 - floor) * ((1 + cos(pi * p^k)) / 2)^exponent)
 * }</pre>
 *
 * <p>Step 0 has the base rate, and from step {@code steps} on it is {@code base * floor}. The rates are absolute: a rate edited by hand lasts until the next step.
 *
 * <p>optax: {@code cosine_decay_schedule(init_value, decay_steps, alpha, exponent)}; Keras: {@code CosineDecay(alpha)}; timm: {@code CosineLRScheduler(k_decay)}, of one cycle. PyTorch's
 * {@link CosineAnnealingLR} climbs again, and its floor is a rate. Loshchilov and Hutter, arXiv:1608.03983; Zhang and Li, "k-decay", arXiv:2004.05909.
 *
 * @param steps steps from the base to the floor, at least 1
 * @param floor the lowest part of the base, from 0 to 1
 * @param exponent power of the cosine, finite and above 0
 * @param k power of the part that is over, finite and above 0: above 1 the rate stays high for longer
 */
@StateForm.By(TextForm.class)
public record HalfCosine(
        @Param(unit = Param.Unit.STEPS, ends = true, atLeast = 1)
        long steps,

        @Param(
                or = "0.0",
                atLeast = 0,
                atMost = 1,
                slider = {0, 1})
        double floor,

        @Param(
                or = "1.0",
                above = 0,
                slider = {0.1, 5})
        double exponent,

        @Param(
                or = "1.0",
                above = 0,
                slider = {0.1, 5})
        double k)
        implements Curve {

    static final Kind<HalfCosine> KIND = Kind.of(HalfCosine.class, "falls along half a cosine and stays");

    /** @throws IllegalArgumentException if an argument is out of its range */
    public HalfCosine {
        steps = KIND.check("steps", steps);
        floor = KIND.check("floor", floor);
        exponent = KIND.check("exponent", exponent);
        k = KIND.check("k", k);
    }

    /** Falls to 0. */
    public HalfCosine(long steps) {
        this(steps, KIND.absent("floor"), KIND.absent("exponent"), KIND.absent("k"));
    }

    /** {@return this with another lowest part of the base} */
    public HalfCosine withFloor(double floor) {
        return KIND.with(this, "floor", floor);
    }

    /** {@return this with another power of the cosine} */
    public HalfCosine withExponent(double exponent) {
        return KIND.with(this, "exponent", exponent);
    }

    /** {@return this with another power of the part that is over} */
    public HalfCosine withK(double k) {
        return KIND.with(this, "k", k);
    }

    @Override
    public double factor(long step) {
        double part = Power.pow(Curve.part(step, steps), k);
        return Curve.above(floor, part == 1 ? 0 : Power.pow((1 + Math.cos(Math.PI * part)) / 2, exponent));
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        part.falling(shared, "steps", steps, floor);
    }

    @Override
    public LrLambda formula(double base) {
        return KIND.formula(this, base, """
                part = min(step / steps, 1) ** k
                return base * (floor + (1 - floor) * ((1 + math.cos(math.pi * part)) / 2) ** exponent)
                """);
    }

    @Override
    public Kind<HalfCosine> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
