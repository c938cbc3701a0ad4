package org.anneal.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * While it is open, what goes on is told to stop when the process is, as by Ctrl-C, and the process waits for it to save and to report
 * what is done.
 */
final class StopHook implements AutoCloseable {
    private final CountDownLatch done = new CountDownLatch(1);
    private final BooleanSupplier stopped;
    private final Thread hook;

    /**
     * Opens it.
     *
     * @param stop tells it to stop
     * @param stopped whether it was told to, by this or otherwise
     * @param seconds the process waits at most so long
     */
    StopHook(Runnable stop, BooleanSupplier stopped, int seconds) {
        this.stopped = stopped;
        hook = new Thread(() -> {
            stop.run();
            try {
                done.await(seconds, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        Runtime.getRuntime().addShutdownHook(hook);
    }

    @Override
    public void close() {
        done.countDown();
        if (!stopped.getAsBoolean()) {
            Runtime.getRuntime().removeShutdownHook(hook);
        }
    }
}
