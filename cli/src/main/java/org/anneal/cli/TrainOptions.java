package org.anneal.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.function.Supplier;
import org.anneal.optim.LRScheduler.OnChange;
import org.anneal.optim.SavedSchedule;
import org.anneal.optim.UpdateRule;
import org.anneal.runs.OnNan;
import org.anneal.runs.RunConfig;
import org.anneal.schedule.Policy;
import org.anneal.schedule.RunLength;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.SchedulerCall;
import org.anneal.schedule.StepPer;
import org.anneal.text.PythonSyntaxException;
import org.anneal.train.Checkpoint;
import org.anneal.train.DataSets;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** What can be said of a training run; what is not said is the default, or what the resumed run was started with. */
final class TrainOptions {
    // Below this, libtorch's threads wait for each other longer than they compute.
    private static final int SMALL_BATCH = 64;

    // Of many more than there are processors, a batch takes minutes, and some are too many for the system.
    private static final int MOST_THREADS = Math.max(64, Runtime.getRuntime().availableProcessors());

    static final String SUBSET = "fashion-mnist-subset";
    private static final String OPTIMIZER = "SGD(lr=0.01, momentum=0.9)";
    private static final String SCHEDULE = "CosineAnnealingLR(T_max=100%)";
    private static final int EPOCHS = 5;
    private static final int BATCH_SIZE = 8;

    @Option(
            names = "--data",
            paramLabel = "DATA",
            description = {
                SUBSET + ": 10,000 + 2,000 images that come with Anneal (the default)",
                "fashion-mnist: all 60,000 + 10,000, from Debian's package dataset-fashion-mnist",
                "cifar10:DIR: CIFAR-10's binary files in DIR, plain or gzipped",
                "DIR: the files of either, recognised"
            })
    private Optional<String> data = Optional.empty();

    @Option(
            names = "--optimizer",
            paramLabel = "EXPR",
            description = "PyTorch's optimizer call (default: " + OPTIMIZER + ")")
    private Optional<String> optimizer = Optional.empty();

    @Option(
            names = "--group",
            paramLabel = "PATTERN:OPTIONS",
            description = "parameters whose names match the pattern (*, ?, [12]) get options of their own, such as"
                    + " 'fc*:lr=0.001, weight_decay=0'; may be repeated")
    private List<String> groups = List.of();

    @Option(
            names = "--schedule",
            paramLabel = "EXPR",
            description = "PyTorch's scheduler call; lengths may be 2ep, 500st, 10%% (default:"
                    + " CosineAnnealingLR(T_max=100%%))")
    private Optional<String> schedule = Optional.empty();

    @Option(
            names = "--step-per",
            paramLabel = "UNIT",
            description = "step the schedule per epoch or per batch (default: epoch)")
    private Optional<StepPer> stepPer = Optional.empty();

    @Option(names = "--epochs", paramLabel = "N", description = "in all, a resumed run's too (default: " + EPOCHS + ")")
    private Optional<Integer> epochs = Optional.empty();

