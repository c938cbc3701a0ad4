package org.anneal.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.anneal.checkpoint.Dict;
import org.anneal.checkpoint.TensorData;
import org.anneal.checkpoint.TorchFile;
import org.anneal.optim.Adam;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.LRScheduler.OnChange;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.SavedSchedule;
import org.anneal.optim.UpdateRule;
import org.anneal.runs.OnNan;
import org.anneal.runs.RunConfig;
import org.anneal.runs.RunListener;
import org.anneal.runs.SmallDisk;
import org.anneal.schedule.Policy;
import org.anneal.schedule.StepPer;
import org.anneal.text.Kind;
import org.anneal.text.Python;
import org.anneal.torch.Torch;
import org.anneal.train.data.DataSets;
import org.anneal.train.data.Samples;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CheckpointTest {
    private static final DataSets SETS = new DataSets(Samples.of(64), Samples.of(16));
    private static final String ONE_CYCLE = "OneCycleLR(max_lr=0.1, total_steps=40)";

    @TempDir
    Path folder;

    @BeforeAll
    static void oneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    /** A linear network and what trains it, 4 batches an epoch. */
    private static final class Run implements AutoCloseable {
        final LinearNet network;
        final Optimizer<Tensor> optimizer;
        final LRScheduler scheduler;
        final Trainer trainer;
        final RunConfig config;

        Run(String rule, String policy) {
            this(new LinearNet(8, 2), rule, policy);
        }

        Run(LinearNet network, String rule, String policy) {
            this.network = network;
            optimizer = Torch.optimizer(UpdateRule.parse(rule), Torch.parameters(network.module()));
            scheduler = new LRScheduler(optimizer, Policy.parse(policy));
            trainer = new Trainer(network, optimizer, scheduler).batchSize(16).epochs(2);
            config = new RunConfig(
                    "LinearNet",
                    "samples",
                    64,
                    16,
                    rule,
                    List.of(),
                    policy,
                    policy,
                    StepPer.EPOCH,
                    2,
                    16,
                    OptionalInt.empty(),
                    0,
                    1,
                    OptionalInt.of(3),
                    2,
                    OptionalInt.empty(),
                    true,
                    OnNan.STOP);
        }

        ParamGroup<Tensor> group() {
            return optimizer.groups().get(0);
        }

        Run fit(Path folder) throws IOException {
            return fit(folder, 1);
        }

        Run fit(Path folder, int keep) throws IOException {
            try (TrainingFolder results = new TrainingFolder(folder, network, "title", 1)) {
                trainer.listener(results.checkpoints(optimizer, scheduler, config, keep))
                        .fit(SETS);
            }
            return this;
        }

        List<String> restore(Path file, OnChange onChange) throws IOException {
            try (Checkpoint checkpoint = Checkpoint.open(file)) {
                return checkpoint.restore(network, optimizer, scheduler, onChange, 2);
            }
        }

        @Override
        public void close() {
            optimizer.close();
        }
    }

    private Path last() throws IOException {
        try (Run run = new Run("SGD(lr=0.1, momentum=0.9)", "StepLR(step_size=1, gamma=0.5)")) {
            run.fit(folder.resolve("run"));
        }
        return folder.resolve("run/last.pt");
    }

    private static Map<?, ?> dict(Object value) {
        return assertInstanceOf(Map.class, value);
    }

    @Test
    void hasWhatAPythonProgramLoads() throws IOException {
        try (TorchFile file = TorchFile.open(last())) {
            Map<?, ?> root = dict(file.root());
            assertEquals(
                    List.of("epoch", "step", "model", "optimizer", "scheduler", "anneal"), List.copyOf(root.keySet()));
            assertEquals(2L, root.get("epoch"));
            assertEquals(8L, root.get("step"));
            assertInstanceOf(Python.OrderedDict.class, root.get("model"));
            assertEquals(
                    List.of("fc.weight", "fc.bias"),
                    List.copyOf(dict(Objects.requireNonNull(root.get("model"))).keySet()));
            Map<?, ?> optimizer = dict(Objects.requireNonNull(root.get("optimizer")));
            assertEquals("[state, param_groups]", optimizer.keySet().toString());
            assertEquals(
                    "[{lr=0.025, momentum=0.9, dampening=0, weight_decay=0, nesterov=false, maximize=false,"
                            + " initial_lr=0.1, params=[0, 1]}]",
                    String.valueOf(optimizer.get("param_groups")));
            assertEquals(
                    "{step_size=1, gamma=0.5, base_lrs=[0.1], last_epoch=2, _step_count=3, _is_initial=false,"
                            + " _get_lr_called_within_step=false, _last_lr=[0.025]}",
                    String.valueOf(root.get("scheduler")));
        }
    }

    @Test
    void keepsInTheGroupsWhatPyTorchsSchedulersReadThere() throws IOException {
        try (Run run = new Run("Adam(lr=0.001)", ONE_CYCLE)) {
            run.fit(folder.resolve("run"));
        }
        try (TorchFile file = TorchFile.open(folder.resolve("run/last.pt"))) {
            Map<?, ?> group = dict(((List<?>) Objects.requireNonNull(
                            dict(Objects.requireNonNull(dict(file.root()).get("optimizer")))
                                    .get("param_groups")))
                    .get(0));
            assertEquals(0.1, group.get("max_lr"));
            assertEquals(0.004, group.get("initial_lr"));
            assertEquals(0.85, group.get("base_momentum"));
            assertEquals("params", List.copyOf(group.keySet()).get(group.size() - 1));
        }
    }

    @Test
    void hasNoSchedulerWherePyTorchHasNone() throws IOException {
        try (Run run = new Run("SGD(lr=0.1)", "ChainedScheduler([StepLR(1), ReduceLROnPlateau()])")) {
            run.fit(folder.resolve("run"));
        }
        try (TorchFile file = TorchFile.open(folder.resolve("run/last.pt"))) {
            assertEquals(Optional.empty(), dict(file.root()).get("scheduler"));
        }
    }

    @Test
    void readsBackWhatTheRunWasStartedWith() throws IOException {
        try (Run run = new Run("SGD(lr=0.1)", "StepLR(3)")) {
            run.fit(folder.resolve("run"));
            try (Checkpoint checkpoint = Checkpoint.open(folder.resolve("run/last.pt"))) {
                assertEquals(Optional.of(run.config), checkpoint.config());
            }
        }
    }

    @Test
    void goesOnWithoutWhatTheRunWasStartedWith() throws IOException {
        Path runs = folder.resolve("run");
        try (Run run = new Run("SGD(lr=0.1)", "StepLR(3)");
                TrainingFolder results = new TrainingFolder(runs, run.network, "title", 1)) {
            run.trainer
                    .listener(results.checkpoints(run.optimizer, run.scheduler, 1))
                    .fit(SETS);
        }
        try (Run run = new Run("SGD(lr=0.1)", "StepLR(3)");
                Checkpoint checkpoint = Checkpoint.open(runs.resolve("last.pt"))) {
            assertEquals(Optional.empty(), checkpoint.config());
            assertEquals(List.of(), run.restore(runs.resolve("last.pt"), OnChange.REFUSE));
            assertEquals(2, run.scheduler.lastEpoch());
        }
    }

    // What Python wrote: parity/train_checkpoint.py prints these numbers.

    private Path golden() throws IOException {
        Path file = folder.resolve("python.pt");
        try (InputStream in = Objects.requireNonNull(CheckpointTest.class.getResourceAsStream("adam-onecycle.pt"))) {
            Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
        }
        return file;
    }

    @Test
    void tellsEachRuleByItsOptions() throws IOException {
        Path file = folder.resolve("rules.pt");
        for (Class<?> rule : UpdateRule.kinds().stream().map(Kind::type).toList()) {
            UpdateRule made = UpdateRule.parse(rule.getSimpleName() + "(lr=0.25)");
            Map<String, Object> group = new LinkedHashMap<>(made.options());
            group.put("foreach", Optional.empty());
            group.put("params", List.of());
            Map<String, Object> optimizer = Map.of("state", Map.of(), "param_groups", List.of(group));
            TorchFile.write(file, Map.of("epoch", 1L, "model", Map.of(), "optimizer", optimizer));
            try (Checkpoint checkpoint = Checkpoint.open(file)) {
                assertEquals(Optional.of(made), checkpoint.optimizer());
            }
            group.remove("lr"); // which all of them have
            TorchFile.write(file, Map.of("epoch", 1L, "model", Map.of(), "optimizer", optimizer));
            try (Checkpoint checkpoint = Checkpoint.open(file)) {
                assertTrue(checkpoint.hasOptimizer());
                assertEquals(Optional.empty(), checkpoint.optimizer());
            }
        }
    }

    private static float[] bias(LinearNet network) {
        float[] bias = new float[2];
        network.fc.bias().<FloatBuffer>createBuffer().get(bias);
        return bias;
    }

    @Test
    void goesOnFromAPythonProgramsCheckpoint() throws IOException {
        try (Run run = new Run("Adam(lr=0.001)", ONE_CYCLE);
                Checkpoint python = Checkpoint.open(golden())) {
            assertEquals(Optional.empty(), python.config());
            assertEquals(
                    Optional.of(new Adam(0.004).withBetas(0.8520253513192751, 0.999)),
                    python.optimizer()); // the beta in force
            Progress progress = python.progress(5);
            assertEquals(Progress.after(2, 10), progress);
            assertEquals(
                    List.of(),
                    python.restore(run.network, run.optimizer, run.scheduler, OnChange.REFUSE, progress.step()));
            assertArrayEquals(new float[] {0.1613206f, 0.1905916f}, bias(run.network));
            assertEquals(0.09805566273349588, run.group().lr());
            assertEquals(0.8520253513192751, run.group().momentum(), 1e-15);
            assertEquals(10, run.scheduler.lastEpoch());
            List<RunListener.Epoch> epochs = run.trainer
                    .epochs(3)
                    .stepPer(StepPer.BATCH)
                    .resume(progress)
                    .fit(SETS);
            assertEquals("3 14", epochs.get(0).epoch() + " " + epochs.get(0).step());
            assertEquals(14, run.scheduler.lastEpoch());
        }
    }

    @Test
    void refusesAPythonProgramsOtherSchedule() throws IOException {
        Path python = golden();
        try (Run run = new Run("Adam(lr=0.001)", "OneCycleLR(max_lr=0.1, total_steps=50)")) {
            String differs =
                    "total_steps must be 50, as in this runner's OneCycleLR(max_lr=0.1, total_steps=50), but was"
                            + " 40 in the state dict";
            assertFails(
                    python + ": its scheduler is a different one: " + differs
                            + "; --on-change keep-config goes on with this one, take-checkpoint with " + ONE_CYCLE,
                    () -> run.restore(python, OnChange.REFUSE));
            assertEquals(List.of(), run.restore(python, OnChange.KEEP_CONFIG));
            assertEquals(10, run.scheduler.lastEpoch());
            assertEquals(Policy.parse("OneCycleLR(max_lr=0.1, total_steps=50)").toString(), run.config.schedule());
            assertTrue(run.group().lr() < 0.09, "the rate of the longer cycle");
        }
        try (Run run = new Run("Adam(lr=0.001)", "StepLR(step_size=5)")) {
            assertEquals(List.of(), run.restore(python, OnChange.TAKE_CHECKPOINT));
            assertEquals(List.of(ONE_CYCLE), run.scheduler.state().policies());
            assertEquals(10, run.scheduler.lastEpoch());
            assertEquals(0.09805566273349588, run.group().lr());
        }
    }

    /** OneCycleLR keeps its rates in the optimizer's groups only. */
    @Test
    void refusesAScheduleThatDiffersInWhatTheGroupsHold() throws IOException {
        Path python = golden();
        try (Run run = new Run("Adam(lr=0.001)", "OneCycleLR(max_lr=0.2, total_steps=40, div_factor=50)")) {
            assertFails(
                    python + ": its scheduler is a different one: the state was saved under " + ONE_CYCLE
                            + ", not under OneCycleLR(max_lr=0.2, total_steps=40, div_factor=50.0); --on-change keep-config goes on with this one, take-checkpoint with "
                            + ONE_CYCLE,
                    () -> run.restore(python, OnChange.REFUSE));
        }
    }

    @Test
    void tellsTheScheduleOfAPythonProgram() throws IOException {
        try (Checkpoint python = Checkpoint.open(golden())) {
            assertEquals(Optional.of(new SavedSchedule(ONE_CYCLE, List.of())), python.schedule());
            assertEquals(Optional.of(StepPer.BATCH), python.stepPer());
        }
        Path partial = changed(
                golden(), root -> root.put("scheduler", Map.of("lr_lambdas", List.of(Map.of()), "last_epoch", 2L)));
        try (Checkpoint python = Checkpoint.open(partial)) {
            assertEquals(
                    "LambdaLR(lr_lambda=LAMBDA)",
                    python.schedule().orElseThrow().text());
            assertEquals(Optional.of(StepPer.EPOCH), python.stepPer());
        }
        Path without = changed(golden(), root -> root.remove("scheduler"));
        try (Checkpoint python = Checkpoint.open(without)) {
            assertFails(
                    without + ": it has no scheduler, but its optimizer had one: its groups have an initial_lr",
                    python::schedule);
        }
        Path constant = changed(golden(), root -> {
            root.remove("scheduler");
            root.put("optimizer", Map.of("param_groups", List.of(Map.of("lr", 0.1))));
        });
        try (Checkpoint python = Checkpoint.open(constant)) {
            assertEquals(
                    "ConstantLR(factor=1.0, total_iters=0)",
                    python.schedule().orElseThrow().text());
        }
        Path two = changed(golden(), root -> {
            Object scheduler = Objects.requireNonNull(root.remove("scheduler"));
            root.put("lr_schedulers", List.of(scheduler, scheduler));
        });
        try (Checkpoint python = Checkpoint.open(two)) {
            assertFails(two + ": it has 2 schedulers", python::schedule);
        }
        try (Checkpoint ours = Checkpoint.open(last())) {
            assertEquals(Optional.empty(), ours.schedule());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "model, optimizer, scheduler | ''",
                "model_state_dict, optimizer_state_dict, scheduler_state_dict | ''",
                "state_dict, optimizer_states, lr_schedulers | model.",
                "model, optimizer, lr_scheduler | module.",
                "net, optim, sched | module._orig_mod.",
                "network_state_dict, opt, lr_sched | backbone."
            })
    void goesOnWhateverTheNames(String names, String prefix) throws IOException {
        List<String> keys = List.of(names.split(", ", -1));
        Path file = changed(golden(), root -> {
            Map<String, Object> model = new LinkedHashMap<>();
            dict(Objects.requireNonNull(root.remove("model")))
                    .forEach((name, value) -> model.put(prefix + name, value));
            Object optimizer = Objects.requireNonNull(root.remove("optimizer"));
            Object scheduler = Objects.requireNonNull(root.remove("scheduler"));
            boolean lists = keys.get(1).endsWith("states");
            root.put(keys.get(0), model);
            root.put(keys.get(1), lists ? List.of(optimizer) : optimizer);
            root.put(keys.get(2), lists ? List.of(scheduler) : scheduler);
        });
        try (Run run = new Run("Adam(lr=0.001)", ONE_CYCLE)) {
            assertEquals(
                    prefix.isEmpty()
                            ? List.of()
                            : List.of(file + " has " + prefix + " before the names of its weights, which is ignored"),
                    run.restore(file, OnChange.REFUSE));
            assertArrayEquals(new float[] {0.1613206f, 0.1905916f}, bias(run.network));
            assertEquals(0.09805566273349588, run.group().lr());
            assertEquals(10, run.scheduler.lastEpoch());
        }
    }

    /** Counted, or the number of the last one from 0: the scheduler tells, Lightning says it. */
    @ParameterizedTest
    @CsvSource({"2, 2, 2", "2, 3, 3", "2, 10, 2", "2, 15, 3", "2, 7, 2", "0, 0, 0", "0, 1, 1"})
    void tellsHowManyEpochsWereFinished(int epoch, long schedulerSteps, int finished) throws IOException {
        Path file = changed(golden(), root -> {
            root.put("epoch", (long) epoch);
            root.put("scheduler", Map.of("gamma", 0.5, "last_epoch", schedulerSteps));
        });
        try (Checkpoint python = Checkpoint.open(file)) {
            assertEquals(Progress.after(finished, finished * 5L), python.progress(5));
        }
        Path lightning = changed(golden(), root -> {
            root.put("epoch", 2L);
            root.put("global_step", 12L);
            root.put("loops", Map.of("fit_loop", Map.of("epoch_progress", Map.of("current", Map.of("processed", 3L)))));
        });
        try (Checkpoint python = Checkpoint.open(lightning)) {
            assertEquals(Progress.after(3, 12), python.progress(5));
        }
    }

    @Test
    void refusesSeveralNetworksAndOptimizers() throws IOException {
        Path gan = changed(golden(), root -> {
            Object model = Objects.requireNonNull(root.remove("model"));
            root.put("net", model);
            root.put("state_dict", model);
        });
        assertFails(
                gan
                        + " is not a training checkpoint: it must have the weights of one network, but has those under state_dict, net",
                () -> Checkpoint.open(gan));
        Path none = changed(golden(), root -> root.put("generator", Objects.requireNonNull(root.remove("model"))));
        assertFails(
                none + " is not a training checkpoint: it must have weights under one of model, state_dict,"
                        + " model_state_dict, model_state, model_dict, net, net_state_dict, network, network_state_dict,"
                        + " module, weights, params, but has only the keys [epoch, optimizer, scheduler, generator]",
                () -> Checkpoint.open(none));
        Path two = changed(golden(), root -> {
            Object optimizer = Objects.requireNonNull(root.remove("optimizer"));
            root.put("optimizer_states", List.of(optimizer, optimizer));
        });
        try (Run run = new Run("Adam(lr=0.001)", ONE_CYCLE)) {
            assertFails(two + ": it must have one optimizer, but has 2", () -> run.restore(two, OnChange.REFUSE));
        }
    }

    @Test
    void refusesAPythonProgramsStateThatLacksAnEntry() throws IOException {
        Path python = golden();
        for (String name : List.of("step", "exp_avg", "exp_avg_sq")) {
            Path less = changed(python, root -> {
                Map<Object, Object> optimizer =
                        new LinkedHashMap<>(dict(Objects.requireNonNull(root.get("optimizer"))));
                Map<Object, Object> state = new LinkedHashMap<>(dict(Objects.requireNonNull(optimizer.get("state"))));
                Map<Object, Object> kept = new LinkedHashMap<>(dict(Objects.requireNonNull(state.get(1L))));
                kept.remove(name);
                state.put(1L, kept);
                optimizer.put("state", state);
                root.put("optimizer", optimizer);
            });
            List<String> others = Stream.of("exp_avg", "exp_avg_sq", "step")
                    .filter(other -> !other.equals(name))
                    .toList();
            try (Run run = new Run("Adam(lr=0.001)", ONE_CYCLE)) {
                assertFails(
                        less + ": param_groups[0] (group 'all', Adam): the state of parameter 1 must have " + name
                                + ", but has only " + others,
                        () -> run.restore(less, OnChange.REFUSE));
                assertEquals(0, run.scheduler.lastEpoch());
            }
        }
    }

    @Test
    void saysWhatAPythonProgramLeftOut() throws IOException {
        Path less = changed(golden(), root -> {
            root.remove("optimizer");
            root.remove("scheduler");
        });
        try (Run run = new Run("SGD(lr=0.1)", "StepLR(step_size=1, gamma=0.5)")) {
            assertEquals(
                    List.of(
                            less + " has no optimizer: its state starts afresh",
                            less + " has no scheduler: the schedule goes on at its rate after 2 steps"),
                    run.restore(less, OnChange.REFUSE));
            assertEquals(0.025, run.group().lr());
        }
    }

    /** {@return a copy of a file with another content} */
    private Path changed(Path file, Consumer<Map<Object, Object>> change) throws IOException {
        Path copy = folder.resolve("changed.pt");
        try (TorchFile original = TorchFile.open(file)) {
            Map<Object, Object> root = new LinkedHashMap<>(dict(original.root()));
            change.accept(root);
            TorchFile.write(copy, root);
        }
        return copy;
    }

    @Test
    void refusesWhatIsNoTrainingCheckpoint() throws IOException {
        Path file = last();
        Path copy = folder.resolve("changed.pt");
        changed(file, root -> root.remove("epoch"));
        assertNone("epoch must be a whole number, but was missing", copy);
        changed(file, root -> root.put("epoch", -1L));
        assertNone("epoch must be a whole number, at least 0, but was -1", copy);
        changed(file, root -> root.put("model", "net.pt"));
        assertNone("model must be a dict, but was 'net.pt'", copy);
        TorchFile.write(copy, List.of(1L));
        assertNone("it does not hold a dict", copy);
        Files.writeString(copy, "what is this");
        assertFails(
                "cannot read " + copy
                        + ": it is not a file of torch.save, which is a zip archive: it begins with 'what is this'",
                () -> Checkpoint.open(copy));
    }

    private static void assertNone(String why, Path file) {
        assertFails(file + " is not a training checkpoint: " + why, () -> Checkpoint.open(file));
    }

    private static void assertFails(String message, Executable bad) {
        assertEquals(message, assertThrows(IOException.class, bad).getMessage());
    }

    @Test
    void refusesANewerVersionAndWrongEntries() throws IOException {
        Path file = last();
        Path copy = folder.resolve("changed.pt");
        anneal(file, entries -> entries.put("version", 2L));
        assertFails(
                copy + " was written by a newer Anneal: version must be at most 1, but was 2",
                () -> Checkpoint.open(copy));
        anneal(file, entries -> entries.put("batch", 5L));
        assertFails(copy + ": anneal.batch must be within the 4 batches of an epoch, but was 5", this::progress);
        anneal(file, entries -> entries.remove("loss_sum"));
        assertFails(copy + ": anneal.loss_sum must be a number, but was missing", this::progress);
        anneal(file, entries -> entries.put("epochs", List.of(Map.of("epoch", 1L))));
        assertFails(copy + ": anneal.epochs[0].step must be a whole number, but was missing", this::progress);
        anneal(file, entries -> entries.put("epochs", List.of()));
        assertEquals(List.of(), progress().epochs());
        anneal(file, entries -> entries.put("config", Map.of("model", 3L)));
        try (Checkpoint checkpoint = Checkpoint.open(copy)) {
            assertFails(copy + ": anneal.config.model must be a string, but was 3", checkpoint::config);
        }
        anneal(file, entries -> entries.put("rates", Map.of("epoch", 3L)));
        try (Checkpoint checkpoint = Checkpoint.open(copy)) {
            assertFails(copy + ": anneal.rates.epoch must be a tensor, but was 3", () -> checkpoint.rates(1, 0));
        }
        anneal(file, entries -> entries.put("best_model", Map.of(3L, "x")));
        assertFails(copy + ": anneal.best_model.3 must be a tensor, but was missing", this::progress);
        anneal(file, entries -> entries.put("rates", Map.of("epoch", TensorData.of(new double[0], List.of(0L)))));
        try (Checkpoint checkpoint = Checkpoint.open(copy)) {
            assertFails(copy + ": anneal.rates.lr must be a tensor, but was missing", () -> checkpoint.rates(1, 0));
        }
        try (Run run = new Run("SGD(lr=0.1, momentum=0.9)", "StepLR(step_size=1, gamma=0.5)")) {
            anneal(file, entries -> entries.remove("scheduler"));
            assertFails(
                    copy + ": anneal.scheduler must be a dict, but was missing",
                    () -> run.restore(copy, OnChange.REFUSE));
            anneal(
                    file,
                    entries -> entries.put(
                            "rng_state",
                            Objects.requireNonNull(dict(Objects.requireNonNull(entries.get("rates")))
                                    .get("epoch"))));
            assertFails(
                    copy + ": a tensor must have the shape [5056], but had [2]",
                    () -> run.restore(copy, OnChange.REFUSE));
        }
    }

    private Progress progress() throws IOException {
        try (Checkpoint checkpoint = Checkpoint.open(folder.resolve("changed.pt"))) {
            return checkpoint.progress(4);
        }
    }

    private void anneal(Path file, Consumer<Map<Object, Object>> change) throws IOException {
        changed(file, root -> {
            Map<Object, Object> anneal = new LinkedHashMap<>(dict(Objects.requireNonNull(root.get("anneal"))));
            change.accept(anneal);
            root.put("anneal", anneal);
        });
    }

    @Test
    void refusesACutFile() throws IOException {
        Path file = last();
        byte[] whole = Files.readAllBytes(file);
        for (int length : new int[] {0, 1, 100, whole.length / 2, whole.length - 1}) {
            Files.write(file, Arrays.copyOf(whole, length));
            String message =
                    assertThrows(IOException.class, () -> Checkpoint.open(file)).getMessage();
            assertTrue(String.valueOf(message).startsWith("cannot read " + file + ": "), message);
        }
    }

    @Test
    void refusesAnotherNetworkAndOptimizer() throws IOException {
        Path file = last();
        try (Run run = new Run(new LinearNet(8, 3), "SGD(lr=0.1, momentum=0.9)", "StepLR(1)")) {
            assertFails(
                    file
                            + ": a state dict must match the network's names and shapes, but fc.weight has shape [2, 8], not [3, 8], fc.bias has shape [2], not [3]",
                    () -> run.restore(file, OnChange.REFUSE));
        }
        LinearNet network = new LinearNet(8, 2);
        try (Optimizer<Tensor> optimizer = Torch.optimizer(
                List.of(new ParamGroup<>("weight", UpdateRule.parse("SGD(lr=1)"), List.of(network.fc.weight()))))) {
            LRScheduler scheduler = new LRScheduler(optimizer, Policy.parse("StepLR(1)"));
            try (Checkpoint checkpoint = Checkpoint.open(file)) {
                assertFails(
                        file + ": param_groups[0] must have 1 params, as group 'weight' has, but had 2",
                        () -> checkpoint.restore(network, optimizer, scheduler, OnChange.REFUSE, 0));
            }
        }
    }

    @Test
    void goesOnWithAnotherScheduleOrRateIfToldTo() throws IOException {
        Path file = last();
        try (Run run = new Run("SGD(lr=0.1, momentum=0.9)", "ExponentialLR(0.1)")) {
            String message = assertThrows(IOException.class, () -> run.restore(file, OnChange.REFUSE))
                    .getMessage();
            assertTrue(String.valueOf(message).startsWith(file + ": the state was saved under StepLR("), message);
            run.restore(file, OnChange.KEEP_CONFIG);
            assertEquals(0.001, run.group().lr(), 1e-15);
        }
        try (Run run = new Run("SGD(lr=0.1, momentum=0.9)", "ExponentialLR(0.1)")) {
            run.restore(file, OnChange.TAKE_CHECKPOINT);
            assertEquals(0.025, run.group().lr());
        }
        try (Run run = new Run("SGD(lr=0.4, momentum=0.5)", "StepLR(step_size=1, gamma=0.5)")) {
            run.restore(file, OnChange.KEEP_CONFIG);
            assertEquals(0.1, run.group().lr());
            assertEquals(0.5, run.group().momentum());
            run.scheduler.step();
            assertEquals(0.05, run.group().lr());
        }
        try (Run run = new Run("SGD(lr=0.4, momentum=0.5)", "StepLR(step_size=1, gamma=0.5)")) {
            run.restore(file, OnChange.REFUSE);
            assertEquals(0.025, run.group().lr(), "the file's, as PyTorch's load_state_dict");
            assertEquals(0.9, run.group().momentum());
        }
    }

    @Test
    void aPlateausRateIsReplacedIfToldTo() throws IOException {
        Path runs = folder.resolve("plateau");
        try (Run run = new Run("SGD(lr=0.1)", "ReduceLROnPlateau(patience=0, threshold=2)")) {
            run.fit(runs);
        }
        try (Run run = new Run("SGD(lr=0.4)", "ReduceLROnPlateau()")) {
            run.restore(runs.resolve("last.pt"), OnChange.KEEP_CONFIG);
            assertEquals(0.4, run.group().lr());
        }
        try (Run run = new Run("SGD(lr=0.1)", "ReduceLROnPlateau(patience=3)")) {
            run.restore(runs.resolve("last.pt"), OnChange.KEEP_CONFIG);
            assertEquals(0.01, run.group().lr(), 1e-15, "which the plateau had come to");
        }
    }

    // The files of a run.

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void keepsAsManyCheckpointsAsItIsToldTo() throws IOException {
        Path runs = folder.resolve("run");
        try (Run run = new Run("SGD(lr=0.1)", "StepLR(1)")) {
            run.trainer.saveEvery(1);
            run.fit(runs, 4);
        }
        assertEquals(
                List.of(
                        "best.pt",
                        "curve.png",
                        "last.pt",
                        "metrics.csv",
                        "model.safetensors",
                        "progress.csv",
                        "run.json",
                        "step-5.pt",
                        "step-6.pt",
                        "step-7.pt"),
                names(runs));
        for (int step = 5; step < 8; step++) {
            try (Checkpoint checkpoint = Checkpoint.open(runs.resolve("step-" + step + ".pt"))) {
                assertEquals(step, checkpoint.progress(4).step());
            }
        }
        Files.writeString(runs.resolve("best.pt.tmp"), "half of a checkpoint");
        // From an earlier one on: what came after it is given up.
        try (Run run = new Run("SGD(lr=0.1)", "StepLR(1)");
                Checkpoint checkpoint = Checkpoint.open(runs.resolve("step-6.pt"))) {
            checkpoint.restore(run.network, run.optimizer, run.scheduler, OnChange.REFUSE, 0);
            Progress progress = checkpoint.progress(4);
            try (TrainingFolder results = new TrainingFolder(runs, run.network, "title", 1, checkpoint, progress)) {
                results.checkpoints(run.optimizer, run.scheduler, run.config, 4).checkpoint(progress);
                assertEquals(2, Files.readAllLines(runs.resolve("metrics.csv")).size());
            }
        }
        assertEquals(
                List.of(
                        "best.pt",
                        "curve.png",
                        "last.pt",
                        "metrics.csv",
                        "model.safetensors",
                        "progress.csv",
                        "run.json",
                        "step-5.pt"),
                names(runs));
        try (Checkpoint checkpoint = Checkpoint.open(runs.resolve("last.pt"))) {
            assertEquals(6, checkpoint.progress(4).step());
        }
    }

    @Test
    void saysAgainWhatARunThatIsTakenUpIsToDo() throws IOException {
        Path runs = folder.resolve("run");
        try (Run run = new Run("SGD(lr=0.1)", "StepLR(step_size=1, gamma=0.5)")) {
            run.fit(runs);
        }
        String before = Files.readString(runs.resolve("run.json"));
        assertTrue(before.contains("\"epochs\" : 2"), before);
        // The process died while it was written.
        Files.writeString(runs.resolve("run.json.tmp"), "{");
        Map<String, Object> dict = new LinkedHashMap<>();
        try (Run run = new Run("SGD(lr=0.1)", "StepLR(step_size=1, gamma=0.5)");
                Checkpoint checkpoint = Checkpoint.open(runs.resolve("last.pt"))) {
            dict.putAll(run.config.toDict());
            dict.put("epochs", 3L);
            run.restore(runs.resolve("last.pt"), OnChange.REFUSE);
            assertEquals(0.025, run.group().lr());
            try (TrainingFolder results =
                    new TrainingFolder(runs, run.network, "title", 1, checkpoint, checkpoint.progress(4))) {
                assertFalse(Files.exists(runs.resolve("run.json.tmp")));
                assertEquals(before, Files.readString(runs.resolve("run.json")), "until it is told more");
                results.checkpoints(run.optimizer, run.scheduler, RunConfig.of(new Dict("", dict)), 1);
            }
        }
        String after = Files.readString(runs.resolve("run.json"));
        assertTrue(after.contains("\"epochs\" : 3"), after);
        assertTrue(after.contains("\"initial_lr\" : 0.1"), after);
    }

    @Test
    void saysWhichRateAPlateauBeganWithAlsoWhenItHasReducedIt() throws IOException {
        Path runs = folder.resolve("run");
        try (Run run = new Run("SGD(lr=0.1)", "ReduceLROnPlateau(patience=0, threshold=2)")) {
            run.fit(runs);
        }
        String before = Files.readString(runs.resolve("run.json"));
        assertTrue(before.contains("\"initial_lr\" : 0.1"), before);
        try (Run run = new Run("SGD(lr=0.1)", "ReduceLROnPlateau(patience=0, threshold=2)");
                Checkpoint checkpoint = Checkpoint.open(runs.resolve("last.pt"))) {
            run.restore(runs.resolve("last.pt"), OnChange.REFUSE);
            assertEquals(0.01, run.group().lr(), 1e-15);
            try (TrainingFolder results =
                    new TrainingFolder(runs, run.network, "title", 1, checkpoint, checkpoint.progress(4))) {
                results.checkpoints(run.optimizer, run.scheduler, run.config, 1);
            }
        }
        String after = Files.readString(runs.resolve("run.json"));
        assertTrue(after.contains("\"initial_lr\" : 0.1"), after);
    }

    @Test
    void theBestIsTheEpochWithTheLowestLoss() throws IOException {
        Path runs = folder.resolve("run");
        Samples data = Samples.of(64);
        DataSets worse = new DataSets(data, data.labelled(i -> 1 - data.label(i)));
        try (Run run = new Run("SGD(lr=0.5)", "StepLR(100)");
                TrainingFolder results = new TrainingFolder(runs, run.network, "title", 1)) {
            torch.manual_seed(1);
            run.trainer
                    .epochs(3)
                    .restoreBest()
                    .listener(results.checkpoints(run.optimizer, run.scheduler, run.config, 1))
                    .fit(worse);
            float[] best = bias(run.network);
            assertEquals(runs + ": metrics.csv, curve.png, model.safetensors (epoch 3)", results.summary());
            results.saveBestWeights(1);
            assertEquals(runs + ": metrics.csv, curve.png, model.safetensors (best epoch, 1)", results.summary());
            try (Checkpoint file = Checkpoint.open(runs.resolve("best.pt"));
                    Checkpoint last = Checkpoint.open(runs.resolve("last.pt"))) {
                assertEquals(
                        "1 3", file.progress(4).epoch() + " " + last.progress(4).epoch());
                file.restore(run.network, run.optimizer, run.scheduler, OnChange.REFUSE, 0);
                assertArrayEquals(best, bias(run.network));
                assertArrayEquals(
                        new double[] {best[0], best[1]},
                        Objects.requireNonNull(last.progress(4).bestWeights().get("fc.bias"))
                                .toDoubles(),
                        "so that a resumed run can go back to them");
                last.restore(run.network, run.optimizer, run.scheduler, OnChange.REFUSE, 0);
                assertTrue(best[0] != bias(run.network)[0], "or the test shows nothing");
            }
        }
    }

    @Test
    void aFullDiskLeavesTheLastCheckpointsWhole() throws IOException, InterruptedException {
        Path disk = folder.resolve("disk");
        try (SmallDisk small = new SmallDisk(disk, 60)) {
            Path runs = disk.resolve("run");
            try (Run run = new Run("SGD(lr=0.1)", "StepLR(100)")) {
                run.trainer.epochs(100).listener(new TrainListener() {
                    @Override
                    public void epoch(Epoch epoch) throws IOException {
                        if (epoch.epoch() == 3) {
                            small.fill(2);
                        }
                    }
                });
                String message =
                        assertThrows(IOException.class, () -> run.fit(runs, 2)).getMessage();
                assertTrue(
                        String.valueOf(message).startsWith("cannot write " + runs)
                                && String.valueOf(message).endsWith(": No space left on device"),
                        message);
            }
            Files.delete(disk.resolve("filler"));
            assertTrue(names(runs).stream().noneMatch(name -> name.endsWith(".tmp")), names(runs)::toString);
            for (String file : List.of("last.pt", "best.pt")) {
                try (Run run = new Run("SGD(lr=0.1)", "StepLR(100)");
                        Checkpoint whole = Checkpoint.open(runs.resolve(file))) {
                    whole.restore(run.network, run.optimizer, run.scheduler, OnChange.REFUSE, 0);
                    assertEquals(2, whole.progress(4).epoch());
                }
            }
        }
    }
}
