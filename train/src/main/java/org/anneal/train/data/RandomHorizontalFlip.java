package org.anneal.train.data;

import java.util.random.RandomGenerator;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * Flips an image horizontally, left to right, with a probability.
 *
 * <p>torchvision: {@code transforms.RandomHorizontalFlip(p)}.
 *
 * @param p the probability, from 0 to 1
 */
public record RandomHorizontalFlip(
        @Param(or = "0.5", atLeast = 0, atMost = 1) double p) implements Augmentation {
    static final Kind<RandomHorizontalFlip> KIND = Kind.of(RandomHorizontalFlip.class, "flips an image horizontally")
            .inPackage(Images.TORCHVISION)
            .withoutOptimizer();

    /** @throws IllegalArgumentException if {@code p} is out of its range */
    public RandomHorizontalFlip {
        p = KIND.check("p", p);
    }

    /** torchvision's default: half of the images. */
    public RandomHorizontalFlip() {
        this(0.5);
    }

    @Override
    public void check(long[] shape) {
        Images.of("RandomHorizontalFlip", shape);
    }

    @Override
    public void apply(float[] sample, long[] shape, RandomGenerator random) {
        if (random.nextDouble() >= p) {
            return;
        }
        Images image = Images.of("RandomHorizontalFlip", shape);
        for (int row = 0; row < sample.length; row += image.width()) {
            for (int left = row, right = row + image.width() - 1; left < right; left++, right--) {
                float value = sample[left];
                sample[left] = sample[right];
                sample[right] = value;
            }
        }
    }

    @Override
    public Kind<RandomHorizontalFlip> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
