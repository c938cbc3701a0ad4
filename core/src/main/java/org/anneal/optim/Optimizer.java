package org.anneal.optim;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.DoubleSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.checkpoint.TensorData;
import org.anneal.text.Check;
import org.anneal.text.Python;

/**
 * Updates parameters from their gradients: runs one update rule over param groups, each with its own options.
 *
 * <p>A parameter without a gradient is skipped; one whose gradient is all zeros is updated, as in PyTorch. The optimizer owns its
 * state and frees it in {@link #close}; it never frees a parameter. It belongs to one thread.
 *
 * @param <T> the engine's parameters
 */
public final class Optimizer<T> implements Schedulable, AutoCloseable {
    private final Engine<T> engine;
    private final Kernels<T> kernels;
    private final List<ParamGroup<T>> groups = new ArrayList<>();
    private final List<ParamGroup<T>> groupsView = Collections.unmodifiableList(groups);
    private final List<GroupState<T>> states = new ArrayList<>();
    private final Set<Object> known = new HashSet<>();
    private long steps;
    private boolean closed;
    private Optional<QuasiNewton<T>> quasiNewton = Optional.empty();

    /** One group: {@code rule} over all of {@code params}. */
    public Optimizer(Engine<T> engine, UpdateRule rule, List<T> params) {
        this(Objects.requireNonNull(engine, "engine"), List.of(new ParamGroup<>("all", rule, params)));
    }

