package org.anneal.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Multiplies the rate by {@code factor} when a metric has not improved for more than {@code patience} epochs.
 *
 * <pre>{@code
 *   better(metric) = metric < bar                     mode MIN
 *                  = metric > bar                     mode MAX
 *   bar            = best * (1 - threshold)           MIN, REL     best * (1 + threshold)   MAX, REL
 *                  = best - threshold                 MIN, ABS     best + threshold         MAX, ABS
 *   reduce         = max(current * factor, minLr)     if that is lower than current by more than eps
 *                  = current                          otherwise
 * }</pre>
 *
 * <p>An epoch that is not better is bad; one within the cooldown that follows a reduction never is. Before the first
 * metric the best is infinite, which is its own bar. A NaN metric is never better, so it counts as a bad epoch.
 *
 * <p>PyTorch: {@code ReduceLROnPlateau(mode='min', factor=0.1, patience=10, threshold=0.0001, threshold_mode='rel',
 * cooldown=0, min_lr=0, eps=1e-08)}, bit for bit. One difference: below 0 a relative bar is mirrored, so that it lies on
 * the better side of the best: {@code best * (1 + threshold)} for MIN and {@code best * (1 - threshold)} for MAX. In
 * PyTorch a flat negative metric improves for ever.
 *
 * @param mode whether a lower or a higher metric is better
 * @param factor factor of a reduction, at least 0 and below 1
 * @param patience bad epochs that are let pass, at least 0
 * @param threshold how much better counts, relative or absolute, finite and at least 0
 * @param thresholdMode what {@code threshold} is relative to
 * @param cooldown epochs after a reduction in which none is bad, at least 0
 * @param minLr lowest rate, finite and at least 0: one for all groups, or one per group
 * @param eps smallest reduction that is made, as a rate, finite and at least 0
 */
