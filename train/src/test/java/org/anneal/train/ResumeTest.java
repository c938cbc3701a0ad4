package org.anneal.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.anneal.checkpoint.TensorData;
import org.anneal.checkpoint.TorchFile;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.LRScheduler.OnChange;
import org.anneal.optim.Optimizer;
import org.anneal.optim.UpdateRule;
import org.anneal.runs.OnNan;
import org.anneal.runs.RunConfig;
import org.anneal.schedule.Policy;
import org.anneal.schedule.StepPer;
import org.anneal.torch.Torch;
import org.anneal.torch.Weights;
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
    private record Setting(String rule, String policy, StepPer per) {
        Run run() {
            return new Run(this);
        }
    }

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
        // Before the first batch, in the middle, after an epoch's last batch but before its end, at its end.
        return settings.stream()
                .flatMap(setting -> Stream.of("0 0", "0 3", "1 0", "1 6", "2 8", "3 0")
                        .map(position -> Arguments.of(setting, position)));
    }

    /** A network, what trains it, and what it left. */
    private static final class Run implements AutoCloseable {
        final Setting setting;
        final DropoutNet network;
        final Optimizer<Tensor> optimizer;
        final LRScheduler scheduler;
        final Trainer trainer;
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

        /** Trains, and leaves a file for every checkpoint. */
        Run fit(Path folder) throws IOException {
            try (TrainingFolder results = new TrainingFolder(folder, network, setting.policy, 1)) {
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
                trainer.resume(start);
                try (TrainingFolder results =
                        new TrainingFolder(folder, network, setting.policy, 1, checkpoint, start)) {
                    checkpoint.close();
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
                    try (TrainingFolder results = new TrainingFolder(stopped, run.network, PLAIN.policy, 1)) {
                        run.trainer
                                .listener(results.checkpoints(run.optimizer, run.scheduler, run.config(), 1))
                                .fit(SETS);
                    }
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
