package org.anneal.web;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * A piece of a Python program that makes a schedule, as a page sends it.
 *
 * @param expression its text
 * @param set values of names that the text takes from outside; others are passed over
 * @param pick the name that the text gives the schedule that is meant, unless it is the last
 */
record Piece(String expression, Map<String, String> set, Optional<String> pick) {
    private static final int LONGEST = 100_000;
    private static final int MOST_VALUES = 64;

    Piece {
        Map<String, String> given = new LinkedHashMap<>();
        if (set != null) {
            set.forEach((name, value) -> given.put(name, Objects.requireNonNullElse(value, "")));
        }
        set = given;
    }

    /** Makes one that needs nothing from outside; also of a string of JSON. */
    static Piece valueOf(String expression) {
        return new Piece(expression, Map.of(), Optional.empty());
    }

    /** Refuses a piece that is too large. */
    void check() throws Refusal {
        if (expression.length() > LONGEST) {
            throw new Refusal(
                    400, "an expression must have at most " + LONGEST + " characters, but has " + expression.length());
        }
        if (set.size() > MOST_VALUES) {
            throw new Refusal(400, "set must have at most " + MOST_VALUES + " values, but has " + set.size());
        }
    }
}
