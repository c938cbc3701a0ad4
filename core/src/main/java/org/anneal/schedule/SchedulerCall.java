package org.anneal.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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
            "ReduceLROnPlateau");
    private static final List<String> NOT_YET = List.of(
            "ConstantLR",
            "LinearLR",
            "PolynomialLR",
            "CosineAnnealingWarmRestarts",
            "CyclicLR",
            "OneCycleLR",
            "SequentialLR",
            "ChainedScheduler",
            "SWALR");

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
            String name = constant.name().toLowerCase(Locale.ROOT);
            if (name.equals(given)) {
                return constant;
            }
            names.add(Python.repr(name));
        }
        throw new IllegalArgumentException(
                parameter + " must be " + String.join(" or ", names) + ", but was " + Python.repr(given));
    }
}
