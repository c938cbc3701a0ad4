package org.anneal.train.data;

import java.nio.BufferOverflowException;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.anneal.torch.Device;
import org.anneal.torch.Torch;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Batches of a data set, assembled off the training thread: while one batch is used, the next ones are read into tensors that
 * are reused, so memory stays flat.
 *
 * <pre>{@code
 * try (DataLoader loader = new DataLoader(data.train(), 4).shuffled(0)) {
 *     for (int epoch = 1; epoch <= 2; epoch++) {
 *         loader.forEach(epoch, batch -> {
 *             optimizer.zeroGrad();
 *             torch.cross_entropy_loss(net.forward(batch.inputs()), batch.targets()).backward();
 *             optimizer.step();
 *         });
 *     }
 * }
 * }</pre>
 *
 * <p>A loader belongs to one thread.
 */
public final class DataLoader implements AutoCloseable {
    private static final int SLOTS = 4; // at least, with one worker
    private static final int SLOTS_PER_WORKER = 2;

    private final Dataset data;
    private final long[] shape;
    private final long[] targetShape; // empty for classes
    private final Optional<Normalize> normalization;
    private final int batchSize;
    private final List<Slot> slots = new ArrayList<>();
    private OptionalLong seed = OptionalLong.empty();
    private Device device = Device.CPU;
    private Optional<Augmentation> augmentation = Optional.empty();
    private final ThreadPoolExecutor readers =
            new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                Thread thread = new Thread(task, "anneal-data-loader");
                thread.setDaemon(true);
                return thread;
            });

    /**
     * Batches in the data's own order, on the CPU.
     *
     * @param batchSize samples of a batch, at least 1; the last batch may be smaller
     */
    public DataLoader(Dataset data, int batchSize) {
        if (batchSize < 1 || data.size() < 1) {
            throw new IllegalArgumentException(
                    "batch_size and the data's size must be at least 1, but were " + batchSize + " and " + data.size());
        }
        Torch.load();
        this.data = data;
        this.shape = data.shape();
        this.targetShape = data.targetShape();
        this.normalization = data.normalization();
        this.batchSize = Math.min(batchSize, data.size());
        makeSlots(SLOTS);
    }

    /** Makes slots until there are {@code count}. */
    private void makeSlots(int count) {
        while (slots.size() < count) {
            slots.add(new Slot());
        }
    }

    /** Shuffles each epoch; its order depends on {@code seed} and the epoch's number alone. */
    public DataLoader shuffled(long seed) {
        this.seed = OptionalLong.of(seed);
        return this;
    }

    /**
     * Changes each sample at random as it is read, before it is normalised. The random numbers depend on the seed of
     * {@link #shuffled} (0 without it), the epoch and the sample's index alone: an epoch that is resumed in its middle, and any
     * number of {@linkplain #workers workers}, give the same bits.
     *
     * @throws IllegalArgumentException if the augmentation does not suit the shape of the samples
     */
    public DataLoader augmented(Augmentation augmentation) {
        augmentation.check(shape.clone());
        this.augmentation = Optional.of(augmentation);
        return this;
    }

    /** Gives the batches as tensors on {@code device}. */
    public DataLoader on(Device device) {
        this.device = device;
        return this;
    }

    /**
     * Reads with several threads (default: 1), each at a batch of its own; PyTorch's {@code num_workers}. The batches, their order
     * and their bits do not depend on it. To be called before the first epoch.
     *
     * @param workers at least 1; each but the first two costs the memory of two batches
     */
    public DataLoader workers(int workers) {
        if (workers < 1) {
            throw new IllegalArgumentException("workers must be at least 1, but was " + workers);
        }
        makeSlots(SLOTS_PER_WORKER * workers);
        readers.setMaximumPoolSize(Math.max(workers, readers.getMaximumPoolSize()));
        readers.setCorePoolSize(workers);
        return this;
    }

    /**
     * Some samples.
     *
     * @param index of the batch in its epoch, from 0
     * @param inputs samples x the shape of one sample, float32
     * @param targets the class number of each sample, int64, or samples x the shape of one target, float32
     */
    public record Batch(int index, Tensor inputs, Tensor targets) {
        /** {@return how many samples there are} */
        public long size() {
            return targets.size(0);
        }
    }

    /** {@return how many batches an epoch has} */
    public int size() {
        return (data.size() + batchSize - 1) / batchSize;
    }

    /**
     * Passes every batch of an epoch to {@code use}. When that returns, the batch and all libtorch objects that it made are freed,
     * except those that it kept with {@code retainReference()}.
     */
    public void forEach(int epoch, Consumer<Batch> use) {
        forEachWhile(epoch, batch -> {
            use.accept(batch);
            return true;
        });
    }

    /** Does as {@link #forEach}, until {@code use} returns false. */
    public void forEachWhile(int epoch, Predicate<Batch> use) {
        forEachWhile(epoch, 0, use);
    }

    /**
     * Does as {@link #forEachWhile(int, Predicate)} with the batches from {@code first} on: what is left of an epoch.
     *
     * @param first index of the first batch, from 0 to {@link #size()}, where none is left
     */
    public void forEachWhile(int epoch, int first, Predicate<Batch> use) {
        if (first < 0 || first > size()) {
            throw new IllegalArgumentException("first must be from 0 to " + size() + ", but was " + first);
        }
        int[] order = order(epoch);
        IntStream.range(first, Math.min(first + slots.size(), size())).forEach(batch -> read(epoch, order, batch));
        for (int batch = first; batch < size(); batch++) {
            Slot slot = slots.get(batch % slots.size());
            await(slot.reading);
            try (PointerScope scope = new PointerScope()) {
                if (!use.test(new Batch(batch, slot.on(slot.inputs), slot.on(slot.targets)))) {
                    return;
                }
            }
            if (batch + slots.size() < size()) {
                read(epoch, order, batch + slots.size());
            }
        }
    }

    /** {@return the order of an epoch's samples: the data's own, or a Fisher-Yates shuffle} */
    private int[] order(int epoch) {
        int[] order = IntStream.range(0, data.size()).toArray();
        if (seed.isEmpty()) {
            return order;
        }
        SplittableRandom random = new SplittableRandom(new SplittableRandom(seed.getAsLong()).nextLong() + epoch);
        for (int i = order.length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
        return order;
    }

    /** {@return the random numbers of a sample's changes in an epoch} */
    private RandomGenerator random(int epoch, int index) {
        SplittableRandom ofSeed = new SplittableRandom(seed.orElse(0));
        ofSeed.nextLong(); // is the order's
        return new SplittableRandom(new SplittableRandom(ofSeed.nextLong() + epoch).nextLong() + index);
    }

    private void read(int epoch, int[] order, int batch) {
        Slot slot = slots.get(batch % slots.size());
        int first = batch * batchSize;
        int count = Math.min(batchSize, order.length - first);
        slot.size = count; // set here: a reader may still be at a batch of an epoch that was stopped
        int turn = slot.turn.incrementAndGet();
        slot.reading = readers.submit(() -> slot.fill(turn, epoch, order, first, count));
    }

    private static void await(Future<?> reading) {
        try {
            reading.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for a batch", e);
        }
    }

    @Override
    public void close() {
        readers.shutdownNow();
        boolean interrupted = false;
        // Despite interrupts: a reader may be writing into a tensor's memory.
        while (!readers.isTerminated()) {
            try {
                readers.awaitTermination(1, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        slots.forEach(Slot::close);
    }

    /** The memory of one batch. */
    private final class Slot {
        final Tensor inputs;
        final Tensor targets;
        private final FloatBuffer samples;
        private final FloatBuffer raw; // one sample, to augment
        private final IntConsumer putTarget;
        private final Runnable clearTargets;
        int size;
        final AtomicInteger turn = new AtomicInteger(); // of the latest reading into it
        Future<?> reading = CompletableFuture.completedFuture(true);

        Slot() {
            boolean classes = targetShape.length == 0;
            try (PointerScope scope = new PointerScope()) {
                inputs = torch.empty(batchOf(shape)).retainReference();
                targets = torch.empty(
                                batchOf(targetShape),
                                new TensorOptions(classes ? ScalarType.Long : ScalarType.Float),
                                new MemoryFormatOptional())
                        .retainReference();
            }
            samples = inputs.createBuffer();
            raw = FloatBuffer.allocate(samples.capacity() / batchSize);
            if (classes) {
                LongBuffer labels = targets.createBuffer();
                putTarget = index -> labels.put(data.label(index));
                clearTargets = labels::clear;
            } else {
                FloatBuffer values = targets.createBuffer();
                putTarget = index -> put("target", index, values, targetShape, data::readTarget);
                clearTargets = values::clear;
            }
        }

        /** Synchronized, and skipped if it is late, because an earlier reading may be of an epoch that was stopped. */
        synchronized void fill(int turn, int epoch, int[] order, int first, int count) {
            if (turn != this.turn.get()) {
                return;
            }
            samples.clear();
            clearTargets.run();
            for (int i = first; i < first + count; i++) {
                if (augmentation.isPresent()) {
                    raw.clear();
                    put("sample", order[i], raw, shape, data::readRaw);
                    augmentation.get().apply(raw.array(), shape, random(epoch, order[i]));
                    normalization.ifPresent(normalize -> normalize.apply(raw.array(), normalize.channels(shape)));
                    samples.limit(samples.capacity()).put(raw.array());
                } else {
                    put("sample", order[i], samples, shape, data::read);
                }
                putTarget.accept(order[i]);
            }
        }

        /** {@return the part of {@code tensor} that this batch fills, on the network's device} */
        Tensor on(Tensor tensor) {
            Tensor filled = size == batchSize ? tensor : tensor.narrow(0, 0, size);
            return device.isCpu() ? filled : filled.to(device.toTorch(), tensor.scalar_type());
        }

        void close() {
            inputs.close();
            targets.close();
        }
    }

    private long[] batchOf(long[] shape) {
        return LongStream.concat(LongStream.of(batchSize), LongStream.of(shape)).toArray();
    }

    private interface Reading {
        void read(int index, FloatBuffer into);
    }

    /** Has a sample or a target put into the buffer, which must be as many values as its shape says. */
    private static void put(String what, int index, FloatBuffer into, long[] shape, Reading read) {
        int values = Math.toIntExact(LongStream.of(shape).reduce(1, Math::multiplyExact));
        int start = into.position();
        into.limit(start + values);
        try {
            read.read(index, into);
        } catch (BufferOverflowException e) {
            throw new IllegalStateException(wrongSize(what, index, values, shape, "more"), e);
        }
        if (into.position() != start + values) {
            throw new IllegalStateException(
                    wrongSize(what, index, values, shape, Integer.toString(into.position() - start)));
        }
    }

    private static String wrongSize(String what, int index, int values, long[] shape, String put) {
        return "a data set must put " + values + " values per " + what + ", as its "
                + (what.equals("sample") ? "shape " : "target_shape ") + Arrays.toString(shape) + " says, but "
                + (what.equals("sample") ? "" : "the target of ") + "sample " + index + " put " + put;
    }
}
