package org.anneal.optim;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import java.util.stream.Stream;
import org.anneal.checkpoint.DType;
import org.anneal.checkpoint.TensorData;
import org.anneal.text.Check;

/**
 * Runs {@link LBFGS} over the parameters of one group and keeps its state. Its vectors are as long as all parameters together
 * and are reused.
 */
final class QuasiNewton<T> {
    private static final Real CURVED = Real.of(1e-10); // pairs with a smaller y.s are not remembered

    /** The entries of a saved {@link Memory}: all of them or none. */
    private static final List<String> MEMORY =
            List.of("d", "t", "old_dirs", "old_stps", "ro", "H_diag", "prev_flat_grad", "prev_loss");

    private final Engine<T> engine;
    private final Vectors<T> vectors;
    private final List<T> params;
    private final Deque<T> spare = new ArrayDeque<>();
    private final Deque<T> lent = new ArrayDeque<>(); // gradients on the current search line

    private Optional<T> grad = Optional.empty(); // of this step; allocated by the first
    private long evaluations;
    private long iterations;
    private boolean used; // whether a step was made
    private Optional<Memory<T>> memory = Optional.empty();
    private List<Real> weights = List.of(); // of the pairs in the last direction
    private boolean
            weighed; // whether a direction was computed from pairs, which the second iteration is the first to do

    /** What one iteration passes to the next. */
    private static final class Memory<T> {
        final T direction;
        final T grad; // before the last iteration's move
        double loss; // at the same point
        Real t = Real.ZERO;
        Real scale = Real.ONE;
        final List<Pair<T>> pairs = new ArrayList<>(); // oldest first

        Memory(T direction, T grad) {
            this.direction = direction;
            this.grad = grad;
        }
    }

    /** A move of the parameters, s, the change of the gradient over it, y, and 1 / y.s. */
    private record Pair<T>(T y, T s, Real inverse) {}

    QuasiNewton(Engine<T> engine, List<T> params) {
        this.engine = engine;
        this.vectors = engine.vectors();
        this.params = params;
    }

    /**
     * Tries every operation once on a single number.
     *
     * @throws UnsupportedOperationException if {@code engine} lacks one
     */
    static <T> void tryOut(Engine<T> engine, List<T> params) {
        Vectors<T> vectors = engine.vectors();
        List<T> numbers = new ArrayList<>();
        try {
            T number = engine.allocate(params.get(0), new Slot("trial", Slot.Shape.SCALAR, 0));
            numbers.add(number);
            T vector = vectors.allocate(List.of(number));
            numbers.add(vector);
            vectors.gather(List.of(number), vector);
            vectors.scatter(vector, List.of(number));
            vectors.scatterAdd(vector, 1, List.of(number));
            vectors.copy(vector, vector);
            vectors.scale(vector, 1);
            vectors.add(vector, vector, 1);
            vectors.round(vector, vectors.dot(vector, vector) + vectors.sumAbs(vector) + vectors.maxAbs(vector));
        } finally {
            numbers.forEach(engine::release);
        }
    }

    /** Makes a step and {@return the loss before it} */
    double step(LBFGS rule, double lr, DoubleSupplier closure) {
        used = true;
        if (grad.isEmpty()) {
            grad = Optional.of(vectors.allocate(params));
        }
        T g = grad.get();
        double first = closure.getAsDouble();
        long before = evaluations;
        evaluations++;
        gather(g);
        Real flat = Real.of(rule.toleranceGrad());
        Real tiny = Real.of(rule.toleranceChange());
        boolean optimal = maxAbs(g).atMost(flat);
        if (optimal) {
            return first;
        }
        double loss = first;
        Memory<T> m = memory.orElseGet(() -> new Memory<>(take(), take()));
        memory = Optional.of(m);
        for (long i = 1; i <= rule.maxIter(); i++) {
            iterations++;
            turn(m, g, rule.historySize());
            vectors.copy(g, m.grad);
            m.loss = loss;
            m.t = firstTrial(g, lr);
            Real slope = dot(g, m.direction);
            if (tiny.negate().lessThan(slope)) {
                break;
            }
            if (rule.lineSearchFn() == LBFGS.LineSearchFn.STRONG_WOLFE) {
                long left = rule.maxEval() - (evaluations - before);
                T origin = take();
                try {
                    loss = search(
                            rule, m, g, origin, new StrongWolfe.Point<>(Real.ZERO, loss, g, slope), left, closure);
                } finally { // the closure may fail
                    giveBack(List.of());
                    spare.push(origin);
                }
                optimal = maxAbs(g).atMost(flat);
            } else {
                vectors.scatterAdd(m.direction, m.t.value(), params);
                if (i < rule.maxIter()) { // the last point is evaluated by the next step
                    loss = closure.getAsDouble();
                    evaluations++;
                    gather(g);
                    optimal = maxAbs(g).atMost(flat);
                }
            }
            if (optimal
                    || evaluations - before >= rule.maxEval()
                    || maxAbs(m.direction).times(m.t.abs()).atMost(tiny)
                    || Math.abs(loss - m.loss) < rule.toleranceChange()) {
                break;
            }
        }
        return first;
    }

