package org.anneal.train.data;

import java.util.List;
import java.util.random.RandomGenerator;
import org.anneal.text.Kind;
import org.anneal.text.Param;

/**
 * Several augmentations, one after another.
 *
 * <p>torchvision: {@code transforms.Compose(transforms)}.
 *
 * @param transforms at least 1
 */
public record Compose(@Param List<Augmentation> transforms) implements Augmentation {
    static final Kind<Compose> KIND = Kind.of(Compose.class, "applies several, one after another")
            .inPackage(Images.TORCHVISION)
            .withoutOptimizer();

    /** @throws IllegalArgumentException if there is none */
    public Compose {
        transforms = KIND.check("transforms", transforms);
    }

    @Override
    public void check(long[] shape) {
        transforms.forEach(each -> each.check(shape));
    }

    @Override
    public void apply(float[] sample, long[] shape, RandomGenerator random) {
        transforms.forEach(each -> each.apply(sample, shape, random));
    }

    @Override
    public Kind<Compose> kind() {
        return KIND;
    }

    @Override
    public String toString() {
        return KIND.print(this);
    }
}
