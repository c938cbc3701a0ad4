package org.anneal.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Policy;
import org.anneal.text.Kind;
import org.anneal.text.Python;
import org.junit.jupiter.api.Test;

/** Holds docs/parity.md to the source tree. */
class ParityPageTest {
    private static final Path ROOT = Path.of("..");
    private static final Pattern NAMED = Pattern.compile("`(\\w+Test)(?:\\.(\\w+))?`");

    private static String page() throws IOException {
        return Files.readString(ROOT.resolve("docs/parity.md"));
    }

    /** {@return the text of every test class, by its name} */
    private static Map<String, String> tests() throws IOException {
        try (Stream<Path> modules = Files.list(ROOT)) {
            return modules.map(module -> module.resolve("src/test/java"))
                    .filter(Files::isDirectory)
                    .flatMap(ParityPageTest::sources)
                    .collect(Collectors.toMap(ParityPageTest::className, ParityPageTest::text, String::concat));
        }
    }

    private static Stream<Path> sources(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith("Test.java")).toList().stream();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String className(Path file) {
        return String.valueOf(file.getFileName()).replace(".java", "");
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The ranges that the page tells are those that the classes declare. */
    @Test
    void theTableOfRangesIsWhatTheKindsDeclare() throws IOException {
        String head = "| class | parameter | default | range |\n|---|---|---|---|\n";
        String page = page();
        int start = page.indexOf(head) + head.length();
        int end = page.indexOf("\n\n", start - 1) + 1;
        String rows = Stream.of(Policy.kinds(), UpdateRule.kinds())
                .flatMap(List::stream)
                .flatMap(ParityPageTest::rows)
                .collect(Collectors.joining());
        if ("write".equals(System.getProperty("ranges"))) {
            Files.writeString(ROOT.resolve("docs/parity.md"), page.substring(0, start) + rows + page.substring(end));
        } else {
            assertEquals(rows, page.substring(start, end));
        }
    }

    private static Stream<String> rows(Kind<?> kind) {
        return ((List<?>) kind.toMap().getOrDefault("parameters", List.of()))
                .stream()
                        .map(each -> (Map<?, ?>) each)
                        .filter(parameter -> parameter.containsKey("range"))
                        .map(parameter -> "| " + kind.name() + " | `" + parameter.get("name") + "` | "
                                + (parameter.containsKey("default")
                                        ? "`" + Python.repr(parameter.get("default")) + "`"
                                        : "")
                                + " | " + parameter.get("range") + " |\n");
    }

    @Test
    void namesOnlyTestsThatExist() throws IOException {
        Map<String, String> tests = tests();
        List<MatchResult> named = NAMED.matcher(page()).results().toList();
        assertTrue(named.size() > 50);
        List<String> missing = named.stream()
                .filter(name -> {
                    String source = tests.getOrDefault(name.group(1), "");
                    return source.isEmpty()
                            || (name.group(2) != null && !source.contains("void " + name.group(2) + "("));
                })
                .map(MatchResult::group)
                .toList();
        assertEquals(Collections.emptyList(), missing);
    }

    @Test
    void namesATestInEveryRowOfADifference() throws IOException {
        String differences = page().split("## Where Anneal differs on purpose", -1)[1];
        List<String> without = differences
                .lines()
                .filter(line -> line.startsWith("| ") && !line.endsWith("| test |"))
                .filter(line -> !NAMED.matcher(line).find())
                .toList();
        assertEquals(Collections.emptyList(), without);
    }

    @Test
    void theCheatSheetHasARowForEveryOptimizer() throws IOException {
        List<String> rows = Files.readString(ROOT.resolve("docs/cheatsheet.md"))
                .lines()
                .filter(line -> line.startsWith("| `"))
                .toList();
        assertEquals(
                Collections.emptyList(),
                UpdateRule.kinds().stream()
                        .map(Kind::type)
                        .map(Class::getSimpleName)
                        .filter(name -> rows.stream()
                                .noneMatch(row -> row.contains("." + name + "(") && row.contains("new " + name + "(")))
                        .toList());
    }

    @Test
    void hasARowForEveryClass() throws IOException {
        String page = page();
        List<String> rows = page.lines().filter(line -> line.startsWith("| ")).toList();
        Stream<String> names = Policy.kinds().stream()
                .filter(kind -> kind.module().isPresent())
                .map(Kind::name);
        assertEquals(
                Collections.emptyList(),
                names.filter(name -> rows.stream().noneMatch(row -> row.contains(name)))
                        .toList());
    }
}