    private Real firstTrial(T g, double lr) {
        return iterations == 1
                ? Real.ONE.min(Real.ONE.over(tensor(vectors.sumAbs(g)))).times(Real.of(lr))
                : Real.of(lr);
    }

    /** Computes the new direction from the gradient and the remembered pairs. */
    private void turn(Memory<T> m, T g, int history) {
        T d = m.direction;
        if (iterations == 1) {
            forget(m);
            vectors.copy(g, d);
            vectors.scale(d, -1);
            return;
        }
        remember(m, g, history);
        vectors.copy(g, d);
        vectors.scale(d, -1);
        Real[] weight = new Real[m.pairs.size()];
        for (int i = weight.length - 1; i >= 0; i--) {
            Pair<T> pair = m.pairs.get(i);
            weight[i] = dot(pair.s, d).times(pair.inverse);
            vectors.add(d, pair.y, -weight[i].value());
        }
        vectors.scale(d, m.scale.value());
        for (int i = 0; i < weight.length; i++) {
            Pair<T> pair = m.pairs.get(i);
            Real other = dot(pair.y, d).times(pair.inverse);
            vectors.add(d, pair.s, weight[i].minus(other).value());
        }
        weights = List.of(weight);
        weighed = true;
    }

    /** Remembers the last move and how it changed the gradient. */
    private void remember(Memory<T> m, T g, int history) {
        T y = take();
        T s = take();
        vectors.copy(g, y);
        vectors.add(y, m.grad, -1);
        vectors.copy(m.direction, s);
        vectors.scale(s, m.t.value());
        Real product = dot(y, s);
        if (!CURVED.lessThan(product)) {
            spare.push(y);
            spare.push(s);
            return;
        }
        while (m.pairs.size() >= history) {
            Pair<T> oldest = m.pairs.remove(0);
            spare.push(oldest.y);
            spare.push(oldest.s);
        }
        m.pairs.add(new Pair<>(y, s, Real.ONE.over(product)));
        m.scale = product.over(dot(y, y));
    }

    private void forget(Memory<T> m) {
        m.pairs.forEach(pair -> {
            spare.push(pair.y);
            spare.push(pair.s);
        });
        m.pairs.clear();
        m.scale = Real.ONE;
    }

    /**
     * Moves the parameters to the best point along the direction, sets {@code g} to its gradient, and {@return its loss}
     *
     * @param origin receives the starting point
     */
    private double search(
            LBFGS rule, Memory<T> m, T g, T origin, StrongWolfe.Point<T> start, long left, DoubleSupplier closure) {
        vectors.gather(params, origin);
        StrongWolfe<T> search = new StrongWolfe<>(
                new StrongWolfe.Line<>() {
                    @Override
                    public StrongWolfe.Point<T> at(Real t) {
                        T there = take();
                        lent.push(there);
                        vectors.scatterAdd(m.direction, t.value(), params);
                        double loss = closure.getAsDouble();
                        gather(there);
                        vectors.scatter(origin, params);
                        return new StrongWolfe.Point<>(t, loss, there, dot(there, m.direction));
                    }

                    @Override
                    public void keep(List<StrongWolfe.Point<T>> needed) {
                        giveBack(needed);
                    }
                },
                start,
                maxAbs(m.direction),
                rule.toleranceChange(),
                left);
        StrongWolfe.Point<T> best = search.search(m.t);
        if (best.grad() != g) {
            vectors.copy(best.grad(), g);
        }
        evaluations += search.evaluations();
        m.t = best.t();
        vectors.scatterAdd(m.direction, m.t.value(), params);
        return best.loss();
    }

