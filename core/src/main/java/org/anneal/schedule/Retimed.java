package org.anneal.schedule;

import org.anneal.text.Check;

/** A schedule with another clock: its rate and its momentum at a step are those of its member at another step. */
interface Retimed extends AbsoluteSchedule {

    /** {@return the member} */
    Schedule schedule();

    /** {@return the member's step at {@code step}} */
    long local(long step);

    @Override
    default double at(long step, double base) {
        return schedule().at(local(Check.step(step)), base);
    }

    @Override
    default boolean drivesMomentum() {
        return schedule().drivesMomentum();
    }

    @Override
    default double momentum(long step, double current) {
        return schedule().momentum(local(Check.step(step)), current);
    }

    /** Checks an argument up to whose step, or before it, the member must have a rate. */
    static long within(Schedule schedule, String argument, long value, long mostOf) {
        if (value > mostOf) {
            throw new IllegalArgumentException(argument + " must be at most " + mostOf + ", because " + schedule
                    + " ends with step " + schedule.lastStep() + ", but was " + value);
        }
        return value;
    }

    /** {@return {@code step} and {@code more} steps, at most the last step of all} */
    static long later(long step, long more) {
        return Math.min(step + more, Check.LAST_STEP);
    }
}
