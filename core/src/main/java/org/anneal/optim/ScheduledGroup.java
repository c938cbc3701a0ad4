package org.anneal.optim;

import java.util.Optional;
import org.anneal.schedule.Schedule;

/**
 * A group and its schedule. The rate in force is the schedule's, unscaled, times the factor of a plateau on top. A rate edited by
 * hand counts as the schedule's own, with a factor of 1.
 */
final class ScheduledGroup {
    private static final System.Logger LOG = System.getLogger(ScheduledGroup.class.getName());
    private static final int LOOK_AHEAD = 100_000; // steps: a few milliseconds for most schedules

    final RateGroup group;
    final Optional<Schedule> schedule; // none under a plateau alone
    final long lastStep; // of the schedule; cached, since a composite asks all its members
    final boolean drivesMomentum; // cached too
    private double lr; // the rate set last
    private double unscaled; // the schedule's rate, without the plateau's factor
    private double factor = 1; // of the plateau
    private double next; // computed for the next step
    private double before; // unscaled, when that was computed
    private double inForce; // then
    private final String quantity; // for messages: what the schedule drives
    private final String owner; // and of which group

    ScheduledGroup(RateGroup group, Optional<Schedule> schedule) {
        this(group, schedule, "the rate", " for group '" + group.name() + "'");
        if (drivesMomentum && !group.hasMomentum()) {
            throw new IllegalArgumentException(
                    "cycle_momentum must be False under a rule without momentum or betas, but was True in "
                            + schedule.orElseThrow() + " for " + group.described() + ": write cycle_momentum=False");
        }
    }

    private ScheduledGroup(RateGroup group, Optional<Schedule> schedule, String quantity, String owner) {
        this.group = group;
        this.schedule = schedule;
        this.quantity = quantity;
        this.owner = owner;
        this.lastStep = schedule.map(Schedule::lastStep).orElse(Long.MAX_VALUE);
        this.drivesMomentum = schedule.map(Schedule::drivesMomentum).orElse(false);
        lr = group.lr();
        unscaled = lr;
    }

    /**
     * {@return a number that {@code schedule} drives}
     *
     * @param owner of the number; empty if it is of no group
     */
    static ScheduledGroup number(RateGroup number, Schedule schedule, Optional<RateGroup> owner) {
        if (schedule.drivesMomentum()) {
            throw new IllegalArgumentException("cycle_momentum must be False where a schedule drives " + number.name()
                    + ", but was True in " + schedule + ": write cycle_momentum=False");
        }
        return new ScheduledGroup(
                number,
                Optional.of(schedule),
                number.name(),
                owner.map(group -> " for group '" + group.name() + "'").orElse(""));
    }

    double lr() {
        return lr;
    }

    double unscaled() {
        return unscaled;
    }

    double factor() {
        return factor;
    }

    boolean isEdited() {
        return group.lr() != lr;
    }

    void takeEdit() {
        if (isEdited()) {
            unscaled = group.lr();
            factor = 1;
        }
    }

    void checkNotEnded(long step) {
        if (step >= lastStep) {
            throw new IllegalStateException(schedule.orElseThrow() + " ends with step " + lastStep
                    + ", so it cannot be stepped " + (step + 1) + " times");
        }
    }

    /** Computes the rate of {@code step}, which {@link #write} then sets. */
    void compute(long step, boolean starting) {
        takeEdit();
        Schedule running = schedule.orElseThrow();
        double base = group.base();
        next = starting ? running.start(step, unscaled, base) : running.next(step, unscaled, base);
        before = unscaled;
        inForce = group.lr();
        if (!Double.isFinite(next)) {
            throw notFinite(next, step);
        }
    }

    /** Sets the value from before {@link #compute} again. */
    void undo() {
        unscaled = before;
        set(inForce);
    }

    void write(long step) {
        unscaled = next;
        set(unscaled * factor);
        if (drivesMomentum) {
            group.setMomentum(schedule.orElseThrow().momentum(step, group.momentum()));
        }
    }

    private void set(double rate) {
        group.setLr(rate);
        lr = group.lr(); // it may have been rounded
    }

