package org.anneal.peer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import org.anneal.schedule.Clip;
import org.anneal.schedule.Exponential;
import org.anneal.schedule.HalfCosine;
import org.anneal.schedule.Piecewise;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Polynomial;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SequentialLR;
import org.anneal.schedule.Warmup;
import org.anneal.text.Check;
import org.anneal.text.Peer;
import org.anneal.text.PythonCall;
import org.anneal.text.PythonCall.Arguments;

/** optax's {@code schedules}, version 0.2.8. Its schedules have their rates in themselves. */
final class Optax {
    private static final String INIT = "init_value";
    private static final String PEAK = "peak_value";
    private static final String END = "end_value";
    private static final String WARMUP = "warmup_steps";
    private static final String LENGTH = "transition_steps";
    private static final String BEGIN = "transition_begin";
    private static final String BOUNDARIES = "boundaries_and_scales";

    private static final Peer WARMUP_COSINE = peer(
            "warmup_cosine_decay_schedule(init_value, peak_value, warmup_steps, decay_steps, end_value=0.0, exponent=1.0)",
            Optax::warmupCosine);

    static final List<Peer> ALL = List.of(
            peer("constant_schedule(value)", call -> Parts.from(Parts.constant(1), Parts.rate(call, "value"))),
            peer(
                    "polynomial_schedule(init_value, end_value, power, transition_steps, transition_begin=0)",
                    call -> transition(call, INIT, END, LENGTH, Parts.positive(call, "power"))),
            peer(
                    "linear_schedule(init_value, end_value, transition_steps, transition_begin=0)",
                    call -> transition(call, INIT, END, LENGTH, 1)),
            peer(
                    "warmup_constant_schedule(init_value, peak_value, warmup_steps)",
                    call -> transition(call, INIT, PEAK, WARMUP, 1)),
            peer(
                    "exponential_decay(init_value, transition_steps, decay_rate, transition_begin=0, staircase=False,"
                            + " end_value=None)",
                    call -> Parts.from(exponential(call), Parts.rate(call, INIT))),
            peer(
                    "piecewise_constant_schedule(init_value, boundaries_and_scales=None)",
                    call -> pieces(call, Piecewise.Between.CONSTANT)),
            peer(
                    "piecewise_interpolate_schedule(interpolate_type, init_value, boundaries_and_scales=None)",
                    call -> pieces(call, between(call))),
            peer(
                    "cosine_decay_schedule(init_value, decay_steps, alpha=0.0, exponent=1.0)",
                    call -> Parts.from(
                            new HalfCosine(Parts.steps(call, "decay_steps", 1))
                                    .withFloor(Parts.part(call, "alpha"))
                                    .withExponent(Parts.positive(call, "exponent")),
                            Parts.rate(call, INIT))),
            peer(
                    "linear_onecycle_schedule(transition_steps, peak_value, pct_start=0.3, pct_final=0.85, div_factor=25.0,"
                            + " final_div_factor=1e4)",
                    Optax::linearOneCycle),
            peer(
                    "cosine_onecycle_schedule(transition_steps, peak_value, pct_start=0.3, div_factor=25.0,"
                            + " final_div_factor=1e4)",
                    Optax::cosineOneCycle),
            WARMUP_COSINE,
            peer(
                    "warmup_exponential_decay_schedule(init_value, peak_value, warmup_steps, transition_steps, decay_rate,"
                            + " transition_begin=0, staircase=False, end_value=None)",
                    call -> warmed(call, exponential(call))),
            peer("sgdr_schedule(cosine_kwargs)", Optax::restarts),
            peer("join_schedules(schedules, boundaries)", Optax::joined),
            peer(
                    "reduce_on_plateau(factor=0.1, patience=10, rtol=1e-4, atol=0.0, cooldown=0, accumulation_size=1,"
                            + " min_scale=0.0)",
                    Optax::plateau));

    private Optax() {}

    private static Peer peer(String signature, Function<Arguments, Policy> reading) {
        return new Peer(Set.of("optax"), signature, reading::apply).steppedPerStep();
    }

