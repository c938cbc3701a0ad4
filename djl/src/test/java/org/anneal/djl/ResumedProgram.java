package org.anneal.djl;

import ai.djl.Model;
import ai.djl.nn.Activation;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.Dropout;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.listener.TrainingListenerAdapter;
import java.nio.file.Path;
import org.anneal.optim.AdamW;
import org.anneal.optim.Averaging;
import org.anneal.runs.Run;
import org.anneal.schedule.OneCycleLR;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.StepPer;

/** A training as a user would write it, which can be killed at any step, and goes on where its last checkpoint was. */
final class ResumedProgram {
    private static final int EPOCHS = 3;
    private static final int BATCHES = 8;

    private ResumedProgram() {}

    /** Arguments: the run's folder, and the step at which the process dies, if it does. */
    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        int dies = args.length > 1 ? Integer.parseInt(args[1]) : -1;
        DjlOptimizer optimizer = Djl.optimizer(new AdamW(0.01))
                .group("*_{bias,gamma,beta}", new AdamW(0.02).withWeightDecay(0))
                .clipGradNorm(1)
                .average(Averaging.ema(0.9));
        DjlListener listener = Djl.listener(optimizer)
                .schedule(
                        new OneCycleLR(0.02, EPOCHS * BATCHES).times(new ReduceLROnPlateau().withPatience(0)),
                        StepPer.BATCH)
                .seed(7);
        try (Model model = Nets.model(new SequentialBlock()
                        .add(Linear.builder().setUnits(16).build())
                        .add(BatchNorm.builder().build())
                        .add(Activation::relu)
                        .add(Dropout.builder().optRate(0.3f).build())
                        .add(Linear.builder().setUnits(10).build()));
                Trainer trainer = model.newTrainer(Nets.config(optimizer, listener)
                        .addTrainingListeners(new TrainingListenerAdapter() {
                            @Override
                            public void onTrainingBatch(Trainer trainer, BatchData data) {
                                if (optimizer.driven().schedulable().steps() + 1 == dies) {
                                    Runtime.getRuntime().halt(3);
                                }
                            }
                        }))) {
            trainer.initialize(Nets.INPUT);
            try (Run run =
                    Run.resume(folder, listener.load(folder.resolve("last.pt"))).length(EPOCHS, BATCHES)) {
                listener.record(run).saveEachEpoch(folder.resolve("last.pt"));
                EasyTrain.fit(
                        trainer,
                        EPOCHS - run.epoch(),
                        Images.dataset(trainer.getManager(), 0, 128, 16, true),
                        optimizer.validation(Images.dataset(trainer.getManager(), 200, 264, 16, false)));
            }
        }
    }
}
