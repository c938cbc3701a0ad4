package org.anneal.runs;

/** What a run does when a loss or a weight is NaN or infinite. */
public enum OnNan {
    /** It stops, and keeps the last good weights and checkpoints. */
    STOP,
    /** It goes on; its listeners are told once. */
    CONTINUE
}
