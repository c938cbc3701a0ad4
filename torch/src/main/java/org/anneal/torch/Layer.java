package org.anneal.torch;

import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.BatchNorm1dImpl;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.DropoutImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A step of a {@link Sequential} network.
 *
 * @param module libtorch's layer, with the parameters; empty for a function without any
 * @param forward computes the step's output
 */
public record Layer(Optional<Module> module, UnaryOperator<Tensor> forward) {
    public Layer {
        Objects.requireNonNull(module, "module");
        Objects.requireNonNull(forward, "forward");
    }

    /** {@return a step that has no parameters, such as {@code Layer.of(Tensor::sigmoid)}} */
    public static Layer of(UnaryOperator<Tensor> forward) {
        return new Layer(Optional.empty(), forward);
    }

    /** {@return {@link Layers#linear}} */
    public static Layer linear(long inputs, long outputs) {
        LinearImpl layer = Layers.linear(inputs, outputs);
        return new Layer(Optional.of(layer), layer::forward);
    }

    /** {@return {@link Layers#conv2d}} */
    public static Layer conv2d(long inputs, long outputs, long kernel, long stride, long padding) {
        Conv2dImpl layer = Layers.conv2d(inputs, outputs, kernel, stride, padding);
        return new Layer(Optional.of(layer), layer::forward);
    }

    /** {@return {@link Layers#batchNorm1d}} */
    public static Layer batchNorm1d(long features) {
        BatchNorm1dImpl layer = Layers.batchNorm1d(features);
        return new Layer(Optional.of(layer), layer::forward);
    }

    /** {@return {@link Layers#batchNorm2d}} */
    public static Layer batchNorm2d(long channels) {
        BatchNorm2dImpl layer = Layers.batchNorm2d(channels);
        return new Layer(Optional.of(layer), layer::forward);
    }

    /** {@return {@link Layers#dropout}} */
    public static Layer dropout(double p) {
        DropoutImpl layer = Layers.dropout(p);
        return new Layer(Optional.of(layer), layer::forward);
    }

    /** {@return PyTorch's {@code nn.ReLU()}} */
    public static Layer relu() {
        return of(Tensor::relu);
    }

    /** {@return PyTorch's {@code nn.Tanh()}} */
    public static Layer tanh() {
        return of(Tensor::tanh);
    }

    /** {@return PyTorch's {@code nn.MaxPool2d(size)}} */
    public static Layer maxPool2d(long size) {
        return of(input -> torch.max_pool2d(input, size, size));
    }

    /** {@return PyTorch's {@code nn.Flatten()}} */
    public static Layer flatten() {
        return of(input -> input.flatten(1, -1));
    }
}
