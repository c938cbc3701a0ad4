package org.anneal.cli;

import static org.anneal.cli.Ran.assertFails;
import static org.anneal.cli.Ran.lines;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.anneal.checkpoint.TorchFile;
import org.anneal.runs.RunRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code anneal train --resume}, parameter groups, early stopping. */
class ResumeTest {
    private static final String INTRODUCED = "tutorial, 44,426 parameters, on cpu with 1 thread, seed 0";

    @TempDir
    Path folder;

    private Path data = Path.of("");
    private Path run = Path.of("");
    private Path last = Path.of("");

    @BeforeEach
    void writeData() throws IOException {
        data = GreyImages.write(folder.resolve("data"));
        run = folder.resolve("run");
        last = run.resolve("last.pt");
    }

    /** Trains on 5 batches an epoch. */
    private List<String> train(String... more) {
        return lines(command(run, more));
    }

    private String[] command(Path out, String... more) {
        return words(List.of("train", "--data", data.toString(), "--batch-size=10", "--out", out.toString()), more);
    }

    private static String[] words(List<String> first, String... more) {
        return Stream.concat(first.stream(), Stream.of(more)).toArray(String[]::new);
    }

    private String[] resume(String... more) {
        return words(List.of("train", "--resume", "--out", run.toString()), more);
    }

    private static List<String> withoutSeconds(Path run) throws IOException {
        return Files.readAllLines(run.resolve("metrics.csv")).stream()
                .map(row -> row.substring(0, row.lastIndexOf(',')))
                .toList();
    }

    private static void assertSameRun(Path first, Path second) throws IOException {
        assertEquals(withoutSeconds(first), withoutSeconds(second));
        for (String file : List.of("curve.png", "model.safetensors")) {
            assertArrayEquals(Files.readAllBytes(first.resolve(file)), Files.readAllBytes(second.resolve(file)), file);
        }
    }

    @Test
    void goesOnAsItWasWithMoreEpochs() throws IOException {
        String[] how = {
            "--optimizer=Adam(lr=0.003)",
            "--schedule=SequentialLR([LinearLR(0.1, total_iters=2), CosineAnnealingLR(T_max=4)], milestones=[2])",
            "--seed=7",
            "--group=fc*:lr=0.001"
        };
        train(words(List.of(how), "--epochs=2"));
        List<String> printed = lines(resume("--epochs=4"));
        assertEquals(
                "Adam(lr=0.003), SequentialLR([LinearLR(start_factor=0.1, total_iters=2),"
                        + " CosineAnnealingLR(T_max=4)], milestones=[2]) stepped per epoch",
                printed.get(2));
        assertEquals(
                List.of(
                        "group 0, rest: Adam(lr=0.003) for conv1.weight, conv1.bias, conv2.weight, conv2.bias",
                        "group 1, fc*: Adam(lr=0.001) for fc1.weight, fc1.bias, fc2.weight, fc2.bias, fc3.weight,"
                                + " fc3.bias"),
                printed.subList(3, 5));
        assertEquals("Resumed " + last + ": after 2 epochs, 10 steps", printed.get(5));
        assertEquals(
                "step 3: CosineAnnealingLR is not finished: its part of the run ends after 2 of its 4 steps",
                printed.get(6));
        assertTrue(printed.get(8).startsWith("Epoch 3, "), printed.get(8));
        Path whole = folder.resolve("whole");
        lines(words(List.of(command(whole)), words(List.of(how), "--epochs=4")));
        assertSameRun(whole, run);
        assertTrue(withoutSeconds(run).get(0).startsWith("epoch,step,lr0,lr1,"));
    }

    @Test
    void aScheduleOfTheWholeRunIsOfMoreEpochsIfThereAreMore() throws IOException {
        train("--epochs=2", "--save-every=3");
        List<String> printed = lines(resume("--epochs=4"));
        assertEquals("SGD(lr=0.01, momentum=0.9), CosineAnnealingLR(T_max=4) stepped per epoch", printed.get(2));
        assertEquals(
                "The schedule CosineAnnealingLR(T_max=100%) now spans 4 epochs; before, it was CosineAnnealingLR(T_max=2)",
                printed.get(3));
        assertEquals("Resumed " + last + ": after 2 epochs, 10 steps", printed.get(4));
        assertTrue(printed.get(5).startsWith("Epoch 3, "), printed.get(5));
        // 0.01 * (1 + cos(pi * n / 2)) / 2, and from then on 0.01 * (1 + cos(pi * n / 4)) / 2.
        double[] rates = {0.01, 0.005, 0.005, 0.0014644660940672622};
        List<String> rows = withoutSeconds(run);
        assertEquals(5, rows.size());
        for (int i = 0; i < rates.length; i++) {
            assertEquals(rates[i], Double.parseDouble(rows.get(i + 1).split(",", -1)[2]), 1e-15);
        }
        // Said again, it is the same; and as it is, it goes on to the bit.
        assertTrue(lines(resume("--schedule=CosineAnnealingLR(T_max=100%)"))
                .contains("Nothing to do: all epochs are done, 4 of 4"));
        // Of a length of its own it is as long as it was.
        Path other = folder.resolve("other");
        lines(command(other, "--epochs=2", "--schedule=CosineAnnealingLR(T_max=2)"));
        lines("train", "--resume", "--out", other.toString(), "--epochs=3");
        assertEquals(0.0, Double.parseDouble(withoutSeconds(other).get(3).split(",", -1)[2]), 1e-15);
    }

