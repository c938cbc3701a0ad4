package org.anneal.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.checkpoint.DType;
import org.anneal.checkpoint.TensorData;
import org.anneal.schedule.LambdaLR;
import org.anneal.schedule.LinearLR;
import org.anneal.text.LrLambda;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Averages of parameters over the updates. */
class AveragedModelTest {
    private final FloatArray a = new FloatArray(1f, 2f);
    private final FloatArray b = new FloatArray(new float[] {3}, List.of(1L, 1L));
    private final List<FloatArray> params = List.of(a, b);

    private void move(float by) {
        params.forEach(param -> {
            for (int i = 0; i < param.values().length; i++) {
                param.values()[i] += by;
            }
        });
    }

    private static void assertValues(List<FloatArray> arrays, float... expected) {
        assertArrayEquals(
                expected,
                new float[] {
                    arrays.get(0).values()[0],
                    arrays.get(0).values()[1],
                    arrays.get(1).values()[0]
                },
                1e-6f);
    }

    @Test
    void startsAsACopyAndCopiesAtTheFirstUpdate() {
        AveragedModel<FloatArray> average = FloatArrays.averagedModel(params, Averaging.swa());
        assertValues(average.parameters(), 1, 2, 3);
        assertEquals(0, average.nAveraged());
        move(1);
        assertValues(average.parameters(), 1, 2, 3);
        average.update();
        assertValues(average.parameters(), 2, 3, 4);
        assertEquals(1, average.nAveraged());
    }

