package org.anneal.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.checkpoint.AtomicFile;
import org.anneal.optim.Adam;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.SGD;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Python;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.SchedulerCall;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code anneal table}: the rates of a run, step by step, as an optimizer would use them. */
@Command(
        name = "table",
        mixinStandardHelpOptions = true,
        description = "Print the learning rate of every step, as the optimizer would use it.")
final class TableCommand implements Callable<Integer> {
    enum Format {
        TEXT,
        CSV,
        JSON
    }

    @Parameters(paramLabel = "EXPR", description = "PyTorch's scheduler call, such as 'StepLR(step_size=30, gamma=0.1)'")
    private String expression = "";

    @Option(
            names = "--lr",
            split = ",",
            paramLabel = "LR",
            defaultValue = "0.1",
            description = "base rate, or several: one per group (default: ${DEFAULT-VALUE})")
    private double[] lr = {};

    @Option(names = "--steps", paramLabel = "N", defaultValue = "100", description = "rows (default: ${DEFAULT-VALUE})")
    private int steps;

    @Option(
            names = "--momentum",
            paramLabel = "M",
            defaultValue = "0.9",
            description = "the optimizer's momentum, or beta1 with --adam (default: ${DEFAULT-VALUE})")
    private double momentum;

    @Option(names = "--adam", description = "the optimizer is Adam, not SGD")
    private boolean adam;

    @Option(
            names = "--edit",
            paramLabel = "STEP:LR",
            description = "set every group's rate by hand just before a step; may be repeated")
    private List<String> edits = List.of();

    @Option(
            names = "--metrics",
            paramLabel = "FILE",
            description = "numbers for a plateau, one a line: the metric after row 0, 1, ...")
    private Optional<Path> metrics = Optional.empty();

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "text",
            description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE})")
    private Format format = Format.TEXT;

    @picocli.CommandLine.Spec
    private picocli.CommandLine.Model.CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        SchedulerCall call = SchedulerCall.parse(expression);
        Map<Integer, Double> edit = parseEdits();
        Optimizer<FloatArray> optimizer = optimizer();
        double[] metric = readMetrics(call);
        if (call.lastEpoch() != -1) {
            optimizer.rebase();
        }
        LRScheduler scheduler = new LRScheduler(optimizer, call.policy(), call.lastEpoch());
        Rows rows = new Rows(out, format, lr.length);
        for (int step = 0; step < steps && !out.checkError(); step++) {
        }
        return 0;
    }
}
