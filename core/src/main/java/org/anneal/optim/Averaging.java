package org.anneal.optim;

import java.util.Objects;
import org.anneal.schedule.Schedule;
import org.anneal.text.Check;

/** How an {@link AveragedModel} averages the parameters. */
public sealed interface Averaging {

    /** {@return the mean of all updates, each with equal weight, for stochastic weight averaging; PyTorch's default} */
    static Averaging swa() {
        return new Swa();
    }

    /**
     * {@return the exponential moving average: PyTorch's {@code get_ema_multi_avg_fn(decay)}}
     *
     * @param decay the weight of the old average in an update, in [0, 1]
     */
    static Averaging ema(double decay) {
        return new Ema(decay);
    }

    /**
     * {@return the exponential moving average whose decay follows a schedule} The decay of an update is the schedule's value, from
     * the base {@code decay}, at the number of updates before it, {@link AveragedModel#nAveraged}. That is in the state, so a
     * resumed average goes on exactly. The first update, at 0, copies the model whatever the decay.
     *
     * <p>An average that follows the model closely while it is far from good, as in timm ({@code ModelEmaV3} with
     * {@code use_warmup}, {@code decay = min(0.9999, 1 - (1 + s / gamma) ** -power)}) and in YOLOv5
     * ({@code decay = 0.9999 * (1 - exp(-s / tau))}):
     *
     * <pre>{@code
     *   Averaging.ema(0.9999, Schedule.parse("LambdaLR(lambda s: min(1, (1 - (1 + s / 1.0) ** -(2 / 3)) / 0.9999))"))
     *   Averaging.ema(0.9999, Schedule.parse("LambdaLR(lambda s: 1 - math.exp(-s / 2000))"))
     * }</pre>
     *
     * @param decay the schedule's base, in [0, 1]
     */
    static Averaging ema(double decay, Schedule schedule) {
        return new ScheduledEma(decay, schedule);
    }

    /** {@return what averages {@code count} values and one more} */
    default Averaging at(long count) {
        return this;
    }

    /** Updates {@code average}, of {@code count} values so far (at least 1), with {@code value}. */
    <T> void apply(Vectors<T> vectors, T average, T value, long count);

    /**
     * {@code average = average + (value - average) / (count + 1)}.
     *
     * <p>Izmailov et al., Averaging Weights Leads to Wider Optima and Better Generalization, arXiv:1803.05407.
     */
    record Swa() implements Averaging {
        @Override
        public <T> void apply(Vectors<T> vectors, T average, T value, long count) {
            vectors.average(average, value, count);
        }
    }

    /**
     * {@code average = average + (1 - decay) * (value - average)}.
     *
     * @param decay in [0, 1]
     */
    record Ema(double decay) implements Averaging {
        /** @throws IllegalArgumentException if {@code decay} is not in [0, 1] */
        public Ema {
            decay = Check.fromZeroToOne("decay", decay);
        }

        @Override
        public <T> void apply(Vectors<T> vectors, T average, T value, long count) {
            vectors.decay(average, value, decay);
        }
    }

    /**
     * {@code average = average + (1 - schedule.at(count, decay)) * (value - average)}.
     *
     * @param decay in [0, 1]
     */
    record ScheduledEma(double decay, Schedule schedule) implements Averaging {
        /** @throws IllegalArgumentException if {@code decay} is not in [0, 1] */
        public ScheduledEma {
            decay = Check.fromZeroToOne("decay", decay);
            Objects.requireNonNull(schedule, "schedule");
        }

        /** @throws ArithmeticException if the schedule's value is not in [0, 1] */
        @Override
        public Averaging at(long count) {
            double now = schedule.at(count, decay);
            if (now >= 0 && now <= 1) {
                return new Ema(now);
            }
            throw new ArithmeticException(
                    "decay must be >= 0 and <= 1, but was " + now + " at update " + count + ", from " + schedule);
        }

        @Override
        public <T> void apply(Vectors<T> vectors, T average, T value, long count) {
            at(count).apply(vectors, average, value, count);
        }
    }
}
