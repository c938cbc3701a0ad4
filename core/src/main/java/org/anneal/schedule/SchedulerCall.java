package org.anneal.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
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
            "ReduceLROnPlateau");
    private static final List<String> NOT_YET = List.of("SequentialLR", "ChainedScheduler");

    public SchedulerCall {
        Check.atLeast(-1, "last_epoch", lastEpoch);
        notes = List.copyOf(notes);
    }

    /**
     * Reads PyTorch's constructor call: {@code scheduler = optim.lr_scheduler.StepLR(optimizer, 30)}.
     *
     * @throws ScheduleSyntaxException if {@code text} is not one, or has a value that is out of range
     */
    public static SchedulerCall parse(String text) {
        PythonCall call = PythonCall.parse(text);
        return switch (call.name()) {
            case "StepLR" -> {
                PythonCall.Arguments a = bind(call, "step_size", "gamma=", "last_epoch=");
                yield of(a, () -> new StepLR(a.integer("step_size"), a.number("gamma", StepLR.GAMMA)));
            }
            case "MultiStepLR" -> {
                PythonCall.Arguments a = bind(call, "milestones", "gamma=", "last_epoch=");
                yield of(a, () -> new MultiStepLR(a.integers("milestones"), a.number("gamma", MultiStepLR.GAMMA)));
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
                yield of(a, () -> new CosineAnnealingLR(a.integer("T_max"), a.number("eta_min", 0)));
            }
            case "ConstantLR" -> {
                PythonCall.Arguments a = bind(call, "factor=", "total_iters=", "last_epoch=");
                yield of(
                        a,
                        () -> new ConstantLR(
                                a.number("factor", ConstantLR.FACTOR),
                                a.integer("total_iters", ConstantLR.TOTAL_ITERS)));
            }
            case "LinearLR" -> {
                PythonCall.Arguments a = bind(call, "start_factor=", "end_factor=", "total_iters=", "last_epoch=");
                yield of(
                        a,
                        () -> new LinearLR(
                                a.number("start_factor", LinearLR.START_FACTOR),
                                a.number("end_factor", LinearLR.END_FACTOR),
                                a.integer("total_iters", LinearLR.TOTAL_ITERS)));
            }
            case "PolynomialLR" -> {
                PythonCall.Arguments a = bind(call, "total_iters=", "power=", "last_epoch=");
                yield of(
                        a,
                        () -> new PolynomialLR(
                                a.integer("total_iters", PolynomialLR.TOTAL_ITERS),
                                a.number("power", PolynomialLR.POWER)));
            }
            case "CosineAnnealingWarmRestarts" -> {
                PythonCall.Arguments a = bind(call, "T_0", "T_mult=", "eta_min=", "last_epoch=");
                yield of(
                        a,
                        () -> new CosineAnnealingWarmRestarts(
                                a.integer("T_0"), a.integer("T_mult", 1), a.number("eta_min", 0)));
            }
            case "SWALR" -> {
                PythonCall.Arguments a = bind(call, "swa_lr", "anneal_epochs=", "anneal_strategy=", "last_epoch=");
                yield of(
                        a,
                        () -> new SWALR(
                                a.oneOrMoreNumbers("swa_lr"),
                                a.integer("anneal_epochs", SWALR.ANNEAL_EPOCHS),
                                annealStrategy(a)));
            }
            case "CyclicLR" -> cyclic(call);
            case "OneCycleLR" -> oneCycle(call);
            case "ReduceLROnPlateau" -> plateau(call);
            default -> {
                if (NOT_YET.contains(call.name())) {
                    throw call.error(call.name() + " is not supported yet");
                }
                List<String> known = new ArrayList<>(NAMES);
                known.addAll(NOT_YET);
                throw call.unknown("schedule", known);
            }
        };
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
            double up = a.number("step_size_up", CyclicLR.STEP_SIZE);
            boolean custom = a.has("scale_fn");
            return new CyclicLR(
                    a.oneOrMoreNumbers("base_lr"),
                    a.oneOrMoreNumbers("max_lr"),
                    up,
                    a.has("step_size_down") ? a.number("step_size_down") : up,
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
                                ? a.integer("total_steps")
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
