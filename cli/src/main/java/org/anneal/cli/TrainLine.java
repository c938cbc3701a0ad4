package org.anneal.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.anneal.sweep.Job;
import org.anneal.sweep.TrialRecord;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The command that trains with given settings.
 *
 * @param settings {@code train}'s options without their dashes, and their values; those of options that take none are {@code true} or
 *     {@code false}
 */
record TrainLine(List<Map.Entry<String, String>> settings) {
    private static final String FALSE = "false";
    private static final String TRUE = "true";

    /** The options that take no value. */
    private static final Set<String> FLAGS = CommandSpec.forAnnotatedObject(new TrainCommand()).options().stream()
            .filter(option -> option.arity().max() == 0)
            .map(OptionSpec::longestName)
            .collect(Collectors.toSet());

    TrainLine {
        settings = List.copyOf(settings);
    }

    /** {@return the command of a job, but for its folder and the epoch to stop after} */
    static TrainLine of(Job job) {
        return of(job.settings(), job.epochs(), job.seed());
    }

    /** {@return the command that trains with a trial's settings} */
    static TrainLine of(List<Map.Entry<String, String>> settings, int epochs, long seed) {
        List<Map.Entry<String, String>> all = new ArrayList<>(settings);
        all.add(Map.entry("epochs", Integer.toString(epochs)));
        all.add(Map.entry("seed", Long.toString(seed)));
        return new TrainLine(all);
    }

    /**
     * {@return the command that trains as a trial's first run was trained}
     *
     * @param rungs the epochs of the sweep's rungs
     * @param anew whether each rung has a schedule of its own length
     */
    static TrainLine of(TrialRecord trial, List<Integer> rungs, boolean anew) {
        int whole = rungs.get(rungs.size() - 1);
        int reached = rungs.get(Math.max(0, trial.rung()));
        TrainLine line = of(
                trial.settings(), anew ? reached : whole, trial.repeats().get(0).seed());
        return anew || reached == whole ? line : line.with("stop-after", Integer.toString(reached));
    }

    /** {@return this with another setting} */
    TrainLine with(String name, String value) {
        List<Map.Entry<String, String>> all = new ArrayList<>(settings);
        all.add(Map.entry(name, value));
        return new TrainLine(all);
    }

    /** {@return the arguments of {@link Anneal#run}} */
    List<String> arguments() {
        List<String> words = new ArrayList<>(List.of("train"));
        settings.forEach(setting -> {
            String option = "--" + setting.getKey();
            if (!FLAGS.contains(option)) {
                words.add(option + "=" + setting.getValue());
            } else if (!setting.getValue().equals(FALSE)) {
                words.add(setting.getValue().equals(TRUE) ? option : option + "=" + setting.getValue()); // refused
            }
        });
        return words;
    }

    /** {@return the command for a shell} */
    @Override
    public String toString() {
        return arguments().stream()
                .map(word -> {
                    int value = word.indexOf('=') + 1;
                    return word.startsWith("--") && value > 0
                            ? word.substring(0, value) + Surroundings.quoted(word.substring(value))
                            : word;
                })
                .collect(Collectors.joining(" ", "./anneal ", ""));
    }
}
