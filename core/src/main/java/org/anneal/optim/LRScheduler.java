package org.anneal.optim;

import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.anneal.schedule.Policy;
import org.anneal.schedule.ReduceLROnPlateau.Mode;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.StepPer;
import org.anneal.text.Check;
import org.anneal.text.Python;

/**
 * Runs schedules over an optimizer's groups: it alone counts steps and sets rates. The optimizer is ours, or another library's
 * as a {@link Schedulable}.
 *
 * <p>Building a runner sets each group's rate for step 0 from the group's base, its {@code initialLr}, and nothing else,
 * so building a second runner starts over from the same rates. Each {@link #step()} then asks the schedule for the rate that
 * follows the one in force, which may have been edited by hand, as in PyTorch. Under a plateau alone, building changes nothing
 * and {@link #step(double)} takes the metric. A plateau on a schedule takes both: {@code step(metric)}, then {@code step()}.
 *
 * <p>Beside the rate, schedules can drive any other number of a group, such as its momentum or its weight decay, and numbers of
 * your own:
 *
 * <pre>{@code
 *   new LRScheduler(optimizer, new CosineAnnealingLR(90), Map.of("weight_decay", new LinearLR(1.0, 0.1, 90)));
 * }</pre>
 *
 * <p>Such a schedule is at the runner's step, too. Its base is the value in force when the first runner that drives the number
 * was built, a value edited by hand stays in force as a rate does, and a plateau does not scale it. It goes into
 * {@link #state}, but PyTorch's {@link #stateDict} has no room for it. Under a plateau alone it moves with each metric.
 *
 * <p>A group has one live runner. A new one replaces the old one, which then refuses to step but keeps its last state, from
 * which the new one can be restored. A runner belongs to the optimizer's thread.
 */
public final class LRScheduler {
    private static final System.Logger LOG = System.getLogger(LRScheduler.class.getName());

    private final Schedulable optimizer;
    private Course course;
    private boolean fresh = true; // not stepped, restored or moved yet
    private long optimizerSteps; // when stepAfterUpdate last looked
    private Optional<SchedulerState> replaced =
            Optional.empty(); // the last state, once another runner replaced this one
    private final Set<String> warnings = new HashSet<>(); // each is logged once
    private Optional<Listener> listener = Optional.empty();
    private StepPer stepPer = StepPer.EPOCH;

    /** Is told the rate and momentum of every group at every step. */
    @FunctionalInterface
    public interface Listener {
        /**
         * Called after a group's rate was set.
         *
         * @param step the runner's counter
         * @param group the group's number, from 0
         * @param lr the rate now in force
         * @param momentum the momentum now in force; beta1 where the rule has betas
         */
        void set(long step, int group, double lr, double momentum);

        /**
         * Called after a number beside the rate was set that a schedule drives; by default, does nothing.
         *
         * @param step the runner's counter
         * @param group the group's number, from 0; -1 if the number is of no group
         * @param name such as {@code weight_decay}
         * @param value now in force
         */
        default void setNumber(long step, int group, String name, double value) {}
    }

    /** What to do with a state that was saved under another schedule. */
    public enum OnChange {
        /** Refuse it. */
        REFUSE,
        /** Keep this runner's schedule and take only the step: the rates become the schedule's there, edits by hand are dropped. */
        KEEP_CONFIG,
        /** Take everything: this runner runs the state's schedules from now on. */
        TAKE_CHECKPOINT,
        /**
         * Go on with this runner's schedule without a jump: as if it had run from the start, scaled to go through the state's
         * rates. The runner runs a {@link org.anneal.schedule.ContinueFrom} from now on; {@link SchedulerState#continuedBy}
         * builds it with a bridge.
         */
        CONTINUE
    }

    /**
     * Runs {@code policy} on every group, from step 0.
     *
     * @throws IllegalArgumentException if a list per group in {@code policy} does not have one entry per group, or if the
     *     policy drives momentum (CyclicLR and OneCycleLR do by default) and a group has neither momentum nor betas
     */
    public LRScheduler(Schedulable optimizer, Policy policy) {
        this(optimizer, policy, -1);
    }

