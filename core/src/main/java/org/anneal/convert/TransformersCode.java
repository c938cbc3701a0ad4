package org.anneal.convert;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.GreedyLR;
import org.anneal.schedule.Policy;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.Schedule;
import org.anneal.text.Python;

/**
 * Writes policies for transformers. After {@code num_training_steps}, where a run ends, its cosines rise again. A schedule may be composed in many ways, so its function is found by its rates: each function
 * is tried with the numbers that the schedule has, until one gives the same rates.
 */
final class TransformersCode {
    private static final Pattern NUMBER = Pattern.compile("(?<![\\w.])\\d[\\d_]*(\\.\\d+)?(e-?\\d+)?");
    private static final int MOST_NUMBERS = 8;
    private static final long MOST_STEPS = 1L << 32; // of a training
    private static final long DENSE = 2_000; // steps that are all compared; further on, about every 500th part
    private static final long SPARSE = 500;
    private static final double TOLERANCE = 1e-12; // of the base

    /** A function of transformers, and its parameters after the optimizer. */
    private record Form(String function, List<Parameter> parameters) {
        Form(String function, Parameter... parameters) {
            this(function, List.of(parameters));
        }
    }

    /** A parameter, and what is tried as its value. */
    private record Parameter(String name, Values values) {}

    /** What may be the value of a parameter: of the schedule's numbers, of sums and products of two, those that fit. */
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
        /** The last rate, if it is one of the numbers. */
        OWN_LAST,
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
            new Form(
                    "get_cosine_with_min_lr_schedule_with_warmup",
                    WARM,
                    TRAIN,
                    new Parameter("min_lr", Values.OWN_LAST)),
            new Form(
                    "get_cosine_with_min_lr_schedule_with_warmup",
                    WARM,
                    TRAIN,
                    new Parameter("min_lr_rate", Values.LAST_PART)),
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
        for (int i = 0; i < groups.size(); i++) {
            // What has none is computed step by step, and too far.
            schedule.forGroup(i, groups.size()).formula(groups.get(i).lr());
        }
        List<Tried> tried = IntStream.range(0, groups.size())
                .mapToObj(i -> new Tried(
                        schedule.forGroup(i, groups.size()),
                        groups.get(i).lr(),
                        steps.stream().limit(MOST_NUMBERS).toList(),
                        numbers.stream().limit(MOST_NUMBERS).toList()))
                .toList();
        return FORMS.stream()
                .flatMap(tried.get(0)::calls)
                .filter(call -> read(call)
                        .filter(other -> tried.stream().allMatch(each -> each.isLike(other)))
                        .isPresent())
                .findFirst();
    }

    private static Optional<Schedule> read(String call) {
        try {
            return Optional.of(Schedule.parse(call));
        } catch (IllegalArgumentException e) { // its numbers do not fit
            return Optional.empty();
        }
    }

    /** A schedule from {@code base}, with its numbers. */
    private record Tried(Schedule schedule, double base, List<Long> steps, List<Double> numbers) {
        /** Returns a step by which all has happened. */
        long end() {
            return Math.min(MOST_STEPS, schedule.lastStep());
        }

        /** Returns whether another schedule has the same rates, where something may happen and in between. */
        boolean isLike(Schedule other) {
            LongStream about =
                    sums().mapToLong(step -> step).flatMap(step -> LongStream.rangeClosed(step - 1, step + 1));
            LongStream between =
                    LongStream.iterate(0, step -> step <= end(), step -> step + 1 + (step < DENSE ? 0 : step / SPARSE));
            return LongStream.concat(about, between)
                    .filter(step -> step >= 0 && step <= end())
                    .allMatch(step -> isRate(step, other.at(step, base)));
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
            double last = rate(end());
            return switch (kind) {
                case WARMUP -> sums().filter(step -> isRate(step, base)).map(String::valueOf);
                case TRAINING ->
                    sums().filter(step -> isRate(step, last) && isRate(Math.min(step + 1, end()), last))
                            .map(String::valueOf);
                case STEPS -> steps.stream().map(String::valueOf);
                case NUMBER -> numbers.stream().map(Python::repr);
                case LAST -> Stream.of(written(last));
                case OWN_LAST ->
                    numbers.stream().filter(number -> isRate(end(), number)).map(Python::repr);
                case LAST_PART -> Stream.of(written(last / base));
                case CURVE -> Stream.of("'linear'", "'cosine'", "'1-sqrt'");
            };
        }

        /** Returns a number as the schedule's text has it, which a computation may have rounded. */
        private String written(double value) {
            return Python.repr(numbers.stream()
                    .filter(number -> Math.abs(number - value) <= TOLERANCE * number)
                    .findFirst()
                    .orElse(value));
        }

        private Stream<Long> sums() {
            Stream<Long> products = steps.stream().flatMap(one -> steps.stream().map(other -> one * other));
            List<Long> parts =
                    Stream.concat(steps.stream(), products).distinct().sorted().toList();
            Stream<Long> sums = steps.stream().flatMap(one -> parts.stream().map(other -> one + other));
            return Stream.concat(steps.stream(), sums).distinct().filter(step -> step <= end());
        }

        /** Returns the rate, or NaN where a lambda fails, as one may so far on. */
        private double rate(long step) {
            try {
                return schedule.at(step, base);
            } catch (ArithmeticException e) {
                return Double.NaN;
            }
        }

        private boolean isRate(long step, double rate) {
            return Math.abs(rate(step) - rate) <= TOLERANCE * base;
        }
    }
}
