package org.anneal.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DropoutImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class NetworkTest {
    /** Keeps no reference to its parts. */
    private static final class Nested extends Network {
        Nested() {
            register("plain", new Module("Sequential"));
            register("inner", new Sequential(Layer.linear(2, 2), Layer.dropout(0.5)).module());
        }

        @Override
        public Tensor forward(Tensor input) {
            return input;
        }
    }

    private static void collectGarbage() throws InterruptedException {
        for (int i = 0; i < 5; i++) {
            System.gc();
            Thread.sleep(50);
        }
    }

    @Test
    void keepsItsPartsWhoeverElseForgetsThem() throws InterruptedException {
        Module module = new Nested().module();
        for (boolean training : new boolean[] {false, true, false}) {
            collectGarbage();
            module.train(training);
            module.eval();
            module.train(training);
            assertEquals(training, module.is_training());
        }
        assertEquals(
                List.of("inner.0.weight", "inner.0.bias"),
                List.copyOf(Torch.namedParameters(module).keySet()));
    }

    @Test
    void aSequentialNetworkComputesStepByStepAndHasPyTorchsNames() {
        Sequential net = new Sequential(
                Layer.conv2d(1, 2, 3, 1, 1),
                Layer.batchNorm2d(2),
                Layer.relu(),
                Layer.maxPool2d(2),
                Layer.flatten(),
                Layer.linear(8, 3),
                Layer.batchNorm1d(3),
                Layer.tanh());
        assertEquals(
                List.of(
                        "0.weight",
                        "0.bias",
                        "1.weight",
                        "1.bias",
                        "1.running_mean",
                        "1.running_var",
                        "1.num_batches_tracked",
                        "5.weight",
                        "5.bias",
                        "6.weight",
                        "6.bias",
                        "6.running_mean",
                        "6.running_var",
                        "6.num_batches_tracked"),
                List.copyOf(Weights.stateDict(net.module()).keySet()));
        try (PointerScope scope = new PointerScope()) {
            Tensor output = net.forward(torch.randn(5, 1, 4, 4));
            assertEquals(List.of(5L, 3L), List.of(output.size(0), output.size(1)));
            assertTrue(output.abs().max().item_double() <= 1);
            assertTrue(Stream.of(Layers.argmax(output, 1).shape()).allMatch(shape -> shape[0] == 5));
        }
    }

    @Test
    void dropsOutInTrainingOnly() {
        DropoutImpl dropout = Layers.dropout(0.5);
        try (PointerScope scope = new PointerScope()) {
            Tensor ones = torch.ones(1000);
            assertFalse(dropout.forward(ones).equal(ones));
            dropout.train(false);
            assertTrue(dropout.forward(ones).equal(ones));
        }
    }
}
