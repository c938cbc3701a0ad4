package org.anneal.schedule;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.anneal.text.Kind;
import org.anneal.text.Param;
import org.anneal.text.PerGroup;

/**
 * Multiplies the rate by {@code factor} when a metric has not improved for more than {@code patience} epochs.
 *
 * <pre>{@code
 *   better(metric) = metric < bar                     mode MIN
 *                  = metric > bar                     mode MAX
 *   bar            = best * (1 - threshold)           MIN, REL     best * (1 + threshold)   MAX, REL
 *                  = best - threshold                 MIN, ABS     best + threshold         MAX, ABS
 *   reduce         = max(current * factor, minLr)     if that lowers the rate by more than eps
 *                  = current                          otherwise
 * }</pre>
 *
 * <p>An epoch whose metric is not better is bad, unless it is in the cooldown after a reduction. Before the first metric the
 * best is infinite, and so is the bar. A NaN metric is never better, so its epoch is bad.
 *
 * <p>PyTorch: {@code ReduceLROnPlateau(mode='min', factor=0.1, patience=10, threshold=0.0001, threshold_mode='rel',
 * cooldown=0, min_lr=0, eps=1e-08)}, bit for bit. One difference: if the best is negative, a relative bar is mirrored,
 * {@code best * (1 + threshold)} for MIN and {@code best * (1 - threshold)} for MAX, so that it lies on the better side of
 * the best. In PyTorch a constant negative metric improves forever.
 *
 * @param mode whether a lower or a higher metric is better
 * @param factor factor per reduction, at least 0 and below 1
 * @param patience bad epochs that are tolerated, at least 0
 * @param threshold the least improvement that counts, finite and at least 0
 * @param thresholdMode whether {@code threshold} is relative to the best metric or absolute
 * @param cooldown epochs after a reduction that are never bad, at least 0
 * @param minLr lowest rate, finite and at least 0: one for all groups, or one per group
 * @param eps smaller reductions than this, as a rate, are not made; finite and at least 0
 */
