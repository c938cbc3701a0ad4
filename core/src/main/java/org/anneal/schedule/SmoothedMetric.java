package org.anneal.schedule;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * Smooths the metrics before a policy that they drive takes them.
 *
 * <pre>{@code
 *   every:  x = the mean of every such many metrics; in between nothing is taken
 *   window: x = the mean of the last x, at most so many
 *   decay:  m = decay * m + (1 - decay) * x, from m = 0;  x = m / (1 - decay^n) after n of them
 * }</pre>
 *
 * <p>One after the other, each where it is given: of several, first the mean, then the window, then the exponential mean. A metric
 * that is not finite is passed on as it is, and leaves the means as they are.
 *
 * <p>optax: {@code reduce_on_plateau(accumulation_size=every)}. transformers' {@code GreedyLR} has {@code smooth} for the window.
 *
 * @param policy takes the smoothed metrics
 * @param window how many values the moving mean has, at least 1; 1 for none
 * @param decay the part of the exponential mean that stays, at least 0 and below 1; 0 for none
 * @param every how many metrics are averaged into one, at least 1; 1 for none
 */
@StateForm.By(SmoothedForm.class)
public record SmoothedMetric(
        @Param MetricDriven policy,

        @Param(
                or = "1",
                atLeast = 1,
                slider = {1, 50})
        long window,

        @Param(
                or = "0.0",
                atLeast = 0,
                below = 1,
                slider = {0, 0.99})
        double decay,

        @Param(
                or = "1",
                atLeast = 1,
                slider = {1, 50})
        long every)
        implements MetricDriven {

    static final Kind<SmoothedMetric> KIND =
            Kind.of(SmoothedMetric.class, "smooths the metrics of a plateau").withoutOptimizer();

    /**
     * The progress so far.
     *
     * @param pending how many metrics wait to be averaged
     * @param pendingSum of these
     * @param recent the values of the window, the oldest first
     * @param recentSum of these
     * @param average the exponential mean, before it is divided by its weight
     * @param weight of the values in it: 1 - decay^n
     * @param inner the progress of the policy
     */
    public record State(
            long pending,
            double pendingSum,
            List<Double> recent,
            double recentSum,
            double average,
            double weight,
            Progress inner)
            implements Progress {
        public State {
            recent = Check.list("recent", recent);
            Objects.requireNonNull(inner, "inner");
        }

        @Override
        public double best() {
            return inner.best();
        }

        @Override
        public Map<String, Object> toMap() {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("pending", pending);
            map.put("pending_sum", pendingSum);
            map.put("values", recent);
            map.put("sum", recentSum);
            map.put("average", average);
            map.put("weight", weight);
            map.put("inner", inner.toMap());
            return map;
        }
    }

    /** @throws IllegalArgumentException if an argument is out of its range */
    public SmoothedMetric {
        policy = KIND.check("policy", policy);
        window = KIND.check("window", window);
        decay = KIND.check("decay", decay);
        every = KIND.check("every", every);
    }

    @Override
    public ReduceLROnPlateau.Mode mode() {
        return policy.mode();
    }

    /** Passes each metric on as it is. */
    public SmoothedMetric(MetricDriven policy) {
        this(policy, KIND.absent("window"), KIND.absent("decay"), KIND.absent("every"));
    }

    /** {@return this with a mean of the last so many} */
    public SmoothedMetric withWindow(long window) {
        return KIND.with(this, "window", window);
    }

    /** {@return this with an exponential mean} */
    public SmoothedMetric withDecay(double decay) {
        return KIND.with(this, "decay", decay);
    }

    /** {@return this with so many metrics averaged into one} */
    public SmoothedMetric withEvery(long every) {
        return KIND.with(this, "every", every);
    }

    @Override
    public State start(List<Double> rates) {
        return new State(0, 0, List.of(), 0, 0, 0, policy.start(rates));
    }

    @Override
    public State take(Progress before, double metric, double[] rates, double[] unscaled) {
        State state = (State) before;
        long pending = state.pending;
        double pendingSum = state.pendingSum;
        MovingMean recent = new MovingMean(state.recent, state.recentSum);
        double average = state.average;
        double weight = state.weight;
        double value = metric;
        boolean taken = true;
        if (Double.isFinite(metric)) {
            pending++;
            pendingSum += metric;
            taken = pending == every;
            if (taken) {
                value = pendingSum / every;
                pending = 0;
                pendingSum = 0;
                if (window > 1) {
                    recent = recent.with(value, window);
                    value = recent.mean();
                }
                if (decay > 0) {
                    average = decay * average + (1 - decay) * value;
                    weight = decay * weight + (1 - decay);
                    value = average / weight;
                }
            }
        }
        Progress inner = taken ? policy.take(state.inner, value, rates, unscaled) : state.inner;
        return new State(pending, pendingSum, recent.values(), recent.sum(), average, weight, inner);
    }

    @Override
    public void checkGroups(int groups) {
        policy.checkGroups(groups);
    }

    /** Of {@code every} metrics one is taken, so the policy has a run that is so much shorter. */
    @Override
    public void check(RunPart part) {
        if (every > part.steps()) {
            part.addAtEnd(
                    "SmoothedMetric never passes a metric on: it averages " + every + ", but " + part.name() + " has "
                            + part.steps(),
                    Remedy.set(this, "every", Math.max(1, part.steps() / 10)));
        } else {
            policy.check(part.piece(part.steps() - part.steps() / every, part.steps()));
        }
    }

    @Override
    public Optional<Finding> idle(int group, int groups, double highest, long step) {
        return policy.idle(group, groups, highest, step);
    }

    @Override
    public Kind<SmoothedMetric> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
