package org.anneal.sweep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringWriter;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.anneal.sweep.TrialRecord.State;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What docs/sweep.md says of programs and of braces is what happens. */
class DocsTest {
    private static final Path PAGE = Path.of("../docs/sweep.md");

    @TempDir
    private Path folder;

    /** The loss of the program on the page: the nearer the rate's sum over the run is to 1, the less. */
    private static final String AROUND = """
            import java.util.*;
            import org.anneal.schedule.*;
            import org.anneal.sweep.*;
            class Page {
                static double train(int epoch, Schedule schedule, double lr, long seed) {
                    double sum = 0;
                    for (int i = 0; i < epoch; i++) {
                        sum += schedule.at(i, lr);
                    }
                    return Math.abs(sum - 1);
                }
                static SweepRecord run() throws Exception {
            %s
                    return sweep;
                }
            }
            """;

    @Test
    void theProgramOnThePageSweeps() throws Exception {
        Matcher program = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(PAGE));
        assertTrue(program.find());
        Path file = Files.writeString(folder.resolve("Page.java"), AROUND.formatted(program.group(1)));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter errors = new StringWriter();
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
            List<String> options =
                    List.of("-proc:none", "-d", folder.toString(), "-cp", System.getProperty("java.class.path"));
            assertTrue(
                    compiler.getTask(errors, manager, null, options, null, manager.getJavaFileObjects(file))
                            .call(),
                    errors.toString());
        }
        try (URLClassLoader loader = new URLClassLoader(
                new URL[] {folder.toUri().toURL()}, getClass().getClassLoader())) {
            Method run = loader.loadClass("Page").getDeclaredMethod("run");
            run.setAccessible(true);
            SweepRecord sweep = (SweepRecord) run.invoke(null);
            assertEquals(16, sweep.trials().size());
            assertEquals(State.DONE, sweep.ranked().get(0).state());
            assertEquals(List.of(1, 3, 9), sweep.rungs());
        }
    }

    @Test
    void whatStandsInBracesOnThePageIsRead() throws Exception {
        String page = Files.readString(PAGE);
        List<String> rows = page.substring(page.indexOf("| in braces |"), page.indexOf("\n`--schedule` given"))
                .lines()
                .skip(2)
                .filter(line -> line.startsWith("| `"))
                .toList();
        assertEquals(7, rows.size());
        for (String row : rows) {
            Matcher texts = Pattern.compile("`([^`]+)`").matcher(row.substring(0, row.indexOf(" | ", 2)));
            while (texts.find()) {
                Space.of().and("x", texts.group(1));
            }
        }
        assertEquals(
                List.of("0.001", "0.01", "0.1", "1.0"),
                Sampler.GRID.draw(Space.of().and("x", "{log 1e-3..1 num=4}"), 9, 0).stream()
                        .map(each -> each.settings().get(0).getValue())
                        .toList());
    }
}