    @Test
    void givesEveryUpdateTheSameWeight() {
        AveragedModel<FloatArray> average = FloatArrays.averagedModel(params, Averaging.swa());
        for (int i = 0; i < 4; i++) {
            move(i); // 0, 1, 3, 6 in all
            average.update();
        }
        assertValues(average.parameters(), 3.5f, 4.5f, 5.5f);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.25, 0.5, 0.75, 1})
    void letsOldUpdatesDecay(double decay) {
        AveragedModel<FloatArray> average = FloatArrays.averagedModel(params, Averaging.ema(decay));
        average.update();
        move(8);
        average.update();
        float moved = (float) (8 * (1 - decay));
        assertValues(average.parameters(), 1 + moved, 2 + moved, 3 + moved);
    }

    @Test
    void followsAScheduleOfTheDecay() {
        LinearLR rises = new LinearLR(0.25, 1, 3); // 0.2, 0.4, 0.6, 0.8, 0.8
        AveragedModel<FloatArray> average = FloatArrays.averagedModel(params, Averaging.ema(0.8, rises));
        double mean = 1;
        double value = 1;
        average.update(); // a copy
        for (double decay : new double[] {0.4, 0.6, 0.8, 0.8}) {
            move(8);
            value += 8;
            average.update();
            mean = decay * mean + (1 - decay) * value;
            assertEquals(mean, average.parameters().get(0).values()[0], 1e-5);
        }
    }

    @Test
    void goesOnWithTheDecayOfItsSchedule() {
        Averaging rises = Averaging.ema(0.8, new LinearLR(0.25, 1, 5));
        AveragedModel<FloatArray> whole = FloatArrays.averagedModel(params, rises);
        for (int i = 0; i < 3; i++) {
            move(8);
            whole.update();
        }
        AveragedModel<FloatArray> resumed = FloatArrays.averagedModel(params, rises);
        resumed.loadStateDict(whole.stateDict());
        for (int i = 0; i < 4; i++) {
            move(8);
            whole.update();
            resumed.update();
            assertEquals(
                    whole.parameters().get(0).values()[0],
                    resumed.parameters().get(0).values()[0]);
        }
    }

    @Test
    void refusesADecayOutOfRangeFromASchedule() {
        LambdaLR rises = new LambdaLR(LrLambda.parse("lambda s: s"));
        AveragedModel<FloatArray> average = FloatArrays.averagedModel(params, Averaging.ema(0.5, rises));
        for (int i = 0; i < 3; i++) {
            average.update();
        }
        move(8);
        assertEquals(
                "decay must be >= 0 and <= 1, but was 1.5 at update 3, from LambdaLR(lr_lambda=lambda s: s)",
                assertThrows(ArithmeticException.class, average::update).getMessage());
        assertValues(average.parameters(), 1, 2, 3);
        assertEquals(3, average.nAveraged());
    }

    @Test
    void refusesADecayOutOfRange() {
        for (double decay : new double[] {-0.1, 1.1, Double.NaN}) {
            assertEquals(
                    "decay must be >= 0 and <= 1, but was " + decay,
                    assertThrows(IllegalArgumentException.class, () -> Averaging.ema(decay))
                            .getMessage());
        }
    }

    @Test
    void swapsForAnEvaluationAndBack() {
        AveragedModel<FloatArray> average = FloatArrays.averagedModel(params, Averaging.swa());
        move(4);
        average.swap();
        assertValues(params, 1, 2, 3);
        assertValues(average.parameters(), 5, 6, 7);
        assertEquals(
                "model and averages must be swapped back before update()",
                assertThrows(IllegalStateException.class, average::update).getMessage());
        Map<String, Object> dict = average.stateDict();
        assertArrayEquals(new float[] {1, 2}, ((TensorData) dict.getOrDefault("module.0", "")).toFloats());
        assertThrows(IllegalStateException.class, () -> average.loadStateDict(dict));
        average.swap();
        assertValues(params, 5, 6, 7);
        assertValues(average.parameters(), 1, 2, 3);
        average.update();
    }

    @Test
    void copiesToOtherParameters() {
        AveragedModel<FloatArray> average = FloatArrays.averagedModel(params, Averaging.swa());
        List<FloatArray> others = List.of(new FloatArray(0f, 0f), new FloatArray(new float[1], List.of(1L, 1L)));
        average.copyTo(others);
        assertValues(others, 1, 2, 3);
        assertEquals(
                "params must have the shapes [[2], [1, 1]], but had [[2], [1]]",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> average.copyTo(List.of(new FloatArray(0f, 0f), new FloatArray(1f))))
                        .getMessage());
    }

    @Test
    void isSavedAndLoadedInPyTorchsLayout() {
        AveragedModel<FloatArray> first = FloatArrays.averagedModel(params, Averaging.swa());
        first.update();
        move(1);
        first.update();
        Map<String, Object> dict = first.stateDict();
        assertEquals(List.of("n_averaged", "module.0", "module.1"), List.copyOf(dict.keySet()));
        TensorData count = (TensorData) dict.getOrDefault("n_averaged", "");
        assertEquals(DType.INT64, count.dtype());
        assertEquals(List.of(), count.shape());
        assertEquals(2, count.item());
        move(5);
        AveragedModel<FloatArray> second = FloatArrays.averagedModel(params, Averaging.swa());
        second.loadStateDict(dict);
        assertValues(second.parameters(), 1.5f, 2.5f, 3.5f);
        first.update();
        second.update();
        assertValues(second.parameters(), 10 / 3f, 13 / 3f, 16 / 3f);
        assertEquals(first.nAveraged(), second.nAveraged());
    }

    @Test
    void refusesAStateOfAnotherModelAndChangesNothing() {
        AveragedModel<FloatArray> average = FloatArrays.averagedModel(params, Averaging.swa());
        average.update();
        Map<String, Object> dict = new HashMap<>(average.stateDict());
        dict.put("n_averaged", TensorData.scalar(DType.INT64, 7));
        dict.put("module.2", TensorData.scalar(0));
        assertRefused(
                average, dict, "a state dict must have the names of the averaged model only, but also had module.2");
        dict.put("module.1", TensorData.scalar(0));
        assertRefused(average, dict, "module.1 must be a tensor of shape [1, 1], but was of shape []");
        for (double count : new double[] {-1, 1.5, Double.NaN}) {
            Map<String, Object> damaged = new HashMap<>(average.stateDict());
            damaged.put("n_averaged", TensorData.scalar(count));
            assertRefused(average, damaged, "n_averaged must be a whole number from 0 to 2^53, but was " + count);
        }
        Map<String, Object> imaginary = new HashMap<>(average.stateDict());
        imaginary.put("n_averaged", TensorData.scalar(DType.INT64, 7));
        imaginary.put(
                "module.1",
                TensorData.of(
                        DType.COMPLEX64, TensorData.scalar(DType.FLOAT64, 0).storage(), List.of(1L, 1L)));
        assertRefused(average, imaginary, "module.1 must be real, but was complex64");
        dict.remove("module.0");
        assertRefused(average, dict, "module.0 must be a tensor of shape [2], but was missing");
    }

    private static void assertRefused(AveragedModel<FloatArray> average, Map<?, ?> dict, String message) {
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> average.loadStateDict(dict))
                        .getMessage());
        assertEquals(1, average.nAveraged());
    }
}
