package org.anneal.train.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class DataSetsTest {
    private static final int GREY = 28 * 28;
    private static final int COLOUR = 3 * 32 * 32;

    @TempDir
    Path folder;

    @Test
    void theEmbeddedSubsetIsBalancedAndAsMade() throws IOException {
        DataSets data = FashionMnist.embedded();
        assertEquals(10_000, data.train().size());
        assertEquals(2_000, data.validation().size());
        assertArrayEquals(new long[] {1, 28, 28}, data.train().shape());
        assertArrayEquals(filled(1000), labelCounts(data.train()));
        assertArrayEquals(filled(200), labelCounts(data.validation()));
        // From make_subset.py's output, by Python's zlib.crc32 over all pixels.
        assertEquals(2_405_960_814L, checksum(data.train()));
        assertEquals(1_488_830_692L, checksum(data.validation()));
        assertArrayEquals(
                new int[] {9, 0, 0, 3, 0, 2, 7, 2, 5, 5},
                IntStream.range(0, 10).map(data.train()::label).toArray());
        assertEquals("Ankle boot", data.train().classes().get(data.train().label(0)));
    }

    @Test
    void namesTheDependencyThatHasTheSampleImagesIfItIsMissing() throws IOException, ReflectiveOperationException {
        URL train = FashionMnist.class.getProtectionDomain().getCodeSource().getLocation();
        try (URLClassLoader alone = new URLClassLoader(new URL[] {train}, ClassLoader.getPlatformClassLoader())) {
            Method embedded = alone.loadClass(FashionMnist.class.getName()).getMethod("embedded");
            Throwable thrown = assertThrows(InvocationTargetException.class, () -> embedded.invoke(null))
                    .getCause();
            assertInstanceOf(FileNotFoundException.class, thrown);
            assertEquals(
                    "the sample images are not on the class path: add the dependency org.anneal:anneal-samples",
                    thrown.getMessage());
        }
    }

    @Test
    void theInstalledFilesAreWholeAndTheSubsetIsOfThem() throws IOException {
        assumeTrue(
                Files.isDirectory(Path.of("/usr/share/datasets/fashion-mnist")),
                "skipped: Debian's package dataset-fashion-mnist is not installed");
        DataSets all = FashionMnist.installed();
        assertArrayEquals(filled(6000), labelCounts(all.train()));
        assertArrayEquals(filled(1000), labelCounts(all.validation()));
        assertArrayEquals(sample(all.train(), 0), sample(FashionMnist.embedded().train(), 0));
    }

    @Test
    void readsTheRealCifarImages() throws IOException {
        Path cifar = Path.of("../../shared/data/cifar10");
        assumeTrue(Files.isDirectory(cifar), "skipped: no real CIFAR-10 in " + cifar.toAbsolutePath());
        DataSets data = DataSets.read(cifar);
        assertArrayEquals(new long[] {3, 32, 32}, data.train().shape());
        assertArrayEquals(filled(1000), labelCounts(data.train()));
        assertArrayEquals(filled(200), labelCounts(data.validation()));
    }

    @Test
    void normalisesEveryByteAsTorchvisionDoes() throws IOException {
        byte[] pixels = new byte[GREY];
        for (int i = 0; i < GREY; i++) {
            pixels[i] = (byte) i;
        }
        writeFashion(pixels, new byte[] {7}, false);
        float[] values = sample(DataSets.read(folder).train(), 0);
        assertEquals(-1f, values[0]);
        assertEquals(1f, values[255]);
        // zlib.crc32 over the big-endian floats that torch 2.13.0 gives for the bytes 0 to 255 by the operations of
        // torchvision's ToTensor and Normalize((0.5,), (0.5,)): x.to(torch.float32).div(255).sub_(0.5).div_(0.5).
        CRC32 sum = new CRC32();
        for (int i = 0; i < 256; i++) {
            sum.update(ByteBuffer.allocate(4).putFloat(0, values[i]));
        }
        assertEquals(2_379_307_092L, sum.getValue());
    }

    @Test
    void readsPlainAndGzippedFilesIntoABufferAtItsPosition() throws IOException {
        byte[] pixels = new byte[2 * GREY];
        Arrays.fill(pixels, GREY, 2 * GREY, (byte) 255);
        for (boolean gzipped : new boolean[] {true, false}) {
            writeFashion(pixels, new byte[] {3, 9}, gzipped);
            Dataset train = FashionMnist.read(folder).train();
            FloatBuffer into = FloatBuffer.allocate(1 + 2 * GREY).position(1);
            train.read(1, into);
            train.read(0, into);
            assertEquals(1 + 2 * GREY, into.position());
            assertEquals(1f, into.get(1));
            assertEquals(-1f, into.get(2 * GREY));
            assertEquals(9, train.label(1));
            assertThrows(BufferOverflowException.class, () -> train.read(0, into));
            assertThrows(IndexOutOfBoundsException.class, () -> train.read(2, into));
            assertThrows(IndexOutOfBoundsException.class, () -> train.label(-1));
        }
    }

    @Test
    void readsTheOfficialCifarBatchesInTheirOrder() throws IOException {
        for (int batch = 1; batch <= 5; batch++) {
            byte[] twice = Arrays.copyOf(record(batch, batch), 2 * (1 + COLOUR));
            System.arraycopy(record(0, 255), 0, twice, 1 + COLOUR, 1 + COLOUR);
            write("data_batch_" + batch + ".bin", twice, batch == 3);
        }
        write("test_batch.bin", record(9, 128), false);
        DataSets data = DataSets.read(folder);
        assertEquals(10, data.train().size());
        assertArrayEquals(
                new int[] {1, 0, 2, 0, 3, 0, 4, 0, 5, 0},
                IntStream.range(0, 10).map(data.train()::label).toArray());
        assertEquals(1f, sample(data.train(), 9)[COLOUR - 1]);
        assertEquals("truck", data.validation().classes().get(data.validation().label(0)));
    }

    @Test
    void saysWhatItLookedForInAFolderWithoutData() {
        assertMessage(
                "no known data in " + folder
                        + ": looked for train-images-idx3-ubyte (Fashion-MNIST), data_batch_1.bin and train.bin (CIFAR-10),"
                        + " each plain or with .gz",
                () -> DataSets.read(folder));
        assertMessage("no folder " + folder.resolve("no"), () -> DataSets.read(folder.resolve("no")));
    }

    @Test
    void namesAMissingFile() throws IOException {
        writeFashion(new byte[GREY], new byte[] {1}, true);
        Path missing = folder.resolve("t10k-labels-idx1-ubyte");
        Files.delete(folder.resolve("t10k-labels-idx1-ubyte.gz"));
        assertMessage("no file " + missing + " or t10k-labels-idx1-ubyte.gz", () -> DataSets.read(folder));
    }

    @Test
    void refusesDamagedGzipFiles() throws IOException {
        writeFashion(new byte[GREY], new byte[] {1}, true);
        Path labels = folder.resolve("train-labels-idx1-ubyte.gz");
        byte[] whole = Files.readAllBytes(labels);
        Files.write(labels, Arrays.copyOf(whole, whole.length - 10));
        assertMessage(labels + ": is cut off: the gzip stream has no end", () -> DataSets.read(folder));
        Files.write(labels, new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
        assertMessage(labels + ": is not a valid gzip file (Not in GZIP format)", () -> DataSets.read(folder));
        Files.write(labels, new byte[0]);
        assertMessage(labels + ": is cut off: the gzip stream has no end", () -> DataSets.read(folder));
    }

    @Test
    void refusesDamagedIdxFiles() throws IOException {
        Path images = folder.resolve("train-images-idx3-ubyte");
        writeFashion(new byte[GREY], new byte[] {1}, false);

        Files.write(images, new byte[3]);
        assertMessage(
                images + ": is cut off: an IDX header has 16 bytes, but the file has 3", () -> DataSets.read(folder));
        Files.write(images, idx(0x0d03, 1, 28, 28, new byte[GREY]));
        assertMessage(
                images + ": is not the expected IDX file: the magic number must be 0x00000803, but was 0x00000d03",
                () -> DataSets.read(folder));
        Files.write(images, idx(0x0803, 1, 28, 28, new byte[GREY - 1]));
        assertMessage(
                images + ": is cut off: the header says 1 items, which are 784 bytes, but 783 follow it",
                () -> DataSets.read(folder));
        Files.write(images, idx(0x0803, 1, 28, 28, new byte[GREY + 1]));
        assertMessage(
                images + ": has extra bytes: the header says 1 items, which are 784 bytes, but 785 follow it",
                () -> DataSets.read(folder));
        Files.write(images, idx(0x0803, -1, 28, 28, new byte[GREY]));
        assertMessage(
                images
                        + ": is cut off: the header says 4294967295 items, which are 3367254359280 bytes, but 784 follow it",
                () -> DataSets.read(folder));
        Files.write(images, idx(0x0803, 1, Integer.MAX_VALUE, 28, new byte[GREY]));
        assertMessage(images + ": images must have 28 pixels a side, but have 2147483647", () -> DataSets.read(folder));
        Files.write(images, idx(0x0803, 0, 28, 28, new byte[0]));
        assertMessage(images + ": is empty: the header says 0 items", () -> DataSets.read(folder));
    }

    @Test
    void refusesLabelsThatDoNotFitTheImages() throws IOException {
        Path labels = folder.resolve("train-labels-idx1-ubyte");
        writeFashion(new byte[GREY], new byte[] {1, 2}, false);
        assertMessage(
                labels + ": has 2 labels, but " + folder.resolve("train-images-idx3-ubyte") + " has 1 images",
                () -> DataSets.read(folder));
        writeFashion(new byte[2 * GREY], new byte[] {1, -1}, false);
        assertMessage(labels + ": label 1 must be from 0 to 9, but was 255", () -> DataSets.read(folder));
    }

    @Test
    void refusesDamagedCifarFiles() throws IOException {
        Path train = folder.resolve("train.bin");
        write("test.bin", record(1, 1), false);
        for (int length : new int[] {0, 3072, 3074}) {
            Files.write(train, new byte[length]);
            assertMessage(
                    train + ": must be whole records of 3073 bytes (a label and an image), but has " + length
                            + " bytes",
                    () -> DataSets.read(folder));
        }
        Files.write(train, record(10, 1));
        assertMessage(train + ": the label of image 0 must be from 0 to 9, but was 10", () -> DataSets.read(folder));
    }

    private static void assertMessage(String message, Executable bad) {
        assertEquals(message, assertThrows(IOException.class, bad).getMessage());
    }

    private static int[] filled(int count) {
        int[] counts = new int[10];
        Arrays.fill(counts, count);
        return counts;
    }

    private static int[] labelCounts(Dataset data) {
        int[] counts = new int[data.classes().size()];
        for (int i = 0; i < data.size(); i++) {
            counts[data.label(i)]++;
        }
        return counts;
    }

    private static float[] sample(Dataset data, int index) {
        int length = (int) Arrays.stream(data.shape()).reduce(1, (a, b) -> a * b);
        FloatBuffer values = FloatBuffer.allocate(length);
        data.read(index, values);
        assertEquals(0, values.remaining());
        return values.array();
    }

    private static long checksum(Dataset data) {
        CRC32 sum = new CRC32();
        for (int i = 0; i < data.size(); i++) {
            for (float value : sample(data, i)) {
                sum.update(Math.round((value * 0.5f + 0.5f) * 255f));
            }
        }
        return sum.getValue();
    }

    /** The same images and labels for training and validation. */
    private void writeFashion(byte[] pixels, byte[] labels, boolean gzipped) throws IOException {
        for (String part : new String[] {"train", "t10k"}) {
            write(part + "-images-idx3-ubyte", idx(0x0803, pixels.length / GREY, 28, 28, pixels), gzipped);
            ByteBuffer file = ByteBuffer.allocate(8 + labels.length);
            write(
                    part + "-labels-idx1-ubyte",
                    file.putInt(0x0801).putInt(labels.length).put(labels).array(),
                    gzipped);
        }
    }

    private static byte[] idx(int magic, int count, int height, int width, byte[] items) {
        ByteBuffer file = ByteBuffer.allocate(16 + items.length);
        return file.putInt(magic)
                .putInt(count)
                .putInt(height)
                .putInt(width)
                .put(items)
                .array();
    }

    private static byte[] record(int label, int value) {
        byte[] record = new byte[1 + COLOUR];
        Arrays.fill(record, (byte) value);
        record[0] = (byte) label;
        return record;
    }

    private void write(String name, byte[] content, boolean gzipped) throws IOException {
        Path file = folder.resolve(gzipped ? name + ".gz" : name);
        try (OutputStream out = Files.newOutputStream(file)) {
            if (gzipped) {
                try (OutputStream packed = new GZIPOutputStream(out)) {
                    packed.write(content);
                }
            } else {
                out.write(content);
            }
        }
    }
}
