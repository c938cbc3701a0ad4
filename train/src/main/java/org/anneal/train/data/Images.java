package org.anneal.train.data;

import java.util.Arrays;

/** The shape of an image's values: channels, height, width. */
public record Images(int channels, int height, int width) {
    static final String TORCHVISION = "torchvision.transforms";

    /**
     * {@return the sizes of an image}
     *
     * @param what needs an image, for the message
     * @throws IllegalArgumentException if {@code shape} is not that of an image
     */
    public static Images of(String what, long[] shape) {
        if (shape.length != 3) {
            throw new IllegalArgumentException(
                    what + " needs images, channels x height x width, but the samples are " + Arrays.toString(shape));
        }
        return new Images(Math.toIntExact(shape[0]), Math.toIntExact(shape[1]), Math.toIntExact(shape[2]));
    }

    /** {@return the number of values} */
    int length() {
        return channels * height * width;
    }

    /** {@return the index of a pixel among the values of all channels} */
    int index(int channel, int y, int x) {
        return (channel * height + y) * width + x;
    }
}
