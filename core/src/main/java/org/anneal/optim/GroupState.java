package org.anneal.optim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.checkpoint.TensorData;
import org.anneal.text.Check;

/** The slots and step counts of one group's parameters, and the batches that they are updated in. */
final class GroupState<T> {
    private final Engine<T> engine;
    private final List<T> params;
    private final int[] dimensions; // of each parameter
    private final long[] steps; // of each parameter
    private final List<Map<String, T>> slots = new ArrayList<>(); // of each parameter, by name
    private final Gradients<T> grads; // of the current step
    private final Map<String, Object> numbers = new LinkedHashMap<>(); // of the group
    private boolean training = true; // whether the weights are those that are trained
    private final boolean[] present; // which parameters had a gradient in the last step
    private List<List<Slot>> needed = List.of(); // by dimensions, in the last step
    private List<Batch<T>> batches = List.of(); // of the last step

    GroupState(Engine<T> engine, List<T> params) {
        this.engine = engine;
        this.params = params;
        this.dimensions =
                params.stream().mapToInt(param -> engine.shape(param).size()).toArray();
        this.grads = new Gradients<>(engine);
        this.steps = new long[params.size()];
        this.present = new boolean[params.size()];
        params.forEach(param -> slots.add(new LinkedHashMap<>()));
    }

    /** Adds the numbers of {@code rule} that {@code numbers} lacks, with their initial values. */
    static void start(UpdateRule rule, Map<String, Object> numbers) {
        rule.groupSlots().stream()
                .filter(slot -> !slot.initial().equals(Optional.empty()))
                .forEach(slot -> numbers.putIfAbsent(slot.name(), slot.initial()));
    }

    /** Starts the group's numbers, and the slots of every parameter if they are kept from the start. */
    void start(ParamGroup<T> group) {
        start(group.ruleWithStaleLr(), numbers);
        if (group.keepsFromTheStart()) {
            allocate(group);
        }
    }

    /** Allocates the slots of every parameter now, rather than at its first update. */
    private void allocate(ParamGroup<T> group) {
        for (int p = 0; p < params.size(); p++) {
            allocate(group.slots(dimensions[p]), p);
        }
    }

    /** Takes the gradients for the next step. This is done for all groups before any is stepped, since one may be refused. */
    void gather() {
        grads.take(params);
    }

    /** {@return this group's part in a step: every parameter that had a gradient in {@link #gather}} */
    GroupStep<T> prepare(ParamGroup<T> group, Kernels<T> kernels) {
        boolean asBefore = !needed.isEmpty() && sameSlots(group);
        for (int p = 0; p < params.size(); p++) {
            boolean given = grads.get(p).isPresent();
            asBefore &= present[p] == given;
            present[p] = given;
            if (present[p]) {
                steps[p]++;
            }
        }
        // Parameters that are updated together stay together until one of them has no gradient or the slots change.
        List<Boolean> fresh = asBefore ? List.of() : regroup(group);
        for (int i = 0; i < batches.size(); i++) {
            Batch<T> batch = batches.get(i);
            batch.update(grads::get, steps[batch.indices()[0]], !asBefore && fresh.get(i), group.lr());
        }
        return new GroupStep<>(engine, kernels, group, numbers, batches);
    }

    /** {@return whether the weights are those that are trained, and not those to evaluate} */
    boolean isTraining() {
        return training;
    }

    /** Turns the weights into those to train or to evaluate. */
    void switchTo(boolean training, UpdateRule rule) {
        if (!rule.hasEvalWeights() || this.training == training) {
            return;
        }
        for (int p = 0; p < params.size(); p++) {
            Map<String, T> kept = slots.get(p);
            if (kept.isEmpty()) {
                continue; // never updated
            }
            List<T> ofRule = rule.slots(dimensions[p]).stream()
                    .map(slot -> Objects.requireNonNull(kept.get(slot.name())))
                    .toList();
            if (training) {
                rule.toTrain(engine.vectors(), params.get(p), ofRule);
            } else {
                rule.toEval(engine.vectors(), params.get(p), ofRule);
            }
        }
        this.training = training;
    }

    /** Releases the gradients that {@link #gather} took, whether or not they were used. */
    void releaseGrads() {
        batches.forEach(Batch::release);
        grads.close();
    }

    private boolean sameSlots(ParamGroup<T> group) {
        for (int d = 0; d < needed.size(); d++) {
            if (!needed.get(d).equals(group.slots(d))) {
                return false;
            }
        }
        return true;
    }

