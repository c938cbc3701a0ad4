package org.anneal.cli;

import static org.anneal.cli.Ran.assertFails;
import static org.anneal.cli.Ran.lines;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Schedules of other numbers than the rate, and layer-wise decay of it, in {@code anneal train}. */
class TrainDriveTest {
    private static final String[] HOW = {
        "--optimizer=AdamW(lr=0.002, weight_decay=0.4)",
        "--schedule=CosineAnnealingLR(T_max=100%)",
        "--step-per=batch",
        "--drive=weight_decay=LinearLR(1.0, 0.5, total_iters=2ep)",
        "--drive=beta1=ConstantLR(0.5, total_iters=1ep)"
    };

    @TempDir
    Path folder;

    private Path data = Path.of("");
    private Path run = Path.of("");

    @BeforeEach
    void writeData() throws IOException {
        data = GreyImages.write(folder.resolve("data"));
        run = folder.resolve("run");
    }

    /** Trains on 5 batches an epoch. */
    private String[] command(Path out, String... more) {
        return words(List.of("train", "--data", data.toString(), "--batch-size=10", "--out", out.toString()), more);
    }

    private String[] resume(String... more) {
        return words(List.of("train", "--resume", "--out", run.toString()), more);
    }

    private static String[] words(List<String> first, String... more) {
        return Stream.concat(first.stream(), Stream.of(more)).toArray(String[]::new);
    }

    private static List<String[]> rows(Path run) throws IOException {
        return Files.readAllLines(run.resolve("metrics.csv")).stream()
                .map(row -> row.split(",", -1))
                .toList();
    }

    private static double weightDecay(int step) {
        return 0.4 * (1 - 0.5 * Math.min(1, step / 10.0));
    }

    @Test
    void writesTheNumbersAndGoesOnWithThemExactly() throws IOException {
        Path whole = folder.resolve("whole");
        List<String> printed = lines(words(List.of(command(whole)), words(List.of(HOW), "--epochs=3")));
        assertTrue(
                printed.contains("AdamW(lr=0.002, weight_decay=0.4), CosineAnnealingLR(T_max=15) with"
                        + " weight_decay=LinearLR(start_factor=1.0, end_factor=0.5, total_iters=10),"
                        + " beta1=ConstantLR(factor=0.5) stepped per batch"),
                printed.toString());
        List<String[]> rows = rows(whole);
        assertEquals(
                "epoch,step,lr,weight_decay,beta1,train_loss,val_loss,val_accuracy,seconds",
                String.join(",", rows.get(0)));
        for (int epoch = 1; epoch <= 3; epoch++) { // the numbers of an epoch's last step
            assertEquals(weightDecay(5 * epoch - 1), Double.parseDouble(rows.get(epoch)[3]), 1e-15);
            assertEquals(epoch == 1 ? 0.45 : 0.9, Double.parseDouble(rows.get(epoch)[4]));
        }
        byte[] events;
        try (Stream<Path> files = Files.list(whole)) {
            events = Files.readAllBytes(
                    files.filter(file -> file.getFileName().toString().startsWith("events."))
                            .findFirst()
                            .orElseThrow());
        }
        assertTrue(new String(events, StandardCharsets.ISO_8859_1).contains("weight_decay/all"));
        assertTrue(Files.readAllLines(whole.resolve("progress.csv"))
                .get(0)
                .equals("epoch,step,loss,lr,weight_decay,beta1"));

        lines(words(List.of(command(run)), words(List.of(HOW), "--epochs=3", "--save-every=3")));
        Path middle = folder.resolve("middle");
        lines(words(List.of(command(middle)), words(List.of(HOW), "--epochs=3", "--save-every=3", "--keep=9")));
        Path again = folder.resolve("again");
        lines("train", "--resume", middle.resolve("step-8.pt").toString(), "--out", again.toString()); // within epoch 2
        for (String file : List.of("model.safetensors", "curve.png")) {
            assertArrayEquals(Files.readAllBytes(whole.resolve(file)), Files.readAllBytes(again.resolve(file)), file);
        }
        List<String[]> resumed = rows(again);
        for (int i = 0; i <= 3; i++) {
            assertEquals(
                    List.of(rows.get(i)).subList(0, 8), List.of(resumed.get(i)).subList(0, 8));
        }
    }

