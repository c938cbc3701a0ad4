package org.anneal.train;

import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.anneal.torch.Device;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Batches of a data set, assembled off the training thread: while one is trained on, the next ones are read into tensors
 * that are used over and over.
 */
final class Batches implements AutoCloseable {
    private static final int SLOTS = 4;

    private final Dataset data;
    private final int batchSize;
    private final Device device;
    private final List<Slot> slots;
    private final ExecutorService reader = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "anneal-batches");
        thread.setDaemon(true);
        return thread;
    });

    Batches(Dataset data, int batchSize, Device device) {
        this.data = data;
        this.batchSize = Math.min(batchSize, data.size());
        this.device = device;
        this.slots = Stream.generate(Slot::new).limit(SLOTS).toList();
    }

    /** What is done with a batch; the tensors are valid until it returns. */
    @FunctionalInterface
    interface Consumer {
        /**
         * Uses one batch and {@return whether to go on}
         *
         * @param inputs samples x the shape of one
         * @param targets samples, each the number of its class
         */
        boolean accept(Tensor inputs, Tensor targets);
    }

    /** {@return how many batches the data set makes, the last one perhaps smaller} */
    int count() {
        return (data.size() + batchSize - 1) / batchSize;
    }

    /** Gives the first {@code limit} batches of the samples in {@code order} to {@code consumer}, until it has enough. */
    void forEach(int[] order, int limit, Consumer consumer) {
        int batches = Math.min(limit, count());
        IntStream.range(0, Math.min(SLOTS, batches)).forEach(batch -> read(order, batch));
        for (int batch = 0; batch < batches; batch++) {
            Slot slot = slots.get(batch % SLOTS);
            await(slot.reading);
            try (PointerScope scope = new PointerScope()) {
                if (!consumer.accept(slot.on(slot.inputs), slot.on(slot.targets))) {
                    return;
                }
            }
            if (batch + SLOTS < batches) {
                read(order, batch + SLOTS);
            }
        }
    }

    private void read(int[] order, int batch) {
        Slot slot = slots.get(batch % SLOTS);
        int first = batch * batchSize;
        slot.size = Math.min(batchSize, order.length - first);
        slot.reading = reader.submit(() -> slot.fill(order, first, slot.size));
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
        reader.shutdownNow();
        try {
            // The reader may be writing into a tensor's memory.
            while (!reader.awaitTermination(1, TimeUnit.SECONDS)) {}
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        slots.forEach(Slot::close);
    }

    /** The memory of one batch. */
    private final class Slot {
        final Tensor inputs;
        final Tensor targets;
        private final FloatBuffer samples;
        private final LongBuffer labels;
        int size;
        Future<?> reading = CompletableFuture.completedFuture(true);

        Slot() {
            long[] shape = LongStream.concat(LongStream.of(batchSize), LongStream.of(data.shape()))
                    .toArray();
            try (PointerScope scope = new PointerScope()) {
                inputs = torch.empty(shape).retainReference();
                targets = torch.empty(
                                new long[] {batchSize}, new TensorOptions(ScalarType.Long), new MemoryFormatOptional())
                        .retainReference();
            }
            samples = inputs.createBuffer();
            labels = targets.createBuffer();
        }

        void fill(int[] order, int first, int count) {
            samples.clear();
            labels.clear();
            int sample = samples.capacity() / batchSize;
            for (int i = first; i < first + count; i++) {
                data.read(order[i], samples);
                labels.put(data.label(order[i]));
                if (samples.position() != (i - first + 1) * sample) {
                    throw new IllegalStateException(
                            "a data set must put " + sample + " values for a sample, as its shape "
                                    + Arrays.toString(data.shape()) + " says, but sample " + order[i] + " put "
                                    + (samples.position() - (i - first) * sample));
                }
            }
        }

        /** {@return the part of {@code tensor} that this batch fills, where the network is} */
        Tensor on(Tensor tensor) {
            Tensor filled = size == batchSize ? tensor : tensor.narrow(0, 0, size);
            return device.isCpu() ? filled : filled.to(device.toTorch(), tensor.scalar_type());
        }

        void close() {
            inputs.close();
            targets.close();
        }
    }
}
