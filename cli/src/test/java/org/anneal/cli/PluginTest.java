package org.anneal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringWriter;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.anneal.plot.Plot;
import org.anneal.schedule.Checkup;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.ScheduleSyntaxException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What docs/extend.md shows compiles, its schedule goes wherever ours go, and its runner over another optimizer runs. */
class PluginTest {
    private static final Path PAGE = Path.of("../docs/extend.md");

    @TempDir
    static Path folder;

    private static Path jar = Path.of("");

    @BeforeAll
    static void build() throws IOException {
        Matcher blocks = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(PAGE));
        Path sources = Files.createDirectory(folder.resolve("src"));
        Path classes = Files.createDirectory(folder.resolve("classes"));
        while (blocks.find()) {
            Matcher name = Pattern.compile("(?:class|record) (\\w+)").matcher(blocks.group(1));
            assertTrue(name.find());
            Files.writeString(sources.resolve(name.group(1) + ".java"), blocks.group(1));
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
            out.putNextEntry(new JarEntry("META-INF/services/org.anneal.schedule.Kinds"));
            out.write("Mine".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        }
    }

    /** The paper's formula, in its own words: steps from 1. */
    private static double noam(int model, int warmup, int step) {
        return Math.pow(model, -0.5) * Math.min(Math.pow(step, -0.5), step * Math.pow(warmup, -1.5));
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
        assertTrue(ran.err().startsWith("anneal: --plugin must be a jar, but there is no file " + none), ran.err());
    }

    @Test
    void isReadPrintedCheckedAndWritten() throws Exception {
        withJar(() -> {
            Policy noam = Policy.parse("Noam(optimizer, 512, warmup=4_000)");
            assertEquals("Noam(d_model=512, warmup=4000)", noam.toString());
            assertEquals(noam, Policy.parse(noam.toString()));
            assertEquals("new Noam(512, 4000)", noam.java(Class::getSimpleName));
            ScheduleSyntaxException refused =
                    assertThrows(ScheduleSyntaxException.class, () -> Policy.parse("Noam(512, 0)"));
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
}
