package org.anneal.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.anneal.plot.Chart;
import org.anneal.plot.Panel;
import org.anneal.plot.Series;
import org.anneal.schedule.Python;
import org.anneal.schedule.SchedulerCall;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code anneal plot}: one picture of one or more schedules. */
@Command(
        name = "plot",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Draw one or more schedules into one picture.")
final class PlotCommand implements Callable<Integer> {
    private static final int MOST_STEPS = 10_000_000;

    @Parameters(
            paramLabel = "EXPR",
            arity = "1..*",
            description = "PyTorch's scheduler calls, such as 'StepLR(step_size=30, gamma=0.1)'")
    private List<String> expressions;

    @Mixin
    private final RunOptions options = new RunOptions();

    @Option(names = "--log", description = "a logarithmic axis for the rate")
    private boolean log;

    @Option(
            names = {"-o", "--output"},
            required = true,
            paramLabel = "FILE",
            description = "the picture, a file that ends in .png")
    private Path output;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        long steps = options.steps();
        if (steps > MOST_STEPS) {
            throw new IllegalArgumentException("--steps must be at most " + MOST_STEPS + ", but was " + steps);
        }
        if (!output.toString().endsWith(".png")) {
            throw new IllegalArgumentException("--output must end in .png, but was " + output);
        }
        List<SchedulerCall> calls = expressions.stream().map(options::parse).toList();
        List<Series> series = calls.stream()
                .flatMap(call -> series(call, (int) steps).stream())
                .toList();
        String title = calls.size() == 1 ? calls.get(0).policy().toString() : "";
        new Chart(title, "step", List.of(new Panel("learning rate", log, series))).save(output);
        spec.commandLine().getOut().println("Wrote " + output);
        return 0;
    }

    private List<Series> series(SchedulerCall call, int steps) {
        Simulation run = options.simulate(call);
        double[] lr = options.lr();
        if (run.takesMetric()) {
            throw new IllegalArgumentException(call.policy()
                    + " has no curve without metrics: anneal table --metrics FILE prints what it does with some");
        }
        double[][] rates = new double[lr.length][steps];
        for (int step = 0; step < steps; step++) {
            if (step > 0) {
                run.step();
            }
            double[] now = run.rates();
            for (int group = 0; group < now.length; group++) {
                rates[group][step] = now[group];
            }
        }
        return IntStream.range(0, lr.length)
                .mapToObj(group -> Series.perStep(label(call, group, lr), rates[group]))
                .toList();
    }

    private static String label(SchedulerCall call, int group, double[] lr) {
        return call.policy() + (lr.length == 1 ? "" : ", lr " + Python.repr(lr[group]));
    }
}
