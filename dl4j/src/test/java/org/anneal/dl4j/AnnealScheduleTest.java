package org.anneal.dl4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.optim.Adam;
import org.anneal.optim.SGD;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.StepLR;
import org.anneal.text.Kind;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/** The rates that updates see are PyTorch's. */
class AnnealScheduleTest {
    private static final int STEPS = 200;

    static Stream<Golden> golden() {
        return Golden.all();
    }

    /** {@return a run of each of PyTorch's schedulers} */
    static Stream<Golden> oneOfEach() {
        Set<String> seen = new HashSet<>();
        return Golden.all()
                .filter(golden -> golden.rates().size() >= STEPS
                        && seen.add(golden.schedule().kind().name()));
    }

    @ParameterizedTest
    @MethodSource("golden")
    void hasPyTorchsRates(Golden golden) {
        double tolerance = 1e-9 * golden.scale(); // of the closed form, as in parity
        for (int group = 0; group < golden.bases().length; group++) {
            Schedule schedule = golden.schedule().forGroup(group, golden.bases().length);
            AnnealSchedule perIteration = new AnnealSchedule(schedule, golden.bases()[group]);
            AnnealSchedule perEpoch = new AnnealSchedule(schedule, golden.bases()[group], ScheduleType.EPOCH);
            for (int step = 0; step < golden.rates().size(); step++) {
                double expected = golden.rates().get(step)[group];
                assertEquals(expected, perIteration.valueAt(step, 0), tolerance, "step " + step);
                assertEquals(expected, perEpoch.valueAt(STEPS * step, step), tolerance, "epoch " + step);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("oneOfEach")
    void givesAnUpdateTheRateThatPyTorchHas(Golden golden) {
        AnnealSchedule schedule =
                new AnnealSchedule(golden.schedule().forGroup(0, golden.bases().length), golden.bases()[0]);
        for (IUpdater updater : List.of(new Sgd(schedule), new AnnealUpdater(new SGD(golden.bases()[0]), schedule))) {
            GradientUpdater<?> sgd = updater.instantiate((INDArray) null, false);
            INDArray moved = Nd4j.ones(1);
            for (int step = 0; step < STEPS; step++) {
                moved.assign(1); // a gradient of 1, so that the step is the rate
                sgd.applyUpdater(moved, step, 0);
                float expected = (float) golden.rates().get(step)[0];
                assertEquals(
                        expected,
                        moved.getFloat(0),
                        Math.max(Math.ulp(expected), 1e-9 * golden.scale()),
                        "step " + step);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("oneOfEach")
    void isPyTorchsTextInTheJsonOfANetwork(Golden golden) {
        AnnealSchedule schedule =
                new AnnealSchedule(golden.schedule().forGroup(0, golden.bases().length), golden.bases()[0]);
        MultiLayerConfiguration conf = Nets.small(new Sgd(schedule)).getLayerWiseConfigurations();
        MultiLayerConfiguration read = MultiLayerConfiguration.fromJson(conf.toJson());
        assertEquals(conf, read);
        assertEquals(schedule, ((Sgd) read.getConf(0).getLayer().getUpdaterByParam("W")).getLearningRateSchedule());
    }

    @Test
    void coversEverySchedulerOfPyTorchWithTwoHundredSteps() {
        Set<String> covered =
                oneOfEach().map(golden -> golden.schedule().kind().name()).collect(Collectors.toSet());
        Set<String> pyTorchs = Policy.kinds().stream()
                .filter(kind -> kind.module().isPresent() && Schedule.class.isAssignableFrom(kind.type()))
                .map(Kind::name)
                .collect(Collectors.toSet());
        assertEquals(pyTorchs, covered);
    }

    @Test
    void isReadByATrainingNetworkPerIterationAndPerEpoch() {
        Schedule schedule = Schedule.parse("CosineAnnealingWarmRestarts(T_0=5, T_mult=2)");
        for (ScheduleType per : ScheduleType.values()) {
            MultiLayerNetwork net = Nets.small(new Sgd(new AnnealSchedule(schedule, 0.05, per)));
            for (int epoch = 0; epoch < 6; epoch++) {
                for (int i = 0; i < 3; i++) {
                    long step = per == ScheduleType.EPOCH ? epoch : 3L * epoch + i;
                    assertEquals(schedule.at(step, 0.05), net.getLearningRate(0));
                    net.fit(Nets.batch(i));
                }
                net.incrementEpochCount();
            }
        }
    }

    @Test
    void goesOnToTheLastBitFromAFileInUpdatersOfND4J() throws IOException {
        AnnealSchedule rate = new AnnealSchedule(Schedule.parse("OneCycleLR(max_lr=0.1, total_steps=40)"), 0.05);
        AnnealSchedule momentum = AnnealSchedule.momentum(rate.schedule(), 0.9, ScheduleType.ITERATION);
        for (IUpdater updater :
                List.of(new org.nd4j.linalg.learning.config.Adam(rate), new Nesterovs(rate, momentum))) {
            MultiLayerNetwork net = Nets.small(updater);
            for (int step = 0; step < 17; step++) {
                net.fit(Nets.batch(step));
            }
            MultiLayerNetwork resumed = Nets.restored(net);
            for (int step = 17; step < 60; step++) {
                net.fit(Nets.batch(step));
                resumed.fit(Nets.batch(step));
            }
            assertEquals(net.params(), resumed.params());
        }
    }

    @Test
    void holdsTheLastRateOfAScheduleThatEnds() {
        Schedule cycle = Schedule.parse("OneCycleLR(max_lr=0.1, total_steps=10)");
        AnnealSchedule rate = new AnnealSchedule(cycle, 0.1);
        double last = 0.1 / 25 / 1e4; // max_lr / div_factor / final_div_factor
        assertEquals(last, rate.valueAt(9, 0), 1e-18);
        assertEquals(last, rate.valueAt(10, 0), 1e-18);
        assertEquals(last, rate.valueAt(1_000_000, 0), 1e-18);
        assertEquals(
                0.95,
                AnnealSchedule.momentum(cycle, 0.9, ScheduleType.ITERATION).valueAt(1_000_000, 0),
                1e-15);
    }

    @Test
    void drivesAMomentumOrLeavesIt() {
        ISchedule momentum = AnnealSchedule.momentum(
                Schedule.parse("OneCycleLR(max_lr=0.1, total_steps=11, pct_start=0.5)"), 0.9, ScheduleType.EPOCH);
        assertEquals(0.95, momentum.valueAt(70, 0), 1e-15);
        assertEquals(0.85 + 0.1 / 2 * (Math.cos(Math.PI * 2 / 4.5) + 1), momentum.valueAt(70, 2), 1e-12);
        assertEquals(
                0.9,
                AnnealSchedule.momentum(new StepLR(3), 0.9, ScheduleType.EPOCH).valueAt(70, 20));
    }

    /** PyTorch's own would drive it: here that is up to a schedule of the momentum, or to our updater. */
    @Test
    void leavesTheMomentumOfUpdatersOfND4J() {
        AnnealSchedule cycle = new AnnealSchedule(Schedule.parse("OneCycleLR(max_lr=0.1, total_steps=20)"), 0.1);
        MultiLayerNetwork nesterovs = Nets.small(new Nesterovs(cycle, 0.7));
        MultiLayerNetwork adam = Nets.small(org.nd4j.linalg.learning.config.Adam.builder()
                .learningRateSchedule(cycle)
                .beta1(0.7)
                .build());
        MultiLayerNetwork ours = Nets.small(new AnnealUpdater(new Adam(0.1), cycle));
        for (int step = 0; step < 20; step++) {
            assertEquals(0.7, ((Nesterovs) updater(nesterovs)).currentMomentum(step, 0));
            assertEquals(0.7, ((org.nd4j.linalg.learning.config.Adam) updater(adam)).getBeta1());
            assertEquals(
                    cycle.schedule().momentum(step, 0.9),
                    ((AnnealUpdater) updater(ours)).momentumAt(step, 0),
                    "step " + step);
            for (MultiLayerNetwork net : List.of(nesterovs, adam, ours)) {
                assertEquals(cycle.schedule().at(step, 0.1), net.getLearningRate(0));
                net.fit(Nets.batch(step));
            }
        }
        assertEquals(0.95, cycle.schedule().momentum(0, 0.9), 1e-15); // and not 0.9, Adam's own
    }

    private static IUpdater updater(MultiLayerNetwork net) {
        return net.getLayer(0).conf().getLayer().getUpdaterByParam("W");
    }

    @Test
    void survivesJavasSerialization() throws Exception {
        AnnealSchedule schedule = new AnnealSchedule(
                Schedule.parse("LambdaLR(lr_lambda=lambda epoch: 0.95 ** epoch)"), 0.2, ScheduleType.EPOCH);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(schedule);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            AnnealSchedule read = (AnnealSchedule) in.readObject();
            assertEquals(schedule, read);
            assertEquals(0.2 * Math.pow(0.95, 7), read.valueAt(0, 7), 1e-15);
        }
    }

    @Test
    void isAValue() {
        AnnealSchedule schedule = new AnnealSchedule(new StepLR(3), 0.1);
        assertEquals(schedule, new AnnealSchedule(Schedule.parse("StepLR(3)"), 0.1, ScheduleType.ITERATION));
        assertEquals(schedule.hashCode(), new AnnealSchedule(new StepLR(3), 0.1).hashCode());
        assertNotEquals(schedule, new AnnealSchedule(new StepLR(4), 0.1));
        assertNotEquals(schedule, new AnnealSchedule(new StepLR(3), 0.2));
        assertNotEquals(schedule, new AnnealSchedule(new StepLR(3), 0.1, ScheduleType.EPOCH));
        assertNotEquals(schedule, AnnealSchedule.momentum(new StepLR(3), 0.1, ScheduleType.ITERATION));
        assertSame(schedule, schedule.clone());
        assertEquals("StepLR(step_size=3, gamma=0.1) from 0.1 per iteration", schedule.toString());
        assertEquals(schedule.valueAt(5, 0), schedule.valueAt(5, 0)); // reading it changes nothing
        assertEquals(schedule.valueAt(0, 0), 0.1);
    }

    @Test
    void refusesWhatANetworksFileCannotHold() {
        assertEquals(
                "schedule must have a text that can be read back, as a network's file holds it, but was mine: write a Java function as"
                        + " a lambda in Python or as a record with a Kind",
                refused(() -> new AnnealSchedule(Schedule.of("mine", (step, current, base) -> base), 0.1)));
        assertTrue(
                refused(() -> new AnnealSchedule(Schedule.parse("OneCycleLR(max_lr=[0.1, 0.2], total_steps=9)"), 0.1))
                        .contains("max_lr must have"));
        assertEquals("base must be finite, but was NaN", refused(() -> new AnnealSchedule(new StepLR(3), Double.NaN)));
        AnnealSchedule infinite = new AnnealSchedule(Schedule.parse("ExponentialLR(gamma=10)"), 1);
        assertEquals(
                "lr must be finite, but was Infinity at step 400, from ExponentialLR(gamma=10.0)",
                assertThrows(ArithmeticException.class, () -> infinite.valueAt(400, 0))
                        .getMessage());
    }

    private static String refused(Executable call) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, call).getMessage());
    }
}
