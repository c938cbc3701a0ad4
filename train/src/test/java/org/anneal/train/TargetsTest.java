package org.anneal.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Random;
import org.anneal.optim.Adam;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.runs.RunListener;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.schedule.StepPer;
import org.anneal.torch.Torch;
import org.anneal.train.data.DataSets;
import org.anneal.train.data.Dataset;
import org.anneal.train.measure.BCEWithLogitsLoss;
import org.anneal.train.measure.HuberLoss;
import org.anneal.train.measure.Loss;
import org.anneal.train.measure.Metric;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Targets that are values: a regression, several labels at once. */
class TargetsTest {
    private static final float[][] TRUE = {{3, -2, 0, 1}, {0.5f, 0, -1, 2}}; // the weights of two outputs

    @BeforeAll
    static void oneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    private interface Target {
        float of(double value);
    }

    /** Random inputs, and for each of the true outputs, what {@code target} makes of it. */
    private static Dataset data(int size, long seed, Target target) {
        Random random = new Random(seed);
        float[][] samples = new float[size][TRUE[0].length];
        float[][] targets = new float[size][TRUE.length];
        for (int i = 0; i < size; i++) {
            for (int j = 0; j < samples[i].length; j++) {
                samples[i][j] = (float) random.nextGaussian();
            }
            for (int k = 0; k < TRUE.length; k++) {
                double value = 0.25;
                for (int j = 0; j < samples[i].length; j++) {
                    value += TRUE[k][j] * samples[i][j];
                }
                targets[i][k] = target.of(value);
            }
        }
        return Dataset.of(samples, targets);
    }

    private static LinearNet network(long outputs) {
        torch.manual_seed(1);
        return new LinearNet(4, outputs);
    }

    private static Trainer trainer(LinearNet network, Optimizer<Tensor> optimizer) {
        return new Trainer(network, optimizer, new LRScheduler(optimizer, new CosineAnnealingLR(30 * 32)))
                .stepPer(StepPer.BATCH)
                .epochs(30)
                .batchSize(16);
    }

    private static Optimizer<Tensor> adam(LinearNet network) {
        return Torch.optimizer(new Adam(0.05), Torch.parameters(network.module()));
    }

    @Test
    void aRegressionFindsTheTrueWeights() throws IOException {
        DataSets data = new DataSets(data(512, 1, value -> (float) value), data(100, 2, value -> (float) value));
        LinearNet network = network(2);
        try (Optimizer<Tensor> optimizer = adam(network)) {
            List<RunListener.Epoch> epochs = trainer(network, optimizer).fit(data);
            RunListener.Epoch last = epochs.get(29);
            assertEquals(List.of("val_loss"), List.copyOf(last.metrics().keySet()), "values have no accuracy");
            assertTrue(epochs.get(0).metric("val_loss") > 1e-2, "or the test shows nothing");
            assertTrue(last.metric("val_loss") < 1e-6, last::toString);
        }
        FloatBuffer weights = network.fc.weight().createBuffer();
        FloatBuffer bias = network.fc.bias().createBuffer();
        for (int k = 0; k < TRUE.length; k++) {
            for (int j = 0; j < TRUE[k].length; j++) {
                assertEquals(TRUE[k][j], weights.get(k * TRUE[k].length + j), 1e-2);
            }
            assertEquals(0.25, bias.get(k), 1e-2);
        }
    }

    @Test
    void aRegressionWithOutliersIsMeasuredByChoice() throws IOException {
        Random outliers = new Random(3);
        DataSets data = new DataSets(
                data(512, 1, value -> (float) value + (outliers.nextInt(20) == 0 ? 100 : 0)),
                data(100, 2, value -> (float) value));
        LinearNet network = network(2);
        try (Optimizer<Tensor> optimizer = adam(network)) {
            RunListener.Epoch last = trainer(network, optimizer)
                    .loss(new HuberLoss(0.1))
                    .metric(Metric.mae())
                    .metric(Metric.rmse())
                    .monitor("val_mae")
                    .restoreBest()
                    .fit(data)
                    .get(29);
            assertEquals(
                    List.of("val_loss", "val_mae", "val_rmse"),
                    List.copyOf(last.metrics().keySet()));
            assertTrue(last.metric("val_mae") < 0.1, last::toString);
            assertTrue(last.metric("val_rmse") >= last.metric("val_mae"), last::toString);
        }
    }

    @Test
    void severalLabelsAreLearntAtOnce() throws IOException {
        Target label = value -> value > 0 ? 1 : 0;
        DataSets data = new DataSets(data(512, 1, label), data(200, 2, label));
        LinearNet network = network(2);
        try (Optimizer<Tensor> optimizer = adam(network)) {
            List<RunListener.Epoch> epochs = trainer(network, optimizer)
                    .loss(new BCEWithLogitsLoss())
                    .metric(Metric.accuracy())
                    .monitor("val_accuracy")
                    .fit(data);
            RunListener.Epoch last = epochs.get(29);
            assertTrue(last.metric("val_accuracy") > 0.97, last::toString);
            assertTrue(last.metric("val_loss") < 0.1, last::toString);
        }
    }

    @Test
    void aLossOfOnesOwnIsTrainedOn() throws IOException {
        DataSets data = new DataSets(data(512, 1, value -> (float) value), data(100, 2, value -> (float) value));
        Loss own = (output, target) ->
                output.sub(target).abs().pow(new Scalar(1.5)).mean();
        LinearNet network = network(2);
        try (Optimizer<Tensor> optimizer = adam(network)) {
            RunListener.Epoch last =
                    trainer(network, optimizer).loss(own).fit(data).get(29);
            assertTrue(last.metric("val_loss") < 1e-4, last::toString);
        }
    }

    @Test
    void aNetworkWithTheWrongNumberOfOutputsIsRefused() {
        DataSets data = new DataSets(data(64, 1, value -> (float) value), data(64, 2, value -> (float) value));
        LinearNet network = network(1);
        try (Optimizer<Tensor> optimizer = adam(network)) {
            assertEquals(
                    "the network's output must have the targets' shape, [16, 2], but had [16, 1]",
                    assertThrows(
                                    IllegalArgumentException.class,
                                    () -> trainer(network, optimizer).fit(data))
                            .getMessage());
            assertEquals(0, optimizer.steps());
        }
    }
}
