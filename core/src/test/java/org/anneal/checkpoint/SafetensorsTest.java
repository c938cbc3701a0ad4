package org.anneal.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Files are read back with another JSON reader, by the format's description. */
class SafetensorsTest {
    @TempDir
    private Path folder = Path.of("");

    private static final class Contents {
        final long headerLength;
        final JsonNode header;
        final byte[] data;

        Contents(long headerLength, JsonNode header, byte[] data) {
            this.headerLength = headerLength;
            this.header = header;
            this.data = data;
        }

        byte[] of(String name) {
            JsonNode offsets = header.path(name).path("data_offsets");
            return Arrays.copyOfRange(
                    data, offsets.get(0).asInt(), offsets.get(1).asInt());
        }
    }

    private Contents write(Map<String, Safetensors.Entry> tensors) throws IOException {
        Path file = folder.resolve("model.safetensors");
        Safetensors.write(file, tensors);
        byte[] bytes = Files.readAllBytes(file);
        long length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        int start = Math.toIntExact(Long.BYTES + length);
        String json = new String(bytes, Long.BYTES, start - Long.BYTES, StandardCharsets.UTF_8);
        assertTrue(json.startsWith("{"), json);
        return new Contents(length, new ObjectMapper().readTree(json), Arrays.copyOfRange(bytes, start, bytes.length));
    }

    private static ByteBuffer floats(float... values) {
        ByteBuffer buffer = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            buffer.putFloat(value);
        }
        return buffer.flip();
    }

    @Test
    void readsBackAsItWasWritten() throws IOException {
        Map<String, Safetensors.Entry> tensors = new LinkedHashMap<>();
        tensors.put("fc.weight", new Safetensors.Entry("F32", List.of(2L, 3L), floats(1, 2, 3, 4, 5, -0.5f)));
        tensors.put(
                "count", new Safetensors.Entry("I64", List.of(), ByteBuffer.wrap(new byte[] {7, 0, 0, 0, 0, 0, 0, 1})));
        tensors.put("empty", new Safetensors.Entry("U8", List.of(0L, 4L), ByteBuffer.allocate(0)));
        Contents contents = write(tensors);
        assertEquals(new ObjectMapper().readTree("""
                        {"__metadata__": {"format": "pt"},
                         "fc.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
                         "count": {"dtype": "I64", "shape": [], "data_offsets": [24, 32]},
                         "empty": {"dtype": "U8", "shape": [0, 4], "data_offsets": [32, 32]}}
                        """), contents.header);
        assertEquals(32, contents.data.length, "nothing follows the last tensor");
        // 1.0f is 3f800000, and the least significant byte stands first.
        assertArrayEquals(new byte[] {0, 0, (byte) 0x80, 0x3f}, Arrays.copyOf(contents.of("fc.weight"), 4));
        assertArrayEquals(floats(1, 2, 3, 4, 5, -0.5f).array(), contents.of("fc.weight"));
        assertArrayEquals(new byte[] {7, 0, 0, 0, 0, 0, 0, 1}, contents.of("count"));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
    void startsTheDataAtAMultipleOfEight(int length) throws IOException {
        Contents contents = write(Map.of("x".repeat(length), new Safetensors.Entry("F32", List.of(1L), floats(1))));
        assertEquals(0, contents.headerLength % 8);
        assertArrayEquals(floats(1).array(), contents.data);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "with \"quotes\"",
                "back\\slash",
                "line\nbreak\ttab\r",
                "\u0000\u001f\u007f",
                "größe",
                "層.重み",
                "🙂"
            })
    void keepsAnyName(String name) throws IOException {
        Contents contents = write(Map.of(name, new Safetensors.Entry("F32", List.of(2L), floats(1, 2))));
        assertEquals("F32", contents.header.path(name).path("dtype").asString());
        assertArrayEquals(floats(1, 2).array(), contents.of(name));
    }

    @Test
    void writesABuffersRemainingBytesAndLeavesItsPosition() throws IOException {
        byte[] random = new byte[10_000];
        new Random(7).nextBytes(random);
        ByteBuffer direct = ByteBuffer.allocateDirect(random.length);
        direct.put(random).position(100).limit(9_000);
        Contents contents = write(Map.of("x", new Safetensors.Entry("U8", List.of(8_900L), direct)));
        assertArrayEquals(Arrays.copyOfRange(random, 100, 9_000), contents.data);
        assertEquals(100, direct.position());
    }

    @Test
    void writesAFileWithoutTensors() throws IOException {
        Contents contents = write(Map.of());
        assertEquals(1, contents.header.size());
        assertEquals(0, contents.data.length);
    }

    @Test
    void namesTheFileThatCannotBeWritten() {
        Path file = folder.resolve("missing").resolve("model.safetensors");
        IOException thrown = assertThrows(IOException.class, () -> Safetensors.write(file, Map.of()));
        assertEquals("cannot write " + file + ": there is no folder " + file.getParent(), thrown.getMessage());
    }
}