    @Option(names = "--batch-size", paramLabel = "N", description = "(default: " + BATCH_SIZE + ")")
    private Optional<Integer> batchSize = Optional.empty();

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "of the first weights and the order of the images (default: 0)")
    private Optional<Long> seed = Optional.empty();

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "of libtorch (default: 1 for batches below " + SMALL_BATCH + ", else all cores)")
    private Optional<Integer> threads = Optional.empty();

    @Option(
            names = "--limit",
            paramLabel = "N",
            description = "train on the first N batches of each epoch, to try things")
    private Optional<Integer> limit = Optional.empty();

    @Option(
            names = "--patience",
            paramLabel = "N",
            description = "stop after N epochs without a validation loss below the lowest so far")
    private Optional<Integer> patience = Optional.empty();

    @Option(
            names = "--restore-best",
            description =
                    "at the end go back to the weights with the lowest validation loss: model.safetensors has them")
    private boolean restoreBest;

    @Option(
            names = "--on-nan",
            paramLabel = "WHAT",
            description = "stop at a loss that is NaN or infinite, or continue with a warning (default: stop)")
    private Optional<OnNan> onNan = Optional.empty();

    @Option(
            names = "--save-every",
            paramLabel = "N",
            description = "write last.pt after every N batches of an epoch too, not at its end only")
    private Optional<Integer> saveEvery = Optional.empty();

    @Option(
            names = "--keep",
            paramLabel = "K",
            description = "keep the last K checkpoints: last.pt, and the ones before as step-<steps>.pt (default: 1)")
    private Optional<Integer> keep = Optional.empty();

    @Option(
            names = "--on-change",
            paramLabel = "WHO",
            converter = OnChangeConverter.class,
            description = "if --optimizer or --schedule is not the resumed run's: keep-config goes on with it from the"
                    + " run's position, take-checkpoint with the run's own; without this it is refused, as is a change of"
                    + " --group, --step-per, --batch-size, --limit, --seed or the number of images")
    private OnChange onChange = OnChange.REFUSE;

    private Optional<String> pythonSchedule = Optional.empty(); // of the run that goes on, if Python began it
    private Optional<StepPer> pythonStepPer = Optional.empty();

    static final class OnChangeConverter implements ITypeConverter<OnChange> {
        @Override
        public OnChange convert(String value) {
            return switch (value.toLowerCase(Locale.ROOT)) {
                case "keep-config" -> OnChange.KEEP_CONFIG;
                case "take-checkpoint" -> OnChange.TAKE_CHECKPOINT;
                default ->
                    throw new TypeConversionException(
                            "must be keep-config or take-checkpoint, but was '" + value + "'");
            };
        }
    }

    /** Reads the expressions and checks the counts, before anything is done. */
    void check() {
        optimizer.ifPresent(text -> Anneal.parsed("--optimizer", () -> UpdateRule.parse(text)));
        epochs.ifPresent(n -> Anneal.atLeastOne("--epochs", n));
        batchSize.ifPresent(n -> Anneal.atLeastOne("--batch-size", n));
        threads.ifPresent(TrainOptions::checkThreads);
        limit.ifPresent(n -> Anneal.atLeastOne("--limit", n));
        patience.ifPresent(n -> Anneal.atLeastOne("--patience", n));
        saveEvery.ifPresent(n -> Anneal.atLeastOne("--save-every", n));
        keep.ifPresent(n -> Anneal.atLeastOne("--keep", n));
    }

    private static void checkThreads(int threads) {
        if (threads < 1 || threads > MOST_THREADS) {
            throw new IllegalArgumentException(
                    "--threads must be from 1 to " + MOST_THREADS + " on this computer, but was " + threads);
        }
    }

    OnChange onChange() {
        return onChange;
    }

    /** Refuses to go on with an optimizer that neither the file nor the command names. */
    void checkOptimizer(Checkpoint checkpoint, Optional<UpdateRule> trained, Path file) {
        if (optimizer.isEmpty() && checkpoint.hasOptimizer() && trained.isEmpty()) {
            throw new IllegalArgumentException(
                    "--optimizer must be given: " + file + " does not say which one it is of");
        }
    }

    /**
     * Takes up what the file of a run that Python began says of its schedule.
     *
     * @throws IllegalArgumentException if it does not say which, and the command does not either
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
                    "--schedule must be given, and --on-change keep-config: the run's own is not known: "
                            + e.getMessage(),
                    e);
        }
        pythonSchedule = saved.filter(each -> each.gaps().isEmpty()).map(SavedSchedule::text);
        if (schedule.isEmpty() && saved.isPresent() && pythonSchedule.isEmpty()) {
            throw new IllegalArgumentException("--schedule must be given: " + file + " is of a run with " + saved.get()
                    + ". Fill it in: --schedule '" + saved.get().text()
                    + "', or go on with another: --schedule EXPR --on-change keep-config");
        }
    }

    /** {@return what the images are to be read from} */
    String data(Optional<RunConfig> resumed) {
        return data.or(() -> resumed.map(RunConfig::data)).orElse(SUBSET);
    }

    /**
     * A run's settings.
     *
     * @param call that its schedule was read from
     * @param shorter the schedule of the resumed run, if it is the same but for its length, as the run is longer now
     */
    record Chosen(RunConfig config, SchedulerCall call, Optional<String> shorter) {
        RunLength length() {
            return new RunLength(config.stepsPerEpoch(), config.epochs(), config.stepPer());
        }
    }

    /** What {@link Chosen} has of a schedule, and its text as it was given. */
    private record Scheduled(SchedulerCall call, String given, Optional<String> shorter) {}

    /**
     * {@return the settings of a run on {@code sets}}
     *
     * @param resumed those of the run that goes on, if it is Anneal's
     * @param trained the optimizer of that run, if it is known
     * @param file which it goes on from
     * @throws IllegalArgumentException if what is given is not what the resumed run has
     * @throws IOException if what the resumed run has cannot be read
     */
    Chosen choose(String model, DataSets sets, Optional<RunConfig> resumed, Optional<UpdateRule> trained, Path file)
            throws IOException {
        StepPer per =
                same("--step-per", stepPer, resumed.map(RunConfig::stepPer), pythonStepPer.orElse(StepPer.EPOCH), file);
        int size = same("--batch-size", batchSize, resumed.map(RunConfig::batchSize), BATCH_SIZE, file);
        OptionalInt batches = limit.map(OptionalInt::of).orElse(OptionalInt.empty());
        if (resumed.isPresent()) {
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
        RunLength length = runLength(sets.train().size(), size, batches, passes, per);
        Scheduled scheduled = schedule(resumed, length, file);
        SchedulerCall call = scheduled.call();
        UpdateRule rule = resumed.isPresent() ? rule(trained, file) : pythons(trained, call.policy(), file);
        if (per == StepPer.BATCH && call.policy().stepDriven().isEmpty()) {
            throw new IllegalArgumentException(
                    "--step-per must be epoch for a plateau, which takes the validation loss, but was batch");
        }
        RunConfig config = new RunConfig(
                model,
                data(resumed),
                sets.train().size(),
                sets.validation().size(),
                rule.toString(),
                same(
                        "--group",
                        Optional.of(groups).filter(given -> !given.isEmpty()),
                        resumed.map(RunConfig::groups),
                        List.of(),
                        file),
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
                onNan.or(() -> resumed.map(RunConfig::onNan)).orElse(OnNan.STOP));
        checkThreads(config.threads()); // a file may say anything
        return new Chosen(config, call, scheduled.shorter());
    }

    private UpdateRule rule(Optional<UpdateRule> trained, Path file) {
        UpdateRule given = UpdateRule.parse(optimizer.orElse(OPTIMIZER));
        if (trained.isEmpty()) {
            return given;
        }
        return optimizer.isEmpty() ? trained.get() : mine("--optimizer", given, trained.get(), file);
    }

    /** {@return the optimizer of a run that Python began, whose file keeps the options in force, not those that it was made with} */
    private UpdateRule pythons(Optional<UpdateRule> trained, Policy policy, Path file) {
        if (optimizer.isEmpty()) {
            return rule(trained, file);
        }
        UpdateRule given = UpdateRule.parse(optimizer.get());
        boolean ownRates = !(policy instanceof Schedule schedule) || schedule.at(0, 1) == schedule.at(0, 2);
        boolean ownMomentum = policy instanceof Schedule schedule && schedule.drivesMomentum();
        return rule(
                trained.map(rule -> ownRates ? rule.withLr(given.lr()) : rule)
                        .map(rule -> ownMomentum && rule.getClass() == given.getClass()
                                ? rule.withMomentum(given.momentum())
                                : rule),
                file);
    }

    private Scheduled schedule(Optional<RunConfig> resumed, RunLength length, Path file) throws IOException {
        String text = (onChange == OnChange.TAKE_CHECKPOINT
                        ? pythonSchedule.or(() -> schedule)
                        : schedule.or(() -> pythonSchedule))
                .orElse(SCHEDULE);
        SchedulerCall given = Anneal.parsed("--schedule", () -> SchedulerCall.parse(text, length));
        if (given.lastEpoch() != -1) {
            throw new IllegalArgumentException(
                    "--schedule must not have a last_epoch, which resumes a run, but has " + given.lastEpoch());
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
        return new Scheduled(given, hasUnits(text) ? text : given.policy().toString(), Optional.empty());
    }

    private static boolean hasUnits(String schedule) {
        try {
            SchedulerCall.parse(schedule);
            return false;
        } catch (PythonSyntaxException e) {
            return true; // as it can be read with the run's length
        }
    }

    /** {@return what {@code parse} makes of a text in {@code file}} */
    private static <T> T saved(Path file, Supplier<T> parse) throws IOException {
        try {
            return parse.get();
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    /** {@return the one of two that goes on} */
    private <T> T mine(String option, T given, T saved, Path file) {
        if (onChange == OnChange.REFUSE && !given.equals(saved)) {
            throw new IllegalArgumentException(other(option, saved, given, file).getMessage()
                    + "; --on-change keep-config goes on with the new one, take-checkpoint with the old one");
        }
        return onChange == OnChange.TAKE_CHECKPOINT ? saved : given;
    }

    private static <T> T same(String option, Optional<T> given, Optional<T> saved, T otherwise, Path file) {
        if (given.isPresent() && saved.isPresent() && !given.equals(saved)) {
            throw other(option, saved.get(), given.get(), file);
        }
        return saved.or(() -> given).orElse(otherwise);
    }

    private static IllegalArgumentException other(String option, Object saved, Object given, Path file) {
        return new IllegalArgumentException(option + " must be left out or " + text(saved) + ", as in the run that "
                + file + " is of, but was " + text(given));
    }

    private static String text(Object value) {
        return value instanceof StepPer per ? per.name().toLowerCase(Locale.ROOT) : value.toString();
    }

    private static void checkSize(String purpose, long saved, long here, Path file) {
        if (saved != here) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "--data must have %,d images to %s, as in the run that %s is of, but has %,d",
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

    /** {@return the run's length, which units such as 2ep in the schedule's text are read by} */
    private static RunLength runLength(int samples, int batchSize, OptionalInt limit, int epochs, StepPer stepPer) {
        long batches = RunLength.of(samples, batchSize, epochs).stepsPerEpoch();
        return new RunLength(Math.min(batches, limit.orElse(Integer.MAX_VALUE)), epochs, stepPer);
    }
}