    @Test
    void goesOnWithAPastedPieceWithoutTheNamesThatItTookFromOutside() throws IOException {
        String piece = """
                optimizer = torch.optim.Adam(net.parameters(), lr=args.lr, betas=(0.8, 0.999))
                warmup = LinearLR(optimizer, cfg['start'], total_iters=len(train_loader))
                decay = LambdaLR(optimizer, lambda step: args.gamma ** step)
                scheduler = SequentialLR(optimizer, [warmup, decay], milestones=[len(train_loader)])
                return {'optimizer': optimizer, 'lr_scheduler': {'scheduler': scheduler, 'interval': 'step'}}
                """;
        train(
                "--epochs=2",
                "--schedule",
                piece,
                "--set=args.lr=0.003",
                "--set=args.gamma=0.5",
                "--set=cfg['start']=0.1");
        String schedule = "SequentialLR([LinearLR(start_factor=0.1),"
                + " LambdaLR(lr_lambda=lambda step: 0.5 ** step)], milestones=[5])";
        String config = Files.readString(run.resolve("run.json"));
        assertTrue(config.contains("\"optimizer\" : \"Adam(lr=0.003, betas=(0.8, 0.999))\""), config);
        assertTrue(config.contains("\"schedule\" : \"" + schedule + "\""), config);
        assertTrue(config.contains("\"schedule_given\" : \"" + schedule + "\""), config);
        assertTrue(config.contains("\"step_per\" : \"batch\""), config);
        lines(resume("--epochs=4"));
        Path whole = folder.resolve("whole");
        lines(command(
                whole,
                "--epochs=4",
                "--optimizer=Adam(lr=0.003, betas=(0.8, 0.999))",
                "--schedule=" + schedule,
                "--step-per=batch"));
        assertSameRun(whole, run);

        // The same piece is no change, and another interval or rate is one.
        List<String> again = lines(
                resume("--schedule", piece, "--set=args.lr=0.003", "--set=args.gamma=0.5", "--set=cfg['start']=0.1"));
        assertTrue(again.contains("Nothing to do: all epochs are done, 4 of 4"), again.toString());
        assertFails(
                2,
                "anneal train: the 'interval' in --schedule must be left out or batch, as in the run saved in " + last
                        + ", but was epoch",
                resume("--schedule", piece.replace("'step'", "'epoch'")));
        assertFails(
                2,
                "anneal train: --optimizer must be left out or Adam(lr=0.003, betas=(0.8, 0.999)), as in the run saved in "
                        + last + ", but was Adam(lr=0.5, betas=(0.8, 0.999)); --on-change keep-config goes on with the"
                        + " given one, take-checkpoint with the saved one",
                resume("--schedule", piece, "--set=args.lr=0.5", "--set=args.gamma=0.5", "--set=cfg['start']=0.1"));
    }

    @Test
    void keepsAPastedPiecesLengthsInUnitsIfItNeedsNothingFromOutside() throws IOException {
        train("--epochs=2", "--schedule=opt = SGD(p, lr=0.02)\nCosineAnnealingLR(opt, T_max=100%)");
        assertTrue(Files.readString(run.resolve("run.json"))
                .contains("\"schedule_given\" : \"CosineAnnealingLR(opt, T_max=100%)\""));
        assertTrue(lines(resume("--epochs=4")).contains("SGD(lr=0.02), CosineAnnealingLR(T_max=4) stepped per epoch"));
        Path other = folder.resolve("other");
        lines(command(
                other, "--epochs=2", "--schedule=CosineAnnealingLR(opt, T_max=100%, eta_min=low)", "--set=low=0.001"));
        assertTrue(Files.readString(other.resolve("run.json"))
                .contains("\"schedule_given\" : \"CosineAnnealingLR(T_max=2, eta_min=0.001)\""));
    }

    @Test
    void aScheduleThatEndsBeforeTheMoreEpochsIsRefusedAndTheRunLeftAsItIs() throws IOException {
        train("--epochs=1", "--schedule=OneCycleLR(0.1, total_steps=7)", "--step-per=batch");
        byte[] before = Files.readAllBytes(last);
        Ran ran = Ran.anneal(resume("--epochs=2"));
        assertEquals(2, ran.code());
        assertEquals(
                "anneal train: --schedule must last for the run's 10 steps, but fails at step 8: OneCycleLR(max_lr=0.1,"
                        + " total_steps=7) ends with step 7",
                ran.err().strip().replaceFirst("(ends with step 7).*", "$1"));
        assertArrayEquals(before, Files.readAllBytes(last));
        assertEquals(2, withoutSeconds(run).size());
    }

