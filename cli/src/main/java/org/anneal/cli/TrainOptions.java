package org.anneal.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.anneal.cli.Surroundings.MissingException;
import org.anneal.cli.Surroundings.Pasted;
import org.anneal.optim.LRScheduler.OnChange;
import org.anneal.optim.LayerDecay;
import org.anneal.optim.SavedSchedule;
import org.anneal.optim.SchedulerState;
import org.anneal.optim.UpdateRule;
import org.anneal.runs.OnNan;
import org.anneal.runs.RunConfig;
import org.anneal.schedule.Policy;
import org.anneal.schedule.RunLength;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SchedulerCall;
import org.anneal.schedule.StepPer;
import org.anneal.text.Context;
import org.anneal.text.Lengths;
import org.anneal.text.Python;
import org.anneal.text.PythonProgram;
import org.anneal.text.PythonSyntaxException;
import org.anneal.torch.Torch;
import org.anneal.train.Checkpoint;
import org.anneal.train.data.DataLoader;
import org.anneal.train.data.DataSets;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options of a training run. Those left out have their defaults, or for a resumed run its own settings. */
final class TrainOptions {
    // In smaller batches, libtorch's threads wait for each other longer than they compute.
    private static final int SMALL_BATCH = 64;

    // With many more threads than processors a batch takes minutes, and the system may refuse them.
    private static final int MOST_THREADS = Math.max(64, Runtime.getRuntime().availableProcessors());

    private static final String OPTIMIZER = "SGD(lr=0.01, momentum=0.9)";
    private static final String SCHEDULE = "CosineAnnealingLR(T_max=100%)";
    private static final String BLAS = "blas";
    private static final String MKL = "mkl";
    private static final String NO_SCHEDULE = "ConstantLR(factor=1.0)"; // of a rule that averages its weights instead
    private static final int EPOCHS = 5;
    private static final int BATCH_SIZE = 8;

    @Mixin
    private final DataOptions source = new DataOptions();

    @Option(
            names = "--optimizer",
            paramLabel = "EXPR",
            description = "PyTorch's optimizer call (default: the one in --schedule, or " + OPTIMIZER + ")")
    private Optional<String> optimizer = Optional.empty();

    @Option(
            names = "--group",
            paramLabel = "PATTERN:OPTIONS",
            description = "options for the parameters whose names match PATTERN (*, ?, [12], {a,b}), such as"
                    + " 'fc*:lr=0.001, weight_decay=0'; may be repeated")
    private List<String> groups = List.of();

    @Option(
            names = "--layer-decay",
            paramLabel = "D",
            description =
                    "a group for each layer, at the rate of the optimizer times D for each layer after it, such as"
                            + " 0.75, in place of --group")
    private Optional<Double> layerDecay = Optional.empty();

    @Option(
            names = "--schedule",
            paramLabel = "EXPR",
            description = "a scheduler's call, or the lines of a Python program that make it and its optimizer; -"
                    + " reads standard input; lengths may also be 2ep, 500st or 10%% of the run (default:"
                    + " CosineAnnealingLR(T_max=100%%); for a Schedule-Free optimizer, a constant rate); given several"
                    + " times, each is trained with, into a folder of its own in --out, and all are compared")
    private List<String> schedules = List.of();

