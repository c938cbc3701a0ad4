package org.anneal.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.RecursiveAction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.array.Mirror;
import org.anneal.optim.Optimizer;
import org.anneal.optim.UpdateRule;
import org.anneal.torch.Torch;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/**
 * Times {@code optimizer.step()} of both engines and of libtorch's C++ optimizers, and a loop that moves the same memory and
 * computes next to nothing; in turns, on the same parameters as {@code bench/pytorch/optimizer_step.py}.
 */
public final class OptimizerStep {
    private static final int WARMUP = 2000; // of short steps
    private static final double ROUND_MS = 60;

    private OptimizerStep() {}

    /** Arguments: {@code SGD(lr=0.001, momentum=0.9)} or the like, 62k, 11.7M or 100M, the rounds, the threads. */
    public static void main(String[] args) {
        UpdateRule rule = UpdateRule.parse(args[0]);
        List<long[]> shapes = shapes(args[1]);
        int rounds = Integer.parseInt(args[2]);
        int threads = Integer.parseInt(args[3]);
        Torch.setNumThreads(threads);

        List<FloatArray> arrays = shapes.stream().map(OptimizerStep::array).toList();
        List<Tensor> tensors = shapes.stream().map(OptimizerStep::tensor).toList();
        Map<String, Runnable> variants = new LinkedHashMap<>();
        variants.put("memory-limit", new MemoryLimit(arrays, rule.slots(1).size(), threads));
        Optimizer<FloatArray> onArrays = FloatArrays.optimizer(rule, arrays);
        variants.put("arrays", onArrays::step);
        Map<String, FloatArray> copied = new LinkedHashMap<>();
        Map<String, FloatArray> copiedGrads = new LinkedHashMap<>();
        for (long[] shape : shapes) {
            String name = "p" + copied.size();
            copied.put(name, array(shape));
            copiedGrads.put(
                    name,
                    new FloatArray(
                            values(shape, 0.001f), Arrays.stream(shape).boxed().toList()));
        }
        Mirror<FloatArray> mirror = new Mirror<>(new Copies(), rule, copied);
        variants.put("mirror", () -> {
            mirror.readGrads(copiedGrads);
            mirror.step();
        });
        Optimizer<Tensor> onTensors = Torch.optimizer(rule, tensors);
        variants.put("libtorch", () -> {
            try (PointerScope scope = new PointerScope()) {
                onTensors.step();
            }
        });
        org.bytedeco.pytorch.Optimizer cpp = cpp(rule, new TensorVector(tensors.toArray(new Tensor[0])));
        variants.put("c++", () -> {
            try (PointerScope scope = new PointerScope()) {
                cpp.step();
            }
        });

        Map<String, List<Double>> times = times(variants, rounds);
        times.forEach((name, each) -> each.forEach(ms -> System.out.printf(
                Locale.ROOT, "%s %s %s %.5f%n", rule.getClass().getSimpleName(), args[1], name, ms)));
        onArrays.close();
        mirror.close();
        onTensors.close();
    }

    /** {@return the mean time of a step in each round, in ms; the variants take turns} */
    private static Map<String, List<Double>> times(Map<String, Runnable> variants, int rounds) {
        Map<String, Integer> steps = new LinkedHashMap<>();
        Map<String, List<Double>> times = new LinkedHashMap<>();
        variants.forEach((name, step) -> {
            // Rounds long enough to be measured, and for every variant's code to be compiled.
            double once = milliseconds(step, 2);
            double ms = milliseconds(step, once > ROUND_MS ? 1 : WARMUP);
            steps.put(name, (int) Math.max(1, Math.min(1000, ROUND_MS / ms)));
            times.put(name, new ArrayList<>());
        });
        for (int round = 0; round < rounds; round++) {
            times.forEach((name, each) -> each.add(
                    milliseconds(Objects.requireNonNull(variants.get(name)), Objects.requireNonNull(steps.get(name)))));
        }
        return times;
    }

    /** {@return the mean time of {@code count} steps} */
    private static double milliseconds(Runnable step, int count) {
        long start = System.nanoTime();
        for (int i = 0; i < count; i++) {
            step.run();
        }
        return (System.nanoTime() - start) / 1e6 / count;
    }

    /** A library whose arrays are Java's, so that a mirror costs only its copies. */
    private static final class Copies implements Mirror.Library<FloatArray> {
        @Override
        public List<Long> shape(FloatArray array) {
            return array.shape();
        }

        @Override
        public void read(FloatArray array, float[] into) {
            System.arraycopy(array.values(), 0, into, 0, into.length);
        }

        @Override
        public void write(float[] from, FloatArray array) {
            System.arraycopy(from, 0, array.values(), 0, from.length);
        }
    }