    @Test
    void refusesAFilesThreadsIfTheyAreTooMany() throws IOException {
        train("--epochs=1");
        Path changed = folder.resolve("changed.pt");
        try (TorchFile file = TorchFile.open(last)) {
            Map<Object, Object> root = new LinkedHashMap<>((Map<?, ?>) file.root());
            Map<Object, Object> anneal = new LinkedHashMap<>((Map<?, ?>) Objects.requireNonNull(root.get("anneal")));
            Map<Object, Object> config = new LinkedHashMap<>((Map<?, ?>) Objects.requireNonNull(anneal.get("config")));
            config.put("threads", (long) Integer.MAX_VALUE);
            anneal.put("config", config);
            root.put("anneal", anneal);
            TorchFile.write(changed, root);
        }
        Ran ran = Ran.anneal(
                "train",
                "--resume",
                changed.toString(),
                "--out",
                folder.resolve("other").toString());
        assertEquals(2, ran.code());
        assertTrue(ran.err().startsWith("anneal train: --threads must be from 1 to "), ran.err());
        assertTrue(ran.err().contains("on this computer, but was 2147483647"), ran.err());
    }

    @Test
    void goesOnFromTheMiddleOfAnEpochInAnotherFolder() throws IOException {
        train("--epochs=3", "--save-every=2", "--keep=10", "--step-per=batch", "--schedule=OneCycleLR(0.1, 100%)");
        Path other = folder.resolve("other");
        Path middle = run.resolve("step-9.pt");
        List<String> printed = lines("train", "--resume", middle.toString(), "--out", other.toString());
        assertEquals("Resumed " + middle + ": after 1 epoch and 4 of 5 batches, 9 steps", printed.get(3));
        assertSameRun(run, other);
        assertFails(
                2,
                "anneal train: --out must be the folder of " + middle + " or not hold a run, but " + other
                        + " holds another run",
                "train",
                "--resume",
                middle.toString(),
                "--out",
                other.toString());
    }

    @Test
    void aFinishedRunHasNothingToDo() throws IOException {
        train("--epochs=1");
        List<String> files = names(run);
        List<String> rows = withoutSeconds(run);
        List<String> printed = lines(resume());
        assertEquals("Nothing to do: all epochs are done, 1 of 1", printed.get(4));
        assertEquals(run + ": metrics.csv, curve.png, model.safetensors", printed.get(5));
        assertEquals(6, printed.size());
        assertEquals(files, names(run));
        assertEquals(rows, withoutSeconds(run));
        Path other = folder.resolve("other");
        assertEquals(
                "Nothing to do: all epochs are done, 1 of 1",
                lines("train", "--resume", last.toString(), "--out", other.toString())
                        .get(4));
        assertFalse(Files.exists(other));
    }

    @Test
    void refusesWhatIsNotTheRuns() {
        train("--epochs=1", "--limit=3");
        String asWas = ", as in the run saved in " + last + ", but was ";
        refuses("--batch-size must be left out or 10" + asWas + "8", "--batch-size=8");
        refuses("--seed must be left out or 0" + asWas + "1", "--seed=1");
        refuses("--limit must be left out or 3" + asWas + "4", "--limit=4");
        refuses("--step-per must be left out or epoch" + asWas + "batch", "--step-per=batch");
        refuses("--group must be left out or []" + asWas + "[fc*:lr=1]", "--group=fc*:lr=1");
        refuses(
                "--data must have 50 samples to train on, as in the run saved in " + last + ", but has 10,000",
                "--data=fashion-mnist-subset");
        String how = "; --on-change keep-config goes on with the given one, take-checkpoint with the saved one";
        refuses(
                "--schedule must be left out or CosineAnnealingLR(T_max=1)" + asWas + "StepLR(step_size=3, gamma=0.1)"
                        + how + ", continue with the given one from the rate in force",
                "--schedule=StepLR(3)");
        refuses(
                "--optimizer must be left out or SGD(lr=0.01, momentum=0.9)" + asWas + "SGD(lr=0.1)" + how,
                "--optimizer=SGD(0.1)");
    }

    private void refuses(String message, String... arguments) {
        assertFails(2, "anneal train: " + message, resume(arguments));
    }

    @Test
    void aChangeGoesOnAsItIsTold() throws IOException {
        train("--epochs=1", "--schedule=ExponentialLR(0.5)");
        Path copy = Files.copy(last, folder.resolve("copy.pt"));
        for (String who : List.of("keep-config", "take-checkpoint")) {
            Path out = folder.resolve(who);
            String[] command = {
                "train",
                "--resume",
                copy.toString(),
                "--out",
                out.toString(),
                "--epochs=2",
                "--schedule=ConstantLR(0.25, 5)",
                "--optimizer=SGD(lr=0.1, momentum=0.5)",
                "--on-change",
                who
            };
            Ran ran = Ran.anneal(command);
            assertEquals(0, ran.code(), ran.err());
            String rate = Files.readAllLines(out.resolve("metrics.csv")).get(2).split(",", -1)[2];
            assertEquals(who.equals("keep-config") ? "0.025" : "0.005", rate);
            assertTrue(
                    ran.out()
                            .contains(
                                    who.equals("keep-config")
                                            ? "SGD(lr=0.1, momentum=0.5), ConstantLR(factor=0.25)"
                                            : "SGD(lr=0.01, momentum=0.9), ExponentialLR(gamma=0.5)"),
                    ran.out());
        }
    }

