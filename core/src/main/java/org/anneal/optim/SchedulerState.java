package org.anneal.optim;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.text.Check;
import org.anneal.text.Python;

/**
 * What has to be saved of a runner, as a plain value: {@link #toMap} is written by
 * {@link org.anneal.checkpoint.TorchFile#write} as it is, and {@link #of} reads it back.
 *
 * @param version of this record's meaning
 * @param lastEpoch the counter
 * @param policies the texts of what runs: one for all groups, or one per group
 * @param initialLrs the base of each group; NaN if none was recorded
 * @param lrs the rate in force of each group
 * @param momentums the momentum, or beta1, in force of each group
 * @param unscaled the rate of each group before a plateau on top of its schedule; the rate in force without one
 * @param factors that plateau's factor for each group; 1 without one
 * @param plateau what a plateau remembers, if there is one
 */
public record SchedulerState(
        int version,
        long lastEpoch,
        List<String> policies,
        List<Double> initialLrs,
        List<Double> lrs,
        List<Double> momentums,
        List<Double> unscaled,
        List<Double> factors,
        Optional<ReduceLROnPlateau.State> plateau) {
    static final int VERSION = 1;

    /**
     * @throws IllegalArgumentException if the lists per group are not of one length, if there is no text, or if a number
     *     is out of its range
     */
    public SchedulerState {
        policies = Check.list("policies", policies);
        initialLrs = Check.list("initialLrs", initialLrs);
        lrs = Check.list("lrs", lrs);
        momentums = Check.list("momentums", momentums);
        unscaled = Check.list("unscaled", unscaled);
        factors = Check.list("factors", factors);
        Objects.requireNonNull(plateau, "plateau");
        List<Integer> lengths = Stream.of(initialLrs, lrs, momentums, unscaled, factors)
                .map(List::size)
                .distinct()
                .toList();
        if (lengths.size() != 1) {
            throw new IllegalArgumentException(
                    "every list of a state must have one entry per group, but their lengths were " + lengths);
        }
        if (policies.size() != 1 && policies.size() != lrs.size()) {
            throw new IllegalArgumentException("policies must have 1 entry for all groups or " + lrs.size()
                    + ", one per group, but had " + policies.size());
        }
        if (lastEpoch < 0) {
            throw new IllegalArgumentException("last_epoch must be at least 0, but was " + lastEpoch);
        }
        for (int i = 0; i < lrs.size(); i++) {
            Check.that(
                    !Double.isInfinite(initialLrs.get(i)),
                    "initial_lrs[" + i + "]",
                    "finite or NaN",
                    initialLrs.get(i));
            Check.finite("lrs[" + i + "]", lrs.get(i));
            Check.finite("momentums[" + i + "]", momentums.get(i));
            Check.finite("unscaled[" + i + "]", unscaled.get(i));
            Check.finite("factors[" + i + "]", factors.get(i));
        }
    }

    /** {@return this as plain entries: numbers, strings, lists and maps, and {@link Optional#empty} for no plateau} */
    public Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("version", (long) version);
        map.put("last_epoch", lastEpoch);
        map.put("policies", policies);
        map.put("initial_lrs", initialLrs);
        map.put("lrs", lrs);
        map.put("momentums", momentums);
        map.put("unscaled", unscaled);
        map.put("factors", factors);
        map.put("plateau", plateau.<Object>map(SchedulerState::toMap).orElse(Optional.empty()));
        return map;
    }

    private static Map<String, Object> toMap(ReduceLROnPlateau.State plateau) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("best", plateau.best());
        map.put("num_bad_epochs", plateau.badEpochs());
        map.put("cooldown_counter", plateau.cooldownCounter());
        return map;
    }

    /**
     * Reads what {@link #toMap} gave, whether or not it was in a file since.
     *
     * @throws IllegalArgumentException if an entry is missing, or not of its type or range
     */
    public static SchedulerState of(Map<?, ?> map) {
        Function<Object, Double> real = value -> ((Number) value).doubleValue();
        Entries entries = new Entries(Objects.requireNonNull(map, "map"), "");
        return new SchedulerState(
                (int) Math.min(Integer.MAX_VALUE, entries.count("version")),
                entries.count("last_epoch"),
                entries.list("policies", String.class, "a list of strings", String.class::cast),
                entries.list("initial_lrs", Number.class, "a list of numbers", real),
                entries.list("lrs", Number.class, "a list of numbers", real),
                entries.list("momentums", Number.class, "a list of numbers", real),
                entries.list("unscaled", Number.class, "a list of numbers", real),
                entries.list("factors", Number.class, "a list of numbers", real),
                entries.find("plateau").map(found -> {
                    Entries plateau = new Entries(entries.get("plateau", Map.class, "a dict"), "plateau.");
                    return new ReduceLROnPlateau.State(
                            plateau.get("best", Number.class, "a number").doubleValue(),
                            plateau.count("num_bad_epochs"),
                            plateau.count("cooldown_counter"));
                }));
    }

    /** Entries that may come from anywhere, which are held to their types. */
    private record Entries(Map<?, ?> map, String path) {
        /** {@return the entry, unless it is missing or None} */
        Optional<Object> find(String key) {
            return Optional.<Object>ofNullable(map.get(key)).filter(found -> !found.equals(Optional.empty()));
        }

        <T> T get(String key, Class<T> type, String rule) {
            return find(key).filter(type::isInstance).map(type::cast).orElseThrow(() -> wrong(key, rule));
        }

        long count(String key) {
            return Check.count(
                    path + key, get(key, Number.class, "a whole number").doubleValue());
        }

        <T> List<T> list(String key, Class<?> type, String rule, Function<Object, T> read) {
            List<?> list = get(key, List.class, rule);
            if (!list.stream().allMatch(type::isInstance)) {
                throw wrong(key, rule);
            }
            return list.stream().map(read).toList();
        }

        private IllegalArgumentException wrong(String key, String rule) {
            return new IllegalArgumentException(path + key + " must be " + rule + ", but was "
                    + find(key).map(Python::shown).orElse("missing"));
        }
    }
}
