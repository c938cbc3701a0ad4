package org.anneal.plot;

import java.util.List;
import java.util.stream.IntStream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.SchedulerCall;

/**
 * A run without a model: an optimizer with a parameter per group, and the schedule that moves its rates. For one thread.
 */
public final class Simulation {
    private final Optimizer<FloatArray> optimizer;
    private final LRScheduler scheduler;

    /**
     * Starts a run of {@code call}.
     *
     * @param groups the rule of each group, with its base rate; at least one
     */
    public Simulation(SchedulerCall call, List<? extends UpdateRule> groups) {
        optimizer = FloatArrays.optimizer(IntStream.range(0, groups.size())
                .mapToObj(i -> new ParamGroup<>(Integer.toString(i), groups.get(i), List.of(new FloatArray(0f))))
                .toList());
        if (call.lastEpoch() != -1) {
            optimizer.rebase();
        }
        scheduler = new LRScheduler(optimizer, call.policy(), call.lastEpoch());
    }

    /** {@return the rates in force} */
    public double[] rates() {
        return optimizer.groups().stream().mapToDouble(ParamGroup::lr).toArray();
    }

    /** {@return the rate in force in a group} */
    public double rate(int group) {
        return optimizer.groups().get(group).lr();
    }

    /** {@return the momentum in force in a group; Adam: beta1} */
    public double momentum(int group) {
        return optimizer.groups().get(group).momentum();
    }

    /** {@return whether a metric drives the policy, so that {@link #step(double)} moves it} */
    public boolean takesMetric() {
        return scheduler.takesMetric();
    }

    /** Sets every group's rate by hand. */
    public void edit(double lr) {
        optimizer.groups().forEach(group -> group.setLr(lr));
    }

    /** Makes an optimizer step and moves the schedule, if there is one. A plateau, which has no metric then, stays as it is. */
    public void step() {
        optimizer.step();
        if (scheduler.takesStep()) {
            scheduler.step();
        }
    }

    /** Makes an optimizer step, gives the plateau a metric and then moves the schedule, if there is one. */
    public void step(double metric) {
        optimizer.step();
        scheduler.step(metric);
        if (scheduler.takesStep()) {
            scheduler.step();
        }
    }
}
