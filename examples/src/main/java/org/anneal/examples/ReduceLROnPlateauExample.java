package org.anneal.examples;

import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.text.Python;

/** A tenth of the rate when the validation loss stops falling: {@code reduce_lr_on_plateau} in Python. */
public final class ReduceLROnPlateauExample {
    private ReduceLROnPlateauExample() {}

    public static void main(String[] args) {
        LinearModel model = new LinearModel();
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new SGD(0.1), model.parameters());
        LRScheduler scheduler = new LRScheduler(
                optimizer,
                new ReduceLROnPlateau()
                        .withMode(ReduceLROnPlateau.Mode.MIN)
                        .withFactor(0.1)
                        .withPatience(10));
        for (int epoch = 0; epoch < 30; epoch++) {
            model.trainOneEpoch(optimizer);
            double trainLoss = 1 / (0.1 * epoch + 1);
            double valLoss = 0.5 + 0.05 * Math.sin(epoch);
            double lr = optimizer.groups().get(0).lr();
            System.out.println("Epoch " + (epoch + 1) + ", Train Loss: " + Python.fixed(trainLoss, 4) + ", Val Loss: "
                    + Python.fixed(valLoss, 4) + ", Current LR: " + Python.scientific(lr, 2));
            scheduler.step(valLoss);
        }
    }
}