    /**
     * Several groups, each with its own options.
     *
     * @throws IllegalArgumentException if there is no group, if the groups run different rules, if a parameter is listed twice, or
     *     if the engine cannot optimize a parameter
     * @throws UnsupportedOperationException if the engine has neither a kernel for the rule nor the vector operations that it
     *     needs
     */
    public Optimizer(Engine<T> engine, List<ParamGroup<T>> groups) {
        Objects.requireNonNull(engine, "engine");
        if (Check.list("groups", groups).isEmpty()) {
            throw new IllegalArgumentException("groups must hold at least one group, but there was none");
        }
        this.engine = engine;
        this.kernels = engine.kernels();
        try {
            groups.forEach(this::addParamGroup);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Adds a group, such as layers that were frozen until now. It must {@linkplain LRScheduler#join join} a running scheduler. */
    public void addParamGroup(ParamGroup<T> group) {
        Objects.requireNonNull(group, "group");
        Class<?> running = groups.isEmpty() ? group.kind() : groups.get(0).kind();
        if (group.kind() != running) {
            throw new IllegalArgumentException("all groups of an optimizer must run " + running.getSimpleName()
                    + ", as the first one does, but group '" + group.name() + "' runs " + group.rule());
        }
        if (group.needsClosure() && !groups.isEmpty()) {
            throw new IllegalArgumentException(running.getSimpleName() + " must run over one group, but group '"
                    + group.name() + "' would be a second one");
        }
        Set<Object> added = new HashSet<>();
        for (T param : group.params()) {
            engine.check(param);
            group.check(engine.shape(param));
            Object identity = engine.identity(param);
            if (known.contains(identity) || !added.add(identity)) {
                throw new IllegalArgumentException(
                        "a parameter must be in one group only, but group '" + group.name() + "' repeats one");
            }
        }
        group.ruleWithStaleLr()
                .checkRates(Stream.concat(groups.stream(), Stream.of(group))
                        .map(ParamGroup::lr)
                        .toList());
        tryOut(group);
        known.addAll(added);
        groups.add(group);
        GroupState<T> state = new GroupState<>(engine, group.params());
        state.start(group);
        if (!isTraining()) {
            state.switchTo(false, group.ruleWithStaleLr());
        }
        states.add(state);
        if (group.needsClosure()) {
            quasiNewton = Optional.of(new QuasiNewton<>(engine, group.params()));
        }
    }

    /** Refuses a rule for which the engine lacks an operation. An engine that overrides every operation is not tried. */
    private void tryOut(ParamGroup<T> group) {
        if (isComplete(group.hasKernel() ? kernels : engine.vectors())) {
            return;
        }
        if (!group.needsClosure()) {
            Batch.tryOut(engine, kernels, group);
            return;
        }
        try {
            QuasiNewton.tryOut(engine, group.params());
        } catch (MissingOperation missing) {
            throw MissingOperation.on(engine, group.kind().getSimpleName(), missing);
        }
    }

    private static boolean isComplete(Object arithmetic) {
        return Arrays.stream(arithmetic.getClass().getMethods()).noneMatch(Method::isDefault);
    }

    /** {@return a view of the groups, in the order they were added; later groups appear in it} */
    @Override
    public List<ParamGroup<T>> groups() {
        return groupsView;
    }

    /** {@return the group called {@code name}} */
    public ParamGroup<T> group(String name) {
        Objects.requireNonNull(name, "name");
        return groups.stream()
                .filter(group -> group.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("name must be one of "
                        + groups.stream().map(ParamGroup::name).toList() + ", but was " + name));
    }

    /** Drops all gradients: {@code zeroGrad(true)}, PyTorch's default. */
    public void zeroGrad() {
        zeroGrad(true);
    }

    /**
     * Clears all gradients.
     *
     * @param setToNone whether to drop them, so that a parameter that gets no new one is skipped; otherwise they are filled with
     *     zeros, so that momentum and weight decay still move it
     */
    public void zeroGrad(boolean setToNone) {
        groups.forEach(group -> group.params().forEach(param -> engine.zeroGrad(param, setToNone)));
    }

    /** Clips the gradients' Euclidean norm: {@code clipGradNorm(maxNorm, 2, false)}. */
    public double clipGradNorm(double maxNorm) {
        return clipGradNorm(maxNorm, 2, false);
    }

    /**
     * Multiplies all gradients, in place, by {@code min(1, maxNorm / (norm + 1e-6))}, where their norm is the norm of the norms of
     * all groups' gradients; 0 if there are none. A norm that is not finite makes the gradients 0 or NaN, as
     * in PyTorch.
     *
     * <p>PyTorch: {@code torch.nn.utils.clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite)}.
     *
     * @param maxNorm at least 0; infinity only measures
     * @param normType the order of the norm, such as 1, 2, or infinity for the largest absolute value
     * @param errorIfNonfinite whether to refuse a norm that is infinite or NaN, and change nothing
     * @return the norm before
     * @throws IllegalStateException if the norm is refused
     */
    public double clipGradNorm(double maxNorm, double normType, boolean errorIfNonfinite) {
        Check.notNegative("max_norm", maxNorm);
        Check.number("norm_type", normType);
        try (Gradients<T> taken = new Gradients<>(engine)) {
            List<T> grads = grads(taken);
            double norm = engine.vectors().norm(grads, normType);
            if (errorIfNonfinite && !Double.isFinite(norm)) {
                throw new IllegalStateException("the gradients' norm of order " + Python.repr(normType)
                        + " must be finite to be clipped, but was " + norm);
            }
            engine.vectors().shrink(grads, norm, maxNorm);
            return norm;
        } catch (MissingOperation missing) {
            throw MissingOperation.on(engine, "clip_grad_norm", missing);
        }
    }

    /**
     * Clamps every element of every gradient, in place, to {@code [-clipValue, clipValue]}; NaN stays NaN.
     *
     * <p>PyTorch: {@code torch.nn.utils.clip_grad_value_(parameters, clip_value)}.
     *
     * @param clipValue at least 0
     */
    public void clipGradValue(double clipValue) {
        Check.notNegative("clip_value", clipValue);
        try (Gradients<T> taken = new Gradients<>(engine)) {
            engine.vectors().clamp(grads(taken), clipValue);
        } catch (MissingOperation missing) {
            throw MissingOperation.on(engine, "clip_grad_value", missing);
        }
    }

    /** {@return all gradients of all groups, which {@code taken} releases} */
    private List<T> grads(Gradients<T> taken) {
        groups.forEach(group -> taken.take(group.params()));
        return taken.present();
    }

    /**
     * Updates every parameter that has a gradient.
     *
     * @throws IllegalArgumentException if a gradient of any group is refused, or the rates of the groups; nothing has changed then
     * @throws IllegalStateException after {@link #close}, after {@link #eval} if the rule has weights of its own to evaluate, or if
     *     the rule needs a closure
     */
    public void step() {
        checkOpen("stepped");
        if (quasiNewton.isPresent()) {
            throw new IllegalStateException(
                    "LBFGS evaluates the loss itself: call step(closure) with a closure that clears the gradients, computes"
                            + " the loss and its gradients, and returns the loss");
        }
        if (!isTraining()) {
            throw new IllegalStateException(
                    "an optimizer must not be stepped after eval(), while its parameters hold the weights to evaluate: call"
                            + " train() first");
        }
        UpdateRule rule = groups.get(0).ruleWithStaleLr();
        rule.checkRates(groups.stream().map(ParamGroup::lr).toList());
        try {
            states.forEach(GroupState::gather);
            List<GroupStep<T>> parts = IntStream.range(0, groups.size())
                    .mapToObj(i -> states.get(i).prepare(groups.get(i), kernels))
                    .toList();
            rule.applyToAll(parts);
            steps++;
        } catch (UnsupportedOperationException missing) {
            throw MissingOperation.on(engine, rule.kind().name(), missing);
        } finally {
            states.forEach(GroupState::releaseGrads);
        }
    }

    /**
     * Evaluates the loss, and then updates every parameter that has a gradient; {@link LBFGS} evaluates it
     * several times. For example:
     *
     * <pre>{@code
     * optimizer.step(() -> {
     *     optimizer.zeroGrad();
     *     Tensor loss = torch.mse_loss(net.forward(inputs), targets);
     *     loss.backward();
     *     return loss.item_double();
     * });
     * }</pre>
     *
     * @param closure clears the gradients, computes the loss and its gradients, and returns the loss
     * @return the loss of the first evaluation, before the update
     * @throws IllegalStateException after {@link #close}
     */
    public double step(DoubleSupplier closure) {
        Objects.requireNonNull(closure, "closure");
        checkOpen("stepped");
        if (quasiNewton.isEmpty()) {
            double loss = closure.getAsDouble();
            step();
            return loss;
        }
        ParamGroup<T> group = groups.get(0);
        double loss = quasiNewton.get().step((LBFGS) group.ruleWithStaleLr(), group.lr(), closure);
        steps++;
        return loss;
    }

    /**
     * Turns the parameters, in place, into the weights to evaluate and to save. For most rules these are the weights that are
     * trained, and nothing changes; {@link AdamWScheduleFree} and {@link SGDScheduleFree} train others. The state dict says which
     * ones the parameters hold.
     *
     * @throws IllegalStateException after {@link #close}
     */
    public void eval() {
        switchTo(false);
    }

    /**
     * Turns the parameters, in place, back into the weights to train. An optimizer starts with them.
     *
     * @throws IllegalStateException after {@link #close}
     */
    public void train() {
        switchTo(true);
    }

    /** {@return whether the parameters hold the weights to train; always, if those to evaluate are the same} */
    public boolean isTraining() {
        return states.stream().allMatch(GroupState::isTraining);
    }

    private void switchTo(boolean training) {
        checkOpen("switched");
        for (int i = 0; i < groups.size(); i++) {
            states.get(i).switchTo(training, groups.get(i).ruleWithStaleLr());
        }
    }

    private void checkOpen(String what) {
        if (closed) {
            throw new IllegalStateException("an optimizer must not be " + what + " after close()");
        }
    }

    /** {@return the number of steps made} */
    @Override
    public long steps() {
        return steps;
    }

    /** Makes each group's current rate the base of its schedules. */
    public void rebase() {
        groups.forEach(ParamGroup::rebase);
    }

    /**
     * {@return the optimizer's state in PyTorch's layout: {@code state} by parameter number, and {@code param_groups} with the
     * entries of PyTorch's schedulers} Arrays are {@link org.anneal.checkpoint.TensorData}: views, which change with the next
     * step.
     *
     * @throws IllegalStateException after {@link #close}
     */
    public Map<String, Object> stateDict() {
        checkOpen("saved");
        Map<Object, Object> state = new LinkedHashMap<>();
        List<Object> packed = new ArrayList<>();
        long first = 0;
        for (int i = 0; i < groups.size(); i++) {
            ParamGroup<T> group = groups.get(i);
            List<Long> numbers = new ArrayList<>();
            for (int p = 0; p < group.params().size(); p++) {
                numbers.add(first + p);
                Map<String, Object> entry = quasiNewton.isPresent()
                        ? p == 0 ? quasiNewton.get().dict((LBFGS) group.ruleWithStaleLr()) : Map.of()
                        : states.get(i).dict(p, group.countsSteps());
                if (!entry.isEmpty()) {
                    state.put(first + p, entry);
                }
            }
            first += numbers.size();
            Map<String, Object> options = options(i);
            // CyclicLR and OneCycleLR store their own initial_lr there, and the base would be lost.
            OptionalDouble base = group.initialLr();
            if (base.isPresent() && !Double.valueOf(base.getAsDouble()).equals(options.get("initial_lr"))) {
                options.put(SavedGroup.OWN_BASE, base.getAsDouble());
            }
            if (!group.bases().isEmpty()) {
                options.put(SavedGroup.OTHER_BASES, group.bases());
            }
            options.put("params", numbers);
            packed.add(options);
        }
        Map<String, Object> dict = new LinkedHashMap<>();
        dict.put("state", state);
        dict.put("param_groups", packed);
        return dict;
    }

    /** {@return what puts the parameters and the whole state back as they are now, to the bit; gradients are no part of it} */
    Runnable saved() {
        checkOpen("saved");
        long before = steps;
        List<Runnable> parts = new ArrayList<>();
        for (int i = 0; i < groups.size(); i++) {
            ParamGroup<T> group = groups.get(i);
            UpdateRule rule = group.ruleWithStaleLr();
            double lr = group.lr();
            parts.add(() -> {
                group.setRule(rule);
                group.setLr(lr);
            });
            parts.add(states.get(i).saved());
            for (T param : group.params()) {
                TensorData values = engine.data(param).copy();
                parts.add(() -> engine.copy(values, param));
            }
        }
        return () -> {
            checkOpen("restored");
            parts.forEach(Runnable::run);
            steps = before;
        };
    }

    /** {@return the options of group {@code i}, with the entries of PyTorch's schedulers} */
    private Map<String, Object> options(int i) {
        ParamGroup<T> group = groups.get(i);
        Map<String, Object> options = group.options();
        options.putAll(states.get(i).dict(group.ruleWithStaleLr()));
        options.putAll(group.schedule().map(PyTorchState::groupEntries).orElse(Map.of()));
        return options;
    }

    /** {@return the rule and the options of each group, one per line, as PyTorch prints an optimizer} */
    @Override
    public String toString() {
        return IntStream.range(0, groups.size())
                .mapToObj(i -> ParamGroup.lines("Parameter Group " + i, options(i)))
                .collect(Collectors.joining("\n", groups.get(0).kind().getSimpleName() + " (\n", ")"));
    }

    /**
     * Loads a state from {@link #stateDict()}, or PyTorch's own in the same layout: the options and rates of the groups, and a
     * copy of the state of each parameter. Flags of other engines, such as {@code foreach}, are ignored.
     *
     * @throws IllegalArgumentException if the state has other groups or parameters than this optimizer, belongs to another rule,
     *     or has a value that is missing or out of range; nothing has changed then
     * @throws IllegalStateException after {@link #close}
     */
    public void loadStateDict(Map<?, ?> dict) {
        Objects.requireNonNull(dict, "dict");
        checkOpen("loaded");
        Map<Object, Map<?, ?>> state = new HashMap<>();
        Map<?, ?> byNumber = entry(dict, "state", Map.class);
        byNumber.forEach((number, kept) -> {
            if (!(kept instanceof Map<?, ?> map)) {
                throw new IllegalArgumentException(
                        "state[" + number + "] must be a dict, but was " + SavedGroup.shown(kept));
            }
            state.put(whole(number), map);
        });
        List<?> packed = entry(dict, "param_groups", List.class);
        if (packed.size() != groups.size()) {
            throw new IllegalArgumentException("param_groups must have " + groups.size()
                    + " entries, one per group of this optimizer, but had " + packed.size());
        }
        Set<Object> seen = new HashSet<>();
        List<SavedGroup> loaded = IntStream.range(0, groups.size())
                .mapToObj(i -> read(i, packed.get(i), state, seen))
                .toList();
        for (int i = 0; i < groups.size(); i++) {
            ParamGroup<T> group = groups.get(i);
            SavedGroup given = loaded.get(i);
            group.setRule(given.rule());
            group.setLr(given.lr()); // may be below 0
            given.initialLr().ifPresent(group::setInitialLr);
            given.bases().forEach((name, base) -> group.driven(name).setInitialLr(base));
            states.get(i).load(given);
            for (int p = 0; p < group.params().size(); p++) {
                Map<?, ?> kept = state.getOrDefault(given.params().get(p), Map.of());
                if (quasiNewton.isEmpty()) {
                    states.get(i).load(given.rule(), p, kept);
                } else if (p == 0) {
                    quasiNewton.get().load(kept);
                }
            }
        }
    }

    /** {@return group {@code i} of a state dict, checked against this optimizer's group, as are the states of its parameters} */
    private SavedGroup read(int i, Object given, Map<Object, Map<?, ?>> state, Set<Object> seen) {
        ParamGroup<T> group = groups.get(i);
        if (!(given instanceof Map<?, ?> options)) {
            throw new IllegalArgumentException(
                    "param_groups[" + i + "] must be a dict, but was " + SavedGroup.shown(given));
        }
        List<?> params = entry(options, "params", List.class);
        if (params.size() != group.params().size()) {
            throw new IllegalArgumentException("param_groups[" + i + "] must have "
                    + group.params().size() + " params, as group '" + group.name() + "' has, but had " + params.size());
        }
        try {
            SavedGroup saved = SavedGroup.of(group, options, params);
            for (int p = 0; p < params.size(); p++) {
                Object number = saved.params().get(p);
                if (!seen.add(number)) {
                    throw new IllegalArgumentException("parameter " + number + " is listed twice");
                }
                Map<?, ?> kept = state.getOrDefault(number, Map.of());
                if (quasiNewton.isEmpty()) {
                    states.get(i).check(saved.rule(), p, number, kept);
                } else if (p == 0) {
                    quasiNewton.get().check(number, kept);
                }
            }
            return saved;
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "param_groups[" + i + "] (group '" + group.name() + "', "
                            + group.kind().getSimpleName() + "): " + e.getMessage(),
                    e);
        }
    }

    private static Object whole(Object number) {
        return number instanceof Number n ? (Object) n.longValue() : number;
    }

    private static <E> E entry(Map<?, ?> dict, String name, Class<E> type) {
        Object value = dict.get(name);
        if (!type.isInstance(value)) {
            throw new IllegalArgumentException(name + " must be a " + (type == Map.class ? "dict" : "list")
                    + ", but was " + (value == null ? "missing" : SavedGroup.shown(value)));
        }
        return type.cast(value);
    }

    /** Frees the state of all parameters. The parameters and their gradients stay. */
    @Override
    public void close() {
        closed = true;
        states.forEach(GroupState::close);
        quasiNewton.ifPresent(QuasiNewton::close);
    }
}
