package org.anneal.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.checkpoint.TensorData;
import org.anneal.checkpoint.TorchFile;
import org.anneal.optim.Adam;
import org.anneal.optim.Batch;
import org.anneal.optim.Engine;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.ParamGroup;
import org.anneal.optim.SGD;
import org.anneal.optim.Slot;
import org.anneal.optim.UpdateRule;
import org.anneal.optim.Vectors;
import org.anneal.schedule.Policy;
import org.anneal.schedule.StepLR;
import org.anneal.text.Kind;
import org.anneal.text.Kinds;
import org.anneal.text.Param;
import org.anneal.text.PythonSyntaxException;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A rule that nothing here knows, and that is found on the class path, goes wherever ours go, on both engines. */
class RuleFromOutsideTest {
    @TempDir
    Path folder;

    private ClassLoader before = ClassLoader.getSystemClassLoader();

    /**
     * Yogi (Zaheer et al., Adaptive Methods for Nonconvex Optimization, 2018): a mean square that moves by its own size at
     * most; here with the largest of them, and without bias correction.
     */
    public record Yogi(
            @Param(or = "1e-2", always = true, atLeast = 0) double lr,

            @Param(name = "betas[0]", or = "0.9", atLeast = 0, below = 1)
            double beta1,

            @Param(name = "betas[1]", or = "0.99", atLeast = 0, below = 1)
            double beta2,

            @Param(or = "1e-3", atLeast = 0) double eps,
            @Param(or = "False") boolean largest)
            implements UpdateRule {
        static final Kind<Yogi> KIND = Kind.of(Yogi.class, "moves the mean square by its own size at most");

        public Yogi {
            lr = KIND.check("lr", lr);
            beta1 = KIND.check("betas[0]", beta1);
            beta2 = KIND.check("betas[1]", beta2);
            eps = KIND.check("eps", eps);
        }

        @Override
        public List<Slot> slots(int dimensions) {
            List<Slot> slots = List.of(
                    new Slot("exp_avg"),
                    new Slot("exp_avg_sq", Slot.Shape.PARAMETER, 1e-2),
                    new Slot("max_sq", Slot.Shape.PARAMETER, 0, true));
            return largest ? slots : slots.subList(0, 2);
        }

        @Override
        public boolean countsSteps() {
            return true;
        }

        @Override
        public <T> void apply(Vectors<T> v, Batch<T> batch) {
            batch.forEach(2, (param, grad, slots, spares) -> {
                T square = spares.get(0);
                T gap = spares.get(1);
                v.lerp(slots.get(0), grad, 1 - beta1);
                v.copy(grad, square);
                v.mul(square, grad);
                v.copy(slots.get(1), gap);
                v.add(gap, square, -1);
                v.sign(gap);
                v.addcmul(slots.get(1), gap, square, beta2 - 1);
                v.copy(slots.get(1), gap);
                if (largest) {
                    v.max(slots.get(2), gap);
                    v.copy(slots.get(2), gap);
                }
                v.sqrt(gap);
                v.add(gap, eps);
                v.addcdiv(param, slots.get(0), gap, -batch.lr());
            });
        }

        @Override
        public Kind<Yogi> kind() {
            return KIND;
        }

        @Override
        public String toString() {
            return KIND.print(this);
        }
    }

    /** What a jar would have. */
    public static final class Found implements Kinds {
        @Override
        public List<Kind<?>> kinds() {
            return List.of(Yogi.KIND);
        }
    }

    @BeforeEach
    void putOnTheClassPath() throws IOException {
        Torch.load();
        torch.set_num_threads(1);
        Path services = Files.createDirectories(folder.resolve("META-INF/services"));
        Files.writeString(services.resolve("org.anneal.text.Kinds"), Found.class.getName());
        before = Thread.currentThread().getContextClassLoader();
        Thread.currentThread()
                .setContextClassLoader(
                        new URLClassLoader(new URL[] {folder.toUri().toURL()}, before));
    }

    @AfterEach
    void takeFromTheClassPath() throws IOException {
        URLClassLoader loader = (URLClassLoader) Thread.currentThread().getContextClassLoader();
        Thread.currentThread().setContextClassLoader(before);
        loader.close();
    }

    /** What the two engines have in common for these tests. */
    enum On {
        ARRAYS {
            @Override
            void run(Body body) {
                body.run(
                        () -> new FloatArray(1, -2, 3, 0.5f),
                        (param, grad) -> param.setGrad(grad),
                        FloatArray::values,
                        FloatArrays::optimizer);
            }
        },
        LIBTORCH {
            @Override
            void run(Body body) {
                body.run(
                        () -> Tensor.create(1f, -2f, 3f, 0.5f).requires_grad_(true),
                        (param, grad) -> param.mutable_grad().put(Tensor.create(grad)),
                        param -> Tensors.data(param).toFloats(),
                        Torch::optimizer);
            }
        };

