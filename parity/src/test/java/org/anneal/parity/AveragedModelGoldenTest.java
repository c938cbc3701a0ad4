package org.anneal.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.AveragedModel;
import org.anneal.optim.Averaging;
import org.anneal.torch.Torch;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Holds both engines to PyTorch's AveragedModel. */
class AveragedModelGoldenTest {
    private static final float TENSORS = 0; // the same operations, and so the same bits
    private static final float ARRAYS = 1e-6f; // where PyTorch multiplies and adds in one rounding

    @BeforeAll
    static void useOneThread() {
        Torch.load();
        torch.set_num_threads(1);
    }

    static Stream<Named<JsonNode>> cases() {
        return Golden.cases("averaged_model.json");
    }

    @ParameterizedTest
    @MethodSource("cases")
    void arraysAverageAsPyTorch(JsonNode golden) {
        List<FloatArray> params = golden.get("initial")
                .valueStream()
                .map(values -> new FloatArray(Golden.floats(values)))
                .toList();
        AveragedModel<FloatArray> average = FloatArrays.averagedModel(params, averaging(golden));
        follow(golden, average, new TestedEngine.Arrays(), params, ARRAYS);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void tensorsAverageAsPyTorch(JsonNode golden) {
        Module model = new Module("model");
        Module averaged = new Module("averaged");
        for (JsonNode values : golden.get("initial")) {
            String name = Long.toString(model.parameters().size());
            model.register_parameter(name, Tensor.create(Golden.floats(values)), true);
            averaged.register_parameter(name, Tensor.create(new float[values.size()]), true);
        }
        AveragedModel<Tensor> average = Torch.averagedModel(model, averaged, averaging(golden));
        follow(golden, average, new TestedEngine.Tensors(), Torch.parameters(model), TENSORS);
    }

    private static Averaging averaging(JsonNode golden) {
        return golden.get("average").asString().equals("swa")
                ? Averaging.swa()
                : Averaging.ema(golden.get("decay").asDouble());
    }

    private static <T> void follow(
            JsonNode golden, AveragedModel<T> average, TestedEngine<T> engine, List<T> params, float tolerance) {
        compare(golden.get("initial"), average, engine, tolerance);
        for (JsonNode update : golden.get("updates")) {
            for (int p = 0; p < params.size(); p++) {
                engine.write(params.get(p), Golden.floats(update.get("params").get(p)));
            }
            average.update();
            assertEquals(update.get("n_averaged").asLong(), average.nAveraged());
            compare(update.get("averaged"), average, engine, tolerance);
        }
    }

    private static <T> void compare(
            JsonNode expected, AveragedModel<T> average, TestedEngine<T> engine, float tolerance) {
        List<T> averages = average.parameters();
        IntStream.range(0, averages.size())
                .forEach(p -> assertArrayEquals(
                        Golden.floats(expected.get(p)),
                        engine.read(averages.get(p)),
                        tolerance,
                        "parameter " + p + " after " + average.nAveraged()));
    }
}
