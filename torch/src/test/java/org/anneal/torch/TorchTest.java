package org.anneal.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.anneal.checkpoint.TensorData;
import org.anneal.optim.Adam;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.SGD;
import org.anneal.optim.Slot;
import org.anneal.optim.UpdateRule;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tensors as parameters: which, whose memory, and the fused kernels against the formulas. */
class TorchTest {
    private static final long SEED = 20261121;
    private static final double TOLERANCE = 2e-5; // of float arithmetic over all steps, on values near 1

    @BeforeAll
    static void useOneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    private static Tensor leaf(float... values) {
        return Tensor.create(values).requires_grad_(true);
    }

    private static void setGrad(Tensor param, float... values) {
        param.mutable_grad().put(Tensor.create(values).to(param.scalar_type()));
    }

    private static double[] read(Tensor tensor) {
        double[] values = new double[(int) tensor.numel()];
        tensor.detach().to(ScalarType.Double).contiguous().data_ptr_double().get(values);
        return values;
    }

    private static String messageOf(Runnable refused) {
        return String.valueOf(
                assertThrows(IllegalArgumentException.class, refused::run).getMessage());
    }

    @Test
    void namesParametersInTheOrderOfTheirLayers() {
        Net net = new Net();
        Map<String, Tensor> named = Torch.namedParameters(net.module());
        assertEquals(
                List.of("body.weight", "body.bias", "norm.weight", "norm.bias", "head.weight", "head.bias"),
                List.copyOf(named.keySet()));
        assertArrayEquals(
                new long[] {3, 8},
                Objects.requireNonNull(named.get("head.weight")).shape());
        List<Tensor> all = Torch.parameters(net.module());
        List<Tensor> given = List.copyOf(named.values());
        assertEquals(6, all.size());
        for (int i = 0; i < all.size(); i++) {
            assertTrue(all.get(i).is_same(given.get(i)), "parameter " + i);
        }
    }

    @Test
    void givesTheParametersOfOneChild() {
        Net net = new Net();
        List<Tensor> head = Torch.parameters(net.module(), "head");
        assertEquals(2, head.size());
        assertTrue(head.get(0).is_same(net.head.weight()));
        assertTrue(head.get(1).is_same(net.head.bias()));
        String names =
                "child must be a module with parameters, which are [body.weight, body.bias, norm.weight, norm.bias,"
                        + " head.weight, head.bias], but was ";
        assertEquals(names + "haed", messageOf(() -> Torch.parameters(net.module(), "haed")));
        assertEquals(names + "hea", messageOf(() -> Torch.parameters(net.module(), "hea")));
    }

    @Test
    void refusesWhatCannotBeTrained() {
        Tensor leaf = leaf(1, 2);
        assertEquals(
                "a parameter must be a leaf tensor, but one is the result of an operation",
                messageOf(() -> Torch.optimizer(new SGD(0.1), List.of(leaf.mul(leaf)))));
        assertEquals(
                "a parameter must be a dense tensor of floating-point numbers, but one holds Long",
                messageOf(() -> Torch.optimizer(new SGD(0.1), List.of(Tensor.create(1L, 2L)))));
        assertEquals(
                "a parameter must be a dense tensor of floating-point numbers, but one holds a sparse layout",
                messageOf(() -> Torch.optimizer(
                        new SGD(0.1), List.of(Tensor.create(1f, 0f).to_sparse()))));
    }

    @Test
    void recognisesOneTensorBehindTwoHandles() {
        Net net = new Net();
        assertThrows(
                IllegalArgumentException.class,
                () -> Torch.optimizer(List.of(
                        new ParamGroup<>("all", new SGD(0.1), Torch.parameters(net.module())),
                        new ParamGroup<>("head", new SGD(0.2), Torch.parameters(net.module(), "head")))));
        Tensor tensor = leaf(1);
        assertEquals(
                "a parameter must be in one group only, but group 'all' repeats one",
                messageOf(() -> Torch.optimizer(new SGD(0.1), List.of(tensor, new Tensor(tensor)))));
    }

    @Test
    void dropsOrZeroesGradients() {
        Tensor p = leaf(1, 2);
        try (Optimizer<Tensor> optimizer = Torch.optimizer(new SGD(0.1), List.of(p))) {
            optimizer.zeroGrad(false);
            assertFalse(p.grad().defined(), "a gradient that is missing stays so");
            p.mul(p).sum().backward();
            assertArrayEquals(new double[] {2, 4}, read(p.grad()));
            optimizer.zeroGrad(false);
            assertArrayEquals(new double[] {0, 0}, read(p.grad()));
            p.mul(p).sum().backward();
            assertArrayEquals(new double[] {2, 4}, read(p.grad()));
            optimizer.zeroGrad();
            assertFalse(p.grad().defined());
        }
    }

