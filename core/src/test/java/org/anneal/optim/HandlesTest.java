package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.checkpoint.TensorData;
import org.anneal.text.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever an engine gave is released once: what was allocated when it is done with, a gradient with each step. */
class HandlesTest {
    private final List<FloatArray> params = IntStream.range(0, 4)
            .mapToObj(i -> new FloatArray(new float[] {1, -2, 3, i}, List.of(2L, 2L)))
            .toList();
    private final Counting engine = new Counting();

    private Optimizer<FloatArray> optimizer(UpdateRule rule) {
        gradients(0);
        return new Optimizer<>(
                engine,
                List.of(
                                new ParamGroup<>("all", rule, rule.needsClosure() ? params : params.subList(0, 3)),
                                new ParamGroup<>("last", rule, params.subList(3, 4)))
                        .subList(0, rule.needsClosure() ? 1 : 2));
    }

    private double gradients(int step) {
        double loss = 0;
        for (FloatArray param : params) {
            float[] grad = new float[4];
            for (int i = 0; i < grad.length; i++) {
                float off = param.values()[i] - step % 3;
                grad[i] = 4 * off * off * off;
                loss += off * off * off * off;
            }
            param.setGrad(grad);
        }
        return loss;
    }

    private void step(Optimizer<FloatArray> optimizer, int number) {
        optimizer.step(() -> gradients(number));
    }

    static Stream<UpdateRule> rules() {
        return UpdateRule.kinds().stream().map(Kind::type).map(rule -> UpdateRule.parse(rule.getSimpleName() + "()"));
    }

    @ParameterizedTest
    @MethodSource("rules")
    void areAsManyAfterAThousandStepsAsAfterOne(UpdateRule rule) {
        try (Optimizer<FloatArray> optimizer = optimizer(rule)) {
            int slots = rule.needsClosure() ? 0 : 4 * rule.slots(2).size();
            step(optimizer, 0);
            step(optimizer, 1);
            if (!rule.needsClosure()) { // whose history grows up to its size
                assertEquals(slots, engine.live.size());
            }
            for (int i = 0; i < 20; i++) {
                step(optimizer, i);
            }
            int before = engine.live.size();
            for (int i = 0; i < 1000; i++) {
                step(optimizer, i);
                assertEquals(before, engine.live.size());
            }
        }
        assertEquals(0, engine.live.size());
    }

    @Test
    void areLetGoOfWhereAParameterHasNoGradient() {
        try (Optimizer<FloatArray> optimizer = optimizer(new SGD(0.1))) {
            params.get(1).clearGrad();
            optimizer.step();
            optimizer.zeroGrad();
            optimizer.step();
            assertEquals(0, engine.live.size());
        }
    }

    @Test
    void areLetGoOfWhenAGradientIsRefused() {
        try (Optimizer<FloatArray> optimizer = optimizer(new SGD(0.1))) {
            for (FloatArray refused : params) {
                engine.refused = Optional.of(refused);
                assertThrows(IllegalArgumentException.class, optimizer::step);
                assertThrows(IllegalArgumentException.class, () -> optimizer.step(() -> 0));
                assertThrows(IllegalArgumentException.class, () -> optimizer.clipGradNorm(1));
                assertThrows(IllegalArgumentException.class, () -> optimizer.clipGradValue(1));
                assertEquals(0, engine.live.size());
            }
            engine.refused = Optional.empty();
            optimizer.step();
            assertEquals(0, engine.live.size());
            assertEquals(1, optimizer.steps());
        }
    }

    @Test
    void areLetGoOfWhenAKernelFails() {
        try (Optimizer<FloatArray> optimizer = optimizer(new SGD(0.1))) {
            engine.fails = true;
            assertThrows(IllegalStateException.class, optimizer::step);
            assertEquals(0, engine.live.size());
        }
    }

    @Test
    void areLetGoOfWhenGradientsAreClippedOrANormIsRefused() {
        try (Optimizer<FloatArray> optimizer = optimizer(new SGD(0.1))) {
            optimizer.clipGradNorm(1);
            optimizer.clipGradValue(0.5);
            params.get(2).setGrad(Float.NaN, 0, 0, 0);
            assertThrows(IllegalStateException.class, () -> optimizer.clipGradNorm(1, 2, true));
            assertEquals(0, engine.live.size());
        }
    }

    @ParameterizedTest
    @EnumSource
    void doNotGrowInNumberWhenClosuresFail(Failure failure) {
        LBFGS rule = new LBFGS(0.1).withMaxIter(4).withHistorySize(3);
        for (UpdateRule each : List.of(rule, rule.withLineSearchFn(LBFGS.LineSearchFn.STRONG_WOLFE))) {
            try (Optimizer<FloatArray> optimizer = optimizer(each)) {
                int before = 0;
                for (int i = 0; i < 60; i++) {
                    params.forEach(param -> System.arraycopy(new float[] {5, 6, 7, 8}, 0, param.values(), 0, 4));
                    int[] evaluations = {0};
                    assertThrows(
                            RuntimeException.class,
                            () -> optimizer.step(() -> {
                                double loss = gradients(0);
                                if (++evaluations[0] == 2) {
                                    if (failure == Failure.CLOSURE) {
                                        throw new IllegalStateException("no more data");
                                    }
                                    engine.refused = Optional.of(params.get(2));
                                }
                                return loss;
                            }));
                    engine.refused = Optional.empty();
                    step(optimizer, 0);
                    if (i == 30) {
                        before = engine.live.size();
                    }
                }
                assertEquals(before, engine.live.size());
            }
            assertEquals(0, engine.live.size());
        }
    }

