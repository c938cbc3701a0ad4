package org.anneal.dl4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.anneal.array.FloatArray;
import org.anneal.array.FloatArrays;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.Optimizer;
import org.anneal.optim.UpdateRule;
import org.anneal.schedule.Schedule;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** PyTorch's rules in a network: what the {@code float[]} engine makes of the same gradients, to the last bit. */
class AnnealUpdaterTest {
    private static final int STEPS = 200;
    private static final Schedule MOVING = Schedule.parse(
            "SequentialLR([LinearLR(start_factor=0.1, total_iters=20), CosineAnnealingLR(T_max=150)], milestones=[20])");

    static Stream<String> rules() {
        return Stream.concat(
                UpdateRule.kinds().stream()
                        .map(kind -> UpdateRule.parse(kind.name() + "()"))
                        .filter(UpdateRule::isElementwise)
                        .map(UpdateRule::toString),
                Stream.of(
                        "SGD(lr=0.1, momentum=0.9)",
                        "SGD(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01)",
                        "SGD(lr=0.1, momentum=0.9, dampening=0.5, weight_decay=0.01)",
                        "Adam(lr=0.01, betas=(0.8, 0.99), weight_decay=0.1)",
                        "Adam(lr=0.01, amsgrad=True)",
                        "AdamW(lr=0.01, weight_decay=0.1)",
                        "Adagrad(lr=0.1, lr_decay=0.01, initial_accumulator_value=0.1)",
                        "RMSprop(lr=0.01, momentum=0.9, centered=True, weight_decay=0.01)",
                        "NAdam(lr=0.01, weight_decay=0.1, decoupled_weight_decay=True)",
                        "RAdam(lr=0.01, weight_decay=0.1)",
                        "Lion(lr=0.001, weight_decay=0.1)"));
    }

    private static MultiLayerNetwork net(UpdateRule rule, Schedule schedule) {
        return Nets.small(Dl4j.optimizer(new NeuralNetConfiguration.Builder(), rule, schedule));
    }

    @ParameterizedTest
    @MethodSource("rules")
    void movesTheParametersAsTheArraysDo(String text) throws IOException {
        UpdateRule rule = UpdateRule.parse(text);
        MultiLayerNetwork net = net(rule, MOVING);
        Nets.Gradients gradients = new Nets.Gradients();
        net.addListeners(gradients);
        FloatArray params = new FloatArray(net.params().toFloatVector());
        try (Optimizer<FloatArray> optimizer = FloatArrays.optimizer(rule, List.of(params))) {
            LRScheduler scheduler = new LRScheduler(optimizer, MOVING);
            for (int step = 0; step < STEPS; step++) {
                net.fit(Nets.batch(step));
                optimizer.groups().get(0).setLr(MOVING.at(step, rule.lr()));
                params.setGrad(gradients.last());
                optimizer.step();
                assertArrayEquals(params.values(), net.params().toFloatVector(), "step " + step);
            }
        }
    }
}