    /**
     * Batches parameters with equal step counts and the same slots, for one kernel call each; in nearly every run that is one
     * batch. Unchanged batches are kept, with their kernels' caches.
     *
     * @return for each batch, whether its slots were allocated for this step
     */
    private List<Boolean> regroup(ParamGroup<T> group) {
        needed = new ArrayList<>();
        for (int d = 0; d <= Arrays.stream(dimensions).max().orElse(0); d++) {
            needed.add(group.slots(d));
        }
        Map<Age, List<Integer>> ages = new LinkedHashMap<>();
        for (int p = 0; p < params.size(); p++) {
            if (present[p]) {
                List<Slot> names = needed.get(dimensions[p]);
                Age age = new Age(group.countsSteps() ? steps[p] : 0, allocate(names, p), names);
                ages.computeIfAbsent(age, none -> new ArrayList<>()).add(p);
            }
        }
        Map<BatchKey, Batch<T>> before = new HashMap<>();
        batches.forEach(batch -> before.put(key(batch), batch));
        List<Boolean> fresh = new ArrayList<>();
        List<Batch<T>> now = new ArrayList<>();
        ages.forEach((age, indices) -> {
            Batch<T> known = before.remove(new BatchKey(indices, age.slots));
            now.add(known == null ? batch(indices, age.slots) : known);
            fresh.add(age.fresh);
        });
        before.values().forEach(Batch::close);
        batches = now;
        return fresh;
    }

    private record Age(long step, boolean fresh, List<Slot> slots) {}

    private record BatchKey(List<Integer> indices, List<Slot> slots) {}

    private static BatchKey key(Batch<?> batch) {
        return new BatchKey(Arrays.stream(batch.indices()).boxed().toList(), batch.slots());
    }

    private Batch<T> batch(List<Integer> indices, List<Slot> names) {
        return new Batch<>(
                engine,
                indices.stream().mapToInt(Integer::intValue).toArray(),
                indices.stream().map(params::get).toList(),
                names,
                names.stream()
                        .map(slot -> indices.stream()
                                .map(p -> slots.get(p).get(slot.name()))
                                .toList())
                        .toList());
    }

    /** Allocates the slots that parameter {@code p} lacks and {@return whether it lacked any} */
    private boolean allocate(List<Slot> names, int p) {
        boolean fresh = false;
        for (Slot slot : names) {
            if (!slots.get(p).containsKey(slot.name())) {
                T array = engine.allocate(params.get(p), slot);
                slots.get(p).put(slot.name(), array);
                if (slot.copy()) {
                    Batch.copy(engine, slot, params.get(p), array);
                }
                fresh = true;
            }
        }
        return fresh;
    }

    /** {@return what puts the slots, steps and numbers back as they are now} */
    Runnable saved() {
        long[] stepsBefore = steps.clone();
        boolean trainingBefore = training;
        Map<String, Object> numbersBefore = new LinkedHashMap<>(numbers);
        List<Map<String, TensorData>> slotsBefore = new ArrayList<>();
        for (Map<String, T> kept : slots) {
            Map<String, TensorData> copies = new LinkedHashMap<>();
            kept.forEach((name, slot) -> copies.put(name, engine.data(slot).copy()));
            slotsBefore.add(copies);
        }
        return () -> {
            forget();
            System.arraycopy(stepsBefore, 0, steps, 0, steps.length);
            training = trainingBefore;
            numbers.clear();
            numbers.putAll(numbersBefore);
            for (int p = 0; p < slots.size(); p++) {
                Map<String, TensorData> copies = slotsBefore.get(p);
                slots.get(p).entrySet().removeIf(slot -> {
                    Optional<TensorData> copy = Optional.ofNullable(copies.get(slot.getKey()));
                    copy.ifPresentOrElse(
                            values -> engine.copy(values, slot.getValue()), () -> engine.release(slot.getValue()));
                    return copy.isEmpty();
                });
            }
        };
    }

    /** {@return the group's numbers, as in a state dict} */
    Map<String, Object> dict(UpdateRule rule) {
        Map<String, Object> entries = new LinkedHashMap<>();
        for (GroupSlot slot : rule.groupSlots()) {
            if (numbers.containsKey(slot.name())) {
                entries.put(slot.name(), Objects.requireNonNull(numbers.get(slot.name())));
            }
        }
        if (rule.hasEvalWeights()) {
            entries.put(SavedGroup.TRAIN_MODE, training);
        }
        return entries;
    }

    /** Replaces the group's numbers with those of a state dict. */
    void load(SavedGroup saved) {
        numbers.clear();
        numbers.putAll(saved.numbers());
        start(saved.rule(), numbers);
        training = saved.training();
    }

    /** {@return the state of parameter {@code p}, as in PyTorch's state dict} */
    Map<String, Object> dict(int p, boolean countsSteps) {
        Map<String, Object> entry = new LinkedHashMap<>();
        if (!slots.get(p).isEmpty() && countsSteps) {
            entry.put("step", TensorData.scalar((double) steps[p]));
        }
        slots.get(p).forEach((name, slot) -> entry.put(name, engine.data(slot)));
        return entry;
    }

