package org.anneal.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.LRScheduler.OnChange;
import org.anneal.optim.Optimizer;
import org.anneal.optim.UpdateRule;
import org.anneal.runs.Monitor;
import org.anneal.runs.RunConfig;
import org.anneal.runs.RunFolder;
import org.anneal.runs.RunListener;
import org.anneal.runs.RunRecord;
import org.anneal.schedule.Finding;
import org.anneal.schedule.Policy;
import org.anneal.schedule.ReduceLROnPlateau.Mode;
import org.anneal.schedule.StepPer;
import org.anneal.text.Python;
import org.anneal.torch.Device;
import org.anneal.torch.Network;
import org.anneal.torch.Torch;
import org.anneal.train.Checkpoint;
import org.anneal.train.NonFiniteException;
import org.anneal.train.Progress;
import org.anneal.train.Trainer;
import org.anneal.train.TrainingFolder;
import org.anneal.train.WeightAverage;
import org.anneal.train.data.DataSets;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code anneal train}: a network on data, with a schedule. */
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description =
                "Train a network with a schedule, and plot losses and rates: by default, on real images that come with"
                        + " Anneal.")
final class TrainCommand implements Callable<Integer> {
    private static final int STOP_SECONDS = 30;
    private static final DatedFolders RUNS = new DatedFolders(Path.of("runs"));
    private static final String COMPARISON = "compare.png";
    private static final Pattern KIND = Pattern.compile("[A-Za-z0-9_]{1,60}");
    private static final Path NO_FILE = Path.of("");

    @Mixin
    private TrainOptions options = new TrainOptions();

    @Option(
            names = "--print-every",
            paramLabel = "N",
            description = "print the mean loss after every N batches, as PyTorch's tutorial does")
    private Optional<Integer> printEvery = Optional.empty();

