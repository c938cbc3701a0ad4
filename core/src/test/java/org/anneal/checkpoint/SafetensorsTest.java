package org.anneal.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
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

    private Contents write(Map<String, TensorData> tensors) throws IOException {
        Path file = folder.resolve("model.safetensors");
        Safetensors.write(file, tensors);
        byte[] bytes = Files.readAllBytes(file);
        long length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        int start = Math.toIntExact(Long.BYTES + length);
        String json = new String(bytes, Long.BYTES, start - Long.BYTES, StandardCharsets.UTF_8);
        assertTrue(json.startsWith("{"), json);
        return new Contents(length, new ObjectMapper().readTree(json), Arrays.copyOfRange(bytes, start, bytes.length));
    }

    private static TensorData tensor(float... values) {
        return TensorData.of(values, List.of((long) values.length));
    }

    private static TensorData bytes(DType dtype, List<Long> shape, int... bytes) {
        byte[] storage = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            storage[i] = (byte) bytes[i];
        }
        return TensorData.of(dtype, new HeapStorage(storage), shape);
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
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        tensors.put("fc.weight", TensorData.of(new float[] {1, 2, 3, 4, 5, -0.5f}, List.of(2L, 3L)));
        tensors.put("count", bytes(DType.INT64, List.of(), 7, 0, 0, 0, 0, 0, 0, 1));
        tensors.put("empty", bytes(DType.UINT8, List.of(0L, 4L)));
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
        Contents contents = write(Map.of("x".repeat(length), tensor(1)));
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
        Contents contents = write(Map.of(name, tensor(1, 2)));
        assertEquals("F32", contents.header.path(name).path("dtype").asString());
        assertArrayEquals(floats(1, 2).array(), contents.of(name));
    }

    @Test
    void writesTheElementsOfAViewRowByRow() throws IOException {
        byte[] random = new byte[3_000_000];
        new Random(7).nextBytes(random);
        Storage storage = new HeapStorage(random);
        Contents contents =
                write(Map.of("x", new TensorData(DType.UINT8, storage, 1, List.of(2L, 1_400_000L), List.of(1L, 2L))));
        for (int i = 0; i < 1_400_000; i++) {
            if (contents.data[i] != random[1 + 2 * i] || contents.data[1_400_000 + i] != random[2 + 2 * i]) {
                fail("element " + i);
            }
        }
    }

    @Test
    void saysHowManyBytesOfItsTensorsAreWritten() throws IOException {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        tensors.put("rows", TensorData.of(new float[300_000], List.of(300_000L)));
        Storage storage = new HeapStorage(new byte[4]);
        tensors.put("view", new TensorData(DType.UINT8, storage, 0, List.of(2L, 2L), List.of(1L, 2L)));
        List<Long> written = new ArrayList<>();
        Safetensors.write(folder.resolve("x.safetensors"), tensors, written::add);
        assertEquals(List.of(1L << 20, 1_200_000L, 1_200_004L), written);
    }

    @Test
    void hasTypesThatAreExponentsAlone() throws IOException {
        TensorData tensor = bytes(DType.FLOAT8_E8M0FNU, List.of(2L), new int[] {127, 128});
        Path file = folder.resolve("x.safetensors");
        Safetensors.write(file, Map.of("a", tensor));
        assertTrue(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1)
                .contains("\"a\":{\"dtype\":\"F8_E8M0\",\"shape\":[2],"));
        try (Safetensors read = Safetensors.open(file)) {
            assertArrayEquals(
                    new float[] {1, 2},
                    Objects.requireNonNull(read.tensors().get("a")).toFloats());
        }
    }

    @Test
    void refusesATypeThatTheFormatLacks() {
        TensorData complex = bytes(DType.COMPLEX128, List.of(1L), new int[16]);
        Path file = folder.resolve("x.safetensors");
        IllegalArgumentException thrown =
                assertThrows(IllegalArgumentException.class, () -> Safetensors.write(file, Map.of("x", complex)));
        assertEquals("safetensors has no type for 'x', which is complex128", thrown.getMessage());
        assertFalse(Files.exists(file));
    }

    @Test
    void refusesANameThatIsHalfALetter() {
        Path file = folder.resolve("x.safetensors");
        TensorData one = bytes(DType.UINT8, List.of(1L), new int[1]);
        IllegalArgumentException thrown =
                assertThrows(IllegalArgumentException.class, () -> Safetensors.write(file, Map.of("a\ud800", one)));
        assertEquals(
                "a tensor's name must be valid Unicode, but had an unpaired surrogate: 'a\\ud800'",
                thrown.getMessage());
        assertFalse(Files.exists(file));
    }

    static List<String> goldens() throws IOException {
        return Golden.names(".safetensors");
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void readsWhatPythonReadsAndReadsBackWhatItWrites(String name) throws IOException {
        Path copy = Golden.written(name);
        try (Safetensors file = Safetensors.open(Golden.folder().resolve(name))) {
            assertEquals(Golden.expected(name), Golden.viewOfElements(file.tensors()));
            Safetensors.write(copy, file.tensors());
        }
        try (Safetensors file = Safetensors.open(copy)) {
            assertEquals(Golden.expected(name), Golden.viewOfElements(file.tensors()));
            assertEquals(Map.of("format", "pt"), file.metadata());
        }
    }

    @Test
    void readsTheMetadata() throws IOException {
        try (Safetensors file = Safetensors.open(Golden.folder().resolve("model.safetensors"))) {
            assertEquals(Map.of("größe", "a \"b\"\n\u2028🙂"), file.metadata());
        }
    }

    @Test
    void readsNothingAfterClose() throws IOException {
        Safetensors file = Safetensors.open(Golden.folder().resolve("model.safetensors"));
        file.close();
        TensorData tensor = file.tensors().values().iterator().next();
        assertThrows(IllegalStateException.class, tensor::toFloats);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}} | invalid entry a in the safetensors header: its shape and type need 8 bytes, but it has 4",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}} | invalid entry a in the safetensors header: it must begin at 0, where the previous tensor ends, but begins at 4",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}} | invalid entry b in the safetensors header: it must begin at 8, where the previous tensor ends, but begins at 0",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}} | it is damaged or truncated: its tensors need 4 bytes, but it has 8",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[9],\"data_offsets\":[0,9]}} | it is damaged or truncated: its tensors need 9 bytes, but it has 8",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[999999999999,999999999999],\"data_offsets\":[0,8]}} | invalid entry a in the safetensors header: its shape has more elements than a file can have",
                "{\"a\":{\"dtype\":\"F4\",\"shape\":[8],\"data_offsets\":[0,8]}} | invalid entry a in the safetensors header: it has the unknown type F4",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8],\"x\":1}} | invalid entry a in the safetensors header: it must have exactly dtype, shape and two data_offsets",
                "{\"a\":1,\"a\":2} | invalid JSON in the safetensors header at character 12: duplicate name a",
                "{\"a\":-1} | invalid JSON in the safetensors header at character 5: expected an object, an array, a string or a whole number, at least 0",
                "{\"a\":[[[[[[[[[[[1]]]]]]]]]]]} | invalid JSON in the safetensors header at character 13: nested too deeply",
                "{\"a\":99999999999999999999} | invalid JSON in the safetensors header at character 25: invalid number",
                "{\"a\":1}} | invalid JSON in the safetensors header at character 7: text after its end",
                "{\"a | invalid JSON in the safetensors header at character 3: unterminated string",
                "{\"__metadata__\":{\"a\":1}} | invalid entry __metadata__ in the safetensors header: a value is not a string",
                "[1] | it is not a safetensors file: its header does not begin with {",
            })
    void saysWhatIsWrong(String header, String message) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(16 + json.length).order(ByteOrder.LITTLE_ENDIAN);
        Path file = Files.write(
                folder.resolve("x"), bytes.putLong(json.length).put(json).array());
        IOException thrown = assertThrows(IOException.class, () -> Safetensors.open(file));
        assertEquals("cannot read " + file + ": " + message, thrown.getMessage());
    }

    @Test
    void refusesAHeaderLongerThanTheFile() throws IOException {
        Path file = Files.write(folder.resolve("x"), "<html><body>Not found".getBytes(StandardCharsets.UTF_8));
        IOException thrown = assertThrows(IOException.class, () -> Safetensors.open(file));
        assertEquals(
                "cannot read " + file
                        + ": it is not a safetensors file, or it is truncated: its header would have 7078601349733312572 bytes",
                thrown.getMessage());
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
