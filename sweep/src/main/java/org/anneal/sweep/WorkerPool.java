package org.anneal.sweep;

import java.io.IOException;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Workers of one command, as many as there are threads that ask at a time, and warm from one question to the next. */
final class WorkerPool implements AutoCloseable {
    /** How long a worker that trains may take to save: more than a training waits for its step to end. */
    static final int SAVE_SECONDS = 40;

    private static final int CLOSE_SECONDS = 2;
    private static final int CHECKS = 2;

    private final List<String> command;
    private final String version;
    private final int saveSeconds;
    private final Deque<WorkerProcess> idle = new ConcurrentLinkedDeque<>(); // the one that was used last is first
    private final Set<WorkerProcess> alive = ConcurrentHashMap.newKeySet();
    private final CountDownLatch closed = new CountDownLatch(1);

    /** @param saveSeconds how long a worker that is stopped may take; then it is killed */
    WorkerPool(List<String> command, String version, int saveSeconds) {
        this.command = command;
        this.version = version;
        this.saveSeconds = saveSeconds;
    }

    /**
     * What a worker has said.
     *
     * @param place the worker's name
     */
    record Answer(String line, String place) {}

    /** Has a worker answer a request, or another if it dies of it. */
    Answer check(String request) throws IOException, InterruptedException {
        for (int i = 1; ; i++) {
            try {
                return ask(request, epoch -> {});
            } catch (WorkerProcess.DiedException e) {
                if (i == CHECKS) {
                    throw e;
                }
            }
        }
    }

    /**
     * Has a worker answer a request. If this thread is interrupted, the worker is stopped.
     *
     * @param heard hears of the epochs
     * @throws WorkerProcess.DiedException if the worker dies
     * @throws IOException if no worker starts, or it has another version
     * @throws InterruptedException also if the pool is closed
     */
    Answer ask(String request, Consumer<String> heard) throws IOException, InterruptedException {
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
                    worker.waitFor(saveSeconds);
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

    /** Stops all workers, and waits until they have saved. */
    @Override
    public void close() {
        closed.countDown();
        List<WorkerProcess> all = List.copyOf(alive);
        all.forEach(WorkerProcess::stop);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(saveSeconds);
        for (WorkerProcess worker : all) {
            worker.waitFor(Math.max(0, TimeUnit.NANOSECONDS.toSeconds(end - System.nanoTime())));
        }
    }
}