    private static double rate(Path run, int epoch) throws IOException {
        return Double.parseDouble(
                Files.readAllLines(run.resolve("metrics.csv")).get(epoch).split(",", -1)[2]);
    }

    @Test
    void goesOnWithAnotherScheduleWithoutAJump() throws IOException {
        train("--epochs=2", "--schedule=CosineAnnealingLR(4)", "--optimizer=SGD(lr=0.01)");
        Path copy = Files.copy(last, folder.resolve("copy.pt"));
        List<String> printed = lines(resume("--epochs=4", "--schedule=CosineAnnealingLR(8)", "--on-change=continue"));
        String schedule = "ContinueFrom(CosineAnnealingLR(T_max=4), CosineAnnealingLR(T_max=8), step=2, rate=0.005)";
        assertTrue(printed.contains("SGD(lr=0.01), " + schedule + " stepped per epoch"), printed.toString());
        assertEquals(0.005, rate(run, 3), 1e-17);
        double scale = 0.005 / (1 + Math.cos(Math.PI / 4));
        assertEquals(scale * (1 + Math.cos(3 * Math.PI / 8)), rate(run, 4), 1e-17);

        // the same command again, and none: it goes on as it is
        printed = lines(resume("--epochs=5", "--schedule=CosineAnnealingLR(8)", "--on-change=continue"));
        assertTrue(printed.contains("SGD(lr=0.01), " + schedule + " stepped per epoch"), printed.toString());
        assertEquals(scale, rate(run, 5), 1e-17);
        lines(resume("--epochs=6"));
        assertEquals(scale * (1 + Math.cos(5 * Math.PI / 8)), rate(run, 6), 1e-17);

        Path bridged = folder.resolve("bridged");
        lines(
                "train",
                "--resume",
                copy.toString(),
                "--out",
                bridged.toString(),
                "--epochs=7",
                "--schedule=ConstantLR(1, 0)",
                "--on-change=continue",
                "--bridge=2");
        assertEquals(0.005, rate(bridged, 3), 1e-17);
        assertEquals(0.0075, rate(bridged, 4), 1e-17);
        assertEquals(0.01, rate(bridged, 5), 1e-17);
        assertFails(
                2,
                "anneal train: --bridge must be left out without --on-change continue",
                resume("--bridge=2", "--epochs=8"));
    }

    @Test
    void goesOnWithTheSameScheduleOverMoreEpochsWithoutAJump() throws IOException {
        train("--epochs=2", "--schedule=PolynomialLR(100%)", "--optimizer=SGD(lr=0.01)");
        lines(resume("--epochs=3", "--on-change=continue", "--schedule=PolynomialLR(4)", "--bridge=1"));
        assertEquals(0, rate(run, 3));
        Path other = folder.resolve("other");
        lines(command(other, "--epochs=2", "--schedule=PolynomialLR(200%)", "--optimizer=SGD(lr=0.01)"));
        lines("train", "--resume", "--out", other.toString(), "--epochs=5", "--on-change=continue");
        assertEquals(0.005, rate(other, 3), 1e-17); // at step 2 of 4, and then as from step 2 to step 10
        assertEquals(0.005 * 7 / 8, rate(other, 4), 1e-17);
    }

    @Test
    void saysWhatCannotBeResumed() throws IOException {
        fails("cannot resume: there is no run in " + run, resume());
        Files.createDirectory(run);
        fails("cannot resume: there is no run in " + run, resume());
        Files.writeString(run.resolve("metrics.csv"), "epoch\n");
        fails("cannot resume: there is no " + last + ", as the run ended before its first checkpoint", resume());
        Path missing = folder.resolve("missing.pt");
        fails("cannot read " + missing + ": there is no such file or folder", "train", "--resume", missing.toString());
        Path text = Files.writeString(folder.resolve("notes.pt"), "what is this?");
        fails(
                "cannot read " + text
                        + ": it is not a file of torch.save, which is a zip archive: it begins with 'what is this?'",
                "train",
                "--resume",
                text.toString());
        Files.delete(run.resolve("metrics.csv"));
        train("--epochs=1");
        byte[] whole = Files.readAllBytes(last);
        for (int length : new int[] {0, 1000, whole.length / 2, whole.length - 1}) {
            Files.write(last, java.util.Arrays.copyOf(whole, length));
            Ran ran = Ran.anneal(resume());
            assertEquals(1, ran.code());
            assertEquals(1, ran.err().lines().count(), ran.err());
            assertTrue(ran.err().startsWith("anneal train: cannot read " + last + ": "), ran.err());
        }
        for (int at = 0; at < whole.length; at += whole.length / 12) {
            byte[] flipped = whole.clone();
            flipped[at] ^= 1;
            Files.write(last, flipped);
            Ran ran = Ran.anneal(resume());
            if (ran.code() != 0) { // or it was in a name or a gap that nobody reads
                assertEquals(1, ran.code());
                assertEquals(1, ran.err().lines().count(), ran.err());
                assertTrue(ran.err().contains(last.toString()) && !ran.err().contains("Exception"), ran.err());
            }
        }
    }

