package org.anneal.checkpoint;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.anneal.text.Python;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Changes real files at random, 170,000 times from fixed seeds: each is either read, data and all, or refused with one line,
 * in little time and memory.
 */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD) // for what does not end
class FuzzTest {
    private static final int MUTATIONS = 100_000;
    private static final String PICKLE = "archive/data.pkl";
    private static final double SMALLEST_SHARE = 0.02; // of files that are read, and of those that are refused
    private static final long MOST_ALLOCATED = 4 << 20; // bytes to open a file of at most 10 KB and to read all of it

    @TempDir
    private Path folder = Path.of("");

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private int accepted;
    private int refused;
    private long mostAllocated;

    /** A file of each kind. */
    @FunctionalInterface
    private interface Opening {
        void open(Path file) throws IOException;
    }

    private static List<byte[]> goldens(String end) throws IOException {
        List<byte[]> files = new ArrayList<>();
        for (String name : Golden.names(end)) {
            if (!name.startsWith("batches")) { // the largest, and the dullest
                files.add(Files.readAllBytes(Golden.folder().resolve(name)));
            }
        }
        return files;
    }

    @Test
    void readsOrRefusesAnyChangedFile() throws IOException {
        List<byte[]> files = goldens(".pt");
        run(
                files,
                MUTATIONS / 2,
                random -> mutate(random, pick(random, files), pick(random, files)),
                FuzzTest::openTorch);
    }

    /** The checksum of the pickle is made right, so that it is the pickle's reader that has to see what is wrong. */
    @Test
    void readsOrRefusesAnyChangedPickle() throws IOException {
        List<byte[]> files = goldens(".pt").stream()
                .filter(file -> file[0] == 'P')
                .filter(file -> TestZip.isStored(file, PICKLE))
                .toList();
        run(
                files,
                MUTATIONS / 2,
                random -> {
                    byte[] file = pick(random, files).clone();
                    TestZip.Place pickle = TestZip.find(file, PICKLE);
                    mutatePickle(random, file, pickle.start(), pickle.size());
                    TestZip.repair(file, PICKLE);
                    return file;
                },
                FuzzTest::openTorch);
    }

    /** Before PyTorch 1.6 there were no checksums, and storages are where the pickles before them end. */
    @Test
    void readsOrRefusesAnyChangedLegacyFile() throws IOException {
        List<byte[]> files =
                goldens(".pt").stream().filter(file -> file[0] != 'P').toList();
        run(
                files,
                MUTATIONS / 2,
                random -> {
                    byte[] file = pick(random, files).clone();
                    mutatePickle(random, file, 0, file.length);
                    return file;
                },
                FuzzTest::openTorch);
    }

    @Test
    void readsOrRefusesAnyChangedSafetensors() throws IOException {
        List<byte[]> files = goldens(".safetensors");
        run(
                files,
                MUTATIONS / 5,
                random -> mutate(random, pick(random, files), pick(random, files)),
                FuzzTest::openSafetensors);
    }

    @FunctionalInterface
    private interface Mutation {
        byte[] of(Random random);
    }

    private void run(List<byte[]> files, int count, Mutation mutation, Opening opening) throws IOException {
        Path file = folder.resolve("fuzzed");
        for (byte[] original : files) { // so that classes are loaded
            Files.write(file, original);
            opening.open(file);
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            for (int seed = 0; seed < count; seed++) {
                ByteBuffer changed = ByteBuffer.wrap(mutation.of(new Random(seed)));
                channel.write(changed, 0);
                channel.truncate(changed.limit());
                try {
                    open(file, opening);
                } catch (RuntimeException | Error e) {
                    fail("seed " + seed, e);
                }
            }
        }
        String outcome =
                accepted + " read, " + refused + " refused, at most " + mostAllocated + " bytes allocated for one";
        System.out.println("fuzz: " + outcome);
        assertTrue(Math.min(accepted, refused) > SMALLEST_SHARE * count, outcome);
    }

