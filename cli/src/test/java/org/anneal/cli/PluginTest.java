package org.anneal.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.checkpoint.TorchFile;
import org.anneal.optim.Adam;
import org.anneal.optim.Engine;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.anneal.optim.UpdateRule;
import org.anneal.plot.Plot;
import org.anneal.schedule.Checkup;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Schedule;
import org.anneal.text.PythonSyntaxException;
import org.anneal.torch.Tensors;
import org.anneal.torch.Torch;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What docs/extend.md shows compiles, and its schedule, its rule, its engine and its runner go wherever ours go. */
class PluginTest {
    private static final Path PAGE = Path.of("../docs/extend.md");

    @TempDir
    static Path folder;

    private static Path jar = Path.of("");

    private static final Map<String, Long> LENGTHS = new HashMap<>(); // of the classes on the page, in lines

    @BeforeAll
    static void build() throws IOException {
        Matcher blocks = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(PAGE));
        Path sources = Files.createDirectory(folder.resolve("src"));
        Path classes = Files.createDirectory(folder.resolve("classes"));
        while (blocks.find()) {
            Matcher name = Pattern.compile("(?:class|record) (\\w+)").matcher(blocks.group(1));
            assertTrue(name.find());
            Files.writeString(sources.resolve(name.group(1) + ".java"), blocks.group(1));
            LENGTHS.put(name.group(1), blocks.group(1).lines().count());
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter messages = new StringWriter();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null);
                Stream<Path> java = Files.list(sources)) {
            List<String> options = List.of(
                    "-d", classes.toString(), "-cp", System.getProperty("java.class.path"), "-Xlint:all", "-Werror");
            assertTrue(
                    compiler.getTask(
                                    messages,
                                    files,
                                    null,
                                    options,
                                    null,
                                    files.getJavaFileObjectsFromPaths(java.toList()))
                            .call(),
                    messages::toString);
        }
        jar = folder.resolve("my.jar");
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
                Stream<Path> made = Files.list(classes)) {
            for (Path file : made.toList()) {
                out.putNextEntry(new JarEntry(String.valueOf(file.getFileName())));
                out.write(Files.readAllBytes(file));
            }
            out.putNextEntry(new JarEntry("META-INF/services/org.anneal.text.Kinds"));
            out.write("Mine".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        }
    }

    /** The paper's formula, in its own words: steps from 1. */
    private static double noam(int model, int warmup, int step) {
        return Math.pow(model, -0.5) * Math.min(Math.pow(step, -0.5), step * Math.pow(warmup, -1.5));
    }

    @Test
    void itsScheduleIsReadByTheNameOfAnotherLibraryToo() throws Exception {
        withJar(() -> {
            for (String text : List.of(
                    "noam_schedule(opt, 512, 100)",
                    "my_lib.schedules.noam_schedule(warmup=100)",
                    "import my_lib\nmy_lib.noam_schedule(optimizer, warmup=100)")) {
                assertEquals("Noam(d_model=512, warmup=100)", Policy.parse(text).toString());
            }
            assertThrows(PythonSyntaxException.class, () -> Policy.parse("other.noam_schedule(opt, 512, 100)"));
        });
    }

    private interface Use {
        void go() throws Exception;
    }

    private static void withJar(Use use) throws Exception {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try (URLClassLoader loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, before)) {
            thread.setContextClassLoader(loader);
            use.go();
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    @Test
    void worksOnTheCommandLine() {
        Ran ran = Ran.anneal(
                "--plugin=" + jar, "table", "Noam(d_model=512, warmup=40)", "--lr=1", "--steps=100", "--format=csv");
        assertEquals(0, ran.code(), ran.err());
        List<String> rows = ran.out().lines().toList();
        for (int step = 0; step < 100; step++) {
            double rate = Double.parseDouble(rows.get(step + 1).split(",", -1)[1]);
            assertEquals(noam(512, 40, step + 1), rate, 1e-15, "step " + step);
        }
        assertEquals(
                0,
                Ran.anneal("--plugin=" + jar, "check", "Noam(512, 40)", "--lr=1")
                        .code());
        assertEquals(
                0,
                Ran.anneal("plot", "--plugin=" + jar, "Noam(512, warmup=10%)", "--steps=1000")
                        .code());
        // Without the jar it is not known.
        assertEquals(2, Ran.anneal("table", "Noam(512, 40)").code());
    }

    /** A line from half the base up to it, then half a cosine of four steps: 0.4 as a float is 0.4000000059604645. */
    @Test
    void runsOverAnOptimizerThatIsNotOurs() throws Exception {
        withJar(() -> {
            Object rates = Thread.currentThread()
                    .getContextClassLoader()
                    .loadClass("Elsewhere")
                    .getMethod("run")
                    .invoke(null);
            List<Float> expected = DoubleStream.of(0.5, 0.75, 1, (2 + Math.sqrt(2)) / 4, 0.5, (2 - Math.sqrt(2)) / 4)
                    .mapToObj(factor -> (float) (0.4f * factor))
                    .toList();
            assertEquals(expected, rates);
        });
    }

    @Test
    void saysWhatIsNoJar() {
        Path none = folder.resolve("none.jar");
        Ran ran = Ran.anneal("--plugin=" + none, "table", "StepLR(3)");
        assertEquals(2, ran.code());
        assertTrue(
                ran.err().startsWith("anneal: --plugin must be a jar file, but there is no file " + none), ran.err());
    }

    @Test
    void isReadPrintedCheckedAndWritten() throws Exception {
        withJar(() -> {
            Policy noam = Policy.parse("Noam(optimizer, 512, warmup=4_000)");
            assertEquals("Noam(d_model=512, warmup=4000)", noam.toString());
            assertEquals(noam, Policy.parse(noam.toString()));
            assertEquals("new Noam(512, 4000)", noam.java(Class::getSimpleName));
            PythonSyntaxException refused =
                    assertThrows(PythonSyntaxException.class, () -> Policy.parse("Noam(512, 0)"));
            assertTrue(String.valueOf(refused.getMessage()).contains("warmup must be at least 1, but was 0"));
            assertTrue(Checkup.of(noam, 20_000, 1).findings().isEmpty());
            assertEquals(3999, Checkup.of(noam, 20_000, 1).peakStep());
            assertEquals("Noam", noam.kind().toMap().get("name"));
            Path picture = folder.resolve("noam.svg");
            Plot.of((Schedule) noam).withSteps(100).save(picture);
            assertTrue(Files.readString(picture).contains("Noam"));
        });
    }

    @Test
    void runsAndIsResumedWithItsArgumentsCompared() throws Exception {
        withJar(() -> {
            Policy noam = Policy.parse("SequentialLR([StepLR(3), Noam(512, 40)], [5])");
            LRScheduler whole = runner(noam);
            LRScheduler first = runner(noam);
            for (int step = 0; step < 30; step++) {
                whole.step();
                if (step < 10) {
                    first.step();
                }
            }
            for (boolean python : new boolean[] {false, true}) {
                LRScheduler second = runner(noam);
                if (python) {
                    second.loadStateDict(first.stateDict());
                } else {
                    second.restore(first.state());
                }
                for (int step = 10; step < 30; step++) {
                    second.step();
                }
                assertEquals(whole.lastLr(), second.lastLr());
            }
            Map<String, Object> state = first.stateDict();
            LRScheduler other = runner(Policy.parse("SequentialLR([StepLR(3), Noam(512, 41)], [5])"));
            IllegalArgumentException refused =
                    assertThrows(IllegalArgumentException.class, () -> other.loadStateDict(state));
            assertTrue(String.valueOf(refused.getMessage()).contains("warmup must be 41"), refused.getMessage());
        });
    }

    private static LRScheduler runner(Policy policy) {
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new SGD(1), List.of(new FloatArray(1f)));
        return new LRScheduler(optimizer, policy);
    }

    @Test
    void aFunctionRunsComposesAndIsComparedByItsName() {
        Schedule halves = Schedule.of("halves", (step, current, base) -> step % 2 == 1 ? current / 2 : current);
        assertEquals("halves", halves.toString());
        assertEquals(halves, Schedule.of("halves", (step, current, base) -> current));
        assertEquals(0.25, halves.at(4, 1));
        LRScheduler runner = runner(halves.afterWarmup(2, 0.5));
        for (int step = 0; step < 3; step++) {
            runner.step();
        }
        assertEquals(List.of(0.375), runner.lastLr()); // 0.75 is carried over the milestone, and halved a step later
        LRScheduler copy = runner(halves.afterWarmup(2, 0.5));
        copy.restore(runner.state());
        assertEquals(runner.lastLr(), copy.lastLr());
        assertEquals(
                "name must be a Python identifier, but was '1st'",
                assertThrows(IllegalArgumentException.class, () -> Schedule.of("1st", (step, current, base) -> 1))
                        .getMessage());
    }

    @Test
    void isShort() {
        assertTrue(Objects.requireNonNull(LENGTHS.get("Noam")) <= 40, LENGTHS::toString);
        assertTrue(Objects.requireNonNull(LENGTHS.get("MyLion")) <= 40, LENGTHS::toString);
        assertTrue(Objects.requireNonNull(LENGTHS.get("Plain")) < 60, LENGTHS::toString);
    }

    @Test
    void theRuleIsReadAndPrinted() throws Exception {
        withJar(() -> {
            UpdateRule lion = UpdateRule.parse("MyLion(model.parameters(), 1e-4, (0.95, 0.98), decay=0.01)");
            assertEquals("MyLion(lr=0.0001, betas=(0.95, 0.98), decay=0.01)", lion.toString());
            assertEquals(lion, UpdateRule.parse(lion.toString()));
            assertEquals("MyLion(lr=0.0001)", UpdateRule.parse("MyLion()").toString());
            assertEquals(
                    List.of("lr", "betas", "decay"), List.copyOf(lion.options().keySet()));
            assertEquals(0.95, lion.momentum());
            assertEquals(
                    "MyLion(lr=0.5, betas=(0.5, 0.98), decay=0.01)",
                    lion.withLr(0.5).withMomentum(0.5).toString());
            assertTrue(String.valueOf(
                            assertThrows(PythonSyntaxException.class, () -> UpdateRule.parse("MyLion(betas=(0.9, 1))"))
                                    .getMessage())
                    .contains("betas[1] must be"));
        });
    }

    private static float[] gradients(int step) {
        return new float[] {(float) Math.sin(step + 1), (float) Math.cos(2 * step), step % 3 - 1, 0};
    }

    /** The paper's algorithm in its own words: what is kept is decayed after the update. */
    private static double[] lion(int steps, double lr, double beta1, double beta2, double decay) {
        double[] theta = {1, -2, 3, 0.5};
        double[] m = new double[4];
        for (int t = 0; t < steps; t++) {
            for (int i = 0; i < 4; i++) {
                double g = gradients(t)[i];
                double c = beta1 * m[i] + (1 - beta1) * g;
                theta[i] = theta[i] - lr * (Math.signum(c) + decay * theta[i]);
                m[i] = beta2 * m[i] + (1 - beta2) * g;
            }
        }
        return theta;
    }

    private static void assertSame(double[] expected, float[] values) {
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], values[i], 1e-5);
        }
    }

    private static FloatArray floats() {
        return new FloatArray(1, -2, 3, 0.5f);
    }

    @Test
    void theRuleStepsArraysAsThePaperSaysAndIsSavedAndReadBack() throws Exception {
        withJar(() -> {
            UpdateRule lion = UpdateRule.parse("MyLion(lr=0.01, betas=(0.9, 0.99), decay=0.1)");
            FloatArray whole = floats();
            FloatArray half = floats();
            try (Optimizer<FloatArray> a = FloatArrays.optimizer(lion, List.of(whole));
                    Optimizer<FloatArray> b = FloatArrays.optimizer(lion, List.of(half));
                    Optimizer<FloatArray> c = FloatArrays.optimizer(UpdateRule.parse("MyLion(lr=1)"), List.of(half));
                    Optimizer<FloatArray> adam = FloatArrays.optimizer(new Adam(0.1), List.of(floats()))) {
                for (int step = 0; step < 50; step++) {
                    whole.setGrad(gradients(step));
                    a.step();
                    half.setGrad(gradients(step));
                    if (step == 20) {
                        saved(b, state -> {
                            List<?> groups = (List<?>) Objects.requireNonNull(state.get("param_groups"));
                            assertEquals(Optional.of(lion), UpdateRule.ofGroup((Map<?, ?>) groups.get(0)));
                            // An optimizer of another rule takes neither the options nor what is kept.
                            assertThrows(IllegalArgumentException.class, () -> adam.loadStateDict(state));
                            c.loadStateDict(state);
                        });
                        assertEquals(lion, c.groups().get(0).rule());
                    }
                    (step < 20 ? b : c).step();
                }
            }
            assertSame(lion(50, 0.01, 0.9, 0.99, 0.1), whole.values());
            assertArrayEquals(whole.values(), half.values());
        });
    }

    /** Has {@code use} a state that went through a file. */
    @SuppressWarnings("unchecked") // a state dict has names as its keys
    private static void saved(Optimizer<?> optimizer, Consumer<Map<String, Object>> use) throws IOException {
        Path file = Files.createTempFile(folder, "state", ".pt");
        TorchFile.write(file, optimizer.stateDict());
        try (TorchFile read = TorchFile.open(file)) {
            use.accept((Map<String, Object>) read.root());
        }
    }

    @Test
    void theRuleStepsTensorsAsArraysAndIsReadBackBetweenThem() throws Exception {
        Torch.load();
        torch.set_num_threads(1);
        withJar(() -> {
            UpdateRule lion = UpdateRule.parse("MyLion(lr=0.01, decay=0.1)");
            Tensor tensor = Tensor.create(1f, -2f, 3f, 0.5f).requires_grad_(true);
            FloatArray array = floats();
            try (Optimizer<Tensor> a = Torch.optimizer(lion, List.of(tensor));
                    Optimizer<FloatArray> b = FloatArrays.optimizer(lion, List.of(array))) {
                for (int step = 0; step < 50; step++) {
                    if (step == 20) { // each goes on from the other's state
                        saved(b, state -> {
                            try {
                                saved(a, b::loadStateDict);
                            } catch (IOException e) {
                                throw new UncheckedIOException(e);
                            }
                            a.loadStateDict(state);
                        });
                    }
                    tensor.mutable_grad().put(Tensor.create(gradients(step)));
                    array.setGrad(gradients(step));
                    a.step();
                    b.step();
                }
            }
            assertSame(lion(50, 0.01, 0.9, 0.99, 0.1), array.values());
            assertSame(lion(50, 0.01, 0.9, 0.99, 0.1), Tensors.data(tensor).toFloats());
        });
    }

    @Test
    void theRuleTrainsAndResumesOnTheCommandLine() throws IOException {
        Path data = GreyImages.write(folder.resolve("data"));
        String[] how = {
            "--plugin=" + jar,
            "train",
            "--data=" + data,
            "--batch-size=10",
            "--optimizer=MyLion(lr=1e-3, decay=0.01)",
            "--group=fc*:lr=0.0005"
        };
        Path whole = folder.resolve("whole");
        Path run = folder.resolve("run");
        List<String> printed = Ran.lines(words(how, "--epochs=4", "--out=" + whole));
        assertTrue(
                printed.contains("MyLion(lr=0.001, decay=0.01), CosineAnnealingLR(T_max=4) stepped per epoch"),
                printed::toString);
        Ran.lines(words(how, "--epochs=2", "--out=" + run, "--schedule=CosineAnnealingLR(T_max=4)"));
        Ran.lines("--plugin=" + jar, "train", "--resume", "--out=" + run, "--epochs=4");
        assertArrayEquals(
                Files.readAllBytes(whole.resolve("model.safetensors")),
                Files.readAllBytes(run.resolve("model.safetensors")));
    }

    private static String[] words(String[] first, String... more) {
        return Stream.of(first, more).flatMap(Stream::of).toArray(String[]::new);
    }

    @Test
    @SuppressWarnings("unchecked") // the engine is of the class that the page has
    void theEngineStepsBySgdAndRefusesWhatItLacks() throws Exception {
        withJar(() -> {
            ClassLoader loader = Thread.currentThread().getContextClassLoader();
            Engine<Object> engine =
                    (Engine<Object>) loader.loadClass("Plain").getConstructor().newInstance();
            for (String text : List.of(
                    "SGD(lr=0.1, weight_decay=0.1, maximize=True)",
                    "SGD(lr=0.1, momentum=0.9, dampening=0.1)",
                    "SGD(lr=0.1, momentum=0.9, nesterov=True)")) {
                UpdateRule rule = UpdateRule.parse(text);
                float[] values = floats().values();
                float[] grad = new float[4];
                Object weights = loader.loadClass("Plain$Weights")
                        .getConstructor(float[].class, float[].class)
                        .newInstance(values, grad);
                FloatArray array = floats();
                Optimizer<Object> plain = new Optimizer<>(engine, rule, List.of(weights));
                Optimizer<FloatArray> ours = FloatArrays.optimizer(rule, List.of(array));
                for (int step = 0; step < 20; step++) {
                    if (step == 10) {
                        Optimizer<Object> next = new Optimizer<>(engine, rule, List.of(weights));
                        saved(plain, next::loadStateDict);
                        plain = next;
                    }
                    System.arraycopy(gradients(step), 0, grad, 0, 4);
                    array.setGrad(gradients(step));
                    plain.step();
                    ours.step();
                    assertArrayEquals(array.values(), values, 1e-5f, text);
                }
                assertEquals(
                        "Adam cannot run on Plain: the engine lacks the vector operation copy (Vectors.copy)",
                        assertThrows(
                                        UnsupportedOperationException.class,
                                        () -> new Optimizer<>(engine, new Adam(0.1), List.of(weights)))
                                .getMessage());
            }
        });
        assertTrue(Files.readString(PAGE)
                .contains("Adam cannot run on Plain: the engine lacks the vector operation copy (Vectors.copy)"));
    }
}
