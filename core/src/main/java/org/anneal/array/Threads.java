package org.anneal.array;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;

/**
 * Spreads loops over several threads: the caller, and helpers from a pool of daemon threads that end when idle.
 *
 * <p>Work is split into pieces whose bounds do not depend on the number of threads. The caller starts at once and takes pieces
 * until none is left; a helper that wakes up takes pieces too, and one that wakes up too late finds nothing to do. So no thread
 * waits for another to start, and results are bit for bit the same whichever thread computes a piece.
 */
final class Threads {
    private static final int PIECE = 1 << 15; // elements
    private static final int WORTH = 1 << 17; // elements; below that, waking a helper costs more than it saves
    private static final int SPINS = 1_000; // some 20 microseconds

    private static volatile Threads current = new Threads(Runtime.getRuntime().availableProcessors());

    private final int count;
    private final Optional<ForkJoinPool> helpers;

    private Threads(int count) {
        this.count = count;
        this.helpers = count == 1 ? Optional.empty() : Optional.of(new ForkJoinPool(count - 1));
    }

    /** A loop over the elements of one of several arrays. */
    @FunctionalInterface
    interface Loop {
        /** Runs over the elements {@code from} to {@code to}, exclusive, of array {@code index}. */
        void run(int index, int from, int to);
    }

    static int count() {
        return current.count;
    }

    static synchronized void set(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("threads must be at least 1, but was " + count);
        }
        if (count != current.count) {
            Threads before = current;
            current = new Threads(count);
            before.helpers.ifPresent(ForkJoinPool::shutdown);
        }
    }

    /** Runs {@code loop} over every element of every array, in any order. */
    static void overElements(List<FloatArray> arrays, Loop loop) {
        long total = 0;
        for (int i = 0; i < arrays.size(); i++) {
            total += arrays.get(i).values().length;
        }
        if (total < WORTH || count() == 1) {
            for (int i = 0; i < arrays.size(); i++) {
                loop.run(i, 0, arrays.get(i).values().length);
            }
            return;
        }
        long[] ends = new long[arrays.size()]; // of the arrays, laid end to end
        long end = 0;
        for (int i = 0; i < ends.length; i++) {
            end += arrays.get(i).values().length;
            ends[i] = end;
        }
        long all = total;
        overPieces(Math.toIntExact((total + PIECE - 1) / PIECE), total, piece -> {
            long from = (long) piece * PIECE;
            overPart(ends, from, Math.min(from + PIECE, all), loop);
        });
    }

    private static void overPart(long[] ends, long from, long to, Loop loop) {
        int i = 0;
        while (ends[i] <= from) {
            i++;
        }
        for (long start = from; start < to; i++) {
            long first = i == 0 ? 0 : ends[i - 1];
            long end = Math.min(ends[i], to);
            if (end > start) {
                loop.run(i, (int) (start - first), (int) (end - first));
                start = end;
            }
        }
    }

    /**
     * Runs {@code work} on each piece from 0 to {@code pieces}, exclusive, on some thread, and returns when all are done.
     *
     * @param elements in all pieces together: if there are few, the caller does all the work
     * @throws RuntimeException the one that a piece threw; pieces that had not begun then are skipped
     */
    static void overPieces(int pieces, long elements, IntConsumer work) {
        Threads threads = current;
        if (pieces <= 1 || elements < WORTH || threads.helpers.isEmpty()) {
            for (int piece = 0; piece < pieces; piece++) {
                work.accept(piece);
            }
            return;
        }
        Run run = new Run(pieces, work);
        ForkJoinPool pool = threads.helpers.get();
        for (int helper = 1; helper < Math.min(threads.count, pieces) && !pool.isShutdown(); helper++) {
            pool.execute(run);
        }
        run.run();
        run.await();
    }

    /** The state of one call, shared by its threads. */
    private static final class Run implements Runnable {
        private final int pieces;
        private final IntConsumer work;
        private final Thread caller = Thread.currentThread();
        private final AtomicInteger next = new AtomicInteger();
        private final AtomicInteger left;
        private volatile Optional<Throwable> failure = Optional.empty();

        Run(int pieces, IntConsumer work) {
            this.pieces = pieces;
            this.work = work;
            this.left = new AtomicInteger(pieces);
        }

        @Override
        public void run() {
            for (int piece = next.getAndIncrement(); piece < pieces; piece = next.getAndIncrement()) {
                try {
                    if (failure.isEmpty()) {
                        work.accept(piece);
                    }
                } catch (RuntimeException | Error e) {
                    failure = Optional.of(e);
                }
                if (left.decrementAndGet() == 0) {
                    LockSupport.unpark(caller);
                }
            }
        }

        void await() {
            for (int spins = 0; left.get() > 0; spins++) {
                if (spins < SPINS) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.park(this);
                }
            }
            if (failure.isPresent()) {
                if (failure.get() instanceof Error error) {
                    throw error;
                }
                throw (RuntimeException) failure.get();
            }
        }
    }
}