    private void open(Path file, Opening opening) {
        long before = threads.getCurrentThreadAllocatedBytes();
        try {
            opening.open(file);
            accepted++;
        } catch (IOException | UncheckedIOException e) {
            refused++;
            String message = String.valueOf(e.getMessage());
            if (!message.startsWith("cannot read " + file + ": ")
                    || message.lines().count() != 1
                    || message.length() > 400) {
                fail("not a clear line: " + message, e);
            }
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        mostAllocated = Math.max(mostAllocated, allocated);
        if (allocated > MOST_ALLOCATED) {
            fail(allocated + " bytes allocated");
        }
    }

    private static void openTorch(Path path) throws IOException {
        try (TorchFile file = TorchFile.open(path)) {
            use(file.root());
            file.verify();
        }
    }

    private static void openSafetensors(Path path) throws IOException {
        try (Safetensors file = Safetensors.open(path)) {
            file.tensors().values().forEach(FuzzTest::use);
        }
    }

    /** Reads tensors that are not expanded to immense ones, prints the others. */
    private static void use(Object value) {
        if (value instanceof TensorData tensor) {
            if (tensor.count() < 1 << 16) {
                tensor.forEachChunk(ByteBuffer::remaining);
            }
        } else if (value instanceof Map<?, ?> map) {
            map.forEach((key, entry) -> use(entry));
        } else if (value instanceof List<?> list) {
            list.forEach(FuzzTest::use);
        } else if (value instanceof Python.Tuple tuple) {
            tuple.items().forEach(FuzzTest::use);
        }
    }

    private static byte[] pick(Random random, List<byte[]> files) {
        return files.get(random.nextInt(files.size()));
    }

    private static byte[] mutate(Random random, byte[] original, byte[] other) {
        byte[] bytes = original.clone();
        int changes = 1 + random.nextInt(3);
        for (int i = 0; i < changes && bytes.length > 8; i++) {
            int at = random.nextInt(bytes.length);
            int length = 1 + random.nextInt(Math.min(32, bytes.length - at));
            switch (random.nextInt(8)) {
                case 0, 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 2 -> bytes[at] = (byte) random.nextInt(256);
                case 3 -> bytes = Arrays.copyOf(bytes, at);
                case 4 -> bytes = join(bytes, at, new byte[length], at); // insert
                case 5 -> bytes = join(bytes, at, new byte[0], at + length); // remove
                case 6 -> { // splice
                    int from = random.nextInt(other.length);
                    bytes = join(
                            bytes,
                            at,
                            Arrays.copyOfRange(other, from, Math.min(from + 256, other.length)),
                            at + length);
                }
                default -> { // a length of something: too small, too large, or below 0
                    int[] lengths = {0, 1, -1, Integer.MAX_VALUE, Integer.MIN_VALUE, 0xffff, 1 << 24};
                    int number = lengths[random.nextInt(lengths.length)];
                    for (int k = 0; k < 4 && at + k < bytes.length; k++) {
                        bytes[at + k] = (byte) (number >> (8 * k));
                    }
                }
            }
        }
        return bytes;
    }

    private static byte[] join(byte[] bytes, int end, byte[] between, int from) {
        byte[] joined = new byte[end + between.length + bytes.length - from];
        System.arraycopy(bytes, 0, joined, 0, end);
        System.arraycopy(between, 0, joined, end, between.length);
        System.arraycopy(bytes, from, joined, end + between.length, bytes.length - from);
        return joined;
    }

    /** Changes the pickle within its length, often to another operation or to a piece of itself. */
    private static void mutatePickle(Random random, byte[] bytes, int start, int size) {
        byte[] operations = TestZip.pickle(
                "()]}.0122NRQKMJGXacdebhqrstujlt\\x80\\x81\\x85\\x86\\x87\\x88\\x8a\\x8b\\x8c\\x8d\\x8e\\x8f"
                        + "\\x90\\x91\\x93\\x94\\x95\\x96\\x89ILFSTUVpgP");
        for (int i : IntStream.rangeClosed(0, random.nextInt(4)).toArray()) {
            int at = start + random.nextInt(size);
            switch ((random.nextInt(5) + i) % 5) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt(256);
                case 2, 3 -> bytes[at] = operations[random.nextInt(operations.length)];
                default -> {
                    int from = start + random.nextInt(size);
                    int length = Math.min(1 + random.nextInt(40), start + size - Math.max(at, from));
                    System.arraycopy(bytes, from, bytes, at, length);
                }
            }
        }
    }
}
