package org.anneal.train.network;

import java.util.List;
import org.anneal.torch.Network;
import org.anneal.train.data.Dataset;

/**
 * A kind of network that {@link Models#of} makes by its name. A jar names its own in
 * {@code META-INF/services/org.anneal.train.network.NamedNetwork}.
 *
 * <pre>{@code
 * public final class MyNets implements NamedNetwork {
 *     public String name() { return "wide"; }
 *
 *     public String form() { return "wide:WIDTH"; }
 *
 *     public String says() { return "one wide layer"; }
 *
 *     public Network build(String arguments, Dataset data) {
 *         return new Mlp(Models.inputs(data), List.of(Integer.valueOf(arguments)), Mlp.Activation.RELU, Models.outputs(data));
 *     }
 * }
 * }</pre>
 */
public interface NamedNetwork {
    /** {@return the name, which no other has; without a colon} */
    String name();

    /** {@return how it is written, for messages: {@code mlp:SIZES}} By default, as the name alone. */
    default String form() {
        return name();
    }

    /** {@return what it is, in a few words} */
    String says();

    /**
     * {@return a new network for the samples and targets of {@code data}, initialised from libtorch's random numbers}
     *
     * @param arguments what follows the colon after the name; empty if nothing does
     * @throws IllegalArgumentException if the arguments or the data do not suit it
     */
    Network build(String arguments, Dataset data);

    /** {@return the networks that come with Anneal, then those of jars} */
    static List<NamedNetwork> all() {
        return Models.all();
    }
}
