package org.anneal.optim;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.DoublePredicate;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.checkpoint.PythonReference;
import org.anneal.schedule.CyclicLR;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Python;
import org.anneal.schedule.ScheduleSyntaxException;

/**
 * The schedule that PyTorch's {@code scheduler.state_dict()} is of. The dict does not name it, but each kind has entries of
 * its own, and from these and the optimizer's groups all arguments follow, but for functions.
 *
 * @param text the constructor call without its optimizer; a name in capitals stands for what was not saved
 * @param gaps what each such name stands for, a clause each; empty if the text is the whole schedule
 */
public record SavedSchedule(String text, List<String> gaps) {
    /** What every scheduler keeps. */
    private static final Set<String> COMMON = Set.of(
            "base_lrs",
            "last_epoch",
            "verbose", // until PyTorch 2.6
            "_step_count",
            "_is_initial",
            "_get_lr_called_within_step",
            "_last_lr");

    private static final double CLOSE = 1e-6; // relative; a scale function of one's own is further away
    private static final int MOST_MILESTONES = 100_000;
    private static final int DIGITS = 17; // of which a double has no more

    /** A kind's entries. A dict with others is of a class that PyTorch does not have. */
    private enum Kind {
        SequentialLR("_milestones _schedulers", ""),
        ChainedScheduler("_schedulers", ""),
        StepLR("step_size gamma", ""),
        MultiStepLR("milestones gamma", ""),
        ExponentialLR("gamma", ""),
        LambdaLR("lr_lambdas", ""),
        ConstantLR("factor total_iters", ""),
        LinearLR("start_factor end_factor total_iters", ""),
        PolynomialLR("total_iters power", ""),
        CosineAnnealingLR("T_max eta_min", ""),
        CosineAnnealingWarmRestarts("T_0 T_mult eta_min", "T_i T_cur"),
        CyclicLR(
                "max_lrs total_size step_ratio mode gamma scale_mode cycle_momentum",
                "base_momentums max_momentums scale_fn use_beta1 _scale_fn_custom _scale_fn_ref"),
        OneCycleLR("total_steps _schedule_phases cycle_momentum", "use_beta1 _anneal_func_type anneal_func"),
        SWALR("anneal_epochs", "_anneal_strategy anneal_func"),
        ReduceLROnPlateau(
                "mode factor patience threshold threshold_mode cooldown min_lrs eps",
                "default_min_lr best num_bad_epochs cooldown_counter mode_worse");

        private final String needed;
        private final String more;

        Kind(String needed, String more) {
            this.needed = needed;
            this.more = more;
        }

        List<String> needed() {
            return List.of(needed.split(" ", -1));
        }

        boolean has(Set<?> keys) {
            Set<String> known = new HashSet<>(COMMON);
            known.addAll(needed());
            known.addAll(List.of(more.split(" ", -1)));
            return keys.containsAll(needed()) && known.containsAll(keys);
        }
    }

    public SavedSchedule {
        Objects.requireNonNull(text, "text");
        gaps = Check.list("gaps", gaps);
    }

    /**
     * Reads which schedule a state is of. Where several have the same rates, as with milestones in another order, it is one of
     * them. A CyclicLR's {@code scale_fn} that is a plain function leaves nothing in the state but the rate: it is known of
     * as soon as that is not the rate of the mode.
     *
     * @param state {@code scheduler.state_dict()}, of PyTorch 1.8 or later
     * @param groups {@code optimizer.state_dict()["param_groups"]}, in which OneCycleLR and SWALR keep their rates; they may
     *     be missing
     * @throws IllegalArgumentException if it is of none of PyTorch's schedulers, or is damaged
     */
    public static SavedSchedule of(Map<?, ?> state, List<? extends Map<?, ?>> groups) {
        Reader reader = new Reader(Objects.requireNonNull(state, "state"), Check.list("groups", groups));
        String text = reader.text();
        if (reader.gaps.isEmpty() && text.startsWith("CyclicLR") && !reader.goesAs(text)) {
            text = reader.withScaleFn(text);
        }
        return new SavedSchedule(text, reader.gaps);
    }

