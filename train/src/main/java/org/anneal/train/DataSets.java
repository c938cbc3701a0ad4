package org.anneal.train;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

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
