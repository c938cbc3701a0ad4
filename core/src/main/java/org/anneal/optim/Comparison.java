package org.anneal.optim;

import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import org.anneal.text.Check;

/**
 * Where the rates of two runs differ.
 *
 * @param first the first step at which they do, if there is one
 * @param largest where they are furthest apart; if several steps are, the first
 * @param last the last step
 * @param firstArea the sum of the first run's rates
 * @param secondArea the sum of the second run's rates
 */
public record Comparison(
        Optional<Difference> first, Difference largest, Difference last, double firstArea, double secondArea) {

    /**
     * The two rates of a step.
     *
     * @param step the step
     * @param first the first run's rate
     * @param second the second run's rate
     */
    public record Difference(long step, double first, double second) {

        /** {@return the second rate less the first} */
        public double by() {
            return first == second ? 0 : second - first; // two infinities are equal
        }
    }

    public Comparison {
        Objects.requireNonNull(first, "first");
        Objects.requireNonNull(largest, "largest");
        Objects.requireNonNull(last, "last");
    }

    /**
     * Compares two runs of as many steps.
     *
     * @param first the rate of each step of the first run
     * @param second that of the second run
     * @param tolerance what counts as equal, as a part of the highest rate of the two runs, finite and at least 0; 0 compares to
     *     the last bit
     * @throws IllegalArgumentException if the runs are empty, or one is longer
     */
    public static Comparison of(double[] first, double[] second, double tolerance) {
        Objects.requireNonNull(first, "first");
        Objects.requireNonNull(second, "second");
        Check.finiteNotNegative("tolerance", tolerance);
        if (first.length == 0 || first.length != second.length) {
            throw new IllegalArgumentException("the runs must have as many rates, and at least 1, but had "
                    + first.length + " and " + second.length);
        }
        double allowed = tolerance * Math.max(highest(first), highest(second));
        Optional<Difference> start = Optional.empty();
        Difference largest = new Difference(0, first[0], second[0]);
        for (int step = 0; step < first.length; step++) {
            Difference here = new Difference(step, first[step], second[step]);
            if (start.isEmpty() && !(Math.abs(here.by()) <= allowed)) {
                start = Optional.of(here);
            }
            if (Math.abs(here.by()) > Math.abs(largest.by())) {
                largest = here;
            }
        }
        int end = first.length - 1;
        return new Comparison(
                start,
                largest,
                new Difference(end, first[end], second[end]),
                Arrays.stream(first).sum(),
                Arrays.stream(second).sum());
    }

    private static double highest(double[] rates) {
        return Arrays.stream(rates).map(Math::abs).max().orElse(0);
    }

    /** {@return whether no step's rates differ} */
    public boolean isEqual() {
        return first.isEmpty();
    }

    /** {@return the second run's area as a part of the first's; NaN if both are 0} */
    public double areaRatio() {
        return secondArea / firstArea;
    }
}
