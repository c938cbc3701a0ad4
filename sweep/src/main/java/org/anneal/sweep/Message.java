package org.anneal.sweep;

import java.nio.file.Path;

/**
 * What a worker and its parent tell each other: lines of UTF-8, a kind and what it is about. Whoever only passes a message on, such
 * as a task on a cluster, needs to know no more.
 *
 * <p>A worker's line is preceded by an empty one, so that whatever a library has printed meanwhile is a line of its own.
 */
enum Message {
    /** The worker is ready; its version. */
    HELLO,
    /** Look at a trial; the job. Answered by {@link #CHECKED}. */
    CHECK,
    /** Do a job; its folder as a URI, and the job. Answered by {@link #EPOCH}s and {@link #DONE}. */
    RUN,
    /** End, and save what is being trained. */
    STOP,
    /** The {@link Flaw} of a trial, or null. */
    CHECKED,
    /** An epoch was trained. */
    EPOCH,
    /** The outcome of a job. */
    DONE;

    /** {@return a line} */
    String of(String about) {
        return name() + " " + about;
    }

    /** {@return the line that asks for a job, given as JSON} */
    static String run(Path folder, String job) {
        return RUN.of(folder.toUri() + " " + job);
    }

    /** {@return whether a line is such a message} */
    boolean is(String line) {
        return line.startsWith(name() + " ");
    }

    /** {@return what a line of this kind is about} */
    String about(String line) {
        return line.substring(name().length() + 1);
    }
}
