package org.anneal.plot;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/** Draws pictures to look at: run it with a folder as the argument. */
final class Samples {
    private Samples() {}

    public static void main(String[] args) throws Exception {
        Path folder = Files.createDirectories(Path.of(args[0]));
        Series step = rates("StepLR(step_size=30, gamma=0.1)", 100, i -> 0.1 * Math.pow(0.1, Math.floorDiv(i, 30)));
        Series cosine = rates("CosineAnnealingLR(T_max=100)", 100, i -> 0.05 * (1 + Math.cos(Math.PI * i / 100)));
        Series exponential = rates("ExponentialLR(gamma=0.95)", 100, i -> 0.1 * Math.pow(0.95, i));
        Panel three = new Panel("learning rate", List.of(step, cosine, exponential));
        new Chart("Learning rates over 100 steps, from 0.1", "step", List.of(three)).save(folder.resolve("three.png"));
        new Chart("The same on a logarithmic axis", "step", List.of(new Panel("learning rate", true, three.series())))
                .save(folder.resolve("log.png"));
        String longLabel =
                "SequentialLR([LinearLR(start_factor=0.01, total_iters=500), CosineAnnealingLR(T_max=9500)], "
                        + "milestones=[500])";
        new Chart(
                        "SequentialLR, OneCycleLR, CyclicLR and two more over 10,000 steps: a long title that has to be "
                                + "broken somewhere, since it is wider than the picture",
                        "step",
                        List.of(new Panel(
                                "learning rate",
                                List.of(
                                        rates(
                                                longLabel,
                                                10_000,
                                                i -> i < 500
                                                        ? 0.1 * (0.01 + 0.99 * i / 500)
                                                        : 0.05 * (1 + Math.cos(Math.PI * (i - 500) / 9500))),
                                        rates(
                                                "CyclicLR(base_lr=0.001, max_lr=0.1, step_size_up=1000)",
                                                10_000,
                                                i -> 0.001 + 0.099 * (1 - Math.abs(i / 1000.0 % 2 - 1))),
                                        rates(
                                                longLabel.replace("500", "2000") + ".times(" + longLabel + ").times("
                                                        + longLabel + ").times(" + longLabel + ")",
                                                10_000,
                                                i -> 0.02),
                                        rates(
                                                "LambdaLR(lr_lambda=lambda step: 0.5 ** (step // 2000))",
                                                10_000,
                                                i -> 0.1 * Math.pow(0.5, Math.floorDiv(i, 2000))),
                                        rates(
                                                "ConstantLR(factor=0.5, total_iters=4000)",
                                                10_000,
                                                i -> i < 4000 ? 0.05 : 0.1)))))
                .save(folder.resolve("long.png"));
        Panel losses = new Panel(
                "loss",
                List.of(
                        Series.line(
                                "train loss", new double[] {1, 2, 3, 4, 5}, new double[] {1.92, 1.41, 1.18, 1.06, 0.99
                                }),
                        Series.line("validation loss", new double[] {1, 2, 3, 4, 5}, new double[] {
                            1.55, 1.3, 1.21, 1.12, 1.1
                        })));
        Panel rate = new Panel(
                "learning rate", List.of(Series.stairs("learning rate", new double[] {0, 1, 2, 3, 4, 5}, new double[] {
                    1e-3, 1e-3, 1e-4, 1e-4, 1e-5
                })));
        new Chart(
                        "cifar10, SGD(lr=0.001, momentum=0.9), StepLR(step_size=2, gamma=0.1)",
                        "epoch",
                        List.of(losses, rate))
                .save(folder.resolve("training.png"));
        Series[] million = IntStream.range(0, 5)
                .mapToObj(k -> rates(
                        "CyclicLR number " + k,
                        1_000_000,
                        i -> k + 0.5 * Math.sin(i / Math.pow(10, k)) + (i == 314_159 ? 0.4 : 0)))
                .toArray(Series[]::new);
        long start = System.nanoTime();
        new Chart("Five times a million steps", "step", List.of(new Panel("learning rate", Arrays.asList(million))))
                .save(folder.resolve("million.png"));
        System.out.println("five times a million points: " + (System.nanoTime() - start) / 1_000_000 + " ms");
        new Chart(
                        "One point, one step, a gap, \u03b3 = \u2212\u00bd, \u4e2d",
                        "step",
                        List.of(
                                new Panel(
                                        "one point",
                                        List.of(Series.line("one point", new double[] {2}, new double[] {0.3}))),
                                new Panel("one step", true, List.of(Series.perStep("one step", new double[] {1e-5}))),
                                new Panel("gap", List.of(Series.line("gap", new double[] {0, 1, 2, 3, 4}, new double[] {
                                    1, Double.NaN, 3, 1e305, -4
                                })))))
                .save(folder.resolve("edge.png"));
    }

    private static Series rates(String label, int steps, IntToDoubleFunction rate) {
        return Series.perStep(label, IntStream.range(0, steps).mapToDouble(rate).toArray());
    }
}
