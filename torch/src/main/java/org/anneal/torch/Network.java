package org.anneal.torch;

import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/**
 * A model written in Java: registers its layers as it is constructed and computes with them in {@link #forward}.
 *
 * <pre>{@code
 * class Net extends Network {
 *     final LinearImpl fc = register("fc", new LinearImpl(784, 10));
 *
 *     @Override
 *     public Tensor forward(Tensor images) {
 *         return fc.forward(images.flatten(1, -1));
 *     }
 * }
 * }</pre>
 */
public abstract class Network {
    // Not a subclass of Module, whose initialiser would load libtorch before this line can.
    static {
        Torch.load();
    }

    private final Module module = new Module(getClass().getSimpleName());

    /** A network without layers yet. */
    protected Network() {}

    /** {@return the network's output for {@code input}, a batch of samples stacked along dimension 0} */
    public abstract Tensor forward(Tensor input);

    /** {@return the layers, as libtorch's own module: parameters, training mode, device} */
    public final Module module() {
        return module;
    }

    /**
     * Makes {@code layer} part of this network and {@return it}
     *
     * @param name prefix of its parameters' names; unique, without a dot
     */
    protected final <M extends Module> M register(String name, M layer) {
        return module.register_module(name, layer);
    }
}
