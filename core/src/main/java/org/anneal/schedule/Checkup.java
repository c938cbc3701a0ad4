package org.anneal.schedule;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongConsumer;
import org.anneal.text.Check;

/**
 * What is wrong or suspicious about a schedule in a given run, and how much learning rate it gives in total.
 *
 * <p>There are two walks. The first goes over the schedule's parts, each with its part of the run, and finds lengths that do
 * not fit. The second goes over the rates of the untouched run, and finds rates that make no sense. A cause is reported once:
 * zero rates are not reported again inside a part already reported. The time is proportional to the number of steps, the
 * memory is constant.
 *
 * <p>Under a plateau, the rates are those before the plateau reduces them.
 *
 * @param findings what is wrong or suspicious, by step
 * @param notes what is correct but may surprise, by step
 * @param peak the highest rate; NaN if the first step has no finite rate
 * @param peakStep the first step with that rate
 * @param area the sum of the rates of all steps
 * @param mean the mean of the rates of all steps; NaN if the first step has no finite rate
 * @param firstBelow the first step whose rate is below the given limit, if any
 */
public record Checkup(
        List<Finding> findings,
        List<Finding> notes,
        double peak,
        long peakStep,
        double area,
        double mean,
        OptionalLong firstBelow) {

    public Checkup {
        findings = List.copyOf(findings);
        notes = List.copyOf(notes);
    }

    /**
     * Checks {@code policy} for a run of {@code steps} steps from the rate {@code base}.
     *
     * @throws IllegalArgumentException if {@code steps < 1}, {@code base < 0} or not finite, or {@code policy} has a rate
     *     per group
     */
    public static Checkup of(Policy policy, long steps, double base) {
        return of(policy, steps, List.of(base), 0, 0, walked -> {});
    }

    /**
     * Checks {@code policy} for a run whose epochs are known, and so also finds lengths given in the wrong unit.
     *
     * @throws IllegalArgumentException as {@link #of(Policy, long, double)} does
     */
    public static Checkup of(Policy policy, RunLength length, double base) {
        return of(policy, length, List.of(base), 0, 0, walked -> {});
    }

    /**
     * Checks {@code policy} for one of the parameter groups.
     *
     * @param bases the rate that each group starts from
     * @param group the group, from 0
     * @param below the limit for {@link #firstBelow()}
     * @param progress called with the number of steps walked so far, about every thousand, and at the end
     */
    public static Checkup of(
            Policy policy, long steps, List<Double> bases, int group, double below, LongConsumer progress) {
        return check(policy, Check.atLeast(1, "steps", steps), Optional.empty(), bases, group, below, progress);
    }

    /** Checks {@code policy} for one of the parameter groups, in a run whose epochs are known. */
    public static Checkup of(
            Policy policy, RunLength length, List<Double> bases, int group, double below, LongConsumer progress) {
        return check(policy, length.total(), Optional.of(length), bases, group, below, progress);
    }

    /**
     * Checks {@code schedule} where it drives another number than the rate: only its lengths, as any value may be meant. There is no
     * peak, area or mean.
     *
     * @param length of the run, if its epochs are known
     * @param bases the number that each group starts from
     * @param group the group, from 0
     */
    public static Checkup ofLengths(
            Schedule schedule, long steps, Optional<RunLength> length, List<Double> bases, int group) {
        Objects.requireNonNull(schedule, "schedule");
        Check.atLeast(1, "steps", steps);
        Objects.requireNonNull(length, "length");
        Check.group(group, Check.list("bases", bases).size());
        CheckedRun run = new CheckedRun(schedule, steps, length, bases, group, Optional.empty());
        new RunPart(run, 0, steps, true, true).visit(schedule);
        return new Checkup(run.findings(), List.of(), Double.NaN, 0, 0, Double.NaN, OptionalLong.empty());
    }

    private static Checkup check(
            Policy policy,
            long steps,
            Optional<RunLength> length,
            List<Double> bases,
            int group,
            double below,
            LongConsumer progress) {
        int groups = bases.size();
        Check.group(group, groups);
        bases.forEach(rate -> Check.finiteNotNegative("base", rate));
        policy.metricDriven().ifPresent(plateau -> plateau.checkGroups(groups));
        long firstMetric = policy.firstMetric();
        CheckedRun run = new CheckedRun(
                policy, steps, length, bases, group, firstMetric > 0 ? Optional.of(policy) : Optional.empty());
        policy.stepDriven().ifPresent(new RunPart(run, 0, steps, true, true)::visit);
        if (firstMetric < steps) {
            RunPart metrics = new RunPart(run, firstMetric, steps, true, firstMetric == 0);
            policy.metricDriven().ifPresent(plateau -> plateau.check(metrics));
        }
        Schedule schedule = policy.stepDriven().orElse(new ExponentialLR(1.0)).forGroup(group, groups);
        return new RateWalk(run, schedule, policy, below).walk(progress);
    }
}
