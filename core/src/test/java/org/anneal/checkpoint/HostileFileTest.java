package org.anneal.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.anneal.text.Python;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are not what they should be, by chance or on purpose: each is refused with one line that says why. */
class HostileFileTest {
    private static final String TENSOR = "ctorch._utils\\n_rebuild_tensor_v2\\n((X\\x07\\x00\\x00\\x00storage ctorch\\n"
            + "FloatStorage\\n X\\x01\\x00\\x00\\x000 X\\x03\\x00\\x00\\x00cpu K\\x04 tQ ";

    @TempDir
    private Path folder = Path.of("");

    private String refused(byte[] bytes) throws IOException {
        Path file = TestZip.write(folder, bytes);
        IOException thrown = assertTimeoutPreemptively(
                Duration.ofSeconds(20), () -> assertThrows(IOException.class, () -> TorchFile.open(file)));
        String message = String.valueOf(thrown.getMessage());
        String start = "cannot read " + file + ": ";
        assertTrue(message.startsWith(start) && message.lines().count() == 1, message);
        assertFalse(message.contains("a java.") || message.contains("org.anneal"), message);
        return message.substring(start.length());
    }

    private String refusedPickle(String pickle) throws IOException {
        return refused(TestZip.of(TestZip.pickle("\\x80\\x02" + pickle)));
    }

