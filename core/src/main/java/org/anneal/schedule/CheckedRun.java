package org.anneal.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One parameter group's run that is being checked, and what has been found in it so far.
 *
 * @param policy what is checked, for all groups
 * @param length the epochs, if they are known
 * @param bases the rate that each group starts from
 * @param group the group that is checked
 * @param sequence the policy whose schedule is a sequence whose last piece only holds the base for a plateau, if there is one
 * @param reported the parts that have a finding
 * @param staying the schedules that are meant to leave the rate as it is
 */
record CheckedRun(
        Policy policy,
        long steps,
        Optional<RunLength> length,
        List<Double> bases,
        int group,
        Optional<Policy> sequence,
        List<Finding> findings,
        List<Finding> notes,
        List<RunPart> reported,
        List<Schedule> staying) {

    CheckedRun(
            Policy policy,
            long steps,
            Optional<RunLength> length,
            List<Double> bases,
            int group,
            Optional<Policy> sequence) {
        this(
                policy,
                steps,
                length,
                bases,
                group,
                sequence,
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>());
    }

    double base() {
        return bases.get(group);
    }

    void find(long step, String problem, String suggestion) {
        findings.add(new Finding(step, problem, suggestion));
    }

    void find(long step, String problem, Remedy remedy) {
        findings.add(new Finding(step, problem, remedy.suggestion(), remedy.mend(policy)));
    }

    void note(long step, String problem, Remedy remedy) {
        notes.add(new Finding(step, problem, remedy.suggestion(), remedy.mend(policy)));
    }

    boolean isReported(long step) {
        return reported.stream().anyMatch(part -> part.from() <= step && step < part.to());
    }
}
