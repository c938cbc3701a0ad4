package org.anneal.peer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.anneal.schedule.CosineCycles;
import org.anneal.schedule.Exponential;
import org.anneal.schedule.HalfCosine;
import org.anneal.schedule.Interpolate;
import org.anneal.schedule.Noise;
import org.anneal.schedule.Piecewise;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Polynomial;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.TanhDecay;
import org.anneal.schedule.Warmup;
import org.anneal.text.Check;
import org.anneal.text.Peer;
import org.anneal.text.PythonCall.Arguments;

/**
 * PyTorch Image Models' {@code timm.scheduler}, version 1.0.29. Its schedules start from the optimizer's rate; {@code lr_min} and
 * {@code warmup_lr_init} are rates. A warmup without a prefix hides the first steps of what it is in front of.
 */
final class Timm {
    private static final String LENGTH = "t_initial";
    private static final String FLOOR = "lr_min";
    private static final String DECAY = "decay_rate";
    private static final String IN_EPOCHS = "t_in_epochs";
    private static final String NOISE = "noise_range_t";
    private static final String CYCLES = "cycle_mul=1.0, cycle_decay=1.0, cycle_limit=1, ";
    private static final String WARMUP = "warmup_t=0, warmup_lr_init=0.0, ";
    private static final String NOISES =
            "t_in_epochs=True, noise_range_t=None, noise_pct=0.67, noise_std=1.0, noise_seed=42";

    static final List<Peer> ALL = List.of(
            peer(
                    "CosineLRScheduler(optimizer, t_initial, lr_min=0.0, " + CYCLES + WARMUP + "warmup_prefix=False, "
                            + NOISES + ", k_decay=1.0, initialize=True)",
                    call -> warmed(call, cosine(call))),
            peer(
                    "TanhLRScheduler(optimizer, t_initial, lb=-7.0, ub=3.0, lr_min=0.0, " + CYCLES + WARMUP
                            + "warmup_prefix=False, " + NOISES + ", initialize=True)",
                    Timm::tanh),
            peer(
                    "PolyLRScheduler(optimizer, t_initial, power=0.5, lr_min=0.0, " + CYCLES + WARMUP
                            + "warmup_prefix=False, " + NOISES + ", k_decay=1.0, initialize=True)",
                    call -> warmed(call, polynomial(call))),
            peer(
                    "StepLRScheduler(optimizer, decay_t, decay_rate=1.0, " + WARMUP + "warmup_prefix=True, " + NOISES
                            + ", initialize=True)",
                    call -> warmed(call, step(call))),
            peer(
                    "MultiStepLRScheduler(optimizer, decay_t, decay_rate=1.0, " + WARMUP + "warmup_prefix=True, "
                            + NOISES + ", initialize=True)",
                    call -> warmed(call, multiStep(call))),
            peer(
                    "PlateauLRScheduler(optimizer, decay_rate=0.1, patience_t=10, threshold=1e-4, cooldown_t=0, "
                            + WARMUP
                            + "lr_min=0.0, mode='max', noise_range_t=None, noise_type='normal', noise_pct=0.67,"
                            + " noise_std=1.0, noise_seed=None, initialize=True)",
                    Timm::plateau),
            new Peer(
                            Set.of("timm"),
                            "create_scheduler_v2(optimizer, sched='cosine', num_epochs=300, decay_epochs=90,"
                                    + " decay_milestones=[90, 180, 270], cooldown_epochs=0, patience_epochs=10,"
                                    + " decay_rate=0.1, min_lr=0.0, warmup_lr=1e-5, warmup_epochs=0, warmup_prefix=False,"
                                    + " noise=None, noise_pct=0.67, noise_std=1.0, noise_seed=42, cycle_mul=1.0,"
                                    + " cycle_decay=0.1, cycle_limit=1, k_decay=1.0, plateau_mode='max',"
                                    + " step_on_epochs=True, updates_per_epoch=0)",
                            Timm::created)
                    .drops("cooldown_epochs", "noise_std")
                    .stepped(call -> Optional.of(call.truth("step_on_epochs") ? "epoch" : "step")),
            new Peer(Set.of("timm"), "create_scheduler(args, optimizer=None, updates_per_epoch=0)", call -> {
                        throw call.error(
                                "create_scheduler takes its values from args: write create_scheduler_v2(optimizer,"
                                        + " **scheduler_kwargs(args)) with them, such as sched='cosine', num_epochs=300");
                    })
                    .drops("args", "optimizer", "updates_per_epoch"));

