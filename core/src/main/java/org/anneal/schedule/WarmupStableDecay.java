package org.anneal.schedule;

import java.util.Map;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Raises the rate to the base, holds it, and lets it fall to a part of it at the end.
 *
 * <pre>{@code
 *   at(t) = base * Warmup(warmup, start, warmup_shape)            if t < warmup
 *         = base                                                  if t < warmup + stable
 *         = base * (floor + (1 - floor) * fall((t - warmup - stable) / decay))   if t < warmup + stable + decay
 *         = base * floor                                          otherwise
 *   fall(p) = 1 - p,  (1 + cos(pi * p)) / 2,  1 - sqrt(p),  2 * 0.5^p - 1   for linear, cosine, sqrt, exponential
 * }</pre>
 *
 * <p>From the end of the decay on, the rate is {@code base * floor}. The rates are absolute: a rate edited by hand lasts until the next step.
 *
 * <p>transformers: {@code get_wsd_schedule(optimizer, num_warmup_steps, num_decay_steps, num_stable_steps=...)}, whose warmup starts at
 * {@code min_lr_ratio}. Hu et al., "MiniCPM", arXiv:2404.06395; Hägele et al., arXiv:2405.18392, for {@code 1 - sqrt}; the exponential
 * is Megatron-LM's.
 *
 * @param warmup steps of the warmup, at least 0
 * @param stable steps at the base, at least 0
 * @param decay steps of the decay, at least 0
 * @param shape the curve of the decay
 * @param floor the lowest part of the base, from 0 to 1
 * @param start part of the base at step 0, from 0 to 1; above 0 if the warmup is exponential
 * @param warmupShape the curve of the warmup
 */
@StateForm.By(TextForm.class)
public record WarmupStableDecay(
        @Param(unit = Param.Unit.STEPS, ends = true) long warmup,
        @Param(unit = Param.Unit.STEPS, ends = true) long stable,
        @Param(unit = Param.Unit.STEPS, ends = true) long decay,
        @Param(or = "'linear'") Shape shape,

        @Param(
                or = "0.0",
                atLeast = 0,
                atMost = 1,
                slider = {0, 1})
        double floor,

        @Param(
                or = "0.0",
                atLeast = 0,
                atMost = 1,
                slider = {0, 1})
        double start,

        @Param(or = "'linear'") Shape warmupShape)
        implements Curve {

    static final Kind<WarmupStableDecay> KIND = Kind.of(WarmupStableDecay.class, "rises, holds, and falls at the end");

    /** @throws IllegalArgumentException if an argument is out of its range, or an exponential warmup starts at 0 */
    public WarmupStableDecay {
        warmup = KIND.check("warmup", warmup);
        stable = KIND.check("stable", stable);
        decay = KIND.check("decay", decay);
        shape = KIND.check("shape", shape);
        floor = KIND.check("floor", floor);
        start = KIND.check("start", start);
        warmupShape = KIND.check("warmup_shape", warmupShape);
        Warmup.checkStart(start, warmupShape);
    }

    /** Rises in a straight line from 0, and falls in one to 0. */
    public WarmupStableDecay(long warmup, long stable, long decay) {
        this(
                warmup,
                stable,
                decay,
                KIND.absent("shape"),
                KIND.absent("floor"),
                KIND.absent("start"),
                KIND.absent("warmup_shape"));
    }

    /** {@return this with another curve of the decay} */
    public WarmupStableDecay withShape(Shape shape) {
        return KIND.with(this, "shape", shape);
    }

    /** {@return this with another lowest part of the base} */
    public WarmupStableDecay withFloor(double floor) {
        return KIND.with(this, "floor", floor);
    }

    /** {@return this with another part of the base at step 0} */
    public WarmupStableDecay withStart(double start) {
        return KIND.with(this, "start", start);
    }

    /** {@return this with another curve of the warmup} */
    public WarmupStableDecay withWarmupShape(Shape warmupShape) {
        return KIND.with(this, "warmup_shape", warmupShape);
    }

    @Override
    public double factor(long step) {
        if (step < warmup) {
            return Warmup.rise((double) step / warmup, start, warmupShape);
        }
        long decayed = step - warmup - stable;
        return decayed < 0 ? 1 : Curve.above(floor, shape.fall(Curve.part(decayed, decay)));
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        long length = warmup + stable + decay;
        Remedy fit = Remedy.with(
                shared,
                Map.of("stable", stable + part.steps() - length),
                "let warmup, stable and decay add up to " + part.steps() + ", the length of " + part.name());
        if (part.isLast() && !RunPart.isNearly((double) part.steps(), (double) length)) {
            part.addAtEnd(
                    "WarmupStableDecay is not finished: " + part.name() + " ends after " + part.steps() + " of its "
                            + length + " steps",
                    fit);
        } else if (floor == 0 && length < part.steps()) {
            part.add(
                    part.from() + length,
                    "WarmupStableDecay is at zero from here on: it ends after " + length + " steps, but " + part.name()
                            + " has " + part.length(),
                    fit);
        }
    }

    @Override
    public LrLambda formula(double base) {
        String falls = decay == 0 ? "0" : shape.falling("min((step - warmup - stable) / decay, 1)");
        return KIND.formula(
                this,
                base,
                "base * (" + Warmup.rising("step / warmup", "start", warmupShape) + ") if step < warmup else "
                        + "base if step < warmup + stable else base * (floor + (1 - floor) * (" + falls + "))");
    }

    @Override
    public Kind<WarmupStableDecay> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
