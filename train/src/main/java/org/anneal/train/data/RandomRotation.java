package org.anneal.train.data;

import java.util.List;
import java.util.random.RandomGenerator;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * Rotates an image about its centre by a random angle; what comes from beyond the border is black.
 *
 * <p>torchvision: {@code transforms.RandomRotation(degrees, interpolation)} of a tensor, whose size stays as it is.
 *
 * @param degrees one number, at least 0: the angle is from {@code -degrees} to {@code degrees}; or two: its least and greatest
 *     value. Counter-clockwise
 * @param interpolation how a pixel between pixels is read
 */
public record RandomRotation(
        @Param List<Double> degrees,
        @Param(or = "'nearest'") Interpolation interpolation) implements Augmentation {

    /** How a pixel between pixels is read. */
    public enum Interpolation {
        /** As the nearest one. */
        NEAREST,
        /** As a mean of the four around it. */
        BILINEAR
    }

    static final Kind<RandomRotation> KIND = Kind.of(RandomRotation.class, "rotates an image about its centre")
            .inPackage(Images.TORCHVISION)
            .withoutOptimizer();

    /** @throws IllegalArgumentException if the angles are none */
    public RandomRotation {
        degrees = KIND.check("degrees", degrees);
        boolean right =
                degrees.size() == 1 ? degrees.get(0) >= 0 : degrees.size() == 2 && degrees.get(0) <= degrees.get(1);
        if (!right) {
            throw new IllegalArgumentException(
                    "degrees must be one number that is at least 0, or two in ascending order, but was " + degrees);
        }
        interpolation = KIND.check("interpolation", interpolation);
    }

    /** By up to {@code degrees} in both directions, to the nearest pixel. */
    public RandomRotation(double degrees) {
        this(List.of(degrees), Interpolation.NEAREST);
    }

    @Override
    public void check(long[] shape) {
        Images.of("RandomRotation", shape);
    }

    @Override
    public void apply(float[] sample, long[] shape, RandomGenerator random) {
        double from = degrees.size() == 1 ? -degrees.get(0) : degrees.get(0);
        double to = degrees.get(degrees.size() - 1);
        rotate(sample, Images.of("RandomRotation", shape), from + (to - from) * random.nextDouble());
    }

    void rotate(float[] sample, Images image, double angle) {
        float[] from = sample.clone();
        double cosine = Math.cos(Math.toRadians(angle));
        double sine = Math.sin(Math.toRadians(angle));
        double middleX = (image.width() - 1) / 2.0;
        double middleY = (image.height() - 1) / 2.0;
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < image.width(); x++) {
                double atX = cosine * (x - middleX) - sine * (y - middleY) + middleX;
                double atY = sine * (x - middleX) + cosine * (y - middleY) + middleY;
                for (int channel = 0; channel < image.channels(); channel++) {
                    sample[image.index(channel, y, x)] = interpolation == Interpolation.NEAREST
                            ? pixel(from, image, channel, (int) Math.rint(atY), (int) Math.rint(atX))
                            : bilinear(from, image, channel, atY, atX);
                }
            }
        }
    }

    private static float pixel(float[] from, Images image, int channel, int y, int x) {
        return y >= 0 && y < image.height() && x >= 0 && x < image.width() ? from[image.index(channel, y, x)] : 0;
    }

    /** As torchvision's, which at the border weighs the image by its share of the pixel twice. */
    private static float bilinear(float[] from, Images image, int channel, double atY, double atX) {
        int top = (int) Math.floor(atY);
        int left = (int) Math.floor(atX);
        double sum = 0;
        double share = 0;
        for (int y = top; y <= top + 1; y++) {
            for (int x = left; x <= left + 1; x++) {
                if (y >= 0 && y < image.height() && x >= 0 && x < image.width()) {
                    double weight = (1 - Math.abs(atY - y)) * (1 - Math.abs(atX - x));
                    sum += weight * from[image.index(channel, y, x)];
                    share += weight;
                }
            }
        }
        return (float) (sum * share);
    }

    @Override
    public Kind<RandomRotation> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
