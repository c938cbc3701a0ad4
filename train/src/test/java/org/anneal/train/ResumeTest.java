package org.anneal.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.Stream;
import org.anneal.checkpoint.TensorData;
import org.anneal.checkpoint.TorchFile;
import org.anneal.optim.Averaging;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.LRScheduler.OnChange;
import org.anneal.optim.Optimizer;
import org.anneal.optim.UpdateRule;
import org.anneal.runs.OnNan;
import org.anneal.runs.RunConfig;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.StepPer;
import org.anneal.torch.Torch;
import org.anneal.torch.Weights;
import org.anneal.train.data.DataSets;
import org.anneal.train.data.Samples;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A run that is taken up from a checkpoint goes on to the same bits as one that was never interrupted. */
class ResumeTest {
    private static final Samples DATA = Samples.of(60);
    private static final DataSets SETS = new DataSets(DATA, Samples.of(50).labelled(i -> i % 3 == 0 ? 1 : 0));
    private static final int BATCH = 8; // 8 batches an epoch, the last of 4 samples
    private static final int EPOCHS = 4;

    @TempDir
    Path folder;

    @BeforeAll
    static void oneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    /** What a run is started with. */
    private record Setting(String rule, String policy, StepPer per, List<Extra> extras) {
        Setting(String rule, String policy, StepPer per, Extra... extras) {
            this(rule, policy, per, List.of(extras));
        }

        Run run() {
            return new Run(this);
        }
    }

    /** What a run has beside the plain loop. */
    private enum Extra {
        ACCUMULATE,
        CLIP_NORM,
        CLIP_VALUE,
        EMA,
        RAMPED_EMA,
        SWA,
        VAL_ACCURACY,
        EMA_VAL_LOSS;

        void set(Run run) {
            switch (this) {
                case ACCUMULATE ->
                    run.trainer.accumulate(3); // the last step of an epoch is of 2 batches, the last of 4 samples
                case CLIP_NORM -> run.trainer.clipGradNorm(0.2);
                case CLIP_VALUE -> run.trainer.clipGradValue(0.02);
                case EMA -> run.average(WeightAverage.ema(run.network, new DropoutNet(), 0.9));
                case RAMPED_EMA ->
                    run.average(WeightAverage.ema(
                            run.network,
                            new DropoutNet(),
                            Averaging.ema(0.9, Schedule.parse("LinearLR(start_factor=0.1, total_iters=12)"))));
                case SWA -> run.average(WeightAverage.swa(run.network, new DropoutNet(), 2));
                case VAL_ACCURACY -> run.trainer.monitor("val_accuracy").restoreBest();
                case EMA_VAL_LOSS -> run.trainer.monitor("ema_val_loss").restoreBest();
            }
        }
    }

    private static final Setting EVERYTHING = new Setting(
            "AdamW(lr=0.02)",
            "ChainedScheduler([CosineAnnealingLR(T_max=14), ReduceLROnPlateau('max', patience=0, factor=0.5)])",
            StepPer.BATCH,
            Extra.ACCUMULATE,
            Extra.CLIP_NORM,
            Extra.CLIP_VALUE,
            Extra.EMA,
            Extra.SWA,
            Extra.VAL_ACCURACY);

    private static final Setting PLAIN = new Setting("SGD(lr=0.1, momentum=0.9)", "StepLR(2)", StepPer.EPOCH);

