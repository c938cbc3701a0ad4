package org.anneal.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.AveragedModel;
import org.anneal.optim.Averaging;
import org.anneal.optim.LBFGS;
import org.anneal.optim.Optimizer;
import org.anneal.optim.SGD;
import org.anneal.optim.UpdateRule;
import org.anneal.optim.Vectors;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Clipping and L-BFGS on tensors of every type, and their memory. */
class TorchVectorsTest {
    private static final LBFGS.LineSearchFn WOLFE = LBFGS.LineSearchFn.STRONG_WOLFE;
    private static final int WARM_UP = 500; // steps, until the Java heap has its size

    @BeforeAll
    static void useOneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    private static Tensor leaf(ScalarType type, float... values) {
        return Tensor.create(values).to(type).requires_grad_(true);
    }

    private static double[] read(Tensor tensor) {
        return Tensors.data(tensor).toDoubles();
    }

    @ParameterizedTest
    @EnumSource(
            value = ScalarType.class,
            names = {"Float", "Double", "BFloat16", "Half"})
    void clipsGradientsOfEveryType(ScalarType type) {
        Tensor a = leaf(type, 1, 2);
        Tensor b = leaf(type, 3);
        Tensor c = leaf(type, 4);
        a.mul(Tensor.create(3f, 0f).to(type)).sum().backward();
        b.mul(new Scalar(-4.0)).sum().backward();
        try (Optimizer<Tensor> optimizer = Torch.optimizer(new SGD(0.1), List.of(a, b, c))) {
            assertEquals(5, optimizer.clipGradNorm(2.5));
            assertArrayEquals(new double[] {1.5, 0}, read(a.grad()), 1e-2);
            assertArrayEquals(new double[] {-2}, read(b.grad()), 1e-2);
            assertEquals(type, b.grad().scalar_type().intern());
            optimizer.clipGradValue(1);
            assertArrayEquals(new double[] {1, 0}, read(a.grad()));
            assertArrayEquals(new double[] {-1}, read(b.grad()));
            assertTrue(!c.grad().defined(), "a missing gradient stays missing");
        }
    }

    @Test
    void clipsGradientsOfSeveralTypesTogether() {
        Tensor a = leaf(ScalarType.BFloat16, 1);
        Tensor b = leaf(ScalarType.Float, 1);
        a.mul(new Scalar(3.0)).sum().backward();
        b.mul(new Scalar(4.0)).sum().backward();
        try (Optimizer<Tensor> optimizer = Torch.optimizer(new SGD(0.1), List.of(a, b))) {
            assertEquals(5, optimizer.clipGradNorm(2.5));
            assertArrayEquals(new double[] {1.5}, read(a.grad()), 1e-2);
            assertArrayEquals(new double[] {2}, read(b.grad()), 1e-6);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"LBFGS(max_iter=3, lr=0.1)", "LBFGS(max_iter=3, line_search_fn='strong_wolfe')"})
    void resumesLbfgsToTheSameBitsWhateverTheType(String text) {
        UpdateRule rule = UpdateRule.parse(text);
        for (ScalarType type : List.of(ScalarType.Double, ScalarType.Float, ScalarType.BFloat16)) {
            Tensor whole = leaf(type, -0.5f, 2, 1);
            try (Optimizer<Tensor> optimizer = Torch.optimizer(rule, List.of(whole))) {
                for (int i = 0; i < 4; i++) {
                    optimizer.step(() -> loss(whole));
                }
            }
            Tensor cut = leaf(type, -0.5f, 2, 1);
            Map<String, Object> saved = Map.of();
            for (int i = 0; i < 4; i++) {
                try (Optimizer<Tensor> next = Torch.optimizer(rule, List.of(cut))) {
                    if (i > 0) {
                        next.loadStateDict(saved);
                    }
                    next.step(() -> loss(cut));
                    saved = next.stateDict();
                }
            }
            assertArrayEquals(read(whole), read(cut), type.toString());
            assertEquals(type, cut.scalar_type().intern());
        }
    }

    private static double loss(Tensor p) {
        try (PointerScope scope = new PointerScope()) {
            p.mutable_grad().reset();
            Tensor off = p.mul(p).sub(new Scalar(1.0));
            Tensor loss = off.mul(off).sum();
            loss.backward();
            return loss.item_double();
        }
    }

