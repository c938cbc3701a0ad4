package org.anneal.schedule;

/** When a schedule is stepped. */
public enum StepPer {
    /** After every epoch, following its validation. A plateau alone needs this: it takes the validation loss. */
    EPOCH,
    /** After every optimizer step. */
    BATCH
}
