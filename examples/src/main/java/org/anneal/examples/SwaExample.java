package org.anneal.examples;

import java.util.List;
import org.anneal.optim.AveragedModel;
import org.anneal.optim.Averaging;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.schedule.SWALR;
import org.anneal.text.Python;
import org.anneal.torch.Network;
import org.anneal.torch.Torch;
import org.anneal.train.data.DataLoader;
import org.anneal.train.data.Dataset;
import org.bytedeco.pytorch.BatchNorm1dImpl;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Stochastic weight averaging, the loop of {@code torch.optim}'s documentation: {@code swa} in Python. */
public final class SwaExample {
    private SwaExample() {}

    private static final class Net extends Network {
        final LinearImpl hidden = register("hidden", new LinearImpl(4, 8));
        final BatchNorm1dImpl norm = register("norm", new BatchNorm1dImpl(new BatchNormOptions(8)));
        final LinearImpl scores = register("scores", new LinearImpl(8, 2));

        @Override
        public Tensor forward(Tensor input) {
            return scores.forward(norm.forward(hidden.forward(input)).relu());
        }
    }

    public static void main(String[] args) {
        Dataset waves = Dataset.of(
                64, new long[] {4}, List.of("down", "up"), SwaExample::wave, i -> Math.sin(4 * i) > 0 ? 1 : 0);
        Torch.load();
        torch.manual_seed(0);
        Net net = new Net();
        Net average = new Net();
        AveragedModel<Tensor> swa = Torch.averagedModel(net.module(), average.module(), Averaging.swa());
        try (DataLoader loader = new DataLoader(waves, 16);
                Optimizer<Tensor> optimizer = Torch.optimizer(new SGD(0.5), Torch.parameters(net.module()))) {
            LRScheduler scheduler = new LRScheduler(optimizer, new CosineAnnealingLR(20));
            int swaStart = 10;
            for (int epoch = 0; epoch < 20; epoch++) {
                double[] last = {0};
                loader.forEach(epoch, batch -> {
                    optimizer.zeroGrad();
                    Tensor loss = torch.cross_entropy_loss(net.forward(batch.inputs()), batch.targets());
                    loss.backward();
                    optimizer.step();
                    last[0] = loss.item_double();
                });
                System.out.println("Epoch " + (epoch + 1) + ", Loss: " + Python.fixed(last[0], 3) + ", Current LR: "
                        + Python.scientific(optimizer.groups().get(0).lr(), 2));
                if (epoch > swaStart) {
                    swa.update();
                }
                scheduler.step();
                if (epoch == swaStart) {
                    optimizer.rebase(); // from the rate in force to 0.05
                    scheduler = new LRScheduler(optimizer, new SWALR(0.05).withAnnealEpochs(5));
                }
            }
            Torch.updateBn(average.module(), () -> loader.forEach(0, batch -> average.forward(batch.inputs())));
        }
        average.module().train(false);
        try (DataLoader all = new DataLoader(waves, 64)) {
            all.forEach(0, batch -> {
                Tensor loss = torch.cross_entropy_loss(average.forward(batch.inputs()), batch.targets());
                System.out.println("Average of " + swa.nAveraged() + ", Loss: " + Python.fixed(loss.item_double(), 3));
            });
        }
    }

    private static float[] wave(int i) {
        float[] wave = new float[4];
        for (int j = 0; j < wave.length; j++) {
            wave[j] = (float) Math.sin(4 * i + j);
        }
        return wave;
    }
}