    private static void fails(String message, String... command) {
        assertFails(1, "anneal train: " + message, command);
    }

    @Test
    void saysThatACheckpointIsOfAnotherNetwork() throws IOException {
        train("--epochs=1");
        Path cifar = Files.createDirectory(folder.resolve("cifar"));
        for (String part : List.of("train", "test")) {
            Files.write(cifar.resolve(part + ".bin"), new byte[3073 * (part.equals("train") ? 50 : 20)]);
        }
        Ran ran = Ran.anneal(
                "train",
                "--resume",
                last.toString(),
                "--data",
                "cifar10:" + cifar,
                "--out",
                folder.resolve("other").toString());
        assertEquals(1, ran.code());
        assertEquals(
                "cifar10:" + cifar + ": 50 images to train on, 20 to validate",
                ran.out().strip());
        assertEquals(
                "anneal train: " + last
                        + ": a state dict must match the network's names and shapes, but conv1.weight has shape [6, 1, 5, 5], not [6, 3, 5, 5], fc1.weight has shape [120, 256], not [120, 400]",
                ran.err().strip());
    }

    private Path python() throws IOException {
        Path file = folder.resolve("python.pt");
        try (InputStream in = Objects.requireNonNull(ResumeTest.class.getResourceAsStream("tutorial-net.pt"))) {
            Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
        }
        return file;
    }

    @Test
    void goesOnFromAPythonProgramsCheckpoint() throws IOException {
        Path file = python();
        List<String> printed =
                train("--resume", file.toString(), "--epochs=5", "--schedule=StepLR(step_size=2, gamma=0.5)");
        assertEquals(INTRODUCED, printed.get(1));
        assertEquals("SGD(lr=0.01), StepLR(step_size=2, gamma=0.5) stepped per epoch", printed.get(2));
        assertEquals("Resumed " + file + ": after 3 epochs, 15 steps", printed.get(3));
        List<String> rows = withoutSeconds(run);
        assertEquals(3, rows.size());
        assertTrue(rows.get(1).startsWith("4,20,0.005,"), rows.get(1));
        assertTrue(rows.get(2).startsWith("5,25,0.0025,"), rows.get(2));
        // And what it has become goes on by itself.
        lines(resume("--epochs=6"));
        assertEquals(4, withoutSeconds(run).size());
    }

    /** {@return a Python program's checkpoint with other content} */
    private Path changed(Consumer<Map<Object, Object>> change) throws IOException {
        Path file = folder.resolve("changed.pt");
        try (TorchFile original = TorchFile.open(python())) {
            Map<Object, Object> root = new LinkedHashMap<>((Map<?, ?>) original.root());
            change.accept(root);
            TorchFile.write(file, root);
        }
        return file;
    }

    private static void rename(Map<Object, Object> root, String from, String to, UnaryOperator<Object> change) {
        root.put(to, change.apply(Objects.requireNonNull(root.remove(from))));
    }

    private List<String> resumed(Path file, String... more) throws IOException {
        Path out = folder.resolve("resumed");
        List<String> printed = lines(command(out, words(List.of("--resume", file.toString(), "--epochs=5"), more)));
        List<String> rows = withoutSeconds(out);
        assertTrue(rows.get(1).startsWith("4,20,0.005,"), rows.get(1));
        assertTrue(rows.get(2).startsWith("5,25,0.0025,"), rows.get(2));
        return printed;
    }

    @Test
    void goesOnWithThePythonProgramsOwnSchedule() throws IOException {
        List<String> printed = resumed(python());
        assertEquals("SGD(lr=0.01), StepLR(step_size=2, gamma=0.5) stepped per epoch", printed.get(2));
    }

    @Test
    void takesThePythonProgramsScheduleIfItIsTold() throws IOException {
        resumed(python(), "--schedule=StepLR(step_size=7)", "--on-change=take-checkpoint");
    }

    @Test
    void goesOnFromALightningCheckpoint() throws IOException {
        Path file = changed(root -> {
            root.put("epoch", 2L);
            root.put("global_step", 15L);
            root.put("pytorch-lightning_version", "2.6.6");
            root.put("loops", Map.of("fit_loop", Map.of("epoch_progress", Map.of("current", Map.of("processed", 3L)))));
            rename(root, "optimizer", "optimizer_states", List::of);
            rename(root, "scheduler", "lr_schedulers", List::of);
            rename(root, "model", "state_dict", weights -> {
                Map<String, Object> named = new LinkedHashMap<>();
                ((Map<?, ?>) weights).forEach((name, value) -> named.put("model." + name, value));
                return named;
            });
        });
        List<String> printed = resumed(file);
        assertEquals(file + " has model. before the names of its weights, which is ignored", printed.get(3));
        assertEquals("Resumed " + file + ": after 3 epochs, 15 steps", printed.get(4));
    }

