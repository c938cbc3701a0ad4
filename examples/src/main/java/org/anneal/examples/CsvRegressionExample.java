package org.anneal.examples;

import java.nio.file.Path;
import org.anneal.optim.*;
import org.anneal.schedule.*;
import org.anneal.torch.*;
import org.anneal.train.*;
import org.anneal.train.data.*;
import org.anneal.train.measure.*;
import org.anneal.train.network.*;
import org.bytedeco.pytorch.Tensor;

/** A regression: {@code csv_regression.py} in Python. Arguments: a CSV file of numbers, and the column to learn. */
public final class CsvRegressionExample {
    public static void main(String[] args) throws Exception {
        DataSets data =
                CsvData.read(Path.of(args[0]), CsvOptions.target(args[1])).data();
        Torch.manualSeed(0);
        Network net = Models.of("mlp:64,64", data.train());
        try (Optimizer<Tensor> optimizer = Torch.optimizer(new AdamW(1e-3), Torch.parameters(net.module()))) {
            long steps = 20 * (data.train().size() + 31L) / 32;
            LRScheduler scheduler = new LRScheduler(optimizer, new OneCycleLR(0.01, steps));
            Trainer trainer = new Trainer(net, optimizer, scheduler).epochs(20).batchSize(32);
            trainer.loss(new MSELoss()).metric(Metric.mae());
            trainer.stepPer(StepPer.BATCH).clipGradNorm(1).fit(data).forEach(System.out::println);
        }
    }
}
