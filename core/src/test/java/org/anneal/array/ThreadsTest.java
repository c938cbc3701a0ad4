package org.anneal.array;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.Stream;
import org.anneal.optim.Optimizer;
import org.anneal.optim.UpdateRule;
import org.anneal.text.Kind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Several threads do what one does. */
class ThreadsTest {
    private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();
    private static final long MANY = 1L << 30; // elements, so that threads are worth it

    @AfterEach
    void useAllProcessors() {
        FloatArrays.setThreads(PROCESSORS);
    }

    static Stream<String> rules() {
        return Stream.concat(
                UpdateRule.kinds().stream()
                        .map(Kind::type)
                        .map(rule -> rule.getSimpleName() + "()")
                        .filter(rule -> !UpdateRule.parse(rule).needsClosure()),
                Stream.of(
                        "SGD(lr=0.1, momentum=0.9, nesterov=True)",
                        "SGD(lr=0.1, momentum=0.9)",
                        "Adam(amsgrad=True)",
                        "RMSprop(momentum=0.9)",
                        "RMSprop(centered=True)",
                        "RMSprop(momentum=0.9, centered=True)"));
    }

    @ParameterizedTest
    @MethodSource("rules")
    void giveTheSameBitsHoweverManyThereAre(String rule) {
        Map<Integer, List<float[]>> results = new HashMap<>();
        for (int threads : new int[] {1, 2, 3, 8}) {
            FloatArrays.setThreads(threads);
            results.put(threads, train(rule));
        }
        for (int threads : new int[] {2, 3, 8}) {
            for (int p = 0; p < 5; p++) {
                assertArrayEquals(
                        results.getOrDefault(1, List.of()).get(p),
                        results.getOrDefault(threads, List.of()).get(p),
                        threads + " threads");
            }
        }
    }

    /** Three steps of matrices, long and wide, small and empty, in all more than the least that is worth threads. */
    private static List<float[]> train(String rule) {
        Random random = new Random(20261122);
        List<FloatArray> params = new ArrayList<>();
        for (long[] shape : new long[][] {{330, 301}, {3, 7}, {0, 5}, {20_001, 4}, {40, 1000}}) {
            float[] values = new float[(int) (shape[0] * shape[1])];
            fill(values, random);
            params.add(new FloatArray(values, List.of(shape[0], shape[1])));
        }
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(UpdateRule.parse(rule), params);
        for (int step = 0; step < 3; step++) {
            for (FloatArray param : params) {
                float[] grad = new float[param.values().length];
                fill(grad, random);
                param.setGrad(grad);
            }
            optimizer.step();
        }
        for (FloatArray param : params) {
            for (float value : param.values()) {
                assertTrue(Float.isFinite(value));
            }
        }
        return params.stream().map(FloatArray::values).toList();
    }

    private static void fill(float[] values, Random random) {
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
    }

    @Test
    void visitEveryElementOnce() {
        for (int threads : new int[] {1, 2, 3, 8}) {
            FloatArrays.setThreads(threads);
            List<FloatArray> arrays = new ArrayList<>();
            for (int length : new int[] {0, 1, 100_000, 0, 32_768, 7, 65_537, 0}) {
                arrays.add(new FloatArray(new float[length]));
            }
            Threads.overElements(arrays, (array, from, to) -> {
                for (int i = from; i < to; i++) {
                    arrays.get(array).values()[i]++;
                }
            });
            for (FloatArray array : arrays) {
                for (float value : array.values()) {
                    assertEquals(1, value);
                }
            }
        }
    }

    @Test
    void runAtOnce() {
        FloatArrays.setThreads(3);
        CountDownLatch together = new CountDownLatch(3);
        Set<Thread> seen = ConcurrentHashMap.newKeySet();
        Threads.overPieces(3, MANY, piece -> {
            seen.add(Thread.currentThread());
            together.countDown();
            await(together);
        });
        assertEquals(3, seen.size());
        assertTrue(seen.contains(Thread.currentThread()));
        assertTrue(seen.stream().allMatch(thread -> thread == Thread.currentThread() || thread.isDaemon()));
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void leaveSmallWorkToTheCaller() {
        FloatArrays.setThreads(8);
        Set<Thread> seen = ConcurrentHashMap.newKeySet();
        Threads.overPieces(100, 1000, piece -> seen.add(Thread.currentThread()));
        assertEquals(Set.of(Thread.currentThread()), seen);
    }

    @Test
    void handOnWhatAPieceThrowsOnceAllAreDone() {
        for (int threads : new int[] {1, 3}) {
            FloatArrays.setThreads(threads);
            AtomicIntegerArray running = new AtomicIntegerArray(1);
            IllegalStateException thrown = new IllegalStateException("piece 5");
            IllegalStateException caught = assertThrows(
                    IllegalStateException.class,
                    () -> Threads.overPieces(64, MANY, piece -> {
                        running.incrementAndGet(0);
                        try {
                            if (piece == 5) {
                                throw thrown;
                            }
                        } finally {
                            running.decrementAndGet(0);
                        }
                    }));
            assertSame(thrown, caught);
            assertEquals(0, running.get(0));
            OutOfMemoryError error = new OutOfMemoryError("not really");
            assertSame(
                    error,
                    assertThrows(
                            OutOfMemoryError.class,
                            () -> Threads.overPieces(64, MANY, piece -> {
                                throw error;
                            })));
        }
    }

    @Test
    void serveSeveralOptimizersAtOnce() throws InterruptedException {
        FloatArrays.setThreads(2);
        List<float[]> alone = train("Adam()");
        List<List<float[]>> results = new ArrayList<>();
        List<Thread> callers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Thread caller = new Thread(() -> {
                List<float[]> result = train("Adam()");
                synchronized (results) {
                    results.add(result);
                }
            });
            callers.add(caller);
            caller.start();
        }
        for (Thread caller : callers) {
            caller.join();
        }
        assertEquals(4, results.size());
        for (List<float[]> result : results) {
            for (int p = 0; p < alone.size(); p++) {
                assertArrayEquals(alone.get(p), result.get(p));
            }
        }
    }

    @Test
    void areAtLeastOne() {
        assertEquals(
                "threads must be at least 1, but was 0",
                assertThrows(IllegalArgumentException.class, () -> FloatArrays.setThreads(0))
                        .getMessage());
        assertEquals(PROCESSORS, Threads.count());
    }
}
