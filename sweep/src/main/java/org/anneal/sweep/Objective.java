package org.anneal.sweep;

/** What a sweep makes small or large: a training of one's own, on any engine. */
@FunctionalInterface
public interface Objective {

    /**
     * Trains a trial from epoch {@link Trial#from} to {@link Trial#until}.
     *
     * @return its value at the end; NaN says that it failed
     * @throws Exception if the trial failed, which the sweep records; the others go on
     */
    double run(Trial trial) throws Exception;
}
