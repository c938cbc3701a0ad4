package org.anneal.sweep;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
     * Looks at the trials that were not looked at before.
     *
     * @param strict whether to refuse what does not fit the run
     * @return what is wrong with them, by their numbers
     * @throws IllegalArgumentException if the settings of a trial are wrong
     * @throws IOException if the data of a trial cannot be read
     */
    Map<Integer, Flaw> check(boolean strict) throws IOException, InterruptedException {
        Queue<Integer> unchecked = new ArrayDeque<>(IntStream.range(0, standings.size())
                .filter(trial -> standings.reached(trial) == 0 && !standings.isSkipped(trial))
                .boxed()
                .toList());
        Map<Integer, Flaw> flaws = new TreeMap<>();
        inParallel(() -> {
            Optional<Integer> trial;
            synchronized (this) {
                trial = stopped ? Optional.empty() : Optional.ofNullable(unchecked.poll());
            }
            if (trial.isEmpty()) {
                return false;
            }
            Optional<Flaw> flaw = runner.check(job(trial.get(), 0, 0, 1));
            synchronized (this) {
                flaw.ifPresent(each -> flaws.put(trial.get(), each));
                if (flaw.filter(Dispatch::endsAll).isPresent()) { // those before it are being looked at
                    unchecked.clear();
                }
            }
            return true;
        });
        refuse(flaws, strict);
        return flaws;
    }

    private static boolean endsAll(Flaw flaw) {
        return flaw.kind() == Flaw.Kind.REFUSED || flaw.kind() == Flaw.Kind.UNREADABLE;
    }

    private void refuse(Map<Integer, Flaw> flaws, boolean strict) throws IOException {
        Optional<Flaw> end = flaws.values().stream().filter(Dispatch::endsAll).findFirst();
        if (end.isPresent()) {
            String reason = end.get().reason();
            throw rethrown(
                    end.get().kind() == Flaw.Kind.REFUSED
                            ? new IllegalArgumentException(reason)
                            : new IOException(reason));
        }
        List<Integer> unfit = unfit(flaws);
        if (strict && !unfit.isEmpty()) {
            int first = unfit.get(0);
            throw new IllegalArgumentException(
                    "trial " + first + " " + standings.configuration(first).parameters()
                            + " must fit the run, but "
                            + Objects.requireNonNull(flaws.get(first)).reason()
                            + (unfit.size() > 1 ? "; so it is with " + (unfit.size() - 1) + " others" : ""));
        }
    }

    private static List<Integer> unfit(Map<Integer, Flaw> flaws) {
        return flaws.keySet().stream()
                .filter(trial -> Objects.requireNonNull(flaws.get(trial)).kind() == Flaw.Kind.UNFIT)
                .toList();
    }

    /** Skips the trials that do not fit the run. */
    synchronized void skip(Map<Integer, Flaw> flaws) throws IOException {
        for (int trial : unfit(flaws)) {
            String reason = Objects.requireNonNull(flaws.get(trial)).reason();
            standings.skip(trial, reason);
            store.skip(trial, reason);
        }
    }

    boolean isAllSkipped() {
        return IntStream.range(0, standings.size()).allMatch(standings::isSkipped);
    }

    SweepRecord record() {
        return standings.record();
    }

    /** Does the jobs until there are no more, or {@link #stop} is called, and {@return how the trials stand then} */
    SweepRecord run() throws IOException, InterruptedException {
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
        return record();
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