    /** {@return whether {@code dict} has entries that all of PyTorch's schedulers have, and is no optimizer's state} */
    public static boolean looksLike(Map<?, ?> dict) {
        return !Objects.requireNonNull(dict, "dict").containsKey("param_groups")
                && Stream.of("_last_lr", "last_epoch", "_step_count", "_schedulers", "num_bad_epochs")
                                .filter(dict::containsKey)
                                .count()
                        >= 2;
    }

    /** {@return how often the scheduler of {@code state} was stepped, if the state says it} */
    public static Optional<Long> steps(Map<?, ?> state) {
        Object counted = Objects.requireNonNull(state, "state").get("last_epoch");
        if (counted == null && state.get("_schedulers") instanceof List<?> members && !members.isEmpty()) {
            return members.get(0) instanceof Map<?, ?> member ? steps(member) : Optional.empty();
        }
        return counted instanceof Number steps && steps.doubleValue() >= 0
                ? Optional.of(steps.longValue())
                : Optional.empty();
    }

    /** Refuses a state that says it is of another schedule. */
    void check(Map<?, ?> state, List<? extends Map<?, ?>> groups) {
        SavedSchedule other = of(state, groups);
        if (gaps.isEmpty() && other.gaps.isEmpty() && !text.equals(other.text)) {
            throw new IllegalArgumentException("it is not " + text);
        }
    }

    /**
     * {@return the schedule}
     *
     * @throws IllegalArgumentException if something of it is missing
     */
    Policy whole() {
        return policy().orElseThrow(() ->
                new IllegalArgumentException("the state must say all of the schedule, but it is " + this));
    }

    /** {@return the schedule, if nothing of it is missing} */
    public Optional<Policy> policy() {
        return gaps.isEmpty() ? Optional.of(Policy.parse(text)) : Optional.empty();
    }

    @Override
    public String toString() {
        return text + (gaps.isEmpty() ? "" : ", where " + String.join(", and ", gaps));
    }

    /** Reads one scheduler's state, and its members' by readers of their own. */
    private static final class Reader {
        final Map<?, ?> state;
        final List<? extends Map<?, ?>> groups;
        final List<String> gaps = new ArrayList<>();
        private final Map<String, String> arguments = new LinkedHashMap<>();

        Reader(Map<?, ?> state, List<? extends Map<?, ?>> groups) {
            this.state = state;
            this.groups = groups;
        }

        String text() {
            Kind kind = Stream.of(Kind.values())
                    .filter(each -> each.has(state.keySet()))
                    .findFirst()
                    .orElseThrow(this::unknown);
            switch (kind) {
                case SequentialLR, ChainedScheduler -> members();
                case LambdaLR -> {
                    arguments.put("lr_lambda", "LAMBDA");
                    gap("LAMBDA is the run's function, which PyTorch does not save, nor whether it was a"
                            + " MultiplicativeLR's");
                }
                case MultiStepLR -> milestones();
                case CyclicLR -> cyclic();
                case OneCycleLR -> oneCycle();
                case SWALR -> swa();
                case ReduceLROnPlateau -> {
                    arguments.put("min_lr", Python.repr(same(numbers(state, "min_lrs"))));
                    kind.needed().stream().filter(key -> !key.equals("min_lrs")).forEach(this::take);
                }
                default -> kind.needed().forEach(this::take);
            }
            if (state.get("_milestones") instanceof List<?> milestones) {
                arguments.put("milestones", Python.repr(milestones));
            }
            return text(kind.name());
        }