    private Timm() {}

    private static Peer peer(String signature, Function<Arguments, Policy> reading) {
        return new Peer(Set.of("timm"), signature, reading::apply)
                .drops("noise_std", "initialize") // of which the first has no effect in timm
                .stepped(call -> call.has(IN_EPOCHS)
                        ? Optional.of(call.truth(IN_EPOCHS) ? "epoch" : "step")
                        : Optional.of("epoch"));
    }

    private static Schedule cosine(Arguments call) {
        long length = Parts.steps(call, LENGTH, 1);
        double k = Parts.positive(call, "k_decay");
        return cycles(
                call,
                new HalfCosine(length).withK(k),
                (shrink, limit) -> new CosineCycles(length)
                        .withGrowth(growth(call))
                        .withShrink(shrink)
                        .withK(k)
                        .withLimit(limit));
    }

    private static Policy tanh(Arguments call) {
        long length = Parts.steps(call, LENGTH, 1);
        double lower = Check.finite("lb", call.number("lb"));
        double upper = Check.finite("ub", call.number("ub"));
        if (lower >= upper) {
            throw new IllegalArgumentException("ub must be above lb, " + lower + ", but was " + upper);
        }
        Schedule main = cycles(
                call,
                new TanhDecay(length).withLower(lower).withUpper(upper),
                (shrink, limit) -> cycles(
                        length,
                        growth(call),
                        shrink,
                        limit,
                        "(1 - math.tanh(" + Parts.number(lower) + " * (1 - p) + " + Parts.number(upper)
                                + " * p)) / 2"));
        // Without a prefix this warmup rises to where the curve is by then.
        long warmup = Parts.steps(call, "warmup_t", 0);
        boolean toCurve = warmup > 0 && !call.truth("warmup_prefix");
        return toCurve ? noisy(call, over(rise(call, level(main, warmup)), warmup, main)) : warmed(call, main);
    }

    private static Schedule polynomial(Arguments call) {
        long length = Parts.steps(call, LENGTH, 1);
        double power = Parts.positive(call, "power");
        double k = Parts.positive(call, "k_decay");
        String left = "(1 - p" + (k == 1 ? "" : " ** " + Parts.number(k)) + ") ** " + Parts.number(power);
        return cycles(
                call,
                k == 1 ? new Polynomial(length).withPower(power) : cycles(length, 1, 1, 1, left),
                (shrink, limit) -> cycles(length, growth(call), shrink, limit, left));
    }

    private static Schedule step(Arguments call) {
        double steps = Parts.positive(call, "decay_t");
        double rate = Check.finiteNotNegative(DECAY, call.number(DECAY));
        return steps == Math.rint(steps) && rate > 0
                ? new Exponential(call.length("decay_t"), rate).withStaircase(true)
                : Parts.lambda(Parts.number(rate) + " ** (t // " + Parts.number(steps) + ")");
    }

    private static Schedule multiStep(Arguments call) {
        double rate = Check.finiteNotNegative(DECAY, call.number(DECAY));
        List<Long> milestones = call.lengths("decay_t").stream().sorted().toList();
        List<Long> boundaries =
                milestones.stream().filter(each -> each > 0).distinct().toList();
        List<Double> factors = new ArrayList<>();
        IntStream.rangeClosed(0, boundaries.size()).forEach(i -> {
            long upTo = i == 0 ? 0 : boundaries.get(i - 1);
            factors.add(Math.pow(rate, (double)
                    milestones.stream().filter(each -> each <= upTo).count()));
        });
        if (!boundaries.isEmpty()) {
            call.note("timm decays one step before each of decay_t, first at " + (boundaries.get(0) - 1)
                    + "; here it is at decay_t, first at " + boundaries.get(0));
        }
        return new Piecewise(boundaries, factors);
    }

