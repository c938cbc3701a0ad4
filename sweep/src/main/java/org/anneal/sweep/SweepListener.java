package org.anneal.sweep;

import org.anneal.runs.RunListener.Epoch;

/** Hears what happens in a sweep, one call at a time, on any thread. */
public interface SweepListener {

    /** Called before the first job. */
    default void begin(SweepRecord sweep) {}

    /** Called when a job begins. */
    default void begin(Job job) {}

    /** Called when an epoch of a job is known to be finished. */
    default void epoch(Job job, Epoch epoch) {}

    /** Called when a job ends, or an attempt at it that is to be repeated. */
    default void end(Job job, Outcome outcome) {}

    /** Called whenever a trial's state or value has changed. */
    default void trial(TrialRecord trial) {}
}