        /** {@return the call: as a schedule prints it, if it is whole} */
        private String text(String name) {
            String text = arguments.entrySet().stream()
                    .map(each -> (each.getKey().equals("schedulers") ? "" : each.getKey() + "=") + each.getValue())
                    .collect(Collectors.joining(", ", name + "(", ")"));
            try {
                return gaps.isEmpty() ? Policy.parse(text).toString() : text;
            } catch (ScheduleSyntaxException e) { // whose place is in a text that nobody wrote
                throw new IllegalArgumentException(
                        String.valueOf(e.getMessage()).replaceFirst("^column \\d+: ", ""), e);
            }
        }

        private void gap(String clause) {
            if (!gaps.contains(clause)) {
                gaps.add(clause);
            }
        }

        private IllegalArgumentException unknown() {
            return new IllegalArgumentException("it has "
                    + state.keySet().stream()
                            .filter(key -> !COMMON.contains(key))
                            .map(PyTorchState::shown)
                            .collect(Collectors.joining(", "))
                    + ", as none of PyTorch's schedulers has");
        }

        private void take(String key) {
            arguments.put(key, PyTorchState.shown(value(state, key)));
        }

        private void members() {
            if (!(state.get("_schedulers") instanceof List<?> given) || given.isEmpty()) {
                throw wrong("_schedulers", "a list of dicts, one per scheduler", state);
            }
            List<String> texts = new ArrayList<>();
            for (Object each : given) {
                if (!(each instanceof Map<?, ?> dict)) {
                    throw wrong("_schedulers", "a list of dicts, one per scheduler", state);
                }
                Reader member = new Reader(dict, groups);
                texts.add(member.text());
                member.gaps.forEach(this::gap);
            }
            arguments.put("schedulers", texts.stream().collect(Collectors.joining(", ", "[", "]")));
        }

        /** A Counter of them, or until PyTorch 1.3 a list. */
        private void milestones() {
            take("gamma");
            Object given = value(state, "milestones");
            List<Object> all = new ArrayList<>();
            if (given instanceof Map<?, ?> counter) {
                for (Map.Entry<?, ?> each : counter.entrySet()) {
                    if (!(each.getValue() instanceof Number times)
                            || !(times.doubleValue() >= 1 && times.doubleValue() <= MOST_MILESTONES - all.size())) {
                        throw wrong("milestones", "a Counter of at most " + MOST_MILESTONES, state);
                    }
                    all.addAll(Collections.nCopies(times.intValue(), each.getKey()));
                }
            } else if (given instanceof List<?> list) {
                all.addAll(list);
            } else {
                throw wrong("milestones", "a Counter or a list", state);
            }
            arguments.put("milestones", PyTorchState.shown(all));
        }

        private void cyclic() {
            arguments.put("base_lr", Python.repr(same(numbers(state, "base_lrs"))));
            arguments.put("max_lr", Python.repr(same(numbers(state, "max_lrs"))));
            double total = number(state, "total_size");
            double ratio = number(state, "step_ratio");
            List<Double> sizes = decimals(ratio * total)
                    .filter(up -> up / total == ratio)
                    .boxed()
                    .flatMap(up -> decimal(total - up, down -> up + down == total).stream()
                            .mapToObj(down -> List.of(up, down)))
                    .findFirst()
                    .orElseThrow(() -> wrong("total_size", "a sum of two step sizes of this step_ratio", state));
            arguments.put("step_size_up", Python.repr(sizes.get(0)));
            arguments.put("step_size_down", Python.repr(sizes.get(1)));
            Object mode = value(state, "mode");
            String byMode = mode.equals("exp_range") ? "iterations" : "cycle";
            boolean known = Stream.of(CyclicLR.Mode.values())
                    .anyMatch(each -> PyTorchState.text(each).equals(mode));
            boolean own = !known
                    || state.get("_scale_fn_custom") instanceof Map<?, ?>
                    || !byMode.equals(state.get("scale_mode"));
            if (own) {
                scaleFn();
            } else {
                take("mode");
                take("gamma");
            }
            if (takeTruth("cycle_momentum")) {
                arguments.put("base_momentum", Python.repr(same(numbers(state, "base_momentums"))));
                arguments.put("max_momentum", Python.repr(same(numbers(state, "max_momentums"))));
            }
        }

