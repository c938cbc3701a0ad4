package org.anneal.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.anneal.checkpoint.TensorData;
import org.anneal.optim.AdamW;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.runs.Position;
import org.anneal.runs.RunListener;
import org.anneal.schedule.Policy;
import org.anneal.torch.Layer;
import org.anneal.torch.Network;
import org.anneal.torch.Sequential;
import org.anneal.torch.Torch;
import org.anneal.torch.Weights;
import org.anneal.train.measure.CrossEntropyLoss;
import org.anneal.train.measure.Loss;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A loop of one's own goes on to the same bits, with batch norm, dropout, an average and a plateau. */
class TrainingStateTest {
    @TempDir
    Path folder;

    private static final class Loop {
        final Network net = net();
        final Optimizer<Tensor> optimizer = Torch.optimizer(new AdamW(0.01), Torch.parameters(net.module()));
        final LRScheduler scheduler = new LRScheduler(
                optimizer,
                Policy.parse("ChainedScheduler([ExponentialLR(0.9), ReduceLROnPlateau(factor=0.5, patience=1)])"));
        final WeightAverage ema = WeightAverage.ema(net, net(), 0.9);
        final List<String> seen = new ArrayList<>();
        final TrainingState state =
                new TrainingState(net, optimizer, scheduler).average(ema).entry("seen", () -> seen, this::saw);
        final Loss loss = new CrossEntropyLoss();

        private static Network net() {
            return new Sequential(
                    Layer.linear(4, 8), Layer.batchNorm1d(8), Layer.relu(), Layer.dropout(0.5), Layer.linear(8, 2));
        }

        private void saw(Object value) {
            seen.clear();
            ((List<?>) value).forEach(each -> seen.add(String.valueOf(each)));
        }

        void epoch(int epoch) {
            try (PointerScope scope = new PointerScope()) {
                Tensor inputs = torch.randn(16, 4);
                Tensor targets = inputs.select(1, 0).gt(new Scalar(0.0)).to(torch.ScalarType.Long);
                optimizer.zeroGrad();
                Tensor value = loss.of(net.forward(inputs), targets);
                value.backward();
                optimizer.step();
                ema.update();
                seen.add(epoch + " " + value.item_double() + " " + scheduler.lastLr());
                scheduler.epoch(value.item_double());
            }
        }
    }

    @Test
    void goesOnToTheSameBits() throws IOException {
        Torch.manualSeed(3);
        Loop loop = new Loop();
        Path file = folder.resolve("last.pt");
        for (int epoch = 1; epoch <= 4; epoch++) {
            loop.epoch(epoch);
        }
        RunListener.Epoch row = new RunListener.Epoch(4, 4, List.of(0.01), 0.5, Map.of("val_loss", 0.25), 1);
        Position position = new Position(4, 2, 6, 1.5, 0.5, List.of(row));
        loop.state.save(file, position);
        for (int epoch = 5; epoch <= 8; epoch++) {
            loop.epoch(epoch);
        }
        Torch.manualSeed(99);
        Loop other = new Loop();
        assertEquals(position, other.state.load(file));
        for (int epoch = 5; epoch <= 8; epoch++) {
            other.epoch(epoch);
        }
        assertEquals(loop.seen, other.seen);
        assertSame(loop.net, other.net);
        assertSame(loop.ema.network(), other.ema.network());
    }

    private static void assertSame(Network first, Network second) {
        Map<String, TensorData> expected = Weights.stateDict(second.module());
        Weights.stateDict(first.module())
                .forEach((name, data) -> assertArrayEquals(
                        Objects.requireNonNull(expected.get(name)).toDoubles(), data.toDoubles(), name));
    }

    @Test
    void beginsWhereThereIsNoFileAndRefusesAnother() throws IOException {
        Loop loop = new Loop();
        Path file = folder.resolve("last.pt");
        assertEquals(Position.START, loop.state.load(file));
        loop.state.save(file, Position.START);
        assertEquals(
                file + " has no entry best",
                assertThrows(
                                IOException.class,
                                () -> new Loop()
                                        .state
                                        .entry("best", () -> 1L, value -> {})
                                        .load(file))
                        .getMessage());
        assertEquals(
                file + ": it has no average swa",
                assertThrows(
                                IOException.class,
                                () -> new Loop()
                                        .state
                                        .average("swa", loop.ema.model())
                                        .load(file))
                        .getMessage());
    }
}
