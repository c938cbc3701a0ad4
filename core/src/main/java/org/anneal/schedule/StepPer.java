package org.anneal.schedule;

/** What a schedule is stepped after. */
public enum StepPer {
    /** Every epoch, after its validation; the only choice for a plateau alone, which takes the validation loss. */
    EPOCH,
    /** Every optimizer step. */
    BATCH
}
