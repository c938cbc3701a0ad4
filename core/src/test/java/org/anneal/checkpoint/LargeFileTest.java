package org.anneal.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
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
