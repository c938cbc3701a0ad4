package org.anneal.train;

/** When a training loop steps its schedule. */
public enum StepPer {
    /** Once an epoch, after its validation; the only choice for a plateau, which takes the validation loss. */
    EPOCH,
    /** After every optimizer step. */
    BATCH
}
