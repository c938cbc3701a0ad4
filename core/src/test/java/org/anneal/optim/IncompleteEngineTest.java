package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.checkpoint.TensorData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Engines that lack kernels: rules run on vector operations there, or the optimizer says what is missing. */
class IncompleteEngineTest {
    private static final long SEED = 20261129;

    /** An engine of arrays with no kernel, and these vector operations. */
    private static class Bare implements Engine<FloatArray> {
        private final Vectors<FloatArray> vectors;
        int lent;

        Bare(Vectors<FloatArray> vectors) {
            this.vectors = vectors;
        }

        @Override
        public Object identity(FloatArray parameter) {
            return parameter;
        }

        @Override
        public Optional<FloatArray> grad(FloatArray parameter) {
            lent += parameter.grad().isPresent() ? 1 : 0;
            return parameter.grad().map(grad -> new FloatArray(grad, parameter.shape()));
        }

        @Override
        public void zeroGrad(FloatArray parameter, boolean setToNone) {
            parameter.clearGrad();
        }

        @Override
        public List<Long> shape(FloatArray parameter) {
            return parameter.shape();
        }

        @Override
        public FloatArray allocate(FloatArray parameter, Slot slot) {
            lent++;
            List<Long> shape = slot.shapeFor(parameter.shape());
            float[] values =
                    new float[shape.stream().reduce(1L, Math::multiplyExact).intValue()];
            Arrays.fill(values, (float) slot.initial());
            return new FloatArray(values, shape);
        }

        @Override
        public TensorData data(FloatArray array) {
            return TensorData.of(array.values(), array.shape());
        }

        @Override
        public void copy(TensorData from, FloatArray to) {
            System.arraycopy(from.toFloats(), 0, to.values(), 0, to.values().length);
        }

        @Override
        public void release(FloatArray slot) {
            lent--;
        }

        @Override
        public Vectors<FloatArray> vectors() {
            return vectors;
        }
    }

    private static final class Zip implements Vectors<FloatArray> {
        @Override
        public void zip(FloatArray x, FloatArray a, FloatArray b, Elementwise function) {
            for (int i = 0; i < x.values().length; i++) {
                x.values()[i] = (float) function.of(x.values()[i], a.values()[i], b.values()[i]);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SGD(lr=0.1, weight_decay=0.1, maximize=True)",
                "SGD(lr=0.1, momentum=0.9, dampening=0.1)",
                "SGD(lr=0.1, momentum=0.9, nesterov=True)",
                "Adam(lr=0.1, amsgrad=True, weight_decay=0.1)",
                "Adam(lr=0.1, maximize=True)",
                "AdamW(lr=0.1)",
                "Adagrad(lr=0.1, lr_decay=0.1, initial_accumulator_value=0.5)",
                "RMSprop(lr=0.1, weight_decay=0.1)",
                "RMSprop(lr=0.1, momentum=0.9, centered=True)",
                "RMSprop(lr=0.1, centered=True)",
                "Adadelta(lr=0.5)",
                "Adamax(lr=0.1)",
                "NAdam(lr=0.1)",
                "NAdam(lr=0.1, weight_decay=0.1, decoupled_weight_decay=True)",
                "RAdam(lr=0.1)",
                "RAdam(lr=0.1, weight_decay=0.1, decoupled_weight_decay=True)",
                "ASGD(lr=0.1, lambd=0.1, t0=3)",
                "Rprop(lr=0.1)",
                "Lion(lr=0.1)",
                "SGDScheduleFree(lr=0.1)",
                "AdamWScheduleFree(lr=0.1)",
                "DAdaptSGD(lr=0.1, d0=0.01)",
                "DAdaptAdam(lr=0.1, d0=0.01)"
            })
    void runARuleAsTheKernelsDo(String text) {
        UpdateRule rule = UpdateRule.parse(text);
        Random random = new Random(SEED);
        float[][] start = new float[2][3];
        for (float[] each : start) {
            for (int i = 0; i < each.length; i++) {
                each[i] = (float) random.nextGaussian();
            }
        }
        List<FloatArray> kernels = arrays(start);
        List<FloatArray> arithmetic = arrays(start);
        List<FloatArray> zipped = arrays(start);
        Vectors<FloatArray> complete = ArrayVectors.of();
        Bare withZip = new Bare(new Zip());
        try (Optimizer<FloatArray> a = FloatArrays.optimizer(rule, kernels);
                Optimizer<FloatArray> b = new Optimizer<>(new Bare(complete), rule, arithmetic);
                Optimizer<FloatArray> c = new Optimizer<>(withZip, rule, zipped)) {
            for (int step = 0; step < 30; step++) {
                for (int p = 0; p < 2; p++) {
                    float[] grad = new float[3];
                    for (int i = 0; i < 3; i++) {
                        grad[i] = (float) random.nextGaussian();
                    }
                    kernels.get(p).setGrad(grad);
                    arithmetic.get(p).setGrad(grad.clone());
                    zipped.get(p).setGrad(grad.clone());
                }
                a.step();
                b.step();
                c.step();
                for (int p = 0; p < 2; p++) {
                    assertArrayEquals(kernels.get(p).values(), arithmetic.get(p).values(), 2e-4f, "step " + step);
                    assertArrayEquals(kernels.get(p).values(), zipped.get(p).values(), 2e-4f, "step " + step);
                    assertArrayEquals(
                            kernels.get(p).grad().orElseThrow(),
                            arithmetic.get(p).grad().orElseThrow(),
                            "a gradient stays as it is");
                }
            }
            assertEquals(2 * rule.slots(1).size(), withZip.lent, "of what was lent only the slots are left");
        }
        assertEquals(0, withZip.lent);
    }

