package org.anneal.train;

import java.io.IOException;
import org.anneal.runs.OnNan;
import org.anneal.runs.RunListener;

/** Is told, beside what every run tells a {@link RunListener}, what a {@link Trainer}'s does. */
public interface TrainListener extends RunListener {

    /**
     * Called the first time that a loss or a weight is NaN or infinite, in a run that goes on with it as
     * {@link OnNan#CONTINUE} says.
     */
    default void notFinite(NonFiniteException found) {}

    /**
     * Called where the run can be taken up again: at its start, after each epoch and its scheduler step, every so many
     * batches if {@link Trainer#saveEvery} says so, and where it was stopped.
     *
     * @throws IOException if what the listener writes cannot be written; training stops with it
     */
    default void checkpoint(Progress progress) throws IOException {}
}
