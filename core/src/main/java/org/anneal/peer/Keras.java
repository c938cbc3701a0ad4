package org.anneal.peer;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.anneal.schedule.CosineCycles;
import org.anneal.schedule.Exponential;
import org.anneal.schedule.HalfCosine;
import org.anneal.schedule.InverseTime;
import org.anneal.schedule.Piecewise;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Polynomial;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.Shape;
import org.anneal.schedule.Warmup;
import org.anneal.text.Check;
import org.anneal.text.Peer;
import org.anneal.text.PythonCall.Arguments;

/**
 * Keras' {@code optimizers.schedules}, version 3.15, by their constructors and by what {@code serialize} and {@code get_config} write; and
 * its callback ReduceLROnPlateau. Its schedules have their rates in themselves.
 */
final class Keras {
    private static final Set<String> ROOTS = Set.of("keras", "tf", "tensorflow", "tf_keras", "optimizers", "schedules");
    private static final String INITIAL = "initial_learning_rate";
    private static final String LENGTH = "decay_steps";
    private static final String STAIRCASE = "staircase";
    private static final String RATE = "decay_rate";
    private static final String RESTARTS =
            "(initial_learning_rate, first_decay_steps, t_mul=2.0, m_mul=1.0, alpha=0.0, name=None)";
    private static final String PIECES = "(boundaries, values, name=None)";

    static final List<Peer> ALL = List.of(
            peer(
                    "ExponentialDecay(initial_learning_rate, decay_steps, decay_rate, staircase=False, name=None)",
                    call -> initial(
                            call,
                            new Exponential(Parts.steps(call, LENGTH, 1), Parts.positive(call, RATE))
                                    .withStaircase(call.truth(STAIRCASE)))),
            peer(
                    "InverseTimeDecay(initial_learning_rate, decay_steps, decay_rate, staircase=False, name=None)",
                    call -> initial(
                            call,
                            new InverseTime(
                                    Parts.steps(call, LENGTH, 1), Parts.rate(call, RATE), call.truth(STAIRCASE)))),
            peer(
                    "PolynomialDecay(initial_learning_rate, decay_steps, end_learning_rate=0.0001, power=1.0, cycle=False,"
                            + " name=None)",
                    call -> initial(
                            call,
                            Parts.above(
                                    new Polynomial(Parts.steps(call, LENGTH, 1))
                                            .withPower(Parts.positive(call, "power"))
                                            .withCycle(call.truth("cycle")),
                                    Parts.rate(call, "end_learning_rate")))),
            peer(
                    "CosineDecay(initial_learning_rate, decay_steps, alpha=0.0, name=None, warmup_target=None, warmup_steps=0)",
                    Keras::cosine),
            peer("CosineDecayRestarts" + RESTARTS, Keras::restarts),
            peer("SGDRDecay" + RESTARTS, Keras::restarts), // its name in get_config()
            peer("PiecewiseConstantDecay" + PIECES, Keras::pieces),
            peer("PiecewiseConstant" + PIECES, Keras::pieces), // its name in get_config()
            new Peer(
                            Set.of("keras", "tf", "tensorflow", "tf_keras", "callbacks"),
                            "ReduceLROnPlateau(monitor='val_loss', factor=0.1,"
                                    + " patience=10, verbose=0, mode='auto', min_delta=1e-4, cooldown=0, min_lr=0.0, **others)",
                            Keras::plateau)
                    .drops("verbose")
                    .stepped(any -> Optional.of("epoch")));

    private Keras() {}

    private static Peer peer(String signature, Function<Arguments, Policy> reading) {
        return new Peer(ROOTS, signature, reading::apply).drops("name").steppedPerStep();
    }

    private static Schedule initial(Arguments call, Schedule schedule) {
        return Parts.from(schedule, Parts.rate(call, INITIAL));
    }

    private static Schedule cosine(Arguments call) {
        HalfCosine cosine = new HalfCosine(Parts.steps(call, LENGTH, 1)).withFloor(Parts.part(call, "alpha"));
        if (!call.has("warmup_target")) {
            return initial(call, cosine);
        }
        double first = Parts.rate(call, INITIAL);
        double target = Parts.rate(call, "warmup_target");
        long warmup = Parts.steps(call, "warmup_steps", 0);
        if (target == 0) {
            return Parts.then(Parts.from(new Polynomial(Math.max(1, warmup)), first), warmup, Parts.from(cosine, 0));
        }
        Schedule rise = first <= target
                ? new Warmup(warmup, first / target, Shape.LINEAR)
                : new Polynomial(Math.max(1, warmup)).withStart(first / target).withEnd(1);
        return Parts.from(Parts.then(rise, warmup, cosine), target);
    }

    private static Schedule restarts(Arguments call) {
        double first = Parts.rate(call, INITIAL);
        double growth = call.number("t_mul");
        double floor = Parts.part(call, "alpha");
        Schedule cycles = new CosineCycles(Parts.steps(call, "first_decay_steps", 1))
                .withGrowth(Check.that(growth >= 1, "t_mul", ">= 1", growth))
                .withShrink(Parts.part(call, "m_mul"));
        return Parts.from(Parts.above(cycles, floor * first), first);
    }

    private static Schedule pieces(Arguments call) {
        List<Double> values = call.numbers("values");
        List<Double> ends = call.numbers("boundaries");
        if (values.size() != ends.size() + 1) {
            throw new IllegalArgumentException("values must have one entry more than boundaries, " + (ends.size() + 1)
                    + " for " + ends.size() + ", but had " + values.size());
        }
        double most = 0;
        for (double value : values) {
            most = Math.max(most, Check.finiteNotNegative("values", value));
        }
        double base = most == 0 ? 1 : most;
        List<Long> boundaries = new ArrayList<>();
        List<Double> factors = new ArrayList<>(List.of(values.get(0) / base));
        for (int i = 0; i < ends.size(); i++) {
            long boundary = (long) Math.floor(Check.finite("boundaries", ends.get(i)))
                    + 1; // a boundary still has the value before
            if (boundary <= 0) {
                factors.set(0, values.get(i + 1) / base);
            } else {
                boundaries.add(boundary);
                factors.add(values.get(i + 1) / base);
            }
        }
        return Parts.from(new Piecewise(boundaries, factors), base);
    }

    /**
     * {@return PyTorch's plateau that reduces when Keras' does} Keras reduces at the bad epoch that fills its patience, and counts the last
     * epoch of a cooldown.
     */
    private static Policy plateau(Arguments call) {
        String monitor = call.string("monitor");
        ReduceLROnPlateau.Mode mode = switch (call.string("mode")) {
            case "min" -> ReduceLROnPlateau.Mode.MIN;
            case "max" -> ReduceLROnPlateau.Mode.MAX;
            default -> {
                if (!monitor.endsWith("loss")) {
                    throw new IllegalArgumentException(
                            "mode must be 'min' or 'max', as monitor='" + monitor + "' does not tell which");
                }
                yield ReduceLROnPlateau.Mode.MIN;
            }
        };
        double factor = Parts.part(call, "factor");
        return new ReduceLROnPlateau()
                .withMode(mode)
                .withFactor(Check.that(factor < 1, "factor", "< 1", factor))
                .withPatience(Math.max(0, Parts.steps(call, "patience", 0) - 1))
                .withThreshold(Parts.rate(call, "min_delta"), ReduceLROnPlateau.ThresholdMode.ABS)
                .withCooldown(Math.max(0, Parts.steps(call, "cooldown", 0) - 1))
                .withMinLr(Parts.rate(call, "min_lr"))
                .withEps(0);
    }
}
