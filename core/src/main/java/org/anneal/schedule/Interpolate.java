package org.anneal.schedule;

import java.util.Map;
import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;

/**
 * Goes over from one schedule to another along a straight line. Both run from step 0.
 *
 * <pre>{@code
 *   w               = min(max((t - start) / (end - start), 0), 1)   with w = 1 at t = start = end
 *   at(t) = next(t) = (1 - w) * first.at(t, base) + w * second.at(t, base)
 * }</pre>
 *
 * <p>At and before {@code start} the rate is the first schedule's alone, at and after {@code end} the second's.
 * The rates are absolute: a rate edited by hand lasts until the next step. If both schedules drive the momentum, it goes over likewise; if one does, that one drives it throughout.
 *
 * @param first the schedule until {@code start}
 * @param second the schedule from {@code end} on
 * @param start the last step that is the first schedule's alone, at least 0
 * @param end the first step that is the second's alone, at least {@code start}; the first must not end before
 */
@StateForm.By(TextForm.class)
public record Interpolate(
        @Param Schedule first,
        @Param Schedule second,
        @Param(unit = Param.Unit.STEPS) long start,
        @Param(unit = Param.Unit.STEPS) long end)
        implements AbsoluteSchedule {

    static final Kind<Interpolate> KIND =
            Kind.of(Interpolate.class, "goes over from one schedule to another").withoutOptimizer();

    /** @throws IllegalArgumentException if {@code start < 0}, {@code end < start}, or a schedule ends before {@code end} */
    public Interpolate {
        first = KIND.check("first", first);
        second = KIND.check("second", second);
        start = KIND.check("start", start);
        end = KIND.check("end", end);
        if (end < start) {
            throw new IllegalArgumentException("end must be at least start, " + start + ", but was " + end);
        }
        Retimed.within(first, "end", end, first.lastStep());
        Retimed.within(second, "end", end, second.lastStep());
    }

    private double weight(long step) {
        return step >= end ? 1 : step <= start ? 0 : (double) (step - start) / (end - start);
    }

    @Override
    public double at(long step, double base) {
        double weight = weight(Check.step(step));
        if (weight == 0 || weight == 1) {
            return (weight == 0 ? first : second).at(step, base);
        }
        return (1 - weight) * first.at(step, base) + weight * second.at(step, base);
    }

    @Override
    public boolean drivesMomentum() {
        return first.drivesMomentum() || second.drivesMomentum();
    }

    @Override
    public double momentum(long step, double current) {
        double weight = weight(Check.step(step));
        if (!second.drivesMomentum() || (weight == 0 && first.drivesMomentum())) {
            return first.momentum(step, current);
        } else if (!first.drivesMomentum() || weight == 1) {
            return second.momentum(step, current);
        }
        return (1 - weight) * first.momentum(step, current) + weight * second.momentum(step, current);
    }

    @Override
    public long lastStep() {
        return second.lastStep();
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        Interpolate all = (Interpolate) shared;
        if (end > 0) {
            part.piece(0, Math.min(end, part.steps())).visit(all.first);
        }
        if (start < part.steps()) {
            part.visitLengths(all.second);
        } else if (part.isLast()) {
            part.addAtEnd(
                    second.kind().name() + " is never reached: Interpolate turns to it after step " + start + ", but "
                            + part.name() + " has " + part.length(),
                    "set start below " + part.steps());
        }
    }

    @Override
    public LrLambda formula(double base) {
        Map<String, Object> values =
                Map.of("first", first.formula(base), "second", second.formula(base), "start", start, "end", end);
        return LrLambda.formula(start == end ? "second(step) if step >= end else first(step)" : """
                weight = min(max((step - start) / (end - start), 0), 1)
                return (1 - weight) * first(step) + weight * second(step)
                """, values);
    }

    @Override
    public Kind<Interpolate> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
