package org.anneal.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.anneal.checkpoint.Dict;
import org.anneal.optim.Adam;
import org.anneal.optim.AdamW;
import org.anneal.optim.AdamWScheduleFree;
import org.anneal.optim.Averaging;
import org.anneal.optim.SGD;
import org.anneal.schedule.StepPer;
import org.junit.jupiter.api.Test;

class DjlOptimizerTest {
    /** Two parameters of a block without a trainer, which the tests hand over as DJL does. */
    private static final class Two implements AutoCloseable {
        final NDManager manager = NDManager.newBaseManager();
        final Model model =
                Nets.model(ai.djl.nn.core.Linear.builder().setUnits(2).build());
        final Parameter weight;
        final Parameter bias;

        Two() {
            model.getBlock().initialize(manager, DataType.FLOAT32, new Shape(1, 3));
            weight = parameter("weight");
            bias = parameter("bias");
            set(weight.getArray(), 1, 2, 3, 4, 5, 6);
            set(bias.getArray(), 7, 8);
        }

        Parameter parameter(String name) {
            return model.getBlock().getParameters().get(name);
        }

        static void set(NDArray array, float... values) {
            array.toByteBuffer(true).asFloatBuffer().put(values);
        }

        /** Begins with this network, on so many devices. */
        DjlOptimizer begin(DjlOptimizer optimizer, int devices) {
            optimizer.driven().begin(model.getBlock(), devices);
            return optimizer;
        }

        void update(DjlOptimizer optimizer, Parameter parameter, NDArray replica, float... grad) {
            try (NDArray gradient = manager.create(grad, parameter.getArray().getShape())) {
                optimizer.update(parameter.getId(), replica, gradient);
            }
        }

        void update(DjlOptimizer optimizer, Parameter parameter, float... grad) {
            update(optimizer, parameter, parameter.getArray(), grad);
        }

        @Override
        public void close() {
            model.close();
            manager.close();
        }
    }

    @Test
    void makesOneStepWhateverOrderTheParametersComeIn() {
        for (boolean biasFirst : new boolean[] {true, false}) {
            try (Two two = new Two()) {
                DjlOptimizer optimizer = two.begin(Djl.optimizer(new SGD(0.5)), 1);
                if (biasFirst) {
                    two.update(optimizer, two.bias, 2, 4);
                    assertArrayEquals(new float[] {7, 8}, two.bias.getArray().toFloatArray());
                    two.update(optimizer, two.weight, 2, 2, 2, 2, 2, 2);
                } else {
                    two.update(optimizer, two.weight, 2, 2, 2, 2, 2, 2);
                    two.update(optimizer, two.bias, 2, 4);
                }
                assertArrayEquals(
                        new float[] {0, 1, 2, 3, 4, 5}, two.weight.getArray().toFloatArray());
                assertArrayEquals(new float[] {6, 6}, two.bias.getArray().toFloatArray());
            }
        }
    }

    @Test
    void clipsTheNormOfAllGradientsTogetherAsPyTorchDoes() {
        try (Two two = new Two()) {
            DjlOptimizer optimizer = two.begin(Djl.optimizer(new SGD(1)).clipGradNorm(1), 1);
            two.update(optimizer, two.bias, -3, 0);
            two.update(optimizer, two.weight, 0, 0, 0, 0, 0, 4); // the norm is 5
            assertArrayEquals(new float[] {7.6f, 8}, two.bias.getArray().toFloatArray(), 1e-6f);
            assertArrayEquals(
                    new float[] {1, 2, 3, 4, 5, 5.2f}, two.weight.getArray().toFloatArray(), 1e-6f);
        }
    }

