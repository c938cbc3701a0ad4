package org.anneal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.anneal.checkpoint.Safetensors;
import org.anneal.checkpoint.TensorData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What each command shows of its progress, by a clock that a minute has passed on whenever it is looked at. */
class ProgressTest {
    private static final long MINUTE = 60_000_000_000L;
    private static final String CLEAR = "\r\u001b[K";

    @TempDir
    Path folder;

    private static Ran slowly(Map<String, String> launched, String... args) {
        Properties properties = new Properties();
        properties.putAll(launched);
        AtomicLong clock = new AtomicLong();
        return Ran.anneal(new Anneal(properties, () -> clock.getAndAdd(MINUTE)), args);
    }

    /** Runs a command whose standard error is no terminal; checks what it prints, and {@return its progress} */
    private static List<String> lines(String... args) {
        Ran slow = slowly(Map.of("anneal.columns", "0"), args);
        assertEquals(Ran.anneal(args), new Ran(slow.code(), slow.out(), ""));
        assertFalse(slow.err().contains("\r") || slow.err().contains("\u001b"), slow.err());
        return slow.err().lines().toList();
    }

    /** Runs a command whose standard error is a terminal; checks what it prints, and {@return the bars, one after another} */
    private static List<String> bars(String... args) {
        Ran slow = slowly(Map.of("anneal.columns", "100"), args);
        Ran fast = Ran.anneal(args);
        assertEquals(fast.out(), slow.out());
        assertEquals(fast.code(), slow.code());
        assertTrue(slow.err().endsWith(CLEAR + fast.err()), slow.err());
        return Stream.of(slow.err().split(CLEAR.replace("[", "\\["), -1))
                .filter(bar -> !bar.isEmpty())
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"text", "csv", "json"})
    void aTableSaysItsRows(String format) {
        String[] table = {"table", "StepLR(30)", "--steps=4096", "--format=" + format};
        assertEquals(
                List.of(
                        "table: 0 of 4,096 rows (0 %)",
                        "table: 1,024 of 4,096 rows (25 %), 8.5 rows/s, ETA 6 min 0 s",
                        "table: 2,048 of 4,096 rows (50 %), 11 rows/s, ETA 3 min 0 s",
                        "table: 3,072 of 4,096 rows (75 %), 13 rows/s, ETA 1 min 20 s"),
                lines(table));
        assertEquals(4, bars(table).size());
    }

    @ParameterizedTest
    @CsvSource({
        // columns of standard error, screen that standard output is, whether that is a pipe, progress
        "100, '', false, bar",
        "100, '24 100', false, nothing",
        "100, '', true, nothing",
        "0, '', false, lines",
        "0, '24 100', false, lines",
        "0, '', true, lines"
    })
    void aTableHasNoBarWhereItsRowsScrollOrArePaged(String columns, String screen, String pipe, String expected) {
        Ran ran = slowly(
                Map.of("anneal.columns", columns, "anneal.screen", screen, "anneal.pipe", pipe),
                "table",
                "StepLR(30)",
                "--steps=4096");
        String shown = ran.err().isEmpty() ? "nothing" : ran.err().contains(CLEAR) ? "bar" : "lines";
        assertEquals(expected, shown);
    }

    @Test
    void anErrorStandsInALineOfItsOwn() {
        List<String> bars = bars("table", "OneCycleLR(0.1, total_steps=2000)", "--steps=4096");
        assertEquals(3, bars.size());
        assertTrue(bars.get(2).startsWith("anneal table: "), bars.get(2));
    }

    @ParameterizedTest
    @ValueSource(strings = {"text", "json"})
    void aCheckSaysTheStepsOfAllGroups(String format) {
        String[] check = {"check", "StepLR(30)", "--steps=2000", "--lr=0.1,0.2,0.3", "--format=" + format};
        assertEquals(
                List.of("0", "1,024", "2,000", "2,000", "3,024", "4,000", "4,000", "5,024", "6,000"),
                done(lines(check), "check: (\\S+) of 6,000 steps \\(.*"));
        assertEquals(9, bars(check).size());
    }

    @Test
    void aPlotSaysTheStepsOfAllSchedules() {
        String picture = folder.resolve("curve.svg").toString();
        String[] plot = {"plot", "StepLR(30)", "CosineAnnealingLR(50)", "--steps=2000", "-o", picture};
        assertEquals(
                List.of("0", "1,024", "2,000", "2,000", "3,024", "4,000"),
                done(lines(plot), "plot: (\\S+) of 4,000 steps \\(.*"));
        assertEquals(6, bars(plot).size());
        assertEquals(6, bars("plot", "StepLR(30)", "StepLR(10)", "--steps=2000").size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"pytorch", "safetensors"})
    void anExportSaysItsMegabytes(String format) throws IOException {
        Path weights = folder.resolve("weights.safetensors");
        TensorData tensor = TensorData.of(new float[500_000], List.of(500_000L));
        Safetensors.write(weights, Map.of("a", tensor, "b", TensorData.of(new float[3], List.of(3L))));
        String[] export = {"export", weights.toString(), "--to=" + format, "-o", folder + "/copy"};
        List<String> done = done(lines(export), "export: (\\S+) of 2 MB \\(.*");
        assertEquals(3, done.size());
        assertEquals("2", done.get(2));
        assertEquals(3, bars(export).size());
    }

    @Test
    void aRunSaysItsBatchesAndWhatIsValidated() throws IOException {
        String data = GreyImages.write(folder.resolve("data")).toString();
        Ran lines = train(Map.of(), data, "lines");
        List<String> said = lines.err().lines().toList();
        assertEquals(
                List.of("1 of 3 batches", "2 of 3 batches", "3 of 3 batches"),
                done(said.subList(0, 3), "Epoch 1: ([^(]+) \\(\\d+ %\\).*, loss \\d\\.\\d{4}, lr 1\\.00e-02"));
        assertEquals("Epoch 1, validating: 8 of 20 samples (40 %)", said.get(3).replaceAll("\\),.*", ")"));
        assertTrue(said.get(6).startsWith("Epoch 2: 1 of 3 batches"), said.get(6));
        assertEquals(12, said.size());

        Ran bars = train(Map.of("anneal.columns", "100"), data, "bars");
        assertEquals(12 + 2, bars.err().split("\u001b", -1).length - 1, bars.err()); // and gone after each epoch
        assertTrue(bars.err().contains(CLEAR + "Epoch 2, validating  40% |"), bars.err());
        assertTrue(bars.err().endsWith(CLEAR), bars.err());

        assertEquals("", train(Map.of(), data, "quiet", "--print-every=1").err());
        assertEquals(
                "",
                train(Map.of("anneal.columns", "100"), data, "dumb", "--print-every=1")
                        .err());
    }

    private Ran train(Map<String, String> launched, String data, String out, String... more) {
        String[] arguments = {
            "train", "--data", data, "--epochs=2", "--limit=3", "--batch-size=8", "--optimizer=SGD(0.01)", "--out"
        };
        Ran ran = slowly(
                launched,
                Stream.of(Stream.of(arguments), Stream.of(folder.resolve(out).toString()), Stream.of(more))
                        .flatMap(words -> words)
                        .toArray(String[]::new));
        assertEquals(0, ran.code(), ran.err());
        return ran;
    }

    /** {@return the first group of a pattern that every line must match} */
    private static List<String> done(List<String> lines, String pattern) {
        lines.forEach(line -> assertTrue(line.matches(pattern), line));
        return lines.stream().map(line -> line.replaceAll(pattern, "$1")).toList();
    }
}
