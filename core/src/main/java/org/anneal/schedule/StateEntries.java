package org.anneal.schedule;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.anneal.text.Check;
import org.anneal.text.Python;

/**
 * The entries of one scheduler in PyTorch's state dict, in PyTorch's order; its members' are under {@code _schedulers}. An
 * export returns them. An import builds them for the counter of the given dict, and checks that the dict agrees with the
 * entries that must be equal.
 */
public final class StateEntries {
    private static final Optional<?> NONE = Optional.empty();

    private final Run run;
    private final long step;
    private final int extraSteps;
    private final Map<String, Object> values = new LinkedHashMap<>();
    private final Set<String> needed = new LinkedHashSet<>(); // must be there and equal
    private final Set<String> equal =
            new LinkedHashSet<>(); // must be equal if they are there: older versions lack them
    private final List<StateEntries> members = new ArrayList<>();
    private boolean ownBases; // base_lrs come from the arguments, not from the groups

    /**
     * What the entries need to know about the runner.
     *
     * @param policy the policy for all groups
     * @param initialLrs the groups' bases
     * @param lastLr the rates that the runner set last
     * @param betas whether the optimizer has betas
     * @param plateau the progress of a plateau
     */
    public record Run(
            Policy policy,
            List<Double> initialLrs,
            List<Double> lastLr,
            boolean betas,
            Optional<MetricDriven.Progress> plateau) {
        public Run {
            Objects.requireNonNull(policy, "policy");
            initialLrs = Check.list("initialLrs", initialLrs);
            lastLr = Check.list("lastLr", lastLr);
            Objects.requireNonNull(plateau, "plateau");
        }
    }

    private StateEntries(Run run, long step, int extraSteps) {
        this.run = run;
        this.step = step;
        this.extraSteps = extraSteps;
    }

    /** {@return the entries after {@code step} steps} */
    public static StateEntries of(Run run, long step) {
        return new StateEntries(Objects.requireNonNull(run, "run"), step, 0).written(run.policy());
    }

    private StateEntries written(Policy policy) {
        StateForm.of(policy.kind()).write(policy, this);
        return this;
    }

    /** {@return how many steps the scheduler has taken; -1 before its piece of a sequence} */
    long step() {
        return step;
    }

    /** {@return the steps that PyTorch's constructors take beyond the first} */
    int extraSteps() {
        return extraSteps;
    }

    Run run() {
        return run;
    }

    /** {@return one value per group} */
    <T> List<T> perGroup(List<T> values) {
        return values.size() == 1 ? Collections.nCopies(run.lastLr().size(), values.get(0)) : values;
    }

    /** Adds an entry that follows from the constructor's arguments and the counter. */
    public StateEntries fixed(String key, Object value) {
        needed.add(key);
        return kept(key, value);
    }

    /** Adds a fixed entry that older versions do not save. */
    StateEntries fixedIfThere(String key, Object value) {
        equal.add(key);
        return kept(key, value);
    }

    /** Adds an entry that an import reads or ignores. */
    public StateEntries kept(String key, Object value) {
        values.put(key, value);
        return this;
    }

    /** Adds a member's entries. */
    void member(Schedule schedule, long at, int extra) {
        members.add(new StateEntries(run, at, extra).written(schedule));
    }

    /** Adds the entries of PyTorch's base class. */
    public StateEntries counts() {
        return kept("base_lrs", run.initialLrs()).steps(Math.max(1, step + 1) + extraSteps);
    }

    /** Adds the entries of PyTorch's base class, with bases that come from the arguments. */
    StateEntries counts(List<Double> bases) {
        ownBases = true;
        return fixed("base_lrs", bases).steps(Math.max(1, step + 1) + extraSteps);
    }

    private StateEntries steps(long count) {
        return fixed("last_epoch", step)
                .kept("_step_count", count)
                .kept("_is_initial", false)
                .kept("_get_lr_called_within_step", false)
                .kept("_last_lr", run.lastLr());
    }

    /** {@return the state dict} */
    public Map<String, Object> toMap() {
        if (!members.isEmpty()) {
            values.put("_schedulers", members.stream().map(StateEntries::toMap).toList());
        }
        return values;
    }

    /**
     * {@return how many steps the scheduler of a state dict has taken}
     *
     * @throws IllegalArgumentException if the dict does not say so
     */
    public static long counter(Map<?, ?> dict) {
        return counter(Objects.requireNonNull(dict, "dict"), "");
    }

    private static long counter(Map<?, ?> dict, String path) {
        if (dict.containsKey("last_epoch") || !dict.containsKey("_schedulers")) {
            return whole(dict, "last_epoch", path);
        }
        // a chain's is its first member's; check reports a chain without members
        return dict.get("_schedulers") instanceof List<?> all && !all.isEmpty() && all.get(0) instanceof Map<?, ?> first
                ? counter(first, path(path, 0))
                : 0;
    }

    /**
     * Checks a state dict against these entries.
     *
     * @return the bases that the scheduler and its members started from, unless they are arguments
     * @throws IllegalArgumentException if an entry is missing, or of another type or value
     */
    public Optional<List<Double>> check(Map<?, ?> dict) {
        List<List<Double>> bases = new ArrayList<>();
        check(dict, "", bases);
        return bases.stream().findFirst();
    }

