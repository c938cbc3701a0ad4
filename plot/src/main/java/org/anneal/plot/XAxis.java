package org.anneal.plot;

/** What the horizontal axis of a {@link Plot} counts. */
public enum XAxis {
    /** Steps of the schedule; in a run of known length, of the optimizer. */
    STEPS,
    /** Epochs, which a run of known length has. */
    EPOCHS
}
