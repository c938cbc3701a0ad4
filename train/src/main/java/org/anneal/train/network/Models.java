package org.anneal.train.network;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.anneal.text.Spelling;
import org.anneal.torch.Network;
import org.anneal.train.data.Dataset;
import org.bytedeco.pytorch.Tensor;

/**
 * Networks by name.
 *
 * <pre>{@code
 * Network network = Models.of("mlp:64,64", data.train());
 * }</pre>
 *
 * <p>{@code tutorial} is {@link TutorialNet}, {@code linear} and {@code mlp:64,64} or {@code mlp:64,64:tanh} are {@link Mlp}, and
 * {@code resnet8} and {@code resnet20} are {@link ResNet}. Others are {@link NamedNetwork}s of jars.
 *
 * <p>A network has an output for each class, or one for each value of a target, in its shape.
 */
public final class Models {
    private static final List<NamedNetwork> OWN = List.of(
            new Own("tutorial", "", "PyTorch's tutorial network for images", plain(TutorialNet::forImages)),
            new Own("linear", "", "one linear layer", plain(data -> Mlp.forData(data, List.of(), Mlp.Activation.RELU))),
            new Own("mlp", "SIZES[:ACTIVATION]", "linear layers with an activation between them", Models::mlp),
            new Own("resnet8", "", "a small residual network for images", plain(data -> ResNet.forImages(8, data))),
            new Own("resnet20", "", "a residual network for images", plain(data -> ResNet.forImages(20, data))));

    private Models() {}

    private record Own(String name, String arguments, String says, BiFunction<String, Dataset, Network> builder)
            implements NamedNetwork {
        @Override
        public String form() {
            return arguments.isEmpty() ? name : name + ":" + arguments;
        }

        @Override
        public Network build(String given, Dataset data) {
            if (arguments.isEmpty() && !given.isEmpty()) {
                throw new IllegalArgumentException("network must be " + name + " alone, but was " + name + ":" + given);
            }
            return builder.apply(given, data);
        }
    }

    private static BiFunction<String, Dataset, Network> plain(Function<Dataset, Network> builder) {
        return (arguments, data) -> builder.apply(data);
    }

    /**
     * {@return a new network for the samples and targets of {@code data}, initialised from libtorch's random numbers}
     *
     * @param text its name, and arguments after a colon
     * @throws IllegalArgumentException if no network has that name, or it does not suit the data
     */
    public static Network of(String text, Dataset data) {
        String[] parts = text.strip().split(":", 2);
        for (NamedNetwork each : all()) {
            if (each.name().equals(parts[0])) {
                return each.build(parts.length == 1 ? "" : parts[1], data);
            }
        }
        throw new IllegalArgumentException("network must be "
                + Spelling.choice(all().stream().map(NamedNetwork::form).toList()) + ", but was '" + text + "'");
    }

    /** {@return the networks that {@link #of} makes: Anneal's own, then those of jars} */
    static List<NamedNetwork> all() {
        List<NamedNetwork> all = new ArrayList<>(OWN);
        ServiceLoader.load(NamedNetwork.class).forEach(all::add);
        return all;
    }

    /** {@return the number of values of a sample} */
    public static long inputs(Dataset data) {
        return product(data.shape());
    }

    /** {@return the shape of a network's output for one sample: the number of classes, or the shape of a target} */
    public static long[] outputs(Dataset data) {
        long[] targetShape = data.targetShape();
        return targetShape.length == 0 ? new long[] {data.classes().size()} : targetShape;
    }

    static long product(long... shape) {
        return Arrays.stream(shape).reduce(1, Math::multiplyExact);
    }

    /** {@return batch x values in the shape of targets} */
    static Tensor shaped(Tensor values, long[] outputs) {
        return outputs.length == 1 ? values : values.unflatten(1, outputs);
    }

    private static Network mlp(String arguments, Dataset data) {
        String[] parts = arguments.split(":", -1);
        if (parts.length > 2 || !parts[0].matches("\\s*[1-9]\\d{0,8}\\s*(,\\s*[1-9]\\d{0,8}\\s*)*")) {
            throw new IllegalArgumentException(
                    "network must be mlp with the sizes of its hidden layers, such as mlp:64,64 or mlp:64,64:tanh, but was"
                            + " mlp" + (arguments.isEmpty() ? "" : ":" + arguments));
        }
        List<Integer> hidden = Stream.of(parts[0].split(","))
                .map(String::strip)
                .map(Integer::valueOf)
                .toList();
        return Mlp.forData(data, hidden, parts.length == 1 ? Mlp.Activation.RELU : activation(parts[1].strip()));
    }

    private static Mlp.Activation activation(String name) {
        for (Mlp.Activation each : Mlp.Activation.values()) {
            if (lower(each).equals(name)) {
                return each;
            }
        }
        throw new IllegalArgumentException("activation must be one of "
                + Stream.of(Mlp.Activation.values()).map(Models::lower).collect(Collectors.joining(", "))
                + ", but was " + name);
    }

    private static String lower(Mlp.Activation activation) {
        return activation.name().toLowerCase(Locale.ROOT);
    }
}
