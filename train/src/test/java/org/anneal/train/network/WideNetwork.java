package org.anneal.train.network;

import java.util.List;
import org.anneal.torch.Network;
import org.anneal.train.data.Dataset;

/** A user's own network, as a jar would name it. */
public final class WideNetwork implements NamedNetwork {
    @Override
    public String name() {
        return "wide";
    }

    @Override
    public String form() {
        return "wide:WIDTH";
    }

    @Override
    public String says() {
        return "one wide layer";
    }

    @Override
    public Network build(String arguments, Dataset data) {
        return Mlp.forData(data, List.of(Integer.valueOf(arguments)), Mlp.Activation.RELU);
    }
}
