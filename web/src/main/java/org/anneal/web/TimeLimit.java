package org.anneal.web;

import java.time.Duration;
import java.util.function.LongSupplier;

/** How long an answer may take, from its beginning on. */
final class TimeLimit {
    private final LongSupplier nanoseconds;
    private final Duration limit;
    private final long start;

    private TimeLimit(Duration limit, LongSupplier nanoseconds) {
        this.limit = limit;
        this.nanoseconds = nanoseconds;
        start = nanoseconds.getAsLong();
    }

    /** {@return a limit that begins now} */
    static TimeLimit of(Duration limit) {
        return of(limit, System::nanoTime);
    }

    /** {@return a limit that begins now, on another clock than the system's} */
    static TimeLimit of(Duration limit, LongSupplier nanoseconds) {
        return new TimeLimit(limit, nanoseconds);
    }

    /** {@return whether the time is over, if as much more is needed} */
    boolean isOverIn(Duration more) {
        return nanoseconds.getAsLong() - start + more.toNanos() > limit.toNanos();
    }

    /** {@return why there is no answer} */
    String reason() {
        return "this takes longer than " + limit.toSeconds() + " seconds to compute: ask for fewer steps";
    }
}
