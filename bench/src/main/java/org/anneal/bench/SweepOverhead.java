package org.anneal.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.anneal.runs.Monitor;
import org.anneal.runs.RunListener.Epoch;
import org.anneal.schedule.ReduceLROnPlateau.Mode;
import org.anneal.sweep.Flaw;
import org.anneal.sweep.Job;
import org.anneal.sweep.LocalProcesses;
import org.anneal.sweep.Outcome;
import org.anneal.sweep.Outcome.End;
import org.anneal.sweep.Runner;
import org.anneal.sweep.Sampler;
import org.anneal.sweep.Space;
import org.anneal.sweep.Sweep;
import org.anneal.sweep.SweepRecord;
import org.anneal.sweep.Worker;

/**
 * What a sweep adds to each trial: random trials that do nothing, kept in SQLite, a value reported once.
 *
 * <p>Arguments: {@code objective} (in this process) or {@code process} (in one worker process), the trials, and a folder that is made.
 * Prints {@code anneal KIND TRIALS MILLISECONDS-A-TRIAL}; the second half of the trials is timed, as the first warms up.
 */
public final class SweepOverhead {
    private static final Space SPACE =
            Space.of().and("lr", "{log 1e-3..1}").and("momentum", "{0..0.99}").and("batch-size", "{8,16,32}");

    private SweepOverhead() {}

    private static double value(String lr, String momentum) {
        return Math.abs(Math.log(Double.parseDouble(lr))) + Double.parseDouble(momentum);
    }

    public static void main(String[] arguments) throws Exception {
        String kind = arguments[0];
        if (kind.equals("worker")) {
            Worker.serve("bench", new Nothing());
            return;
        }
        int trials = Integer.parseInt(arguments[1]);
        Path folder = Path.of(arguments[2]);
        run(kind, trials / 2, folder);
        long start = System.nanoTime();
        int done = run(kind, trials, folder) - trials / 2;
        System.out.printf(Locale.ROOT, "anneal %s %d %.3f%n", kind, trials, (System.nanoTime() - start) / 1e6 / done);
    }

    private static int run(String kind, int trials, Path folder) throws Exception {
        Sweep sweep = Sweep.over(SPACE).sampler(Sampler.RANDOM).trials(trials).folder(folder);
        SweepRecord record;
        if (kind.equals("objective")) {
            record = sweep.run(trial -> {
                double value = value(trial.text("lr"), trial.text("momentum"));
                trial.report(1, value);
                return value;
            });
        } else {
            String java =
                    Path.of(System.getProperty("java.home"), "bin", "java").toString();
            List<String> command = List.of(
                    java,
                    "-Xmx256m",
                    "-XX:+UseSerialGC",
                    "-cp",
                    System.getProperty("java.class.path"),
                    SweepOverhead.class.getName(),
                    "worker");
            Files.createDirectories(Sweep.runs(folder));
            try (Runner runner = new LocalProcesses(1, Sweep.runs(folder), command, "bench")) {
                record = sweep.unchecked()
                        .monitor(new Monitor("value", Mode.MIN))
                        .run(runner);
            }
        }
        return (int) record.trials().stream()
                .filter(trial -> Double.isFinite(trial.value()))
                .count();
    }

    /** A training that takes no time. */
    private static final class Nothing implements Worker.Program {
        @Override
        public Optional<Flaw> check(Job job) {
            return Optional.empty();
        }

        @Override
        public Outcome run(Job job, Path folder, Consumer<Epoch> heard) throws IOException {
            double value = value(
                    job.settings().get(0).getValue(), job.settings().get(1).getValue());
            Epoch epoch = new Epoch(1, 1, List.of(), Double.NaN, Map.of("value", value), 0);
            heard.accept(epoch);
            return new Outcome(End.DONE, List.of(epoch), "", "bench");
        }
    }
}