        private void scaleFn() {
            arguments.put("scale_fn", "SCALE_FN");
            arguments.put("scale_mode", PyTorchState.shown(value(state, "scale_mode")));
            gap("SCALE_FN is the run's function, which PyTorch does not save");
        }

        /** A plain function leaves no trace in the state but the rates. */
        boolean goesAs(String text) {
            Optional<Long> step = steps(state);
            if (step.isEmpty() || !state.containsKey("_last_lr")) {
                return true;
            }
            List<Double> rates = numbers(state, "_last_lr");
            CyclicLR schedule = (CyclicLR) Policy.parse(text);
            return IntStream.range(0, rates.size()).allMatch(i -> {
                double expected = schedule.forGroup(i, rates.size()).next(step.get(), 0, 0);
                return Math.abs(expected - rates.get(i)) <= CLOSE * Math.abs(expected);
            });
        }

        String withScaleFn(String text) {
            arguments.remove("mode");
            arguments.remove("gamma");
            scaleFn();
            return text(text.substring(0, text.indexOf('(')));
        }

        private void oneCycle() {
            double total = number(state, "total_steps");
            boolean momentum = Boolean.TRUE.equals(value(state, "cycle_momentum"));
            List<String> inGroups = momentum
                    ? List.of("max_lr", "min_lr", "max_momentum", "base_momentum")
                    : List.of("max_lr", "min_lr");
            List<Double> initial = numbers(state, "base_lrs");
            if (inGroups(inGroups) && initial.equals(all("initial_lr").orElse(initial))) {
                List<Double> max = all("max_lr").orElseThrow();
                List<Double> last = all("min_lr").orElseThrow();
                arguments.put("max_lr", Python.repr(same(max)));
                divisor("div_factor", 25, max, initial);
                divisor("final_div_factor", 1e4, initial, last);
                if (momentum) {
                    arguments.put(
                            "base_momentum",
                            Python.repr(same(all("base_momentum").orElseThrow())));
                    arguments.put(
                            "max_momentum", Python.repr(same(all("max_momentum").orElseThrow())));
                }
            } else {
                arguments.put("max_lr", "MAX_LR");
                gap("MAX_LR is the run's, which it kept, like the factors and momenta, in the optimizer's groups");
            }
            take("total_steps");
            List<Double> ends = ends();
            boolean three = ends.size() == 3;
            double pct = decimal(
                            (ends.get(0) + 1) / total,
                            part -> part * total - 1 == ends.get(0) && (!three || 2 * part * total - 2 == ends.get(1)))
                    .orElseThrow(() -> wrong("_schedule_phases", "those of a pct_start", state));
            arguments.put("pct_start", Python.repr(pct));
            arguments.put("anneal_strategy", Python.repr(strategy("_anneal_func_type")));
            takeTruth("cycle_momentum");
            arguments.put("three_phase", Python.repr(three));
        }

        private List<Double> ends() {
            List<Double> ends = new ArrayList<>();
            if (value(state, "_schedule_phases") instanceof List<?> phases
                    && (phases.size() == 2 || phases.size() == 3)) {
                for (Object phase : phases) {
                    ends.add(phase instanceof Map<?, ?> dict ? number(dict, "end_step") : Double.NaN);
                }
                return ends;
            }
            throw wrong("_schedule_phases", "a list of 2 or 3 phases", state);
        }

        /** Adds the factor that each of {@code wholes} was divided by to give {@code parts}. */
        private void divisor(String name, double usual, List<Double> wholes, List<Double> parts) {
            double near = IntStream.range(0, parts.size())
                    .filter(i -> parts.get(i) != 0)
                    .mapToDouble(i -> wholes.get(i) / parts.get(i))
                    .findFirst()
                    .orElse(usual);
            DoublePredicate fits =
                    factor -> IntStream.range(0, parts.size()).allMatch(i -> wholes.get(i) / factor == parts.get(i));
            double factor = fits.test(usual)
                    ? usual
                    : decimal(near, fits)
                            .orElseThrow(() -> new IllegalArgumentException(
                                    name + " must be one for all groups, but there is none that makes " + parts + " of "
                                            + wholes));
            arguments.put(name, Python.repr(factor));
        }

