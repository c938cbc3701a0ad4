package org.anneal.train.network;

import java.util.List;
import org.anneal.torch.Network;
import org.anneal.train.data.Dataset;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The network of PyTorch's tutorial <i>Training a Classifier</i>: two convolutions of 5 x 5, each followed by max pooling
 * of 2 x 2, then three linear layers, with ReLU between all. Input: batch x channels x size x size; output: batch x 10
 * scores, or as many as the data has classes. The layers' names, and so the weights', are the tutorial's: conv1, conv2, fc1, fc2, fc3.
 */
public final class TutorialNet extends Network {
    private static final int KERNEL = 5;
    private static final int CLASSES = 10;

    private final Conv2dImpl conv1;
    private final Conv2dImpl conv2;
    private final LinearImpl fc1;
    private final LinearImpl fc2;
    private final LinearImpl fc3;
    private final long[] outputs;

    /**
     * A network for square images, initialised from libtorch's random numbers.
     *
     * @param channels colours of an image, at least 1
     * @param size pixels of a side: 32 for CIFAR-10, 28 for Fashion-MNIST, at least 16
     * @throws IllegalArgumentException if no pixel is left after both poolings
     */
    public TutorialNet(long channels, long size) {
        this(channels, size, CLASSES);
    }

    /**
     * A network for square images, initialised from libtorch's random numbers.
     *
     * @param channels colours of an image, at least 1
     * @param size pixels of a side, at least 16
     * @param outputs the shape of the output for one image, such as the number of classes
     * @throws IllegalArgumentException if no pixel is left after both poolings
     */
    public TutorialNet(long channels, long size, long... outputs) {
        long side = pooled(pooled(size));
        if (channels < 1 || side < 1) {
            throw new IllegalArgumentException("images must have at least 1 channel and 16 x 16 pixels, but had "
                    + channels + " and " + size + " x " + size);
        }
        this.outputs = outputs.clone();
        conv1 = register("conv1", new Conv2dImpl(channels, 6, new LongPointer(KERNEL, KERNEL)));
        conv2 = register("conv2", new Conv2dImpl(6, 16, new LongPointer(KERNEL, KERNEL)));
        fc1 = register("fc1", new LinearImpl(16 * side * side, 120));
        fc2 = register("fc2", new LinearImpl(120, 84));
        fc3 = register("fc3", new LinearImpl(84, Models.product(outputs)));
    }

    /** The network for the images and targets of {@code data}: 3 x 32 x 32 for CIFAR-10, 1 x 28 x 28 for Fashion-MNIST. */
    public static TutorialNet forImages(Dataset data) {
        long[] shape = data.shape();
        if (shape.length != 3 || shape[1] != shape[2]) {
            throw new IllegalArgumentException(
                    "images must be channels x size x size, but were " + java.util.Arrays.toString(shape));
        }
        return new TutorialNet(shape[0], shape[1], Models.outputs(data));
    }

    @Override
    public Tensor forward(Tensor images) {
        Tensor x = torch.max_pool2d(conv1.forward(images).relu_(), 2, 2);
        x = torch.max_pool2d(conv2.forward(x).relu_(), 2, 2);
        x = fc1.forward(x.flatten(1, -1)).relu_();
        x = fc2.forward(x).relu_();
        return Models.shaped(fc3.forward(x), outputs);
    }

    /** {@return the names of its layers, from the input on} */
    public static List<String> layers() {
        return List.of("conv1", "conv2", "fc1", "fc2", "fc3");
    }

    private static long pooled(long size) {
        return (size - KERNEL + 1) / 2;
    }
}
