package org.anneal.peer;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.anneal.schedule.CosineCycles;
import org.anneal.schedule.Exponential;
import org.anneal.schedule.HalfCosine;
import org.anneal.schedule.Interpolate;
import org.anneal.schedule.Piecewise;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Polynomial;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.Warmup;
import org.anneal.text.Check;
import org.anneal.text.Peer;
import org.anneal.text.PythonCall.Arguments;

/**
 * MosaicML Composer's {@code optim.scheduler}, of 2026-04. Its schedules start from the optimizer's rate; their times are of the run:
 * {@code '10ep'}, {@code '500ba'}, {@code '0.5dur'}.
 */
final class Composer {
    private static final String WARMUP = "t_warmup";
    private static final String LENGTH = "t_max";
    private static final String GAMMA = "gamma";
    private static final String FLOOR = "alpha_f";

    static final List<Peer> ALL = List.of(
            peer(
                    "StepScheduler(step_size, gamma=0.1)",
                    call -> new Exponential(time(call, "step_size", 1), Parts.positive(call, GAMMA))
                            .withStaircase(true)),
            peer("MultiStepScheduler(milestones, gamma=0.1)", Composer::multiStep),
            peer("MultiStepWithWarmupScheduler(t_warmup, milestones, gamma=0.1, scale_warmup=False)", call -> {
                long warmup = time(call, WARMUP, 0);
                Schedule steps = multiStep(call);
                return warmup == 0 ? steps : new Interpolate(new Warmup(warmup), steps, warmup, warmup);
            }),
            peer(
                    "ConstantScheduler(alpha=1.0, t_max='1dur')",
                    call -> Parts.then(
                            Parts.constant(Parts.rate(call, "alpha")), time(call, LENGTH, 0), Parts.constant(1))),
            peer("ConstantWithWarmupScheduler(t_warmup, alpha=1.0, t_max='1dur', scale_warmup=False)", call -> {
                double alpha = Parts.rate(call, "alpha");
                return warmed(call, alpha, any -> Parts.constant(alpha));
            }),
            peer("LinearScheduler(alpha_i=1.0, alpha_f=0.0, t_max='1dur')", call -> line(call, time(call, LENGTH, 1))),
            peer(
                    "LinearWithWarmupScheduler(t_warmup, alpha_i=1.0, alpha_f=0.0, t_max='1dur', scale_warmup=False)",
                    call -> warmed(call, Parts.rate(call, "alpha_i"), length -> line(call, length))),
            peer(
                    "ExponentialScheduler(gamma, decay_period='1ep')",
                    call -> new Exponential(time(call, "decay_period", 1), Parts.positive(call, GAMMA))),
            peer("CosineAnnealingScheduler(t_max='1dur', alpha_f=0.0)", call -> cosine(call, time(call, LENGTH, 1))),
            peer(
                    "CosineAnnealingWithWarmupScheduler(t_warmup, t_max='1dur', alpha_f=0.0, scale_warmup=False)",
                    call -> warmed(call, 1, length -> cosine(call, length))),
            peer("CosineAnnealingWarmRestartsScheduler(t_0, t_mult=1.0, alpha_f=0.0)", Composer::restarts),
            peer(
                    "PolynomialScheduler(power, t_max='1dur', alpha_f=0.0)",
                    call -> polynomial(call, time(call, LENGTH, 1))),
            peer(
                    "PolynomialWithWarmupScheduler(t_warmup, power=2.0, t_max='1dur', alpha_f=0.0, scale_warmup=False)",
                    call -> warmed(call, 1, length -> polynomial(call, length))));

    private static final long LAST = 100_000_000; // steps for which cycles that grow by a fraction are listed

    private Composer() {}

    private static Peer peer(String signature, Function<Arguments, Policy> reading) {
        return new Peer(Set.of("composer"), signature, reading::apply)
                .drops("scale_warmup") // of a schedule that is stretched by the trainer
                .steppedPerStep();
    }

    private static long time(Arguments call, String parameter, long least) {
        return Check.atLeast(least, parameter, call.time(parameter));
    }

    private static Schedule multiStep(Arguments call) {
        double gamma = Parts.rate(call, GAMMA);
        List<Long> milestones = call.times("milestones").stream().sorted().toList();
        List<Long> boundaries =
                milestones.stream().filter(each -> each > 0).distinct().toList();
        List<Double> factors = new ArrayList<>();
        IntStream.rangeClosed(0, boundaries.size()).forEach(i -> {
            long upTo = i == 0 ? 0 : boundaries.get(i - 1);
            factors.add(Math.pow(gamma, (double)
                    milestones.stream().filter(each -> each <= upTo).count()));
        });
        return new Piecewise(boundaries, factors);
    }

    private static Schedule line(Arguments call, long length) {
        return new Polynomial(length).withStart(Parts.rate(call, "alpha_i")).withEnd(Parts.rate(call, FLOOR));
    }

    private static Schedule cosine(Arguments call, long length) {
        return new HalfCosine(length).withFloor(Parts.part(call, FLOOR));
    }

    private static Schedule polynomial(Arguments call, long length) {
        return new Polynomial(length).withEnd(Parts.rate(call, FLOOR)).withPower(Parts.positive(call, "power"));
    }

    /** {@return a schedule for what {@code t_max} leaves after a warmup to a part of the base} */
    private static Schedule warmed(Arguments call, double peak, Function<Long, Schedule> rest) {
        long warmup = time(call, WARMUP, 0);
        long length = time(call, LENGTH, 1);
        Schedule after = length > warmup ? rest.apply(length - warmup) : Parts.constant(peak);
        Schedule rise = peak == 1
                ? new Warmup(warmup)
                : new Polynomial(Math.max(1, warmup)).withStart(0).withEnd(peak);
        return Parts.then(rise, warmup, after);
    }

    /** {@return cycles whose lengths are rounded down, as Composer's are} */
    private static Schedule restarts(Arguments call) {
        long first = time(call, "t_0", 1);
        double growth = call.number("t_mult");
        Check.that(growth >= 1 && growth < Double.POSITIVE_INFINITY, "t_mult", "finite and >= 1", growth);
        double floor = Parts.part(call, FLOOR);
        if (growth == Math.rint(growth)) {
            return new CosineCycles(first).withGrowth(growth).withFloor(floor);
        }
        long length = first;
        long end = first;
        Schedule all = new HalfCosine(first).withFloor(floor);
        while ((long) (growth * length) > length && end < LAST) {
            length = (long) (growth * length);
            all = all.then(end, new HalfCosine(length).withFloor(floor));
            end += length;
        }
        return end < LAST ? all.then(end, new CosineCycles(length).withFloor(floor)) : all;
    }
}