    private void giveBack(List<StrongWolfe.Point<T>> needed) {
        lent.removeIf(vector -> {
            boolean idle = needed.stream().noneMatch(point -> point.grad() == vector);
            if (idle) {
                spare.push(vector);
            }
            return idle;
        });
    }

    /** Copies all gradients into {@code vector}, with zeros for missing ones. */
    private void gather(T vector) {
        List<T> grads = new ArrayList<>();
        try {
            for (T param : params) {
                grads.add(engine.grad(param).orElseGet(() -> engine.allocate(param, new Slot("zeros"))));
            }
            vectors.gather(grads, vector);
        } finally {
            grads.forEach(engine::release);
        }
    }

    private T take() {
        return spare.isEmpty() ? vectors.allocate(params) : spare.pop();
    }

    private Real tensor(double value) {
        T like = params.get(0);
        return Real.tensor(value, number -> vectors.round(like, number));
    }

    private Real dot(T a, T b) {
        return tensor(vectors.dot(a, b));
    }

    private Real maxAbs(T vector) {
        return tensor(vectors.maxAbs(vector));
    }

    /** {@return the state, as in PyTorch's state dict under parameter 0; empty before the first step} */
    Map<String, Object> dict(LBFGS rule) {
        Map<String, Object> dict = new LinkedHashMap<>();
        if (!used) {
            return dict;
        }
        dict.put("func_evals", evaluations);
        dict.put("n_iter", iterations);
        if (weighed) {
            List<Object> al = new ArrayList<>();
            for (int i = 0; i < Math.max(rule.historySize(), weights.size()); i++) {
                al.add(i < weights.size() ? data(weights.get(i)) : Optional.empty());
            }
            dict.put("al", al);
        }
        memory.ifPresent(m -> {
            dict.put("d", engine.data(m.direction));
            dict.put("t", data(m.t));
            dict.put("old_dirs", list(m.pairs.stream().map(pair -> engine.data(pair.y))));
            dict.put("old_stps", list(m.pairs.stream().map(pair -> engine.data(pair.s))));
            dict.put("ro", list(m.pairs.stream().map(pair -> data(pair.inverse))));
            dict.put("H_diag", m.scale == Real.ONE ? (Object) 1L : data(m.scale));
            dict.put("prev_flat_grad", engine.data(m.grad));
            dict.put("prev_loss", m.loss);
        });
        return dict;
    }

    private static List<Object> list(Stream<?> items) {
        return new ArrayList<>(items.toList());
    }

    private Object data(Real number) {
        if (!number.isTensor()) {
            return number.value();
        }
        DType type = engine.data(params.get(0)).dtype();
        return TensorData.scalar(type == DType.FLOAT64 ? type : DType.FLOAT32, number.value());
    }

    /**
     * Checks a state before it is loaded.
     *
     * @param number of the parameter in the state dict that has it
     * @param kept its entry there, empty if there is none
     */
    void check(Object number, Map<?, ?> kept) {
        try {
            check(kept);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("parameter " + number + ": " + e.getMessage(), e);
        }
    }