    static Stream<UpdateRule> rules() {
        return Stream.of(new SGD(0.1), new SGD(0.1).withMomentum(0.9), new Adam(0.1));
    }

    @ParameterizedTest
    @EnumSource(
            value = ScalarType.class,
            names = {"BFloat16", "Half", "Double"})
    void stepsParametersOfOtherTypes(ScalarType type) {
        for (UpdateRule rule : rules().toList()) {
            Tensor p = Tensor.create(1f, 2f).to(type).requires_grad_(true);
            try (Optimizer<Tensor> optimizer = Torch.optimizer(rule.withLr(0.25), List.of(p))) {
                setGrad(p, 1, -1);
                optimizer.step();
                assertEquals(type, p.scalar_type().intern());
                assertArrayEquals(new double[] {0.75, 2.25}, read(p), 1e-7, rule.toString());
            }
        }
    }

    static Stream<SGD> sgds() {
        SGD sgd = new SGD(0.05);
        return Stream.of(
                sgd,
                sgd.withWeightDecay(0.1).withMaximize(true),
                sgd.withMomentum(0.9).withDampening(0.3).withWeightDecay(0.1),
                sgd.withMomentum(0.8).withNesterov(true).withWeightDecay(0.1).withMaximize(true));
    }

    @ParameterizedTest
    @MethodSource("sgds")
    void descendsBySGDsFormula(SGD rule) {
        Random random = new Random(SEED);
        float[] start = gaussian(random);
        Tensor param = leaf(start);
        double[] p = read(param);
        double[] b = new double[p.length];
        try (Optimizer<Tensor> optimizer = Torch.optimizer(rule, List.of(param))) {
            for (int t = 1; t <= 20; t++) {
                float[] grad = gaussian(random);
                setGrad(param, grad);
                optimizer.step();
                for (int i = 0; i < p.length; i++) {
                    double g = (rule.maximize() ? -grad[i] : grad[i]) + rule.weightDecay() * p[i];
                    if (rule.momentum() > 0) {
                        b[i] = t == 1 ? g : rule.momentum() * b[i] + (1 - rule.dampening()) * g;
                        g = rule.nesterov() ? g + rule.momentum() * b[i] : b[i];
                    }
                    p[i] -= rule.lr() * g;
                }
                assertArrayEquals(p, read(param), TOLERANCE, "seed " + SEED + ", step " + t);
            }
        }
    }

    static Stream<Adam> adams() {
        Adam adam = new Adam(0.05);
        return Stream.of(
                adam,
                adam.withBetas(0.5, 0.6).withEps(0.1).withWeightDecay(0.1).withMaximize(true),
                adam.withWeightDecay(0.1).withDecoupledWeightDecay(true),
                adam.withBetas(0.5, 0.6).withAmsgrad(true));
    }

    @ParameterizedTest
    @MethodSource("adams")
    void descendsByAdamsFormula(Adam rule) {
        Random random = new Random(SEED);
        Tensor param = leaf(gaussian(random));
        double[] p = read(param);
        double[] m = new double[p.length];
        double[] v = new double[p.length];
        double[] largest = new double[p.length];
        try (Optimizer<Tensor> optimizer = Torch.optimizer(rule, List.of(param))) {
            for (int t = 1; t <= 20; t++) {
                float[] grad = gaussian(random);
                setGrad(param, grad);
                optimizer.step();
                for (int i = 0; i < p.length; i++) {
                    double g = rule.maximize() ? -grad[i] : grad[i];
                    if (rule.decoupledWeightDecay()) {
                        p[i] -= rule.lr() * rule.weightDecay() * p[i];
                    } else {
                        g += rule.weightDecay() * p[i];
                    }
                    m[i] = rule.beta1() * m[i] + (1 - rule.beta1()) * g;
                    v[i] = rule.beta2() * v[i] + (1 - rule.beta2()) * g * g;
                    largest[i] = Math.max(largest[i], v[i]);
                    double mean = m[i] / (1 - Math.pow(rule.beta1(), t));
                    double square = (rule.amsgrad() ? largest[i] : v[i]) / (1 - Math.pow(rule.beta2(), t));
                    p[i] -= rule.lr() * mean / (Math.sqrt(square) + rule.eps());
                }
                assertArrayEquals(p, read(param), TOLERANCE, "seed " + SEED + ", step " + t);
            }
        }
    }

