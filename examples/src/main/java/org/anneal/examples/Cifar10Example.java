package org.anneal.examples;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.anneal.schedule.ExponentialLR;
import org.anneal.schedule.Python;
import org.anneal.torch.Torch;
import org.anneal.train.Cifar10;
import org.anneal.train.DataSets;
import org.anneal.train.RunFolder;
import org.anneal.train.TrainListener;
import org.anneal.train.Trainer;
import org.anneal.train.TutorialNet;
import org.bytedeco.pytorch.Tensor;

/**
 * PyTorch's tutorial <i>Training a Classifier</i>, with a rate that falls to 90 % after every epoch. Arguments: the folder
 * with CIFAR-10's binary files, a folder for the weights, the metrics and the drawn curve ({@code curve.png}), the number
 * of epochs (2 if not given), and the most batches of an epoch (all if not given).
 */
public final class Cifar10Example {
    private Cifar10Example() {}

    public static void main(String[] args) throws IOException {
        if (args.length < 2 || args.length > 4) {
            System.err.println("usage: Cifar10Example DATA OUTPUT [EPOCHS [LIMIT]]");
            System.exit(2);
        }
        int epochs = args.length > 2 ? Integer.parseInt(args[2]) : 2;
        int limit = args.length > 3 ? Integer.parseInt(args[3]) : Integer.MAX_VALUE;

        DataSets data = Cifar10.read(Path.of(args[0]));
        TutorialNet net = TutorialNet.forImages(data.train());
        SGD sgd = new SGD(0.001).withMomentum(0.9);
        ExponentialLR schedule = new ExponentialLR(0.9);
        try (Optimizer<Tensor> optimizer = Torch.optimizer(sgd, Torch.parameters(net.module()));
                RunFolder run = new RunFolder(Path.of(args[1]), net, sgd + ", " + schedule, 1)) {
            LRScheduler scheduler = new LRScheduler(optimizer, schedule);
            new Trainer(net, optimizer, scheduler)
                    .epochs(epochs)
                    .batchSize(4)
                    .limit(limit)
                    .listener(new RunningLoss())
                    .listener(run)
                    .fit(data);
        }
        System.out.println("Finished Training");
    }

    /** Prints the mean loss of every 2000 batches. */
    private static final class RunningLoss implements TrainListener {
        private double runningLoss;

        @Override
        public void batch(Batch batch) {
            if (batch.batch() == 1) {
                runningLoss = 0;
            }
            runningLoss += batch.loss();
            if (batch.batch() % 2000 == 0) {
                System.out.printf(
                        Locale.ROOT,
                        "[%d, %5d] loss: %s%n",
                        batch.epoch(),
                        batch.batch(),
                        Python.fixed(runningLoss / 2000, 3));
                runningLoss = 0;
            }
        }
    }
}
