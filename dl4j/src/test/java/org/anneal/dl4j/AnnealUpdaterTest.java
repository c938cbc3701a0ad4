package org.anneal.dl4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.Adam;
import org.anneal.optim.AdamW;
import org.anneal.optim.NAdam;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.SGD;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Schedule;
import org.anneal.schedule.StepLR;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.schedule.ScheduleType;

/** PyTorch's rules in a network: what the {@code float[]} engine makes of the same gradients, to the last bit. */
class AnnealUpdaterTest {
    private static final int STEPS = 200;
    private static final Schedule MOVING = Schedule.parse(
            "SequentialLR([LinearLR(start_factor=0.1, total_iters=20), CosineAnnealingLR(T_max=150)], milestones=[20])");

    static Stream<String> rules() {
        return Stream.concat(
                UpdateRule.kinds().stream()
                        .map(kind -> UpdateRule.parse(kind.name() + "()"))
                        .filter(UpdateRule::isElementwise)
                        .map(UpdateRule::toString),
                Stream.of(
                        "SGD(lr=0.1, momentum=0.9)",
                        "SGD(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01)",
                        "SGD(lr=0.1, momentum=0.9, dampening=0.5, weight_decay=0.01)",
                        "Adam(lr=0.01, betas=(0.8, 0.99), weight_decay=0.1)",
                        "Adam(lr=0.01, amsgrad=True)",
                        "AdamW(lr=0.01, weight_decay=0.1)",
                        "Adagrad(lr=0.1, lr_decay=0.01, initial_accumulator_value=0.1)",
                        "RMSprop(lr=0.01, momentum=0.9, centered=True, weight_decay=0.01)",
                        "NAdam(lr=0.01, weight_decay=0.1, decoupled_weight_decay=True)",
                        "RAdam(lr=0.01, weight_decay=0.1)",
                        "Lion(lr=0.001, weight_decay=0.1)"));
    }

    private static MultiLayerNetwork net(UpdateRule rule, Schedule schedule) {
        return Nets.small(Dl4j.optimizer(new NeuralNetConfiguration.Builder(), rule, schedule));
    }

