package org.anneal.text;

import java.util.List;

/** The allowed values of a parameter, and their description in messages. Numbers are finite, integers at most 2^53. */
record Range(double least, boolean open, double most, boolean openAbove, boolean orInfinite) {

    static Range of(Param param) {
        boolean open = param.above() > Double.NEGATIVE_INFINITY;
        boolean openAbove = param.below() < Double.POSITIVE_INFINITY;
        double least = open ? param.above() : param.atLeast();
        boolean natural = param.unit() != Param.Unit.NONE; // lengths and rates are never negative
        return new Range(
                natural && least < 0 ? 0 : least,
                open,
                openAbove ? param.below() : param.atMost(),
                openAbove,
                param.orInfinite());
    }

    double check(String argument, double value) {
        boolean above = open ? value > least : value >= least;
        boolean below = openAbove ? value < most : value <= most;
        if (above && below && (orInfinite || Double.isFinite(value))) {
            return value + 0.0; // -0.0 becomes 0.0
        }
        throw new IllegalArgumentException(argument + " must be " + rule() + ", but was " + value);
    }

    long check(String argument, long value) {
        if (value >= least && value <= Math.min(most, Check.LAST_STEP)) {
            return value;
        }
        String rule = most < Check.LAST_STEP
                ? "from " + number(least) + " to " + number(most)
                : value < least ? "at least " + number(least) : "at most 2^53";
        throw new IllegalArgumentException(argument + " must be " + rule + ", but was " + value);
    }

    /** {@return the rule for a number: {@code finite and >= 0}} */
    String rule() {
        List<String> ends = List.of(
                least == Double.NEGATIVE_INFINITY ? "" : (open ? "> " : ">= ") + number(least),
                most == Double.POSITIVE_INFINITY
                        ? ""
                        : most == Check.LAST_STEP ? "at most 2^53" : (openAbove ? "< " : "<= ") + number(most));
        String both =
                String.join(" and ", ends.stream().filter(end -> !end.isEmpty()).toList());
        if (orInfinite) {
            return both;
        }
        return ends.contains("") ? both.isEmpty() ? "finite" : "finite and " + both : both;
    }

    /** {@return the rule for an integer: {@code at least 1}} */
    String wholeRule() {
        return most < Check.LAST_STEP
                ? "integer from " + number(least) + " to " + number(most)
                : "integer >= " + number(least);
    }

    static String number(double value) {
        return value == Math.rint(value) ? Long.toString((long) value) : Python.repr(value);
    }
}
