package org.anneal.djl;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.util.Pair;
import java.util.ArrayList;
import java.util.List;

/** Small networks, and a trainer's loop. */
final class Nets {
    static final Shape INPUT = new Shape(16, Images.PIXELS);

    private Nets() {}

    static Model mlp() {
        return model(new SequentialBlock()
                .add(Linear.builder().setUnits(16).build())
                .add(Activation::tanh)
                .add(Linear.builder().setUnits(10).build()));
    }

    static Model withBatchNorm() {
        return model(new SequentialBlock()
                .add(Linear.builder().setUnits(16).build())
                .add(BatchNorm.builder().build())
                .add(Activation::relu)
                .add(Linear.builder().setUnits(10).build()));
    }

    static Model model(Block block) {
        Model model = Model.newInstance("net");
        model.setBlock(block);
        return model;
    }

    static DefaultTrainingConfig config(Optimizer optimizer, TrainingListener listener) {
        return new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                .optOptimizer(optimizer)
                .addTrainingListeners(TrainingListener.Defaults.basic())
                .addTrainingListeners(listener);
    }

    /** {@return a trainer of {@code model}, whose parameters have the values of parity/djl.py} */
    static Trainer trainer(Model model, Optimizer optimizer, TrainingListener listener) {
        Trainer trainer = model.newTrainer(config(optimizer, listener));
        trainer.initialize(INPUT);
        int p = 0;
        for (Pair<String, ai.djl.nn.Parameter> each : model.getBlock().getParameters()) {
            if (each.getValue().requiresGradient()) {
                NDArray array = each.getValue().getArray();
                float[] values = new float[(int) array.size()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = ((i * 11 + p * 17) % 37 - 18) / 256f;
                }
                array.toByteBuffer(true).asFloatBuffer().put(values);
                p++;
            }
        }
        return trainer;
    }

    /** {@return the losses of the steps {@code from} to {@code to}, exclusive, of 16 images each} */
    static List<Float> train(Trainer trainer, int from, int to) {
        List<Float> losses = new ArrayList<>();
        try (var manager = trainer.getManager().newSubManager()) {
            for (Batch batch :
                    Images.dataset(manager, from * 16, to * 16, 16, false).getData(manager)) {
                EasyTrain.trainBatch(trainer, batch);
                losses.add(trainer.getLoss().getAccumulator("train/all"));
                trainer.step();
                batch.close();
            }
        } catch (java.io.IOException | ai.djl.translate.TranslateException e) {
            throw new AssertionError(e);
        }
        return losses;
    }

    /** One step on the first images, whose errors are not wrapped. */
    static void step(Trainer trainer) {
        try {
            for (Batch batch :
                    Images.dataset(trainer.getManager(), 0, 16, 16, false).getData(trainer.getManager())) {
                EasyTrain.trainBatch(trainer, batch);
            }
        } catch (java.io.IOException | ai.djl.translate.TranslateException e) {
            throw new AssertionError(e);
        }
        trainer.step();
    }

    /** {@return all parameters, one after another} */
    static float[] weights(Model model) {
        List<Float> all = new ArrayList<>();
        for (Pair<String, ai.djl.nn.Parameter> each : model.getBlock().getParameters()) {
            for (float value : each.getValue().getArray().toFloatArray()) {
                all.add(value);
            }
        }
        float[] weights = new float[all.size()];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = all.get(i);
        }
        return weights;
    }
}
