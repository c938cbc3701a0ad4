package org.anneal.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.anneal.checkpoint.AtomicFile;
import org.anneal.checkpoint.Dict;
import org.anneal.checkpoint.TensorData;
import org.anneal.checkpoint.TorchFile;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.SavedSchedule;
import org.anneal.optim.SchedulerState;
import org.anneal.optim.UpdateRule;
import org.anneal.runs.RunConfig;
import org.anneal.runs.RunListener;
import org.anneal.schedule.ConstantLR;
import org.anneal.schedule.Policy;
import org.anneal.schedule.StepPer;
import org.anneal.text.Python;
import org.anneal.torch.Network;
import org.anneal.torch.Tensors;
import org.anneal.torch.Weights;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * All that a training run needs to go on, in a file that Python reads too:
 *
 * <pre>{@code
 * ck = torch.load("last.pt", weights_only=True)
 * net.load_state_dict(ck["model"]); opt.load_state_dict(ck["optimizer"]); sched.load_state_dict(ck["scheduler"])
 * }</pre>
 *
 * <p>Beside these, {@code epoch} counts the epochs that were finished and {@code step} the optimizer's steps.
 * {@code scheduler} is None where PyTorch has no such scheduler, such as a plateau on a schedule. {@code anneal} is what
 * else a run needs to go on to the same bits: the position within the epoch, the runner's own state, libtorch's random
 * numbers on the CPU (on CUDA they are not kept), what was measured so far, and what the run was started with.
 *
 * <p>A file that Python wrote, with {@code epoch}, {@code model}, {@code optimizer} and {@code scheduler}, or these under
 * other {@linkplain CheckpointParts usual names}, is the end of an epoch. Of these only {@code epoch} and the weights must be
 * there.
 */
public final class Checkpoint implements AutoCloseable {
    private static final int VERSION = 1;

    private final Path path;
    private final TorchFile file;
    private final CheckpointParts parts;
    private final Map<?, ?> model;
    private final Optional<Dict> anneal;
    private final Optional<Object> key; // of the file that is open

    private Checkpoint(Path path, Optional<Object> key, TorchFile file, Map<?, ?> root) {
        this.path = path;
        this.key = key;
        this.file = file;
        this.parts = new CheckpointParts(root);
        Dict dict = new Dict("", root);
        dict.number("epoch");
        this.model = model(parts.models(), dict);
        this.anneal = dict.find("anneal").map(found -> dict.dict("anneal"));
    }

