package org.anneal.peer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.anneal.schedule.CosineCycles;
import org.anneal.schedule.HalfCosine;
import org.anneal.schedule.InverseSqrt;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Polynomial;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.Shape;
import org.anneal.schedule.Warmup;
import org.anneal.schedule.WarmupStableDecay;
import org.anneal.text.Check;
import org.anneal.text.Lengths;
import org.anneal.text.Peer;
import org.anneal.text.PythonCall.Arguments;

/** Hugging Face transformers' {@code optimization.py}, version 5.18. Its schedules start from the optimizer's rate. */
final class Transformers {
    private static final String ACCUMULATED = "gradient_accumulation_steps";
    private static final String WARMUP = "num_warmup_steps";
    private static final String TRAINING = "num_training_steps";
    private static final String CYCLES = "num_cycles";

    static final List<Peer> ALL = List.of(
            peer("get_constant_schedule(optimizer, last_epoch=-1)", call -> Parts.constant(1)),
            peer(
                    "get_constant_schedule_with_warmup(optimizer, num_warmup_steps, last_epoch=-1)",
                    call -> new Warmup(Parts.steps(call, WARMUP, 0))),
            peer(
                    "get_linear_schedule_with_warmup(optimizer, num_warmup_steps, num_training_steps, last_epoch=-1)",
                    call -> warmed(call, line(call, new Polynomial(length(call))))),
            peer(
                    "get_polynomial_decay_schedule_with_warmup(optimizer, num_warmup_steps, num_training_steps, lr_end=1e-7,"
                            + " power=1.0, last_epoch=-1)",
                    call -> warmed(
                            call,
                            Parts.above(
                                    line(call, new Polynomial(length(call)).withPower(Parts.positive(call, "power"))),
                                    Parts.rate(call, "lr_end")))),
            peer(
                    "get_cosine_schedule_with_warmup(optimizer, num_warmup_steps, num_training_steps, num_cycles=0.5,"
                            + " last_epoch=-1)",
                    call -> warmed(call, Parts.waves(length(call), cycles(call)))),
            peer(
                    "get_cosine_with_hard_restarts_schedule_with_warmup(optimizer, num_warmup_steps, num_training_steps,"
                            + " num_cycles=1, last_epoch=-1)",
                    Transformers::restarts),
            peer(
                    "get_cosine_with_min_lr_schedule_with_warmup(optimizer, num_warmup_steps, num_training_steps, num_cycles=0.5,"
                            + " last_epoch=-1, min_lr=None, min_lr_rate=None)",
                    call -> warmed(call, floored(call, Parts.waves(length(call), cycles(call))))),
            peer(
                    "get_cosine_with_min_lr_schedule_with_warmup_lr_rate(optimizer, num_warmup_steps, num_training_steps,"
                            + " num_cycles=0.5, last_epoch=-1, min_lr=None, min_lr_rate=None, warmup_lr_rate=None)",
                    Transformers::earlier),
            peer(
                    "get_inverse_sqrt_schedule(optimizer, num_warmup_steps, timescale=None, last_epoch=-1)",
                    Transformers::inverseSqrt),
            peer(
                    "get_wsd_schedule(optimizer, num_warmup_steps, num_decay_steps, num_training_steps=None,"
                            + " num_stable_steps=None, warmup_type='linear', decay_type='cosine', min_lr_ratio=0, num_cycles=0.5,"
                            + " last_epoch=-1)",
                    Transformers::stable),
            peer(
                    "get_reduce_on_plateau_schedule(optimizer, **others)",
                    call -> Parts.read(call.renamed("ReduceLROnPlateau"))),
            peer("get_adafactor_schedule(optimizer, **others)", call -> {
                throw call.error(
                        "get_adafactor_schedule only shows the rates that Adafactor computes by itself: there is"
                                + " no schedule to read");
            }),
            peer("AdafactorSchedule(optimizer, **others)", call -> {
                throw call.error("AdafactorSchedule only shows the rates that Adafactor computes by itself: there is no"
                        + " schedule to read");
            }),
            peer("get_greedy_schedule(optimizer, **others)", call -> Parts.read(call.renamed("GreedyLR"))),
            peer(
                            "get_scheduler(name, optimizer=None, num_warmup_steps=None, num_training_steps=None,"
                                    + " scheduler_specific_kwargs=None)",
                            call -> byType(call, "name", given(call, WARMUP, TRAINING), "scheduler_specific_kwargs"))
                    .drops("name", "optimizer"),
            trainer("TrainingArguments"),
            trainer("Seq2SeqTrainingArguments"));

    /** A type of {@code lr_scheduler_type}: the function that it stands for, and which of the counts that takes. */
    private record Type(String function, boolean takesWarmup, boolean takesTraining, boolean takesOthers) {}

