package org.anneal.schedule;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;
import org.anneal.text.Power;

/**
 * Multiplies the rate by {@code gamma} at each milestone.
 *
 * <pre>{@code
 *   at(t)   = base * gamma^(number of milestones <= t)
 *   next(t) = current * gamma^(number of milestones = t)
 * }</pre>
 *
 * <p>A milestone at 0 acts before the first update. After the last milestone the rate stays.
 *
 * <p>PyTorch: {@code MultiStepLR(milestones, gamma=0.1)}, bit for bit, except that the power for a repeated milestone is
 * always rounded correctly, and glibc's is not about once in 1500 times. A milestone that could never act, such as 2.5 or
 * -1, is refused.
 *
 * @param milestones the steps of the decays, each at least 0, in any order; kept sorted. A repeated one decays as many
 *     times
 * @param gamma factor per decay, finite and at least 0
 */
@StateForm.By(MilestonesForm.class)
public record MultiStepLR(
        @Param(unit = Param.Unit.STEPS) List<Long> milestones,

        @Param(
                or = "0.1",
                always = true,
                atLeast = 0,
                slider = {0, 1})
        double gamma)
        implements Schedule {

    static final Kind<MultiStepLR> KIND = Kind.of(MultiStepLR.class, "falls by a factor at given steps")
            .inPyTorch(Kind.LR_SCHEDULER, Kind.LastEpoch.APART);

    /** @throws IllegalArgumentException if a milestone is negative, or {@code gamma < 0} or not finite */
    public MultiStepLR {
        milestones = KIND.check("milestones", milestones).stream().sorted().toList();
        gamma = KIND.check("gamma", gamma);
    }

    /** Decays by PyTorch's default factor, 0.1. */
    public MultiStepLR(List<Long> milestones) {
        this(milestones, KIND.absent("gamma"));
    }

    /** {@return a schedule with these milestones and PyTorch's default factor, 0.1} */
    public static MultiStepLR of(long... milestones) {
        return new MultiStepLR(LongStream.of(Objects.requireNonNull(milestones, "milestones"))
                .boxed()
                .toList());
    }

    /** {@return this with another factor} */
    public MultiStepLR withGamma(double gamma) {
        return KIND.with(this, "gamma", gamma);
    }

    @Override
    public double at(long step, double base) {
        return Power.scale(base, gamma, reached(Check.step(step)));
    }

    @Override
    public double next(long step, double current, double base) {
        int decays = reached(Check.step(step)) - reached(step - 1);
        return decays == 0 ? current : current * Power.pow(gamma, decays);
    }

    /** Returns how many milestones are at most {@code step}. */
    private int reached(long step) {
        return Lists.countUpTo(step, milestones);
    }

    @Override
    public boolean isFactor() {
        return true;
    }

    @Override
    public double logFactor(long step) {
        return reached(step) * Math.log(gamma);
    }

    @Override
    public void check(RunPart part, Schedule shared) {
        List<Long> unreached =
                milestones.stream().filter(each -> each >= part.steps()).toList();
        if (unreached.isEmpty() || gamma == 1) {
            return;
        }
        int count = milestones.size();
        List<Long> fitting = LongStream.rangeClosed(1, count)
                .map(i -> Math.floorDiv(i * part.steps(), count + 1L))
                .filter(milestone -> milestone > 0)
                .distinct()
                .boxed()
                .toList();
        part.addAtEnd(
                (unreached.size() == 1 ? "milestone " : "milestones ")
                        + unreached.stream().map(String::valueOf).collect(Collectors.joining(", "))
                        + " of MultiStepLR " + (unreached.size() == 1 ? "is" : "are") + " never reached: "
                        + part.name() + " has " + part.length(),
                Remedy.with(
                        shared,
                        Map.of("milestones", fitting),
                        fitting.isEmpty()
                                ? "leave them out"
                                : "set milestones=" + fitting + ", or give " + (part.isWhole() ? "the run" : "it")
                                        + " more than " + unreached.get(unreached.size() - 1) + " steps"));
    }

    @Override
    public LrLambda formula(double base) {
        return KIND.formula(this, base, "base * gamma ** bisect.bisect_right(milestones, step)");
    }

    @Override
    public Kind<MultiStepLR> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