    private static Policy plateau(Arguments call) {
        if (call.has(NOISE)) {
            throw new IllegalArgumentException(
                    NOISE + " must be None with PlateauLRScheduler, whose noise is not supported");
        }
        ReduceLROnPlateau.Mode mode = switch (call.string("mode")) {
            case "max" -> ReduceLROnPlateau.Mode.MAX;
            case "min" -> ReduceLROnPlateau.Mode.MIN;
            default ->
                throw new IllegalArgumentException(
                        "mode must be 'max' or 'min', but was '" + call.string("mode") + "'");
        };
        double factor = Parts.part(call, DECAY);
        Check.that(factor < 1, DECAY, "< 1", factor);
        ReduceLROnPlateau plateau = new ReduceLROnPlateau()
                .withMode(mode)
                .withFactor(factor)
                .withPatience(Parts.steps(call, "patience_t", 0))
                .withThreshold(Parts.rate(call, "threshold"), ReduceLROnPlateau.ThresholdMode.REL)
                .withCooldown(Parts.steps(call, "cooldown_t", 0))
                .withMinLr(Parts.rate(call, FLOOR));
        long warmup = Parts.steps(call, "warmup_t", 0);
        return warmup == 0
                ? plateau
                : Parts.above(new Warmup(warmup), Parts.rate(call, "warmup_lr_init"))
                        .then(warmup, plateau);
    }

    private static double growth(Arguments call) {
        double growth = call.number("cycle_mul");
        return Check.that(growth >= 1 && growth < Double.POSITIVE_INFINITY, "cycle_mul", "finite and >= 1", growth);
    }

    /** Cycles by how much their peaks shrink, and their number. */
    private interface Cycles {
        Schedule of(double shrink, long limit);
    }

    /**
     * {@return a schedule of one or several cycles, and then {@code lr_min}}
     *
     * <p>A cycle goes from {@code shrink^i} times the base to {@code lr_min}. If the peaks shrink, that is the sum of what falls from the
     * base to 0, and of what rises from 0 to {@code lr_min} in cycles whose peaks do not.
     */
    private static Schedule cycles(Arguments call, Schedule one, Cycles several) {
        double floor = Parts.rate(call, FLOOR);
        double shrink = Parts.part(call, "cycle_decay");
        long limit = Check.atLeast(0, "cycle_limit", call.integer("cycle_limit"));
        growth(call);
        if (limit <= 1) {
            return Parts.above(limit == 0 ? Parts.constant(0) : one, floor);
        }
        return shrink == 1 || floor == 0
                ? Parts.above(several.of(shrink, limit), floor)
                : several.of(shrink, limit).plus(Parts.from(Parts.above(several.of(1, limit), floor), 0));
    }

    /** {@return cycles of a curve of {@code p}, the part of the cycle that is over} */
    private static Schedule cycles(long length, double growth, double shrink, long limit, String curve) {
        String i = growth == 1
                ? "t // " + length
                : "math.floor(math.log(1 - t / " + length + " * (1 - " + Parts.number(growth) + "), "
                        + Parts.number(growth) + "))";
        String part = growth == 1
                ? "t % " + length + " / " + length
                : "(t - (1 - " + Parts.number(growth) + " ** i) / (1 - " + Parts.number(growth) + ") * " + length
                        + ") / (" + Parts.number(growth) + " ** i * " + length + ")";
        String peak = shrink == 1 ? "" : Parts.number(shrink) + " ** i * ";
        return Parts.lambda(
                "(lambda i: (lambda p: " + peak + curve + ")(" + part + ") if i < " + limit + " else 0.0)(" + i + ")");
    }

    /** {@return {@code main} after the warmup, with noise} */
    private static Schedule warmed(Arguments call, Schedule main) {
        long warmup = Parts.steps(call, "warmup_t", 0);
        Schedule rise = Parts.above(new Warmup(warmup), Parts.rate(call, "warmup_lr_init"));
        return noisy(call, call.truth("warmup_prefix") ? Parts.then(rise, warmup, main) : over(rise, warmup, main));
    }

    /** {@return {@code first} until {@code step}, and then the rates that {@code second} has from there on} */
    private static Schedule over(Schedule first, long step, Schedule second) {
        return step == 0 ? second : new Interpolate(first, second, step, step);
    }

