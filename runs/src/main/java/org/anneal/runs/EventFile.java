package org.anneal.runs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.anneal.checkpoint.AtomicFile;

/**
 * An event file for TensorBoard, which reads it as it grows. Each event is a TFRecord: the length in 8 bytes, its checksum, the
 * {@code tensorflow.Event}, its checksum; all little-endian. The checksums are CRC-32C, masked as in TensorFlow's
 * {@code record_writer.h}. A record is written in one go, so only the last can be torn.
 */
final class EventFile implements AutoCloseable {
    private static final Pattern NAME = Pattern.compile("events\\.out\\.tfevents\\.(\\d{10})\\..*");

    private final Path path;
    private final FileChannel channel;

    private EventFile(Path path) throws IOException {
        this.path = path;
        channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    /** {@return the time in the name of the last event file in {@code folder}, in seconds} */
    static OptionalLong last(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> NAME.matcher(file.getFileName().toString()))
                    .filter(Matcher::matches)
                    .mapToLong(name -> Long.parseLong(name.group(1)))
                    .max();
        }
    }

    /** Makes a file that TensorBoard, which orders files by name, reads after those in {@code folder}. */
    static EventFile create(Path folder) throws IOException {
        try {
            long seconds = LongStream.of(
                            System.currentTimeMillis() / 1000, last(folder).orElse(0) + 1)
                    .max()
                    .getAsLong();
            return new EventFile(folder.resolve("events.out.tfevents." + seconds + ".anneal"));
        } catch (IOException e) {
            throw new IOException("cannot write event files into " + folder + ": " + AtomicFile.reason(e), e);
        }
    }

    Path path() {
        return path;
    }

    /** Writes the first events: the run begins, or resumes, after {@code step}, so later steps in other files are void. */
    void begin(long step) throws IOException {
        write(event(0).text(3, "brain.Event:2")); // file_version
        write(event(step + 1).message(7, new ProtoMessage().integer(1, 1))); // session_log: status: START
    }

    /** Appends a summary of a step. */
    void summary(long step, List<ProtoMessage> values) throws IOException {
        ProtoMessage summary = new ProtoMessage();
        values.forEach(value -> summary.message(1, value));
        write(event(step).message(5, summary));
    }

    /** {@return a scalar, in single precision} */
    static ProtoMessage scalar(String tag, double value) {
        return new ProtoMessage().text(1, tag).real(2, (float) value);
    }

    /** {@return a text, which TensorBoard shows as Markdown} */
    static ProtoMessage text(String tag, String markdown) {
        ProtoMessage tensor = new ProtoMessage()
                .integer(1, 7) // DT_STRING
                .message(2, new ProtoMessage()) // shape: no dimensions
                .text(8, markdown);
        ProtoMessage plugin = new ProtoMessage().message(1, new ProtoMessage().text(1, "text"));
        return new ProtoMessage().text(1, tag).message(8, tensor).message(9, plugin);
    }

    /** {@return the beginning of an event: its time and step} */
    private static ProtoMessage event(long step) {
        return new ProtoMessage().real(1, System.currentTimeMillis() / 1e3).integer(2, step);
    }

    /** Appends an event: all of it, or nothing if it cannot be written. */
    private void write(ProtoMessage message) throws IOException {
        byte[] event = message.toBytes();
        ByteBuffer record = ByteBuffer.allocate(event.length + 16).order(ByteOrder.LITTLE_ENDIAN);
        record.putLong(event.length).putInt(checksum(record.array(), 0, 8));
        record.put(event).putInt(checksum(event, 0, event.length)).flip();
        long end = channel.position();
        try {
            while (record.hasRemaining()) {
                channel.write(record);
            }
        } catch (IOException e) {
            channel.truncate(end);
            throw new IOException("cannot write " + path + ": " + AtomicFile.reason(e), e);
        }
    }

    private static int checksum(byte[] bytes, int start, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, start, length);
        return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
