package org.anneal.optim;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Schedule;
import org.anneal.text.Check;
import org.anneal.text.Python;

/**
 * Runs schedules over an optimizer's groups: the only thing that counts, and the only thing that writes rates. The optimizer
 * is ours, or another library's as a {@link Schedulable}.
 *
 * <p>Building a runner sets each group's rate for step 0 from the group's base, its {@code initialLr}, and nothing else,
 * so building it twice is building it once. Each {@link #step()} then asks the schedule what the rate in force becomes; a
 * rate that was edited by hand in between is what it starts from, as in PyTorch. Under a plateau alone, building changes
 * nothing and {@link #step(double)} takes the metric. A plateau on a schedule takes both: {@code step(metric)}, then
 * {@code step()}.
 *
 * <p>A group has one live runner: a new one replaces the old, which refuses to step from then on and keeps the state
 * that it had, so that the new one can go on from there. A runner belongs to the optimizer's thread.
 */
public final class LRScheduler {
    private static final System.Logger LOG = System.getLogger(LRScheduler.class.getName());

    private final Schedulable optimizer;
    private Course course;
    private boolean fresh = true; // not stepped yet, nor moved to where another optimizer had stepped
    private long optimizerSteps; // when stepAfterUpdate last looked
    private Optional<SchedulerState> replaced = Optional.empty(); // once another runner replaced it: its last state
    private final Set<String> warnings = new HashSet<>(); // said once each
    private Optional<Listener> listener = Optional.empty();

