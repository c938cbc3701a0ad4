package org.anneal.train;

import java.io.IOException;
import org.anneal.runs.OnNan;
import org.anneal.runs.RunListener;

/** Hears more of a {@link Trainer}'s run than a {@link RunListener}. */
public interface TrainListener extends RunListener {

    /**
     * Called the first time that a loss or a weight is NaN or infinite in a run with {@link OnNan#CONTINUE}.
     */
    default void notFinite(NonFiniteException found) {}

    /**
     * Called wherever the run can be resumed: at its start, after each epoch and its scheduler step, after the batches of
     * {@link Trainer#saveEvery}, and where it was stopped.
     *
     * @throws IOException if the listener cannot write; training stops with it
     */
    default void checkpoint(Progress progress) throws IOException {}

    /** Called when nothing is left to do: all epochs are done, or patience has run out. A run that is stopped does not get there. */
    default void finish() {}
}