    /**
     * Runs {@code policy} on every group, resuming as PyTorch does with {@code last_epoch}: the counter starts at
     * {@code lastEpoch + 1}. A schedule that computes absolute rates sets its rate for that step; any other keeps the rate in
     * force, which a restored optimizer already has. {@link #restore} is simpler and restores everything.
     *
     * @param lastEpoch the last step done, at least 0; -1 starts over
     * @throws IllegalStateException if it resumes and a group has no {@code initialLr}: restore the optimizer first
     * @throws IllegalArgumentException if {@code lastEpoch} is less than -1, if it is not -1 for a plateau, or if a list per
     *     group in {@code policy} does not have one entry per group
     */
    public LRScheduler(Schedulable optimizer, Policy policy, long lastEpoch) {
        this(optimizer, policy, lastEpoch, Map.of());
    }

    /**
     * Runs {@code policy} on the rate of every group, and {@code drives} on other numbers of every group, from step 0.
     *
     * @param drives schedules by the names of the numbers: an option of the update rule that is one number, such as
     *     {@code momentum}, {@code beta1}, {@code weight_decay} or {@code eps}, or a number of {@link Schedulable#numbers}
     * @throws IllegalArgumentException if a group has no such number, or {@code policy} drives it too; and as
     *     {@link #LRScheduler(Schedulable, Policy)} does
     * @throws ArithmeticException if the first value of a number is out of its range
     */
    public LRScheduler(Schedulable optimizer, Policy policy, Map<String, ? extends Schedule> drives) {
        this(optimizer, policy, -1, drives);
    }

    /**
     * Runs {@code policy} and {@code drives} as {@link #LRScheduler(Schedulable, Policy, Map)} does, resuming as
     * {@link #LRScheduler(Schedulable, Policy, long)} does.
     */
    public LRScheduler(Schedulable optimizer, Policy policy, long lastEpoch, Map<String, ? extends Schedule> drives) {
        this(
                optimizer,
                List.of(Objects.requireNonNull(policy, "policy")),
                true,
                List.of(checked("drives", drives)),
                lastEpoch);
    }

    /**
     * Runs one schedule per group, in order, from step 0.
     *
     * @throws IllegalArgumentException if there is not one schedule per group, or one drives momentum and its group has none
     */
    public LRScheduler(Schedulable optimizer, List<Schedule> schedules) {
        this(optimizer, Check.<Policy>list("schedules", schedules), false, List.of(Map.of()), -1);
    }

    /**
     * Runs one schedule per group on its rate, and one map per group on other numbers of it, in order, from step 0.
     *
     * @param drives schedules by the names of the numbers; a number of no group is named in any one of the maps
     * @throws IllegalArgumentException if there is not one schedule and one map per group, and as the other constructors do
     * @throws ArithmeticException if the first value of a number is out of its range
     */
    public LRScheduler(
            Schedulable optimizer, List<Schedule> schedules, List<? extends Map<String, ? extends Schedule>> drives) {
        this(optimizer, Check.<Policy>list("schedules", schedules), false, each(drives), -1);
    }

    private LRScheduler(
            Schedulable optimizer,
            List<? extends Policy> policies,
            boolean shared,
            List<Map<String, Schedule>> drives,
            long lastEpoch) {
        this.optimizer = Objects.requireNonNull(optimizer, "optimizer");
        this.course = new Course(optimizer.groups(), optimizer.numbers(), policies, shared, drives, lastEpoch);
        this.optimizerSteps = optimizer.steps();
        List<LRScheduler> before = optimizer.groups().stream()
                .flatMap(group -> group.runner().stream())
                .distinct()
                .toList();
        List<SchedulerState> left = before.stream().map(LRScheduler::leave).toList();
        course.start();
        course.attach(this);
        for (int i = 0; i < before.size(); i++) {
            before.get(i).replaced = Optional.of(left.get(i));
        }
    }

