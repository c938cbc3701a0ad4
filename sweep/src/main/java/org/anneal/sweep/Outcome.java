package org.anneal.sweep;

import java.util.List;
import java.util.Objects;
import org.anneal.runs.RunListener.Epoch;

/**
 * How a {@link Job} ended.
 *
 * @param end which way
 * @param epochs of the run, as far as they are known, those of earlier rungs and attempts too; all of them if it is done
 * @param reason why it failed or was lost, in one line; empty if it is done
 * @param place where it ran, such as {@code process 4711} or {@code 10.0.0.5, executor 2}
 */
public record Outcome(End end, List<Epoch> epochs, String reason, String place) {

    /** The ways that a job can end. */
    public enum End {
        /** All epochs were trained. */
        DONE,
        /** The training itself failed, as it would again: its loss was not finite, or its settings were refused. */
        FAILED,
        /** What trained it was lost: the process died, or ran out of memory. Another attempt may do better. */
        LOST
    }

    public Outcome {
        Objects.requireNonNull(end, "end");
        epochs = List.copyOf(epochs);
        Objects.requireNonNull(reason, "reason");
        Objects.requireNonNull(place, "place");
    }
}
