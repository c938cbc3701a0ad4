package org.anneal.train;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.anneal.optim.Adam;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.plot.Panel;
import org.anneal.plot.Series;
import org.anneal.runs.OnNan;
import org.anneal.runs.RunConfig;
import org.anneal.runs.RunFolder;
import org.anneal.runs.RunListener;
import org.anneal.runs.SmallDisk;
import org.anneal.schedule.StepLR;
import org.anneal.schedule.StepPer;
import org.anneal.torch.Torch;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

class TrainingFolderTest {

    @TempDir
    Path temporary;

    private final LinearNet network = new LinearNet(8, 2);

    @BeforeAll
    static void oneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    private static Map<String, Double> validation(double loss, double accuracy) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put("val_loss", loss);
        metrics.put("val_accuracy", accuracy);
        return metrics;
    }

    private static RunListener.Epoch epoch(int epoch, Double... lr) {
        return new RunListener.Epoch(
                epoch, epoch * 100L, List.of(lr), 1.0 / 3, validation(0.1 + 0.2, 1e-300), 1e22 / 7);
    }

    private static RunListener.Batch batch(int epoch, int batch, Double... lr) {
        return new RunListener.Batch(epoch, batch, 4, 4L * epoch + batch, List.of(lr), 0.5);
    }

    @Test
    void writesARowPerEpochThatReadsBackExactly() throws IOException {
        Path folder = temporary.resolve("a/b");
        try (TrainingFolder run = new TrainingFolder(folder, network, "StepLR(1)", 1)) {
            assertEquals("epoch,step\n", Files.readString(folder.resolve("metrics.csv")));
            run.batch(batch(1, 1, 0.1));
            run.epoch(epoch(1, 0.1));
            List<String> rows = Files.readAllLines(folder.resolve("metrics.csv"));
            assertEquals(2, rows.size(), "a row is there as soon as its epoch ends");
            String[] cells = rows.get(1).split(",", -1);
            assertEquals("1", cells[0]);
            assertEquals("100", cells[1]);
            assertArrayEquals(
                    new double[] {0.1, 1.0 / 3, 0.1 + 0.2, 1e-300, 1e22 / 7},
                    Arrays.stream(cells)
                            .skip(2)
                            .mapToDouble(Double::parseDouble)
                            .toArray());
            run.epoch(epoch(2, 1e-5 / 3));
            assertEquals(3, Files.readAllLines(folder.resolve("metrics.csv")).size());
            assertEquals(
                    1e-5 / 3,
                    Double.parseDouble(Files.readAllLines(folder.resolve("metrics.csv"))
                            .get(2)
                            .split(",", -1)[2]));
        }
        assertTrue(Files.readString(folder.resolve("metrics.csv")).endsWith("\n"));
    }

    @Test
    void hasAColumnForEachGroupsRate() throws IOException {
        try (TrainingFolder run = new TrainingFolder(temporary, network, "StepLR(1)", 3)) {
            run.batch(batch(1, 1, 0.5, 0.25, 0.0));
            run.epoch(epoch(1, 0.5, 0.25, 0.0));
            List<String> rows = Files.readAllLines(temporary.resolve("metrics.csv"));
            assertEquals("epoch,step,lr0,lr1,lr2,train_loss,val_loss,val_accuracy,seconds", rows.get(0));
            assertTrue(rows.get(1).startsWith("1,100,0.5,0.25,0.0,0.33"), rows.get(1));
        }
    }

    @Test
    void keepsLossesThatAreNotFinite() throws IOException {
        try (TrainingFolder run = new TrainingFolder(temporary, network, "StepLR(1)", 1)) {
            run.batch(batch(1, 1, 0.5));
            run.epoch(new RunListener.Epoch(
                    1, 4, List.of(0.5), Double.NaN, validation(Double.POSITIVE_INFINITY, 0.5), 0.25));
        }
        assertEquals(
                "1,4,0.5,nan,inf,0.5,0.25",
                Files.readAllLines(temporary.resolve("metrics.csv")).get(1));
        assertNotNull(ImageIO.read(temporary.resolve("curve.png").toFile()));
    }

    @Test
    void drawsTheCurveWhenItIsClosed() throws IOException {
        TrainingFolder run = new TrainingFolder(temporary, network, "StepLR(1)", 2);
        for (int epoch = 1; epoch <= 2; epoch++) {
            for (int batch = 1; batch <= 4; batch++) {
                run.batch(batch(epoch, batch, 0.1 / epoch, 0.01));
            }
            run.epoch(epoch(epoch, 0.1 / epoch, 0.01));
        }
        // Of an epoch that is not finished.
        run.batch(batch(3, 1, 0.1 / 3, 0.01));
        assertFalse(Files.exists(temporary.resolve("curve.png")));
        run.close();
        BufferedImage curve = ImageIO.read(temporary.resolve("curve.png").toFile());
        assertTrue(curve.getWidth() > 300 && curve.getHeight() > 300);
        assertEquals(temporary + ": metrics.csv, curve.png, model.safetensors (epoch 2)", run.summary());
        assertEquals(List.of("curve.png", "metrics.csv", "model.safetensors", "progress.csv"), names(temporary));
    }

    @Test
    void theCurveNamesTheGroups() throws IOException {
        try (Optimizer<Tensor> optimizer = twoGroups();
                TrainingFolder run = new TrainingFolder(temporary, network, "title", 2)) {
            run.batch(batch(1, 1, 0.1, 0.01));
            run.epoch(epoch(1, 0.1, 0.01));
            assertEquals(List.of("lr0", "lr1"), groupsOf(run), "until it knows them");
            describe(run, optimizer, 1);
            assertEquals(List.of("rest", "fc.bias"), groupsOf(run));
        }
    }

    private static List<String> groupsOf(TrainingFolder run) {
        return panel(run, "learning rate").series().stream().map(Series::label).toList();
    }

    private static Panel panel(TrainingFolder run, String label) {
        return run.curve().panels().stream()
                .filter(panel -> panel.yLabel().equals(label))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void replacesTheWeightsAfterEachEpoch() throws IOException {
        try (TrainingFolder run = new TrainingFolder(temporary, network, "StepLR(1)", 1)) {
            run.batch(batch(1, 1, 0.1));
            for (int epoch = 1; epoch <= 2; epoch++) {
                setWeights(epoch + 0.5f);
                run.epoch(epoch(epoch, 0.1));
                assertWeights(epoch + 0.5f, temporary);
                assertEquals(List.of("metrics.csv", "model.safetensors", "progress.csv", "run.lock"), names(temporary));
            }
        }
    }

    @Test
    void refusesAFolderWithARunAndLeavesItAsItIs() throws IOException {
        Files.writeString(temporary.resolve("metrics.csv"), "precious");
        assertTrue(RunFolder.isRun(temporary));
        assertFalse(RunFolder.isRun(temporary.resolve("other")));
        assertRefused("folder " + temporary + " must not hold a run, but has a metrics.csv", temporary);
        assertEquals("precious", Files.readString(temporary.resolve("metrics.csv")));
        assertEquals(List.of("metrics.csv"), names(temporary));
    }

    @Test
    void refusesAFileInItsPlaceAndAPathUnderAFile() throws IOException {
        Path file = Files.writeString(temporary.resolve("file"), "precious");
        assertRefused(file + " must be a folder, but was a file", file);
        Path link = Files.createSymbolicLink(temporary.resolve("link"), Path.of("nowhere"));
        assertRefused(link + " must be a folder, but was a broken link", link);
        Files.delete(link);
        Path under = file.resolve("run");
        assertRefused("cannot write into folder " + under + ": Not a directory", under);
        assertRefused("cannot write into folder " + under.resolve("deep") + ": Not a directory", under.resolve("deep"));
        assertEquals("precious", Files.readString(file));
        assertEquals(List.of("file"), names(temporary));
    }

    @Test
    void followsALinkToAFolder() throws IOException {
        Path real = Files.createDirectory(temporary.resolve("real"));
        Path link = Files.createSymbolicLink(temporary.resolve("link"), real);
        try (TrainingFolder run = new TrainingFolder(link, network, "StepLR(1)", 1)) {
            assertEquals(List.of("metrics.csv", "run.lock"), names(real));
        }
        assertEquals(List.of("link", "real"), names(temporary));
    }

    @Test
    void onlyOneRunWritesToAFolder() throws IOException, InterruptedException {
        Path link = Files.createSymbolicLink(temporary.resolve("link"), temporary.resolve("run"));
        Path folder = temporary.resolve("run");
        String taken = ": wait until it ends, stop it, or choose another folder";
        try (TrainingFolder run = new TrainingFolder(folder, network, "StepLR(1)", 1)) {
            run.batch(batch(1, 1, 0.1));
            run.epoch(epoch(1, 0.1));
            for (Path same : List.of(folder, link, temporary.resolve("link/../run"))) {
                assertRefused("another run is writing to " + same + taken, same);
                assertEquals(
                        "another run is writing to " + same + taken,
                        assertThrows(IOException.class, () -> RunFolder.checkNotWritten(same))
                                .getMessage());
            }
            // Not even when its table is not there yet, or not any more.
            Files.delete(folder.resolve("metrics.csv"));
            List<String> refusals = new ArrayList<>();
            Thread other = new Thread(() -> refusals.add(
                    assertThrows(IOException.class, () -> new TrainingFolder(folder, network, "StepLR(1)", 1))
                            .getMessage()));
            other.start();
            other.join();
            assertEquals(List.of("another run is writing to " + folder + taken), refusals);
            Files.createFile(folder.resolve("metrics.csv"));
        }
        RunFolder.checkNotWritten(folder);
        assertEquals(List.of("curve.png", "metrics.csv", "model.safetensors", "progress.csv"), names(folder));
    }

    @Test
    void aLockThatAKilledProcessLeftKeepsNobodyOut() throws IOException {
        Files.createFile(temporary.resolve("run.lock"));
        RunFolder.checkNotWritten(temporary);
        Files.createFile(temporary.resolve("run.lock"));
        new TrainingFolder(temporary, network, "StepLR(1)", 1).close();
        assertEquals(List.of(), names(temporary));
    }

    @Test
    void aFolderThatIsRemovedEndsTheRun() throws IOException {
        Path folder = temporary.resolve("run");
        TrainingFolder run = running(folder);
        remove(folder);
        assertGone(run, "the run's folder " + folder + " was removed while the run went on");
        assertEquals(List.of(), names(temporary), "and it does not come back");
    }

    @Test
    void aFolderThatIsMovedAwayEndsTheRunAndKeepsWhatIsInIt() throws IOException {
        Path folder = temporary.resolve("run");
        TrainingFolder run = running(folder);
        Files.move(folder, temporary.resolve("moved"));
        assertGone(run, "the run's folder " + folder + " was removed while the run went on");
        assertEquals(List.of("moved"), names(temporary));
        assertEquals(
                2, Files.readAllLines(temporary.resolve("moved/metrics.csv")).size());
    }

    @Test
    void aFolderThatIsReplacedEndsTheRunAndIsLeftAsItIs() throws IOException {
        Path folder = temporary.resolve("run");
        TrainingFolder run = running(folder);
        remove(folder);
        Files.createDirectory(folder);
        String replaced =
                "the run's folder " + folder + " was replaced, or its run.lock removed, while the run went on";
        assertThrows(IOException.class, () -> run.epoch(epoch(2, 0.1)));
        try (TrainingFolder other = new TrainingFolder(folder, network, "StepLR(1)", 1)) {
            other.batch(batch(1, 1, 0.1));
            other.epoch(epoch(1, 0.1));
            assertGone(run, replaced);
            assertEquals(List.of("metrics.csv", "model.safetensors", "progress.csv", "run.lock"), names(folder));
            other.epoch(epoch(2, 0.1));
            assertEquals(3, Files.readAllLines(folder.resolve("metrics.csv")).size());
        }
    }

    @Test
    void aTableThatIsRemovedIsMissed() throws IOException {
        TrainingFolder run = running(temporary.resolve("run"));
        Path table = temporary.resolve("run/metrics.csv");
        Files.delete(table);
        assertEquals(
                "cannot write " + table + ": there is no such file or folder",
                assertThrows(IOException.class, () -> run.epoch(epoch(2, 0.1))).getMessage());
        run.close();
    }

    private TrainingFolder running(Path folder) throws IOException {
        TrainingFolder run = new TrainingFolder(folder, network, "StepLR(1)", 1);
        run.batch(batch(1, 1, 0.1));
        run.epoch(epoch(1, 0.1));
        return run;
    }

    /** Checks that whatever a run writes says so. */
    private static void assertGone(TrainingFolder run, String what) {
        String message = what + ": nothing more can be written to it";
        for (Executable write : List.<Executable>of(
                () -> run.epoch(epoch(2, 0.1)), () -> run.checkpoint(Progress.after(2, 8)), run::close)) {
            assertEquals(message, assertThrows(IOException.class, write).getMessage());
        }
    }

    private static void remove(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }

    private void assertRefused(String message, Path folder) {
        assertEquals(
                message,
                assertThrows(IOException.class, () -> new TrainingFolder(folder, network, "StepLR(1)", 1))
                        .getMessage());
    }

    @Test
    void leavesNothingWhenNoEpochWasFinished() throws IOException {
        Path folder = temporary.resolve("runs/today");
        TrainingFolder run = new TrainingFolder(folder, network, "StepLR(1)", 1);
        run.batch(batch(1, 1, 0.1));
        run.close();
        assertEquals("no epoch was finished, nothing was written", run.summary());
        assertEquals(List.of(), names(temporary));
    }

    private static RunConfig config(int epochs) {
        return new RunConfig(
                "LinearNet",
                "\"samples\"",
                100,
                16,
                "Adam(lr=0.1)",
                List.of("fc.bias:lr=0.01"),
                "StepLR(step_size=1)",
                "StepLR(step_size=1)",
                StepPer.BATCH,
                epochs,
                8,
                OptionalInt.empty(),
                0,
                1,
                OptionalInt.of(3),
                2,
                OptionalInt.empty(),
                false,
                OnNan.STOP);
    }

    private static TrainingFolder describe(TrainingFolder run, Optimizer<Tensor> optimizer, int epochs)
            throws IOException {
        return run.checkpoints(optimizer, new LRScheduler(optimizer, new StepLR(1)), config(epochs), 1);
    }

    private Optimizer<Tensor> twoGroups() {
        Adam rule = new Adam(0.1);
        return Torch.optimizer(List.of(
                new ParamGroup<>("rest", rule, List.of(network.fc.weight())),
                new ParamGroup<>("fc.bias", rule.withLr(0.01), List.of(network.fc.bias()))));
    }

    @Test
    void saysWhatTheRunWasStartedWithFromTheStartOn() throws IOException {
        try (Optimizer<Tensor> optimizer = twoGroups();
                TrainingFolder run = new TrainingFolder(temporary, network, "title", 2)) {
            describe(run, optimizer, 5);
            assertEquals(List.of("metrics.csv", "run.json", "run.lock"), names(temporary));
            JsonNode json = new ObjectMapper().readTree(Files.readString(temporary.resolve("run.json")));
            assertEquals("\"samples\"", json.at("/config/data").stringValue());
            assertEquals("Adam(lr=0.1)", json.at("/config/optimizer").stringValue());
            assertEquals("[\"fc.bias:lr=0.01\"]", json.at("/config/groups").toString());
            assertEquals("StepLR(step_size=1)", json.at("/config/schedule").stringValue());
            assertEquals("batch", json.at("/config/step_per").stringValue());
            assertEquals(5, json.at("/config/epochs").intValue());
            assertEquals(3, json.at("/config/save_every").intValue());
            assertTrue(json.at("/config/limit").isNull());
            assertEquals(13, json.at("/steps_per_epoch").intValue(), "100 samples in batches of 8");
            assertEquals(2, json.at("/param_groups").size());
            assertEquals("rest", json.at("/param_groups/0/name").stringValue());
            assertEquals(0.1, json.at("/param_groups/0/initial_lr").doubleValue());
            assertEquals("[0.9,0.999]", json.at("/param_groups/0/betas").toString());
            assertEquals("fc.bias", json.at("/param_groups/1/name").stringValue());
            assertEquals(0.01, json.at("/param_groups/1/initial_lr").doubleValue());
        }
    }

    @Test
    void whatTheRunWasStartedWithGoesWithARunThatLeavesNothing() throws IOException {
        try (Optimizer<Tensor> optimizer = twoGroups();
                TrainingFolder run = new TrainingFolder(temporary.resolve("runs/today"), network, "title", 2)) {
            describe(run, optimizer, 5);
            run.batch(batch(1, 1, 0.1, 0.01));
        }
        assertEquals(List.of(), names(temporary));
    }

    @Test
    void aFullDiskLeavesNoHalfOfWhatTheRunWasStartedWith() throws IOException, InterruptedException {
        Path disk = temporary.resolve("disk");
        try (SmallDisk small = new SmallDisk(disk, 40);
                Optimizer<Tensor> optimizer = twoGroups();
                TrainingFolder run = new TrainingFolder(disk.resolve("run"), network, "title", 2)) {
            describe(run, optimizer, 5);
            Path file = disk.resolve("run/run.json");
            String whole = Files.readString(file);
            small.fill(0);
            assertFull("cannot write " + file, () -> describe(run, optimizer, 6));
            assertEquals(whole, Files.readString(file));
            assertEquals(List.of("metrics.csv", "run.json", "run.lock"), names(disk.resolve("run")));
        }
    }

    @Test
    void leavesAFolderThatWasThereBefore() throws IOException {
        Files.writeString(temporary.resolve("notes.txt"), "mine");
        new TrainingFolder(temporary, network, "StepLR(1)", 1).close();
        assertEquals(List.of("notes.txt"), names(temporary));
    }

    @Test
    void aFullDiskLeavesTheLastWeightsWhole() throws IOException, InterruptedException {
        LinearNet large = new LinearNet(1024, 10); // 41 KB: 11 pages
        Path disk = temporary.resolve("disk");
        try (SmallDisk small = new SmallDisk(disk, 40)) {
            Path folder = disk.resolve("run");
            TrainingFolder run = new TrainingFolder(folder, large, "StepLR(1)", 1);
            run.batch(batch(1, 1, 0.1));
            run.epoch(epoch(1, 0.1));
            byte[] weights = Files.readAllBytes(folder.resolve("model.safetensors"));
            small.fill(5);
            assertFull("cannot write " + folder.resolve("model.safetensors"), () -> run.epoch(epoch(2, 0.1)));
            assertArrayEquals(weights, Files.readAllBytes(folder.resolve("model.safetensors")));
            assertEquals(2, Files.readAllLines(folder.resolve("metrics.csv")).size());
            assertEquals(List.of("metrics.csv", "model.safetensors", "progress.csv", "run.lock"), names(folder));
            small.fill(0);
            assertFull("cannot write " + folder.resolve("curve.png"), run::close);
            assertEquals(List.of("metrics.csv", "model.safetensors", "progress.csv"), names(folder));
        }
    }

    @Test
    void aFullDiskLeavesNoHalfRow() throws IOException, InterruptedException {
        // A row of so many rates takes several pages.
        int groups = 1000;
        Double[] lr = Collections.nCopies(groups, 1.0 / 3).toArray(Double[]::new);
        Path disk = temporary.resolve("disk");
        try (SmallDisk small = new SmallDisk(disk, 400)) {
            Path folder = disk.resolve("run");
            TrainingFolder run = new TrainingFolder(folder, network, "StepLR(1)", groups);
            run.batch(batch(1, 1, lr));
            run.epoch(epoch(1, lr));
            String whole = Files.readString(folder.resolve("metrics.csv"));
            small.fill(2);
            assertFull("cannot write " + folder.resolve("metrics.csv"), () -> run.epoch(epoch(2, lr)));
            assertEquals(whole, Files.readString(folder.resolve("metrics.csv")));
            assertTrue(whole.endsWith("\n"));
            Files.delete(disk.resolve("filler"));
            run.epoch(epoch(2, lr));
            assertEquals(3, Files.readAllLines(folder.resolve("metrics.csv")).size(), "and can go on");
            run.close();
        }
    }

    @Test
    void aDiskThatIsFullFromTheStartIsLeftAsItWas() throws IOException, InterruptedException {
        Double[] lr = Collections.nCopies(1000, 1.0 / 3).toArray(Double[]::new);
        Path disk = temporary.resolve("disk");
        try (SmallDisk small = new SmallDisk(disk, 40)) {
            Path folder = disk.resolve("run");
            small.fill(0);
            assertFull(
                    "cannot write " + folder.resolve("metrics.csv"),
                    () -> new TrainingFolder(folder, network, "StepLR(1)", 1));
            assertEquals(List.of("filler"), names(disk), "or the next try would be refused");

            small.fill(4);
            TrainingFolder run = new TrainingFolder(folder, network, "StepLR(1)", lr.length);
            run.batch(batch(1, 1, lr));
            assertFull("cannot write " + folder.resolve("metrics.csv"), () -> run.epoch(epoch(1, lr)));
            run.close();
            assertEquals(List.of("filler"), names(disk));
        }
    }

    private static void assertFull(String start, Executable write) {
        assertEquals(
                start + ": No space left on device",
                assertThrows(IOException.class, write).getMessage());
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private void setWeights(float value) {
        try (AutoGradMode noGrad = new AutoGradMode(false)) {
            network.fc.weight().fill_(new Scalar(value));
            network.fc.bias().fill_(new Scalar(-value));
        }
    }

    /** Reads the file as the format's description says. */
    private static void assertWeights(float value, Path folder) throws IOException {
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(folder.resolve("model.safetensors")))
                .order(ByteOrder.LITTLE_ENDIAN);
        byte[] header = new byte[(int) file.getLong()];
        file.get(header);
        JsonNode tensors = new ObjectMapper().readTree(new String(header, UTF_8));
        assertEquals("F32", tensors.at("/fc.weight/dtype").asString());
        assertEquals("[2,8]", tensors.at("/fc.weight/shape").toString());
        assertEquals("[0,64]", tensors.at("/fc.weight/data_offsets").toString());
        assertEquals("[64,72]", tensors.at("/fc.bias/data_offsets").toString());
        assertEquals(72, file.remaining());
        IntStream.range(0, 18).forEach(i -> assertEquals(i < 16 ? value : -value, file.getFloat()));
    }
}
