package org.anneal.bench;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.tracker.Tracker;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.array.Mirror;
import org.anneal.optim.Adam;
import org.anneal.optim.Optimizer;

/**
 * Times a step of Adam over DJL's arrays: DJL's own, ours through a mirror, copies included, and ours on plain arrays. The first two
 * take the gradients from DJL and leave zeros, as DJL's optimizers do. Compiled only with the profile {@code djl}.
 */
public final class MirrorStep {
    private MirrorStep() {}

    private static final class NDArrays implements Mirror.Library<NDArray> {
        @Override
        public List<Long> shape(NDArray array) {
            return Arrays.stream(array.getShape().getShape()).boxed().toList();
        }

        @Override
        public void read(NDArray array, float[] into) {
            array.toByteBuffer(true).asFloatBuffer().get(into);
        }

        @Override
        public void write(float[] from, NDArray array) {
            array.toByteBuffer(true).asFloatBuffer().put(from);
        }
    }

    /** Arguments: 62k or 11.7M, the number of timed steps. Prints the medians in ms. */
    public static void main(String[] args) {
        List<long[]> shapes = OptimizerStep.shapes(args[0]);
        int steps = Integer.parseInt(args[1]);
        FloatArrays.setThreads(1);
        List<FloatArray> arrays = shapes.stream().map(OptimizerStep::array).toList();
        try (NDManager manager = NDManager.newBaseManager();
                Optimizer<FloatArray> onArrays = FloatArrays.optimizer(new Adam(0.001), arrays)) {
            Map<String, NDArray> own = parameters(manager, shapes);
            Map<String, NDArray> mirrored = parameters(manager, shapes);
            ai.djl.training.optimizer.Adam adam = ai.djl.training.optimizer.Adam.builder()
                    .optLearningRateTracker(Tracker.fixed(0.001f))
                    .build();
            Mirror<NDArray> mirror = new Mirror<>(new NDArrays(), new Adam(0.001), mirrored);
            Map<String, Runnable> variants = new LinkedHashMap<>();
            variants.put("arrays", onArrays::step);
            variants.put("mirror", () -> {
                mirrored.forEach((name, param) -> {
                    try (NDArray grad = param.getGradient()) {
                        mirror.readGrad(name, grad);
                        grad.muli(0f);
                    }
                });
                mirror.step();
            });
            variants.put(
                    "djl",
                    () -> own.forEach((name, param) -> {
                        try (NDArray grad = param.getGradient()) {
                            adam.update(name, param, grad);
                        }
                    }));
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
                    "Adam %s %s %.5f%n",
                    args[0],
                    name,
                    each.stream().sorted().toList().get(steps / 2)));
            mirror.close();
        }
    }

    /** {@return parameters with gradients, as after a backward pass} */
    private static Map<String, NDArray> parameters(NDManager manager, List<long[]> shapes) {
        Map<String, NDArray> params = new LinkedHashMap<>();
        IntStream.range(0, shapes.size()).forEach(i -> {
            FloatArray array = OptimizerStep.array(shapes.get(i));
            params.put("p" + i, manager.create(array.values(), new Shape(shapes.get(i))));
        });
        params.values().forEach(param -> param.setRequiresGradient(true));
        try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            params.values().forEach(param -> collector.backward(param.sum()));
        }
        return params;
    }

    /** Without new gradients, the moments would decay into subnormal numbers, which are slower. */
    private static void fill(Map<String, NDArray> params) {
        params.values().forEach(param -> {
            try (NDArray grad = param.getGradient()) {
                grad.muli(0f).addi(0.001f);
            }
        });
    }
}
