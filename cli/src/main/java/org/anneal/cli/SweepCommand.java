package org.anneal.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.runs.Monitor;
import org.anneal.runs.RunFolder;
import org.anneal.sweep.Configuration;
import org.anneal.sweep.Flaw;
import org.anneal.sweep.Halving;
import org.anneal.sweep.Parameter;
import org.anneal.sweep.Runner;
import org.anneal.sweep.Sampler;
import org.anneal.sweep.Space;
import org.anneal.sweep.Sweep;
import org.anneal.sweep.SweepRecord;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code anneal sweep}: trains many times, to find what is best. */
@Command(
        name = "sweep",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        modelTransformer = SweptOptions.Adding.class,
        synopsisHeading = "",
        customSynopsis = "Usage: anneal sweep [OPTIONS] [OPTIONS OF TRAIN WITH {CHOICES} AND {RANGES}]",
        descriptionHeading = "%n",
        description = {
            "Train many times, to find which schedule is best.",
            "",
            "It takes train's options (see anneal train --help), with choices and ranges in",
            "braces:",
            "  {5,10,20}            one of these; whole calls, too: {SGD(0.1), Adam()}",
            "  {0.1..0.5}           a number between",
            "  {log 1e-3..1}        a number between, whose logarithm is evenly likely",
            "  {1..10}              a whole number",
            "  {log 1e-3..1 num=4}  one of 4 numbers: 0.001, 0.01, 0.1, 1",
            "  {{ and }}            plain braces",
            "What train takes once, and --schedule, may be given again: as an alternative.",
            "",
            "  anneal sweep --epochs 9 --trials 30 --halving full \\",
            "    --schedule 'StepLR(step_size={2,3}, gamma={0.1,0.5})' \\",
            "    --schedule 'CosineAnnealingLR(T_max=100%%)' \\",
            "    --optimizer 'SGD(lr={log 1e-3..1}, momentum={0,0.9})'",
            ""
        })
final class SweepCommand implements Callable<Integer> {
    private static final DatedFolders SWEEPS = new DatedFolders(Path.of("sweeps"));
    private static final String PLUGIN = "--plugin";
    private static final String KEPT = "argument."; // and its number, in the sweep's file
    private static final int TRIALS = 30;
    private static final int ETA = 3;
    private static final int STOP_SECONDS = 60; // more than a training waits for its step to end

    /** What may be other when a sweep goes on: where and how it is trained, and how many trials there are. */
    private static final Set<String> CHANGEABLE =
            Set.of("--trials", "--workers", "--memory", "--retries", "--master", "--ship-data", "--serve");

    /** What is of one command alone: a master needs the class path that the launcher makes for it. */
    private static final Set<String> NOT_KEPT =
            Set.of("--resume", "--status", "--dry-run", "--out", "--master", "--ship-data", "--serve");

    /** What {@code --halving} says. */
    private enum Span {
        FULL,
        RUNG
    }

    @Option(
            names = "--sampler",
            paramLabel = "HOW",
            description =
                    "grid: every combination, where all ranges have num= or are of whole numbers; random; or sobol, which"
                            + " fills the space more evenly (default: grid if that is possible and --trials is not given,"
                            + " else random)")
    private Optional<Sampler> sampler = Optional.empty();

    @Option(
            names = "--trials",
            paramLabel = "N",
            description = "number of trials (default: all of a grid, else " + TRIALS + ")")
    private Optional<Integer> trials = Optional.empty();

    @Option(
            names = "--repeats",
            paramLabel = "R",
            description =
                    "train each trial R times, with seeds --seed, --seed + 1, ..., and compare the means (default:"
                            + " ${DEFAULT-VALUE})")
    private int repeats = 1;

    @Option(names = "--epochs", paramLabel = "N", description = "epochs of a whole run (default: ${DEFAULT-VALUE})")
    private int epochs = 5;

    @Option(names = "--seed", paramLabel = "N", description = "seed of each trial's first run (default: 0)")
    private Long seed = 0L;

    @Option(names = "--sampler-seed", paramLabel = "N", description = "seed of the sampler (default: 0)")
    private Long samplerSeed = 0L;

    @Option(
            names = "--halving",
            paramLabel = "WHOSE",
            description =
                    "stop trials early (ASHA): all are trained a little, and at each rung the best one in --eta goes on, eta"
                            + " times as long. full: every trial has the schedule of all --epochs; one that is promoted goes"
                            + " on from its checkpoint, as if it had not been stopped. But early rungs compare trials whose"
                            + " rate is still high, so those that decay early look better than they are. rung: each rung is"
                            + " a run of its own from epoch 1, with a schedule as long as the rung; finished schedules are"
                            + " compared, for the price of training anew")
    private Optional<Span> halving = Optional.empty();

