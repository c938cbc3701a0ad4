package org.anneal.cli;

import static org.anneal.cli.Ran.assertFails;
import static org.anneal.cli.Ran.lines;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.checkpoint.DType;
import org.anneal.checkpoint.Safetensors;
import org.anneal.checkpoint.TensorData;
import org.anneal.checkpoint.TorchFile;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.anneal.schedule.StepLR;
import org.anneal.text.Python;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code anneal inspect} and {@code anneal export}. */
class InspectTest {
    private static final TensorData WEIGHT = TensorData.of(new float[] {1, 2, 3, 4, 5, 6}, List.of(2L, 3L));
    private static final TensorData BIAS = TensorData.of(new float[] {7, 8}, List.of(2L));

    @TempDir
    Path folder;

    private Path checkpoint() throws IOException {
        FloatArray param = new FloatArray(1, 2, 3);
        param.setGrad(1, 1, 1);
        Map<String, Object> root = new LinkedHashMap<>();
        try (Optimizer<FloatArray> sgd = FloatArrays.optimizer(new SGD(0.1).withMomentum(0.9), List.of(param))) {
            LRScheduler scheduler = new LRScheduler(sgd, new StepLR(1, 0.5));
            sgd.step();
            scheduler.step();
            Map<String, Object> model = new Python.OrderedDict<>();
            model.put("fc.weight", WEIGHT);
            model.put("fc.bias", BIAS);
            root.put("epoch", 1);
            root.put("step", 1);
            root.put("model", model);
            root.put("optimizer", sgd.stateDict());
            root.put("scheduler", scheduler.stateDict());
            root.put(
                    "anneal",
                    Map.of(
                            "batch",
                            0L,
                            "scheduler",
                            Map.of("policies", scheduler.state().policies())));
            Path file = folder.resolve("last.pt");
            TorchFile.write(file, root);
            return file;
        }
    }

    @Test
    void printsWhatATrainingCheckpointHolds() throws IOException {
        Path file = checkpoint();
        List<String> lines = lines("inspect", file.toString());
        assertEquals(
                file + ": training checkpoint of Anneal, " + String.format("%,d", Files.size(file))
                        + " bytes; 3 tensors of 11 elements",
                lines.get(0));
        assertEquals("progress:  epoch 1 finished, optimizer step 1", lines.get(1));
        assertEquals("schedule:  StepLR(step_size=1, gamma=0.5)", lines.get(2));
        assertEquals("rates:     [0.05]", lines.get(3));
        assertTrue(
                lines.containsAll(List.of("model:", "  fc.weight  float32 2 x 3", "  fc.bias    float32 2")), "model");
        assertTrue(lines.contains("    0: momentum_buffer=float32 3"), () -> String.join("\n", lines));
    }

    @Test
    void printsAnyFileOfPyTorchs() throws IOException {
        Path file = folder.resolve("any.pt");
        TorchFile.write(
                file,
                List.of(1L, "two\u001b[31m", Python.Tuple.of(3.5, true), TensorData.scalar(9), new byte[4], Map.of()));
        assertEquals(
                List.of("holds: [1, 'two\\x1b[31m', (3.5, True), 9.0 (float32), 4 bytes, {}]"),
                lines("inspect", file.toString()).stream().skip(1).toList());
    }

    @Test
    void tellsKeysApartThatAreNoText() throws IOException {
        Path file = folder.resolve("keys.pt");
        Map<Object, Object> root = new LinkedHashMap<>();
        root.put("a".getBytes(StandardCharsets.US_ASCII), new Python.Complex(1, -2));
        root.put("b".getBytes(StandardCharsets.US_ASCII), 2);
        root.put(WEIGHT, 3);
        root.put(DType.FLOAT16, 4);
        root.put(Python.Tuple.of(BIAS, Python.Tuple.of(DType.INT8, 1L)), 5);
        TorchFile.write(file, root);
        List<String> lines = lines("inspect", file.toString());
        assertTrue(lines.get(0).endsWith("; 2 tensors of 8 elements"), lines.get(0));
        assertEquals(
                List.of("b'a': (1-2j)", "b'b': 2", "float32 2 x 3: 3", "float16: 4", "(float32 2, (int8, 1)): 5"),
                lines.stream().skip(1).filter(line -> !line.isEmpty()).toList());
    }

