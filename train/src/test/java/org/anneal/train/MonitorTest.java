package org.anneal.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.anneal.optim.LBFGS;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.anneal.optim.UpdateRule;
import org.anneal.runs.Monitor;
import org.anneal.runs.OnNan;
import org.anneal.runs.RunListener;
import org.anneal.schedule.Policy;
import org.anneal.schedule.ReduceLROnPlateau.Mode;
import org.anneal.torch.Torch;
import org.anneal.train.data.DataSets;
import org.anneal.train.data.Dataset;
import org.anneal.train.data.Samples;
import org.anneal.train.measure.Metric;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What tells which epoch is the best: for early stopping, the best weights and checkpoint, and a plateau. */
class MonitorTest {
    private static final Samples DATA = Samples.of(64);
    private static final DataSets SETS = new DataSets(DATA, DATA);
    private static final DataSets VALUES = new DataSets(lines(64), lines(20));

    @TempDir
    Path folder;

    @BeforeAll
    static void oneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    private static Dataset lines(int size) {
        return Dataset.of(size, new long[] {8}, new long[] {1}, i -> new float[8], i -> new float[] {i});
    }

    /** A linear network, what trains it, and what it was at each epoch's end. */
    private static final class Run implements AutoCloseable {
        final LinearNet network = net();
        final LinearNet averaged = net();
        final Optimizer<Tensor> optimizer;
        final LRScheduler scheduler;
        final Trainer trainer;
        final List<float[]> weights = new ArrayList<>();
        final List<float[]> averages = new ArrayList<>();
        final List<Progress> progress = new ArrayList<>();

        Run(UpdateRule rule, String policy) {
            optimizer = Torch.optimizer(rule, Torch.parameters(network.module()));
            scheduler = new LRScheduler(optimizer, Policy.parse(policy));
            trainer = new Trainer(network, optimizer, scheduler).listener(new TrainListener() {
                @Override
                public void epoch(Epoch epoch) {
                    weights.add(weights(network));
                    averages.add(weights(averaged));
                }

                @Override
                public void checkpoint(Progress now) {
                    progress.add(now);
                }
            });
        }

        Run(String policy) {
            this(new SGD(0.5), policy);
        }

        private static LinearNet net() {
            torch.manual_seed(1);
            return new LinearNet(8, 2);
        }

        WeightAverage ema() {
            return WeightAverage.ema(network, averaged, 0.9);
        }

        @Override
        public void close() {
            optimizer.close();
        }
    }

    private static float[] weights(LinearNet network) {
        float[] weights = new float[16];
        network.fc.weight().<FloatBuffer>createBuffer().get(weights);
        return weights;
    }

    /** A metric that says, epoch by epoch, what it is told to. */
    private static Metric told(Mode mode, double... values) {
        Iterator<Double> next = Arrays.stream(values).iterator();
        return Metric.ofPass("told", mode, (outputs, targets) -> next.next());
    }

    @ParameterizedTest
    @EnumSource
    void stopsGoesBackAndLowersTheRateByAMetricOfEitherDirection(Mode mode) throws IOException {
        double sign = mode == Mode.MAX ? 1 : -1;
        try (Run run = new Run("ReduceLROnPlateau('" + (mode == Mode.MAX ? "max" : "min")
                        + "', factor=0.5, patience=0, threshold=0)");
                TrainingFolder results = new TrainingFolder(folder, run.network, "", 1)) {
            run.trainer
                    .epochs(20)
                    .batchSize(16)
                    .metric(told(mode, sign * 0.1, sign * 0.5, sign * 0.3, sign * 0.5, sign * 0.4))
                    .monitor("val_told")
                    .patience(3)
                    .restoreBest()
                    .listener(results.checkpoints(run.optimizer, run.scheduler, 1));
            List<RunListener.Epoch> epochs = run.trainer.fit(SETS);
            assertEquals(
                    List.of(0.5, 0.5, 0.5, 0.25, 0.125),
                    epochs.stream().map(epoch -> epoch.lr().get(0)).toList());
            assertEquals(
                    List.of("val_loss", "val_told"),
                    List.copyOf(epochs.get(0).metrics().keySet()));
            assertArrayEquals(run.weights.get(1), weights(run.network), "of epoch 2, the first with the best");
            assertNotEquals(run.weights.get(4)[0], run.weights.get(1)[0], "or the test shows nothing");
            assertEquals(new Monitor("val_told", mode), run.progress.get(5).monitor());
        }
        try (Checkpoint best = Checkpoint.open(folder.resolve("best.pt"));
                Checkpoint last = Checkpoint.open(folder.resolve("last.pt"))) {
            assertEquals(2, best.progress(4).epoch());
            assertEquals(5, last.progress(4).epoch());
            assertEquals(2, last.progress(4).best().orElseThrow().epoch());
        }
    }

