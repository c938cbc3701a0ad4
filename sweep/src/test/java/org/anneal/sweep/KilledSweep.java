package org.anneal.sweep;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import org.anneal.sweep.Halving.Span;

/** A process that {@link KillTest} kills: a sweep of 100 trials with two seeds, which writes a line for each epoch that it trains. */
final class KilledSweep {
    private KilledSweep() {}

    static Sweep sweep() {
        return Sweep.over(Space.of().and("x", "{0..1.0}").and("y", "{a,b,c}"))
                .trials(100)
                .repeats(2)
                .epochs(4)
                .halving(new Halving(2, 1, Span.FULL));
    }

    /** The loss of an epoch: of the settings and the seed alone. */
    static double loss(Trial trial, int epoch) {
        double x = trial.real("x");
        return Math.abs(x - 0.3) + trial.text("y").charAt(0) / 1000.0 + trial.seed() / 100.0 + 1.0 / epoch;
    }

    /** Runs the sweep in a folder until it ends or is killed. */
    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        Path log = folder.resolveSibling("log");
        sweep().folder(folder).run(trial -> {
            double loss = Double.NaN;
            for (int epoch = trial.from() + 1; epoch <= trial.until(); epoch++) {
                String line =
                        String.format(Locale.ROOT, "%d %d %d %d%n", trial.number(), trial.seed(), trial.until(), epoch);
                Files.write(
                        log,
                        line.getBytes(StandardCharsets.UTF_8),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.APPEND);
                System.out.println(epoch);
                loss = loss(trial, epoch);
                trial.report(epoch, loss);
            }
            return loss;
        });
    }
}
