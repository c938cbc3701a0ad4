package org.anneal.optim;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.DoubleConsumer;
import java.util.function.DoubleSupplier;
import java.util.stream.Stream;
import org.anneal.schedule.Schedule;
import org.anneal.text.Check;

/**
 * A learning rate to schedule, and perhaps a momentum: a param group of our {@link Optimizer}, or another library's optimizer or
 * one of its groups. It remembers the base of schedules, so create it once per optimizer and keep it. It belongs to one thread.
 *
 * <pre>{@code
 *   RateGroup group = RateGroup.of("all", theirs::getLearningRate, theirs::setLearningRate);
 *   LRScheduler scheduler = new LRScheduler(() -> List.of(group), new CosineAnnealingLR(90));
 * }</pre>
 *
 * <p>The other library may round the rate, say to a {@code float}. As long as it reads back as it did right after it was set, it
 * counts as not edited, and the schedule continues from its own unrounded rate.
 */
public abstract class RateGroup {
    private final String name;
    private double initialLr = Double.NaN; // until a runner records it
    private final Map<String, RateGroup> driven = new LinkedHashMap<>(); // numbers beside the rate
    private Optional<LRScheduler> runner = Optional.empty(); // the last one built over this group
    private Optional<Schedule> schedule = Optional.empty(); // of that runner on this group
    private List<String> drivenNow = List.of(); // by that runner

    /** @param name its name in messages, such as {@code classifier} */
    protected RateGroup(String name) {
        this.name = Objects.requireNonNull(name, "name");
    }

    /**
     * {@return a group without momentum, whose rate is read by {@code lr} and set by {@code setLr}} For a number of your own, such
     * as a dropout, beside an optimizer's rates, see {@link Schedulable#with}.
     */
    public static RateGroup of(String name, DoubleSupplier lr, DoubleConsumer setLr) {
        return ExternalRateGroup.create(name, lr, setLr);
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

    /** {@return whether there is a momentum, or betas, for a schedule to drive} */
    public boolean hasMomentum() {
        return false;
    }

    /** {@return whether the momentum that schedules drive is beta1, as in Adam} */
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
     * @throws IllegalArgumentException if it is out of range, or not 0 where there is no momentum
     */
    public void setMomentum(double momentum) {
        checkMomentum(momentum);
    }

    /** {@return {@code momentum} if {@link #setMomentum} would accept it} */
    double checkMomentum(double momentum) {
        if (!hasMomentum() && momentum != momentum()) {
            throw new IllegalArgumentException(
                    "momentum must be 0 for group '" + name + "', which has none, but was " + momentum);
        }
        return momentum;
    }

    /**
     * {@return the names of the numbers beside the rate that schedules can drive} By default {@code momentum}, or {@code beta1}
     * where there are betas, if there is one. A group that has more lists them here, and reads and sets them below.
     */
    public List<String> numbers() {
        return hasMomentum() ? List.of(hasBetas() ? "beta1" : "momentum") : List.of();
    }

    /** {@return the number in force, one of {@link #numbers}} */
    public double number(String name) {
        Objects.requireNonNull(name, "name");
        return momentum();
    }

    /**
     * Sets the number in force.
     *
     * @param name one of {@link #numbers}
     * @throws IllegalArgumentException if {@code value} is out of its range
     */
    public void setNumber(String name, double value) {
        Objects.requireNonNull(name, "name");
        setMomentum(value);
    }

    /** Refuses a number that {@link #setNumber} is known to refuse. */
    void checkNumber(String name, double value) {}

    /** Refuses a value that {@link #setLr} is known to refuse. */
    void checkLr(double lr) {}

    /** {@return the one of {@link #numbers} that {@code name} means; {@code betas[0]} is {@code beta1}} */
    final Optional<String> named(String name) {
        List<String> all = numbers();
        String beta = name.replace("betas[0]", "beta1").replace("betas[1]", "beta2");
        return Stream.of(name, beta).filter(all::contains).findFirst();
    }

    /** {@return one of the {@link #numbers} as a group of its own, which remembers its base} */
    final RateGroup driven(String name) {
        return driven.computeIfAbsent(name, missing -> GroupNumber.create(this, missing));
    }

    /** {@return the bases of the numbers that schedules have driven, by name} */
    final Map<String, Double> bases() {
        Map<String, Double> bases = new LinkedHashMap<>();
        driven.forEach((name, number) -> number.initialLr().ifPresent(base -> bases.put(name, base)));
        return bases;
    }

    /** {@return the base of this group's schedules, recorded when the first runner is built; empty before} */
    public final OptionalDouble initialLr() {
        return Double.isNaN(initialLr) ? OptionalDouble.empty() : OptionalDouble.of(initialLr);
    }

    /** Makes the rate in force the base of schedules, and so each number beside it that a schedule has driven. */
    public final void rebase() {
        initialLr = Check.finite("lr", lr());
        driven.values().forEach(RateGroup::rebase);
    }

    /** Sets the base of schedules, as a saved state has it. */
    final void setInitialLr(double initialLr) {
        this.initialLr = initialLr;
    }

    /** {@return the base of schedules, recorded now if it was not yet} */
    final double base() {
        if (Double.isNaN(initialLr)) {
            initialLr = Check.finite("lr", lr());
        }
        return initialLr;
    }

    /** {@return the last runner built over this group} */
    final Optional<LRScheduler> runner() {
        return runner;
    }

    /** {@return the live runner's schedule for this group, if there is one} */
    final Optional<Schedule> schedule() {
        return schedule;
    }

    /** {@return those of {@link #numbers} that the live runner drives by schedules of their own} */
    public final List<String> drivenNumbers() {
        return drivenNow;
    }

    /**
     * {@return the base of the schedules of a number, recorded when the first runner that drives it is built; empty before}
     *
     * @param name one of {@link #numbers}
     */
    public final OptionalDouble initialNumber(String name) {
        return Optional.ofNullable(driven.get(Objects.requireNonNull(name, "name")))
                .map(RateGroup::initialLr)
                .orElse(OptionalDouble.empty());
    }

    /** Makes {@code runner}, which runs {@code schedule} on this group and drives {@code numbers}, the live one. */
    final void attach(LRScheduler runner, Optional<Schedule> schedule, List<String> numbers) {
        this.runner = Optional.of(runner);
        this.schedule = schedule;
        this.drivenNow = numbers;
    }

    /** {@return its description in messages} */
    String described() {
        return "group '" + name + "'";
    }
}