    static Stream<Arguments> cases() {
        List<Setting> settings = new ArrayList<>();
        for (String rule : List.of("SGD(lr=0.1, momentum=0.9)", "Adam(lr=0.01)")) {
            settings.add(new Setting(rule, "StepLR(step_size=2, gamma=0.5)", StepPer.EPOCH));
            settings.add(new Setting(rule, "OneCycleLR(max_lr=0.1, total_steps=32)", StepPer.BATCH));
            settings.add(new Setting(rule, "ReduceLROnPlateau(patience=0, threshold=0.1, factor=0.5)", StepPer.EPOCH));
            settings.add(new Setting(
                    rule,
                    "SequentialLR([LinearLR(start_factor=0.1, total_iters=6), CosineAnnealingLR(T_max=26)], [6])",
                    StepPer.BATCH));
            settings.add(new Setting(
                    rule, "ChainedScheduler([ExponentialLR(0.9), ReduceLROnPlateau(patience=0)])", StepPer.BATCH));
        }
        settings.add(new Setting("AdamWScheduleFree(lr=0.01)", "ConstantLR(factor=0.5, total_iters=2)", StepPer.EPOCH));
        settings.add(new Setting("SGDScheduleFree(lr=0.5, warmup_steps=5)", "StepLR(7)", StepPer.BATCH));
        settings.add(new Setting("Prodigy(lr=1.0)", "CosineAnnealingLR(T_max=32)", StepPer.BATCH));
        settings.add(new Setting("DAdaptAdam(lr=1.0)", "StepLR(7)", StepPer.BATCH));
        for (Extra extra :
                List.of(Extra.ACCUMULATE, Extra.CLIP_NORM, Extra.CLIP_VALUE, Extra.EMA, Extra.RAMPED_EMA, Extra.SWA)) {
            settings.add(new Setting(PLAIN.rule, PLAIN.policy, PLAIN.per, extra));
        }
        settings.add(new Setting(
                PLAIN.rule, "ReduceLROnPlateau('max', patience=0, factor=0.5)", PLAIN.per, Extra.VAL_ACCURACY));
        settings.add(new Setting(
                PLAIN.rule,
                "ReduceLROnPlateau(patience=0, threshold=0.1, factor=0.5)",
                PLAIN.per,
                Extra.EMA,
                Extra.EMA_VAL_LOSS));
        settings.add(new Setting(
                "AdamWScheduleFree(lr=0.01)", "StepLR(7)", StepPer.BATCH, Extra.ACCUMULATE, Extra.EMA, Extra.SWA));
        settings.add(EVERYTHING);
        // Before the first batch, in the middle, after an epoch's last batch but before its end, at its end.
        List<String> positions = List.of("0 0", "0 3", "1 0", "1 6", "2 8", "3 0");
        return settings.stream()
                .flatMap(setting -> (setting.extras.size() == 1 ? List.of("0 3", "2 8", "3 0") : positions)
                        .stream().map(position -> Arguments.of(setting, position)));
    }

    /** A network, what trains it, and what it left. */
    private static final class Run implements AutoCloseable {
        final Setting setting;
        final DropoutNet network;
        final Optimizer<Tensor> optimizer;
        final LRScheduler scheduler;
        final Trainer trainer;
        final List<WeightAverage> averages = new ArrayList<>();
        final List<Progress> progress = new ArrayList<>();

        Run(Setting setting) {
            this.setting = setting;
            torch.manual_seed(5);
            network = new DropoutNet();
            optimizer = Torch.optimizer(UpdateRule.parse(setting.rule), Torch.parameters(network.module()));
            scheduler = new LRScheduler(optimizer, Policy.parse(setting.policy));
            trainer = new Trainer(network, optimizer, scheduler)
                    .epochs(EPOCHS)
                    .batchSize(BATCH)
                    .seed(3)
                    .stepPer(setting.per)
                    .listener(new TrainListener() {
                        @Override
                        public void checkpoint(Progress now) {
                            progress.add(now);
                        }
                    });
            setting.extras.forEach(extra -> extra.set(this));
        }

        void average(WeightAverage average) {
            averages.add(average);
            trainer.average(average);
        }

        RunConfig config() {
            return new RunConfig(
                    "DropoutNet",
                    "samples",
                    60,
                    50,
                    setting.rule,
                    List.of(),
                    setting.policy,
                    setting.policy,
                    setting.per,
                    EPOCHS,
                    BATCH,
                    OptionalInt.empty(),
                    3,
                    1,
                    OptionalInt.empty(),
                    1,
                    OptionalInt.empty(),
                    false,
                    OnNan.STOP);
        }

