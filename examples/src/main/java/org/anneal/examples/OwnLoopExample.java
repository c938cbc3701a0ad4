package org.anneal.examples;

import static org.anneal.torch.Layer.*;

import java.nio.file.Path;
import java.util.List;
import org.anneal.optim.*;
import org.anneal.runs.*;
import org.anneal.schedule.*;
import org.anneal.torch.*;
import org.anneal.train.*;
import org.anneal.train.data.*;
import org.anneal.train.measure.*;
import org.bytedeco.pytorch.Tensor;

/** A training loop of one's own, {@code own_loop.py} in Python. Argument: the run's folder; called again, it goes on. */
public final class OwnLoopExample {
    private static Network net() {
        return new Sequential(
                conv2d(1, 16, 3, 2, 1), batchNorm2d(16), relu(), maxPool2d(2), flatten(), linear(16 * 7 * 7, 10));
    }

    public static void main(String[] args) throws Exception {
        int epochs = 6;
        Torch.manualSeed(0);
        DataSets data = FashionMnist.embedded();
        DataLoader loader = new DataLoader(data.train(), 64).shuffled(0);
        Loss crossEntropy = new CrossEntropyLoss();
        Validation validation = new Validation(data.validation(), 250, crossEntropy, List.of(Metric.accuracy()));
        Network net = net();
        Optimizer<Tensor> optimizer = Torch.optimizer(List.of(
                new ParamGroup<>("body", new AdamW(3e-3), Torch.parameters(net.module(), "0", "1")),
                new ParamGroup<>("head", new AdamW(1e-3), Torch.parameters(net.module(), "5"))));
        Schedule cosine = new CosineAnnealingLR((long) epochs * loader.size() - 100).afterWarmup(100, 0.01);
        Policy policy = cosine.times(new ReduceLROnPlateau().withFactor(0.5).withPatience(1));
        LRScheduler scheduler = new LRScheduler(optimizer, policy).stepPer(StepPer.BATCH);
        WeightAverage ema = WeightAverage.ema(net, net(), 0.99);
        TrainingState state = new TrainingState(net, optimizer, scheduler).average(ema);
        try (Run run = Run.resume(Path.of(args[0]), state.load(Path.of(args[0], "last.pt")))) {
            run.of(optimizer, scheduler).length(epochs, loader.size());
            while (run.epoch() < epochs && run.epochsSinceLowest("ema_val_loss") < 3) {
                loader.forEach(run.epoch() + 1, batch -> {
                    optimizer.zeroGrad();
                    Tensor loss = crossEntropy.of(net.forward(batch.inputs()), batch.targets());
                    loss.backward();
                    optimizer.clipGradNorm(1);
                    optimizer.step();
                    ema.update();
                    run.batch(loss.item_double());
                    scheduler.batch();
                });
                RunListener.Epoch end = run.epoch(validation.measure(net, ema));
                System.out.println(end);
                scheduler.epoch(end.metric("ema_val_loss"));
                state.save(run.file("last.pt"), run.position());
            }
            RunsPicture.of(Path.of(args[0])).save(run.file("curve.png"));
        }
    }
}