    @Test
    void clipsValuesBothWays() {
        try (Two two = new Two()) {
            DjlOptimizer optimizer = two.begin(Djl.optimizer(new SGD(1)).clipGradValue(0.5), 1);
            two.update(optimizer, two.bias, -3, 0.25f);
            two.update(optimizer, two.weight, 5, -5, 0, 0, 0, 0);
            assertArrayEquals(new float[] {7.5f, 7.75f}, two.bias.getArray().toFloatArray());
            assertArrayEquals(
                    new float[] {0.5f, 2.5f, 3, 4, 5, 6}, two.weight.getArray().toFloatArray());
        }
    }

    @Test
    void leavesZeroGradientsEvenWhereTheyWereNotFinite() {
        DjlOptimizer optimizer = Djl.optimizer(new SGD(0.1));
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(model, optimizer, Djl.listener(optimizer))) {
            Nets.train(trainer, 0, 1);
            for (Parameter parameter : model.getBlock().getParameters().values()) {
                try (NDArray grad = parameter.getArray().getGradient()) {
                    for (float element : grad.toFloatArray()) {
                        assertEquals(0f, element);
                    }
                    grad.toByteBuffer(true).asFloatBuffer().put(0, Float.NaN);
                }
            }
            trainer.step();
            try (NDArray grad = model.getBlock()
                    .getParameters()
                    .get(0)
                    .getValue()
                    .getArray()
                    .getGradient()) {
                assertEquals(0f, grad.toFloatArray()[0]);
            }
        }
    }

    @Test
    void addsUpTheGradientsOfSeveralBatchesBeforeAStep() throws Exception {
        DjlOptimizer optimizer = Djl.optimizer(new SGD(0.1));
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(model, optimizer, Djl.listener(optimizer))) {
            NDArray array = model.getBlock().getParameters().get(3).getValue().getArray();
            float[] before = array.toFloatArray();
            float[] sum = new float[before.length];
            for (var batch :
                    Images.dataset(trainer.getManager(), 0, 48, 16, false).getData(trainer.getManager())) {
                EasyTrain.trainBatch(trainer, batch);
                sum = array.getGradient().toFloatArray();
            }
            trainer.step();
            float[] after = array.toFloatArray();
            for (int i = 0; i < sum.length; i++) {
                assertEquals(before[i] - 0.1f * sum[i], after[i], 1e-7f);
            }
            assertEquals(1, optimizer.driven().schedulable().steps());
        }
    }

    @Test
    void skipsAFrozenParameterAndGoesOnWithItWhenItIsThawed() {
        DjlOptimizer optimizer = Djl.optimizer(new Adam(0.01));
        try (Model model = Nets.mlp()) {
            Block last = model.getBlock().getChildren().get(2).getValue();
            last.freezeParameters(true);
            try (Trainer trainer = Nets.trainer(model, optimizer, Djl.listener(optimizer))) {
                float[] frozen = last.getParameters().get("weight").getArray().toFloatArray();
                Nets.train(trainer, 0, 3);
                assertArrayEquals(
                        frozen, last.getParameters().get("weight").getArray().toFloatArray());
                Map<?, ?> state = state(optimizer);
                assertEquals(2, state.size());
                last.freezeParameters(false);
                Nets.train(trainer, 3, 5);
                assertFalse(Arrays.equals(
                        frozen, last.getParameters().get("weight").getArray().toFloatArray()));
                state = state(optimizer);
                assertEquals(4, state.size());
                assertEquals(2, step(state, 2)); // each counts its own steps, as in PyTorch
                assertEquals(5, step(state, 0));
            }
        }
    }

    private static Map<?, ?> state(DjlOptimizer optimizer) {
        return new Dict("", optimizer.stateDict()).map("state");
    }

    private static double step(Map<?, ?> state, long parameter) {
        return new Dict("", (Map<?, ?>) Objects.requireNonNull(state.get(parameter)))
                .tensor("step")
                .item();
    }

    @Test
    void leavesTheRunningStatisticsOfBatchNormsAlone() {
        DjlOptimizer optimizer = Djl.optimizer(new SGD(0.1).withWeightDecay(0.5));
        try (Model model = Nets.withBatchNorm()) {
            try (Trainer trainer = Nets.trainer(model, optimizer, Djl.listener(optimizer))) {
                // which thaws them too
                model.getBlock().freezeParameters(false);
                assertEquals(1, trainer.getDevices().length);
                Parameter variance = model.getBlock().getParameters().values().stream()
                        .filter(each -> each.getType() == Parameter.Type.RUNNING_VAR)
                        .findFirst()
                        .orElseThrow();
                float[] before = variance.getArray().toFloatArray();
                try (NDManager manager = NDManager.newBaseManager();
                        NDArray grad = manager.ones(variance.getArray().getShape())) {
                    optimizer.update(variance.getId(), variance.getArray(), grad);
                }
                assertArrayEquals(before, variance.getArray().toFloatArray());
                assertEquals(6, optimizer.groups().get(0).params().size());
            }
        }
    }

    @Test
    void keepsNoNativeHandlesOverAThousandSteps() {
        DjlOptimizer optimizer = Djl.optimizer(new AdamW(0.001)).clipGradNorm(1).average(Averaging.ema(0.9));
        DjlListener listener = Djl.listener(optimizer);
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(model, optimizer, listener)) {
            Nets.train(trainer, 0, 10);
            int before = handles(model, trainer);
            for (int i = 0; i < 20; i++) {
                Nets.train(trainer, 0, 50);
            }
            assertEquals(1010, optimizer.driven().schedulable().steps());
            assertEquals(before, handles(model, trainer));
        }
    }

    private static int handles(Model model, Trainer trainer) {
        return model.getNDManager().getManagedArrays().size()
                + trainer.getManager().getManagedArrays().size()
                + model.getNDManager().getParentManager().getManagedArrays().size();
    }

    @Test
    void putsTheAverageIntoTheNetworkToValidateAndTheWeightsBack() throws Exception {
        DjlOptimizer optimizer = Djl.optimizer(new SGD(0.5)).average(Averaging.swa());
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(model, optimizer, Djl.listener(optimizer))) {
            List<float[]> after = new ArrayList<>();
            for (int step = 0; step < 4; step++) {
                Nets.train(trainer, step, step + 1);
                after.add(Nets.weights(model));
            }
            float[] mean = new float[after.get(0).length];
            for (int i = 0; i < mean.length; i++) {
                double sum = 0;
                for (float[] weights : after) {
                    sum += weights[i];
                }
                mean[i] = (float) (sum / 4);
            }
            int batches = 0;
            for (var batch : optimizer
                    .validation(Images.dataset(trainer.getManager(), 0, 32, 16, false))
                    .getData(trainer.getManager())) {
                assertArrayEquals(mean, Nets.weights(model), 1e-6f);
                batch.close();
                batches++;
            }
            assertEquals(2, batches);
            assertArrayEquals(after.get(3), Nets.weights(model));
        }
    }

    @Test
    void averagesTheEndsOfEpochsFromAnEpochOn() throws Exception {
        DjlOptimizer optimizer = Djl.optimizer(new SGD(0.5)).average(Averaging.swa(), StepPer.EPOCH, 2);
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(model, optimizer, Djl.listener(optimizer))) {
            List<float[]> ends = new ArrayList<>();
            var data = Images.dataset(trainer.getManager(), 0, 64, 16, false);
            for (int epoch = 1; epoch <= 3; epoch++) {
                EasyTrain.fit(trainer, 1, data, epoch == 2 ? null : optimizer.validation(data));
                ends.add(Nets.weights(model));
            }
            optimizer.eval();
            float[] average = Nets.weights(model);
            for (int i = 0; i < average.length; i++) {
                assertEquals((ends.get(1)[i] + ends.get(2)[i]) / 2, average[i], 1e-6f);
            }
            optimizer.train();
            assertArrayEquals(ends.get(2), Nets.weights(model));
        }
    }

    @Test
    void evaluatesTheWeightsOfAScheduleFreeRule() throws Exception {
        DjlOptimizer optimizer = Djl.optimizer(new AdamWScheduleFree(0.01));
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(model, optimizer, Djl.listener(optimizer))) {
            Nets.train(trainer, 0, 5);
            float[] training = Nets.weights(model);
            optimizer.eval();
            float[] evaluation = Nets.weights(model);
            assertFalse(Arrays.equals(training, evaluation));
            assertEquals(
                    "the network holds the weights to evaluate, so it must not be trained: call optimizer.train() first",
                    assertThrows(IllegalStateException.class, trainer::step).getMessage());
            optimizer.train();
            assertArrayEquals(training, Nets.weights(model), 1e-6f);
            EasyTrain.evaluateDataset(
                    trainer, optimizer.validation(Images.dataset(trainer.getManager(), 0, 32, 16, false)));
            assertArrayEquals(training, Nets.weights(model), 1e-6f);
        }
    }

    /** {@return a stand-in for {@code array} that says it is on another device} */
    private static NDArray on(Device device, NDArray array) {
        return (NDArray) Proxy.newProxyInstance(
                DjlOptimizerTest.class.getClassLoader(), new Class<?>[] {NDArray.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("getDevice")) {
                        return device;
                    } else if (method.getName().equals("hashCode")) {
                        return System.identityHashCode(proxy);
                    } else if (method.getName().equals("toByteBuffer")) {
                        return array.duplicate().toByteBuffer(true); // the elements are copied from a device
                    } else if (method.getName().equals("toDevice")) {
                        return array.toDevice(Device.cpu(), true);
                    }
                    try {
                        return method.invoke(array, arguments);
                    } catch (InvocationTargetException e) {
                        throw Objects.requireNonNull(e.getCause());
                    }
                });
    }

    @Test
    void refusesWeightsOnAGpuUnlessToldThatTheyAreCopied() {
        try (Two two = new Two()) {
            DjlOptimizer optimizer = two.begin(Djl.optimizer(new SGD(0.5)), 1);
            assertEquals(
                    "weights must be on the CPU, where they are updated, but were on gpu(0): optimizer.onGpu() allows it, and"
                            + " copies all gradients and weights in each step",
                    assertThrows(
                                    IllegalStateException.class,
                                    () -> two.update(optimizer, two.bias, on(Device.gpu(0), two.bias.getArray()), 2, 2))
                            .getMessage());
        }
    }

    @Test
    void copiesWeightsToAndFromAGpuThatIsAllowed() {
        try (Two two = new Two()) {
            DjlOptimizer optimizer = two.begin(Djl.optimizer(new SGD(0.5)).onGpu(), 1);
            NDArray weight = two.weight.getArray().duplicate();
            NDArray bias = two.bias.getArray().duplicate();
            weight.setRequiresGradient(true);
            bias.setRequiresGradient(true);
            two.update(optimizer, two.weight, on(Device.gpu(0), weight), 2, 2, 2, 2, 2, 2);
            two.update(optimizer, two.bias, on(Device.gpu(0), bias), 2, 2);
            assertArrayEquals(new float[] {0, 1, 2, 3, 4, 5}, weight.toFloatArray());
            assertArrayEquals(new float[] {6, 7}, bias.toFloatArray());
        }
    }

    @Test
    void makesOneStepForAllDevicesAndCopiesTheWeightsToEach() {
        try (Two two = new Two()) {
            DjlOptimizer optimizer = two.begin(Djl.optimizer(new SGD(0.5).withMomentum(0.9)), 2);
            NDArray weight = two.weight.getArray().duplicate();
            NDArray bias = two.bias.getArray().duplicate();
            weight.setRequiresGradient(true);
            bias.setRequiresGradient(true);
            for (int step = 1; step <= 2; step++) {
                two.update(optimizer, two.bias, 2, 2);
                two.update(optimizer, two.bias, bias, 2, 2);
                two.update(optimizer, two.weight, 2, 2, 2, 2, 2, 2);
                assertEquals(step - 1, optimizer.driven().schedulable().steps());
                two.update(optimizer, two.weight, weight, 2, 2, 2, 2, 2, 2);
                assertEquals(step, optimizer.driven().schedulable().steps());
                assertArrayEquals(two.weight.getArray().toFloatArray(), weight.toFloatArray());
                assertArrayEquals(two.bias.getArray().toFloatArray(), bias.toFloatArray());
            }
            assertArrayEquals(new float[] {7 - 1 - 1.9f, 8 - 1 - 1.9f}, bias.toFloatArray(), 1e-6f);
        }
    }

    @Test
    void updatesAParameterThatDoesNotLieInRowMajorOrder() {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray columns = manager.create(new float[] {1, 2, 3, 4, 5, 6}, new Shape(3, 2))
                    .transpose();
            columns.setRequiresGradient(true);
            Parameter parameter = Parameter.builder()
                    .setName("weight")
                    .setType(Parameter.Type.WEIGHT)
                    .optArray(columns)
                    .build();
            parameter.setArray(columns);
            Block block = new ai.djl.nn.AbstractBlock() {
                {
                    addParameter(parameter);
                }

                @Override
                protected ai.djl.ndarray.NDList forwardInternal(
                        ai.djl.training.ParameterStore store,
                        ai.djl.ndarray.NDList inputs,
                        boolean training,
                        ai.djl.util.PairList<String, Object> params) {
                    return inputs;
                }

                @Override
                public Shape[] getOutputShapes(Shape[] shapes) {
                    return shapes;
                }
            };
            DjlOptimizer optimizer = Djl.optimizer(new SGD(0.5));
            optimizer.driven().begin(block, 1);
            optimizer.update(
                    parameter.getId(), columns, manager.create(new float[] {2, 4, 6, 8, 10, 12}, new Shape(2, 3)));
            assertArrayEquals(new float[] {0, 1, 2, -2, -1, 0}, columns.toFloatArray());
        }
    }

    @Test
    void readsWeightsAgainThatALoadedModelReplaced() {
        try (Two two = new Two()) {
            DjlOptimizer optimizer = two.begin(Djl.optimizer(new SGD(0.5)), 1);
            two.update(optimizer, two.bias, 2, 2);
            two.update(optimizer, two.weight, 0, 0, 0, 0, 0, 0);
            Two.set(two.bias.getArray(), 100, 200);
            optimizer.readParameters();
            two.update(optimizer, two.bias, 2, 2);
            two.update(optimizer, two.weight, 0, 0, 0, 0, 0, 0);
            assertArrayEquals(new float[] {99, 199}, two.bias.getArray().toFloatArray());
        }
    }

    @Test
    void namesTheParametersThatDidNotCome() {
        try (Two two = new Two()) {
            DjlOptimizer optimizer = two.begin(Djl.optimizer(new SGD(0.5)), 1);
            two.update(optimizer, two.bias, 2, 2);
            assertEquals(
                    "a step must have a gradient for every parameter that requires one, but had none for weight: call"
                            + " trainer.initialize(shapes), so that DJL knows all parameters, or freeze them",
                    assertThrows(IllegalStateException.class, () -> two.update(optimizer, two.bias, 2, 2))
                            .getMessage());
        }
    }

    @Test
    void saysWhatIsMissingWhenItIsNotAListenerOrNotInitialized() {
        try (Two two = new Two();
                Model model = Nets.mlp()) {
            DjlOptimizer optimizer = Djl.optimizer(new SGD(0.5));
            assertEquals(
                    "the optimizer does not know its network: add Djl.listener(optimizer) to the training listeners",
                    assertThrows(IllegalStateException.class, () -> two.update(optimizer, two.bias, 2, 2))
                            .getMessage());
            try (Trainer trainer = model.newTrainer(Nets.config(optimizer, Djl.listener(optimizer)))) {
                assertEquals(
                        "the network must be initialized first: call trainer.initialize(shapes)",
                        assertThrows(IllegalStateException.class, optimizer::groups)
                                .getMessage());
                assertNotEquals(0, trainer.getDevices().length);
            }
            assertEquals(
                    "an optimizer belongs to one network, but was given to another: make a new one",
                    assertThrows(IllegalStateException.class, () -> two.begin(optimizer, 1))
                            .getMessage());
        }
    }

    @Test
    void refusesGroupsThatDoNotFitTheNetwork() {
        refuses(
                "group lstm* must match a parameter, which are 01Linear_weight, 01Linear_bias, 03Linear_weight, 03Linear_bias",
                Djl.optimizer(new SGD(0.1)).group("lstm*", new SGD(0.2)));
        refuses(
                "group 01* must take parameters that no other group has, but took 01Linear_bias of *_bias",
                Djl.optimizer(new SGD(0.1)).group("*_bias", new SGD(0.2)).group("01*", new SGD(0.3)));
        refuses(
                "all groups of an optimizer must run SGD, as the first one does, but group '*_bias' runs Adam(lr=0.1)",
                Djl.optimizer(new SGD(0.1)).group("*_bias", new Adam(0.1)));
    }

    @Test
    @SuppressWarnings("NullAway") // null is what is refused
    void refusesASecondGroupOfAPatternAndAMissingDataSet() {
        DjlOptimizer optimizer = Djl.optimizer(new SGD(0.1)).group("*_bias", new SGD(0.2));
        assertEquals(
                "pattern must be of a new group, but '*_bias' has one already",
                assertThrows(IllegalArgumentException.class, () -> optimizer.group("*_bias", new SGD(0.3)))
                        .getMessage());
        assertEquals(
                "data must be a data set, but was null: give EasyTrain.fit null itself to train without validation",
                assertThrows(NullPointerException.class, () -> optimizer.validation(null))
                        .getMessage());
    }

    private static void refuses(String message, DjlOptimizer optimizer) {
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(model, optimizer, Djl.listener(optimizer))) {
            assertEquals(
                    message,
                    assertThrows(IllegalArgumentException.class, () -> Nets.step(trainer))
                            .getMessage());
        }
    }

    @Test
    void refusesParametersThatAreNotFloats() {
        DjlOptimizer optimizer = Djl.optimizer(new SGD(0.1));
        try (Model model = Nets.mlp()) {
            model.setDataType(DataType.FLOAT64);
            try (Trainer trainer = model.newTrainer(Nets.config(optimizer, Djl.listener(optimizer)))) {
                trainer.initialize(Nets.INPUT);
                assertEquals(
                        "a parameter must be of type FLOAT32 to be updated here, but 01Linear_weight was FLOAT64",
                        assertThrows(IllegalStateException.class, optimizer::groups)
                                .getMessage());
            }
        }
    }

    @Test
    void refusesChangesOnceTrainingHasBegun() {
        DjlOptimizer optimizer = Djl.optimizer(new SGD(0.1));
        try (Model model = Nets.mlp();
                Trainer trainer = Nets.trainer(model, optimizer, Djl.listener(optimizer))) {
            Nets.train(trainer, 0, 1);
            assertEquals(
                    "a group must be added before training begins",
                    assertThrows(IllegalStateException.class, () -> optimizer.group("*", new SGD(1)))
                            .getMessage());
            assertEquals(
                    "an average must be added before training begins",
                    assertThrows(IllegalStateException.class, () -> optimizer.average(Averaging.swa()))
                            .getMessage());
        }
        assertEquals(
                "an average must not be kept beside SGDScheduleFree(lr=1.0), which averages itself",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> Djl.optimizer(org.anneal.optim.UpdateRule.parse("SGDScheduleFree()"))
                                        .average(Averaging.swa()))
                        .getMessage());
    }
}
