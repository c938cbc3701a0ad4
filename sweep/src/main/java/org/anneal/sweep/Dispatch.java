package org.anneal.sweep;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.anneal.runs.RunListener.Epoch;
import org.anneal.sweep.Outcome.End;

/**
 * Hands out a sweep's jobs: what was begun first, then promotions, then new trials. Everything that is decided here happens under one
 * lock, and is in the sweep's file before a worker hears of it.
 */
final class Dispatch {
    private final Plan plan;
    private final Runner runner;
    private final SweepStore store;
    private final Standings standings;
    private final List<SweepListener> listeners;
    private final int retries;
    private final Optional<Asha> asha;
    private final Queue<Job> waiting = new ArrayDeque<>();
    private final List<Thread> threads = new ArrayList<>();
    private int next; // the trial to begin, if nothing else is to be done
    private int running;
    private boolean stopped;
    private Optional<Exception> failure = Optional.empty();

    Dispatch(
            Plan plan,
            Runner runner,
            SweepStore store,
            Standings standings,
            List<SweepListener> listeners,
            int retries) {
        this.plan = plan;
        this.runner = runner;
        this.store = store;
        this.standings = standings;
        this.listeners = List.copyOf(listeners);
        this.retries = retries;
        this.asha = plan.halving()
                .map(halving -> new Asha(
                        plan.rungs().size(), halving.eta(), plan.monitor().mode()));
    }

    /** Takes up what was done before, in the order in which it ended. */
    synchronized void resume(List<SweepStore.Saved> jobs) {
        for (int trial = 0; trial < standings.size(); trial++) {
            for (int rung = 0; rung < standings.reached(trial); rung++) {
                int below = rung - 1;
                int number = trial;
                asha.filter(each -> below >= 0).ifPresent(each -> each.promoted(number, below));
                for (int repeat = 0; repeat < plan.repeats(); repeat++) {
                    if (!standings.isDone(trial, rung, repeat)) {
                        waiting.add(job(trial, rung, repeat, Math.max(1, standings.attempt(trial, rung, repeat))));
                    }
                }
            }
        }
        Set<List<Integer>> reported = new HashSet<>();
        jobs.stream()
                .filter(SweepStore.Saved::isOver)
                .filter(job -> standings.isDone(job.trial(), job.rung()))
                .filter(job -> reported.add(List.of(job.trial(), job.rung())))
                .forEach(job -> report(job.trial(), job.rung()));
    }

    private void report(int trial, int rung) {
        asha.ifPresent(each -> each.report(trial, rung, standings.value(trial, rung)));
    }

    private Job job(int trial, int rung, int repeat, int attempt) {
        return plan.job(trial, standings.configuration(trial).settings(), repeat, rung, attempt);
    }

    /** One thing after another, by as many threads as there are slots, until there is nothing more. */
    private interface Work {
        /** {@return whether there may be more} */
        boolean next() throws IOException, InterruptedException;
    }

    private void inParallel(Work work) throws IOException, InterruptedException {
        synchronized (this) {
            if (stopped) {
                return;
            }
            threads.clear();
            for (int i = 1; i <= runner.slots(); i++) {
                Thread thread = new Thread(() -> work(work), "sweep-" + i);
                thread.setDaemon(true);
                threads.add(thread);
                thread.start();
            }
        }
        try {
            for (Thread thread : List.copyOf(threads)) {
                thread.join();
            }
        } catch (InterruptedException e) {
            stop();
            for (Thread thread : List.copyOf(threads)) {
                thread.join();
            }
            throw e;
        }
        if (failure.isPresent()) {
            throw rethrown(failure.get());
        }
    }

    private static IOException rethrown(Exception failure) {
        if (failure instanceof RuntimeException e) {
            throw e;
        }
        return (IOException) failure;
    }

    private void work(Work work) {
        try {
            while (work.next()) {
                // the next
            }
        } catch (InterruptedException e) {
            stop(); // one is interrupted if all are
        } catch (IOException | RuntimeException e) {
            synchronized (this) {
                failure = failure.or(() -> Optional.of(e));
            }
            stop();
        }
    }

    /** Ends {@link #run}: no job begins any more, and those that go on are interrupted. */
    synchronized void stop() {
        stopped = true;
        threads.stream().filter(thread -> thread != Thread.currentThread()).forEach(Thread::interrupt);
        notifyAll();
    }

