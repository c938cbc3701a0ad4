package org.anneal.sweep;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.anneal.runs.RunListener.Epoch;

/**
 * Does the jobs in processes of this machine. A process is started when there is a job for it, and then does one after another;
 * one that has died is replaced.
 */
public final class LocalProcesses implements Runner {
    private final int slots;
    private final Path runs;
    private final WorkerPool workers;

    /**
     * Starts nothing yet.
     *
     * @param slots the most jobs at a time, at least 1
     * @param runs the sweep's folder of runs
     * @param command of a process whose main class calls {@link Worker#serve}; with {@code -XX:+ExitOnOutOfMemoryError}, a process
     *     without memory is replaced
     * @param version of Anneal, which the workers must have too
     */
    public LocalProcesses(int slots, Path runs, List<String> command, String version) {
        if (slots < 1) {
            throw new IllegalArgumentException("slots must be at least 1, but was " + slots);
        }
        this.slots = slots;
        this.runs = Objects.requireNonNull(runs, "runs").toAbsolutePath();
        workers = new WorkerPool(
                List.copyOf(Objects.requireNonNull(command, "command")),
                Objects.requireNonNull(version, "version"),
                WorkerPool.SAVE_SECONDS);
    }

    @Override
    public int slots() {
        return slots;
    }

    @Override
    public Optional<Flaw> check(Job job) throws IOException, InterruptedException {
        try {
            return flaw(workers.check(Message.CHECK.of(Json.of(job))).line());
        } catch (WorkerProcess.DiedException e) {
            return Optional.of(new Flaw(Flaw.Kind.UNCHECKED, String.valueOf(e.getMessage())));
        }
    }

    /**
     * {@inheritDoc}
     *
     * @throws InterruptedException also if this is closed meanwhile
     */
    @Override
    public Outcome run(Job job, Consumer<Epoch> heard) throws IOException, InterruptedException {
        try {
            WorkerPool.Answer done = workers.ask(
                    Message.run(runs.resolve(job.folder()), Json.of(job)), epoch -> heard.accept(epoch(epoch)));
            return outcome(done.line(), done.place());
        } catch (WorkerProcess.DiedException e) {
            return new Outcome(Outcome.End.LOST, List.of(), String.valueOf(e.getMessage()), e.place());
        }
    }

    static Optional<Flaw> flaw(String checked) {
        return Optional.ofNullable(Json.read(Message.CHECKED.about(checked), Flaw.class));
    }

    static Epoch epoch(String line) {
        return Json.read(Message.EPOCH.about(line), Epoch.class);
    }

    static Outcome outcome(String done, String place) {
        Outcome outcome = Json.read(Message.DONE.about(done), Outcome.class);
        return new Outcome(outcome.end(), outcome.epochs(), outcome.reason(), place);
    }

    @Override
    public void close() {
        workers.close();
    }
}
