package consumer;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.anneal.optim.Adam;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.runs.RunListener;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.torch.Network;
import org.anneal.torch.Torch;
import org.anneal.train.Trainer;
import org.anneal.train.data.DataSets;
import org.anneal.train.data.Dataset;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;

/** Tells the points of two rings apart. */
final class Rings extends Network {
    private final LinearImpl hidden = register("hidden", new LinearImpl(2, 32));
    private final LinearImpl scores = register("scores", new LinearImpl(32, 2));

    @Override
    public Tensor forward(Tensor points) {
        return scores.forward(hidden.forward(points).tanh());
    }

    private static float[] onRing(int index) {
        int radius = 1 + index % 2;
        return new float[] {radius * (float) Math.cos(index), radius * (float) Math.sin(index)};
    }

    public static void main(String[] args) throws IOException {
        Dataset data = Dataset.of(1000, new long[] {2}, List.of("inner", "outer"), Rings::onRing, index -> index % 2);
        Rings network = new Rings();
        Optimizer<Tensor> adam = Torch.optimizer(new Adam(0.01), Torch.parameters(network.module()));
        Trainer trainer = new Trainer(network, adam, new LRScheduler(adam, new CosineAnnealingLR(5)));
        List<RunListener.Epoch> epochs = trainer.fit(new DataSets(data, data));
        epochs.forEach(epoch -> System.out.printf(Locale.ROOT, "%d %.6f%n", epoch.epoch(), epoch.lr().get(0)));
        RunListener.Epoch last = epochs.get(epochs.size() - 1);
        System.out.println(last.metrics().keySet() + " learnt: " + (last.metrics().get("val_accuracy") > 0.9));
    }
}
