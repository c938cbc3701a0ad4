package org.anneal.schedule;

/** A schedule whose rates are absolute: they follow from the step and the base, not from the rate in force. */
interface AbsoluteSchedule extends Schedule {

    @Override
    default double next(long step, double current, double base) {
        return at(step, base);
    }

    @Override
    default double start(long step, double current, double base) {
        return next(step, current, base);
    }
}
