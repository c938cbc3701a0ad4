package org.anneal.cli;

import static org.anneal.cli.Ran.assertFails;
import static org.anneal.cli.Ran.lines;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

class TableTest {
    @TempDir
    Path folder;

    /** A case of a golden file; parity/generate.py says what is in it. */
    private record Golden(String name, List<String> arguments, List<double[]> rows, boolean editsAGroup) {}

    @ParameterizedTest
    @CsvSource({
        "StepLR, 0",
        "MultiStepLR, 0",
        "ExponentialLR, 0",
        "MultiplicativeLR, 0",
        "ReduceLROnPlateau, 0",
        "LambdaLR, 1e-12",
        "CosineAnnealingLR, 1e-12"
    })
    void printsPyTorchsRates(String schedule, double tolerance) throws IOException {
        int compared = 0;
        for (Golden golden : goldens(schedule)) {
            if (golden.editsAGroup()) {
                continue; // --edit sets every group's rate
            }
            List<String> printed = lines(golden.arguments().toArray(String[]::new));
            int groups = golden.rows().get(0).length - 1;
            assertEquals(golden.rows().size() + 1, printed.size(), golden.name());
            double largest = golden.rows().stream()
                    .flatMapToDouble(row -> Arrays.stream(row).skip(1))
                    .max()
                    .orElseThrow();
            for (int i = 0; i < golden.rows().size(); i++) {
                String[] cells = printed.get(i + 1).split(",", -1);
                String where = golden.name() + ", row " + i;
                assertEquals(groups + 2, cells.length, where);
                assertEquals(Integer.toString(i), cells[0], where);
                assertEquals("0.9", cells[groups + 1], where);
                for (int group = 1; group <= groups; group++) {
                    double expected = golden.rows().get(i)[group];
                    assertTrue(
                            Math.abs(Double.parseDouble(cells[group]) - expected) <= tolerance * largest,
                            () -> where + ": " + Arrays.toString(cells) + ", but PyTorch " + expected);
                }
            }
            compared++;
        }
        assertTrue(compared >= 5, schedule + ": only " + compared + " cases");
    }

    private List<Golden> goldens(String schedule) throws IOException {
        Path file = Path.of("../parity/src/test/resources/golden/schedules", schedule + ".csv");
        List<Golden> goldens = new ArrayList<>();
        for (String text : Files.readString(file).split("\n\n", -1)) {
            String name = "";
            boolean editsAGroup = false;
            List<String> arguments = new ArrayList<>(List.of("table", "--format", "csv"));
            List<double[]> rows = new ArrayList<>();
            for (String line :
                    text.lines().filter(line -> !line.startsWith("#")).toList()) {
                String key = line.substring(0, line.indexOf(','));
                String value = line.substring(line.indexOf(',') + 1);
                switch (key) {
                    case "case" -> name = value;
                    case "schedule" -> arguments.add(value);
                    case "lr" -> arguments.addAll(List.of("--lr", value));
                    case "edit" -> {
                        String[] edit = value.split(",", -1);
                        editsAGroup |= !edit[1].equals("*");
                        arguments.addAll(List.of("--edit", edit[0] + ":" + edit[2]));
                    }
                    case "metrics" -> {
                        Path metrics = folder.resolve(name);
                        Files.write(metrics, List.of(value.split(",", -1)));
                        arguments.addAll(List.of("--metrics", metrics.toString()));
                    }
                    default ->
                        rows.add(Arrays.stream(line.split(",", -1))
                                .mapToDouble(Double::parseDouble)
                                .toArray());
                }
            }
            if (!rows.isEmpty()) {
                arguments.addAll(List.of("--steps", Integer.toString(rows.size())));
                goldens.add(new Golden(name, arguments, rows, editsAGroup));
            }
        }
        return goldens;
    }

