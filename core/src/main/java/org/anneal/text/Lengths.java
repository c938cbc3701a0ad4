package org.anneal.text;

import java.util.Optional;

/**
 * Resolves lengths in units, {@code 30ep}, {@code 500st}, {@code 64000sp}, {@code 1e9tok} or {@code 10%}, to steps of a
 * schedule.
 */
@FunctionalInterface
public interface Lengths {

    /** The lengths of an unknown run, all refused. */
    Lengths UNKNOWN = (amount, unit) -> {
        throw new IllegalArgumentException("which needs " + unit.needs + ", or write a number of steps");
    };

    /** The unit of a length. */
    enum Unit {
        EPOCHS("ep", Unit.EPOCHS_NEED),
        STEPS("st", Unit.EPOCHS_NEED),
        SAMPLES("sp", "the batch size, the samples in a batch: give it"),
        TOKENS("tok", "the number of tokens in a batch: give it"),
        PERCENT("%", Unit.EPOCHS_NEED);

        private static final String EPOCHS_NEED = "the run's epochs and its steps per epoch: give both";

        private final String suffix;
        private final String needs;

        Unit(String suffix, String needs) {
            this.suffix = suffix;
            this.needs = needs;
        }

        /** {@return the letters or sign after the number} */
        public String suffix() {
            return suffix;
        }

        static Optional<Unit> of(String suffix) {
            for (Unit unit : values()) {
                if (unit.suffix.equals(suffix)) {
                    return Optional.of(unit);
                }
            }
            return Optional.empty();
        }
    }

    /**
     * Returns a length in steps of the schedule.
     *
     * @param amount a Python int or float: a {@link java.math.BigInteger} or a {@link Double}
     * @throws IllegalArgumentException if there is no such number of steps; the message, {@code which must be ...}, continues
     *     a sentence that names the length
     */
    long resolve(Object amount, Unit unit);
}
