package org.anneal.schedule;

/**
 * Multiplies the rate by {@code gamma} once every {@code stepSize} steps.
 *
 * <pre>{@code
 *   at(t)   = base * gamma^floor(t / stepSize)
 *   next(t) = current * gamma   if t > 0 and t mod stepSize = 0
 *           = current           otherwise
 * }</pre>
 *
 * <p>Step 0 has the base rate. There is no end.
 *
 * <p>PyTorch: {@code StepLR(step_size, gamma=0.1)}, bit for bit.
 *
 * @param stepSize steps between two decays, at least 1
 * @param gamma factor of a decay, finite and at least 0
 */
public record StepLR(long stepSize, double gamma) implements Schedule {

    static final double GAMMA = 0.1;

    /** @throws IllegalArgumentException if {@code stepSize < 1}, or {@code gamma < 0} or not finite */
    public StepLR {
        Check.atLeast(1, "step_size", stepSize);
        gamma = Check.finiteNotNegative("gamma", gamma);
    }

    /** Decays by PyTorch's default factor, 0.1. */
    public StepLR(long stepSize) {
        this(stepSize, GAMMA);
    }

    /** {@return this with another factor} */
    public StepLR withGamma(double gamma) {
        return new StepLR(stepSize, gamma);
    }

    @Override
    public double at(long step, double base) {
        return Power.scale(base, gamma, Check.step(step) / stepSize);
    }

    @Override
    public double next(long step, double current, double base) {
        return Check.step(step) > 0 && step % stepSize == 0 ? current * gamma : current;
    }

    @Override
    public boolean isFactor() {
        return true;
    }

    @Override
    public String toString() {
        return "StepLR(step_size=" + stepSize + ", gamma=" + Python.repr(gamma) + ")";
    }
}
