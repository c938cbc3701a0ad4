package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.checkpoint.TensorData;
import org.anneal.schedule.ExponentialLR;
import org.anneal.schedule.StepLR;
import org.anneal.text.Python;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Groups, options, gradients and state; the arithmetic is FloatArraysTest's. */
class OptimizerTest {
    private static final double TOLERANCE = 1e-6;

    private static FloatArray param(float value) {
        return new FloatArray(value);
    }

    private static FloatArray param(float value, float grad) {
        FloatArray param = new FloatArray(value);
        param.setGrad(grad);
        return param;
    }

    private static float value(FloatArray param) {
        return param.values()[0];
    }

    private static String messageOf(Runnable refused) {
        return String.valueOf(
                assertThrows(IllegalArgumentException.class, refused::run).getMessage());
    }

    @Test
    void stepsEveryGroupWithItsOwnOptions() {
        FloatArray a = param(1, 1);
        FloatArray b = param(2, 1);
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(List.of(
                new ParamGroup<>("body", new SGD(0.1), List.of(a)),
                new ParamGroup<>("head", new SGD(0.5).withWeightDecay(0.1), List.of(b))));
        optimizer.step();
        assertEquals(1 - 0.1, value(a), TOLERANCE);
        assertEquals(2 - 0.5 * (1 + 0.1 * 2), value(b), TOLERANCE);
    }

    @Test
    void skipsAParameterWhoseGradientWasDropped() {
        FloatArray p = param(1, 1);
        Optimizer<FloatArray> optimizer =
                FloatArrays.optimizer(new SGD(0.1).withMomentum(0.9).withWeightDecay(0.1), List.of(p));
        optimizer.step();
        float before = value(p);
        optimizer.zeroGrad();
        assertTrue(p.grad().isEmpty());
        optimizer.step();
        assertEquals(before, value(p));
    }