    @Test
    void watchesTheAccuracyAndTheTrainingLoss() throws IOException {
        DataSets worse = new DataSets(DATA, DATA.labelled(i -> 1 - DATA.label(i)));
        try (Run run = new Run("ReduceLROnPlateau('max', factor=0.5, patience=0)")) {
            run.trainer.epochs(12).batchSize(16).monitor("val_accuracy").restoreBest();
            List<RunListener.Epoch> epochs = run.trainer.fit(worse);
            double best = epochs.stream()
                    .mapToDouble(epoch -> epoch.metric("val_accuracy"))
                    .max()
                    .orElseThrow();
            int first = run.progress.get(12).best().orElseThrow().epoch();
            assertEquals(best, epochs.get(first - 1).metric("val_accuracy"));
            assertTrue(best > epochs.get(11).metric("val_accuracy"), "or the test shows nothing");
            assertArrayEquals(run.weights.get(first - 1), weights(run.network));
        }
        try (Run run = new Run("ReduceLROnPlateau(factor=0.5, patience=0)")) {
            run.trainer.epochs(4).batchSize(16).monitor("train_loss").patience(1);
            assertEquals(4, run.trainer.fit(worse).size(), "what is trained on gets better all the time");
            assertEquals(0.5, run.optimizer.groups().get(0).lr());
        }
    }

    @Test
    void goesBackToTheAverageWhoseLossIsWatched() throws IOException {
        DataSets worse = new DataSets(DATA, DATA.labelled(i -> i % 3 == 0 ? DATA.label(i) : 1 - DATA.label(i)));
        try (Run run = new Run("ReduceLROnPlateau(factor=0.5, patience=0)")) {
            run.trainer
                    .epochs(30)
                    .batchSize(16)
                    .average(run.ema())
                    .monitor("ema_val_loss")
                    .patience(2)
                    .restoreBest();
            List<RunListener.Epoch> epochs = run.trainer.fit(worse);
            int best = run.progress.get(epochs.size()).best().orElseThrow().epoch();
            assertEquals(epochs.size() - 2, best);
            assertArrayEquals(run.averages.get(best - 1), weights(run.network));
            assertNotEquals(run.weights.get(best - 1)[0], weights(run.network)[0], "not the plain ones");
            double least = epochs.stream()
                    .mapToDouble(epoch -> epoch.metric("ema_val_loss"))
                    .min()
                    .orElseThrow();
            assertEquals(least, epochs.get(best - 1).metric("ema_val_loss"));
        }
    }

    @Test
    void patienceAndThePlateauWaitForAnAverageThatBeginsLater() throws IOException {
        try (Run run = new Run("ReduceLROnPlateau(factor=0.5, patience=0, threshold=0.99)")) {
            run.trainer
                    .epochs(7)
                    .batchSize(16)
                    .average(WeightAverage.swa(run.network, run.averaged, 4))
                    .monitor("swa_val_loss")
                    .patience(2)
                    .restoreBest();
            List<RunListener.Epoch> epochs = run.trainer.fit(SETS);
            assertEquals(7, epochs.size(), "the average gets better from epoch 4 on");
            assertFalse(epochs.get(2).metrics().containsKey("swa_val_loss"));
            assertTrue(epochs.get(3).metrics().containsKey("swa_val_loss"));
            assertEquals(
                    List.of(0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.125),
                    epochs.stream().map(epoch -> epoch.lr().get(0)).toList());
            assertArrayEquals(run.averages.get(6), weights(run.network));
        }
    }

