package org.anneal.schedule;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.anneal.text.Check;
import org.anneal.text.Kind;
import org.anneal.text.Param;
import org.anneal.text.PerGroup;

/**
 * Raises the rate while a metric keeps improving, and lowers it when the metric has stopped to.
 *
 * <pre>{@code
 *   better(metric) = metric < bar                     mode MIN
 *                  = metric > bar                     mode MAX
 *   bar            = best - threshold                 MIN, ABS     best + threshold         MAX, ABS
 *                  = best * (1 - threshold)           MIN, REL     best * (1 + threshold)   MAX, REL
 *   raise          = min(current / factor, maxLr)     if that raises the rate by more than eps
 *   lower          = max(current * factor, minLr)     if that lowers the rate by more than eps
 * }</pre>
 *
 * <p>After more than {@code patience} better metrics in a row the rate is raised, and after as many that are not it is lowered; then
 * the next {@code warmup} or {@code cooldown} metrics are passed over. If no group is above its {@code minLr} after
 * {@code resetStart} reductions since the last rise, the rates are set to those at the start and all is forgotten; on a schedule,
 * to the schedule's own.
 *
 * <p>With {@code smooth}, the mean of the last {@code windowSize} metrics takes a metric's place.
 *
 * <p>transformers 5: {@code GreedyLR(optimizer, mode='min', factor=0.95, patience=10, threshold=1e-06, threshold_mode='abs',
 * cooldown=0, warmup=0, min_lr=0.001, max_lr=1.0, eps=1e-08, smooth=False, window_size=50, reset_start=500)}, bit for bit; arXiv:2512.14527.
 * Two differences: if the best is negative, a relative bar is mirrored, so that it lies on the better side of the best; and a metric
 * that is not finite is not better, but does not stay in the mean, which in transformers is NaN from then on.
 *
 * @param mode whether a lower or a higher metric is better
 * @param factor factor per reduction, above 0 and below 1; a rise divides by it
 * @param patience metrics of a kind in a row that change nothing yet, at least 0
 * @param threshold the least improvement that counts, finite and at least 0
 * @param thresholdMode whether {@code threshold} is relative to the best metric or absolute
 * @param cooldown metrics that are passed over after a reduction, at least 0
 * @param warmup metrics that are passed over after a rise, at least 0
 * @param minLr lowest rate, finite and at least 0: one for all groups, or one per group
 * @param maxLr highest rate, finite and at least 0: one for all groups, or one per group
 * @param eps smaller changes than this, as a rate, are not made; finite and at least 0
 * @param smooth whether the metrics are averaged
 * @param windowSize how many metrics are averaged, at least 1
 * @param resetStart reductions at the lowest rate until all starts over, at least 0; 0 is as 1
 */
