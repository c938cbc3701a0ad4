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
import java.util.List;
import java.util.Locale;
import org.anneal.djl.Djl;
import org.anneal.djl.DjlListener;
import org.anneal.djl.DjlOptimizer;
import org.anneal.optim.UpdateRule;
import org.anneal.runs.Monitor;
import org.anneal.runs.Position;
import org.anneal.runs.Run;
import org.anneal.schedule.Policy;
import org.anneal.schedule.RunLength;
import org.anneal.schedule.StepPer;
import org.anneal.sweep.Sampler;
import org.anneal.sweep.Space;
import org.anneal.sweep.Sweep;
import org.anneal.sweep.SweepRecord;
import org.anneal.sweep.Trial;
import org.anneal.sweep.TrialRecord;

/**
 * Which schedule, and at which rate, for a network that DJL trains: a sweep in the program itself, kept in a folder. Prints the trials,
 * the best first. Run it again, and it goes on where it was.
 *
 * <p>Arguments: the folder for the sweep, that of the images, and perhaps the numbers of trials, epochs and images.
 */
public final class SweepInDjlExample {
    private static final int BATCH = 64;
    private static final String ACCURACY = "val_accuracy";

    private SweepInDjlExample() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        int trials = args.length > 2 ? Integer.parseInt(args[2]) : 12;
        int epochs = args.length > 3 ? Integer.parseInt(args[3]) : 5;
        int images = args.length > 4 ? Integer.parseInt(args[4]) : 10_000;
        Space space = Space.of()
                .and("optimizer", "SGD(lr={log 0.01..1}, momentum={0,0.9})")
                .either(
                        "schedule",
                        List.of("ConstantLR(1, 0)", "StepLR({1..3}, gamma=0.3)", "CosineAnnealingLR(100%)"));
        SweepRecord sweep = Sweep.over(space)
                .sampler(Sampler.SOBOL)
                .trials(trials)
                .epochs(epochs)
                .monitor(Monitor.named(ACCURACY))
                .folder(Path.of(args[0]))
                .run(trial -> train(trial, Path.of(args[1]), images));
        for (TrialRecord trial : sweep.ranked()) {
            System.out.printf(
                    Locale.ROOT, "%.4f %s %s%n", trial.value(), trial.state(), String.join(", ", texts(trial)));
        }
    }

    private static List<String> texts(TrialRecord trial) {
        return trial.settings().stream().map(setting -> setting.getValue()).toList();
    }

    private static double train(Trial trial, Path folder, int images) throws IOException, TranslateException {
        DjlOptimizer optimizer = Djl.optimizer(UpdateRule.parse(trial.text("optimizer")));
        RunLength length = RunLength.of(images, BATCH, trial.epochs());
        DjlListener listener = Djl.listener(optimizer)
                .schedule(Policy.parse(trial.text("schedule"), length), StepPer.EPOCH)
                .seed((int) trial.seed());
        DefaultTrainingConfig config = new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                .addEvaluator(new Accuracy())
                .optOptimizer(optimizer)
                .addTrainingListeners(TrainingListener.Defaults.basic())
                .addTrainingListeners(listener);
        try (Model model = Model.newInstance("trial")) {
            model.setBlock(new SequentialBlock()
                    .add(Linear.builder().setUnits(128).build())
                    .add(Activation::relu)
                    .add(Linear.builder().setUnits(10).build()));
            try (Trainer trainer = model.newTrainer(config);
                    Run run = Run.resume(trial.folder(), Position.START)) {
                trainer.initialize(new Shape(1, 28 * 28));
                ArrayDataset training = FashionMnist.of(folder, "train", images, BATCH, true, trainer.getManager());
                ArrayDataset validation = FashionMnist.of(folder, "t10k", images / 5, 500, false, trainer.getManager());
                listener.record(run.length(trial.epochs(), (images + BATCH - 1) / BATCH));
                EasyTrain.fit(trainer, trial.until(), training, validation);
                run.epochs().forEach(epoch -> trial.report(epoch.epoch(), epoch.metrics()));
                return run.epochs().get(trial.until() - 1).metric(ACCURACY);
            }
        }
    }
}