        void start(Path folder) throws IOException {
            try (TrainingFolder results = new TrainingFolder(folder, network, setting.policy, 1)) {
                averages.forEach(results::average);
                trainer.listener(results.checkpoints(optimizer, scheduler, config(), 1))
                        .fit(SETS);
            }
        }

        /** Trains, and leaves a file for every checkpoint. */
        Run fit(Path folder) throws IOException {
            try (TrainingFolder results = new TrainingFolder(folder, network, setting.policy, 1)) {
                averages.forEach(results::average);
                trainer.listener(results.checkpoints(optimizer, scheduler, config(), 1))
                        .listener(new TrainListener() {
                            @Override
                            public void checkpoint(Progress now) throws IOException {
                                Files.copy(folder.resolve("last.pt"), at(folder, now.epoch() + " " + now.batch()));
                            }
                        })
                        .fit(SETS);
            }
            return this;
        }

        Run resume(Path file, Path folder) throws IOException {
            try (Checkpoint checkpoint = Checkpoint.open(file)) {
                Progress start = checkpoint.progress(8);
                assertEquals(List.of(), checkpoint.restore(network, optimizer, scheduler, OnChange.REFUSE, 0));
                for (WeightAverage average : averages) {
                    checkpoint.restore(average.name(), average.model());
                }
                trainer.resume(start);
                try (TrainingFolder results =
                        new TrainingFolder(folder, network, setting.policy, 1, checkpoint, start)) {
                    checkpoint.close();
                    averages.forEach(results::average);
                    trainer.listener(results.checkpoints(optimizer, scheduler, config(), 1))
                            .fit(SETS);
                }
            }
            return this;
        }

        @Override
        public void close() {
            optimizer.close();
        }
    }

    private static Path at(Path folder, String position) {
        return folder.resolve("at " + position + ".pt");
    }

    @ParameterizedTest
    @MethodSource("cases")
    void aResumedRunIsTheUninterruptedOneToTheBit(Setting setting, String position) throws IOException {
        Path whole = folder.resolve("whole");
        Path resumed = folder.resolve("resumed");
        try (Run first = setting.run();
                Run second = setting.run()) {
            first.trainer.saveEvery(1);
            first.fit(whole);
            torch.manual_seed(99); // what comes before in the process must not matter
            second.resume(at(whole, position), resumed);
            assertSame(first, second);
        }
        assertSameFiles(whole, resumed);
        assertSameAverages(setting, whole, resumed);
    }

    private static void assertSameAverages(Setting setting, Path first, Path second) throws IOException {
        for (Extra extra : setting.extras) {
            if (extra == Extra.SWA || extra == Extra.EMA) {
                String file = extra.name().toLowerCase(Locale.ROOT) + ".safetensors";
                assertArrayEquals(
                        Files.readAllBytes(first.resolve(file)), Files.readAllBytes(second.resolve(file)), file);
            }
        }
    }

    /** A process that trains with everything; after each step it says so, and waits for a line. */
    static final class Training {
        private Training() {}

        public static void main(String[] folder) throws IOException {
            oneThread();
            Path last = TrainingFolder.lastCheckpoint(Path.of(folder[0]));
            try (Run run = EVERYTHING.run()) {
                run.trainer.saveEvery(1).listener(new TrainListener() {
                    @Override
                    public void batch(Batch batch) {
                        System.out.println(batch.step());
                        try {
                            System.in.read();
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    }
                });
                if (Files.exists(last)) {
                    run.resume(last, Path.of(folder[0]));
                } else {
                    run.start(Path.of(folder[0]));
                }
            }
        }
    }

