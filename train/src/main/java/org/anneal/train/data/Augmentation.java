package org.anneal.train.data;

import java.util.List;
import java.util.random.RandomGenerator;
import org.anneal.text.Declared;
import org.anneal.text.Kind;
import org.anneal.text.Kinds;
import org.anneal.text.PythonCall;

/**
 * A random change of a training sample, made anew each time it is read. {@link DataLoader#augmented} makes it on the loader's
 * threads.
 *
 * <p>It sees the values before {@linkplain Normalize normalisation}: of images, 0 (black) to 1. What it fills with 0 therefore is
 * black, as where torchvision's ToTensor is followed by a crop and then by Normalize.
 *
 * <p>A lambda is one, too:
 *
 * <pre>{@code
 * Augmentation brighter = (sample, shape, random) -> {
 *     float factor = (float) random.nextDouble(0.8, 1.2);
 *     for (int i = 0; i < sample.length; i++) {
 *         sample[i] = Math.min(1, sample[i] * factor);
 *     }
 * };
 * loader.augmented(new RandomHorizontalFlip().then(brighter));
 * }</pre>
 */
@FunctionalInterface
@Declared.ReadBy(AugmentationReader.class)
public interface Augmentation extends Declared {
    /**
     * Changes a sample in place. Any number of threads may call this at once.
     *
     * @param sample the values, in row-major order
     * @param shape of the sample: channels, height, width for an image. It stays as it is
     * @param random its numbers depend on the seed, the epoch and the sample's index alone, and on what was drawn before
     */
    void apply(float[] sample, long[] shape, RandomGenerator random);

    /**
     * Refuses samples that this cannot change.
     *
     * @param shape of a sample
     * @throws IllegalArgumentException if it cannot
     */
    default void check(long[] shape) {}

    /** {@return this, and after it {@code next}} */
    default Augmentation then(Augmentation next) {
        return new Compose(List.of(this, next));
    }

    /**
     * {@return the declaration of this kind of augmentation}
     *
     * @throws UnsupportedOperationException if it has none, as a lambda
     */
    @Override
    default Kind<?> kind() {
        throw new UnsupportedOperationException("this augmentation is code, which has no text form");
    }

    /**
     * {@return the augmentation that a text says, in torchvision's words}
     *
     * <pre>{@code RandomCrop(32, padding=4), RandomHorizontalFlip()}</pre>
     *
     * @param text one call, or several in a list or with commas between them, which are applied in this order; toString() of
     *     augmentations that have a text form
     * @throws org.anneal.text.PythonSyntaxException if it is none, or has a value that is out of range
     */
    static Augmentation parse(String text) {
        List<Augmentation> all =
                PythonCall.parseAll(text).stream().map(AugmentationReader::of).toList();
        return all.size() == 1 ? all.get(0) : new Compose(all);
    }

    /** {@return the kinds that {@link #parse} reads: ours and those of jars} */
    static List<Kind<?>> kinds() {
        return Kinds.all(OwnKinds.ALL, Augmentation.class);
    }
}
