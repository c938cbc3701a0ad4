package org.anneal.schedule;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
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
import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.Python;
import org.anneal.text.PythonSyntaxException;

/**
 * The constructor call behind PyTorch's {@code scheduler.state_dict()}. The dict does not name the class, but each class has
 * its own entries. From these and the optimizer's param groups follow all arguments except functions.
 */
public final class SavedCall {
    /** What every scheduler saves. */
    private static final Set<String> COMMON = Set.of(
            "base_lrs",
            "last_epoch",
            "verbose", // until PyTorch 2.6
            "_step_count",
            "_is_initial",
            "_get_lr_called_within_step",
            "_last_lr");

    private static final int DIGITS = 17; // the most a double needs

    private final Map<?, ?> state;
    private final List<? extends Map<?, ?>> groups;
    private final List<String> gaps = new ArrayList<>();
    private final Map<String, String> arguments = new LinkedHashMap<>();
    private final String text;

    /**
     * Reads a state dict; None is an empty {@link Optional} in it.
     *
     * @param groups the optimizer's param groups, or none
     * @throws IllegalArgumentException if none of PyTorch's schedulers saves such a dict, or an entry is damaged
     */
    public SavedCall(Map<?, ?> state, List<? extends Map<?, ?>> groups) {
        this.state = Objects.requireNonNull(state, "state");
        this.groups = Check.list("groups", groups);
        Kind<?> kind = Policy.kinds().stream().filter(this::isOf).findFirst().orElseThrow(this::unknown);
        StateForm.of(kind).read(this);
        text = text(kind.name());
    }

    private boolean isOf(Kind<?> kind) {
        StateForm<?> form = StateForm.of(kind);
        Set<String> known = new HashSet<>(COMMON);
        known.addAll(form.needed());
        known.addAll(form.more());
        return state.keySet().containsAll(form.needed()) && known.containsAll(state.keySet());
    }

    private IllegalArgumentException unknown() {
        return new IllegalArgumentException("it has "
                + state.keySet().stream()
                        .filter(key -> !COMMON.contains(key))
                        .map(Python::shown)
                        .collect(Collectors.joining(", "))
                + ", as none of PyTorch's schedulers has");
    }

    /** {@return the call, with a name in capitals for each argument that was not saved} */
    public String text() {
        return text;
    }

    /** {@return what each such name stands for, one clause per name} */
    public List<String> gaps() {
        return List.copyOf(gaps);
    }

    /** {@return how many steps the scheduler of {@code state} has taken, if the state says so} */
    public static Optional<Long> steps(Map<?, ?> state) {
        Object counted = Objects.requireNonNull(state, "state").get("last_epoch");
        if (counted == null && state.get("_schedulers") instanceof List<?> members && !members.isEmpty()) {
            return members.get(0) instanceof Map<?, ?> member ? steps(member) : Optional.empty();
        }
        return counted instanceof Number steps && steps.doubleValue() >= 0
                ? Optional.of(steps.longValue())
                : Optional.empty();
    }

    /** {@return the call with the arguments so far, printed as a schedule if none is missing} */
    String text(String name) {
        String call = arguments.entrySet().stream()
                .map(each -> (each.getKey().equals("schedulers") ? "" : each.getKey() + "=") + each.getValue())
                .collect(Collectors.joining(", ", name + "(", ")"));
        try {
            return gaps.isEmpty() ? Policy.parse(call).toString() : call;
        } catch (PythonSyntaxException e) { // its column is of a text that the user never saw
            throw new IllegalArgumentException(String.valueOf(e.getMessage()).replaceFirst("^column \\d+: ", ""), e);
        }
    }

    Map<?, ?> state() {
        return state;
    }

    /** Adds an argument. */
    void argument(String name, Object value) {
        arguments.put(name, Python.shown(value));
    }

    /** Adds an argument that the state has under the same name. */
    public void take(String key) {
        argument(key, value(key));
    }

    /** Removes arguments. */
    void drop(String... names) {
        arguments.keySet().removeAll(List.of(names));
    }

    /** Adds an argument that the state has under the same name, and {@return it}. */
    boolean truth(String key) {
        if (!(value(key) instanceof Boolean truth)) {
            throw wrong(key, "True or False");
        }
        take(key);
        return truth;
    }

    /** Adds an argument with one value per group, or a single one if all are equal. */
    void perGroup(String name, List<Double> values) {
        argument(name, values.stream().distinct().count() == 1 ? values.get(0) : values);
    }

    /** Adds a name in capitals for an argument that was not saved. */
    void gap(String name, String placeholder, String clause) {
        arguments.put(name, placeholder);
        gap(clause);
    }

    private void gap(String clause) {
        if (!gaps.contains(clause)) {
            gaps.add(clause);
        }
    }

    /** Adds the members' calls. */
    void members() {
        if (!(state.get("_schedulers") instanceof List<?> given) || given.isEmpty()) {
            throw wrong("_schedulers", "a list of dicts, one per scheduler");
        }
        List<String> texts = new ArrayList<>();
        for (Object each : given) {
            if (!(each instanceof Map<?, ?> dict)) {
                throw wrong("_schedulers", "a list of dicts, one per scheduler");
            }
            SavedCall member = new SavedCall(dict, groups);
            texts.add(member.text);
            member.gaps.forEach(this::gap);
        }
        arguments.put("schedulers", texts.toString());
    }

    /** Adds {@code anneal_strategy}, which older versions save as a function. */
    void strategy(String key) {
        Object name = value(key) instanceof String saved
                ? saved
                : value("anneal_func").toString().contains("linear") ? "linear" : "cos";
        argument("anneal_strategy", name);
    }

    /** {@return whether every group has all these entries} */
    boolean inGroups(String... keys) {
        return groups.size() == numbers("base_lrs").size()
                && groups.stream().allMatch(group -> group.keySet().containsAll(List.of(keys)));
    }

    /** {@return an entry of each group} */
    List<Double> groups(String key) {
        return groups.stream().map(group -> number(group, key)).toList();
    }

    /** {@return an entry, or None if there is none} */
    Object value(String key) {
        return value(state, key);
    }

    private static Object value(Map<?, ?> dict, String key) {
        return Optional.<Object>ofNullable(dict.get(key)).orElse(Optional.empty());
    }

    double number(String key) {
        return number(state, key);
    }

    static double number(Map<?, ?> dict, String key) {
        if (value(dict, key) instanceof Number number && Double.isFinite(number.doubleValue())) {
            return number.doubleValue();
        }
        throw wrong(dict, key, "a finite number");
    }

    /** {@return an entry with one number per group} */
    List<Double> numbers(String key) {
        if (value(key) instanceof List<?> list
                && !list.isEmpty()
                && list.stream()
                        .allMatch(each -> each instanceof Number number && Double.isFinite(number.doubleValue()))) {
            return list.stream().map(each -> ((Number) each).doubleValue()).toList();
        }
        throw wrong(key, "a list of finite numbers, one per group");
    }

    IllegalArgumentException wrong(String key, String rule) {
        return wrong(state, key, rule);
    }

    private static IllegalArgumentException wrong(Map<?, ?> dict, String key, String rule) {
        return new IllegalArgumentException(key + " must be " + rule + ", but was " + Python.shown(value(dict, key)));
    }

    /** {@return the shortest decimal near {@code value} that {@code fits}} */
    static OptionalDouble decimal(double value, DoublePredicate fits) {
        return decimals(value).filter(fits).findFirst();
    }

    /** {@return {@code value} rounded to more and more digits, as a person may have written it, then its neighbours} */
    static DoubleStream decimals(double value) {
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
