package org.anneal.examples;

import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.anneal.schedule.MultiStepLR;
import org.anneal.text.Python;

/** A tenth of the rate at epochs 15 and 25: {@code multi_step_lr} in Python. */
public final class MultiStepLRExample {
    private MultiStepLRExample() {}

    public static void main(String[] args) {
        LinearModel model = new LinearModel();
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new SGD(0.1), model.parameters());
        LRScheduler scheduler =
                new LRScheduler(optimizer, MultiStepLR.of(15, 25).withGamma(0.1));
        for (int epoch = 0; epoch < 30; epoch++) {
            model.trainOneEpoch(optimizer);
            double lr = optimizer.groups().get(0).lr();
            System.out.println("Epoch " + (epoch + 1) + ", Current LR: " + Python.scientific(lr, 2));
            scheduler.step();
        }
    }
}