    /** Hears what a runner sets: every group at every step. */
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
    }

    /** What to do with a state that was written under another schedule. */
    public enum OnChange {
        /** Refuse it. */
        REFUSE,
        /** Take its progress: the rate becomes this runner's schedule at that step, edits by hand are dropped. */
        KEEP_CONFIG,
        /** Take all of it: this runner runs the state's schedules from now on. */
        TAKE_CHECKPOINT
    }

    /**
     * Runs {@code policy} on every group, from step 0.
     *
     * @throws IllegalArgumentException if a list per group in {@code policy} has another length than there are groups, or if
     *     it drives momentum, as a CyclicLR or a OneCycleLR does unless told not to, and a group has neither that nor betas
     */
    public LRScheduler(Schedulable optimizer, Policy policy) {
        this(optimizer, policy, -1);
    }

    /**
     * Runs {@code policy} on every group, resumed as PyTorch's {@code last_epoch} resumes: the counter starts at
     * {@code lastEpoch + 1}; a schedule that writes absolute rates sets its rate for that step, another one keeps the rate
     * in force, which a restored optimizer already has. {@link #restore} resumes everything and more simply.
     *
     * @param lastEpoch the last step done, at least 0; -1 starts over
     * @throws IllegalStateException if it resumes and a group has no {@code initialLr}: restore the optimizer first
     * @throws IllegalArgumentException if {@code lastEpoch} is less than -1, if a plateau is to resume by it, or if a list
     *     per group in {@code policy} has another length than there are groups
     */
    public LRScheduler(Schedulable optimizer, Policy policy, long lastEpoch) {
        this(optimizer, List.of(Objects.requireNonNull(policy, "policy")), true, lastEpoch);
    }

    /**
     * Runs one schedule per group, in order, from step 0.
     *
     * @throws IllegalArgumentException if there are not as many as groups, or one drives momentum and its group has none
     */
    public LRScheduler(Schedulable optimizer, List<Schedule> schedules) {
        this(optimizer, Check.<Policy>list("schedules", schedules), false, -1);
    }

    private LRScheduler(Schedulable optimizer, List<? extends Policy> policies, boolean shared, long lastEpoch) {
        this.optimizer = Objects.requireNonNull(optimizer, "optimizer");
        this.course = new Course(optimizer.groups(), policies, shared, lastEpoch);
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

    /**
     * Moves to the next step: call it after {@link Optimizer#step()}. It warns once if the optimizer counts its steps and has
     * made none yet.
     *
     * @throws IllegalStateException if the policy is a plateau alone, if its schedule has ended, if another runner replaced
     *     this one, or if a group was added that this runner was not told of
     * @throws ArithmeticException if a schedule gives a rate that is not finite; no rate has changed then
     */
    public void step() {
        checkLive();
        course.checkSteppable(optimizer.groups());
        if (fresh && optimizer.steps() == 0) {
            warnOnce("the scheduler is stepped before the optimizer, so the first rate is never used:"
                    + " call optimizer.step() before scheduler.step()");
        }
        if (course.hasJoined()) {
            course.climbs().forEach(this::warnOnce);
        }
        course.step();
        fresh = false;
        tell();
    }

    /**
     * Moves to the next step if the optimizer has made one since the last call, and says whether it has. Called after every
     * batch, it counts optimizer steps and nothing else: not the batches whose gradients are only accumulated, and not those
     * whose step a gradient scaler skipped.
     *
     * @throws IllegalStateException if the optimizer is another library's and does not count its {@linkplain Schedulable#steps
     *     steps}: then call {@code step()} after an update
     * @throws RuntimeException as {@link #step()} does
     */
    public boolean stepAfterUpdate() {
        checkLive();
        if (optimizer.steps() < 0) {
            throw new IllegalStateException(
                    "stepAfterUpdate() must know how often the optimizer stepped, but this one does"
                            + " not count: call step() after each update, or give its count as Schedulable.steps()");
        }
        boolean updated = optimizer.steps() > optimizerSteps;
        if (updated) {
            step();
        }
        optimizerSteps = optimizer.steps();
        return updated;
    }

    /**
     * Gives a metric, such as the validation loss, to a plateau. On top of a schedule it comes before {@link #step()}, once
     * for each; a second one at the same step counts too, and is warned of once.
     *
     * @param metric NaN counts as no improvement, and is warned of once
     * @throws IllegalStateException if the policy has no plateau, or if another runner replaced this one
     */
    public void step(double metric) {
        checkLive();
        course.checkTakesMetric();
        if (Double.isNaN(metric)) {
            warnOnce("the plateau was given NaN, which counts as no improvement");
        }
        if (course.isMetricTaken()) {
            warnOnce("the plateau was given two metrics at one step, and counts both: call step() after step(metric)");
        }
        takeLateGroups();
        if (course.takeMetric(metric)) {
            tell();
        }
    }

    /** A plateau alone runs whatever groups there are. */
    private void takeLateGroups() {
        if (course.takeLate(optimizer.groups())) {
            course.attach(this);
        }
    }

    /**
     * Runs this runner's one schedule on a group that was added since, from the runner's step on.
     *
     * @throws IllegalStateException if this runner was given one schedule per group, or if another one replaced it
     */
    public void join(RateGroup group) {
        Objects.requireNonNull(group, "group");
        checkLive();
        join(group, course.shared(group));
    }

    /**
     * Runs {@code schedule} on a group that was added since this runner was built. The group keeps its rate, which becomes
     * its base, and follows from the next step on at the runner's count: what PyTorch's chainable schedulers do to a late
     * group.
     *
     * <p>Such a schedule multiplies the rate in force. One that rises to its base, a {@link org.anneal.schedule.LinearLR} or a
     * {@link org.anneal.schedule.ConstantLR} that has not ended, alone or in a composition, so carries a group that joins at its
     * base far above that: a group of 0.2 that joins at the start of {@code LinearLR(start_factor=0.1)} ends at 2.0. This is
     * warned of at the next step, for each group whose rate was not set since. Set the rate that the schedule has there after
     * joining, and the group ends at its base: {@code group.setLr(schedule.at(scheduler.lastEpoch(), group.lr()))}.
     *
     * @throws IllegalArgumentException if {@code group} is not the first group that this runner does not run yet, or if
     *     a list per group has another length than there are groups now
     * @throws IllegalStateException if another runner replaced this one
     */
    public void join(RateGroup group, Schedule schedule) {
        Objects.requireNonNull(group, "group");
        Objects.requireNonNull(schedule, "schedule");
        checkLive();
        course.join(group, schedule, optimizer.groups());
        course.attach(this);
        tell();
    }

    /** {@return whether this runner takes metrics, {@link #step(double)}, because its policy is or has a plateau} */
    public boolean takesMetric() {
        return course.takesMetric();
    }

    /** {@return whether this runner takes steps, {@link #step()}: whether its policy is or has a schedule} */
    public boolean takesStep() {
        return course.takesStep();
    }

    /** {@return whether this runner sets the momentum, or beta1, of a group, and not the rate alone} */
    public boolean drivesMomentum() {
        return course.drivesMomentum();
    }

    /** {@return the counter: 0 when built, then how often it was stepped; PyTorch's {@code last_epoch}} */
    public long lastEpoch() {
        return course.lastEpoch();
    }

    /** {@return the rates that this runner left in force last, one per group; PyTorch's {@code get_last_lr()}} */
    public List<Double> lastLr() {
        return course.lastLr();
    }

    /**
     * Has {@code listener} hear what is set from now on, beginning with what is in force; it replaces the one before.
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
     * {@return all that {@link #restore} needs to go on from here, or from where another runner replaced this one; edits by
     * hand included}
     */
    public SchedulerState state() {
        if (replaced.isPresent()) {
            return replaced.get();
        }
        takeLateGroups();
        return course.state();
    }

    /** {@return what this runner leaves to the one that replaces it} */
    private SchedulerState leave() {
        try {
            return state();
        } catch (IllegalArgumentException refused) { // a late group, which then the new runner has to itself
            return course.state();
        }
    }

    /** Goes on where {@code state} was taken; a state of another schedule is refused. */
    public void restore(SchedulerState state) {
        restore(state, OnChange.REFUSE);
    }

    /**
     * Goes on where {@code state} was taken: sets the counter, and every group's base, rate and momentum. It does not matter
     * whether the optimizer is restored before this runner is built, before this call or after it.
     *
     * @throws IllegalArgumentException if the state is of another version or number of groups, if it was written under another
     *     schedule and {@code onChange} is {@code REFUSE}, or is {@code TAKE_CHECKPOINT} and that has a Java function, if it
     *     lacks what the plateau remembers, or if a group's rule refuses its momentum; nothing has changed then
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
     * Goes on at {@code step} with the rates that the schedules have there, from the groups' bases. Edits by hand are dropped;
     * what a plateau remembers stays, and under a plateau alone the rates do.
     *
     * @param step the counter, at least 0
     * @throws IllegalStateException if another runner replaced this one, or if a group was added and has not joined
     * @throws ArithmeticException if a schedule gives a rate that is not finite; nothing has changed then
     */
    public void moveTo(long step) {
        checkLive();
        Check.count("step", (double) step);
        course.moveTo(step, optimizer.groups());
        goOn(course);
    }

    /** Goes on elsewhere. */
    private void goOn(Course next) {
        course = next;
        optimizerSteps = optimizer.steps();
        fresh = false;
        course.attach(this);
        tell();
    }

    /**
     * {@return what PyTorch's {@code scheduler.state_dict()} holds for this schedule at this step, in its order} None is
     * {@link Optional#empty()}, MultiStepLR's Counter a map from milestone to count. Two entries that PyTorch's steps do not
     * read are not PyTorch's: below {@code _schedulers}, each {@code _last_lr} has the rates in force; milestones are sorted.
     *
     * @throws IllegalStateException if PyTorch has no such scheduler: a plateau on a schedule, or a schedule per group
     */
    public Map<String, Object> stateDict() {
        return course.inPyTorch(state(), lastLr()).toMap();
    }

    /** Goes on where PyTorch's {@code scheduler.state_dict()} was taken: {@code loadStateDict(dict, OnChange.REFUSE)}. */
    public void loadStateDict(Map<?, ?> dict) {
        loadStateDict(dict, OnChange.REFUSE);
    }

    /** Goes on where it was taken, by what it says without the optimizer's groups. */
    public void loadStateDict(Map<?, ?> dict, OnChange onChange) {
        loadStateDict(dict, List.of(), onChange);
    }

    /**
     * Goes on where PyTorch's {@code scheduler.state_dict()} was taken: takes over the counter, the bases, and what a plateau
     * remembers. It does not matter whether the optimizer's state is loaded before this call or after it: a rate that was set
     * since this runner wrote it, as by {@link Optimizer#loadStateDict}, stays; another one becomes that of
     * {@code _last_lr}, or the schedule's where an older version has none. A momentum becomes what the schedule drives it to.
     * Unknown entries are passed over, and so is what a lambda that is an object has in it.
     *
     * @param paramGroups {@code optimizer.state_dict()["param_groups"]}, in which OneCycleLR and SWALR keep their rates; if
     *     there are any, these are held to this runner's too
     * @param onChange what to do if an argument of the schedule is another one in {@code dict}, where PyTorch would silently
     *     take it over, or if PyTorch has no state of this runner: {@code KEEP_CONFIG} {@linkplain #moveTo moves} to the
     *     counter of {@code dict}, {@code TAKE_CHECKPOINT} runs its schedule
     * @throws IllegalArgumentException if another schedule is refused, if {@code dict} does not say what {@code onChange} asks
     *     for, or if an entry is missing or of the wrong type; nothing has changed then
     * @throws IllegalStateException if PyTorch has no state of this runner and {@code onChange} is {@code REFUSE}, or if another
     *     runner replaced this one
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
                    "another LRScheduler was built on this optimizer and replaced this one: build"
                            + " one runner, over one schedule that says all of it, a.times(b) or a.then(step, b)");
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
        }
    }

    /** {@return such as {@code LRScheduler(StepLR(step_size=30, gamma=0.1), last_epoch=31, last_lr=[0.01])}} */
    @Override
    public String toString() {
        return "LRScheduler(" + course + ", last_epoch=" + lastEpoch() + ", last_lr=" + Python.repr(lastLr()) + ")";
    }
}