    private String read(String pickle) throws IOException {
        try (TorchFile file =
                TorchFile.open(TestZip.write(folder, TestZip.of(TestZip.pickle("\\x80\\x02" + pickle))))) {
            return Python.repr(file.root());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "os, system",
        "posix, system",
        "nt, system",
        "builtins, eval",
        "__builtin__, exec",
        "builtins, getattr.__call__",
        "subprocess, Popen",
        "torch, load",
        "torch.hub, load",
        "java.lang.Runtime, exec",
        "collections, OrderedDict.__init__",
        "torch.nn.modules.linear, Linear",
    })
    void namesNothingThatIsNotOnTheList(String module, String name) throws IOException {
        String expected = "it names " + module.replace("__builtin__", "builtins") + "." + name
                + ", which a checkpoint must not contain";
        String byLine = "c" + module + "\\n" + name + "\\n X\\x02\\x00\\x00\\x00id \\x85 R.";
        assertTrue(refusedPickle(byLine).startsWith(expected), expected);
        String byText =
                String.format("\\x8c\\x%02x%s \\x8c\\x%02x%s \\x93)R.", module.length(), module, name.length(), name);
        assertTrue(refusedPickle(byText).startsWith(expected), expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "cnumpy.core.multiarray\\nscalar\\n. | numpy.core.multiarray.scalar | : save NumPy values as Python numbers, float(x) or x.tolist(), or as tensors",
                "ctorch._utils\\n_rebuild_sparse_tensor\\n. | torch._utils._rebuild_sparse_tensor | : load it in Python (map_location='cpu') and save it as a dense tensor (x.to_dense())",
                "ctorch\\nQUInt4x2Storage\\n. | torch.QUInt4x2Storage | : load it in Python (map_location='cpu') and save it as a dense tensor (x.dequantize())",
                "ctorch._utils\\n_rebuild_nested_tensor\\n. | torch._utils._rebuild_nested_tensor | : load it in Python (map_location='cpu') and save it as a dense tensor (x.to_padded_tensor(0))",
                "ctorch.nn.modules.linear\\nLinear\\n. | torch.nn.modules.linear.Linear | : save model.state_dict(), not the model, in Python with the model's code: m = torch.load(f, map_location='cpu', weights_only=False) (if you trust it); torch.save(m.state_dict(), f2)",
                "c__main__\\nNet\\n. | __main__.Net | : save plain values and model.state_dict(), not objects, in Python with the object's code: x = torch.load(f, map_location='cpu', weights_only=False) (if you trust it)",
                "cdatetime\\ndatetime\\n. | datetime.datetime | : save it as a str or as numbers",
                "c__builtin__\\nxrange\\n. | builtins.xrange | : save it as a str or as numbers",
                "cexceptions\\nValueError\\n. | builtins.ValueError | : save it as a str or as numbers",
                "ccopy_reg\\n_reconstructor\\n(c__main__\\nNet\\n. | __main__.Net | : save plain values and model.state_dict(), not objects, in Python with the object's code: x = torch.load(f, map_location='cpu', weights_only=False) (if you trust it)",
                "csubprocess\\nPopen\\n. | subprocess.Popen | ''",
                "ctorch\\nload\\n. | torch.load | ''",
            })
    void saysWhatToDoAboutWhatIsOftenThere(String pickle, String name, String hint) throws IOException {
        assertEquals("it names " + name + ", which a checkpoint must not contain" + hint, refusedPickle(pickle));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ctorch\\nFloatStorage\\n)R. | its pickle is damaged: it calls a reference to torch.FloatStorage",
                "ccollections\\nOrderedDict\\n. | a checkpoint cannot hold a reference to collections.OrderedDict",
                "ccollections\\nOrderedDict\\n K\\x01\\x85R. | its pickle is damaged: an OrderedDict is not described as PyTorch describes it",
                "ccollections\\nOrderedDict\\n)\\x81. | its pickle is damaged: it calls a reference to collections.OrderedDict",
                "K\\x01)R. | its pickle is damaged: it calls an int",
                "]K\\x01b. | its pickle is damaged: it sets attributes of a list",
                "K\\x01K\\x02. | its pickle is damaged at byte 7: it ends too early",
                "K\\x01.N | its pickle is damaged at byte 5: it ends too early",
                ". | its pickle is damaged at byte 3: it ends too early",
                "N | its pickle is damaged at byte 3: it ends in the middle of a value",
                "0. | its pickle is damaged at byte 3: a value is missing",
                "N(0. | its pickle is damaged at byte 5: a value is missing",
                "u. | its pickle is damaged at byte 3: a mark is missing",
                "h\\x07. | its pickle is damaged at byte 4: a reference has no target",
                "X\\xff\\xff\\xff\\xffa. | its pickle is damaged at byte 7: it ends in the middle of a value",
                "\\x8d\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x7fa. | its pickle is damaged at byte 11: it ends in the middle of a value",
                "\\x8d\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80a. | its pickle is damaged at byte 11: it ends in the middle of a value",
                "\\x8b\\xff\\xff\\xff\\x7fa. | its pickle is damaged at byte 7: an int has more than 255 bytes",
                "X\\x01\\x00\\x00\\x00\\xff. | its pickle is damaged at byte 8: a string is not UTF-8",
                "Ix\\n. | its pickle is damaged at byte 5: a number has no digits",
                "F0x1p3\\n. | its pickle is damaged at byte 9: a number has no digits",
                "S'a\\n. | its pickle is damaged at byte 6: a string is not in quotes",
                "S'\\x5cxg0'\\n. | its pickle is damaged at byte 10: a string has an invalid escape",
                "V\\x5cu00\\n. | its pickle is damaged at byte 8: a string has an invalid escape",
                "V\\x5cUffffffff\\n. | its pickle is damaged at byte 14: a string has an invalid escape",
                "g1\\n. | its pickle is damaged at byte 5: a reference has no target",
                "g99999999999\\n. | its pickle is damaged at byte 15: a reference has no target",
                "P1\\n. | its pickle has protocol 0, which cannot hold tensors, so PyTorch cannot read it either: save with pickle_protocol=2",
                "i1\\n. | its pickle is damaged at byte 3: operation 0x69 has no place in a checkpoint",
                "\\x80\\x06N. | its pickle is damaged at byte 4: it is not a pickle of protocol 0 to 5",
                "}]Ns. | a dict's key must be a str, bytes, bool, number, None, tensor, dtype, device or a tuple of those, but was a list",
                "ctorch._tensor\\n_rebuild_from_type_v2\\n (ctorch\\nSize\\n ctorch\\nTensor\\n )\\x85 }tR. | its pickle is damaged: a tensor with attributes is not described as PyTorch describes it",
                "ctorch._tensor\\n_rebuild_from_type_v2\\n q\\x00(h\\x00 ctorch\\nTensor\\n ) }tR. | its pickle is damaged: a tensor with attributes is not described as PyTorch describes it",
                "ctorch\\nTensor\\n)R. | its pickle is damaged: it calls a reference to torch.Tensor",
                "ctorch.serialization\\n_get_layout\\n X\\x01\\x00\\x00\\x00x \\x85R. | its pickle is damaged: a layout is not described as PyTorch describes it",
                "N(K\\x01N u. | its pickle is damaged at byte 8: entries are added to something that is not a dict",
                "}(K\\x01u. | its pickle is damaged at byte 7: entries are added to something that is not a dict",
                "K\\x01K\\x01a. | its pickle is damaged at byte 7: items are added to something that is not a list",
                "ccollections\\nCounter\\n}\\x85R K\\x01Ns. | its pickle is damaged at byte 30: a Counter's count is not an int",
                "N\\x85Q. | its pickle is damaged: a storage is not described as PyTorch describes it",
                "]q\\x00h\\x00a. | a value in a checkpoint must not contain itself",
                "]q\\x00h\\x00\\x85a. | a value in a checkpoint must not contain itself",
                "}q\\x00K\\x01h\\x00s. | a value in a checkpoint must not contain itself",
            })
    void refusesAPickleThatIsNoCheckpoint(String pickle, String message) throws IOException {
        assertEquals(message, refusedPickle(pickle));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "K\\x00K\\x05\\x85K\\x01\\x85 | a tensor of shape [5] and strides [1] from element 0 must lie within its storage of 4 elements",
                "K\\x01K\\x04\\x85K\\x01\\x85 | a tensor of shape [4] and strides [1] from element 1 must lie within its storage of 4 elements",
                "J\\xff\\xff\\xff\\xff K\\x01\\x85K\\x01\\x85 | offset, shape and strides must be at least 0, but were -1, [1] and [1]",
                "K\\x00K\\x01\\x85) | strides must have one entry per dimension, so 1, but had 0",
                "K\\x00\\x8a\\x08\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x7f\\x85K\\x00\\x85 | a tensor of shape [9223372036854775807] and strides [0] from element 0 must lie within its storage of 4 elements",
            })
    void refusesATensorThatIsNotInItsStorage(String view, String message) throws IOException {
        assertEquals(
                "it holds an invalid tensor: " + message,
                refusedPickle(TENSOR + view + "\\x89 ccollections\\nOrderedDict\\n)R tR."));
    }

    @Test
    void refusesAStorageThatIsLargerThanItsEntry() throws IOException {
        assertEquals(
                "its storage 0 must have 200 elements of 4 bytes, but has 16 bytes",
                refusedPickle(TENSOR.replace("K\\x04 tQ", "K\\xc8 tQ") + "K\\x00)) \\x89 N tR."));
        assertEquals(
                "it has no entry archive/data/7",
                refusedPickle(TENSOR.replace("\\x000 ", "\\x007 ") + "K\\x00)) \\x89 N tR."));
        assertEquals(
                "it has no entry archive/data/?",
                refusedPickle(TENSOR.replace("\\x000 ", "\\x00\\x07 ") + "K\\x00)) \\x89 N tR."),
                "a message has no control characters");
    }

    @Test
    void refusesAConjugateOrANegativeOfWhatHasNone() throws IOException {
        String conj = "K\\x00)) \\x89 N }X\\x04\\x00\\x00\\x00conj\\x88s tR.";
        assertEquals(
                "it holds an invalid tensor: a conjugated tensor must be complex, but was float32",
                refusedPickle(TENSOR + conj));
        String neg = "K\\x00)) \\x89 N }X\\x03\\x00\\x00\\x00neg\\x88s tR.";
        assertEquals(
                "it holds an invalid tensor: a negated tensor must be of numbers, but was bool",
                refusedPickle(TENSOR.replace("FloatStorage", "BoolStorage").replace("K\\x04 tQ", "K\\x10 tQ") + neg));
        assertEquals(
                "its pickle is damaged: a tensor is not described as PyTorch describes it",
                refusedPickle(TENSOR + conj.replace("conj", "tail")));
    }

    @Test
    void refusesAQuantizedTensorWithoutAScaleForEachChannel() throws IOException {
        String integers = TENSOR.replace("_rebuild_tensor_v2", "_rebuild_qtensor")
                .replace("FloatStorage", "QInt8Storage")
                .replace("K\\x04 tQ", "K\\x10 tQ");
        String scales = TENSOR.replace("X\\x01\\x00\\x00\\x000 ", "X\\x01\\x00\\x00\\x000 ")
                        .replace("FloatStorage", "CharStorage")
                        .replace("K\\x04 tQ", "K\\x10 tQ")
                + "K\\x00 K\\x03\\x85 K\\x01\\x85 \\x89 N tR";
        String channels = "(ctorch\\nper_channel_affine\\n" + scales + scales + "%s t";
        String end = "\\x89 N tR.";
        assertEquals(
                "it holds an invalid tensor: a quantized tensor must have a scale and a zero point for each of its 2 channels, "
                        + "but had int8 [3]",
                refusedPickle(
                        integers + "K\\x00 K\\x02K\\x03\\x86 K\\x03K\\x01\\x86" + channels.formatted("K\\x00") + end));
        assertEquals(
                "it holds an invalid tensor: axis must be a dimension of [2, 3], but was 2",
                refusedPickle(
                        integers + "K\\x00 K\\x02K\\x03\\x86 K\\x03K\\x01\\x86" + channels.formatted("K\\x02") + end));
        assertEquals(
                "it holds an invalid tensor: the channels of a quantized view must not be interleaved, but it had shape [2, 3] and strides [1, 1]: save x.dequantize()",
                refusedPickle(
                        integers + "K\\x00 K\\x02K\\x03\\x86 K\\x01K\\x01\\x86" + channels.formatted("K\\x01") + end));
        assertEquals(
                "its pickle is damaged: a quantized tensor is not described as PyTorch describes it",
                refusedPickle(integers + "K\\x00 )) ctorch\\nper_tensor_affine\\n K\\x01 K\\x01\\x87" + end));
    }

    @Test
    void refusesTwoKeysThatAreOneTensor() throws IOException {
        String tensor = TENSOR + "K\\x00)) \\x89 N tR";
        assertEquals(
                "a dict has two keys that are the same view of a tensor",
                refusedPickle("}(" + tensor + "N" + tensor + "Nu."));
    }

    @Test
    void refusesATypeThatOneStorageCannotHave() throws IOException {
        String asInts = TENSOR.replace("FloatStorage", "IntStorage");
        assertEquals(
                "it holds storage 0 both as torch.FloatStorage and as torch.IntStorage",
                refusedPickle(TENSOR + "K\\x00)) \\x89 N tR" + asInts + "K\\x00)) \\x89 N tR \\x86."));
    }

    @Test
    void refusesDeepNesting() throws IOException {
        for (String[] pair : new String[][] {{"]", "a"}, {"", "\\x85"}, {"}K\\x01", "s"}}) {
            assertTrue(
                    read(pair[0].repeat(100) + "N" + pair[1].repeat(100) + ".").contains("None"));
            assertEquals(
                    "values in a checkpoint must not be nested deeper than 100",
                    refusedPickle(pair[0].repeat(101) + "N" + pair[1].repeat(101) + "."));
            assertEquals(
                    "values in a checkpoint must not be nested deeper than 100",
                    refusedPickle(pair[0].repeat(300_000) + "N" + pair[1].repeat(300_000) + "."));
        }
    }

    @Test
    void refusesABillionLaughs() throws IOException {
        String message = "a checkpoint must not hold more than 10000000 values, counting each reference";
        assertEquals(message, refusedPickle("N" + "2\\x86".repeat(60) + "."));
        String haha = "X\\x00\\x00\\x01\\x00" + "ha".repeat(1 << 15);
        assertEquals(message, refusedPickle("(" + haha + "2".repeat(10_000) + "t."), "text counts by its length");
        assertEquals(
                "a dict's key has more than 100 values",
                refusedPickle("}" + "K\\x01" + "2\\x86".repeat(60) + "Ns."),
                "before its hash is asked for");
    }

    @Test
    void refusesMoreOperationsThanItCanHold() throws IOException {
        byte[] pickle = new byte[10_000_010];
        Arrays.fill(pickle, (byte) 'N');
        pickle[0] = (byte) 0x80;
        pickle[1] = 2;
        assertEquals("its pickle has more than 10000000 operations", refused(TestZip.of(pickle)));
    }

    /** Texts of one hash code, of which Java sorts a bin; with ints of the same it could only search it. */
    @Test
    void isNotSlowedDownByKeysThatCollide() throws IOException {
        ByteArrayOutputStream pickle = new ByteArrayOutputStream();
        pickle.writeBytes(TestZip.pickle("\\x80\\x02}("));
        for (int i = 0; i < 1 << 16; i++) {
            StringBuilder key = new StringBuilder();
            for (int bit = 0; bit < 16; bit++) {
                key.append((i >> bit & 1) == 0 ? "Aa" : "BB");
            }
            pickle.writeBytes(TestZip.pickle("X\\x20\\x00\\x00\\x00" + key + "N"));
        }
        byte[] good = pickle.toByteArray();
        ByteArrayOutputStream end = new ByteArrayOutputStream();
        end.writeBytes(good);
        end.writeBytes(TestZip.pickle("u."));
        Path file = TestZip.write(folder, TestZip.of(end.toByteArray()));
        assertTimeoutPreemptively(Duration.ofSeconds(10), () -> {
            try (TorchFile open = TorchFile.open(file)) {
                assertEquals(1 << 16, ((Map<?, ?>) open.root()).size());
            }
        });
        end.reset();
        end.writeBytes(good);
        end.writeBytes(TestZip.pickle("K\\x01Nu."));
        assertEquals(
                "a dict of more than 1000 entries must have keys that are all str or all int",
                refused(TestZip.of(end.toByteArray())));
    }

    @Test
    void keepsAMethodAsNoMoreThanItsName() throws IOException {
        Path file = TestZip.write(
                folder,
                TestZip.of(TestZip.pickle(
                        "\\x80\\x02c__builtin__\\ngetattr\\n ctorch.optim.lr_scheduler\\nOneCycleLR\\n)\\x81"
                                + "}X\\x01\\x00\\x00\\x00a NsbX\\x01\\x00\\x00\\x00f\\x86R.")));
        try (TorchFile open = TorchFile.open(file)) {
            assertEquals(new PythonReference("torch.optim.lr_scheduler.OneCycleLR.f"), open.root());
        }
    }

    // Archives.

    @Test
    void refusesAForeignFile() throws IOException {
        String start = "it is not a file of torch.save, which is a zip archive: it begins with ";
        assertEquals(start + "'<!DOCTYPE html>'", refused("<!DOCTYPE html><html>404".getBytes(StandardCharsets.UTF_8)));
        assertEquals(start + "'?PNG????'", refused("\u0089PNG\r\n\u001a\n".getBytes(StandardCharsets.ISO_8859_1)));
        assertEquals(start + "'P'", refused(new byte[] {'P'}));
        assertEquals("it is a damaged zip archive: its end is missing", refused(new byte[] {'P', 'K'}));
    }

    @Test
    void refusesWhatIsNoFile() throws IOException {
        assertEquals("it is empty", refused(new byte[0]));
        IOException isFolder = assertThrows(IOException.class, () -> TorchFile.open(folder));
        assertEquals("cannot read " + folder + ": it is a folder", isFolder.getMessage());
        Path missing = folder.resolve("missing.pt");
        IOException isMissing = assertThrows(IOException.class, () -> TorchFile.open(missing));
        assertEquals("cannot read " + missing + ": there is no such file or folder", isMissing.getMessage());
        Path device = Path.of("/dev/zero");
        if (Files.exists(device)) {
            IOException isDevice = assertThrows(IOException.class, () -> TorchFile.open(device));
            assertEquals("cannot read /dev/zero: it is not a regular file", isDevice.getMessage());
        }
    }

    /** Each advice was followed in PyTorch 2.13 without a GPU, and Anneal read the file that it gave. */
    @Test
    void saysHowToGetAtTheWeightsOfOtherArchives() throws IOException {
        String script = "it is a TorchScript archive; save its weights in Python: torch.save("
                + "torch.jit.load(f, map_location='cpu').state_dict(), f2), after importing the library of its custom operators, if any (torchvision)";
        assertEquals(
                script,
                refused(TestZip.ofEntries(
                        "m/data.pkl", "\2", "m/data/0", "", "m/code/__torch__.py", "", "m/constants.pkl", "")));
        assertEquals(script, refused(TestZip.ofEntries("m/version", "1", "m/model.json", "{}", "m/tensors/0", "")));
        assertEquals(
                "it is a TorchScript archive with weights that are constants in its code; save them in "
                        + "Python: torch.save(torch.jit.load(f, map_location='cpu').code_with_constants[1].const_mapping, f2)",
                refused(TestZip.ofEntries("m/data.pkl", "\2", "m/constants/0", "", "m/constants.pkl", "")));
        assertEquals(
                "it is a TorchScript archive with weights that are constants in its code; save them in "
                        + "Python: m = torch.jit.load(f, map_location='cpu'); torch.save({**m.state_dict(), "
                        + "**m.code_with_constants[1].const_mapping}, f2)",
                refused(TestZip.ofEntries(
                        "m/data.pkl", "\2", "m/data/0", "", "m/constants/0", "", "m/constants.pkl", "")),
                "frozen but for some attributes");
        String quantized = "m/code/__torch__/torch/classes/quantized.py";
        assertEquals(
                "it is a TorchScript archive of a quantized model; save its layers in Python: m = "
                        + "torch.jit.load(f, map_location='cpu'); torch.save({**m.state_dict(), **{n: "
                        + "s._packed_params.__getstate__()[0] for n, s in m.named_modules() if "
                        + "isinstance(getattr(s, '_packed_params', None), torch.ScriptObject)}}, f2)",
                refused(TestZip.ofEntries("m/data.pkl", "\2", "m/data/0", "", quantized, "", "m/constants.pkl", "")));
        assertEquals(
                "it is a TorchScript archive of a quantized model; save its layers in Python: torch.save({n: "
                        + "c.__getstate__()[0] if isinstance(c, torch.ScriptObject) else c for n, c in "
                        + "torch.jit.load(f, map_location='cpu').code_with_constants[1].const_mapping.items()}, f2)",
                refused(TestZip.ofEntries(
                        "m/data.pkl", "\2", "m/constants/0", "", quantized, "", "m/constants.pkl", "")));
        assertEquals(
                "it is an archive of torch.export; save its weights in Python: "
                        + "torch.save(torch.export.load(f).state_dict, f2)",
                refused(TestZip.ofEntries("m/archive_format", "pt2", "m/models/model.json", "{}")));
        assertEquals(
                "it is an archive of torch.package, which contains code; load its model in Python, torch.package.PackageImporter(f).load_pickle(package, name, map_location='cpu'), "
                        + "and save model.state_dict()",
                refused(TestZip.ofEntries("m/.data/extern_modules", "", "m/model/model.pkl", "")));
    }

    @Test
    void saysHowToConvertATarArchiveAndAPickleOfPythonsOwn() throws IOException {
        byte[] tar = new byte[1024];
        System.arraycopy("storages".getBytes(StandardCharsets.US_ASCII), 0, tar, 0, 8);
        System.arraycopy("ustar".getBytes(StandardCharsets.US_ASCII), 0, tar, 257, 5);
        assertEquals(
                "it is a tar archive of PyTorch 0.1; rewrite it in Python: torch.save(torch.load(f, map_location='cpu', weights_only=False), f2) (if you trust it: a pickle can run code)",
                refused(tar));
        assertEquals(
                "it is a plain Python pickle, not a file of torch.save; rewrite it in Python: torch.save(pickle.load(open(f, 'rb')), f2) (if you trust it: a pickle can run code)",
                refused(TestZip.pickle("\\x80\\x04}.")));
    }

    @Test
    void readsADefaultdictOfAnyBuiltinType() throws IOException {
        for (String type :
                List.of("list", "dict", "set", "int", "long", "float", "bool", "str", "unicode", "tuple", "complex")) {
            assertEquals(
                    "{None: 1}", read("ccollections\\ndefaultdict\\n c__builtin__\\n" + type + "\\n \\x85R NK\\x01s."));
        }
    }

    @Test
    void readsAnObjectOfAnOldProtocol() throws IOException {
        String object = "ccopy_reg\\n_reconstructor\\n(%s c__builtin__\\n%s tR.";
        String lightning = "cpytorch_lightning.utilities.parsing\\nAttributeDict\\n";
        assertEquals("{}", read(object.formatted("cargparse\\nNamespace\\n", "object\\nN")));
        assertEquals("{'a': 1}", read(object.formatted(lightning, "dict\\n}X\\x01\\x00\\x00\\x00a K\\x01s")));
        assertEquals(
                "its pickle is damaged: an object is not described as PyTorch describes it",
                refusedPickle(object.formatted("cargparse\\nNamespace\\n", "object\\nK\\x01")));
        assertEquals(
                "its pickle is damaged: it calls a reference to collections.OrderedDict",
                refusedPickle(object.formatted("ccollections\\nOrderedDict\\n", "dict\\n}")));
    }

    @Test
    void readsALayoutAsItsName() throws IOException {
        String pickle = "\\x80\\x02 ctorch.serialization\\n_get_layout\\n X\\x0d\\x00\\x00\\x00torch.strided \\x85R.";
        try (TorchFile file = TorchFile.open(TestZip.write(folder, TestZip.of(TestZip.pickle(pickle))))) {
            assertEquals(new PythonReference("torch.strided"), file.root());
        }
    }

    @Test
    void saysWhatToDoWithWhatItDoesNotRead() throws IOException {
        assertEquals(
                "it names torch._utils._rebuild_meta_tensor_no_storage, which a checkpoint must not contain: a meta tensor has no data",
                refusedPickle("ctorch._utils\\n_rebuild_meta_tensor_no_storage\\n."));
        assertEquals(
                "it holds a tensor of torch.quint4x2, which Anneal cannot read: save x.view(torch.uint8)",
                refusedPickle(TENSOR.replace("_rebuild_tensor_v2", "_rebuild_tensor_v3")
                        + "K\\x00)) \\x89 N ctorch\\nquint4x2\\n tR."));
    }

    @Test
    void namesSafetensors() throws IOException {
        Path file = folder.resolve("model.safetensors");
        Safetensors.write(file, Map.of("a", TensorData.scalar(1)));
        assertEquals(
                "it must be a file of torch.save, but is a safetensors file, which holds weights only",
                refused(Files.readAllBytes(file)));
    }

    /** Its code is compressed, which is of no interest. */
    @Test
    void saysHowToConvertTorchScriptWithCompressedCode() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (String name : List.of("m/data.pkl", "m/code/__torch__.py", "m/constants.pkl")) {
                zip.putNextEntry(new ZipEntry(name));
                zip.write(new byte[100]);
                zip.closeEntry();
            }
        }
        assertEquals(
                "it is a TorchScript archive; save its weights in Python: torch.save("
                        + "torch.jit.load(f, map_location='cpu').state_dict(), f2), after importing the library of its custom operators, if any (torchvision)",
                refused(out.toByteArray()));
    }

    @Test
    void refusesAnotherArchive() throws IOException {
        assertEquals(
                "it is a zip archive, but not one of torch.save: it has no data.pkl",
                refused(TestZip.ofEntries("META-INF/MANIFEST.MF", "Manifest-Version: 1.0")));
        assertEquals(
                "it must have one pickle, but has 2", refused(TestZip.ofEntries("a/data.pkl", "", "b/data.pkl", "")));
    }

    @Test
    void refusesAByteOrderThatIsNone() throws IOException {
        assertEquals(
                "its byte order must be little or big, but was middle",
                refused(TestZip.ofEntries("a/data.pkl", "N.", "a/byteorder", "middle")));
    }

    private static byte[] packed(byte[] pickle, byte[] storage) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            zip.putNextEntry(new ZipEntry("archive/data.pkl"));
            zip.write(pickle);
            zip.closeEntry();
            zip.putNextEntry(new ZipEntry("archive/data/0"));
            zip.write(storage);
            zip.closeEntry();
        }
        return out.toByteArray();
    }

    /** PyTorch unpacks them too. */
    @Test
    void refusesAPackedEntryThatIsNotWhatTheDirectorySays() throws IOException {
        byte[] pickle = TestZip.pickle(
                "\\x80\\x02" + TENSOR.replace("K\\x04 tQ", "J\\x00\\x00\\x04\\x00 tQ") + "K\\x00)) \\x89 N tR.");
        byte[] good = packed(pickle, new byte[1 << 20]);
        try (TorchFile file = TorchFile.open(TestZip.write(folder, good))) {
            assertEquals(0, ((TensorData) file.root()).item());
        }
        int entry = TestZip.find(good, "archive/data/0").central();
        for (int size : new int[] {0, (1 << 20) - 1, (1 << 20) + 1}) {
            assertEquals(
                    "it is a damaged zip archive: archive/data/0 does not have the size that the directory claims",
                    refused(changed(good, zip -> zip.putInt(entry + 24, size))));
        }
        assertEquals(
                "it is a damaged zip archive: the size of archive/data/0 is wrong",
                refused(changed(good, zip -> zip.putInt(entry + 24, 0x7ffffff0))),
                "before there is room for it");
        assertEquals(
                "it is a damaged zip archive: archive/data/0 ends too early",
                refused(changed(good, zip -> zip.putInt(entry + 20, zip.getInt(entry + 20) - 9))));
        assertEquals(
                "archive/data/0 is compressed by zip method 12, which neither PyTorch nor Anneal reads: zip it again without compression (zip -0)",
                refused(changed(good, zip -> zip.putShort(entry + 10, (short) 12))));
        int data = new String(good, StandardCharsets.ISO_8859_1).indexOf("archive/data/0") + 14;
        assertEquals(
                "it is a damaged zip archive: archive/data/0 cannot be unpacked",
                refused(changed(good, zip -> zip.put(data, (byte) 0xff))));
    }

    private static byte[] changed(byte[] bytes, Consumer<ByteBuffer> change) {
        byte[] copy = bytes.clone();
        change.accept(ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN));
        return copy;
    }

    // The layout of before PyTorch 1.6.

    private static final String MAGIC = "\\x80\\x02\\x8a\\x0a l\\xfc\\x9cF\\xf9\\x20j\\xa8P\\x19. ";
    private static final String START = MAGIC + "\\x80\\x02M\\xe9\\x03. \\x80\\x02}. \\x80\\x02";
    private static final String ZERO = "\\x00\\x00\\x00\\x00";

    /** {@return a file of a value and the keys, counts and elements of storages} */
    private static byte[] legacy(String value, String end) {
        return TestZip.pickle(START + value + end);
    }

    private static String legacyTensor(String elements) {
        return TENSOR.replace("K\\x04 tQ", elements + " N tQ") + "K\\x00)) \\x89 N tR.";
    }

    @Test
    void refusesALegacyFileThatIsNotAsItSays() throws IOException {
        String keys = "\\x80\\x02](X\\x01\\x00\\x00\\x000 e.";
        String one = "\\x01\\x00\\x00\\x00" + ZERO;
        String tensor = legacyTensor("K\\x01");
        try (TorchFile file =
                TorchFile.open(TestZip.write(folder, legacy(tensor, keys + one + "\\x00\\x00\\xc0\\x3f")))) {
            assertEquals(1.5, ((TensorData) file.root()).item());
            file.verify();
        }
        assertEquals(
                "it is damaged or truncated: its storage 0 must have 1 elements of 4 bytes, but claims 1, and the file ends after 3 bytes",
                refused(legacy(tensor, keys + one + "\\x00\\x00\\x00")));
        assertEquals(
                "it is damaged or truncated: its storage 0 must have 1 elements of 4 bytes, but claims 2, and the file ends after 8 bytes",
                refused(legacy(tensor, keys + one.replace("\\x01", "\\x02") + ZERO + ZERO)));
        assertEquals("its storage 0 is missing", refused(legacy(tensor, "\\x80\\x02].")));
        assertEquals(
                "its list of storages names 1, which its value does not use",
                refused(legacy(tensor, keys.replace("\\x000 ", "\\x001 ") + one + ZERO)));
        assertEquals(
                "its list of storages names 0, which its value does not use",
                refused(legacy(
                        tensor,
                        "\\x80\\x02](X\\x01\\x00\\x00\\x000X\\x01\\x00\\x00\\x000e." + one + ZERO + one + ZERO)),
                "it was there already");
        assertEquals("its list of storages must be a list, but was a dict", refused(legacy(tensor, "\\x80\\x02}.")));
        assertEquals(
                "its layout's version must be 1001, but was 1002",
                refused(TestZip.pickle(MAGIC + "\\x80\\x02M\\xea\\x03.")));
        assertTrue(refused(TestZip.pickle(MAGIC)).contains("it ends in the middle of a value"));
        assertEquals(
                "its pickle has protocol 0, which cannot hold tensors, so PyTorch cannot read it either: save with pickle_protocol=2",
                refused(TestZip.pickle("L119547037146038801333356L\\n. I1001\\n. (d. P1\\n.")));
    }

    @Test
    void saysHowToReadTextOfPython2ThatIsInAnotherEncoding() throws IOException {
        for (String text : List.of("U\\x01\\xe9.", "T\\x01\\x00\\x00\\x00\\xe9.", "S'\\x5cxe9'\\n.")) {
            assertEquals(
                    "it has a str of Python 2 that is not UTF-8; rewrite it in Python: torch.save(torch.load(f, "
                            + "map_location='cpu', encoding='latin1', weights_only=False), f2) (if you trust it)",
                    refused(legacy(text, "")));
        }
    }

    @Test
    void makesNoRoomForWhatALegacyFileOnlyClaims() throws IOException {
        for (String elements : List.of("\\x8a\\x08\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x10", "J\\xff\\xff\\xff\\x7f")) {
            String message = refused(legacy(legacyTensor(elements), "\\x80\\x02]."));
            assertTrue(message.startsWith("it is damaged or truncated: its storage 0 must have "), message);
        }
        String wrong = "its pickle is damaged: a storage is not described as PyTorch describes it";
        assertEquals(wrong, refused(legacy(legacyTensor("\\x8a\\x08\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x7f"), "")));
        assertEquals(wrong, refused(legacy(legacyTensor("J\\xff\\xff\\xff\\xff"), "")));
        assertTrue(refused(legacy("X\\xff\\xff\\xff\\x7fa.", "")).contains("it ends in the middle of a value"));
    }

    @Test
    void refusesAPartThatIsNotInItsStorage() throws IOException {
        for (String part : List.of("K\\x00K\\x02", "K\\x02K\\x00", "J\\xff\\xff\\xff\\xffK\\x01", "K\\x01K\\x01")) {
            String view = TENSOR.replace("K\\x04 tQ", "K\\x01 X\\x01\\x00\\x00\\x00v" + part + "\\x87 tQ");
            assertEquals(
                    "its pickle is damaged: a part of a storage is not described as PyTorch describes it",
                    refused(legacy(view + "K\\x00)) \\x89 N tR.", "")));
        }
    }

    @Test
    void trustsALegacyFileNoMoreThanOthers() throws IOException {
        assertTrue(refused(legacy("cos\\nsystem\\n X\\x02\\x00\\x00\\x00id \\x85 R.", ""))
                .startsWith("it names os.system, which a checkpoint must not contain"));
        assertTrue(refused(TestZip.pickle(MAGIC + "\\x80\\x02cos\\nsystem\\n.")).startsWith("it names os.system, "));
        assertEquals(
                "a value in a checkpoint must not contain itself", refused(legacy("]q\\x00h\\x00a.", "\\x80\\x02].")));
        String deep = "]".repeat(300_000) + "N" + "a".repeat(300_000) + ".";
        assertEquals(
                "values in a checkpoint must not be nested deeper than 100", refused(legacy(deep, "\\x80\\x02].")));
        assertEquals(
                "a checkpoint must not hold more than 10000000 values, counting each reference",
                refused(legacy("N" + "2\\x86".repeat(60) + ".", "\\x80\\x02].")));
    }

    @Test
    void refusesTwoEntriesOfOneName() throws IOException {
        assertEquals(
                "it has two entries named a/data.pkl",
                refused(TestZip.ofEntries("a/data.pkl", "N.", "a/data.pkl", "N.")));
    }

    @Test
    void refusesADirectoryThatIsWrong() throws IOException {
        assertEquals(
                "it is a damaged zip archive: archive/data/0 is not where the directory says",
                damaged((zip, at) -> zip.putInt(at + 42, 0)));
        assertEquals(
                "it is a damaged zip archive: the place or size of archive/data/0 is wrong",
                damaged((zip, at) -> zip.putInt(at + 42, zip.capacity())));
        assertEquals(
                "it is a damaged zip archive: the place or size of archive/data/0 is wrong",
                damaged((zip, at) -> zip.putInt(at + 24, 17)),
                "the two sizes of what is stored are one");
        assertEquals(
                "it is a damaged zip archive: the place or size of archive/data/0 is wrong",
                damaged((zip, at) -> zip.putInt(at + 20, 1 << 30).putInt(at + 24, 1 << 30)));
        assertEquals(
                "it is a damaged zip archive: archive/data/0 overlaps what follows it",
                damaged((zip, at) -> zip.putInt(at + 20, 160).putInt(at + 24, 160)));
        assertEquals(
                "archive/data/0 is encrypted, which PyTorch never does",
                damaged((zip, at) -> zip.putShort(at + 8, (short) 1)));
        assertEquals(
                "it is a damaged zip archive: a large entry has no zip64 size",
                damaged((zip, at) -> zip.putInt(at + 20, -1).putInt(at + 24, -1)));
        assertEquals(
                "it is a damaged zip archive: its directory is broken",
                damaged((zip, at) -> zip.putShort(at + 28, (short) 30_000)));
        assertEquals(
                "it is a damaged zip archive: its two end records contradict each other",
                damaged((zip, at) -> zip.putShort(zip.capacity() - 12, (short) 9)));
        assertEquals(
                "it is a damaged zip archive: its directory is not where its end record says",
                damaged((zip, at) ->
                        zip.putLong(zip.capacity() - 22 - 20 - 8, 0).putInt(zip.capacity() - 6, 0)));
    }

    @FunctionalInterface
    private interface Damage {
        void to(ByteBuffer zip, int central);
    }

    private String damaged(Damage damage) throws IOException {
        byte[] zip = TestZip.of(TestZip.pickle("\\x80\\x02N."));
        damage.to(
                ByteBuffer.wrap(zip).order(ByteOrder.LITTLE_ENDIAN),
                TestZip.find(zip, "archive/data/0").central());
        return refused(zip);
    }

    @Test
    void noticesADamagedPickle() throws IOException {
        byte[] zip = TestZip.of(TestZip.pickle("\\x80\\x02K\\x01."));
        zip[TestZip.find(zip, "archive/data.pkl").start() + 3] ^= 4; // K 1 becomes K 5
        assertTrue(refused(zip).startsWith("archive/data.pkl is damaged: its checksum is "));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 10, 22, 50, 98, 99, 200, 1000, 3000})
    void noticesAFileThatWasCutOff(int missing) throws IOException {
        byte[] whole = Files.readAllBytes(Golden.folder().resolve("model.pt"));
        assertEquals(
                "it is a damaged zip archive: its end is missing",
                refused(Arrays.copyOf(whole, whole.length - missing)));
    }

    @Test
    void readsAnArchiveWithACommentAndWithoutZip64() throws IOException {
        byte[] zip = TestZip.of(TestZip.pickle("\\x80\\x02K\\x07."));
        ByteBuffer end = ByteBuffer.allocate(22 + 5).order(ByteOrder.LITTLE_ENDIAN);
        end.put(zip, zip.length - 22, 22)
                .put("hello".getBytes(StandardCharsets.US_ASCII))
                .putShort(20, (short) 5);
        int directoryEnd = zip.length - 22 - 20 - 56;
        byte[] old = Arrays.copyOf(zip, directoryEnd + end.capacity());
        System.arraycopy(end.array(), 0, old, directoryEnd, end.capacity());
        try (TorchFile file = TorchFile.open(TestZip.write(folder, old))) {
            assertEquals(7L, file.root());
        }
    }
}
