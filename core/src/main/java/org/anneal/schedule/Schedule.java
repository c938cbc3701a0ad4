package org.anneal.schedule;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.PrimitiveIterator;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.DoubleStream;
import java.util.stream.StreamSupport;
import org.anneal.text.Check;
import org.anneal.text.Context;
import org.anneal.text.Declared;
import org.anneal.text.Kind;
import org.anneal.text.LrLambda;
import org.anneal.text.PythonSyntaxException;

/**
 * How a learning rate changes from step to step. A schedule is an immutable value: it holds neither an optimizer nor a
 * counter, so it can be shared, compared, printed, plotted and stored.
 *
 * <p>It gives the rate in two ways: {@link #at} gives the rate at a step of an untouched run, {@link #next} the rate that
 * follows the one in force. The two agree up to rounding; {@code next} also works for a rate that was edited by hand. Steps
 * count from 0, which has the rate of the first update, to 2^53.
 */
@Declared.ReadBy(Members.One.class)
public non-sealed interface Schedule extends Policy {

    /**
     * Returns the rate at {@code step} of an untouched run, in closed form.
     *
     * @param step the step, at least 0
     * @param base the rate the run started from
     */
    double at(long step, double base);

    /**
     * Returns the rate as a formula of the step, with which other libraries compute it: {@link #at}, up to rounding.
     *
     * @param base the rate the run starts from
     * @throws UnsupportedOperationException if this schedule has no formula
     * @throws IllegalArgumentException if a part of it is a Java function
     */
    default LrLambda formula(double base) {
        throw new UnsupportedOperationException(kind().name() + " has no formula");
    }

    @Override
    default Optional<Schedule> stepDriven() {
        return Optional.of(this);
    }

    @Override
    default Optional<MetricDriven> metricDriven() {
        return Optional.empty();
    }

    /**
     * Returns the rate for {@code step}, in PyTorch's chainable form and its order of operations.
     *
     * @param step the step, at least 0
     * @param current the rate in force at {@code step - 1}; at step 0, the base
     * @param base the rate the run started from
     */
    double next(long step, double current, double base);

    /**
     * Returns the rate in force when a runner starts its counter at {@code step}. After step 0 this is the rate that a
     * restored optimizer already has, unless the schedule writes absolute rates.
     *
     * <p>PyTorch: {@code last_epoch=step-1}.
     */
    default double start(long step, double current, double base) {
        return Check.step(step) == 0 ? next(0, base, base) : current;
    }

    /**
     * Returns the rate at which this schedule takes over, at its step 0, as a later piece of a sequence. This is its own first
     * rate, unless it {@link #carries} the rate in force.
     *
     * @param current the rate in force until now
     * @param base the rate the run started from
     */
    default double takeOver(double current, double base) {
        return at(0, base);
    }

    /** {@return whether {@link #takeOver} starts from the rate in force instead of this schedule's own first rate} */
    default boolean carries() {
        return false;
    }

    /**
     * Returns the rate {@code step} steps after this schedule {@linkplain #takeOver took over}.
     *
     * @param carried the rate in force at that time
     */
    default double after(long step, double carried, double base) {
        return at(step, carries() ? takeOver(carried, base) : base);
    }

    /**
     * Returns the natural logarithm of the magnitude of a {@linkplain #isFactor factor}, even where the factor itself overflows
     * or underflows: a product of factors may not.
     */
    default double logFactor(long step) {
        return Math.log(Math.abs(at(step, 1)));
    }

    /**
     * {@return whether this schedule only multiplies the rate in force, by a factor that depends only on the step} A chain of
     * such schedules is their product.
     */
    default boolean isFactor() {
        return false;
    }

    /** {@return whether this schedule also drives the momentum (Adam: beta1)} */
    default boolean drivesMomentum() {
        return false;
    }

    /**
     * Returns the momentum (Adam: beta1) for {@code step}: unchanged, unless this schedule {@link #drivesMomentum}.
     *
     * @param current the momentum in force
     */
    default double momentum(long step, double current) {
        return current;
    }

    /** {@return the last step that has a rate; a runner refuses to go further} */
    default long lastStep() {
        return Check.LAST_STEP;
    }

    /**
     * Returns this schedule for one of the param groups: each list per group is reduced to that group's entry.
     *
     * @param group the group, from 0
     * @param groups how many groups there are
     * @throws IllegalArgumentException if a list has neither 1 entry nor {@code groups}
     */
    @Override
    default Schedule forGroup(int group, int groups) {
        return (Schedule) kind().forGroup((Record) this, group, groups);
    }

    /**
     * Reports to {@code part} what does not fit the part of a run that this schedule covers. By default, nothing.
     *
     * @param shared the schedule for all groups, of which this is the one for the checked group
     */
    default void check(RunPart part, Schedule shared) {}

    /**
     * {@return whether a length that is short for a run of {@code steps} steps may have been meant in epochs} False for a
     * schedule that may well be short.
     */
    default boolean mayConfuseUnits(long steps) {
        return true;
    }

    /** {@return whether this schedule is made of others, each of which is checked by itself} */
    default boolean isComposite() {
        return false;
    }

    /**
     * Returns a sequence: this schedule, then {@code following} from step {@code milestone} on. A sequence is extended, not
     * nested.
     *
     * @throws IllegalArgumentException if {@code milestone} is negative, or not after this sequence's last one
     */
    default SequentialLR then(long milestone, Schedule following) {
        Objects.requireNonNull(following, "following");
        SequentialLR first = SequentialLR.of(this);
        return new SequentialLR(
                Lists.append(first.schedules(), following), Lists.append(first.milestones(), milestone));
    }

    /**
     * Returns this schedule after a warmup: for {@code steps} steps the rate rises linearly from {@code startFactor} times
     * the base to the base.
     *
     * @param steps steps of the warmup, at least 0
     * @param startFactor the first rate as a fraction of the base, in (0, 1]
     */
    default SequentialLR afterWarmup(long steps, double startFactor) {
        return new LinearLR(startFactor, 1.0, steps).then(steps, this);
    }

    /** {@return a chain: at every step, {@code other} acts on the rate that this schedule gives} */
    default ChainedScheduler times(Schedule other) {
        Objects.requireNonNull(other, "other");
        return new ChainedScheduler(Lists.append(ChainedScheduler.of(this).schedules(), other));
    }

    /**
     * Returns a plateau after this schedule: this schedule up to step {@code milestone}, then the base rate, reduced by
     * {@code plateau}.
     *
     * @throws IllegalArgumentException if {@code milestone} is negative, or not after this sequence's last one
     */
    default SequentialPlateau then(long milestone, MetricDriven plateau) {
        Objects.requireNonNull(plateau, "plateau");
        SequentialLR first = SequentialLR.of(this);
        return new SequentialPlateau(first.schedules(), plateau, Lists.append(first.milestones(), milestone));
    }

    /** {@return a plateau on top of this schedule, whose rates it multiplies by a factor} */
    default ChainedPlateau times(MetricDriven plateau) {
        return new ChainedPlateau(this, plateau);
    }

    /** {@return the sum of this schedule's rates and another's} */
    default Sum plus(Schedule other) {
        return new Sum(List.of(this, Objects.requireNonNull(other, "other")));
    }

    /** {@return this schedule's rates times the curve of {@code multiplier} from a base of 1} */
    default Product multipliedBy(Schedule multiplier) {
        return new Product(List.of(this, Objects.requireNonNull(multiplier, "multiplier")));
    }

    /** {@return the lower of this schedule's rate and another's} */
    default Min min(Schedule other) {
        return new Min(List.of(this, Objects.requireNonNull(other, "other")));
    }

    /** {@return the higher of this schedule's rate and another's} */
    default Max max(Schedule other) {
        return new Max(List.of(this, Objects.requireNonNull(other, "other")));
    }

    /**
     * Returns this schedule with its rates kept between two bounds.
     *
     * @param low the lowest rate, at least 0
     * @param high the highest rate, at least {@code low}
     */
    default Clip clip(double low, double high) {
        return new Clip(this, low, high);
    }

    /** {@return this schedule, run from the rate {@code lr}, at least 0, whatever rate the optimizer has} */
    default From from(double lr) {
        return new From(this, lr);
    }

    /** {@return this schedule, lifted onto {@code rate}, at least 0: it falls to that rate where it would fall to 0} */
    default Above above(double rate) {
        return new Above(this, rate);
    }

    /** {@return this schedule with its rates times {@code factor}, at least 0} */
    default Scale scale(double factor) {
        return new Scale(this, factor);
    }

    /** {@return this schedule, started {@code steps} steps later, at least 0; until then its first rate holds} */
    default Shift shift(long steps) {
        return new Shift(this, steps);
    }

    /** {@return this schedule, started again every {@code period} steps, at least 1} */
    default Repeat repeat(long period) {
        return new Repeat(this, period);
    }

    /** {@return this schedule backwards, from its step {@code length}, at least 0, to its step 0, which then holds} */
    default Reverse reverse(long length) {
        return new Reverse(this, length);
    }

    /** {@return this schedule, whose {@code length} steps take {@code to} steps, each at least 1} */
    default Stretch stretch(long length, long to) {
        return new Stretch(this, length, to);
    }

    /** {@return this schedule, whose clock stops from step {@code start} to step {@code end}} */
    default Freeze freeze(long start, long end) {
        return new Freeze(this, start, end);
    }

    /** {@return this schedule until step {@code start}, {@code other} from step {@code end} on, and a straight line in between} */
    default Interpolate interpolate(Schedule other, long start, long end) {
        return new Interpolate(this, Objects.requireNonNull(other, "other"), start, end);
    }

    /**
     * Returns this schedule until step {@code step}, where the rate is {@code rate}, and {@code following} from there, scaled so
     * that there is no jump. The following counts the steps of the run; with {@link ContinueFrom#withClock} its own, and with
     * {@link ContinueFrom#withBridge} it is reached on a straight line instead.
     *
     * @param step the step, at least 0
     * @param rate the rate in force there, which may have been set by hand
     */
    default ContinueFrom continueFrom(long step, double rate, Schedule following) {
        return new ContinueFrom(this, Objects.requireNonNull(following, "following"), step, rate);
    }

    /** {@return this schedule, which does what {@code then} says from {@code step} on, at least 1} */
    default End end(long step, End.Then then) {
        return new End(this, step, then);
    }

    /**
     * Returns the rates of steps 0 to {@code steps - 1} of an untouched run, each from the one before by {@link #next}, in
     * constant memory.
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
     * Returns a schedule given by a Java function. It runs, composes, plots and is checked like any other. It is printed and
     * compared by its name, so its state cannot be restored from text, but only by a program that builds it again. A schedule
     * that can be parsed is a record with a {@link Kind}.
     *
     * @param name a Python identifier
     * @param function what the rate in force becomes
     * @throws IllegalArgumentException if {@code name} is not an identifier
     */
    static Schedule of(String name, RateFunction function) {
        return new FunctionSchedule(name, function);
    }

    /**
     * Reads PyTorch's constructor call, as pasted from a Python program or as printed by {@code toString}.
     *
     * @throws PythonSyntaxException as {@link Policy#parse} does, and for a policy driven by a metric
     */
    static Schedule parse(String text) {
        return schedule(text, Policy.parse(text));
    }

    /**
     * Reads PyTorch's constructor call, whose lengths may be in units of the run: {@code 30ep}, {@code 500st},
     * {@code 10%}.
     *
     * @throws PythonSyntaxException as {@link #parse(String)} does
     */
    static Schedule parse(String text, RunLength runLength) {
        return schedule(text, Policy.parse(text, runLength));
    }

    /**
     * Reads the schedule that a piece of a Python program makes, in its surroundings: the names that it does not define.
     *
     * @throws PythonSyntaxException as {@link #parse(String)} does
     * @throws org.anneal.text.UnknownNamesException if it needs names that neither {@code text} nor {@code context} defines
     */
    static Schedule parse(String text, Context context) {
        return schedule(text, Policy.parse(text, context));
    }

    private static Schedule schedule(String text, Policy policy) {
        if (policy instanceof Schedule schedule) {
            return schedule;
        }
        throw PythonSyntaxException.at(
                text, 0, "expected a schedule, but " + policy + " is driven by a metric: read it with Policy.parse");
    }
}
