package org.anneal.web;

import java.io.IOException;
import java.util.List;

/** Starts trainings that a page asks for, each as {@code anneal train} would, and stops them. Thread-safe. */
public interface Trainings {
    /** {@return the folder in which each training has one of its own, for a user to read} */
    String folder();

    /**
     * Starts a training, and returns when it has begun.
     *
     * @param arguments of {@code anneal train}, each an option and its value
     * @return the name of its run
     * @throws IllegalArgumentException if it is refused before it begins; the message says why, in one line
     * @throws IllegalStateException if too many are running
     * @throws IOException if it cannot begin
     */
    String start(List<String> arguments) throws IOException;

    /**
     * Tells a training to stop as Ctrl-C does, and does not wait for that.
     *
     * @param run the name of its run
     * @return whether it is one that was started here and is running
     */
    boolean stop(String run);

    /** {@return the names of the runs that were started here and are running} */
    List<String> running();
}
