package org.anneal.train.data;

import java.util.random.RandomGenerator;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * Flips an image vertically, top to bottom, with a probability.
 *
 * <p>torchvision: {@code transforms.RandomVerticalFlip(p)}.
 *
 * @param p the probability, from 0 to 1
 */
public record RandomVerticalFlip(
        @Param(or = "0.5", atLeast = 0, atMost = 1) double p) implements Augmentation {
    static final Kind<RandomVerticalFlip> KIND = Kind.of(RandomVerticalFlip.class, "flips an image vertically")
            .inPackage(Images.TORCHVISION)
            .withoutOptimizer();

    /** @throws IllegalArgumentException if {@code p} is out of its range */
    public RandomVerticalFlip {
        p = KIND.check("p", p);
    }

    /** torchvision's default: half of the images. */
    public RandomVerticalFlip() {
        this(0.5);
    }

    @Override
    public void check(long[] shape) {
        Images.of("RandomVerticalFlip", shape);
    }

    @Override
    public void apply(float[] sample, long[] shape, RandomGenerator random) {
        if (random.nextDouble() >= p) {
            return;
        }
        Images image = Images.of("RandomVerticalFlip", shape);
        float[] row = new float[image.width()];
        for (int channel = 0; channel < image.channels(); channel++) {
            for (int top = 0, bottom = image.height() - 1; top < bottom; top++, bottom--) {
                int from = image.index(channel, top, 0);
                int to = image.index(channel, bottom, 0);
                System.arraycopy(sample, from, row, 0, row.length);
                System.arraycopy(sample, to, sample, from, row.length);
                System.arraycopy(row, 0, sample, to, row.length);
            }
        }
    }

    @Override
    public Kind<RandomVerticalFlip> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
