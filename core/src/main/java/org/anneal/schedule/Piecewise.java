package org.anneal.schedule;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Goes from one given part of the base to the next, at once, in straight lines, or along half cosines.
 *
 * <pre>{@code
 *   i     = number of boundaries <= t
 *   at(t) = base * factors[i]                                      if curve is 'constant', or t is at or after the last
 *         = base * (factors[i] + (factors[i + 1] - factors[i]) * p)                       if 'linear'
 *         = base * (factors[i] + (factors[i + 1] - factors[i]) * (1 - cos(pi * p)) / 2)   if 'cosine'
 *   p     = (t - boundaries[i - 1]) / (boundaries[i] - boundaries[i - 1]), where boundaries[-1] is 0
 * }</pre>
 *
 * <p>Step 0 has the first factor, each boundary the next one, and the last one stays. The rates are absolute: a rate edited by hand lasts until the next step.
 *
 * <p>optax: {@code piecewise_constant_schedule} and {@code piecewise_interpolate_schedule}, whose scales are the ratios of these
 * factors; {@code linear_onecycle_schedule} has three pieces. Keras' {@code PiecewiseConstantDecay} changes one step after a boundary.
 *
 * @param boundaries steps that have the second and each further factor, strictly increasing, the first at least 1
 * @param factors parts of the base, finite and at least 0; one more than boundaries
 * @param curve how the rate goes from one to the next
 */
@StateForm.By(TextForm.class)
public record Piecewise(
        @Param(unit = Param.Unit.STEPS) List<Long> boundaries,

        @Param(
                size = Param.ANY,
                atLeast = 0,
                slider = {0, 1})
        List<Double> factors,

        @Param(or = "'constant'") Between curve)
        implements Curve {

    static final Kind<Piecewise> KIND = Kind.of(Piecewise.class, "goes from one part of the rate to the next");

    /** @throws IllegalArgumentException if an argument is out of its range, the counts do not fit, or the boundaries do not increase */
    public Piecewise {
        boundaries = KIND.check("boundaries", boundaries);
        factors = KIND.check("factors", factors);
        curve = KIND.check("curve", curve);
        if (factors.size() != boundaries.size() + 1) {
            throw new IllegalArgumentException("factors must have one entry more than boundaries, "
                    + (boundaries.size() + 1) + " for " + boundaries.size() + ", but had " + factors.size());
        }
        long before = 0;
        for (long boundary : boundaries) {
            if (boundary <= before) {
                throw new IllegalArgumentException(
                        "boundaries must increase from 1 on, but had " + boundary + " after " + before);
            }
            before = boundary;
        }
    }

    /** Changes at once at each boundary. */
    public Piecewise(List<Long> boundaries, List<Double> factors) {
        this(boundaries, factors, KIND.absent("curve"));
    }

    /** How the rate goes from one factor to the next. */
    public enum Between {
        /** At once, at the boundary. */
        CONSTANT,
        /** In a straight line. */
        LINEAR,
        /** Along half a cosine. */
        COSINE
    }

    @Override
    public double factor(long step) {
        int i = Lists.countUpTo(step, boundaries);
        if (curve == Between.CONSTANT || i == boundaries.size()) {
            return factors.get(i);
        }
        long from = i == 0 ? 0 : boundaries.get(i - 1);
        double part = (double) (step - from) / (boundaries.get(i) - from);
        double way = curve == Between.LINEAR ? part : (1 - Math.cos(Math.PI * part)) / 2;
        return factors.get(i) + (factors.get(i + 1) - factors.get(i)) * way;
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        if (!boundaries.isEmpty()) {
            int last = boundaries.size() - 1;
            List<Long> earlier = new ArrayList<>(boundaries);
            earlier.set(last, part.steps());
            part.unfinished(
                    "Piecewise",
                    boundaries.get(last),
                    Remedy.with(
                            shared,
                            Map.of("boundaries", earlier),
                            "set the last of boundaries=" + part.steps() + ", the length of " + part.name()));
        }
    }

    @Override
    public LrLambda formula(double base) {
        Map<String, Object> values = new HashMap<>(Map.of("base", base));
        StringBuilder text = new StringBuilder();
        long from = 0;
        for (int i = 0; i < boundaries.size(); i++) {
            values.put("from" + i, from);
            values.put("to" + i, boundaries.get(i));
            values.put("factor" + i, factors.get(i));
            values.put("change" + i, factors.get(i + 1) - factors.get(i));
            String part = "(step - fromN) / (toN - fromN)";
            String way = switch (curve) {
                case CONSTANT -> "0";
                case LINEAR -> part;
                case COSINE -> "(1 - math.cos(math.pi * " + part + ")) / 2";
            };
            String piece = "base * (factorN + changeN * " + way + ") if step < toN else ";
            text.append(piece.replace("N", String.valueOf(i)));
            from = boundaries.get(i);
        }
        values.put("last", factors.get(boundaries.size()));
        return LrLambda.formula(text + "base * last", values);
    }

    @Override
    public Kind<Piecewise> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