    @Test
    void stateOfDoublesHasScalarsOfDoubles() {
        Tensor p = leaf(ScalarType.Double, -0.5f, 2, 1);
        try (Optimizer<Tensor> optimizer = Torch.optimizer(new LBFGS(1).withLineSearchFn(WOLFE), List.of(p))) {
            optimizer.step(() -> loss(p));
            Map<?, ?> state =
                    (Map<?, ?>) Objects.requireNonNull(optimizer.stateDict().get("state"));
            String text = String.valueOf(state.get(0L));
            assertTrue(text.contains("dtype=float64"), text);
            assertTrue(!text.contains("dtype=float32"), text);
        }
        assertArrayEquals(new double[] {-1, 1, 1}, read(p), 1e-5);
    }

    @Test
    void holdsNoMoreMemoryAfterTenThousandClippedAndAveragedSteps() {
        Net net = new Net();
        Net averages = new Net();
        AveragedModel<Tensor> average = Torch.averagedModel(net.module(), averages.module(), Averaging.ema(0.99));
        Tensor input = torch.randn(16, 4);
        try (Optimizer<Tensor> optimizer = Torch.optimizer(new SGD(1e-4), Torch.parameters(net.module()))) {
            Runnable step = () -> {
                optimizer.zeroGrad();
                try (PointerScope scope = new PointerScope()) {
                    net.forward(input).square().mean().backward();
                }
                optimizer.clipGradNorm(1);
                optimizer.clipGradValue(0.5);
                optimizer.step();
                average.update();
            };
            assertFlat(step, 10_000);
        }
    }

    @Test
    void holdsNoMoreMemoryAfterThousandsOfEvaluationsOfLbfgs() {
        Net net = new Net();
        Tensor input = torch.randn(16, 4);
        LBFGS rule = new LBFGS(1e-3).withMaxIter(5).withHistorySize(4);
        for (LBFGS each : List.of(rule, rule.withLineSearchFn(WOLFE))) {
            try (Optimizer<Tensor> optimizer = Torch.optimizer(each, Torch.parameters(net.module()))) {
                assertFlat(
                        () -> optimizer.step(() -> {
                            optimizer.zeroGrad();
                            try (PointerScope scope = new PointerScope()) {
                                Tensor loss = net.forward(input).square().mean();
                                loss.backward();
                                return loss.item_double();
                            }
                        }),
                        1_000);
            }
        }
    }

    private static void assertFlat(Runnable step, int steps) {
        for (int i = 0; i < WARM_UP; i++) {
            step.run();
        }
        long tracked = Pointer.totalBytes();
        long more = Long.MAX_VALUE;
        // What is lost grows each time; Java's own heap, which is also in it, at most once or twice.
        for (int attempt = 0; attempt < 3 && more >= 50_000_000; attempt++) {
            long resident = Pointer.physicalBytes();
            for (int i = 0; i < steps; i++) {
                step.run();
            }
            more = Pointer.physicalBytes() - resident;
        }
        long grown = Pointer.totalBytes() - tracked;
        assertTrue(grown < 100_000, () -> "JavaCPP holds " + grown + " bytes more");
        assertTrue(more < 50_000_000, "the process grew by " + more + " bytes");
    }

    /** Changes {@code x}; of whatever arrays. */
    private interface Operation {
        void on(Vectors<Object> vectors, Object x, Object a, Object b);
    }

