package org.anneal.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.anneal.checkpoint.TensorData;
import org.anneal.optim.AveragedModel;
import org.anneal.optim.Averaging;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The average of a network in a second one, and the statistics that it needs. */
class AveragedModelTest {
    private static final int BATCHES = 3;

    @BeforeAll
    static void useOneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    private static void train(Net net, Tensor input) {
        try (PointerScope scope = new PointerScope();
                Optimizer<Tensor> optimizer = Torch.optimizer(new SGD(0.1), Torch.parameters(net.module()))) {
            net.forward(input).square().mean().backward();
            optimizer.step();
            optimizer.zeroGrad();
        }
    }

    private static double[] read(Tensor tensor) {
        return Tensors.data(tensor).toDoubles();
    }

    @Test
    void holdsTheAverageInASecondNetworkFromTheStart() {
        Net net = new Net();
        Net average = new Net();
        AveragedModel<Tensor> swa = Torch.averagedModel(net.module(), average.module(), Averaging.swa());
        assertArrayEquals(read(net.body.weight()), read(average.body.weight()));
        double[] first = read(net.body.weight());
        swa.update();
        train(net, torch.randn(16, 4));
        swa.update();
        double[] second = read(net.body.weight());
        double[] mean = read(average.body.weight());
        for (int i = 0; i < mean.length; i++) {
            assertEquals((first[i] + second[i]) / 2, mean[i], 1e-7);
        }
        assertTrue(average.body.weight().requires_grad());
        assertTrue(average.body.weight().is_leaf());
    }

    @Test
    void refusesTheModelAsItsOwnAverage() {
        Net net = new Net();
        String message = String.valueOf(assertThrows(
                        IllegalArgumentException.class,
                        () -> Torch.averagedModel(net.module(), net.module(), Averaging.swa()))
                .getMessage());
        assertTrue(message.startsWith("averaged must be another network than model, but "), message);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void copiesBuffersUnlessTheyAreAveragedToo(boolean useBuffers) {
        for (Averaging averaging : List.of(Averaging.swa(), Averaging.ema(0.5))) {
            Net net = new Net();
            Net average = new Net();
            AveragedModel<Tensor> swa = Torch.averagedModel(net.module(), average.module(), averaging)
                    .useBuffers(useBuffers);
            assertEquals(6, swa.parameters().size());
            train(net, torch.randn(16, 4));
            swa.update();
            double[] first = read(net.norm.running_mean());
            train(net, torch.randn(16, 4));
            train(net, torch.randn(16, 4));
            swa.update();
            double[] second = read(net.norm.running_mean());
            double[] held = read(average.norm.running_mean());
            for (int i = 0; i < held.length; i++) {
                assertEquals(useBuffers ? (first[i] + second[i]) / 2 : second[i], held[i], 1e-7);
            }
            // 1 and 3 batches: 2 on average; at a second update of 1 and 4 it would be 2 again, rounded as PyTorch does
            assertEquals(useBuffers ? 2 : 3, read(average.norm.num_batches_tracked())[0]);
            train(net, torch.randn(16, 4));
            swa.update();
            assertEquals(
                    useBuffers ? (averaging.equals(Averaging.swa()) ? 2 : 3) : 4,
                    read(average.norm.num_batches_tracked())[0]);
        }
    }

    @Test
    void isSavedByTheNamesOfPyTorch() {
        Net net = new Net();
        Net average = new Net();
        AveragedModel<Tensor> swa = Torch.averagedModel(net.module(), average.module(), Averaging.swa());
        swa.update();
        Map<String, Object> dict = swa.stateDict();
        assertEquals(
                List.of(
                        "n_averaged",
                        "module.body.weight",
                        "module.body.bias",
                        "module.norm.weight",
                        "module.norm.bias",
                        "module.norm.running_mean",
                        "module.norm.running_var",
                        "module.norm.num_batches_tracked",
                        "module.head.weight",
                        "module.head.bias"),
                List.copyOf(dict.keySet()));
        Net other = new Net();
        AveragedModel<Tensor> second = Torch.averagedModel(new Net().module(), other.module(), Averaging.swa());
        second.loadStateDict(dict);
        assertEquals(1, second.nAveraged());
        assertArrayEquals(read(net.head.weight()), read(other.head.weight()));
        assertArrayEquals(
                read(net.head.weight()),
                ((TensorData) second.stateDict().getOrDefault("module.head.weight", "")).toDoubles());
    }

    @Test
    void refusesANetworkOfOtherLayers() {
        Module other = new Module("other");
        other.register_module("body", new LinearImpl(4, 8));
        assertEquals(
                "averaged must have the same layers as model, [body.weight, body.bias, norm.weight, norm.bias,"
                        + " norm.running_mean, norm.running_var, norm.num_batches_tracked, head.weight, head.bias],"
                        + " but had [body.weight, body.bias]",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> Torch.averagedModel(new Net().module(), other, Averaging.swa()))
                        .getMessage());
    }

