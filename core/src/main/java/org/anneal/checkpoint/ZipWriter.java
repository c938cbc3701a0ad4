package org.anneal.checkpoint;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.function.LongConsumer;
import java.util.zip.CRC32;

/**
 * Writes a zip archive byte for byte in the layout of PyTorch's writer, since its readers may compute where an entry's data lie:
 * nothing compressed, data at multiples of 64 (by an extra field {@code FB} of {@code Z}s), sizes and checksum after the data, no
 * times, a zip64 end in every file, and zip64 sizes where needed. (Before an entry of 4 GB or more PyTorch writes 0 as its stored
 * size; this writes the size.) It writes in one pass: it buffers no data and does not move the channel.
 *
 * <p>Source: PyTorch's {@code caffe2/serialize/inline_container.cc} ({@code getPadding}) and {@code miniz-3.0.2/miniz.c}
 * ({@code mz_zip_writer_add_mem_ex_v2}).
 */
final class ZipWriter {
    private static final int ALIGNMENT = 64;
    private static final int CHUNK = 1 << 20;
    private static final long LIMIT = 0xffffffffL; // zip64 from here on
    private static final int UTF8 = 1 << 11;
    private static final int SIZES_FOLLOW = 1 << 3;

    private final WritableByteChannel out;
    private final ByteArrayOutputStream directory = new ByteArrayOutputStream();
    private long position;
    private long count;

    /** @param out the channel; the archive begins at its position */
    ZipWriter(WritableByteChannel out) {
        this.out = out;
    }

    /** Adds an entry. */
    void add(String name, Storage data) throws IOException {
        add(name, data, done -> {});
    }

    /** Adds an entry, and passes {@code written} the number of its bytes written so far, once a megabyte. */
    void add(String name, Storage data, LongConsumer written) throws IOException {
        byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
        long size = data.size();
        long header = position;
        int flags = UTF8 | (size > 0 ? SIZES_FOLLOW : 0);
        ByteBuffer zip64 = zip64(size, header);
        long unpadded = header + 30 + nameBytes.length + zip64.remaining() + 4;
        int padding = (int) Math.floorMod(-unpadded, (long) ALIGNMENT);
        ByteBuffer local = buffer(30 + nameBytes.length + zip64.remaining() + 4 + padding);
        local.putInt(0x04034b50).putShort((short) 0).putShort((short) flags);
        local.putShort((short) 0).putInt(0); // stored; no time
        local.putInt(0).putInt(0).putInt(0); // checksum and sizes follow the data
        local.putShort((short) nameBytes.length).putShort((short) (zip64.remaining() + 4 + padding));
        local.put(nameBytes).put(zip64.duplicate());
        local.put((byte) 'F').put((byte) 'B').putShort((short) padding);
        while (local.hasRemaining()) {
            local.put((byte) 'Z');
        }
        write(local.flip());
        long checksum = writeData(data, written);
        if (size > 0) {
            ByteBuffer footer = buffer(24).putInt(0x08074b50).putInt((int) checksum);
            if (zip64.hasRemaining()) {
                footer.putLong(size).putLong(size);
            } else {
                footer.putInt((int) size).putInt((int) size);
            }
            write(footer.flip());
        }
        byte[] centralBytes = new byte[46 + nameBytes.length + zip64.remaining()];
        ByteBuffer central = ByteBuffer.wrap(centralBytes).order(ByteOrder.LITTLE_ENDIAN);
        central.putInt(0x02014b50).putInt(0).putShort((short) flags);
        central.putShort((short) 0).putInt(0).putInt((int) checksum);
        central.putInt((int) Math.min(size, LIMIT)).putInt((int) Math.min(size, LIMIT));
        central.putShort((short) nameBytes.length).putShort((short) zip64.remaining());
        central.putShort((short) 0).putInt(0).putInt(0); // no comment; disk and attributes
        central.putInt((int) Math.min(header, LIMIT)).put(nameBytes).put(zip64);
        directory.writeBytes(centralBytes);
        count++;
    }

    /** Adds a small entry of ASCII text. */
    void add(String name, String text) throws IOException {
        add(name, new HeapStorage(text.getBytes(StandardCharsets.US_ASCII)));
    }

    /** Writes the directory. */
    void finish() throws IOException {
        long start = position;
        write(ByteBuffer.wrap(directory.toByteArray()));
        long length = position - start;
        ByteBuffer end = buffer(56 + 20 + 22);
        end.putInt(0x06064b50).putLong(44).putShort((short) 0x031e).putShort((short) 45);
        end.putInt(0).putInt(0).putLong(count).putLong(count).putLong(length).putLong(start);
        end.putInt(0x07064b50).putInt(0).putLong(position).putInt(1);
        end.putInt(0x06054b50).putInt(0);
        end.putShort((short) Math.min(count, 0xffff)).putShort((short) Math.min(count, 0xffff));
        end.putInt((int) Math.min(length, LIMIT)).putInt((int) Math.min(start, LIMIT));
        end.putShort((short) 0);
        write(end.flip());
    }

    private static ByteBuffer zip64(long size, long header) {
        ByteBuffer extra = buffer(28);
        if (size >= LIMIT || header >= LIMIT) {
            extra.putShort((short) 1).putShort((short) 0);
            if (size >= LIMIT) {
                extra.putLong(size).putLong(size);
            }
            if (header >= LIMIT) {
                extra.putLong(header);
            }
            extra.putShort(2, (short) (extra.position() - 4));
        }
        return extra.flip();
    }

    private long writeData(Storage data, LongConsumer written) throws IOException {
        CRC32 checksum = new CRC32();
        long size = data.size();
        for (long done = 0; done < size; done += CHUNK) {
            ByteBuffer chunk;
            try {
                chunk = data.bytes(done, (int) Math.min(CHUNK, size - done));
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
            checksum.update(chunk.duplicate());
            write(chunk);
            written.accept(Math.min(done + CHUNK, size));
        }
        return checksum.getValue();
    }

    private void write(ByteBuffer bytes) throws IOException {
        position += bytes.remaining();
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }

    private static ByteBuffer buffer(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }
}