    private void check(Map<?, ?> dict, String path, List<List<Double>> bases) {
        needed.forEach(key -> check(key, dict, path));
        equal.stream().filter(dict::containsKey).forEach(key -> check(key, dict, path));
        if (values.containsKey("base_lrs") && !ownBases) {
            List<Double> base = numbers(dict, "base_lrs", path);
            bases.add(base);
            if (!base.equals(bases.get(0))) {
                throw new IllegalArgumentException(path + "base_lrs must be " + Python.repr(bases.get(0))
                        + ", as in the members before (a group has one base), but was " + Python.repr(base));
            }
        }
        for (int i = 0; i < members.size(); i++) {
            members.get(i).check(member(dict, i, members.size(), path), path(path, i), bases);
        }
    }

    private void check(String key, Map<?, ?> dict, String path) {
        Object here = Optional.ofNullable(values.get(key)).orElseThrow();
        Object given = value(dict, key, path);
        if (!same(here, given)) {
            throw new IllegalArgumentException(path + key + " must be " + Python.repr(here) + ", as in this runner's "
                    + run.policy() + ", but was " + Python.shown(given) + " in the state dict");
        }
    }

    private static boolean same(Object here, Object given) {
        if (here.equals(
                NONE)) { // a function, which PyTorch does not save, or a callable object, whose attributes it saves
            return given.equals(NONE) || given instanceof Map;
        } else if (here instanceof Python.Counter<?> counter && given instanceof List<?> list) {
            return same(counter, counted(list)); // until PyTorch 1.3
        } else if (here instanceof Number a && given instanceof Number b) {
            return a.doubleValue() == b.doubleValue();
        } else if (given instanceof Python.Tuple tuple) {
            return same(here, tuple.items());
        } else if (here instanceof List<?> a && given instanceof List<?> b) {
            return a.size() == b.size() && IntStream.range(0, a.size()).allMatch(i -> same(a.get(i), b.get(i)));
        } else if (here instanceof Map<?, ?> a && given instanceof Map<?, ?> b) {
            return a.size() == b.size()
                    && a.entrySet().stream()
                            .allMatch(x -> b.entrySet().stream()
                                    .anyMatch(y -> same(x.getKey(), y.getKey()) && same(x.getValue(), y.getValue())));
        }
        return here.equals(given);
    }

    private static Map<Object, Long> counted(List<?> items) {
        Map<Object, Long> counts = new LinkedHashMap<>();
        items.forEach(item -> counts.merge(item, 1L, Long::sum));
        return counts;
    }

    private static String path(String path, int member) {
        return path + "_schedulers[" + member + "].";
    }

    private static Map<?, ?> member(Map<?, ?> dict, int i, int size, String path) {
        Object given = value(dict, "_schedulers", path);
        if (given instanceof List<?> list && list.size() == size && list.get(i) instanceof Map<?, ?> member) {
            return member;
        }
        throw wrong(path + "_schedulers", "a list of " + size + " dicts, one per scheduler", given);
    }

    /** {@return a list of one number per group} */
    public List<Double> numbers(Map<?, ?> dict, String key) {
        return numbers(dict, key, "");
    }

    private List<Double> numbers(Map<?, ?> dict, String key, String path) {
        int groups = run.lastLr().size();
        Object given = value(dict, key, path);
        if (given instanceof List<?> list
                && list.size() == groups
                && list.stream().allMatch(each -> each instanceof Number)) {
            return list.stream().map(each -> ((Number) each).doubleValue()).toList();
        }
        throw wrong(path + key, "a list of " + groups + " numbers, one per group", given);
    }

    /** {@return a number of the state dict} */
    public static double number(Map<?, ?> dict, String key) {
        return number(Objects.requireNonNull(dict, "dict"), Objects.requireNonNull(key, "key"), "");
    }

    private static double number(Map<?, ?> dict, String key, String path) {
        Object given = value(dict, key, path);
        if (given instanceof Number number) {
            return number.doubleValue();
        }
        throw wrong(path + key, "a number", given);
    }

    /** {@return a count of the state dict} */
    public static long whole(Map<?, ?> dict, String key) {
        return whole(Objects.requireNonNull(dict, "dict"), Objects.requireNonNull(key, "key"), "");
    }

    private static long whole(Map<?, ?> dict, String key, String path) {
        double number = number(dict, key, path);
        if (number >= 0 && number <= 0x1p53 && number == Math.rint(number)) {
            return (long) number;
        }
        throw wrong(path + key, "a whole number from 0 to 2^53", value(dict, key, path));
    }

    private static Object value(Map<?, ?> dict, String key, String path) {
        return Optional.<Object>ofNullable(dict.get(key))
                .orElseThrow(() -> new IllegalArgumentException("the state dict must have " + path + key + ", but has "
                        + (path.isEmpty() ? "" : "there ") + "only " + dict.keySet()));
    }

    private static IllegalArgumentException wrong(String key, String rule, Object given) {
        return new IllegalArgumentException(key + " must be " + rule + ", but was " + Python.shown(given));
    }
}
