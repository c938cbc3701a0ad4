package org.anneal.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Model weights in the safetensors format: the length of a JSON header as 8 little-endian bytes, the header, then the
 * tensors' bytes, little-endian and row-major, one after the other.
 *
 * <p>Source: the format's description at {@code github.com/huggingface/safetensors}.
 */
public final class Safetensors {
    private static final int ALIGNMENT = 8;

    private Safetensors() {}

    /**
     * One tensor of a file.
     *
     * @param dtype the format's name of the element type: F64, F32, F16, BF16, I64, ...
     * @param shape the size of each dimension
     * @param data the elements, little-endian and row-major; its remaining bytes are written and its position is not moved
     */
    public record Entry(String dtype, List<Long> shape, ByteBuffer data) {}

    /**
     * Writes the tensors in the map's order, whole or not at all.
     *
     * @throws IOException if the file cannot be written, naming it and the reason
     */
    public static void write(Path file, Map<String, Entry> tensors) throws IOException {
        Map<String, String> header = new LinkedHashMap<>();
        header.put("__metadata__", "{\"format\":\"pt\"}");
        long offset = 0;
        for (Map.Entry<String, Entry> tensor : tensors.entrySet()) {
            Entry entry = tensor.getValue();
            long end = offset + entry.data().remaining();
            header.put(
                    tensor.getKey(),
                    "{\"dtype\":\"" + entry.dtype() + "\",\"shape\":"
                            + entry.shape().toString().replace(" ", "") + ",\"data_offsets\":[" + offset + ","
                            + end + "]}");
            offset = end;
        }
        byte[] json = json(header).getBytes(StandardCharsets.UTF_8);
        int padding = Math.floorMod(-json.length, ALIGNMENT);
        ByteBuffer head =
                ByteBuffer.allocate(Long.BYTES + json.length + padding).order(ByteOrder.LITTLE_ENDIAN);
        head.putLong(json.length + padding).put(json);
        while (head.hasRemaining()) {
            head.put((byte) ' ');
        }
        head.flip();
        AtomicFile.write(file, channel -> {
            writeAll(channel, head);
            for (Entry entry : tensors.values()) {
                writeAll(channel, entry.data().duplicate());
            }
        });
    }

    private static void writeAll(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static String json(Map<String, String> members) {
        StringBuilder json = new StringBuilder("{");
        members.forEach((name, value) -> json.append(json.length() > 1 ? "," : "")
                .append(quoted(name))
                .append(':')
                .append(value));
        return json.append('}').toString();
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.chars().forEach(c -> {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append((char) c);
            } else if (c < ' ') {
                quoted.append(String.format("\\u%04x", c));
            } else {
                quoted.append((char) c);
            }
        });
        return quoted.append('"').toString();
    }
}