    /**
     * Writes a checkpoint, whole or not at all.
     *
     * @throws IOException if it cannot be written, naming the file and the reason
     */
    static void write(
            Path path,
            Network network,
            Optimizer<Tensor> optimizer,
            LRScheduler scheduler,
            Optional<RunConfig> config,
            Progress progress,
            RateCurve curve)
            throws IOException {
        try (PointerScope scope = new PointerScope()) {
            Map<String, Object> root = new LinkedHashMap<>();
            root.put("epoch", (long) progress.epoch());
            root.put("step", progress.step());
            root.put("model", ordered(Weights.stateDict(network.module())));
            root.put("optimizer", optimizer.stateDict());
            root.put("scheduler", schedulerDict(scheduler));
            Map<String, Object> anneal = new LinkedHashMap<>();
            anneal.put("version", (long) VERSION);
            anneal.put("config", config.<Object>map(RunConfig::toDict).orElse(Optional.empty()));
            anneal.put("scheduler", scheduler.state().toMap());
            putProgress(progress, anneal);
            Generator generator = torch.getDefaultCPUGenerator();
            anneal.put("rng_state", Tensors.data(generator.get_state()));
            Map<String, Object> rates = new LinkedHashMap<>();
            rates.put("epoch", TensorBytes.of(curve.points(), List.of((long) curve.size())));
            rates.put("lr", TensorBytes.of(curve.rates(), List.of((long) curve.size(), (long)
                    optimizer.groups().size())));
            anneal.put("rates", rates);
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
        anneal.put(
                "epochs", progress.epochs().stream().map(Checkpoint::epochDict).toList());
        anneal.put("best_model", progress.bestWeights().isEmpty() ? Optional.empty() : ordered(progress.bestWeights()));
    }

    private static Map<String, Object> epochDict(RunListener.Epoch epoch) {
        Map<String, Object> dict = new LinkedHashMap<>();
        dict.put("epoch", (long) epoch.epoch());
        dict.put("step", epoch.step());
        dict.put("lr", epoch.lr());
        dict.put("train_loss", epoch.trainLoss());
        dict.put("val_loss", epoch.valLoss());
        dict.put("val_accuracy", epoch.valAccuracy());
        dict.put("seconds", epoch.seconds());
        return dict;
    }

    /**
     * Opens a checkpoint, Anneal's or one that Python wrote.
     *
     * @throws IOException if it cannot be read, is damaged, is no training checkpoint, or was written by a newer Anneal; the
     *     message names the file and says which
     */
    public static Checkpoint open(Path path) throws IOException {
        Optional<Object> key = Files.exists(path) ? AtomicFile.key(path) : Optional.empty();
        TorchFile file = TorchFile.open(path);
        try {
            if (!(file.root() instanceof Map<?, ?> map)) {
                throw new IllegalArgumentException("it holds no dict");
            }
            Checkpoint checkpoint = new Checkpoint(path, key, file, map);
            if (checkpoint.anneal.isPresent()) {
                int version = checkpoint.anneal.get().count("version");
                if (version > VERSION) {
                    throw new IOException(path + " was written by a newer Anneal: its version must be at most "
                            + VERSION + ", but is " + version);
                }
            }
            return checkpoint;
        } catch (IllegalArgumentException e) {
            file.close();
            throw new IOException(path + " is no training checkpoint: " + e.getMessage(), e);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** @throws IOException if the file is in {@code folder}, and a run in it wrote it anew after it was opened here */
    void checkUnchangedIn(Path folder) throws IOException {
        Path parent = Optional.ofNullable(path.toAbsolutePath().getParent()).orElse(path);
        if (Files.exists(parent)
                && Files.isSameFile(parent, folder)
                && !AtomicFile.key(path).equals(key)) {
            throw new IOException(path + " was written anew by another run while it was read: resume it again");
        }
    }

    private static Map<?, ?> model(List<String> keys, Dict root) {
        if (keys.size() == 1) {
            return root.map(keys.get(0));
        } else if (keys.isEmpty() && root.find("model").isPresent()) {
            throw root.wrong("model", "a dict");
        } else if (keys.isEmpty()) {
            throw new IllegalArgumentException(
                    "it must have weights under one of " + String.join(", ", CheckpointParts.MODEL) + ", but has only "
                            + root.entries().keySet());
        }
        throw new IllegalArgumentException(
                "it must have the weights of one network, but has " + String.join(", ", keys));
    }

    /** {@return what the run was started with; empty if Python wrote the file, or a program that did not say it} */
    public Optional<RunConfig> config() throws IOException {
        return read(this::savedConfig);
    }

    /** {@return whether the file has an optimizer's state} */
    public boolean hasOptimizer() {
        return !parts.optimizers().isEmpty();
    }

    /**
     * {@return the rule that the run's optimizer was made with. A file of Python's does not name it: there it is the one that
     * has the options of the first group, with the base of schedules as its rate, and empty if there is none}
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
     * {@return the schedule of a run that Python began, as far as the file says it: a constant rate if the run had an optimizer
     * and no scheduler. Empty if Anneal began the run, which says it in {@link #config}, and if there is no optimizer}
     *
     * @throws IOException if the run had a schedule that the file does not tell, saying why
     */
    public Optional<SavedSchedule> schedule() throws IOException {
        return read(() -> {
            List<Map<?, ?>> schedulers = parts.schedulers();
            if (anneal.isPresent() || (schedulers.isEmpty() && !hasOptimizer())) {
                return Optional.empty();
            } else if (schedulers.size() == 1) {
                return Optional.of(parts.schedule(schedulers.get(0)));
            } else if (schedulers.size() > 1) {
                throw new IllegalArgumentException("it holds " + schedulers.size() + " schedulers");
            } else if (CheckpointParts.groups(parts.optimizers().get(0)).stream()
                    .anyMatch(group -> group.containsKey("initial_lr"))) {
                throw new IllegalArgumentException(
                        "it holds no scheduler, though its optimizer had one, which left initial_lr there");
            }
            return Optional.of(new SavedSchedule(new ConstantLR(1, 0).toString(), List.of()));
        });
    }

    /** {@return when the scheduler of a run that Python began was stepped, as its counter tells; empty if there is none} */
    public Optional<StepPer> stepPer() throws IOException {
        return read(() -> anneal.isPresent() ? Optional.empty() : parts.stepPer());
    }

    private Optional<RunConfig> savedConfig() {
        return anneal.filter(dict -> dict.find("config").isPresent()).map(dict -> RunConfig.of(dict.dict("config")));
    }

    /**
     * {@return where the run is; what it holds stays when this is closed}
     *
     * @param batches of an epoch, by which the steps are counted if the file does not say how many there were
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
            if (batch > batches) {
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
                    dict.dicts("epochs").stream().map(Checkpoint::epoch).toList(),
                    bestWeights(dict));
        });
    }

    private static RunListener.Epoch epoch(Dict dict) {
        return new RunListener.Epoch(
                dict.number("epoch"),
                dict.whole("step"),
                dict.reals("lr"),
                dict.real("train_loss"),
                dict.real("val_loss"),
                dict.real("val_accuracy"),
                dict.real("seconds"));
    }

    private static Map<String, TensorData> bestWeights(Dict dict) {
        Map<String, TensorData> weights = new LinkedHashMap<>();
        if (dict.find("best_model").isPresent()) {
            Dict model = dict.dict("best_model");
            dict.map("best_model")
                    .keySet()
                    .forEach(name -> weights.put(String.valueOf(name), model.tensor(String.valueOf(name))));
        }
        return TensorBytes.copy(weights);
    }

    /** {@return the rates of the run so far} */
    RateCurve rates(int groups) throws IOException {
        return read(() -> {
            if (anneal.isEmpty()) {
                return new RateCurve();
            }
            Dict rates = anneal.get().dict("rates");
            double[] points = rates.tensor("epoch").toDoubles();
            double[] lr = rates.tensor("lr").toDoubles();
            if (points.length == 0 && !anneal.get().dicts("epochs").isEmpty()) {
                throw rates.wrong("epoch", "a tensor of one number at least, as there are epochs");
            }
            if (lr.length != points.length * groups) {
                throw rates.wrong("lr", "a tensor of " + points.length + " x " + groups + " numbers");
            }
            return RateCurve.of(points, lr, groups);
        });
    }

    /**
     * Puts the network, the optimizer, the scheduler and libtorch's random numbers to where the run was.
     *
     * <p>In a file that Python wrote, an optimizer's or a scheduler's state may be missing: then the optimizer starts anew,
     * and the schedule goes on at its rate after {@code progress}.
     *
     * @param onChange what to do if the file is of another schedule, or other options of the optimizer, than those given:
     *     {@code TAKE_CHECKPOINT} needs a file that tells its {@link #schedule}
     * @param stepsDone how often the schedule was stepped by then, for a file that does not say so
     * @return what is to be told of it, in sentences
     * @throws IOException if the file is of another network, optimizer or schedule; the message names the file and what
     *     differs
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
            List<Map<?, ?>> optimizers = parts.optimizers();
            if (optimizers.size() > 1) {
                throw new IllegalArgumentException(
                        "it holds " + optimizers.size() + " optimizers, but this run has one");
            } else if (hasOptimizer()) {
                optimizer.loadStateDict(optimizers.get(0));
            } else {
                notes.add(path + " holds no optimizer: its state starts anew");
            }
            if (anneal.isPresent()) {
                Dict dict = anneal.get();
                SchedulerState state = SchedulerState.of(dict.map("scheduler"));
                if (onChange == LRScheduler.OnChange.KEEP_CONFIG) {
                    keep(rules, state, optimizer, scheduler);
                } else {
                    scheduler.restore(state, onChange);
                }
                restoreRandomNumbers(dict.tensor("rng_state"));
            } else {
                if (!parts.schedulers().isEmpty()) {
                    restoreScheduler(scheduler, onChange, stepsDone);
                } else {
                    notes.add(path + " holds no scheduler: the schedule goes on at its rate after " + stepsDone
                            + (stepsDone == 1 ? " step" : " steps"));
                    scheduler.moveTo(stepsDone);
                }
                if (onChange == LRScheduler.OnChange.KEEP_CONFIG) {
                    keep(rules, scheduler.state(), optimizer, scheduler);
                }
            }
            return notes;
        });
        return notes;
    }

    /** Has the run go on where it was with the options of {@code rules}. */
    private void keep(
            List<UpdateRule> rules, SchedulerState state, Optimizer<Tensor> optimizer, LRScheduler scheduler) {
        List<Double> bases = rules.stream().map(UpdateRule::lr).toList();
        // A plateau alone keeps no base: there the text tells whether the rate was changed, or by the plateau.
        boolean otherBases = scheduler.takesStep()
                ? !bases.equals(state.initialLrs())
                : rule().filter(saved -> saved.lr() != bases.get(0)).isPresent();
        scheduler.restore(state, LRScheduler.OnChange.KEEP_CONFIG);
        for (int i = 0; i < rules.size(); i++) {
            ParamGroup<Tensor> group = optimizer.groups().get(i);
            double lr = group.lr();
            double momentum = group.momentum();
            group.setRule(rules.get(i));
            group.setMomentum(scheduler.drivesMomentum() ? momentum : group.momentum());
            group.setLr(otherBases ? group.lr() : lr);
        }
        if (otherBases) {
            optimizer.rebase();
            scheduler.moveTo(state.lastEpoch());
        }
    }

    /** {@return the weights by the network's own names, to which a program may have put something} */
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
                    notes.add(path + " has " + prefix + " before the names of its weights, which is left out");
                    return CheckpointParts.without(prefix, model);
                })
                .orElse(model);
    }

