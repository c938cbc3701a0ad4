package org.anneal.train;

/** What a {@link Trainer} does when a loss or a weight is NaN or infinite. */
public enum OnNan {
    /** Ends the run with a {@link NonFiniteException}, before the weights and checkpoints of before are replaced. */
    STOP,
    /** Goes on, after it has told its listeners once. */
    CONTINUE
}
