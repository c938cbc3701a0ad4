package org.anneal.train.network;

import java.util.ArrayList;
import java.util.List;
import org.anneal.torch.Network;
import org.anneal.train.data.Dataset;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Linear layers with an activation between them. A sample of any shape is flattened first.
 *
 * <p>The layers have the names, and the initial values, of {@code torch.nn.Sequential(Linear, ReLU, Linear, ...)}: the weights are
 * {@code 0.weight}, {@code 0.bias}, {@code 2.weight}, ... Without hidden layers it is one linear layer, {@code 0}.
 */
public final class Mlp extends Network {
    /** What is computed of each value between two layers, as PyTorch's module of that name does by default. */
    public enum Activation {
        RELU,
        TANH,
        SIGMOID,
        GELU,
        SILU,
        ELU,
        LEAKY_RELU;

        private Tensor of(Tensor values) {
            return switch (this) {
                case RELU -> values.relu();
                case TANH -> values.tanh();
                case SIGMOID -> values.sigmoid();
                case GELU -> torch.gelu(values);
                case SILU -> torch.silu(values);
                case ELU -> torch.elu(values);
                case LEAKY_RELU -> torch.leaky_relu(values);
            };
        }
    }

    private final List<LinearImpl> layers = new ArrayList<>();
    private final Activation activation;
    private final long[] outputs;

    /**
     * A network initialised from libtorch's random numbers.
     *
     * @param inputs values of a sample, at least 1
     * @param hidden sizes of the hidden layers from the input on, each at least 1; may be empty
     * @param outputs the shape of the output for one sample, such as the number of classes
     */
    public Mlp(long inputs, List<Integer> hidden, Activation activation, long... outputs) {
        this.activation = activation;
        this.outputs = outputs.clone();
        List<Long> sizes = new ArrayList<>();
        sizes.add(inputs);
        hidden.forEach(size -> sizes.add((long) size));
        sizes.add(Models.product(outputs));
        if (outputs.length == 0 || sizes.stream().anyMatch(size -> size < 1)) {
            throw new IllegalArgumentException("sizes of layers must be at least 1, but were " + sizes);
        }
        for (int i = 0; i < sizes.size() - 1; i++) {
            layers.add(register(Integer.toString(2 * i), new LinearImpl(sizes.get(i), sizes.get(i + 1))));
        }
    }

    /** {@return the network for the samples and targets of {@code data}} */
    public static Mlp forData(Dataset data, List<Integer> hidden, Activation activation) {
        return new Mlp(Models.inputs(data), hidden, activation, Models.outputs(data));
    }

    @Override
    public Tensor forward(Tensor samples) {
        Tensor x = layers.get(0).forward(samples.flatten(1, -1));
        for (LinearImpl layer : layers.subList(1, layers.size())) {
            x = layer.forward(activation.of(x));
        }
        return Models.shaped(x, outputs);
    }
}
