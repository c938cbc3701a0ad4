package org.anneal.train.network;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.anneal.torch.Layers;
import org.anneal.torch.Network;
import org.anneal.train.data.Dataset;
import org.anneal.train.data.Images;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.BatchNorm2dImpl;
import org.bytedeco.pytorch.Conv2dImpl;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A residual network for small images: a convolution of 3 x 3, then three stages of blocks with 16, 32 and 64 channels, of which
 * the second and the third halve the image, then the mean over the image and a linear layer. A block is two convolutions of 3 x 3,
 * each followed by a batch norm, added to its input.
 *
 * <p>The names are those of torchvision's {@code ResNet} with {@code BasicBlock}: {@code conv1}, {@code bn1},
 * {@code layer1.0.conv1}, ..., {@code layer2.0.downsample.0}, ..., {@code fc}; so are the initial values, drawn in the same order. A
 * state dict goes both ways.
 *
 * <p>Source: He et al., "Deep Residual Learning for Image Recognition", arXiv 1512.03385, section 4.2; the shortcut between two
 * stages is torchvision's, a convolution of 1 x 1 with a batch norm (option B there).
 */
public final class ResNet extends Network {
    private static final List<Integer> WIDTHS = List.of(16, 32, 64);
    private static final int LAYERS_PER_BLOCK = 2;
    private static final int OTHER_LAYERS = 2; // conv1 and fc
    private static final int SMALLEST = 8; // pixels of a side, of which 2 are left after the third stage

    private final Conv2dImpl conv1;
    private final BatchNorm2dImpl bn1;
    private final List<Block> blocks = new ArrayList<>();
    private final LinearImpl fc;
    private final long[] outputs;

    /**
     * A network initialised from libtorch's random numbers.
     *
     * @param depth its layers with weights: 8, 14, 20, ..., 2 and 6 for each block of a stage
     * @param channels colours of an image, at least 1
     * @param outputs the shape of the output for one image, such as the number of classes
     * @throws IllegalArgumentException if there is no such network
     */
    public ResNet(int depth, long channels, long... outputs) {
        int perStage = WIDTHS.size() * LAYERS_PER_BLOCK;
        if (depth <= OTHER_LAYERS || (depth - OTHER_LAYERS) % perStage != 0) {
            throw new IllegalArgumentException("depth must be 8, 14, 20, ..., but was " + depth);
        }
        if (channels < 1 || outputs.length == 0 || Models.product(outputs) < 1) {
            throw new IllegalArgumentException("channels and outputs must be at least 1, but were " + channels + " and "
                    + Arrays.toString(outputs));
        }
        this.outputs = outputs.clone();
        conv1 = register("conv1", convolution(channels, WIDTHS.get(0), 3, 1));
        bn1 = register("bn1", Layers.batchNorm2d(WIDTHS.get(0)));
        int width = WIDTHS.get(0);
        for (int stage = 0; stage < WIDTHS.size(); stage++) {
            Module layer = register("layer" + (stage + 1), new Module("Sequential"));
            for (int i = 0; i < (depth - OTHER_LAYERS) / perStage; i++) {
                int stride = stage > 0 && i == 0 ? 2 : 1;
                Block block = new Block(width, WIDTHS.get(stage), stride);
                width = WIDTHS.get(stage);
                blocks.add(block);
                layer.register_module(Integer.toString(i), block.module());
            }
        }
        fc = register("fc", new LinearImpl(width, Models.product(outputs)));
        initialize();
    }

    /**
     * {@return the network for the images and targets of {@code data}}
     *
     * @throws IllegalArgumentException if they are not images of at least 8 x 8 pixels
     */
    public static ResNet forImages(int depth, Dataset data) {
        Images images = Images.of("a residual network", data.shape());
        if (images.height() < SMALLEST || images.width() < SMALLEST) {
            throw new IllegalArgumentException("images must have at least " + SMALLEST + " x " + SMALLEST
                    + " pixels, but had " + images.height() + " x " + images.width());
        }
        return new ResNet(depth, images.channels(), Models.outputs(data));
    }

    /** As torchvision's: after all layers are made, each convolution again, by He's normal distribution (mode fan_out). */
    private void initialize() {
        try (PointerScope scope = new PointerScope();
                AutoGradMode noGrad = new AutoGradMode(false)) {
            for (Conv2dImpl each : inTorchvisionsOrder()) {
                long[] shape = each.weight().shape();
                double std = Math.sqrt(2.0) / Math.sqrt((double) (shape[0] * shape[2] * shape[3]));
                each.weight().normal_(0, std, new GeneratorOptional());
            }
        }
    }

    /** {@return all convolutions in the order of their names in a state dict, which is not that in which they are made} */
    private List<Conv2dImpl> inTorchvisionsOrder() {
        List<Conv2dImpl> all = new ArrayList<>(List.of(conv1));
        for (Block block : blocks) {
            all.add(block.conv1);
            all.add(block.conv2);
            block.shortcut.ifPresent(all::add);
        }
        return all;
    }

    @Override
    public Tensor forward(Tensor images) {
        Tensor x = bn1.forward(conv1.forward(images)).relu_();
        for (Block block : blocks) {
            x = block.forward(x);
        }
        Tensor mean = torch.adaptive_avg_pool2d(x, 1, 1).flatten(1, -1);
        return Models.shaped(fc.forward(mean), outputs);
    }

    private static Conv2dImpl convolution(long inputs, long outputs, long kernel, long stride) {
        return Layers.conv2d(inputs, outputs, kernel, stride, kernel / 2, false);
    }

    /** torchvision's BasicBlock. */
    private static final class Block extends Network {
        private final Optional<Conv2dImpl> shortcut;
        private final Optional<BatchNorm2dImpl> shortcutNorm;
        private final Conv2dImpl conv1;
        private final BatchNorm2dImpl bn1;
        private final Conv2dImpl conv2;
        private final BatchNorm2dImpl bn2;

        Block(long inputs, long outputs, long stride) {
            boolean changes = stride != 1 || inputs != outputs;
            // Made first and registered last, as in torchvision.
            shortcut = changes ? Optional.of(convolution(inputs, outputs, 1, stride)) : Optional.empty();
            shortcutNorm = changes ? Optional.of(Layers.batchNorm2d(outputs)) : Optional.empty();
            conv1 = register("conv1", convolution(inputs, outputs, 3, stride));
            bn1 = register("bn1", Layers.batchNorm2d(outputs));
            conv2 = register("conv2", convolution(outputs, outputs, 3, 1));
            bn2 = register("bn2", Layers.batchNorm2d(outputs));
            if (changes) {
                Module downsample = register("downsample", new Module("Sequential"));
                shortcut.ifPresent(each -> downsample.register_module("0", each));
                shortcutNorm.ifPresent(each -> downsample.register_module("1", each));
            }
        }

        @Override
        public Tensor forward(Tensor input) {
            Tensor x = bn1.forward(conv1.forward(input)).relu_();
            x = bn2.forward(conv2.forward(x));
            Tensor added = shortcut.isPresent()
                    ? shortcutNorm.orElseThrow().forward(shortcut.get().forward(input))
                    : input;
            return x.add_(added).relu_();
        }
    }
}
