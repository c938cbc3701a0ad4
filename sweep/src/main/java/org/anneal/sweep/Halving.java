package org.anneal.sweep;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.anneal.text.Python;

/**
 * Early stopping by asynchronous successive halving: trials are trained a little, and the best of them more. A trial that is
 * stopped at a rung keeps its checkpoint, and goes on from it when it is promoted.
 *
 * @param eta the best one of so many at a rung is promoted to the next, which is so many times as long; at least 2
 * @param minEpochs of the first rung, at least 1
 * @param schedule what a trial's schedule is made for
 */
public record Halving(int eta, int minEpochs, Span schedule) {

    /**
     * What a trial's schedule is made for. It is a choice without a right answer: at a rung's end, a schedule that decays over the
     * whole run is still at a high rate, where its loss tells little of the end; a schedule that decays within the rung tells of a
     * shorter run, and cannot go on.
     */
    public enum Span {
        /**
         * The whole run. A promoted trial goes on from where it was stopped, to the same bits as if it had not been. Trials are
         * compared in the middle of their schedules, which favours those that decay early.
         */
        FULL,
        /**
         * The rung. Each rung trains anew, with a schedule that is as long as the rung, so that finished schedules are compared;
         * that costs the epochs of the rungs below once more.
         */
        RUNG
    }

    public Halving {
        if (eta < 2) {
            throw new IllegalArgumentException("eta must be at least 2, but was " + eta);
        }
        if (minEpochs < 1) {
            throw new IllegalArgumentException("min_epochs must be at least 1, but was " + minEpochs);
        }
        Objects.requireNonNull(schedule, "schedule");
    }

    /**
     * {@return the epochs of the rungs, ascending; the last is the whole run} As in the paper, there are
     * {@code floor(log(epochs / minEpochs) / log(eta)) + 1}; they are counted down from the whole run, so that it is one of them.
     *
     * @throws IllegalArgumentException if the run is shorter than the first rung
     */
    public List<Integer> rungs(int epochs) {
        if (minEpochs > epochs) {
            throw new IllegalArgumentException(
                    "min_epochs must be at most " + epochs + ", the epochs of a run, but was " + minEpochs);
        }
        List<Integer> rungs = new ArrayList<>();
        long parts = 1;
        for (long first = minEpochs; first <= epochs; first *= eta) {
            rungs.add(0, (int) Math.max(minEpochs, Math.round((double) epochs / parts)));
            parts *= eta;
        }
        return rungs;
    }

    @Override
    public String toString() {
        return Python.lower(schedule) + ", eta " + eta + ", from epoch " + minEpochs;
    }
}
