package org.anneal.bench;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.anneal.runs.Monitor;
import org.anneal.runs.RunListener.Epoch;
import org.anneal.schedule.ReduceLROnPlateau.Mode;
import org.anneal.sweep.Asha;
import org.anneal.sweep.Flaw;
import org.anneal.sweep.Halving;
import org.anneal.sweep.Job;
import org.anneal.sweep.Outcome;
import org.anneal.sweep.Runner;
import org.anneal.sweep.Space;
import org.anneal.sweep.Sweep;
import org.anneal.sweep.SweepRecord;

/**
 * The scheduler of sweeps at scale, 1,000 workers. Successive halving simulated, with jobs of random lengths, five rungs and the best
 * third promoted, prints for 10^3 to 10^6 trials {@code asha TRIALS DECISIONS NANOSECONDS-A-DECISION BYTES-A-TRIAL}; a decision is to
 * take a value and to say what is next. A whole sweep of jobs that do nothing, its file in memory, prints for 10^3 to 10^5 trials
 * {@code sweep TRIALS JOBS MICROSECONDS-A-JOB BYTES-A-TRIAL}.
 */
public final class SweepScale {
    private static final int WORKERS = 1_000;
    private static final int RUNGS = 5;
    private static final int ETA = 3;

    private record Running(double end, int trial, int rung) {}

    private SweepScale() {}

    public static void main(String[] arguments) throws Exception {
        for (int warmup = 0; warmup < 3; warmup++) {
            simulate(100_000);
        }
        for (int trials = 1_000; trials <= 1_000_000; trials *= 10) {
            simulate(trials);
            long before = used();
            Simulated simulated = simulate(trials);
            long bytes = used() - before;
            System.out.printf(
                    Locale.ROOT,
                    "asha %d %d %.0f %.0f%n",
                    trials,
                    simulated.decisions(),
                    (double) simulated.nanos() / simulated.decisions(),
                    (double) bytes / trials);
            if (simulated.asha().promote().isPresent()) { // which keeps it from being collected before
                throw new AssertionError("the simulation ended with a trial to promote");
            }
        }
        sweep();
    }

    /** Does nothing, on 1,000 slots. */
    private static final class Nothing implements Runner {
        @Override
        public int slots() {
            return WORKERS;
        }

        @Override
        public Optional<Flaw> check(Job job) {
            return Optional.empty();
        }

        @Override
        public Outcome run(Job job, Consumer<Epoch> heard) {
            double value = new SplittableRandom(job.trial()).nextDouble();
            Epoch epoch = new Epoch(job.until(), 1, List.of(), Double.NaN, Map.of("val_loss", value), 0);
            return new Outcome(Outcome.End.DONE, List.of(epoch), "", "here");
        }

        @Override
        public void close() {}
    }

    private static void sweep() throws Exception {
        Space space = Space.of().and("lr", "{log 1e-3..1}").and("momentum", "{0..0.99}");
        for (int trials = 1_000; trials <= 100_000; trials *= 10) {
            long before = used();
            long start = System.nanoTime();
            SweepRecord sweep = Sweep.over(space)
                    .trials(trials)
                    .epochs(81)
                    .halving(new Halving(ETA, 1, Halving.Span.FULL))
                    .monitor(Monitor.VAL_LOSS)
                    .unchecked()
                    .run(new Nothing());
            long nanos = System.nanoTime() - start;
            long jobs =
                    sweep.trials().stream().mapToLong(trial -> trial.rung() + 1).sum();
            System.out.printf(
                    Locale.ROOT,
                    "sweep %d %d %.1f %.0f%n",
                    trials,
                    jobs,
                    nanos / 1e3 / jobs,
                    (double) (used() - before) / trials);
            if (sweep.ranked().get(0).rung() != RUNGS - 1) {
                throw new AssertionError("no trial was trained to the end");
            }
        }
    }

    private static long used() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    private record Simulated(Asha asha, long decisions, long nanos) {}

    private static Simulated simulate(int trials) {
        Asha asha = new Asha(RUNGS, ETA, Mode.MIN);
        SplittableRandom random = new SplittableRandom(trials);
        PriorityQueue<Running> running = new PriorityQueue<>(Comparator.comparingDouble(Running::end));
        int next = 0;
        long decisions = 0;
        long nanos = 0;
        double now = 0;
        do {
            while (running.size() < WORKERS) {
                long start = System.nanoTime();
                Optional<Asha.Promotion> promotion = asha.promote();
                nanos += System.nanoTime() - start;
                if (promotion.isEmpty() && next == trials) {
                    break;
                }
                int rung = promotion.map(Asha.Promotion::rung).orElse(0);
                int trial = promotion.isPresent() ? promotion.get().trial() : next++;
                running.add(new Running(now + Math.pow(ETA, rung) * (0.5 + random.nextDouble()), trial, rung));
            }
            Running done = running.remove();
            now = done.end();
            double value = random.nextDouble();
            long start = System.nanoTime();
            asha.report(done.trial(), done.rung(), value);
            nanos += System.nanoTime() - start;
            decisions++;
        } while (!running.isEmpty() || next < trials);
        return new Simulated(asha, decisions, nanos);
    }
}
