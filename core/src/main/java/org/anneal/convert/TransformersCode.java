package org.anneal.convert;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.GreedyLR;
import org.anneal.schedule.Policy;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.Schedule;
import org.anneal.text.Python;

/**
 * Writes policies for transformers. A schedule may be composed in many ways, so its function is found by its rates: each function
 * is tried with the numbers that the schedule has, until one gives the same rates.
 */
final class TransformersCode {
    private static final Pattern NUMBER = Pattern.compile("(?<![\\w.])\\d[\\d_]*(\\.\\d+)?(e-?\\d+)?");
    private static final int MOST_NUMBERS = 8;
    private static final long MOST_STEPS = 20_000;
    private static final double TOLERANCE = 1e-12; // of the base

    /** A function of transformers, and its parameters after the optimizer. */
    private record Form(String function, List<Parameter> parameters) {
        Form(String function, Parameter... parameters) {
            this(function, List.of(parameters));
        }
    }

    /** A parameter, and what is tried as its value. */
    private record Parameter(String name, Values values) {}

    /** What may be the value of a parameter: of the schedule's numbers, and of the sums of two, those that fit. */
    private enum Values {
        /** Steps after which the rate is the base. */
        WARMUP,
        /** Steps after which the rate stays. */
        TRAINING,
        /** Steps. */
        STEPS,
        /** Any number. */
        NUMBER,
        /** The last rate. */
        LAST,
        /** The last rate, as part of the base. */
        LAST_PART,
        /** The name of a curve. */
        CURVE
    }

    private static final Parameter WARM = new Parameter("num_warmup_steps", Values.WARMUP);
    private static final Parameter TRAIN = new Parameter("num_training_steps", Values.TRAINING);

    private static final List<Form> FORMS = List.of(
            new Form("get_constant_schedule"),
            new Form("get_constant_schedule_with_warmup", WARM),
            new Form("get_linear_schedule_with_warmup", WARM, TRAIN),
            new Form("get_cosine_schedule_with_warmup", WARM, TRAIN),
            new Form("get_inverse_sqrt_schedule", WARM),
            new Form("get_inverse_sqrt_schedule", WARM, new Parameter("timescale", Values.STEPS)),
            new Form(
                    "get_cosine_with_hard_restarts_schedule_with_warmup",
                    WARM,
                    TRAIN,
                    new Parameter("num_cycles", Values.STEPS)),
            new Form("get_cosine_with_min_lr_schedule_with_warmup", WARM, TRAIN, new Parameter("min_lr", Values.LAST)),
            new Form("get_polynomial_decay_schedule_with_warmup", WARM, TRAIN, new Parameter("lr_end", Values.LAST)),
            new Form(
                    "get_polynomial_decay_schedule_with_warmup",
                    WARM,
                    TRAIN,
                    new Parameter("lr_end", Values.LAST),
                    new Parameter("power", Values.NUMBER)),
            new Form(
                    "get_wsd_schedule",
                    WARM,
                    new Parameter("num_decay_steps", Values.STEPS),
                    new Parameter("num_stable_steps", Values.STEPS),
                    new Parameter("warmup_type", Values.CURVE),
                    new Parameter("decay_type", Values.CURVE),
                    new Parameter("min_lr_ratio", Values.LAST_PART)));

    private TransformersCode() {}

    static String of(Policy policy, long lastEpoch, UpdateRule rule, List<UpdateRule> groups) {
        if (lastEpoch != -1) {
            throw new IllegalArgumentException("last_epoch must be -1 for transformers, but was " + lastEpoch);
        }
        String call;
        if (policy instanceof ReduceLROnPlateau) {
            call = policy.toString().replaceFirst("\\w+", "get_reduce_on_plateau_schedule");
        } else if (policy instanceof GreedyLR) {
            call = policy.toString().replaceFirst("\\w+", "get_greedy_schedule");
        } else if (policy instanceof Schedule schedule) {
            call = found(schedule, groups)
                    .orElseThrow(() -> new UnsupportedOperationException(
                            "transformers has no function with these rates; its Trainer also takes what is written for"
                                    + " PyTorch, with optimizers=(optimizer, scheduler)"));
        } else {
            throw new UnsupportedOperationException("PyTorch cannot run a plateau inside another scheduler");
        }
        int open = call.indexOf('(') + 1;
        String arguments = "optimizer" + (call.startsWith(")", open) ? "" : ", ") + call.substring(open);
        String function = call.substring(0, open - 1);
        return "import torch\nfrom transformers import " + function + "\n" + PyTorchCode.optimizer(rule, groups)
                + "scheduler = " + function + "(" + arguments + "\n";
    }