    private static List<Map<String, Schedule>> each(List<? extends Map<String, ? extends Schedule>> drives) {
        return Check.list("drives", drives).stream()
                .map(one -> checked("drives", one))
                .toList();
    }

    /** {@return a copy in the same order} */
    private static Map<String, Schedule> checked(String argument, Map<String, ? extends Schedule> drives) {
        Map<String, Schedule> copy = new LinkedHashMap<>();
        Objects.requireNonNull(drives, argument)
                .forEach((name, schedule) -> copy.put(
                        Objects.requireNonNull(name, argument),
                        Objects.requireNonNull(schedule, () -> argument + "[" + name + "]")));
        return Collections.unmodifiableMap(copy);
    }

    /**
     * Moves to the next step: call it after {@link Optimizer#step()}. It warns once if the optimizer counts its steps and has
     * not made one yet.
     *
     * @throws IllegalStateException if the policy is a plateau alone, if its schedule has ended, if another runner replaced
     *     this one, or if a group was added and has not joined
     * @throws ArithmeticException if a schedule gives a rate that is not finite, or another number that is out of its range;
     *     nothing has changed then
     */
    public void step() {
        checkLive();
        course.checkSteppable(optimizer.groups());
        if (fresh && optimizer.steps() == 0) {
            warnOnce("the scheduler was stepped before the optimizer, so the first rate is never used:"
                    + " call optimizer.step() before scheduler.step()");
        }
        if (course.hasJoined()) {
            course.climbs().forEach(this::warnOnce);
        }
        course.step();
        fresh = false;
        tell();
    }

    /** Sets when {@link #batch} and {@link #epoch} step the schedule: by default, per epoch. */
    public LRScheduler stepPer(StepPer stepPer) {
        this.stepPer = Objects.requireNonNull(stepPer, "stepPer");
        return this;
    }

    /**
     * Tells of a step of the optimizer: steps the schedule if it is {@linkplain #stepPer stepped per batch}. A loop that calls
     * this after each {@link Optimizer#step()}, and {@link #epoch} after each epoch, runs any policy.
     *
     * <pre>{@code
     *   for (int epoch = 0; epoch < epochs; epoch++) {
     *       for (Batch batch : batches) {
     *           ...
     *           optimizer.step();
     *           scheduler.batch();
     *       }
     *       scheduler.epoch(validate());
     *   }
     * }</pre>
     *
     * @throws RuntimeException as {@link #step()} does
     */
    public void batch() {
        if (stepPer == StepPer.BATCH && takesStep()) {
            step();
        }
    }

    /**
     * Tells of the end of an epoch: gives the metric to a plateau, if there is one, and then steps the schedule, if there is one
     * and it is stepped per epoch.
     *
     * @param metric such as the validation loss; of no use without a plateau
     * @throws RuntimeException as {@link #step(double)} and {@link #step()} do
     */
    public void epoch(double metric) {
        if (takesMetric()) {
            step(metric);
        }
        epoch();
    }

    /**
     * Tells of the end of an epoch without a metric, such as one that was not validated: a plateau waits.
     *
     * @throws RuntimeException as {@link #step()} does
     */
    public void epoch() {
        if (stepPer == StepPer.EPOCH && takesStep()) {
            step();
        }
    }

    /**
     * Moves to the next step if the optimizer has made one since the last call, and returns whether it has. Called after every
     * batch, it counts optimizer steps only: not the batches that only accumulate gradients, nor those whose step a gradient
     * scaler skipped.
     *
     * @throws IllegalStateException if the optimizer is another library's and does not count its {@linkplain Schedulable#steps
     *     steps}: then call {@code step()} after each update
     * @throws RuntimeException as {@link #step()} does
     */
    public boolean stepAfterUpdate() {
        checkLive();
        if (optimizer.steps() < 0) {
            throw new IllegalStateException(
                    "stepAfterUpdate() needs an optimizer that counts its steps, but this one does"
                            + " not: call step() after each update, or implement Schedulable.steps()");
        }
        boolean updated = optimizer.steps() > optimizerSteps;
        if (updated) {
            step();
        }
        optimizerSteps = optimizer.steps();
        return updated;
    }

