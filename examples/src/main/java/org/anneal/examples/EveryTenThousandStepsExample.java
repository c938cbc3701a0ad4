package org.anneal.examples;

import java.util.List;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.anneal.schedule.LambdaLR;
import org.anneal.text.Python;

/** Half the rate every 10,000 steps, whatever the batch size: {@code every_10000_steps} in Python. */
public final class EveryTenThousandStepsExample {
    private EveryTenThousandStepsExample() {}

    public static void main(String[] args) {
        run(32, 17);
        run(128, 65);
    }

    private static void run(int batchSize, int epochs) {
        int samples = 60_000;
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new SGD(0.1), List.of(new FloatArray(0)));
        LRScheduler scheduler = new LRScheduler(optimizer, LambdaLR.of("lambda step: 0.5 ** (step // 10000)"));
        double rate = 0.1;
        for (int epoch = 0; epoch < epochs; epoch++) {
            for (int first = 0; first < samples; first += batchSize) {
                double before = optimizer.groups().get(0).lr();
                optimizer.step();
                scheduler.step();
                rate = optimizer.groups().get(0).lr();
                if (rate != before) {
                    System.out.println("Batch size " + batchSize + ", epoch " + (epoch + 1) + ", step "
                            + optimizer.steps() + ", Current LR: " + Python.scientific(rate, 2));
                }
            }
        }
        System.out.println("Batch size " + batchSize + ", " + epochs + " epochs, " + optimizer.steps()
                + " steps, Current LR: " + Python.scientific(rate, 2));
    }
}