    @Test
    void goesOnFromACheckpointOfTorchvisionsReferences() throws IOException {
        Path file = changed(root -> {
            root.put("epoch", 2L); // the third
            rename(root, "scheduler", "lr_scheduler", state -> state);
            root.put("args", Map.of("epochs", 90L, "lr", 0.01));
        });
        assertEquals(
                "Resumed " + file + ": after 3 epochs, 15 steps", resumed(file).get(3));
    }

    private void refusesToResume(Path file, String message) {
        assertFails(2, "anneal train: " + message, command(run, "--resume", file.toString()));
        assertFalse(Files.exists(run));
    }

    @Test
    void printsTheLineForAScheduleThatPyTorchDoesNotSave() throws IOException {
        Path file = changed(root -> root.put(
                "scheduler", Map.of("lr_lambdas", List.of(Map.of()), "base_lrs", List.of(0.01), "last_epoch", 3L)));
        refusesToResume(
                file,
                "--schedule must be given: the run in " + file
                        + " had LambdaLR(lr_lambda=LAMBDA), where LAMBDA is the"
                        + " function, which PyTorch does not save (nor whether this was a MultiplicativeLR). Complete"
                        + " it: --schedule 'LambdaLR(lr_lambda=LAMBDA)', or use another: --schedule EXPR"
                        + " --on-change keep-config");
        resumed(file, "--schedule=LambdaLR(lr_lambda=lambda e: 0.5 ** (e - 2))");
    }

    @Test
    void refusesToGuessASchedule() throws IOException {
        String given = "--schedule and --on-change keep-config must be given, as the run's own schedule is unknown: ";
        Path unknown = changed(root -> root.put("scheduler", Map.of("warmup_epochs", 3L, "last_epoch", 3L)));
        refusesToResume(unknown, given + unknown + ": it has 'warmup_epochs', as none of PyTorch's schedulers has");
        resumed(unknown, "--schedule=StepLR(2, gamma=0.5)", "--on-change=keep-config");
        Path lost = changed(root -> root.remove("scheduler"));
        refusesToResume(
                lost, given + lost + ": it has no scheduler, but its optimizer had one: its groups have an initial_lr");
    }

    @Test
    void keepsTheRateOfAPythonProgramWithoutAScheduler() throws IOException {
        Path file = changed(root -> {
            root.remove("scheduler");
            rename(root, "optimizer", "optimizer", state -> {
                Map<Object, Object> group = new LinkedHashMap<>((Map<?, ?>)
                        ((List<?>) Objects.requireNonNull(((Map<?, ?>) state).get("param_groups"))).get(0));
                group.remove("initial_lr");
                group.put("lr", 0.03);
                return Map.of("state", Map.of(), "param_groups", List.of(group));
            });
        });
        List<String> printed = train("--resume", file.toString(), "--epochs=5");
        assertEquals("SGD(lr=0.03), ConstantLR(factor=1.0, total_iters=0) stepped per epoch", printed.get(2));
        assertTrue(withoutSeconds(run).get(1).startsWith("4,20,0.03,"));
        assertTrue(withoutSeconds(run).get(2).startsWith("5,25,0.03,"));
    }

    /** Has the Python program's optimizer have three groups: the convolutions, all but fc3's bias, and that. */
    private static void divide(Map<Object, Object> root, boolean momentum) {
        List<Map<String, Object>> groups = List.of(
                group(0.01, 0, List.of(0L, 1L, 2L, 3L)),
                group(0.001, 0.5, List.of(4L, 5L, 6L, 7L, 8L)),
                group(0.001, 0, List.of(9L)));
        Map<Object, Object> state = new LinkedHashMap<>();
        if (momentum) {
            ((Map<?, ?>) Objects.requireNonNull(root.get("model")))
                    .values()
                    .forEach(weights -> state.put((long) state.size(), Map.of("momentum_buffer", weights)));
        }
        root.put("optimizer", Map.of("state", state, "param_groups", groups));
        root.put(
                "scheduler",
                Map.of(
                        "step_size",
                        2L,
                        "gamma",
                        0.5,
                        "last_epoch",
                        3L,
                        "base_lrs",
                        List.of(0.01, 0.001, 0.001),
                        "_last_lr",
                        List.of(0.005, 0.0005, 0.0005)));
    }

    private static Map<String, Object> group(double lr, double weightDecay, List<Long> params) {
        Map<String, Object> group = new LinkedHashMap<>(
                Map.of("lr", lr / 2, "initial_lr", lr, "momentum", 0.9, "dampening", 0L, "weight_decay", weightDecay));
        group.putAll(Map.of("nesterov", false, "maximize", false, "params", params));
        return group;
    }

