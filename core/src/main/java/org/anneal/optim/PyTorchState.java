package org.anneal.optim;

import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.StateEntries;
import org.anneal.schedule.StateForm;

/**
 * PyTorch 2.13's {@code scheduler.state_dict()} of a policy after some steps: its entries, in its order. Exporting writes them.
 * Importing reads the step count, computes the entries for it, and compares those that must be equal with the given dict.
 */
final class PyTorchState {
    private final StateEntries.Run run;
    private final SchedulerState state;
    private final int groups;

    /**
     * Describes a runner.
     *
     * @param policy of all groups
     * @param state of the runner
     * @param lastLr the rates that it set last
     * @param betas whether the optimizer has betas
     */
    PyTorchState(Policy policy, SchedulerState state, List<Double> lastLr, boolean betas) {
        if (policy.stepDriven().isPresent() && policy.metricDriven().isPresent()) {
            throw new IllegalStateException(
                    "PyTorch cannot combine a plateau with a schedule, so there is no state_dict of " + policy
                            + ": use state() and restore(state)");
        }
        this.run = new StateEntries.Run(policy, state.initialLrs(), lastLr, betas, state.plateau());
        this.state = state;
        this.groups = lastLr.size();
    }

    /** {@return the state dict} */
    Map<String, Object> toMap() {
        return StateEntries.of(run, state.lastEpoch()).toMap();
    }

    /** {@return the entries that the constructor of PyTorch's scheduler adds to a param group} */
    static Map<String, Object> groupEntries(Schedule schedule) {
        return StateForm.of(schedule.kind()).groupEntries(schedule, true);
    }

    /**
     * {@return the runner's state with the progress of {@code saved}}
     *
     * @throws IllegalArgumentException if an entry is missing, has another type, or belongs to another schedule
     */
    SchedulerState read(Map<?, ?> saved) {
        Map<Object, Object> dict = SavedGroup.plain(saved);
        long step = StateEntries.counter(dict);
        StateEntries entries = StateEntries.of(run, step);
        List<Double> bases = entries.check(dict).orElse(state.initialLrs());
        List<Double> last = dict.containsKey("_last_lr") ? entries.numbers(dict, "_last_lr") : ratesAt(step, bases);
        List<Double> rates = each(i -> state.lrs().get(i).equals(run.lastLr().get(i))
                ? last.get(i)
                : state.lrs().get(i));
        return new SchedulerState(
                state.version(),
                step,
                state.policies(),
                bases,
                rates,
                each(i -> momentum(i, step)),
                rates,
                state.factors(),
                StateForm.of(run.policy().kind()).progress(dict));
    }

    /** {@return the rates, which PyTorch before 1.4 does not save, nor before 2.2 in a plateau's first epoch} */
    private List<Double> ratesAt(long step, List<Double> bases) {
        return run.policy()
                .stepDriven()
                .map(schedule -> each(i -> schedule.forGroup(i, groups).at(step, bases.get(i))))
                .orElse(state.lrs());
    }

    private List<Double> each(IntFunction<Double> value) {
        return IntStream.range(0, groups).mapToObj(value).toList();
    }

    private double momentum(int group, long step) {
        double current = state.momentums().get(group);
        return run.policy()
                .stepDriven()
                .map(schedule ->
                        StateForm.of(schedule.kind()).momentum(schedule.forGroup(group, groups), step, current))
                .orElse(current);
    }
}