    /**
     * Gives a metric, such as the validation loss, to a plateau. For a plateau on a schedule, call it once before each
     * {@link #step()}; a second metric at the same step counts too, with one warning.
     *
     * @param metric NaN counts as no improvement, with one warning
     * @throws IllegalStateException if the policy has no plateau, or if another runner replaced this one
     */
    public void step(double metric) {
        checkLive();
        course.checkTakesMetric();
        if (Double.isNaN(metric)) {
            warnOnce("the plateau got NaN as its metric, which counts as no improvement");
        }
        if (course.isMetricTaken()) {
            warnOnce("the plateau got two metrics at one step and counts both: call step() after each step(metric)");
        }
        takeLateGroups();
        if (course.takeMetric(metric)) {
            tell();
        }
    }

    /** A plateau alone runs all groups, late ones included. */
    private void takeLateGroups() {
        if (course.takeLate(optimizer.groups())) {
            course.attach(this);
        }
    }

    /**
     * Runs this runner's one schedule on a group that was added since, from the current step on.
     *
     * @throws IllegalStateException if this runner has one schedule per group, or if another one replaced it
     */
    public void join(RateGroup group) {
        Objects.requireNonNull(group, "group");
        checkLive();
        join(group, course.shared(group));
    }

    /**
     * Runs {@code schedule} on a group that was added since this runner was built. The group keeps its rate, which becomes
     * its base, and follows the schedule from the next step on, at the runner's step: what PyTorch's chainable schedulers do
     * with a late group.
     *
     * <p>Such a schedule multiplies the rate in force. A schedule that is still rising to its base (a
     * {@link org.anneal.schedule.LinearLR} or {@link org.anneal.schedule.ConstantLR}, alone or in a composition) therefore raises
     * a group that joins at its base far above it: a group at 0.2 that joins at the start of {@code LinearLR(start_factor=0.1)}
     * ends at 2.0. The next step warns of this for each group whose rate was not set since. For the group to end at its base,
     * set the schedule's current rate after joining: {@code group.setLr(schedule.at(scheduler.lastEpoch(), group.lr()))}.
     *
     * @throws IllegalArgumentException if {@code group} is not the first group that has not joined, or if a list per group
     *     does not have one entry per group now
     * @throws IllegalStateException if another runner replaced this one
     */
    public void join(RateGroup group, Schedule schedule) {
        join(group, schedule, Optional.empty());
    }

    /**
     * Runs {@code schedule} on the rate of a group that was added since, as {@link #join(RateGroup, Schedule)} does, and
     * {@code drives} on other numbers of it; without them, those that this runner drives in every group.
     *
     * @throws IllegalArgumentException as that does, and if the group has no such number
     * @throws IllegalStateException if another runner replaced this one
     */
    public void join(RateGroup group, Schedule schedule, Map<String, ? extends Schedule> drives) {
        join(group, schedule, Optional.of(checked("drives", drives)));
    }

    private void join(RateGroup group, Schedule schedule, Optional<Map<String, Schedule>> drives) {
        Objects.requireNonNull(group, "group");
        Objects.requireNonNull(schedule, "schedule");
        checkLive();
        course.join(group, schedule, drives, optimizer.groups());
        course.attach(this);
        tell();
    }

    /** {@return whether this runner takes metrics, {@link #step(double)}, because its policy is or has a plateau} */
    public boolean takesMetric() {
        return course.takesMetric();
    }

    /** {@return when {@link #batch} and {@link #epoch} step the schedule} */
    public StepPer stepPer() {
        return stepPer;
    }

    /** {@return the policy as text, such as {@code StepLR(step_size=30, gamma=0.1)}; if groups have their own, a list of them} */
    public String policyText() {
        List<String> texts = course.texts();
        return texts.size() == 1 ? texts.get(0) : "[" + String.join(", ", texts) + "]";
    }

