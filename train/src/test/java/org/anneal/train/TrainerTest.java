package org.anneal.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.anneal.optim.Adam;
import org.anneal.optim.LBFGS;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.SGD;
import org.anneal.runs.Monitor;
import org.anneal.runs.OnNan;
import org.anneal.runs.RunListener;
import org.anneal.runs.ScalarLog;
import org.anneal.schedule.ExponentialLR;
import org.anneal.schedule.Policy;
import org.anneal.schedule.ReduceLROnPlateau.Mode;
import org.anneal.schedule.StepLR;
import org.anneal.schedule.StepPer;
import org.anneal.torch.Network;
import org.anneal.torch.Torch;
import org.anneal.train.data.DataLoader;
import org.anneal.train.data.DataSets;
import org.anneal.train.data.Dataset;
import org.anneal.train.data.FashionMnist;
import org.anneal.train.data.Samples;
import org.anneal.train.measure.CrossEntropyLoss;
import org.anneal.train.measure.Metric;
import org.anneal.train.network.TutorialNet;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.BatchNorm1dImpl;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainerTest {
    private static final Samples DATA = Samples.of(64);
    private static final DataSets SETS = new DataSets(DATA, DATA);

    @BeforeAll
    static void oneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    /** A trainer and all that it told. */
    private static final class Run implements TrainListener, AutoCloseable {
        final Network network;
        final Optimizer<Tensor> optimizer;
        final LRScheduler scheduler;
        final Trainer trainer;
        final List<Batch> batches = new ArrayList<>();
        final List<Epoch> epochs = new ArrayList<>();

        Run(Network network, Optimizer<Tensor> optimizer, Policy policy) {
            this.network = network;
            this.optimizer = optimizer;
            scheduler = new LRScheduler(optimizer, policy);
            trainer = new Trainer(network, optimizer, scheduler).listener(this);
        }

        /** A linear network from fixed weights, under SGD. */
        static Run of(double lr, String policy) {
            torch.manual_seed(1);
            LinearNet network = new LinearNet(8, 2);
            return new Run(
                    network, Torch.optimizer(new SGD(lr), Torch.parameters(network.module())), Policy.parse(policy));
        }

        List<Double> losses() {
            return batches.stream().map(Batch::loss).toList();
        }

        /** The first group's rate at each batch. */
        List<Double> rates() {
            return batches.stream().map(batch -> batch.lr().get(0)).toList();
        }

        @Override
        public void batch(Batch batch) {
            batches.add(batch);
        }

        @Override
        public void epoch(Epoch epoch) {
            epochs.add(epoch);
        }

        @Override
        public void close() {
            optimizer.close();
        }
    }

    @Test
    void theSameSeedGivesTheSameLossesToTheBit() throws IOException {
        List<Double> losses = tutorialLosses(3, 3);
        assertEquals(60, losses.size());
        assertEquals(losses, tutorialLosses(3, 3));
        assertNotEquals(losses, tutorialLosses(3, 4), "the order of the samples");
        assertNotEquals(losses, tutorialLosses(4, 3), "the first weights");
    }

    private static List<Double> tutorialLosses(long weights, long order) throws IOException {
        DataSets data = FashionMnist.embedded();
        torch.manual_seed(weights);
        TutorialNet network = TutorialNet.forImages(data.train());
        try (Run run = new Run(
                network, Torch.optimizer(new Adam(1e-3), Torch.parameters(network.module())), new ExponentialLR(0.9))) {
            run.trainer.epochs(2).batchSize(4).limit(29).seed(order).fit(new DataSets(data.train(), DATA_28));
            List<Double> losses = new ArrayList<>(run.losses());
            run.epochs.forEach(epoch -> losses.add(epoch.metric("val_loss")));
            return losses;
        }
    }

    /** Few grey images. */
    private static final Samples DATA_28 = new Samples(10, 28, 28, 0.001f, i -> i);

    @Test
    void stepsTheSchedulePerEpoch() throws IOException {
        try (Run run = Run.of(0.5, "StepLR(step_size=2, gamma=0.5)")) {
            run.trainer.epochs(5).batchSize(16).fit(SETS);
            assertEquals(halvedEvery(2 * 4, 20), run.rates());
            assertEquals(5, run.scheduler.lastEpoch());
        }
    }

    @Test
    void stepsTheSchedulePerBatch() throws IOException {
        try (Run run = Run.of(0.5, "StepLR(step_size=3, gamma=0.5)")) {
            run.trainer.epochs(2).batchSize(16).stepPer(StepPer.BATCH).fit(SETS);
            assertEquals(halvedEvery(3, 8), run.rates());
            assertEquals(8, run.scheduler.lastEpoch());
            assertEquals(
                    List.of(List.of(0.25), List.of(0.125)),
                    run.epochs.stream().map(RunListener.Epoch::lr).toList(),
                    "an epoch's rate is the one of its last optimizer step");
        }
    }

    /** The rates at each batch, from 0.5. */
    private static List<Double> halvedEvery(int batches, int count) {
        return IntStream.range(0, count)
                .mapToObj(batch -> Math.scalb(0.5, -(batch / batches)))
                .toList();
    }

    @Test
    void numbersEpochsBatchesAndSteps() throws IOException {
        try (Run run = Run.of(0.1, "ExponentialLR(0.5)")) {
            List<RunListener.Epoch> done = run.trainer.epochs(2).batchSize(30).fit(SETS);
            assertEquals(done, run.epochs);
            assertEquals(
                    List.of("1 1/3 1", "1 2/3 2", "1 3/3 3", "2 1/3 4", "2 2/3 5", "2 3/3 6"),
                    run.batches.stream()
                            .map(b -> b.epoch() + " " + b.batch() + "/" + b.batches() + " " + b.step())
                            .toList());
            assertEquals(
                    List.of("1 3", "2 6"),
                    done.stream().map(e -> e.epoch() + " " + e.step()).toList());
            assertTrue(done.get(0).seconds() > 0 && done.get(0).seconds() < 60);
        }
    }

    @Test
    void measuresTheMeanOverTheSamplesNotTheBatches() throws IOException {
        Samples validation = Samples.of(50).labelled(i -> i % 3 == 0 ? 1 : 0);
        try (Run run = Run.of(0.5, "ExponentialLR(0.5)")) {
            run.trainer.epochs(2).batchSize(30).fit(new DataSets(DATA, validation));
            RunListener.Epoch last = run.epochs.get(1);
            List<Double> losses = run.losses().subList(3, 6);
            assertEquals((30 * losses.get(0) + 30 * losses.get(1) + 4 * losses.get(2)) / 64, last.trainLoss(), 1e-12);
            // The whole validation set at once.
            try (DataLoader all = new DataLoader(validation, 50)) {
                all.forEach(1, batch -> {
                    Tensor scores = run.network.forward(batch.inputs());
                    assertEquals(
                            torch.cross_entropy_loss(scores, batch.targets()).item_double(),
                            last.metric("val_loss"),
                            1e-6);
                    FloatBuffer each = scores.createBuffer();
                    long right = IntStream.range(0, 50)
                            .filter(i -> validation.label(i) == (each.get(2 * i + 1) > each.get(2 * i) ? 1 : 0))
                            .count();
                    assertTrue(right > 0 && right < 50, "or the test shows nothing");
                    assertEquals(right / 50.0, last.metric("val_accuracy"), 1e-15);
                });
            }
        }
    }

    @Test
    void learnsUnderARuleThatEvaluatesTheLossItself() throws IOException {
        torch.manual_seed(1);
        LinearNet network = new LinearNet(8, 2);
        Optimizer<Tensor> lbfgs = Torch.optimizer(new LBFGS(1), Torch.parameters(network.module()));
        try (Run run = new Run(network, lbfgs, new StepLR(1000))) {
            run.trainer.epochs(5).batchSize(64).fit(SETS);
            assertTrue(run.epochs.get(4).trainLoss() < run.epochs.get(0).trainLoss() / 10, () -> run.epochs.toString());
            assertEquals(5, run.epochs.get(4).step());
        }
    }

    @Test
    void learnsWhatCanBeLearnt() throws IOException {
        try (Run run = Run.of(0.5, "StepLR(1000)")) {
            run.trainer.epochs(60).batchSize(8).fit(SETS);
            assertTrue(
                    run.epochs.get(59).metric("val_accuracy") > 0.95,
                    () -> run.epochs.get(59).toString());
            assertTrue(run.epochs.get(59).trainLoss() < run.epochs.get(0).trainLoss() / 2);
        }
    }

    @Test
    void givesAPlateauTheValidationLoss() throws IOException {
        // What is learnt is wrong for the validation data, so one loss falls while the other rises.
        Samples opposite = DATA.labelled(i -> 1 - DATA.label(i));
        try (Run run = Run.of(0.5, "ReduceLROnPlateau(factor=0.5, patience=0)")) {
            run.trainer.epochs(4).batchSize(16).fit(new DataSets(DATA, opposite));
            for (int epoch = 1; epoch < 4; epoch++) {
                assertTrue(run.epochs.get(epoch).metric("val_loss")
                        > run.epochs.get(epoch - 1).metric("val_loss"));
                assertTrue(run.epochs.get(epoch).trainLoss()
                        < run.epochs.get(epoch - 1).trainLoss());
            }
            assertEquals(
                    List.of(0.5, 0.5, 0.25, 0.125),
                    run.epochs.stream().map(epoch -> epoch.lr().get(0)).toList());
        }
        try (Run run = Run.of(0.5, "ReduceLROnPlateau(factor=0.5, patience=0)")) {
            run.trainer.epochs(4).batchSize(16).fit(SETS);
            assertEquals(0.5, run.epochs.get(3).lr().get(0), "a loss that falls fires nothing");
        }
    }

    @Test
    void refusesToStepAPlateauPerBatch() {
        try (Run run = Run.of(0.5, "ReduceLROnPlateau()")) {
            assertMessage(
                    "step_per must be epoch for a plateau, which takes the validation loss, but was batch",
                    () -> run.trainer.stepPer(StepPer.BATCH));
        }
    }

    @Test
    void refusesCountsBelowOne() {
        try (Run run = Run.of(0.5, "ExponentialLR(0.5)")) {
            assertMessage("epochs must be at least 1, but was 0", () -> run.trainer.epochs(0));
            assertMessage("batch_size must be at least 1, but was -4", () -> run.trainer.batchSize(-4));
            assertMessage("limit must be at least 1, but was 0", () -> run.trainer.limit(0));
            assertMessage("save_every must be at least 1, but was 0", () -> run.trainer.saveEvery(0));
            assertMessage("patience must be at least 1, but was 0", () -> run.trainer.patience(0));
            assertMessage("stop_after must be at least 1, but was 0", () -> run.trainer.stopAfter(0));
        }
    }

    /** As {@link #DATA}, but the sample {@code wrong} of it. */
    private static Dataset with(int wrong, float value) {
        return Dataset.of(
                64,
                new long[] {1, 2, 4},
                List.of("low", "high"),
                i -> {
                    FloatBuffer sample = FloatBuffer.allocate(8);
                    DATA.read(i, sample);
                    float[] values = sample.array();
                    values[0] = i == wrong ? value : values[0];
                    return values;
                },
                DATA::label);
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
    void stopsBeforeTheStepOfABatchWhoseLossIsNotFinite(float value) throws IOException {
        for (OnNan onNan : OnNan.values()) {
            try (Run run = Run.of(0.5, "StepLR(step_size=1, gamma=0.5)")) {
                LinearNet network = (LinearNet) run.network;
                List<NonFiniteException> told = new ArrayList<>();
                List<Progress> kept = new ArrayList<>();
                List<float[]> after = new ArrayList<>();
                run.trainer.listener(new TrainListener() {
                    @Override
                    public void batch(Batch batch) {
                        after.add(weights(network));
                    }

                    @Override
                    public void notFinite(NonFiniteException found) {
                        told.add(found);
                    }

                    @Override
                    public void checkpoint(Progress progress) {
                        kept.add(progress);
                    }
                });
                run.trainer.epochs(2).batchSize(1).saveEvery(1).onNan(onNan);
                DataSets data = new DataSets(with(7, value), DATA);
                if (onNan == OnNan.CONTINUE) {
                    assertEquals(2, run.trainer.fit(data).size());
                    assertEquals(1, told.size());
                    assertEquals(128, run.batches.size());
                    assertTrue(Double.isNaN(run.epochs.get(1).metric("val_loss")));
                    continue;
                }
                NonFiniteException stopped = assertThrows(NonFiniteException.class, () -> run.trainer.fit(data));
                int batch = run.batches.size() + 1;
                assertTrue(batch < 64, "one of 64 batches has it");
                assertEquals(List.of(1, batch, List.of(0.5)), List.of(stopped.epoch(), stopped.batch(), stopped.lr()));
                String message = String.valueOf(stopped.getMessage());
                assertTrue(
                        message.matches("the training loss is (nan|inf) in epoch 1, at batch " + batch
                                + " of 64, with the rate 0\\.5"),
                        message);
                assertArrayEquals(after.get(after.size() - 1), weights(network), "no step is made of it");
                assertEquals(batch - 1, kept.get(kept.size() - 1).batch());
                assertEquals(List.of(), told);
            }
        }
    }

    @Test
    void stopsAtAValidationLossThatIsNotFiniteBeforeTheEpochIsTold() throws IOException {
        try (Run run = Run.of(0.5, "StepLR(step_size=1, gamma=0.5)")) {
            List<Progress> kept = checkpoints(run);
            NonFiniteException stopped = assertThrows(
                    NonFiniteException.class,
                    () -> run.trainer.batchSize(16).stepPer(StepPer.BATCH).fit(new DataSets(DATA, with(3, Float.NaN))));
            assertEquals(
                    "the validation loss is nan in epoch 1, at batch 4 of 4, with the rate 0.0625",
                    stopped.getMessage());
            assertEquals(List.of(), run.epochs);
            assertEquals(List.of(0L), kept.stream().map(Progress::step).toList());
        }
    }

    @Test
    void keepsNoWeightsThatAreNotFiniteThoughEveryLossIs() throws IOException {
        for (int saveEvery : new int[] {1, 100}) {
            torch.manual_seed(1);
            LinearNet network = new LinearNet(8, 2);
            try (Run run = new Run(
                    network, Torch.optimizer(new SGD(0.5), Torch.parameters(network.module())), new StepLR(1000))) {
                List<Progress> kept = checkpoints(run);
                run.trainer.listener(new TrainListener() {
                    @Override
                    public void batch(Batch batch) {
                        if (batch.step() == 4) {
                            try (AutoGradMode noGrad = new AutoGradMode(false)) {
                                network.fc.bias().fill_(new Scalar(Float.POSITIVE_INFINITY));
                            }
                        }
                    }
                });
                NonFiniteException stopped = assertThrows(
                        NonFiniteException.class,
                        () -> run.trainer.batchSize(16).saveEvery(saveEvery).fit(SETS));
                assertEquals(
                        saveEvery == 1
                                ? "the parameter fc.bias is not finite in epoch 1, at batch 4 of 4, with the rate 0.5"
                                : "the validation loss is nan in epoch 1, at batch 4 of 4, with the rate 0.5",
                        stopped.getMessage());
                assertEquals(saveEvery == 1 ? 3 : 0, kept.get(kept.size() - 1).step());
            }
        }
    }

    private static List<Progress> checkpoints(Run run) {
        List<Progress> kept = new ArrayList<>();
        run.trainer.listener(new TrainListener() {
            @Override
            public void checkpoint(Progress progress) {
                kept.add(progress);
            }
        });
        return kept;
    }

    private static void assertMessage(String message, Executable bad) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, bad).getMessage());
    }

    @Test
    void limitsTheBatchesOfAnEpochButNotTheValidation() throws IOException {
        try (Run run = Run.of(0.5, "ExponentialLR(0.5)")) {
            run.trainer.epochs(2).batchSize(8).limit(3).fit(SETS);
            assertEquals(6, run.batches.size());
            assertEquals(3, run.batches.get(0).batches());
            assertEquals(6, run.epochs.get(1).step());
            LinearNet network = (LinearNet) run.network;
            assertEquals(
                    2 * 64,
                    network.uses.stream()
                            .filter(use -> !use.training())
                            .mapToLong(LinearNet.Use::samples)
                            .sum());
        }
        try (Run run = Run.of(0.5, "ExponentialLR(0.5)")) {
            run.trainer.epochs(1).batchSize(8).limit(100).fit(SETS);
            assertEquals(8, run.batches.get(0).batches());
        }
    }

    @Test
    void saysHowManySamplesAreValidated() throws IOException {
        try (Run run = Run.of(0.5, "ExponentialLR(0.5)")) {
            List<List<Long>> validated = new ArrayList<>();
            run.trainer.listener(new TrainListener() {
                @Override
                public void validation(int epoch, long samples, long of) {
                    validated.add(List.of((long) epoch, samples, of));
                }
            });
            Samples validation = Samples.of(50).labelled(i -> i % 2);
            run.trainer.epochs(2).batchSize(30).fit(new DataSets(DATA, validation));
            assertEquals(
                    List.of(List.of(1L, 30L, 50L), List.of(1L, 50L, 50L), List.of(2L, 30L, 50L), List.of(2L, 50L, 50L)),
                    validated);
        }
    }

    @Test
    void validatesInEvaluationModeAndChangesNothing() throws IOException {
        try (Run run = Run.of(0.5, "ExponentialLR(0.5)")) {
            LinearNet network = (LinearNet) run.network;
            List<float[]> afterStep = new ArrayList<>();
            List<float[]> afterEpoch = new ArrayList<>();
            run.trainer.listener(new TrainListener() {
                @Override
                public void batch(Batch batch) {
                    afterStep.add(weights(network));
                }

                @Override
                public void epoch(Epoch epoch) {
                    afterEpoch.add(weights(network));
                }
            });
            run.trainer.epochs(2).batchSize(32).fit(SETS);
            LinearNet.Use training = new LinearNet.Use(true, true, 32);
            LinearNet.Use validating = new LinearNet.Use(false, false, 32);
            assertEquals(
                    List.of(training, training, validating, validating, training, training, validating, validating),
                    network.uses);
            assertTrue(GradMode.is_enabled());
            assertArrayEquals(afterStep.get(1), afterEpoch.get(0));
            assertArrayEquals(afterStep.get(3), afterEpoch.get(1));
            assertNotEquals(afterStep.get(0)[0], afterStep.get(1)[0], "or the test shows nothing");
        }
    }

    private static float[] weights(LinearNet network) {
        float[] weights = new float[16];
        network.fc.weight().<FloatBuffer>createBuffer().get(weights);
        return weights;
    }

    @Test
    void tellsTheRatesOfSeveralGroups() throws IOException {
        torch.manual_seed(1);
        LinearNet network = new LinearNet(8, 2);
        Optimizer<Tensor> optimizer = Torch.optimizer(List.of(
                new ParamGroup<>("weight", new SGD(0.5), List.of(network.fc.weight())),
                new ParamGroup<>("bias", new SGD(0), List.of(network.fc.bias()))));
        float[] bias = new float[2];
        network.fc.bias().<FloatBuffer>createBuffer().get(bias);
        try (Run run = new Run(network, optimizer, new StepLR(1, 0.5))) {
            run.trainer.epochs(2).batchSize(64).fit(SETS);
            assertEquals(
                    List.of(List.of(0.5, 0.0), List.of(0.25, 0.0)),
                    run.batches.stream().map(RunListener.Batch::lr).toList());
            assertEquals(List.of(0.25, 0.0), run.epochs.get(1).lr());
            float[] after = new float[2];
            network.fc.bias().<FloatBuffer>createBuffer().get(after);
            assertArrayEquals(bias, after, "at the rate 0 nothing moves");
        }
    }

    @Test
    void stopsFromAnotherThreadWithWholeEpochsOnly() throws IOException {
        try (Run run = Run.of(0.5, "ExponentialLR(0.5)")) {
            run.trainer.listener(new TrainListener() {
                @Override
                public void batch(Batch batch) {
                    if (batch.epoch() == 3 && batch.batch() == 2) {
                        stopFromAnotherThread(run.trainer);
                    }
                }
            });
            assertFalse(run.trainer.isStopped());
            assertEquals(2, run.trainer.epochs(5).batchSize(16).fit(SETS).size());
            assertTrue(run.trainer.isStopped());
            assertEquals(2, run.epochs.size());
            assertEquals(10, run.optimizer.steps(), "the optimizer step that was being made is the last");
            assertEquals(2, run.scheduler.lastEpoch());
        }
    }

    @Test
    void anEpochThatIsStoppedWhileItIsValidatedIsNotWhole() throws IOException {
        try (Run run = Run.of(0.5, "ExponentialLR(0.5)")) {
            Samples stopping = DATA.labelled(i -> {
                if (i == 63) {
                    run.trainer.stop();
                }
                return 0;
            });
            assertEquals(List.of(), run.trainer.batchSize(16).fit(new DataSets(DATA, stopping)));
            assertEquals(List.of(), run.epochs);
        }
    }

    private static void stopFromAnotherThread(Trainer trainer) {
        Thread other = new Thread(trainer::stop);
        other.start();
        try {
            other.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** All checkpoints that a run tells of. */
    private static List<Progress> checkpoints(Trainer trainer) {
        List<Progress> told = new ArrayList<>();
        trainer.listener(new TrainListener() {
            @Override
            public void checkpoint(Progress progress) {
                told.add(progress);
            }
        });
        return told;
    }

    private static List<String> positions(List<Progress> progress) {
        return progress.stream()
                .map(p -> p.epoch() + " " + p.batch() + " " + p.step())
                .toList();
    }

    @Test
    void tellsWhereItCanBeTakenUpAgain() throws IOException {
        try (Run run = Run.of(0.5, "ExponentialLR(0.5)")) {
            List<Progress> told = checkpoints(run.trainer);
            run.trainer.epochs(2).batchSize(16).fit(SETS);
            assertEquals(List.of("0 0 0", "1 0 4", "2 0 8"), positions(told));
            assertEquals(run.epochs, told.get(2).epochs());
            assertEquals(List.of(0.25), told.get(2).lr());
        }
        try (Run run = Run.of(0.5, "ExponentialLR(0.5)")) {
            List<Progress> told = checkpoints(run.trainer);
            run.trainer.epochs(2).batchSize(12).saveEvery(2).fit(SETS); // 6 batches
            assertEquals(
                    List.of("0 0 0", "0 2 2", "0 4 4", "0 6 6", "1 0 6", "1 2 8", "1 4 10", "1 6 12", "2 0 12"),
                    positions(told));
            assertEquals(24, told.get(1).lossSamples());
            assertEquals(
                    12 * (run.losses().get(0) + run.losses().get(1)),
                    told.get(1).lossSum(),
                    1e-12);
            assertTrue(told.get(2).seconds() > told.get(1).seconds());
        }
    }

    @Test
    void tellsWhereItWasStopped() throws IOException {
        try (Run run = Run.of(0.5, "ExponentialLR(0.5)")) {
            List<Progress> told = checkpoints(run.trainer);
            run.trainer.listener(new TrainListener() {
                @Override
                public void batch(Batch batch) {
                    if (batch.epoch() == 2 && batch.batch() == 3) {
                        run.trainer.stop();
                    }
                }
            });
            run.trainer.epochs(5).batchSize(16).fit(SETS);
            assertEquals(List.of("0 0 0", "1 0 4", "1 3 7"), positions(told));
        }
        try (Run run = Run.of(0.5, "ExponentialLR(0.5)")) {
            List<Progress> told = checkpoints(run.trainer);
            Samples stopping = DATA.labelled(i -> {
                run.trainer.stop(); // while it is validated
                return 0;
            });
            run.trainer.batchSize(16).fit(new DataSets(DATA, stopping));
            assertEquals("0 4 4", positions(told).get(1));
            assertEquals(64, told.get(1).lossSamples());
        }
    }

    @Test
    void goesOnFromAPositionWithAnotherOptimizer() throws IOException {
        try (Run run = Run.of(0.5, "ExponentialLR(0.5)")) {
            run.optimizer.step(); // counts for nothing
            run.trainer
                    .epochs(3)
                    .batchSize(16)
                    .resume(new Progress(
                            1, 3, 7, 48.0, 48, 5, List.of(0.5), List.of(), Map.of(), Map.of(), Monitor.VAL_LOSS));
            run.trainer.fit(SETS);
            assertEquals(
                    List.of("2 4/4 8", "3 1/4 9", "3 2/4 10", "3 3/4 11", "3 4/4 12"),
                    run.batches.stream()
                            .map(b -> b.epoch() + " " + b.batch() + "/" + b.batches() + " " + b.step())
                            .toList());
            assertEquals(
                    (48.0 + 16 * run.losses().get(0)) / 64, run.epochs.get(0).trainLoss(), 1e-12, "of all its batches");
            assertTrue(run.epochs.get(0).seconds() > 5 && run.epochs.get(0).seconds() < 65);
            assertTrue(run.epochs.get(1).seconds() < 5);
        }
        try (Run run = Run.of(0.5, "ExponentialLR(0.5)")) {
            run.trainer
                    .batchSize(16)
                    .resume(new Progress(
                            1, 5, 9, 1, 80, 1, List.of(0.5), List.of(), Map.of(), Map.of(), Monitor.VAL_LOSS));
            assertMessage(
                    "progress must be within the 4 batches of an epoch, but was after batch 5",
                    () -> run.trainer.fit(SETS));
        }
    }

    /** Data that is learnt and data that is not: the validation loss rises from the first epoch on. */
    private static final DataSets WORSE = new DataSets(DATA, DATA.labelled(i -> 1 - DATA.label(i)));

    @Test
    void patienceEndsARunThatGetsNoBetter() throws IOException {
        try (Run run = Run.of(0.5, "ExponentialLR(1.0)")) {
            run.trainer.epochs(50).batchSize(16).patience(3);
            assertEquals(4, run.trainer.fit(WORSE).size());
            assertFalse(run.trainer.isStopped());
        }
        try (Run run = Run.of(0.5, "ExponentialLR(1.0)")) {
            run.trainer.epochs(20).batchSize(16).patience(1);
            assertEquals(20, run.trainer.fit(SETS).size(), "a loss that falls goes on");
        }
        try (Run run = Run.of(Double.MAX_VALUE, "ExponentialLR(1.0)")) {
            run.trainer.epochs(20).batchSize(16).patience(2).onNan(OnNan.CONTINUE);
            assertEquals(2, run.trainer.fit(SETS).size(), "NaN is no better loss");
        }
    }

    @Test
    void goesBackToTheBestWeights() throws IOException {
        for (boolean back : List.of(false, true)) {
            try (Run run = Run.of(0.5, "ExponentialLR(1.0)")) {
                LinearNet network = (LinearNet) run.network;
                List<float[]> ends = new ArrayList<>();
                run.trainer.listener(new TrainListener() {
                    @Override
                    public void epoch(Epoch epoch) {
                        ends.add(weights(network));
                    }
                });
                run.trainer.epochs(5).batchSize(16);
                if (back) {
                    run.trainer.restoreBest();
                }
                run.trainer.fit(WORSE);
                assertArrayEquals(ends.get(back ? 0 : 4), weights(network));
                assertNotEquals(ends.get(0)[0], ends.get(4)[0], "or the test shows nothing");
            }
        }
    }

    @Test
    void refusesToGoBackToWeightsThatWereNotKept() throws IOException {
        try (Run first = Run.of(0.5, "ExponentialLR(1.0)");
                Run second = Run.of(0.5, "ExponentialLR(1.0)");
                Run third = Run.of(0.5, "ExponentialLR(1.0)")) {
            List<Progress> told = checkpoints(first.trainer);
            first.trainer.epochs(2).batchSize(16).fit(WORSE);
            second.trainer.epochs(3).batchSize(16).restoreBest().resume(told.get(2));
            assertMessage(
                    "progress must have the weights of the best epoch, 1, to restore them, but has none",
                    () -> second.trainer.fit(WORSE));
            float[] best = weights((LinearNet) third.network);
            third.trainer
                    .epochs(3)
                    .batchSize(16)
                    .restoreBest()
                    .resume(told.get(1))
                    .fit(WORSE);
            assertArrayEquals(
                    best, weights((LinearNet) third.network), "those at an epoch's end are the network's own");
        }
    }

    @Test
    void aListenerThatCannotWriteEndsTheTraining() {
        IOException full = new IOException("no space");
        try (Run run = Run.of(0.5, "ExponentialLR(0.5)")) {
            run.trainer.listener(new TrainListener() {
                @Override
                public void epoch(Epoch epoch) throws IOException {
                    throw full;
                }
            });
            assertSame(full, assertThrows(IOException.class, () -> run.trainer.fit(SETS)));
            assertEquals(1, run.epochs.size());
        }
        try (Run run = Run.of(0.5, "ExponentialLR(0.5)")) {
            run.trainer.saveEvery(2).listener(new TrainListener() {
                @Override
                public void checkpoint(Progress progress) throws IOException {
                    if (progress.batch() > 0) {
                        throw full;
                    }
                }
            });
            assertSame(full, assertThrows(IOException.class, () -> run.trainer.fit(SETS)));
            assertEquals(2, run.batches.size());
        }
    }

    @Test
    void aRateThatIsNotFiniteEndsTheTrainingWithStepAndGroup() {
        try (Run run = Run.of(0.5, "MultiplicativeLR(lambda step: 1e200)")) {
            assertEquals(
                    "the rate must be finite, but MultiplicativeLR(lr_lambda=lambda step: 1e+200) makes it Infinity at"
                            + " step 2 for group 'all'",
                    assertThrows(
                                    ArithmeticException.class,
                                    () -> run.trainer.onNan(OnNan.CONTINUE).fit(SETS))
                            .getMessage());
            assertEquals(2, run.epochs.size());
        }
    }

    @Test
    void aLabelBeyondTheScoresIsRefusedInOneLine() {
        try (Run run = Run.of(0.5, "ExponentialLR(0.5)")) {
            String message = assertThrows(
                            RuntimeException.class, () -> run.trainer.fit(new DataSets(DATA.labelled(i -> 2), DATA)))
                    .getMessage();
            assertEquals(
                    "Target 2 is out of bounds.",
                    String.valueOf(message).lines().findFirst().orElse(""));
        }
    }

    @Test
    void memoryStaysFlat() throws IOException {
        // A batch is 256 KB: if one in four were kept, 1,000 would leave 64 MB. Java's heap, which is in it, too, grows
        // once
        // or twice.
        Samples large = new Samples(64 * 50, 32, 32, 1e-4f, i -> i % 2);
        torch.manual_seed(1);
        LinearNet network = new LinearNet(1024, 2);
        List<Long> resident = new ArrayList<>();
        List<Long> objects = new ArrayList<>();
        try (Run run = new Run(
                network, Torch.optimizer(new Adam(1e-3), Torch.parameters(network.module())), new ExponentialLR(0.9))) {
            run.trainer.listener(new TrainListener() {
                @Override
                public void epoch(Epoch epoch) {
                    if (epoch.epoch() % 20 == 10) {
                        objects.add(Pointer.totalCount());
                        resident.add(Pointer.physicalBytes());
                    }
                }
            });
            run.trainer.epochs(70).batchSize(64).fit(new DataSets(large, new Samples(64, 32, 32, 1e-4f, i -> i % 2)));
            assertEquals(3500, run.optimizer.steps());
            double grown = IntStream.range(1, 4)
                            .mapToLong(i -> resident.get(i) - resident.get(i - 1))
                            .min()
                            .orElseThrow()
                    / 1e6;
            assertTrue(grown < 50, () -> "1,000 steps took at least " + grown + " MB");
            assertTrue(
                    objects.get(3) - objects.get(0) < 100,
                    () -> "libtorch's objects must not wait for Java's collector, but there were " + objects);
            assertTrue(Double.isFinite(run.epochs.get(69).metric("val_loss")));
        }
    }

    /** A linear network behind a batch norm, so that an average of it is passed over the data, too. */
    private static final class NormNet extends Network {
        private final BatchNorm1dImpl norm = register("norm", new BatchNorm1dImpl(new BatchNormOptions(1024)));
        private final LinearImpl fc = register("fc", new LinearImpl(1024, 2));

        @Override
        public Tensor forward(Tensor input) {
            return fc.forward(norm.forward(input.flatten(1, -1)));
        }
    }

    @Test
    void memoryStaysFlatOverTenThousandStepsOfAveragesClippingAndMetrics() throws IOException {
        // 2,000 steps, with as many batches again for the average's batch norm, between two looks; a batch is 256 KB.
        Samples large = new Samples(64 * 50, 32, 32, 1e-4f, i -> i % 2);
        NormNet network = new NormNet();
        List<Long> resident = new ArrayList<>();
        List<Long> objects = new ArrayList<>();
        try (Run run = new Run(
                network,
                Torch.optimizer(new Adam(1e-3), Torch.parameters(network.module())),
                Policy.parse("ReduceLROnPlateau('max')"))) {
            run.trainer
                    .loss(new CrossEntropyLoss().withLabelSmoothing(0.1))
                    .metric(Metric.accuracy())
                    .metric(Metric.ofPass(
                            "share",
                            Mode.MAX,
                            (outputs, targets) -> outputs.argmax().item_double()))
                    .clipGradNorm(1)
                    .clipGradValue(0.1)
                    .average(WeightAverage.ema(network, new NormNet(), 0.99))
                    .monitor("ema_val_accuracy")
                    .restoreBest()
                    .listener(new TrainListener() {
                        @Override
                        public void epoch(Epoch epoch) {
                            if (epoch.epoch() % 40 == 39) {
                                objects.add(Pointer.totalCount());
                                resident.add(Pointer.physicalBytes());
                            }
                        }
                    });
            run.trainer.epochs(200).batchSize(64).fit(new DataSets(large, new Samples(640, 32, 32, 1e-4f, i -> i % 2)));
            assertEquals(10_000, run.optimizer.steps());
            double grown = IntStream.range(1, 5)
                            .mapToLong(i -> resident.get(i) - resident.get(i - 1))
                            .min()
                            .orElseThrow()
                    / 1e6;
            assertTrue(grown < 50, () -> "2,000 steps took at least " + grown + " MB");
            assertTrue(
                    objects.get(4) - objects.get(0) < 100,
                    () -> "libtorch's objects must not wait for Java's collector, but there were " + objects);
            assertTrue(Double.isFinite(run.epochs.get(199).metric("ema_val_loss")));
        }
    }

    @Test
    void whatTheSinkOfAScalarLogThrowsStopsTheRun() {
        LinearNet network = new LinearNet(8, 2);
        Samples samples = Samples.of(64);
        IOException full = new IOException("full");
        List<Map<String, Double>> heard = new ArrayList<>();
        try (Optimizer<Tensor> sgd = Torch.optimizer(new SGD(0.1), Torch.parameters(network.module()))) {
            Trainer trainer = new Trainer(network, sgd, new LRScheduler(sgd, new ExponentialLR(0.9)))
                    .listener(new ScalarLog(sgd, 1, (step, values) -> {
                        heard.add(values);
                        throw full;
                    }));
            assertSame(full, assertThrows(IOException.class, () -> trainer.fit(new DataSets(samples, samples))));
        }
        assertEquals(1, heard.size());
    }
}
