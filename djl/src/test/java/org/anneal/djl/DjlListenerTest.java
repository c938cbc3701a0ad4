package org.anneal.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.evaluator.Accuracy;
import ai.djl.training.evaluator.TopKAccuracy;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.anneal.optim.Adam;
import org.anneal.optim.Averaging;
import org.anneal.optim.SGD;
import org.anneal.optim.UpdateRule;
import org.anneal.runs.Run;
import org.anneal.runs.RunConfig;
import org.anneal.runs.RunListener;
import org.anneal.runs.RunsWatch;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.schedule.ExponentialLR;
import org.anneal.schedule.StepPer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DjlListenerTest {
    @TempDir
    private Path folder;

    @Test
    void recordsWhatDjlMeasuresInARunsFolder() throws Exception {
        DjlOptimizer optimizer = Djl.optimizer(new Adam(0.01)).group("*_bias", new Adam(0.02));
        DjlListener listener = Djl.listener(optimizer).schedule(new CosineAnnealingLR(24), StepPer.BATCH);
        List<Map<String, Float>> results = new ArrayList<>();
        List<Double> losses = new ArrayList<>();
        Path runs = folder.resolve("runs/mine");
        try (Model model = Nets.mlp();
                Trainer trainer = model.newTrainer(Nets.config(optimizer, listener)
                        .addEvaluator(new Accuracy())
                        .addEvaluator(new TopKAccuracy(5)));
                Run run = Run.create(runs).length(3, 8)) {
            trainer.initialize(Nets.INPUT);
            listener.record(run.listener(new RunListener() {
                @Override
                public void batch(Batch batch) {
                    losses.add(batch.loss());
                }
            }));
            var data = Images.dataset(trainer.getManager(), 0, 128, 16, false);
            for (int epoch = 0; epoch < 3; epoch++) {
                EasyTrain.fit(trainer, 1, data, data);
                results.add(Map.copyOf(trainer.getTrainingResult().getEvaluations()));
            }
            assertEquals(3, run.epoch());
        }
        assertEquals(24, losses.size());
        List<String> table = Files.readAllLines(runs.resolve("metrics.csv"));
        assertEquals(
                "epoch,step,lr0,lr1,train_loss,val_accuracy,train_accuracy,val_top_5_accuracy,train_top_5_accuracy,val_loss,seconds",
                table.get(0));
        assertEquals(4, table.size());
        for (int epoch = 1; epoch <= 3; epoch++) {
            String[] cells = table.get(epoch).split(",", -1);
            Map<String, Float> result = results.get(epoch - 1);
            assertEquals(8 * epoch, Integer.parseInt(cells[1]));
            // the rate of the epoch's last step
            double rate = new CosineAnnealingLR(24).at(8L * epoch - 1, 0.01);
            assertEquals(rate, Double.parseDouble(cells[2]), 1e-12);
            assertEquals(2 * rate, Double.parseDouble(cells[3]), 1e-12);
            double mean = losses.subList(8 * epoch - 8, 8 * epoch).stream()
                    .mapToDouble(loss -> loss)
                    .average()
                    .orElseThrow();
            assertEquals(mean, Double.parseDouble(cells[4]), 1e-12);
            assertEquals(value(result, "train_loss"), mean, 1e-5);
            assertEquals(value(result, "validate_Accuracy"), Double.parseDouble(cells[5]));
            assertEquals(value(result, "train_Accuracy"), Double.parseDouble(cells[6]));
            assertEquals(value(result, "validate_Top_5_Accuracy"), Double.parseDouble(cells[7]));
            assertEquals(value(result, "validate_loss"), Double.parseDouble(cells[9]));
        }
        RunsWatch.WatchedRun watched = watched(folder.resolve("runs"));
        assertEquals(RunsWatch.State.FINISHED, watched.state());
        RunConfig.Summary summary = watched.config().orElseThrow();
        assertEquals("CosineAnnealingLR(T_max=24)", summary.schedule());
        assertEquals(StepPer.BATCH, summary.stepPer());
        assertEquals(List.of("rest", "*_bias"), summary.groupNames());
        assertEquals(List.of(0.01, 0.02), summary.lr());
        assertTrue(summary.ended());
        try (Stream<Path> files = Files.list(runs)) {
            List<String> names =
                    files.map(file -> file.getFileName().toString()).sorted().toList();
            assertTrue(names.containsAll(List.of("metrics.csv", "progress.csv", "run.json")), names.toString());
            assertTrue(names.stream().anyMatch(name -> name.startsWith("events.out.tfevents")), names.toString());
        }
    }

    private static double value(Map<String, Float> result, String name) {
        return Objects.requireNonNull(result.get(name), name);
    }

    /** {@return the one run in {@code runs} as the page of runs sees it} */
    private static RunsWatch.WatchedRun watched(Path runs) throws Exception {
        List<RunsWatch.WatchedRun> all = new ArrayList<>();
        new RunsWatch(runs).look(all::addAll);
        assertEquals(1, all.size());
        return all.get(0);
    }

    @Test
    void recordsTheRatesOfDjlsOwnOptimizer() throws Exception {
        DjlRates rates = Djl.rates(0.1);
        DjlListener listener = Djl.listener(rates).schedule(new ExponentialLR(0.5));
        Path mine = folder.resolve("mine");
        try (Model model = Nets.mlp();
                Trainer trainer = model.newTrainer(Nets.config(
                        Optimizer.sgd().setLearningRateTracker(rates).build(), listener));
                Run run = Run.create(mine)) {
            trainer.initialize(Nets.INPUT);
            listener.record(run);
            EasyTrain.fit(trainer, 3, Images.dataset(trainer.getManager(), 0, 64, 16, false), null);
        }
        List<String> table = Files.readAllLines(mine.resolve("metrics.csv"));
        assertEquals("epoch,step,lr,train_loss,seconds", table.get(0));
        assertEquals(
                List.of("1,4,0.1", "2,8,0.05", "3,12,0.025"),
                table.stream()
                        .skip(1)
                        .map(line -> String.join(",", List.of(line.split(",")).subList(0, 3)))
                        .toList());
    }

    @Test
    void saysThatItNeedsDjlsEvaluatorsBeforeIt() throws Exception {
        for (boolean behind : new boolean[] {false, true}) {
            DjlOptimizer optimizer = Djl.optimizer(new SGD(0.1));
            DjlListener listener = Djl.listener(optimizer);
            DefaultTrainingConfig config = new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                    .optOptimizer(optimizer)
                    .addTrainingListeners(listener);
            if (behind) {
                config.addTrainingListeners(TrainingListener.Defaults.basic());
            }
            try (Model model = Nets.mlp();
                    Trainer trainer = model.newTrainer(config);
                    Run run = Run.create(folder.resolve("run" + behind))) {
                trainer.initialize(Nets.INPUT);
                listener.record(run);
                assertEquals(
                        "a run needs what DJL's evaluators measure: add an EvaluatorTrainingListener, or"
                                + " TrainingListener.Defaults.basic(), to the training listeners before this one",
                        assertThrows(IllegalStateException.class, () -> Nets.step(trainer))
                                .getMessage());
            }
        }
    }

    @Test
    void startsTheEnginesRandomNumbersAnewForEachEpoch() throws Exception {
        List<float[]> weights = new ArrayList<>();
        for (int run = 0; run < 2; run++) {
            DjlOptimizer optimizer = Djl.optimizer(new SGD(0.1));
            DjlListener listener = Djl.listener(optimizer).seed(3);
            try (Model model = Nets.mlp();
                    Trainer trainer = model.newTrainer(Nets.config(optimizer, listener))) {
                trainer.initialize(Nets.INPUT);
                EasyTrain.fit(trainer, 2, Images.dataset(trainer.getManager(), 0, 64, 16, true), null);
                weights.add(Nets.weights(model));
            }
        }
        assertArrayEquals(weights.get(0), weights.get(1));
    }

    @Test
    void saysThatTheTrainerHasAnotherOptimizerOrOtherRates() throws Exception {
        checkUnused(
                "the trainer's optimizer does not read the rates of this listener: give it optLearningRateTracker(rates), or"
                        + " setLearningRateTracker(rates) if it is an Sgd",
                Djl.listener(Djl.rates(0.1)).schedule(new ExponentialLR(0.5)));
        checkUnused(
                "the trainer's optimizer is not the one of this listener: give the configuration optOptimizer(optimizer)",
                Djl.listener(Djl.optimizer(new SGD(0.1))).schedule(new ExponentialLR(0.5)));
    }

    private static void checkUnused(String message, DjlListener listener) {
        Optimizer fixed =
                Optimizer.sgd().setLearningRateTracker(Tracker.fixed(0.1f)).build();
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(model, fixed, listener)) {
            var data = Images.dataset(trainer.getManager(), 0, 32, 16, false);
            assertEquals(
                    message,
                    assertThrows(IllegalStateException.class, () -> EasyTrain.fit(trainer, 1, data, null))
                            .getMessage());
        }
    }

    @Test
    void warnsOnceOfAValidationThatDoesNotMeasureTheAverage() throws Exception {
        String warning =
                "the validation measures the weights to train, not the average or those that the rule has to evaluate:"
                        + " give EasyTrain.fit optimizer.validation(data)";
        UpdateRule scheduleFree = UpdateRule.parse("SGDScheduleFree()");
        assertEquals(List.of(warning), warnings(Djl.optimizer(new SGD(0.1)).average(Averaging.ema(0.9)), false));
        assertEquals(List.of(warning), warnings(Djl.optimizer(scheduleFree), false));
        assertEquals(List.of(), warnings(Djl.optimizer(new SGD(0.1)).average(Averaging.ema(0.9)), true));
        assertEquals(List.of(), warnings(Djl.optimizer(scheduleFree), true));
        assertEquals(List.of(), warnings(Djl.optimizer(new SGD(0.1)), false));
        // there is no average yet in these two epochs
        assertEquals(
                List.of(), warnings(Djl.optimizer(new SGD(0.1)).average(Averaging.swa(), StepPer.EPOCH, 3), false));
    }

    private static List<String> warnings(DjlOptimizer optimizer, boolean wrapped) throws Exception {
        List<String> warnings = new ArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord entry) {
                warnings.add(entry.getMessage());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger log = Logger.getLogger(DjlListener.class.getName());
        log.addHandler(handler);
        log.setUseParentHandlers(false);
        DjlListener listener = Djl.listener(optimizer);
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(model, optimizer, listener)) {
            var data = Images.dataset(trainer.getManager(), 0, 32, 16, false);
            EasyTrain.fit(trainer, 2, data, wrapped ? optimizer.validation(data) : data);
        } finally {
            log.removeHandler(handler);
            log.setUseParentHandlers(true);
        }
        return warnings;
    }

    @Test
    void takesOneSchedule() {
        DjlListener listener = Djl.listener(Djl.rates(0.1)).schedule(new ExponentialLR(0.5));
        assertEquals(
                "a schedule must be given once, but was given before: compose schedules to one by a.times(b) or a.then(step, b)",
                assertThrows(IllegalStateException.class, () -> listener.schedule(new CosineAnnealingLR(3)))
                        .getMessage());
    }

    @Test
    void thereIsOneForAnOptimizer() {
        DjlOptimizer optimizer = Djl.optimizer(new SGD(0.1));
        Djl.listener(optimizer);
        assertEquals(
                "there must be one listener for an optimizer: keep what Djl.listener returned first",
                assertThrows(IllegalStateException.class, () -> Djl.listener(optimizer))
                        .getMessage());
    }
}
