package org.anneal.dl4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.checkpoint.TorchFile;
import org.anneal.optim.Adam;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.RateGroup;
import org.anneal.optim.SGD;
import org.anneal.optim.Schedulable;
import org.anneal.optim.UpdateRule;
import org.anneal.runs.Monitor;
import org.anneal.runs.Position;
import org.anneal.runs.Run;
import org.anneal.schedule.Policy;
import org.anneal.schedule.ReduceLROnPlateau;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.StepLR;
import org.anneal.schedule.StepPer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.AMSGrad;
import org.nd4j.linalg.learning.config.AdaDelta;
import org.nd4j.linalg.learning.config.AdaGrad;
import org.nd4j.linalg.learning.config.AdaMax;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nadam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.RmsProp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.schedule.ScheduleType;

/** Policies on a network's rates, clipping, and a run's folder. */
class AnnealListenerTest {
    private static final double[] METRICS = {1, 0.9, 0.95, 0.97, 0.93, 0.99, 0.8, 0.85, 0.9, 0.9, 0.9, 0.9};

    @TempDir
    Path folder;

    /** {@return what reports these metrics, one after another} */
    private static Function<Model, Map<String, Double>> metrics() {
        int[] next = new int[1];
        return model -> Map.of("val_loss", METRICS[next[0]++ % METRICS.length]);
    }

    private static Map<String, Predicate<String>> byLayer() {
        Map<String, Predicate<String>> groups = new LinkedHashMap<>();
        groups.put("hidden", name -> name.startsWith("0_"));
        groups.put("output", name -> name.startsWith("1_"));
        return groups;
    }

    /** The float[] engine beside a network of two layers, each a group. */
    private static final class Twin implements AutoCloseable {
        final MultiLayerNetwork net;
        final Nets.Gradients gradients = new Nets.Gradients();
        final Optimizer<FloatArray> optimizer;
        final List<FloatArray> layers;

        Twin(MultiLayerNetwork net, UpdateRule first, UpdateRule second) {
            this.net = net;
            float[] start = net.params().toFloatVector();
            layers = List.of(new FloatArray(part(start, 0)), new FloatArray(part(start, 1)));
            optimizer = FloatArrays.optimizer(List.of(
                    new ParamGroup<>("hidden", first, layers.subList(0, 1)),
                    new ParamGroup<>("output", second, layers.subList(1, 2))));
            net.addListeners(gradients);
        }

        private float[] part(float[] whole, int layer) {
            int first = (int) net.getLayer(0).numParams();
            return Arrays.copyOfRange(whole, layer == 0 ? 0 : first, layer == 0 ? first : whole.length);
        }

        void step() {
            for (int i = 0; i < 2; i++) {
                layers.get(i).setGrad(part(gradients.last(), i));
            }
            optimizer.step();
        }

        void compare(String when) {
            float[] params = net.params().toFloatVector();
            assertArrayEquals(layers.get(0).values(), part(params, 0), when);
            assertArrayEquals(layers.get(1).values(), part(params, 1), when);
        }

        @Override
        public void close() {
            optimizer.close();
        }
    }

    @Test
    void runsAnyPolicyOverGroupsAsOnArrays() {
        for (String text : List.of(
                "ReduceLROnPlateau(patience=1, factor=0.5)",
                "ChainedScheduler([CosineAnnealingLR(T_max=10), ReduceLROnPlateau(patience=1, factor=0.5)])",
                "SequentialLR([LinearLR(start_factor=0.1, total_iters=3), ReduceLROnPlateau(patience=0)], milestones=[3])",
                "OneCycleLR(max_lr=[0.1, 0.02], total_steps=40)")) {
            for (StepPer per : StepPer.values()) {
                Policy policy = Policy.parse(text);
                MultiLayerNetwork net =
                        Nets.small(new NeuralNetConfiguration.Builder().updater(new AnnealUpdater(new Adam(0.02))));
                net.setLearningRate(1, 0.005);
                LRScheduler scheduler = new LRScheduler(Dl4j.rates(net, byLayer()), policy).stepPer(per);
                try (Twin twin = new Twin(net, new Adam(0.02), new Adam(0.005))) {
                    LRScheduler expected = new LRScheduler(twin.optimizer, policy).stepPer(per);
                    AnnealListener listener =
                            new AnnealListener().scheduler(scheduler).validation(metrics());
                    net.addListeners(listener);
                    for (int epoch = 0; epoch < 12; epoch++) {
                        for (int i = 0; i < 3; i++) {
                            assertEquals(expected.lastLr().get(0), net.getLearningRate(0));
                            assertEquals(expected.lastLr().get(1), net.getLearningRate(1));
                            net.fit(Nets.batch(3 * epoch + i));
                            twin.step();
                            expected.batch();
                            twin.compare(text + " " + per + " epoch " + epoch);
                        }
                        listener.onEpochEnd(net); // which fit(DataSet) does not tell of
                        net.incrementEpochCount();
                        expected.epoch(METRICS[epoch]);
                    }
                    assertEquals(expected.state(), scheduler.state());
                }
            }
        }
    }

