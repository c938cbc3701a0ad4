package org.anneal.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.anneal.checkpoint.Dict;
import org.anneal.checkpoint.TensorData;
import org.anneal.checkpoint.TorchFile;
import org.anneal.optim.AdamW;
import org.junit.jupiter.api.Test;

/** An optimizer whose training Python began goes on in DJL; parity/djl.py describes its file. */
class PythonFileTest {
    private static final Path FILE = Path.of("src/test/resources/golden/python.pt");
    private static final List<String> ORDER =
            List.of("01Linear_weight", "01Linear_bias", "03Linear_weight", "03Linear_bias");

    /** Loads an optimizer's state. */
    private interface Loading {
        void load(DjlOptimizer optimizer, Map<String, Object> file);
    }

    private static Map<?, ?> dict(Map<String, Object> file, String name) {
        return new Dict("", file).map(name);
    }

    private static void goesOn(Loading loading) throws Exception {
        DjlOptimizer optimizer = Djl.optimizer(new AdamW(0.5)); // the state has the rate
        try (Model model = Nets.model(new SequentialBlock()
                        .add(Linear.builder().setUnits(3).build())
                        .add(Activation::tanh)
                        .add(Linear.builder().setUnits(2).build()));
                Trainer trainer = model.newTrainer(Nets.config(optimizer, Djl.listener(optimizer)));
                TorchFile file = TorchFile.open(FILE)) {
            trainer.initialize(new Shape(4, 4));
            List<Parameter> parameters = model.getBlock().getParameters().values();
            List<Object> weights = new ArrayList<>(dict(file.dict(), "model").values());
            for (int p = 0; p < weights.size(); p++) {
                parameters
                        .get(p)
                        .getArray()
                        .toByteBuffer(true)
                        .asFloatBuffer()
                        .put(((TensorData) weights.get(p)).toFloats());
            }
            loading.load(optimizer, file.dict());
            try (NDManager manager = trainer.getManager().newSubManager()) {
                for (int step = 5; step < 10; step++) {
                    float[] inputs = new float[16];
                    for (int i = 0; i < 16; i++) {
                        inputs[i] = (((step * 16 + i) * 7 + 3) % 11 - 5) / 8f;
                    }
                    NDArray labels = manager.create(new float[] {0, 1, 0, 1});
                    try (GradientCollector collector = trainer.newGradientCollector()) {
                        NDList outputs = trainer.forward(new NDList(manager.create(inputs, new Shape(4, 4))));
                        collector.backward(trainer.getLoss().evaluate(new NDList(labels), outputs));
                    }
                    trainer.step();
                }
            }
            assertArrayEquals(new Dict("", file.dict()).tensor("end").toFloats(), Nets.weights(model), 1e-6f);
        }
    }

    @Test
    void itsParametersAreTakenInTheNetworksOrder() throws Exception {
        goesOn((optimizer, file) -> optimizer.loadStateDict(dict(file, "unnamed")));
    }

    @Test
    void itsParametersAreNamedByAnOrderThatIsGiven() throws Exception {
        goesOn((optimizer, file) -> optimizer.loadStateDict(dict(file, "optimizer"), ORDER));
        goesOn((optimizer, file) -> optimizer.loadStateDict(dict(file, "unnamed"), ORDER));
    }

    @Test
    void itsParamNamesAreThoseOfTheNetwork() throws Exception {
        goesOn((optimizer, file) -> {
            Map<Object, Object> dict = new LinkedHashMap<>(dict(file, "unnamed"));
            Map<Object, Object> group = new LinkedHashMap<>(
                    new Dict("", dict).dicts("param_groups").get(0).entries());
            group.put("params", List.of(3L, 2L, 1L, 0L));
            group.put("param_names", List.of("03Linear_bias", "03Linear_weight", "01Linear_bias", "01Linear_weight"));
            dict.put("param_groups", List.of(group));
            optimizer.loadStateDict(dict);
        });
    }

    @Test
    void refusesNamesThatAreNotTheNetworks() {
        refuses(
                "param_names of group 'all' must be [01Linear_weight, 01Linear_bias, 03Linear_weight, 03Linear_bias] in any"
                        + " order, but was [0.weight, 0.bias, 2.weight, 2.bias]",
                (optimizer, file) -> optimizer.loadStateDict(dict(file, "optimizer")));
        refuses(
                "order must name the 4 parameters of the state, but named 3",
                (optimizer, file) -> optimizer.loadStateDict(dict(file, "unnamed"), ORDER.subList(0, 3)));
        refuses(
                "order must name the 4 parameters of the state, but named 8",
                (optimizer, file) -> optimizer.loadStateDict(
                        dict(file, "unnamed"), List.of("a", "b", "c", "d", "e", "f", "g", "h")));
    }

    private static void refuses(String message, Loading loading) {
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> goesOn(loading))
                        .getMessage());
    }
}
