package org.anneal.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.anneal.optim.Simulation;
import org.anneal.runs.ProgressLine;
import org.anneal.text.Python;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code anneal table}: the learning rate of every step. */
@Command(
        name = "table",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Print the learning rate of every step, as the optimizer would use it.")
final class TableCommand implements Callable<Integer> {
    private static final int ROWS_BETWEEN_LOOKS = 1024;

    @Parameters(paramLabel = "EXPR", description = SimulationOptions.EXPR)
    private String expression;

    @Mixin
    private final SimulationOptions options = new SimulationOptions();

    @Option(
            names = "--edit",
            paramLabel = "STEP:LR",
            description = "set the rate of all groups by hand just before a step, such as 20:0.05; may be repeated")
    private List<String> edits = List.of();

    @Option(
            names = "--metrics",
            paramLabel = "FILE",
            description = "file of numbers for a plateau, one per line: the metric after row 0, 1, ...")
    private Optional<Path> metrics = Optional.empty();

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "text",
            description = "text, csv or json (default: ${DEFAULT-VALUE})")
    private TableFormat format;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        Map<Long, Double> byHand = parseEdits();
        SimulationOptions.Simulated simulated = options.read(List.of(expression), note -> Anneal.warn(spec, note));
        simulated.notes().forEach(note -> Anneal.warn(spec, note));
        long steps = simulated.steps();
        Simulation run = simulated.simulation();
        byHand.forEach(run::edit);
        if (run.takesMetric()) {
            double[] metric = Metrics.read(metrics, steps - 1);
            run.metric(step -> metric[(int) step]);
        }
        PrintWriter out = spec.commandLine().getOut();
        StringBuilder row = new StringBuilder();
        boolean quiet = Anneal.hasBarAmongOutput(spec);
        int groups = simulated.run().groups().size();
        Map<String, double[]> numbers = new LinkedHashMap<>();
        simulated.drives().keySet().stream()
                .filter(name -> groups > 1 || !name.equals("momentum")) // which has a column anyhow
                .forEach(name -> numbers.put(name, new double[groups]));
        out.print(format.head(groups, numbers.keySet()));
        try (ProgressLine progress = Anneal.progress(spec).task("table", 0, steps, "rows")) {
            Optional<RuntimeException> end = run.walk(steps, step -> {
                row.setLength(0);
                numbers.forEach((name, values) -> Arrays.setAll(values, group -> run.number(group, name)));
                format.row(row, step, run.rates(), run.momentum(0), numbers);
                out.append(row);
                if (step % ROWS_BETWEEN_LOOKS == 0) {
                    if (!quiet) {
                        progress.at(step);
                    }
                    return !out.checkError(); // the disk is full, or the reader has gone
                }
                return true;
            });
            if (end.isPresent()) {
                throw end.get();
            }
        } finally {
            out.print(format.foot());
        }
        return 0;
    }

    private Map<Long, Double> parseEdits() {
        Map<Long, Double> parsed = new HashMap<>();
        for (String edit : edits) {
            String[] parts = edit.split(":", -1);
            try {
                BigInteger step = Python.parseInt(parts[0]);
                double rate = Python.parseFloat(parts[parts.length - 1]);
                if (parts.length != 2 || step.signum() < 0 || !Double.isFinite(rate)) {
                    throw new NumberFormatException();
                }
                if (step.bitLength() < Long.SIZE) { // else no run is that long
                    parsed.put(step.longValue(), rate);
                }
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(
                        "--edit must be STEP:LR, such as 20:0.05, but was '" + edit + "'", e);
            }
        }
        return parsed;
    }
}
