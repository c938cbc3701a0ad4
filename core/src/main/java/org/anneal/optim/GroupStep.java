package org.anneal.optim;

import java.util.List;
import java.util.Map;

/**
 * A group's part in one step: its options, its rate, its {@linkplain GroupSlot numbers}, and its parameters that have a gradient.
 *
 * @param <T> the engine's parameters
 */
public final class GroupStep<T> {
    private final Engine<T> engine;
    private final Kernels<T> kernels;
    private final UpdateRule rule;
    private final double lr;
    private final Map<String, Object> numbers;
    private final List<Batch<T>> batches;

    GroupStep(
            Engine<T> engine,
            Kernels<T> kernels,
            ParamGroup<T> group,
            Map<String, Object> numbers,
            List<Batch<T>> batches) {
        this.engine = engine;
        this.kernels = kernels;
        this.rule = group.ruleWithStaleLr();
        this.lr = group.lr();
        this.numbers = numbers;
        this.batches = List.copyOf(batches);
    }

    /** {@return the options in force, except that their rate may be stale: see {@link #lr}} */
    public UpdateRule rule() {
        return rule;
    }

    /** {@return the learning rate in force} */
    public double lr() {
        return lr;
    }

    /** {@return the engine's vector operations} */
    public Vectors<T> vectors() {
        return engine.vectors();
    }

    /** {@return the parameters that have a gradient, by age; empty if none has} */
    public List<Batch<T>> batches() {
        return batches;
    }

    /**
     * {@return the group's number of that name}
     *
     * @throws IllegalArgumentException if the group has none, or not yet
     */
    public double number(String name) {
        if (numbers.get(name) instanceof Number number) {
            return number.doubleValue();
        }
        throw new IllegalArgumentException(
                "name must be one of the numbers of the group, " + numbers.keySet() + ", but was " + name);
    }

    /** Sets the group's number of that name. A count stays a count. */
    public void set(String name, double number) {
        numbers.put(name, numbers.get(name) instanceof Long ? (Object) (long) number : (Object) number);
    }

    /** Updates each parameter, one after another: {@link Batch#forEach}. */
    public void forEach(int spares, Batch.Update<T> update) {
        batches.forEach(batch -> batch.forEach(spares, update));
    }

    /** Updates every batch by the rule, with its kernel if the engine has one. */
    void apply() {
        batches.forEach(batch -> rule.apply(kernels, batch));
    }
}
