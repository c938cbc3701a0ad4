package org.anneal.cli;

import static org.anneal.cli.Ran.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One command that trains with several schedules, and compares them. */
class TrainEachTest {
    private static final String STEP = "StepLR(optimizer, step_size=1, gamma=0.5)";
    private static final String COSINE = "CosineAnnealingLR(T_max=100%)";

    @TempDir
    Path folder;

    private Path data = Path.of("");
    private Path out = Path.of("");

    @BeforeEach
    void writeData() throws IOException {
        data = GreyImages.write(folder.resolve("data"));
        out = folder.resolve("out");
    }

    private String[] train(Path to, String... more) {
        return Stream.concat(
                        Stream.of(
                                "train",
                                "--data",
                                data.toString(),
                                "--out",
                                to.toString(),
                                "--threads=1",
                                "--epochs=2"),
                        Stream.of(more))
                .toArray(String[]::new);
    }

    /** {@return a run's table without its times} */
    private static List<String> rows(Path run) throws IOException {
        return Files.readAllLines(run.resolve("metrics.csv")).stream()
                .map(row -> row.substring(0, row.lastIndexOf(',')))
                .toList();
    }

    @Test
    void trainsWithEachAsAloneAndEndsWithATableAndAPicture() throws IOException {
        List<String> printed = Ran.lines(train(out, "--schedule", STEP, "--schedule", COSINE));
        Path first = out.resolve("1-StepLR");
        Path second = out.resolve("2-CosineAnnealingLR");
        assertEquals(
                4, printed.stream().filter(line -> line.startsWith("Epoch ")).count());
        assertTrue(printed.indexOf(first.toString()) > 0 && printed.indexOf(second.toString()) > 0, printed.toString());
        int table = printed.size() - 4;
        assertTrue(
                printed.get(table)
                        .matches("run +epochs  best epoch +val_loss +last  val_accuracy +last +time  schedule"),
                printed.get(table));
        String rows = String.join("\n", printed.subList(table + 1, table + 3));
        assertTrue(rows.contains("1-StepLR ") && rows.contains("StepLR(step_size=1, gamma=0.5)"), rows);
        assertTrue(rows.contains("2-CosineAnnealingLR ") && rows.contains("CosineAnnealingLR(T_max=2)"), rows);
        assertEquals("Wrote " + out.resolve("compare.png"), printed.get(printed.size() - 1));
        assertNotNull(ImageIO.read(out.resolve("compare.png").toFile()));

        Path alone = folder.resolve("alone");
        Ran.lines(train(alone, "--schedule", COSINE));
        assertEquals(rows(alone), rows(second));
        assertEquals(-1, Files.mismatch(alone.resolve("model.safetensors"), second.resolve("model.safetensors")));
        assertEquals(-1, Files.mismatch(alone.resolve("curve.png"), second.resolve("curve.png")));
        // The same seed and data: until the schedules differ, so does nothing else.
        assertEquals(rows(first).get(1), rows(second).get(1));
    }

    @Test
    void eachHasTheOptimizerOfItsProgramAndOneOfAKindBesideAnother() throws IOException {
        String program = "opt = SGD(net.parameters(), lr=args.lr); StepLR(opt, 1, 0.5)";
        Ran.lines(train(
                out,
                "--schedule",
                program,
                "--schedule",
                "StepLR(1)",
                "--set=args.lr=0.5",
                "--limit=2",
                "--batch-size=4"));
        assertTrue(rows(out.resolve("1-StepLR")).get(1).startsWith("1,2,0.5,"));
        assertTrue(rows(out.resolve("2-StepLR")).get(1).startsWith("1,2,0.01,"));
        // Each reproduces itself, and can be resumed alone.
        Path one = out.resolve("1-StepLR");
        List<String> resumed = Ran.lines("train", "--resume", "--out", one.toString(), "--epochs=3");
        assertEquals(
                1, resumed.stream().filter(line -> line.startsWith("Epoch 3,")).count());
    }

    @Test
    void oneThatDivergesDoesNotEndTheOthers() throws IOException {
        Ran ran = Ran.anneal(train(out, "--schedule", "LambdaLR(lambda e: 1e38)", "--schedule", "StepLR(1)"));
        assertEquals(1, ran.code());
        assertEquals(1, ran.err().lines().count(), ran.err());
        assertTrue(ran.err().startsWith("anneal train: "), ran.err());
        assertEquals(3, rows(out.resolve("2-StepLR")).size());
        assertTrue(ran.out().contains("Wrote " + out.resolve("compare.png")), ran.out());
    }

    @Test
    void refusesBeforeItTrains() throws IOException {
        assertFails(
                2,
                "anneal train: --schedule must be given once with --resume, which goes on with one run, but was given 2"
                        + " times",
                train(out, "--schedule", STEP, "--schedule", COSINE, "--resume"));
        assertFails(
                2,
                "anneal find: --schedule must be given once to find a rate, but was given 2 times",
                "find",
                "--schedule",
                STEP,
                "--schedule",
                COSINE);
        Ran wrong = Ran.anneal(train(out, "--schedule", STEP, "--schedule", "CosineAnnealingLR(T_max=0)"));
        assertEquals(2, wrong.code());
        assertEquals("", wrong.out());
        assertTrue(Files.notExists(out));
        Files.createDirectories(out.resolve("2-CosineAnnealingLR"));
        Files.writeString(out.resolve("2-CosineAnnealingLR/metrics.csv"), "epoch,step\n");
        assertFails(
                2,
                "anneal train: --out must not hold a run, but " + out.resolve("2-CosineAnnealingLR") + " does",
                train(out, "--schedule", STEP, "--schedule", COSINE));
    }
}
