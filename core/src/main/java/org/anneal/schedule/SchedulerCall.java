package org.anneal.schedule;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * All that a pasted line of Python says about a schedule.
 *
 * @param policy the schedule, or the plateau
 * @param lastEpoch PyTorch's {@code last_epoch}, at least -1: the runner starts at counter {@code lastEpoch + 1}
 * @param notes what was dropped from the line, a sentence each
 */
public record SchedulerCall(Policy policy, long lastEpoch, List<String> notes) {

    private static final List<String> NAMES = List.of(
            "StepLR",
            "MultiStepLR",
            "ExponentialLR",
            "MultiplicativeLR",
            "LambdaLR",
            "CosineAnnealingLR",
            "ConstantLR",
            "LinearLR",
            "PolynomialLR",
            "CosineAnnealingWarmRestarts",
            "CyclicLR",
            "OneCycleLR",
            "SWALR",
            "SequentialLR",
            "ChainedScheduler",
            "ReduceLROnPlateau");

    public SchedulerCall {
        Objects.requireNonNull(policy, "policy");
        Check.atLeast(-1, "last_epoch", lastEpoch);
        notes = Check.list("notes", notes);
    }

    /**
     * Reads PyTorch's constructor call: {@code scheduler = optim.lr_scheduler.StepLR(optimizer, 30)}.
     *
     * @throws ScheduleSyntaxException if {@code text} is not one, or has a value that is out of range
     */
    public static SchedulerCall parse(String text) {
        return parse(PythonCall.parse(text));
    }

    /**
     * Reads PyTorch's constructor call, in which lengths may be given in units of the run: {@code 30ep}, {@code 500st},
     * {@code 10%}.
     *
     * @throws ScheduleSyntaxException if {@code text} is not one, or has a value that is out of range
     */
    public static SchedulerCall parse(String text, RunLength runLength) {
        return parse(PythonCall.parse(text, Optional.of(Objects.requireNonNull(runLength, "runLength"))));
    }

    private static SchedulerCall parse(PythonCall call) {
        return switch (call.name()) {
            case "StepLR" -> {
                PythonCall.Arguments a = bind(call, "step_size", "gamma=", "last_epoch=");
                yield of(a, () -> new StepLR(a.length("step_size"), a.number("gamma", StepLR.GAMMA)));
            }
            case "MultiStepLR" -> {
                PythonCall.Arguments a = bind(call, "milestones", "gamma=", "last_epoch=");
                yield of(a, () -> new MultiStepLR(a.lengths("milestones"), a.number("gamma", MultiStepLR.GAMMA)));
            }
            case "ExponentialLR" -> {
                PythonCall.Arguments a = bind(call, "gamma", "last_epoch=");
                yield of(a, () -> new ExponentialLR(a.number("gamma")));
            }
            case "MultiplicativeLR" -> {
                PythonCall.Arguments a = bind(call, "lr_lambda", "last_epoch=");
                yield of(a, () -> new MultiplicativeLR(a.lambdas("lr_lambda")));
            }
            case "LambdaLR" -> {
                PythonCall.Arguments a = bind(call, "lr_lambda", "last_epoch=");
                yield of(a, () -> new LambdaLR(a.lambdas("lr_lambda")));
            }
            case "CosineAnnealingLR" -> {
                PythonCall.Arguments a = bind(call, "T_max", "eta_min=", "last_epoch=");
                yield of(a, () -> new CosineAnnealingLR(a.length("T_max"), a.number("eta_min", 0)));
            }
            case "ConstantLR" -> {
                PythonCall.Arguments a = bind(call, "factor=", "total_iters=", "last_epoch=");
                yield of(
                        a,
                        () -> new ConstantLR(
                                a.number("factor", ConstantLR.FACTOR),
                                a.length("total_iters", ConstantLR.TOTAL_ITERS)));
            }
            case "LinearLR" -> {
                PythonCall.Arguments a = bind(call, "start_factor=", "end_factor=", "total_iters=", "last_epoch=");
                yield of(
                        a,
                        () -> new LinearLR(
                                a.number("start_factor", LinearLR.START_FACTOR),
                                a.number("end_factor", LinearLR.END_FACTOR),
                                a.length("total_iters", LinearLR.TOTAL_ITERS)));
            }
            case "PolynomialLR" -> {
                PythonCall.Arguments a = bind(call, "total_iters=", "power=", "last_epoch=");
                yield of(
                        a,
                        () -> new PolynomialLR(
                                a.length("total_iters", PolynomialLR.TOTAL_ITERS),
                                a.number("power", PolynomialLR.POWER)));
            }
            case "CosineAnnealingWarmRestarts" -> {
                PythonCall.Arguments a = bind(call, "T_0", "T_mult=", "eta_min=", "last_epoch=");
                yield of(
                        a,
                        () -> new CosineAnnealingWarmRestarts(
                                a.length("T_0"), a.integer("T_mult", 1), a.number("eta_min", 0)));
            }
            case "SWALR" -> {
                PythonCall.Arguments a = bind(call, "swa_lr", "anneal_epochs=", "anneal_strategy=", "last_epoch=");
                yield of(
                        a,
                        () -> new SWALR(
                                a.oneOrMoreNumbers("swa_lr"),
                                a.length("anneal_epochs", SWALR.ANNEAL_EPOCHS),
                                annealStrategy(a)));
            }
            case "CyclicLR" -> cyclic(call);
            case "OneCycleLR" -> oneCycle(call);
            case "SequentialLR" -> sequential(call);
            case "ChainedScheduler" -> chained(call);
            case "ReduceLROnPlateau" -> plateau(call);
            default -> throw call.unknown("schedule", NAMES);
        };
    }

