package org.anneal.optim;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.LongToDoubleFunction;
import java.util.stream.IntStream;
import org.anneal.schedule.SchedulerCall;
import org.anneal.text.Check;

/**
 * A run without a model: groups that have rates, and the schedule that moves these, step by step, in
 * constant memory. For one thread.
 *
 * <pre>{@code
 * Simulation run = new Simulation(SchedulerCall.parse("StepLR(30)", 90), List.of(new SGD(0.1)));
 * run.walk(90, step -> {
 *     System.out.println(step + " " + run.rate(0));
 *     return true;
 * });
 * }</pre>
 */
public final class Simulation {
    private final List<ParamGroup<Integer>> groups;
    private final LRScheduler scheduler;
    private final Map<Long, Double> edits = new HashMap<>();
    private Optional<LongToDoubleFunction> metric = Optional.empty();
    private long step;

    /** Who is told of each step. */
    @FunctionalInterface
    public interface Visitor<E extends Exception> {
        /**
         * Called before an optimizer step, with the rates in force that it would use.
         *
         * @param step from 0, or from where the run was taken up
         * @return whether to go on
         */
        boolean visit(long step) throws E;
    }

    /**
     * Begins a run of {@code call}. Messages call its groups 0, 1, ...
     *
     * @param groups the rule of each group, with its base rate; at least one
     * @throws IllegalArgumentException if the schedule does not fit the groups
     */
    public Simulation(SchedulerCall call, List<? extends UpdateRule> groups) {
        this(call, groups, Integer::toString);
    }

    /**
     * Begins a run as {@link #Simulation(SchedulerCall, List)} does.
     *
     * @param names what messages call the groups, by their numbers
     */
    public Simulation(SchedulerCall call, List<? extends UpdateRule> groups, IntFunction<String> names) {
        Objects.requireNonNull(call, "call");
        Check.list("groups", groups);
        Objects.requireNonNull(names, "names");
        this.groups = IntStream.range(0, groups.size())
                .mapToObj(i ->
                        new ParamGroup<>(names.apply(i), groups.get(i), List.of(i))) // a parameter that nobody steps
                .toList();
        if (call.lastEpoch() != -1) {
            this.groups.forEach(ParamGroup::rebase);
        }
        scheduler = new LRScheduler(() -> this.groups, call.policy(), call.lastEpoch());
    }

    /** Takes up the run that {@code state} is of. */
    public void restore(SchedulerState state) {
        scheduler.restore(state);
        step = scheduler.lastEpoch();
    }

    /** Sets every group's rate to {@code lr} by hand just before {@code step}. */
    public void edit(long step, double lr) {
        edits.put(step, lr);
    }

    /**
     * Gives a plateau a metric after each step. Without one it stays as it is.
     *
     * @param metric the one after a step, by its number
     */
    public void metric(LongToDoubleFunction metric) {
        this.metric = Optional.of(metric);
    }

    /** {@return the rates in force} */
    public double[] rates() {
        return groups.stream().mapToDouble(ParamGroup::lr).toArray();
    }

    /** {@return the rate in force in a group} */
    public double rate(int group) {
        return groups.get(group).lr();
    }

    /** {@return the momentum in force in a group; Adam: beta1} */
    public double momentum(int group) {
        return groups.get(group).momentum();
    }

    /** {@return whether a metric drives the policy} */
    public boolean takesMetric() {
        return scheduler.takesMetric();
    }

    /** {@return whether steps drive the policy} */
    public boolean takesStep() {
        return scheduler.takesStep();
    }

    /** {@return the step that comes after those that were visited; the one that failed, if one did} */
    public long step() {
        return step;
    }

    /**
     * Visits the steps before {@code end}, unless the visitor says that it is enough. What would come after the last visit is
     * not done: it may be an error.
     *
     * @return why the run ended before, if it did: the schedule was at its end, or made a rate that is not finite
     */
    public <E extends Exception> Optional<RuntimeException> walk(long end, Visitor<E> visitor) throws E {
        while (step < end) {
            Optional.ofNullable(edits.get(step)).ifPresent(lr -> groups.forEach(group -> group.setLr(lr)));
            boolean goesOn = visitor.visit(step);
            step++;
            if (!goesOn || step == end) {
                break;
            }
            try {
                advance();
            } catch (IllegalStateException | ArithmeticException e) {
                return Optional.of(e);
            }
        }
        return Optional.empty();
    }

    private void advance() {
        if (scheduler.takesMetric() && metric.isPresent()) {
            scheduler.step(metric.get().applyAsDouble(step - 1));
        }
        if (scheduler.takesStep()) {
            scheduler.step();
        }
    }
}
