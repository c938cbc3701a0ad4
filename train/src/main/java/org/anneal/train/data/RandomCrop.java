package org.anneal.train.data;

import java.util.random.RandomGenerator;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * Shifts an image at random: pads it on all sides, then cuts a square of its own size from anywhere in that.
 *
 * <p>torchvision: {@code transforms.RandomCrop(size, padding, padding_mode)}. Here an image keeps its size, so that it stays as
 * large as those of validation, and {@code size} must be the images' side.
 *
 * @param size pixels of a side of the image, at least 1
 * @param padding pixels added on each side, at least 0
 * @param paddingMode what the added pixels are
 */
public record RandomCrop(
        @Param(atLeast = 1) int size,

        @Param(or = "0", atLeast = 0) int padding,

        @Param(or = "'constant'") PaddingMode paddingMode)
        implements Augmentation {

    /** What pixels beyond the border of an image are, of a row {@code abcd}. */
    public enum PaddingMode {
        /** Black: {@code 00|abcd|00}. */
        CONSTANT,
        /** The last one: {@code aa|abcd|dd}. */
        EDGE,
        /** Mirrored, without the last one again: {@code cb|abcd|cb}. */
        REFLECT,
        /** Mirrored, with the last one: {@code ba|abcd|dc}. */
        SYMMETRIC;

        private static final int BLACK = -1;

        /** {@return the place in the image that the place {@code at} shows, or {@link #BLACK}} */
        private int inside(int at, int side) {
            if (at >= 0 && at < side) {
                return at;
            }
            return switch (this) {
                case CONSTANT -> BLACK;
                case EDGE -> at < 0 ? 0 : side - 1;
                case REFLECT -> at < 0 ? -at : 2 * side - 2 - at;
                case SYMMETRIC -> at < 0 ? -at - 1 : 2 * side - 1 - at;
            };
        }

        /** {@return the most pixels that may be added beyond a side} */
        private int most(int side) {
            return switch (this) {
                case CONSTANT, EDGE -> Integer.MAX_VALUE;
                case REFLECT -> side - 1;
                case SYMMETRIC -> side;
            };
        }
    }

    static final Kind<RandomCrop> KIND = Kind.of(RandomCrop.class, "shifts an image over a padded border")
            .inPackage(Images.TORCHVISION)
            .withoutOptimizer()
            .reads("padding", (arguments, usual) -> arguments.has("padding") ? usual.get() : (Object) 0);

    /** @throws IllegalArgumentException if a value is out of its range */
    public RandomCrop {
        size = KIND.check("size", size);
        padding = KIND.check("padding", padding);
        paddingMode = KIND.check("padding_mode", paddingMode);
    }

    /** With black beyond the border. */
    public RandomCrop(int size, int padding) {
        this(size, padding, PaddingMode.CONSTANT);
    }

    @Override
    public void check(long[] shape) {
        Images image = Images.of("RandomCrop", shape);
        if (image.height() != size || image.width() != size) {
            throw new IllegalArgumentException("size must be the side of the images, which are " + image.height()
                    + " x " + image.width() + " and keep their size, but was " + size);
        }
        if (padding > paddingMode.most(size)) {
            throw new IllegalArgumentException("padding must be at most " + paddingMode.most(size) + " with "
                    + KIND.options(this).get("padding_mode") + " for " + size + " pixels, but was " + padding);
        }
    }

    @Override
    public void apply(float[] sample, long[] shape, RandomGenerator random) {
        int top = random.nextInt(2 * padding + 1) - padding;
        int left = random.nextInt(2 * padding + 1) - padding;
        crop(sample, Images.of("RandomCrop", shape), top, left);
    }

    /** Moves the image so that the pixel at {@code top} and {@code left}, which may be beyond the border, is its first. */
    void crop(float[] sample, Images image, int top, int left) {
        float[] from = sample.clone();
        for (int channel = 0; channel < image.channels(); channel++) {
            for (int y = 0; y < size; y++) {
                int row = paddingMode.inside(top + y, size);
                for (int x = 0; x < size; x++) {
                    int column = paddingMode.inside(left + x, size);
                    sample[image.index(channel, y, x)] = row == PaddingMode.BLACK || column == PaddingMode.BLACK
                            ? 0
                            : from[image.index(channel, row, column)];
                }
            }
        }
    }

    @Override
    public Kind<RandomCrop> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
