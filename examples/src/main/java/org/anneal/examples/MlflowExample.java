package org.anneal.examples;

import java.io.IOException;
import java.util.Map;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.anneal.runs.ScalarLog;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.schedule.Schedule;
import org.anneal.torch.Torch;
import org.anneal.train.Trainer;
import org.anneal.train.data.DataSets;
import org.anneal.train.data.FashionMnist;
import org.anneal.train.network.TutorialNet;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Trains on the embedded Fashion-MNIST images and shows the run in MLflow. Arguments: the server's address (default: MLflow's own,
 * http://127.0.0.1:5000), the number of epochs (default: 5), and the most batches per epoch (default: all).
 */
public final class MlflowExample {
    private MlflowExample() {}

    public static void main(String[] args) throws IOException {
        String server = args.length > 0 ? args[0] : "http://127.0.0.1:5000";
        int epochs = args.length > 1 ? Integer.parseInt(args[1]) : 5;
        int limit = args.length > 2 ? Integer.parseInt(args[2]) : 625;

        DataSets images = FashionMnist.embedded();
        Torch.setNumThreads(1); // more would not speed up batches of 16
        torch.manual_seed(0);
        TutorialNet net = TutorialNet.forImages(images.train());
        SGD sgd = new SGD(0.01).withMomentum(0.9);
        Schedule schedule = new CosineAnnealingLR(epochs);
        Map<String, String> params = Map.of("optimizer", sgd.toString(), "schedule", schedule.toString());
        try (Optimizer<Tensor> optimizer = Torch.optimizer(sgd, Torch.parameters(net.module()));
                MlflowRun run = new MlflowRun(server, params)) {
            new Trainer(net, optimizer, new LRScheduler(optimizer, schedule))
                    .epochs(epochs)
                    .limit(limit)
                    .listener(new ScalarLog(optimizer, (long) epochs * limit, run))
                    .fit(images);
            run.finished();
            System.out.println("Finished Training, MLflow run " + run.id());
        }
    }
}
