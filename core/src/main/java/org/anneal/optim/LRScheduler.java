package org.anneal.optim;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.schedule.Policy;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.Schedule;

/**
 * Runs schedules over an optimizer's groups: the only thing that counts, and the only thing that writes rates.
 *
 * <p>Building a runner sets each group's rate for step 0 from the group's base, its {@code initialLr}, and nothing else,
 * so building it twice is building it once. Each {@link #step()} then asks the schedule what the rate in force becomes; a
 * rate that was edited by hand in between is what it starts from, as in PyTorch. Under a plateau alone, building changes
 * nothing and {@link #step(double)} takes the metric. A plateau on a schedule takes both: {@code step(metric)}, then
 * {@code step()}.
 *
 * <p>An optimizer has one live runner: a new one replaces the old, which refuses to step from then on and keeps the state
 * that it had, so that the new one can go on from there. A runner belongs to the optimizer's thread.
 */
public final class LRScheduler {
    private static final System.Logger LOG = System.getLogger(LRScheduler.class.getName());
    private static final int VERSION = 1;
    private static final int LOOK_AHEAD = 100_000; // steps: a few milliseconds for most schedules

    private final Optimizer<?> optimizer;
    private Policy policy; // of the first group, and of all if shared
    private boolean shared;
    private List<Member> members;
    private Optional<ReduceLROnPlateau.State> progress = Optional.empty(); // of a plateau
    private final long start; // the counter when this was built
    private long lastEpoch;
    private long optimizerSteps; // when stepAfterUpdate last looked
    private Optional<State> replaced = Optional.empty(); // once another runner replaced it: its last state
    private boolean restored; // to where another optimizer had stepped
    private final Set<String> warnings = new HashSet<>(); // said once each
    private Optional<Listener> listener = Optional.empty();

    /** A group, and what runs it. */
    private static final class Member {
        final ParamGroup<?> group;
        final Optional<Schedule> schedule; // none under a plateau alone
        final long lastStep; // of the schedule, asked once: a composite asks all its members
        final boolean drivesMomentum; // so too
        double lr; // left in force last
        double unscaled; // before a plateau on top of the schedule scales it
        double factor = 1; // of that plateau
        double next;

        Member(ParamGroup<?> group, Optional<Schedule> schedule) {
            this.group = group;
            this.schedule = schedule;
            this.lastStep = schedule.map(Schedule::lastStep).orElse(Long.MAX_VALUE);
            this.drivesMomentum = schedule.map(Schedule::drivesMomentum).orElse(false);
            if (drivesMomentum && !group.hasMomentum()) {
                throw new IllegalArgumentException(
                        "cycle_momentum must be False under a rule without momentum or betas,"
                                + " but was True in " + schedule.orElseThrow() + " for group '" + group.name()
                                + "', which runs "
                                + group.kind().getSimpleName() + ": write withCycleMomentum(false)");
            }
            remember();
        }

        void remember() {
            lr = group.lr();
        }
    }

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

