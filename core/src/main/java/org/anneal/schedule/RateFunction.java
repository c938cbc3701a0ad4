package org.anneal.schedule;

/** What a schedule of one's own does to the rate. */
@FunctionalInterface
public interface RateFunction {
    /**
     * Returns the rate for a step. It must give the same rate whenever it is asked the same.
     *
     * @param step the step, from 0
     * @param current the rate in force at the step before; at step 0, the base
     * @param base the rate the run started from
     */
    double next(long step, double current, double base);
}
