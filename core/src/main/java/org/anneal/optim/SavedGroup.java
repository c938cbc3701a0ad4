package org.anneal.optim;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.checkpoint.TensorData;
import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.Python;
import org.anneal.text.PythonSyntaxException;

/**
 * A group of a state dict, checked against the group that it is loaded into, so that loading cannot fail any more.
 *
 * @param rule with the options of the dict
 * @param lr any finite number
 * @param initialLr the base of schedules, if the dict has one
 * @param bases those of schedules of other numbers
 * @param params the parameters' numbers or names in the dict
 * @param numbers what the rule keeps per group, as far as the dict has it
 * @param training whether the weights that belong to the dict are those that are trained, and not those to evaluate
 */
record SavedGroup(
        UpdateRule rule,
        double lr,
        OptionalDouble initialLr,
        Map<String, Double> bases,
        List<Object> params,
        Map<String, Object> numbers,
        boolean training) {

    /** An entry of a group: whether the weights are those that are trained; the name is the one of the schedulefree package. */
    static final String TRAIN_MODE = "train_mode";

    /** An entry of a group: the base of schedules, if a schedule uses {@code initial_lr} for something else. */
    static final String OWN_BASE = "anneal_initial_lr";

    /** An entry of a group: the bases of schedules of other numbers than the rate, by name. */
    static final String OTHER_BASES = "anneal_bases";

    /** An option that D-Adaptation's groups in Python lack, since they have the estimate that it started. */
    private static final String FIRST_ESTIMATE = "d0";

    /** Every rule of some kinds, which takes some parsing: a state is compared with all of them. */
    private record Known(List<Kind<?>> kinds, List<UpdateRule> rules) {}

    private static volatile Known known = new Known(List.of(), List.of());

    /** {@return every rule, ours and users' own, with the options that give it the most slots} */
    static List<UpdateRule> rules() {
        List<Kind<?>> kinds = UpdateRule.kinds();
        Known now = known;
        if (!now.kinds.equals(kinds)) {
            now = new Known(
                    kinds,
                    kinds.stream()
                            .flatMap(kind -> changed(kind.name(), Map.of("lr", 1e-3)).stream())
                            .map(SavedGroup::withAllSlots)
                            .toList());
            known = now;
        }
        return now.rules;
    }

    /** {@return {@code rule} with the options that add slots switched on} */
    private static UpdateRule withAllSlots(UpdateRule rule) {
        UpdateRule full = rule;
        for (String option : rule.options().keySet()) {
            Map<String, Object> options = full.options();
            options.put(option, options.get(option) instanceof Boolean ? (Object) true : (Object) 0.5);
            UpdateRule now = full;
            full = changed(rule.kind().name(), options)
                    .filter(more -> slots(more).count() > slots(now).count())
                    .orElse(full);
        }
        return full;
    }

    /** {@return the rule with these options, empty if it refuses them} */
    private static Optional<UpdateRule> changed(String name, Map<String, Object> options) {
        try {
            return Optional.of(UpdateRule.parse(text(name, options)));
        } catch (PythonSyntaxException refused) {
            return Optional.empty();
        }
    }

    private static String text(String name, Map<String, Object> options) {
        return options.entrySet().stream()
                .map(option -> option.getKey() + "="
                        + (option.getValue().equals(Double.POSITIVE_INFINITY)
                                ? "math.inf"
                                : Python.repr(option.getValue())))
                .collect(Collectors.joining(", ", name + "(", ")"));
    }

    /**
     * Reads the options that {@code group} continues with.
     *
     * @throws IllegalArgumentException if one is missing or out of range, or if they belong to another rule
     */
    static SavedGroup of(ParamGroup<?> group, Map<?, ?> given, List<?> params) {
        Map<String, Object> options = options(given);
        UpdateRule rule = group.ruleWithStaleLr();
        checkOptions(rule, options.keySet());
        List<String> missing = Stream.concat(
                        needed(rule).stream(),
                        rule.groupSlots().stream()
                                .filter(slot -> !slot.optional())
                                .map(GroupSlot::name))
                .filter(key -> !options.containsKey(key))
                .toList();
        if (!missing.isEmpty()) {
            throw new IllegalArgumentException(
                    "the group must have " + String.join(", ", missing) + ", but has only " + options.keySet());
        }
        double lr = number("lr", options);
        // OWN_BASE overrides initial_lr.
        OptionalDouble initialLr = Stream.of("initial_lr", OWN_BASE)
                .filter(options::containsKey)
                .mapToDouble(key -> number(key, options))
                .reduce((first, last) -> last);
        // A schedule may have set a rate below 0, which a rule refuses.
        options.put("lr", Math.max(0, lr));
        UpdateRule restored = restored(rule, options);
        boolean training = !restored.hasEvalWeights() || !Boolean.FALSE.equals(options.get(TRAIN_MODE));
        return new SavedGroup(
                restored, lr, initialLr, bases(group, options), names(params), numbers(restored, options), training);
    }

    private static Map<String, Double> bases(ParamGroup<?> group, Map<String, Object> options) {
        Map<String, Object> given = options.get(OTHER_BASES) instanceof Map<?, ?> bases ? options(bases) : Map.of();
        Map<String, Double> bases = new LinkedHashMap<>();
        group.numbers().stream().filter(given::containsKey).forEach(name -> bases.put(name, number(name, given)));
        return bases;
    }

    private static Map<String, Object> numbers(UpdateRule rule, Map<String, Object> options) {
        Map<String, Object> numbers = new LinkedHashMap<>();
        rule.groupSlots().stream()
                .filter(slot -> options.containsKey(slot.name()))
                .forEach(slot ->
                        numbers.put(slot.name(), slot.read(none(options.getOrDefault(slot.name(), Optional.empty())))));
        return numbers;
    }

    /** {@return what {@link UpdateRule#ofGroup} does} */
    static Optional<UpdateRule> rule(Map<?, ?> given) {
        Map<String, Object> options = options(given);
        boolean decoupled = Boolean.TRUE.equals(options.get("decoupled_weight_decay"));
        return rules().stream()
                .filter(rule -> !rule.getClass()
                        .equals(decoupled ? Adam.class : AdamW.class)) // these two have the same options
                .filter(rule -> rule.options().keySet().stream()
                        .allMatch(key -> key.equals(FIRST_ESTIMATE) || options.containsKey(key)))
                .max(Comparator.comparingInt(rule -> rule.options().size()))
                .map(rule -> {
                    options.put("lr", number(options.containsKey("initial_lr") ? "initial_lr" : "lr", options));
                    return restored(rule, options);
                });
    }

    private static Map<String, Object> options(Map<?, ?> given) {
        Map<String, Object> options = new LinkedHashMap<>();
        given.forEach((key, value) -> options.put(String.valueOf(key), plain(value)));
        return options;
    }

    /** {@return {@code value} with each tensor of one element replaced by its number, as PyTorch reads it} */
    static Object plain(Object value) {
        if (value instanceof TensorData data && data.count() == 1) {
            return data.item();
        } else if (value instanceof Python.Tuple tuple) {
            return new Python.Tuple(
                    tuple.items().stream().map(SavedGroup::plain).toList());
        } else if (value instanceof List<?> list) {
            return list.stream().map(each -> plain(none(each))).toList();
        } else if (value instanceof Map<?, ?> map) {
            return plain(map);
        }
        return none(value);
    }

    static Map<Object, Object> plain(Map<?, ?> dict) {
        Map<Object, Object> plain = new LinkedHashMap<>();
        dict.forEach((key, value) -> plain.put(plain(none(key)), plain(none(value))));
        return plain;
    }

    /** {@return {@code value}, or {@link Optional#empty} if it is null: both are None} */
    static Object none(Object value) {
        return Optional.<Object>ofNullable(value).orElse(Optional.empty());
    }

    private static double number(String key, Map<String, Object> options) {
        Object value = none(options.getOrDefault(key, Optional.empty()));
        if (!(value instanceof Number number)) {
            throw new IllegalArgumentException(key + " must be a number, but was " + shown(value));
        }
        return Check.finite(key, number.doubleValue());
    }

    /** {@return {@code value} for a message} */
    static String shown(Object value) {
        return value instanceof TensorData data ? "a tensor of shape " + data.shape() : Python.shown(value);
    }

    private static UpdateRule restored(UpdateRule rule, Map<String, Object> options) {
        Map<String, Object> known = rule.options();
        if (rule instanceof AdamW) {
            known.remove("decoupled_weight_decay"); // True whatever is given
        }
        known.replaceAll((key, here) -> none(options.getOrDefault(key, Optional.empty())));
        known.keySet().retainAll(options.keySet());
        known.forEach((key, value) -> {
            if (!value.equals(Double.POSITIVE_INFINITY)) { // no limit, where the rule allows it
                checkFinite(key, value);
            }
        });
        try {
            return UpdateRule.parse(text(rule.getClass().getSimpleName(), known));
        } catch (PythonSyntaxException e) { // its column is in a text that the user never saw
            throw new IllegalArgumentException(String.valueOf(e.getMessage()).replaceFirst("^column \\d+: ", ""), e);
        }
    }

    /** Refuses values that cannot be written as text and read back. */
    private static void checkFinite(String key, Object value) {
        if (value instanceof TensorData) {
            throw new IllegalArgumentException(key + " must be a number, but was " + shown(value));
        } else if (value instanceof Number number) {
            Check.finite(key, number.doubleValue());
        } else if (value instanceof Python.Tuple tuple) {
            checkFinite(key, tuple.items());
        } else if (value instanceof List<?> list) {
            IntStream.range(0, list.size()).forEach(i -> checkFinite(key + "[" + i + "]", list.get(i)));
        }
    }

    private static List<Object> names(List<?> params) {
        if (params.stream().allMatch(String.class::isInstance)) {
            return List.copyOf(params);
        }
        List<Object> numbers = new ArrayList<>();
        for (Object param : params) {
            if (!(param instanceof Number number) || number.doubleValue() != Math.rint(number.doubleValue())) {
                throw new IllegalArgumentException(
                        "params must be all whole numbers or all names, but one was " + shown(none(param)));
            }
            numbers.add(number.longValue());
        }
        return numbers;
    }

    /** {@return the options that PyTorch cannot step without; for those that older versions lack it has defaults} */
    private static List<String> needed(UpdateRule rule) {
        return rule.options().keySet().stream()
                .filter(key -> switch (key) {
                    case "amsgrad", "centered", "decoupled_weight_decay", "initial_accumulator_value", FIRST_ESTIMATE ->
                        false;
                    case "maximize" -> rule instanceof Adafactor;
                    case "nesterov" -> rule instanceof Muon;
                    case "momentum" -> !(rule instanceof RMSprop);
                    default -> true;
                })
                .toList();
    }

    /**
     * Refuses options that fit another rule better. A single unknown one is fine: a program may keep its own entries in a group,
     * and a newer version of PyTorch may have more.
     */
    private static void checkOptions(UpdateRule rule, Set<String> keys) {
        Set<String> options = rule.options().keySet();
        List<UpdateRule> rules = rules();
        List<UpdateRule> others = rules.stream()
                .filter(other -> {
                    List<String> needed = needed(other);
                    return keys.containsAll(needed) && !options.containsAll(needed);
                })
                .filter(other -> distance(rules, other, keys, SavedGroup::needed)
                        < distance(rules, rule, keys, SavedGroup::needed))
                .toList();
        if (others.isEmpty()) {
            return;
        }
        List<Long> distances = others.stream()
                .map(other ->
                        distance(rules, other, keys, each -> each.options().keySet()))
                .toList();
        List<UpdateRule> nearest = IntStream.range(0, others.size())
                .filter(i -> distances.get(i).equals(Collections.min(distances)))
                .mapToObj(others::get)
                .toList();
        throw new IllegalArgumentException("a state of " + rule.getClass().getSimpleName() + " must not have "
                + needed(nearest.get(0)).stream()
                        .filter(key -> !options.contains(key))
                        .collect(Collectors.joining(", "))
                + ", but this looks like one of " + names(nearest.stream()));
    }

    /** {@return how many options, of any rule, are in {@code keys} but not {@code rule}'s, or the other way round} */
    private static long distance(
            List<UpdateRule> rules,
            UpdateRule rule,
            Set<String> keys,
            Function<UpdateRule, ? extends Collection<String>> options) {
        Collection<String> own = options.apply(rule);
        return rules.stream()
                .flatMap(each -> options.apply(each).stream())
                .distinct()
                .filter(key -> keys.contains(key) != own.contains(key))
                .count();
    }

    /**
     * Refuses slots that only another rule can have.
     *
     * @param slots their names
     */
    static void checkSlots(UpdateRule rule, Set<String> slots) {
        if (slots.isEmpty() || slots(rule).toList().containsAll(slots)) {
            return;
        }
        Set<String> own = slots(withAllSlots(rule)).collect(Collectors.toSet());
        for (String slot : slots) {
            String others = own.contains(slot)
                    ? ""
                    : names(rules().stream().filter(each -> slots(each).anyMatch(slot::equals)));
            if (!others.isEmpty()) {
                throw new IllegalArgumentException(
                        "a state of " + rule.getClass().getSimpleName() + " must not have " + slot
                                + ", but this looks like one of " + others);
            }
        }
    }

    private static Stream<String> slots(UpdateRule rule) {
        return Stream.of(1, 2)
                .flatMap(dimensions -> rule.slots(dimensions).stream())
                .map(Slot::name);
    }

    private static String names(Stream<UpdateRule> rules) {
        return rules.map(rule -> rule.getClass().getSimpleName()).collect(Collectors.joining(" or "));
    }
}
