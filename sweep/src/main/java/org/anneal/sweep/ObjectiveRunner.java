package org.anneal.sweep;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import org.anneal.runs.Monitor;
import org.anneal.runs.RunListener.Epoch;
import org.anneal.sweep.Outcome.End;

/** Does the jobs in threads of this process. */
final class ObjectiveRunner implements Runner {
    private final Objective objective;
    private final int slots;
    private final Monitor monitor;
    private final Optional<Path> runs;
    private final IntFunction<Configuration> configurations;

    ObjectiveRunner(
            Objective objective,
            int slots,
            Monitor monitor,
            Optional<Path> runs,
            IntFunction<Configuration> configurations) {
        this.objective = objective;
        this.slots = slots;
        this.monitor = monitor;
        this.runs = runs;
        this.configurations = configurations;
    }

    @Override
    public int slots() {
        return slots;
    }

    @Override
    public Optional<Flaw> check(Job job) {
        return Optional.empty();
    }

    @Override
    public Outcome run(Job job, Consumer<Epoch> heard) throws InterruptedException {
        String place = Thread.currentThread().getName();
        Trial trial = new Trial(job, configurations.apply(job.trial()).parameters(), monitor, runs, heard);
        try {
            double value = objective.run(trial);
            if (Thread.interrupted()) {
                throw new InterruptedException();
            } else if (Double.isNaN(value)) {
                return new Outcome(End.FAILED, trial.told(), monitor.name() + " is NaN", place);
            }
            return new Outcome(End.DONE, trial.ended(value), "", place);
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            String reason = Optional.ofNullable(e.getMessage()).orElse(e.toString());
            return new Outcome(
                    End.FAILED, trial.told(), reason.lines().findFirst().orElse(e.toString()), place);
        }
    }

    @Override
    public void close() {
        // Its threads are the sweep's.
    }
}
