package org.anneal.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of a command whose output goes nowhere, or that runs out of something. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OutputTest {
    private static final String CHECKPOINT = "src/test/resources/org/anneal/cli/tutorial-net.pt";

    @TempDir
    Path folder;

    /** {@return each command, in each of its formats; all succeed where they can print} */
    private List<List<String>> commands() {
        List<List<String>> all = new ArrayList<>();
        for (String command : List.of("train", "table", "plot", "check", "inspect", "export", "serve")) {
            all.add(List.of(command, "--help"));
        }
        all.add(List.of("--help"));
        all.add(List.of("--version"));
        for (String format : List.of("text", "csv", "json")) {
            all.add(List.of("table", "StepLR(30)", "--format", format));
        }
        all.add(List.of("table", "StepLR(30)", "--steps=" + (1L << 53)));
        for (String format : List.of("text", "json")) {
            all.add(List.of("check", "StepLR(30)", "--format", format));
        }
        all.add(List.of("plot", "StepLR(30)"));
        all.add(List.of("plot", "StepLR(30)", "-o", folder.resolve("plot.svg").toString()));
        all.add(List.of("inspect", CHECKPOINT));
        String weights = folder.resolve("weights").toString();
        all.add(List.of("export", CHECKPOINT, "--to=safetensors", "-o", weights));
        all.add(List.of("serve", "--port=0"));
        return all;
    }

    /** {@return a place to print to that takes nothing} */
    private static Writer broken(Runnable thrown, String message) {
        return new Writer() {
            @Override
            public void write(char[] text, int start, int length) throws IOException {
                thrown.run();
                throw new IOException(message);
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
    }

    private static Ran anneal(Properties launched, Writer out, List<String> command) {
        StringWriter err = new StringWriter();
        int code = new Anneal(launched, () -> 0).run(out, new PrintWriter(err), command.toArray(String[]::new));
        return new Ran(code, "", err.toString());
    }

    private static String name(List<String> command) {
        return command.get(0).startsWith("-") ? "anneal" : "anneal " + command.get(0);
    }

    @Test
    void everyCommandSaysThatItsOutputCouldNotBeWritten() {
        for (List<String> command : commands()) {
            Ran ran = anneal(new Properties(), broken(() -> {}, "No space left on device"), command);
            String line = name(command) + ": cannot write to standard output: No space left on device";
            assertEquals(line + System.lineSeparator(), ran.err(), command.toString());
            assertEquals(1, ran.code(), command.toString());
        }
    }

    @Test
    void noCommandComplainsOfAReaderThatHasGone() {
        Properties pipe = new Properties();
        pipe.setProperty("anneal.pipe", "true"); // as the launcher says
        for (List<String> command : commands()) {
            assertEquals(
                    new Ran(0, "", ""),
                    anneal(new Properties(), broken(() -> {}, "Broken pipe"), command),
                    command.toString());
            assertEquals(
                    new Ran(0, "", ""), anneal(pipe, broken(() -> {}, "Relais brisé"), command), command.toString());
        }
    }

    @Test
    void aRunIsTrainedThoughItsLinesAreLost() throws IOException {
        Path run = folder.resolve("run");
        List<String> train = List.of("train", "--epochs=1", "--limit=2", "--out", run.toString());
        Ran ran = anneal(new Properties(), broken(() -> {}, "No space left on device"), train);
        assertEquals(
                "anneal train: cannot write to standard output: No space left on device" + System.lineSeparator(),
                ran.err());
        assertEquals(1, ran.code());
        assertEquals(2, Files.readAllLines(run.resolve("metrics.csv")).size());
    }

    @Test
    void aFindingWhoseLinesAreLostAndAWrongCommandKeepTheirCodes() {
        Writer full = broken(() -> {}, "No space left on device");
        assertEquals(
                1,
                anneal(new Properties(), full, List.of("check", "StepLR(1)", "--steps=10000"))
                        .code());
        Ran wrong = anneal(new Properties(), full, List.of("check", "StepLR(0)"));
        assertEquals(2, wrong.code());
        assertEquals(1, wrong.err().lines().count(), wrong.err());
    }

    @Test
    void whateverRunsOutIsSaidInOneLine() {
        List<Error> errors = List.of(
                new OutOfMemoryError("Java heap space"),
                new StackOverflowError(),
                new UnsatisfiedLinkError("no jnitorch in java.library.path\nand more"),
                new AssertionError("a bug"));
        List<String> lines = List.of(
                "out of memory \\(Java heap space\\): Java may use \\d+ MB;"
                        + " set JDK_JAVA_OPTIONS=-Xmx\\d+m to let it use twice as much",
                "out of stack: the input is nested too deeply",
                "a library cannot be loaded: no jnitorch in java\\.library\\.path",
                "internal error: java\\.lang\\.AssertionError: a bug");
        for (int i = 0; i < errors.size(); i++) {
            Error error = errors.get(i);
            Writer out = broken(
                    () -> {
                        throw error;
                    },
                    "");
            for (List<String> command : List.of(List.of("table", "StepLR(1)"), List.of("plot", "StepLR(1)"))) {
                Ran ran = anneal(new Properties(), out, command);
                assertEquals(1, ran.code());
                assertTrue(ran.err().matches(name(command) + ": " + lines.get(i) + "\\R"), ran.err());
            }
        }
    }

    /** Runs the command line as a process, in a shell, with what follows it there. */
    private Ran shell(String redirected, String... command) throws IOException, InterruptedException {
        assumeTrue(Files.exists(Path.of("/dev/full")), "skipped: /dev/full is Linux's");
        List<String> words = new ArrayList<>(List.of("bash", "-c", "\"$@\" " + redirected, "bash"));
        words.addAll(Ran.process(List.of(), command));
        Path err = folder.resolve("err");
        Process process = new ProcessBuilder(words).redirectError(err.toFile()).start();
        String out = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "it does not end");
        return new Ran(process.exitValue(), out, Files.readString(err));
    }

    @Test
    void aFullDiskAndAClosedOutputAreFailures() throws IOException, InterruptedException {
        Ran full = shell("> /dev/full", "table", "StepLR(1)");
        assertTrue(full.err().startsWith("anneal table: cannot write to standard output: "), full.err());
        assertEquals(1, full.err().lines().count(), full.err());
        assertEquals(1, full.code());
        Ran closed = shell(">&-", "--version");
        assertTrue(closed.err().startsWith("anneal: cannot write to standard output: "), closed.err());
        assertEquals(1, closed.err().lines().count(), closed.err());
        assertEquals(1, closed.code());
        String reads = "| head -n 1; echo ${PIPESTATUS[0]}";
        Ran cut = shell(reads, "table", "StepLR(1)", "--steps=1000000");
        assertEquals(String.format(Locale.ROOT, "%-24s%-24smomentum%n0%n", "step", "lr"), cut.out());
        // On a slow machine it tells its progress, as whatever takes more than a second does, but of no failure.
        assertEquals(
                List.of(),
                cut.err()
                        .lines()
                        .filter(line -> !line.matches("table: [\\d,]+ of 1,000,000 rows .*"))
                        .toList());
        assertEquals(0, cut.code());
    }

    @Test
    void errorsThatCannotBeSaidChangeNothing() throws IOException, InterruptedException {
        for (String nowhere : List.of("2> /dev/full", "2>&-")) {
            assertEquals(
                    new Ran(0, "step,lr,momentum\n0,0.1,0.9\n", ""),
                    shell(nowhere, "table", "StepLR(1)", "--steps=1", "--format=csv"));
            assertEquals(new Ran(2, "", ""), shell(nowhere, "table", "StepLR(0)"));
            assertEquals(new Ran(1, "", ""), shell(nowhere + " > /dev/full", "table", "StepLR(1)"));
        }
    }
}
