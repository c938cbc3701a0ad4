package org.anneal.schedule;

import java.io.ObjectStreamException;
import java.io.Serial;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalDouble;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Keeps the rates of a schedule between two bounds.
 *
 * <pre>{@code
 *   at(t) = next(t) = min(max(schedule.at(t, base), low), high)
 * }</pre>
 *
 * <p>The rates are absolute: a rate edited by hand lasts until the next step. The momentum is the member's, which is not clipped.
 *
 * @param schedule the schedule
 * @param low the lowest rate, finite and at least 0
 * @param high the highest rate, finite and at least {@code low}; empty for none
 */
@StateForm.By(TextForm.class)
public record Clip(
        @Param Schedule schedule,
        @Param(or = "0.0", unit = Param.Unit.RATE) double low,

        @Param(
                or = "None",
                atLeast = 0,
                slider = {0, 1})
        OptionalDouble high)
        implements Revalued {

    static final Kind<Clip> KIND = Kind.of(Clip.class, "keeps the rates of a schedule between two bounds")
            .withoutOptimizer();

    /** @throws IllegalArgumentException if {@code low < 0} or not finite, or {@code high < low} or not finite */
    public Clip {
        schedule = KIND.check("schedule", schedule);
        low = KIND.check("low", low);
        high = KIND.check("high", high);
        if (high.isPresent() && high.getAsDouble() < low) {
            throw new IllegalArgumentException("high must be at least low, " + low + ", but was " + high.getAsDouble());
        }
    }

    /** Only keeps the rates from falling below {@code low}. */
    public Clip(Schedule schedule, double low) {
        this(schedule, low, OptionalDouble.empty());
    }

    /** Keeps the rates between {@code low} and {@code high}. */
    public Clip(Schedule schedule, double low, double high) {
        this(schedule, low, OptionalDouble.of(high));
    }

    @Override
    public double at(long step, double base) {
        double rate = Math.max(schedule.at(step, base), low);
        return high.isPresent() ? Math.min(rate, high.getAsDouble()) : rate;
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        Schedule member = ((Clip) shared).schedule;
        if (low == 0) {
            part.visit(member);
        } else {
            part.visitLengths(member);
        }
    }

    @Serial
    private Object writeReplace() throws ObjectStreamException {
        return Policy.serialized(this);
    }

    @Override
    public LrLambda formula(double base) {
        Map<String, Object> values = new HashMap<>(Map.of("low", low, "schedule", schedule.formula(base)));
        high.ifPresent(bound -> values.put("high", bound));
        String above = "max(schedule(step), low)";
        return LrLambda.formula(high.isPresent() ? "min(" + above + ", high)" : above, values);
    }

    @Override
    public Kind<Clip> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