    private static float[] gaussian(Random random) {
        float[] values = new float[33];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    @Test
    void usesReplacedOptionsInAKernelThatIsPrepared() {
        Tensor p = leaf(1);
        setGrad(p, 1);
        try (Optimizer<Tensor> optimizer = Torch.optimizer(new SGD(0.1), List.of(p))) {
            ParamGroup<Tensor> group = optimizer.groups().get(0);
            optimizer.step();
            group.setLr(0.2);
            optimizer.step();
            group.setRule(new SGD(0.3).withMaximize(true));
            optimizer.step();
            assertArrayEquals(new double[] {1 - 0.1 - 0.2 + 0.3}, read(p), 1e-6);
        }
    }

    @Test
    void freesASlotThatIsReleased() {
        TorchEngine engine = new TorchEngine();
        Tensor slot = engine.allocate(leaf(1, 2), new Slot("exp_avg"));
        Tensor held = new Tensor(slot);
        engine.release(slot);
        assertTrue(slot.isNull());
        assertEquals(1, held.use_count(), "nothing but this test holds it");
    }

    @ParameterizedTest
    @ValueSource(strings = {"SGD(momentum=0.9)", "AdamW()", "RMSprop()"}) // fused, and composed of operations
    void holdsNoMoreMemoryAfterManySteps(String rule) {
        List<Tensor> params = List.of(leaf(1, 2), leaf(3), leaf(4, 5, 6), leaf(7));
        params.subList(0, 3).forEach(param -> param.mutable_grad().put(torch.ones_like(param)));
        try (Optimizer<Tensor> optimizer = Torch.optimizer(UpdateRule.parse(rule), params)) {
            optimizer.step();
            long before = Pointer.totalCount();
            for (int i = 0; i < 1000; i++) {
                optimizer.step();
                optimizer.clipGradNorm(1);
                optimizer.clipGradValue(1);
            }
            long more = Pointer.totalCount() - before;
            assertTrue(more < 100, more + " more than before");
            params.get(2).mutable_grad().put(Tensor.create(1f));
            for (int i = 0; i < 1000; i++) {
                assertThrows(IllegalArgumentException.class, optimizer::step);
            }
            more = Pointer.totalCount() - before;
            assertTrue(more < 100, more + " more than before, of gradients that were refused");
        }
    }

    @Test
    void closingNeverFreesAParameterNorWhatAStateDictShows() {
        Tensor p = leaf(1, 2);
        setGrad(p, 1, 1);
        Optimizer<Tensor> optimizer = Torch.optimizer(new Adam(0.1), List.of(p));
        optimizer.step();
        Map<?, ?> state =
                (Map<?, ?>) Objects.requireNonNull(optimizer.stateDict().get("state"));
        Map<?, ?> slots = (Map<?, ?>) Objects.requireNonNull(state.get(0L));
        optimizer.close();
        assertArrayEquals(new double[] {0.9, 1.9}, read(p), 1e-6);
        assertArrayEquals(new double[] {1, 1}, read(p.grad()));
        TensorData mean = (TensorData) Objects.requireNonNull(slots.get("exp_avg"));
        assertArrayEquals(new float[] {0.1f, 0.1f}, mean.toFloats(), 1e-6f);
    }

    @Test
    void namesTheBestDevice() {
        Device best = Device.best();
        assertEquals(torch.cuda_is_available() ? "cuda:0" : "cpu", best.toString());
        assertEquals(!torch.cuda_is_available(), best.isCpu());
        assertEquals(!best.isCpu(), best.toTorch().is_cuda());
        Tensor there = leaf(1, 2).to(best.toTorch(), ScalarType.Float);
        assertEquals(best.isCpu(), there.is_cpu());
    }

    @Test
    void stepsOnCuda() {
        if (!torch.cuda_is_available()) {
            String reason = "there is no CUDA device, or not the GPU build of libtorch";
            System.out.println("SKIPPED: TorchTest.stepsOnCuda: " + reason);
            Assumptions.assumeTrue(torch.cuda_is_available(), reason);
        }
        List<Double> moved = new ArrayList<>();
        for (UpdateRule rule : rules().toList()) {
            Tensor p = Tensor.create(1f)
                    .to(Device.best().toTorch(), ScalarType.Float)
                    .requires_grad_(true);
            try (Optimizer<Tensor> optimizer = Torch.optimizer(rule, List.of(p))) {
                p.sum().backward();
                optimizer.step();
                moved.add(read(p.cpu())[0]);
            }
        }
        moved.forEach(value -> assertEquals(0.9, value, 1e-6));
    }
}
