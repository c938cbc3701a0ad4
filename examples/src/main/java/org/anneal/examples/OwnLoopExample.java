package org.anneal.examples;

import static org.anneal.schedule.ReduceLROnPlateau.Mode.MIN;

import java.io.IOException;
import java.nio.file.Path;
import java.util.*;
import org.anneal.optim.*;
import org.anneal.plot.*;
import org.anneal.runs.*;
import org.anneal.schedule.*;
import org.anneal.torch.*;
import org.anneal.train.*;
import org.anneal.train.measure.*;
import org.bytedeco.pytorch.Tensor;

/** A training loop of one's own, {@code own_loop.py} in Python. Argument: the run's folder; called again, it goes on. */
public final class OwnLoopExample {
    private static Network net() {
        return new Sequential(
                Layer.conv2d(1, 8, 3, 2, 1),
                Layer.batchNorm2d(8),
                Layer.relu(),
                Layer.conv2d(8, 16, 3, 2, 1),
                Layer.batchNorm2d(16),
                Layer.relu(),
                Layer.flatten(),
                Layer.linear(16 * 7 * 7, 10));
    }

    public static void main(String[] args) throws IOException {
        int epochs = 6;
        Torch.manualSeed(0);
        DataSets data = FashionMnist.embedded();
        DataLoader loader = new DataLoader(data.train(), 64).shuffled(0);
        Loss crossEntropy = new CrossEntropyLoss();
        Validation validation = new Validation(data.validation(), 250, crossEntropy, List.of(Metric.accuracy()));
        Network net = net();
        List<Tensor> body = Torch.parameters(net.module(), "0", "1", "3", "4");
        List<Tensor> head = Torch.parameters(net.module(), "7");
        Optimizer<Tensor> optimizer = Torch.optimizer(List.of(
                new ParamGroup<>("body", new AdamW(3e-3), body), new ParamGroup<>("head", new AdamW(1e-3), head)));
        Schedule cosine = new CosineAnnealingLR(epochs * loader.size() - 100L).afterWarmup(100, 0.01);
        Policy policy = cosine.times(new ReduceLROnPlateau().withFactor(0.5).withPatience(1));
        LRScheduler scheduler = new LRScheduler(optimizer, policy).stepPer(StepPer.BATCH);
        WeightAverage ema = WeightAverage.ema(net, net(), 0.99);
        TrainingState state = new TrainingState(net, optimizer, scheduler).average(ema);
        try (Run run = Run.resume(Path.of(args[0]), state.load(Path.of(args[0], "last.pt")))) {
            run.of(optimizer, scheduler).length(epochs, loader.size());
            while (run.epoch() < epochs && run.epochsSinceBest("ema_val_loss", MIN) < 3) {
                net.module().train(true);
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
        }
    }
}