    private static List<FloatArray> arrays(float[][] values) {
        return Arrays.stream(values).map(each -> new FloatArray(each.clone())).toList();
    }

    /** The complete operations of the {@code float[]} engine, from the one that has them. */
    private static final class ArrayVectors {
        static Vectors<FloatArray> of() {
            try {
                var make = FloatArrays.class.getDeclaredConstructor();
                make.setAccessible(true);
                return make.newInstance().vectors();
            } catch (ReflectiveOperationException e) {
                throw new LinkageError(e.getMessage(), e);
            }
        }
    }

    @Test
    void refuseARuleByNameBeforeItsFirstStep() {
        List<FloatArray> params = List.of(new FloatArray(1, 2));
        Bare none = new Bare(new Vectors<>() {});
        assertEquals(
                "Adam cannot run on Bare: the engine lacks the vector operation copy (Vectors.copy)",
                refusal(none, "Adam(lr=0.1)", params));
        assertEquals(
                "AdamW cannot run on Bare: the engine lacks the vector operation copy (Vectors.copy)",
                refusal(none, "AdamW(lr=0.1)", params));
        assertEquals(
                "LBFGS cannot run on Bare: the engine lacks the vector operation allocate (Vectors.allocate)",
                refusal(none, "LBFGS(lr=0.1)", params));
        Bare zip = new Bare(new Zip());
        assertEquals(
                "Muon cannot run on Bare: the engine lacks a kernel for it",
                refusal(zip, "Muon(lr=0.1)", List.of(new FloatArray(new float[4], List.of(2L, 2L)))));
        assertEquals(
                "Adafactor cannot run on Bare: the engine lacks a kernel for it",
                refusal(zip, "Adafactor(lr=0.1)", params));
        assertEquals(0, none.lent + zip.lent);
    }

    private static String refusal(Bare engine, String rule, List<FloatArray> params) {
        return String.valueOf(assertThrows(
                        UnsupportedOperationException.class,
                        () -> new Optimizer<>(engine, UpdateRule.parse(rule), params))
                .getMessage());
    }

    @Test
    void refuseAnOptionThatNeedsMoreThanTheyHave() {
        Bare engine = new Bare(new Vectors<>() {
            @Override
            public void copy(FloatArray from, FloatArray to) {
                System.arraycopy(from.values(), 0, to.values(), 0, to.values().length);
            }

            @Override
            public void add(FloatArray vector, FloatArray from, double factor) {
                new Zip().add(vector, from, factor);
            }
        });
        FloatArray param = new FloatArray(1, 2);
        ParamGroup<FloatArray> group = new ParamGroup<>("all", new SGD(0.5), List.of(param));
        try (Optimizer<FloatArray> optimizer = new Optimizer<>(engine, List.of(group))) {
            param.setGrad(1, 1);
            optimizer.step();
            assertArrayEquals(new float[] {0.5f, 1.5f}, param.values());
            group.setRule(new SGD(0.5).withMaximize(true));
            assertEquals(
                    "SGD cannot run on Bare: the engine lacks the vector operation scale (Vectors.scale)",
                    assertThrows(UnsupportedOperationException.class, optimizer::step)
                            .getMessage());
            assertEquals(
                    "clip_grad_norm cannot run on Bare: the engine lacks the vector operation dot (Vectors.dot)",
                    assertThrows(UnsupportedOperationException.class, () -> optimizer.clipGradNorm(1))
                            .getMessage());
            assertEquals(
                    "clip_grad_value cannot run on Bare: the engine lacks the vector operation clamp (Vectors.clamp)",
                    assertThrows(UnsupportedOperationException.class, () -> optimizer.clipGradValue(1))
                            .getMessage());
            assertArrayEquals(new float[] {0.5f, 1.5f}, param.values());
            assertEquals(0, engine.lent);
        }
    }

    @Test
    void clipAndAverageWithZipAlone() {
        FloatArray param = new FloatArray(3, -4);
        param.setGrad(3, -4);
        Bare engine = new Bare(new Zip());
        try (Optimizer<FloatArray> optimizer = new Optimizer<>(engine, new SGD(1), List.of(param))) {
            assertEquals(7, optimizer.clipGradNorm(100, 1, false));
            assertEquals(4, optimizer.clipGradNorm(100, Double.POSITIVE_INFINITY, false));
            assertEquals(5, optimizer.clipGradNorm(2.5));
            assertArrayEquals(new float[] {1.5f, -2}, param.grad().orElseThrow(), 1e-5f);
            optimizer.clipGradValue(1);
            assertArrayEquals(new float[] {1, -1}, param.grad().orElseThrow());
            AveragedModel<FloatArray> average = new AveragedModel<>(
                    engine,
                    Averaging.swa(),
                    List.of(new AveragedModel.Entry<>("w", param, new FloatArray(0, 0), false)));
            List<float[]> seen = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                average.update();
                optimizer.step();
                seen.add(param.values().clone());
            }
            // Averaged were 3, 2 and 1.
            assertArrayEquals(new float[] {2, -3}, average.parameters().get(0).values(), 1e-6f);
            assertArrayEquals(new float[] {0, -1}, seen.get(2));
        }
    }
}
