package org.anneal.schedule;

import java.util.List;
import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.Param;
import org.anneal.text.PythonCall;

/**
 * Applies several schedules to the same rate at every step, one after the other.
 *
 * <pre>{@code
 *   next(t) = last.next(t, ... second.next(t, first.next(t, current, base), base) ..., base)
 *   at(t)   = base * first.at(t, 1) * second.at(t, 1) * ...   if every member is a factor
 *           = next(t, ... next(0, base))                      otherwise
 * }</pre>
 *
 * <p>{@code at} takes time proportional to the step, unless every member is a {@linkplain Schedule#isFactor factor}; for many
 * steps use {@link #curve}. A member that writes absolute rates, such as {@link LambdaLR}, overrides the members before it.
 *
 * <p>If several members drive the momentum, the last one wins. The chain ends when its first member ends. As a later piece
 * of a sequence, the first member takes over and the others act on its rate. A resumed chain keeps the rate in force, unless
 * its last member writes absolute rates.
 *
 * <p>PyTorch: {@code ChainedScheduler(schedulers)}, in its order of operations.
 *
 * @param schedules the members, in the order in which they act on the rate, at least 1
 */
@StateForm.By(ChainForm.class)
public record ChainedScheduler(@Param(name = "schedulers") List<Schedule> schedules) implements Composite {

    static final Kind<ChainedScheduler> KIND = Kind.of(
                    ChainedScheduler.class, "several schedules at once, each acting on the rate of the one before")
            .inPyTorch(Kind.LR_SCHEDULER, Kind.LastEpoch.AS_HERE)
            .withoutOptimizer()
            .drops("schedulers", "optimizer")
            .reads(ChainedScheduler::read);

    /** @throws IllegalArgumentException if {@code schedules} is empty */
    public ChainedScheduler {
        schedules = KIND.check("schedulers", schedules);
    }

    private static Record read(PythonCall.Arguments arguments) {
        Members members = Members.read(arguments, "schedulers");
        ChainedScheduler chain = new ChainedScheduler(members.schedules());
        return members.plateau().isPresent() ? chain.times(members.plateau().get()) : chain;
    }

    /** Returns {@code schedule} itself if it is a chain, or else a chain of it alone. */
    static ChainedScheduler of(Schedule schedule) {
        return schedule instanceof ChainedScheduler chain ? chain : new ChainedScheduler(List.of(schedule));
    }

    @Override
    public double at(long step, double base) {
        Check.step(step);
        if (schedules.size() == 1) {
            return schedules.get(0).at(step, base);
        }
        return isFactor() ? product(0, step, base) : fold(0, step, base, base);
    }

    @Override
    public double next(long step, double current, double base) {
        double rate = current;
        for (int i = 0; i < schedules.size(); i++) {
            rate = schedules.get(i).next(step, rate, base);
        }
        return rate;
    }

    @Override
    public double start(long step, double current, double base) {
        return Check.step(step) == 0
                ? next(0, base, base)
                : schedules.get(schedules.size() - 1).start(step, current, base);
    }

    @Override
    public double takeOver(double current, double base) {
        double rate = schedules.get(0).takeOver(current, base);
        for (Schedule schedule : schedules.subList(1, schedules.size())) {
            rate = schedule.next(0, rate, base);
        }
        return rate;
    }

    @Override
    public boolean carries() {
        return schedules.get(0).carries();
    }

    @Override
    public double after(long step, double carried, double base) {
        if (!carries()) {
            return at(step, base);
        } else if (!isFactor()) {
            return fold(1, step, takeOver(carried, base), base);
        }
        return product(1, step, schedules.get(0).after(step, carried, base));
    }

    /** Returns {@code rate} times the factors of the members from {@code from} on, without overflow in between. */
    private double product(int from, long step, double rate) {
        List<Schedule> factors = schedules.subList(from, schedules.size());
        double product = rate;
        boolean normal = true;
        for (Schedule factor : factors) {
            product = factor.at(step, product);
            normal &= isNormal(product);
        }
        if (normal || rate == 0) {
            return rate == 0 ? rate : product;
        }
        double sign = Math.signum(rate);
        double log = Math.log(Math.abs(rate));
        for (Schedule factor : factors) {
            sign *= Math.copySign(1, factor.at(step, 1));
            log += factor.logFactor(step);
        }
        return sign * Math.exp(log);
    }

    @Override
    public double logFactor(long step) {
        return schedules.stream().mapToDouble(member -> member.logFactor(step)).sum();
    }

    private static boolean isNormal(double value) {
        return Math.abs(value) >= Double.MIN_NORMAL && Math.abs(value) < Double.POSITIVE_INFINITY;
    }

    private double fold(long from, long to, double rate, double base) {
        double folded = rate;
        for (long t = from; t <= to; t++) {
            folded = next(t, folded, base);
        }
        return folded;
    }

    @Override
    public boolean isFactor() {
        return !Lists.any(schedules, member -> !member.isFactor());
    }

    @Override
    public LrLambda formula(double base) {
        if (schedules.size() == 1) {
            return schedules.get(0).formula(base);
        } else if (!isFactor()) {
            throw new UnsupportedOperationException(
                    "ChainedScheduler has no formula, unless each member only multiplies the rate in force");
        }
        return Combined.formula(schedules, i -> i == 0 ? base : 1, "%s * (%s)");
    }

    @Override
    public Kind<ChainedScheduler> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
