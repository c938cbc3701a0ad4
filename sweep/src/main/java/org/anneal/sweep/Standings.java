package org.anneal.sweep;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.anneal.runs.RunListener.Epoch;
import org.anneal.sweep.Outcome.End;
import org.anneal.sweep.TrialRecord.Repeat;
import org.anneal.sweep.TrialRecord.State;

/** How far the trials of a sweep are: it is told what the sweep's file is told, live or when the file is read. */
final class Standings {
    private final Plan plan;
    private final List<Standing> trials = new ArrayList<>();

    Standings(Plan plan) {
        this.plan = plan;
    }

    /** One job, as far as it is. */
    private static final class Work {
        final TreeMap<Integer, Epoch> epochs = new TreeMap<>();
        Optional<End> end = Optional.empty(); // not before all attempts are made
        double value = Double.NaN;
        String reason = "";
        String place = "";
        int attempt;
    }

    /** One trial: the work of each rung that it has come to, by repeat. */
    private static final class Standing {
        final Configuration configuration;
        String skipped = "";
        final List<List<Work>> rungs = new ArrayList<>();

        Standing(Configuration configuration) {
            this.configuration = configuration;
        }
    }

    int size() {
        return trials.size();
    }

    void add(Configuration configuration, String skipped) {
        Standing trial = new Standing(configuration);
        trial.skipped = skipped;
        trials.add(trial);
    }

    void skip(int trial, String reason) {
        trials.get(trial).skipped = reason;
    }

    boolean isSkipped(int trial) {
        return !trials.get(trial).skipped.isEmpty();
    }

    Configuration configuration(int trial) {
        return trials.get(trial).configuration;
    }

    /** Begins the work of a rung, if it has not begun. */
    void reach(int trial, int rung) {
        List<List<Work>> rungs = trials.get(trial).rungs;
        while (rungs.size() <= rung) {
            rungs.add(
                    IntStream.range(0, plan.repeats()).mapToObj(i -> new Work()).toList());
        }
    }

    /** {@return how many rungs a trial has begun} */
    int reached(int trial) {
        return trials.get(trial).rungs.size();
    }

    private Work work(int trial, int rung, int repeat) {
        return trials.get(trial).rungs.get(rung).get(repeat);
    }

    void begin(int trial, int rung, int repeat, int attempt) {
        work(trial, rung, repeat).attempt = attempt;
    }

    void epoch(int trial, int rung, int repeat, Epoch epoch) {
        work(trial, rung, repeat).epochs.put(epoch.epoch(), epoch);
    }

    /** {@return those of {@code epochs} that are not known or known otherwise} */
    List<Epoch> news(Job job, List<Epoch> epochs) {
        Work work = work(job.trial(), job.rung(), job.repeat());
        return epochs.stream()
                .filter(epoch -> epoch.epoch() > job.from() && !epoch.equals(work.epochs.get(epoch.epoch())))
                .toList();
    }

    void end(int trial, int rung, int repeat, End end, double value, String reason, String place) {
        Work work = work(trial, rung, repeat);
        work.end = Optional.of(end);
        work.value = value;
        work.reason = reason;
        work.place = place;
    }

    boolean isDone(int trial, int rung, int repeat) {
        return work(trial, rung, repeat).end.isPresent();
    }

    int attempt(int trial, int rung, int repeat) {
        return work(trial, rung, repeat).attempt;
    }

    boolean isDone(int trial, int rung) {
        return trials.get(trial).rungs.get(rung).stream().allMatch(work -> work.end.isPresent());
    }

    /** {@return the mean over the repeats of a rung that is done; NaN if one of them failed} */
    double value(int trial, int rung) {
        return mean(trials.get(trial).rungs.get(rung));
    }

    private static double mean(List<Work> works) {
        return works.stream().mapToDouble(work -> work.value).average().orElse(Double.NaN);
    }

    TrialRecord trial(int number) {
        Standing trial = trials.get(number);
        int finished = -1; // the highest rung that is done
        while (finished + 1 < trial.rungs.size() && isDone(number, finished + 1)) {
            finished++;
        }
        List<Work> last = finished < 0 ? List.of() : trial.rungs.get(finished);
        double mean = mean(last);
        return new TrialRecord(
                number,
                trial.configuration.family(),
                trial.configuration.settings(),
                trial.configuration.parameters(),
                state(trial, finished),
                trial.skipped.isEmpty() ? failure(trial).orElse("") : trial.skipped,
                finished,
                mean,
                spread(last, mean),
                IntStream.range(0, plan.repeats())
                        .mapToObj(repeat -> repeat(number, trial, repeat))
                        .toList());
    }

    private static double spread(List<Work> works, double mean) {
        return works.size() < 2
                ? Double.NaN
                : Math.sqrt(works.stream()
                                .mapToDouble(work -> (work.value - mean) * (work.value - mean))
                                .sum()
                        / (works.size() - 1));
    }

    private static Optional<String> failure(Standing trial) {
        return trial.rungs.stream()
                .flatMap(List::stream)
                .filter(work -> work.end.isPresent() && work.end.get() != End.DONE)
                .map(work -> work.reason)
                .findFirst();
    }

    private State state(Standing trial, int finished) {
        if (!trial.skipped.isEmpty()) {
            return State.SKIPPED;
        } else if (trial.rungs.isEmpty()) {
            return State.WAITING;
        } else if (finished < trial.rungs.size() - 1) {
            return State.RUNNING;
        } else if (failure(trial).isPresent()) {
            return State.FAILED;
        }
        return finished == plan.rungs().size() - 1 ? State.DONE : State.STOPPED;
    }

    private Repeat repeat(int number, Standing trial, int repeat) {
        TreeMap<Integer, Epoch> epochs = new TreeMap<>();
        Work newest = new Work();
        for (List<Work> rung : trial.rungs) {
            newest = rung.get(repeat);
            if (plan.trainsAnew() && !newest.epochs.isEmpty()) {
                epochs.clear();
            }
            epochs.putAll(newest.epochs);
        }
        List<Epoch> all = List.copyOf(epochs.values());
        return new Repeat(
                plan.seed() + repeat,
                plan.folder(number, repeat, Math.max(0, trial.rungs.size() - 1)),
                all,
                all.isEmpty() ? Double.NaN : plan.monitor().of(all.get(all.size() - 1)),
                newest.attempt,
                newest.place);
    }

    SweepRecord record() {
        return new SweepRecord(
                plan.title(),
                plan.monitor(),
                plan.parameters(),
                plan.rungs(),
                IntStream.range(0, trials.size()).mapToObj(this::trial).toList());
    }

    /** Takes up what a sweep's file has. */
    static Standings of(Plan plan, List<SweepStore.SavedTrial> trials, List<SweepStore.Saved> jobs) {
        Standings standings = new Standings(plan);
        trials.forEach(
                trial -> standings.add(trial.configuration(), trial.skipped().orElse("")));
        jobs.stream().sorted(Comparator.comparing(SweepStore.Saved::rung)).forEach(job -> {
            standings.reach(job.trial(), job.rung());
            standings.begin(job.trial(), job.rung(), job.repeat(), job.attempt());
            job.epochs().forEach(epoch -> standings.epoch(job.trial(), job.rung(), job.repeat(), epoch));
            if (job.isOver()) {
                standings.end(
                        job.trial(),
                        job.rung(),
                        job.repeat(),
                        End.valueOf(job.state()),
                        job.value(),
                        job.reason(),
                        job.place());
            }
        });
        return standings;
    }
}
