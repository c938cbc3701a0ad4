package org.anneal.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.anneal.schedule.Policy;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.Schedule;

/**
 * Runs schedules over an optimizer's groups: the only thing that counts, and the only thing that writes rates.
 *
 * <p>Building a runner sets each group's rate for step 0 from the group's base, its {@code initialLr}, and nothing else,
 * so building it twice is building it once. Each {@link #step()} then asks the schedule what the rate in force becomes; a
 * rate that was edited by hand in between is what it starts from, as in PyTorch. Under a plateau alone, building changes
 * nothing and {@link #step(double)} takes the metric.
 *
 * <p>An optimizer has one live runner: a new one replaces the old, which refuses to step from then on. A runner belongs to
 * the optimizer's thread.
 */
public final class LRScheduler {
    private static final System.Logger LOG = System.getLogger(LRScheduler.class.getName());

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

    private final Optimizer<?> optimizer;
    private final Policy policy; // of the first group, and of all unless schedules were given one per group
    private final boolean shared;
    private final List<Schedule> schedules = new ArrayList<>(); // one per group; none under a plateau
    private Optional<ReduceLROnPlateau.State> progress = Optional.empty(); // of a plateau
    private double[] rates = {}; // that this runner left in force last
    private double[] next = {}; // the array that the next rates go to
    private long lastEpoch;
    private long optimizerSteps; // when stepAfterUpdate last looked
    private boolean replaced;
    private boolean warned;
    private Optional<Listener> listener = Optional.empty();

    /** Runs {@code policy} on every group, from step 0. */
    public LRScheduler(Optimizer<?> optimizer, Policy policy) {
        this(optimizer, policy, -1);
    }

    /**
     * Runs {@code policy} on every group, resumed as PyTorch's {@code last_epoch} resumes: the counter starts at
     * {@code lastEpoch + 1}; a schedule that writes absolute rates sets its rate for that step, another one keeps the rate
     * in force, which a restored optimizer already has.
     *
     * @param lastEpoch the last step done, at least 0; -1 starts over
     * @throws IllegalStateException if it resumes and a group has no {@code initialLr}: restore the optimizer first
     * @throws IllegalArgumentException if {@code lastEpoch} is less than -1, if a plateau is to resume by it, or if a list
     *     per group in {@code policy} has another length than there are groups
     */
    public LRScheduler(Optimizer<?> optimizer, Policy policy, long lastEpoch) {
        this(
                optimizer,
                policy,
                true,
                policy instanceof Schedule schedule ? perGroup(optimizer, schedule) : List.of(),
                lastEpoch);
    }

    /**
     * Runs one schedule per group, in order, from step 0.
     *
     * @throws IllegalArgumentException if there are not as many schedules as groups
     */
    public LRScheduler(Optimizer<?> optimizer, List<Schedule> schedules) {
        this(optimizer, oneFor(optimizer, schedules), false, schedules, -1);
    }

    private LRScheduler(
            Optimizer<?> optimizer, Policy policy, boolean shared, List<Schedule> schedules, long lastEpoch) {
        if (lastEpoch < -1) {
            throw new IllegalArgumentException("last_epoch must be at least -1, but was " + lastEpoch);
        }
        this.optimizer = optimizer;
        this.policy = policy;
        this.shared = shared;
        this.schedules.addAll(schedules);
        this.lastEpoch = lastEpoch + 1;
        if (policy instanceof ReduceLROnPlateau plateau) {
            plateau.reduce(0, optimizer.groups().size(), 0); // refuses a min_lr per group of another length
            if (lastEpoch != -1) {
                throw new IllegalArgumentException(
                        "last_epoch must be -1 for a plateau, which counts metrics, but was " + lastEpoch);
            }
            progress = Optional.of(plateau.start());
            remember();
        } else {
            for (ParamGroup<?> group : optimizer.groups()) {
                if (lastEpoch != -1 && group.initialLr().isEmpty()) {
                    throw new IllegalStateException("group '" + group.name() + "' must have an initialLr to resume at"
                            + " last_epoch=" + lastEpoch
                            + ": restore the optimizer first, or make its rate the base with optimizer.rebase()");
                }
            }
            write(true);
        }
        optimizerSteps = optimizer.steps();
        optimizer.attach(this).ifPresent(old -> old.replaced = true);
    }