    /** Returns the call whose schedule has the rates of {@code schedule} for every group. */
    private static Optional<String> found(Schedule schedule, List<UpdateRule> groups) {
        Set<Long> steps = new LinkedHashSet<>(List.of(0L));
        Set<Double> numbers = new LinkedHashSet<>(List.of(0.5, 1.0, 2.0));
        for (MatchResult each : NUMBER.matcher(schedule.toString()).results().toList()) {
            double number = Python.parseFloat(each.group());
            numbers.add(number);
            if (number == Math.rint(number) && number > 0 && number < MOST_STEPS) {
                steps.add((long) number);
            }
        }
        double base = groups.get(0).lr();
        Tried tried = new Tried(
                schedule.forGroup(0, groups.size()),
                base,
                steps.stream().limit(MOST_NUMBERS).toList(),
                numbers.stream().limit(MOST_NUMBERS).toList());
        return FORMS.stream()
                .flatMap(tried::calls)
                .filter(call -> isSame(schedule, call, groups, tried.end()))
                .findFirst();
    }

    /** A schedule from {@code base}, with its numbers. */
    private record Tried(Schedule schedule, double base, List<Long> steps, List<Double> numbers) {
        /** Returns a step by which all has happened. */
        long end() {
            long longest = steps.stream().mapToLong(Long::longValue).max().orElse(0);
            return Math.min(Math.min(2 * longest + 2, MOST_STEPS), schedule.lastStep());
        }

        Stream<String> calls(Form form) {
            List<String> arguments = List.of("");
            for (Parameter parameter : form.parameters()) {
                List<String> longer = new ArrayList<>();
                for (String before : arguments) {
                    values(parameter.values())
                            .forEach(value -> longer.add(
                                    before + (before.isEmpty() ? "" : ", ") + parameter.name() + "=" + value));
                }
                arguments = longer;
            }
            return arguments.stream().map(each -> form.function() + "(" + each + ")");
        }

        private Stream<String> values(Values kind) {
            double last = schedule.at(end(), base);
            return switch (kind) {
                case WARMUP -> sums().filter(step -> isRate(step, base)).map(String::valueOf);
                case TRAINING ->
                    sums().filter(step -> isRate(step, last) && isRate(Math.min(step + 1, end()), last))
                            .map(String::valueOf);
                case STEPS -> steps.stream().map(String::valueOf);
                case NUMBER -> numbers.stream().map(Python::repr);
                case LAST -> Stream.of(Python.repr(last));
                case LAST_PART -> Stream.of(Python.repr(last / base));
                case CURVE -> Stream.of("'linear'", "'cosine'", "'1-sqrt'");
            };
        }

        private Stream<Long> sums() {
            return Stream.concat(
                            steps.stream(),
                            steps.stream().flatMap(one -> steps.stream().map(other -> one + other)))
                    .distinct()
                    .filter(step -> step <= end());
        }

        private boolean isRate(long step, double rate) {
            return Math.abs(schedule.at(step, base) - rate) <= TOLERANCE * base;
        }
    }

    private static boolean isSame(Schedule schedule, String call, List<UpdateRule> groups, long end) {
        Schedule other;
        try {
            other = Schedule.parse(call);
        } catch (IllegalArgumentException e) { // some numbers do not fit
            return false;
        }
        for (int i = 0; i < groups.size(); i++) {
            double base = groups.get(i).lr();
            Schedule own = schedule.forGroup(i, groups.size());
            for (long step = 0; step <= Math.min(end, own.lastStep()); step++) {
                if (!(Math.abs(own.at(step, base) - other.at(step, base)) <= TOLERANCE * base)) {
                    return false;
                }
            }
        }
        return true;
    }
}
