package org.anneal.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.anneal.checkpoint.AtomicFile;
import org.anneal.checkpoint.Dict;
import org.anneal.checkpoint.TensorData;
import org.anneal.checkpoint.TorchFile;
import org.anneal.optim.AveragedModel;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.SavedSchedule;
import org.anneal.optim.SchedulerState;
import org.anneal.optim.UpdateRule;
import org.anneal.runs.Monitor;
import org.anneal.runs.Position;
import org.anneal.runs.RunConfig;
import org.anneal.runs.RunListener;
import org.anneal.schedule.ConstantLR;
import org.anneal.schedule.Policy;
import org.anneal.schedule.ReduceLROnPlateau.Mode;
import org.anneal.schedule.StepPer;
import org.anneal.text.Python;
import org.anneal.torch.Network;
import org.anneal.torch.Torch;
import org.anneal.torch.Weights;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * All that a training run needs to be resumed, in a file that Python can read, too:
 *
 * <pre>{@code
 * ck = torch.load("last.pt", weights_only=True)
 * net.load_state_dict(ck["model"]); opt.load_state_dict(ck["optimizer"]); sched.load_state_dict(ck["scheduler"])
 * }</pre>
 *
 * <p>Beside these, {@code epoch} counts the epochs that were finished and {@code step} the optimizer's steps.
 * {@code scheduler} is None if PyTorch has no such scheduler, as for a plateau on a schedule. {@code anneal} is what else a run
 * needs to go on to the same bits: the position within the epoch, the runner's own state, libtorch's CPU random number state
 * (not CUDA's), the finished epochs, and the run's settings. An average of the weights is under its name, {@code ema} or
 * {@code swa}, as the {@code state_dict()} of an {@code AveragedModel}.
 *
 * <p>A file that Python wrote is taken as the end of an epoch. It may have {@code epoch}, {@code model}, {@code optimizer} and
 * {@code scheduler}, or these under other {@linkplain CheckpointParts usual keys}; only {@code epoch} and the weights must be
 * there.
 */
public final class Checkpoint implements AutoCloseable {
    private static final int VERSION = 1;

    private final Path path;
    private final TorchFile file;
    private final CheckpointParts parts;
    private final Dict root;
    private final Map<?, ?> model;
    private final Optional<Dict> anneal;
    private final Optional<Object> key; // identifies the open file

    private Checkpoint(Path path, Optional<Object> key, TorchFile file, Map<?, ?> root) {
        this.path = path;
        this.key = key;
        this.file = file;
        this.parts = new CheckpointParts(root);
        this.root = new Dict("", root);
        this.root.number("epoch");
        this.model = model(parts.models(), this.root);
        this.anneal = this.root.find("anneal").map(found -> this.root.dict("anneal"));
    }

    /**
     * Writes a checkpoint atomically.
     *
     * @throws IOException if it cannot be written; the message names the file and the reason
     */
    static void write(
            Path path,
            Network network,
            Optimizer<Tensor> optimizer,
            LRScheduler scheduler,
            Map<String, AveragedModel<Tensor>> averages,
            Optional<RunConfig> config,
            Progress progress,
            RateCurve curve,
            Map<String, Object> entries)
            throws IOException {
        try (PointerScope scope = new PointerScope()) {
            Map<String, Object> root = new LinkedHashMap<>();
            root.put("epoch", (long) progress.epoch());
            root.put("step", progress.step());
            root.put("model", ordered(Weights.stateDict(network.module())));
            root.put("optimizer", optimizer.stateDict());
            root.put("scheduler", schedulerDict(scheduler));
            averages.forEach((name, average) -> root.put(name, ordered(average.stateDict())));
            Map<String, Object> anneal = new LinkedHashMap<>();
            anneal.put("version", (long) VERSION);
            anneal.put("config", config.<Object>map(RunConfig::toDict).orElse(Optional.empty()));
            anneal.put("scheduler", scheduler.state().toMap());
            putProgress(progress, anneal);
            anneal.put("rng_state", Torch.getRngState());
            Map<String, Object> rates = new LinkedHashMap<>();
            rates.put("epoch", TensorData.of(curve.points(), List.of((long) curve.size())));
            long width = (long) optimizer.groups().size()
                    + RunListener.numbers(optimizer.groups()).size();
            rates.put("lr", TensorData.of(curve.rates(), List.of((long) curve.size(), width)));
            anneal.put("rates", rates);
            if (!entries.isEmpty()) {
                anneal.put("entries", entries);
            }
            root.put("anneal", anneal);
            TorchFile.write(path, root);
        }
    }

    private static Map<String, Object> ordered(Map<String, ? extends Object> dict) {
        Map<String, Object> ordered = new Python.OrderedDict<>();
        ordered.putAll(dict);
        return ordered;
    }

    private static Object schedulerDict(LRScheduler scheduler) {
        try {
            return scheduler.stateDict();
        } catch (IllegalStateException pyTorchHasNoSuchScheduler) {
            return Optional.empty();
        }
    }

    private static void putProgress(Progress progress, Map<String, Object> anneal) {
        anneal.put("batch", (long) progress.batch());
        anneal.put("loss_sum", progress.lossSum());
        anneal.put("loss_samples", progress.lossSamples());
        anneal.put("seconds", progress.seconds());
        anneal.put("lr", progress.lr());
        anneal.put("numbers", progress.numbers());
        anneal.put(
                "monitor",
                Map.of(
                        "name", progress.monitor().name(),
                        "mode", progress.monitor().mode().name().toLowerCase(Locale.ROOT)));
        anneal.put("epochs", progress.epochs().stream().map(Position::dict).toList());
        anneal.put("best_model", progress.bestWeights().isEmpty() ? Optional.empty() : ordered(progress.bestWeights()));
    }

    /**
     * Opens a checkpoint, Anneal's or one that Python wrote.
     *
     * @throws IOException if it cannot be read, is damaged, is not a training checkpoint, or was written by a newer Anneal; the
     *     message names the file and the reason
     */
    public static Checkpoint open(Path path) throws IOException {
        Optional<Object> key = Files.exists(path) ? AtomicFile.key(path) : Optional.empty();
        TorchFile file = TorchFile.open(path);
        try {
            if (!(file.root() instanceof Map<?, ?> map)) {
                throw new IllegalArgumentException("it does not hold a dict");
            }
            Checkpoint checkpoint = new Checkpoint(path, key, file, map);
            if (checkpoint.anneal.isPresent()) {
                int version = checkpoint.anneal.get().count("version");
                if (version > VERSION) {
                    throw new IOException(path + " was written by a newer Anneal: version must be at most " + VERSION
                            + ", but was " + version);
                }
            }
            return checkpoint;
        } catch (IllegalArgumentException e) {
            file.close();
            throw new IOException(path + " is not a training checkpoint: " + e.getMessage(), e);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** @throws IOException if the file is in {@code folder}, and a run there has replaced it since it was opened */
    void checkUnchangedIn(Path folder) throws IOException {
        Path parent = Optional.ofNullable(path.toAbsolutePath().getParent()).orElse(path);
        if (Files.exists(parent)
                && Files.isSameFile(parent, folder)
                && !AtomicFile.key(path).equals(key)) {
            throw new IOException(path + " was replaced by another run while it was read: resume again");
        }
    }

    private static Map<?, ?> model(List<String> keys, Dict root) {
        if (keys.size() == 1) {
            return root.map(keys.get(0));
        } else if (keys.isEmpty() && root.find("model").isPresent()) {
            throw root.wrong("model", "a dict");
        } else if (keys.isEmpty()) {
            throw new IllegalArgumentException(
                    "it must have weights under one of " + String.join(", ", CheckpointParts.MODEL)
                            + ", but has only the keys " + root.entries().keySet());
        }
        throw new IllegalArgumentException(
                "it must have the weights of one network, but has those under " + String.join(", ", keys));
    }

    /** {@return the run's settings; empty if Python wrote the file, or a program that did not give them} */
    public Optional<RunConfig> config() throws IOException {
        return read(this::savedConfig);
    }

    /** {@return whether the file has an optimizer's state} */
    public boolean hasOptimizer() {
        return !parts.optimizers().isEmpty();
    }

    /**
     * {@return the rule of the run's optimizer} A file from Python does not name it: then it is the rule that has the options of the
     * first group, with the base of schedules as its rate; empty if there is none.
     */
    public Optional<UpdateRule> optimizer() throws IOException {
        return read(this::rule);
    }

    private Optional<UpdateRule> rule() {
        Optional<RunConfig> config = savedConfig();
        if (config.isPresent() || !hasOptimizer()) {
            return config.map(RunConfig::optimizer).map(UpdateRule::parse);
        }
        return CheckpointParts.groups(parts.optimizers().get(0)).stream()
                .findFirst()
                .flatMap(UpdateRule::ofGroup);
    }

    /**
     * One parameter group of a saved optimizer.
     *
     * @param rule its rule, with the base of schedules as its rate; empty if no rule has these options
     * @param size how many parameters it has
     * @param names the names of its parameters; empty if the file does not tell them
     */
    public record SavedGroup(Optional<UpdateRule> rule, int size, List<String> names) {}

    /**
     * {@return the parameter groups of the saved optimizer; none if there is no optimizer, or more than one} PyTorch saves
     * numbers in place of names unless the optimizer was made with {@code named_parameters()}. Then a parameter is told by the
     * shape of its state, if only one of {@code network} has that shape.
     */
    public List<SavedGroup> groups(Network network) throws IOException {
        return read(() -> {
            List<Map<?, ?>> optimizers = parts.optimizers();
            if (optimizers.size() != 1) {
                return List.of();
            }
            Map<?, ?> state = optimizers.get(0).get("state") instanceof Map<?, ?> map ? map : Map.of();
            Map<String, List<Long>> shapes = new LinkedHashMap<>();
            Weights.stateDict(network.module()).forEach((name, data) -> shapes.put(name, data.shape()));
            return CheckpointParts.groups(optimizers.get(0)).stream()
                    .map(group -> savedGroup(group, state, shapes))
                    .toList();
        });
    }

    private static SavedGroup savedGroup(Map<?, ?> group, Map<?, ?> state, Map<String, List<Long>> shapes) {
        List<?> params = group.get("params") instanceof List<?> list ? list : List.of();
        List<?> given = group.get("param_names") instanceof List<?> list ? list : List.of();
        List<String> names = (given.size() == params.size()
                        ? given.stream().filter(shapes::containsKey).map(String::valueOf)
                        : params.stream()
                                .map(param -> withShapeOf(state.get(param), shapes))
                                .flatMap(Optional::stream))
                .toList();
        return new SavedGroup(
                UpdateRule.ofGroup(group), params.size(), names.size() == params.size() ? names : List.of());
    }

    /** {@return the one parameter that has the shape of a tensor in {@code kept}} */
    private static Optional<String> withShapeOf(@Nullable Object kept, Map<String, List<Long>> shapes) {
        if (!(kept instanceof Map<?, ?> slots)) {
            return Optional.empty();
        }
        List<String> fitting = shapes.keySet().stream()
                .filter(name -> slots.values().stream()
                        .anyMatch(slot ->
                                slot instanceof TensorData data && data.shape().equals(shapes.get(name))))
                .toList();
        return fitting.size() == 1 ? Optional.of(fitting.get(0)) : Optional.empty();
    }

    /**
     * {@return the schedule of a run that Python began, as far as the file has it; a constant rate if the run had an optimizer but no
     * scheduler} Empty if there is no optimizer either, or if Anneal began the run: then it is in {@link #config}.
     *
     * @throws IOException if the run had a schedule that cannot be told from the file; the message says why
     */
    public Optional<SavedSchedule> schedule() throws IOException {
        return read(() -> {
            List<Map<?, ?>> schedulers = parts.schedulers();
            if (anneal.isPresent() || (schedulers.isEmpty() && !hasOptimizer())) {
                return Optional.empty();
            } else if (schedulers.size() == 1) {
                return Optional.of(parts.schedule(schedulers.get(0)));
            } else if (schedulers.size() > 1) {
                throw new IllegalArgumentException("it has " + schedulers.size() + " schedulers");
            } else if (CheckpointParts.groups(parts.optimizers().get(0)).stream()
                    .anyMatch(group -> group.containsKey("initial_lr"))) {
                throw new IllegalArgumentException(
                        "it has no scheduler, but its optimizer had one: its groups have an initial_lr");
            }
            return Optional.of(new SavedSchedule(new ConstantLR(1, 0).toString(), List.of()));
        });
    }

    /**
     * {@return the state of the run's scheduler, if it has exactly one} Of a run that Python began it is rebuilt from PyTorch's dict
     * and the optimizer's groups.
     *
     * @throws IOException if that schedule cannot be told from the file; the message says why
     */
    public Optional<SchedulerState> schedulerState() throws IOException {
        return read(() -> {
            if (anneal.isPresent()) {
                return Optional.of(SchedulerState.of(anneal.get().map("scheduler")));
            }
            List<Map<?, ?>> schedulers = parts.schedulers();
            return schedulers.size() == 1 ? Optional.of(rebuilt(schedulers.get(0))) : Optional.empty();
        });
    }

    private SchedulerState rebuilt(Map<?, ?> scheduler) {
        SavedSchedule saved = parts.schedule(scheduler);
        Policy policy = saved.policy()
                .orElseThrow(() -> new IllegalArgumentException("its schedule is not complete: it was " + saved));
        List<Map<?, ?>> groups = parts.groupsOf(scheduler);
        List<ParamGroup<Integer>> rates = IntStream.range(0, groups.size())
                .mapToObj(i -> new ParamGroup<>(
                        Integer.toString(i),
                        UpdateRule.ofGroup(groups.get(i))
                                .orElseThrow(() -> new IllegalArgumentException("its optimizer is unknown")),
                        List.of(i)))
                .toList();
        LRScheduler runner = new LRScheduler(() -> rates, policy);
        for (int i = 0; i < rates.size(); i++) {
            if (groups.get(i).get("lr") instanceof Number lr) {
                rates.get(i).setLr(lr.doubleValue());
            }
        }
        runner.loadStateDict(scheduler, groups, LRScheduler.OnChange.REFUSE);
        return runner.state();
    }

    /** {@return when the scheduler of a run that Python began was stepped, judged by its counter; empty if there is none} */
    public Optional<StepPer> stepPer() throws IOException {
        return read(() -> anneal.isPresent() ? Optional.empty() : parts.stepPer());
    }

    private Optional<RunConfig> savedConfig() {
        return anneal.filter(dict -> dict.find("config").isPresent()).map(dict -> RunConfig.of(dict.dict("config")));
    }

    /**
     * {@return the run's position, which stays valid when this is closed}
     *
     * @param batches per epoch, to count the optimizer steps if the file does not have them; 0 if unknown
     */
    public Progress progress(long batches) throws IOException {
        return read(() -> {
            int epoch = parts.epochs(batches);
            long step = parts.optimizerSteps().orElse(epoch * batches);
            if (anneal.isEmpty()) {
                return Progress.after(epoch, step);
            }
            Dict dict = anneal.get();
            int batch = dict.number("batch");
            if (batches > 0 && batch > batches) {
                throw dict.wrong("batch", "within the " + batches + " batches of an epoch");
            }
            return new Progress(
                    epoch,
                    batch,
                    step,
                    dict.real("loss_sum"),
                    dict.whole("loss_samples"),
                    dict.real("seconds"),
                    dict.reals("lr"),
                    dict.dicts("epochs").stream().map(Position::epoch).toList(),
                    bestWeights(dict),
                    numbers(dict),
                    monitor(dict));
        });
    }

    /** {@return what told the best epoch; in an older file, the validation loss} */
    private static Monitor monitor(Dict dict) {
        if (dict.find("monitor").isEmpty()) {
            return Monitor.VAL_LOSS;
        }
        Dict monitor = dict.dict("monitor");
        return new Monitor(
                monitor.text("name"), Mode.valueOf(monitor.text("mode").toUpperCase(Locale.ROOT)));
    }

    /** {@return the numbers beside the rates, of which an older file has none} */
    private static Map<String, Double> numbers(Dict dict) {
        return dict.find("numbers").isPresent() ? Position.reals(dict.dict("numbers")) : Map.of();
    }

    /** {@return copies, which stay as they are when the network is trained on or the file is closed} */
    static Map<String, TensorData> copies(Map<String, TensorData> tensors) {
        Map<String, TensorData> copies = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> copies.put(name, tensor.copy()));
        return copies;
    }

    private static Map<String, TensorData> bestWeights(Dict dict) {
        Map<String, TensorData> weights = new LinkedHashMap<>();
        if (dict.find("best_model").isPresent()) {
            Dict model = dict.dict("best_model");
            dict.map("best_model")
                    .keySet()
                    .forEach(name -> weights.put(String.valueOf(name), model.tensor(String.valueOf(name))));
        }
        return copies(weights);
    }

    /**
     * {@return the rate curve of the run so far}
     *
     * @param numbers how many there are beside the rates; if there were others before, the curves of these begin here
     */
    RateCurve rates(int groups, int numbers) throws IOException {
        return read(() -> {
            if (anneal.isEmpty()) {
                return new RateCurve();
            }
            Dict rates = anneal.get().dict("rates");
            double[] points = rates.tensor("epoch").toDoubles();
            double[] lr = rates.tensor("lr").toDoubles();
            if (points.length == 0 && !anneal.get().dicts("epochs").isEmpty()) {
                throw rates.wrong("epoch", "a tensor with at least one number, as there are epochs");
            }
            int saved = groups + numbers(anneal.get()).size();
            if (lr.length != points.length * saved) {
                throw rates.wrong("lr", "a tensor of " + points.length + " x " + saved + " numbers");
            }
            int width = groups + numbers;
            double[] rows = new double[points.length * width];
            Arrays.setAll(
                    rows, i -> saved == width || i % width < groups ? lr[i / width * saved + i % width] : Double.NaN);
            return RateCurve.of(points, rows, width);
        });
    }

    /**
     * Restores the network, the optimizer, the scheduler and libtorch's random number state.
     *
     * <p>A file that Python wrote may lack the optimizer's or the scheduler's state: then the optimizer starts afresh, and the schedule
     * goes on at its rate after {@code stepsDone} steps.
     *
     * @param onChange what to do if the file has another schedule or other optimizer options than those given;
     *     {@code TAKE_CHECKPOINT} needs a file that has its {@link #schedule}
     * @param stepsDone how often the schedule was stepped by then, in case the file does not have that
     * @return what the user should know about it, in sentences
     * @throws IOException if the file is of another network, optimizer or schedule; the message names the file and the difference
     */
    public List<String> restore(
            Network network,
            Optimizer<Tensor> optimizer,
            LRScheduler scheduler,
            LRScheduler.OnChange onChange,
            long stepsDone)
            throws IOException {
        List<String> notes = new ArrayList<>();
        read(() -> {
            Weights.load(network.module(), weights(network, notes));
            List<UpdateRule> rules = optimizer.groups().stream()
                    .map(group -> group.rule().withLr(group.initialLr().orElse(group.lr())))
                    .toList();
            List<Map<String, Double>> numbers =
                    optimizer.groups().stream().map(Checkpoint::bases).toList();
            List<Map<?, ?>> optimizers = parts.optimizers();
            if (optimizers.size() > 1) {
                throw new IllegalArgumentException("it must have one optimizer, but has " + optimizers.size());
            } else if (hasOptimizer()) {
                optimizer.loadStateDict(optimizers.get(0));
            } else {
                notes.add(path + " has no optimizer: its state starts afresh");
            }
            if (anneal.isPresent()) {
                Dict dict = anneal.get();
                SchedulerState state = SchedulerState.of(dict.map("scheduler"));
                if (onChange == LRScheduler.OnChange.KEEP_CONFIG) {
                    keep(rules, numbers, state, optimizer, scheduler);
                } else {
                    scheduler.restore(state, onChange);
                }
                Torch.setRngState(dict.tensor("rng_state"));
            } else {
                if (!parts.schedulers().isEmpty()) {
                    restoreScheduler(scheduler, onChange, stepsDone);
                } else {
                    notes.add(path + " has no scheduler: the schedule goes on at its rate after " + stepsDone
                            + (stepsDone == 1 ? " step" : " steps"));
                    scheduler.moveTo(stepsDone);
                }
                if (onChange == LRScheduler.OnChange.KEEP_CONFIG) {
                    keep(rules, numbers, scheduler.state(), optimizer, scheduler);
                }
            }
            return notes;
        });
        return notes;
    }

    /**
     * Restores an average: Anneal's, or a PyTorch {@code AveragedModel}'s under its name.
     *
     * @throws IOException if the file has none of this name, or one of another network
     */
    public void restore(String name, AveragedModel<Tensor> average) throws IOException {
        read(() -> {
            if (root.find(name).isEmpty()) {
                throw new IllegalArgumentException("it has no average " + name);
            }
            average.loadStateDict(root.map(name));
            return average;
        });
    }

    /** {@return the entries of a program's own that {@link TrainingState} wrote} */
    Map<?, ?> entries() throws IOException {
        return read(() -> anneal.filter(dict -> dict.find("entries").isPresent())
                .<Map<?, ?>>map(dict -> dict.map("entries"))
                .orElse(Map.of()));
    }

    /** {@return the bases of the numbers that schedules drive beside the rate} */
    private static Map<String, Double> bases(ParamGroup<?> group) {
        Map<String, Double> bases = new LinkedHashMap<>();
        group.drivenNumbers().forEach(name -> group.initialNumber(name).ifPresent(base -> bases.put(name, base)));
        return bases;
    }

    /**
     * Goes on at the run's position, but with the options of {@code rules}.
     *
     * @param numbers the bases of the numbers that schedules drive beside the rate, of each group
     */
    private void keep(
            List<UpdateRule> rules,
            List<Map<String, Double>> numbers,
            SchedulerState state,
            Optimizer<Tensor> optimizer,
            LRScheduler scheduler) {
        List<Double> bases = rules.stream().map(UpdateRule::lr).toList();
        // A plateau alone keeps no base: only the text tells whether the rate was changed by hand or by the plateau.
        boolean otherBases = scheduler.takesStep()
                ? !bases.equals(state.initialLrs())
                : rule().filter(saved -> saved.lr() != bases.get(0)).isPresent();
        scheduler.restore(state, LRScheduler.OnChange.KEEP_CONFIG);
        boolean otherNumbers = !numbers.equals(
                optimizer.groups().stream().map(Checkpoint::bases).toList());
        for (int i = 0; i < rules.size(); i++) {
            ParamGroup<Tensor> group = optimizer.groups().get(i);
            double lr = group.lr();
            double momentum = group.momentum();
            Map<String, Double> driven = new LinkedHashMap<>();
            group.drivenNumbers().forEach(name -> driven.put(name, group.number(name)));
            group.setRule(rules.get(i));
            group.setMomentum(scheduler.drivesMomentum() ? momentum : group.momentum());
            group.setLr(otherBases || (otherNumbers && scheduler.takesStep()) ? group.lr() : lr);
            Map<String, Double> inForce = otherBases || otherNumbers ? numbers.get(i) : driven;
            inForce.forEach(group::setNumber);
        }
        if (otherBases || otherNumbers) {
            optimizer.rebase();
            scheduler.moveTo(state.lastEpoch());
        }
    }

    /** {@return the weights under the network's own names, without a prefix that a program may have added} */
    private Map<?, ?> weights(Network network, List<String> notes) {
        Set<String> names = Weights.stateDict(network.module()).keySet();
        String first = names.stream().findFirst().orElse("");
        return model.keySet().stream()
                .filter(name -> name instanceof String text && text.endsWith(first) && text.length() > first.length())
                .map(name ->
                        String.valueOf(name).substring(0, String.valueOf(name).length() - first.length()))
                .filter(prefix -> model.size() == names.size()
                        && names.stream().allMatch(name -> model.containsKey(prefix + name)))
                .findFirst()
                .<Map<?, ?>>map(prefix -> {
                    notes.add(path + " has " + prefix + " before the names of its weights, which is ignored");
                    return CheckpointParts.without(prefix, model);
                })
                .orElse(model);
    }

    private void restoreScheduler(LRScheduler scheduler, LRScheduler.OnChange onChange, long stepsDone) {
        List<Map<?, ?>> schedulers = parts.schedulers();
        try {
            if (schedulers.size() > 1) {
                throw new IllegalArgumentException("it has " + schedulers.size());
            }
            scheduler.loadStateDict(schedulers.get(0), parts.groupsOf(schedulers.get(0)), onChange);
        } catch (IllegalArgumentException | IllegalStateException e) {
            switch (onChange) {
                case KEEP_CONFIG -> scheduler.moveTo(stepsDone);
                case REFUSE ->
                    throw new IllegalArgumentException(
                            "its scheduler is a different one: " + e.getMessage()
                                    + "; --on-change keep-config goes on with this one"
                                    + saved(schedulers)
                                            .map(text -> ", take-checkpoint with " + text)
                                            .orElse(""),
                            e);
                case TAKE_CHECKPOINT, CONTINUE ->
                    throw new IllegalArgumentException(
                            "its scheduler is a different one, and cannot be told from the file: " + e.getMessage(), e);
            }
        }
    }

    /** {@return the text of the schedule, if the file has exactly one and it can be told} */
    private Optional<String> saved(List<Map<?, ?>> schedulers) {
        try {
            return schedulers.size() == 1
                    ? parts.schedule(schedulers.get(0)).policy().map(Policy::toString)
                    : Optional.empty();
        } catch (IllegalArgumentException noneOfPyTorchs) {
            return Optional.empty();
        }
    }

    @FunctionalInterface
    private interface Reading<T> {
        T read();
    }

    /** Reads; an error's message then begins with the file. */
    private <T> T read(Reading<T> reading) throws IOException {
        try {
            return reading.read();
        } catch (UncheckedIOException e) {
            throw Optional.ofNullable(e.getCause()).orElseThrow();
        } catch (IllegalArgumentException | IllegalStateException | ArithmeticException e) {
            throw new IOException(path + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