    /**
     * What has to be saved of a runner, as plain values.
     *
     * @param version of this record's meaning
     * @param lastEpoch the counter
     * @param policies the texts of what runs: one for all groups, or one per group
     * @param initialLrs the base of each group; NaN if none was recorded
     * @param lrs the rate in force of each group
     * @param momentums the momentum, or beta1, in force of each group
     * @param unscaled the rate of each group before a plateau on top of its schedule; the rate in force without one
     * @param factors that plateau's factor for each group; 1 without one
     * @param plateau what a plateau remembers, if there is one
     */
    public record State(
            int version,
            long lastEpoch,
            List<String> policies,
            List<Double> initialLrs,
            List<Double> lrs,
            List<Double> momentums,
            List<Double> unscaled,
            List<Double> factors,
            Optional<ReduceLROnPlateau.State> plateau) {
        /**
         * @throws IllegalArgumentException if the lists per group are not of one length, if there is no text, or if a number
         *     is out of its range
         */
        public State {
            policies = Check.list("policies", policies);
            initialLrs = Check.list("initialLrs", initialLrs);
            lrs = Check.list("lrs", lrs);
            momentums = Check.list("momentums", momentums);
            unscaled = Check.list("unscaled", unscaled);
            factors = Check.list("factors", factors);
            Objects.requireNonNull(plateau, "plateau");
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
        }
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
     *     it drives momentum, as a CyclicLR or a OneCycleLR does unless told not to, and a group's rule has neither momentum
     *     nor betas
     */
    public LRScheduler(Optimizer<?> optimizer, Policy policy) {
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
    public LRScheduler(Optimizer<?> optimizer, Policy policy, long lastEpoch) {
        this(optimizer, List.of(Objects.requireNonNull(policy, "policy")), true, lastEpoch);
    }

    /**
     * Runs one schedule per group, in order, from step 0.
     *
     * @throws IllegalArgumentException if there are not as many schedules as groups, or if one drives momentum and its group
     *     has none
     */
    public LRScheduler(Optimizer<?> optimizer, List<Schedule> schedules) {
        this(optimizer, Check.<Policy>list("schedules", schedules), false, -1);
    }

    private LRScheduler(Optimizer<?> optimizer, List<? extends Policy> policies, boolean shared, long lastEpoch) {
        if (lastEpoch < -1) {
            throw new IllegalArgumentException("last_epoch must be at least -1, but was " + lastEpoch);
        }
        Objects.requireNonNull(optimizer, "optimizer");
        int groups = optimizer.groups().size();
        if (!shared && policies.size() != groups) {
            throw new IllegalArgumentException(
                    "need one schedule per group, " + groups + ", but got " + policies.size());
        }
        this.optimizer = optimizer;
        this.start = lastEpoch + 1;
        this.policy = policies.get(0);
        this.shared = shared;
        this.members = members(policies, shared);
        this.progress = policy.metricDriven().map(ReduceLROnPlateau::start);
        this.optimizerSteps = optimizer.steps();
        if (lastEpoch != -1) {
            checkResumable(lastEpoch);
        }
        Optional<LRScheduler> old = optimizer.runner();
        Optional<State> left = old.map(LRScheduler::leave);
        write(start, true);
        optimizer.attach(this);
        old.ifPresent(runner -> runner.replaced = left);
    }

    private void checkResumable(long lastEpoch) {
        if (progress.isPresent()) {
            throw new IllegalArgumentException(
                    "last_epoch must be -1 for a plateau, which counts metrics, but was " + lastEpoch);
        }
        for (Member member : members) {
            if (member.group.initialLr().isEmpty()) {
                throw new IllegalStateException(
                        "group '" + member.group.name() + "' must have an initialLr to resume at"
                                + " last_epoch=" + lastEpoch
                                + ": restore the optimizer first, or make its rate the base with optimizer.rebase()");
            }
        }
    }

    /** {@return a member per group of the optimizer, run by the one policy or by its own} */
    private List<Member> members(List<? extends Policy> policies, boolean shared) {
        List<? extends ParamGroup<?>> groups = optimizer.groups();
        int count = groups.size();
        policy.metricDriven()
                .ifPresent(plateau -> plateau.reduce(0, count, 0)); // refuses a min_lr per group of another length
        return new ArrayList<>(IntStream.range(0, count)
                .mapToObj(i -> new Member(
                        groups.get(i), policies.get(shared ? 0 : i).stepDriven().map(all -> all.forGroup(i, count))))
                .toList());
    }

    /**
     * Moves to the next step: call it after {@link Optimizer#step()}.
     *
     * @throws IllegalStateException if the policy is a plateau alone, if its schedule has ended, if another runner replaced
     *     this one, or if a group was added that this runner was not told of
     * @throws ArithmeticException if a schedule gives a rate that is not finite; no rate has changed then
     */
    public void step() {
        checkLive();
        if (!takesStep()) {
            throw new IllegalStateException(policy + " needs a metric: call step(metric)");
        }
        for (int i = 0; i < members.size(); i++) {
            Member member = members.get(i);
            if (lastEpoch >= member.lastStep) {
                throw new IllegalStateException(member.schedule.orElseThrow() + " ends with step " + member.lastStep
                        + ", so it cannot be stepped " + (lastEpoch + 1) + " times");
            }
        }
        if (lastEpoch == start && optimizer.steps() == 0 && !restored) {
            warnOnce("the scheduler is stepped before the optimizer, so the first rate is never used:"
                    + " call optimizer.step() before scheduler.step()");
        }
        write(lastEpoch + 1, false);
    }

    /**
     * Moves to the next step if the optimizer has made one since the last call, and says whether it has. Called after every
     * batch, it counts optimizer steps and nothing else: not the batches whose gradients are only accumulated, and not those
     * whose step a gradient scaler skipped.
     *
     * @throws RuntimeException as {@link #step()} does
     */
    public boolean stepAfterUpdate() {
        checkLive();
        boolean updated = optimizer.steps() > optimizerSteps;
        if (updated) {
            step();
        }
        optimizerSteps = optimizer.steps();
        return updated;
    }

    /**
     * Gives a metric, such as the validation loss, to a plateau. On top of a schedule it comes before {@link #step()}.
     *
     * @param metric NaN counts as no improvement, and is warned of once
     * @throws IllegalStateException if the policy has no plateau, or if another runner replaced this one
     */
    public void step(double metric) {
        checkLive();
        ReduceLROnPlateau plateau = policy.metricDriven()
                .orElseThrow(() -> new IllegalStateException(policy + " takes no metric: call step() without one"));
        if (Double.isNaN(metric)) {
            warnOnce("the plateau was given NaN, which counts as no improvement");
        }
        if (takesStep()) {
            if (lastEpoch < policy.firstMetric()) {
                return;
            }
        } else {
            takeLateGroups();
            lastEpoch++;
        }
        members.forEach(LRScheduler::takeEdit);
        ReduceLROnPlateau.State before = progress.orElseThrow();
        if (plateau.fires(before, metric)) {
            for (int i = 0; i < members.size(); i++) {
                reduce(i, plateau);
            }
        }
        progress = Optional.of(plateau.next(before, metric));
        members.forEach(Member::remember);
        tell();
    }

    /** A plateau alone runs whatever groups there are. */
    private void takeLateGroups() {
        List<? extends ParamGroup<?>> groups = optimizer.groups();
        if (!takesStep() && members.size() < groups.size()) {
            policy.metricDriven()
                    .orElseThrow()
                    .reduce(0, groups.size(), 0); // refuses a min_lr per group of another length
            for (int i = members.size(); i < groups.size(); i++) {
                members.add(new Member(groups.get(i), Optional.empty()));
            }
        }
    }

    private void reduce(int i, ReduceLROnPlateau plateau) {
        Member member = members.get(i);
        if (takesStep()) {
            member.factor = plateau.reduceFactor(i, members.size(), member.unscaled, member.factor);
            member.group.setLr(member.unscaled * member.factor);
        } else {
            member.group.setLr(plateau.reduce(i, members.size(), member.group.lr()));
        }
    }

    /** A rate that was edited by hand is what the schedule gave, and nothing scales it. */
    private static void takeEdit(Member member) {
        if (member.group.lr() != member.lr) {
            member.unscaled = member.group.lr();
            member.factor = 1;
        }
    }

    /**
     * Runs this runner's one schedule on a group that was added since, from the runner's step on.
     *
     * @throws IllegalStateException if this runner was given one schedule per group, or if another one replaced it
     * @see #join(ParamGroup, Schedule)
     */
    public void join(ParamGroup<?> group) {
        Objects.requireNonNull(group, "group");
        checkLive();
        if (!takesStep()) {
            throw new IllegalStateException(policy + " runs every group: there is nothing to join");
        }
        if (!shared) {
            throw new IllegalStateException("this runner has one schedule per group: say which one group '"
                    + group.name() + "' follows, join(group, schedule)");
        }
        join(group, policy.stepDriven().orElseThrow());
    }

    /**
     * Runs {@code schedule} on a group that was added since this runner was built. The group keeps its rate, which becomes
     * its base, and follows from the next step on at the runner's count: what PyTorch's chainable schedulers do to a late
     * group.
     *
     * <p>Such a schedule multiplies the rate in force. One that rises to its base, a {@link org.anneal.schedule.LinearLR} or a
     * {@link org.anneal.schedule.ConstantLR} that has not ended, alone or in a composition, so carries a group that joins at its
     * base far above that: a group of 0.2 that joins at the start of {@code LinearLR(start_factor=0.1)} ends at 2.0. This is
     * warned of, for each group. Set the rate that the schedule has there after joining, and the group ends at its base:
     * {@code group.setLr(schedule.at(scheduler.lastEpoch(), group.lr()))}.
     *
     * @throws IllegalArgumentException if {@code group} is not the first group that this runner does not run yet, or if
     *     a list per group has another length than there are groups now
     * @throws IllegalStateException if another runner replaced this one
     */
    public void join(ParamGroup<?> group, Schedule schedule) {
        Objects.requireNonNull(group, "group");
        Objects.requireNonNull(schedule, "schedule");
        checkLive();
        List<? extends ParamGroup<?>> groups = optimizer.groups();
        int index = members.size();
        if (!takesStep() || index >= groups.size() || groups.get(index) != group) {
            throw new IllegalArgumentException(
                    "group must be the first that was added since and has not joined, but was '" + group.name() + "'");
        }
        policy.metricDriven().ifPresent(plateau -> plateau.reduce(index, groups.size(), 0)); // as takeLateGroups
        Member member = new Member(group, Optional.of(schedule.forGroup(index, groups.size())));
        member.unscaled = group.lr();
        shared &= policy.stepDriven().equals(Optional.of(schedule));
        group.base();
        members.add(member);
        warnOfClimb(member);
        tell();
    }

    /** Warns if a group that joins will be carried above both its base and the schedule's own rates. */
    private void warnOfClimb(Member member) {
        Schedule schedule = member.schedule.orElseThrow();
        double base = member.group.base();
        double expected = schedule.at(lastEpoch, base);
        double own = expected;
        double rate = member.group.lr();
        double highest = Double.NEGATIVE_INFINITY;
        long when = 0;
        try {
            for (long step = lastEpoch + 1; step - lastEpoch <= LOOK_AHEAD && step <= member.lastStep; step++) {
                own = schedule.next(step, own, base);
                rate = schedule.next(step, rate, base);
                if (rate > highest && rate > Math.max(base, own) * (1 + 1e-9)) {
                    highest = rate;
                    when = step;
                }
            }
        } catch (RuntimeException e) { // a user's function need not know steps so far ahead; if it is asked, it tells
            LOG.log(System.Logger.Level.DEBUG, "rates of a group that joins are not known so far ahead", e);
        }
        if (when > 0) {
            warnOnce("group '" + member.group.name() + "' joins at " + member.group.lr() + ", which " + schedule
                    + " multiplies up to " + highest + " at step " + when
                    + ", as PyTorch does: for it to end at its base,"
                    + " set its rate to " + expected + " after joining");
        }
    }

    /** {@return whether this runner takes metrics, {@link #step(double)}, because its policy is or has a plateau} */
    public boolean takesMetric() {
        return progress.isPresent();
    }

    /** {@return whether this runner takes steps, {@link #step()}: whether its policy is or has a schedule} */
    public boolean takesStep() {
        return members.get(0).schedule.isPresent();
    }

    /** {@return whether this runner sets the momentum, or beta1, of a group, and not the rate alone} */
    public boolean drivesMomentum() {
        return members.stream().anyMatch(member -> member.drivesMomentum);
    }

    /** {@return the counter: 0 when built, then how often it was stepped; PyTorch's {@code last_epoch}} */
    public long lastEpoch() {
        return lastEpoch;
    }

    /** {@return the rates that this runner left in force last, one per group; PyTorch's {@code get_last_lr()}} */
    public List<Double> lastLr() {
        return members.stream().map(member -> member.lr).toList();
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
     * {@return all that {@link #restore} needs to go on from here, edits by hand included; if another runner replaced this
     * one, from where it was then}
     */
    public State state() {
        if (replaced.isPresent()) {
            return replaced.get();
        }
        takeLateGroups();
        return current();
    }

    /** {@return what this runner leaves to the one that replaces it} */
    private State leave() {
        try {
            return state();
        } catch (IllegalArgumentException refused) { // a late group, which then the new runner has to itself
            return current();
        }
    }

    private State current() {
        members.forEach(LRScheduler::takeEdit);
        return new State(
                VERSION,
                lastEpoch,
                policies(),
                each(member -> member.group.initialLr().orElse(Double.NaN)),
                each(member -> member.group.lr()),
                each(member -> member.group.momentum()),
                each(member -> member.unscaled),
                each(member -> member.factor),
                progress);
    }

    private List<String> policies() {
        return shared
                ? List.of(policy.toString())
                : members.stream()
                        .map(member -> member.schedule.orElseThrow().toString())
                        .toList();
    }

    private List<Double> each(Function<Member, Double> value) {
        return members.stream().map(value).toList();
    }

    /** Goes on where {@code state} was taken; a state of another schedule is refused. */
    public void restore(State state) {
        restore(state, OnChange.REFUSE);
    }

    /**
     * Goes on where {@code state} was taken: sets the counter, and every group's base, rate and momentum. It does not matter
     * whether the optimizer is restored before this runner is built, before this call or after it.
     *
     * @throws IllegalArgumentException if the state is of another version or for another number of groups, or if it was
     *     written under another schedule and {@code onChange} is {@link OnChange#REFUSE}, if that cannot be read from
     *     its text, having a Java function, and it is {@link OnChange#TAKE_CHECKPOINT}, if it lacks what the plateau
     *     remembers, or if a group's rule refuses its momentum; nothing has changed then
     * @throws IllegalStateException if another runner replaced this one, or if a group was added and has not joined
     * @throws ArithmeticException if this runner's schedule gives a rate that is not finite and it is
     *     {@link OnChange#KEEP_CONFIG}; nothing has changed then
     */
    public void restore(State state, OnChange onChange) {
        Objects.requireNonNull(state, "state");
        Objects.requireNonNull(onChange, "onChange");
        checkLive();
        int groups = optimizer.groups().size();
        if (state.version() != VERSION) {
            throw new IllegalArgumentException(
                    "the state must be of version " + VERSION + ", but was of version " + state.version());
        }
        if (state.lrs().size() != groups) {
            throw new IllegalArgumentException("the state must be of " + groups
                    + " groups, as the optimizer, but was of " + state.lrs().size());
        }
        boolean changed = !state.policies().equals(policies());
        if (changed && onChange == OnChange.REFUSE) {
            throw new IllegalArgumentException("the state was written under " + String.join(", ", state.policies())
                    + ", but this runner runs " + String.join(", ", policies())
                    + ": choose KEEP_CONFIG or TAKE_CHECKPOINT to say which of the two goes on");
        }
        for (int i = 0; i < groups; i++) {
            optimizer.groups().get(i).checkMomentum(state.momentums().get(i));
        }
        if (changed && onChange == OnChange.TAKE_CHECKPOINT) {
            take(state);
        } else {
            if (!changed) {
                checkPlateau(policy, state);
            }
            takeLateGroups();
            checkJoined();
        }
        boolean keepConfig = changed && onChange == OnChange.KEEP_CONFIG;
        List<Double> unscaled = keepConfig ? ratesOfThisSchedule(state) : state.unscaled();
        lastEpoch = state.lastEpoch();
        optimizerSteps = optimizer.steps();
        restored = true;
        progress = policy.metricDriven().map(plateau -> state.plateau().orElseGet(plateau::start));
        for (int i = 0; i < groups; i++) {
            restore(members.get(i), i, state, unscaled.get(i), keepConfig);
        }
        tell();
    }

    /** Runs from now on what the state was written under. */
    private void take(State state) {
        List<Policy> saved = state.policies().stream().map(LRScheduler::read).toList();
        if (state.plateau().isPresent() && saved.get(0) instanceof Schedule) {
            throw new IllegalArgumentException("the state has a plateau that its texts, "
                    + String.join(", ", state.policies())
                    + ", do not name, because a late group follows a schedule of its own: build the runner as it was"
                    + " and restore into that");
        }
        checkPlateau(saved.get(0), state);
        Policy before = policy;
        policy = saved.get(0);
        try {
            members = members(saved, saved.size() == 1);
        } catch (IllegalArgumentException refused) {
            policy = before;
            throw refused;
        }
        shared = saved.size() == 1;
    }

    private static void checkPlateau(Policy policy, State state) {
        if (policy.metricDriven().isPresent() && state.plateau().isEmpty()) {
            throw new IllegalArgumentException(
                    "the state must have what the plateau of " + policy + " remembers, but it was missing");
        }
    }

    private static Policy read(String text) {
        try {
            return Policy.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "the state's schedule " + text + " cannot be read back from its text (" + e.getMessage()
                            + "): if it holds a Java function, build the runner with that schedule and restore into it",
                    e);
        }
    }

    /** {@return for each group the rate that this runner's schedule has at the state's step, all of them finite} */
    private List<Double> ratesOfThisSchedule(State state) {
        return IntStream.range(0, members.size())
                .mapToObj(i -> {
                    Member member = members.get(i);
                    if (member.schedule.isEmpty()) {
                        return state.lrs().get(i);
                    }
                    double saved = state.initialLrs().get(i);
                    double base = Double.isNaN(saved) ? member.group.base() : saved;
                    double rate = member.schedule.get().at(state.lastEpoch(), base);
                    checkFinite(rate, member, state.lastEpoch());
                    return rate;
                })
                .toList();
    }

    private void restore(Member member, int i, State state, double unscaled, boolean keepConfig) {
        double base = state.initialLrs().get(i);
        if (!(keepConfig && Double.isNaN(base))) { // a plateau alone has no base; a schedule keeps the one it has
            member.group.setInitialLr(base);
        }
        member.group.setMomentum(state.momentums().get(i));
        member.unscaled = unscaled;
        member.factor = state.factors().get(i);
        member.group.setLr(state.lrs().get(i));
        if (keepConfig && member.schedule.isPresent()) {
            Schedule schedule = member.schedule.get();
            member.factor = takesMetric() ? member.factor : 1;
            member.group.setLr(member.unscaled * member.factor);
            member.group.setMomentum(schedule.momentum(lastEpoch, member.group.momentum()));
            LOG.log(
                    System.Logger.Level.INFO,
                    "group ''{0}'' goes on at {1}, the rate of {2} at step {3}; the checkpoint had {4}",
                    member.group.name(),
                    Double.toString(member.group.lr()),
                    schedule,
                    Long.toString(lastEpoch),
                    state.lrs().get(i).toString());
        }
        member.remember();
    }

    /**
     * {@return what PyTorch's {@code scheduler.state_dict()} holds for this schedule at this step, in its order} None is
     * {@link Optional#empty()}, MultiStepLR's Counter a map from milestone to count. Two entries that PyTorch's steps do not
     * read are not PyTorch's: below {@code _schedulers}, each {@code _last_lr} has the rates in force; milestones are sorted.
     *
     * @throws IllegalStateException if PyTorch has no such scheduler: a plateau on a schedule, or a schedule per group
     */
    public Map<String, Object> stateDict() {
        return pyTorchState().toMap();
    }

    /**
     * Goes on where PyTorch's {@code scheduler.state_dict()} was taken: takes over the counter, the bases, and what a plateau
     * remembers. It does not matter whether the optimizer's state is loaded before this call or after it: a rate that was set
     * since this runner wrote it, as by {@link Optimizer#loadStateDict}, stays; another one becomes that of
     * {@code _last_lr}, or the schedule's where an older version has none. A momentum becomes what the schedule drives it to.
     * Unknown entries are passed over, and so is what a lambda that is an object has in it.
     *
     * @throws IllegalArgumentException if an argument of the schedule is another one in {@code dict}, where PyTorch would
     *     silently take it over, or if an entry is missing or of the wrong type; nothing has changed then
     * @throws IllegalStateException if PyTorch has no such scheduler, as in {@link #stateDict()}, or if another runner replaced
     *     this one
     */
    public void loadStateDict(Map<String, Object> dict) {
        Objects.requireNonNull(dict, "dict");
        checkLive();
        restore(pyTorchState().read(dict));
    }

    /**
     * {@return what PyTorch's schedulers keep in a parameter group beside the rate, such as OneCycleLR's {@code max_lr}, which
     * they read there and {@code scheduler.state_dict()} does not hold}
     */
    Map<String, Object> groupEntries(int group) {
        return group < members.size()
                ? members.get(group).schedule.map(PyTorchState::groupEntries).orElse(Map.of())
                : Map.of(); // it has not joined yet
    }

    private PyTorchState pyTorchState() {
        if (!shared) {
            throw new IllegalStateException("PyTorch has no schedule per group, so it has no state of "
                    + String.join(", ", policies()) + ": use state() and restore(state)");
        }
        boolean betas = members.get(0).group.options().containsKey("betas");
        return new PyTorchState(policy, state(), lastLr(), betas);
    }

    private void checkLive() {
        if (replaced.isPresent()) {
            throw new IllegalStateException(
                    "another LRScheduler was built on this optimizer and replaced this one: build"
                            + " one runner, over one schedule that says all of it, a.times(b) or a.then(step, b)");
        }
    }

    private void checkJoined() {
        List<? extends ParamGroup<?>> groups = optimizer.groups();
        if (groups.size() != members.size()) {
            throw new IllegalStateException(
                    "group '" + groups.get(members.size()).name()
                            + "' was added after this runner was built: say how it is scheduled, with join(group) or"
                            + " join(group, schedule)");
        }
    }

    private static void checkFinite(double rate, Member member, long step) {
        if (!Double.isFinite(rate)) {
            throw new ArithmeticException("the rate must be finite, but " + member.schedule.orElseThrow() + " makes it "
                    + rate + " at step " + step + " for group '" + member.group.name() + "'");
        }
    }

    private void warnOnce(String message) {
        if (warnings.add(message)) {
            LOG.log(System.Logger.Level.WARNING, message);
        }
    }

    /** Moves to {@code step}: sets every group's rate and momentum, or, if a rate is not finite, nothing. */
    private void write(long step, boolean starting) {
        checkJoined();
        if (!takesStep()) {
            lastEpoch = step;
            return;
        }
        boolean composed = progress.isPresent();
        for (int i = 0; i < members.size(); i++) {
            Member member = members.get(i);
            Schedule schedule = member.schedule.orElseThrow();
            takeEdit(member);
            double base = member.group.base();
            double current = composed && !starting ? member.unscaled : member.group.lr();
            member.next = starting ? schedule.start(step, current, base) : schedule.next(step, current, base);
            checkFinite(member.next, member, step);
        }
        lastEpoch = step;
        for (int i = 0; i < members.size(); i++) {
            Member member = members.get(i);
            member.unscaled = member.next;
            member.group.setLr(composed ? member.unscaled * member.factor : member.unscaled);
            if (member.drivesMomentum) {
                Schedule schedule = member.schedule.orElseThrow();
                member.group.setMomentum(schedule.momentum(step, member.group.momentum()));
            }
            member.remember();
        }
        tell();
    }

    private void tell() {
        if (listener.isPresent()) {
            for (int i = 0; i < members.size(); i++) {
                ParamGroup<?> group = members.get(i).group;
                listener.get().set(lastEpoch, i, group.lr(), group.momentum());
            }
        }
    }
}
