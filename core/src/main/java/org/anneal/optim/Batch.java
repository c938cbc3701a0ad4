package org.anneal.optim;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.anneal.text.Check;

/**
 * Parameters of one group that one kernel call updates together: they have a gradient now, and have been updated equally often.
 * An optimizer reuses a batch as long as its parameters stay together.
 */
public final class Batch<T> {
    private static final Slot SPARE = new Slot("spare");

    private final Engine<T> engine;
    private final List<T> params;
    private final List<Slot> names;
    private final List<List<T>> slots;
    private final int[] indices; // of the parameters in their group
    private final List<T> grads = new ArrayList<>();
    private final List<T> gradsView = Collections.unmodifiableList(grads);
    private long step;
    private boolean fresh;
    private double lr;
    private Optional<AutoCloseable> cache = Optional.empty();

    Batch(Engine<T> engine, int[] indices, List<T> params, List<Slot> names, List<List<T>> slots) {
        this.engine = engine;
        this.indices = indices;
        this.params = List.copyOf(params);
        this.names = names;
        this.slots = slots.stream().map(List::copyOf).toList();
    }

    /**
     * {@return a batch of one parameter whose slots the caller keeps, such as those that lie in another library's memory} Each step
     * takes an {@link #update} and then {@link UpdateRule#apply(Kernels, Batch)}.
     *
     * @param names of {@code slots}, which are in the order of {@link UpdateRule#slots}
     */
    public static <T> Batch<T> of(Engine<T> engine, T param, List<Slot> names, List<T> slots) {
        return new Batch<>(
                Objects.requireNonNull(engine, "engine"),
                new int[1],
                List.of(Objects.requireNonNull(param, "param")),
                Check.list("names", names),
                Check.list("slots", slots).stream().map(List::of).toList());
    }

    /**
     * Prepares a batch of one parameter for a step.
     *
     * @param step the number of this update, from 1
     * @param fresh whether the slots hold their initial values
     */
    public void update(T grad, long step, boolean fresh, double lr) {
        update(p -> Optional.of(grad), step, fresh, lr);
    }

    int[] indices() {
        return indices;
    }

    /**
     * Prepares for a step.
     *
     * @param grads the gradient of each parameter of the group, by index
     */
    void update(IntFunction<Optional<T>> grads, long step, boolean fresh, double lr) {
        this.grads.clear();
        for (int p : indices) {
            this.grads.add(grads.apply(p).orElseThrow());
        }
        this.step = step;
        this.fresh = fresh;
        this.lr = lr;
    }

    /** Drops the gradients. */
    void release() {
        grads.clear();
    }

    List<Slot> slots() {
        return names;
    }

    /** {@return the parameters; the same list for the life of this batch} */
    public List<T> params() {
        return params;
    }

    /** {@return the gradients of this step, in the order of {@link #params()}} */
    public List<T> grads() {
        return gradsView;
    }

    /** {@return the rule's slot {@code index}, one array per parameter; the same list for the life of this batch} */
    public List<T> slot(int index) {
        return slots.get(index);
    }

    /** {@return the number of this update of these parameters, from 1} */
    public long step() {
        return step;
    }

    /** {@return whether the slots were allocated for this update and hold their initial values} */
    public boolean fresh() {
        return fresh;
    }

    /** {@return the learning rate in force} */
    public double lr() {
        return lr;
    }

    /** A rule's update of one parameter; {@code slots} are in the rule's order. */
    public interface Update<T> {
        void apply(T param, T grad, List<T> slots, List<T> spares);
    }

    /**
     * Updates the parameters one after another. The gradient belongs to the user: an update must not change it, but can copy it
     * into a spare.
     *
     * @param spares the number of temporary arrays of the parameter's shape that the update gets, filled with zeros
     */
    public void forEach(int spares, Update<T> update) {
        for (int i = 0; i < params.size(); i++) {
            int place = i;
            List<T> lent = new ArrayList<>();
            try {
                for (int s = 0; s < spares; s++) {
                    lent.add(engine.allocate(params.get(i), SPARE));
                }
                update.apply(
                        params.get(i),
                        grads.get(i),
                        slots.stream().map(slot -> slot.get(place)).toList(),
                        lent);
            } finally {
                lent.forEach(engine::release);
            }
        }
    }

    /** Sets {@code to} to the effective gradient, {@code grad + weightDecay * param}, with {@code -grad} if {@code maximize}. */
    static <T> T effectiveGrad(Vectors<T> vectors, T grad, T param, boolean maximize, double weightDecay, T to) {
        vectors.copy(grad, to);
        if (maximize) {
            vectors.scale(to, -1);
        }
        if (weightDecay != 0) {
            vectors.add(to, param, weightDecay);
        }
        return to;
    }

    /** Applies a rule that has no kernel on this engine by vector operations. */
    void compose(UpdateRule rule) {
        rule.apply(engine.vectors(), this);
    }

    /**
     * Applies the rule of {@code group} once to a single number, to find out before the first step whether {@code engine} lacks
     * an operation.
     *
     * @throws UnsupportedOperationException if it lacks one
     */
    static <T> void tryOut(Engine<T> engine, Kernels<T> kernels, ParamGroup<T> group) {
        T param = group.params().get(0);
        List<Slot> names = group.slots(engine.shape(param).size());
        List<T> numbers = new ArrayList<>();
        try {
            for (int i = 0; i < 2 + names.size(); i++) {
                numbers.add(engine.allocate(param, new Slot("trial", Slot.Shape.SCALAR, 0)));
            }
            names.stream().filter(Slot::copy).forEach(slot -> copy(engine, slot, numbers.get(0), numbers.get(1)));
            List<List<T>> slots =
                    numbers.stream().skip(2).map(slot -> List.of(slot)).toList();
            Batch<T> trial = new Batch<>(engine, new int[1], numbers.subList(0, 1), names, slots);
            trial.update(p -> Optional.of(numbers.get(1)), 1, true, group.lr());
            try {
                Map<String, Object> ofGroup = new LinkedHashMap<>();
                GroupState.start(group.ruleWithStaleLr(), ofGroup);
                group.ruleWithStaleLr()
                        .applyToAll(List.of(new GroupStep<>(engine, kernels, group, ofGroup, List.of(trial))));
            } finally {
                trial.close();
            }
        } catch (UnsupportedOperationException missing) {
            throw MissingOperation.on(engine, group.kind().getSimpleName(), missing);
        } catch (RuntimeException e) {
            // A rule may refuse a single number; that says nothing about the real parameters.
        } finally {
            numbers.forEach(engine::release);
        }
    }

    /** Fills an array of {@code slot} with the elements of {@code param}. */
    static <T> void copy(Engine<T> engine, Slot slot, T param, T array) {
        if (slot.shape() == Slot.Shape.FLAT) {
            engine.vectors().gather(List.of(param), array);
        } else {
            engine.vectors().copy(param, array);
        }
    }

    /**
     * {@return an object that a kernel keeps between steps for these parameters, created on first use and closed with this batch}
     */
    @SuppressWarnings("unchecked") // only one kernels object uses it, always with the same type
    public <C extends AutoCloseable> C cache(Supplier<C> make) {
        if (cache.isEmpty()) {
            cache = Optional.of(make.get());
        }
        return (C) cache.get();
    }

    void close() {
        if (cache.isPresent()) {
            try {
                cache.get().close();
            } catch (Exception e) {
                throw new IllegalStateException("a kernel's cache could not be closed", e);
            }
            cache = Optional.empty();
        }
    }
}
