package org.anneal.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.anneal.checkpoint.TensorData;
import org.anneal.optim.Optimizer;
import org.anneal.optim.RangeResult;
import org.anneal.optim.RangeTest;
import org.anneal.optim.SGD;
import org.anneal.optim.UpdateRule;
import org.anneal.torch.Torch;
import org.anneal.torch.Weights;
import org.anneal.train.data.DataLoader;
import org.anneal.train.data.Samples;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A range test leaves a training as it was: network with dropout and batch norm, shuffled batches. */
class RateFinderTest {
    private static final Samples DATA = Samples.of(64);
    private static final Samples HELD_OUT = Samples.of(100);
    private static final int BATCH_SIZE = 8;
    private static final long SEED = 3;

    @BeforeAll
    static void oneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    /** A network and its optimizer, which trains on shuffled batches. */
    private static final class Run implements AutoCloseable {
        final DropoutNet network;
        final Optimizer<Tensor> optimizer;

        Run(String rule) {
            torch.manual_seed(7);
            network = new DropoutNet();
            optimizer = Torch.optimizer(UpdateRule.parse(rule), Torch.parameters(network.module()));
        }

        /** Trains on the batches of some epochs and {@return their losses} */
        List<Double> train(int from, int to) {
            List<Double> losses = new ArrayList<>();
            network.module().train(true);
            try (DataLoader loader = new DataLoader(DATA, BATCH_SIZE).shuffled(SEED)) {
                for (int epoch = from; epoch < to; epoch++) {
                    loader.forEach(
                            epoch,
                            batch -> losses.add(optimizer.step(() -> {
                                optimizer.zeroGrad();
                                return loss(batch);
                            })));
                }
            }
            return losses;
        }

        double loss(DataLoader.Batch batch) {
            Tensor loss = torch.cross_entropy_loss(network.forward(batch.inputs()), batch.targets());
            loss.backward();
            return loss.item_double();
        }

        RangeTest test() {
            return RangeTest.over(optimizer).from(1e-3).to(1).steps(30);
        }

        RateFinder finder() {
            return new RateFinder(network).batchSize(BATCH_SIZE).seed(SEED);
        }

        Map<String, List<Float>> entries() {
            Map<String, List<Float>> entries = new LinkedHashMap<>();
            Weights.stateDict(network.module()).forEach((name, data) -> entries.put(name, floats(data)));
            return entries;
        }

        private static List<Float> floats(TensorData data) {
            List<Float> floats = new ArrayList<>();
            for (float value : data.toFloats()) {
                floats.add(value);
            }
            return floats;
        }

        @Override
        public void close() {
            optimizer.close();
        }
    }

    /** {@return the losses of 24 batches, with {@code between} after the first 8} */
    private static List<Double> losses(String rule, Consumer<Run> between) {
        try (Run run = new Run(rule)) {
            List<Double> losses = run.train(1, 2);
            between.accept(run);
            losses.addAll(run.train(2, 4));
            return losses;
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SGD(lr=0.05, momentum=0.9, weight_decay=0.01) | false | false",
                "SGD(lr=0.05, momentum=0.9, weight_decay=0.01) | false | true",
                "AdamW(lr=0.01) | false | false",
                "AdamW(lr=0.01) | true | false",
                "AdamW(lr=0.01) | true | true",
                "AdamWScheduleFree(lr=0.01) | false | false",
                "AdamWScheduleFree(lr=0.01) | false | true",
                "Prodigy() | true | false"
            })
    void leavesTheNextLossesOfATrainingToTheBitAsTheyWere(String rule, boolean fails, boolean validated) {
        List<Double> without = losses(rule, run -> {});
        assertEquals(24, without.size());
        List<Double> with = losses(rule, run -> {
            Map<String, List<Float>> was = run.entries();
            boolean[] moved = {false};
            int[] batches = {0};
            RateFinder finder = run.finder().progress(() -> {
                moved[0] |= !run.entries().equals(was);
                if (fails && ++batches[0] == 20) {
                    throw new IllegalStateException("no more");
                }
            });
            if (validated) {
                finder.validation(HELD_OUT);
            }
            if (fails) {
                assertThrows(IllegalStateException.class, () -> finder.find(run.optimizer, run.test(), DATA));
            } else {
                assertEquals(
                        30,
                        finder.find(run.optimizer, run.test().divergence(1e9), DATA)
                                .points()
                                .size());
            }
            assertTrue(moved[0]);
            assertEquals(was, run.entries());
        });
        assertEquals(without, with);
    }

    /** Without which the test above could not fail. */
    @Test
    void wouldChangeTheNextLossesIfItKeptNothingButTheOptimizer() {
        String rule = "SGD(lr=0.05)";
        List<Double> without = losses(rule, run -> {});
        List<Double> with = losses(rule, run -> {
            try (DataLoader loader = new DataLoader(DATA, BATCH_SIZE).shuffled(SEED);
                    RangeTest.Sweep sweep = run.test().start()) {
                loader.forEachWhile(1, batch -> sweep.next(() -> run.loss(batch)));
            }
        });
        assertEquals(without.subList(0, 8), with.subList(0, 8));
        assertNotEquals(without, with);
    }

    @Test
    void sweepsTheBatchesOfATrainingOverAndOver() {
        try (Run run = new Run("SGD(lr=0.05)");
                Run trained = new Run("SGD(lr=0.05)")) {
            // At a rate of nearly 0 the weights stay, so the losses are those of the untrained network.
            RangeResult found = run.finder()
                    .find(
                            run.optimizer,
                            RangeTest.over(run.optimizer).from(1e-30).to(2e-30).steps(20),
                            DATA);
            trained.optimizer.groups().get(0).setLr(0);
            List<Double> expected = trained.train(1, 4).subList(0, 20);
            assertEquals(
                    expected, found.points().stream().map(RangeTest.Point::loss).toList());
        }
    }

