package org.anneal.schedule;

import java.util.Objects;

/**
 * Something wrong or suspicious that a {@link Checkup} found.
 *
 * @param step the step of the run at which it shows, from 0
 * @param problem what is wrong, a sentence without its full stop
 * @param suggestion how to fix it
 */
public record Finding(long step, String problem, String suggestion) {
    public Finding {
        Objects.requireNonNull(problem, "problem");
        Objects.requireNonNull(suggestion, "suggestion");
    }
}
