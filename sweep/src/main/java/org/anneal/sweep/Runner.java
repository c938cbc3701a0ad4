package org.anneal.sweep;

import java.io.IOException;
import java.util.Optional;
import java.util.function.Consumer;
import org.anneal.runs.RunListener.Epoch;

/** What does the jobs of a sweep: processes of this machine, or a cluster. Up to {@link #slots} threads call it at a time. */
public interface Runner extends AutoCloseable {

    /** {@return how many jobs it does at a time, at least 1} */
    int slots();

    /**
     * Looks at a trial before any is trained.
     *
     * @return what is wrong with it; empty if nothing is
     * @throws IOException if nothing can be trained at all: no worker starts, or the workers have another version
     */
    Optional<Flaw> check(Job job) throws IOException, InterruptedException;

    /**
     * Does a job. If the job's folder has a checkpoint of an earlier attempt or rung, the training goes on from there, to the same
     * bits.
     *
     * @param heard hears each epoch that is trained now, on any thread, as soon as it is known: perhaps only when the job is done
     * @throws IOException if no worker can do any job any more
     * @throws InterruptedException if the thread was interrupted, which stops the training: it saves where it is
     */
    Outcome run(Job job, Consumer<Epoch> heard) throws IOException, InterruptedException;

    /** Ends the workers; those that train save where they are. */
    @Override
    void close() throws IOException;
}