    @Option(
            names = "--stop-after",
            paramLabel = "N",
            description =
                    "stop after epoch N of the run, with a checkpoint; the schedule stays that of all --epochs, and"
                            + " --resume goes on to the same bits")
    private Optional<Integer> stopAfter = Optional.empty();

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description =
                    "folder for metrics.csv, curve.png, model.safetensors, run.json, the checkpoints last.pt and best.pt,"
                            + " and TensorBoard's event files (default: runs/<time>)")
    private Optional<Path> out = Optional.empty();

    @Option(
            names = "--resume",
            paramLabel = "FILE",
            arity = "0..1",
            fallbackValue = DatedFolders.NEWEST,
            converter = DatedFolders.OrNewest.class,
            description =
                    "resume the run in --out, or without --out the newest under runs/; with FILE, resume from that"
                            + " checkpoint, Anneal's or Python's, in --out or a new folder. Options left out keep the run's own"
                            + " values; for a Python run, --schedule and --step-per come from its scheduler's state")
    private Optional<Path> resume = Optional.empty();

    @Option(
            names = "--serve",
            paramLabel = "PORT",
            arity = "0..1",
            fallbackValue = "" + ServeCommand.PORT,
            description = "show this run and the runs beside it in a browser until Ctrl-C (default port:"
                    + " ${FALLBACK-VALUE})")
    private Optional<Integer> serve = Optional.empty();

    @Spec
    private CommandSpec spec;

    private DataOptions.Reader reader = DataOptions::read;
    private final List<RunListener> listeners = new ArrayList<>();

    /** Has a command that is not executed by itself read its samples through {@code reader}, and tell of its epochs. */
    void within(DataOptions.Reader reader, RunListener listener) {
        this.reader = reader;
        listeners.add(listener);
    }

    /**
     * Looks whether a new run would do what is meant, without any training.
     *
     * @return why its schedule does not fit the run, one thing a line: where it fails, or else what {@code anneal check} finds
     * @throws IllegalArgumentException if the command would refuse to train with any schedule that fits
     * @throws IOException if the data cannot be read
     */
    List<String> check() throws IOException {
        checkOptions();
        Optional<RunConfig> given = options.config();
        DataOptions.Read data = options.read(given, NO_FILE, reader);
        Optional<UpdateRule> rule = given.map(RunConfig::optimizer).map(UpdateRule::parse);
        try (Training run = new Training(options.choose(data, given, rule, NO_FILE), data.sets())) {
            run.trainer.check(data.sets());
            Optional<IllegalArgumentException> failure = run.check().failure(Optional.empty());
            return failure.isPresent()
                    ? List.of(Anneal.problem(failure.get()))
                    : run.check().findings().stream()
                            .map(finding -> "step " + finding.step() + ": " + finding.problem())
                            .toList();
        }
    }

    /** Checks what can be told of the options before data is read and libtorch is loaded. */
    void checkOptions() {
        options.check();
        printEvery.ifPresent(n -> Anneal.atLeastOne("--print-every", n));
        stopAfter.ifPresent(n -> Anneal.atLeastOne("--stop-after", n));
        serve.ifPresent(port -> ServeCommand.checkPort("--serve", port));
    }

    @Override
    public Integer call() throws IOException {
        checkOptions();
        if (resume.isPresent()) {
            options.checkOneSchedule("with --resume, which goes on with one run");
        }
        if (out.isPresent() && RunFolder.isRun(out.get())) {
            RunFolder.checkNotWritten(out.get());
            if (resume.isEmpty()) {
                throw new IllegalArgumentException(
                        "--out must not hold a run, but " + out.get() + " does; --resume resumes it");
            }
        }
        if (resume.isEmpty()) {
            return start();
        }
        Path file = resume.get();
        Path folder = out.orElseGet(RUNS::fresh);
        if (DatedFolders.isNewest(file)) {
            folder = out.isPresent() ? folder : newest();
            file = TrainingFolder.lastCheckpoint(folder);
            if (Files.exists(file)) {
                RunFolder.checkNotWritten(folder);
            } else {
                throw new IOException(
                        RunFolder.isRun(folder)
                                ? "cannot resume: there is no " + file
                                        + ", as the run ended before its first checkpoint"
                                : "cannot resume: there is no run in " + folder);
            }
        } else if (RunFolder.isRun(folder) && !isIn(folder, file)) {
            throw new IllegalArgumentException(
                    "--out must be the folder of " + file + " or not hold a run, but " + folder + " holds another run");
        }
        try (Checkpoint checkpoint = Checkpoint.open(file)) {
            resume(checkpoint, file, folder);
        }
        return 0;
    }

    private static boolean isIn(Path folder, Path file) throws IOException {
        Optional<Path> parent = Optional.ofNullable(file.toAbsolutePath().getParent());
        return parent.isPresent() && Files.exists(parent.get()) && Files.isSameFile(parent.get(), folder);
    }

    /** {@return the folder under runs/ whose last checkpoint is the newest} */
    private static Path newest() throws IOException {
        return RUNS.newest(TrainingFolder::lastCheckpoint)
                .orElseThrow(() -> new IOException("cannot resume: there is no run under " + RUNS.parent()
                        + "; give its folder with --out, or a checkpoint with --resume FILE"));
    }

    private int start() throws IOException {
        Optional<RunConfig> given = options.config();
        DataOptions.Read data = options.read(given, NO_FILE, reader);
        DataSets sets = data.sets();
        Optional<UpdateRule> rule = given.map(RunConfig::optimizer).map(UpdateRule::parse);
        if (options.schedules() > 1) {
            return trainEach(data, given, rule);
        }
        TrainOptions.Chosen chosen = options.choose(data, given, rule, NO_FILE);
        chosen.notes().forEach(note -> Anneal.warn(spec, note));
        boolean oneGroup = chosen.config().groups().isEmpty();
        if (oneGroup) { // before libtorch is loaded, which takes a moment
            check(chosen, List.of(UpdateRule.parse(chosen.config().optimizer())))
                    .refuseWhatFails(Optional.empty());
        }
        try (Training run = new Training(chosen, sets)) {
            if (!oneGroup) {
                run.check().refuseWhatFails(Optional.empty());
            }
            run.trainer.check(sets);
            introduce(chosen, sets);
            run.introduce();
            Path folder = out.orElseGet(RUNS::fresh);
            try (LivePage page = LivePage.start(folder, serve)) {
                introduce(page);
                run.train(folder, run.folder(folder), Progress.start());
                stay(page, run);
            }
        }
        return 0;
    }

    /** Trains with each of several schedules, into folders of their own, and compares the runs. */
    private int trainEach(DataOptions.Read data, Optional<RunConfig> given, Optional<UpdateRule> rule)
            throws IOException {
        Path folder = out.orElseGet(RUNS::fresh);
        Map<Path, TrainOptions.Chosen> all = new LinkedHashMap<>();
        Set<String> idle = new LinkedHashSet<>();
        for (int i = 0; i < options.schedules(); i++) {
            options.take(i);
            TrainOptions.Chosen chosen = options.choose(data, given, rule, NO_FILE);
            Path own = folder.resolve(i + 1 + "-" + kind(chosen.call().policy()));
            if (RunFolder.isRun(own)) {
                throw new IllegalArgumentException("--out must not hold a run, but " + own + " does");
            }
            if (i == 0) {
                idle.addAll(chosen.notes());
            }
            idle.retainAll(chosen.notes()); // what one of them uses is no mistake
            all.put(own, chosen);
        }
        idle.forEach(note -> Anneal.warn(spec, note));
        for (TrainOptions.Chosen chosen : all.values()) { // before the first has taken its time
            try (Training run = new Training(chosen, data.sets())) {
                run.check().refuseWhatFails(Optional.empty());
                run.trainer.check(data.sets());
            }
        }
        introduce(all.values().iterator().next(), data.sets());
        List<RunRecord> done = new ArrayList<>();
        boolean diverged = false;
        try (LivePage page = LivePage.start(all.keySet().iterator().next(), serve)) {
            introduce(page);
            for (Map.Entry<Path, TrainOptions.Chosen> each : all.entrySet()) {
                try (Training run = new Training(each.getValue(), data.sets())) {
                    say("%n%s", each.getKey());
                    run.introduce();
                    TrainingFolder results = run.folder(each.getKey());
                    try {
                        run.train(each.getKey(), results, Progress.start());
                    } catch (DivergedException e) { // the others may do better
                        Anneal.warn(spec, String.valueOf(e.getMessage()));
                        diverged = true;
                    }
                    if (run.trainer.isStopped()) {
                        return 0;
                    } else if (results.progress().epoch() > 0) {
                        done.add(RunRecord.read(each.getKey()));
                    }
                }
            }
            if (!done.isEmpty()) {
                compare(done, folder.resolve(COMPARISON));
            }
            stay(page);
        }
        return diverged ? Anneal.FAILED : 0;
    }

    private void compare(List<RunRecord> runs, Path picture) throws IOException {
        RunsTable table = new RunsTable(runs, Optional.empty());
        say("");
        table.text().forEach(line -> say("%s", line));
        table.picture("", false).save(picture);
        say("Wrote %s", picture);
    }

    /** {@return the name of a schedule's kind, for a folder} */
    private static String kind(Policy policy) {
        Matcher name = KIND.matcher(policy.toString());
        return name.lookingAt() ? name.group() : "schedule";
    }

    private void resume(Checkpoint checkpoint, Path file, Path folder) throws IOException {
        Optional<RunConfig> saved = checkpoint.config();
        Optional<UpdateRule> trained = checkpoint.optimizer();
        options.checkOptimizer(checkpoint, trained, file);
        if (saved.isEmpty()) {
            options.takeUp(checkpoint, file);
        }
        options.goOn(checkpoint, file);
        DataOptions.Read data = options.read(saved, file, reader);
        DataSets sets = data.sets();
        TrainOptions.Chosen chosen = options.choose(data, saved, trained, file);
        chosen.notes().forEach(note -> Anneal.warn(spec, note));
        try (Training run = new Training(chosen, sets);
                LivePage page = LivePage.start(folder, serve)) {
            if (saved.isEmpty()) {
                run.groups.checkLike(checkpoint.groups(run.network), file);
            }
            introduce(chosen, sets);
            Progress progress = checkpoint.progress(run.batches());
            long stepsDone = chosen.config().stepPer() == StepPer.EPOCH ? progress.epoch() : progress.step();
            boolean keep = chosen.shorter().isPresent() || options.onChange() == OnChange.CONTINUE; // what was chosen
            OnChange onChange = keep ? OnChange.KEEP_CONFIG : options.onChange();
            List<String> notes = checkpoint.restore(run.network, run.optimizer, run.scheduler, onChange, stepsDone);
            for (WeightAverage average : run.averages) {
                checkpoint.restore(average.name(), average.model());
            }
            if (!run.isOver(progress)) {
                run.check().refuseWhatFails(Optional.of(run.scheduler.state()));
            }
            run.introduce();
            notes.forEach(note -> say("%s", note));
            chosen.shorter()
                    .ifPresent(before -> say(
                            "The schedule %s now spans %,d epochs; before, it was %s",
                            TrainOptions.with(
                                    chosen.config().scheduleGiven(),
                                    chosen.config().drivesGiven()),
                            chosen.config().epochs(),
                            before));
            say("Resumed %s: %s", file, run.after(progress));
            if (run.isOver(progress)) {
                say("Nothing to do: %s", run.why(progress));
                if (!RunFolder.isRun(folder)) {
                    return;
                }
            }
            TrainingFolder results = new TrainingFolder(
                    folder,
                    run.network,
                    run.title(),
                    run.optimizer.groups().size(),
                    run.numbers(),
                    checkpoint,
                    progress);
            checkpoint.close();
            introduce(page);
            run.train(folder, results, progress);
            stay(page, run);
        }
    }

    private void introduce(TrainOptions.Chosen chosen, DataSets sets) {
        say(
                "%s: %,d %s to train on, %,d to validate",
                chosen.config().data(),
                sets.train().size(),
                sets.train().shape().length == 3 ? "images" : "samples",
                sets.validation().size());
    }

    private ScheduleCheck check(TrainOptions.Chosen chosen, List<UpdateRule> rules) {
        return new ScheduleCheck(chosen.call(), chosen.drives(), chosen.length(), rules, spec);
    }

    private void introduce(LivePage page) {
        page.introduce("run", spec.commandLine().getOut());
    }

    private void stay(LivePage page, Training run) {
        if (!run.trainer.isStopped()) {
            stay(page);
        }
    }

    private void stay(LivePage page) {
        page.stay(spec.commandLine().getOut());
    }

    /** A run ended because a loss was not finite. */
    private static final class DivergedException extends IOException {
        private static final long serialVersionUID = 1;

        DivergedException(String message, NonFiniteException cause) {
            super(message, cause);
        }
    }

    /** A network and everything that trains it. */
    private final class Training implements AutoCloseable {
        final RunConfig config;
        final DataSets sets;
        final TrainOptions.Chosen chosen;
        final Device device = Device.best();
        final Network network;
        final ParameterGroups groups;
        final Optimizer<Tensor> optimizer;
        final LRScheduler scheduler;
        final Trainer trainer;
        final List<WeightAverage> averages;

        Training(TrainOptions.Chosen chosen, DataSets sets) {
            this.chosen = chosen;
            this.config = chosen.config();
            this.sets = sets;
            if (stopAfter.isPresent() && stopAfter.get() > config.epochs()) {
                throw new IllegalArgumentException("--stop-after must be at most " + config.epochs()
                        + ", the number of epochs, but was " + stopAfter.get());
            }
            Torch.setNumThreads(config.threads());
            List<Network> others = IntStream.range(0, TaskOptions.averages(config.more()))
                    .mapToObj(i -> network())
                    .toList();
            torch.manual_seed(config.seed());
            network = network();
            groups = new ParameterGroups(
                    UpdateRule.parse(config.optimizer()), config.groups(), Torch.namedParameters(network.module()));
            optimizer = Torch.optimizer(groups.groups());
            scheduler = new LRScheduler(optimizer, chosen.call().policy(), chosen.drives());
            trainer = new Trainer(network, optimizer, scheduler)
                    .epochs(config.epochs())
                    .batchSize(config.batchSize())
                    .limit(config.limit().orElse(Integer.MAX_VALUE))
                    .seed(config.seed())
                    .stepPer(config.stepPer())
                    .onNan(config.onNan())
                    .device(device);
            trainer.loading(loader -> options.loading(loader, config));
            TaskOptions.set(trainer, config.more(), sets.train());
            averages = TaskOptions.averages(config.more(), network, others);
            averages.forEach(trainer::average);
            checkMonitor();
            config.saveEvery().ifPresent(trainer::saveEvery);
            config.patience().ifPresent(trainer::patience);
            stopAfter.ifPresent(trainer::stopAfter);
            if (config.restoreBest()) {
                trainer.restoreBest();
            }
        }

        private Network network() {
            Network made = DataOptions.network(config.model(), sets.train());
            if (!device.isCpu()) {
                made.module().to(device.toTorch(), false);
            }
            return made;
        }

        private void checkMonitor() {
            try {
                trainer.monitor();
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("--" + e.getMessage(), e);
            }
        }

        /** {@return a folder for the results of a new run} */
        TrainingFolder folder(Path folder) throws IOException {
            return new TrainingFolder(
                    folder, network, title(), optimizer.groups().size(), numbers());
        }

        ScheduleCheck check() {
            return TrainCommand.this.check(chosen, groups.rules());
        }

        /** {@return the schedules, in words} */
        String title() {
            return TrainOptions.with(config.schedule(), config.drives());
        }

        /** {@return the columns of the numbers that schedules drive beside the rates} */
        Collection<String> numbers() {
            return RunListener.numbers(optimizer.groups()).keySet();
        }

        int batches() {
            return config.batchesPerEpoch();
        }

        void introduce() {
            long parameters = Torch.parameters(network.module()).stream()
                    .mapToLong(Tensor::numel)
                    .sum();
            int threads = config.threads();
            say(
                    "%s, %,d parameters, on %s with %d thread%s, seed %d",
                    config.model(), parameters, device, threads, threads == 1 ? "" : "s", config.seed());
            say(
                    "%s, %s stepped per %s",
                    config.optimizer(), title(), config.stepPer().name().toLowerCase(Locale.ROOT));
            if (!config.groups().isEmpty()) {
                groups.lines().forEach(line -> say("%s", line));
            }
            chosen.call().notes().forEach(note -> say("%s", note));
        }

        /** {@return a run's position} */
        String after(Progress progress) {
            String within = progress.batch() == 0
                    ? ""
                    : String.format(Locale.ROOT, " and %,d of %,d batches", progress.batch(), batches());
            return String.format(
                    Locale.ROOT,
                    "after %,d epoch%s%s, %,d steps",
                    progress.epoch(),
                    progress.epoch() == 1 ? "" : "s",
                    within,
                    progress.step());
        }

        /** {@return whether this command has nothing left to do: the run is finished, or {@code --stop-after} is reached} */
        boolean isOver(Progress progress) {
            return trainer.isFinished(progress) || progress.epoch() >= stopAfter.orElse(Integer.MAX_VALUE);
        }

        /** {@return why the run is over} */
        String why(Progress progress) {
            if (progress.epoch() >= config.epochs()) {
                return "all epochs are done, " + progress.epoch() + " of " + config.epochs();
            } else if (!trainer.isFinished(progress)) {
                return "epoch " + progress.epoch() + " of " + config.epochs() + " is done, and --stop-after is "
                        + stopAfter.map(String::valueOf).orElse("none");
            }
            Monitor monitor = trainer.monitor();
            boolean lower = monitor.mode() == Mode.MIN;
            Progress watched = progress.monitoredBy(monitor);
            String best = watched.best()
                    .map(epoch -> "; the " + (lower ? "lowest" : "highest") + " is "
                            + Python.fixed(monitor.of(epoch), 4) + ", of epoch " + epoch.epoch())
                    .orElse("");
            int epochs = watched.epochsSinceBest();
            return "no " + (lower ? "lower " : "higher ") + monitor.inWords() + " for " + epochs
                    + (epochs == 1 ? " epoch" : " epochs") + best;
        }

        /** Trains until the end, or until the process is told to stop: then it saves and reports what is done. */
        void train(Path path, TrainingFolder folder, Progress from) throws IOException {
            if (!isOver(from)) {
                for (Finding finding : check().findings()) {
                    say("step %d: %s", finding.step(), finding.problem());
                    say("  -> %s", finding.suggestion());
                }
            }
            try (StopHook hook = new StopHook(trainer::stop, trainer::isStopped, STOP_SECONDS)) {
                fit(path, folder, from);
                conclude(path, folder, from);
                spec.commandLine().getOut().flush();
            }
        }

        private void fit(Path path, TrainingFolder folder, Progress from) throws IOException {
            PrintWriter out = spec.commandLine().getOut();
            PrintWriter err = spec.commandLine().getErr();
            try (folder;
                    TrainConsole console = new TrainConsole(out, err, Anneal.progress(spec), printEvery)) {
                averages.forEach(folder::average);
                folder.checkpoints(optimizer, scheduler, config, config.keep())
                        .tensorBoard(
                                optimizer,
                                config.epochs() * config.stepsPerEpoch(),
                                Map.of("optimizer", config.optimizer(), "schedule", title()));
                trainer.listener(folder).listener(console).resume(from);
                listeners.forEach(trainer::listener);
                trainer.fit(sets);
                Optional<RunListener.Epoch> best = folder.progress().best();
                if (config.restoreBest() && trainer.isFinished(folder.progress()) && best.isPresent()) {
                    folder.saveBestWeights(best.get().epoch());
                }
            } catch (NonFiniteException e) {
                throw new DivergedException(e.getMessage() + kept(path, folder.progress()), e);
            }
        }

        /** Reports how the run ended. */
        private void conclude(Path path, TrainingFolder folder, Progress from) {
            Progress end = folder.progress();
            boolean finished = trainer.isFinished(end);
            boolean interrupted = trainer.isStopped() && !isOver(end);
            boolean trained = end.epoch() > from.epoch();
            if (finished && trained && end.epoch() < config.epochs()) {
                say("Stopped early: %s", why(end));
            }
            say("%s%s", interrupted ? "Interrupted: " : "", folder.summary());
            if (interrupted && Files.exists(TrainingFolder.lastCheckpoint(path))) {
                say("--resume goes on in epoch %,d, after %,d of %,d batches", end.epoch() + 1, end.batch(), batches());
            } else if (!finished && !interrupted && trained) {
                say("Stopped after epoch %,d of %,d; --resume goes on", end.epoch(), config.epochs());
            } else if (!interrupted && trained) {
                say("Finished Training");
            }
        }

        /** {@return what a failed run can be resumed from, for a message} */
        private String kept(Path folder, Progress last) {
            Path file = TrainingFolder.lastCheckpoint(folder);
            return Files.exists(file)
                    ? "; the last good checkpoint is " + file + ", " + after(last)
                    : "; there is no earlier checkpoint";
        }

        @Override
        public void close() {
            optimizer.close();
        }
    }

    private void say(String format, Object... values) {
        spec.commandLine().getOut().println(String.format(Locale.ROOT, format, values));
    }
}