    private static SchedulerCall sequential(PythonCall call) {
        PythonCall.Arguments a = bind(call, "schedulers", "milestones", "last_epoch=");
        Members members = members(a);
        return withNotes(
                members.notes(),
                of(
                        a,
                        () -> members.plateau().isPresent()
                                ? new SequentialPlateau(
                                        members.schedules(), members.plateau().get(), a.lengths("milestones"))
                                : new SequentialLR(members.schedules(), a.lengths("milestones"))));
    }

    private static SchedulerCall chained(PythonCall call) {
        PythonCall.Arguments a = call.bind("", "schedulers", "optimizer=");
        Members members = members(a);
        ChainedScheduler chain = a.build(() -> new ChainedScheduler(members.schedules()));
        Policy policy =
                members.plateau().isPresent() ? chain.times(members.plateau().get()) : chain;
        return new SchedulerCall(policy, -1, members.notes());
    }

    /** The members of a sequence or a chain, of which the last may be a plateau. */
    private record Members(List<Schedule> schedules, Optional<ReduceLROnPlateau> plateau, List<String> notes) {}

    private static Members members(PythonCall.Arguments arguments) {
        List<Schedule> schedules = new ArrayList<>();
        Optional<ReduceLROnPlateau> plateau = Optional.empty();
        Set<String> notes = new LinkedHashSet<>();
        List<PythonCall> calls = arguments.calls("schedulers");
        for (PythonCall call : calls) {
            SchedulerCall member = parse(call);
            if (member.lastEpoch() != -1) {
                throw call.error("last_epoch must be -1 in a member, but was " + member.lastEpoch()
                        + ": where to resume is said once, for the whole");
            }
            boolean last = call == calls.get(calls.size() - 1);
            if (member.policy() instanceof Schedule schedule) {
                schedules.add(schedule);
            } else if (last && !schedules.isEmpty() && member.policy() instanceof ReduceLROnPlateau reduce) {
                plateau = Optional.of(reduce);
            } else {
                throw call.error("a plateau must stand alone, or last after at least one schedule in the outermost"
                        + " SequentialLR or ChainedScheduler");
            }
            notes.addAll(member.notes());
        }
        return new Members(schedules, plateau, List.copyOf(notes));
    }

    private static SchedulerCall plateau(PythonCall call) {
        PythonCall.Arguments a = bind(
                call, "mode=", "factor=", "patience=", "threshold=", "threshold_mode=", "cooldown=", "min_lr=", "eps=");
        ReduceLROnPlateau absent = new ReduceLROnPlateau();
        return of(
                a,
                () -> new ReduceLROnPlateau(
                        choice(ReduceLROnPlateau.Mode.class, "mode", a.string("mode", "min")),
                        a.number("factor", absent.factor()),
                        a.integer("patience", absent.patience()),
                        a.number("threshold", absent.threshold()),
                        choice(
                                ReduceLROnPlateau.ThresholdMode.class,
                                "threshold_mode",
                                a.string("threshold_mode", "rel")),
                        a.integer("cooldown", absent.cooldown()),
                        a.isList("min_lr") ? a.numbers("min_lr") : List.of(a.number("min_lr", 0)),
                        a.number("eps", absent.eps())));
    }

