package org.anneal.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;
import org.anneal.text.Power;

/**
 * Lets the rate fall along half a cosine again and again, in cycles that grow and from peaks that shrink.
 *
 * <pre>{@code
 *   i     = the cycle: the greatest with start(i) <= t, where start(i) = steps * (1 + growth + ... + growth^(i - 1))
 *   p     = (t - start(i)) / (steps * growth^i)
 *   at(t) = base * (floor + (shrink^i - floor) * (1 + cos(pi * p^k)) / 2)   if i < limit, or limit is 0
 *         = base * floor                                                  otherwise
 * }</pre>
 *
 * <p>Each cycle starts at its peak. A cycle may start between two steps. The rates are absolute: a rate edited by hand lasts until the next step.
 *
 * <p>timm: {@code CosineLRScheduler(t_initial, lr_min, cycle_mul, cycle_decay, cycle_limit, k_decay)}. PyTorch's
 * {@link CosineAnnealingWarmRestarts} grows by whole numbers, and its peaks stay. Loshchilov and Hutter, arXiv:1608.03983.
 *
 * @param steps steps of the first cycle, at least 1
 * @param growth how much longer each cycle is than the one before, finite and at least 1
 * @param shrink how much of its peak each cycle keeps, from 0 to 1
 * @param floor the lowest part of the base, from 0 to 1
 * @param k power of the part of a cycle that is over, finite and above 0
 * @param limit cycles after which the rate stays at the floor, at least 0; 0 for no limit
 */
@StateForm.By(TextForm.class)
public record CosineCycles(
        @Param(unit = Param.Unit.STEPS, atLeast = 1) long steps,

        @Param(
                or = "1.0",
                atLeast = 1,
                slider = {1, 3})
        double growth,

        @Param(
                or = "1.0",
                atLeast = 0,
                atMost = 1,
                slider = {0, 1})
        double shrink,

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
        double k,

        @Param(
                or = "0",
                atLeast = 0,
                slider = {0, 10})
        long limit)
        implements Curve {

    static final Kind<CosineCycles> KIND =
            Kind.of(CosineCycles.class, "falls along half a cosine in cycles that grow and shrink");

    /** @throws IllegalArgumentException if an argument is out of its range */
    public CosineCycles {
        steps = KIND.check("steps", steps);
        growth = KIND.check("growth", growth);
        shrink = KIND.check("shrink", shrink);
        floor = KIND.check("floor", floor);
        k = KIND.check("k", k);
        limit = KIND.check("limit", limit);
    }

    /** Falls to 0 in cycles that are all the same. */
    public CosineCycles(long steps) {
        this(
                steps,
                KIND.absent("growth"),
                KIND.absent("shrink"),
                KIND.absent("floor"),
                KIND.absent("k"),
                KIND.absent("limit"));
    }

    /** {@return this with another growth of the cycles} */
    public CosineCycles withGrowth(double growth) {
        return KIND.with(this, "growth", growth);
    }

    /** {@return this with peaks that shrink otherwise} */
    public CosineCycles withShrink(double shrink) {
        return KIND.with(this, "shrink", shrink);
    }

    /** {@return this with another lowest part of the base} */
    public CosineCycles withFloor(double floor) {
        return KIND.with(this, "floor", floor);
    }

    /** {@return this with another power of the part of a cycle that is over} */
    public CosineCycles withK(double k) {
        return KIND.with(this, "k", k);
    }

    /** {@return this with another number of cycles} */
    public CosineCycles withLimit(long limit) {
        return KIND.with(this, "limit", limit);
    }

    private static final int MOST_STARTS = 1000;
    private static final double NEARLY = 1 + 1e-12; // a cycle that rounding starts just after a step starts there

    /** {@return the first step of a cycle, which may be between two} */
    private double start(double cycle) {
        return growth == 1 ? steps * cycle : steps * ((Power.pow(growth, cycle) - 1) / (growth - 1));
    }

    @Override
    public double factor(long step) {
        double cycle = growth == 1
                ? Math.floorDiv(step, steps)
                : Math.floor(Math.log1p(step * (growth - 1) / steps) / Math.log(growth));
        if (growth != 1) {
            cycle = start(cycle + 1) <= step * NEARLY ? cycle + 1 : start(cycle) > step * NEARLY ? cycle - 1 : cycle;
        }
        if (limit > 0 && cycle >= limit) {
            return floor;
        }
        double length = steps * Power.pow(growth, cycle);
        double part = Math.min(1, Math.max(0, (step - start(cycle)) / length));
        return floor + (Power.pow(shrink, cycle) - floor) * (1 + Math.cos(Math.PI * Power.pow(part, k))) / 2;
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        part.unfinished(shared, "the first cycle of CosineCycles", "steps", steps);
    }

    /** {@return the first steps of the second cycle and those after it, up to the limit} */
    private List<Double> starts() {
        List<Double> starts = new ArrayList<>();
        for (int cycle = 1; start(cycle) < Check.LAST_STEP && (limit == 0 || cycle <= limit); cycle++) {
            if (cycle > MOST_STARTS) {
                throw new UnsupportedOperationException("CosineCycles has no formula if more than " + MOST_STARTS
                        + " cycles grow: set limit, or more growth");
            }
            starts.add(Math.ceil(start(cycle) / NEARLY));
        }
        return starts;
    }

    @Override
    public LrLambda formula(double base) {
        Map<String, Object> values = KIND.options(this);
        values.put("base", base);
        String text = "cycle = step // steps\npart = step / steps - cycle\n";
        if (growth != 1) {
            values.put("starts", starts());
            text = """
                cycle = bisect.bisect_right(starts, step)
                part = (step / steps - (growth ** cycle - 1) / (growth - 1)) / growth ** cycle
                """;
        }
        String rate =
                "base * (floor + (shrink ** cycle - floor) * (1 + math.cos(math.pi * min(max(part, 0), 1) ** k)) / 2)";
        return LrLambda.formula(
                text + "return " + rate + (limit == 0 ? "" : " if cycle < limit else base * floor"), values);
    }

    @Override
    public Kind<CosineCycles> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