    /** {@return a power from one rate to another, of which the higher is the base; without steps the first rate stays} */
    private static Schedule transition(Arguments call, String first, String last, String length, double power) {
        double start = Parts.rate(call, first);
        double end = Parts.rate(call, last);
        if (call.length(length) <= 0) {
            return Parts.from(Parts.constant(1), start);
        }
        double base = Math.max(start, end);
        Schedule schedule = base == 0 ? Parts.constant(1) : rise(call.length(length), start / base, end / base, power);
        return Parts.from(Parts.shifted(schedule, call.has(BEGIN) ? begin(call) : 0), base);
    }

    private static Schedule rise(long steps, double start, double end, double power) {
        return end == 1 && power == 1
                ? new Warmup(steps, start, org.anneal.schedule.Shape.LINEAR)
                : new Polynomial(steps).withStart(start).withEnd(end).withPower(power);
    }

    private static long begin(Arguments call) {
        return Math.max(0, call.length(BEGIN)); // optax: a negative one is 0
    }

    private static Schedule exponential(Arguments call) {
        long length = call.length(LENGTH);
        double rate = Check.finiteNotNegative("decay_rate", call.number("decay_rate"));
        Schedule schedule = length <= 0 || rate == 0
                ? Parts.constant(1)
                : Parts.shifted(new Exponential(length, rate).withStaircase(call.truth("staircase")), begin(call));
        if (!call.has(END) || length <= 0 || rate == 0) {
            return schedule;
        }
        double end = Parts.rate(call, END);
        return rate < 1 ? new Clip(schedule, end) : schedule.clip(0, end);
    }

    /** {@return a schedule from the peak after a straight line to it} */
    private static Schedule warmed(Arguments call, Schedule schedule) {
        double start = Parts.rate(call, INIT);
        double peak = Parts.rate(call, PEAK);
        long warmup = Parts.steps(call, WARMUP, 0);
        if (peak == 0 && warmup > 0) {
            return Parts.then(Parts.from(new Polynomial(warmup), start), warmup, Parts.from(schedule, 0));
        }
        return warmup == 0
                ? Parts.from(schedule, peak)
                : Parts.from(
                        Parts.then(
                                start <= peak
                                        ? rise(warmup, start / peak, 1, 1)
                                        : new Polynomial(warmup)
                                                .withStart(start / peak)
                                                .withEnd(1),
                                warmup,
                                schedule),
                        peak);
    }

    private static Schedule warmupCosine(Arguments call) {
        double peak = Parts.rate(call, PEAK);
        double end = Parts.rate(call, END);
        long warmup = Parts.steps(call, WARMUP, 0);
        long length = Parts.steps(call, "decay_steps", warmup + 1) - warmup; // which counts the warmup
        HalfCosine cosine = new HalfCosine(length).withExponent(Parts.positive(call, "exponent"));
        boolean falls = peak == 0 || end <= peak;
        return warmed(call, falls ? cosine.withFloor(peak == 0 ? 0 : end / peak) : Parts.above(cosine, end));
    }

    private static Piecewise.Between between(Arguments call) {
        return switch (call.string("interpolate_type")) {
            case "linear" -> Piecewise.Between.LINEAR;
            case "cosine" -> Piecewise.Between.COSINE;
            default ->
                throw new IllegalArgumentException("interpolate_type must be 'linear' or 'cosine', but was '"
                        + call.string("interpolate_type") + "'");
        };
    }

    private static Schedule pieces(Arguments call, Piecewise.Between between) {
        return pieces(Parts.rate(call, INIT), 1, call.numbersByNumber(BOUNDARIES), between);
    }

    /** {@return pieces from a part of {@code lr} on, each of which scales the value before} */
    private static Schedule pieces(
            double lr, double first, NavigableMap<Double, Double> scales, Piecewise.Between between) {
        List<Long> boundaries = new ArrayList<>();
        List<Double> factors = new ArrayList<>();
        double factor = first;
        factors.add(first);
        for (Map.Entry<Double, Double> each : scales.entrySet()) {
            factor *= Check.finiteNotNegative("a scale of " + BOUNDARIES, each.getValue());
            long boundary = (long) Math.ceil(Check.finite("a boundary of " + BOUNDARIES, each.getKey()));
            if (boundary <= 0) {
                factors.set(0, factor);
            } else if (!boundaries.isEmpty() && boundaries.get(boundaries.size() - 1) == boundary) {
                factors.set(factors.size() - 1, factor);
            } else {
                boundaries.add(boundary);
                factors.add(factor);
            }
        }
        return Parts.from(new Piecewise(boundaries, factors, between), lr);
    }

