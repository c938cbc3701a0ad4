package org.anneal.djl;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.ArrayDataset;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;

/** Images of Fashion-MNIST that are in the repository, as numbers from 0 to 1. */
final class Images {
    static final int PIXELS = 28 * 28;
    private static final Path FOLDER = Path.of("../samples/src/main/resources/org/anneal/samples/fashion-mnist");

    private Images() {}

    private static byte[] bytes(String name, int header, int from, int length) {
        try (InputStream in = new GZIPInputStream(Files.newInputStream(FOLDER.resolve(name)));
                DataInputStream data = new DataInputStream(in)) {
            data.skipNBytes(header + (long) from);
            return data.readNBytes(length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@return the images {@code from} to {@code to}, exclusive, one after another} */
    static float[] images(int from, int to) {
        byte[] bytes = bytes("train-images-idx3-ubyte.gz", 16, from * PIXELS, (to - from) * PIXELS);
        float[] images = new float[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            images[i] = (bytes[i] & 0xff) / 255f;
        }
        return images;
    }

    static float[] labels(int from, int to) {
        byte[] bytes = bytes("train-labels-idx1-ubyte.gz", 8, from, to - from);
        float[] labels = new float[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            labels[i] = bytes[i];
        }
        return labels;
    }

    /** {@return these images as a data set, in order or shuffled} */
    static ArrayDataset dataset(NDManager manager, int from, int to, int batch, boolean shuffled) {
        return new ArrayDataset.Builder()
                .setData(manager.create(images(from, to), new Shape(to - from, PIXELS)))
                .optLabels(manager.create(labels(from, to)))
                .setSampling(batch, shuffled)
                .build();
    }
}
