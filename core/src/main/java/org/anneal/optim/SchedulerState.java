package org.anneal.optim;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.checkpoint.Dict;
import org.anneal.schedule.ContinueFrom;
import org.anneal.schedule.ExponentialLR;
import org.anneal.schedule.MetricDriven;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Schedule;
import org.anneal.text.Check;

/**
 * The state of a runner as a plain value. {@link org.anneal.checkpoint.TorchFile#write} writes its {@link #toMap} as is, and
 * {@link #of} reads it back.
 *
 * @param version of this record's format
 * @param lastEpoch the number of steps done
 * @param policies the schedules as text: one for all groups, or one per group
 * @param initialLrs the base of each group; NaN if none was recorded
 * @param lrs the rate in force of each group
 * @param momentums the momentum, or beta1, in force of each group
 * @param unscaled the rate of each group before a plateau on top of its schedule; the rate in force without one
 * @param factors that plateau's factor for each group; 1 without one
 * @param plateau the progress of a plateau, if there is one
 * @param drives the numbers beside the rates that schedules drive
 */
public record SchedulerState(
        int version,
        long lastEpoch,
        List<String> policies,
        List<Double> initialLrs,
        List<Double> lrs,
        List<Double> momentums,
        List<Double> unscaled,
        List<Double> factors,
        Optional<MetricDriven.Progress> plateau,
        List<Drive> drives) {
    static final int VERSION = 1;

    /**
     * A number beside the rates that a schedule drives.
     *
     * @param name such as {@code weight_decay}
     * @param group whose number it is, from 0; -1 if it is of no group
     * @param schedule as text
     * @param base that the schedule started from
     * @param unscaled the schedule's own value, which the number's owner may have rounded
     * @param value in force
     */
    public record Drive(String name, int group, String schedule, double base, double unscaled, double value) {
        /** @throws IllegalArgumentException if a number is out of its range */
        public Drive {
            Objects.requireNonNull(name, "name");
            Objects.requireNonNull(schedule, "schedule");
            if (group < -1) {
                throw new IllegalArgumentException("group must be at least -1, but was " + group);
            }
            Check.finite("base", base);
            Check.finite("unscaled", unscaled);
            Check.finite("value", value);
        }

        /** {@return whether the same schedule drives the same number in {@code other}} */
        boolean isLike(Drive other) {
            return isOf(other.name, other.group) && schedule.equals(other.schedule);
        }

        boolean isOf(String name, int group) {
            return this.name.equals(name) && this.group == group;
        }

        Map<String, Object> toMap() {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("name", name);
            map.put("group", (long) group);
            map.put("schedule", schedule);
            map.put("base", base);
            map.put("unscaled", unscaled);
            map.put("value", value);
            return map;
        }

        static Drive of(Dict entries) {
            Map<?, ?> all = entries.entries();
            return new Drive(
                    entries.text("name"),
                    Long.valueOf(-1).equals(all.get("group")) ? -1 : entries.number("group"),
                    entries.text("schedule"),
                    entries.real("base"),
                    entries.real("unscaled"),
                    entries.real("value"));
        }

        /** {@return such as {@code weight_decay=LinearLR(total_iters=100)}} */
        @Override
        public String toString() {
            return name + "=" + schedule;
        }
    }

    /** A state without numbers beside the rates. */
    public SchedulerState(
            int version,
            long lastEpoch,
            List<String> policies,
            List<Double> initialLrs,
            List<Double> lrs,
            List<Double> momentums,
            List<Double> unscaled,
            List<Double> factors,
            Optional<MetricDriven.Progress> plateau) {
        this(version, lastEpoch, policies, initialLrs, lrs, momentums, unscaled, factors, plateau, List.of());
    }

    /**
     * @throws IllegalArgumentException if the lists per group differ in length, if there is no schedule, or if a number is
     *     out of its range
     */
    public SchedulerState {
        policies = Check.list("policies", policies);
        initialLrs = Check.list("initialLrs", initialLrs);
        lrs = Check.list("lrs", lrs);
        momentums = Check.list("momentums", momentums);
        unscaled = Check.list("unscaled", unscaled);
        factors = Check.list("factors", factors);
        Objects.requireNonNull(plateau, "plateau");
        drives = Check.list("drives", drives);
        List<Integer> lengths = Stream.of(initialLrs, lrs, momentums, unscaled, factors)
                .map(List::size)
                .distinct()
                .toList();
        if (lengths.size() != 1) {
            throw new IllegalArgumentException(
                    "every list of a state must have one entry per group, but their lengths were " + lengths);
        }
        if (policies.size() != 1 && policies.size() != lrs.size()) {
            throw new IllegalArgumentException("policies must have 1 entry for all groups or " + lrs.size()
                    + ", one per group, but had " + policies.size());
        }
        if (lastEpoch < 0) {
            throw new IllegalArgumentException("last_epoch must be at least 0, but was " + lastEpoch);
        }
        for (int i = 0; i < lrs.size(); i++) {
            Check.that(
                    !Double.isInfinite(initialLrs.get(i)),
                    "initial_lrs[" + i + "]",
                    "finite or NaN",
                    initialLrs.get(i));
            Check.finite("lrs[" + i + "]", lrs.get(i));
            Check.finite("momentums[" + i + "]", momentums.get(i));
            Check.finite("unscaled[" + i + "]", unscaled.get(i));
            Check.finite("factors[" + i + "]", factors.get(i));
        }
        for (int i = 0; i < drives.size(); i++) {
            Drive drive = drives.get(i);
            if (drive.group >= lrs.size()) {
                throw new IllegalArgumentException("drives[" + i + "] must be of one of " + lrs.size()
                        + " groups, from 0, but was of group " + drive.group);
            }
            if (drives.subList(0, i).stream().anyMatch(other -> drive.isOf(other.name, other.group))) {
                throw new IllegalArgumentException(
                        "drives must have one schedule per number, but had two of " + drive.name);
            }
        }
    }

    /**
     * Returns the saved schedule, which goes on from here as {@code next}, without a jump: as if {@code next} had run from the
     * start, but from the rates in force here, edits by hand included. Run it in a new runner and restore this state into that
     * with {@link LRScheduler.OnChange#KEEP_CONFIG}. If it goes on as {@code next} already, it stays as it is; and a plateau alone
     * goes on from any rate by itself.
     *
     * @param bridge steps of a straight line to the rates of {@code next}; 0 scales them instead
     * @throws IllegalArgumentException if there is a schedule per group, if the saved one cannot be parsed or {@code next} has
     *     ended, or if a plateau in {@code next} would start only later
     */
    public Policy continuedBy(Policy next, long bridge) {
        if (policies.size() != 1) {
            throw new IllegalArgumentException(
                    "policies must have 1 entry, for all groups, to be continued by one, but had " + policies.size());
        }
        return continuedBy(List.of(Objects.requireNonNull(next, "next")), bridge)
                .get(0);
    }

    /** {@return what {@link #continuedBy(Policy, long)} does, for all groups or one per group} */
    List<Policy> continuedBy(List<Policy> next, long bridge) {
        boolean shared = policies.size() == 1 && next.size() == 1;
        return IntStream.range(0, shared ? 1 : lrs.size())
                .mapToObj(i -> {
                    Policy then = next.get(next.size() == 1 ? 0 : i);
                    List<Double> rates = then.metricDriven().isPresent() ? unscaled : lrs;
                    return continued(
                            Course.read(policies.get(policies.size() == 1 ? 0 : i)),
                            then,
                            shared && rates.stream().distinct().count() > 1 ? rates : List.of(rates.get(i)),
                            bridge);
                })
                .toList();
    }

    private Policy continued(Policy saved, Policy next, List<Double> rates, long bridge) {
        if (next.stepDriven().isEmpty()) {
            return next;
        } else if (lastEpoch < next.firstMetric()) {
            throw new IllegalArgumentException("the plateau must have started by step " + lastEpoch
                    + ", from which the run goes on, but " + next + " starts it at step " + next.firstMetric());
        }
        Schedule following = next.stepDriven().get();
        Schedule before = saved.stepDriven().orElse(new ExponentialLR(1));
        boolean same = before instanceof ContinueFrom already
                && already.following().equals(following)
                && already.bridge() == bridge
                && saved.metricDriven().equals(next.metricDriven());
        Schedule continued =
                same ? before : new ContinueFrom(before, following, lastEpoch, rates, bridge, ContinueFrom.Clock.RUN);
        return next.metricDriven().<Policy>map(continued::times).orElse(continued);
    }

    /** {@return this as plain entries: numbers, strings, lists and maps, and {@link Optional#empty} for no plateau} */
    public Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("version", (long) version);
        map.put("last_epoch", lastEpoch);
        map.put("policies", policies);
        map.put("initial_lrs", initialLrs);
        map.put("lrs", lrs);
        map.put("momentums", momentums);
        map.put("unscaled", unscaled);
        map.put("factors", factors);
        map.put("plateau", plateau.<Object>map(MetricDriven.Progress::toMap).orElse(Optional.empty()));
        if (!drives.isEmpty()) {
            map.put("drives", drives.stream().map(Drive::toMap).toList());
        }
        return map;
    }

    /**
     * Reads back what {@link #toMap} returned, from memory or from a file.
     *
     * @throws IllegalArgumentException if an entry is missing, or not of its type or range
     */
    public static SchedulerState of(Map<?, ?> map) {
        Dict entries = new Dict("", map);
        return new SchedulerState(
                (int) Math.min(Integer.MAX_VALUE, entries.steps("version")),
                entries.steps("last_epoch"),
                entries.texts("policies"),
                entries.reals("initial_lrs"),
                entries.reals("lrs"),
                entries.reals("momentums"),
                entries.reals("unscaled"),
                entries.reals("factors"),
                entries.find("plateau").map(found -> MetricDriven.Progress.of(entries.dict("plateau"))),
                entries.find("drives").isEmpty()
                        ? List.of() // of a file from before there were any, too
                        : entries.dicts("drives").stream().map(Drive::of).toList());
    }
}
