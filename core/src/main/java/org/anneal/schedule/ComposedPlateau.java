package org.anneal.schedule;

import java.util.Optional;

/**
 * A schedule and a plateau that scales its rates. It has two clocks, so it is no {@link Schedule}, and cannot be part of
 * another sequence or chain.
 *
 * <p>A runner keeps for each group the unscaled rate {@code r}, which the schedule moves, and a factor {@code m}, at first
 * 1; the rate in force is {@code r * m}. A metric that {@linkplain ReduceLROnPlateau#fires fires} changes the factor by
 * {@link ReduceLROnPlateau#reduceFactor}. A rate that is edited by hand becomes {@code r}, and {@code m} becomes 1.
 */
public sealed interface ComposedPlateau extends Policy permits ChainedPlateau, SequentialPlateau {

    /** {@return the schedule of the unscaled rate} */
    Schedule schedule();

    /** {@return the plateau} */
    ReduceLROnPlateau plateau();

    @Override
    default Optional<Schedule> stepDriven() {
        return Optional.of(schedule());
    }

    @Override
    default Optional<ReduceLROnPlateau> metricDriven() {
        return Optional.of(plateau());
    }
}
