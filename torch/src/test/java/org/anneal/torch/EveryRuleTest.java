package org.anneal.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.checkpoint.TensorData;
import org.anneal.optim.LBFGS;
import org.anneal.optim.Muon;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.Prodigy;
import org.anneal.optim.UpdateRule;
import org.anneal.text.Kind;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds of every rule on tensors: types, layouts, refusals, memory, and resuming. Their numbers are held in parity. */
class EveryRuleTest {
    private static final long SEED = 20261122;

    @BeforeAll
    static void useOneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    static Stream<UpdateRule> rules() {
        return Stream.of(
                        "SGD(lr=0.1)",
                        "SGD(lr=0.1, momentum=0.9)",
                        "Adam(lr=0.1, amsgrad=True)",
                        "AdamW(lr=0.1)",
                        "Adagrad(lr=0.1)",
                        "RMSprop(lr=0.1, weight_decay=0.1)",
                        "RMSprop(lr=0.1, momentum=0.9, centered=True, maximize=True)",
                        "Adadelta(lr=0.1)",
                        "Adamax(lr=0.1)",
                        "NAdam(lr=0.1)",
                        "RAdam(lr=0.1)",
                        "ASGD(lr=0.1, lambd=0.1, t0=1)",
                        "Rprop(lr=0.1)",
                        "Adafactor(lr=0.1)",
                        "Muon(lr=0.1)",
                        "Lion(lr=0.1)",
                        "Lamb(lr=0.1, max_grad_norm=None)",
                        "SGDScheduleFree(lr=0.1)",
                        "AdamWScheduleFree(lr=0.1)",
                        "Prodigy(lr=1, d0=0.1)",
                        "DAdaptSGD(lr=1, d0=0.1)",
                        "DAdaptAdam(lr=1, d0=0.1)")
                .map(UpdateRule::parse);
    }

    @Test
    void leavesNoRuleOut() {
        assertEquals(
                UpdateRule.kinds().stream().map(Kind::type).collect(Collectors.toSet()),
                Stream.concat(rules(), Stream.of(new LBFGS(1))) // which has a test of its own
                        .map(Object::getClass)
                        .collect(Collectors.toSet()));
    }

    /** A leaf of two dimensions, which every rule takes. */
    private static Tensor matrix(float... values) {
        return Tensor.create(values, 2, values.length / 2).requires_grad_(true);
    }

    private static void setGrad(Tensor param, float... values) {
        Tensor grad = Tensor.create(values, param.shape());
        param.mutable_grad().put(grad.to(param.device(), param.scalar_type()));
    }

    private static double[] read(Tensor tensor) {
        double[] values = new double[(int) tensor.numel()];
        tensor.detach()
                .cpu()
                .to(ScalarType.Double)
                .contiguous()
                .data_ptr_double()
                .get(values);
        return values;
    }

