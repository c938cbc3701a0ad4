package org.anneal.djl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.nn.Block;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.TrainingResult;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.ParameterTracker;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.schedule.OneCycleLR;
import org.anneal.schedule.Policy;
import org.anneal.schedule.StepLR;
import org.anneal.schedule.StepPer;
import org.junit.jupiter.api.Test;

/** Rates of DJL's own optimizers. */
class DjlRatesTest {
    /** Notes the rates that each parameter is updated with, by its name. */
    private static final class Spy implements ParameterTracker {
        final DjlRates rates;
        final Map<String, List<Float>> seen = new TreeMap<>();
        final Map<String, String> names = new HashMap<>();

        Spy(DjlRates rates) {
            this.rates = rates;
        }

        void over(Block block) {
            block.getParameters().forEach(each -> names.put(each.getValue().getId(), each.getKey()));
        }

        @Override
        public float getNewValue(String id, int update) {
            float rate = rates.getNewValue(id, update);
            seen.computeIfAbsent(names.get(id), none -> new ArrayList<>()).add(rate);
            return rate;
        }
    }

    @Test
    void groupsByTheNamesOfParametersHaveTheirOwnRates() {
        DjlRates rates = Djl.rates(0.1).group("*_bias", 0.2).group("01*weight", 0.4);
        Spy spy = new Spy(rates);
        DjlListener listener = Djl.listener(rates).schedule(new StepLR(2, 0.5), StepPer.BATCH);
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(
                        model, Optimizer.adam().optLearningRateTracker(spy).build(), listener)) {
            spy.over(model.getBlock());
            Nets.train(trainer, 0, 5);
            assertEquals(
                    Map.of(
                            "01Linear_weight", List.of(0.4f, 0.4f, 0.2f, 0.2f, 0.1f),
                            "01Linear_bias", List.of(0.2f, 0.2f, 0.1f, 0.1f, 0.05f),
                            "03Linear_weight", List.of(0.1f, 0.1f, 0.05f, 0.05f, 0.025f),
                            "03Linear_bias", List.of(0.2f, 0.2f, 0.1f, 0.1f, 0.05f)),
                    spy.seen);
            assertEquals(5, listener.scheduler().lastEpoch());
        }
    }

    @Test
    void aPlateauOnAScheduleGetsEachEpochsValidationLoss() throws Exception {
        DjlRates rates = Djl.rates(0.01);
        DjlListener listener =
                Djl.listener(rates).schedule(Policy.parse("ReduceLROnPlateau(patience=0, threshold=0.5)"));
        List<Double> losses = new ArrayList<>();
        List<Double> seen = new ArrayList<>();
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(
                        model, Optimizer.adam().optLearningRateTracker(rates).build(), listener)) {
            var data = Images.dataset(trainer.getManager(), 0, 128, 16, false);
            for (int epoch = 0; epoch < 5; epoch++) {
                seen.add(listener.scheduler().lastLr().get(0));
                EasyTrain.fit(trainer, 1, data, data);
                TrainingResult result = trainer.getTrainingResult();
                losses.add((double) result.getValidateLoss());
            }
            // PyTorch's rule by hand: better is a loss below half of the best
            double best = Double.POSITIVE_INFINITY;
            double rate = 0.01;
            for (int epoch = 0; epoch < 5; epoch++) {
                assertEquals(rate, seen.get(epoch), 1e-15, losses.toString());
                if (losses.get(epoch) < best * 0.5) {
                    best = losses.get(epoch);
                } else {
                    rate *= 0.1;
                }
            }
            assertTrue(rate < 0.01);
        }
    }

    @Test
    void aPlateauWatchesAnotherEvaluator() throws Exception {
        DjlRates rates = Djl.rates(0.01);
        DjlListener listener = Djl.listener(rates)
                .schedule(Policy.parse("ReduceLROnPlateau(mode='max', patience=0, threshold=10)"))
                .monitor("val_accuracy");
        try (Model model = Nets.mlp();
                Trainer trainer = model.newTrainer(Nets.config(
                                Optimizer.adam().optLearningRateTracker(rates).build(), listener)
                        .addEvaluator(new ai.djl.training.evaluator.Accuracy()))) {
            trainer.initialize(Nets.INPUT);
            var data = Images.dataset(trainer.getManager(), 0, 64, 16, false);
            EasyTrain.fit(trainer, 2, data, data);
            assertEquals(List.of(0.001), listener.scheduler().lastLr());
            listener.monitor("Recall");
            assertEquals(
                    "monitor must be one of [Accuracy, SoftmaxCrossEntropyLoss], or of a run's columns [val_accuracy, val_loss],"
                            + " but was Recall",
                    assertThrows(IllegalStateException.class, () -> EasyTrain.fit(trainer, 1, data, data))
                            .getMessage());
        }
    }

    @Test
    void allParametersOfAStepHaveOneRateWhateverIsThawed() throws Exception {
        DjlRates rates = Djl.rates(1);
        Spy spy = new Spy(rates);
        DjlListener listener = Djl.listener(rates).schedule(new CosineAnnealingLR(10), StepPer.BATCH);
        try (Model model = Nets.mlp()) {
            Block last = model.getBlock().getChildren().get(2).getValue();
            last.freezeParameters(true);
            try (Trainer trainer = Nets.trainer(
                    model, Optimizer.adam().optLearningRateTracker(spy).build(), listener)) {
                spy.over(model.getBlock());
                Nets.train(trainer, 0, 3);
                last.freezeParameters(false);
                for (int step = 3; step < 6; step++) {
                    spy.seen.clear();
                    Nets.train(trainer, step, step + 1);
                    Set<Float> once = new TreeSet<>();
                    spy.seen.values().forEach(once::addAll);
                    assertEquals(4, spy.seen.size());
                    assertEquals(Set.of((float) new CosineAnnealingLR(10).at(step, 1)), once);
                }
            }
        }
    }

    @Test
    void countsTheReplicasOfSeveralDevicesOnce() {
        DjlRates rates = Djl.rates(1);
        DjlListener listener = Djl.listener(rates).schedule(new StepLR(1, 0.5), StepPer.BATCH);
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(
                        model, Optimizer.sgd().setLearningRateTracker(rates).build(), listener)) {
            rates.driven().begin(trainer.getModel().getBlock(), 2);
            List<String> ids = model.getBlock().getParameters().values().stream()
                    .map(parameter -> parameter.getId())
                    .toList();
            for (int step = 0; step < 3; step++) {
                for (String id : ids) {
                    for (int device = 0; device < 2; device++) {
                        assertEquals((float) Math.pow(0.5, step), rates.getNewValue(id, 2 * step + device + 1));
                    }
                }
            }
        }
        ScheduleTracker tracker = Djl.tracker(new StepLR(1, 0.5), 1).withDevices(2);
        for (int update = 1; update <= 8; update++) {
            assertEquals(
                    update <= 2 ? 1 : update <= 4 ? 0.5f : update <= 6 ? 0.25f : 0.125f,
                    tracker.getNewValue("any", update));
        }
    }

    @Test
    void aTrackerIsSteppedPerEpochAndKeepsItsLastValue() {
        ScheduleTracker tracker = Djl.tracker(new StepLR(1, 0.5), 1).perEpoch(3);
        List<Float> rates = new ArrayList<>();
        for (int update = 1; update <= 7; update++) {
            rates.add(tracker.getNewValue(update));
        }
        assertEquals(List.of(1f, 1f, 1f, 0.5f, 0.5f, 0.5f, 0.25f), rates);
        assertEquals(1f, tracker.getNewValue(1)); // reading it changed nothing
        ScheduleTracker cycle = Djl.tracker(new OneCycleLR(1, 10), 1);
        assertEquals(cycle.getNewValue(10), cycle.getNewValue(1000));
        assertEquals(0.04f, cycle.getNewValue(0));
    }

    @Test
    void saysWhatIsWrong() throws Exception {
        assertEquals(
                "the rates do not know their network: add Djl.listener(rates) to the training listeners",
                assertThrows(IllegalStateException.class, () -> Djl.rates(1).getNewValue("id", 1))
                        .getMessage());
        assertEquals(
                "lr must be finite and >= 0, but was NaN",
                assertThrows(IllegalArgumentException.class, () -> Djl.rates(Double.NaN))
                        .getMessage());
        assertEquals(
                "devices must be at least 1, but was 0",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> Djl.tracker(new StepLR(1), 1).withDevices(0))
                        .getMessage());
        assertEquals(
                "pattern must be of a new group, but '*_bias' has one already",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> Djl.rates(1).group("*_bias", 2).group("*_bias", 3))
                        .getMessage());
        DjlRates rates = Djl.rates(0.01);
        DjlListener listener = Djl.listener(rates).schedule(new OneCycleLR(1, 10), StepPer.BATCH);
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(
                        model, Optimizer.adam().optLearningRateTracker(rates).build(), listener)) {
            assertEquals(
                    "cycle_momentum must be False under a rule without momentum or betas, but was True in"
                            + " OneCycleLR(max_lr=1.0, total_steps=10) for group 'all': write cycle_momentum=False",
                    assertThrows(IllegalArgumentException.class, () -> Nets.step(trainer))
                            .getMessage());
        }
        DjlRates plateau = Djl.rates(0.01);
        DjlListener withoutValidation = Djl.listener(plateau).schedule(Policy.parse("ReduceLROnPlateau()"));
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(
                        model, Optimizer.adam().optLearningRateTracker(plateau).build(), withoutValidation)) {
            var data = Images.dataset(trainer.getManager(), 0, 32, 16, false);
            assertEquals(
                    "a plateau needs an epoch's validation: give EasyTrain.fit a data set to validate with",
                    assertThrows(IllegalStateException.class, () -> EasyTrain.fit(trainer, 1, data, null))
                            .getMessage());
        }
    }
}
