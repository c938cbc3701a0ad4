package org.anneal.torch;

import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.BatchNorm1dImpl;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.BatchNormOptions;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.Conv2dOptions;
import org.bytedeco.pytorch.DropoutImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;

/**
 * Layers with PyTorch's arguments, where libtorch's own need objects of options. They are to be {@linkplain Network#register
 * registered}.
 *
 * <pre>{@code
 * final Conv2dImpl conv = register("conv", Layers.conv2d(3, 16, 3, 1, 1));
 * }</pre>
 *
 * <p>Import the classes of {@code org.bytedeco.pytorch} one by one: a star import of them has an {@code Optimizer}, an {@code SGD}, an
 * {@code Adam} and others of libtorch, with the names of those here.
 */
public final class Layers {
    static {
        Torch.load();
    }

    private Layers() {}

    /** {@return PyTorch's {@code nn.Linear(inputs, outputs)}} */
    public static LinearImpl linear(long inputs, long outputs) {
        return new LinearImpl(inputs, outputs);
    }

    /** {@return PyTorch's {@code nn.Conv2d(inputs, outputs, kernel)}, with a square kernel} */
    public static Conv2dImpl conv2d(long inputs, long outputs, long kernel) {
        return conv2d(inputs, outputs, kernel, 1, 0);
    }

    /** {@return PyTorch's {@code nn.Conv2d(inputs, outputs, kernel, stride, padding)}} */
    public static Conv2dImpl conv2d(long inputs, long outputs, long kernel, long stride, long padding) {
        return conv2d(inputs, outputs, kernel, stride, padding, true);
    }

    /** {@return PyTorch's {@code nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=bias)}} */
    public static Conv2dImpl conv2d(long inputs, long outputs, long kernel, long stride, long padding, boolean bias) {
        Conv2dOptions options = new Conv2dOptions(inputs, outputs, new LongPointer(kernel, kernel));
        options.stride().put(0, stride).put(1, stride);
        options.padding().put(new LongPointer(padding, padding));
        options.bias().put(bias);
        return new Conv2dImpl(options);
    }

    /** {@return PyTorch's {@code nn.BatchNorm1d(features)}} */
    public static BatchNorm1dImpl batchNorm1d(long features) {
        return new BatchNorm1dImpl(new BatchNormOptions(features));
    }

    /** {@return PyTorch's {@code nn.BatchNorm2d(channels)}} */
    public static BatchNorm2dImpl batchNorm2d(long channels) {
        return new BatchNorm2dImpl(new BatchNormOptions(channels));
    }

    /**
     * {@return PyTorch's {@code nn.Dropout(p)}}
     *
     * @param p the part that is dropped, from 0 to 1
     */
    public static DropoutImpl dropout(double p) {
        if (!(p >= 0 && p <= 1)) {
            throw new IllegalArgumentException("p must be >= 0 and <= 1, but was " + p);
        }
        return new DropoutImpl(p);
    }

    /** {@return the index of the largest entry along a dimension: PyTorch's {@code tensor.argmax(dim)}} */
    public static Tensor argmax(Tensor tensor, long dim) {
        return tensor.argmax(new LongOptional(dim), false);
    }
}
