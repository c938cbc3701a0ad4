package org.anneal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What {@code docs/peers.md} names as the proof of a feature runs, or is there. */
class PeersPageTest {
    private static final Pattern COMMAND = Pattern.compile("\\| `\\./anneal (.*)` \\|$", Pattern.MULTILINE);
    private static final Pattern TEST = Pattern.compile("\\| `(\\w+Test)` \\|$", Pattern.MULTILINE);
    private static final Pattern WORD = Pattern.compile("'([^']*)'|\"([^\"]*)\"|(\\S+)");

    @TempDir
    Path folder;

    private static String page() throws IOException {
        return Files.readString(Path.of("../docs/peers.md"));
    }

    static Stream<String> commands() throws IOException {
        return COMMAND.matcher(page()).results().map(found -> found.group(1));
    }

    @ParameterizedTest
    @MethodSource("commands")
    void theCommandRuns(String command) {
        List<String> words = new ArrayList<>();
        for (MatchResult word : WORD.matcher(command).results().toList()) {
            words.add(word.group(1) != null ? word.group(1) : word.group(2) != null ? word.group(2) : word.group(3));
        }
        words.replaceAll(word -> word.endsWith(".svg") ? folder.resolve(word).toString() : word);
        if (words.get(0).equals("train")) {
            words.addAll(List.of("--limit", "2", "--out", folder.resolve("run").toString()));
        }
        Ran ran = Ran.anneal(words.toArray(String[]::new));
        // compare exits with 1 where two schedules differ, as diff does.
        assertEquals(words.get(0).equals("compare") ? 1 : 0, ran.code(), ran.err());
        assertTrue(!ran.out().isEmpty() || words.contains("-o"), command);
    }

    @Test
    void theTestsAreThere() throws IOException {
        List<String> named =
                TEST.matcher(page()).results().map(found -> found.group(1)).toList();
        assertTrue(named.size() > 10);
        try (Stream<Path> files = Files.walk(Path.of(".."), 9)) {
            List<String> tests = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith("Test.java"))
                    .toList();
            named.forEach(test -> assertTrue(tests.contains(test + ".java"), test));
        }
    }
}
