package org.anneal.examples.djl;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.ArrayDataset;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;

/** The images in the repository as data sets of DJL. */
final class FashionMnist {
    private static final int PIXELS = 28 * 28;

    private FashionMnist() {}

    /**
     * {@return the first {@code samples} images}
     *
     * @param folder with the gzipped IDX files
     * @param set {@code train} or {@code t10k}
     */
    static ArrayDataset of(Path folder, String set, int samples, int batch, boolean shuffled, NDManager manager)
            throws IOException {
        return new ArrayDataset.Builder()
                .setData(manager.create(
                        numbers(folder.resolve(set + "-images-idx3-ubyte.gz"), 16, samples * PIXELS, 255),
                        new Shape(samples, PIXELS)))
                .optLabels(manager.create(numbers(folder.resolve(set + "-labels-idx1-ubyte.gz"), 8, samples, 1)))
                .setSampling(batch, shuffled)
                .build();
    }

    private static float[] numbers(Path file, int header, int length, float scale) throws IOException {
        try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
            in.skipNBytes(header);
            byte[] bytes = in.readNBytes(length);
            float[] numbers = new float[bytes.length];
            for (int i = 0; i < bytes.length; i++) {
                numbers[i] = (bytes[i] & 0xff) / scale;
            }
            return numbers;
        }
    }
}