    private void restoreScheduler(LRScheduler scheduler, LRScheduler.OnChange onChange, long stepsDone) {
        List<Map<?, ?>> schedulers = parts.schedulers();
        try {
            if (schedulers.size() > 1) {
                throw new IllegalArgumentException("there are " + schedulers.size());
            }
            scheduler.loadStateDict(schedulers.get(0), parts.groupsOf(schedulers.get(0)), onChange);
        } catch (IllegalArgumentException | IllegalStateException e) {
            switch (onChange) {
                case KEEP_CONFIG -> scheduler.moveTo(stepsDone);
                case REFUSE ->
                    throw new IllegalArgumentException(
                            "its scheduler is another one: " + e.getMessage()
                                    + "; --on-change keep-config goes on with this one"
                                    + saved(schedulers)
                                            .map(text -> ", take-checkpoint with " + text)
                                            .orElse(""),
                            e);
                case TAKE_CHECKPOINT ->
                    throw new IllegalArgumentException(
                            "its scheduler is another one, and the file does not say which: " + e.getMessage(), e);
            }
        }
    }

    /** {@return the text of the one schedule, if the file has it} */
    private Optional<String> saved(List<Map<?, ?>> schedulers) {
        try {
            return schedulers.size() == 1
                    ? parts.schedule(schedulers.get(0)).policy().map(Policy::toString)
                    : Optional.empty();
        } catch (IllegalArgumentException noneOfPyTorchs) {
            return Optional.empty();
        }
    }

    private static void restoreRandomNumbers(TensorData state) {
        try (PointerScope scope = new PointerScope()) {
            Generator generator = torch.getDefaultCPUGenerator();
            Tensor here = generator.get_state();
            Tensors.copy(state, here);
            generator.set_state(here);
        }
    }

    @FunctionalInterface
    private interface Reading<T> {
        T read();
    }

    /** Reads, and says of what does not fit which file it is in. */
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