    private void check(Map<?, ?> kept) {
        if (kept.isEmpty()) {
            return;
        }
        count(kept, "func_evals");
        if (count(kept, "n_iter") == 0 && MEMORY.stream().noneMatch(kept::containsKey)) {
            return; // the gradient was zero from the start
        }
        vector("d", entry(kept, "d"));
        vector("prev_flat_grad", entry(kept, "prev_flat_grad"));
        number(kept, "t");
        number(kept, "H_diag");
        number(kept, "prev_loss");
        List<?> y = items(kept, "old_dirs");
        List<?> s = items(kept, "old_stps");
        List<?> ro = items(kept, "ro");
        if (y.size() != s.size() || y.size() != ro.size()) {
            throw new IllegalArgumentException("old_dirs, old_stps and ro must have equal lengths, but had " + y.size()
                    + ", " + s.size() + " and " + ro.size() + " entries");
        }
        y.forEach(each -> vector("old_dirs", each));
        s.forEach(each -> vector("old_stps", each));
        ro.forEach(each -> number("ro", each));
        if (kept.containsKey("al")) {
            weights(items(kept, "al"));
        }
    }

    /** Replaces the state with an entry that {@link #check} has passed. */
    void load(Map<?, ?> kept) {
        memory.ifPresent(m -> {
            forget(m);
            spare.push(m.direction);
            spare.push(m.grad);
        });
        memory = Optional.empty();
        weights = List.of();
        weighed = kept.get("al") instanceof List<?>;
        used = !kept.isEmpty();
        evaluations = used ? count(kept, "func_evals") : 0;
        iterations = used ? count(kept, "n_iter") : 0;
        if (!kept.containsKey("d")) {
            return;
        }
        Memory<T> m = new Memory<>(copy("d", entry(kept, "d")), copy("prev_flat_grad", entry(kept, "prev_flat_grad")));
        m.loss = number(kept, "prev_loss").value();
        m.t = number(kept, "t");
        Real scale = number(kept, "H_diag");
        m.scale = scale.isTensor() ? scale : Real.ONE;
        List<?> y = items(kept, "old_dirs");
        for (int i = 0; i < y.size(); i++) {
            m.pairs.add(new Pair<>(
                    copy("old_dirs", y.get(i)),
                    copy("old_stps", items(kept, "old_stps").get(i)),
                    number("ro", items(kept, "ro").get(i))));
        }
        if (kept.get("al") instanceof List<?> al) {
            weights = weights(al);
        }
        memory = Optional.of(m);
    }

    /** {@return the numbers of {@code al}, which has as many entries as the history and None where there is no pair} */
    private List<Real> weights(List<?> al) {
        return al.stream()
                .filter(each -> !SavedGroup.none(each).equals(Optional.empty()))
                .map(each -> number("al", each))
                .toList();
    }

    private T copy(String name, Object value) {
        T vector = take();
        engine.copy(vector(name, value), vector);
        return vector;
    }

    private TensorData vector(String name, Object value) {
        long length = params.stream()
                .mapToLong(param -> engine.shape(param).stream().reduce(1L, Math::multiplyExact))
                .sum();
        if (value instanceof TensorData data && data.shape().equals(List.of(length))) {
            return GroupState.real(name, data);
        }
        throw new IllegalArgumentException(name + " must be a vector of " + length
                + " elements, as many as all parameters have together, but was "
                + shown(value));
    }

    private long count(Map<?, ?> kept, String name) {
        return Check.count(name, number(kept, name).value());
    }

    private Real number(Map<?, ?> kept, String name) {
        return number(name, entry(kept, name));
    }

    private Real number(String name, Object value) {
        if (value instanceof TensorData data && data.count() == 1) {
            return tensor(GroupState.real(name, data).item());
        } else if (value instanceof Number number) {
            return Real.of(number.doubleValue());
        }
        throw new IllegalArgumentException(name + " must be a number, but was " + shown(value));
    }

    private static List<?> items(Map<?, ?> kept, String name) {
        if (kept.get(name) instanceof List<?> list) {
            return list;
        }
        throw new IllegalArgumentException(name + " must be a list, but was " + shown(entry(kept, name)));
    }

    private static Object entry(Map<?, ?> kept, String name) {
        Object value = kept.get(name);
        return value == null ? Optional.empty() : value;
    }

    private static String shown(Object value) {
        return SavedGroup.none(value).equals(Optional.empty()) ? "missing" : SavedGroup.shown(value);
    }

    void close() {
        load(Map.of());
        giveBack(List.of());
        grad.ifPresent(engine::release);
        grad = Optional.empty();
        spare.forEach(engine::release);
        spare.clear();
    }
}
