package org.anneal.runs;

/** What a run does when a loss or a weight is NaN or infinite. */
public enum OnNan {
    /** It ends, before the weights and checkpoints of before are replaced. */
    STOP,
    /** It goes on, after its listeners were told once. */
    CONTINUE
}
