package org.anneal.runs;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.anneal.checkpoint.AtomicFile;
import org.anneal.checkpoint.Dict;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.RateGroup;
import org.anneal.schedule.ReduceLROnPlateau.Mode;
import org.anneal.schedule.RunLength;
import org.anneal.schedule.StepPer;
import org.anneal.text.Python;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The settings of a run. Its checkpoints keep them, so that it can be resumed without repeating them, and so that other
 * settings are refused; {@code run.json} in its folder has them for whoever looks at the run.
 *
 * @param model name of the network
 * @param data what the samples were read from
 * @param trainSize how many samples there are to train on
 * @param validationSize how many there are to validate
 * @param optimizer the optimizer call, such as {@code SGD(lr=0.1)}
 * @param groups the groups with options of their own, such as {@code fc*:lr=0.01}
 * @param schedule the schedule's text, without units
 * @param scheduleGiven the text that {@code schedule} was read from; its lengths may be parts of the run, such as 100%, and
 *     then grow if the run is made longer
 * @param stepPer when the schedule is stepped
 * @param epochs passes over the data
 * @param batchSize samples per batch
 * @param limit the most batches per epoch, if not all
 * @param seed for the initial weights and the order of the samples
 * @param threads of libtorch; the last bits of a loss depend on it
 * @param saveEvery batches between checkpoints within an epoch, if any
 * @param keep how many checkpoints stay
 * @param patience how many epochs without a better validation loss end the run
 * @param restoreBest whether the run ends by restoring the best weights
 * @param onNan what happens if a loss is not finite
 * @param drives the schedules of numbers beside the rate, such as {@code weight_decay=LinearLR(total_iters=500)}, without units
 * @param drivesGiven the texts that {@code drives} were read from, whose lengths may be parts of the run
 * @param more settings of the program's own, by other names than these: texts, whole numbers, numbers, truths, and lists of these
 */
