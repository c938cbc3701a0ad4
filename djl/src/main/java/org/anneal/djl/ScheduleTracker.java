package org.anneal.djl;

import ai.djl.training.tracker.Tracker;
import java.util.Objects;
import org.anneal.schedule.Schedule;
import org.anneal.text.Check;

/**
 * A schedule as a tracker, for any number of a DJL optimizer that reads one:
 *
 * <pre>{@code
 *   lr = schedule.at((n - 1) / devices / updates, base)
 * }</pre>
 *
 * <p>DJL counts the updates of a parameter from 1, and with several devices once for each. The value depends on this count alone, so
 * reading it changes nothing, and an optimizer with {@code optBeginNumUpdate(k * devices)} begins at step k. After the schedule's last
 * step its last value stays. It is rounded to a {@code float}, as DJL has it.
 *
 * <p>It drives one number, and no momentum beside it: of a schedule that has both, such as OneCycleLR, it gives the rate, where
 * {@link DjlRates} demands {@code cycle_momentum=False}. All parameters have the same value; {@link DjlRates} has groups, plateaus and compositions with them.
 *
 * @param base what the schedule starts from, finite and at least 0
 * @param devices on which the trainer trains, at least 1
 * @param updates of a parameter in a step of the schedule, at least 1: 1 if it is stepped per batch
 */
public record ScheduleTracker(Schedule schedule, double base, int devices, int updates) implements Tracker {
    public ScheduleTracker {
        schedule = Objects.requireNonNull(schedule, "schedule").forGroup(0, 1);
        base = Check.finiteNotNegative("base", base);
        Check.atLeast(1, "devices", devices);
        Check.atLeast(1, "updates", updates);
    }

    /** {@return this, stepped once after each epoch of {@code batches}} */
    public ScheduleTracker perEpoch(int batches) {
        return new ScheduleTracker(schedule, base, devices, (int) Check.atLeast(1, "batches", batches));
    }

    /** {@return this, for a trainer with several devices} */
    public ScheduleTracker withDevices(int devices) {
        return new ScheduleTracker(schedule, base, devices, updates);
    }

    /**
     * {@return the value for an update}
     *
     * @param numUpdate the update's number, from 1; 0 counts as 1, as DJL's own trackers are sometimes asked
     */
    @Override
    public float getNewValue(int numUpdate) {
        long step = Math.max(0, numUpdate - 1L) / devices / updates;
        return (float) schedule.at(Math.min(step, schedule.lastStep()), base);
    }
}
