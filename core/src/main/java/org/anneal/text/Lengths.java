package org.anneal.text;

import java.util.Optional;

/** What lengths in units, {@code 30ep}, {@code 500st}, {@code 10%}, are counted in. */
@FunctionalInterface
public interface Lengths {

    /** Of a run that is not known. */
    Lengths UNKNOWN = (amount, unit) -> {
        throw new IllegalArgumentException(
                "which needs the run's epochs and its steps per epoch: give both, or write a number of steps");
    };

    /** What a length is given in. */
    enum Unit {
        EPOCHS("ep"),
        STEPS("st"),
        PERCENT("%");

        private final String suffix;

        Unit(String suffix) {
            this.suffix = suffix;
        }

        /** {@return what is written after the number} */
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
     * @param amount an int or a float, as Python has them: a {@link java.math.BigInteger} or a {@link Double}
     * @throws IllegalArgumentException with what the length must be if it is none: {@code which must be ...}
     */
    long resolve(Object amount, Unit unit);
}