    /** The metrics improve twice, and then no more. */
    @Test
    void runsAGreedyScheduleOverItsMetrics() throws IOException {
        Path metrics = Files.writeString(folder.resolve("greedy.txt"), "3\n2\n2\n2\n2\n");
        assertEquals(
                List.of("step,lr,momentum", "0,0.125,0.9", "1,0.25,0.9", "2,0.5,0.9", "3,0.25,0.9", "4,0.125,0.9"),
                lines(
                        "table",
                        "GreedyLR(opt, factor=0.5, patience=0, min_lr=0.125)",
                        "--lr=0.125",
                        "--steps=5",
                        "--metrics=" + metrics,
                        "--format=csv"));
        assertEquals(
                List.of("step,lr,momentum", "0,1.0,0.9", "1,1.0,0.9", "2,2.0,0.9", "3,2.0,0.9", "4,1.0,0.9"),
                lines(
                        "table",
                        "SmoothedMetric(GreedyLR(factor=0.5, patience=0, max_lr=4), every=2)",
                        "--lr=1",
                        "--steps=5",
                        "--metrics=" + Files.writeString(folder.resolve("pairs.txt"), "3\n1\n4\n0\n9\n"),
                        "--format=csv"));
    }

    @Test
    void takesLengthsInSamplesAndTokensOfAKnownBatch() {
        List<String> expected = lines("table", "LinearLR(0.5, total_iters=4)", "--steps=6", "--format=csv");
        assertEquals(
                expected,
                lines("table", "LinearLR(0.5, total_iters=256sp)", "--batch-size=64", "--steps=6", "--format=csv"));
        assertEquals(
                expected,
                lines(
                        "table",
                        "LinearLR(0.5, total_iters=2e3tok)",
                        "--tokens-per-batch=500",
                        "--epochs=2",
                        "--steps-per-epoch=3",
                        "--step-per=batch",
                        "--format=csv"));
        assertEquals(
                lines("table", "CosineAnnealingLR(6)", "--steps=6"),
                lines("table", "CosineAnnealingLR(100%)", "--steps=6"));
        assertFails(
                2,
                "anneal table: EXPR, column 15: total_iters is 256sp, which needs the batch size, the samples in a batch:"
                        + " give it, or write a number of steps",
                "table",
                "LinearLR(0.5, total_iters=256sp)");
        assertFails(
                2,
                "anneal table: --batch-size must be at least 1, but was 0",
                "table",
                "LinearLR(0.5, total_iters=256sp)",
                "--batch-size=0");
    }

    @Test
    void printsARateThatIsCarriedBelowZeroAsPyTorchDoes() {
        List<String> printed =
                lines("table", "CosineAnnealingLR(40, eta_min=1e-4)", "--steps=63", "--edit=61:0", "--format=csv");
        String[] row = printed.get(63).split(",", -1);
        assertEquals(-7.23025746838923e-06, Double.parseDouble(row[1]), 1e-13); // torch 2.13.0
        assertEquals("0.9", row[2]);
    }

    @Test
    void hasAHundredStepsFromRateATenthByDefault() {
        List<String> printed = lines("table", "StepLR(step_size=30, gamma=0.5)");
        assertEquals("step                    lr                      momentum", printed.get(0));
        assertEquals("0                       0.1                     0.9", printed.get(1));
        assertEquals("99                      0.0125                  0.9", printed.get(100));
        assertEquals(101, printed.size());
    }

    @Test
    void namesSeveralGroupsColumns() {
        assertEquals(
                List.of("step,lr0,lr1,lr2,momentum", "0,0.5,0.25,0.0,0.9", "1,0.25,0.125,0.0,0.9"),
                lines("table", "StepLR(1, 0.5)", "--lr", "0.5,0.25,0", "--steps", "2", "--format", "csv"));
    }

    @Test
    void printsTheMomentumOrAdamsFirstBeta() {
        String[] command = {"table", "StepLR(1, 0.5)", "--steps", "1", "--format", "csv"};
        assertEquals("0,0.1,0.9", lines(command).get(1));
        assertEquals("0,0.1,0.25", lines(with(command, "--momentum", "0.25")).get(1));
        assertEquals("0,0.1,0.0", lines(with(command, "--momentum", "0")).get(1));
        assertEquals("0,0.1,0.9", lines(with(command, "--adam")).get(1));
        assertEquals(
                "0,0.1,0.75",
                lines(with(command, "--adam", "--momentum", "0.75")).get(1));
    }

    static String[] with(String[] command, String... more) {
        String[] all = Arrays.copyOf(command, command.length + more.length);
        System.arraycopy(more, 0, all, command.length, more.length);
        return all;
    }

