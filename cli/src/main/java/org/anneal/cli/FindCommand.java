package org.anneal.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.RangeResult;
import org.anneal.optim.RangeTest;
import org.anneal.optim.SGD;
import org.anneal.optim.UpdateRule;
import org.anneal.plot.Chart;
import org.anneal.plot.RangePlot;
import org.anneal.runs.ProgressLine;
import org.anneal.runs.RunConfig;
import org.anneal.schedule.Schedule;
import org.anneal.text.Python;
import org.anneal.torch.Device;
import org.anneal.torch.Network;
import org.anneal.torch.Torch;
import org.anneal.train.RateFinder;
import org.anneal.train.data.DataSets;
import org.anneal.train.data.Dataset;
import org.anneal.web.LiveRangeTest;
import org.bytedeco.pytorch.Tensor;
import picocli.CommandLine;
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
    /** With fewer, the losses of small batches differ by chance more than by the rate. */
    private static final int SAMPLES = 6400;

    private static final int LEAST_STEPS = 200;
    private static final int VALIDATED = 512;
    private static final long VALIDATED_SEED = 0; // the same samples, whatever the run's seed
    private static final Path NO_FILE = Path.of("");
    /** The options that are for the search alone, or that have rates. */
    private static final Set<String> REPLACED = Set.of(
            "--optimizer",
            "--group",
            "--from",
            "--to",
            "--steps",
            "--linear",
            "--smoothing",
            "--divergence",
            "--only",
            "--validate",
            "--serve",
            "--out",
            "--size",
            "--ascii");

    @Option(names = "--from", paramLabel = "RATE", description = "first rate (default: ${DEFAULT-VALUE})")
    private double from = 1e-7;

    @Option(names = "--to", paramLabel = "RATE", description = "last rate (default: ${DEFAULT-VALUE})")
    private double to = 10;

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "number of updates (default: for " + SAMPLES + " samples, but at least " + LEAST_STEPS + ")")
    private Optional<Integer> steps = Optional.empty();

    @Option(names = "--linear", description = "let the rate grow in a line (default: exponentially)")
    private boolean linear;

    @Option(
            names = "--smoothing",
            paramLabel = "BETA",
            description = "weight of the earlier losses in the smoothed one, in [0, 1) (default: 1 - 2 / steps)")
    private Optional<Double> smoothing = Optional.empty();

    @Option(
            names = "--divergence",
            paramLabel = "FACTOR",
            description = "stop once the smoothed loss is above its minimum times this (default: ${DEFAULT-VALUE})")
    private double divergence = 4;

    @Option(
            names = "--only",
            paramLabel = "PATTERN",
            description = "let the rate of this --group alone grow, or of 'rest' (default: all, in proportion)")
    private Optional<String> only = Optional.empty();

    @Option(
            names = "--validate",
            paramLabel = "N",
            arity = "0..1",
            fallbackValue = "" + VALIDATED,
            description =
                    "draw the loss of N validation samples, measured after each update, instead of the batches' own:"
                            + " smoother and slower (default without N: ${FALLBACK-VALUE}, at most all)")
    private Optional<Integer> validate = Optional.empty();

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

    @Option(
            names = "--serve",
            paramLabel = "PORT",
            arity = "0..1",
            fallbackValue = "" + ServeCommand.PORT,
            description = "show the curve as it grows, and what it suggests, in a browser until Ctrl-C (default port:"
                    + " ${FALLBACK-VALUE})")
    private Optional<Integer> serve = Optional.empty();

    @Mixin
    private final TrainOptions options = new TrainOptions();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        options.check();
        options.checkOneSchedule("to find a rate");
        if (only.isPresent() && options.hasLayerDecay()) {
            throw new IllegalArgumentException(
                    "--only must be left out with --layer-decay, which ties the rates of all layers");
        }
        validate.ifPresent(n -> Anneal.atLeastOne("--validate", n));
        serve.ifPresent(port -> ServeCommand.checkPort("--serve", port));
        checkSweep();
        out.ifPresent(file -> PictureOptions.checkName("--out", file));
        Optional<RunConfig> given = options.config();
        DataOptions.Read data = options.read(given, NO_FILE, DataOptions::read);
        Optional<UpdateRule> rule = given.map(RunConfig::optimizer).map(UpdateRule::parse);
        TrainOptions.Chosen chosen = options.choose(data, given, rule, NO_FILE);
        chosen.notes().forEach(note -> Anneal.warn(spec, note));
        if (UpdateRule.parse(chosen.config().optimizer()).needsClosure()) {
            throw new IllegalArgumentException("--optimizer must take one step a batch, but was "
                    + chosen.config().optimizer());
        }
        Optional<Dataset> validation = validate.map(samples -> some(data.sets().validation(), samples));
        LiveRangeTest live =
                new LiveRangeTest(title(chosen, validation), lossLabel(), from, to, updates(chosen), linear);
        RangeResult found;
        try (LivePage page = LivePage.start(live, serve)) {
            page.introduce("search", spec.commandLine().getOut());
            found = find(chosen, data.sets().train(), validation, live);
            report(found, chosen, title(chosen, validation));
            live.end(found, outcome(found, chosen), notes(found, chosen), line(found, chosen.config()));
            page.stay(spec.commandLine().getOut());
        }
        return found.suggestions().isEmpty() ? Anneal.FAILED : 0;
    }

    /** Refuses a sweep that cannot be made, before the data is read. */
    private void checkSweep() {
        try (Optimizer<FloatArray> any = FloatArrays.optimizer(new SGD(1), List.of(new FloatArray(1f)))) {
            test(any, steps.orElse(LEAST_STEPS)).start().close();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--" + e.getMessage(), e);
        }
    }

    /** {@return so many samples, drawn at random, as a folder of images has them by class} */
    private static Dataset some(Dataset data, int samples) {
        return samples >= data.size()
                ? data
                : DataSets.split(data, (double) samples / data.size(), VALIDATED_SEED)
                        .validation();
    }

    private RangeResult find(
            TrainOptions.Chosen chosen, Dataset data, Optional<Dataset> validation, LiveRangeTest live) {
        Device device = Device.best();
        Torch.setNumThreads(chosen.config().threads());
        Torch.manualSeed(chosen.config().seed());
        Network network = DataOptions.network(chosen.config().model(), data);
        if (!device.isCpu()) {
            network.module().to(device.toTorch(), false);
        }
        ParameterGroups groups = new ParameterGroups(
                UpdateRule.parse(chosen.config().optimizer()),
                chosen.config().groups(),
                Torch.namedParameters(network.module()));
        int updates = updates(chosen);
        long batches = (long) updates * accumulated(chosen);
        try (Optimizer<Tensor> optimizer = Torch.optimizer(groups.groups());
                ProgressLine progress = Anneal.progress(spec).task("find", 0, batches, "batches")) {
            RangeTest test = test(optimizer, updates).listener(live::add);
            only.map(name -> group(optimizer, name)).ifPresent(test::group);
            AtomicLong done = new AtomicLong();
            RateFinder finder = new RateFinder(network)
                    .batchSize(chosen.config().batchSize())
                    .seed(chosen.config().seed())
                    .device(device)
                    .loading(loader -> options.loading(loader, chosen.config()))
                    .progress(() -> progress.at(done.incrementAndGet()));
            validation.ifPresent(finder::validation);
            TaskOptions.set(finder, chosen.config().more());
            return finder.find(optimizer, test, data);
        }
    }

    private static ParamGroup<?> group(Optimizer<Tensor> optimizer, String name) {
        return optimizer.groups().stream()
                .filter(group -> group.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("--only must be one of "
                        + optimizer.groups().stream().map(ParamGroup::name).toList() + ", but was " + name));
    }

    private static int accumulated(TrainOptions.Chosen chosen) {
        return RunConfig.accumulated(chosen.config().more());
    }

    private int updates(TrainOptions.Chosen chosen) {
        long samples = (long) chosen.config().batchSize() * accumulated(chosen);
        return steps.orElse((int) Math.max(LEAST_STEPS, (SAMPLES + samples - 1) / samples));
    }

    private RangeTest test(Optimizer<?> optimizer, int updates) {
        RangeTest test =
                RangeTest.over(optimizer).from(from).to(to).steps(updates).divergence(divergence);
        smoothing.ifPresent(test::smoothing);
        if (linear) {
            test.linear();
        }
        return test;
    }

    private String title(TrainOptions.Chosen chosen, Optional<Dataset> validation) {
        return chosen.config().optimizer() + ", batches of "
                + chosen.config().batchSize() + (accumulated(chosen) == 1 ? "" : " x " + accumulated(chosen))
                + validation
                        .map(held -> String.format(Locale.ROOT, ", loss of %,d validation samples", held.size()))
                        .orElse("");
    }

    private String lossLabel() {
        return validate.isPresent() ? "validation loss" : "loss";
    }

    private void report(RangeResult found, TrainOptions.Chosen chosen, String title) throws IOException {
        Chart chart = RangePlot.of(found, title, lossLabel(), linear);
        spec.commandLine()
                .getOut()
                .print(chart.text(PictureOptions.terminal(size, ascii, Anneal.screen(spec), System.getenv())));
        if (out.isPresent()) {
            chart.save(out.get());
            say("Wrote %s", out.get());
        }
        say("%s", outcome(found, chosen));
        for (RangeResult.Suggestion each : found.suggestions()) {
            say(
                    "%-10s  %-9s  %s %s",
                    each.rule(), Python.repr(each.rounded()), lossLabel(), Python.fixed(each.loss(), 4));
        }
        notes(found, chosen).forEach(note -> say("Note: %s", note));
        if (!found.suggestions().isEmpty()) {
            say("%s", line(found, chosen.config()));
        }
    }

    private String outcome(RangeResult found, TrainOptions.Chosen chosen) {
        return String.format(
                Locale.ROOT,
                "%d of %d updates, from %s to %s: %s",
                found.points().size(),
                updates(chosen),
                rate(found, 0),
                rate(found, -1),
                end(found));
    }

    private static List<String> notes(RangeResult found, TrainOptions.Chosen chosen) {
        List<String> notes = new ArrayList<>(found.note().stream().toList());
        if (!found.suggestions().isEmpty()
                && chosen.call().policy() instanceof Schedule schedule
                && schedule.at(0, 1) == schedule.at(0, 2)) {
            notes.add(schedule + " sets the rates itself, whatever the optimizer's: put the rate there");
        }
        return notes;
    }

    private static String rate(RangeResult found, int at) {
        List<RangeTest.Point> points = found.points();
        return Python.repr(points.get(Math.floorMod(at, points.size())).rounded());
    }

    private static String end(RangeResult found) {
        return switch (found.ended()) {
            case COMPLETED -> "completed";
            case DIVERGED -> "the loss diverged";
            case NOT_FINITE -> "the loss is not finite";
        };
    }

    /**
     * {@return the command that trains at the rate to try first, if there is one: the options as they were given, but for those that
     * have rates}
     */
    private String line(RangeResult result, RunConfig config) {
        if (result.suggestions().isEmpty()) {
            return "";
        }
        List<UpdateRule> found = result.rules(result.suggestions().get(0).rounded());
        List<String> groups = options.hasLayerDecay() ? List.of() : config.groups(); // which the option makes again
        // Where the groups leave no parameter, the optimizer's own options are only what groups begin with.
        boolean rest = options.hasLayerDecay() || found.size() > groups.size();
        UpdateRule main = rest ? found.get(0) : UpdateRule.parse(config.optimizer());
        List<String> words = new ArrayList<>(List.of("anneal"));
        add(spec.root().commandLine(), words);
        words.add("train");
        add(spec.commandLine(), words);
        for (int i = 0; i < groups.size(); i++) {
            UpdateRule rule = found.get(rest ? i + 1 : i);
            words.addAll(List.of("--group", Surroundings.quoted(ParameterGroups.like(groups.get(i), main, rule))));
        }
        words.addAll(List.of("--optimizer", Surroundings.quoted(main.toString())));
        return String.join(" ", words);
    }

    private static void add(CommandLine given, List<String> words) {
        for (OptionSpec option : given.getParseResult().matchedOptionsSet()) {
            if (REPLACED.contains(option.longestName())) {
                continue;
            }
            for (String value : option.originalStringValues()) {
                words.add(option.longestName());
                if (option.arity().max() > 0) {
                    words.add(Surroundings.quoted(value));
                }
            }
        }
    }

    private void say(String format, Object... values) {
        spec.commandLine().getOut().println(String.format(Locale.ROOT, format, values));
    }
}