    private static Vectors<FloatArray> floats() {
        try {
            Constructor<FloatArrays> make = FloatArrays.class.getDeclaredConstructor();
            make.setAccessible(true);
            return make.newInstance().vectors();
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    private static Vectors<FloatArray> zipAlone() {
        return new Vectors<>() {
            @Override
            public void zip(FloatArray to, FloatArray first, FloatArray second, Elementwise function) {
                floats().zip(to, first, second, function);
            }
        };
    }

    /** Has each engine do it to {@code (4, -2.25, 0, 0.25, NaN, infinity)}. */
    @SuppressWarnings("unchecked") // the arrays are those of the vectors beside them
    private static void assertBecomes(Operation operation, double... expected) {
        float[] x = {4, -2.25f, 0, 0.25f, Float.NaN, Float.POSITIVE_INFINITY};
        float[] a = {1, -3, 2, 0.5f, 1, -1};
        float[] b = {-2, 4, 0.5f, 0, 3, 5};
        for (Vectors<FloatArray> vectors : List.of(floats(), zipAlone())) {
            FloatArray array = new FloatArray(x.clone());
            operation.on((Vectors<Object>) (Object) vectors, array, new FloatArray(a), new FloatArray(b));
            double[] values = new double[x.length];
            Arrays.setAll(values, i -> array.values()[i]);
            assertArrayEquals(expected, values, 1e-6);
        }
        Tensor tensor = leaf(ScalarType.Float, x);
        operation.on((Vectors<Object>) (Object) new TorchVectors(), tensor, Tensor.create(a), Tensor.create(b));
        assertArrayEquals(expected, read(tensor), 1e-6);
    }

    @Test
    void changeTheFirstArrayElementByElement() {
        double inf = Double.POSITIVE_INFINITY;
        double nan = Double.NaN;
        assertBecomes((v, x, a, b) -> v.fill(x, 7), 7, 7, 7, 7, 7, 7);
        assertBecomes((v, x, a, b) -> v.copy(a, x), 1, -3, 2, 0.5, 1, -1);
        assertBecomes((v, x, a, b) -> v.add(x, 0.5), 4.5, -1.75, 0.5, 0.75, nan, inf);
        assertBecomes((v, x, a, b) -> v.add(x, a, 2), 6, -8.25, 4, 1.25, nan, inf);
        assertBecomes((v, x, a, b) -> v.scale(x, -2), -8, 4.5, 0, -0.5, nan, -inf);
        assertBecomes((v, x, a, b) -> v.mul(x, a), 4, 6.75, 0, 0.125, nan, -inf);
        assertBecomes((v, x, a, b) -> v.div(x, b), -2, -0.5625, 0, inf, nan, inf);
        assertBecomes((v, x, a, b) -> v.addcmul(x, a, b, 0.5), 3, -8.25, 0.5, 0.25, nan, inf);
        assertBecomes((v, x, a, b) -> v.addcdiv(x, a, b, 1), 3.5, -3, 4, inf, nan, inf);
        assertBecomes((v, x, a, b) -> v.lerp(x, a, 0.25), 3.25, -2.4375, 0.5, 0.3125, nan, nan);
        assertBecomes((v, x, a, b) -> v.lerp(x, a, 0.75), 1.75, -2.8125, 1.5, 0.4375, nan, inf);
        assertBecomes((v, x, a, b) -> v.decay(x, a, 0.75), 3.25, -2.4375, 0.5, 0.3125, nan, nan);
        assertBecomes((v, x, a, b) -> v.average(x, a, 3), 3.25, -2.4375, 0.5, 0.3125, nan, nan);
        assertBecomes((v, x, a, b) -> v.sqrt(x), 2, nan, 0, 0.5, nan, inf);
        assertBecomes((v, x, a, b) -> v.abs(x), 4, 2.25, 0, 0.25, nan, inf);
        assertBecomes((v, x, a, b) -> v.sign(x), 1, -1, 0, 1, 0, 1);
        assertBecomes((v, x, a, b) -> v.max(x, a), 4, -2.25, 2, 0.5, nan, inf);
        assertBecomes((v, x, a, b) -> v.min(x, a), 1, -3, 0, 0.25, nan, -1);
        assertBecomes((v, x, a, b) -> v.where(x, a, b), 4, 4, 0, 0.25, nan, 5);
        assertBecomes((v, x, a, b) -> v.zip(x, a, b, (u, p, q) -> p * q), -2, -12, 1, 0, 3, -5);
        assertBecomes((v, x, a, b) -> v.clamp(List.of(x), 1), 1, -1, 0, 0.25, nan, 1);
        assertBecomes((v, x, a, b) -> v.fill(x, v.sum(b)), 10.5, 10.5, 10.5, 10.5, 10.5, 10.5);
        assertBecomes((v, x, a, b) -> v.fill(x, v.dot(a, b)), -15, -15, -15, -15, -15, -15);
        assertBecomes((v, x, a, b) -> v.fill(x, v.sumAbs(b)), 14.5, 14.5, 14.5, 14.5, 14.5, 14.5);
        assertBecomes((v, x, a, b) -> v.fill(x, v.maxAbs(a)), 3, 3, 3, 3, 3, 3);
        assertBecomes((v, x, a, b) -> v.shrink(List.of(x), 8, 4), 2, -1.125, 0, 0.125, nan, inf);
    }

    @Test
    void areAllOfTheirOwnOnBothEngines() {
        for (Class<?> vectors : List.of(TorchVectors.class, floats().getClass())) {
            assertEquals(
                    List.of(),
                    Arrays.stream(vectors.getMethods())
                            .filter(Method::isDefault)
                            .map(Method::getName)
                            .toList());
        }
    }
}
