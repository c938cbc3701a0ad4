package org.anneal.torch;

import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * A network of steps, one after another: PyTorch's {@code nn.Sequential}. Its parameters have PyTorch's names, {@code 0.weight} for
 * those of the first step.
 *
 * <pre>{@code
 * Network net = new Sequential(Layer.linear(784, 64), Layer.relu(), Layer.dropout(0.2), Layer.linear(64, 10));
 * }</pre>
 */
public final class Sequential extends Network {
    private final List<Layer> layers;

    /** A network of these steps, of which none may be part of another network. */
    public Sequential(Layer... layers) {
        this.layers = List.of(layers);
        for (int i = 0; i < layers.length; i++) {
            String name = Integer.toString(i);
            layers[i].module().ifPresent(module -> register(name, module));
        }
    }

    @Override
    public Tensor forward(Tensor input) {
        Tensor output = input;
        for (Layer layer : layers) {
            output = layer.forward().apply(output);
        }
        return output;
    }
}