    /** Groups with equal rates share a block of state; it is cut when the rates part, and a restored network agrees. */
    @Test
    void keepsEachGroupsStateWhenRatesMeetAndPart() throws IOException {
        List<Schedule> schedules = List.of(
                Schedule.parse("MultiStepLR(milestones=[5, 15], gamma=0.5)"),
                Schedule.parse("MultiStepLR(milestones=[10, 15], gamma=0.5)"));
        MultiLayerNetwork net = Nets.small(new AnnealUpdater(new Adam(0.01)));
        LRScheduler scheduler = new LRScheduler(Dl4j.rates(net, byLayer()), schedules).stepPer(StepPer.BATCH);
        net.addListeners(new AnnealListener().scheduler(scheduler));
        try (Twin twin = new Twin(net, new Adam(0.01), new Adam(0.01))) {
            LRScheduler expected = new LRScheduler(twin.optimizer, schedules).stepPer(StepPer.BATCH);
            for (int step = 0; step < 20; step++) {
                Path file = folder.resolve("last.zip");
                Dl4j.save(file, net, scheduler, Position.START);
                MultiLayerNetwork resumed = ModelSerializer.restoreMultiLayerNetwork(file.toFile(), true);
                Dl4j.restore(file, new LRScheduler(Dl4j.rates(resumed, byLayer()), schedules).stepPer(StepPer.BATCH));
                resumed.fit(Nets.batch(step));
                net.fit(Nets.batch(step));
                twin.step();
                expected.batch();
                twin.compare("step " + step);
                assertArrayEquals(net.params().toFloatVector(), resumed.params().toFloatVector(), "step " + step);
            }
        }
    }

    @Test
    void drivesTheRatesAndTheMomentumOfUpdatersOfND4J() {
        Schedule cycle = Schedule.parse("OneCycleLR(max_lr=0.1, total_steps=20)");
        Map<IUpdater, Function<IUpdater, Double>> momentums = new LinkedHashMap<>();
        momentums.put(new Nesterovs(0.01, 0.9), updater -> ((Nesterovs) updater).currentMomentum(0, 0));
        momentums.put(
                new org.nd4j.linalg.learning.config.Adam(0.01),
                updater -> ((org.nd4j.linalg.learning.config.Adam) updater).getBeta1());
        momentums.put(
                new org.nd4j.linalg.learning.config.AMSGrad(0.01),
                updater -> ((org.nd4j.linalg.learning.config.AMSGrad) updater).getBeta1());
        momentums.put(
                new org.nd4j.linalg.learning.config.Nadam(0.01),
                updater -> ((org.nd4j.linalg.learning.config.Nadam) updater).getBeta1());
        momentums.put(
                new org.nd4j.linalg.learning.config.AdaMax(0.01),
                updater -> ((org.nd4j.linalg.learning.config.AdaMax) updater).getBeta1());
        momentums.forEach((updater, momentum) -> {
            MultiLayerNetwork net = Nets.small(updater);
            LRScheduler scheduler = new LRScheduler(Dl4j.rates(net), cycle).stepPer(StepPer.BATCH);
            net.addListeners(new AnnealListener().scheduler(scheduler));
            for (int step = 0; step < 20; step++) {
                for (int layer = 0; layer < 2; layer++) {
                    IUpdater own = net.getLayer(layer).conf().getLayer().getUpdaterByParam("W");
                    assertEquals(cycle.at(step, 0.01), net.getLearningRate(layer), 1e-15);
                    assertEquals(cycle.momentum(step, 0.9), momentum.apply(own), 1e-15, updater + " step " + step);
                }
                net.fit(Nets.batch(step));
            }
        });
    }

