package org.anneal.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.anneal.text.Python;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TorchFileTest {
    /**
     * These have a value that is written as another type (parameter, attributes, frozenset, method, defaultdict, storage, a view
     * that is converted when it is read), or are of another protocol, layout or archive.
     */
    private static final List<String> NOT_THE_SAME_BYTES = List.of(
            "OneCycleLR-torch1",
            "attributes",
            "big-endian",
            "containers",
            "defaults",
            "deflated",
            "lazy",
            "legacy",
            "namespace",
            "nocrc",
            "parameter",
            "protocol",
            "python2",
            "quantized",
            "storages",
            "types-of-one-storage");

    @TempDir
    private Path folder = Path.of("");

    static List<String> goldens() throws IOException {
        return Golden.names(".pt");
    }

    static List<String> writableGoldens() throws IOException {
        return goldens().stream()
                .filter(name -> !name.equals("OneCycleLR-torch1.pt"))
                .toList();
    }

    static List<String> goldensOfPlainValues() throws IOException {
        return goldens().stream()
                .filter(name -> NOT_THE_SAME_BYTES.stream().noneMatch(name::startsWith))
                .toList();
    }

    private static Path golden(String name) {
        return Golden.folder().resolve(name);
    }

    private static TensorData tensor(TorchFile file, String name) {
        return (TensorData) Objects.requireNonNull(((Map<?, ?>) file.root()).get(name));
    }

    private static List<?> list(Object root, String name) {
        return (List<?>) Objects.requireNonNull(((Map<?, ?>) root).get(name));
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void readsWhatPyTorchReads(String name) throws IOException {
        try (TorchFile file = TorchFile.open(golden(name))) {
            assertEquals(Golden.expected(name), Golden.view(name, file.root()));
            file.verify();
        }
    }

    @ParameterizedTest
    @MethodSource("writableGoldens")
    void readsBackWhatItWrites(String name) throws IOException {
        Path copy = Golden.written(name);
        try (TorchFile file = TorchFile.open(golden(name))) {
            TorchFile.write(copy, file.root());
        }
        try (TorchFile file = TorchFile.open(copy)) {
            assertEquals(Golden.expected(name), Golden.view(name, file.root()));
            Path again = folder.resolve("again.pt");
            TorchFile.write(again, file.root());
            assertArrayEquals(Files.readAllBytes(copy), Files.readAllBytes(again), "same values, same bytes");
        }
    }

    /** All but the directory and a number that PyTorch logs by, which come last. */
    @ParameterizedTest
    @MethodSource("goldensOfPlainValues")
    void writesPyTorchsOwnBytes(String name) throws IOException {
        Path copy = folder.resolve("copy.pt");
        try (TorchFile file = TorchFile.open(golden(name))) {
            TorchFile.write(copy, file.root());
        }
        assertArrayEquals(entries(golden(name)), entries(copy));
    }

    private static byte[] entries(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        int end = text.indexOf("archive/version");
        return Arrays.copyOf(bytes, text.indexOf("PK\7\b", end));
    }

    @Test
    void keepsWhatIsOneObjectOne() throws IOException {
        try (TorchFile file = TorchFile.open(golden("shared.pt"))) {
            List<?> same = list(file.root(), "same object");
            assertSame(same.get(0), same.get(1));
            List<?> views = list(file.root(), "same storage");
            Storage storage = ((TensorData) same.get(0)).storage();
            views.forEach(view -> assertSame(storage, ((TensorData) view).storage()));
            assertNotSame(storage, tensor(file, "other").storage());
        }
        try (TorchFile file = TorchFile.open(golden("containers.pt"))) {
            List<?> lists = list(file.root(), "lists");
            assertSame(lists.get(3), lists.get(4));
        }
    }

    @Test
    void readsNothingAfterClose() throws IOException {
        TorchFile file = TorchFile.open(golden("model.pt"));
        TensorData tensor = tensor(file, "fc.weight");
        file.close();
        IllegalStateException thrown = assertThrows(IllegalStateException.class, tensor::toFloats);
        assertEquals(golden("model.pt") + " is closed: read its tensors before closing it", thrown.getMessage());
        assertThrows(IllegalStateException.class, file::verify);
    }

    @Test
    void writesWhatOtherJavaTypesMean() throws IOException {
        Map<Object, Object> root = new LinkedHashMap<>();
        root.put("null", null);
        root.put("int", 1);
        root.put(2, (short) 3);
        root.put("float", 0.5f);
        root.put("some", Optional.of(List.of(Map.of("a", Set.of(1)))));
        root.put("bytes", new byte[0]);
        root.put("empty", List.of(List.of(), List.of(), Map.of(), Map.of()));
        root.put("tensor", TensorData.of(new float[] {1, 2}, List.of(2L)));
        Path path = folder.resolve("x.pt");
        TorchFile.write(path, root);
        try (TorchFile file = TorchFile.open(path)) {
            Map<?, ?> read = (Map<?, ?>) file.root();
            assertEquals(
                    "[('null', None), ('int', 1), (2, 3), ('float', 0.5), ('some', [{'a': {1}}]), ('bytes', b''), "
                            + "('empty', [[], [], {}, {}])]",
                    Python.repr(read.entrySet().stream()
                            .limit(7)
                            .map(entry -> Python.Tuple.of(entry.getKey(), entry.getValue()))
                            .toList()));
            List<?> empty = list(read, "empty");
            assertNotSame(empty.get(0), empty.get(1), "List.of() is one object in Java, but not in Python");
            assertArrayEquals(new float[] {1, 2}, tensor(file, "tensor").toFloats());
        }
    }

    @Test
    void showsAnArraysLatestValuesInTheFile() throws IOException {
        float[] weights = {1, 2};
        Map<String, TensorData> state = Map.of("w", TensorData.of(weights, List.of(2L)));
        weights[0] = 5;
        TorchFile.write(folder.resolve("x.pt"), state);
        try (TorchFile file = TorchFile.open(folder.resolve("x.pt"))) {
            assertArrayEquals(new float[] {5, 2}, tensor(file, "w").toFloats());
        }
    }

    @Test
    void saysHowManyBytesOfItsStoragesAreWritten() throws IOException {
        TensorData rows = TensorData.of(new float[300_000], List.of(300_000L));
        TensorData first = new TensorData(DType.FLOAT32, rows.storage(), 0, List.of(), List.of());
        List<Long> written = new ArrayList<>();
        TensorData other = TensorData.of(new float[] {1}, List.of(1L));
        TorchFile.write(folder.resolve("x.pt"), List.of(rows, first, other), written::add);
        assertEquals(List.of(1L << 20, 1_200_000L, 1_200_004L), written);
    }

    @Test
    void refusesToWriteWhatAFileCannotHold() {
        List<Object> itself = new ArrayList<>();
        itself.add(Python.Tuple.of(itself));
        Object deep = 1;
        for (int i = 0; i <= 100; i++) {
            deep = List.of(deep);
        }
        Object laughs = List.of("ha");
        for (int i = 0; i < 40; i++) {
            laughs = List.of(laughs, laughs);
        }
        Storage storage = new HeapStorage(new byte[8]);
        Object types = List.of(
                TensorData.of(DType.FLOAT32, storage, List.of(2L)), TensorData.of(DType.INT32, storage, List.of(2L)));
        refuses(itself, "a value in a checkpoint must not contain itself");
        refuses(deep, "values in a checkpoint must not be nested deeper than 100");
        refuses(laughs, "a checkpoint must not hold more than 10000000 values, counting each reference");
        refuses(
                types,
                "tensors that share a storage must have one type, but had float32 and int32 (PyTorch cannot save them either)");
        refuses(
                Map.of(List.of(1), 1),
                "a dict's key must be a str, bytes, bool, number, None, tensor, dtype, device or a tuple of those, but was "
                        + "a list");
        refuses(List.of(new Object()), "a checkpoint cannot hold a java.lang.Object");
        refuses(
                List.of(new PythonReference("torch.f")),
                "a checkpoint cannot be written with <torch.f>, of which only the name is known");
        refuses("\ud83d", "a string must be valid Unicode, but had an unpaired surrogate: '\\ud83d'");
    }

    private void refuses(Object root, String message) {
        Path path = folder.resolve("refused.pt");
        IllegalArgumentException thrown =
                assertThrows(IllegalArgumentException.class, () -> TorchFile.write(path, root));
        assertEquals(message, thrown.getMessage());
        assertFalse(Files.exists(path));
    }

    @Test
    void findsADamagedStorageWhenItHasReadAllOfIt() throws IOException {
        byte[] bytes = Files.readAllBytes(golden("model.pt"));
        int weight = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("archive/data/0FB");
        bytes[(weight + 18 + 63) / 64 * 64 + 3] ^= 1; // the data begin at the next multiple of 64
        Path path = Files.write(folder.resolve("damaged.pt"), bytes);
        try (TorchFile file = TorchFile.open(path)) {
            TensorData tensor = tensor(file, "conv.weight");
            UncheckedIOException thrown = assertThrows(UncheckedIOException.class, tensor::toFloats);
            String message = String.valueOf(thrown.getMessage());
            assertTrue(
                    message.startsWith("cannot read " + path + ": archive/data/0 is damaged: its checksum is "),
                    message);
            assertEquals(message, assertThrows(IOException.class, file::verify).getMessage());
        }
    }

    @Test
    void findsThatAFileWasCutOffWhileItWasOpen() throws IOException {
        Path path = Files.write(folder.resolve("cut.pt"), Files.readAllBytes(golden("model.pt")));
        try (TorchFile file = TorchFile.open(path)) {
            Files.write(path, new byte[100]);
            TensorData tensor = tensor(file, "fc.weight");
            assertEquals(
                    "cannot read " + path + ": it was truncated while it was read",
                    assertThrows(UncheckedIOException.class, tensor::toFloats).getMessage());
        }
    }

    @Test
    void keepsTheOldCheckpointOnAFullDisk() throws IOException, InterruptedException {
        AtomicFileTest.onASmallDisk(folder, disk -> {
            Path path = disk.resolve("last.pt");
            TorchFile.write(path, List.of(TensorData.of(new float[] {1, 2}, List.of(2L))));
            List<TensorData> tooMuch = List.of(TensorData.of(new float[100_000], List.of(100_000L)));
            IOException thrown = assertThrows(IOException.class, () -> TorchFile.write(path, tooMuch));
            assertEquals("cannot write " + path + ": No space left on device", thrown.getMessage());
            try (TorchFile file = TorchFile.open(path)) {
                assertArrayEquals(new float[] {1, 2}, ((TensorData) ((List<?>) file.root()).get(0)).toFloats());
            }
            try (Stream<Path> files = Files.list(disk)) {
                assertEquals(List.of(path), files.toList());
            }
        });
    }

    @Test
    void givesItsDictByName() throws IOException {
        Path file = folder.resolve("dict.pt");
        TorchFile.write(file, Map.of("epoch", 3L));
        try (TorchFile open = TorchFile.open(file)) {
            assertEquals(Map.of("epoch", 3L), open.dict());
        }
        assertNoDict("the file must hold a dict, but holds a list", List.of(1L));
        assertNoDict("the file must hold a dict, but holds a tensor", TensorData.of(new float[] {1}, List.of(1L)));
        assertNoDict("the file must hold a dict, but holds None", Optional.empty());
        assertNoDict("the keys of the file's dict must be strings, but one was 1", Map.of(1L, "one"));
    }

    private void assertNoDict(String expected, Object root) throws IOException {
        Path file = folder.resolve("none.pt");
        TorchFile.write(file, root);
        try (TorchFile open = TorchFile.open(file)) {
            assertEquals(
                    expected,
                    assertThrows(IllegalArgumentException.class, open::dict).getMessage());
        }
    }
}