    @Test
    void aProcessThatIsKilledAtRandomMomentsGoesOnToTheBit() throws IOException, InterruptedException {
        Path whole = folder.resolve("whole");
        Path killed = folder.resolve("killed");
        try (Run run = EVERYTHING.run()) {
            run.start(whole);
        }
        Random random = new Random(13);
        int steps = 0;
        for (int kill = 0; kill < 3; kill++) {
            int more = 1 + random.nextInt(2);
            try (Child child = new Child(killed)) {
                for (int i = 0; i < more; i++) {
                    int step = Integer.parseInt(child.line().orElseThrow());
                    assertTrue(step == steps || step == steps + 1, "at most the step that was not saved is lost");
                    steps = step;
                }
                Thread.sleep(random.nextInt(15)); // it saves, validates, or makes the next step
            }
        }
        try (Child child = new Child(killed)) {
            for (Optional<String> line = child.line(); line.isPresent(); line = child.line()) {
                steps = Integer.parseInt(line.get());
            }
            assertEquals(0, child.exit());
        }
        assertEquals(EPOCHS * 3, steps);
        assertSameFiles(whole, killed);
        assertSameAverages(EVERYTHING, whole, killed);
    }

    /** A {@link Training}, which is killed when this is closed. */
    private static final class Child implements AutoCloseable {
        private final Process process;
        private final BufferedReader out;

        Child(Path folder) throws IOException {
            process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Djava.awt.headless=true",
                            "--enable-native-access=ALL-UNNAMED",
                            "-cp",
                            System.getProperty("java.class.path"),
                            Training.class.getName(),
                            folder.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            out = process.inputReader(StandardCharsets.UTF_8);
        }

        /** {@return the next line, after which it goes on; empty if it has ended} */
        Optional<String> line() throws IOException {
            Optional<String> line = Optional.ofNullable(out.readLine());
            if (line.isPresent()) {
                process.getOutputStream().write('\n');
                process.getOutputStream().flush();
            }
            return line;
        }

        int exit() throws InterruptedException {
            return process.waitFor();
        }

        @Override
        public void close() throws IOException, InterruptedException {
            process.destroyForcibly().waitFor();
            out.close();
        }
    }

    @Test
    void trainsSomeWeightsAndEvaluatesAndSavesOthers() throws IOException {
        Setting setting = new Setting("SGDScheduleFree(lr=0.5)", "StepLR(20)", StepPer.BATCH);
        Path whole = folder.resolve("whole");
        List<Boolean> batches = new ArrayList<>();
        List<Boolean> epochs = new ArrayList<>();
        try (Run run = setting.run()) {
            run.trainer.listener(new TrainListener() {
                @Override
                public void batch(Batch batch) {
                    batches.add(run.optimizer.isTraining());
                }

                @Override
                public void epoch(Epoch epoch) {
                    epochs.add(run.optimizer.isTraining());
                }
            });
            run.fit(whole);
            assertEquals(Collections.nCopies(EPOCHS * 8, true), batches);
            assertEquals(Collections.nCopies(EPOCHS, false), epochs);
            try (TorchFile last = TorchFile.open(whole.resolve("last.pt"))) {
                Map<?, ?> root = (Map<?, ?>) last.root();
                Map<?, ?> optimizer = (Map<?, ?>) Objects.requireNonNull(root.get("optimizer"));
                List<?> groups = (List<?>) Objects.requireNonNull(optimizer.get("param_groups"));
                assertEquals(false, ((Map<?, ?>) groups.get(0)).get("train_mode"));
                Map<?, ?> model = (Map<?, ?>) Objects.requireNonNull(root.get("model"));
                assertEquals(
                        plain(Weights.stateDict(run.network.module())),
                        plain(model),
                        "the weights to evaluate are saved");
                run.optimizer.train();
                assertNotEquals(plain(Weights.stateDict(run.network.module())), plain(model));
            }
        }
    }

