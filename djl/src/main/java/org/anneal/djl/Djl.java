package org.anneal.djl;

import java.util.Objects;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Schedule;

/** What to give to DJL: a tracker, rates or an optimizer for its training configuration, and a listener beside these. */
public final class Djl {
    private Djl() {}

    /**
     * {@return a schedule as the rate of one of DJL's optimizers, stepped per batch, on one device}
     *
     * @param base the rate of the group in PyTorch, which the schedule starts from; finite and at least 0
     */
    public static ScheduleTracker tracker(Schedule schedule, double base) {
        return new ScheduleTracker(schedule, base, 1, 1);
    }

    /**
     * {@return the rates of one of DJL's optimizers, for any policy to move}
     *
     * @param lr of the parameters that are in no group of their own; finite and at least 0
     */
    public static DjlRates rates(double lr) {
        return new DjlRates(lr);
    }

    /**
     * {@return an optimizer for DJL that updates by {@code rule}, as PyTorch does}
     *
     * @throws IllegalArgumentException if the rule needs a closure, as LBFGS does
     */
    public static DjlOptimizer optimizer(UpdateRule rule) {
        return new DjlOptimizer(rule);
    }

    /**
     * {@return the listener that a configuration with {@code optimizer} must have}
     *
     * @throws IllegalStateException if it has one already
     */
    public static DjlListener listener(DjlOptimizer optimizer) {
        return new DjlListener(Objects.requireNonNull(optimizer, "optimizer").driven());
    }

    /**
     * {@return the listener that a configuration whose optimizer has {@code rates} must have}
     *
     * @throws IllegalStateException if they have one already
     */
    public static DjlListener listener(DjlRates rates) {
        return new DjlListener(Objects.requireNonNull(rates, "rates").driven());
    }
}