    /**
     * Moves to the next step: call it after {@link Optimizer#step()}.
     *
     * @throws IllegalStateException if the policy is a plateau, if another runner replaced this one, or if a group was
     *     added that this runner was not told of
     * @throws ArithmeticException if a schedule gives a rate that is not finite; no rate has changed then
     */
    public void step() {
        checkLive();
        if (progress.isPresent()) {
            throw new IllegalStateException(policy + " needs a metric: call step(metric)");
        }
        if (lastEpoch == 0 && optimizer.steps() == 0) {
            warnOnce("the scheduler is stepped before the optimizer, so the first rate is never used:"
                    + " call optimizer.step() before scheduler.step()");
        }
        for (int i = 0; i < schedules.size(); i++) {
            if (lastEpoch >= schedules.get(i).lastStep()) {
                throw new IllegalStateException(schedules.get(i) + " ends with step "
                        + schedules.get(i).lastStep() + ", so it cannot be stepped " + (lastEpoch + 1) + " times");
            }
        }
        lastEpoch++;
        try {
            write(false);
        } catch (RuntimeException e) {
            lastEpoch--;
            throw e;
        }
    }

    /**
     * Moves to the next step if the optimizer has made one since the last call, and says whether it has. Called after every
     * batch, it counts optimizer steps and nothing else: not the batches whose gradients are only accumulated, and not those
     * whose step a gradient scaler skipped.
     *
     * @throws RuntimeException as {@link #step()} does
     */
    public boolean stepAfterUpdate() {
        boolean updated = optimizer.steps() > optimizerSteps;
        if (updated) {
            step();
        }
        optimizerSteps = optimizer.steps();
        return updated;
    }

    /**
     * Gives a metric, such as the validation loss, to a plateau.
     *
     * @param metric NaN counts as no improvement, and is warned of once
     * @throws IllegalStateException if the policy is not a plateau, or if another runner replaced this one
     */
    public void step(double metric) {
        checkLive();
        if (!(policy instanceof ReduceLROnPlateau plateau)) {
            throw new IllegalStateException(policy + " takes no metric: call step() without one");
        }
        if (Double.isNaN(metric)) {
            warnOnce("the plateau was given NaN, which counts as no improvement");
        }
        List<? extends ParamGroup<?>> groups = optimizer.groups();
        ReduceLROnPlateau.State before = progress.orElseThrow();
        if (plateau.fires(before, metric)) {
            for (int i = 0; i < groups.size(); i++) {
                groups.get(i)
                        .setLr(plateau.reduce(i, groups.size(), groups.get(i).lr()));
            }
        }
        progress = Optional.of(plateau.next(before, metric));
        lastEpoch++;
        remember();
    }

    /**
     * Runs this runner's one schedule on a group that was added since, from the runner's step on.
     *
     * @throws IllegalStateException if this runner was given one schedule per group
     * @see #join(ParamGroup, Schedule)
     */
    public void join(ParamGroup<?> group) {
        if (!shared || !(policy instanceof Schedule schedule)) {
            throw new IllegalStateException(
                    shared
                            ? policy + " runs every group: there is nothing to join"
                            : "this runner has one schedule per" + " group: say which one group '" + group.name()
                                    + "' follows, join(group, schedule)");
        }
        join(group, schedule);
    }

