package org.anneal.examples;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.anneal.array.FloatArray;
import org.anneal.optim.Optimizer;

/** The model of the small programs, {@code nn.Linear(10, 1)}, with gradients computed by hand. */
final class LinearModel {
    private static final int INPUTS = 10;

    private final FloatArray weight = new FloatArray(new float[INPUTS]);
    private final FloatArray bias = new FloatArray(0);

    LinearModel() {
        SplittableRandom random = new SplittableRandom(0);
        double bound = 1 / Math.sqrt(INPUTS);
        for (int i = 0; i < INPUTS; i++) {
            weight.values()[i] = (float) random.nextDouble(-bound, bound);
        }
    }

    List<FloatArray> parameters() {
        return List.of(weight, bias);
    }

    /** Makes one step on a batch of ones, with the squared output as loss: enough for a program about learning rates. */
    void trainOneEpoch(Optimizer<FloatArray> optimizer) {
        optimizer.zeroGrad();
        float output = bias.values()[0];
        for (float w : weight.values()) {
            output += w;
        }
        float[] grad = new float[INPUTS];
        Arrays.fill(grad, 2 * output);
        weight.setGrad(grad);
        bias.setGrad(2 * output);
        optimizer.step();
    }
}
