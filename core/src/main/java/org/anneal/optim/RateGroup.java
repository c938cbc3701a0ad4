package org.anneal.optim;

import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.DoubleConsumer;
import java.util.function.DoubleSupplier;
import org.anneal.schedule.Schedule;
import org.anneal.text.Check;

/**
 * Something that has a rate to set, and perhaps a momentum: a group of our {@link Optimizer}'s, or another library's
 * optimizer, or one group of it. It remembers the base of schedules, so it is made once and kept as long as that optimizer
 * is. It belongs to one thread.
 *
 * <pre>{@code
 *   RateGroup group = RateGroup.of("all", theirs::getLearningRate, theirs::setLearningRate);
 *   LRScheduler scheduler = new LRScheduler(() -> List.of(group), new CosineAnnealingLR(90));
 * }</pre>
 *
 * <p>What is set may be rounded, say to a {@code float}: a rate that reads back as it did after it was set counts as not
 * edited, and a schedule goes on from what it gave.
 */
public abstract class RateGroup {
    private final String name;
    private double initialLr = Double.NaN; // until a runner records it
    private Optional<LRScheduler> runner = Optional.empty(); // the last one that was built over this
    private Optional<Schedule> schedule = Optional.empty(); // that it runs here

    /** @param name what messages call it, such as {@code classifier} */
    protected RateGroup(String name) {
        this.name = Objects.requireNonNull(name, "name");
    }

    /** {@return a group without momentum, whose rate is read and set elsewhere} */
    public static RateGroup of(String name, DoubleSupplier lr, DoubleConsumer setLr) {
        return HeldRate.create(name, lr, setLr);
    }

    public final String name() {
        return name;
    }

    /** {@return the learning rate in force} */
    public abstract double lr();

    /**
     * Sets the learning rate in force.
     *
     * @param lr any finite number
     */
    public abstract void setLr(double lr);

    /** {@return whether there is a momentum for a schedule to drive, or betas} */
    public boolean hasMomentum() {
        return false;
    }

    /** {@return whether what schedules drive as momentum is beta1, as PyTorch's state dict says of Adam and its kin} */
    public boolean hasBetas() {
        return false;
    }

    /** {@return the momentum in force; beta1 where there are betas; 0 where there is neither} */
    public double momentum() {
        return 0;
    }

    /**
     * Sets the momentum, or beta1, in force.
     *
     * @throws IllegalArgumentException if it is out of its range, or if there is none and it is not 0
     */
    public void setMomentum(double momentum) {
        checkMomentum(momentum);
    }

    /** {@return {@code momentum}, which may be refused} */
    double checkMomentum(double momentum) {
        if (!hasMomentum() && momentum != momentum()) {
            throw new IllegalArgumentException(
                    "momentum must be 0 for group '" + name + "', which has none, but was " + momentum);
        }
        return momentum;
    }

    /** {@return the base of schedules on this group, recorded when the first runner is built; empty before} */
    public final OptionalDouble initialLr() {
        return Double.isNaN(initialLr) ? OptionalDouble.empty() : OptionalDouble.of(initialLr);
    }

    /** Makes the rate in force the base of schedules. */
    public final void rebase() {
        initialLr = Check.finite("lr", lr());
    }

    /** Sets the base of schedules, as a saved state has it. */
    final void setInitialLr(double initialLr) {
        this.initialLr = initialLr;
    }

    /** {@return the base of schedules, recorded now if it was not before} */
    final double base() {
        if (Double.isNaN(initialLr)) {
            rebase();
        }
        return initialLr;
    }

    /** {@return the last runner that was built over this group} */
    final Optional<LRScheduler> runner() {
        return runner;
    }

    /** {@return what the live runner runs on this group, if there is one} */
    final Optional<Schedule> schedule() {
        return schedule;
    }

    /** Makes {@code runner} the live one, which runs {@code schedule} here. */
    final void attach(LRScheduler runner, Optional<Schedule> schedule) {
        this.runner = Optional.of(runner);
        this.schedule = schedule;
    }

    /** {@return what messages call it, with what it runs if that is known} */
    String described() {
        return "group '" + name + "'";
    }
}
