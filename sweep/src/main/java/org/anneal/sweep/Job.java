package org.anneal.sweep;

import java.util.List;
import java.util.Map;

/**
 * One training to do: a trial, with one of its seeds, on to an epoch.
 *
 * @param trial the trial's number, from 0
 * @param repeat which of the trial's seeds, from 0
 * @param rung the rung of successive halving, from 0; always 0 without it
 * @param settings the trial's settings, such as {@code lr=0.1} or {@code schedule=StepLR(step_size=5)}; a name may come several
 *     times
 * @param seed of this repeat
 * @param folder name of the run's folder, within the sweep's folder of runs
 * @param from the epoch that was trained before, at the rung below; 0 at the first, and if each rung trains anew
 * @param until the epoch to stop after
 * @param epochs that the schedule is made for: those of the whole run, or {@code until}
 * @param attempt from 1; above 1 if the worker was lost before
 */
public record Job(
        int trial,
        int repeat,
        int rung,
        List<Map.Entry<String, String>> settings,
        long seed,
        String folder,
        int from,
        int until,
        int epochs,
        int attempt) {

    public Job {
        settings = List.copyOf(settings);
    }
}
