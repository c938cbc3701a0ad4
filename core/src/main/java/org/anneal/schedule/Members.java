package org.anneal.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.anneal.text.Declared;
import org.anneal.text.PythonCall;
import org.anneal.text.PythonSyntaxException;
import org.anneal.text.UnknownNamesException;

/** The members of a sequence or a chain in text: schedules, then perhaps a plateau. */
record Members(List<Schedule> schedules, Optional<MetricDriven> plateau) {

    /** Reads the argument {@code name}, a list of calls. */
    static Members read(PythonCall.Arguments arguments, String name) {
        List<Schedule> schedules = new ArrayList<>();
        Optional<MetricDriven> plateau = Optional.empty();
        List<PythonCall> calls = arguments.calls(name);
        List<Policy> members = UnknownNamesException.all(calls, Members::member);
        for (int i = 0; i < members.size(); i++) {
            boolean last = i == members.size() - 1;
            if (members.get(i) instanceof Schedule schedule) {
                schedules.add(schedule);
            } else if (last && !schedules.isEmpty() && members.get(i) instanceof MetricDriven driven) {
                plateau = Optional.of(driven);
            } else {
                throw misplaced(calls.get(i));
            }
        }
        return new Members(schedules, plateau);
    }

    /** Reads a parameter that is a schedule. */
    static final class One implements Declared.Reader {
        @Override
        public Schedule read(PythonCall call) {
            if (member(call) instanceof Schedule schedule) {
                return schedule;
            }
            throw misplaced(call);
        }
    }

    /** Reads a parameter that is driven by a metric. */
    static final class OneMetricDriven implements Declared.Reader {
        @Override
        public MetricDriven read(PythonCall call) {
            if (member(call) instanceof MetricDriven driven) {
                return driven;
            }
            throw call.error("expected a plateau, such as ReduceLROnPlateau(), but " + call.name()
                    + " is not driven by a metric");
        }
    }

    private static Policy member(PythonCall call) {
        SchedulerCall member = SchedulerCall.of(call);
        if (member.lastEpoch() != -1) {
            throw call.error("last_epoch must be -1 in a member, but was " + member.lastEpoch()
                    + ": give it once, to the outermost scheduler");
        }
        return member.policy();
    }

    private static PythonSyntaxException misplaced(PythonCall call) {
        return call.error("a plateau must stand alone, or last after at least one schedule in the outermost"
                + " SequentialLR or ChainedScheduler");
    }
}
