package org.anneal.schedule;

import java.util.Optional;

/**
 * A schedule and a plateau that scales its rates. It has two clocks, so it is not a {@link Schedule} and cannot be part of
 * another sequence or chain.
 *
 * <p>For each group a runner keeps the unscaled rate {@code r}, which the schedule moves, and a factor {@code m}, initially
 * 1; the rate in force is {@code r * m}. A metric that changes the rate in force changes {@code m} alone, as
 * {@link ReduceLROnPlateau#reduceFactor} does. A rate edited by hand becomes {@code r}, and {@code m} becomes 1.
 */
public sealed interface ComposedPlateau extends Policy permits ChainedPlateau, SequentialPlateau {

    /** {@return the schedule of the unscaled rate} */
    Schedule schedule();

    /** {@return the plateau} */
    MetricDriven plateau();

    @Override
    default Optional<Schedule> stepDriven() {
        return Optional.of(schedule());
    }

    @Override
    default Optional<MetricDriven> metricDriven() {
        return Optional.of(plateau());
    }
}
