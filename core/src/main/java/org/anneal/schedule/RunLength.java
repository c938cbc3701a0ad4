package org.anneal.schedule;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Objects;
import java.util.OptionalLong;
import org.anneal.text.Check;
import org.anneal.text.Context;
import org.anneal.text.Lengths;

/**
 * The length of a run, which lets a schedule's text give lengths in units: {@code 30ep} (epochs), {@code 500st} (optimizer
 * steps), {@code 64000sp} (samples), {@code 1e9tok} (tokens), {@code 10%} (of the run).
 *
 * <p>A length becomes a number of the schedule's own steps: if the schedule is stepped after every batch, {@code 30ep} is
 * {@code 30 * stepsPerEpoch}; if it is stepped after every epoch, it is 30. A percentage, an epoch count in batches, samples and
 * tokens are rounded to the nearest integer, halves up. Samples need the batch size, and tokens their number in a batch. Any other length must be an integer: if the schedule is stepped after every
 * epoch, {@code 500st} must be a whole number of epochs.
 *
 * @param stepsPerEpoch batches in an epoch, at least 1
 * @param epochs epochs of the run, at least 1
 * @param stepPer when the schedule is stepped
 * @param batchSize samples in a batch, at least 1, if it is known
 * @param tokensPerBatch tokens in a batch, at least 1, if it is known
 */
