package org.anneal.dl4j;

import java.util.Objects;
import org.anneal.schedule.Schedule;
import org.anneal.text.Check;
import org.anneal.text.PythonSyntaxException;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A {@link Schedule} as ND4J's: for any updater's learning rate, or for a momentum.
 *
 * <pre>{@code
 *   new Adam(new AnnealSchedule(new OneCycleLR(0.1, 1000), 1e-3));
 *   new Nesterovs(new AnnealSchedule(schedule, 0.1), AnnealSchedule.momentum(schedule, 0.9, ScheduleType.ITERATION));
 * }</pre>
 *
 * <p>It gives one number. In an updater of ND4J's, the momentum or beta1 stays as it is under a schedule that drives it, such as
 * OneCycleLR: a Nesterovs takes it from a second one, {@link #momentum}; to the beta1 of Adam and others only an
 * {@link org.anneal.optim.LRScheduler} over {@link Dl4j#rates} gets. An {@link AnnealUpdater} takes both from its rate's schedule.
 *
 * <p>Its value depends on the iteration or the epoch alone, as the schedule's closed form gives it. A schedule that ends, such as
 * OneCycleLR, holds its last rate. In a network's JSON or YAML, and so in a file of ModelSerializer, and in Java's serialization it
 * is PyTorch's text. It is immutable and thread-safe.
 */
public final class AnnealSchedule implements ISchedule {
    private static final long serialVersionUID = 1;

    @JsonProperty
    private final String schedule;

    @JsonProperty
    private final double base;

    @JsonProperty
    private final ScheduleType per;

    @JsonProperty
    private final boolean momentum;

    private final transient Schedule parsed;

    /** A rate per iteration. */
    public AnnealSchedule(Schedule schedule, double base) {
        this(schedule, base, ScheduleType.ITERATION);
    }

    /**
     * A rate per iteration or per epoch.
     *
     * @param schedule for one group: of one with a list per group, {@link Schedule#forGroup} gives a layer's
     * @param base the rate that the run starts from, finite
     * @throws IllegalArgumentException if the schedule holds a Java function, whose text cannot be read back, or a list per group
     */
    public AnnealSchedule(Schedule schedule, double base, ScheduleType per) {
        this(ofOneGroup(schedule), base, per, false);
    }

    private AnnealSchedule(Schedule schedule, double base, ScheduleType per, boolean momentum) {
        this.parsed = schedule;
        this.schedule = schedule.toString();
        this.base = Check.finite("base", base);
        this.per = Objects.requireNonNull(per, "per");
        this.momentum = momentum;
    }

    /**
     * {@return the momentum that {@code schedule} drives}
     *
     * @param schedule that drives momentum, as OneCycleLR and CyclicLR do; of another one the momentum stays at {@code base}
     * @param base the momentum that the run starts from
     * @throws IllegalArgumentException as the constructor does
     */
    public static AnnealSchedule momentum(Schedule schedule, double base, ScheduleType per) {
        return new AnnealSchedule(ofOneGroup(schedule), base, per, true);
    }

    @JsonCreator
    private static AnnealSchedule read(
            @JsonProperty("schedule") String schedule,
            @JsonProperty("base") double base,
            @JsonProperty("per") ScheduleType per,
            @JsonProperty("momentum") boolean momentum) {
        return new AnnealSchedule(Schedule.parse(schedule), base, per, momentum);
    }

    private Object readResolve() {
        return read(schedule, base, per, momentum);
    }

    private static Schedule ofOneGroup(Schedule schedule) {
        Objects.requireNonNull(schedule, "schedule").forGroup(0, 1);
        try {
            if (Schedule.parse(schedule.toString()).equals(schedule)) {
                return schedule;
            }
        } catch (PythonSyntaxException e) {
            // told below
        }
        throw new IllegalArgumentException(
                "schedule must have a text that can be read back, as a network's file holds it, but was " + schedule
                        + ": write a Java function as a lambda in Python or as a record with a Kind");
    }

    /** {@return the schedule} */
    public Schedule schedule() {
        return parsed;
    }

    /** {@return the rate, or the momentum, that the schedule starts from} */
    public double base() {
        return base;
    }

    /** @throws ArithmeticException if the schedule gives a number that is not finite */
    @Override
    public double valueAt(int iteration, int epoch) {
        long step = step(iteration, epoch);
        double value = momentum ? parsed.momentum(step, base) : parsed.at(step, base);
        if (Double.isFinite(value)) {
            return value;
        }
        throw new ArithmeticException((momentum ? "momentum" : "lr") + " must be finite, but was " + value + " at step "
                + step + ", from " + schedule);
    }

    /** {@return the momentum beside this rate, which is {@code current} unless the schedule drives it} */
    double momentumAt(int iteration, int epoch, double current) {
        return parsed.momentum(step(iteration, epoch), current);
    }

    private long step(int iteration, int epoch) {
        return Math.min(per == ScheduleType.EPOCH ? epoch : iteration, parsed.lastStep());
    }

    /** {@return this, which is immutable} */
    @Override
    public ISchedule clone() {
        return this;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof AnnealSchedule that
                && schedule.equals(that.schedule)
                && base == that.base
                && per == that.per
                && momentum == that.momentum;
    }

    @Override
    public int hashCode() {
        return Objects.hash(schedule, base, per, momentum);
    }

    /** {@return such as {@code StepLR(step_size=30, gamma=0.1) from 0.1 per epoch}} */
    @Override
    public String toString() {
        return schedule + " from " + (momentum ? "momentum " : "") + base + " per "
                + (per == ScheduleType.EPOCH ? "epoch" : "iteration");
    }
}
