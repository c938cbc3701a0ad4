package org.anneal.examples;

import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.anneal.schedule.MultiplicativeLR;
import org.anneal.text.Python;

/** A rate that a lambda multiplies after every epoch: {@code multiplicative_lr} in Python. */
public final class MultiplicativeLRExample {
    private MultiplicativeLRExample() {}

    public static void main(String[] args) {
        LinearModel model = new LinearModel();
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new SGD(0.1), model.parameters());
        System.out.println(Python.repr(optimizer.stateDict()));
        LRScheduler scheduler = new LRScheduler(optimizer, MultiplicativeLR.of("lambda epoch: 0.95"));
        System.out.println(Python.repr(optimizer.stateDict()));
        for (int epoch = 0; epoch < 10; epoch++) {
            model.trainOneEpoch(optimizer);
            System.out.println(Python.repr(optimizer.groups().get(0).lr()));
            scheduler.step();
        }
    }
}
