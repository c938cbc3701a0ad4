package org.anneal.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.dl4j.AnnealUpdater;
import org.anneal.optim.Adam;
import org.anneal.optim.Optimizer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;

/**
 * Times a step of Adam over a block of parameters as DL4J makes it: ND4J's own updater, ours, and ours on plain arrays. The first
 * two leave in the gradient what DL4J subtracts. Compiled only with the profile {@code dl4j}.
 */
public final class Dl4jStep {
    private Dl4jStep() {}

    /** Arguments: the number of parameters, the number of timed steps, our threads. Prints the medians in ms. */
    public static void main(String[] args) {
        int length = Integer.parseInt(args[0]);
        int steps = Integer.parseInt(args[1]);
        FloatArrays.setThreads(Integer.parseInt(args[2]));
        FloatArray array = new FloatArray(new float[length]);
        float[] grad = new float[length];
        array.setGrad(grad);
        INDArray ofTheirs = Nd4j.create(length);
        INDArray ofOurs = Nd4j.create(length);
        GradientUpdater<?> theirs = updater(new org.nd4j.linalg.learning.config.Adam(0.001), length);
        GradientUpdater<?> ours = updater(new AnnealUpdater(new Adam(0.001)), length);
        try (Optimizer<FloatArray> onArrays = FloatArrays.optimizer(new Adam(0.001), List.of(array))) {
            Map<String, Runnable> variants = new LinkedHashMap<>();
            int[] step = new int[1];
            variants.put("arrays", onArrays::step);
            variants.put("ours", () -> ours.applyUpdater(ofOurs, step[0], 0));
            variants.put("nd4j", () -> theirs.applyUpdater(ofTheirs, step[0], 0));
            Map<String, List<Double>> times = new LinkedHashMap<>();
            for (; step[0] < 2 * steps; step[0]++) {
                boolean timed = step[0] >= steps; // after as many warmup steps
                variants.forEach((name, run) -> {
                    ofTheirs.assign(0.001); // without new gradients, the moments would decay into subnormal numbers
                    ofOurs.assign(0.001);
                    Arrays.fill(grad, 0.001f);
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
                    "Adam %s %s threads %s %.5f%n",
                    args[0],
                    args[2],
                    name,
                    each.stream().sorted().toList().get(steps / 2)));
        }
    }

    private static GradientUpdater<?> updater(IUpdater config, int length) {
        return config.instantiate(Nd4j.create(1, Math.toIntExact(config.stateSize(length))), true);
    }
}
