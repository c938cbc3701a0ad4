package org.anneal.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TensorDataTest {

    private static TensorData bytes(DType dtype, int... bytes) {
        byte[] storage = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            storage[i] = (byte) bytes[i];
        }
        return TensorData.of(dtype, new HeapStorage(storage), List.of((long) bytes.length / dtype.size()));
    }

    @Test
    void aViewOfAnArrayShowsWhatIsInTheArrayWhenItIsRead() {
        float[] values = {1, 2, 3, 4};
        TensorData tensor = TensorData.of(values, List.of(2L, 2L));
        values[3] = -0.5f;
        assertArrayEquals(new float[] {1, 2, 3, -0.5f}, tensor.toFloats());
        tensor.forEachChunk(chunk ->
                assertEquals(-0.5f, chunk.order(ByteOrder.LITTLE_ENDIAN).getFloat(12)));
        assertThrows(IllegalArgumentException.class, () -> TensorData.of(values, List.of(5L)));
    }

    @Test
    void givesAnyBytesOfAnArray() {
        Storage storage = TensorData.of(new float[] {1, 2, 3}, List.of(3L)).storage();
        ByteBuffer whole = storage.bytes(0, 12);
        for (int from = 0; from <= 12; from++) {
            for (int length = 0; from + length <= 12; length++) {
                assertEquals(whole.slice(from, length), storage.bytes(from, length));
            }
        }
        assertThrows(IndexOutOfBoundsException.class, () -> storage.bytes(8, 5));
    }

    @Test
    void equalityIsOfTheViewAndNotOfTheNumbers() {
        float[] values = {1, 2};
        TensorData tensor = TensorData.of(values, List.of(2L));
        assertEquals(tensor, TensorData.of(DType.FLOAT32, tensor.storage(), List.of(2L)));
        assertNotEquals(tensor, TensorData.of(values, List.of(2L)));
    }

    @ParameterizedTest
    @CsvSource({ // little-endian; numbers from PyTorch: torch.tensor([bytes], dtype=uint8).view(dtype).double()
        "FLOAT64, 00 00 00 00 00 00 f8 bf, -1.5",
        "FLOAT32, 00 00 80 7f, Infinity",
        "FLOAT16, 00 3c, 1",
        "FLOAT16, 01 00, 5.960464477539063e-08",
        "FLOAT16, ff fb, -65504",
        "FLOAT16, 00 fc, -Infinity",
        "FLOAT16, 01 7c, NaN",
        "BFLOAT16, c0 bf, -1.5",
        "FLOAT8_E4M3FN, 7e, 448",
        "FLOAT8_E4M3FN, ff, NaN",
        "FLOAT8_E4M3FN, 01, 0.001953125",
        "FLOAT8_E4M3FN, b8, -1",
        "FLOAT8_E5M2, 7b, 57344",
        "FLOAT8_E5M2, fc, -Infinity",
        "FLOAT8_E5M2, 01, 1.52587890625e-05",
        "INT64, fe ff ff ff ff ff ff ff, -2",
        "INT32, fe ff ff ff, -2",
        "INT16, fe ff, -2",
        "INT8, fe, -2",
        "UINT64, ff ff ff ff ff ff ff ff, 18446744073709551616",
        "UINT64, 02 00 00 00 00 00 00 00, 2",
        "UINT32, fe ff ff ff, 4294967294",
        "UINT16, fe ff, 65534",
        "UINT8, fe, 254",
        "BOOL, 01, 1",
        "BOOL, 00, 0",
    })
    void readsEveryRealType(DType dtype, String hex, double expected) {
        int[] bytes = new int[dtype.size()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = Integer.parseInt(hex.split(" ", -1)[i], 16);
        }
        TensorData tensor = bytes(dtype, bytes);
        assertArrayEquals(new double[] {expected}, tensor.toDoubles());
        assertArrayEquals(new float[] {(float) expected}, tensor.toFloats());
        assertEquals(expected, tensor.item());
    }

    /** The file has all bytes as each type, and what PyTorch reads them as. */
    @ParameterizedTest
    @ValueSource(strings = {"float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"})
    void readsEachNumberOfASmallTypeAsPyTorchDoes(String type) throws IOException {
        try (TorchFile file = TorchFile.open(Golden.folder().resolve("float8.pt"))) {
            List<?> pair = (List<?>) Objects.requireNonNull(((Map<?, ?>) file.root()).get(type));
            TensorData all = (TensorData) pair.get(0);
            assertEquals(type, all.dtype().toString());
            assertEquals(256, all.count());
            assertArrayEquals(((TensorData) pair.get(1)).toFloats(), all.toFloats());
        }
    }

    @Test
    void roundsAnIntegerToAFloatOnce() {
        // 2^62 + 2^38 + 1 lies just above the middle of two floats; as a double it is the middle, and goes to even.
        long value = (1L << 62) + (1L << 38) + 1;
        int[] bytes = new int[8];
        for (int i = 0; i < 8; i++) {
            bytes[i] = (int) (value >>> (8 * i)) & 0xff;
        }
        assertArrayEquals(
                new float[] {0x1.000002p62f}, bytes(DType.INT64, bytes).toFloats());
        assertArrayEquals(
                new float[] {0x1.000002p62f}, bytes(DType.UINT64, bytes).toFloats());
    }

    @Test
    void readsNoComplexNumberAsAReal() {
        TensorData tensor = bytes(DType.COMPLEX64, new int[8]);
        assertEquals(
                "a tensor must be real to be read as numbers, but was complex64",
                assertThrows(IllegalArgumentException.class, tensor::toFloats).getMessage());
        for (DType dtype : DType.values()) {
            if (!dtype.isReal()) {
                assertThrows(IllegalArgumentException.class, bytes(dtype, new int[dtype.size()])::item);
            }
        }
    }

    @Test
    void oneItemIsOneElement() {
        assertEquals(7, TensorData.scalar(7).item());
        TensorData two = TensorData.of(new float[2], List.of(2L));
        assertEquals(
                "a tensor must have exactly one element for item(), but its shape was [2]",
                assertThrows(IllegalArgumentException.class, two::item).getMessage());
    }

    @Test
    void hasNoElementsWhereADimensionIsEmpty() {
        TensorData empty = TensorData.of(new float[0], List.of(1L << 62, 4L, 0L));
        assertEquals(0, empty.count());
        assertEquals(0, empty.toFloats().length);
    }

    @Test
    void refusesMoreElementsThanALongCounts() {
        Storage one = new HeapStorage(new byte[4]);
        assertThrows(
                IllegalArgumentException.class,
                () -> new TensorData(DType.FLOAT32, one, 0, List.of(1L << 40, 1L << 40), List.of(0L, 0L)));
        TensorData many = new TensorData(DType.FLOAT32, one, 0, List.of(1L << 40), List.of(0L));
        assertThrows(IllegalArgumentException.class, many::toFloats);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void readsAnyViewRowByRow(long seed) {
        Random random = new Random(seed);
        for (DType dtype : DType.values()) {
            byte[] storage = new byte[1 << 16];
            random.nextBytes(storage);
            int rank = random.nextInt(5);
            List<Long> shape = new ArrayList<>();
            List<Long> strides = new ArrayList<>();
            for (int i = 0; i < rank; i++) {
                shape.add(1L + random.nextInt(6));
                strides.add((long) random.nextInt(100));
            }
            boolean rows = random.nextInt(4) == 0;
            TensorData tensor = new TensorData(
                    dtype,
                    new HeapStorage(storage),
                    random.nextInt(100),
                    shape,
                    rows ? TensorData.contiguousStrides(shape) : strides);
            assertArrayEquals(elements(tensor, storage), read(tensor), tensor + ", seed " + seed);
        }
    }

    @Test
    void readsLargeViewsInChunksOfAMegabyte() {
        byte[] storage = new byte[12_000_000];
        new Random(1).nextBytes(storage);
        Storage heap = new HeapStorage(storage);
        List<Long> shape = List.of(1500L, 2000L);
        for (TensorData tensor : List.of(
                TensorData.of(DType.FLOAT32, heap, shape),
                new TensorData(DType.FLOAT32, heap, 0, shape, List.of(1L, 1500L)), // transposed
                new TensorData(DType.FLOAT64, heap, 1, List.of(2L, 700_000L), List.of(700_001L, 1L)), // long rows
                new TensorData(DType.FLOAT32, heap, 0, List.of(400_000L), List.of(7L)),
                new TensorData(DType.COMPLEX128, heap, 0, List.of(3L, 100_000L), List.of(0L, 7L)))) {
            assertArrayEquals(elements(tensor, storage), read(tensor));
        }
    }

    private static byte[] read(TensorData tensor) {
        ByteBuffer bytes = ByteBuffer.allocate(
                Math.toIntExact(tensor.count() * tensor.dtype().size()));
        tensor.forEachChunk(chunk -> {
            assertEquals(0, chunk.remaining() % tensor.dtype().size());
            assertEquals(ByteOrder.LITTLE_ENDIAN, chunk.order());
            assertEquals(Math.min(1 << 20, bytes.remaining()), chunk.remaining());
            bytes.put(chunk);
        });
        return bytes.array();
    }

    /** Index by index, as the definition has it. */
    private static byte[] elements(TensorData tensor, byte[] storage) {
        int size = tensor.dtype().size();
        byte[] elements = new byte[Math.toIntExact(tensor.count() * size)];
        for (int i = 0; i < tensor.count(); i++) {
            long rest = i;
            long at = tensor.offset();
            for (int d = tensor.shape().size() - 1; d >= 0; d--) {
                at += rest % tensor.shape().get(d) * tensor.strides().get(d);
                rest /= tensor.shape().get(d);
            }
            System.arraycopy(storage, Math.toIntExact(at * size), elements, i * size, size);
        }
        return elements;
    }
}