    private Optional<String> schedule = Optional.empty(); // the one whose turn it is

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "take the settings from a run's run.json; options given beside it replace its own")
    private Optional<Path> config = Optional.empty();

    @Option(names = "--drive", paramLabel = "NAME=EXPR", description = SimulationOptions.DRIVE)
    private List<String> drives = List.of();

    @Mixin
    private final Surroundings surroundings = new Surroundings();

    @Mixin
    private final TaskOptions task = new TaskOptions();

    @Option(
            names = "--step-per",
            paramLabel = "UNIT",
            description =
                    "when to step the schedule: per epoch or per batch (default: as an 'interval' in --schedule says,"
                            + " or epoch)")
    private Optional<StepPer> stepPer = Optional.empty();

    @Option(
            names = "--epochs",
            paramLabel = "N",
            description = "number of epochs in total, including those before a resume (default: " + EPOCHS + ")")
    private Optional<Integer> epochs = Optional.empty();

    @Option(names = "--batch-size", paramLabel = "N", description = "images per batch (default: " + BATCH_SIZE + ")")
    private Optional<Integer> batchSize = Optional.empty();

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "seed for the initial weights and the order of the images (default: 0)")
    private Optional<Long> seed = Optional.empty();

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "threads of libtorch and OpenBLAS (default: 1 for batches below " + SMALL_BATCH
                    + ", else one per core)")
    private Optional<Integer> threads = Optional.empty();

    @Option(
            names = "--limit",
            paramLabel = "N",
            description = "train on only the first N batches of each epoch, to try things out")
    private Optional<Integer> limit = Optional.empty();

    @Option(
            names = "--patience",
            paramLabel = "N",
            description = "stop after N epochs without a new lowest validation loss")
    private Optional<Integer> patience = Optional.empty();

    @Option(
            names = "--restore-best",
            description =
                    "at the end, restore the weights of the lowest validation loss; model.safetensors then has them")
    private boolean restoreBest;

    @Option(
            names = "--on-nan",
            paramLabel = "WHAT",
            description = "stop or continue (with a warning) when a loss is NaN or infinite (default: stop)")
    private Optional<OnNan> onNan = Optional.empty();

    @Option(
            names = "--save-every",
            paramLabel = "N",
            description = "write last.pt after every N batches too, not only at the end of an epoch")
    private Optional<Integer> saveEvery = Optional.empty();

    @Option(
            names = "--keep",
            paramLabel = "K",
            description = "keep the last K checkpoints: last.pt, and earlier ones as step-<steps>.pt (default: 1)")
    private Optional<Integer> keep = Optional.empty();

    @Option(
            names = "--on-change",
            paramLabel = "WHO",
            converter = OnChangeConverter.class,
            description =
                    "what to do if --optimizer or --schedule differs from the resumed run's: keep-config goes on with the"
                            + " given one, take-checkpoint with the run's own, continue with the given one from the rate in"
                            + " force, without a jump. Without --on-change it is refused, and a change of --group,"
                            + " --step-per, --batch-size, --limit, --seed or the number of images always is")
    private OnChange onChange = OnChange.REFUSE;

    @Option(
            names = "--bridge",
            paramLabel = "N",
            description =
                    "with --on-change continue, steps of the schedule on a straight line to the given schedule's own rates"
                            + " (default: none, the schedule is scaled to go on from the rate in force)")
    private Optional<Long> bridge = Optional.empty();

    private Optional<String> pythonSchedule = Optional.empty(); // of the resumed run, if Python began it
    private Optional<StepPer> pythonStepPer = Optional.empty();
    private Optional<SchedulerState> goesOn = Optional.empty(); // what --on-change continue goes on from

    static final class OnChangeConverter implements ITypeConverter<OnChange> {
        @Override
        public OnChange convert(String value) {
            return switch (value.toLowerCase(Locale.ROOT)) {
                case "keep-config" -> OnChange.KEEP_CONFIG;
                case "take-checkpoint" -> OnChange.TAKE_CHECKPOINT;
                case "continue" -> OnChange.CONTINUE;
                default ->
                    throw new TypeConversionException(
                            "must be keep-config, take-checkpoint or continue, but was '" + value + "'");
            };
        }
    }

    private enum Blas {
        OPENBLAS,
        MKL
    }

    @Option(
            names = "--blas",
            paramLabel = "LIBRARY",
            description =
                    "what multiplies matrices: openblas, or mkl, Intel's library for Linux on x86-64, which is fetched on"
                            + " first use (183 MB, under the Intel Simplified Software License) and rounds differently"
                            + " (default: openblas)")
    private Optional<Blas> blas = Optional.empty();

    /** Checks the expressions and the counts, before anything is done. */
    void check() {
        schedules = schedules.stream()
                .map(text -> surroundings.text("--schedule", text))
                .toList();
        schedule = schedules.stream().findFirst();
        optimizer = optimizer.map(text -> surroundings.text("--optimizer", text));
        surroundings.check(schedule.isPresent());
        drives.forEach(Surroundings::driven);
        if (layerDecay.isPresent() && !groups.isEmpty()) {
            throw new IllegalArgumentException("--layer-decay must be left out with --group, which makes other groups");
        }
        layerDecay.ifPresent(
                decay -> layers(UpdateRule.parse(OPTIMIZER), List.of("first.weight", "last.weight"), decay));
        source.check();
        task.check();
        if (blas.equals(Optional.of(Blas.MKL)) && !multipliesWithMkl()) {
            throw new IllegalArgumentException(
                    "--blas must be openblas without the launcher ./anneal, which fetches MKL, but was mkl");
        }
        epochs.ifPresent(n -> Anneal.atLeastOne("--epochs", n));
        batchSize.ifPresent(n -> Anneal.atLeastOne("--batch-size", n));
        threads.ifPresent(TrainOptions::checkThreads);
        limit.ifPresent(n -> Anneal.atLeastOne("--limit", n));
        patience.ifPresent(n -> Anneal.atLeastOne("--patience", n));
        saveEvery.ifPresent(n -> Anneal.atLeastOne("--save-every", n));
        keep.ifPresent(n -> Anneal.atLeastOne("--keep", n));
        bridge.ifPresent(n -> Anneal.atLeastOne("--bridge", n));
        if (config.isPresent() && onChange != OnChange.REFUSE) {
            throw new IllegalArgumentException("--on-change must be left out with --config, whose run is not resumed");
        }
        if (bridge.isPresent() && onChange != OnChange.CONTINUE) {
            throw new IllegalArgumentException("--bridge must be left out without --on-change continue");
        }
    }

    /** Refuses values of {@code --blas} with which the workers of a sweep could not train. */
    static void checkBlas(List<String> values) {
        if (values.size() > 1 || values.stream().anyMatch(value -> value.contains("{"))) {
            throw new IllegalArgumentException(
                    "--blas must be one library, which all trials have, but was " + String.join(", ", values));
        } else if (values.stream().anyMatch(MKL::equalsIgnoreCase) && !multipliesWithMkl()) {
            throw new IllegalArgumentException(
                    "--blas mkl must be given to the launcher ./anneal, which fetches MKL, with --resume again");
        }
    }

    private static boolean multipliesWithMkl() {
        return System.getProperty("org.bytedeco.openblas.load", "").equals("mkl_rt");
    }

    static void checkThreads(int threads) {
        if (threads < 1 || threads > MOST_THREADS) {
            throw new IllegalArgumentException(
                    "--threads must be from 1 to " + MOST_THREADS + " on this computer, but was " + threads);
        }
    }

    /** {@return the groups of layers whose rates decay towards the input, as {@code --group} takes them} */
    private static List<String> layers(UpdateRule rule, List<String> parameters, double decay) {
        Map<String, Double> rates;
        try {
            rates = LayerDecay.rates(rule, parameters, decay);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--layer-" + e.getMessage(), e);
        }
        return rates.entrySet().stream()
                .limit(rates.size() - 1L) // the last one is the rest
                .map(rate -> rate.getKey() + ".*:lr=" + Python.repr(rate.getValue()))
                .toList();
    }

    /** {@return how many schedules are given} */
    int schedules() {
        return schedules.size();
    }

    /** Has {@link #choose} choose another one of the schedules, from 0. */
    void take(int which) {
        schedule = Optional.of(schedules.get(which));
    }

    /** Refuses several schedules where there can be only one. */
    void checkOneSchedule(String purpose) {
        if (schedules.size() > 1) {
            throw new IllegalArgumentException(
                    "--schedule must be given once " + purpose + ", but was given " + schedules.size() + " times");
        }
    }

    OnChange onChange() {
        return onChange;
    }

    /** {@return the values of {@code --group}} */
    List<String> groups() {
        return groups;
    }

    boolean hasLayerDecay() {
        return layerDecay.isPresent();
    }

    /** Refuses to resume with an unknown optimizer: neither the file nor the command names it. */
    void checkOptimizer(Checkpoint checkpoint, Optional<UpdateRule> trained, Path file) {
        if (!namesOptimizer() && checkpoint.hasOptimizer() && trained.isEmpty()) {
            throw new IllegalArgumentException(
                    "--optimizer must be given: " + file + " does not tell which one it was");
        }
    }

    private boolean namesOptimizer() {
        if (optimizer.isPresent() || schedule.isEmpty()) {
            return optimizer.isPresent();
        }
        try {
            PythonProgram program = PythonProgram.read(schedule.get(), surroundings.in(Context.EMPTY));
            return UpdateRule.meant(program).isPresent();
        } catch (PythonSyntaxException e) { // which is told when it is read whole
            return true;
        }
    }

    /**
     * Reads the schedule of a run that Python began from its file.
     *
     * @throws IllegalArgumentException if neither the file nor the command tells which it is
     */
    void takeUp(Checkpoint checkpoint, Path file) throws IOException {
        pythonStepPer = checkpoint.stepPer();
        if (schedule.isPresent() && onChange != OnChange.TAKE_CHECKPOINT) {
            return;
        }
        Optional<SavedSchedule> saved;
        try {
            saved = checkpoint.schedule();
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "--schedule and --on-change keep-config must be given, as the run's own schedule is unknown: "
                            + e.getMessage(),
                    e);
        }
        pythonSchedule = saved.filter(each -> each.gaps().isEmpty()).map(SavedSchedule::text);
        if (schedule.isEmpty() && saved.isPresent() && pythonSchedule.isEmpty()) {
            throw new IllegalArgumentException("--schedule must be given: the run in " + file + " had " + saved.get()
                    + ". Complete it: --schedule '" + saved.get().text()
                    + "', or use another: --schedule EXPR --on-change keep-config");
        }
    }

    /** Reads what {@code --on-change continue} goes on from. */
    void goOn(Checkpoint checkpoint, Path file) throws IOException {
        if (onChange == OnChange.CONTINUE) {
            goesOn = checkpoint.schedulerState();
            if (goesOn.isEmpty()) {
                throw new IllegalArgumentException(
                        "--on-change must be keep-config, as " + file + " has no scheduler, but was continue");
            }
        }
    }

    /** {@return the settings in --config, if it is given} */
    Optional<RunConfig> config() throws IOException {
        return config.isPresent() ? Optional.of(RunConfig.read(config.get())) : Optional.empty();
    }

    /**
     * Reads the samples to train on.
     *
     * @param before the settings of the resumed run, or of --config
     * @param file the checkpoint to resume from
     * @param reader what reads them
     * @throws IllegalArgumentException if an option contradicts the resumed run
     */
    DataOptions.Read read(Optional<RunConfig> before, Path file, DataOptions.Reader reader) throws IOException {
        Map<String, Object> settings =
                new LinkedHashMap<>(before.map(RunConfig::more).orElse(Map.of()));
        Map<String, Object> given = source.given();
        given.putAll(task.given());
        if (multipliesWithMkl()) {
            given.put(BLAS, MKL);
        } else if (MKL.equals(settings.get(BLAS))) {
            if (blas.isEmpty()) {
                throw new IllegalArgumentException("--blas must be mkl, as in the run saved in " + config.orElse(file)
                        + ", or openblas, which rounds differently, but was left out");
            }
            settings.remove(BLAS);
        }
        given.forEach((name, value) -> {
            Optional<Object> saved = Optional.ofNullable(settings.get(name));
            if (before.isPresent() && config.isEmpty() && !saved.equals(Optional.of(value))) {
                throw other("--" + name.replace('_', '-'), saved.orElse("none"), value, file);
            }
            settings.put(name, value);
        });
        return reader.read(source.data(before), settings);
    }

    /** {@return a loader of training samples as the options say} */
    DataLoader loading(DataLoader loader, RunConfig run) {
        return source.loading(loader, run.more());
    }

    /**
     * A run's settings.
     *
     * @param call the call that the schedule was read from
     * @param drives the schedules of other numbers than the rate
     * @param shorter the resumed run's schedules, if the run is longer now and so they are, too
     * @param notes what is worth knowing of the options
     */
    record Chosen(
            RunConfig config,
            SchedulerCall call,
            Map<String, Schedule> drives,
            Optional<String> shorter,
            List<String> notes) {
        RunLength length() {
            return new RunLength(config.stepsPerEpoch(), config.epochs(), config.stepPer());
        }
    }

    /** What {@code --schedule} and {@code --optimizer} say, if they are given; the optimizer may be in either. */
    private record Given(Optional<SchedulerCall> call, Optional<UpdateRule> optimizer, Map<String, Schedule> drives) {}

    /** The schedules of other numbers, their texts as they were given, and those before, if the run is longer now. */
    private record Driven(Map<String, Schedule> schedules, List<String> given, Optional<List<String>> shorter) {
        /** {@return the schedules as text} */
        static List<String> texts(Map<String, Schedule> schedules) {
            return schedules.entrySet().stream()
                    .map(drive -> drive.getKey() + "=" + drive.getValue())
                    .toList();
        }
    }

    /** The schedule of {@link Chosen}, and its text as it was given. */
    private record Scheduled(SchedulerCall call, String given, Optional<String> shorter) {}

    /**
     * {@return the settings of a run}
     *
     * @param data what {@link #read} has read
     * @param resumed the settings of the resumed run, if Anneal began it
     * @param trained the optimizer of the resumed run, if it is known
     * @param file the checkpoint to resume from
     * @throws IllegalArgumentException if an option contradicts the resumed run
     * @throws IOException if a setting of the resumed run cannot be read
     */
    Chosen choose(DataOptions.Read data, Optional<RunConfig> resumed, Optional<UpdateRule> trained, Path file)
            throws IOException {
        DataSets sets = data.sets();
        Map<String, Object> settings = data.settings();
        String model = same(
                "--model", source.model(), resumed.map(DataOptions::model), DataOptions.usualModel(sets.train()), file);
        int size = same("--batch-size", batchSize, resumed.map(RunConfig::batchSize), BATCH_SIZE, file);
        OptionalInt batches = limit.map(OptionalInt::of).orElse(OptionalInt.empty());
        if (resumed.isPresent() && config.isPresent()) {
            batches = limit.isPresent() ? batches : resumed.get().limit();
        } else if (resumed.isPresent()) {
            OptionalInt saved = resumed.get().limit();
            if (limit.isPresent() && !saved.equals(batches)) {
                throw other(
                        "--limit", saved.isPresent() ? Integer.toString(saved.getAsInt()) : "none", limit.get(), file);
            }
            batches = saved;
            checkSize("train on", resumed.get().trainSize(), sets.train().size(), file);
            checkSize(
                    "validate",
                    resumed.get().validationSize(),
                    sets.validation().size(),
                    file);
        }
        int passes = epochs.or(() -> resumed.map(RunConfig::epochs)).orElse(EPOCHS);
        List<String> grouped = same(
                "--group",
                Optional.of(groups).filter(given -> !given.isEmpty()),
                resumed.map(RunConfig::groups),
                List.of(),
                file);
        RunLength epochwise =
                RunConfig.length(sets.train().size(), size, batches, RunConfig.accumulated(settings), passes);
        StepPer per = stepPer(resumed, surroundings.in(epochwise.context()), file);
        RunLength length = epochwise.withStepPer(per);
        Given given = given(surroundings.in(length.context()), grouped);
        String usual = given.optimizer().filter(UpdateRule::hasEvalWeights).isPresent() ? NO_SCHEDULE : SCHEDULE;
        Scheduled scheduled = schedule(given.call(), usual, resumed, length, file);
        SchedulerCall call = scheduled.call();
        Driven driven = drives(given.drives(), resumed, length, file);
        UpdateRule rule = resumed.isPresent()
                ? rule(given.optimizer(), trained, file)
                : pythons(given.optimizer(), trained, call.policy(), grouped.size() + 1, file);
        if (layerDecay.isPresent()) {
            List<String> layers = layers(
                    rule,
                    List.copyOf(Torch.namedParameters(
                                    DataOptions.network(model, sets.train()).module())
                            .keySet()),
                    layerDecay.get());
            grouped = same("--layer-decay", Optional.of(layers), resumed.map(RunConfig::groups), layers, file);
        }
        List<String> groupTexts = grouped;
        if (per == StepPer.BATCH && call.policy().stepDriven().isEmpty()) {
            throw new IllegalArgumentException(
                    "--step-per must be epoch for a plateau, which takes the validation loss, but was batch");
        }
        Surroundings.checkDrives(driven.schedules(), call, List.of(rule));
        TaskOptions.check(settings, passes);
        RunConfig config = new RunConfig(
                model,
                source.data(resumed),
                sets.train().size(),
                sets.validation().size(),
                rule.toString(),
                groupTexts,
                call.policy().toString(),
                scheduled.given(),
                per,
                passes,
                size,
                batches,
                same("--seed", seed, resumed.map(RunConfig::seed), 0L, file),
                threads.or(() -> resumed.map(RunConfig::threads))
                        .orElseGet(() ->
                                size < SMALL_BATCH ? 1 : Runtime.getRuntime().availableProcessors()),
                or(saveEvery, resumed, RunConfig::saveEvery),
                keep.or(() -> resumed.map(RunConfig::keep)).orElse(1),
                or(patience, resumed, RunConfig::patience),
                restoreBest || resumed.map(RunConfig::restoreBest).orElse(false),
                onNan.or(() -> resumed.map(RunConfig::onNan)).orElse(OnNan.STOP),
                Driven.texts(driven.schedules()),
                driven.given(),
                settings);
        checkThreads(config.threads()); // a file may have any number
        return new Chosen(
                config,
                call,
                driven.schedules(),
                scheduled.shorter().isPresent() || driven.shorter().isPresent()
                        ? resumed.map(before -> with(before.schedule(), before.drives()))
                        : Optional.empty(),
                surroundings.idle(length.context(), context -> given(context, groupTexts), given));
    }

    /** {@return a schedule and those of other numbers, in words} */
    static String with(String schedule, List<String> drives) {
        return drives.isEmpty() ? schedule : schedule + " with " + String.join(", ", drives);
    }

    private StepPer stepPer(Optional<RunConfig> resumed, Context context, Path file) {
        Optional<StepPer> said = schedule.filter(text -> stepPer.isEmpty() && onChange != OnChange.TAKE_CHECKPOINT)
                .flatMap(text -> Surroundings.stepPer(text, context));
        return same(
                stepPer.isPresent() ? "--step-per" : "the 'interval' in --schedule",
                stepPer.or(() -> said),
                resumed.map(RunConfig::stepPer),
                pythonStepPer.orElse(StepPer.EPOCH),
                file);
    }

    private Given given(Context context, List<String> grouped) {
        MissingException.all(List.<Supplier<? extends Object>>of(
                () -> pasted(context), () -> optimizer(context), () -> Surroundings.drives(drives, context)));
        Optional<Pasted> pasted = pasted(context);
        String argument = optimizer.isPresent() ? "--optimizer" : "--schedule";
        List<UpdateRule> rules = optimizer.isPresent()
                ? optimizer(context)
                : pasted.map(Pasted::groups).orElse(List.of());
        if (rules.stream().distinct().count() > 1 && grouped.size() != rules.size() - 1) {
            throw new IllegalArgumentException(argument + " has an optimizer of " + rules.size()
                    + " groups: say which parameters each has but the first, "
                    + ParameterGroups.options(rules) + ", with PATTERN for their names, such as fc*");
        }
        return new Given(pasted.map(Pasted::call), rules.stream().findFirst(), Surroundings.drives(drives, context));
    }

    private Optional<Pasted> pasted(Context context) {
        return schedule.map(text -> surroundings.read(
                "--schedule",
                text,
                context,
                program -> optimizer.isPresent() ? List.of() : UpdateRule.groups(program)));
    }

    private List<UpdateRule> optimizer(Context context) {
        return optimizer
                .map(text -> Surroundings.parsed("--optimizer", () -> {
                    List<UpdateRule> rules = UpdateRule.groups(PythonProgram.read(text, context));
                    return rules.isEmpty() ? List.of(UpdateRule.parse(text)) : rules;
                }))
                .orElse(List.of());
    }

    private UpdateRule rule(Optional<UpdateRule> given, Optional<UpdateRule> trained, Path file) {
        if (trained.isEmpty()) {
            return given.orElseGet(() -> UpdateRule.parse(OPTIMIZER));
        }
        return given.isEmpty() ? trained.get() : mine("--optimizer", given.get(), trained.get(), file);
    }

    /** {@return the optimizer of a run that Python began; its file has the options in force, not those that it was made with} */
    private UpdateRule pythons(
            Optional<UpdateRule> given, Optional<UpdateRule> trained, Policy policy, int groups, Path file) {
        if (given.isEmpty() || trained.isEmpty()) {
            return rule(given, trained, file);
        }
        UpdateRule own = given.get();
        boolean ownRates = hasOwnRates(policy, groups);
        boolean ownMomentum = policy instanceof Schedule schedule && schedule.drivesMomentum();
        return rule(
                given,
                trained.map(rule -> ownRates ? rule.withLr(own.lr()) : rule)
                        .map(rule -> ownMomentum && rule.getClass() == own.getClass()
                                ? rule.withMomentum(own.momentum())
                                : rule),
                file);
    }

    private static boolean hasOwnRates(Policy policy, int groups) {
        if (!(policy instanceof Schedule schedule)) {
            return true;
        }
        try {
            Schedule first = schedule.forGroup(0, groups);
            return first.at(0, 1) == first.at(0, 2);
        } catch (IllegalArgumentException e) { // lists for other groups, which is refused once the groups are made
            return false;
        }
    }

    private Scheduled schedule(
            Optional<SchedulerCall> pasted, String usual, Optional<RunConfig> resumed, RunLength length, Path file)
            throws IOException {
        boolean pythons = pythonSchedule.isPresent() && (pasted.isEmpty() || onChange == OnChange.TAKE_CHECKPOINT);
        String text = pythons ? pythonSchedule.get() : schedule.orElse(usual);
        SchedulerCall given = pythons || pasted.isEmpty()
                ? Anneal.parsed("--schedule", () -> SchedulerCall.parse(text, length))
                : pasted.get();
        if (given.lastEpoch() != -1) {
            throw new IllegalArgumentException(
                    "--schedule must not have last_epoch, as --resume resumes a run, but has last_epoch="
                            + given.lastEpoch());
        }
        if (goesOn.isPresent()) {
            Policy next = schedule.isEmpty() && resumed.isPresent()
                    ? saved(file, () -> Policy.parse(resumed.get().scheduleGiven(), length))
                    : given.policy();
            if (!goesOn.get().policies().equals(List.of(next.toString()))) {
                Policy continued = goesOn.get().continuedBy(next, bridge.orElse(0L));
                return new Scheduled(
                        new SchedulerCall(continued, -1, given.notes()), continued.toString(), Optional.empty());
            }
        }
        if (resumed.isPresent()) {
            String savedText = resumed.get().scheduleGiven();
            SchedulerCall saved = saved(file, () -> SchedulerCall.parse(savedText, length));
            boolean same = schedule.isEmpty() || given.policy().equals(saved.policy());
            if (same
                    || !mine("--schedule", given.policy(), saved.policy(), file).equals(given.policy())) {
                String before = resumed.get().schedule();
                boolean changed = !saved.policy().toString().equals(before);
                return new Scheduled(saved, savedText, changed ? Optional.of(before) : Optional.empty());
            }
        }
        return new Scheduled(given, kept(text, given.policy(), length), Optional.empty());
    }

    private Driven drives(Map<String, Schedule> given, Optional<RunConfig> resumed, RunLength length, Path file)
            throws IOException {
        if (resumed.isPresent()) {
            List<String> texts = resumed.get().drivesGiven();
            Map<String, Schedule> saved = saved(file, () -> Surroundings.drives(texts, length.context()));
            List<String> before = Driven.texts(saved);
            if (drives.isEmpty()
                    || given.equals(saved)
                    || mine("--drive", Driven.texts(given), before, file).equals(before)) {
                boolean changed = !before.equals(resumed.get().drives());
                return new Driven(
                        saved, texts, changed ? Optional.of(resumed.get().drives()) : Optional.empty());
            }
        }
        List<String> kept = drives.stream()
                .map(text -> Surroundings.driven(text) + "="
                        + kept(
                                Surroundings.schedule(text),
                                Objects.requireNonNull(given.get(Surroundings.driven(text))),
                                length,
                                surroundings.in(unknownLengths(length)).withoutPick()))
                .toList();
        return new Driven(given, kept, Optional.empty());
    }

    /**
     * {@return the text to keep: the policy's own, unless the one that was given has lengths in units, which grow with the run,
     * and can be read again without its surroundings}
     */
    private String kept(String text, Policy policy, RunLength length) {
        return kept(text, policy, length, surroundings.in(unknownLengths(length)));
    }

    private static Context unknownLengths(RunLength length) {
        return Context.EMPTY.in(Lengths.UNKNOWN, OptionalLong.of(length.stepsPerEpoch()));
    }

    private static String kept(String text, Policy policy, RunLength length, Context here) {
        PythonProgram program = PythonProgram.read(text, here);
        try {
            SchedulerCall.of(program);
            return policy.toString(); // it has no units
        } catch (PythonSyntaxException e) {
            return Stream.of(SchedulerCall.meant(program).toString(), text)
                    .filter(alone -> isRead(alone, policy, length))
                    .findFirst()
                    .orElse(policy.toString());
        }
    }

    private static boolean isRead(String text, Policy policy, RunLength length) {
        try {
            return SchedulerCall.parse(text, length).policy().equals(policy);
        } catch (PythonSyntaxException e) {
            return false;
        }
    }

    /** {@return what {@code parse} returns for a string in {@code file}} */
    private static <T> T saved(Path file, Supplier<T> parse) throws IOException {
        try {
            return parse.get();
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    /** {@return the given or the saved value, as --on-change says} */
    private <T> T mine(String option, T given, T saved, Path file) {
        if (onChange == OnChange.REFUSE && !given.equals(saved) && config.isEmpty()) {
            throw new IllegalArgumentException(other(option, saved, given, file).getMessage()
                    + "; --on-change keep-config goes on with the given one, take-checkpoint with the saved one"
                    + (option.equals("--optimizer") ? "" : ", continue with the given one from the rate in force"));
        }
        return onChange == OnChange.TAKE_CHECKPOINT ? saved : given;
    }

    /** {@return the given value, which must be the saved one of a resumed run, and may replace one of --config} */
    private <T> T same(String option, Optional<T> given, Optional<T> saved, T otherwise, Path file) {
        if (config.isPresent()) {
            return given.or(() -> saved).orElse(otherwise);
        }
        if (given.isPresent() && saved.isPresent() && !given.equals(saved)) {
            throw other(option, saved.get(), given.get(), file);
        }
        return saved.or(() -> given).orElse(otherwise);
    }

    private static IllegalArgumentException other(String option, Object saved, Object given, Path file) {
        return new IllegalArgumentException(
                option + " must be left out" + (saved.equals("none") ? "" : " or " + text(saved))
                        + ", as in the run saved in " + file + ", but was " + text(given));
    }

    private static String text(Object value) {
        return value instanceof StepPer per ? per.name().toLowerCase(Locale.ROOT) : value.toString();
    }

    private static void checkSize(String purpose, long saved, long here, Path file) {
        if (saved != here) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "--data must have %,d samples to %s, as in the run saved in %s, but has %,d",
                    saved,
                    purpose,
                    file,
                    here));
        }
    }

    private static OptionalInt or(
            Optional<Integer> given, Optional<RunConfig> resumed, Function<RunConfig, OptionalInt> saved) {
        return given.map(OptionalInt::of).or(() -> resumed.map(saved)).orElse(OptionalInt.empty());
    }
}
