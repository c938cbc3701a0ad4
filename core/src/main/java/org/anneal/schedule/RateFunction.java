package org.anneal.schedule;

/** What a custom schedule does to the rate. */
@FunctionalInterface
public interface RateFunction {
    /**
     * Returns the rate for a step. It must return the same rate for the same arguments.
     *
     * @param step the step, from 0
     * @param current the rate in force at the step before; at step 0, the base
     * @param base the rate the run started from
     */
    double next(long step, double current, double base);
}