        abstract void run(Body body);
    }

    private interface Make<T> {
        T get();
    }

    private interface Body {
        <T> void run(
                Make<T> param,
                BiConsumer<T, float[]> setGrad,
                Function<T, float[]> values,
                Function<List<ParamGroup<T>>, Optimizer<T>> optimizer);
    }

    private static float[] gradients(int step) {
        return new float[] {(float) Math.sin(step + 1), (float) Math.cos(2 * step), step % 3 - 1, 0};
    }

    /** The update in plain numbers; from step 20 on with another lr, from 30 on with another beta1. */
    private static double[] yogi(int steps, boolean largest) {
        double[] p = {1, -2, 3, 0.5};
        double[] m = new double[4];
        double[] v = {0.01, 0.01, 0.01, 0.01};
        double[] w = new double[4];
        for (int t = 0; t < steps; t++) {
            double beta1 = t < 30 ? 0.9 : 0.5;
            for (int i = 0; i < 4; i++) {
                double g = gradients(t)[i];
                m[i] = beta1 * m[i] + (1 - beta1) * g;
                v[i] = v[i] - 0.01 * Math.signum(v[i] - g * g) * g * g;
                w[i] = Math.max(w[i], v[i]);
                p[i] -= (t < 20 ? 0.02 : 0.01) * m[i] / (Math.sqrt(largest ? w[i] : v[i]) + 1e-3);
            }
        }
        return p;
    }

    @Test
    void isReadAndPrintedAndListed() {
        UpdateRule rule = UpdateRule.parse("optim.Yogi(net.parameters(), lr=2e-2, betas=(0.9, 0.99), largest=True)");
        assertEquals("Yogi(lr=0.02, largest=True)", rule.toString());
        assertEquals(rule, UpdateRule.parse(rule.toString()));
        assertTrue(UpdateRule.kinds().contains(Yogi.KIND));
        assertTrue(String.valueOf(assertThrows(PythonSyntaxException.class, () -> UpdateRule.parse("Yogi(eps=-1)"))
                        .getMessage())
                .contains("eps must be finite and >= 0, but was -1"));
        assertEquals(Optional.of(rule), UpdateRule.ofGroup(rule.options()));
        assertEquals(Optional.of(new Adam(0.5)), UpdateRule.ofGroup(new Adam(0.5).options()), "not taken for it");
    }

    @ParameterizedTest
    @EnumSource
    void stepsAsItsFormulaSaysWithLiveOptions(On engine) {
        for (boolean largest : new boolean[] {false, true}) {
            engine.run(new Body() {
                @Override
                public <T> void run(
                        Make<T> make,
                        BiConsumer<T, float[]> setGrad,
                        Function<T, float[]> values,
                        Function<List<ParamGroup<T>>, Optimizer<T>> optimizer) {
                    T param = make.get();
                    UpdateRule rule = UpdateRule.parse("Yogi(lr=0.02, largest=" + (largest ? "True)" : "False)"));
                    try (Optimizer<T> o = optimizer.apply(List.of(new ParamGroup<>("all", rule, List.of(param))))) {
                        for (int step = 0; step < 40; step++) {
                            if (step == 20) {
                                o.groups().get(0).setLr(0.01);
                            } else if (step == 30) {
                                o.groups().get(0).setMomentum(0.5);
                            }
                            setGrad.accept(param, gradients(step));
                            o.step();
                        }
                        double[] expected = yogi(40, largest);
                        for (int i = 0; i < 4; i++) {
                            assertEquals(expected[i], values.apply(param)[i], 2e-5);
                        }
                        assertEquals(
                                rule.withLr(0.01).withMomentum(0.5),
                                o.groups().get(0).rule());
                    }
                }
            });
        }
    }

    @Test
    void hasItsNumbersDrivenBySchedules() {
        Optimizer<FloatArray> optimizer =
                FloatArrays.optimizer(UpdateRule.parse("Yogi(lr=0.02, eps=0.5)"), List.of(new FloatArray(1f)));
        ParamGroup<FloatArray> group = optimizer.groups().get(0);
        assertEquals(List.of("beta1", "beta2", "eps"), group.numbers());
        LRScheduler scheduler = new LRScheduler(
                optimizer, new StepLR(9), Map.of("beta2", new StepLR(1, 0.5), "eps", new StepLR(1, 0.25)));
        scheduler.step();
        assertEquals(UpdateRule.parse("Yogi(lr=0.02, betas=(0.9, 0.495), eps=0.125)"), group.rule());
    }