    @Test
    void addsTheScaledGradientsOfTheBatchesOfAnUpdate() {
        try (Run run = new Run("SGD(lr=0.05)");
                Run single = new Run("SGD(lr=0.05)")) {
            RangeResult found = run.finder()
                    .accumulate(2)
                    .find(run.optimizer, run.test().steps(4).divergence(1e9), DATA);
            double[] rates =
                    found.points().stream().mapToDouble(RangeTest.Point::rate).toArray();
            List<Double> means = new ArrayList<>();
            single.network.module().train(true);
            try (DataLoader loader = new DataLoader(DATA, BATCH_SIZE).shuffled(SEED)) {
                double[] first = {0};
                loader.forEach(1, batch -> {
                    int update = batch.index() / 2;
                    single.optimizer.groups().get(0).setLr(rates[update]);
                    if (batch.index() % 2 == 0) {
                        single.optimizer.zeroGrad();
                        first[0] = single.loss(batch);
                    } else {
                        means.add((first[0] + single.loss(batch)) / 2);
                        halveGradients(single.network);
                        single.optimizer.step();
                    }
                });
            }
            assertEquals(4, means.size());
            for (int i = 0;
                    i < 4;
                    i++) { // float32: halving before the sum or after it gives the same bits, a power of two
                assertEquals(means.get(i), found.points().get(i).loss());
            }
        }
    }

    @Test
    void measuresTheLossOfValidationAfterEachUpdateAsAnEpochsEndDoes() {
        try (Run run = new Run("SGD(lr=0.05)");
                Run single = new Run("SGD(lr=0.05)")) {
            RangeResult found = run.finder()
                    .validation(HELD_OUT)
                    .find(run.optimizer, run.test().steps(8).divergence(1e9), DATA);
            double[] rates =
                    found.points().stream().mapToDouble(RangeTest.Point::rate).toArray();
            List<Double> expected = new ArrayList<>();
            try (DataLoader loader = new DataLoader(DATA, BATCH_SIZE).shuffled(SEED);
                    DataLoader held = new DataLoader(HELD_OUT, HELD_OUT.size())) {
                loader.forEach(1, batch -> {
                    single.optimizer.groups().get(0).setLr(rates[batch.index()]);
                    single.network.module().train(true);
                    single.optimizer.zeroGrad();
                    single.loss(batch);
                    single.optimizer.step();
                    single.network.module().train(false);
                    held.forEach(
                            0,
                            all -> expected.add(
                                    torch.cross_entropy_loss(single.network.forward(all.inputs()), all.targets())
                                            .item_double()));
                });
            }
            assertEquals(8, found.points().size());
            for (int i = 0; i < 8; i++) { // float32, summed in batches of other sizes
                assertEquals(expected.get(i), found.points().get(i).loss(), 1e-6 * expected.get(i));
            }
            assertNotEquals(expected.get(0), expected.get(7), 0.01);
        }
    }

    private static void halveGradients(DropoutNet network) {
        Torch.parameters(network.module())
                .forEach(parameter -> parameter.mutable_grad().mul_(new org.bytedeco.pytorch.Scalar(0.5)));
    }

    @Test
    void putsEachLayerBackIntoItsMode() {
        try (Run run = new Run("SGD(lr=0.05)")) {
            run.network.module().train(true);
            run.network.norm.train(false);
            run.finder().find(run.optimizer, run.test(), DATA);
            assertTrue(run.network.module().is_training());
            assertFalse(run.network.norm.is_training());
        }
    }

    @Test
    void clipsTheGradientsBeforeEachUpdate() {
        try (Run run = new Run("SGD(lr=0.05)")) {
            // A norm of nearly 0 keeps the weights where they are, whatever the rate.
            List<Double> still =
                    run
                            .finder()
                            .clipGradNorm(1e-20)
                            .find(run.optimizer, run.test().steps(8), DATA)
                            .points()
                            .stream()
                            .map(RangeTest.Point::loss)
                            .toList();
            try (Run trained = new Run("SGD(lr=0)")) {
                assertEquals(trained.train(1, 2), still);
            }
        }
        try (Run run = new Run("SGD(lr=0.05)");
                Run trained = new Run("SGD(lr=0)")) {
            List<Double> still =
                    run
                            .finder()
                            .clipGradValue(1e-20)
                            .find(run.optimizer, run.test().steps(8), DATA)
                            .points()
                            .stream()
                            .map(RangeTest.Point::loss)
                            .toList();
            assertEquals(trained.train(1, 2), still);
        }
    }

    @Test
    void takesAnotherLoss() {
        try (Run run = new Run("SGD(lr=0.05)")) {
            RangeResult found = run.finder()
                    .loss((scores, labels) ->
                            torch.cross_entropy_loss(scores, labels).mul(new org.bytedeco.pytorch.Scalar(100.0)))
                    .find(
                            run.optimizer,
                            RangeTest.over(run.optimizer).from(1e-30).to(2e-30).steps(2),
                            DATA);
            assertTrue(found.points().get(0).loss() > 30, found.toString());
        }
    }

    @Test
    void refusesADrivenOptimizerBeforeItTouchesAnything() {
        try (Run run = new Run("SGD(lr=0.05)")) {
            RangeTest test = run.test();
            new org.anneal.optim.LRScheduler(run.optimizer, new org.anneal.schedule.StepLR(1));
            Map<String, List<Float>> was = run.entries();
            assertThrows(IllegalStateException.class, () -> run.finder().find(run.optimizer, test, DATA));
            assertEquals(was, run.entries());
            assertEquals(new SGD(0.05), run.optimizer.groups().get(0).rule());
        }
    }
}