    /** {@return a straight line from the warmup's first rate to {@code level}} */
    private static Schedule rise(Arguments call, Schedule level) {
        Schedule first = Parts.from(Parts.constant(1), Parts.rate(call, "warmup_lr_init"));
        return new Interpolate(first, level, 0, Parts.steps(call, "warmup_t", 1));
    }

    /** {@return the rate of a step of {@code schedule}, at every step} */
    private static Schedule level(Schedule schedule, long step) {
        double own = schedule.at(step, 0);
        Schedule part = Parts.constant(Math.max(0, schedule.at(step, 1) - own));
        return own == 0 ? part : part.plus(Parts.from(Parts.constant(1), own));
    }

    private static Schedule noisy(Arguments call, Schedule schedule) {
        if (!call.has(NOISE)) {
            return schedule;
        }
        List<Double> range = call.isList(NOISE) ? call.numbers(NOISE) : List.of(call.number(NOISE), 0x1p53);
        if (range.size() != 2) {
            throw new IllegalArgumentException(NOISE + " must be one or two steps, but had " + range.size());
        }
        double amount = Parts.part(call, "noise_pct");
        return new Noise(
                schedule,
                Check.that(amount >= 0.001, "noise_pct", ">= 0.001", amount),
                Check.atLeast(0, "noise_seed", call.integer("noise_seed")),
                bound(range.get(0)),
                Math.max(bound(range.get(0)), bound(range.get(1))),
                Noise.Distribution.NORMAL);
    }

    private static long bound(double step) {
        return (long) Math.ceil(Check.finiteNotNegative(NOISE, step));
    }

    private static Policy created(Arguments call) {
        boolean perEpoch = call.truth("step_on_epochs");
        long updates = perEpoch ? 1 : Check.atLeast(1, "updates_per_epoch", call.integer("updates_per_epoch"));
        String type = call.string("sched");
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("warmup_lr_init", call.value("warmup_lr"));
        values.put("warmup_t", Parts.steps(call, "warmup_epochs", 0) * updates);
        if (!type.equals("plateau")) {
            values.put("warmup_prefix", call.value("warmup_prefix"));
            values.put(IN_EPOCHS, perEpoch);
        }
        if (call.has("noise")) {
            double length = Parts.steps(call, "num_epochs", 1) * (double) updates;
            List<Double> range = call.isList("noise") ? call.numbers("noise") : List.of(call.number("noise"));
            List<Double> steps = range.stream().map(part -> part * length).toList();
            values.put(NOISE, steps.size() == 1 ? steps.get(0) : steps);
            List.of("noise_pct", "noise_seed").forEach(each -> values.put(each, call.value(each)));
        }
        if (Set.of("cosine", "tanh", "poly").contains(type)) {
            values.put(LENGTH, Parts.steps(call, "num_epochs", 1) * updates);
            List.of("cycle_mul", "cycle_decay", "cycle_limit").forEach(each -> values.put(each, call.value(each)));
        } else {
            values.put(DECAY, call.value(DECAY));
        }
        if (!Set.of("step", "multistep").contains(type)) {
            values.put(FLOOR, call.value("min_lr"));
        }
        String name = switch (type) {
            case "cosine" -> {
                values.put("k_decay", call.value("k_decay"));
                yield "CosineLRScheduler";
            }
            case "tanh" -> "TanhLRScheduler";
            case "poly" -> {
                values.put("k_decay", call.value("k_decay"));
                values.put("power", call.value(DECAY));
                yield "PolyLRScheduler";
            }
            case "step" -> {
                values.put("decay_t", Parts.steps(call, "decay_epochs", 1) * updates);
                yield "StepLRScheduler";
            }
            case "multistep" -> {
                values.put(
                        "decay_t",
                        call.lengths("decay_milestones").stream()
                                .map(each -> each * updates)
                                .toList());
                yield "MultiStepLRScheduler";
            }
            case "plateau" -> {
                values.put("patience_t", call.value("patience_epochs"));
                values.put("mode", call.value("plateau_mode"));
                yield "PlateauLRScheduler";
            }
            default ->
                throw new IllegalArgumentException(
                        "sched must be 'cosine', 'tanh', 'step', 'multistep', 'plateau' or 'poly', but was '" + type
                                + "'");
        };
        return Parts.read(call.callWith("timm." + name, values));
    }
}