    @ParameterizedTest
    @EnumSource
    void resumesToTheSameBitsThroughAFile(On engine) {
        engine.run(new Body() {
            @Override
            public <T> void run(
                    Make<T> make,
                    BiConsumer<T, float[]> setGrad,
                    Function<T, float[]> values,
                    Function<List<ParamGroup<T>>, Optimizer<T>> optimizer) {
                T whole = make.get();
                T half = make.get();
                UpdateRule rule = UpdateRule.parse("Yogi(lr=0.02, largest=True)");
                Policy schedule = Policy.parse("CosineAnnealingLR(T_max=40)");
                try (Optimizer<T> a = optimizer.apply(List.of(new ParamGroup<>("all", rule, List.of(whole))));
                        Optimizer<T> b = optimizer.apply(List.of(new ParamGroup<>("all", rule, List.of(half))));
                        Optimizer<T> c = optimizer.apply(List.of(new ParamGroup<>("all", rule, List.of(half))))) {
                    LRScheduler first = new LRScheduler(a, schedule);
                    LRScheduler second = new LRScheduler(b, schedule);
                    LRScheduler third = new LRScheduler(c, schedule);
                    for (int step = 0; step < 40; step++) {
                        if (step == 17) {
                            reload(b, c);
                            third.loadStateDict(second.stateDict());
                        }
                        setGrad.accept(whole, gradients(step));
                        setGrad.accept(half, gradients(step));
                        a.step();
                        (step < 17 ? b : c).step();
                        first.step();
                        (step < 17 ? second : third).step();
                    }
                    assertArrayEquals(values.apply(whole), values.apply(half));
                    assertEquals(first.lastLr(), third.lastLr());
                }
            }
        });
    }

    private void reload(Optimizer<?> from, Optimizer<?> to) {
        Path file = folder.resolve("state.pt");
        try {
            TorchFile.write(file, from.stateDict());
            try (TorchFile read = TorchFile.open(file)) {
                Map<String, Object> state = read.dict();
                Map<?, ?> all = (Map<?, ?>) Objects.requireNonNull(state.get("state"));
                Map<?, ?> kept = (Map<?, ?>) Objects.requireNonNull(all.get(0L));
                assertEquals(List.of("step", "exp_avg", "exp_avg_sq", "max_sq"), List.copyOf(kept.keySet()));
                assertEquals(17, ((TensorData) Objects.requireNonNull(kept.get("step"))).item());
                to.loadStateDict(state);
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void refusesAnothersState() {
        FloatArray param = new FloatArray(1);
        param.setGrad(1);
        try (Optimizer<FloatArray> yogi = FloatArrays.optimizer(UpdateRule.parse("Yogi()"), List.of(param));
                Optimizer<FloatArray> adam = FloatArrays.optimizer(new Adam(0.1), List.of(param));
                Optimizer<FloatArray> sgd = FloatArrays.optimizer(new SGD(0.1), List.of(param))) {
            yogi.step();
            adam.step();
            assertEquals(
                    "param_groups[0] (group 'all', SGD): a state of SGD must not have betas, eps, largest, but this looks"
                            + " like one of Yogi",
                    assertThrows(IllegalArgumentException.class, () -> sgd.loadStateDict(yogi.stateDict()))
                            .getMessage());
            assertThrows(IllegalArgumentException.class, () -> yogi.loadStateDict(adam.stateDict()));
            assertThrows(IllegalArgumentException.class, () -> adam.loadStateDict(yogi.stateDict()));
        }
    }

    @Test
    void isRefusedInOneLineWhereAnEngineHasNotWhatItNeeds() {
        Engine<FloatArray> without = new Engine<>() {
            @Override
            public Object identity(FloatArray parameter) {
                return parameter;
            }

            @Override
            public Optional<FloatArray> grad(FloatArray parameter) {
                return Optional.empty();
            }

            @Override
            public void zeroGrad(FloatArray parameter, boolean setToNone) {}

            @Override
            public List<Long> shape(FloatArray parameter) {
                return parameter.shape();
            }

            @Override
            public FloatArray allocate(FloatArray parameter, Slot slot) {
                return new FloatArray(0);
            }

            @Override
            public TensorData data(FloatArray array) {
                return TensorData.of(array.values(), array.shape());
            }

            @Override
            public void copy(TensorData from, FloatArray to) {}

            @Override
            public Vectors<FloatArray> vectors() {
                return new Vectors<>() {
                    @Override
                    public void lerp(FloatArray x, FloatArray y, double weight) {}

                    @Override
                    public void copy(FloatArray from, FloatArray to) {}
                };
            }
        };
        String message = String.valueOf(assertThrows(
                        UnsupportedOperationException.class,
                        () -> new Optimizer<>(without, UpdateRule.parse("Yogi()"), List.of(new FloatArray(1))))
                .getMessage());
        assertEquals(
                "Yogi cannot run on " + without.getClass().getName()
                        + ": the engine lacks the vector operation mul (Vectors.mul)",
                message);
    }
}
