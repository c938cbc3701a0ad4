package org.anneal.web;

import java.util.List;
import java.util.stream.IntStream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.SchedulerCall;

/** A run without a model: an optimizer with a parameter per group, and the runner that moves its rates. */
final class Simulation {
    private final Optimizer<FloatArray> optimizer;
    private final LRScheduler scheduler;

    /** A run of {@code call}, in which each group has its rule. */
    Simulation(SchedulerCall call, List<? extends UpdateRule> groups) {
        optimizer = FloatArrays.optimizer(IntStream.range(0, groups.size())
                .mapToObj(i -> new ParamGroup<>(Integer.toString(i), groups.get(i), List.of(new FloatArray(0f))))
                .toList());
        if (call.lastEpoch() != -1) {
            optimizer.rebase();
        }
        scheduler = new LRScheduler(optimizer, call.policy(), call.lastEpoch());
    }

    /** {@return the rate in force in a group} */
    double rate(int group) {
        return optimizer.groups().get(group).lr();
    }

    /** {@return the momentum in force in a group; Adam: beta1} */
    double momentum(int group) {
        return optimizer.groups().get(group).momentum();
    }

    boolean takesMetric() {
        return scheduler.takesMetric();
    }

    /** Makes an optimizer step and moves the schedule. */
    void step() {
        optimizer.step();
        scheduler.step();
    }

    /** Makes an optimizer step, gives the plateau a metric and then moves the schedule, if there is one. */
    void step(double metric) {
        optimizer.step();
        scheduler.step(metric);
        if (scheduler.takesStep()) {
            scheduler.step();
        }
    }
}
