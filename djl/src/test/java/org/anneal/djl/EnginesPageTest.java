package org.anneal.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.Dataset;
import java.io.IOException;
import java.io.StringWriter;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What docs/engines.md shows of DJL compiles, and the tests that its table names are there. */
class EnginesPageTest {
    private static final Path PAGE = Path.of("../docs/engines.md");

    @TempDir
    private Path folder;

    @Test
    void theProgramsOnThePageCompile() throws IOException {
        assertEquals(3, compile());
    }

    /** Compiles what the page shows to {@link #folder}, and {@return how many programs these are} */
    private int compile() throws IOException {
        String page = Files.readString(PAGE);
        String section = page.substring(page.indexOf("\n## DJL"), page.indexOf("\n## DL4J"));
        Matcher blocks = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(section);
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null);
        int compiled = 0;
        while (blocks.find()) {
            Matcher name = Pattern.compile("(?m)^class (\\w+)").matcher(blocks.group(1));
            assertTrue(name.find(), blocks.group(1));
            Path file = folder.resolve(name.group(1) + ".java");
            Files.writeString(file, blocks.group(1));
            StringWriter errors = new StringWriter();
            boolean fine = compiler.getTask(
                            errors,
                            manager,
                            null,
                            List.of(
                                    "-proc:none",
                                    "-d",
                                    folder.toString(),
                                    "-cp",
                                    System.getProperty("java.class.path")),
                            null,
                            manager.getJavaFileObjects(file))
                    .call();
            assertTrue(fine, errors.toString());
            compiled++;
        }
        manager.close();
        return compiled;
    }

    @Test
    void theProgramThatIsRunAgainForMoreEpochsSavesTheModelThatDjlLoads() throws Exception {
        compile();
        try (URLClassLoader loader = new URLClassLoader(
                        new URL[] {folder.toUri().toURL()}, getClass().getClassLoader());
                NDManager manager = NDManager.newBaseManager()) {
            Method train = loader.loadClass("OurOptimizer")
                    .getDeclaredMethod(
                            "train",
                            Model.class,
                            Path.class,
                            Shape.class,
                            Dataset.class,
                            Dataset.class,
                            int.class,
                            int.class);
            train.setAccessible(true);
            Path run = folder.resolve("run");
            Dataset data = Images.dataset(manager, 0, 64, 16, false);
            for (int epochs : new int[] {3, 5, 5}) {
                try (Model model = Nets.mlp();
                        Model loaded = Nets.mlp()) {
                    train.invoke(null, model, run, Nets.INPUT, data, data, epochs, 4);
                    loaded.load(run, "net");
                    assertArrayEquals(Nets.weights(model), Nets.weights(loaded));
                    assertEquals("%04d".formatted(epochs), newest(run));
                }
            }
        }
    }

    /** {@return the number in the name of the last file of parameters} */
    private static String newest(Path run) throws IOException {
        try (Stream<Path> files = Files.list(run)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".params"))
                    .max(Comparator.naturalOrder())
                    .map(name -> name.replaceAll("net-|.params", ""))
                    .orElseThrow();
        }
    }

    @Test
    void theTestsInTheTableAreThere() throws IOException {
        Set<String> tests = new HashSet<>();
        try (Stream<Path> modules = Files.list(Path.of(".."))) {
            for (Path sources : modules.map(module -> module.resolve("src/test"))
                    .filter(Files::isDirectory)
                    .toList()) { // and not their other folders, which come and go in a build
                try (Stream<Path> files = Files.walk(sources)) {
                    files.map(file -> file.getFileName().toString())
                            .filter(name -> name.endsWith("Test.java"))
                            .forEach(name -> tests.add(name.replace(".java", "")));
                }
            }
        }
        List<String> named = Files.readAllLines(PAGE).stream()
                .filter(line -> line.startsWith("| ") && line.contains("Test`"))
                .flatMap(line -> Pattern.compile("`(\\w+Test)`").matcher(line).results())
                .map(result -> result.group(1))
                .toList();
        assertTrue(named.size() > 30, named.toString());
        assertEquals(
                List.of(), named.stream().filter(name -> !tests.contains(name)).toList());
    }
}
