package org.anneal.text;

import java.util.Optional;

/** Resolves lengths in units, {@code 30ep}, {@code 500st} or {@code 10%}, to steps of a schedule. */
@FunctionalInterface
public interface Lengths {

    /** The lengths of an unknown run, all refused. */
    Lengths UNKNOWN = (amount, unit) -> {
        throw new IllegalArgumentException(
                "which needs the run's epochs and its steps per epoch: give both, or write a number of steps");
    };

    /** The unit of a length. */
    enum Unit {
        EPOCHS("ep"),
        STEPS("st"),
        PERCENT("%");

        private final String suffix;

        Unit(String suffix) {
            this.suffix = suffix;
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
