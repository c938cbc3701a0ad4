package org.anneal.schedule;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.anneal.checkpoint.Dict;
import org.anneal.text.Declared;

/**
 * A policy whose clock is a metric: each metric may change the rates in force. It stands alone, or {@linkplain ComposedPlateau on
 * or after a schedule}, whose rates it scales then.
 */
@Declared.ReadBy(Members.OneMetricDriven.class)
public sealed interface MetricDriven extends Policy permits ReduceLROnPlateau, GreedyLR, SmoothedMetric {

    /** What the metrics so far have done. */
    sealed interface Progress permits ReduceLROnPlateau.State, GreedyLR.State, SmoothedMetric.State {

        /** {@return the best metric so far; infinite before the first} */
        double best();

        /** {@return this as plain entries: numbers, lists and maps} */
        Map<String, Object> toMap();

        /**
         * Reads back what {@link #toMap} returned.
         *
         * @throws IllegalArgumentException if an entry is missing, or not of its type or range
         */
        static Progress of(Dict entries) {
            if (Objects.requireNonNull(entries, "entries").find("inner").isPresent()) {
                return new SmoothedMetric.State(
                        entries.steps("pending"),
                        entries.real("pending_sum"),
                        entries.reals("values"),
                        entries.real("sum"),
                        entries.real("average"),
                        entries.real("weight"),
                        of(entries.dict("inner")));
            } else if (entries.find("num_good_epochs").isPresent()) {
                return new GreedyLR.State(
                        entries.real("best"),
                        entries.steps("num_bad_epochs"),
                        entries.steps("num_good_epochs"),
                        entries.steps("cooldown_counter"),
                        entries.steps("warmup_counter"),
                        entries.steps("reset_start"),
                        entries.reals("init_lrs"),
                        entries.reals("values"),
                        entries.real("sum"));
            }
            return new ReduceLROnPlateau.State(
                    entries.real("best"), entries.steps("num_bad_epochs"), entries.steps("cooldown_counter"));
        }
    }

    /**
     * {@return the progress before the first metric}
     *
     * @param rates the rates that the groups start from; none on a schedule
     */
    Progress start(List<Double> rates);

    /**
     * Takes a metric, and changes the rates if it must.
     *
     * @param before the progress so far, of this policy
     * @param rates the rate in force of each group; changed in place
     * @param unscaled what a schedule below makes of them alone, or the rates in force
     * @return the progress after the metric
     */
    Progress take(Progress before, double metric, double[] rates, double[] unscaled);

    /** {@return which way the metric gets better} */
    ReduceLROnPlateau.Mode mode();

    /**
     * Checks the lists per group.
     *
     * @throws IllegalArgumentException if one has neither 1 entry nor {@code groups}
     */
    void checkGroups(int groups);

    /** Reports what does not fit the part of a run whose metrics count. */
    void check(RunPart part);

    /**
     * {@return what is wrong if no metric can lower the rate of a group}
     *
     * @param highest the highest rate that it has
     * @param step the step of the first metric
     */
    Optional<Finding> idle(int group, int groups, double highest, long step);

    @Override
    default Optional<Schedule> stepDriven() {
        return Optional.empty();
    }

    @Override
    default Optional<MetricDriven> metricDriven() {
        return Optional.of(this);
    }
}
