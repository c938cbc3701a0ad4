package org.anneal.optim;

/** Argument checks that name the argument, the rule and the value that broke it; written positively, so NaN fails. */
final class Check {
    private Check() {}

    static void atLeastZero(String name, double value) {
        that(value >= 0 && Double.isFinite(value), name, "finite and >= 0", value);
    }

    static void finite(String name, double value) {
        that(Double.isFinite(value), name, "finite", value);
    }

    static void beta(String name, double value) {
        that(value >= 0 && value < 1, name, ">= 0 and < 1", value);
    }

    private static void that(boolean holds, String name, String rule, double value) {
        if (!holds) {
            throw new IllegalArgumentException(name + " must be " + rule + ", but was " + value);
        }
    }
}
