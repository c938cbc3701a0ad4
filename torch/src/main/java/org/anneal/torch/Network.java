package org.anneal.torch;

import java.util.ArrayList;
import java.util.List;
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

    private final Root module = new Root(getClass().getSimpleName());

    /**
     * The network's own module, which holds its parts: libtorch calls some methods of the Java object of a module, which fails once
     * that is collected as garbage.
     */
    private static final class Root extends Module {
        private final List<Module> parts = new ArrayList<>();

        Root(String name) {
            super(name);
        }
    }

    /** A network without layers yet. */
    protected Network() {}

    /** {@return the network's output for {@code input}, a batch of samples stacked along dimension 0} */
    public abstract Tensor forward(Tensor input);

    /** {@return the layers, as libtorch's own module: parameters, training mode, device} */
    public final Module module() {
        return module;
    }

    /**
     * Makes {@code layer}, one of libtorch's or another network's {@link #module}, part of this network.
     *
     * @param name prefix of its parameters' names; unique, without a dot
     * @return the layer
     */
    protected final <M extends Module> M register(String name, M layer) {
        M part = module.register_module(name, layer);
        module.parts.add(layer);
        return part;
    }
}
