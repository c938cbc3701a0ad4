package org.anneal.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a sequence or a chain is written of: schedules, and perhaps a plateau as the last. */
record Members(List<Schedule> schedules, Optional<ReduceLROnPlateau> plateau) {

    /** Reads the calls that the argument {@code name} is a list of. */
    static Members read(PythonCall.Arguments arguments, String name) {
        List<Schedule> schedules = new ArrayList<>();
        Optional<ReduceLROnPlateau> plateau = Optional.empty();
        List<PythonCall> calls = arguments.calls(name);
        for (PythonCall call : calls) {
            SchedulerCall member = SchedulerCall.parse(call);
            if (member.lastEpoch() != -1) {
                throw call.error("last_epoch must be -1 in a member, but was " + member.lastEpoch()
                        + ": where to resume is said once, for the whole");
            }
            boolean last = call == calls.get(calls.size() - 1);
            if (member.policy() instanceof Schedule schedule) {
                schedules.add(schedule);
            } else if (last && !schedules.isEmpty() && member.policy() instanceof ReduceLROnPlateau reduce) {
                plateau = Optional.of(reduce);
            } else {
                throw misplaced(call);
            }
        }
        return new Members(schedules, plateau);
    }

    /** Reads a list of schedules alone. */
    static List<Schedule> schedules(PythonCall.Arguments arguments, String name) {
        Members members = read(arguments, name);
        if (members.plateau.isPresent()) {
            List<PythonCall> calls = arguments.calls(name);
            throw misplaced(calls.get(calls.size() - 1));
        }
        return members.schedules;
    }

    private static ScheduleSyntaxException misplaced(PythonCall call) {
        return call.error("a plateau must stand alone, or last after at least one schedule in the outermost"
                + " SequentialLR or ChainedScheduler");
    }
}