    @Test
    void movesAParameterOnWithAGradientOfZeros() {
        FloatArray p = param(1, 1);
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new SGD(0.1).withMomentum(0.9), List.of(p));
        optimizer.step();
        optimizer.zeroGrad(false);
        assertArrayEquals(new float[] {0}, p.grad().orElseThrow());
        optimizer.step();
        assertEquals(1 - 0.1 * 1 - 0.1 * 0.9, value(p), TOLERANCE);
    }

    @Test
    void dropsGradientsUnlessAskedToFillThem() {
        FloatArray p = param(1, 1);
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new SGD(0.1), List.of(p));
        optimizer.zeroGrad(true);
        assertTrue(p.grad().isEmpty());
        optimizer.zeroGrad(false);
        assertTrue(p.grad().isEmpty(), "a gradient that is missing stays so");
    }

    @Test
    void refusesAParameterInTwoGroups() {
        FloatArray p = param(1);
        assertEquals(
                "a parameter must be in one group only, but group 'head' repeats one",
                messageOf(() -> FloatArrays.optimizer(List.of(
                        new ParamGroup<>("body", new SGD(0.1), List.of(p)),
                        new ParamGroup<>("head", new SGD(0.1), List.of(param(2), p))))));
    }

    @Test
    void refusesAParameterTwiceInOneGroup() {
        FloatArray p = param(1);
        assertEquals(
                "a parameter must be in one group only, but group 'all' repeats one",
                messageOf(() -> FloatArrays.optimizer(new SGD(0.1), List.of(p, p))));
    }

    @Test
    void refusesMixedRules() {
        assertEquals(
                "all groups of an optimizer must run SGD, as the first one does, but group 'head' runs Adam(lr=0.1)",
                messageOf(() -> FloatArrays.optimizer(List.of(
                        new ParamGroup<>("body", new SGD(0.1), List.of(param(1))),
                        new ParamGroup<>("head", new Adam(0.1), List.of(param(2)))))));
    }

    @Test
    void refusesNothingToOptimize() {
        assertEquals(
                "groups must hold at least one group, but there was none",
                messageOf(() -> FloatArrays.optimizer(List.of())));
        assertEquals(
                "params must hold at least one parameter, but group 'all' is empty",
                messageOf(() -> FloatArrays.optimizer(new SGD(0.1), List.of())));
        assertEquals(
                "params must hold at least one parameter, but group 'head' is empty",
                messageOf(() -> new ParamGroup<FloatArray>("head", new SGD(0.1), List.of())));
    }

    @Test
    void stepsAGroupThatIsAddedLater() {
        FloatArray a = param(1, 1);
        FloatArray b = param(1, 1);
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new SGD(0.1), List.of(a));
        List<ParamGroup<FloatArray>> groups = optimizer.groups();
        optimizer.step();
        optimizer.addParamGroup(new ParamGroup<>("late", new SGD(0.2), List.of(b)));
        optimizer.step();
        assertEquals(0.8, value(a), TOLERANCE);
        assertEquals(0.8, value(b), TOLERANCE);
        assertEquals(2, groups.size(), "the view shows the late group");
        assertThrows(UnsupportedOperationException.class, groups::clear);
    }

    @Test
    void addsAGroupWhileARateIsNegative() {
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new SGD(0.1), List.of(param(1)));
        optimizer.groups().get(0).setLr(-1e-17); // as rounding leaves at the end of a cosine
        optimizer.addParamGroup(new ParamGroup<>("late", new SGD(0.2), List.of(param(1))));
        assertEquals(2, optimizer.groups().size());
    }

    @Test
    void refusesALateGroupWholly() {
        FloatArray a = param(1);
        FloatArray b = param(1);
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new SGD(0.1), List.of(a));
        assertThrows(
                IllegalArgumentException.class,
                () -> optimizer.addParamGroup(new ParamGroup<>("late", new SGD(0.2), List.of(b, a))));
        assertEquals(1, optimizer.groups().size());
        optimizer.addParamGroup(new ParamGroup<>("late", new SGD(0.2), List.of(b)));
        assertEquals(2, optimizer.groups().size(), "the part of it that was new can still be added");
    }

    @Test
    void usesReplacedOptionsFromTheNextStepOn() {
        FloatArray p = param(1, 1);
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new SGD(0.1), List.of(p));
        ParamGroup<FloatArray> group = optimizer.groups().get(0);
        optimizer.step();
        group.setRule(new SGD(0.2).withMaximize(true));
        assertEquals(0.2, group.lr());
        optimizer.step();
        assertEquals(1 - 0.1 + 0.2, value(p), TOLERANCE);
    }

    @Test
    void refusesOptionsOfAnotherRule() {
        ParamGroup<FloatArray> group = new ParamGroup<>("all", new SGD(0.1), List.of(param(1)));
        assertEquals(
                "rule must be of class SGD, like this group's rule, but was Adam(lr=0.1)",
                messageOf(() -> group.setRule(new Adam(0.1))));
    }

    @Test
    void usesAnEditedRateFromTheNextStepOn() {
        FloatArray p = param(1, 1);
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new SGD(0.1), List.of(p));
        ParamGroup<FloatArray> group = optimizer.groups().get(0);
        group.setLr(0.3);
        optimizer.step();
        assertEquals(0.7, value(p), TOLERANCE);
        assertEquals(new SGD(0.3), group.rule());
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
    void refusesARateThatIsNotFinite(double lr) {
        ParamGroup<FloatArray> group = new ParamGroup<>("all", new SGD(0.1), List.of(param(1)));
        assertEquals("lr must be finite, but was " + lr, messageOf(() -> group.setLr(lr)));
        assertEquals(0.1, group.lr());
    }

    @Test
    void makesTheRateInForceTheBase() {
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new SGD(0.1), List.of(param(1)));
        ParamGroup<FloatArray> group = optimizer.groups().get(0);
        assertEquals(OptionalDouble.empty(), group.initialLr());
        new LRScheduler(optimizer, new ExponentialLR(0.5));
        group.setLr(0.3);
        assertEquals(OptionalDouble.of(0.1), group.initialLr());
        optimizer.rebase();
        assertEquals(OptionalDouble.of(0.3), group.initialLr());
    }

    @Test
    void countsItsSteps() {
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new SGD(0.1), List.of(param(1)));
        assertEquals(0, optimizer.steps());
        optimizer.step();
        optimizer.step();
        assertEquals(2, optimizer.steps());
    }

    @Test
    void findsAGroupByName() {
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(List.of(
                new ParamGroup<>("body", new SGD(0.1), List.of(param(1))),
                new ParamGroup<>("head", new SGD(0.1), List.of(param(2)))));
        assertSame(optimizer.groups().get(1), optimizer.group("head"));
        assertEquals("name must be one of [body, head], but was haed", messageOf(() -> optimizer.group("haed")));
    }

    @Test
    void laysItsStateOutAsPyTorchDoes() {
        FloatArray a = param(1, 1);
        FloatArray b = param(2);
        FloatArray c = param(3, 1);
        SGD sgd = new SGD(0.1).withMomentum(0.9);
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(List.of(
                new ParamGroup<>("body", sgd, List.of(a, b)),
                new ParamGroup<>("head", sgd.withLr(0.5).withWeightDecay(0.1), List.of(c))));
        LRScheduler scheduler = new LRScheduler(optimizer, new ExponentialLR(0.5));
        optimizer.step();
        scheduler.step();
        Map<String, Object> dict = optimizer.stateDict();
        assertEquals(List.of("state", "param_groups"), List.copyOf(dict.keySet()));
        assertEquals(
                "[{'lr': 0.05, 'momentum': 0.9, 'dampening': 0, 'weight_decay': 0, 'nesterov': False,"
                        + " 'maximize': False, 'initial_lr': 0.1, 'params': [0, 1]},"
                        + " {'lr': 0.25, 'momentum': 0.9, 'dampening': 0, 'weight_decay': 0.1, 'nesterov': False,"
                        + " 'maximize': False, 'initial_lr': 0.5, 'params': [2]}]",
                Python.repr(part(dict, "param_groups")));
        assertEquals("{0: ['momentum_buffer'], 2: ['momentum_buffer']}", keysOfState(dict));
    }

    @Test
    void laysTheStateOfAdamOutAsPyTorchDoes() {
        FloatArray a = param(1, 1);
        FloatArray b = param(1);
        Optimizer<FloatArray> optimizer =
                FloatArrays.optimizer(new Adam(1e-3).withAmsgrad(true), List.of(a, b, param(1)));
        optimizer.step();
        optimizer.step();
        b.setGrad(1);
        optimizer.step();
        Map<String, Object> dict = optimizer.stateDict();
        assertEquals(
                "[{'lr': 0.001, 'betas': (0.9, 0.999), 'eps': 1e-08, 'weight_decay': 0, 'amsgrad': True,"
                        + " 'maximize': False, 'decoupled_weight_decay': False, 'params': [0, 1, 2]}]",
                Python.repr(part(dict, "param_groups")));
        assertEquals(
                "{0: ['step', 'exp_avg', 'exp_avg_sq', 'max_exp_avg_sq'],"
                        + " 1: ['step', 'exp_avg', 'exp_avg_sq', 'max_exp_avg_sq']}",
                keysOfState(dict));
        assertEquals(3.0, step(dict, 0));
        assertEquals(1.0, step(dict, 1));
    }

    @Test
    void keepsNothingForAParameterThatNeverHadAGradient() {
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new SGD(0.1), List.of(param(1, 1), param(1)));
        optimizer.step();
        assertEquals("{}", Python.repr(part(optimizer.stateDict(), "state")), "nor without momentum");
    }

    @Test
    void freesWhatALoadedStateDoesNotHave() {
        Probe engine = new Probe();
        Weight weight = new Weight(true);
        Optimizer<Weight> optimizer = new Optimizer<>(engine, new Adam(0.1), List.of(weight));
        Map<String, Object> before = optimizer.stateDict();
        optimizer.step();
        assertEquals(2, engine.allocated.size());
        optimizer.loadStateDict(before);
        assertEquals(engine.allocated, engine.released);
    }

    @Test
    void countsTheStepsOfEachParameterUnderAdam() {
        FloatArray early = param(1, 1);
        FloatArray late = param(1);
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new Adam(0.1), List.of(early, late));
        optimizer.step();
        optimizer.step();
        late.setGrad(100);
        optimizer.step();
        // The first update is of lr, whatever the gradient, only if the bias is corrected for one step and not for
        // three.
        assertEquals(1 - 0.1, value(late), 1e-5);
        assertEquals(1 - 3 * 0.1, value(early), 1e-5);
    }

    @Test
    void keepsTheMomentumBufferWhileMomentumIsOff() {
        FloatArray p = param(1);
        SGD plain = new SGD(0.1);
        SGD heavy = plain.withMomentum(0.5).withDampening(0.5);
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(plain, List.of(p));
        ParamGroup<FloatArray> group = optimizer.groups().get(0);
        float[] grads = {1, 1, 2, 1, 1};
        List<SGD> rules = List.of(plain, heavy, heavy, plain, heavy);
        // Buffers: none, 1 (the plain gradient), 0.5 * 1 + 0.5 * 2, the same, 0.5 * 1.5 + 0.5 * 1.
        double[] updates = {1, 1, 1.5, 1, 1.25};
        double expected = 1;
        for (int i = 0; i < grads.length; i++) {
            group.setRule(rules.get(i));
            p.setGrad(grads[i]);
            optimizer.step();
            expected -= 0.1 * updates[i];
            assertEquals(expected, value(p), TOLERANCE, "step " + (i + 1));
        }
    }

    @Test
    void startsABufferWithThePlainGradientHoweverLateItComes() {
        FloatArray early = param(1, 1);
        FloatArray late = param(1);
        SGD rule = new SGD(0.1).withMomentum(0.5).withDampening(0.5);
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(rule, List.of(early, late));
        optimizer.step();
        late.setGrad(1);
        optimizer.step();
        assertEquals(1 - 0.1 * 1, value(late), TOLERANCE);
        assertEquals(1 - 0.1 * 1 - 0.1 * (0.5 * 1 + 0.5 * 1), value(early), TOLERANCE);
    }

    @Test
    void updatesParametersOfOneAgeInOneCall() {
        Probe probe = new Probe();
        Weight a = new Weight(true);
        Weight b = new Weight(true);
        Weight c = new Weight(false);
        try (Optimizer<Weight> optimizer = new Optimizer<>(probe, new SGD(0.1).withMomentum(0.9), List.of(a, b, c))) {
            optimizer.step();
            assertEquals(List.of(List.of(a, b)), probe.updated);
            probe.updated.clear();
            c.hasGrad = true;
            optimizer.step();
            assertEquals(List.of(List.of(a, b), List.of(c)), probe.updated);
        }
    }

    @Test
    void keepsACacheForAsLongAsItsParametersStayTogether() {
        Probe probe = new Probe();
        Weight a = new Weight(true);
        Weight b = new Weight(true);
        try (Optimizer<Weight> optimizer = new Optimizer<>(probe, new SGD(0.1), List.of(a, b))) {
            optimizer.step();
            optimizer.step();
            assertEquals(1, probe.caches.size());
            assertSame(probe.used.get(0), probe.used.get(1));
            assertEquals(0, probe.caches.get(0).closed);

            b.hasGrad = false;
            optimizer.step();
            assertEquals(2, probe.caches.size());
            assertNotSame(probe.used.get(1), probe.used.get(2));
            assertEquals(1, probe.caches.get(0).closed, "of the two that were together");
            assertEquals(0, probe.caches.get(1).closed, "of the one that is left");
        }
        assertEquals(
                List.of(1, 1), probe.caches.stream().map(cache -> cache.closed).toList());
    }

    @Test
    void makesACacheAnewWhenOptionsAddASlot() {
        Probe probe = new Probe();
        try (Optimizer<Weight> optimizer = new Optimizer<>(probe, new SGD(0.1), List.of(new Weight(true)))) {
            optimizer.step();
            optimizer.groups().get(0).setRule(new SGD(0.1).withMomentum(0.9));
            optimizer.step();
            assertEquals(
                    List.of(1, 0),
                    probe.caches.stream().map(cache -> cache.closed).toList());
        }
    }

    @Test
    void freesItsSlotsAndNeverAParameter() {
        Probe probe = new Probe();
        Optimizer<Weight> optimizer =
                new Optimizer<>(probe, new Adam(0.1), List.of(new Weight(true), new Weight(true), new Weight(false)));
        optimizer.step();
        assertEquals(2 * 2, probe.allocated.size());
        optimizer.close();
        assertEquals(probe.allocated, probe.released);
        optimizer.close();
        assertEquals(2 * 2, probe.released.size(), "closing again frees nothing twice");
    }

    @Test
    void tellsAKernelWhenItsSlotsAreFresh() {
        Probe probe = new Probe();
        try (Optimizer<Weight> optimizer =
                new Optimizer<>(probe, new SGD(0.1).withMomentum(0.9), List.of(new Weight(true)))) {
            optimizer.step();
            optimizer.step();
            assertEquals(List.of(true, false), probe.fresh);
            assertEquals(List.of(1L, 2L), probe.steps);
        }
    }

    @Test
    void asksTheEngineAboutEveryParameter() {
        Weight refused = new Weight(true);
        refused.trainable = false;
        assertEquals(
                "not trainable",
                messageOf(() -> new Optimizer<>(new Probe(), new SGD(0.1), List.of(new Weight(true), refused))));
    }

    @Test
    void refusesAParameterThatIsNoMatrixUnderMuon() {
        String message =
                "a parameter under Muon must be a matrix, with two dimensions, but had the shape [1]: use AdamW for it";
        assertEquals(message, messageOf(() -> FloatArrays.optimizer(new Muon(0.02), List.of(param(1)))));
        FloatArray matrix = new FloatArray(new float[6], List.of(2L, 3L));
        Optimizer<FloatArray> optimizer = FloatArrays.optimizer(new Muon(0.02), List.of(matrix));
        assertEquals(
                message,
                messageOf(() -> optimizer.addParamGroup(new ParamGroup<>("late", new Muon(0.02), List.of(param(1))))));
        assertEquals(1, optimizer.groups().size());
    }

    private static Object part(Map<String, Object> dict, String name) {
        return Objects.requireNonNull(dict.get(name));
    }

    private static double step(Map<String, Object> dict, int number) {
        return ((TensorData) Objects.requireNonNull(stateOf(dict, number).get("step"))).item();
    }

    private static String keysOfState(Map<String, Object> dict) {
        Map<?, ?> state = (Map<?, ?>) part(dict, "state");
        return state.keySet().stream()
                .map(number -> number + ": "
                        + Python.repr(List.copyOf((Collection<?>)
                                stateOf(dict, ((Long) number).intValue()).keySet())))
                .toList()
                .toString()
                .replaceFirst("^\\[", "{")
                .replaceFirst("]$", "}");
    }

    private static Map<?, ?> stateOf(Map<String, Object> dict, int number) {
        Map<?, ?> state = (Map<?, ?>) part(dict, "state");
        return (Map<?, ?>) Objects.requireNonNull(state.get((long) number));
    }

    /** A parameter without numbers. */
    private static final class Weight {
        boolean hasGrad;
        boolean trainable = true;

        Weight(boolean hasGrad) {
            this.hasGrad = hasGrad;
        }
    }

    private static final class Cache implements AutoCloseable {
        int closed;

        @Override
        public void close() {
            closed++;
        }
    }

    /** As in PyTorch 2.13, whose engine flags (capturable, differentiable, foreach, fused) are not here. */
    @Test
    void printsItsGroupsAsPyTorchDoes() {
        Optimizer<FloatArray> adam = FloatArrays.optimizer(new AdamW(0.001), List.of(new FloatArray(1, 2)));
        assertEquals("""
                AdamW (
                Parameter Group 0
                    amsgrad: False
                    betas: (0.9, 0.999)
                    decoupled_weight_decay: True
                    eps: 1e-08
                    lr: 0.001
                    maximize: False
                    weight_decay: 0.01
                )""", adam.toString());
        SGD sgd = new SGD(0.1).withMomentum(0.9);
        Optimizer<FloatArray> two = FloatArrays.optimizer(List.of(
                new ParamGroup<>("body", sgd, List.of(new FloatArray(1, 2))),
                new ParamGroup<>("head", sgd.withLr(0.01), List.of(new FloatArray(1, 2)))));
        LRScheduler scheduler = new LRScheduler(two, new StepLR(3));
        assertEquals("""
                SGD (
                Parameter Group 0
                    dampening: 0
                    initial_lr: 0.1
                    lr: 0.1
                    maximize: False
                    momentum: 0.9
                    nesterov: False
                    weight_decay: 0

                Parameter Group 1
                    dampening: 0
                    initial_lr: 0.01
                    lr: 0.01
                    maximize: False
                    momentum: 0.9
                    nesterov: False
                    weight_decay: 0
                )""", two.toString());
        two.step();
        scheduler.step();
        two.group("head").setLr(0.5);
        assertEquals("""
                Parameter Group head
                    dampening: 0
                    initial_lr: 0.01
                    lr: 0.5
                    maximize: False
                    momentum: 0.9
                    nesterov: False
                    weight_decay: 0
                """, two.group("head").toString());
    }

    /** An engine that computes nothing and remembers what it was asked for. */
    private static final class Probe implements Engine<Weight>, Kernels<Weight> {
        final List<List<Weight>> updated = new ArrayList<>();
        final List<Boolean> fresh = new ArrayList<>();
        final List<Long> steps = new ArrayList<>();
        final List<Cache> caches = new ArrayList<>();
        final List<Cache> used = new ArrayList<>();
        final List<Weight> allocated = new ArrayList<>();
        final List<Weight> released = new ArrayList<>(); // of those that were allocated
        final List<Weight> grads = new ArrayList<>();

        @Override
        public void check(Weight parameter) {
            if (!parameter.trainable) {
                throw new IllegalArgumentException("not trainable");
            }
        }

        @Override
        public Object identity(Weight parameter) {
            return parameter;
        }

        @Override
        public Optional<Weight> grad(Weight parameter) {
            if (!parameter.hasGrad) {
                return Optional.empty();
            }
            Weight grad = new Weight(false);
            grads.add(grad);
            return Optional.of(grad);
        }

        @Override
        public void zeroGrad(Weight parameter, boolean setToNone) {
            parameter.hasGrad = parameter.hasGrad && !setToNone;
        }

        @Override
        public List<Long> shape(Weight parameter) {
            return List.of();
        }

        @Override
        public Weight allocate(Weight parameter, Slot named) {
            Weight slot = new Weight(false);
            allocated.add(slot);
            return slot;
        }

        @Override
        public TensorData data(Weight array) {
            return TensorData.scalar(0);
        }

        @Override
        public void copy(TensorData from, Weight to) {
            // there is nothing in a weight
        }

        @Override
        public void release(Weight slot) {
            if (!grads.remove(slot)) {
                released.add(slot);
            }
        }

        @Override
        public Kernels<Weight> kernels() {
            return this;
        }

        @Override
        public Vectors<Weight> vectors() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void sgd(SGD rule, Batch<Weight> batch) {
            update(batch);
        }

        @Override
        public void adam(Adam rule, Batch<Weight> batch) {
            update(batch);
        }

        @Override
        public void adagrad(Adagrad rule, Batch<Weight> batch) {
            update(batch);
        }

        @Override
        public void rmsprop(RMSprop rule, Batch<Weight> batch) {
            update(batch);
        }

        @Override
        public void adadelta(Adadelta rule, Batch<Weight> batch) {
            update(batch);
        }

        @Override
        public void adamax(Adamax rule, Batch<Weight> batch) {
            update(batch);
        }

        @Override
        public void nadam(NAdam rule, Batch<Weight> batch) {
            update(batch);
        }

        @Override
        public void radam(RAdam rule, Batch<Weight> batch) {
            update(batch);
        }

        @Override
        public void asgd(ASGD rule, Batch<Weight> batch) {
            update(batch);
        }

        @Override
        public void rprop(Rprop rule, Batch<Weight> batch) {
            update(batch);
        }

        @Override
        public void adafactor(Adafactor rule, Batch<Weight> batch) {
            update(batch);
        }

        @Override
        public void muon(Muon rule, Batch<Weight> batch) {
            update(batch);
        }

        private void update(Batch<Weight> batch) {
            updated.add(batch.params());
            fresh.add(batch.fresh());
            steps.add(batch.step());
            used.add(batch.cache(() -> {
                Cache cache = new Cache();
                caches.add(cache);
                return cache;
            }));
        }
    }
}