    @Test
    void swapsNetworksForAnEvaluation() {
        Net net = new Net();
        Net average = new Net();
        AveragedModel<Tensor> swa = Torch.averagedModel(net.module(), average.module(), Averaging.swa());
        double[] first = read(net.head.weight());
        train(net, torch.randn(16, 4));
        double[] second = read(net.head.weight());
        swa.swap();
        assertArrayEquals(first, read(net.head.weight()));
        assertArrayEquals(second, read(average.head.weight()));
        swa.swap();
        assertArrayEquals(second, read(net.head.weight()));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void updatesTheStatisticsToTheMeanOverAllBatches(boolean training) {
        Net net = new Net();
        train(net, torch.randn(16, 4));
        net.module().train(training);
        Tensor data = torch.randn(8 * BATCHES, 4);
        int[] passed = {0};
        Torch.updateBn(net.module(), () -> {
            for (int batch = 0; batch < BATCHES; batch++) {
                assertTrue(net.norm.is_training());
                assertFalse(net.forward(data.narrow(0, 8L * batch, 8)).requires_grad());
                passed[0]++;
            }
        });
        assertEquals(BATCHES, passed[0]);
        assertEquals(training, net.norm.is_training());
        assertEquals(0.1, net.norm.options().momentum().get());
        assertEquals(BATCHES, read(net.norm.num_batches_tracked())[0]);
        double[] mean = new double[8];
        double[] variance = new double[8];
        for (int batch = 0; batch < BATCHES; batch++) {
            double[] rows = read(net.body.forward(data.narrow(0, 8L * batch, 8)));
            for (int c = 0; c < 8; c++) {
                double sum = 0;
                double squares = 0;
                for (int r = 0; r < 8; r++) {
                    sum += rows[8 * r + c];
                    squares += rows[8 * r + c] * rows[8 * r + c];
                }
                mean[c] += sum / 8 / BATCHES;
                variance[c] += (squares - sum * sum / 8) / 7 / BATCHES;
            }
        }
        assertArrayEquals(mean, read(net.norm.running_mean()), 1e-6);
        assertArrayEquals(variance, read(net.norm.running_var()), 1e-6);
    }

    @Test
    void updatesNormsOfImagesAndKeepsAMomentumThatIsNone() {
        Module module = new Module("images");
        BatchNormOptions options = new BatchNormOptions(3);
        options.momentum().reset();
        BatchNorm2dImpl norm = module.register_module("norm", new BatchNorm2dImpl(options));
        Tensor images = torch.randn(2, 3, 4, 4);
        Torch.updateBn(module, () -> norm.forward(images));
        assertFalse(norm.options().momentum().has_value());
        assertArrayEquals(read(images.mean(0, 2, 3)), read(norm.running_mean()), 1e-6);
    }

    @Test
    void makesNoPassWithoutABatchNormAndRestoresAfterAFailure() {
        Module module = new Module("plain");
        module.register_module("linear", new LinearImpl(4, 8));
        Torch.updateBn(module, () -> {
            throw new IllegalStateException("not to be called");
        });
        Net net = new Net();
        net.module().train(false);
        assertThrows(
                IllegalStateException.class,
                () -> Torch.updateBn(net.module(), () -> {
                    throw new IllegalStateException("no data");
                }));
        assertFalse(net.norm.is_training());
        assertEquals(0.1, net.norm.options().momentum().get());
    }
}
