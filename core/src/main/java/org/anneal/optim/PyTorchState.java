package org.anneal.optim;

import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.anneal.schedule.Policy;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.StateEntries;
import org.anneal.schedule.StateForm;

/**
 * What PyTorch 2.13's {@code scheduler.state_dict()} holds for a policy after some steps: the table of its keys, in its
 * order. To export is to write the table. To import is to read the counter, write the table for it, and hold the given
 * dict to the entries that have to be equal.
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
     * @param lastLr the rates that it left in force
     * @param betas whether the optimizer has betas
     */
    PyTorchState(Policy policy, SchedulerState state, List<Double> lastLr, boolean betas) {
        if (policy.stepDriven().isPresent() && policy.metricDriven().isPresent()) {
            throw new IllegalStateException("PyTorch composes no plateau, so it has no state of " + policy
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

    /** {@return what the constructor of one group's schedule puts into the group} */
    static Map<String, Object> groupEntries(Schedule schedule) {
        return StateForm.of(schedule.kind()).groupEntries(schedule, true);
    }

    /**
     * {@return the runner's state with the progress of {@code dict}}
     *
     * @throws IllegalArgumentException if an entry is missing, of another type, or another schedule's
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
                state.plateau().map(now -> progress(dict)));
    }

    /** {@return what older versions do not save: PyTorch before 1.4, and of a plateau's first epoch before 2.2} */
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

    private static ReduceLROnPlateau.State progress(Map<?, ?> dict) {
        return new ReduceLROnPlateau.State(
                StateEntries.number(dict, "best"),
                StateEntries.whole(dict, "num_bad_epochs"),
                StateEntries.whole(dict, "cooldown_counter"));
    }
}