    @Test
    void printsTheGroupsOfAPythonProgramsOptimizer() throws IOException {
        Path file = changed(root -> divide(root, true));
        String needed = "--group must make the 3 groups of the optimizer in " + file
                + ": --group '{fc1.weight,fc1.bias,fc2.weight,fc2.bias,fc3.weight}:lr=0.001, weight_decay=0.5'"
                + " --group 'fc3.bias:lr=0.001'";
        refusesToResume(file, needed);
        assertFails(2, "anneal train: " + needed, command(run, "--resume", file.toString(), "--group=conv*:lr=1"));
        List<String> printed = resumed(
                file,
                "--group={fc1.weight,fc1.bias,fc2.weight,fc2.bias,fc3.weight}:lr=0.001, weight_decay=0.5",
                "--group=fc3.bias:lr=0.001");
        assertEquals("group 2, fc3.bias: SGD(lr=0.001, momentum=0.9) for fc3.bias", printed.get(5));
        assertTrue(withoutSeconds(folder.resolve("resumed")).get(1).startsWith("4,20,0.005,0.0005,0.0005,"));
    }

    @Test
    void printsTheGroupsOfAPythonProgramsOptimizerThatDoesNotTellItsParameters() throws IOException {
        Path file = changed(root -> divide(root, false));
        refusesToResume(
                file,
                "--group must make the 3 groups of the optimizer in " + file
                        + ": --group 'PATTERN:lr=0.001, weight_decay=0.5' (5 of 10 parameters)"
                        + " --group 'PATTERN:lr=0.001' (1 of 10 parameters); PATTERN matches names of parameters, which"
                        + " the file does not tell");
    }

    @Test
    void refusesAGroupThatAPythonProgramsOptimizerHasNot() throws IOException {
        Path file = python();
        assertFails(
                2,
                "anneal train: --group must be left out: the optimizer in " + file + " has one group",
                command(run, "--resume", file.toString(), "--group=fc*:lr=1"));
    }