    @Test
    void theRandomNumbersAreTheRunsOwn() throws IOException {
        Path whole = folder.resolve("whole");
        try (Run first = PLAIN.run();
                Run second = PLAIN.run()) {
            first.fit(whole);
            try (Checkpoint checkpoint = Checkpoint.open(at(whole, "1 0"))) {
                checkpoint.restore(second.network, second.optimizer, second.scheduler, OnChange.REFUSE, 0);
                torch.manual_seed(99);
                second.trainer.resume(checkpoint.progress(8)).fit(SETS);
            }
            assertNotEquals(
                    plain(Weights.stateDict(first.network.module())),
                    plain(Weights.stateDict(second.network.module())),
                    "or the test above shows nothing");
        }
    }

    @Test
    void aRunThatWasStoppedGoesOnInItsFolder() throws IOException {
        Path whole = folder.resolve("whole");
        Path stopped = folder.resolve("stopped");
        try (Run first = PLAIN.run()) {
            first.fit(whole);
        }
        for (int batches : new int[] {2, 9, 7}) {
            Path last = TrainingFolder.lastCheckpoint(stopped);
            try (Run run = PLAIN.run()) {
                int[] left = {batches};
                run.trainer.listener(new TrainListener() {
                    @Override
                    public void batch(Batch batch) {
                        if (--left[0] == 0) {
                            run.trainer.stop();
                        }
                    }
                });
                if (Files.exists(last)) {
                    run.resume(last, stopped);
                } else {
                    run.start(stopped);
                    assertEquals("epoch,step\n", Files.readString(stopped.resolve("metrics.csv")));
                    assertFalse(Files.exists(stopped.resolve("curve.png")));
                }
            }
        }
        try (Run run = PLAIN.run()) {
            run.resume(TrainingFolder.lastCheckpoint(stopped), stopped);
            assertEquals("2 2 18", position(run.progress.get(0)));
        }
        assertSameFiles(whole, stopped);
    }

    private static String position(Progress progress) {
        return progress.epoch() + " " + progress.batch() + " " + progress.step();
    }

    private static void assertSame(Run first, Run second) {
        assertEquals(
                first.optimizer.groups().get(0).lr(),
                second.optimizer.groups().get(0).lr());
        assertEquals(plain(first.optimizer.stateDict()), plain(second.optimizer.stateDict()));
        assertEquals(
                plain(Weights.stateDict(first.network.module())), plain(Weights.stateDict(second.network.module())));
        assertEquals(first.scheduler.state(), second.scheduler.state());
        assertEquals(first.averages.size(), second.averages.size());
        for (int i = 0; i < first.averages.size(); i++) {
            assertEquals(
                    plain(first.averages.get(i).model().stateDict()),
                    plain(second.averages.get(i).model().stateDict()));
        }
    }

    /** All that a run leaves is the same, but for the seconds that it took. */
    private static void assertSameFiles(Path first, Path second) throws IOException {
        List<String> rows = withoutSeconds(first);
        assertEquals(EPOCHS + 1, rows.size());
        assertEquals(rows, withoutSeconds(second));
        for (String file : List.of("curve.png", "model.safetensors")) {
            assertArrayEquals(Files.readAllBytes(first.resolve(file)), Files.readAllBytes(second.resolve(file)), file);
        }
    }

    private static List<String> withoutSeconds(Path folder) throws IOException {
        return Files.readAllLines(folder.resolve("metrics.csv")).stream()
                .map(row -> row.substring(0, row.lastIndexOf(',')))
                .toList();
    }

    /** A state dict that can be compared: of a tensor, its numbers. */
    private static Object plain(Object value) {
        if (value instanceof Map<?, ?> map) {
            Map<Object, Object> plain = new LinkedHashMap<>();
            map.forEach((key, each) -> plain.put(key, plain(each)));
            return plain;
        } else if (value instanceof List<?> list) {
            return list.stream().map(ResumeTest::plain).toList();
        }
        return value instanceof TensorData tensor ? Arrays.toString(tensor.toDoubles()) : value;
    }
}
