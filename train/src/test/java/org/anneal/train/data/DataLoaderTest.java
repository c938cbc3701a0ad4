package org.anneal.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import org.anneal.torch.Torch;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class DataLoaderTest {
    @BeforeAll
    static void oneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    /** Samples that say their own number: their label. */
    private static final Samples NUMBERED = Samples.of(1000).labelled(i -> i);

    @Test
    void keepsTheDatasOrderWithoutASeed() {
        try (DataLoader loader = new DataLoader(NUMBERED, 7)) {
            assertEquals(IntStream.range(0, 1000).boxed().toList(), labels(loader, 1));
            assertEquals(IntStream.range(0, 1000).boxed().toList(), labels(loader, 2));
        }
    }

    @Test
    void shufflesBySeedAndEpochAlone() {
        try (DataLoader loader = new DataLoader(NUMBERED, 7).shuffled(42);
                DataLoader other = new DataLoader(NUMBERED, 32).shuffled(42);
                DataLoader otherSeed = new DataLoader(NUMBERED, 7).shuffled(43)) {
            List<Integer> first = labels(loader, 1);
            List<Integer> second = labels(loader, 2);
            assertNotEquals(first, second);
            assertNotEquals(IntStream.range(0, 1000).boxed().toList(), first);
            assertEquals(
                    IntStream.range(0, 1000).boxed().toList(),
                    first.stream().sorted().toList());
            assertEquals(second, labels(other, 2), "whatever the batch size, and whatever epochs went before");
            assertEquals(first, labels(loader, 1));
            assertNotEquals(first, labels(otherSeed, 1));
            assertNotEquals(second, labels(otherSeed, 1), "the next seed is not the next epoch");
        }
    }

    @Test
    void everySampleMayComeAnywhere() {
        int[] places = new int[4];
        for (int seed = 0; seed < 400; seed++) {
            try (DataLoader loader = new DataLoader(Samples.of(4).labelled(i -> i), 4).shuffled(seed)) {
                places[labels(loader, 1).indexOf(0)]++;
            }
        }
        // 100 are expected at each place, with a standard deviation of 8.7.
        for (int count : places) {
            assertTrue(count > 60 && count < 140, () -> Arrays.toString(places));
        }
    }

    @Test
    void givesTheSamplesInBatchesOfWhichTheLastMayBeSmaller() {
        try (DataLoader loader = new DataLoader(NUMBERED, 300).shuffled(5)) {
            assertEquals(4, loader.size());
            List<Long> sizes = new ArrayList<>();
            loader.forEach(1, batch -> {
                assertEquals(sizes.size(), batch.index());
                sizes.add(batch.size());
                assertArrayEquals(
                        new long[] {batch.size(), 1, 2, 4}, batch.inputs().shape());
                assertArrayEquals(new long[] {batch.size()}, batch.targets().shape());
                float[] inputs = floats(batch.inputs());
                int[] targets = ints(batch.targets());
                for (int i = 0; i < targets.length; i++) {
                    assertArrayEquals(NUMBERED.sample(targets[i]), Arrays.copyOfRange(inputs, i * 8, (i + 1) * 8));
                }
            });
            assertEquals(List.of(300L, 300L, 300L, 100L), sizes);
        }
    }

    @Test
    void countsItsBatches() {
        for (int[] expected : new int[][] {{1, 1000}, {7, 143}, {999, 2}, {1000, 1}, {Integer.MAX_VALUE, 1}}) {
            try (DataLoader loader = new DataLoader(NUMBERED, expected[0])) {
                assertEquals(expected[1], loader.size());
                assertEquals(1000, labels(loader, 1).size());
            }
        }
    }

    @Test
    void goesOnWithAnotherEpochAfterOneThatWasStopped() {
        try (DataLoader loader = new DataLoader(NUMBERED, 300).shuffled(1);
                DataLoader untouched = new DataLoader(NUMBERED, 300).shuffled(1)) {
            for (int last = 0; last < 4; last++) {
                int stopAt = last;
                List<Integer> seen = new ArrayList<>();
                loader.forEachWhile(7, batch -> {
                    seen.add(batch.index());
                    return batch.index() < stopAt;
                });
                assertEquals(IntStream.rangeClosed(0, last).boxed().toList(), seen);
                assertEquals(labels(untouched, 2), labels(loader, 2));
            }
            assertThrows(
                    ArithmeticException.class,
                    () -> loader.forEach(3, batch -> {
                        throw new ArithmeticException("the user's own");
                    }));
            assertEquals(labels(untouched, 3), labels(loader, 3));
        }
    }

    @Test
    void startsAnEpochAtAnyBatch() {
        try (DataLoader loader = new DataLoader(NUMBERED, 90).shuffled(1)) {
            List<Integer> whole = labels(loader, 3);
            assertEquals(12, loader.size());
            for (int first : new int[] {11, 12, 5, 0, 1}) {
                List<Integer> rest = new ArrayList<>();
                loader.forEachWhile(3, first, batch -> {
                    assertEquals(first + rest.size() / 90, batch.index());
                    Arrays.stream(ints(batch.targets())).forEach(rest::add);
                    return true;
                });
                assertEquals(whole.subList(Math.min(1000, 90 * first), 1000), rest);
            }
            assertThrows(IllegalArgumentException.class, () -> loader.forEachWhile(3, 13, batch -> true));
            assertThrows(IllegalArgumentException.class, () -> loader.forEachWhile(3, -1, batch -> true));
        }
    }

    @Test
    void freesWhatABatchMade() {
        List<Tensor> made = new ArrayList<>();
        try (DataLoader loader = new DataLoader(NUMBERED, 500)) {
            loader.forEach(
                    1,
                    batch -> made.add(
                            batch.index() == 0
                                    ? batch.inputs().clone()
                                    : batch.inputs().clone().retainReference()));
        }
        assertTrue(made.get(0).isNull());
        assertFalse(made.get(1).isNull());
        assertEquals(4000, made.get(1).numel());
        made.get(1).releaseReference();
    }

    @Test
    void throwsWhatADataSetThrowsOnTheTrainingThread() {
        Dataset broken = reading((index, into) -> {
            if (index == 20) {
                throw new IllegalStateException("sample 20 is gone");
            }
            into.put(NUMBERED.sample(index));
        });
        try (DataLoader loader = new DataLoader(broken, 4)) {
            List<Integer> seen = new ArrayList<>();
            IllegalStateException thrown = assertThrows(
                    IllegalStateException.class, () -> loader.forEach(1, batch -> seen.add(batch.index())));
            assertEquals("sample 20 is gone", thrown.getMessage());
            assertEquals(List.of(0, 1, 2, 3, 4), seen, "the batches before it are whole");
        }
    }

    @Test
    void saysWhenADataSetPutsTooFewOrTooManyValues() {
        for (int count : new int[] {0, 7, 9}) {
            for (int batchSize : new int[] {1, 3}) {
                try (DataLoader loader =
                        new DataLoader(reading((index, into) -> into.put(new float[count])), batchSize)) {
                    assertEquals(
                            "a data set must put 8 values per sample, as its shape [1, 2, 4] says, but sample 0 put "
                                    + (count > 8 ? "more" : count),
                            assertThrows(IllegalStateException.class, () -> loader.forEach(1, batch -> {}))
                                    .getMessage());
                }
            }
        }
    }

    @Test
    void refusesAnEmptyBatchAndEmptyData() {
        for (int batchSize : new int[] {0, -1}) {
            assertEquals(
                    "batch_size and the data's size must be at least 1, but were " + batchSize + " and 1000",
                    assertThrows(IllegalArgumentException.class, () -> new DataLoader(NUMBERED, batchSize))
                            .getMessage());
        }
        assertEquals(
                "batch_size and the data's size must be at least 1, but were 4 and 0",
                assertThrows(IllegalArgumentException.class, () -> new DataLoader(Samples.of(0), 4))
                        .getMessage());
    }

    @Test
    void closesOnlyWhenNothingIsReadAnyMore() throws InterruptedException {
        for (boolean interrupted : new boolean[] {false, true}) {
            CountDownLatch reading = new CountDownLatch(1);
            AtomicBoolean read = new AtomicBoolean();
            Dataset slow = reading((index, into) -> {
                if (index == 1) {
                    reading.countDown();
                    // Like a read from a slow disk, this one does not heed an interrupt.
                    long end = System.nanoTime() + 200_000_000;
                    while (System.nanoTime() < end) {
                        Thread.onSpinWait();
                    }
                    into.put(NUMBERED.sample(index));
                    read.set(true);
                } else {
                    into.put(NUMBERED.sample(index));
                }
            });
            DataLoader loader = new DataLoader(slow, 1);
            loader.forEachWhile(1, batch -> false);
            reading.await();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            loader.close();
            assertTrue(read.get(), "its memory must not be freed under it");
            assertEquals(interrupted, Thread.interrupted());
        }
    }

    @Test
    void closingInterruptsAReadThatWaits() {
        CountDownLatch reading = new CountDownLatch(1);
        DataLoader loader = new DataLoader(
                reading((index, into) -> {
                    into.put(NUMBERED.sample(index));
                    if (index == 1) {
                        reading.countDown();
                        try {
                            new CountDownLatch(1).await();
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                    }
                }),
                1);
        assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
            loader.forEachWhile(1, batch -> false);
            reading.await();
            loader.close();
        });
    }

    @Test
    void givesValuesAsTargetsIfTheDataHasThem() {
        Dataset data = Dataset.of(5, new long[] {1, 2}, new long[] {3}, i -> new float[] {i, -i}, i ->
                new float[] {10 * i, 10 * i + 1, 10 * i + 2});
        try (DataLoader loader = new DataLoader(data, 2)) {
            List<Float> targets = new ArrayList<>();
            loader.forEach(1, batch -> {
                assertEquals(ScalarType.Float, batch.targets().scalar_type().intern());
                assertArrayEquals(
                        new long[] {batch.index() == 2 ? 1 : 2, 3},
                        batch.targets().shape());
                assertEquals(batch.inputs().size(0), batch.size());
                for (float value : floats(batch.targets())) {
                    targets.add(value);
                }
            });
            assertEquals(List.of(0f, 1f, 2f, 10f, 11f, 12f, 20f, 21f, 22f, 30f, 31f, 32f, 40f, 41f, 42f), targets);
        }
        assertThrows(UnsupportedOperationException.class, () -> data.label(0));
        assertThrows(UnsupportedOperationException.class, () -> NUMBERED.readTarget(0, FloatBuffer.allocate(1)));
    }

    @Test
    void saysWhenADataSetPutsTooFewOrTooManyValuesIntoATarget() {
        for (int count : new int[] {1, 3}) {
            Dataset data =
                    Dataset.of(4, new long[] {1}, new long[] {2}, i -> new float[1], i -> new float[i < 3 ? 2 : count]);
            try (DataLoader loader = new DataLoader(data, 2)) {
                assertEquals(
                        "a data set must put 2 values per target, as its target_shape [2] says, but the target of sample 3"
                                + " put " + (count > 2 ? "more" : count),
                        assertThrows(IllegalStateException.class, () -> loader.forEach(1, batch -> {}))
                                .getMessage());
            }
        }
    }

    @Test
    void givesTheSameBatchesWhateverTheNumberOfWorkers() {
        Dataset uneven = reading((index, into) -> {
            if (index % 3 == 0) {
                LockSupport.parkNanos(100_000L * (index % 7)); // so that batches are ready out of order
            }
            into.put(NUMBERED.sample(index));
        });
        try (DataLoader one = new DataLoader(uneven, 7).shuffled(3)) {
            List<Integer> labels = labels(one, 2);
            List<Float> inputs = inputs(one, 2);
            for (int workers : new int[] {1, 2, 5, 200}) {
                try (DataLoader several = new DataLoader(uneven, 7).shuffled(3).workers(workers)) {
                    several.forEachWhile(1, batch -> batch.index() < 2); // leaves readings behind
                    assertEquals(labels, labels(several, 2));
                    assertEquals(inputs, inputs(several, 2));
                }
            }
        }
    }

    @Test
    void readsWithAllItsWorkersAtOnce() throws InterruptedException {
        CountDownLatch atOnce = new CountDownLatch(3);
        Dataset waiting = reading((index, into) -> {
            atOnce.countDown();
            try {
                assertTrue(atOnce.await(20, TimeUnit.SECONDS), "three readers must be here together");
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            into.put(NUMBERED.sample(index));
        });
        try (DataLoader loader = new DataLoader(waiting, 1).workers(3)) {
            loader.forEachWhile(1, batch -> false);
        }
        assertEquals(0, atOnce.getCount());
        try (DataLoader loader = new DataLoader(NUMBERED, 1)) {
            assertEquals(
                    "workers must be at least 1, but was 0",
                    assertThrows(IllegalArgumentException.class, () -> loader.workers(0))
                            .getMessage());
        }
    }

    private static List<Float> inputs(DataLoader loader, int epoch) {
        List<Float> inputs = new ArrayList<>();
        loader.forEach(epoch, batch -> {
            for (float value : floats(batch.inputs())) {
                inputs.add(value);
            }
        });
        return inputs;
    }

    private static Dataset reading(BiConsumer<Integer, FloatBuffer> read) {
        return new Dataset() {
            @Override
            public int size() {
                return NUMBERED.size();
            }

            @Override
            public long[] shape() {
                return NUMBERED.shape();
            }

            @Override
            public List<String> classes() {
                return NUMBERED.classes();
            }

            @Override
            public int label(int index) {
                return index;
            }

            @Override
            public void read(int index, FloatBuffer into) {
                read.accept(index, into);
            }
        };
    }

    private static List<Integer> labels(DataLoader loader, int epoch) {
        List<Integer> labels = new ArrayList<>();
        loader.forEach(
                epoch, batch -> Arrays.stream(ints(batch.targets())).boxed().forEach(labels::add));
        return labels;
    }

    private static float[] floats(Tensor tensor) {
        float[] values = new float[(int) tensor.numel()];
        tensor.<FloatBuffer>createBuffer().get(values);
        return values;
    }

    private static int[] ints(Tensor tensor) {
        long[] values = new long[(int) tensor.numel()];
        tensor.<java.nio.LongBuffer>createBuffer().get(values);
        return Arrays.stream(values).mapToInt(Math::toIntExact).toArray();
    }
}
