package org.anneal.optim;

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
}
