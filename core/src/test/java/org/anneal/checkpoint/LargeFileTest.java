package org.anneal.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.anneal.text.Python;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Beyond the limits of the first zip format, in files that take no room: a megabyte of zeros is a hole. */
class LargeFileTest {
    private static final int MEGABYTE = 1 << 20;

    @TempDir
    private Path folder = Path.of("");

    private static final class Zeros implements Storage {
        private static final ByteBuffer BUFFER = ByteBuffer.allocate(MEGABYTE).asReadOnlyBuffer();

        private final long size;

        Zeros(long size) {
            this.size = size;
        }

        @Override
        public long size() {
            return size;
        }

        @Override
        public ByteBuffer bytes(long position, int length) {
            return BUFFER.slice(0, length);
        }
    }

    private static final class Holes implements WritableByteChannel {
        private final FileChannel file;

        Holes(FileChannel file) {
            this.file = file;
        }

        @Override
        public int write(ByteBuffer bytes) throws IOException {
            if (bytes.remaining() == MEGABYTE && bytes.getLong(bytes.position()) == 0) {
                file.position(file.position() + MEGABYTE);
                bytes.position(bytes.limit());
                return MEGABYTE;
            }
            return file.write(bytes);
        }

        @Override
        public boolean isOpen() {
            return file.isOpen();
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }

    private Path write(Object root) throws IOException {
        Path path = folder.resolve("large.pt");
        PickleWriter writer = new PickleWriter();
        byte[] pickle = writer.write(root);
        try (Holes holes = new Holes(FileChannel.open(
                path, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE))) {
            TorchFile.write(holes, pickle, writer.storages(), written -> {});
        }
        return path;
    }

    /** Given tensors of this size, PyTorch's writer wrote the same bytes: see ZipWriter. */
    @Test
    void aStorageMayReachBeyondFourGigabytes() throws IOException {
        long size = 1L << 32;
        Path path = write(List.of(
                TensorData.of(DType.UINT8, new Zeros(size), List.of(size)),
                TensorData.of(new float[] {1, 2, 3}, List.of(3L)),
                TensorData.of(new float[] {4}, List.of(1L))));
        try (TorchFile file = TorchFile.open(path)) {
            List<?> root = (List<?>) file.root();
            assertEquals(size, ((TensorData) root.get(0)).storage().size());
            assertArrayEquals(new float[] {1, 2, 3}, ((TensorData) root.get(1)).toFloats());
            assertArrayEquals(new float[] {4}, ((TensorData) root.get(2)).toFloats());
        }
    }

    /** The layout of before PyTorch 1.6: pickles, then each storage's count and elements. */
    @Test
    void aStorageOfALegacyFileMayReachBeyondFourGigabytes() throws IOException {
        long size = (1L << 32) + 1;
        String tensor =
                "ctorch._utils\\n_rebuild_tensor\\n((X\\x07\\x00\\x00\\x00storage ctorch\\n%s\\n X\\x01\\x00\\x00\\x00%s"
                        + "X\\x03\\x00\\x00\\x00cpu \\x8a\\x05%s NtQ %s ))tR";
        String bytes = "\\x01\\x00\\x00\\x00\\x01";
        byte[] pickles =
                TestZip.pickle("\\x80\\x02\\x8a\\x0al\\xfc\\x9cF\\xf9\\x20j\\xa8P\\x19. \\x80\\x02M\\xe9\\x03. "
                        + "\\x80\\x02N. \\x80\\x02"
                        + tensor.formatted("ByteStorage", "a", bytes, "\\x8a\\x05\\x00\\x00\\x00\\x00\\x01")
                        + tensor.formatted("FloatStorage", "b", "\\x01\\x00\\x00\\x00\\x00", "K\\x00")
                        + "\\x86. \\x80\\x02](X\\x01\\x00\\x00\\x00aX\\x01\\x00\\x00\\x00be.");
        Path path = folder.resolve("legacy.pt");
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            ByteBuffer end = ByteBuffer.allocate(13).order(ByteOrder.LITTLE_ENDIAN);
            file.write(ByteBuffer.wrap(pickles));
            file.write(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(size)
                    .flip());
            file.position(pickles.length + 8 + size - 1);
            file.write(end.put((byte) 7).putLong(1).putFloat(1.5f).flip());
        }
        try (TorchFile file = TorchFile.open(path)) {
            List<?> root = ((Python.Tuple) file.root()).items();
            assertEquals(7, ((TensorData) root.get(0)).item(), "the last byte");
            assertEquals(1.5, ((TensorData) root.get(1)).item());
        }
    }

    @Test
    void thereMayBeMoreThan65535Storages() throws IOException {
        int many = 70_000;
        Path path =
                write(Stream.generate(() -> TensorData.scalar(7)).limit(many).toList());
        try (TorchFile file = TorchFile.open(path)) {
            List<?> root = (List<?>) file.root();
            assertEquals(many, root.size());
            assertTrue(root.stream().skip(many - 10).allMatch(tensor -> ((TensorData) tensor).item() == 7));
        }
    }
}
