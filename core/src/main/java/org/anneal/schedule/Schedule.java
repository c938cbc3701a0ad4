package org.anneal.schedule;

import java.util.PrimitiveIterator;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.DoubleStream;
import java.util.stream.StreamSupport;

/**
 * How a learning rate changes from step to step. A schedule is an immutable value: it holds no optimizer and no counter,
 * so it can be shared, compared, printed, plotted and stored.
 *
 * <p>It answers one question in two ways: {@link #at} says what the rate is at a step of an untouched run, {@link #next}
 * what the rate in force becomes. The two agree up to rounding; {@code next} also says what becomes of a rate that
 * somebody edited. Steps count from 0, the rate before the first update, to 2^53.
 */
public sealed interface Schedule extends Policy
        permits StepLR,
                MultiStepLR,
                ExponentialLR,
                MultiplicativeLR,
                LambdaLR,
                CosineAnnealingLR,
                ConstantLR,
                LinearLR,
                PolynomialLR,
                CosineAnnealingWarmRestarts,
                CyclicLR,
                OneCycleLR,
                SWALR {

    /**
     * Returns the rate at {@code step} of an untouched run, in closed form.
     *
     * @param step the step, at least 0
     * @param base the rate the run started from
     */
    double at(long step, double base);

    /**
     * Returns the rate for {@code step}, in PyTorch's chainable form and its order of operations.
     *
     * @param step the step, at least 0
     * @param current the rate in force at {@code step - 1}; at step 0, the base
     * @param base the rate the run started from
     */
    double next(long step, double current, double base);

    /**
     * Returns the rate in force when a runner starts its counter at {@code step}: after step 0 the rate that a restored
     * optimizer already has, unless the schedule writes absolute rates.
     *
     * <p>PyTorch: {@code last_epoch=step-1}.
     */
    default double start(long step, double current, double base) {
        return Check.step(step) == 0 ? next(0, base, base) : current;
    }

    /**
     * Returns the rate with which this schedule takes over at its step 0, as a later piece of a sequence: its own first
     * rate, unless it starts from what it is given.
     *
     * @param current the rate in force until now
     * @param base the rate the run started from
     */
    default double takeOver(double current, double base) {
        return at(0, base);
    }

    /** {@return whether this schedule drives the momentum (Adam: beta1) too} */
    default boolean drivesMomentum() {
        return false;
    }

    /**
     * Returns the momentum (Adam: beta1) for {@code step}: what it was, unless this schedule {@link #drivesMomentum}.
     *
     * @param current the momentum in force
     */
    default double momentum(long step, double current) {
        return current;
    }

    /** {@return the last step that may be asked for; a runner refuses to go further} */
    default long lastStep() {
        return Check.LAST_STEP;
    }

    /**
     * Returns this schedule for one of the parameter groups: of a list per group, that group's entry.
     *
     * @param group the group, from 0
     * @param groups how many groups there are
     * @throws IllegalArgumentException if a list has neither 1 entry nor {@code groups}
     */
    default Schedule forGroup(int group, int groups) {
        Check.group(group, groups, "the schedule", 1);
        return this;
    }

    /**
     * Returns the rates of steps 0 to {@code steps - 1} of an untouched run, each from the one before by {@link #next},
     * in constant memory.
     */
    default DoubleStream curve(long steps, double base) {
        Check.atLeast(0, "steps", steps);
        PrimitiveIterator.OfDouble rates = new PrimitiveIterator.OfDouble() {
            private long step;
            private double rate = base;

            @Override
            public boolean hasNext() {
                return step < steps;
            }

            @Override
            public double nextDouble() {
                rate = Schedule.this.next(step++, rate, base);
                return rate;
            }
        };
        int order = Spliterator.ORDERED | Spliterator.IMMUTABLE | Spliterator.NONNULL;
        return StreamSupport.doubleStream(Spliterators.spliterator(rates, steps, order), false);
    }

    /**
     * Reads PyTorch's constructor call, as it stands in a Python program or as {@code toString} prints it.
     *
     * @throws IllegalArgumentException as {@link Policy#parse} does, and for a policy that a metric drives
     */
    static Schedule parse(String text) {
        Policy policy = Policy.parse(text);
        if (policy instanceof Schedule schedule) {
            return schedule;
        }
        throw new IllegalArgumentException(
                "expected a schedule, but " + policy + " is driven by a metric: read it with Policy.parse");
    }
}
