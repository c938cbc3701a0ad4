package org.anneal.web;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The two lanes in which requests are computed, so that light ones do not wait for heavy ones; each is first come, first served.
 * A request is heavy if it has many values, as all heavy ones share limited memory, or once it has kept a processor busy for a
 * while.
 */
final class Lanes {
    private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();
    private static final long LIGHT_VALUES = 10_000;
    private static final long LIGHT_NANOS = 20_000_000;
    private static final int MOST_WAITING = 100; // in the heavy lane; each holds a thread
    private static final long WAIT_SECONDS = 25;

    private final Semaphore values = new Semaphore((int) (2 * Conditions.MOST_VALUES), true);
    private final Semaphore waiting = new Semaphore(MOST_WAITING);
    private final Semaphore heavy = new Semaphore(PROCESSORS, true);
    private final Semaphore light = new Semaphore(2 * PROCESSORS, true);

    /** Waits until there is memory for {@code values} values, unless they are few, and {@return how many to release} */
    int reserve(long wanted) throws Refusal {
        if (wanted <= LIGHT_VALUES) {
            return 0;
        }
        int reserved = Math.toIntExact(wanted);
        awaitHeavy(values, reserved);
        return reserved;
    }

    void release(int reserved) {
        values.release(reserved);
    }

    private void awaitHeavy(Semaphore what, int permits) throws Refusal {
        if (!waiting.tryAcquire()) {
            throw busy();
        }
        try {
            await(what, permits);
        } finally {
            waiting.release();
        }
    }

    private static void await(Semaphore what, int permits) throws Refusal {
        try {
            if (!what.tryAcquire(permits, WAIT_SECONDS, TimeUnit.SECONDS)) {
                throw busy();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Refusal(503, "the server is shutting down");
        }
    }

    private static Refusal busy() {
        return new Refusal(503, "the server is busy: try again");
    }

    /**
     * The computation of one request, on one thread; it begins in the light lane. Its time is processor time: by the clock, a busy
     * computer would make everything slow.
     */
    final class Turn implements AutoCloseable {
        private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
        private static final long LOOK_NANOS = 2_000_000; // between looks at that time, which take time themselves

        private final Duration limit;
        private final LongSupplier processor; // its time in nanoseconds
        private final LongSupplier clock;
        private final long busyBefore;
        private long busy;
        private long looked;
        private Semaphore lane = light;
        private int places; // held; none while it waits

        /**
         * Waits for a place in the light lane.
         *
         * @param limit the most processor time of the whole computation
         */
        Turn(Duration limit) throws Refusal {
            this(limit, THREADS::getCurrentThreadCpuTime, System::nanoTime);
        }

        /** Does so with other clocks. */
        Turn(Duration limit, LongSupplier processor, LongSupplier clock) throws Refusal {
            this.limit = limit;
            this.processor = processor;
            this.clock = clock;
            busyBefore = processor.getAsLong();
            looked = clock.getAsLong();
            await(lane, 1);
            places = 1;
        }

        /**
         * Waits for a place in the heavy lane, if this has become heavy.
         *
         * @param part the part of the limit that may have passed
         * @throws Refusal if more has passed
         */
        void check(double part) throws Refusal {
            long now = clock.getAsLong();
            if (now - looked > LOOK_NANOS) {
                looked = now;
                busy = processor.getAsLong() - busyBefore;
                if (lane == light && busy > LIGHT_NANOS) {
                    changeLane();
                }
            }
            if (busy > part * limit.toNanos()) {
                throw new Refusal(
                        422, "this takes more than " + limit.toSeconds() + " seconds to compute: use fewer steps");
            }
        }

        private void changeLane() throws Refusal {
            close();
            places = 0;
            lane = heavy;
            awaitHeavy(lane, 1);
            places = 1;
        }

        @Override
        public void close() {
            lane.release(places);
        }
    }
}
