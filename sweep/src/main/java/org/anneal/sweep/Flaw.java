package org.anneal.sweep;

import java.util.Objects;

/**
 * What is found of a trial before it is trained.
 *
 * @param kind what follows from it
 * @param reason in one line
 */
public record Flaw(Kind kind, String reason) {

    /** What follows from a flaw. */
    public enum Kind {
        /** The trial could be trained, but not as its author meant: its schedule does not fit the run. It is skipped. */
        UNFIT,
        /** Its settings are wrong: no run could have them. The sweep is refused. */
        REFUSED,
        /** The data cannot be read. The sweep fails. */
        UNREADABLE,
        /** Nothing is known, as the check itself failed: its process died, or ran out of memory. The trial is trained all the same. */
        UNCHECKED
    }

    public Flaw {
        Objects.requireNonNull(kind, "kind");
        Objects.requireNonNull(reason, "reason");
    }
}