    @Test
    void followsPyTorchsPlateau() throws IOException {
        List<String> lines =
                Files.readAllLines(Path.of("../parity/src/test/resources/golden/schedules/ReduceLROnPlateau.csv"));
        List<String> first = lines.subList(2, lines.subList(3, lines.size()).indexOf("") + 3); // the first case
        double[] metrics = numbers(value(first, "metrics"));
        double[] rates = first.stream()
                .filter(line -> line.matches("\\d+,.*"))
                .mapToDouble(line -> Double.parseDouble(line.split(",", 2)[1]))
                .toArray();
        int[] next = new int[1];
        MultiLayerNetwork net = Nets.small(new Sgd(numbers(value(first, "lr"))[0]));
        AnnealListener listener = new AnnealListener()
                .scheduler(new LRScheduler(Dl4j.rates(net), Policy.parse(value(first, "schedule"))))
                .validation(model -> Map.of("val_loss", metrics[next[0]++]));
        assertTrue(rates.length >= 200);
        assertTrue(Arrays.stream(rates).distinct().count() > 3);
        for (int epoch = 0; epoch < rates.length - 1; epoch++) {
            assertEquals(rates[epoch], net.getLearningRate(0), "epoch " + epoch);
            listener.onEpochEnd(net);
        }
    }

    private static String value(List<String> lines, String key) {
        return lines.stream()
                .filter(line -> line.startsWith(key + ","))
                .findFirst()
                .orElseThrow()
                .split(",", 2)[1];
    }

    private static double[] numbers(String list) {
        return Stream.of(list.split(",")).mapToDouble(Double::parseDouble).toArray();
    }

    @Test
    void clipsAsPyTorchDoes() {
        for (double maxNorm : new double[] {0.05, 0.5, 1000}) {
            MultiLayerNetwork net = Nets.small(new AnnealUpdater(new SGD(0.1)));
            try (Twin twin = new Twin(net, new SGD(0.1), new SGD(0.1))) {
                net.addListeners(
                        new AnnealListener().clipGradNorm(maxNorm)); // after the twin's, which sees the whole gradients
                for (int step = 0; step < 10; step++) {
                    net.fit(Nets.batch(step));
                    for (int i = 0; i < 2; i++) {
                        twin.layers.get(i).setGrad(twin.part(twin.gradients.last(), i));
                    }
                    double norm = twin.optimizer.clipGradNorm(maxNorm);
                    assertEquals(maxNorm < 1000, norm > maxNorm, "norm " + norm);
                    twin.optimizer.step();
                    // The norm is a sum in another order.
                    assertArrayEquals(
                            twin.layers.get(0).values(), twin.part(net.params().toFloatVector(), 0), 1e-6f);
                    assertArrayEquals(
                            twin.layers.get(1).values(), twin.part(net.params().toFloatVector(), 1), 1e-6f);
                }
            }
        }
    }

    @Test
    void clampsEachElement() {
        MultiLayerNetwork net = Nets.small(new AnnealUpdater(new SGD(0.1)));
        try (Twin twin = new Twin(net, new SGD(0.1), new SGD(0.1))) {
            net.addListeners(new AnnealListener().clipGradValue(0.01));
            for (int step = 0; step < 10; step++) {
                net.fit(Nets.batch(step));
                for (int i = 0; i < 2; i++) {
                    twin.layers.get(i).setGrad(twin.part(twin.gradients.last(), i));
                }
                twin.optimizer.clipGradValue(0.01);
                twin.optimizer.step();
                assertArrayEquals(
                        twin.layers.get(0).values(), twin.part(net.params().toFloatVector(), 0), 1e-7f);
                assertArrayEquals(
                        twin.layers.get(1).values(), twin.part(net.params().toFloatVector(), 1), 1e-7f);
            }
        }
    }