    @Option(names = "--eta", paramLabel = "N", description = "with --halving, one in N is promoted (default: 3)")
    private Optional<Integer> eta = Optional.empty();

    @Option(
            names = "--min-epochs",
            paramLabel = "N",
            description = "with --halving, the least epochs of the first rung (default: 1)")
    private Optional<Integer> minEpochs = Optional.empty();

    @Option(
            names = "--retries",
            paramLabel = "N",
            description =
                    "how often a run begins again whose process has crashed or ran out of memory (default: ${DEFAULT-VALUE})")
    private int retries = 1;

    @Option(
            names = "--strict",
            description =
                    "refuse to begin if anneal check finds something in a trial's schedule; by default, that trial"
                            + " is skipped")
    private boolean strict;

    @Option(names = "--unchecked", description = "train whatever anneal check finds")
    private boolean unchecked;

    @Mixin
    private final SweepWorkers workers = new SweepWorkers();

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description =
                    "folder of the sweep: sweep.db, and runs/ with a folder for each run (default: sweeps/<time>)")
    private Optional<Path> out = Optional.empty();

    @Option(
            names = "--resume",
            paramLabel = "DIR",
            arity = "0..1",
            fallbackValue = DatedFolders.NEWEST,
            converter = DatedFolders.OrNewest.class,
            description =
                    "go on with the sweep in DIR, or without DIR with the newest under sweeps/. It keeps its options;"
                            + " --trials, --workers, --memory and --retries may change, and --master, --ship-data and"
                            + " --serve are given anew")
    private Optional<Path> resume = Optional.empty();

    @Option(
            names = "--status",
            paramLabel = "DIR",
            description = "print the table of the sweep in DIR, which may be running")
    private Optional<Path> status = Optional.empty();

    @Option(
            names = "--dry-run",
            description =
                    "print the commands that would train the trials, or why one would be skipped, and train none; with"
                            + " --unchecked, no worker is asked")
    private boolean dryRun;

    @Option(
            names = "--serve",
            paramLabel = "PORT",
            arity = "0..1",
            fallbackValue = "" + ServeCommand.PORT,
            description = "show the sweep in a browser until Ctrl-C (default port: ${FALLBACK-VALUE})")
    private Optional<Integer> serve = Optional.empty();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (status.isPresent()) {
            return status(status.get());
        } else if (resume.isEmpty()) {
            Path folder = out.orElseGet(SWEEPS::fresh);
            if (Sweep.isSweep(folder)) {
                throw new IllegalArgumentException("--out must not hold a sweep, but " + folder + " does; --resume "
                        + Surroundings.quoted(folder.toString()) + " goes on with it");
            } else if (RunFolder.isRun(folder)) {
                throw new IllegalArgumentException("--out must not hold a run, but " + folder + " does");
            }
            return run(folder);
        }
        if (dryRun) {
            throw new IllegalArgumentException("--dry-run must be left out with --resume; --status shows the trials");
        }
        Path folder = DatedFolders.isNewest(resume.get()) ? newest() : resume.get();
        if (!Sweep.isSweep(folder)) {
            throw new IOException("cannot resume: there is no sweep in " + folder);
        }
        return as(folder).run(folder);
    }

    private static Path newest() throws IOException {
        return SWEEPS.newest(Sweep::file)
                .orElseThrow(() -> new IOException("cannot resume: there is no sweep under " + SWEEPS.parent()
                        + "; give its folder with --resume DIR"));
    }

    /** {@return the command as it was when the sweep in a folder began, but for the options that may change and are given now} */
    private SweepCommand as(Path folder) throws IOException {
        SweepCommand before = parsed(kept(folder));
        Map<String, List<String>> own = before.given();
        Map<String, List<String>> changed = new LinkedHashMap<>(given());
        changed.keySet().removeAll(Set.of("--resume", "--status"));
        changed.forEach((option, values) -> {
            List<String> saved =
                    option.equals("--out") ? List.of(folder.toString()) : own.getOrDefault(option, List.of());
            if (!CHANGEABLE.contains(option) && !saved.equals(values)) {
                throw new IllegalArgumentException(option + " must be left out"
                        + (saved.isEmpty() ? "" : " or " + String.join(", ", saved)) + ", as in the sweep in " + folder
                        + ", but was " + String.join(", ", values));
            }
        });
        changed.remove("--out");
        own.putAll(changed);
        return parsed(words(own));
    }

    private static List<String> kept(Path folder) throws IOException {
        Map<String, String> facts = Sweep.kept(folder);
        List<String> words = new ArrayList<>();
        for (Optional<String> word = word(facts, 0); word.isPresent(); word = word(facts, words.size())) {
            words.add(word.get());
        }
        if (words.isEmpty()) {
            throw new IOException("cannot resume: the sweep in " + folder + " was not begun by anneal sweep");
        }
        return words;
    }

    private static Optional<String> word(Map<String, String> facts, int number) {
        return Optional.ofNullable(facts.get(KEPT + number));
    }

    private SweepCommand parsed(List<String> words) {
        CommandLine own = spec.commandLine();
        Anneal anneal = (Anneal) spec.root().userObject();
        return (SweepCommand) anneal.line(own.getOut(), own.getErr())
                .parseArgs(Stream.concat(Stream.of("sweep"), words.stream()).toArray(String[]::new))
                .subcommand()
                .commandSpec()
                .userObject();
    }

    /** {@return the options that are given, and their values as texts; those that take none have true} */
    private Map<String, List<String>> given() {
        Map<String, List<String>> given = new LinkedHashMap<>();
        SweptOptions swept = SweptOptions.of(spec);
        for (CommandLine line : List.of(spec.root().commandLine(), spec.commandLine())) {
            for (OptionSpec option : line.getParseResult().matchedOptionsSet()) {
                String name = option.longestName();
                List<String> values = swept.values(name);
                given.computeIfAbsent(name, any -> new ArrayList<>())
                        .addAll(values.isEmpty() ? option.originalStringValues() : values);
            }
        }
        given.computeIfPresent(
                PLUGIN,
                (name, jars) -> jars.stream()
                        .map(jar -> Path.of(jar).toAbsolutePath().toString())
                        .toList());
        return given;
    }

    private static List<String> words(Map<String, List<String>> given) {
        List<String> words = new ArrayList<>();
        given.forEach((option, values) -> values.forEach(value -> words.add(option + "=" + value)));
        return words;
    }

    private void check() {
        workers.check();
        Anneal.atLeastOne("--repeats", repeats);
        Anneal.atLeastOne("--epochs", epochs);
        trials.ifPresent(n -> Anneal.atLeastOne("--trials", n));
        serve.ifPresent(port -> ServeCommand.checkPort("--serve", port));
        if (halving.isEmpty() && (eta.isPresent() || minEpochs.isPresent())) {
            throw new IllegalArgumentException(
                    (eta.isPresent() ? "--eta" : "--min-epochs") + " must be left out without --halving");
        }
        if (strict && unchecked) {
            throw new IllegalArgumentException("--strict must be left out with --unchecked, which checks nothing");
        }
    }

    /** {@return what {@code make} returns; if it refuses, the message names the option} */
    private static <T> T named(Supplier<T> make) {
        try {
            return make.get();
        } catch (IllegalArgumentException e) {
            String message = String.valueOf(e.getMessage());
            int name = message.indexOf(' ');
            throw new IllegalArgumentException(
                    "--" + message.substring(0, Math.max(0, name)).replace('_', '-')
                            + message.substring(Math.max(0, name)),
                    e);
        }
    }

    private Space space(SweptOptions swept) {
        Space space = named(() -> swept.in(Space.of())).and("threads", Integer.toString(workers.threads()));
        for (String jar : given().getOrDefault(PLUGIN, List.of())) {
            space = space.and(PLUGIN.substring(2), jar.replace("{", "{{").replace("}", "}}"));
        }
        return space;
    }

    /** {@return what is swept, in a line} */
    private static String title(Space space) {
        String names = space.parameters().stream().map(Parameter::name).collect(Collectors.joining(", "));
        return names.isEmpty() ? "one trial" : names;
    }

    private Sweep sweep(Space space) {
        List<String> ranges = space.continua();
        Sampler how = sampler.orElse(ranges.isEmpty() && trials.isEmpty() ? Sampler.GRID : Sampler.RANDOM);
        if (how == Sampler.GRID && !ranges.isEmpty()) {
            throw new IllegalArgumentException(
                    "--sampler must be random or sobol for a range without num=, such as that of " + ranges.get(0)
                            + ", but was grid");
        }
        int most = (int) Math.min(Integer.MAX_VALUE, space.size().orElse(TRIALS));
        Sweep sweep = Sweep.over(space)
                .sampler(how)
                .trials(trials.orElse(how == Sampler.GRID ? most : Math.min(most, TRIALS)))
                .repeats(repeats)
                .seed(seed)
                .samplerSeed(samplerSeed)
                .epochs(epochs)
                .title(title(space));
        named(() -> sweep.retries(retries));
        halving().ifPresent(sweep::halving);
        if (strict) {
            sweep.strict();
        }
        return unchecked ? sweep.unchecked() : sweep;
    }

    private Optional<Halving> halving() {
        return halving.map(span -> named(() -> {
            Halving made = new Halving(
                    eta.orElse(ETA), minEpochs.orElse(1), span == Span.FULL ? Halving.Span.FULL : Halving.Span.RUNG);
            made.rungs(epochs);
            return made;
        }));
    }

    private static Monitor monitor(SweptOptions swept) {
        List<String> given = swept.values("--monitor");
        if (given.size() > 1 || given.stream().anyMatch(column -> column.contains("{"))) {
            throw new IllegalArgumentException(
                    "--monitor must be one column, which all trials are compared by, but was "
                            + String.join(", ", given));
        }
        return given.stream().findFirst().map(Monitor::named).orElse(Monitor.VAL_LOSS);
    }

    private int run(Path folder) throws IOException {
        check();
        SweptOptions swept = SweptOptions.of(spec);
        TrainOptions.checkBlas(swept.values("--blas"));
        Space space = space(swept);
        Monitor monitor = monitor(swept);
        List<Integer> rungs = halving().map(each -> each.rungs(epochs)).orElse(List.of(epochs));
        Sweep sweep = sweep(space).monitor(monitor);
        SweepPage page = new SweepPage(
                new SweepRecord(title(space), monitor, space.parameters(), rungs, List.of()),
                trial -> TrainLine.of(trial, rungs, isAnew()).toString());
        List<Configuration> drawn = named(sweep::draw);
        checkOptions(drawn);
        try {
            if (dryRun) {
                dryRun(sweep, drawn, folder, swept);
            } else {
                introduce(drawn.size(), folder);
                warn(drawn.size(), rungs);
                train(sweep, page, folder, swept);
            }
            return 0;
        } catch (InterruptedException e) { // while the workers were looked for
            Thread.currentThread().interrupt();
            return Anneal.FAILED;
        }
    }

    private void train(Sweep sweep, SweepPage page, Path folder, SweptOptions swept)
            throws IOException, InterruptedException {
        Map<String, String> facts = new LinkedHashMap<>();
        Map<String, List<String>> given = given();
        given.keySet().removeAll(NOT_KEPT);
        for (String word : words(given)) {
            facts.put(KEPT + facts.size(), word);
        }
        sweep.folder(folder).keep(facts);
        if (serve.isPresent()) {
            sweep.listener(page);
        }
        PrintWriter printed = spec.commandLine().getOut();
        try (LivePage live = LivePage.start(page.live(), Sweep.runs(folder), serve)) {
            live.introduce("sweep", printed);
            Optional<SweepRecord> record = conduct(sweep, workers.open(Sweep.runs(folder), swept), folder);
            if (record.isPresent()) {
                SweepResult result = new SweepResult(folder, record.get(), isAnew(), printed);
                result.printTable();
                if (!Sweep.isSweep(folder)) {
                    throw new IOException("no trial fits the run, so none was trained and nothing was written;"
                            + " --unchecked trains them all the same");
                }
                result.conclude();
                live.stay(printed);
            }
        }
    }

    /** {@return how the sweep has ended; empty if it was stopped, which is said} */
    private Optional<SweepRecord> conduct(Sweep sweep, Runner runner, Path folder) throws IOException {
        try (StopHook hook = new StopHook(sweep::stop, sweep::isStopped, STOP_SECONDS)) {
            Optional<SweepRecord> record = Optional.empty();
            try (runner;
                    SweepConsole console = console()) {
                record = Optional.of(sweep.listener(console).run(runner));
            } catch (InterruptedException e) {
                sweep.stop();
            }
            if (!sweep.isStopped()) {
                return record;
            } else if (Sweep.isSweep(folder)) {
                say(
                        "Interrupted: %s; anneal sweep --resume %s goes on",
                        new SweepTable(SweepRecord.read(folder)).totals(), Surroundings.quoted(folder.toString()));
            } else {
                say("Interrupted before a trial was trained; nothing was written");
            }
            spec.commandLine().getOut().flush();
            return Optional.empty();
        }
    }

    private void warn(int drawn, List<Integer> rungs) {
        trials.filter(wanted -> wanted > drawn)
                .ifPresent(wanted -> Anneal.warn(
                        spec,
                        String.format(
                                Locale.ROOT,
                                drawn == 1
                                        ? "there is only %d trial, as nothing varies, not the %d of --trials"
                                        : "there are only %d different trials, not the %d of --trials",
                                drawn,
                                wanted)));
        long needed = Math.round(Math.pow(eta.orElse(ETA), rungs.size() - 1.0));
        if (drawn < needed) {
            Anneal.warn(
                    spec,
                    "no trial will be trained to epoch " + rungs.get(rungs.size() - 1) + ": with --eta "
                            + eta.orElse(ETA)
                            + " and " + rungs.size() + " rungs that takes at least " + needed
                            + " trials, but there are "
                            + drawn);
        }
    }

    private boolean isAnew() {
        return halving.equals(Optional.of(Span.RUNG));
    }

    private SweepConsole console() {
        return new SweepConsole(
                        spec.commandLine().getOut(),
                        spec.commandLine().getErr(),
                        Anneal.screen(spec).flatMap(SweepConsole.Screen::of),
                        Anneal.progress(spec),
                        Anneal.clock(spec),
                        isAnew())
                .ticking();
    }

    private void introduce(int drawn, Path folder) {
        String how = repeats == 1 ? "" : String.format(Locale.ROOT, " with %,d seeds each", repeats);
        say(
                "%s: %,d trial%s%s, %d epoch%s%s, on %s",
                folder,
                drawn,
                drawn == 1 ? "" : "s",
                how,
                epochs,
                epochs == 1 ? "" : "s",
                halving()
                        .map(each -> " (compared after "
                                + each.rungs(epochs).stream()
                                        .map(String::valueOf)
                                        .collect(Collectors.joining(", "))
                                + ")")
                        .orElse(""),
                workers.description());
        spec.commandLine().getOut().flush();
    }

    /** Refuses values that {@code train} would. Each is looked at once, not with each of the others: there may be many. */
    private void checkOptions(List<Configuration> drawn) {
        Set<Map.Entry<String, String>> known = new HashSet<>();
        TrainProgram.checkOptions(drawn.stream()
                .filter(trial -> known.addAll(trial.settings()))
                .map(trial -> TrainLine.of(trial.settings(), epochs, seed))
                .toList());
    }

    private void dryRun(Sweep sweep, List<Configuration> drawn, Path folder, SweptOptions swept)
            throws IOException, InterruptedException {
        Map<Integer, Flaw> flaws = Map.of();
        if (!unchecked) {
            try (Runner runner = workers.open(Sweep.runs(folder), swept)) {
                flaws = sweep.check(runner);
            }
        }
        print(drawn, flaws);
    }

    private void print(List<Configuration> drawn, Map<Integer, Flaw> flaws) {
        for (int i = 0; i < drawn.size(); i++) {
            Configuration trial = drawn.get(i);
            Optional<Flaw> flaw = Optional.ofNullable(flaws.get(i));
            if (flaw.isPresent()) {
                boolean unfit = flaw.get().kind() == Flaw.Kind.UNFIT;
                say(
                        "# trial %d %s: %s",
                        i,
                        unfit ? "would be skipped" : "could not be checked",
                        flaw.get().reason());
                if (unfit) {
                    continue;
                }
            }
            for (int repeat = 0; repeat < repeats; repeat++) {
                say("# trial %d%s", i, repeats == 1 ? "" : ", seed " + (seed + repeat));
                say("%s", TrainLine.of(trial.settings(), epochs, seed + repeat));
            }
        }
    }

    private int status(Path folder) throws IOException {
        SweepRecord record = SweepRecord.read(folder);
        new SweepResult(folder, record, isAnew(), spec.commandLine().getOut()).printTable();
        SweepTable table = new SweepTable(record);
        table.running().forEach(line -> say("%s", line));
        if (!table.isFinished() && !Sweep.isRunning(folder)) {
            say("It is not running any more; anneal sweep --resume %s goes on", Surroundings.quoted(folder.toString()));
        }
        return 0;
    }

    private void say(String format, Object... values) {
        spec.commandLine().getOut().println(String.format(Locale.ROOT, format, values));
    }
}