    enum Failure {
        CLOSURE,
        GRADIENT
    }

    @Test
    void areFreedWhenALaterGroupIsRefused() {
        assertThrows(
                IllegalArgumentException.class,
                () -> new Optimizer<>(
                        engine,
                        List.of(
                                new ParamGroup<>("a", new Adagrad(0.1), params),
                                new ParamGroup<>("b", new Adagrad(0.1), params))));
        assertEquals(0, engine.live.size());
    }

    @ParameterizedTest
    @MethodSource("rules")
    void areAsManyHoweverOftenAStateIsLoaded(UpdateRule rule) {
        try (Optimizer<FloatArray> optimizer = optimizer(rule)) {
            step(optimizer, 0);
            step(optimizer, 1);
            Map<String, Object> saved = optimizer.stateDict();
            optimizer.loadStateDict(saved);
            int before = engine.live.size();
            for (int i = 0; i < 10; i++) {
                optimizer.loadStateDict(saved);
            }
            assertEquals(before, engine.live.size());
        }
        assertEquals(0, engine.live.size());
    }

    @Test
    void areLetGoOfWhenAveragesAreSwapped() {
        AveragedModel<FloatArray> average = new AveragedModel<>(
                engine,
                Averaging.swa(),
                List.of(new AveragedModel.Entry<>(
                        "w", params.get(0), new FloatArray(new float[4], List.of(2L, 2L)), false)));
        average.swap();
        average.swap();
        assertEquals(0, engine.live.size());
    }

    /** An engine of arrays that knows what it gave, and was not given back. */
    private static final class Counting implements Engine<FloatArray> {
        private final Engine<FloatArray> arrays = arrays();
        final Set<FloatArray> live = Collections.newSetFromMap(new IdentityHashMap<>());
        Optional<FloatArray> refused = Optional.empty();
        boolean fails;

        private static Engine<FloatArray> arrays() {
            try {
                Constructor<FloatArrays> make = FloatArrays.class.getDeclaredConstructor();
                make.setAccessible(true);
                return make.newInstance();
            } catch (ReflectiveOperationException e) {
                throw new LinkageError(e.getMessage(), e);
            }
        }

        private FloatArray given(FloatArray handle) {
            live.add(handle);
            return handle;
        }

        @Override
        public void check(FloatArray parameter) {
            arrays.check(parameter);
        }

        @Override
        public Object identity(FloatArray parameter) {
            return arrays.identity(parameter);
        }

        /** A new handle to the same numbers each time, as an engine of native memory gives one. */
        @Override
        public Optional<FloatArray> grad(FloatArray parameter) {
            if (refused.equals(Optional.of(parameter))) {
                throw new IllegalArgumentException("a sparse gradient");
            }
            return parameter.grad().map(grad -> given(new FloatArray(grad, parameter.shape())));
        }

        @Override
        public void zeroGrad(FloatArray parameter, boolean setToNone) {
            arrays.zeroGrad(parameter, setToNone);
        }

        @Override
        public List<Long> shape(FloatArray parameter) {
            return arrays.shape(parameter);
        }

        @Override
        public FloatArray allocate(FloatArray parameter, Slot slot) {
            return given(arrays.allocate(parameter, slot));
        }

        @Override
        public TensorData data(FloatArray array) {
            return arrays.data(array);
        }

        @Override
        public void copy(TensorData from, FloatArray to) {
            arrays.copy(from, to);
        }

        @Override
        public void release(FloatArray slot) {
            assertTrue(live.remove(slot), "what is released was given, and not released before");
            arrays.release(slot);
        }

        @Override
        @SuppressWarnings("unchecked") // a proxy implements the class it is asked for, whatever its type arguments
        public Kernels<FloatArray> kernels() {
            Kernels<FloatArray> kernels = arrays.kernels();
            return (Kernels<FloatArray>) Proxy.newProxyInstance(
                    Kernels.class.getClassLoader(), new Class<?>[] {Kernels.class}, (proxy, method, arguments) -> {
                        if (fails) {
                            throw new IllegalStateException("out of memory");
                        }
                        try {
                            return method.invoke(kernels, arguments);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    });
        }

        @Override
        @SuppressWarnings("unchecked") // as above
        public Vectors<FloatArray> vectors() {
            Vectors<FloatArray> vectors = arrays.vectors();
            return (Vectors<FloatArray>) Proxy.newProxyInstance(
                    Vectors.class.getClassLoader(), new Class<?>[] {Vectors.class}, (proxy, method, arguments) -> {
                        try {
                            Object result = method.invoke(vectors, arguments);
                            return method.getName().equals("allocate") ? given((FloatArray) result) : result;
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    });
        }
    }
}