    private static Schedule linearOneCycle(Arguments call) {
        long length = Parts.steps(call, LENGTH, 1);
        double div = Parts.positive(call, "div_factor");
        NavigableMap<Double, Double> scales = new TreeMap<>();
        scales.put(Math.floor(Parts.part(call, "pct_start") * length), div);
        scales.put(Math.floor(Parts.part(call, "pct_final") * length), 1 / div);
        scales.put((double) length, 1 / Parts.positive(call, "final_div_factor"));
        return pieces(Parts.rate(call, PEAK), 1 / div, scales, Piecewise.Between.LINEAR);
    }

    private static Schedule cosineOneCycle(Arguments call) {
        long length = Parts.steps(call, LENGTH, 1);
        double div = Parts.positive(call, "div_factor");
        NavigableMap<Double, Double> scales = new TreeMap<>();
        scales.put(Math.floor(Parts.part(call, "pct_start") * length), div);
        scales.put((double) length, 1 / (div * Parts.positive(call, "final_div_factor")));
        return pieces(Parts.rate(call, PEAK), 1 / div, scales, Piecewise.Between.COSINE);
    }

    private static Schedule restarts(Arguments call) {
        List<Schedule> cycles = new ArrayList<>();
        List<Long> milestones = new ArrayList<>();
        long end = 0;
        for (PythonCall each : call.callsWith("optax.warmup_cosine_decay_schedule", "cosine_kwargs")) {
            Arguments cycle = WARMUP_COSINE.bind(each);
            cycles.add((Schedule) WARMUP_COSINE.read(cycle));
            end += cycle.length("decay_steps");
            milestones.add(end);
        }
        if (cycles.isEmpty()) {
            throw new IllegalArgumentException("cosine_kwargs must have at least 1 entry, but had none");
        }
        return cycles.size() == 1
                ? cycles.get(0)
                : new SequentialLR(cycles, milestones.subList(0, milestones.size() - 1));
    }

    private static Schedule joined(Arguments call) {
        List<Schedule> schedules = call.calls("schedules").stream()
                .map(each -> Parts.read(each) instanceof Schedule schedule ? schedule : refuse(each))
                .toList();
        List<Long> boundaries = call.lengths("boundaries");
        if (schedules.isEmpty() || boundaries.size() != schedules.size() - 1) {
            throw new IllegalArgumentException("boundaries must have one entry fewer than schedules, but had "
                    + boundaries.size() + " for " + schedules.size());
        }
        return schedules.size() == 1 ? schedules.get(0) : new SequentialLR(schedules, boundaries);
    }

    private static Schedule refuse(PythonCall call) {
        throw call.error("join_schedules joins no plateau");
    }

    private static Policy plateau(Arguments call) {
        double relative = Parts.rate(call, "rtol");
        double absolute = Parts.rate(call, "atol");
        if (relative > 0 && absolute > 0) {
            throw new IllegalArgumentException(
                    "atol must be 0.0 with an rtol, as a plateau here has one threshold, but was "
                            + Parts.number(absolute));
        } else if (call.integer("accumulation_size") != 1) {
            throw new IllegalArgumentException(
                    "accumulation_size must be 1: give the mean of so many values as the metric");
        } else if (call.number("min_scale") != 0) {
            throw new IllegalArgumentException("min_scale must be 0.0, as the lowest rate here is min_lr, and no part");
        }
        return new ReduceLROnPlateau()
                .withFactor(Parts.part(call, "factor"))
                .withPatience(Parts.steps(call, "patience", 1) - 1) // optax reduces at that bad value, PyTorch after it
                .withThreshold(
                        absolute > 0 ? absolute : relative,
                        absolute > 0 ? ReduceLROnPlateau.ThresholdMode.ABS : ReduceLROnPlateau.ThresholdMode.REL)
                .withCooldown(Parts.steps(call, "cooldown", 0))
                .withEps(0);
    }
}