    private static void assertMessage(String message, Executable bad) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, bad).getMessage());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "val_loss | max | the plateau's mode must be 'min' for val_loss, but was 'max'",
                "val_accuracy | min | the plateau's mode must be 'max' for val_accuracy, but was 'min'",
                "ema_val_accuracy | min | the plateau's mode must be 'max' for ema_val_accuracy, but was 'min'",
                "val_auc | min | monitor must be one of train_loss, val_loss, val_accuracy, ema_val_loss, ema_val_accuracy, but was val_auc"
            })
    void refusesAPlateauOfTheOtherDirectionAndWhatIsNotMeasured(String monitor, String mode, String message) {
        try (Run run = new Run("ChainedScheduler([StepLR(5), ReduceLROnPlateau('" + mode + "')])")) {
            run.trainer.average(run.ema()).monitor(monitor);
            assertMessage(message, () -> run.trainer.fit(SETS));
            assertEquals(0, run.optimizer.steps());
        }
    }

    @Test
    void valuesHaveNoAccuracyToWatch() {
        try (Run run = new Run("StepLR(1)")) {
            run.trainer.monitor("val_accuracy");
            assertMessage(
                    "monitor must be one of train_loss, val_loss, but was val_accuracy", () -> run.trainer.fit(VALUES));
        }
    }

    @Test
    void refusesTwoNumbersOfOneName() {
        try (Run run = new Run("StepLR(1)")) {
            run.trainer.metric(Metric.topK(2)).average(run.ema());
            assertMessage(
                    "metrics and averages must have names of their own, but two are val_top2",
                    () -> run.trainer.metric(Metric.topK(2)));
        }
        try (Run run = new Run("StepLR(1)")) {
            run.trainer.average(run.ema());
            assertMessage(
                    "metrics and averages must have names of their own, but two are ema_val_loss",
                    () -> run.trainer.average(run.ema()));
        }
        try (Run run = new Run("StepLR(1)")) {
            assertMessage(
                    "metrics and averages must have names of their own, but two are val_loss",
                    () -> run.trainer.metric(Metric.mean("loss", Mode.MIN, (output, target) -> 0)));
        }
    }

    @Test
    void refusesAnAverageWhoseNameOrStartIsWrong() {
        try (Run run = new Run("StepLR(1)")) {
            WeightAverage ema = run.ema();
            assertMessage(
                    "name must be lower-case letters, digits and _, but was 'EMA'",
                    () -> new WeightAverage("EMA", ema.network(), ema.model(), ema.per(), 1));
            for (String key : List.of("model", "optimizer", "lr_scheduler", "anneal")) {
                assertMessage(
                        "name must not be one that a checkpoint has for something else, but was '" + key + "'",
                        () -> new WeightAverage(key, ema.network(), ema.model(), ema.per(), 1));
            }
            assertMessage("from must be at least 1, but was 0", () -> WeightAverage.swa(run.network, run.averaged, 0));
        }
    }

    @Test
    void theBestWeightsByAnotherNumberAreNotRestored() throws IOException {
        try (Run first = new Run("StepLR(10)");
                Run second = new Run("StepLR(10)")) {
            first.trainer
                    .epochs(3)
                    .batchSize(16)
                    .metric(told(Mode.MAX, 3, 2, 1))
                    .monitor("val_told")
                    .restoreBest()
                    .fit(SETS);
            Progress end = first.progress.get(3);
            assertFalse(end.bestWeights().isEmpty());
            second.trainer.epochs(3).batchSize(16).resume(end).restoreBest().fit(SETS);
            assertEquals(
                    3, end.monitoredBy(Monitor.VAL_LOSS).best().orElseThrow().epoch());
            assertArrayEquals(
                    weights(Run.net()), weights(second.network), "epoch 3 is best by val_loss: its own weights");
        }
    }

    @Test
    void anAverageThatIsNotFiniteStopsTheRunToo() throws IOException {
        for (OnNan onNan : OnNan.values()) {
            try (Run run = new Run("StepLR(10)")) {
                run.trainer.epochs(2).batchSize(16).average(run.ema()).onNan(onNan);
                run.trainer.listener(new RunListener() {
                    @Override
                    public void batch(Batch batch) {
                        try (AutoGradMode noGrad = new AutoGradMode(false)) {
                            run.averaged.fc.bias().fill_(new Scalar(Double.NaN));
                        }
                    }
                });
                if (onNan == OnNan.CONTINUE) {
                    assertEquals(2, run.trainer.fit(SETS).size());
                    continue;
                }
                assertEquals(
                        "the ema validation loss is nan in epoch 1, at batch 4 of 4, with the rate 0.5",
                        assertThrows(NonFiniteException.class, () -> run.trainer.fit(SETS))
                                .getMessage());
                assertEquals(List.of(), run.weights);
            }
        }
    }

    @Test
    void aLossThatIsNotFiniteIsFoundInItsBatchThoughItOnlyAddsToAStep() {
        try (Run run = new Run("StepLR(10)")) {
            List<RunListener.Batch> steps = new ArrayList<>();
            run.trainer.listener(new RunListener() {
                @Override
                public void batch(Batch batch) {
                    steps.add(batch);
                }
            });
            Dataset broken = Dataset.of(
                    64, new long[] {1, 2, 4}, List.of("low", "high"), i -> i == 7 ? nan() : new float[8], i -> i % 2);
            NonFiniteException stopped = assertThrows(
                    NonFiniteException.class,
                    () -> run.trainer.batchSize(4).accumulate(5).fit(new DataSets(broken, DATA)));
            int batch = stopped.batch();
            assertEquals((batch - 1) / 5, steps.size(), "no step is made of it");
            assertEquals(
                    "the training loss is nan in epoch 1, at batch " + batch + " of 16, with the rate 0.5",
                    stopped.getMessage());
        }
    }

    private static float[] nan() {
        float[] values = new float[8];
        values[3] = Float.NaN;
        return values;
    }

    @Test
    void refusesToAccumulateForARuleThatEvaluatesTheLossItself() {
        try (Run run = new Run(new LBFGS(1), "StepLR(1)")) {
            String message = assertThrows(
                            IllegalArgumentException.class,
                            () -> run.trainer.accumulate(2).fit(SETS))
                    .getMessage();
            assertTrue(
                    String.valueOf(message)
                            .matches("accumulate must be 1 for LBFGS\\(.*\\), which computes the loss several times a"
                                    + " step, but was 2"),
                    message);
        }
    }

    @Test
    void refusesLimitsThatAreNone() {
        try (Run run = new Run("StepLR(1)")) {
            for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
                assertMessage(
                        "clip_grad_norm must be finite and above 0, but was " + bad,
                        () -> run.trainer.clipGradNorm(bad));
                assertMessage(
                        "clip_grad_value must be finite and above 0, but was " + bad,
                        () -> run.trainer.clipGradValue(bad));
            }
            assertMessage("accumulate must be at least 1, but was 0", () -> run.trainer.accumulate(0));
        }
    }
}
