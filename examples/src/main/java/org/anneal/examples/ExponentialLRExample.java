package org.anneal.examples;

import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.anneal.schedule.ExponentialLR;
import org.anneal.text.Python;

/** 95 % of the rate after every epoch: {@code exponential_lr} in Python. */
public final class ExponentialLRExample {
    private ExponentialLRExample() {}

    public static void main(String[] args) {
        LinearModel model = new LinearModel();
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new SGD(0.1), model.parameters());
        LRScheduler scheduler = new LRScheduler(optimizer, new ExponentialLR(0.95));
        for (int epoch = 0; epoch < 30; epoch++) {
            model.trainOneEpoch(optimizer);
            double lr = optimizer.groups().get(0).lr();
            System.out.println("Epoch " + (epoch + 1) + ", Current LR: " + Python.scientific(lr, 2));
            scheduler.step();
        }
    }
}
