package org.anneal.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.anneal.plot.Chart;
import org.anneal.plot.Panel;
import org.anneal.plot.Series;
import org.anneal.schedule.ExponentialLR;
import org.anneal.text.Python;
import org.anneal.torch.Torch;
import org.anneal.torch.Weights;
import org.anneal.train.data.Cifar10;
import org.anneal.train.data.DataLoader;
import org.anneal.train.data.Dataset;
import org.anneal.train.network.TutorialNet;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * PyTorch's tutorial <i>Training a Classifier</i>, with a rate that falls to 90 % after every epoch. Arguments: the folder with
 * CIFAR-10's binary files, a folder for the weights and the rate's curve ({@code curve.png}), the number of epochs (default: 2),
 * and the most batches per epoch (default: all).
 */
public final class Cifar10Example {
    private Cifar10Example() {}

    public static void main(String[] args) throws IOException {
        if (args.length < 2 || args.length > 4) {
            System.err.println("usage: Cifar10Example DATA OUTPUT [EPOCHS [LIMIT]]");
            System.exit(2);
        }
        Path output = Path.of(args[1]);
        int epochs = args.length > 2 ? Integer.parseInt(args[2]) : 2;
        int limit = args.length > 3 ? Integer.parseInt(args[3]) : Integer.MAX_VALUE;

        Files.createDirectories(output);

        Dataset images = Cifar10.read(Path.of(args[0])).train();
        TutorialNet net = TutorialNet.forImages(images);
        List<Double> rates = new ArrayList<>();
        try (DataLoader loader = new DataLoader(images, 4).shuffled(0);
                Optimizer<Tensor> optimizer =
                        Torch.optimizer(new SGD(0.001).withMomentum(0.9), Torch.parameters(net.module()))) {
            LRScheduler scheduler = new LRScheduler(optimizer, new ExponentialLR(0.9));
            for (int epoch = 0; epoch < epochs; epoch++) {
                RunningLoss runningLoss = new RunningLoss(epoch);
                loader.forEachWhile(epoch, batch -> {
                    optimizer.zeroGrad();
                    Tensor outputs = net.forward(batch.inputs());
                    Tensor loss = torch.cross_entropy_loss(outputs, batch.targets());
                    loss.backward();
                    optimizer.step();
                    runningLoss.add(batch.index(), loss.item_double());
                    return batch.index() + 1 < limit;
                });
                rates.add(optimizer.groups().get(0).lr());
                scheduler.step();
            }
        }
        System.out.println("Finished Training");
        Weights.save(net.module(), output.resolve("cifar_net.safetensors"));
        Series rate = Series.perStep(
                "ExponentialLR(gamma=0.9)",
                rates.stream().mapToDouble(Double::doubleValue).toArray());
        new Chart("", "epoch", List.of(new Panel("learning rate", List.of(rate)))).save(output.resolve("curve.png"));
    }

    /** Prints the mean loss of every 2000 batches. */
    private static final class RunningLoss {
        private final int epoch;
        private double sum;

        RunningLoss(int epoch) {
            this.epoch = epoch;
        }

        void add(int batch, double loss) {
            sum += loss;
            if (batch % 2000 == 1999) {
                String mean = Python.fixed(sum / 2000, 3);
                System.out.printf(Locale.ROOT, "[%d, %5d] loss: %s%n", epoch + 1, batch + 1, mean);
                sum = 0;
            }
        }
    }
}
