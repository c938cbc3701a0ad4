package org.anneal.optim;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Moves parameters along their gradients: runs one update rule over groups of parameters, each with options of its own.
 *
 * <p>A parameter without a gradient is skipped; one with a gradient of zeros is stepped, as in PyTorch. The optimizer
 * owns what it keeps per parameter and frees it in {@link #close}; it never frees a parameter. It belongs to one thread.
 *
 * @param <T> the engine's parameters
 */
public final class Optimizer<T> implements AutoCloseable {
    private final Engine<T> engine;
    private final Kernels<T> kernels;
    private final List<ParamGroup<T>> groups = new ArrayList<>();
    private final List<ParamGroup<T>> groupsView = Collections.unmodifiableList(groups);
    private final List<Members<T>> members = new ArrayList<>();
    private final Set<Object> known = new HashSet<>();
    private long steps;
    private boolean closed;
    private Optional<LRScheduler> runner = Optional.empty();

    /** One group: {@code rule} over all of {@code params}. */
    public Optimizer(Engine<T> engine, UpdateRule rule, List<T> params) {
        this(engine, List.of(new ParamGroup<>("all", rule, params)));
    }

    /**
     * Several groups, each with its own options.
     *
     * @throws IllegalArgumentException if there is no group, if the groups run different rules, if a parameter stands in
     *     two groups, or if the engine cannot optimize a parameter
     */
    public Optimizer(Engine<T> engine, List<ParamGroup<T>> groups) {
        if (groups.isEmpty()) {
            throw new IllegalArgumentException("groups must hold at least one group, but there was none");
        }
        this.engine = engine;
        this.kernels = engine.kernels();
        groups.forEach(this::addParamGroup);
    }

    /** Adds parameters, such as layers that were frozen until now. A running scheduler must be told: {@link LRScheduler#join}. */
    public void addParamGroup(ParamGroup<T> group) {
        Class<?> running = groups.isEmpty() ? group.kind() : groups.get(0).kind();
        if (group.kind() != running) {
            throw new IllegalArgumentException("groups of one optimizer must run one rule, " + running.getSimpleName()
                    + ", but group '" + group.name() + "' runs " + group.rule());
        }
        Set<Object> added = new HashSet<>();
        for (T param : group.params()) {
            engine.check(param);
            Object identity = engine.identity(param);
            if (known.contains(identity) || !added.add(identity)) {
                throw new IllegalArgumentException(
                        "a parameter must stand in one group once, but group '" + group.name() + "' repeats one");
            }
        }
        known.addAll(added);
        groups.add(group);
        members.add(new Members<>(group.params().size()));
    }

    /** {@return the groups, in the order they were given and added; a view that later groups appear in} */
    public List<ParamGroup<T>> groups() {
        return groupsView;
    }

    /** {@return the group called {@code name}} */
    public ParamGroup<T> group(String name) {
        return groups.stream()
                .filter(group -> group.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("name must be one of "
                        + groups.stream().map(ParamGroup::name).toList() + ", but was " + name));
    }

    /** Forgets all gradients: {@code zeroGrad(true)}, PyTorch's default. */
    public void zeroGrad() {
        zeroGrad(true);
    }

    /**
     * Clears all gradients.
     *
     * @param setToNone drop them, so that a parameter that gets none is skipped; otherwise fill them with zeros, so that
     *     momentum and weight decay still move it
     */
    public void zeroGrad(boolean setToNone) {
        groups.forEach(group -> group.params().forEach(param -> engine.zeroGrad(param, setToNone)));
    }

    /**
     * Updates every parameter that has a gradient.
     *
     * @throws IllegalStateException after {@link #close}
     */
    public void step() {
        if (closed) {
            throw new IllegalStateException("an optimizer must not be stepped after it was closed");
        }
        for (int i = 0; i < groups.size(); i++) {
            step(groups.get(i), members.get(i));
        }
        steps++;
    }

    /** {@return how often {@link #step()} was called} */
    public long steps() {
        return steps;
    }

    /** Makes the rates in force the bases that schedules start from. */
    public void rebase() {
        groups.forEach(ParamGroup::rebase);
    }

    /**
     * {@return the optimizer's state in PyTorch's layout: {@code state} by parameter number, and {@code param_groups};
     * arrays are the engine's own and stay the optimizer's}
     */
    public Map<String, Object> stateDict() {
        Map<Object, Object> state = new LinkedHashMap<>();
        List<Object> packed = new ArrayList<>();
        int first = 0;
        for (int i = 0; i < groups.size(); i++) {
            ParamGroup<T> group = groups.get(i);
            List<Integer> numbers = new ArrayList<>();
            for (int p = 0; p < group.params().size(); p++) {
                numbers.add(first + p);
                Map<String, Object> entry = members.get(i).dict(p, group.countsSteps());
                if (!entry.isEmpty()) {
                    state.put(first + p, entry);
                }
            }
            first += numbers.size();
            Map<String, Object> options = group.options();
            options.put("params", numbers);
            packed.add(options);
        }
        Map<String, Object> dict = new LinkedHashMap<>();
        dict.put("state", state);
        dict.put("param_groups", packed);
        return dict;
    }

    /**
     * Takes over a state that {@link #stateDict()} gave, or PyTorch's own in the same layout: the options and rates of the
     * groups, and what is kept per parameter, which is copied. Entries of other engines, such as {@code foreach}, are passed
     * over.
     *
     * @throws IllegalArgumentException if the state has other groups or parameters than this optimizer; nothing has changed
     *     then
     */
    public void loadStateDict(Map<String, Object> dict) {
        Map<?, ?> state = entry(dict, "state", Map.class);
        List<?> packed = entry(dict, "param_groups", List.class);
        if (packed.size() != groups.size()) {
            throw new IllegalArgumentException("param_groups must have " + groups.size()
                    + " entries, as this optimizer, but had " + packed.size());
        }
        List<Map<?, ?>> options = new ArrayList<>();
        List<UpdateRule> rules = new ArrayList<>();
        List<List<?>> numbers = new ArrayList<>();
        for (int i = 0; i < groups.size(); i++) {
            Map<?, ?> given = (Map<?, ?>) packed.get(i);
            List<?> params = entry(given, "params", List.class);
            if (params.size() != groups.get(i).params().size()) {
                throw new IllegalArgumentException("param_groups[" + i + "] must have "
                        + groups.get(i).params().size() + " params, as group '"
                        + groups.get(i).name() + "', but had " + params.size());
            }
            options.add(given);
            rules.add(groups.get(i).restored(given));
            numbers.add(params);
        }
        for (int i = 0; i < groups.size(); i++) {
            ParamGroup<T> group = groups.get(i);
            group.setRule(rules.get(i));
            if (options.get(i).get("lr") instanceof Double lr) {
                group.setLr(lr); // which may be below 0
            }
            if (options.get(i).get("initial_lr") instanceof Number base) {
                group.setInitialLr(base.doubleValue());
            }
            for (int p = 0; p < numbers.get(i).size(); p++) {
                if (state.get(numbers.get(i).get(p)) instanceof Map<?, ?> kept) {
                    members.get(i).load(engine, group.params().get(p), p, kept);
                }
            }
        }
    }

    private static <E> E entry(Map<?, ?> dict, String name, Class<E> type) {
        Object value = dict.get(name);
        if (!type.isInstance(value)) {
            throw new IllegalArgumentException(
                    "a state dict must have an entry " + name + " that is a " + type.getSimpleName() + ", but it was "
                            + (value == null ? "missing" : value.getClass().getSimpleName()));
        }
        return type.cast(value);
    }

    /** Frees what is kept per parameter. The parameters and their gradients stay. */
    @Override
    public void close() {
        closed = true;
        members.forEach(m -> m.close(engine));
    }

    /** Makes {@code scheduler} the live runner and {@return the one it replaces} */
    Optional<LRScheduler> attach(LRScheduler scheduler) {
        Optional<LRScheduler> replaced = runner;
        runner = Optional.of(scheduler);
        return replaced;
    }

    private void step(ParamGroup<T> group, Members<T> members) {
        List<T> params = group.params();
        // By age, so that one kernel call serves parameters of one step count; in nearly every run there is one age.
        Map<Age, Part<T>> parts = new LinkedHashMap<>();
        for (int p = 0; p < params.size(); p++) {
            Optional<T> grad = engine.grad(params.get(p));
            if (grad.isPresent()) {
                boolean fresh = members.allocate(engine, group.slots(), params.get(p), p);
                Part<T> part = parts.computeIfAbsent(new Age(++members.steps[p], fresh), age -> new Part<>());
                part.indices.add(p);
                part.grads.add(grad.get());
            }
        }
        Map<BatchKey, Batch<T>> before = members.batches;
        members.batches = new HashMap<>();
        parts.forEach((age, part) -> {
            BatchKey key = new BatchKey(part.indices, group.slots());
            Batch<T> batch = Optional.ofNullable(before.remove(key)).orElseGet(() -> members.batch(params, key));
            members.batches.put(key, batch);
            batch.update(part.grads, age.step, age.fresh, group.lr());
            group.apply(kernels, batch);
        });
        before.values().forEach(Batch::close);
    }

    private record BatchKey(List<Integer> indices, List<String> slots) {}

    private record Age(long step, boolean fresh) {}

    private static final class Part<T> {
        final List<Integer> indices = new ArrayList<>();
        final List<T> grads = new ArrayList<>();
    }

    /** What is kept for the parameters of one group. */
    private static final class Members<T> {
        final long[] steps;
        final List<Map<String, T>> slots = new ArrayList<>();
        Map<BatchKey, Batch<T>> batches = new HashMap<>();

        Members(int params) {
            steps = new long[params];
            for (int p = 0; p < params; p++) {
                slots.add(new LinkedHashMap<>());
            }
        }

        /** Allocates what parameter {@code p} lacks and {@return whether it lacked anything} */
        boolean allocate(Engine<T> engine, List<String> names, T param, int p) {
            boolean fresh = false;
            for (String name : names) {
                if (!slots.get(p).containsKey(name)) {
                    slots.get(p).put(name, engine.zerosLike(param));
                    fresh = true;
                }
            }
            return fresh;
        }

        Batch<T> batch(List<T> params, BatchKey key) {
            return new Batch<>(
                    key.indices.stream().map(params::get).toList(),
                    key.slots.stream()
                            .map(name -> key.indices.stream()
                                    .map(p -> slots.get(p).get(name))
                                    .toList())
                            .toList());
        }

        @SuppressWarnings("unchecked") // a slot's entry is an array of this engine, or copy refuses it
        void load(Engine<T> engine, T param, int p, Map<?, ?> kept) {
            kept.forEach((name, value) -> {
                if (name.equals("step")) {
                    steps[p] = ((Number) value).longValue();
                } else {
                    T slot = slots.get(p).computeIfAbsent((String) name, missing -> engine.zerosLike(param));
                    engine.copy((T) value, slot);
                }
            });
        }

        Map<String, Object> dict(int p, boolean countsSteps) {
            Map<String, Object> entry = new LinkedHashMap<>();
            if (!slots.get(p).isEmpty() && countsSteps) {
                entry.put("step", (double) steps[p]);
            }
            entry.putAll(slots.get(p));
            return entry;
        }

        void close(Engine<T> engine) {
            batches.values().forEach(Batch::close);
            batches.clear();
            slots.forEach(slot -> slot.values().forEach(engine::release));
            slots.forEach(Map::clear);
        }
    }
}
