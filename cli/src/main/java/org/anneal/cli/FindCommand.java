package org.anneal.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.RangeResult;
import org.anneal.optim.RangeTest;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Schedule;
import org.anneal.text.Python;
import org.anneal.torch.Device;
import org.anneal.torch.Torch;
import org.anneal.train.DataSets;
import org.anneal.train.RateFinder;
import org.anneal.train.TutorialNet;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code anneal find}: which rate to train with. */
@Command(
        name = "find",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Find a learning rate: train on some batches while the rate grows, and read the curve of the loss.",
            "It takes the options of train, and ends with the command that trains with the suggested rate."
        })
final class FindCommand implements Callable<Integer> {
    private static final Path NO_FILE = Path.of("");

    @Option(names = "--from", paramLabel = "RATE", description = "first rate (default: ${DEFAULT-VALUE})")
    private double from = 1e-7;

    @Option(names = "--to", paramLabel = "RATE", description = "last rate (default: ${DEFAULT-VALUE})")
    private double to = 10;

    @Option(names = "--steps", paramLabel = "N", description = "number of updates (default: ${DEFAULT-VALUE})")
    private int steps = 100;

    @Option(names = "--linear", description = "let the rate grow in a line (default: exponentially)")
    private boolean linear;

    @Option(
            names = "--smoothing",
            paramLabel = "BETA",
            description = "weight of the earlier losses in the smoothed one, in [0, 1) (default: ${DEFAULT-VALUE})")
    private double smoothing = 0.98;

    @Option(
            names = "--divergence",
            paramLabel = "FACTOR",
            description = "stop once the smoothed loss is above its minimum times this (default: ${DEFAULT-VALUE})")
    private double divergence = 4;

    @Option(names = "--accumulate", paramLabel = "K", description = "batches per update (default: ${DEFAULT-VALUE})")
    private int accumulate = 1;

    @Option(
            names = "--only",
            paramLabel = "PATTERN",
            description = "let the rate of this --group alone grow, or of 'rest' (default: all, in proportion)")
    private Optional<String> only = Optional.empty();

    @Option(
            names = {"-o", "--out"},
            paramLabel = "FILE",
            description = "picture file to write, too, ending in .png or .svg")
    private Optional<Path> out = Optional.empty();

    @Option(
            names = "--size",
            paramLabel = "WxH",
            description = "size of the picture in the terminal in characters, such as 100x30")
    private Optional<String> size = Optional.empty();

    @Option(names = "--ascii", description = "draw with ASCII characters instead of braille")
    private boolean ascii;

    @Mixin
    private final TrainOptions options = new TrainOptions();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        options.check();
        out.ifPresent(file -> PictureOptions.checkName("--out", file));
        DataSets sets = TrainCommand.readData(options.data(Optional.empty()));
        TrainOptions.Chosen chosen =
                options.choose(TrainCommand.MODEL, sets, Optional.empty(), Optional.empty(), NO_FILE);
        chosen.notes().forEach(note -> Anneal.warn(spec, note));
        RangeResult found = find(chosen, sets);
        report(found, chosen);
        return found.suggestions().isEmpty() ? Anneal.FAILED : 0;
    }

    private RangeResult find(TrainOptions.Chosen chosen, DataSets sets) throws IOException {
        Device device = Device.best();
        torch.set_num_threads(chosen.config().threads());
        torch.manual_seed(chosen.config().seed());
        TutorialNet network = TutorialNet.forImages(sets.train());
        if (!device.isCpu()) {
            network.module().to(device.toTorch(), false);
        }
        ParameterGroups groups = new ParameterGroups(
                UpdateRule.parse(chosen.config().optimizer()),
                chosen.config().groups(),
                Torch.namedParameters(network.module()));
        long batches = (long) steps * accumulate;
        try (Optimizer<Tensor> optimizer = Torch.optimizer(groups.groups());
                ProgressLine progress = Anneal.progress(spec).task("find", 0, batches, "batches")) {
            AtomicLong done = new AtomicLong();
            return new RateFinder(network)
                    .batchSize(chosen.config().batchSize())
                    .seed(chosen.config().seed())
                    .device(device)
                    .accumulate(accumulate)
                    .progress(() -> progress.at(done.incrementAndGet()))
                    .find(test(optimizer), sets.train());
        }
    }

    private RangeTest test(Optimizer<Tensor> optimizer) {
        RangeTest test = RangeTest.over(optimizer)
                .from(from)
                .to(to)
                .steps(steps)
                .smoothing(smoothing)
                .divergence(divergence);
        if (linear) {
            test.linear();
        }
        only.ifPresent(name -> test.group(optimizer.group(name)));
        return test;
    }

    private void report(RangeResult found, TrainOptions.Chosen chosen) throws IOException {
        say("%s", found);
    }

    private void say(String format, Object... values) {
        spec.commandLine().getOut().println(String.format(Locale.ROOT, format, values));
    }
}
