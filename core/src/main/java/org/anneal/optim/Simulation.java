package org.anneal.optim;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.LongToDoubleFunction;
import java.util.stream.IntStream;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SchedulerCall;
import org.anneal.text.Check;

/**
 * Runs a schedule over groups without a model, step by step, in constant memory. It belongs to one thread.
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

    /** Is told of each step. */
    @FunctionalInterface
    public interface Visitor<E extends Exception> {
        /**
         * Called where an optimizer would make a step; the rates in force are those that it would use.
         *
         * @param step from 0, or from the restored step
         * @return whether to continue
         */
        boolean visit(long step) throws E;
    }

    /**
     * Starts a run of {@code call}. Messages call its groups 0, 1, ...
     *
     * @param groups the rule of each group, with its base rate; at least one
     * @throws IllegalArgumentException if the schedule does not fit the groups
     */
    public Simulation(SchedulerCall call, List<? extends UpdateRule> groups) {
        this(call, groups, Integer::toString);
    }

    /**
     * Starts a run as {@link #Simulation(SchedulerCall, List)} does.
     *
     * @param names the groups' names in messages, by number
     */
    public Simulation(SchedulerCall call, List<? extends UpdateRule> groups, IntFunction<String> names) {
        this(call, groups, names, Map.of());
    }

    /**
     * Starts a run as {@link #Simulation(SchedulerCall, List, IntFunction)} does.
     *
     * @param drives schedules of other numbers of the groups, as {@link LRScheduler#LRScheduler(Schedulable, Policy, Map)} takes
     *     them
     */
    public Simulation(
            SchedulerCall call,
            List<? extends UpdateRule> groups,
            IntFunction<String> names,
            Map<String, ? extends Schedule> drives) {
        Objects.requireNonNull(call, "call");
        Check.list("groups", groups);
        Objects.requireNonNull(names, "names");
        this.groups = IntStream.range(0, groups.size())
                .mapToObj(i -> new ParamGroup<>(names.apply(i), groups.get(i), List.of(i))) // a dummy parameter
                .toList();
        if (call.lastEpoch() != -1) {
            this.groups.forEach(ParamGroup::rebase);
        }
        scheduler = new LRScheduler(() -> this.groups, call.policy(), call.lastEpoch(), drives);
    }

    /** Continues where {@code state} was taken. */
    public void restore(SchedulerState state) {
        scheduler.restore(state);
        step = scheduler.lastEpoch();
    }

    /** Sets every group's rate to {@code lr} just before {@code step}, as by hand. */
    public void edit(long step, double lr) {
        edits.put(step, lr);
    }

    /**
     * Gives a plateau a metric after each step. Without metrics it never fires.
     *
     * @param metric the metric after each step, by the step's number
     */
    public void metric(LongToDoubleFunction metric) {
        this.metric = Optional.of(metric);
    }

    /** {@return the rates in force, one per group} */
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

    /** {@return a number in force in a group, such as its {@code weight_decay}} */
    public double number(int group, String name) {
        return groups.get(group).number(name);
    }

    /** {@return whether a metric drives the policy} */
    public boolean takesMetric() {
        return scheduler.takesMetric();
    }

    /** {@return whether steps drive the policy} */
    public boolean takesStep() {
        return scheduler.takesStep();
    }

    /** {@return the next step to visit, or the step that failed} */
    public long step() {
        return step;
    }

    /**
     * Visits the steps before {@code end}, until the visitor stops. The scheduler is not stepped after the last visit, since that
     * may be an error.
     *
     * @return why the run ended early, if it did: the schedule ended, or gave a rate that is not finite
     */
    public <E extends Exception> Optional<RuntimeException> walk(long end, Visitor<E> visitor) throws E {
        while (step < end) {
            Optional.ofNullable(edits.get(step)).ifPresent(lr -> groups.forEach(group -> group.setLr(lr)));
            boolean proceed = visitor.visit(step);
            step++;
            if (!proceed || step == end) {
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
