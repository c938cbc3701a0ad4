package org.anneal.runs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.Adam;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.junit.jupiter.api.Test;

/** What the numbers look like in a real run, and names and steps in a folder, is TensorBoardLogTest's. */
class ScalarLogTest {
    private final Optimizer<FloatArray> optimizer = FloatArrays.optimizer(List.of(
            new ParamGroup<>("base", new Adam(0.1).withBetas(0.8, 0.9), List.of(new FloatArray(0f))),
            new ParamGroup<>("head", new Adam(0.01), List.of(new FloatArray(0f)))));

    private static RunListener.Batch batch(int step, int batches) {
        return new RunListener.Batch(1, step, batches, step, List.of(), Double.NaN);
    }

    @Test
    void handsOnTheNumbersOfABatchAndOfAnEpochTogether() throws IOException {
        List<String> heard = new ArrayList<>();
        ScalarLog log = new ScalarLog(optimizer, 1, (step, values) -> heard.add(step + " " + values));
        log.batch(batch(7, 9));
        log.epoch(new RunListener.Epoch(1, 9, List.of(), 2, Epochs.validation(Double.POSITIVE_INFINITY, 0.5), 60));
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
}
