package org.anneal.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.optimizer.Optimizer;
import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.anneal.checkpoint.Dict;
import org.anneal.checkpoint.TensorData;
import org.anneal.checkpoint.TorchFile;
import org.anneal.optim.Adam;
import org.anneal.optim.AdamW;
import org.anneal.optim.Averaging;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.SGD;
import org.anneal.runs.Position;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.schedule.Policy;
import org.anneal.schedule.StepLR;
import org.anneal.schedule.StepPer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResumeTest {
    @TempDir
    private Path folder;

    /** {@return the exit code of the program in a JVM of its own} */
    private static int run(Path folder, String... more) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Dai.djl.pytorch.num_threads=1",
                "-Dai.djl.offline=true",
                "-DOPT_OUT_TRACKING=true",
                "-cp",
                System.getProperty("java.class.path"),
                ResumedProgram.class.getName(),
                folder.toString()));
        command.addAll(List.of(more));
        File log = folder.resolveSibling(folder.getFileName() + ".log").toFile();
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(Redirect.appendTo(log))
                .start();
        int code = process.waitFor();
        assertTrue(code == 0 || code == 3, () -> {
            try {
                return Files.readString(log.toPath());
            } catch (IOException e) {
                return e.toString();
            }
        });
        return code;
    }

    @Test
    void aRunThatIsKilledGoesOnInANewProcessToTheSameBits() throws Exception {
        Path whole = folder.resolve("whole");
        Path killed = folder.resolve("killed");
        Callable<Integer> uninterrupted = () -> run(whole);
        FutureTask<Integer> beside = new FutureTask<>(uninterrupted);
        new Thread(beside).start();
        assertEquals(3, run(killed, "5")); // in the first epoch, before there is a checkpoint
        assertEquals(3, run(killed, "19")); // in the third
        assertEquals(16, position(killed).step());
        assertEquals(0, run(killed));
        assertEquals(24, position(killed).step());
        assertEquals(0, beside.get());
        assertEquals(read(whole), read(killed));
        assertEquals(table(whole), table(killed));
    }

    private static Position position(Path folder) throws IOException {
        try (TorchFile file = TorchFile.open(folder.resolve("last.pt"))) {
            return Position.of(new Dict("", file.dict()).map("anneal"));
        }
    }

    /** {@return all numbers of a checkpoint but for times} */
    private static Object read(Path folder) throws IOException {
        try (TorchFile file = TorchFile.open(folder.resolve("last.pt"))) {
            return numbers(file.root());
        }
    }

    private static Object numbers(Object value) {
        if (value instanceof Map<?, ?> map) {
            Map<Object, Object> numbers = new LinkedHashMap<>();
            map.forEach((key, each) -> {
                if (!key.equals("seconds")) {
                    numbers.put(key, numbers(each));
                }
            });
            return numbers;
        } else if (value instanceof List<?> list) {
            return list.stream().map(ResumeTest::numbers).toList();
        }
        return value instanceof TensorData data
                ? Arrays.stream(data.toDoubles()).boxed().toList()
                : value;
    }

    /** {@return the run's table without its last column, the seconds} */
    private static List<String> table(Path folder) throws IOException {
        List<String> lines = Files.readAllLines(folder.resolve("metrics.csv"));
        assertTrue(lines.get(0).endsWith(",seconds"), lines.get(0));
        assertEquals(4, lines.size());
        return lines.stream()
                .map(line -> line.substring(0, line.lastIndexOf(',')))
                .toList();
    }

    @Test
    void aStateInTheMiddleOfAnEpochGoesOnToTheSameBits() throws Exception {
        Path file = folder.resolve("middle.pt");
        float[] whole;
        DjlOptimizer first = optimizer();
        DjlListener listener = listener(first);
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(model, first, listener)) {
            Nets.train(trainer, 0, 7);
            listener.save(file);
            Nets.train(trainer, 7, 12);
            whole = Nets.weights(model);
        }
        DjlOptimizer second = optimizer();
        DjlListener resumed = listener(second);
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(model, second, resumed)) {
            Nets.train(trainer, 20, 21); // which the state replaces
            Position position = resumed.load(file);
            assertEquals(List.of(0, 7, 7L), List.of(position.epoch(), position.batch(), position.step()));
            Nets.train(trainer, 7, 12);
            assertArrayEquals(whole, Nets.weights(model));
            assertEquals(12, resumed.scheduler().lastEpoch());
        }
    }

    private static DjlOptimizer optimizer() {
        return withBias().average(Averaging.ema(0.5));
    }

    private static DjlOptimizer withBias() {
        return Djl.optimizer(new Adam(0.01)).group("*_bias", new Adam(0.02));
    }

    private static DjlListener listener(DjlOptimizer optimizer) {
        return Djl.listener(optimizer).schedule(new CosineAnnealingLR(20).afterWarmup(4, 0.1), StepPer.BATCH);
    }

    @Test
    void theRatesOfDjlsOwnOptimizerGoOnExactly() throws Exception {
        Path file = folder.resolve("rates.pt");
        Policy policy = new CosineAnnealingLR(20);
        DjlRates rates = Djl.rates(0.1).group("*_bias", 0.2);
        DjlListener listener = Djl.listener(rates).schedule(policy, StepPer.BATCH);
        float[] whole;
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(model, sgd(rates), listener)) {
            Nets.train(trainer, 0, 7);
            listener.save(file);
            Nets.train(trainer, 7, 12);
            whole = Nets.weights(model);
        }
        DjlRates others = Djl.rates(0.1).group("*_bias", 0.2);
        DjlListener resumed = Djl.listener(others).schedule(policy, StepPer.BATCH);
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(model, sgd(others), resumed)) {
            assertEquals(7, resumed.load(file).step());
            Nets.train(trainer, 7, 12);
            assertArrayEquals(whole, Nets.weights(model));
        }
    }

    private static Optimizer sgd(DjlRates rates) {
        return Optimizer.sgd().setLearningRateTracker(rates).build();
    }

    @Test
    void theFileHasWhatPythonReadsByTheNamesOfParameters() throws Exception {
        Path file = folder.resolve("last.pt");
        DjlOptimizer optimizer = optimizer();
        DjlListener listener = listener(optimizer);
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(model, optimizer, listener)) {
            Nets.train(trainer, 0, 3);
            listener.save(file);
            try (TorchFile saved = TorchFile.open(file)) {
                Dict dict = new Dict("", saved.dict());
                assertEquals(
                        Set.of("epoch", "step", "model", "optimizer", "average", "scheduler", "anneal"),
                        dict.entries().keySet());
                assertEquals(
                        List.of("01Linear_weight", "01Linear_bias", "03Linear_weight", "03Linear_bias"),
                        List.copyOf(dict.map("model").keySet()));
                assertArrayEquals(
                        model.getBlock()
                                .getParameters()
                                .get("03Linear_bias")
                                .getArray()
                                .toFloatArray(),
                        dict.dict("model").tensor("03Linear_bias").toFloats());
                List<Dict> groups = dict.dict("optimizer").dicts("param_groups");
                assertEquals(
                        List.of("01Linear_weight", "03Linear_weight"),
                        groups.get(0).texts("param_names"));
                assertEquals(
                        List.of("01Linear_bias", "03Linear_bias"), groups.get(1).texts("param_names"));
                assertEquals(3, dict.whole("step"));
                assertEquals(3, dict.dict("average").tensor("n_averaged").item());
                assertEquals(3, dict.dict("scheduler").whole("last_epoch"));
            }
        }
    }

    @Test
    void refusesTheFileOfAnotherTraining() throws Exception {
        Path file = folder.resolve("last.pt");
        DjlOptimizer optimizer = optimizer();
        DjlListener listener = listener(optimizer);
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(model, optimizer, listener)) {
            Nets.train(trainer, 0, 3);
            listener.save(file);
            optimizer.eval();
            assertEquals(
                    "the network holds the weights to evaluate, so it must not be saved to go on: call train() first",
                    assertThrows(IllegalStateException.class, () -> listener.save(file))
                            .getMessage());
        }
        refuses(
                file + ": param_groups must have 1 entries, one per group of this optimizer, but had 2",
                Nets.mlp(),
                file,
                Djl.listener(Djl.optimizer(new Adam(0.01)).average(Averaging.ema(0.5))));
        refuses(
                file + ": param_groups[0] (group 'rest', SGD): a state of SGD must not have betas, eps, but this looks"
                        + " like one of Adam or AdamW",
                Nets.mlp(),
                file,
                Djl.listener(Djl.optimizer(new SGD(0.01))
                        .group("*_bias", new SGD(0.01))
                        .average(Averaging.ema(0.5))));
        refuses(
                file + ": param_names of group 'rest' must be [01Linear_weight, 01Linear_bias] in any order, but was"
                        + " [01Linear_weight, 03Linear_weight]",
                Nets.mlp(),
                file,
                Djl.listener(Djl.optimizer(new Adam(0.01))
                        .group("03*", new Adam(0.01))
                        .average(Averaging.ema(0.5))));
        refuses(
                file + ": model.02BatchNorm_gamma must be a tensor, but was missing",
                Nets.withBatchNorm(),
                file,
                Djl.listener(Djl.optimizer(new Adam(0.01)).average(Averaging.ema(0.5))));
        refuses(
                file
                        + ": the file has an average of the weights, but this optimizer keeps none: call average(...) as when it"
                        + " was saved",
                Nets.mlp(),
                file,
                Djl.listener(withBias()));
        refuses(
                file + ": the file has an average by Averaging.ema, but this optimizer keeps one by Averaging.swa",
                Nets.mlp(),
                file,
                Djl.listener(withBias().average(Averaging.swa())));
        DjlOptimizer other = optimizer();
        DjlListener otherSchedule = Djl.listener(other).schedule(new StepLR(3), StepPer.BATCH);
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(model, other, otherSchedule)) {
            String message = assertThrows(IOException.class, () -> otherSchedule.load(file))
                    .getMessage();
            assertEquals(
                    file + ": the state was saved under SequentialLR([LinearLR(start_factor=0.1, total_iters=4),"
                            + " CosineAnnealingLR(T_max=20)], milestones=[4]), but this runner runs StepLR(step_size=3, gamma=0.1):"
                            + " choose KEEP_CONFIG to keep this schedule, TAKE_CHECKPOINT to take the saved one, or CONTINUE to"
                            + " go on with this one from the saved rate, as the second argument of load",
                    message);
            otherSchedule.load(file, LRScheduler.OnChange.KEEP_CONFIG);
            assertEquals(List.of(0.001, 0.002), otherSchedule.scheduler().lastLr());
            assertEquals(1, trainer.getEvaluators().size());
        }
    }

    @Test
    void refusesTheFileOfAScheduleThatIsSteppedOtherwise() throws Exception {
        Path file = folder.resolve("per-batch.pt");
        DjlOptimizer optimizer = withBias();
        DjlListener perBatch = Djl.listener(optimizer).schedule(new StepLR(2, 0.5), StepPer.BATCH);
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(model, optimizer, perBatch)) {
            var data = Images.dataset(trainer.getManager(), 0, 64, 16, false);
            EasyTrain.fit(trainer, 1, data, null);
            perBatch.save(file);
        }
        String refused =
                file + ": the schedule was stepped per batch when the state was saved, but this one is stepped per"
                        + " epoch: give StepPer.BATCH to schedule(...), or choose KEEP_CONFIG to move this schedule to where the run is,"
                        + " or TAKE_CHECKPOINT to step per batch, as the second argument of load";
        for (LRScheduler.OnChange onChange : LRScheduler.OnChange.values()) {
            DjlOptimizer other = withBias();
            DjlListener perEpoch = Djl.listener(other).schedule(new StepLR(2, 0.5));
            try (Model model = Nets.mlp();
                    Trainer trainer = Nets.trainer(model, other, perEpoch)) {
                assertEquals(1, trainer.getEvaluators().size());
                if (onChange == LRScheduler.OnChange.REFUSE || onChange == LRScheduler.OnChange.CONTINUE) {
                    assertEquals(
                            refused,
                            assertThrows(IOException.class, () -> perEpoch.load(file, onChange))
                                    .getMessage());
                    continue;
                }
                perEpoch.load(file, onChange);
                boolean taken = onChange == LRScheduler.OnChange.TAKE_CHECKPOINT;
                LRScheduler scheduler = perEpoch.scheduler();
                assertEquals(taken ? StepPer.BATCH : StepPer.EPOCH, scheduler.stepPer());
                assertEquals(taken ? 4 : 1, scheduler.lastEpoch()); // 4 steps were made in 1 epoch
                assertEquals(taken ? List.of(0.0025, 0.005) : List.of(0.01, 0.02), scheduler.lastLr());
            }
        }
        DjlListener none = Djl.listener(withBias());
        refuses(
                file
                        + ": the state was saved under StepLR(step_size=2, gamma=0.5), but this listener has no schedule: give it"
                        + " schedule(...) as when it was saved",
                Nets.mlp(),
                file,
                none);
    }

    @Test
    void loadsAFileThatDoesNotTellWhenItsScheduleWasStepped() throws Exception {
        Path file = folder.resolve("old.pt");
        DjlOptimizer optimizer = withBias();
        DjlListener listener = Djl.listener(optimizer).schedule(new StepLR(2, 0.5), StepPer.BATCH);
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(model, optimizer, listener)) {
            Nets.train(trainer, 0, 3);
            listener.save(file);
            Map<Object, Object> root;
            try (TorchFile saved = TorchFile.open(file)) {
                root = new LinkedHashMap<>(saved.dict());
                Map<Object, Object> anneal = new LinkedHashMap<>(new Dict("", saved.dict()).map("anneal"));
                assertEquals("batch", anneal.remove("step_per"));
                root.put("anneal", anneal);
                TorchFile.write(folder.resolve("older.pt"), root);
            }
            assertEquals(3, listener.load(folder.resolve("older.pt")).step());
        }
    }

    @Test
    void refusesTheFileOfAnotherKindOfTraining() throws Exception {
        Path plain = folder.resolve("plain.pt");
        Path rates = folder.resolve("rates.pt");
        DjlOptimizer optimizer = withBias();
        DjlListener listener = Djl.listener(optimizer);
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(model, optimizer, listener)) {
            Nets.train(trainer, 0, 1);
            listener.save(plain);
        }
        DjlListener ofRates = Djl.listener(Djl.rates(0.1).group("*_bias", 0.2));
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(model, Optimizer.adam().build(), ofRates)) {
            ofRates.save(rates);
            assertEquals(1, trainer.getEvaluators().size());
        }
        refuses(
                plain
                        + ": the file has no average of the weights, but this optimizer keeps one: leave average(...) out, as when"
                        + " it was saved",
                Nets.mlp(),
                plain,
                Djl.listener(optimizer()));
        refuses(
                plain
                        + ": the file is of an optimizer that Djl.optimizer made, but this listener is of the rates of one of"
                        + " DJL's own",
                Nets.mlp(),
                plain,
                Djl.listener(Djl.rates(0.1).group("*_bias", 0.2)));
        refuses(
                rates
                        + ": the file has the rates of one of DJL's own optimizers and no optimizer's state, but this listener is"
                        + " of an optimizer that Djl.optimizer made",
                Nets.mlp(),
                rates,
                Djl.listener(withBias()));
    }

    /** Refuses the file, and leaves the network as it was. */
    private static void refuses(String message, Model net, Path file, DjlListener listener) {
        try (Model model = net;
                Trainer trainer = Nets.trainer(model, Optimizer.adam().build(), listener)) {
            float[] before = Nets.weights(model);
            assertEquals(
                    message,
                    assertThrows(IOException.class, () -> listener.load(file)).getMessage());
            assertEquals(1, trainer.getEvaluators().size());
            if (message.contains(": the file ")) {
                assertArrayEquals(before, Nets.weights(model));
            }
        }
    }

    @Test
    void startsWhereThereIsNoFile() throws Exception {
        DjlOptimizer optimizer = Djl.optimizer(new AdamW(0.01));
        DjlListener listener = Djl.listener(optimizer);
        assertEquals(
                "the listener does not know the network yet: call load and save after model.newTrainer(config), whose config has"
                        + " this listener, and trainer.initialize(shapes)",
                assertThrows(IllegalStateException.class, () -> listener.load(folder.resolve("none.pt")))
                        .getMessage());
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(model, optimizer, listener)) {
            assertEquals(Position.START, listener.load(folder.resolve("none.pt")));
            assertEquals(1, trainer.getEvaluators().size());
        }
    }
}
