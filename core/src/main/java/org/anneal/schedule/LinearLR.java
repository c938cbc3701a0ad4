package org.anneal.schedule;

import java.util.ArrayList;
import java.util.List;

/**
 * Multiplies the rate by a factor that goes from {@code startFactor} to {@code endFactor} on a straight line, in
 * {@code totalIters} steps.
 *
 * <pre>{@code
 *   at(t)   = base * (startFactor + (endFactor - startFactor) * min(t, totalIters) / totalIters)
 *   next(t) = current * startFactor   if t = 0
 *           = current * (1 + (endFactor - startFactor)
 *                 / (totalIters * startFactor + (t - 1) * (endFactor - startFactor)))   if 0 < t <= totalIters
 *           = current                 otherwise
 * }</pre>
 *
 * <p>From step {@code totalIters} on the rate is {@code base * endFactor}; with 0 it is so from the start.
 *
 * <p>PyTorch: {@code LinearLR(start_factor=1/3, end_factor=1.0, total_iters=5)}, bit for bit: so {@code next} may end a
 * rounding error beside {@code base * endFactor}, for {@code endFactor} 0 also below 0. PyTorch stays at
 * {@code start_factor} with {@code total_iters=0}.
 *
 * @param startFactor factor of step 0, above 0 and at most 1
 * @param endFactor factor at the end, at least 0 and at most 1
 * @param totalIters steps from the first factor to the last, at least 0
 */
public record LinearLR(double startFactor, double endFactor, long totalIters) implements Schedule {

    static final double START_FACTOR = 1.0 / 3;
    static final double END_FACTOR = 1.0;
    static final long TOTAL_ITERS = 5;

    /**
     * @throws IllegalArgumentException if {@code startFactor} is not in (0, 1], {@code endFactor} not in [0, 1], or
     *     {@code totalIters < 0}
     */
    public LinearLR {
        startFactor = Check.positiveUpToOne("start_factor", startFactor);
        endFactor = Check.fromZeroToOne("end_factor", endFactor);
        Check.atLeast(0, "total_iters", totalIters);
    }

    /** Uses PyTorch's defaults: from a third to the whole in 5 steps. */
    public LinearLR() {
        this(START_FACTOR, END_FACTOR, TOTAL_ITERS);
    }

    /** Warms up from {@code startFactor} to the whole rate. */
    public LinearLR(double startFactor, long totalIters) {
        this(startFactor, END_FACTOR, totalIters);
    }

    /** {@return this with another first factor} */
    public LinearLR withStartFactor(double startFactor) {
        return new LinearLR(startFactor, endFactor, totalIters);
    }

    /** {@return this with another last factor} */
    public LinearLR withEndFactor(double endFactor) {
        return new LinearLR(startFactor, endFactor, totalIters);
    }

    /** {@return this with another number of steps} */
    public LinearLR withTotalIters(long totalIters) {
        return new LinearLR(startFactor, endFactor, totalIters);
    }

    @Override
    public double at(long step, double base) {
        if (Check.step(step) >= totalIters) {
            return base * endFactor;
        }
        return base * (startFactor + (endFactor - startFactor) * step / totalIters);
    }

    @Override
    public double next(long step, double current, double base) {
        if (Check.step(step) == 0) {
            return current * (totalIters == 0 ? endFactor : startFactor);
        }
        if (step > totalIters) {
            return current;
        }
        double change = endFactor - startFactor;
        return current * (1.0 + change / (totalIters * startFactor + (step - 1) * change));
    }

    @Override
    public boolean isFactor() {
        return true;
    }

    @Override
    public String toString() {
        List<String> given = new ArrayList<>();
        if (startFactor != START_FACTOR) {
            given.add("start_factor=" + Python.repr(startFactor));
        }
        if (endFactor != END_FACTOR) {
            given.add("end_factor=" + Python.repr(endFactor));
        }
        if (totalIters != TOTAL_ITERS) {
            given.add("total_iters=" + totalIters);
        }
        return "LinearLR(" + String.join(", ", given) + ")";
    }
}
