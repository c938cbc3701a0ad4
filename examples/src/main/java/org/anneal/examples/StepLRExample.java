package org.anneal.examples;

import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.anneal.schedule.StepLR;
import org.anneal.text.Python;

/** A tenth of the rate every 10 epochs: {@code step_lr} in Python. */
public final class StepLRExample {
    private StepLRExample() {}

    public static void main(String[] args) {
        LinearModel model = new LinearModel();
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new SGD(0.1), model.parameters());
        LRScheduler scheduler = new LRScheduler(optimizer, new StepLR(10, 0.1));
        for (int epoch = 0; epoch < 30; epoch++) {
            model.trainOneEpoch(optimizer);
            double lr = optimizer.groups().get(0).lr();
            System.out.println("Epoch " + (epoch + 1) + ", Current LR: " + Python.scientific(lr, 2));
            scheduler.step();
        }
    }
}