    /** What stands for a gradient of a batch normalization's mean and variance is no gradient. */
    @Test
    void leavesTheStatisticsOfABatchNormalization() {
        MultiLayerNetwork[] nets = new MultiLayerNetwork[2];
        for (int i = 0; i < 2; i++) {
            nets[i] = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                    .updater(new AnnealUpdater(new SGD(0)))
                    .seed(7)
                    .list()
                    .layer(new BatchNormalization.Builder().nIn(5).nOut(5).build())
                    .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                            .nIn(5)
                            .nOut(3)
                            .build())
                    .build());
            nets[i].init();
        }
        nets[1].addListeners(new AnnealListener().clipGradNorm(1e-6));
        for (MultiLayerNetwork net : nets) {
            net.fit(Nets.batch(0));
        }
        assertEquals(nets[0].getParam("0_mean"), nets[1].getParam("0_mean"));
        assertEquals(nets[0].getParam("0_var"), nets[1].getParam("0_var"));
    }

    @Test
    void trainsAComputationGraphUnderAPlateau() throws IOException {
        ComputationGraph graph = new ComputationGraph(Dl4j.optimizer(
                        new NeuralNetConfiguration.Builder(), new Adam(0.003))
                .seed(7)
                .graphBuilder()
                .addInputs("in")
                .addLayer("dense", new DenseLayer.Builder().nIn(784).nOut(32).build(), "in")
                .addLayer(
                        "out",
                        new OutputLayer.Builder(LossFunction.MCXENT)
                                .nIn(32)
                                .nOut(10)
                                .build(),
                        "dense")
                .setOutputs("out")
                .build());
        graph.init();
        Map<String, Predicate<String>> groups = new LinkedHashMap<>();
        groups.put("dense", name -> name.startsWith("dense_"));
        groups.put("out", name -> name.startsWith("out_"));
        LRScheduler scheduler = new LRScheduler(
                Dl4j.rates(graph, groups), Policy.parse("ReduceLROnPlateau(patience=0, threshold=0.2)"));
        try (Run run = Run.create(folder.resolve("graph")).of(Dl4j.rates(graph, groups), scheduler)) {
            graph.addListeners(
                    new AnnealListener().scheduler(scheduler).run(run).validation(Nets.fashionMnist("t10k", 500)));
            graph.fit(Nets.fashionMnist("train", 1000), 5);
            assertEquals(5, run.epochs().size());
            assertTrue(
                    run.epochs().get(4).metric("val_accuracy") > 0.5,
                    run.epochs().toString());
            assertTrue(run.epochs().get(4).lr().get(0) < 0.003, run.epochs().toString());
        }
    }

    @Test
    void writesAFolderAsOtherRunsDo() throws IOException {
        MultiLayerNetwork net = Nets.forImages(Dl4j.optimizer(new NeuralNetConfiguration.Builder(), new Adam(0.01)));
        DataSetIterator train = Nets.fashionMnist("train", 500);
        Schedulable rates = Dl4j.rates(net);
        LRScheduler scheduler = new LRScheduler(rates, Schedule.parse("LinearLR(start_factor=0.5, total_iters=20)"))
                .stepPer(StepPer.BATCH);
        try (Run run = Run.create(folder.resolve("run"))
                .of(rates, scheduler)
                .length(2, 10)
                .set("optimizer", "Adam(lr=0.01)")) {
            net.addListeners(
                    new AnnealListener().scheduler(scheduler).run(run).validation(Nets.fashionMnist("t10k", 200)));
            net.fit(train, 2);
        }
        List<String> table = Files.readAllLines(folder.resolve("run/metrics.csv"));
        assertEquals("epoch,step,lr,train_loss,val_loss,val_accuracy,seconds", table.get(0));
        assertEquals(3, table.size());
        String[] last = table.get(2).split(",", -1);
        assertEquals(List.of("2", "20"), List.of(last[0], last[1]));
        assertEquals(0.01 * (0.5 + 0.5 * 19 / 20), Double.parseDouble(last[2]), 1e-12);
        assertTrue(Double.parseDouble(last[5]) > 0.4, table.toString());
        String config = Files.readString(folder.resolve("run/run.json"));
        assertTrue(config.contains("LinearLR(start_factor=0.5, total_iters=20)"), config);
        assertTrue(config.contains("\"step_per\" : \"batch\"") || config.contains("\"step_per\":\"batch\""), config);
        try (Stream<Path> files = Files.walk(folder.resolve("run"))) {
            assertTrue(files.anyMatch(file -> file.getFileName().toString().startsWith("events.out.tfevents")));
        }
    }

    @Test
    void givesAPlateauWhatItWatches() {
        MultiLayerNetwork net = Nets.small(new AnnealUpdater(new SGD(0.1)));
        LRScheduler scheduler = new LRScheduler(Dl4j.rates(net), new ReduceLROnPlateau());
        AnnealListener listener = new AnnealListener().scheduler(scheduler);
        assertEquals(
                "a plateau needs val_loss, but the validation measured []: set validation(...) and monitor(...)",
                assertThrows(IllegalStateException.class, () -> listener.onEpochEnd(net))
                        .getMessage());
        net.addListeners(listener.monitor(Monitor.named("train_loss")));
        net.fit(Nets.batch(0));
        double loss = net.score();
        listener.onEpochEnd(net);
        assertEquals(
                loss, ((ReduceLROnPlateau.State) scheduler.state().plateau().orElseThrow()).best());
    }

    @Test
    void refusesTheSchedulerOfAnotherNetwork() {
        String message =
                "scheduler must be the last one built over Dl4j.rates of the network in training, but it is another network's,"
                        + " or was replaced, or setListeners removed the rates (addListeners keeps them)";
        MultiLayerNetwork net = Nets.small(new AnnealUpdater(new SGD(0.1)));
        Schedulable rates = Dl4j.rates(net);
        LRScheduler scheduler = new LRScheduler(rates, new StepLR(1)).stepPer(StepPer.BATCH);
        MultiLayerNetwork plain = Nets.small(new AnnealUpdater(new SGD(0.1)));
        MultiLayerNetwork ofItsOwn = Nets.small(new AnnealUpdater(new SGD(0.1)));
        LRScheduler own = new LRScheduler(Dl4j.rates(ofItsOwn), new StepLR(1)).stepPer(StepPer.BATCH);
        MultiLayerNetwork withTheListeners = Nets.small(new AnnealUpdater(new SGD(0.1)));
        withTheListeners.setListeners(net.getListeners());
        for (MultiLayerNetwork other : List.of(plain, ofItsOwn, withTheListeners)) {
            float[] start = other.params().toFloatVector();
            other.addListeners(new AnnealListener().scheduler(scheduler));
            assertEquals(
                    message,
                    assertThrows(IllegalStateException.class, () -> other.fit(Nets.batch(0)))
                            .getMessage());
            assertArrayEquals(start, other.params().toFloatVector());
        }
        assertEquals(0, scheduler.lastEpoch());
        assertEquals(0, own.lastEpoch());

        RateGroup dropout = RateGroup.of("dropout", () -> 0.5, rate -> {});
        LRScheduler next = new LRScheduler(rates.with(dropout), new StepLR(1)).stepPer(StepPer.BATCH);
        AnnealListener listener = new AnnealListener().scheduler(scheduler);
        net.addListeners(listener);
        assertEquals(
                message,
                assertThrows(IllegalStateException.class, () -> net.fit(Nets.batch(0)))
                        .getMessage());
        listener.scheduler(next);
        net.fit(Nets.batch(0));
        assertEquals(0.01, net.getLearningRate(0), 1e-15);
    }

    @Test
    void refusesToStepTheRatesTwiceInAnIteration() throws IOException {
        MultiLayerNetwork net = Nets.small(new AnnealUpdater(new SGD(0.1)));
        LRScheduler scheduler = new LRScheduler(Dl4j.rates(net), new StepLR(1)).stepPer(StepPer.BATCH);
        AnnealListener listener = new AnnealListener().scheduler(scheduler);
        net.addListeners(listener, new AnnealListener().clipGradNorm(1));
        net.fit(Nets.batch(0));
        LRScheduler beside = new LRScheduler(Dl4j.rates(net), new StepLR(1)).stepPer(StepPer.BATCH);
        for (AnnealListener other :
                List.of(listener, new AnnealListener().scheduler(scheduler), new AnnealListener().scheduler(beside))) {
            net.addListeners(other);
            assertEquals(
                    "a network must have one AnnealListener with a scheduler, but has 2: add it once, not before each fit",
                    assertThrows(IllegalStateException.class, () -> net.fit(Nets.batch(1)))
                            .getMessage());
            List<TrainingListener> listeners = new ArrayList<>(net.getListeners());
            listeners.remove(listeners.size() - 1);
            net.setListeners(listeners);
        }
        assertEquals(1, scheduler.lastEpoch());
        net.fit(Nets.batch(1));
        assertEquals(2, scheduler.lastEpoch());
        try (Run run = Run.create(folder.resolve("run"));
                Run another = Run.create(folder.resolve("another"))) {
            net.addListeners(new AnnealListener().run(run), new AnnealListener().run(another));
            net.fit(Nets.batch(2));
            net.addListeners(new AnnealListener().run(run));
            assertEquals(
                    "a network must have one AnnealListener for each run, but has 2: add it once, not before each fit",
                    assertThrows(IllegalStateException.class, () -> net.fit(Nets.batch(3)))
                            .getMessage());
        }
    }

    @Test
    void refusesUpdatersThatHaveAScheduleBesideTheScheduler() {
        AnnealSchedule schedule = new AnnealSchedule(new StepLR(30), 0.1);
        for (IUpdater updater : List.of(
                new AnnealUpdater(new SGD(0.1), schedule),
                new Sgd(schedule),
                new org.nd4j.linalg.learning.config.Adam(schedule),
                new Nesterovs(schedule, 0.9),
                new Nadam(schedule),
                new AMSGrad(schedule),
                new AdaMax(schedule),
                new RmsProp(schedule))) {
            MultiLayerNetwork net = Nets.small(updater);
            String message = refused(() -> Dl4j.rates(net));
            assertTrue(
                    message.matches(
                            "the updater of \\d_[Wb] must have a fixed rate, since a scheduler sets it, but was .*"
                                    + "StepLR\\(step_size=30, gamma=0\\.1\\) from 0\\.1 per iteration.*: give the schedule to the"
                                    + " LRScheduler instead, or fix the rate by net\\.setLearningRate\\(lr\\)"),
                    message);
            net.setLearningRate(0.05);
            assertEquals(0.05, Dl4j.rates(net).groups().get(0).lr());
        }
        assertTrue(refused(() -> Dl4j.rates(Nets.small(new AdaGrad(schedule))))
                .matches("the updater of \\d_[Wb] must have a finite rate, but was AdaGrad\\(learningRate=NaN, .*\\)"));
        // A momentum's schedule stays beside a scheduler of rates.
        MultiLayerNetwork net =
                Nets.small(new Nesterovs(0.1, AnnealSchedule.momentum(new StepLR(30), 0.9, ScheduleType.ITERATION)));
        assertEquals(0.1, Dl4j.rates(net).groups().get(0).lr());
    }

    /** A layer that is thawed by transfer learning is in a new network, with new rates and fresh state. */
    @Test
    void schedulesWhatIsNotFrozen() {
        MultiLayerNetwork net = Nets.small(new AnnealUpdater(new Adam(0.01)));
        net.fit(Nets.batch(0));
        MultiLayerNetwork frozen =
                new TransferLearning.Builder(net).setFeatureExtractor(0).build();
        float[] hidden = frozen.getLayer(0).params().toFloatVector();
        LRScheduler scheduler = new LRScheduler(Dl4j.rates(frozen), new StepLR(2)).stepPer(StepPer.BATCH);
        frozen.addListeners(new AnnealListener().scheduler(scheduler).clipGradNorm(1));
        for (int step = 0; step < 3; step++) {
            frozen.fit(Nets.batch(step));
        }
        assertArrayEquals(hidden, frozen.getLayer(0).params().toFloatVector());
        assertEquals(0.001, frozen.getLearningRate(1), 1e-15);
        assertEquals(1, Dl4j.rates(frozen).groups().size());
    }

    @Test
    void refusesMisuse() {
        MultiLayerNetwork net = Nets.small(new AnnealUpdater(new SGD(0.1)));
        MultiLayerNetwork raw =
                new MultiLayerNetwork(net.getLayerWiseConfigurations().clone());
        assertEquals(
                "net must be initialised before its rates are taken: call net.init() first",
                assertThrows(IllegalStateException.class, () -> Dl4j.rates(raw)).getMessage());
        ComputationGraph rawGraph =
                new ComputationGraph(net.toComputationGraph().getConfiguration());
        assertEquals(
                "net must be initialised before its rates are taken: call net.init() first",
                assertThrows(IllegalStateException.class, () -> Dl4j.rates(rawGraph))
                        .getMessage());
        assertEquals(
                "each parameter must be in one group, but 0_W is in none",
                refused(() -> Dl4j.rates(net, Map.of("output", name -> name.startsWith("1_")))));
        Map<String, Predicate<String>> twice = byLayer();
        twice.put("biases", name -> name.endsWith("_b"));
        assertEquals(
                "each parameter must be in one group, but 0_b is in [hidden, biases]",
                refused(() -> Dl4j.rates(net, twice)));
        Map<String, Predicate<String>> kinds = new LinkedHashMap<>();
        kinds.put("weights", name -> name.endsWith("_W"));
        kinds.put("biases", name -> name.endsWith("_b"));
        assertEquals(
                "parameters with one updater must be in one group, but 0_b is in 'biases' and another in 'weights': give biases an"
                        + " updater of their own with biasUpdater",
                refused(() -> Dl4j.rates(net, kinds)));
        net.setLearningRate(1, 0.2);
        assertTrue(refused(() -> Dl4j.rates(net)).startsWith("group 'all' must have one rate, but"));
        assertTrue(refused(() -> Dl4j.rates(Nets.small(new AdaDelta())))
                .endsWith("_W must have a learning rate, but was a AdaDelta"));
        RateGroup group = Dl4j.rates(net, byLayer()).groups().get(0);
        net.setListeners();
        assertEquals(
                "the network's rates must stay among its listeners: add others with addListeners, since setListeners removes them",
                assertThrows(IllegalStateException.class, () -> group.setLr(0.3))
                        .getMessage());
        MultiLayerNetwork plain = Nets.small(new Sgd(0.1));
        assertTrue(refused(() ->
                        new LRScheduler(Dl4j.rates(plain), Schedule.parse("OneCycleLR(max_lr=0.1, total_steps=20)")))
                .contains("momentum"));
    }

    @Test
    void refusesTheStateOfAnotherRun() throws IOException {
        Path file = folder.resolve("last.zip");
        MultiLayerNetwork net = Nets.small(new AnnealUpdater(new SGD(0.1)));
        Dl4j.save(file, net, new LRScheduler(Dl4j.rates(net), new StepLR(3)), Position.START);
        LRScheduler other = new LRScheduler(Dl4j.rates(net), new StepLR(4));
        assertEquals(
                file
                        + ": the state was saved under StepLR(step_size=3, gamma=0.1), but this runner runs StepLR(step_size=4, gamma=0.1):"
                        + " choose KEEP_CONFIG to keep this schedule, TAKE_CHECKPOINT to take the saved one, or CONTINUE to go on with"
                        + " this one from the saved rate, in Dl4j.restore(file, scheduler, onChange)",
                notRestored(file, other));
        Path plain = folder.resolve("plain.zip");
        ModelSerializer.writeModel(net, plain.toFile(), true);
        assertEquals(plain + ": it has no anneal.pt, so Dl4j.save did not write it", notRestored(plain, other));
        Path nope = folder.resolve("nope.zip");
        assertEquals(nope + ": there is no such file or folder", notRestored(nope, other));
        Path noZip = Files.writeString(folder.resolve("no.zip"), "no archive, though it is as long as one");
        assertTrue(notRestored(noZip, other).startsWith(noZip + ": zip "), notRestored(noZip, other));
    }

    private static String notRestored(Path file, LRScheduler scheduler) {
        return String.valueOf(assertThrows(IOException.class, () -> Dl4j.restore(file, scheduler))
                .getMessage());
    }

    @Test
    void refusesToGoOnPerEpochWhereItWasPerBatch() throws IOException {
        Path file = folder.resolve("last.zip");
        MultiLayerNetwork net = Nets.small(new AnnealUpdater(new SGD(0.1)));
        LRScheduler saved = new LRScheduler(Dl4j.rates(net), new StepLR(3)).stepPer(StepPer.BATCH);
        saved.batch();
        Dl4j.save(file, net, saved, Position.START);
        LRScheduler perEpoch = new LRScheduler(Dl4j.rates(net), new StepLR(3));
        assertEquals(
                file
                        + ": the state was saved by a scheduler that is stepped per batch, but this one is stepped per epoch: call"
                        + " stepPer(StepPer.BATCH), or choose KEEP_CONFIG, TAKE_CHECKPOINT or CONTINUE, in Dl4j.restore(file,"
                        + " scheduler, onChange)",
                notRestored(file, perEpoch));
        assertEquals(0, perEpoch.lastEpoch());
        Dl4j.restore(file, perEpoch, LRScheduler.OnChange.KEEP_CONFIG);
        assertEquals(StepPer.EPOCH, perEpoch.stepPer());
        Dl4j.restore(file, perEpoch, LRScheduler.OnChange.TAKE_CHECKPOINT);
        assertEquals(StepPer.BATCH, perEpoch.stepPer());
        assertEquals(1, perEpoch.lastEpoch());
    }

    /** A file of a version that did not keep what the scheduler is stepped per. */
    @Test
    void restoresAFileThatDoesNotSayWhenTheScheduleIsStepped() throws IOException {
        MultiLayerNetwork net = Nets.small(new AnnealUpdater(new SGD(0.1)));
        LRScheduler saved = new LRScheduler(Dl4j.rates(net), new StepLR(3));
        saved.epoch();
        Path state = folder.resolve("anneal.pt");
        TorchFile.write(state, Map.of("scheduler", saved.state().toMap(), "position", Position.START.toMap()));
        Path file = folder.resolve("old.zip");
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(file))) {
            out.putNextEntry(new ZipEntry("anneal.pt"));
            Files.copy(state, out);
        }
        LRScheduler scheduler = new LRScheduler(Dl4j.rates(net), new StepLR(3)).stepPer(StepPer.BATCH);
        Dl4j.restore(file, scheduler);
        assertEquals(StepPer.BATCH, scheduler.stepPer());
        assertEquals(1, scheduler.lastEpoch());
    }

    @Test
    void restoresUnderAnotherScheduleAsIsChosen() throws IOException {
        Path file = folder.resolve("last.zip");
        MultiLayerNetwork net = Nets.small(new AnnealUpdater(new SGD(0.1)));
        LRScheduler saved = new LRScheduler(Dl4j.rates(net), new StepLR(3));
        for (int epoch = 0; epoch < 4; epoch++) {
            saved.epoch();
        }
        Dl4j.save(file, net, saved, Position.START);
        // At step 5: 0.1 * 0.5; 0.1 * 0.1; and the saved rate, 0.01, times 0.5.
        Map<LRScheduler.OnChange, Double> rates = Map.of(
                LRScheduler.OnChange.KEEP_CONFIG, 0.05,
                LRScheduler.OnChange.TAKE_CHECKPOINT, 0.01,
                LRScheduler.OnChange.CONTINUE, 0.005);
        rates.forEach((onChange, rate) -> {
            LRScheduler scheduler = restored(file, new StepLR(5, 0.5), onChange);
            assertEquals(4, scheduler.lastEpoch());
            scheduler.epoch();
            assertEquals(rate, scheduler.lastLr().get(0), 1e-15, onChange.toString());
        });
    }

    private static LRScheduler restored(Path file, Schedule schedule, LRScheduler.OnChange onChange) {
        try {
            MultiLayerNetwork net = ModelSerializer.restoreMultiLayerNetwork(file.toFile(), true);
            LRScheduler scheduler = new LRScheduler(Dl4j.rates(net), schedule);
            Dl4j.restore(file, scheduler, onChange);
            return scheduler;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String refused(Executable call) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, call).getMessage());
    }
}