    /** {@return which way the metric that this runner takes gets better; empty if it takes none} */
    public Optional<Mode> metricMode() {
        return course.metricMode();
    }

    /** {@return whether this runner takes steps, {@link #step()}: whether its policy is or has a schedule} */
    public boolean takesStep() {
        return course.takesStep();
    }

    /** {@return whether this runner sets the momentum, or beta1, of a group, and not the rate alone} */
    public boolean drivesMomentum() {
        return course.drivesMomentum();
    }

    /** {@return the number of steps done, 0 when built; PyTorch's {@code last_epoch}} */
    public long lastEpoch() {
        return course.lastEpoch();
    }

    /** {@return the rates that this runner set last, one per group; PyTorch's {@code get_last_lr()}} */
    public List<Double> lastLr() {
        return course.lastLr();
    }

    /**
     * Tells {@code listener} every rate from now on, beginning with those in force. It replaces the previous listener.
     *
     * @throws IllegalStateException if another runner replaced this one
     */
    public void onSet(Listener listener) {
        Objects.requireNonNull(listener, "listener");
        checkLive();
        this.listener = Optional.of(listener);
        tell();
    }

    /**
     * {@return everything that {@link #restore} needs to continue from here, or from where another runner replaced this one}
     * Edits by hand are included.
     */
    public SchedulerState state() {
        if (replaced.isPresent()) {
            return replaced.get();
        }
        takeLateGroups();
        return course.state();
    }

    /** {@return the last state, for the runner that replaces this one} */
    private SchedulerState leave() {
        try {
            return state();
        } catch (IllegalArgumentException refused) { // a late group does not fit: only the new runner has it
            return course.state();
        }
    }

    /** Continues where {@code state} was taken; a state of another schedule is refused. */
    public void restore(SchedulerState state) {
        restore(state, OnChange.REFUSE);
    }

    /**
     * Continues where {@code state} was taken: sets the step count, every group's base, rate and momentum, and the other numbers
     * that schedules drive. With {@code KEEP_CONFIG}, a number that only the state drives keeps its value. The optimizer may
     * be restored before this runner is built, before this call, or after it.
     *
     * @throws IllegalArgumentException if the state has another version or number of groups; if it was saved under another
     *     schedule and {@code onChange} is {@code REFUSE}, or is {@code TAKE_CHECKPOINT} or {@code CONTINUE} and that schedule holds a
     *     Java function; if {@code CONTINUE} is not possible from there; if it lacks the plateau's progress; or if a group's rule refuses its momentum. Nothing has changed then
     * @throws IllegalStateException if another runner replaced this one, or if a group was added and has not joined
     * @throws ArithmeticException if {@code KEEP_CONFIG} gives a rate that is not finite; nothing has changed then
     */
    public void restore(SchedulerState state, OnChange onChange) {
        Objects.requireNonNull(state, "state");
        Objects.requireNonNull(onChange, "onChange");
        checkLive();
        goOn(course.resume(state, onChange, optimizer.groups()));
    }

    /**
     * Continues at {@code step} with the schedules' rates there, from the groups' bases. Edits by hand are dropped. A plateau
     * keeps its progress, and under a plateau alone the rates stay too.
     *
     * @param step at least 0
     * @throws IllegalStateException if another runner replaced this one, or if a group was added and has not joined
     * @throws ArithmeticException if a schedule gives a rate that is not finite; nothing has changed then
     */
    public void moveTo(long step) {
        checkLive();
        Check.count("step", (double) step);
        course.moveTo(step, optimizer.groups());
        goOn(course);
    }

    private void goOn(Course next) {
        course = next;
        optimizerSteps = optimizer.steps();
        fresh = false;
        course.attach(this);
        tell();
    }