    private static SchedulerCall cyclic(PythonCall call) {
        PythonCall.Arguments a = bind(
                call,
                "base_lr",
                "max_lr",
                "step_size_up=",
                "step_size_down=",
                "mode=",
                "gamma=",
                "scale_fn=",
                "scale_mode=",
                "cycle_momentum=",
                "base_momentum=",
                "max_momentum=",
                "last_epoch=");
        return of(a, () -> {
            double up = a.duration("step_size_up", CyclicLR.STEP_SIZE);
            boolean custom = a.has("scale_fn");
            return new CyclicLR(
                    a.oneOrMoreNumbers("base_lr"),
                    a.oneOrMoreNumbers("max_lr"),
                    up,
                    a.has("step_size_down") ? a.duration("step_size_down", up) : up,
                    custom // then any mode goes
                            ? CyclicLR.Mode.TRIANGULAR
                            : choice(CyclicLR.Mode.class, "mode", a.string("mode", "triangular")),
                    a.number("gamma", 1),
                    custom ? Optional.of(a.lambda("scale_fn")) : Optional.empty(),
                    choice(CyclicLR.ScaleMode.class, "scale_mode", a.string("scale_mode", "cycle")),
                    a.truth("cycle_momentum", true),
                    a.oneOrMoreNumbers("base_momentum", CyclicLR.BASE_MOMENTUM),
                    a.oneOrMoreNumbers("max_momentum", CyclicLR.MAX_MOMENTUM));
        });
    }

    private static SchedulerCall oneCycle(PythonCall call) {
        PythonCall.Arguments a = bind(
                call,
                "max_lr",
                "total_steps=",
                "epochs=",
                "steps_per_epoch=",
                "pct_start=",
                "anneal_strategy=",
                "cycle_momentum=",
                "base_momentum=",
                "max_momentum=",
                "div_factor=",
                "final_div_factor=",
                "three_phase=",
                "last_epoch=");
        if (!a.has("total_steps") && !(a.has("epochs") && a.has("steps_per_epoch"))) {
            throw call.error("OneCycleLR needs total_steps, or epochs and steps_per_epoch");
        }
        return of(
                a,
                () -> new OneCycleLR(
                        a.oneOrMoreNumbers("max_lr"),
                        a.has("total_steps")
                                ? a.length("total_steps")
                                : OneCycleLR.totalSteps(a.integer("epochs"), a.integer("steps_per_epoch")),
                        a.number("pct_start", OneCycleLR.PCT_START),
                        annealStrategy(a),
                        a.truth("cycle_momentum", true),
                        a.oneOrMoreNumbers("base_momentum", OneCycleLR.BASE_MOMENTUM),
                        a.oneOrMoreNumbers("max_momentum", OneCycleLR.MAX_MOMENTUM),
                        a.number("div_factor", OneCycleLR.DIV_FACTOR),
                        a.number("final_div_factor", OneCycleLR.FINAL_DIV_FACTOR),
                        a.truth("three_phase", false)));
    }

    private static AnnealStrategy annealStrategy(PythonCall.Arguments a) {
        return choice(AnnealStrategy.class, "anneal_strategy", a.string("anneal_strategy", "cos"));
    }

    private static PythonCall.Arguments bind(PythonCall call, String... parameters) {
        List<String> all = new ArrayList<>(List.of(parameters));
        all.add("verbose="); // until torch 2.7
        return call.bind("optimizer", all.toArray(String[]::new));
    }

    private static SchedulerCall of(PythonCall.Arguments arguments, Supplier<Policy> policy) {
        List<String> notes = arguments.has("verbose")
                ? List.of("verbose was dropped: it only prints, and PyTorch no longer has it")
                : List.of();
        return arguments.build(() -> new SchedulerCall(policy.get(), arguments.integer("last_epoch", -1), notes));
    }

    private static SchedulerCall withNotes(List<String> notes, SchedulerCall call) {
        Set<String> all = new LinkedHashSet<>(notes);
        all.addAll(call.notes());
        return new SchedulerCall(call.policy(), call.lastEpoch(), List.copyOf(all));
    }

    private static <E extends Enum<E>> E choice(Class<E> type, String parameter, String given) {
        List<String> names = new ArrayList<>();
        for (E constant : type.getEnumConstants()) {
            if (quoted(constant).equals(Python.repr(given))) {
                return constant;
            }
            names.add(quoted(constant));
        }
        throw new IllegalArgumentException(
                parameter + " must be " + String.join(" or ", names) + ", but was " + Python.repr(given));
    }

    /** {@return Python's string for {@code constant}: {@code 'exp_range'}} */
    static String quoted(Enum<?> constant) {
        return Python.repr(constant.name().toLowerCase(Locale.ROOT));
    }
}