    /**
     * Checks that a state of parameter {@code p} is empty, or has all that {@code rule} keeps, in the right shapes.
     *
     * @param number of the parameter in the state dict
     * @param kept its entry there, empty if there is none
     */
    void check(UpdateRule rule, int p, Object number, Map<?, ?> kept) {
        Set<String> names = kept.keySet().stream().map(String::valueOf).collect(Collectors.toCollection(TreeSet::new));
        SavedGroup.checkSlots(rule, names);
        String of = " of parameter " + number;
        List<String> missing =
                needed(rule, p).filter(name -> !names.contains(name)).toList();
        if (!names.isEmpty() && !missing.isEmpty()) {
            throw new IllegalArgumentException(
                    "the state" + of + " must have " + String.join(", ", missing) + ", but has only " + names);
        }
        List<Long> shape = engine.shape(params.get(p));
        kept.forEach((key, value) -> {
            String name = String.valueOf(key);
            if (name.equals("step")) {
                step(value, of);
                return;
            }
            Optional<Slot> known = slot(rule, p, name);
            Optional<TensorData> tensor = tensor(value);
            if (tensor.isPresent()) {
                Slot slot = known.orElse(Slot.ofOption(name));
                if (standsForAll(slot, tensor.get())) {
                    real(name + of, tensor.get());
                } else {
                    check(tensor.get(), slot.shapeFor(shape), name + of);
                }
            } else if (known.isPresent() && !(known.get().optional() && none(value))) {
                throw new IllegalArgumentException(name + of + " must be a tensor, but was " + SavedGroup.shown(value));
            }
        });
    }

    /** {@return the entries that the state of a parameter must have if it is not empty} */
    private Stream<String> needed(UpdateRule rule, int p) {
        Stream<String> slots = rule.slots(dimensions[p]).stream()
                .filter(slot -> !slot.optional())
                .map(Slot::name);
        return rule.countsSteps() ? Stream.concat(Stream.of("step"), slots) : slots;
    }

    /** {@return whether {@code data} is a single number that stands for all elements of a slot} */
    private static boolean standsForAll(Slot slot, TensorData data) {
        return slot.shape() == Slot.Shape.FLAT && data.shape().isEmpty();
    }

    private static void check(TensorData data, List<Long> shape, String what) {
        if (!data.shape().equals(shape)) {
            throw new IllegalArgumentException(what + " must have the shape " + shape + ", but had " + data.shape());
        }
        real(what, data);
    }

    /** {@return {@code value} as a tensor: older versions of PyTorch keep eta, mu and mu_product as numbers} */
    private static Optional<TensorData> tensor(Object value) {
        if (value instanceof Number number) {
            return Optional.of(TensorData.scalar(number.doubleValue()));
        }
        return value instanceof TensorData data ? Optional.of(data) : Optional.empty();
    }

    /** {@return whether {@code value} is None: PyTorch's SGD keeps a momentum_buffer of None where there is none} */
    private static boolean none(Object value) {
        return SavedGroup.none(value).equals(Optional.empty());
    }

    /** {@return the slot of that name; empty if the rule's options do not need it} */
    private Optional<Slot> slot(UpdateRule rule, int p, String name) {
        return rule.slots(dimensions[p]).stream()
                .filter(slot -> slot.name().equals(name))
                .findFirst();
    }

    /** Replaces the state of parameter {@code p} with {@code kept}, an entry that {@link #check} has passed. */
    void load(UpdateRule rule, int p, Map<?, ?> kept) {
        forget();
        T param = params.get(p);
        Map<String, T> loaded = slots.get(p);
        loaded.entrySet().removeIf(slot -> {
            boolean gone = Optional.<Object>ofNullable(kept.get(slot.getKey()))
                    .flatMap(GroupState::tensor)
                    .isEmpty();
            if (gone) {
                engine.release(slot.getValue());
            }
            return gone;
        });
        steps[p] = 0;
        kept.forEach((key, value) -> {
            String name = String.valueOf(key);
            if (name.equals("step")) {
                steps[p] = step(value, "");
                return;
            }
            Slot slot = slot(rule, p, name).orElse(Slot.ofOption(name));
            tensor(value).ifPresent(data -> {
                if (standsForAll(slot, data)) {
                    Optional.ofNullable(loaded.remove(name)).ifPresent(engine::release);
                    loaded.put(name, engine.allocate(param, new Slot(name, slot.shape(), data.item())));
                } else {
                    engine.copy(data, loaded.computeIfAbsent(name, missing -> engine.allocate(param, slot)));
                }
            });
        });
    }

    private static long step(Object value, String of) {
        String name = "step" + of;
        return Check.count(
                name,
                tensor(value)
                        .filter(data -> data.count() == 1)
                        .map(data -> real(name, data).item())
                        .orElseThrow(() -> new IllegalArgumentException(
                                name + " must be a number, but was " + SavedGroup.shown(value))));
    }

    /** Makes the next step batch the parameters anew. */
    private void forget() {
        batches.forEach(Batch::close);
        batches = List.of();
        needed = List.of();
    }

    void close() {
        forget();
        slots.forEach(slot -> slot.values().forEach(engine::release));
        slots.forEach(Map::clear);
    }

    /** {@return {@code data} if its elements are real numbers} */
    static TensorData real(String name, TensorData data) {
        if (!data.dtype().isReal()) {
            throw new IllegalArgumentException(name + " must be real, but was " + data.dtype());
        }
        return data;
    }
}