    /** {@return the rate in force, before it was rounded for the group if a schedule gives it} */
    double inForce() {
        return schedule.isPresent() ? unscaled * factor : group.lr();
    }

    /** Takes the rate that a metric has made of the one in force: on a schedule by its factor. */
    void takeMetric(double rate) {
        if (rate != inForce() && schedule.isPresent()) {
            factor = rate / unscaled;
            group.setLr(unscaled * factor);
        } else if (rate != inForce()) {
            group.setLr(rate);
        }
        lr = group.lr();
    }

    /** {@return the schedule's rate at {@code step} from {@code base}, or from the group's base if that is NaN} */
    double rateAt(long step, double base) {
        if (schedule.isEmpty()) {
            return group.lr();
        }
        double rate = schedule.get().at(step, Double.isNaN(base) ? group.base() : base);
        if (!Double.isFinite(rate)) {
            throw notFinite(rate, step);
        }
        try {
            group.checkLr(rate);
        } catch (IllegalArgumentException e) {
            throw refused(e, step);
        }
        return rate;
    }

    /** Continues at {@code step} with the schedule's {@code rate}; edits by hand are dropped. */
    void moveTo(long step, double rate) {
        if (schedule.isPresent()) {
            unscaled = rate;
            set(unscaled * factor);
            group.setMomentum(schedule.get().momentum(step, group.momentum()));
        } else {
            lr = group.lr();
        }
    }

    /**
     * Restores entry {@code i} of a state.
     *
     * @param keepBase whether to keep the base if the state has none
     * @param scaled whether there is a plateau
     */
    void restore(SchedulerState state, int i, boolean keepBase, boolean scaled) {
        double base = state.initialLrs().get(i);
        if (!(keepBase && Double.isNaN(base))) { // a plateau alone saves no base
            group.setInitialLr(base);
        }
        group.setMomentum(state.momentums().get(i));
        unscaled = state.unscaled().get(i);
        factor = scaled ? state.factors().get(i) : 1;
        set(state.lrs().get(i));
    }

    /** Restores the entry of a number in a state. */
    void restore(SchedulerState.Drive saved) {
        group.setInitialLr(saved.base());
        unscaled = saved.unscaled();
        set(saved.value());
    }

    private ArithmeticException notFinite(double rate, long step) {
        return new ArithmeticException(quantity + " must be finite, but " + schedule.orElseThrow() + " makes it " + rate
                + " at step " + step + owner);
    }

    /** {@return that {@code refusal} is of the schedule's value at {@code step}} */
    ArithmeticException refused(IllegalArgumentException refusal, long step) {
        ArithmeticException refused = new ArithmeticException(
                refusal.getMessage() + " at step " + step + owner + ", from " + schedule.orElseThrow());
        refused.initCause(refusal);
        return refused;
    }

    /** {@return a warning if the schedule will raise this group, which joined at {@code from}, above its base and its own rates} */
    Optional<String> climb(long from) {
        double base = group.base();
        double expected = schedule.orElseThrow().at(from, base);
        double own = expected;
        double rate = group.lr();
        double highest = Double.NEGATIVE_INFINITY;
        long when = 0;
        try {
            for (long step = from + 1; step - from <= LOOK_AHEAD && step <= lastStep; step++) {
                own = schedule.get().next(step, own, base);
                rate = schedule.get().next(step, rate, base);
                if (rate > highest && rate > Math.max(base, own) * (1 + 1e-9)) {
                    highest = rate;
                    when = step;
                }
            }
        } catch (RuntimeException e) { // a user's function may refuse steps this far ahead
            LOG.log(System.Logger.Level.DEBUG, "the rates of a group that joins cannot be computed this far ahead", e);
        }
        return when == 0
                ? Optional.empty()
                : Optional.of("group '" + group.name() + "' joined at " + group.lr() + ", which " + schedule.get()
                        + " raises to " + highest + " at step " + when
                        + ", as PyTorch does: set its rate to " + expected
                        + " after joining for it to end at its base");
    }
}