@StateForm.By(GreedyForm.class)
public record GreedyLR(
        @Param(or = "'min'") ReduceLROnPlateau.Mode mode,

        @Param(
                or = "0.95",
                above = 0,
                below = 1,
                slider = {0.01, 0.99})
        double factor,

        @Param(
                or = "10",
                atLeast = 0,
                slider = {0, 50})
        long patience,

        @Param(
                or = "1e-6",
                atLeast = 0,
                slider = {0, 0.1})
        double threshold,

        @Param(or = "'abs'") ReduceLROnPlateau.ThresholdMode thresholdMode,

        @Param(
                or = "0",
                atLeast = 0,
                slider = {0, 50})
        long cooldown,

        @Param(
                or = "0",
                atLeast = 0,
                slider = {0, 50})
        long warmup,

        @Param(or = "1e-3", unit = Param.Unit.RATE) List<Double> minLr,
        @Param(or = "1.0", unit = Param.Unit.RATE) List<Double> maxLr,
        @Param(or = "1e-8", unit = Param.Unit.RATE) double eps,
        @Param(or = "False") boolean smooth,

        @Param(
                or = "50",
                atLeast = 1,
                slider = {1, 100})
        long windowSize,

        @Param(
                or = "500",
                atLeast = 0,
                slider = {0, 1000})
        long resetStart)
        implements MetricDriven {

    static final Kind<GreedyLR> KIND = Kind.of(
                    GreedyLR.class, "rises while a metric improves, and falls when it does not")
            .drops("eps", "verbose");

    /**
     * The progress so far.
     *
     * @param best the best metric
     * @param badMetrics metrics in a row that were not better
     * @param goodMetrics metrics in a row that were better
     * @param cooldownCounter metrics to pass over after a reduction
     * @param warmupCounter metrics to pass over after a rise
     * @param resetStart reductions at the lowest rate that are left until all starts over
     * @param initLrs the rates at the start; none on a schedule
     * @param recent the metrics that are averaged, the oldest first
     * @param sum of these
     */
    public record State(
            double best,
            long badMetrics,
            long goodMetrics,
            long cooldownCounter,
            long warmupCounter,
            long resetStart,
            List<Double> initLrs,
            List<Double> recent,
            double sum)
            implements Progress {
        public State {
            initLrs = Check.list("initLrs", initLrs);
            recent = Check.list("recent", recent);
        }

        @Override
        public Map<String, Object> toMap() {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("best", best);
            map.put("num_bad_epochs", badMetrics);
            map.put("num_good_epochs", goodMetrics);
            map.put("cooldown_counter", cooldownCounter);
            map.put("warmup_counter", warmupCounter);
            map.put("reset_start", resetStart);
            map.put("init_lrs", initLrs);
            map.put("values", recent);
            map.put("sum", sum);
            return map;
        }
    }

    /** @throws IllegalArgumentException if an argument is out of its range */
    public GreedyLR {
        mode = KIND.check("mode", mode);
        factor = KIND.check("factor", factor);
        patience = KIND.check("patience", patience);
        threshold = KIND.check("threshold", threshold);
        thresholdMode = KIND.check("threshold_mode", thresholdMode);
        cooldown = KIND.check("cooldown", cooldown);
        warmup = KIND.check("warmup", warmup);
        minLr = KIND.check("min_lr", minLr);
        maxLr = KIND.check("max_lr", maxLr);
        eps = KIND.check("eps", eps);
        windowSize = KIND.check("window_size", windowSize);
        resetStart = KIND.check("reset_start", resetStart);
    }

    /** Uses transformers' defaults. */
    public GreedyLR() {
        this(
                KIND.absent("mode"),
                KIND.absent("factor"),
                KIND.absent("patience"),
                KIND.absent("threshold"),
                KIND.absent("threshold_mode"),
                KIND.absent("cooldown"),
                KIND.absent("warmup"),
                KIND.absent("min_lr"),
                KIND.absent("max_lr"),
                KIND.absent("eps"),
                KIND.absent("smooth"),
                KIND.absent("window_size"),
                KIND.absent("reset_start"));
    }

    /** {@return this with another mode} */
    public GreedyLR withMode(ReduceLROnPlateau.Mode mode) {
        return KIND.with(this, "mode", mode);
    }

    /** {@return this with another factor} */
    public GreedyLR withFactor(double factor) {
        return KIND.with(this, "factor", factor);
    }

    /** {@return this with another patience} */
    public GreedyLR withPatience(long patience) {
        return KIND.with(this, "patience", patience);
    }

    /** {@return this with another threshold} */
    public GreedyLR withThreshold(double threshold, ReduceLROnPlateau.ThresholdMode thresholdMode) {
        return KIND.with(KIND.with(this, "threshold", threshold), "threshold_mode", thresholdMode);
    }

    /** {@return this with another number of metrics to pass over after a reduction} */
    public GreedyLR withCooldown(long cooldown) {
        return KIND.with(this, "cooldown", cooldown);
    }

    /** {@return this with another number of metrics to pass over after a rise} */
    public GreedyLR withWarmup(long warmup) {
        return KIND.with(this, "warmup", warmup);
    }

    /** {@return this with other bounds, for all groups} */
    public GreedyLR withBounds(double minLr, double maxLr) {
        return KIND.with(KIND.with(this, "min_lr", List.of(minLr)), "max_lr", List.of(maxLr));
    }

    /** {@return this with metrics that are averaged, so many at a time} */
    public GreedyLR withSmoothing(long windowSize) {
        return KIND.with(KIND.with(this, "smooth", true), "window_size", windowSize);
    }

    /** {@return this with another number of reductions at the lowest rate until all starts over} */
    public GreedyLR withResetStart(long resetStart) {
        return KIND.with(this, "reset_start", resetStart);
    }

    @Override
    public State start(List<Double> rates) {
        double best = mode == ReduceLROnPlateau.Mode.MIN ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY;
        return new State(best, 0, 0, 0, 0, resetStart, rates, List.of(), 0);
    }

    @Override
    public State take(Progress before, double given, double[] rates, double[] unscaled) {
        State state = (State) before;
        MovingMean recent = new MovingMean(state.recent, state.sum);
        double metric = given;
        if (smooth && Double.isFinite(given)) {
            recent = recent.with(given, windowSize);
            metric = recent.mean();
        }
        List<Double> first = withLate(state.initLrs, rates);
        if (state.cooldownCounter > 0 || state.warmupCounter > 0) {
            boolean cooling = state.cooldownCounter > 0;
            return new State(
                    state.best,
                    0,
                    0,
                    state.cooldownCounter - (cooling ? 1 : 0),
                    state.warmupCounter - (cooling ? 0 : 1),
                    state.resetStart,
                    first,
                    recent.values(),
                    recent.sum());
        }
        boolean better = isBetter(metric, state.best);
        double best = better ? metric : state.best;
        long good = better ? state.goodMetrics + 1 : 0;
        long bad = better ? 0 : state.badMetrics + 1;
        if (good > patience) {
            change(rates, true);
            return new State(best, 0, 0, 0, warmup, resetStart, first, recent.values(), recent.sum());
        } else if (bad > patience) {
            change(rates, false);
            long left = state.resetStart - (isLowest(rates) ? 1 : 0);
            if (isLowest(rates) && left <= 0) {
                for (int i = 0; i < rates.length; i++) {
                    rates[i] = first.isEmpty() ? unscaled[i] : first.get(i);
                }
                State afresh = start(first);
                return new State(afresh.best, 0, 0, cooldown, 0, resetStart, first, List.of(), 0);
            }
            return new State(best, 0, 0, cooldown, 0, left, first, recent.values(), recent.sum());
        }
        return new State(best, bad, good, 0, 0, state.resetStart, first, recent.values(), recent.sum());
    }

    /** {@return the rates at the start, with those of groups that were added since} */
    private static List<Double> withLate(List<Double> first, double[] rates) {
        if (first.isEmpty() || first.size() == rates.length) {
            return first;
        }
        List<Double> all = new ArrayList<>(first);
        for (int i = first.size(); i < rates.length; i++) {
            all.add(rates[i]);
        }
        return all;
    }

    private void change(double[] rates, boolean raise) {
        for (int i = 0; i < rates.length; i++) {
            rates[i] = raise ? raised(i, rates.length, rates[i]) : lowered(i, rates.length, rates[i]);
        }
    }

    private double raised(int group, int groups, double current) {
        double raised = Math.min(current / factor, bound("max_lr", maxLr, group, groups));
        return raised - current > eps ? raised : current;
    }

    private double lowered(int group, int groups, double current) {
        double lowered = Math.max(current * factor, bound("min_lr", minLr, group, groups));
        return current - lowered > eps ? lowered : current;
    }

    private boolean isLowest(double[] rates) {
        for (int i = 0; i < rates.length; i++) {
            if (rates[i] > bound("min_lr", minLr, i, rates.length)) {
                return false;
            }
        }
        return true;
    }

    private static double bound(String argument, List<Double> bounds, int group, int groups) {
        return PerGroup.forGroup(argument, bounds, group, groups).get(0);
    }

    private boolean isBetter(double metric, double best) {
        double bar = ReduceLROnPlateau.bar(mode, threshold, thresholdMode, best);
        return mode == ReduceLROnPlateau.Mode.MIN ? metric < bar : metric > bar;
    }

    @Override
    public void checkGroups(int groups) {
        bound("min_lr", minLr, 0, groups);
        bound("max_lr", maxLr, 0, groups);
    }

    @Override
    public void check(RunPart part) {
        if (patience >= part.steps()) {
            part.addAtEnd(
                    "GreedyLR cannot change the rate: it waits for " + (patience + 1)
                            + " metrics in a row that improve or do not, but " + part.name() + " has " + part.steps(),
                    Remedy.set(this, "patience", Math.max(0, part.steps() / 10)));
        }
    }

    @Override
    public Optional<Finding> idle(int group, int groups, double highest, long step) {
        if (lowered(group, groups, highest) != highest) {
            return Optional.empty();
        }
        double least = bound("min_lr", minLr, group, groups);
        return Optional.of(new Finding(
                step,
                "GreedyLR never lowers the rate, which is " + RunPart.round(highest) + " at most: "
                        + (least < highest
                                ? "no reduction is above its eps=" + RunPart.round(eps)
                                : "its min_lr=" + RunPart.round(least) + " is not below it"),
                (least < highest ? "set eps well below " : "set min_lr well below ") + RunPart.round(highest)));
    }

    @Override
    public Kind<GreedyLR> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
