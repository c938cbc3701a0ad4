package org.anneal.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.Batch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.checkpoint.Dict;
import org.anneal.checkpoint.TensorData;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.CosineAnnealingLR;
import org.anneal.schedule.StepPer;
import org.anneal.text.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every update rule updates DJL's parameters as it updates arrays. */
class RulesTest {
    private static final int STEPS = 12;

    static Stream<UpdateRule> rules() {
        return UpdateRule.kinds().stream()
                .map(kind -> UpdateRule.parse(kind.name() + "()"))
                .filter(rule -> !rule.needsClosure());
    }

    @ParameterizedTest
    @MethodSource("rules")
    void updatesAsOnArraysGivenTheSameGradients(UpdateRule rule) throws Exception {
        DjlOptimizer optimizer = Djl.optimizer(rule).clipGradNorm(0.5);
        DjlListener listener = Djl.listener(optimizer).schedule(new CosineAnnealingLR(STEPS), StepPer.BATCH);
        // Without biases, as Muon is for matrices.
        try (Model model = Nets.model(new SequentialBlock()
                        .add(Linear.builder().setUnits(16).optBias(false).build())
                        .add(Activation::tanh)
                        .add(Linear.builder().setUnits(10).optBias(false).build()));
                Trainer trainer = Nets.trainer(model, optimizer, listener)) {
            List<Parameter> parameters = model.getBlock().getParameters().values();
            List<FloatArray> arrays = new ArrayList<>();
            for (Parameter parameter : parameters) {
                NDArray array = parameter.getArray();
                arrays.add(new FloatArray(
                        array.toFloatArray(),
                        List.of(array.getShape().get(0), array.getShape().get(1))));
            }
            Optimizer<FloatArray> expected = FloatArrays.optimizer(rule, arrays);
            LRScheduler scheduler = new LRScheduler(expected, new CosineAnnealingLR(STEPS));
            for (Batch batch : Images.dataset(trainer.getManager(), 0, 16 * STEPS, 16, false)
                    .getData(trainer.getManager())) {
                EasyTrain.trainBatch(trainer, batch);
                for (int i = 0; i < arrays.size(); i++) {
                    arrays.get(i)
                            .setGrad(parameters.get(i).getArray().getGradient().toFloatArray());
                }
                trainer.step();
                expected.clipGradNorm(0.5);
                expected.step();
                scheduler.step();
                for (int i = 0; i < arrays.size(); i++) {
                    assertArrayEquals(
                            arrays.get(i).values(),
                            parameters.get(i).getArray().toFloatArray(),
                            "parameter " + i + " after step " + expected.steps());
                }
            }
            assertEquals(STEPS, expected.steps());
            assertEquals(
                    numbers(new Dict("", expected.stateDict()).map("state")),
                    numbers(new Dict("", optimizer.stateDict()).map("state")));
        }
    }

    /** {@return {@code state} with the elements of its tensors} */
    private static Object numbers(Object state) {
        if (state instanceof Map<?, ?> map) {
            Map<Object, Object> numbers = new LinkedHashMap<>();
            map.forEach((key, value) -> numbers.put(key, numbers(value)));
            return numbers;
        }
        return state instanceof TensorData data
                ? Arrays.stream(data.toDoubles()).boxed().toList()
                : state;
    }

    @Test
    void runsEveryRuleButTheOneThatNeedsAClosure() {
        assertTrue(rules().count() >= 20);
        assertEquals(
                List.of("LBFGS"),
                UpdateRule.kinds().stream()
                        .map(Kind::name)
                        .filter(name ->
                                rules().noneMatch(rule -> rule.kind().name().equals(name)))
                        .toList());
        assertEquals(
                "rule must use one gradient per step, which is what DJL gives, but was LBFGS(lr=1.0), which evaluates the loss"
                        + " several times",
                assertThrows(IllegalArgumentException.class, () -> Djl.optimizer(UpdateRule.parse("LBFGS()")))
                        .getMessage());
    }
}