public record RunLength(
        long stepsPerEpoch, long epochs, StepPer stepPer, OptionalLong batchSize, OptionalLong tokensPerBatch) {

    /** @throws IllegalArgumentException if a count is less than 1, or the run is longer than 2^53 steps */
    public RunLength {
        Objects.requireNonNull(stepPer, "stepPer");
        Objects.requireNonNull(batchSize, "batchSize").ifPresent(size -> Check.atLeast(1, "batch_size", size));
        Objects.requireNonNull(tokensPerBatch, "tokensPerBatch")
                .ifPresent(tokens -> Check.atLeast(1, "tokens_per_batch", tokens));
        Check.atLeast(1, "steps_per_epoch", stepsPerEpoch);
        Check.atLeast(1, "epochs", epochs);
        if (stepsPerEpoch > Check.LAST_STEP / epochs) {
            throw new IllegalArgumentException(
                    "steps_per_epoch * epochs must be at most 2^53, but was " + stepsPerEpoch + " * " + epochs);
        }
    }

    /** Describes a run whose batches are of unknown size. */
    public RunLength(long stepsPerEpoch, long epochs, StepPer stepPer) {
        this(stepsPerEpoch, epochs, stepPer, OptionalLong.empty(), OptionalLong.empty());
    }

    /** Describes a run whose schedule is stepped after every batch. */
    public RunLength(long stepsPerEpoch, long epochs) {
        this(stepsPerEpoch, epochs, StepPer.BATCH);
    }

    /**
     * Returns the length of a run over a data set, counting a smaller last batch, with a schedule that is stepped after every
     * batch.
     *
     * @param samples samples in the data set, at least 1
     * @param batchSize samples in a batch, at least 1
     * @param epochs epochs of the run, at least 1
     */
    public static RunLength of(long samples, long batchSize, long epochs) {
        Check.atLeast(1, "samples", samples);
        Check.atLeast(1, "batch_size", batchSize);
        return new RunLength((samples - 1) / batchSize + 1, epochs).withBatchSize(batchSize);
    }

    /** {@return this with the schedule stepped at another time} */
    public RunLength withStepPer(StepPer stepPer) {
        return new RunLength(stepsPerEpoch, epochs, stepPer, batchSize, tokensPerBatch);
    }

    /** {@return this with so many samples in a batch, at least 1} */
    public RunLength withBatchSize(long batchSize) {
        return new RunLength(stepsPerEpoch, epochs, stepPer, OptionalLong.of(batchSize), tokensPerBatch);
    }

    /** {@return this with so many tokens in a batch, at least 1} */
    public RunLength withTokensPerBatch(long tokensPerBatch) {
        return new RunLength(stepsPerEpoch, epochs, stepPer, batchSize, OptionalLong.of(tokensPerBatch));
    }

    /** {@return how often the schedule is stepped in the run} */
    public long total() {
        return stepPer == StepPer.BATCH ? stepsPerEpoch * epochs : epochs;
    }

    /** {@return what a text of this run is read in: its lengths in units, and the batches that its loader has} */
    public Context context() {
        return Context.EMPTY.in(this::resolve, OptionalLong.of(stepsPerEpoch));
    }

    /**
     * {@return what a text is read in of a run whose epochs are not known}
     *
     * @param steps how often the schedule is stepped in the run, at least 1
     */
    public static Context contextOf(long steps) {
        return contextOf(steps, OptionalLong.empty(), OptionalLong.empty());
    }

    /**
     * {@return what a text is read in of a run whose epochs are not known}
     *
     * @param steps how often the schedule is stepped in the run, at least 1: after every batch, if the size of these is given
     * @param batchSize samples in a batch, at least 1, if it is known
     * @param tokensPerBatch tokens in a batch, at least 1, if it is known
     */
    public static Context contextOf(long steps, OptionalLong batchSize, OptionalLong tokensPerBatch) {
        long count = Check.atLeast(1, "steps", Math.min(steps, Check.LAST_STEP));
        RunLength whole = new RunLength(count, 1, StepPer.BATCH, batchSize, tokensPerBatch);
        Lengths lengths = (amount, unit) ->
                unit == Lengths.Unit.EPOCHS ? Lengths.UNKNOWN.resolve(amount, unit) : whole.resolve(amount, unit);
        return Context.EMPTY.in(lengths, OptionalLong.empty());
    }

    /** Returns a length in steps of the schedule, as {@link Lengths#resolve} does. */
    long resolve(Object amount, Lengths.Unit unit) {
        boolean batches = stepPer == StepPer.BATCH;
        BigDecimal numerator = decimal(amount);
        BigDecimal denominator = BigDecimal.ONE;
        switch (unit) {
            case EPOCHS -> numerator = numerator.multiply(BigDecimal.valueOf(batches ? stepsPerEpoch : 1));
            case STEPS -> denominator = BigDecimal.valueOf(batches ? 1 : stepsPerEpoch);
            case SAMPLES -> denominator = perStep(batchSize, amount, unit);
            case TOKENS -> denominator = perStep(tokensPerBatch, amount, unit);
            case PERCENT -> {
                numerator = numerator.multiply(BigDecimal.valueOf(total()));
                denominator = BigDecimal.valueOf(100);
            }
        }
        BigDecimal whole = numerator.divide(denominator, 0, RoundingMode.HALF_UP);
        boolean rounds = unit == Lengths.Unit.EPOCHS ? batches : unit != Lengths.Unit.STEPS;
        if (!rounds && whole.multiply(denominator).compareTo(numerator) != 0) {
            throw new IllegalArgumentException(
                    batches
                            ? "which must be a whole number of steps"
                            : "which must be a whole number of epochs, of " + stepsPerEpoch
                                    + " steps each: the schedule is stepped once per epoch");
        }
        if (whole.compareTo(BigDecimal.valueOf(Check.LAST_STEP)) > 0) {
            throw new IllegalArgumentException("which must be at most 2^53 steps");
        }
        return whole.longValueExact();
    }

    /** {@return how much there is in a step of the schedule} */
    private BigDecimal perStep(OptionalLong perBatch, Object amount, Lengths.Unit unit) {
        long each =
                perBatch.isPresent() ? perBatch.getAsLong() : Lengths.UNKNOWN.resolve(amount, unit); // which refuses
        return BigDecimal.valueOf(each).multiply(BigDecimal.valueOf(stepPer == StepPer.BATCH ? 1 : stepsPerEpoch));
    }

    private static BigDecimal decimal(Object amount) {
        if (amount instanceof BigInteger whole) {
            return new BigDecimal(whole);
        }
        double number = ((Number) amount).doubleValue();
        if (Double.isInfinite(number)) {
            throw new IllegalArgumentException("which must be finite");
        }
        return BigDecimal.valueOf(number);
    }
}
