package org.anneal.schedule;

import java.util.List;
import org.anneal.text.Check;

/**
 * Several schedules at once. If several drive the momentum, the last one wins. It ends when its first member ends.
 */
interface Composite extends Schedule {

    /** {@return the members, in order} */
    List<Schedule> schedules();

    @Override
    default boolean drivesMomentum() {
        return Lists.any(schedules(), Schedule::drivesMomentum);
    }

    @Override
    default double momentum(long step, double current) {
        double momentum = current;
        for (int i = 0; i < schedules().size(); i++) {
            momentum = schedules().get(i).momentum(step, momentum);
        }
        return momentum;
    }

    @Override
    default long lastStep() {
        long last = Check.LAST_STEP;
        for (int i = 0; i < schedules().size(); i++) {
            last = Math.min(last, schedules().get(i).lastStep());
        }
        return last;
    }

    @Override
    default boolean isComposite() {
        return true;
    }

    @Override
    default void check(RunPart part, Schedule shared) {
        ((Composite) shared).schedules().forEach(part::visit);
    }
}