    private static final Map<String, Type> TYPES = Map.ofEntries(
            Map.entry("linear", new Type("get_linear_schedule_with_warmup", true, true, true)),
            Map.entry("cosine", new Type("get_cosine_schedule_with_warmup", true, true, true)),
            Map.entry(
                    "cosine_with_restarts",
                    new Type("get_cosine_with_hard_restarts_schedule_with_warmup", true, true, true)),
            Map.entry("polynomial", new Type("get_polynomial_decay_schedule_with_warmup", true, true, true)),
            Map.entry("constant", new Type("get_constant_schedule", false, false, false)),
            Map.entry("constant_with_warmup", new Type("get_constant_schedule_with_warmup", true, false, false)),
            Map.entry("inverse_sqrt", new Type("get_inverse_sqrt_schedule", true, false, true)),
            Map.entry("reduce_lr_on_plateau", new Type("get_reduce_on_plateau_schedule", false, false, true)),
            Map.entry("cosine_with_min_lr", new Type("get_cosine_with_min_lr_schedule_with_warmup", true, true, true)),
            Map.entry(
                    "cosine_warmup_with_min_lr",
                    new Type("get_cosine_with_min_lr_schedule_with_warmup_lr_rate", true, true, true)),
            Map.entry("warmup_stable_decay", new Type("get_wsd_schedule", true, true, true)),
            Map.entry("greedy", new Type("get_greedy_schedule", false, false, true)));

    /** A constant of the enum of the types, {@code SchedulerType.COSINE}. */
    private static final Pattern CONSTANT = Pattern.compile("(?:.*\\.)?SchedulerType\\.(\\w+)");

    private static final Map<String, Shape> SHAPES =
            Map.of("linear", Shape.LINEAR, "cosine", Shape.COSINE, "1-sqrt", Shape.SQRT);

    private Transformers() {}

    private static Peer peer(String signature, Function<Arguments, Policy> reading) {
        return new Peer(Set.of("transformers"), signature, reading::apply).steppedPerStep();
    }

    /** {@return the steps after the warmup, at least 1} */
    private static long length(Arguments call) {
        return Math.max(1, Parts.steps(call, TRAINING, 0) - Parts.steps(call, WARMUP, 0));
    }

    private static Schedule warmed(Arguments call, Schedule schedule) {
        long warmup = Parts.steps(call, WARMUP, 0);
        return Parts.then(new Warmup(warmup), warmup, schedule);
    }

    /** {@return what falls to 0 until the end of the training, unless that ends with the warmup} */
    private static Schedule line(Arguments call, Schedule schedule) {
        return call.length(TRAINING) > call.length(WARMUP) ? schedule : Parts.constant(0);
    }

    private static double cycles(Arguments call) {
        return Check.finiteNotNegative(CYCLES, call.number(CYCLES));
    }

    private static Schedule restarts(Arguments call) {
        long length = length(call);
        long cycles = Check.atLeast(1, CYCLES, call.integer(CYCLES));
        Schedule schedule = length % cycles == 0
                ? new CosineCycles(length / cycles).withLimit(cycles)
                : new CosineCycles(length).withLimit(cycles).stretch(cycles, 1); // a cycle may start between two steps
        return warmed(call, schedule);
    }

    /** {@return {@code schedule}, which falls to 0, above the floor that one of two arguments gives} */
    private static Schedule floored(Arguments call, Schedule schedule) {
        if (call.has("min_lr") == call.has("min_lr_rate")) {
            throw call.error("one of min_lr and min_lr_rate must be given");
        } else if (call.has("min_lr")) {
            return Parts.above(schedule, Parts.rate(call, "min_lr"));
        }
        double part = Parts.part(call, "min_lr_rate");
        if (schedule instanceof HalfCosine cosine) {
            return cosine.withFloor(part);
        }
        return schedule.scale(1 - part).plus(Parts.constant(part));
    }

    /** {@return the schedule that is one step ahead: its first rate is not 0, and the step after the warmup is below the base} */
    private static Schedule earlier(Arguments call) {
        long warmup = Parts.steps(call, WARMUP, 0);
        long length = length(call);
        Schedule fall = floored(call, Parts.waves(length, cycles(call)));
        double start = call.has("warmup_lr_rate") ? Parts.part(call, "warmup_lr_rate") : 1.0 / Math.max(1, warmup);
        if (warmup <= 1) {
            return Parts.then(Parts.constant(start), warmup, ahead(fall, length));
        }
        return Parts.then(new Warmup(warmup - 1, start, Shape.LINEAR), warmup - 1, fall);
    }

    /** {@return {@code schedule} from its step 1 to its step {@code length}} */
    private static Schedule ahead(Schedule schedule, long length) {
        return schedule.reverse(length).reverse(length - 1);
    }

    private static Schedule inverseSqrt(Arguments call) {
        long warmup = Parts.steps(call, WARMUP, 0);
        long usual = warmup == 0 ? 10_000 : warmup;
        return new InverseSqrt(call.has("timescale") ? Parts.steps(call, "timescale", 1) : usual, warmup);
    }