    private static org.bytedeco.pytorch.Optimizer cpp(UpdateRule rule, TensorVector params) {
        return switch (rule.getClass().getSimpleName()) {
            case "SGD" -> {
                SGDOptions options = new SGDOptions(rule.lr());
                options.momentum().put(rule.momentum());
                yield new org.bytedeco.pytorch.SGD(params, options);
            }
            case "Adam" -> new org.bytedeco.pytorch.Adam(params, new AdamOptions(rule.lr()));
            case "AdamW" -> new org.bytedeco.pytorch.AdamW(params, new AdamWOptions(rule.lr()));
            default -> throw new IllegalArgumentException("rule must be SGD, Adam or AdamW, but was " + rule);
        };
    }

    /** The tutorial network; ResNet-18; 200 matrices of half a million. */
    static List<long[]> shapes(String size) {
        return switch (size) {
            case "62k" ->
                List.of(
                        new long[] {6, 3, 5, 5},
                        new long[] {6},
                        new long[] {16, 6, 5, 5},
                        new long[] {16},
                        new long[] {120, 400},
                        new long[] {120},
                        new long[] {84, 120},
                        new long[] {84},
                        new long[] {10, 84},
                        new long[] {10});
            case "11.7M" -> resNet18();
            case "100M" ->
                Stream.generate(() -> new long[] {500, 1000}).limit(200).toList();
            default -> throw new IllegalArgumentException("size must be 62k, 11.7M or 100M, but was " + size);
        };
    }

    private static List<long[]> resNet18() {
        List<long[]> shapes = new ArrayList<>();
        convolution(shapes, 64, 3, 7);
        int channels = 64;
        for (int width : new int[] {64, 128, 256, 512}) {
            for (int block = 0; block < 2; block++) {
                convolution(shapes, width, channels, 3);
                convolution(shapes, width, width, 3);
                if (channels != width) {
                    convolution(shapes, width, channels, 1);
                }
                channels = width;
            }
        }
        shapes.add(new long[] {1000, 512});
        shapes.add(new long[] {1000});
        return shapes;
    }

    /** A convolution and its batch norm. */
    private static void convolution(List<long[]> shapes, long out, long in, long kernel) {
        shapes.add(new long[] {out, in, kernel, kernel});
        shapes.add(new long[] {out});
        shapes.add(new long[] {out});
    }

    private static float[] values(long[] shape, float scale) {
        float[] values = new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (i % 37 - 18) * scale;
        }
        return values;
    }

    static FloatArray array(long[] shape) {
        FloatArray array = new FloatArray(
                values(shape, 0.01f), Arrays.stream(shape).boxed().toList());
        array.setGrad(values(shape, 0.001f));
        return array;
    }

    private static Tensor tensor(long[] shape) {
        Tensor tensor = Tensor.create(values(shape, 0.01f), shape).requires_grad_(true);
        tensor.mutable_grad().put(Tensor.create(values(shape, 0.001f), shape));
        return tensor;
    }

    /** Reads parameter, gradient and slots, writes parameter and slots. */
    private static final class MemoryLimit implements Runnable {
        private final ForkJoinPool pool;
        private final List<FloatArray> params;
        private final List<float[][]> slots;
        private final int threads;

        MemoryLimit(List<FloatArray> params, int slots, int threads) {
            this.params = params;
            this.slots = params.stream()
                    .map(param -> new float[slots][param.values().length])
                    .toList();
            this.threads = threads;
            this.pool = new ForkJoinPool(threads);
        }

        @Override
        public void run() {
            pool.invoke(new RecursiveAction() {
                @Override
                protected void compute() {
                    invokeAll(IntStream.range(0, threads).mapToObj(t -> part(t)).toList());
                }
            });
        }

        private RecursiveAction part(int thread) {
            return new RecursiveAction() {
                @Override
                protected void compute() {
                    for (int p = 0; p < params.size(); p++) {
                        float[] values = params.get(p).values();
                        float[] grads = params.get(p).grad().orElseThrow();
                        int from = (int) ((long) values.length * thread / threads);
                        int to = (int) ((long) values.length * (thread + 1) / threads);
                        float[][] kept = slots.get(p);
                        if (kept.length == 1) {
                            move(values, grads, kept[0], from, to);
                        } else {
                            move(values, grads, kept[0], kept[1], from, to);
                        }
                    }
                }
            };
        }

        private static void move(float[] p, float[] g, float[] a, int from, int to) {
            for (int i = from; i < to; i++) {
                float x = g[i];
                a[i] = a[i] + x;
                p[i] = p[i] - x;
            }
        }

        private static void move(float[] p, float[] g, float[] a, float[] b, int from, int to) {
            for (int i = from; i < to; i++) {
                float x = g[i];
                a[i] = a[i] + x;
                b[i] = b[i] + x;
                p[i] = p[i] - x;
            }
        }
    }
}
