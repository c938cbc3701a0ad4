package org.anneal.examples.djl;

import ai.djl.Model;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.ArrayDataset;
import ai.djl.training.evaluator.Accuracy;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.loss.Loss;
import ai.djl.translate.TranslateException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.anneal.djl.Djl;
import org.anneal.djl.DjlListener;
import org.anneal.djl.DjlOptimizer;
import org.anneal.optim.SGD;
import org.anneal.plot.Chart;
import org.anneal.plot.Panel;
import org.anneal.plot.Series;
import org.anneal.runs.Run;
import org.anneal.runs.RunListener;
import org.anneal.schedule.ConstantLR;
import org.anneal.schedule.OneCycleLR;
import org.anneal.schedule.Policy;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.StepPer;

/**
 * A fixed rate against OneCycleLR and ReduceLROnPlateau: the same network, data and seed, trained by DJL. Prints each one's
 * accuracies and draws them in schedules.png.
 *
 * <p>Arguments: the folder for the runs, that of the images, and perhaps the numbers of epochs and images.
 */
public final class SchedulesInDjlExample {
    private static final int BATCH = 64;

    private SchedulesInDjlExample() {}

    public static void main(String[] args) throws IOException, TranslateException {
        Path runs = Path.of(args[0]);
        int epochs = args.length > 2 ? Integer.parseInt(args[2]) : 10;
        int images = args.length > 3 ? Integer.parseInt(args[3]) : 10_000;
        int batches = (images + BATCH - 1) / BATCH;
        Map<String, Policy> policies = new LinkedHashMap<>();
        policies.put("fixed", new ConstantLR(1, 0));
        policies.put("one-cycle", new OneCycleLR(0.2, (long) epochs * batches));
        policies.put("plateau", new ReduceLROnPlateau().withFactor(0.3).withPatience(0));

        List<Series> rates = new ArrayList<>();
        List<Series> accuracies = new ArrayList<>();
        for (Map.Entry<String, Policy> each : policies.entrySet()) {
            List<Double> used = new ArrayList<>(); // the rate of each step
            DjlOptimizer optimizer = Djl.optimizer(new SGD(0.1).withMomentum(0.9));
            StepPer per = each.getValue() instanceof OneCycleLR ? StepPer.BATCH : StepPer.EPOCH;
            DjlListener listener =
                    Djl.listener(optimizer).schedule(each.getValue(), per).seed(1);
            DefaultTrainingConfig config = new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                    .addEvaluator(new Accuracy())
                    .optOptimizer(optimizer)
                    .addTrainingListeners(TrainingListener.Defaults.basic())
                    .addTrainingListeners(listener);
            try (Model model = Model.newInstance(each.getKey())) {
                model.setBlock(new SequentialBlock()
                        .add(Linear.builder().setUnits(128).build())
                        .add(Activation::relu)
                        .add(Linear.builder().setUnits(10).build()));
                try (Trainer trainer = model.newTrainer(config);
                        Run run = Run.create(runs.resolve(each.getKey()))) {
                    trainer.initialize(new Shape(1, 28 * 28));
                    ArrayDataset training =
                            FashionMnist.of(Path.of(args[1]), "train", images, BATCH, true, trainer.getManager());
                    ArrayDataset validation =
                            FashionMnist.of(Path.of(args[1]), "t10k", images / 5, 500, false, trainer.getManager());
                    listener.record(run.length(epochs, batches).listener(new RunListener() {
                        @Override
                        public void batch(Batch batch) {
                            used.add(batch.lr().get(0));
                        }
                    }));
                    EasyTrain.fit(trainer, epochs, training, validation);
                    double[] accuracy = run.epochs().stream()
                            .mapToDouble(epoch -> epoch.metric("val_accuracy"))
                            .toArray();
                    System.out.printf(Locale.ROOT, "%s: accuracy %.4f%n", each.getKey(), accuracy[epochs - 1]);
                    double[] lr = used.stream().mapToDouble(rate -> rate).toArray();
                    double[] steps = IntStream.range(0, lr.length)
                            .mapToDouble(step -> (double) step / batches)
                            .toArray();
                    double[] ends =
                            IntStream.rangeClosed(1, epochs).asDoubleStream().toArray();
                    rates.add(Series.line(each.getKey(), steps, lr));
                    accuracies.add(Series.line(each.getKey(), ends, accuracy));
                }
            }
        }
        new Chart(
                        "DJL under three schedules",
                        "epoch",
                        List.of(new Panel("learning rate", rates), new Panel("accuracy", accuracies)))
                .save(runs.resolve("schedules.png"));
    }
}
