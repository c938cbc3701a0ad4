package org.anneal.plot;

/** What the horizontal axis of a {@link Plot} counts. */
public enum XAxis {
    /** Steps of the schedule; steps of the optimizer if the run's length is known. */
    STEPS,
    /** Epochs; the run's length must be known. */
    EPOCHS
}