    @ParameterizedTest
    @MethodSource("rules")
    void movesTheParametersAsTheArraysDo(String text) {
        UpdateRule rule = UpdateRule.parse(text);
        MultiLayerNetwork net = net(rule, MOVING);
        Nets.Gradients gradients = new Nets.Gradients();
        net.addListeners(gradients);
        FloatArray params = new FloatArray(net.params().toFloatVector());
        try (Optimizer<FloatArray> optimizer = FloatArrays.optimizer(rule, List.of(params))) {
            for (int step = 0; step < STEPS; step++) {
                net.fit(Nets.batch(step));
                optimizer.groups().get(0).setLr(MOVING.at(step, rule.lr()));
                params.setGrad(gradients.last());
                optimizer.step();
                assertArrayEquals(params.values(), net.params().toFloatVector(), "step " + step);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("rules")
    void goesOnToTheLastBitFromAFile(String text) throws IOException {
        MultiLayerNetwork net = net(UpdateRule.parse(text), MOVING);
        for (int step = 0; step < 15; step++) {
            net.fit(Nets.batch(step));
        }
        MultiLayerNetwork resumed = Nets.restored(net);
        assertEquals(net.getLayerWiseConfigurations(), resumed.getLayerWiseConfigurations());
        for (int step = 15; step < 40; step++) {
            net.fit(Nets.batch(step));
            resumed.fit(Nets.batch(step));
        }
        assertArrayEquals(net.params().toFloatVector(), resumed.params().toFloatVector());
        assertEquals(net.getUpdater().getStateViewArray(), resumed.getUpdater().getStateViewArray());
    }

    /** PyTorch's optimizer starts at step 1, however long the network was trained by another one before. */
    @Test
    void startsAfreshWithoutTheState() throws IOException {
        UpdateRule rule = new Adam(0.01);
        MultiLayerNetwork before = net(rule, new StepLR(1000));
        for (int step = 0; step < 30; step++) {
            before.fit(Nets.batch(step));
        }
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        ModelSerializer.writeModel(before, file, true);
        MultiLayerNetwork net =
                ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(file.toByteArray()), false);
        assertEquals(30, net.getIterationCount());
        follow(net, rule, 30, 50);
        MultiLayerNetwork resumed = Nets.restored(net); // at its step 21, in iteration 50
        net.fit(Nets.batch(50));
        resumed.fit(Nets.batch(50));
        assertArrayEquals(net.params().toFloatVector(), resumed.params().toFloatVector());
    }

    /** Follows a network with an optimizer of its own that is at its step 1. */
    private static void follow(MultiLayerNetwork net, UpdateRule rule, int from, int to) {
        Nets.Gradients gradients = new Nets.Gradients();
        net.addListeners(gradients);
        FloatArray params = new FloatArray(net.params().toFloatVector());
        try (Optimizer<FloatArray> optimizer = FloatArrays.optimizer(rule, List.of(params))) {
            for (int step = from; step < to; step++) {
                net.fit(Nets.batch(step));
                params.setGrad(gradients.last());
                optimizer.step();
                assertArrayEquals(params.values(), net.params().toFloatVector(), "step " + step);
            }
        }
    }

    @Test
    void countsOnIfTheIterationsStartOver() throws IOException {
        UpdateRule rule = new Adam(0.01);
        MultiLayerNetwork net = net(rule, new StepLR(1000));
        MultiLayerNetwork other = net(rule, new StepLR(1000));
        for (int step = 0; step < 40; step++) {
            if (step == 20) { // to run the schedule again
                net.getLayerWiseConfigurations().setIterationCount(0);
                net.setIterationCount(0);
            }
            net.fit(Nets.batch(step));
            other.fit(Nets.batch(step));
        }
        assertEquals(20, net.getIterationCount());
        assertArrayEquals(other.params().toFloatVector(), net.params().toFloatVector());
        MultiLayerNetwork resumed = Nets.restored(net);
        resumed.fit(Nets.batch(40));
        net.fit(Nets.batch(40));
        assertArrayEquals(net.params().toFloatVector(), resumed.params().toFloatVector());
    }

    @Test
    void refusesAStateThatWasMadeAfterTheIteration() throws IOException {
        MultiLayerNetwork net = net(new Adam(0.01), new StepLR(1000));
        net.fit(Nets.batch(0));
        MultiLayerNetwork resumed = Nets.restored(net);
        resumed.setIterationCount(0);
        assertEquals(
                "the state of Adam(lr=0.01), StepLR(step_size=1000, gamma=0.1) from 0.01 per iteration must be of iterations before 0,"
                        + " but its first was 0.0: restore the network without its updater's state to start afresh",
                assertThrows(IllegalStateException.class, () -> resumed.fit(Nets.batch(1)))
                        .getMessage());
    }

    /** Two layers at one rate share a block of state; DL4J cuts it where one gets another rate, and joins it again. */
    @Test
    void keepsItsStateWhenOneLayerGetsAnotherRate() {
        for (UpdateRule rule : List.of(new Adam(0.01), new NAdam(0.01), new SGD(0.1).withMomentum(0.9))) {
            MultiLayerNetwork net = Nets.small(new AnnealUpdater(rule));
            Nets.Gradients gradients = new Nets.Gradients();
            net.addListeners(gradients);
            float[] start = net.params().toFloatVector();
            int first = (int) net.getLayer(0).numParams();
            FloatArray hidden = new FloatArray(Arrays.copyOfRange(start, 0, first));
            FloatArray output = new FloatArray(Arrays.copyOfRange(start, first, start.length));
            List<ParamGroup<FloatArray>> groups = List.of(
                    new ParamGroup<>("hidden", rule, List.of(hidden)),
                    new ParamGroup<>("output", rule, List.of(output)));
            try (Optimizer<FloatArray> optimizer = FloatArrays.optimizer(groups)) {
                for (int step = 0; step < 30; step++) {
                    if (step % 10 == 9) { // cut, joined, cut
                        double lr = step == 19 ? rule.lr() : rule.lr() / 2;
                        net.setLearningRate(1, lr);
                        groups.get(1).setLr(lr);
                    }
                    net.fit(Nets.batch(step));
                    hidden.setGrad(Arrays.copyOfRange(gradients.last(), 0, first));
                    output.setGrad(Arrays.copyOfRange(gradients.last(), first, start.length));
                    optimizer.step();
                    float[] params = net.params().toFloatVector();
                    assertArrayEquals(hidden.values(), Arrays.copyOfRange(params, 0, first), rule + " step " + step);
                    assertArrayEquals(
                            output.values(), Arrays.copyOfRange(params, first, params.length), rule + " step " + step);
                }
            }
        }
    }

    /** PyTorch's OneCycleLR drives the momentum by default: SGD's, or Adam's beta1. */
    @Test
    void takesTheMomentumOfItsSchedule() {
        Schedule cycle = Schedule.parse("OneCycleLR(max_lr=0.1, total_steps=60)");
        for (UpdateRule rule : List.of(
                new SGD(0.01),
                new SGD(0.01).withMomentum(0.9),
                new Adam(0.01),
                UpdateRule.parse("RMSprop(lr=0.001)"))) {
            MultiLayerNetwork net = net(rule, cycle);
            Nets.Gradients gradients = new Nets.Gradients();
            net.addListeners(gradients);
            FloatArray params = new FloatArray(net.params().toFloatVector());
            try (Optimizer<FloatArray> optimizer = FloatArrays.optimizer(rule, List.of(params))) {
                for (int step = 0; step < 60; step++) {
                    net.fit(Nets.batch(step));
                    ParamGroup<FloatArray> group = optimizer.groups().get(0);
                    group.setLr(cycle.at(step, rule.lr()));
                    group.setMomentum(cycle.momentum(step, rule.momentum()));
                    params.setGrad(gradients.last());
                    optimizer.step();
                    assertArrayEquals(params.values(), net.params().toFloatVector(), rule + " step " + step);
                }
            }
        }
    }

    /** SameDiff keeps a state per variable, by its name, and hands gradients over in any shape and order. */
    @Test
    void runsOverNamedArraysAndAnyLayout() {
        UpdateRule rule = UpdateRule.parse("NAdam(lr=0.01)");
        Map<String, INDArray> state = new LinkedHashMap<>();
        for (String name : List.of("mu_product", "exp_avg", "exp_avg_sq", "first_iteration")) {
            state.put(name, Nd4j.create(6));
        }
        AnnealUpdater updater = new AnnealUpdater(rule);
        GradientUpdater<?> step = updater.instantiate(state, true);
        FloatArray param = new FloatArray(new float[6]);
        float[] theirs = new float[6];
        try (Optimizer<FloatArray> optimizer = FloatArrays.optimizer(rule, List.of(param))) {
            for (int i = 0; i < 10; i++) {
                float[] grad = {i, 1, -2, 0.5f, -i, 3};
                INDArray matrix = Nd4j.create(grad, new int[] {2, 3}).dup('f'); // by columns, as weights are
                step.applyUpdater(matrix, i, 0);
                float[] amount = matrix.dup('c').reshape(6).toFloatVector();
                for (int k = 0; k < 6; k++) {
                    theirs[k] -= amount[k];
                }
                param.setGrad(grad);
                optimizer.step();
                assertArrayEquals(param.values(), theirs, "step " + i);
                if (i == 4) {
                    step = updater.instantiate(step.getState(), false);
                }
            }
        }
        assertEquals(
                "the state of NAdam(lr=0.01), lr 0.01 must have [mu_product, exp_avg, exp_avg_sq, first_iteration], but had [M]",
                refused(() -> updater.instantiate(Map.of("M", Nd4j.create(6)), true)));
        assertEquals(
                "the state of NAdam(lr=0.01), lr 0.01 must be of 6 parameters, as the gradient is, but was of 2",
                assertThrows(
                                IllegalStateException.class,
                                () -> updater.instantiate(Nd4j.create(8), true).applyUpdater(Nd4j.create(6), 0, 0))
                        .getMessage());
    }

    @Test
    void stepsWhicheverPartOfAnArrayItIsGiven() {
        GradientUpdater<?> step = new AnnealUpdater(new SGD(0.5)).instantiate((INDArray) null, false);
        INDArray all = Nd4j.createFromArray(1f, 2, 3, 4, 5, 6);
        step.applyUpdater(all.get(NDArrayIndex.interval(0, 2)), 0, 0);
        assertArrayEquals(new float[] {0.5f, 1, 3, 4, 5, 6}, all.toFloatVector());
        step.applyUpdater(all.get(NDArrayIndex.interval(3, 5)), 1, 0);
        assertArrayEquals(new float[] {0.5f, 1, 3, 2, 2.5f, 6}, all.toFloatVector());
    }

    @Test
    void givesALayerItsOwnRuleAndDecay() {
        MultiLayerNetwork net = new MultiLayerNetwork(
                Dl4j.optimizer(new NeuralNetConfiguration.Builder(), new AdamW(0.01).withWeightDecay(0.1))
                        .seed(7)
                        .list()
                        .layer(new DenseLayer.Builder().nIn(5).nOut(16).build())
                        .layer(Dl4j.optimizer(new OutputLayer.Builder(), new SGD(0.1).withMomentum(0.9))
                                .nIn(16)
                                .nOut(3)
                                .build())
                        .build());
        net.init();
        Nets.Gradients gradients = new Nets.Gradients();
        net.addListeners(gradients);
        float[] start = net.params().toFloatVector();
        int first = (int) net.getLayer(0).numParams();
        FloatArray hidden = new FloatArray(Arrays.copyOfRange(start, 0, first));
        FloatArray output = new FloatArray(Arrays.copyOfRange(start, first, start.length));
        try (Optimizer<FloatArray> adam = FloatArrays.optimizer(new AdamW(0.01).withWeightDecay(0.1), List.of(hidden));
                Optimizer<FloatArray> sgd = FloatArrays.optimizer(new SGD(0.1).withMomentum(0.9), List.of(output))) {
            for (int step = 0; step < 20; step++) {
                net.fit(Nets.batch(step));
                hidden.setGrad(Arrays.copyOfRange(gradients.last(), 0, first));
                output.setGrad(Arrays.copyOfRange(gradients.last(), first, start.length));
                adam.step();
                sgd.step();
                float[] params = net.params().toFloatVector();
                assertArrayEquals(hidden.values(), Arrays.copyOfRange(params, 0, first), "step " + step);
                assertArrayEquals(output.values(), Arrays.copyOfRange(params, first, params.length), "step " + step);
            }
        }
    }

    @Test
    void addsNoDecayToTheScore() {
        MultiLayerNetwork without = net(new SGD(0.1), new StepLR(10));
        MultiLayerNetwork with = net(new SGD(0.1).withWeightDecay(0.5), new StepLR(10));
        assertEquals(without.score(Nets.batch(0)), with.score(Nets.batch(0)));
        without.fit(Nets.batch(0));
        with.fit(Nets.batch(0));
        assertEquals(without.score(), with.score());
    }

    @Test
    void survivesJavasSerializationAndYaml() throws Exception {
        AnnealUpdater updater = new AnnealUpdater(
                UpdateRule.parse("RMSprop(lr=0.01, momentum=0.9)"),
                new AnnealSchedule(Schedule.parse("OneCycleLR(max_lr=0.1, total_steps=60)"), 0.01, ScheduleType.EPOCH));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(updater);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            AnnealUpdater read = (AnnealUpdater) in.readObject();
            assertEquals(updater, read);
            assertEquals(updater.getLearningRate(0, 30), read.getLearningRate(0, 30));
        }
        MultiLayerConfiguration conf = Nets.small(updater).getLayerWiseConfigurations();
        assertEquals(conf, MultiLayerConfiguration.fromYaml(conf.toYaml()));
        assertTrue(conf.toJson().contains("\"rule\" : \"RMSprop(lr=0.01, momentum=0.9)\""));
        assertTrue(conf.toJson().contains("\"schedule\" : \"OneCycleLR(max_lr=0.1, total_steps=60)\""));
        assertEquals(updater, updater.clone());
        assertEquals(updater.hashCode(), updater.clone().hashCode());
        assertNotEquals(updater, new AnnealUpdater(UpdateRule.parse("RMSprop(lr=0.01, momentum=0.9)")));
    }

    @Test
    void refusesWhatItCannotRun() {
        assertEquals(
                "rule must be elementwise, since an updater of ND4J sees gradients and no parameters, but was Lamb(lr=0.001)",
                refused(() -> new AnnealUpdater(UpdateRule.parse("Lamb(lr=0.001)"))));
        assertEquals(
                "weight_decay must be 0 in an updater, which sees no parameters, but was 0.01 in AdamW(lr=0.001):"
                        + " Dl4j.optimizer(builder, rule) sets the updater and the decay",
                refused(() -> new AnnealUpdater(new AdamW(0.001))));
        assertEquals(
                "a rule must have momentum or betas to take momentum 0.95, but was Adagrad(lr=0.01)",
                refused(() -> new AnnealUpdater(
                        UpdateRule.parse("Adagrad(lr=0.01)"),
                        Schedule.parse("OneCycleLR(max_lr=0.1, total_steps=60)"))));
        AnnealUpdater sgd = new AnnealUpdater(new SGD(0.1));
        assertEquals(
                "momentum must stay 0 in a network with SGD(lr=0.1), whose state has no room for [momentum_buffer]: give the updater a"
                        + " momentum above 0 before the network is initialised",
                refused(() -> sgd.setLrAndSchedule(
                        Double.NaN,
                        new AnnealSchedule(Schedule.parse("OneCycleLR(max_lr=0.1, total_steps=60)"), 0.1))));
        assertEquals("lr must be finite, but was NaN", refused(() -> sgd.setLrAndSchedule(Double.NaN, null)));
        assertEquals(
                "the state must be of type FLOAT, since our rules compute with floats, but was DOUBLE",
                refused(() -> Nets.small(new NeuralNetConfiguration.Builder()
                                .dataType(DataType.DOUBLE)
                                .updater(new AnnealUpdater(new Adam(0.1))))
                        .getUpdater()));
    }

    private static String refused(Executable call) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, call).getMessage());
    }
}
