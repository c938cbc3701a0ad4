package org.anneal.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Runs what a short command runs, and shows nothing: the launcher has a JVM archive the classes that this loads, and later ones
 * start with them.
 */
final class Rehearsal {
    private static final String WARMUP =
            "SequentialLR([LinearLR(start_factor=0.1, total_iters=3), CosineAnnealingLR(T_max=7)], milestones=[3])";
    private static final String LAMBDA = "LambdaLR(lr_lambda=lambda step: 0.95 ** step)";

    private Rehearsal() {}

    public static void main(String[] args) throws IOException {
        Path folder = Files.createTempDirectory("anneal");
        Path svg = folder.resolve("curve.svg");
        Path png = folder.resolve("curve.png");
        try {
            for (List<String> command : List.of(
                    List.of("table", WARMUP, "--steps", "10"),
                    List.of("table", LAMBDA, "--steps", "10", "--format", "csv"),
                    List.of("plot", WARMUP, LAMBDA, "--steps", "10"),
                    List.of("plot", WARMUP, "--steps", "10", "-o", svg.toString()),
                    List.of("plot", WARMUP, "--steps", "10", "-o", png.toString()),
                    List.of("check", WARMUP, "--steps", "10"),
                    List.of("compare", WARMUP, LAMBDA, "--steps", "10"),
                    List.of("convert", WARMUP, "--to", "java"),
                    List.of("table", "StepLR(0)"),
                    List.of("--help"))) {
                Writer nowhere = Writer.nullWriter();
                new Anneal(System.getProperties(), System::nanoTime)
                        .run(nowhere, new PrintWriter(nowhere), command.toArray(String[]::new));
            }
        } finally {
            Files.deleteIfExists(svg);
            Files.deleteIfExists(png);
            Files.delete(folder);
        }
    }
}