    /**
     * Runs {@code schedule} on a group that was added since this runner was built. The group keeps its rate, which becomes
     * its base, and follows from the next step on at the runner's count: what PyTorch's chainable schedulers do to a late
     * group.
     *
     * @throws IllegalArgumentException if {@code group} is not the first group that this runner does not run yet
     */
    public void join(ParamGroup<?> group, Schedule schedule) {
        List<? extends ParamGroup<?>> groups = optimizer.groups();
        int index = schedules.size();
        if (progress.isPresent() || index >= groups.size() || groups.get(index) != group) {
            throw new IllegalArgumentException(
                    "group must be the first that was added since and has not joined, but was '" + group.name() + "'");
        }
        schedules.add(schedule.forGroup(index, groups.size()));
        group.base();
        remember();
    }

    /** {@return whether this runner is stepped with a metric, {@link #step(double)}, because its policy is a plateau} */
    public boolean takesMetric() {
        return progress.isPresent();
    }

    /** {@return the counter: 0 when built, then how often it was stepped; PyTorch's {@code last_epoch}} */
    public long lastEpoch() {
        return lastEpoch;
    }

    /** {@return the rates that this runner left in force last, one per group; PyTorch's {@code get_last_lr()}} */
    public List<Double> lastLr() {
        return DoubleStream.of(rates).boxed().toList();
    }

    /** Has {@code listener} hear what is set from now on, beginning with what is in force; it replaces the one before. */
    public void onSet(Listener listener) {
        this.listener = Optional.of(listener);
        tell();
    }

    private void checkLive() {
        if (replaced) {
            throw new IllegalStateException(
                    "another LRScheduler was built on this optimizer and replaced this one: build"
                            + " one runner, over one schedule that says all of it");
        }
    }

    private void warnOnce(String message) {
        if (!warned) {
            warned = true;
            LOG.log(System.Logger.Level.WARNING, message);
        }
    }

    /** Sets every group's rate and momentum, or none of them if a rate is not finite. */
    private void write(boolean starting) {
        List<? extends ParamGroup<?>> groups = optimizer.groups();
        if (groups.size() != schedules.size()) {
            throw new IllegalStateException(
                    "group '" + groups.get(schedules.size()).name()
                            + "' was added after this runner was built: say how it is scheduled, with join(group) or"
                            + " join(group, schedule)");
        }
        if (next.length != groups.size()) {
            next = new double[groups.size()];
        }
        for (int i = 0; i < next.length; i++) {
            Schedule schedule = schedules.get(i);
            ParamGroup<?> group = groups.get(i);
            next[i] = starting
                    ? schedule.start(lastEpoch, group.lr(), group.base())
                    : schedule.next(lastEpoch, group.lr(), group.base());
            if (!Double.isFinite(next[i])) {
                throw new ArithmeticException("the rate must be finite, but " + schedule + " makes it " + next[i]
                        + " at step " + lastEpoch + " for group '" + group.name() + "'");
            }
        }
        for (int i = 0; i < next.length; i++) {
            ParamGroup<?> group = groups.get(i);
            group.setLr(next[i]);
            if (schedules.get(i).drivesMomentum()) {
                group.setMomentum(schedules.get(i).momentum(lastEpoch, group.momentum()));
            }
        }
        double[] before = rates;
        rates = next;
        next = before;
        tell();
    }

    private void tell() {
        if (listener.isPresent()) {
            for (int i = 0; i < rates.length; i++) {
                listener.get()
                        .set(lastEpoch, i, rates[i], optimizer.groups().get(i).momentum());
            }
        }
    }

    private void remember() {
        rates = optimizer.groups().stream().mapToDouble(ParamGroup::lr).toArray();
        tell();
    }

    private static List<Schedule> perGroup(Optimizer<?> optimizer, Schedule schedule) {
        int groups = optimizer.groups().size();
        return IntStream.range(0, groups)
                .mapToObj(i -> schedule.forGroup(i, groups))
                .toList();
    }

    private static Schedule oneFor(Optimizer<?> optimizer, List<Schedule> schedules) {
        int groups = optimizer.groups().size();
        if (schedules.size() != groups) {
            throw new IllegalArgumentException(
                    "need one schedule per group, " + groups + ", but got " + schedules.size());
        }
        return schedules.get(0);
    }
}