@StateForm.By(PlateauForm.class)
public record ReduceLROnPlateau(
        @Param(or = "'min'") Mode mode,

        @Param(
                or = "0.1",
                atLeast = 0,
                below = 1,
                slider = {0, 0.99})
        double factor,

        @Param(
                or = "10",
                atLeast = 0,
                slider = {0, 50})
        long patience,

        @Param(
                or = "1e-4",
                atLeast = 0,
                slider = {0, 0.1})
        double threshold,

        @Param(or = "'rel'") ThresholdMode thresholdMode,

        @Param(
                or = "0",
                atLeast = 0,
                slider = {0, 50})
        long cooldown,

        @Param(or = "0", unit = Param.Unit.RATE) List<Double> minLr,
        @Param(or = "1e-8", unit = Param.Unit.RATE) double eps)
        implements MetricDriven {

    static final Kind<ReduceLROnPlateau> KIND = Kind.of(
                    ReduceLROnPlateau.class, "falls by a factor when a metric stops improving")
            .inPyTorch(Kind.LR_SCHEDULER, Kind.LastEpoch.AS_HERE);

    /** Which way a metric gets better. */
    public enum Mode {
        MIN,
        MAX
    }

    /** How the threshold is measured. */
    public enum ThresholdMode {
        REL,
        ABS
    }

    /**
     * The progress so far.
     *
     * @param best the best metric
     * @param badEpochs bad epochs since the last better one or the last reduction
     * @param cooldownCounter epochs left of the cooldown
     */
    public record State(double best, long badEpochs, long cooldownCounter) implements Progress {
        @Override
        public Map<String, Object> toMap() {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("best", best);
            map.put("num_bad_epochs", badEpochs);
            map.put("cooldown_counter", cooldownCounter);
            return map;
        }
    }

    /** @throws IllegalArgumentException if an argument is out of its range */
    public ReduceLROnPlateau {
        mode = KIND.check("mode", mode);
        factor = KIND.check("factor", factor);
        patience = KIND.check("patience", patience);
        threshold = KIND.check("threshold", threshold);
        thresholdMode = KIND.check("threshold_mode", thresholdMode);
        cooldown = KIND.check("cooldown", cooldown);
        minLr = KIND.check("min_lr", minLr);
        eps = KIND.check("eps", eps);
    }

    /** Uses PyTorch's defaults. */
    public ReduceLROnPlateau() {
        this(
                KIND.absent("mode"),
                KIND.absent("factor"),
                KIND.absent("patience"),
                KIND.absent("threshold"),
                KIND.absent("threshold_mode"),
                KIND.absent("cooldown"),
                KIND.absent("min_lr"),
                KIND.absent("eps"));
    }

    /** {@return this with another mode} */
    public ReduceLROnPlateau withMode(Mode mode) {
        return KIND.with(this, "mode", mode);
    }

    /** {@return this with another factor} */
    public ReduceLROnPlateau withFactor(double factor) {
        return KIND.with(this, "factor", factor);
    }

    /** {@return this with another patience} */
    public ReduceLROnPlateau withPatience(long patience) {
        return KIND.with(this, "patience", patience);
    }

    /** {@return this with another threshold} */
    public ReduceLROnPlateau withThreshold(double threshold, ThresholdMode thresholdMode) {
        return KIND.with(KIND.with(this, "threshold", threshold), "threshold_mode", thresholdMode);
    }

    /** {@return this with another cooldown} */
    public ReduceLROnPlateau withCooldown(long cooldown) {
        return KIND.with(this, "cooldown", cooldown);
    }

    /** {@return this with another lowest rate for all groups} */
    public ReduceLROnPlateau withMinLr(double minLr) {
        return withMinLr(List.of(minLr));
    }

    /** {@return this with another lowest rate for each group} */
    public ReduceLROnPlateau withMinLr(List<Double> minLr) {
        return KIND.with(this, "min_lr", minLr);
    }

    /** {@return this with another smallest reduction} */
    public ReduceLROnPlateau withEps(double eps) {
        return KIND.with(this, "eps", eps);
    }

    /** {@return the state before the first metric} */
    public State start() {
        return new State(mode == Mode.MIN ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY, 0, 0);
    }

    @Override
    public State start(List<Double> rates) {
        return start();
    }

    @Override
    public State take(Progress before, double metric, double[] rates, double[] unscaled) {
        State state = (State) before;
        if (fires(state, metric)) {
            for (int i = 0; i < rates.length; i++) {
                rates[i] = reduce(i, rates.length, rates[i]);
            }
        }
        return next(state, metric);
    }

    @Override
    public void checkGroups(int groups) {
        reduce(0, groups, 0);
    }

    /** {@return the state after one more metric} */
    public State next(State state, double metric) {
        double best = isBetter(metric, state.best()) ? metric : state.best();
        return fires(state, metric)
                ? new State(best, 0, cooldown)
                : new State(best, badEpochs(state, metric), Math.max(0, state.cooldownCounter() - 1));
    }

    /** {@return whether this metric triggers a reduction, so that {@link #reduce} applies to every group} */
    public boolean fires(State state, double metric) {
        return badEpochs(state, metric) > patience;
    }

    /**
     * Returns the reduced rate of a group whose rate is {@code current}.
     *
     * @throws IllegalArgumentException if {@code minLr} has neither 1 entry nor {@code groups}
     */
    public double reduce(int group, int groups, double current) {
        double reduced = Math.max(
                current * factor,
                PerGroup.forGroup("min_lr", minLr, group, groups).get(0));
        return current - reduced > eps ? reduced : current;
    }

    /**
     * Returns the new factor on a group's unscaled rate after a metric that fired: {@code max(unscaled * factor * this.factor,
     * min_lr) / unscaled} if that lowers the rate in force by more than {@code eps}, or else {@code factor}.
     *
     * @param unscaled the group's rate by the schedule
     * @param factor the factor on it until now
     * @throws IllegalArgumentException as {@link #reduce} does
     */
    public double reduceFactor(int group, int groups, double unscaled, double factor) {
        double inForce = unscaled * factor;
        double reduced = reduce(group, groups, inForce);
        return reduced == inForce ? factor : reduced / unscaled;
    }

    private long badEpochs(State state, double metric) {
        boolean good = state.cooldownCounter() > 0 || isBetter(metric, state.best());
        return good ? 0 : state.badEpochs() + 1;
    }

    private boolean isBetter(double metric, double best) {
        double bar = bar(mode, threshold, thresholdMode, best);
        return mode == Mode.MIN ? metric < bar : metric > bar;
    }

    /** {@return what a metric must be beyond to be better than {@code best}} */
    static double bar(Mode mode, double threshold, ThresholdMode thresholdMode, double best) {
        if (Double.isInfinite(best)) {
            return best;
        }
        boolean lower = mode == Mode.MIN;
        if (thresholdMode == ThresholdMode.ABS) {
            return lower ? best - threshold : best + threshold;
        }
        return lower == best >= 0 ? best * (1.0 - threshold) : best * (threshold + 1.0);
    }

    @Override
    public void check(RunPart part) {
        if (patience + 2 > part.steps()) { // the first metric is the best so far
            part.addAtEnd(
                    "ReduceLROnPlateau cannot reduce the rate: it waits for " + (patience + 1)
                            + " metrics without improvement after the first, but " + part.name() + " has "
                            + part.steps(),
                    Remedy.set(this, "patience", Math.max(0, part.steps() / 10)));
        }
    }

    @Override
    public Optional<Finding> idle(int group, int groups, double highest, long step) {
        if (reduce(group, groups, highest) != highest) {
            return Optional.empty();
        }
        double least = PerGroup.forGroup("min_lr", minLr, group, groups).get(0);
        return Optional.of(new Finding(
                step,
                "ReduceLROnPlateau never reduces the rate, which is " + RunPart.round(highest) + " at most: "
                        + (least < highest
                                ? "no reduction is above its eps=" + RunPart.round(eps)
                                : "its min_lr=" + RunPart.round(least) + " is not below it"),
                (least < highest ? "set eps well below " : "set min_lr well below ") + RunPart.round(highest)));
    }

    @Override
    public Kind<ReduceLROnPlateau> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