    /** Of one group or several, as in a perceptron: no {@code --group} mends that. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void saysThatAPythonProgramsCheckpointIsOfAnotherNetwork(int groups) throws IOException {
        Path file = changed(root -> {
            if (groups == 3) {
                divide(root, false);
            }
            Map<Object, Object> weights = new LinkedHashMap<>((Map<?, ?>) Objects.requireNonNull(root.get("model")));
            weights.keySet().removeAll(List.of("conv2.weight", "conv2.bias"));
            root.put("model", weights);
            rename(root, "optimizer", "optimizer", state -> {
                List<Object> fewer = new ArrayList<>();
                for (Object each : (List<?>) Objects.requireNonNull(((Map<?, ?>) state).get("param_groups"))) {
                    Map<Object, Object> group = new LinkedHashMap<>((Map<?, ?>) each);
                    List<Object> params = new ArrayList<>((List<?>) Objects.requireNonNull(group.get("params")));
                    params.removeAll(List.of(2L, 3L));
                    group.put("params", params);
                    fewer.add(group);
                }
                return Map.of("state", Map.of(), "param_groups", fewer);
            });
        });
        Ran ran = Ran.anneal(command(run, "--resume", file.toString()));
        assertEquals(
                "anneal train: " + file
                        + ": a state dict must match the network's names and shapes, but conv2.weight is missing, conv2.bias is missing",
                ran.err().strip());
        assertEquals(1, ran.code());
    }

    @Test
    void refusesAnotherOptimizerThanAPythonProgramsUnlessItIsSaidWhichToKeep() throws IOException {
        Path file = python();
        String[] other = {
            "--resume",
            file.toString(),
            "--epochs=4",
            "--schedule=StepLR(step_size=2, gamma=0.5)",
            "--optimizer=SGD(lr=0.02, momentum=0.9)"
        };
        assertFails(
                2,
                "anneal train: --optimizer must be left out or SGD(lr=0.01), as in the run saved in " + file
                        + ", but was SGD(lr=0.02, momentum=0.9); --on-change keep-config goes on with the given one,"
                        + " take-checkpoint with the saved one",
                command(run, other));
        assertFalse(Files.exists(run));
        for (String who : List.of("keep-config", "take-checkpoint")) {
            Path out = folder.resolve(who);
            lines(words(List.of(command(out, other)), "--on-change=" + who));
            boolean kept = who.equals("keep-config");
            assertTrue(withoutSeconds(out).get(1).startsWith("4,20," + (kept ? "0.01," : "0.005,")));
            try (TorchFile last = TorchFile.open(out.resolve("last.pt"))) {
                String optimizer = String.valueOf(((Map<?, ?>) last.root()).get("optimizer"));
                assertTrue(optimizer.contains("momentum=" + (kept ? "0.9," : "0,")), optimizer);
            }
        }
    }

    @Test
    void refusesAPythonProgramsOtherSchedule() throws IOException {
        Path file = python();
        Ran ran = Ran.anneal(command(run, "--resume", file.toString(), "--schedule=StepLR(3, gamma=0.5)"));
        assertEquals(1, ran.code());
        assertEquals(
                "anneal train: " + file + ": its scheduler is a different one: step_size must be 3, as in this runner's"
                        + " StepLR(step_size=3, gamma=0.5), but was 2 in the state dict; --on-change keep-config goes on"
                        + " with this one, take-checkpoint with StepLR(step_size=2, gamma=0.5)",
                ran.err().strip());
        assertFalse(Files.exists(run));
        Ran kept = Ran.anneal(command(
                run, "--resume", file.toString(), "--schedule=StepLR(3, gamma=0.5)", "--on-change=keep-config"));
        assertEquals(0, kept.code(), kept.err());
        assertTrue(withoutSeconds(run).get(1).startsWith("4,20,0.005,"));
    }

    @Test
    void stopsEarlyAndGoesBackToTheBestWeights() throws IOException {
        // At a rate far too high the losses soon rise.
        List<String> printed = train(
                "--epochs=50", "--patience=2", "--restore-best", "--optimizer=SGD(lr=0.5)", "--schedule=StepLR(100)");
        List<String> rows = withoutSeconds(run);
        int epochs = rows.size() - 1;
        assertTrue(epochs < 50, "it stopped early");
        assertFalse(isStopped(), "it was finished");
        String early = printed.get(printed.size() - 3);
        assertTrue(
                early.matches("Stopped early: no lower validation loss for 2 epochs(; the lowest is .*, of epoch "
                        + (epochs - 2) + ")?"),
                early);
        byte[] best = Files.readAllBytes(run.resolve("model.safetensors"));
        List<String> again = lines(resume());
        assertTrue(again.get(4).startsWith("Nothing to do: no lower validation loss for 2 epochs"), again.get(4));
        assertArrayEquals(best, Files.readAllBytes(run.resolve("model.safetensors")));
        if (epochs > 2) {
            Path shorter = folder.resolve("shorter");
            lines(command(shorter, "--epochs=" + (epochs - 2), "--optimizer=SGD(lr=0.5)", "--schedule=StepLR(100)"));
            assertArrayEquals(best, Files.readAllBytes(shorter.resolve("model.safetensors")));
        }
        lines(resume("--patience=100", "--epochs=" + (epochs + 1)));
        assertEquals(epochs + 2, withoutSeconds(run).size());
    }

    @Test
    void stopsAfterAnEpochAndGoesOnToTheSameBits() throws IOException {
        String[] how = {"--epochs=4", "--seed=3", "--ema=0.9", "--optimizer=AdamW(lr=0.003)"};
        List<String> printed = train(words(List.of(how), "--stop-after=1"));
        assertEquals("Stopped after epoch 1 of 4; --resume goes on", printed.get(printed.size() - 1));
        assertEquals(
                "AdamW(lr=0.003), CosineAnnealingLR(T_max=4) stepped per epoch", printed.get(2), "that of all epochs");
        assertEquals(2, withoutSeconds(run).size());
        assertTrue(isStopped());
        assertEquals(
                "Nothing to do: epoch 1 of 4 is done, and --stop-after is 1",
                lines(resume("--stop-after=1")).get(4));
        printed = lines(resume("--stop-after=3"));
        assertEquals("Stopped after epoch 3 of 4; --resume goes on", printed.get(printed.size() - 1));
        assertEquals(4, withoutSeconds(run).size());
        printed = lines(resume());
        assertEquals("Finished Training", printed.get(printed.size() - 1));
        assertFalse(isStopped());
        Path whole = folder.resolve("whole");
        lines(words(List.of(command(whole)), how));
        assertSameRun(whole, run);
        assertEquals(settings(whole), settings(run), "it is no setting of the run");
        assertArrayEquals(
                Files.readAllBytes(whole.resolve("ema.safetensors")),
                Files.readAllBytes(run.resolve("ema.safetensors")));
    }

    private boolean isStopped() throws IOException {
        return RunRecord.read(run).summary().orElseThrow().stopped();
    }

    /** {@return the settings in run.json, before what is known of the run} */
    private static String settings(Path run) throws IOException {
        String json = Files.readString(run.resolve("run.json"));
        return json.substring(0, json.indexOf("\"ended\""));
    }

    @Test
    void refusesToStopAfterTheLastEpochOrBeforeTheFirst() throws IOException {
        assertFails(
                2,
                "anneal train: --stop-after must be at most 3, the number of epochs, but was 4",
                command(run, "--epochs=3", "--stop-after=4"));
        assertFails(
                2,
                "anneal train: --stop-after must be at least 1, but was 0",
                command(run, "--epochs=3", "--stop-after=0"));
        train("--epochs=3", "--stop-after=1");
        refuses("--stop-after must be at most 3, the number of epochs, but was 4", "--stop-after=4");
    }

    private static List<String> names(Path folder) throws IOException {
        List<String> names = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            files.map(file -> file.getFileName().toString()).sorted().forEach(names::add);
        }
        return names;
    }
}
