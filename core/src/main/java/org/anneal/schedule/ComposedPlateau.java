package org.anneal.schedule;

/**
 * A schedule and a plateau that scales its rates. It has two clocks, so it is no {@link Schedule}, and cannot be part of
 * another sequence or chain.
 *
 * <p>A runner keeps for each group the unscaled rate {@code r}, which the schedule moves, and a factor {@code m}, at first
 * 1; the rate in force is {@code r * m}. A metric that {@linkplain ReduceLROnPlateau#fires fires} changes the factor by
 * {@link #factor}. A rate that is edited by hand becomes {@code r}, and {@code m} becomes 1.
 */
public sealed interface ComposedPlateau extends Policy permits ChainedPlateau, SequentialPlateau {

    /** {@return the schedule of the unscaled rate} */
    Schedule schedule();

    /** {@return the plateau} */
    ReduceLROnPlateau plateau();

    /** {@return the first step whose metric counts; those before are ignored} */
    long firstMetric();

    /**
     * Returns the factor of a group after a metric that fired: {@code max(unscaled * factor * plateau.factor, min_lr) /
     * unscaled} if that lowers the rate in force by more than {@code eps}, or else {@code factor}.
     *
     * @param unscaled the group's rate by the schedule
     * @param factor the group's factor
     * @throws IllegalArgumentException if the plateau's {@code minLr} has neither 1 entry nor {@code groups}
     */
    default double factor(int group, int groups, double unscaled, double factor) {
        double inForce = unscaled * factor;
        double reduced = plateau().reduce(group, groups, inForce);
        return reduced == inForce ? factor : reduced / unscaled;
    }
}
