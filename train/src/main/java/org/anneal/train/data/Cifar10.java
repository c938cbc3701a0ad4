package org.anneal.train.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * CIFAR-10: colour images of 32x32 pixels, ten kinds of things. Values are normalised to -1 .. 1, (x / 255 - 0.5) / 0.5,
 * in three channels: red, green, blue. Files are the official binary version's: records of one label byte and 3072 bytes.
 *
 * <p>Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
 */
public final class Cifar10 {
    /** The classes' names, in the order of the labels. */
    public static final List<String> CLASSES =
            List.of("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");

    private static final List<String> BATCHES =
            List.of("data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin");
    private static final String TEST_BATCH = "test_batch.bin";
    private static final String TRAIN = "train.bin";
    private static final String TEST = "test.bin";

    private static final int CHANNELS = 3;
    private static final int SIDE = 32;
    private static final int IMAGE = CHANNELS * SIDE * SIDE;
    private static final int RECORD = 1 + IMAGE;

    private Cifar10() {}

    /**
     * {@return the data in a folder's files, each plain or gzipped: data_batch_1.bin to data_batch_5.bin and
     * test_batch.bin; or else train.bin and test.bin, of any number of images}
     *
     * @param folder the folder with the files
     * @throws IOException if a file is missing or damaged; the message names the file and what is wrong
     */
    public static DataSets read(Path folder) throws IOException {
        boolean official = DataFile.find(folder, BATCHES.get(0)).isPresent() || !hasTrain(folder);
        return new DataSets(
                read(folder, official ? BATCHES : List.of(TRAIN)), read(folder, List.of(official ? TEST_BATCH : TEST)));
    }

    /** {@return whether the folder has a training file of this layout} */
    static boolean isIn(Path folder) {
        return DataFile.find(folder, BATCHES.get(0)).isPresent() || hasTrain(folder);
    }

    private static boolean hasTrain(Path folder) {
        return DataFile.find(folder, TRAIN).isPresent();
    }

    private static Dataset read(Path folder, List<String> names) throws IOException {
        List<DataFile> files = new ArrayList<>();
        int count = 0;
        for (String name : names) {
            DataFile file = DataFile.read(folder, name);
            int length = file.bytes().length;
            if (length == 0 || length % RECORD != 0) {
                throw file.wrong("must be whole records of " + RECORD + " bytes (a label and an image), but has "
                        + length + " bytes");
            }
            files.add(file);
            count += length / RECORD;
        }
        byte[] labels = new byte[count];
        byte[] values = new byte[count * IMAGE];
        int image = 0;
        for (DataFile file : files) {
            byte[] bytes = file.bytes();
            for (int start = 0; start < bytes.length; start += RECORD) {
                int label = bytes[start] & 0xff;
                if (label >= CLASSES.size()) {
                    throw file.wrong("the label of image " + start / RECORD + " must be from 0 to "
                            + (CLASSES.size() - 1) + ", but was " + label);
                }
                labels[image] = (byte) label;
                System.arraycopy(bytes, start + 1, values, image * IMAGE, IMAGE);
                image++;
            }
        }
        return ByteImages.of(CLASSES, new Images(CHANNELS, SIDE, SIDE), labels, values);
    }
}
