package org.anneal.schedule;

import org.anneal.text.Check;

/** A schedule whose rate is the base times a factor that depends on the step alone. */
interface Curve extends AbsoluteSchedule {

    /** {@return the factor at {@code step}, at least 0} */
    double factor(long step);

    @Override
    default double at(long step, double base) {
        return base * factor(Check.step(step));
    }

    /** {@return which part of {@code length} steps is over, at most 1} */
    static double part(long step, long length) {
        return step >= length ? 1 : (double) step / length;
    }

    /** {@return {@code factor}, which is between 0 and 1, moved to between {@code floor} and 1} */
    static double above(double floor, double factor) {
        return factor * (1 - floor) + floor;
    }
}
