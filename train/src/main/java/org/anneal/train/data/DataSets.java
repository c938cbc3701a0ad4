package org.anneal.train.data;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.IntUnaryOperator;

/**
 * The data of a training run.
 *
 * @param train the samples to learn from
 * @param validation the samples to measure on, never trained on
 */
public record DataSets(Dataset train, Dataset validation) {
    /**
     * {@return the data in a folder, whose layout is recognised by its files: Fashion-MNIST's or CIFAR-10's}
     *
     * @param folder see {@link FashionMnist#read} and {@link Cifar10#read}
     * @throws IOException if the layout is neither, or a file is missing or damaged; the message says what is wrong
     */
    public static DataSets read(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw Files.exists(folder)
                    ? new IOException(folder + " must be the folder with the data, but was a file")
                    : new FileNotFoundException("no folder " + folder);
        }
        if (FashionMnist.isIn(folder)) {
            return FashionMnist.read(folder);
        }
        if (Cifar10.isIn(folder)) {
            return Cifar10.read(folder);
        }
        throw new FileNotFoundException("no known data in " + folder
                + ": looked for train-images-idx3-ubyte (Fashion-MNIST), data_batch_1.bin and train.bin (CIFAR-10),"
                + " each plain or with .gz");
    }

    /**
     * {@return the data, of which a part that is drawn at random is for validation} Which one depends on the number of samples, the
     * fraction and the seed alone. Both parts keep the data's order.
     *
     * @param fraction of the samples that are for validation, rounded, greater than 0 and less than 1; each part has at least 1
     * @throws IllegalArgumentException if there are fewer than 2 samples, or the fraction is out of its range
     */
    public static DataSets split(Dataset data, double fraction, long seed) {
        return split(data, fraction, seed, index -> 0);
    }

    /**
     * Does as {@link #split} does, with as large a share of each class for validation, up to rounding.
     *
     * @throws IllegalArgumentException as {@code split} does, or if targets are values
     */
    public static DataSets splitStratified(Dataset data, double fraction, long seed) {
        if (data.targetShape().length != 0) {
            throw new IllegalArgumentException("a stratified split needs classes, but the targets are values");
        }
        return split(data, fraction, seed, data::label);
    }

    private static DataSets split(Dataset data, double fraction, long seed, IntUnaryOperator group) {
        Split split = Split.of(data.size(), fraction, seed, group);
        return new DataSets(new Subset(data, split.train()), new Subset(data, split.validation()));
    }

    /** {@return the same data with both parts normalised by the mean and deviation of the training part} */
    public DataSets normalized() {
        return normalized(Normalize.of(train));
    }

    /**
     * {@return the same data with both parts normalised in another way}
     *
     * @throws IllegalArgumentException if {@code normalize} is for another number of channels
     */
    public DataSets normalized(Normalize normalize) {
        return new DataSets(train.normalized(normalize), validation.normalized(normalize));
    }
}
