package org.anneal.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

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
import java.util.Objects;
import java.util.Set;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

class WeightsTest {
    @TempDir
    private Path folder = Path.of("");

    @BeforeAll
    static void useOneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    private static byte[] bytes(Tensor tensor) {
        Tensor dense = tensor.detach().contiguous();
        byte[] bytes = new byte[Math.toIntExact(dense.nbytes())];
        new BytePointer(dense.data_ptr()).get(bytes);
        return bytes;
    }

    /** The header's entries, with the bytes of each tensor. */
    private static Map<String, byte[]> read(Path file, Map<String, JsonNode> entries) throws IOException {
        byte[] all = Files.readAllBytes(file);
        int length = Math.toIntExact(
                ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).getLong());
        JsonNode header = new ObjectMapper().readTree(new String(all, 8, length, StandardCharsets.UTF_8));
        Map<String, byte[]> data = new LinkedHashMap<>();
        header.forEachEntry((name, entry) -> {
            if (!name.equals("__metadata__")) {
                JsonNode offsets = entry.get("data_offsets");
                int start = 8 + length;
                data.put(
                        name,
                        Arrays.copyOfRange(
                                all,
                                start + offsets.get(0).asInt(),
                                start + offsets.get(1).asInt()));
                entries.put(name, entry);
            }
        });
        return data;
    }

    @Test
    void writesEveryParameterAndBuffer() throws IOException {
        Net net = new Net();
        net.forward(torch.randn(16, 4)); // moves the running statistics
        Path file = folder.resolve("net.safetensors");
        Weights.save(net.module(), file);

        Map<String, JsonNode> entries = new LinkedHashMap<>();
        Map<String, byte[]> data = read(file, entries);
        // The names of PyTorch's state_dict().
        assertEquals(
                Set.of(
                        "body.weight",
                        "body.bias",
                        "norm.weight",
                        "norm.bias",
                        "norm.running_mean",
                        "norm.running_var",
                        "norm.num_batches_tracked",
                        "head.weight",
                        "head.bias"),
                data.keySet());
        Map<String, Tensor> tensors = new LinkedHashMap<>(Torch.namedParameters(net.module()));
        tensors.putAll(Torch.named(net.module().named_buffers()));
        tensors.forEach((name, tensor) -> assertArrayEquals(bytes(tensor), data.get(name), name));

        JsonNode weight = Objects.requireNonNull(entries.get("head.weight"));
        assertEquals("F32", weight.get("dtype").asString());
        assertEquals("[3,8]", weight.get("shape").toString());
        JsonNode count = Objects.requireNonNull(entries.get("norm.num_batches_tracked"));
        assertEquals("I64", count.get("dtype").asString());
        assertEquals("[]", count.get("shape").toString());
        assertArrayEquals(new byte[] {1, 0, 0, 0, 0, 0, 0, 0}, data.get("norm.num_batches_tracked"));
    }

    @Test
    void namesEveryParameterAndBufferInPyTorchsOrder() {
        assertEquals(
                List.of(
                        "body.weight",
                        "body.bias",
                        "norm.weight",
                        "norm.bias",
                        "norm.running_mean",
                        "norm.running_var",
                        "norm.num_batches_tracked",
                        "head.weight",
                        "head.bias"),
                List.copyOf(Weights.stateDict(new Net().module()).keySet()));
        Module one = new Module("one");
        one.register_buffer("x", Tensor.create(1f));
        assertEquals(Set.of("x"), Weights.stateDict(one).keySet());
    }

    @ParameterizedTest
    @CsvSource({
        "Float, F32",
        "Double, F64",
        "Half, F16",
        "BFloat16, BF16",
        "Long, I64",
        "Int, I32",
        "Short, I16",
        "Char, I8",
        "Byte, U8",
        "Bool, BOOL"
    })
    void writesEveryType(ScalarType type, String dtype) throws IOException {
        Tensor tensor = Tensor.create(1f, 0f, 3f).to(type);
        Module module = new Module("one");
        module.register_buffer("x", tensor);
        Path file = folder.resolve("one.safetensors");
        Weights.save(module, file);
        Map<String, JsonNode> entries = new LinkedHashMap<>();
        assertArrayEquals(bytes(tensor), read(file, entries).get("x"));
        assertEquals(
                dtype, Objects.requireNonNull(entries.get("x")).get("dtype").asString());
    }

    @Test
    void writesTensorsRowByRowWhateverTheirStrides() throws IOException {
        Module module = new Module("one");
        module.register_parameter(
                "x", Tensor.create(new float[] {1, 2, 3, 4, 5, 6}, 2, 3).t());
        Path file = folder.resolve("one.safetensors");
        Weights.save(module, file);
        Map<String, JsonNode> entries = new LinkedHashMap<>();
        byte[] expected = new byte[6 * Float.BYTES];
        ByteBuffer.wrap(expected).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(new float[] {1, 4, 2, 5, 3, 6});
        assertArrayEquals(expected, read(file, entries).get("x"));
        assertEquals(
                "[3,2]", Objects.requireNonNull(entries.get("x")).get("shape").toString());
    }

    @Test
    void writesATensorWithoutElements() throws IOException {
        Module module = new Module("one");
        module.register_buffer("x", torch.zeros(0, 3));
        Path file = folder.resolve("one.safetensors");
        Weights.save(module, file);
        Map<String, JsonNode> entries = new LinkedHashMap<>();
        assertArrayEquals(new byte[0], read(file, entries).get("x"));
        assertEquals(
                "[0,3]", Objects.requireNonNull(entries.get("x")).get("shape").toString());
    }

    @Test
    void refusesATypeThatTheFormatHasNot() throws IOException {
        Module module = new Module("one");
        module.register_buffer("x", torch.zeros(2).to(ScalarType.ComplexDouble));
        Path file = folder.resolve("one.safetensors");
        Files.writeString(file, "old");
        assertEquals(
                "safetensors has no type for 'x', which is complex128",
                assertThrows(IllegalArgumentException.class, () -> Weights.save(module, file))
                        .getMessage());
        assertEquals("old", Files.readString(file));
    }

    @Test
    void namesTheFileThatCannotBeWritten() {
        Path file = folder.resolve("missing").resolve("net.safetensors");
        IOException thrown = assertThrows(IOException.class, () -> Weights.save(new Net().module(), file));
        assertEquals("cannot write " + file + ": there is no folder " + file.getParent(), thrown.getMessage());
    }
}
