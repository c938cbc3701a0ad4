package org.anneal.bench;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.initializer.Initializer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.util.PairList;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.djl.Djl;
import org.anneal.djl.DjlOptimizer;
import org.anneal.optim.Adam;

/**
 * Times a step of Adam in DJL, {@code trainer.step()}: with DJL's own optimizer and with ours, which copies gradients and weights,
 * and beside these ours on plain arrays. All leave zero gradients. Compiled only with the profile {@code djl}.
 */
public final class MirrorStep {
    private MirrorStep() {}

    /** A network that is only parameters. */
    private static final class Parameters extends AbstractBlock {
        final List<Parameter> all = new ArrayList<>();

        Parameters(List<long[]> shapes) {
            for (long[] shape : shapes) {
                all.add(addParameter(Parameter.builder()
                        .setName("p" + all.size())
                        .setType(Parameter.Type.WEIGHT)
                        .optInitializer(Initializer.ONES)
                        .optShape(new Shape(shape))
                        .build()));
            }
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store, NDList inputs, boolean training, PairList<String, Object> options) {
            return inputs;
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputs) {
            return inputs;
        }
    }

    /** Arguments: 62k or 11.7M, the number of timed steps, the number of threads. Prints the medians in ms. */
    public static void main(String[] args) {
        List<long[]> shapes = OptimizerStep.shapes(args[0]);
        int steps = Integer.parseInt(args[1]);
        FloatArrays.setThreads(Integer.parseInt(args[2]));
        org.anneal.optim.Optimizer<FloatArray> onArrays = FloatArrays.optimizer(
                new Adam(0.001), shapes.stream().map(OptimizerStep::array).toList());
        DjlOptimizer ours = Djl.optimizer(new Adam(0.001));
        Optimizer djls =
                Optimizer.adam().optLearningRateTracker(Tracker.fixed(0.001f)).build();
        Parameters mirrored = new Parameters(shapes);
        Parameters own = new Parameters(shapes);
        try (Model mirroredModel = Model.newInstance("ours");
                Model ownModel = Model.newInstance("djl");
                Trainer mirroredTrainer =
                        trainer(mirroredModel, mirrored, config(ours).addTrainingListeners(Djl.listener(ours)));
                Trainer ownTrainer = trainer(ownModel, own, config(djls))) {
            Map<String, Runnable> variants = new LinkedHashMap<>();
            variants.put("arrays", onArrays::step);
            variants.put("anneal-in-djl", mirroredTrainer::step);
            variants.put("djl", ownTrainer::step);
            Map<String, List<Double>> times = new LinkedHashMap<>();
            for (int step = 0; step < 2 * steps; step++) {
                boolean timed = step >= steps; // after as many warmup steps
                variants.forEach((name, run) -> {
                    fill(own);
                    fill(mirrored);
                    long start = System.nanoTime();
                    run.run();
                    double ms = (System.nanoTime() - start) / 1e6;
                    if (timed) {
                        times.computeIfAbsent(name, none -> new ArrayList<>()).add(ms);
                    }
                });
            }
            times.forEach((name, each) -> System.out.printf(
                    Locale.ROOT,
                    "Adam %s %s %s %.5f%n",
                    args[0],
                    args[2],
                    name,
                    each.stream().sorted().toList().get(steps / 2)));
        }
        onArrays.close();
    }

    private static DefaultTrainingConfig config(Optimizer optimizer) {
        return new DefaultTrainingConfig(Loss.l2Loss()).optOptimizer(optimizer);
    }

    /** {@return a trainer whose parameters have gradients, as after a backward pass} */
    private static Trainer trainer(Model model, Parameters block, DefaultTrainingConfig config) {
        model.setBlock(block);
        Trainer trainer = model.newTrainer(config);
        trainer.initialize(new Shape(1));
        try (GradientCollector collector = trainer.newGradientCollector()) {
            block.all.forEach(
                    parameter -> collector.backward(parameter.getArray().sum()));
        }
        return trainer;
    }

    /** Without new gradients, the moments would decay into subnormal numbers, which are slower. */
    private static void fill(Parameters block) {
        block.all.forEach(parameter -> {
            try (NDArray grad = parameter.getArray().getGradient()) {
                grad.muli(0f).addi(0.001f);
            }
        });
    }
}