    /**
     * Looks at the trials that were not looked at before, and skips those with which something is wrong.
     *
     * @throws IllegalArgumentException if something is wrong with a trial and {@code strict}
     */
    void check(boolean strict) throws IOException, InterruptedException {
        Queue<Integer> unchecked = new ArrayDeque<>(IntStream.range(0, standings.size())
                .filter(trial -> standings.reached(trial) == 0 && !standings.isSkipped(trial))
                .boxed()
                .toList());
        Map<Integer, String> found = new TreeMap<>();
        inParallel(() -> {
            Optional<Integer> trial;
            synchronized (this) {
                trial = stopped ? Optional.empty() : Optional.ofNullable(unchecked.poll());
            }
            if (trial.isEmpty()) {
                return false;
            }
            Optional<String> reason = runner.check(job(trial.get(), 0, 0, 1));
            synchronized (this) {
                reason.ifPresent(each -> found.put(trial.get(), each));
            }
            return true;
        });
        if (strict && !found.isEmpty()) {
            int first = found.keySet().iterator().next();
            throw new IllegalArgumentException(
                    "trial " + first + " " + standings.configuration(first).parameters()
                            + " must fit the run, but " + found.get(first)
                            + (found.size() > 1 ? "; so it is with " + (found.size() - 1) + " others" : ""));
        }
        synchronized (this) {
            for (Map.Entry<Integer, String> trial : found.entrySet()) {
                standings.skip(trial.getKey(), trial.getValue());
                store.skip(trial.getKey(), trial.getValue());
            }
        }
    }

    /** Does the jobs until there are no more, or {@link #stop} is called. */
    void run() throws IOException, InterruptedException {
        tell(listener -> listener.begin(standings.record()));
        inParallel(() -> {
            Optional<Job> job = take();
            if (job.isEmpty()) {
                return false;
            }
            Outcome outcome = runner.run(job.get(), epoch -> heard(job.get(), epoch));
            end(job.get(), outcome);
            return true;
        });
    }

    private void tell(Consumer<SweepListener> what) {
        listeners.forEach(what);
    }

    /** {@return the next job, as soon as there is one; empty if there will be none} */
    private synchronized Optional<Job> take() throws IOException, InterruptedException {
        while (!stopped) {
            Optional<Job> job = next();
            if (job.isPresent()) {
                running++;
                store.begin(job.get());
                Job begun = job.get();
                standings.begin(begun.trial(), begun.rung(), begun.repeat(), begun.attempt());
                tell(listener -> {
                    listener.begin(begun);
                    listener.trial(standings.trial(begun.trial()));
                });
                return job;
            } else if (running == 0) {
                return job;
            }
            wait();
        }
        return Optional.empty();
    }

    private Optional<Job> next() {
        if (waiting.isEmpty()) {
            Optional<Asha.Promotion> promotion = asha.flatMap(Asha::promote);
            if (promotion.isPresent()) {
                begin(promotion.get().trial(), promotion.get().rung());
            } else {
                while (next < standings.size() && (standings.isSkipped(next) || standings.reached(next) > 0)) {
                    next++;
                }
                if (next < standings.size()) {
                    begin(next++, 0);
                }
            }
        }
        return Optional.ofNullable(waiting.poll());
    }

    private void begin(int trial, int rung) {
        standings.reach(trial, rung);
        for (int repeat = 0; repeat < plan.repeats(); repeat++) {
            waiting.add(job(trial, rung, repeat, 1));
        }
    }

    private synchronized void heard(Job job, Epoch epoch) {
        if (standings.news(job, List.of(epoch)).isEmpty()) {
            return;
        }
        standings.epoch(job.trial(), job.rung(), job.repeat(), epoch);
        try {
            store.epoch(job, epoch);
        } catch (IOException e) {
            failure = failure.or(() -> Optional.of(e));
            stop();
        }
        tell(listener -> {
            listener.epoch(job, epoch);
            listener.trial(standings.trial(job.trial()));
        });
    }

    private synchronized void end(Job job, Outcome outcome) throws IOException {
        Outcome ended = outcome;
        Optional<Job> again = Optional.empty();
        if (outcome.end() == End.LOST && job.attempt() <= retries) {
            again = Optional.of(job(job.trial(), job.rung(), job.repeat(), job.attempt() + 1));
        } else if (outcome.end() == End.LOST) {
            String times = job.attempt() == 1 ? "" : "lost " + job.attempt() + " times: ";
            ended = new Outcome(End.FAILED, outcome.epochs(), times + outcome.reason(), outcome.place());
        }
        List<Epoch> news = standings.news(job, ended.epochs());
        news.forEach(epoch -> standings.epoch(job.trial(), job.rung(), job.repeat(), epoch));
        double value = ended.end() == End.DONE ? value(ended.epochs()) : Double.NaN;
        store.end(job, ended, value, news);
        running--;
        again.ifPresent(waiting::add);
        if (again.isEmpty()) {
            standings.end(job.trial(), job.rung(), job.repeat(), ended.end(), value, ended.reason(), ended.place());
            if (standings.isDone(job.trial(), job.rung())) {
                report(job.trial(), job.rung());
            }
        }
        Outcome told = ended;
        tell(listener -> {
            news.forEach(epoch -> listener.epoch(job, epoch));
            listener.end(job, told);
            listener.trial(standings.trial(job.trial()));
        });
        notifyAll();
    }

    private double value(List<Epoch> epochs) {
        return epochs.isEmpty() ? Double.NaN : plan.monitor().of(epochs.get(epochs.size() - 1));
    }
}