public record ReduceLROnPlateau(
        Mode mode,
        double factor,
        long patience,
        double threshold,
        ThresholdMode thresholdMode,
        long cooldown,
        List<Double> minLr,
        double eps)
        implements Policy {

    /** Which way a metric gets better. */
    public enum Mode {
        MIN,
        MAX
    }

    /** What the threshold is a part of. */
    public enum ThresholdMode {
        REL,
        ABS
    }

    /**
     * What has been seen so far.
     *
     * @param best the best metric
     * @param badEpochs epochs without a better one, since the last better one or the last reduction
     * @param cooldownCounter epochs of the cooldown that are left
     */
    public record State(double best, long badEpochs, long cooldownCounter) {}

    private static final ReduceLROnPlateau DEFAULTS = new ReduceLROnPlateau();

    /** @throws IllegalArgumentException if an argument is out of its range */
    public ReduceLROnPlateau {
        Objects.requireNonNull(mode, "mode");
        if (!(factor >= 0 && factor < 1)) {
            throw new IllegalArgumentException("factor must be >= 0 and < 1, but was " + factor);
        }
        factor += 0.0; // -0.0 becomes 0.0
        Check.atLeast(0, "patience", patience);
        threshold = Check.finiteNotNegative("threshold", threshold);
        Objects.requireNonNull(thresholdMode, "thresholdMode");
        Check.atLeast(0, "cooldown", cooldown);
        minLr = PerGroup.checked("min_lr", minLr, Check::finiteNotNegative);
        eps = Check.finiteNotNegative("eps", eps);
    }

    /** Uses PyTorch's defaults. */
    public ReduceLROnPlateau() {
        this(Mode.MIN, 0.1, 10, 1e-4, ThresholdMode.REL, 0, List.of(0.0), 1e-8);
    }

    /** {@return this with another mode} */
    public ReduceLROnPlateau withMode(Mode mode) {
        return new ReduceLROnPlateau(mode, factor, patience, threshold, thresholdMode, cooldown, minLr, eps);
    }

    /** {@return this with another factor} */
    public ReduceLROnPlateau withFactor(double factor) {
        return new ReduceLROnPlateau(mode, factor, patience, threshold, thresholdMode, cooldown, minLr, eps);
    }

    /** {@return this with another patience} */
    public ReduceLROnPlateau withPatience(long patience) {
        return new ReduceLROnPlateau(mode, factor, patience, threshold, thresholdMode, cooldown, minLr, eps);
    }

    /** {@return this with another threshold} */
    public ReduceLROnPlateau withThreshold(double threshold, ThresholdMode thresholdMode) {
        return new ReduceLROnPlateau(mode, factor, patience, threshold, thresholdMode, cooldown, minLr, eps);
    }

    /** {@return this with another cooldown} */
    public ReduceLROnPlateau withCooldown(long cooldown) {
        return new ReduceLROnPlateau(mode, factor, patience, threshold, thresholdMode, cooldown, minLr, eps);
    }

    /** {@return this with another lowest rate for all groups} */
    public ReduceLROnPlateau withMinLr(double minLr) {
        return withMinLr(List.of(minLr));
    }

    /** {@return this with another lowest rate for each group} */
    public ReduceLROnPlateau withMinLr(List<Double> minLr) {
        return new ReduceLROnPlateau(mode, factor, patience, threshold, thresholdMode, cooldown, minLr, eps);
    }

    /** {@return this with another smallest reduction} */
    public ReduceLROnPlateau withEps(double eps) {
        return new ReduceLROnPlateau(mode, factor, patience, threshold, thresholdMode, cooldown, minLr, eps);
    }

    /** {@return the state before the first metric} */
    public State start() {
        return new State(mode == Mode.MIN ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY, 0, 0);
    }

    /** {@return the state after one more metric} */
    public State next(State state, double metric) {
        double best = isBetter(metric, state.best()) ? metric : state.best();
        return fires(state, metric)
                ? new State(best, 0, cooldown)
                : new State(best, badEpochs(state, metric), Math.max(0, state.cooldownCounter() - 1));
    }

    /** {@return whether that metric brings a reduction: {@link #reduce} is then applied to every group} */
    public boolean fires(State state, double metric) {
        return badEpochs(state, metric) > patience;
    }

    /**
     * Returns what a reduction makes of the rate {@code current} of one of the groups.
     *
     * @throws IllegalArgumentException if {@code minLr} has neither 1 entry nor {@code groups}
     */
    public double reduce(int group, int groups, double current) {
        Check.group(group, groups, "min_lr", minLr.size());
        double reduced = Math.max(current * factor, minLr.get(minLr.size() == 1 ? 0 : group));
        return current - reduced > eps ? reduced : current;
    }

    private long badEpochs(State state, double metric) {
        boolean good = state.cooldownCounter() > 0 || isBetter(metric, state.best());
        return good ? 0 : state.badEpochs() + 1;
    }

    private boolean isBetter(double metric, double best) {
        return mode == Mode.MIN ? metric < bar(best) : metric > bar(best);
    }

    private double bar(double best) {
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
    public String toString() {
        List<String> given = new ArrayList<>();
        if (mode != DEFAULTS.mode) {
            given.add("mode=" + SchedulerCall.quoted(mode));
        }
        if (factor != DEFAULTS.factor) {
            given.add("factor=" + Python.repr(factor));
        }
        if (patience != DEFAULTS.patience) {
            given.add("patience=" + patience);
        }
        if (threshold != DEFAULTS.threshold) {
            given.add("threshold=" + Python.repr(threshold));
        }
        if (thresholdMode != DEFAULTS.thresholdMode) {
            given.add("threshold_mode=" + SchedulerCall.quoted(thresholdMode));
        }
        if (cooldown != DEFAULTS.cooldown) {
            given.add("cooldown=" + cooldown);
        }
        if (!minLr.equals(DEFAULTS.minLr)) {
            given.add("min_lr=" + (minLr.size() == 1 ? Python.repr(minLr.get(0)) : Python.repr(minLr)));
        }
        if (eps != DEFAULTS.eps) {
            given.add("eps=" + Python.repr(eps));
        }
        return "ReduceLROnPlateau(" + String.join(", ", given) + ")";
    }
}
