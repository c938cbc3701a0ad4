package org.anneal.schedule;

import java.util.Objects;
import java.util.Optional;

/**
 * Something wrong or suspicious that a {@link Checkup} found.
 *
 * @param step the step of the run at which it shows, from 0
 * @param problem what is wrong, a sentence without its full stop
 * @param suggestion how to fix it
 * @param mended the whole policy after the suggestion, if that says exactly what to change
 */
public record Finding(long step, String problem, String suggestion, Optional<Policy> mended) {
    public Finding {
        Objects.requireNonNull(problem, "problem");
        Objects.requireNonNull(suggestion, "suggestion");
        Objects.requireNonNull(mended, "mended");
    }

    /** Makes one whose suggestion is only in words. */
    public Finding(long step, String problem, String suggestion) {
        this(step, problem, suggestion, Optional.empty());
    }
}