    private static Schedule stable(Arguments call) {
        long warmup = Parts.steps(call, WARMUP, 0);
        long decay = Parts.steps(call, "num_decay_steps", 0);
        if (!call.has("num_stable_steps") && !call.has(TRAINING)) {
            throw call.error("num_training_steps or num_stable_steps must be given");
        }
        long stable = call.has("num_stable_steps")
                ? Parts.steps(call, "num_stable_steps", 0)
                : Parts.steps(call, TRAINING, warmup + decay) - warmup - decay;
        double floor = Parts.part(call, "min_lr_ratio");
        Shape rise = shape(call, "warmup_type");
        Shape fall = shape(call, "decay_type");
        WarmupStableDecay whole = new WarmupStableDecay(warmup, stable, decay, fall, floor, floor, rise);
        double cycles = cycles(call);
        if (fall != Shape.COSINE || cycles == 0.5 || decay == 0) {
            return whole;
        }
        Schedule waves = Parts.waves(decay, cycles).scale(1 - floor).plus(Parts.constant(floor));
        long start = warmup + stable;
        Schedule end = Parts.then(waves, decay, Parts.constant(floor));
        return start == 0 ? end : whole.then(start, end);
    }

    private static Shape shape(Arguments call, String parameter) {
        Shape shape = SHAPES.get(call.string(parameter));
        if (shape == null) {
            throw new IllegalArgumentException(
                    parameter + " must be 'linear' or 'cosine' or '1-sqrt', but was '" + call.string(parameter) + "'");
        }
        return shape;
    }

    private static Map<String, Object> given(Arguments call, String... parameters) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (String parameter : parameters) {
            if (call.has(parameter)) {
                values.put(parameter, call.value(parameter));
            }
        }
        return values;
    }

    /** {@return the schedule of a type, with those of the counts and of the other arguments that it takes} */
    private static Policy byType(Arguments call, String parameter, Map<String, Object> counts, String others) {
        Matcher constant = CONSTANT.matcher(call.text(parameter));
        String name = constant.matches() ? constant.group(1).toLowerCase(Locale.ROOT) : call.string(parameter);
        Type type = TYPES.get(name.equals("reduce_on_plateau") ? "reduce_lr_on_plateau" : name);
        if (type == null) {
            throw new IllegalArgumentException(parameter + " must be one of "
                    + String.join(", ", TYPES.keySet().stream().sorted().toList()) + ", but was '" + name + "'");
        }
        Map<String, Object> taken = new LinkedHashMap<>(counts);
        if (!type.takesWarmup()) {
            taken.remove(WARMUP);
        }
        if (!type.takesTraining()) {
            taken.remove(TRAINING);
        }
        String function = "transformers." + type.function();
        return Parts.read(type.takesOthers() ? call.callWith(function, taken, others) : call.callWith(function, taken));
    }

    private static Peer trainer(String name) {
        return peer(
                        name
                                + "(output_dir=None, learning_rate=5e-5, lr_scheduler_type='linear', lr_scheduler_kwargs=None,"
                                + " warmup_steps=0, warmup_ratio=None, max_steps=-1, num_train_epochs=3.0,"
                                + " " + ACCUMULATED + "=1, **others)",
                        Transformers::trained)
                .drops("output_dir", "lr_scheduler_type");
    }

    /** {@return the schedule of a Trainer, from the rate that its arguments tell} */
    private static Policy trained(Arguments call) {
        long steps = call.number("max_steps") > 0
                ? Parts.steps(call, "max_steps", 1)
                : call.length("num_train_epochs", Parts.positive(call, "num_train_epochs"), Lengths.Unit.EPOCHS);
        double given = Check.finiteNotNegative("warmup_steps", call.number("warmup_steps"));
        double warmup = given == 0 && call.has("warmup_ratio") ? Parts.part(call, "warmup_ratio") : given;
        long rounded = warmup >= 1 && given > 0 ? (long) warmup : (long) Math.ceil(steps * warmup);
        Policy policy =
                byType(call, "lr_scheduler_type", Map.of(WARMUP, rounded, TRAINING, steps), "lr_scheduler_kwargs");
        long accumulated = call.integer(ACCUMULATED);
        if (accumulated > 1 && call.number("max_steps") <= 0) {
            call.note(ACCUMULATED + "=" + accumulated
                    + " was dropped: the run's length must count steps of the optimizer, not batches");
        }
        double rate = Parts.rate(call, "learning_rate");
        if (policy instanceof Schedule schedule) {
            return Parts.from(schedule, rate);
        }
        call.note("learning_rate=" + Parts.number(rate)
                + " was dropped: it is the optimizer's rate, which a plateau reduces");
        return policy;
    }
}