        private void swa() {
            if (inGroups(List.of("swa_lr"))) {
                arguments.put("swa_lr", Python.repr(same(all("swa_lr").orElseThrow())));
            } else {
                arguments.put("swa_lr", "SWA_LR");
                gap("SWA_LR is the run's, which it kept in the optimizer's groups");
            }
            take("anneal_epochs");
            arguments.put("anneal_strategy", Python.repr(strategy("_anneal_strategy")));
        }

        /** By its name, or in older versions by the name of the function. */
        private String strategy(String key) {
            if (value(state, key) instanceof String name) {
                return name;
            }
            return state.get("anneal_func") instanceof PythonReference function
                            && function.name().contains("linear")
                    ? "linear"
                    : "cos";
        }

        private boolean inGroups(List<String> keys) {
            return keys.stream().allMatch(key -> all(key).isPresent());
        }

        /** {@return an entry of all the groups} */
        private Optional<List<Double>> all(String key) {
            int count = numbers(state, "base_lrs").size();
            return groups.size() == count && groups.stream().allMatch(group -> group.containsKey(key))
                    ? Optional.of(
                            groups.stream().map(group -> number(group, key)).toList())
                    : Optional.empty();
        }

        private boolean takeTruth(String key) {
            Object value = value(state, key);
            if (!(value instanceof Boolean truth)) {
                throw wrong(key, "True or False", state);
            }
            take(key);
            return truth;
        }

        private static Object same(List<Double> perGroup) {
            return perGroup.stream().distinct().count() == 1 ? perGroup.get(0) : perGroup;
        }
    }

    private static Object value(Map<?, ?> dict, String key) {
        return Optional.<Object>ofNullable(dict.get(key)).map(SavedGroup::plain).orElse(Optional.empty());
    }

    private static double number(Map<?, ?> dict, String key) {
        if (value(dict, key) instanceof Number number && Double.isFinite(number.doubleValue())) {
            return number.doubleValue();
        }
        throw wrong(key, "a finite number", dict);
    }

    private static List<Double> numbers(Map<?, ?> dict, String key) {
        if (value(dict, key) instanceof List<?> list
                && !list.isEmpty()
                && list.stream()
                        .allMatch(each -> each instanceof Number number && Double.isFinite(number.doubleValue()))) {
            return list.stream().map(each -> ((Number) each).doubleValue()).toList();
        }
        throw wrong(key, "a list of finite numbers, one per group", dict);
    }

    private static IllegalArgumentException wrong(String key, String rule, Map<?, ?> dict) {
        return new IllegalArgumentException(
                key + " must be " + rule + ", but was " + SavedGroup.shown(value(dict, key)));
    }

    /** {@return the shortest decimal near {@code value} that {@code fits}} */
    private static OptionalDouble decimal(double value, DoublePredicate fits) {
        return decimals(value).filter(fits).findFirst();
    }

    /** {@return {@code value} to ever more digits, as a person may have written it, and then its neighbours} */
    private static DoubleStream decimals(double value) {
        if (!Double.isFinite(value)) {
            return DoubleStream.empty();
        }
        BigDecimal exact = new BigDecimal(value);
        return DoubleStream.concat(
                IntStream.rangeClosed(1, DIGITS)
                        .mapToDouble(digits -> exact.round(new MathContext(digits, RoundingMode.HALF_EVEN))
                                .doubleValue()),
                IntStream.rangeClosed(1, 4).boxed().flatMapToDouble(n -> {
                    double ulps = n * Math.ulp(value);
                    return DoubleStream.of(value - ulps, value + ulps);
                }));
    }
}