    private static float[] gaussian(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static String refusal(Optimizer<Tensor> optimizer) {
        return String.valueOf(
                assertThrows(IllegalArgumentException.class, optimizer::step).getMessage());
    }

    @ParameterizedTest
    @MethodSource("rules")
    void skipsAParameterWithoutGradient(UpdateRule rule) {
        Tensor with = matrix(1, 2, 3, 4);
        Tensor without = matrix(1, 2, 3, 4);
        try (Optimizer<Tensor> optimizer = Torch.optimizer(rule, List.of(with, without))) {
            optimizer.step();
            assertArrayEquals(new double[] {1, 2, 3, 4}, read(with), "nothing has a gradient yet");
            setGrad(with, 1, -1, 1, 1);
            optimizer.step();
            double[] once = read(with);
            assertTrue(once[0] != 1, "it is updated");
            assertArrayEquals(new double[] {1, 2, 3, 4}, read(without));
            setGrad(without, 1, -1, 1, 1);
            optimizer.step();
            if (rule.groupSlots().isEmpty()) { // else the rule counts the steps of the group
                assertArrayEquals(once, read(without), "its first update is a first update");
            }
            assertTrue(read(without)[0] != 1, "it is updated");
        }
    }

    @ParameterizedTest
    @MethodSource("rules")
    void letsGoOfAGradientThatIsDropped(UpdateRule rule) {
        Tensor p = matrix(1, 2, 3, 4);
        try (Optimizer<Tensor> optimizer = Torch.optimizer(rule, List.of(p))) {
            p.mul(p).sum().backward();
            Tensor held = new Tensor(p.grad());
            optimizer.step();
            optimizer.zeroGrad(true);
            assertEquals(1, held.use_count(), "nothing but this test holds the gradient");
        }
    }

    @ParameterizedTest
    @MethodSource("rules")
    void stepsParametersOfSeveralTypesInOneGroup(UpdateRule each) {
        // In float16 the squares that Prodigy scales by a d0 of 0.1 are 0 for small gradients, in Python too.
        UpdateRule rule = each instanceof Prodigy ? UpdateRule.parse("Prodigy(lr=1, d0=1)") : each;
        List<ScalarType> types = List.of(
                ScalarType.Float,
                ScalarType.Double,
                ScalarType.BFloat16,
                ScalarType.Half,
                ScalarType.Double,
                ScalarType.Float);
        List<Tensor> together = types.stream().map(EveryRuleTest::matrixOf).toList();
        try (Optimizer<Tensor> optimizer = Torch.optimizer(rule, together)) {
            step(optimizer, together);
        }
        for (int i = 0; i < types.size(); i++) {
            Tensor alone = matrixOf(types.get(i));
            try (Optimizer<Tensor> optimizer = Torch.optimizer(rule, List.of(alone))) {
                step(optimizer, List.of(alone));
            }
            if (rule.groupSlots().isEmpty()) { // else the rule may compute with all of them at once
                assertArrayEquals(read(alone), read(together.get(i)), "seed " + SEED);
            }
            assertEquals(types.get(i), alone.scalar_type().intern());
            assertArrayEquals(read(together.get(0)), read(together.get(i)), 0.2, types.get(i) + " is near float32");
        }
    }

    private static Tensor matrixOf(ScalarType type) {
        return torch.ones(3, 4).to(type).requires_grad_(true);
    }

    private static void step(Optimizer<Tensor> optimizer, List<Tensor> params) {
        Random random = new Random(SEED);
        for (int step = 0; step < 3; step++) {
            float[] grad = gaussian(random, 12);
            params.forEach(param -> setGrad(param, grad));
            optimizer.step();
        }
    }

    @ParameterizedTest
    @MethodSource("rules")
    void stepsTensorsInAnyLayout(UpdateRule rule) {
        Random random = new Random(SEED);
        Tensor plain = torch.ones(3, 4);
        Tensor withGaps = torch.ones(6, 8).slice(0, at(0), at(6), 2).slice(1, at(0), at(8), 2);
        Tensor transposed = torch.ones(4, 3).t();
        Tensor transposedWithGaps = torch.ones(8, 3).slice(0, at(0), at(8), 2).t();
        Tensor otherGrad = torch.ones(3, 4);
        List<Tensor> params = List.of(withGaps, transposed, transposedWithGaps, otherGrad, plain);
        params.forEach(param -> param.requires_grad_(true));
        try (Optimizer<Tensor> optimizer = Torch.optimizer(rule, params)) {
            for (int step = 0; step < 3; step++) {
                float[] grad = gaussian(random, 12);
                params.forEach(param -> setGrad(param, grad));
                otherGrad.mutable_grad().put(plain.grad().t().contiguous().t());
                optimizer.step();
                // A kernel may round an element in the middle of a vector otherwise than one at its end.
                params.forEach(param -> assertArrayEquals(read(plain), read(param), 1e-6, "seed " + SEED));
            }
        }
    }

    private static LongOptional at(long position) {
        return new LongOptional(position);
    }

    @ParameterizedTest
    @MethodSource("rules")
    void refusesGradientsThatItWouldMisread(UpdateRule rule) {
        Tensor p = matrix(1, 2, 3, 4);
        try (Optimizer<Tensor> optimizer = Torch.optimizer(rule, List.of(p))) {
            p.mutable_grad().put(torch.ones(2, 2).to_sparse());
            assertEquals(
                    "a gradient must be dense, but one is sparse: create its embedding without sparse gradients",
                    refusal(optimizer));
            p.mutable_grad().put(torch.ones(1, 2));
            assertEquals("a gradient must have its parameter's shape, [2, 2], but one has [1, 2]", refusal(optimizer));
            p.mutable_grad().put(torch.ones(4, 1));
            assertEquals("a gradient must have its parameter's shape, [2, 2], but one has [4, 1]", refusal(optimizer));
            p.mutable_grad().put(torch.ones(2, 2).to(ScalarType.Int));
            assertEquals("a gradient must have its parameter's type, Float, but one has Int", refusal(optimizer));
            p.mutable_grad().put(torch.ones(2, 2).to(ScalarType.Double));
            assertEquals("a gradient must have its parameter's type, Float, but one has Double", refusal(optimizer));
            assertArrayEquals(new double[] {1, 2, 3, 4}, read(p));
            setGrad(p, 1, -1, 1, 1);
            optimizer.step();
            double[] stepped = read(p);

            Tensor other = matrix(1, 2, 3, 4);
            setGrad(other, 1, -1, 1, 1);
            try (Optimizer<Tensor> unhindered = Torch.optimizer(rule, List.of(other))) {
                unhindered.step();
            }
            assertArrayEquals(read(other), stepped, "this was its first step");
        }
    }

    @ParameterizedTest
    @MethodSource("rules")
    void goesOnToTheSameBitsFromAStateDict(UpdateRule rule) {
        Random random = new Random(SEED);
        List<Tensor> params = List.of(matrix(1, 2, 3, 4, 5, 6), matrix(7, 8));
        try (Optimizer<Tensor> optimizer = Torch.optimizer(rule, params)) {
            step(optimizer, params, random, 8); // RAdam rectifies from step 6 on
            List<Tensor> copies = params.stream()
                    .map(param -> param.detach().clone().requires_grad_(true))
                    .toList();
            try (Optimizer<Tensor> resumed = Torch.optimizer(rule.withLr(0.7), copies)) {
                resumed.loadStateDict(optimizer.stateDict());
                long seed = random.nextLong();
                step(optimizer, params, new Random(seed), 8);
                step(resumed, copies, new Random(seed), 8);
                for (int i = 0; i < params.size(); i++) {
                    assertArrayEquals(read(params.get(i)), read(copies.get(i)), "seed " + SEED);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("rules")
    void takesAStateFromFloatArraysAndGivesItBack(UpdateRule rule) {
        Random random = new Random(SEED);
        float[] start = {1, 2, 3, 4, 5, 6};
        FloatArray array = new FloatArray(start.clone(), List.of(2L, 3L));
        try (Optimizer<FloatArray> arrays = FloatArrays.optimizer(rule, List.of(array))) {
            step(arrays, array, random);
            Tensor tensor = matrix(array.values());
            try (Optimizer<Tensor> tensors = Torch.optimizer(rule, List.of(tensor))) {
                tensors.loadStateDict(arrays.stateDict());
                long seed = random.nextLong();
                step(arrays, array, new Random(seed));
                step(tensors, List.of(tensor), new Random(seed), 8);
                assertArrayEquals(Tensors.data(tensor).toFloats(), array.values(), 1e-5f, "seed " + SEED);

                arrays.loadStateDict(tensors.stateDict());
                float[] moved = Tensors.data(tensor).toFloats();
                System.arraycopy(moved, 0, array.values(), 0, moved.length);
                step(arrays, array, new Random(seed));
                step(tensors, List.of(tensor), new Random(seed), 8);
                assertArrayEquals(Tensors.data(tensor).toFloats(), array.values(), 1e-5f, "seed " + SEED);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("rules")
    void movesNoGroupIfAGradientOfALaterOneIsRefused(UpdateRule rule) {
        Tensor a = matrix(1, 2, 3, 4);
        Tensor b = matrix(1, 2, 3, 4);
        setGrad(a, 1, -1, 1, 1);
        b.mutable_grad().put(torch.ones(2, 2).to_sparse());
        try (Optimizer<Tensor> optimizer = Torch.optimizer(
                List.of(new ParamGroup<>("a", rule, List.of(a)), new ParamGroup<>("b", rule, List.of(b))))) {
            refusal(optimizer);
            assertArrayEquals(new double[] {1, 2, 3, 4}, read(a));
            assertEquals(0, optimizer.steps());
        }
    }

    @Test
    void refusesWhatIsNoTensorInOneLine() {
        assertEquals(
                "a parameter must be a tensor, but one is undefined",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> Torch.optimizer(UpdateRule.parse("SGD()"), List.of(new Tensor())))
                        .getMessage());
        Tensor empty = torch.ones(0, 2).requires_grad_(true);
        empty.mutable_grad().put(torch.ones(0, 2));
        try (Optimizer<Tensor> optimizer = Torch.optimizer(UpdateRule.parse("SGD()"), List.of(empty))) {
            String message = String.valueOf(assertThrows(
                            IllegalStateException.class,
                            () -> optimizer.clipGradNorm(1, Double.POSITIVE_INFINITY, false))
                    .getMessage());
            assertTrue(message.startsWith("the gradients' norm could not be taken: "), message);
            assertEquals(1, message.lines().count(), message);
        }
    }

    private static void step(Optimizer<FloatArray> optimizer, FloatArray param, Random random) {
        for (int step = 0; step < 8; step++) {
            param.setGrad(gaussian(random, param.values().length));
            optimizer.step();
        }
    }

    private static void step(Optimizer<Tensor> optimizer, List<Tensor> params, Random random, int steps) {
        for (int step = 0; step < steps; step++) {
            params.forEach(param -> setGrad(param, gaussian(random, (int) param.numel())));
            optimizer.step();
        }
    }

    @Test
    void muonKeepsItsMomentumApartFromTheUpdate() {
        // PyTorch normalises the buffer itself here, where the parameter is of bfloat16 already.
        Tensor p = matrixOf(ScalarType.BFloat16);
        try (Optimizer<Tensor> optimizer = Torch.optimizer(new Muon(0.1).withNesterov(false), List.of(p))) {
            float[] grad = gaussian(new Random(SEED), 12);
            setGrad(p, grad);
            optimizer.step();
            Map<?, ?> state =
                    (Map<?, ?>) Objects.requireNonNull(optimizer.stateDict().get("state"));
            Map<?, ?> slots = (Map<?, ?>) Objects.requireNonNull(state.get(0L));
            TensorData buffer = (TensorData) Objects.requireNonNull(slots.get("momentum_buffer"));
            for (int i = 0; i < grad.length; i++) {
                assertEquals(0.05 * grad[i], buffer.toFloats()[i], 0.005 * Math.abs(grad[i]));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("rules")
    void holdsNoMoreMemoryAfterTenThousandSteps(UpdateRule rule) throws IOException {
        LinearImpl layer = new LinearImpl(4, 3);
        List<Tensor> params = List.of(layer.weight());
        Tensor input = torch.randn(16, 4);
        try (Optimizer<Tensor> optimizer = Torch.optimizer(rule.withLr(1e-4), params)) {
            train(layer, optimizer, input, 1_000);
            long tracked = Pointer.totalBytes();
            long grown = Long.MAX_VALUE;
            // What is lost grows each time; Java's own heap, which is also in it, at most once or twice.
            for (int attempt = 0; attempt < 3 && grown >= 50_000_000; attempt++) {
                long resident = residentBytes();
                train(layer, optimizer, input, 10_000);
                grown = residentBytes() - resident;
            }
            assertTrue(
                    Pointer.totalBytes() - tracked < 100_000,
                    () -> "JavaCPP held " + tracked + " bytes and now " + Pointer.totalBytes());
            assertTrue(grown < 50_000_000, "the process grew by " + grown + " bytes");
        }
    }

    private static void train(LinearImpl layer, Optimizer<Tensor> optimizer, Tensor input, int steps) {
        for (int i = 0; i < steps; i++) {
            // The caller's own handles only: what the optimizer makes, it has to free.
            try (PointerScope scope = new PointerScope()) {
                layer.forward(input).square().mean().backward();
            }
            optimizer.step();
            optimizer.zeroGrad();
        }
    }

    private static long residentBytes() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return 0; // not Linux: JavaCPP's own count has to do
        }
        for (String line : Files.readAllLines(status, StandardCharsets.ISO_8859_1)) {
            if (line.startsWith("VmRSS:")) {
                return 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""));
            }
        }
        throw new IOException(status + " has no VmRSS");
    }
}