    /**
     * {@return PyTorch's {@code scheduler.state_dict()} of this schedule at this step, in PyTorch's order} None is
     * {@link Optional#empty()}; MultiStepLR's Counter is a map from milestone to count. Two entries that PyTorch never reads
     * differ: below {@code _schedulers}, each {@code _last_lr} holds the rates in force; milestones are sorted.
     *
     * @throws IllegalStateException if PyTorch has no such scheduler: a plateau on a schedule, a schedule per group, or schedules
     *     of other numbers than the rate
     */
    public Map<String, Object> stateDict() {
        return course.inPyTorch(state(), lastLr()).toMap();
    }

    /** Continues where PyTorch's {@code scheduler.state_dict()} was taken: {@code loadStateDict(dict, OnChange.REFUSE)}. */
    public void loadStateDict(Map<?, ?> dict) {
        loadStateDict(dict, OnChange.REFUSE);
    }

    /** Continues where {@code dict} was taken: {@code loadStateDict(dict, List.of(), onChange)}. */
    public void loadStateDict(Map<?, ?> dict, OnChange onChange) {
        loadStateDict(dict, List.of(), onChange);
    }

    /**
     * Continues where PyTorch's {@code scheduler.state_dict()} was taken: takes over the step count, the bases, and a plateau's
     * progress. The optimizer's state may be loaded before this call or after it. A rate that was set since this runner set it,
     * as by {@link Optimizer#loadStateDict}, stays; any other becomes the one in {@code _last_lr}, or the schedule's own where
     * an older version lacks that entry. The momentum becomes the schedule's. Unknown entries are ignored, as are the attributes
     * of a lambda that is an object.
     *
     * @param paramGroups {@code optimizer.state_dict()["param_groups"]}, where OneCycleLR and SWALR keep their rates; if not
     *     empty, these are compared with this runner's too
     * @param onChange what to do if {@code dict} has another argument of the schedule, which PyTorch would silently take over,
     *     or if PyTorch has no such scheduler: {@code KEEP_CONFIG} {@linkplain #moveTo moves} to the step of {@code dict},
     *     {@code TAKE_CHECKPOINT} runs its schedule, {@code CONTINUE} goes on from it without a jump
     * @throws IllegalArgumentException if another schedule is refused, if {@code dict} lacks what {@code onChange} needs, or if
     *     an entry is missing or of the wrong type; nothing has changed then
     * @throws IllegalStateException if PyTorch has no such scheduler and {@code onChange} is {@code REFUSE}, or if another runner
     *     replaced this one
     */
    public void loadStateDict(Map<?, ?> dict, List<? extends Map<?, ?>> paramGroups, OnChange onChange) {
        Objects.requireNonNull(dict, "dict");
        Check.list("paramGroups", paramGroups);
        Objects.requireNonNull(onChange, "onChange");
        checkLive();
        goOn(course.resume(dict, paramGroups, onChange, optimizer.groups()));
    }

    private void checkLive() {
        if (replaced.isPresent()) {
            throw new IllegalStateException(
                    "this LRScheduler was replaced by another one built on the same optimizer: build one"
                            + " runner with one schedule, a.times(b) or a.then(step, b)");
        }
    }

    private void warnOnce(String message) {
        if (warnings.add(message)) {
            LOG.log(System.Logger.Level.WARNING, message);
        }
    }

    private void tell() {
        if (listener.isPresent()) {
            for (int i = 0; i < course.members.size(); i++) {
                RateGroup group = course.members.get(i).group;
                listener.get().set(lastEpoch(), i, group.lr(), group.momentum());
            }
            for (Course.Drive drive : course.drives) {
                listener.get()
                        .setNumber(
                                lastEpoch(),
                                drive.group(),
                                drive.name(),
                                drive.number().group.lr());
            }
        }
    }

    /** {@return such as {@code LRScheduler(StepLR(step_size=30, gamma=0.1), last_epoch=31, last_lr=[0.01])}} */
    @Override
    public String toString() {
        return "LRScheduler(" + course + ", last_epoch=" + lastEpoch() + ", last_lr=" + Python.repr(lastLr()) + ")";
    }
}
