package org.anneal.sweep;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.anneal.runs.RunListener.Epoch;

/**
 * Does the jobs in processes of this machine. A process is started when there is a job for it, and then does one after another;
 * one that has died is replaced.
 */
public final class LocalProcesses implements Runner {
    private static final int SAVE_SECONDS = 40; // more than a training waits for its step to end
    private static final int CLOSE_SECONDS = 2;
    private static final int CHECKS = 2;

    private final int slots;
    private final Path runs;
    private final List<String> command;
    private final String version;
    private final Deque<WorkerProcess> idle = new ConcurrentLinkedDeque<>(); // the one that was used last is first
    private final Set<WorkerProcess> alive = ConcurrentHashMap.newKeySet();
    private final CountDownLatch closed = new CountDownLatch(1);

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
        this.command = List.copyOf(Objects.requireNonNull(command, "command"));
        this.version = Objects.requireNonNull(version, "version");
    }

    @Override
    public int slots() {
        return slots;
    }

    @Override
    public Optional<String> check(Job job) throws IOException, InterruptedException {
        String request = Message.CHECK.of(Json.of(job));
        for (int i = 1; ; i++) {
            try {
                return reason(ask(request, epoch -> {}).line());
            } catch (WorkerProcess.DiedException e) {
                if (i == CHECKS) {
                    return Optional.of(String.valueOf(e.getMessage()));
                }
            }
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
            Answer done = ask(request(job, runs.resolve(job.folder())), epoch -> heard.accept(epoch(epoch)));
            return outcome(done.line(), done.place());
        } catch (WorkerProcess.DiedException e) {
            return new Outcome(Outcome.End.LOST, List.of(), String.valueOf(e.getMessage()), e.place());
        }
    }

    static String request(Job job, Path folder) {
        return Message.RUN.of(folder.toUri() + " " + Json.of(job));
    }

    static Optional<String> reason(String checked) {
        return Optional.ofNullable(Json.read(Message.CHECKED.about(checked), String.class));
    }

    static Epoch epoch(String line) {
        return Json.read(Message.EPOCH.about(line), Epoch.class);
    }

    static Outcome outcome(String done, String place) {
        Outcome outcome = Json.read(Message.DONE.about(done), Outcome.class);
        return new Outcome(outcome.end(), outcome.epochs(), outcome.reason(), place);
    }

    private record Answer(String line, String place) {}

    private Answer ask(String request, Consumer<String> heard) throws IOException, InterruptedException {
        try {
            WorkerProcess worker = take();
            boolean fit = false;
            try {
                Answer answer = new Answer(worker.ask(request, heard), worker.name());
                fit = true;
                return answer;
            } finally {
                if (fit) {
                    idle.push(worker);
                } else {
                    worker.stop();
                    worker.waitFor(SAVE_SECONDS);
                    alive.remove(worker);
                }
            }
        } catch (WorkerProcess.DiedException e) {
            // Ctrl-C reaches the workers as soon as it reaches who closes this.
            if (closed.await(e.wasAsked() ? CLOSE_SECONDS : 0, TimeUnit.SECONDS)) {
                throw new InterruptedException("closed");
            }
            throw e;
        }
    }

    private WorkerProcess take() throws IOException, InterruptedException {
        while (!isClosed()) {
            WorkerProcess worker = idle.poll();
            if (worker == null) {
                worker = WorkerProcess.start(command, version);
                alive.add(worker);
                if (isClosed()) { // which has not seen it, perhaps
                    worker.stop();
                }
                return worker;
            } else if (worker.isAlive()) {
                return worker;
            }
            alive.remove(worker);
        }
        throw new InterruptedException("closed");
    }

    private boolean isClosed() {
        return closed.getCount() == 0;
    }

    @Override
    public void close() {
        closed.countDown();
        List<WorkerProcess> all = List.copyOf(alive);
        all.forEach(WorkerProcess::stop);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SAVE_SECONDS);
        for (WorkerProcess worker : all) {
            worker.waitFor(Math.max(0, TimeUnit.NANOSECONDS.toSeconds(end - System.nanoTime())));
        }
    }
}