public record RunConfig(
        String model,
        String data,
        long trainSize,
        long validationSize,
        String optimizer,
        List<String> groups,
        String schedule,
        String scheduleGiven,
        StepPer stepPer,
        int epochs,
        int batchSize,
        OptionalInt limit,
        long seed,
        int threads,
        OptionalInt saveEvery,
        int keep,
        OptionalInt patience,
        boolean restoreBest,
        OnNan onNan,
        List<String> drives,
        List<String> drivesGiven,
        Map<String, Object> more) {
    static final String FILE = "run.json";
    static final String MONITOR = "monitor"; // among the settings: the column that tells the best epoch
    static final String MONITOR_MODE = "monitor_mode"; // min or max, if its name does not tell
    static final String ENDED = "ended"; // whether the run has ended, if only to go on later
    static final String STOPPED = "stopped"; // whether it ended before it was finished
    static final String STARTED = "started"; // when the run began, for the first time
    private static final int MOST_BYTES = 64 * 1024; // of a file that is read

    private static final Set<String> KEYS = Arrays.stream(RunConfig.class.getRecordComponents())
            .map(component -> component.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT))
            .collect(Collectors.toSet());

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(DeserializationFeature.USE_LONG_FOR_INTS)
            .build();

    public RunConfig {
        groups = List.copyOf(groups);
        drives = List.copyOf(drives);
        drivesGiven = List.copyOf(drivesGiven);
        more = Collections.unmodifiableMap(new LinkedHashMap<>(more));
    }

    /** A run without schedules of other numbers than the rate, and without settings of its own. */
    public RunConfig(
            String model,
            String data,
            long trainSize,
            long validationSize,
            String optimizer,
            List<String> groups,
            String schedule,
            String scheduleGiven,
            StepPer stepPer,
            int epochs,
            int batchSize,
            OptionalInt limit,
            long seed,
            int threads,
            OptionalInt saveEvery,
            int keep,
            OptionalInt patience,
            boolean restoreBest,
            OnNan onNan) {
        this(
                model,
                data,
                trainSize,
                validationSize,
                optimizer,
                groups,
                schedule,
                scheduleGiven,
                stepPer,
                epochs,
                batchSize,
                limit,
                seed,
                threads,
                saveEvery,
                keep,
                patience,
                restoreBest,
                onNan,
                List.of(),
                List.of(),
                Map.of());
    }

    /** {@return the batches per epoch} */
    public int batchesPerEpoch() {
        return batches(trainSize, batchSize, limit);
    }

    private static int batches(long samples, int batchSize, OptionalInt limit) {
        long all = RunLength.of(samples, batchSize, 1).stepsPerEpoch();
        return (int) Math.min(all, limit.orElse(Integer.MAX_VALUE));
    }

    /** {@return the steps of the optimizer per epoch} */
    public long stepsPerEpoch() {
        return length(trainSize, batchSize, limit, accumulated(more), epochs).stepsPerEpoch();
    }

    /**
     * {@return a run's length in steps of the optimizer, for a schedule that is stepped per epoch}
     *
     * @param accumulate batches per step
     */
    public static RunLength length(long samples, int batchSize, OptionalInt limit, int accumulate, int epochs) {
        long steps = (batches(samples, batchSize, limit) + accumulate - 1L) / accumulate;
        return new RunLength(steps, epochs, StepPer.EPOCH).withBatchSize((long) batchSize * accumulate);
    }

    /** {@return how many batches make a step of the optimizer: {@code accumulate} in {@code more}, or 1} */
    public static int accumulated(Map<String, Object> more) {
        return new Dict("", more).optionalCount("accumulate").orElse(1);
    }

    /** {@return this as a dict, for a checkpoint} */
    public Map<String, Object> toDict() {
        Map<String, Object> dict = new LinkedHashMap<>();
        dict.put("model", model);
        dict.put("data", data);
        dict.put("train_size", trainSize);
        dict.put("validation_size", validationSize);
        dict.put("optimizer", optimizer);
        dict.put("groups", groups);
        dict.put("schedule", schedule);
        dict.put("schedule_given", scheduleGiven);
        dict.put("step_per", stepPer.name().toLowerCase(Locale.ROOT));
        dict.put("epochs", (long) epochs);
        dict.put("batch_size", (long) batchSize);
        dict.put("limit", orNone(limit));
        dict.put("seed", seed);
        dict.put("threads", (long) threads);
        dict.put("save_every", orNone(saveEvery));
        dict.put("keep", (long) keep);
        dict.put("patience", orNone(patience));
        dict.put("restore_best", restoreBest);
        dict.put("on_nan", onNan.name().toLowerCase(Locale.ROOT));
        if (!drives.isEmpty()) {
            dict.put("drives", drives);
            dict.put("drives_given", drivesGiven);
        }
        dict.putAll(more);
        return dict;
    }

    /** {@return {@code value} as an entry of a dict, None if it is empty} */
    private static Object orNone(OptionalInt value) {
        return value.isPresent() ? (Object) (long) value.getAsInt() : Optional.empty();
    }

    /**
     * {@return the settings in a dict of {@link #toDict}}
     *
     * @throws IllegalArgumentException if an entry is missing or of another type
     */
    public static RunConfig of(Dict dict) {
        return new RunConfig(
                dict.text("model"),
                dict.text("data"),
                dict.whole("train_size"),
                dict.whole("validation_size"),
                dict.text("optimizer"),
                dict.texts("groups"),
                dict.text("schedule"),
                // Older files have neither schedule_given nor on_nan.
                dict.text(dict.find("schedule_given").isPresent() ? "schedule_given" : "schedule"),
                dict.text("step_per").equals("batch") ? StepPer.BATCH : StepPer.EPOCH,
                dict.count("epochs"),
                dict.count("batch_size"),
                dict.optionalCount("limit"),
                dict.whole("seed"),
                dict.count("threads"),
                dict.optionalCount("save_every"),
                dict.count("keep"),
                dict.optionalCount("patience"),
                dict.truth("restore_best"),
                dict.find("on_nan").equals(Optional.of("continue")) ? OnNan.CONTINUE : OnNan.STOP,
                dict.find("drives").isPresent() ? dict.texts("drives") : List.of(),
                dict.find("drives_given").isPresent() ? dict.texts("drives_given") : List.of(),
                more(dict));
    }

    private static Map<String, Object> more(Dict dict) {
        Map<String, Object> more = new LinkedHashMap<>();
        dict.entries().forEach((name, value) -> {
            if (name instanceof String key && !KEYS.contains(key)) {
                more.put(key, value);
            }
        });
        return more;
    }

    /**
     * {@return what {@code run.json} says of a run}
     *
     * @param config the settings
     * @param started when the run began, for the first time
     * @param stepsPerEpoch steps of the optimizer, if they are known
     * @param groups of the optimizer
     * @param firstRates the rate of each group at the run's first step; empty before that
     */
    static Map<String, Object> description(
            Map<String, Object> config,
            Instant started,
            OptionalLong stepsPerEpoch,
            List<? extends RateGroup> groups,
            List<Double> firstRates) {
        Map<String, Object> run = new LinkedHashMap<>();
        run.put("config", config);
        run.put(ENDED, false);
        run.put(STARTED, started.toString());
        stepsPerEpoch.ifPresent(steps -> run.put("steps_per_epoch", steps));
        run.put(
                "param_groups",
                IntStream.range(0, groups.size())
                        .mapToObj(i -> dict(
                                groups.get(i),
                                firstRates.isEmpty() ? groups.get(i).lr() : firstRates.get(i)))
                        .toList());
        return run;
    }

    /** Writes {@code run.json}. */
    static void write(Path folder, Map<String, Object> description) throws IOException {
        String json = JSON.writeValueAsString(description) + "\n";
        AtomicFile.write(folder.resolve(FILE), file -> RunTable.write(file, json));
    }

    private static Map<String, Object> dict(RateGroup group, double firstRate) {
        Map<String, Object> dict = new LinkedHashMap<>();
        dict.put("name", group.name());
        if (group instanceof ParamGroup<?> own) {
            dict.putAll(own.options());
        } else { // of another library
            dict.put("lr", group.lr());
            group.initialLr().ifPresent(lr -> dict.put("initial_lr", lr));
        }
        dict.putIfAbsent("initial_lr", firstRate); // a plateau records no base
        dict.replaceAll((option, value) -> value instanceof Python.Tuple tuple ? tuple.items() : value); // betas
        return dict;
    }

    /**
     * The part of {@code run.json} that others than the run itself need.
     *
     * @param optimizer the optimizer call, such as {@code SGD(lr=0.1)}; empty if it is not known here
     * @param groups the groups with options of their own, such as {@code fc*:lr=0.01}
     * @param groupNames the name of each group; empty unless all have one
     * @param lr the rate of each group at the run's first step
     * @param schedule the schedule's text, without units; empty if it is not known
     * @param stepPer when the schedule is stepped
     * @param epochs passes over the data; 0 if it is not known
     * @param stepsPerEpoch steps of the optimizer per epoch; 0 if it is not known
     * @param ended whether the run has ended
     * @param stopped whether it ended before it was finished
     * @param started when it began, for the first time, if that is known
     * @param monitor what tells the best epoch, if the settings name it
     */
    public record Summary(
            String optimizer,
            List<String> groups,
            List<String> groupNames,
            List<Double> lr,
            String schedule,
            StepPer stepPer,
            long epochs,
            long stepsPerEpoch,
            boolean ended,
            boolean stopped,
            Optional<Instant> started,
            Optional<Monitor> monitor) {}

    /**
     * {@return the settings in a {@code run.json}, to run with them again}
     *
     * @throws IOException if the file cannot be read, or is not what a run writes; the message names the file and the reason
     */
    public static RunConfig read(Path file) throws IOException {
        try {
            return of(new Dict("", parsed(file)).dict("config"));
        } catch (NoSuchFileException e) {
            throw new IOException("no file " + file, e);
        } catch (IllegalArgumentException | JacksonException e) {
            throw new IOException(file + " must be the run.json of a run, but " + reason(e), e);
        }
    }

    private static String reason(RuntimeException e) {
        return e instanceof JacksonException ? "is not JSON" : String.valueOf(e.getMessage());
    }

    private static Map<?, ?> parsed(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MOST_BYTES + 1);
            if (bytes.length > MOST_BYTES) {
                throw new IllegalArgumentException("has more than " + MOST_BYTES + " bytes");
            }
            if (JSON.readValue(bytes, Object.class) instanceof Map<?, ?> run) {
                return run;
            }
            throw new IllegalArgumentException("is not an object");
        }
    }

    /**
     * {@return what {@code run.json} in {@code folder} says; empty if it is missing, a link, too long, or not what a run writes,
     * as anyone may have made it}
     */
    static Optional<Summary> summary(Path folder) {
        Path file = folder.resolve(FILE);
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        try {
            return Optional.of(summary(new Dict("", parsed(file))));
        } catch (IOException | JacksonException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static Summary summary(Dict run) {
        Dict config = run.dict("config");
        List<Dict> groups = run.dicts("param_groups");
        boolean named = groups.stream().allMatch(group -> group.entries().get("name") instanceof String);
        return new Summary(
                config.find("optimizer").isPresent() ? config.text("optimizer") : "",
                config.find("groups").isPresent() ? config.texts("groups") : List.of(),
                named ? groups.stream().map(group -> group.text("name")).toList() : List.of(),
                groups.stream().map(group -> group.real("initial_lr")).toList(),
                config.find("schedule").isPresent() ? config.text("schedule") : "",
                config.find("step_per").isPresent()
                        ? StepPer.valueOf(config.text("step_per").toUpperCase(Locale.ROOT))
                        : StepPer.EPOCH,
                config.find("epochs").isPresent() ? config.whole("epochs") : 0,
                run.find("steps_per_epoch").isPresent() ? run.whole("steps_per_epoch") : 0,
                isTrue(run, ENDED),
                isTrue(run, STOPPED),
                started(run),
                monitor(config));
    }

    private static boolean isTrue(Dict run, String entry) {
        return run.find(entry).isPresent() && run.truth(entry);
    }

    private static Optional<Instant> started(Dict run) {
        try {
            return run.find(STARTED).isPresent() ? Optional.of(Instant.parse(run.text(STARTED))) : Optional.empty();
        } catch (DateTimeParseException e) {
            return Optional.empty();
        }
    }

    private static Optional<Monitor> monitor(Dict config) {
        if (config.find(MONITOR).isEmpty()) {
            return Optional.empty();
        }
        Monitor named = Monitor.named(config.text(MONITOR));
        return Optional.of(
                config.find(MONITOR_MODE).isPresent()
                        ? new Monitor(
                                named.name(),
                                Mode.valueOf(config.text(MONITOR_MODE).toUpperCase(Locale.ROOT)))
                        : named);
    }
}