    @Test
    void editsEveryGroupsRateJustBeforeAStep() {
        assertEquals(
                List.of(
                        "step,lr0,lr1,momentum",
                        "0,0.5,0.25,0.9",
                        "1,0.5,0.25,0.9",
                        "2,8.0,8.0,0.9",
                        "3,8.0,8.0,0.9",
                        "4,4.0,4.0,0.9",
                        "5,1.0,1.0,0.9",
                        "6,0.5,0.5,0.9"),
                lines(
                        "table",
                        "StepLR(2, 0.5)",
                        "--lr",
                        "0.5,0.25",
                        "--steps",
                        "7",
                        "--format",
                        "csv",
                        "--edit",
                        "5:1",
                        "--edit",
                        "2:8",
                        "--edit",
                        "70:9"));
        assertEquals(
                "0,0.75,0.9",
                lines("table", "StepLR(2)", "--edit", "0:0.75", "--steps", "1", "--format", "csv")
                        .get(1));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "20",
                "20:",
                ":0.05",
                "20:x",
                "x:0.05",
                "-1:0.05",
                "2.5:0.05",
                "20:0.05:1",
                "20:inf",
                "20:NaN",
                "",
                ":"
            })
    void refusesAnEditOfAnotherForm(String edit) {
        assertFails(
                2,
                "anneal table: --edit must be STEP:LR, such as 20:0.05, but was '" + edit + "'",
                "table",
                "StepLR(30)",
                "--edit=" + edit);
    }

    @Test
    void givesAPlateauItsMetrics() throws IOException {
        Path metrics = Files.writeString(folder.resolve("m"), "1\nnan\n\n  inf \nNaN\n-inf\nInfinity\n0\n");
        assertEquals(
                List.of("0,8.0", "1,8.0", "2,4.0", "3,2.0", "4,1.0", "5,1.0", "6,0.5", "7,0.25"),
                lines(
                                "table",
                                "ReduceLROnPlateau(factor=0.5, patience=0)",
                                "--lr=8",
                                "--steps=8",
                                "--format=csv",
                                "--metrics",
                                metrics.toString())
                        .stream()
                        .skip(1)
                        .map(row -> row.substring(0, row.lastIndexOf(',')))
                        .toList());
    }

    @Test
    void givesAPlateauOnAScheduleItsMetricBeforeTheStep() throws IOException {
        Path metrics = Files.writeString(folder.resolve("m"), "1\n1\n1\n");
        String[] options = {"--lr=8", "--steps=4", "--format=csv", "--metrics", metrics.toString()};
        // The metrics after rows 1 and 2 fire; the schedule halves at step 2.
        assertEquals(
                List.of("0,8.0,0.9", "1,8.0,0.9", "2,1.0,0.9", "3,0.25,0.9"),
                lines(with(
                                new String[] {
                                    "table", "ChainedScheduler([StepLR(2, 0.5), ReduceLROnPlateau('min', 0.25, 0)])"
                                },
                                options))
                        .subList(1, 5));
        // min_lr is reached by the rate in force at the metric, 8, not by that of the step after it.
        assertEquals(
                "2,2.0,0.9",
                lines(with(
                                new String[] {
                                    "table",
                                    "ChainedScheduler([StepLR(2, 0.5), ReduceLROnPlateau('min', 0.25, 0, min_lr=4)])"
                                },
                                options))
                        .get(3));
        assertEquals(
                List.of("0,4.0,0.9", "1,8.0,0.9", "2,8.0,0.9", "3,2.0,0.9"),
                lines(with(
                                new String[] {
                                    "table",
                                    "SequentialLR([ConstantLR(0.5, 1), ReduceLROnPlateau('min', 0.25, 0)], milestones=[1])"
                                },
                                options))
                        .subList(1, 5));
        assertFails(
                2,
                "anneal table: --metrics must be given for a plateau: a file of numbers, one per line",
                "table",
                "ChainedScheduler([StepLR(2), ReduceLROnPlateau()])");
    }

    @Test
    void resolvesUnitsByTheRunsEpochs() {
        String[] run = {"--epochs", "4", "--steps-per-epoch", "3", "--format", "csv"};
        String[] table = {"table", "StepLR(2ep, gamma=0.5)", "--lr", "1"};
        List<String> epochs = lines(with(table, run));
        assertEquals(List.of("0,1.0,0.9", "1,1.0,0.9", "2,0.5,0.9", "3,0.5,0.9"), epochs.subList(1, epochs.size()));
        List<String> batches = lines(with(with(table, run), "--step-per", "batch"));
        assertEquals(13, batches.size());
        assertEquals("5,1.0,0.9", batches.get(6));
        assertEquals("6,0.5,0.9", batches.get(7));
        table[1] = "StepLR(50%, gamma=0.5)";
        assertEquals(batches, lines(with(with(table, run), "--step-per", "batch")));
        table[1] = "StepLR(6st, gamma=0.5)";
        assertEquals(epochs, lines(with(table, run)));
        assertEquals(batches, lines(with(with(table, run), "--step-per", "BATCH")));
    }

    @Test
    void epochsAloneAreTheStepsOfAScheduleThatIsSteppedPerEpoch() {
        assertEquals(
                lines("table", "CosineAnnealingLR(50%)", "--steps=4"),
                lines("table", "CosineAnnealingLR(50%)", "--epochs=4"));
    }

    @Test
    void refusesHalfALengthOrTwo() {
        String missing = "anneal table: --epochs must be given with ";
        assertFails(2, missing + "--steps-per-epoch", "table", "StepLR(1)", "--steps-per-epoch=3");
        assertFails(2, missing + "--step-per", "table", "StepLR(1)", "--step-per=batch");
        String batches =
                "anneal table: --steps-per-epoch must be given with --epochs, as the schedule is stepped per batch";
        assertFails(2, batches, "table", "StepLR(1)", "--epochs=3", "--step-per=batch");
        String lightning = "{'scheduler': StepLR(1), 'interval': 'step'}";
        assertFails(2, batches, "table", lightning, "--epochs=3");
        assertFails(2, "anneal table: --epochs must be at least 1, but was 0", "table", "StepLR(1)", "--epochs=0");
        assertFails(
                2,
                "anneal table: --epochs must be at least 1, but was 0",
                "table",
                "StepLR(1)",
                "--epochs=0",
                "--steps-per-epoch=3");
        assertEquals(2, Ran.anneal("table", "StepLR(30ep)").code());
        assertEquals(2, Ran.anneal("table", "StepLR(1)", "--step-per=year").code());
    }

    @ParameterizedTest
    @CsvSource({"text, 102", "csv, 102", "json, 103"})
    void printsTheRowsBeforeALambdaFails(String format, long linesPrinted) {
        Ran ran = Ran.anneal("table", "LambdaLR(lambda e: 1 / (101 - e))", "--steps=200", "--format=" + format);
        assertEquals(1, ran.code());
        assertEquals(
                "anneal table: lambda e: 1 / (101 - e) failed at step 101: division by zero",
                ran.err().strip());
        assertEquals(linesPrinted, ran.out().lines().count());
        assertTrue(ran.out().contains("0.1"), ran.out()); // at step 100, 0.1 / 1
        if (format.equals("json")) {
            JsonNode rows = new ObjectMapper().readTree(ran.out());
            assertEquals(101, rows.size());
            assertEquals(0.1, rows.get(100).get("lr").get(0).asDouble());
        } else {
            String last = ran.out().lines().skip(101).findFirst().orElseThrow();
            assertTrue(last.matches("100[ ,]+0.1[ ,]+0.9"), last);
        }
    }

    @Test
    void countsPartsOfTheStepsOfARun() {
        assertEquals(lines("table", "StepLR(5)", "--steps=50"), lines("table", "StepLR(10%)", "--steps=50"));
        assertEquals(lines("table", "StepLR(10)"), lines("table", "StepLR(10st)"));
    }

    @ParameterizedTest
    @CsvSource({"'SWALR([0.05])', swa_lr", "'LambdaLR([lambda e: 1])', lr_lambda", "'OneCycleLR([0.1], 100)', max_lr"})
    void refusesAListOfOneForTwoGroups(String text, String argument) {
        assertFails(
                2,
                "anneal table: " + argument + " must have 2 entries, one per group, but had 1",
                "table",
                text,
                "--lr=0.1,0.2");
        assertEquals(101, lines("table", text, "--lr=0.1").size());
    }

    @Test
    void endsWithTheStepAfterTheOneCycle() {
        Ran ran = Ran.anneal("table", "OneCycleLR(max_lr=1, total_steps=5)", "--steps", "7", "--format", "csv");
        assertEquals(1, ran.code());
        assertEquals(1 + 6, ran.out().lines().count());
        assertEquals(
                "anneal table: OneCycleLR(max_lr=1.0, total_steps=5) ends with step 5, so it cannot be stepped 6 times\n",
                ran.err().replace("\r", ""));
        assertEquals(
                7,
                lines("table", "OneCycleLR(max_lr=1, total_steps=5)", "--steps", "6", "--format", "csv")
                        .size());
    }

    @Test
    void movesTheMomentumAgainstTheRate() {
        assertEquals(
                List.of("0,1.0,0.9", "1,2.0,0.8500000000000001", "2,3.0,0.8", "3,2.0,0.8500000000000001", "4,1.0,0.9"),
                lines("table", "CyclicLR(1, 3, 2)", "--steps", "5", "--format", "csv")
                        .subList(1, 6));
        List<String> cycle = lines("table", "OneCycleLR(1, 10)", "--steps", "10", "--format", "csv", "--adam");
        assertTrue(cycle.get(1).endsWith(",0.95"), cycle.get(1));
        assertTrue(cycle.get(3).endsWith(",1.0,0.85"), cycle.get(3));
    }

    @Test
    void refusesMetricsThatAreMissingOrTooFewOrNoNumbers() throws IOException {
        Path metrics = folder.resolve("m");
        String[] command = {"table", "ReduceLROnPlateau()", "--steps", "4"};
        assertFails(2, "anneal table: --metrics must be given for a plateau: a file of numbers, one per line", command);

        command = with(command, "--metrics", metrics.toString());
        assertFails(1, "anneal table: cannot read " + metrics + ": there is no such file or folder", command);
        Files.writeString(metrics, "1\n2\n");
        assertFails(
                2,
                "anneal table: --metrics must have a number for each row but the last, 3, but " + metrics + " has 2",
                command);
        for (String java : new String[] {"0x1p3", "0.1f", "1d", "one", "1 2"}) {
            Files.writeString(metrics, "1\n" + java + "\n3\n");
            assertFails(2, "anneal table: --metrics must have a number on each line, but has '" + java + "'", command);
        }
        Files.write(metrics, new byte[] {'1', '\n', (byte) 0xff, '\n', '2', '\n'});
        assertFails(2, "anneal table: --metrics must have a number on each line, but has '\ufffd'", command);
        Files.writeString(metrics, "1\ntwo\n3\n");
        assertFails(2, "anneal table: --metrics must have a number on each line, but has 'two'", command);
        assertFails(
                1,
                "anneal table: cannot read " + folder + ": Is a directory",
                "table",
                "ReduceLROnPlateau()",
                "--metrics",
                folder.toString());
        Files.writeString(metrics, "1\n2\n3\n");
        assertEquals(5, lines(command).size());
    }

    @Test
    void readsMetricsAsPythonPrintsThem() throws IOException {
        Path metrics = Files.writeString(folder.resolve("m"), "inf\r\n\r\n1_0.\nnan\n 1e1 \n-Infinity\nNaN");
        String[] command = {"table", "ReduceLROnPlateau(patience=1)", "--steps=7", "--format=csv", "--metrics", ""};
        command[5] = metrics.toString();
        List<String> rows = lines(command);
        // PyTorch's rates for these metrics, of which inf and 10 are better than what was before, NaN and 10 are not.
        assertEquals(
                List.of(
                        "0,0.1,0.9",
                        "1,0.1,0.9",
                        "2,0.1,0.9",
                        "3,0.1,0.9",
                        "4,0.010000000000000002,0.9",
                        "5,0.010000000000000002,0.9",
                        "6,0.010000000000000002,0.9"),
                rows.subList(1, 8));
    }

    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void readsNoMoreMetricsThanItNeeds() throws IOException, InterruptedException {
        Path sparse = folder.resolve("sparse");
        try (RandomAccessFile file = new RandomAccessFile(sparse.toFile(), "rw")) {
            file.setLength(1L << 40);
        }
        String hole = "--metrics must have a number on each line, but has '" + "\\x00".repeat(40) + "...'";
        assertFails(
                2,
                "anneal table: " + hole,
                "table",
                "ReduceLROnPlateau()",
                "--steps=4",
                "--metrics",
                sparse.toString());
        try (RandomAccessFile file = new RandomAccessFile(sparse.toFile(), "rw")) {
            file.writeBytes("1\n2\n3\n");
        }
        assertEquals(
                5,
                lines("table", "ReduceLROnPlateau()", "--steps=4", "--metrics", sparse.toString())
                        .size());
        assertFails(
                2,
                "anneal table: --steps must be at most 10000001 for a plateau, but was 9007199254740992",
                "table",
                "ReduceLROnPlateau()",
                "--steps=9007199254740992",
                "--metrics",
                sparse.toString());

        assumeTrue(File.separatorChar == '/', "skipped: devices and pipes are Unix's");
        assertFails(2, "anneal table: " + hole, "table", "ReduceLROnPlateau()", "--steps=4", "--metrics=/dev/zero");
        Path pipe = folder.resolve("pipe");
        assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
        Process endless = new ProcessBuilder("sh", "-c", "yes 0.5 > " + pipe).start();
        try {
            List<String> rows = lines("table", "ReduceLROnPlateau()", "--steps=20", "--metrics", pipe.toString());
            assertEquals(21, rows.size());
            assertTrue(rows.get(20).contains("0.010000000000000002 "), rows.get(20)); // after 11 that are no better
        } finally {
            endless.destroyForcibly();
        }
    }

    @Test
    void saysThatALinkLeadsNowhere() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("nowhere"));
        String why = "cannot read " + link + ": it is a broken link";
        assertFails(1, "anneal inspect: " + why, "inspect", link.toString());
        assertFails(1, "anneal export: " + why, "export", link.toString(), "--to=pytorch", "-o=out");
        assertFails(1, "anneal plot: " + why, "plot", "ReduceLROnPlateau()", "--metrics", link.toString());
    }

    @Test
    void printsJson() {
        String text = String.join("\n", lines("table", "StepLR(1, 0.3)", "--lr=0.1,2", "--steps=3", "--format=JSON"));
        JsonNode rows = new ObjectMapper().readTree(text);
        assertEquals(3, rows.size());
        double expected = 0.1;
        for (int step = 0; step < 3; step++) {
            assertEquals(step, rows.get(step).get("step").asInt());
            assertEquals(2, rows.get(step).get("lr").size());
            assertEquals(expected, rows.get(step).get("lr").get(0).asDouble());
            assertEquals(0.9, rows.get(step).get("momentum").asDouble());
            expected *= 0.3;
        }
    }

    @Test
    void neverStepsAfterTheLastRow() {
        String[] command = {"table", "LambdaLR(lambda step: 1 / (5 - step))", "--format", "csv", "--steps"};
        assertEquals("4,0.1,0.9", lines(with(command, "5")).get(5));
        Ran further = Ran.anneal(with(command, "6"));
        assertEquals(1, further.code());
        assertEquals(6, further.out().lines().count(), "the rows so far");
        assertEquals(
                "anneal table: lambda step: 1 / (5 - step) failed at step 5: division by zero\n",
                further.err().replace("\r", ""));
    }

    @Test
    void aRateThatBecomesInfiniteEndsTheTableWithStepAndGroup() {
        String[] command = {"table", "ExponentialLR(1e100)", "--lr", "0,1", "--format"};
        String error = "anneal table: the rate must be finite, but ExponentialLR(gamma=1e+100) makes it Infinity at"
                + " step 4 for group '1'\n";
        Ran csv = Ran.anneal(with(command, "csv"));
        assertEquals(error, csv.err().replace("\r", ""));
        assertEquals(1, csv.code());
        assertTrue(csv.out().endsWith("\n3,0.0,1e+300,0.9\n"), csv.out());

        Ran json = Ran.anneal(with(command, "json"));
        assertEquals(error, json.err().replace("\r", ""));
        assertEquals(4, new ObjectMapper().readTree(json.out()).size(), "and is whole JSON");
    }

    @Test
    void startsBehindTheLastEpochOfTheExpression() {
        assertEquals(
                List.of("0,0.5,0.9", "1,0.25,0.9", "2,0.25,0.9", "3,0.125,0.9"),
                lines("table", "StepLR(2, 0.5, last_epoch=2)", "--lr=0.5", "--steps=4", "--format=csv")
                        .subList(1, 5));
        Ran negative = Ran.anneal("table", "StepLR(2, last_epoch=-2)");
        assertEquals(2, negative.code());
        assertTrue(negative.err().strip().endsWith("last_epoch must be at least -1, but was -2"), negative.err());
    }

    @Test
    void streamsManyRows() {
        List<String> printed = lines("table", "CosineAnnealingLR(T_max=200000)", "--steps=200000", "--format=csv");
        assertEquals(200_001, printed.size());
        assertTrue(printed.get(200_000).startsWith("199999,"));
    }

    @Test
    void stopsWhenNobodyReadsOn() {
        long[] written = {0};
        Writer closed = new Writer() {
            @Override
            public void write(char[] text, int start, int length) throws IOException {
                written[0] += length;
                if (written[0] > 10_000) {
                    throw new IOException("Broken pipe");
                }
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Writer err = new java.io.StringWriter();
        assertEquals(
                0,
                new Anneal(new Properties(), () -> 0)
                        .run(closed, new PrintWriter(err), "table", "StepLR(1)", "--steps=" + (1L << 53)));
        assertEquals("", err.toString());
    }

    @Test
    void refusesWrongArgumentsInOneLine() {
        assertFails(2, "anneal table: --steps must be at least 1, but was 0", "table", "StepLR(1)", "--steps=0");
        assertFails(
                2, "anneal table: --momentum must be at least 0, but was -1.0", "table", "StepLR(1)", "--momentum=-1");
        for (String[] wrong : new String[][] {
            {"table"},
            {"table", "StepLR(1)", "StepLR(2)"},
            {"table", "StepLR(1)", "--format=xml"},
            {"table", "StepLR(1)", "--lr=x"},
            {"table", "StepLR(1)", "--lr="},
            {"table", "StepLR(1)", "--lr=nan"},
            {"table", "StepLR(1)", "--lr=-0.1"},
            {"table", "StepLR(1)", "--steps=1.5"},
            {"table", "StepLR(1)", "--nonsense"},
            {"table", "StepLR(1)", "--adam", "--momentum=1"},
            {"table", "StepLR(0)"},
            {"table", "ExponentialLR(gamma=-1)"},
            {"table", "StepsLR(1)"},
            {"table", "StepLR(1"},
            {"table", ""},
            {"tabel", "StepLR(1)"},
            {}
        }) {
            Ran ran = Ran.anneal(wrong);
            String what = Arrays.toString(wrong) + ": " + ran;
            assertEquals(2, ran.code(), what);
            assertEquals("", ran.out(), what);
            assertEquals(1, ran.err().lines().count(), what);
            assertTrue(ran.err().startsWith("anneal"), what);
            assertFalse(ran.err().contains("Exception"), what);
        }
        assertEquals(
                List.of(
                        "anneal: missing command: use one of train, find, sweep, table, plot, compare, check, convert, inspect, export, serve (see anneal --help)"),
                Ran.anneal().err().lines().toList());
    }

    @Test
    void saysWhatANumberMustBe() {
        for (String[] wrong : new String[][] {
            {"a whole number, but was '1e12'", "table", "StepLR(1)", "--steps=1e12"},
            {"a number, but was 'fast'", "table", "StepLR(1)", "--lr=0.1,fast"},
            {"a number, but was 'low'", "check", "StepLR(1)", "--below=low"},
            {"--lr must be a number, but was '0x1p3'", "table", "StepLR(1)", "--lr=0x1p3"},
            {"--lr must be a number, but was '0.1f'", "plot", "StepLR(1)", "--lr=0.1f"},
            {"--lr must be a finite number, but was 'NaN'", "table", "StepLR(1)", "--lr=NaN"},
            {"--lr must be a finite number, but was '1e999'", "check", "StepLR(1)", "--lr=0.1,1e999"},
            {"--lr must be a number, but was ','", "check", "StepLR(1)", "--lr=,"},
            {"--lr must be a number, but was '0.2,'", "check", "StepLR(1)", "--lr=0.1,0.2,"},
            {"--momentum must be a number, but was '1d'", "table", "StepLR(1)", "--momentum=1d"},
            {"--below must be a finite number, but was 'Infinity'", "check", "StepLR(1)", "--below=Infinity"},
            {"--edit must be STEP:LR, such as 20:0.05, but was '1:0x1p3'", "table", "StepLR(1)", "--edit=1:0x1p3"},
            {"--edit must be STEP:LR, such as 20:0.05, but was '1:1f'", "table", "StepLR(1)", "--edit=1:1f"},
            {"--lr must be at most 1e300 to be drawn, but was 1e+308", "plot", "StepLR(1)", "--lr=0.1,1e308"},
            {
                "'a\\x00b' is not a valid path on this system",
                "export",
                "src/test/resources/org/anneal/cli/tutorial-net.pt",
                "--to=pytorch",
                "-o=a\0b"
            },
            {"'a\\x00b' is not a valid path on this system", "train", "--data=a\0b"},
            {"--steps must be a whole number, but was '\u0661\u0660'", "table", "StepLR(1)", "--steps=\u0661\u0660"},
            {
                "--steps must be at most 9223372036854775807, but was 9223372036854775808",
                "table",
                "StepLR(1)",
                "--steps=9223372036854775808"
            },
            {"--steps must be at most 2^53, but was 9007199254740993", "table", "StepLR(1)", "--steps=9007199254740993"
            },
            {"--steps must be at most 2^53, but was 9007199254740993", "check", "StepLR(1)", "--steps=9007199254740993"
            },
            {"--epochs must be at most 2147483647, but was 99999999999", "train", "--epochs=99999999999"},
            {"--format must be text, csv or json, but was 'xml'", "table", "StepLR(1)", "--format=xml"},
            {"--format must be text or json, but was ''", "check", "StepLR(1)", "--format="},
            {"--to must be pytorch or safetensors, but was 'onnx'", "export", "a.pt", "--to=onnx", "-o=b"},
            {"--x-axis must be steps or epochs, but was 'batches'", "plot", "StepLR(1)", "--x-axis=batches"},
            {"--step-per must be epoch or batch, but was 'step'", "table", "StepLR(1)", "--step-per=step"},
            {"--adam must be given without a value, but was 'maybe'", "table", "StepLR(1)", "--adam=maybe"},
            {"FILE must name a file or a folder, but was ''", "inspect", ""},
            {"--metrics must name a file or a folder, but was ''", "plot", "ReduceLROnPlateau()", "--metrics="},
            {"--runs must name a file or a folder, but was ''", "serve", "--runs", ""},
            {"--resume must name a file or a folder, but was ''", "train", "--resume="},
            {"FILE must be a valid path on this system, but was 'a\\x00b'", "inspect", "a\0b"},
            {"--host must be an address or a name, but was ''", "serve", "--host="},
            {"unknown command '\\x1b[31m'", "\u001b[31m"},
            {"a whole number, but was 'http'", "serve", "--port=http"},
            {"--momentum must be in [0, 1) with --adam, but was 2.0", "table", "StepLR(1)", "--adam", "--momentum=2"},
            {"--momentum must be at least 0, but was -1.0", "table", "StepLR(1)", "--momentum=-1"},
            {"--serve must be in [0, 65535], but was 99999", "train", "--serve=99999"},
            {"EXPR 2, column 1: unknown schedule 'FooLR'", "plot", "StepLR(1)", "FooLR(1)"}
        }) {
            Ran ran = Ran.anneal(Arrays.copyOfRange(wrong, 1, wrong.length));
            assertEquals(2, ran.code(), ran.err());
            assertTrue(ran.err().contains(wrong[0]), ran.err());
        }
    }

    @Test
    void takesNumbersInPythonsForms() {
        String[] plain = {"table", "StepLR(30)", "--lr=1000,0.5,0.001", "--steps=1000", "--edit=1:0.25"};
        String[] pythons = {"table", "StepLR(30)", "--lr=1_000,.5,1e-3", "--steps=1_000", "--edit=1:.25"};
        assertEquals(lines(plain), lines(pythons));
        assertEquals(1001, lines(pythons).size());
        assertEquals(
                "2                       0.25                    0.25                    0.25                    0.9",
                lines(pythons).get(3));
    }

    @Test
    void doesNotReadAFileThatAnArgumentNamesWithAnAt() throws IOException {
        Path words = Files.writeString(folder.resolve("words"), "StepLR(1)");
        assertEquals(2, Ran.anneal("table", "@" + words).code());
    }

    @Test
    void namesTheArgumentThatIsNoSchedule() {
        assertTrue(Ran.anneal("table", "StepsLR(1)").err().startsWith("anneal table: EXPR, "));
        assertTrue(Ran.anneal("table", "StepsLR(1)").err().contains("StepLR"), "the nearest known name");
    }

    @Test
    void helpsWithoutLibtorch() {
        for (String command : new String[] {"table", "plot", "check", "train", "find"}) {
            assertTrue(lines(command, "--help").get(0).startsWith("Usage: anneal " + command));
        }
        assertTrue(lines("--help").stream().anyMatch(line -> line.strip().startsWith("table")));
        assertTrue(lines("--version").get(0).startsWith("anneal "));
    }
}