    @Test
    void doesNotExportWhatTheDiskHasNoRoomFor() throws IOException {
        Path file = folder.resolve("expanded.pt");
        TensorData zero = TensorData.scalar(0);
        long side = 1L << 27;
        TorchFile.write(
                file,
                Map.of("w", new TensorData(zero.dtype(), zero.storage(), 0, List.of(side, side), List.of(0L, 0L))));
        assertTrue(lines("inspect", file.toString()).contains("holds: w=float32 134217728 x 134217728"));
        Path out = folder.resolve("out.safetensors");
        Ran ran = Ran.anneal("export", file.toString(), "--to", "safetensors", "-o", out.toString());
        assertEquals(1, ran.code());
        String start = "anneal export: cannot write " + out + ": it needs 72,057,594,037,927,936 bytes, but only ";
        assertTrue(ran.err().startsWith(start) && ran.err().strip().endsWith(" are free on the disk"), ran.err());
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList());
        }
        lines("export", file.toString(), "--to", "pytorch", "-o", out.toString());
        assertTrue(Files.size(out) < 2000, "it is written as the view that it is");
    }

    /** The length is the file's first byte: 80 is a P, with which a zip archive begins. */
    @Test
    void readsSafetensorsWhateverTheLengthOfTheHeader() throws IOException {
        Path file = folder.resolve("gpt.safetensors");
        String header = String.format("%-80s", "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}");
        Files.write(file, ("P\0\0\0\0\0\0\0" + header + "\1\2\3").getBytes(StandardCharsets.ISO_8859_1));
        assertEquals(
                List.of("holds:", "  a  uint8 3"),
                lines("inspect", file.toString()).stream().skip(1).toList());
    }

    @Test
    void printsWhatIsNotAsAnnealWritesItAsItIs() throws IOException {
        Path file = folder.resolve("foreign.pt");
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("model", Map.of("a", BIAS));
        root.put("epoch", List.of(1, 2));
        root.put("step", 7);
        root.put("scheduler", Map.of("_last_lr", List.of(TensorData.scalar(0.5))));
        root.put("anneal", Map.of("scheduler", Map.of("policies", 5)));
        TorchFile.write(file, root);
        assertEquals(
                List.of(
                        "",
                        "model: a=float32 2",
                        "",
                        "epoch: [1, 2]",
                        "",
                        "step: 7",
                        "",
                        "scheduler: _last_lr=[0.5 (float32)]",
                        "",
                        "anneal:",
                        "  scheduler: policies=5"),
                lines("inspect", file.toString()).stream().skip(1).toList());
        TorchFile.write(file, Map.of("model", Map.of(), "anneal", "a text"));
        assertTrue(lines("inspect", file.toString()).get(0).startsWith(file + ": training checkpoint, "));
    }

    @Test
    void escapesEveryTextOfAFile() throws IOException {
        Path file = folder.resolve("evil.pt");
        String evil = "\u001b[31mred\n\nevil";
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("model", Map.of(evil, BIAS));
        root.put("epoch", 1);
        root.put("step", evil);
        root.put(evil, evil);
        root.put("scheduler", Map.of("_last_lr", List.of(evil)));
        root.put("anneal", Map.of("batch", evil, "scheduler", Map.of("policies", List.of(evil))));
        TorchFile.write(file, root);
        Ran ran = Ran.anneal("inspect", file.toString());
        assertEquals(0, ran.code());
        assertTrue(ran.out().contains("step: '\\x1b[31mred\\n\\nevil'"), ran::out);
        assertTrue(ran.out().lines().noneMatch(line -> line.startsWith("evil") || line.contains("\u001b")), ran::out);
        Path mixed = folder.resolve("mixed.pt");
        TorchFile.write(mixed, Map.of(evil, 1));
        assertFails(
                1,
                "anneal export: " + mixed + " must have tensors by name, but '\\x1b[31mred\\n\\nevil' is not a tensor",
                "export",
                mixed.toString(),
                "--to",
                "pytorch",
                "-o",
                folder.resolve("out.pt").toString());
    }

    @Test
    void refusesAPipeWithoutWaitingForItsWriter() throws IOException, InterruptedException {
        Path pipe = pipe();
        assertFails(
                1, "anneal inspect: cannot read " + pipe + ": it is not a regular file", "inspect", pipe.toString());
        assertFails(1, "anneal inspect: cannot read " + folder + ": it is a folder", "inspect", folder.toString());
    }

    /** {@return a pipe, if the system has such} */
    private Path pipe() throws IOException, InterruptedException {
        Path pipe = folder.resolve("pipe");
        boolean made;
        try {
            made = new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0;
        } catch (IOException e) {
            made = false; // there is no such command
        }
        Assumptions.assumeTrue(made, "mkfifo is needed");
        return pipe;
    }

    @Test
    void breaksWhatIsLong() throws IOException {
        Path file = folder.resolve("long.pt");
        List<Object> rows = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            rows.add(Map.of(
                    "name", "a name that is long enough to fill a line of a hundred characters by itself, or so"));
        }
        TorchFile.write(file, Map.of("rows", rows));
        List<String> lines = lines("inspect", file.toString());
        assertEquals("rows:", lines.get(2));
        assertEquals(3, lines.stream().filter(line -> line.startsWith("  [")).count());
    }

    private Path python(String name, Object... entries) throws IOException {
        Map<String, Object> root = new LinkedHashMap<>();
        for (int i = 0; i < entries.length; i += 2) {
            root.put((String) entries[i], entries[i + 1]);
        }
        Path file = folder.resolve(name);
        TorchFile.write(file, root);
        return file;
    }

    private static Map<String, Object> scheduler(Object... entries) {
        Map<String, Object> state = new LinkedHashMap<>();
        for (int i = 0; i < entries.length; i += 2) {
            state.put((String) entries[i], entries[i + 1]);
        }
        state.putAll(Map.of("base_lrs", List.of(0.1), "last_epoch", 3L, "_step_count", 4L, "_last_lr", List.of(0.05)));
        return state;
    }

    private static List<String> summary(Path file) {
        List<String> lines = lines("inspect", file.toString());
        return lines.subList(1, lines.indexOf(""));
    }

    @Test
    void printsTheScheduleOfAPythonProgram() throws IOException {
        Map<String, Object> weights = Map.of("a", BIAS);
        Map<String, Object> steps = scheduler("step_size", 3L, "gamma", 0.5);
        List<String> printed = List.of(
                "progress:  epoch 3 finished", "schedule:  StepLR(step_size=3, gamma=0.5)", "rates:     [0.05]");
        Path file = python("a.pt", "epoch", 3L, "model_state_dict", weights, "scheduler_state_dict", steps);
        assertEquals(printed, summary(file));
        assertTrue(lines("inspect", file.toString()).get(0).contains(": training checkpoint, "));
        Path lightning = python(
                "b.ckpt",
                "epoch",
                2L,
                "global_step",
                30L,
                "pytorch-lightning_version",
                "2.6.6",
                "state_dict",
                weights,
                "lr_schedulers",
                List.of(steps));
        assertEquals(
                List.of(
                        "progress:  epoch 2 finished, counted from 0, optimizer step 30",
                        "schedule:  StepLR(step_size=3, gamma=0.5)",
                        "rates:     [0.05]"),
                summary(lightning));
        assertTrue(lines("inspect", lightning.toString()).get(0).contains(": training checkpoint of Lightning, "));
        Path cycle = python(
                "c.pt",
                "model",
                weights,
                "optimizer",
                Map.of(
                        "param_groups",
                        List.of(Map.of(
                                "initial_lr", 0.004, "max_lr", 0.1, "min_lr", 4e-7, "lr", 0.05, "params", List.of()))),
                "lr_scheduler",
                scheduler(
                        "total_steps",
                        50L,
                        "cycle_momentum",
                        false,
                        "_schedule_phases",
                        List.of(Map.of("end_step", 14.0), Map.of("end_step", 49L))));
        try (TorchFile written = TorchFile.open(cycle)) {
            Map<Object, Object> root = new LinkedHashMap<>((Map<?, ?>) written.root());
            Map<Object, Object> state =
                    new LinkedHashMap<>((Map<?, ?>) Objects.requireNonNull(root.get("lr_scheduler")));
            state.put("base_lrs", List.of(0.004));
            root.put("lr_scheduler", state);
            Path right = folder.resolve("d.pt");
            TorchFile.write(right, root);
            assertEquals(
                    "schedule:  OneCycleLR(max_lr=0.1, total_steps=50, cycle_momentum=False)",
                    summary(right).get(0));
        }
        assertEquals( // as transformers saves it, by itself
                "schedule:  LambdaLR(lr_lambda=LAMBDA), where LAMBDA is the function, which PyTorch does not save"
                        + " (nor whether this was a MultiplicativeLR)",
                summary(python(
                                "scheduler.pt",
                                scheduler("lr_lambdas", List.of(Map.of())).entrySet().stream()
                                        .flatMap(entry -> Stream.of(entry.getKey(), entry.getValue()))
                                        .toArray()))
                        .get(0));
        assertEquals(
                "schedule:  unknown: it has 'warmup\\n', as none of PyTorch's schedulers has",
                summary(python("e.pt", "model", weights, "scheduler", scheduler("warmup\n", 3L)))
                        .get(0));
    }

    private void assertExports(List<String> names, String note, Path file, String... more) throws IOException {
        Path out = folder.resolve("out.safetensors");
        List<String> command =
                new ArrayList<>(List.of("export", file.toString(), "--to", "safetensors", "-o", out.toString()));
        command.addAll(List.of(more));
        List<String> printed = lines(command.toArray(new String[0]));
        assertEquals(note, String.join("; ", printed.subList(0, printed.size() - 1)));
        try (Safetensors written = Safetensors.open(out)) {
            assertEquals(names, List.copyOf(written.tensors().keySet()));
        }
    }

    @Test
    void exportsWeightsByWhateverNameTheyHave() throws IOException {
        Map<String, Object> weights = Map.of("a", BIAS);
        for (String key : List.of("model", "state_dict", "model_state_dict", "net", "params")) {
            assertExports(List.of("a"), "", python("w.pt", "epoch", 1L, key, weights, "arch", "resnet", "loss", 0.5));
        }
        Path several = python(
                "s.pt",
                "model",
                weights,
                "model_ema",
                Map.of("b", BIAS, "n", Map.of()),
                "gan",
                Map.of("g", Map.of("c", BIAS)));
        assertExports(List.of("a"), "", several);
        assertExports(List.of("c"), "", several, "--key", "gan.g");
        String[] command = {
            "export",
            several.toString(),
            "--to",
            "safetensors",
            "-o",
            folder.resolve("x").toString()
        };
        Ran wrong = Ran.anneal(
                Stream.concat(Stream.of(command), Stream.of("--key", "ema")).toArray(String[]::new));
        assertEquals(1, wrong.code());
        assertEquals(
                "anneal export: --key must be a key in " + several + ", but was ema; --key may be model, gan.g",
                wrong.err().strip());
        Path unknown = python("u.pt", "generator", weights, "epoch", 1L);
        assertFails(
                1,
                "anneal export: " + unknown + " must have tensors by name, but generator is not a tensor; --key may be"
                        + " generator",
                "export",
                unknown.toString(),
                "--to",
                "pytorch",
                "-o",
                folder.resolve("x").toString());
        Path two = python("t.pt", "net", weights, "state_dict", weights);
        assertFails(
                1,
                "anneal export: " + two + " has several networks: choose one with --key: state_dict, net",
                "export",
                two.toString(),
                "--to",
                "pytorch",
                "-o",
                folder.resolve("x").toString());
    }

    @Test
    void leavesOutWhatAWrapperPutBeforeAllNames() throws IOException {
        String note = " from all names; --keep-prefix keeps it";
        for (String prefix : List.of("module.", "_orig_mod.", "model.", "module._orig_mod.", "model.module.")) {
            Path file = python("p.pt", "state_dict", Map.of(prefix + "fc.bias", BIAS));
            assertExports(List.of("fc.bias"), "Removed the prefix " + prefix + note, file);
            assertExports(List.of(prefix + "fc.bias"), "", file, "--keep-prefix");
        }
        Map<String, Object> some = new LinkedHashMap<>();
        some.put("module.a", BIAS);
        some.put("n_averaged", BIAS);
        assertExports(List.of("module.a", "n_averaged"), "", python("p.pt", "model", some));
        assertExports(List.of("module."), "", python("p.pt", "model", Map.of("module.", BIAS)));
    }

    @Test
    void exportsTheModelToBothFormatsAndBack() throws IOException {
        Path safetensors = folder.resolve("model.safetensors");
        Path pytorch = folder.resolve("model.pt");
        assertEquals(
                List.of("Wrote 2 tensors to " + safetensors),
                lines("export", checkpoint().toString(), "--to", "safetensors", "-o", safetensors.toString()));
        assertEquals(
                safetensors + ": safetensors, " + Files.size(safetensors) + " bytes; 2 tensors of 8 elements",
                lines("inspect", safetensors.toString()).get(0));
        assertEquals(
                List.of("holds:", "  fc.weight  float32 2 x 3", "  fc.bias    float32 2"),
                lines("inspect", safetensors.toString()).stream().skip(1).toList());
        lines("export", safetensors.toString(), "--to", "pytorch", "-o", pytorch.toString());
        try (TorchFile file = TorchFile.open(pytorch);
                Safetensors other = Safetensors.open(safetensors)) {
            Map<?, ?> model = assertInstanceOf(Python.OrderedDict.class, file.root());
            assertEquals(List.of("fc.weight", "fc.bias"), List.copyOf(model.keySet()));
            assertEquals(
                    List.copyOf(model.keySet()), List.copyOf(other.tensors().keySet()));
            TensorData weight = (TensorData) Objects.requireNonNull(model.get("fc.weight"));
            assertEquals(WEIGHT.shape(), weight.shape());
            assertArrayEquals(WEIGHT.toFloats(), weight.toFloats());
        }
    }

    @Test
    void handsOnTypesThatAreNoNumbers() throws IOException {
        Path file = folder.resolve("bits.pt");
        TensorData zeros = TensorData.of(new float[1], List.of(1L));
        Map<String, TensorData> model = new Python.OrderedDict<>();
        model.put("a", TensorData.of(DType.COMPLEX32, zeros.storage(), List.of()));
        model.put("b", TensorData.of(DType.BITS8, TensorData.scalar(2).storage(), List.of(2L, 2L)));
        TorchFile.write(file, model);
        assertEquals(
                List.of("a  complex32", "b  bits8 2 x 2"),
                lines("inspect", file.toString()).stream()
                        .skip(2)
                        .map(String::strip)
                        .toList());
        Path copy = folder.resolve("copy.pt");
        lines("export", file.toString(), "--to", "pytorch", "-o", copy.toString());
        assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(copy));
    }

    @Test
    void namesTheTensorThatTheFormatCannotHave() throws IOException {
        Path file = folder.resolve("complex.pt");
        TensorData zeros = TensorData.of(new float[4], List.of(4L));
        TorchFile.write(file, Map.of("w", TensorData.of(DType.COMPLEX128, zeros.storage(), List.of(1L))));
        Path out = folder.resolve("x.safetensors");
        assertFails(
                1,
                "anneal export: cannot write " + out + ": safetensors has no type for 'w', which is complex128",
                "export",
                file.toString(),
                "--to",
                "safetensors",
                "-o",
                out.toString());
    }

    @Test
    void doesNotExportToAFolderOrAPipe() throws IOException, InterruptedException {
        String from = checkpoint().toString();
        Path file = Files.writeString(folder.resolve("x"), "a file");
        assertFails(
                2,
                "anneal export: --output must be a file, but was the folder " + file + "/",
                "export",
                from,
                "--to",
                "pytorch",
                "-o",
                file + "/");
        assertEquals("a file", Files.readString(file));
        Path pipe = pipe();
        assertFails(
                1,
                "anneal export: cannot write " + pipe + ": it is not a regular file",
                "export",
                from,
                "--to",
                "safetensors",
                "-o",
                pipe.toString());
    }

    @Test
    void refusesWhatIsNoCheckpointInOneLine() throws IOException {
        Path page = folder.resolve("page.pt");
        Files.writeString(page, "<html>404</html>");
        assertFails(
                1,
                "anneal inspect: cannot read " + page
                        + ": it is not a file of torch.save, which is a zip archive: it begins with '<html>404</html'",
                "inspect",
                page.toString());
        Path missing = folder.resolve("missing.pt");
        assertFails(
                1,
                "anneal inspect: cannot read " + missing + ": there is no such file or folder",
                "inspect",
                missing.toString());
        Path header = folder.resolve("cut.safetensors");
        Files.write(header, "\u0009\0\0\0\0\0\0\0{\"a\":".getBytes(StandardCharsets.ISO_8859_1));
        Ran cut = Ran.anneal("inspect", header.toString());
        assertEquals(1, cut.code());
        assertTrue(cut.err().startsWith("anneal inspect: cannot read " + header + ": "), cut.err());
        assertEquals(1, cut.err().lines().count());
    }

    @Test
    void refusesToExportWhatIsNoModel() throws IOException {
        Path file = folder.resolve("list.pt");
        TorchFile.write(file, List.of(1));
        Path out = folder.resolve("out.pt");
        assertFails(
                1,
                "anneal export: " + file
                        + " must have tensors by name, or a dict of them under a key such as model or state_dict, but has neither",
                "export",
                file.toString(),
                "--to",
                "pytorch",
                "-o",
                out.toString());
        Path mixed = folder.resolve("mixed.pt");
        TorchFile.write(mixed, Map.of("lr", 0.1));
        assertFails(
                1,
                "anneal export: " + mixed + " must have tensors by name, but lr is not a tensor",
                "export",
                mixed.toString(),
                "--to",
                "safetensors",
                "-o",
                out.toString());
        assertEquals(
                2,
                Ran.anneal("export", mixed.toString(), "--to", "onnx", "-o", out.toString())
                        .code());
        assertTrue(Files.notExists(out));
    }
}
