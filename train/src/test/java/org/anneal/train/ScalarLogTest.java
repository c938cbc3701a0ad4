package org.anneal.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.Adam;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.SGD;
import org.anneal.schedule.ExponentialLR;
import org.anneal.torch.Torch;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

/** What the numbers look like in a real run, and names and steps in a folder, is TensorBoardLogTest's. */
class ScalarLogTest {
    private final Optimizer<FloatArray> optimizer = FloatArrays.optimizer(List.of(
            new ParamGroup<>("base", new Adam(0.1).withBetas(0.8, 0.9), List.of(new FloatArray(0f))),
            new ParamGroup<>("head", new Adam(0.01), List.of(new FloatArray(0f)))));

    private static TrainListener.Batch batch(int step, int batches) {
        return new TrainListener.Batch(1, step, batches, step, List.of(), Double.NaN);
    }

    @Test
    void handsOnTheNumbersOfABatchAndOfAnEpochTogether() throws IOException {
        List<String> heard = new ArrayList<>();
        ScalarLog log = new ScalarLog(optimizer, 1, (step, values) -> heard.add(step + " " + values));
        log.batch(batch(7, 9));
        log.epoch(new TrainListener.Epoch(1, 9, List.of(), 2, Double.POSITIVE_INFINITY, 0.5, 60));
        assertEquals(
                List.of(
                        "7 {batch/loss=NaN, lr/base=0.1, momentum/base=0.8, lr/head=0.01, momentum/head=0.9}",
                        "9 {epoch/train_loss=2.0, epoch/val_loss=Infinity, epoch/val_accuracy=0.5}"),
                heard);
    }

    @Test
    void stepsAreAThousandthOfTheRunApartAndTheEpochsLastIsThere() {
        List<Long> steps = new ArrayList<>();
        ScalarLog log = new ScalarLog(optimizer, 5_999, (step, values) -> steps.add(step));
        for (int i = 1; i <= 5_999; i++) {
            log.batch(batch(i, 5_999));
        }
        assertEquals(
                LongStream.concat(LongStream.rangeClosed(1, 1_199).map(i -> 5 * i), LongStream.of(5_999))
                        .boxed()
                        .toList(),
                steps);
    }

    @Test
    void whatTheSinkThrowsStopsTheRun() {
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