    @Test
    void schedulesOfTheWholeRunGrowWithIt() throws IOException {
        String drive = "--drive=momentum=LinearLR(0.5, total_iters=100%)";
        lines(command(run, "--epochs=2", drive));
        List<String> printed = lines(resume("--epochs=4"));
        assertTrue(
                printed.contains(
                        "The schedule CosineAnnealingLR(T_max=100%) with momentum=LinearLR(0.5, total_iters=100%)"
                                + " now spans 4 epochs; before, it was CosineAnnealingLR(T_max=2) with"
                                + " momentum=LinearLR(start_factor=0.5, total_iters=2)"),
                printed.toString());
        List<String[]> rows = rows(run);
        assertEquals("momentum", rows.get(0)[3]);
        assertEquals(0.9 * (0.5 + 0.5 * 2 / 4), Double.parseDouble(rows.get(3)[3]), 1e-15);
        assertEquals(0.9 * (0.5 + 0.5 * 3 / 4), Double.parseDouble(rows.get(4)[3]), 1e-15);
    }

    @Test
    void aChangeIsRefusedUnlessItIsSaidWhichWins() throws IOException {
        lines(command(run, "--epochs=1", "--drive=momentum=ExponentialLR(0.5)"));
        String[] other = resume("--epochs=2", "--drive=momentum=ExponentialLR(0.25)");
        assertFails(
                2,
                "anneal train: --drive must be left out or [momentum=ExponentialLR(gamma=0.5)], as in the run saved in "
                        + run.resolve("last.pt")
                        + ", but was [momentum=ExponentialLR(gamma=0.25)]; --on-change keep-config"
                        + " goes on with the given one, take-checkpoint with the saved one, continue with the given one"
                        + " from the rate in force",
                other);
        lines(words(List.of(other), "--on-change=keep-config"));
        assertEquals(0.9 * 0.25, Double.parseDouble(rows(run).get(2)[3]), 1e-15);
    }

    @Test
    void anOptionThatIsKeptIsTheNewBase() throws IOException {
        lines(command(
                run,
                "--epochs=1",
                "--optimizer=AdamW(lr=0.001, weight_decay=0.4)",
                "--drive=weight_decay=ExponentialLR(0.5)"));
        lines(resume("--epochs=2", "--optimizer=AdamW(lr=0.001, weight_decay=0.8)", "--on-change=keep-config"));
        assertEquals(0.4, Double.parseDouble(rows(run).get(2)[3]), 1e-15);
    }

    @Test
    void refusesABadDriveBeforeAnythingIsDone() {
        assertFails(
                2,
                "anneal train: --drive 'weight_decy' must be momentum or dampening or weight_decay for group '0', which"
                        + " runs SGD, did you mean 'weight_decay'?",
                command(run, "--drive=weight_decy=StepLR(2)"));
        assertFails(
                2,
                "anneal train: --schedule must last for the run's 5 steps, but fails at step 3: momentum must be finite"
                        + " and >= 0, but was -0.45 at step 3 for group 'group 0', from LambdaLR(lr_lambda=lambda s: 1 - s /"
                        + " 2)",
                command(run, "--epochs=5", "--drive=momentum=LambdaLR(lambda s: 1 - s / 2)"));
        assertTrue(Files.notExists(run));
    }

    @Test
    void decaysTheRateOfTheLayersTowardsTheInput() throws IOException {
        lines(command(
                run, "--epochs=1", "--optimizer=SGD(lr=0.08)", "--schedule=ConstantLR(1, 0)", "--layer-decay=0.5"));
        List<String[]> rows = rows(run);
        assertEquals(
                List.of("lr0=0.08", "lr1=0.005", "lr2=0.01", "lr3=0.02", "lr4=0.04"),
                Stream.of(2, 3, 4, 5, 6)
                        .map(i -> rows.get(0)[i] + "=" + rows.get(1)[i])
                        .toList());
        List<String> printed = lines(resume("--epochs=2"));
        assertTrue(
                printed.contains("group 1, conv1.*: SGD(lr=0.005) for conv1.weight, conv1.bias"), printed.toString());
        assertFails(
                2,
                "anneal train: --layer-decay must be finite and > 0, but was 0.0",
                command(folder.resolve("bad"), "--layer-decay=0"));
        assertFails(
                2,
                "anneal train: --layer-decay must be left out with --group, which makes other groups",
                command(folder.resolve("bad"), "--layer-decay=0.5", "--group=fc*:lr=1"));
    }
}
